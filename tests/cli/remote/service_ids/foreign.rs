//! A service that answers with what was not asked for: nothing of somebody else is taken for what is meant.

use serde_json::{Value, json};

use super::super::Remote;
use super::{group_json, groups, id, page, service_id};
use crate::support::iam::{key_id, key_json};
use crate::support::server::{Answer, Request};

/// A key of a service ID.
fn key_of(service: usize, number: usize, name: &str) -> Value {
    let mut key = key_json(number, name);
    key["iam_id"] = json!(format!("iam-{}", id(service)));
    key
}

/// A service with the service ID 'ci' that lists the keys of everybody whoever's are asked for.
fn careless() -> Remote {
    Remote::scripted(|request| {
        let keys = [key_of(1, 1, "own"), key_of(2, 2, "theirs"), key_json(3, "mine")];
        let route = request.route();
        match request.method.as_str() {
            "GET" if route == "GET /v1/serviceid_groups" => groups(&[]),
            "GET" if route == "GET /v1/serviceids/" => page(&[service_id(1, "ci")], None),
            "GET" if route == "GET /v1/apikeys" => Answer::json(200, json!({"apikeys": keys})),
            "GET" => {
                let key = keys.iter().find(|key| route.ends_with(key["id"].as_str().unwrap()));
                Answer::json(200, key.unwrap().clone())
            }
            _ => Answer::empty(204),
        }
    })
}

fn deletions(remote: &Remote) -> Vec<String> {
    remote.routes().into_iter().filter(|route| route.starts_with("DELETE")).collect()
}

#[test]
fn a_listing_with_keys_of_others_touches_none_of_them() {
    let remote = careless();
    for name in ["theirs", "mine"] {
        remote.run(&["service-api-key-delete", name, "ci", "-f"]).code(3);
        remote.run(&["service-api-key-update", name, "ci", "-n", "x"]).code(3);
    }
    remote.run(&["api-key-delete", "theirs", "-f"]).code(3);
    remote.run(&["service-api-keys", "ci", "--uuid"]).ok().stdout("[ID1]\n");
    let listed = remote.run(&["service-api-keys", "--all", "-o", "json"]).json();
    assert_eq!(listed.as_array().unwrap().len(), 2, "{listed}");
    assert_eq!(deletions(&remote), [""; 0]);
    remote.run(&["service-api-key-delete", "--all", "ci", "-f"]).ok();
    assert_eq!(deletions(&remote), [format!("DELETE /v1/apikeys/{}", key_id(1))]);
}

#[test]
fn another_one_than_was_asked_for_is_not_understood() {
    let other = |request: &Request| match request.route().as_str() {
        "GET /v1/apikeys" => Answer::json(200, json!({"apikeys": []})),
        route if route.starts_with("GET /v1/serviceids/") => Answer::json(200, service_id(2, "ci")),
        route if route.starts_with("GET /v1/apikeys/") => Answer::json(200, key_json(2, "k")),
        _ => Answer::empty(204),
    };
    let (service, key) = (id(1), key_id(1));
    for args in [
        &["service-id-delete", &service, "-f"][..],
        &["service-api-key-create", "k", &service],
        &["api-key-update", &key, "-n", "x"],
    ] {
        let remote = Remote::scripted(other);
        remote.run(args).code(10);
        let wrote = remote.routes().into_iter().filter(|route| !route.starts_with("GET"));
        assert_eq!(wrote.collect::<Vec<_>>(), [""; 0], "{args:?}");
    }
}

#[test]
fn a_walk_through_groups_has_a_time() {
    let listed: Vec<Value> = (0..200).map(|n| group_json(n, "g")).collect();
    let remote = Remote::scripted(move |request| match request.route().as_str() {
        "GET /v1/serviceid_groups" => Answer::json(200, json!({"serviceid_groups": listed})),
        _ => page(&[], None).slow(std::time::Duration::from_millis(600)),
    });
    let outcome = remote.run_env(&[("IBMCLOUD_HTTP_TIMEOUT", "1")], &["service-ids"]);
    let told = "FAILED\nThe listing is too slow: 0 service IDs came in ";
    assert!(outcome.code(10).stderr.starts_with(told), "{outcome:#?}");
    assert!(remote.routes().len() < 20, "{}", remote.routes().len());
}
