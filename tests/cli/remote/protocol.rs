//! What each command sends: routes, queries, headers, bodies, and nothing that was not asked for.

use serde_json::{Value, json};

use super::{Remote, Told};
use crate::support::iam::{BSS_ACCOUNT, IAM_ID, key_id, key_json, list_answer};
use crate::support::server::{Answer, Request};
use crate::support::write_private;

const TAG: &str = "1-03de16d5f2b14f0b9d0ac0ffee0ac0ff";

/// A service with one key, `ci`, which takes every change and shows it.
fn one_key() -> Remote {
    one_key_like(key_json(1, "ci"))
}

fn one_key_like(mut key: Value) -> Remote {
    Remote::scripted(move |request| match (request.method.as_str(), request.route().as_str()) {
        (_, "GET /v1/apikeys") => list_answer("", &[key.clone()], None),
        ("GET", _) => Answer::json(200, key.clone()),
        (_, "POST /v1/apikeys") => {
            let mut made = request.json();
            let new = key_json(7, made["name"].as_str().unwrap());
            for (field, value) in new.as_object().unwrap() {
                if made[field].is_null() {
                    made[field] = value.clone();
                }
            }
            Answer::json(201, made)
        }
        ("PUT", _) => {
            for (field, value) in request.json().as_object().unwrap() {
                key[field] = value.clone();
            }
            Answer::json(200, key.clone())
        }
        _ => Answer::empty(204),
    })
}

/// The names of the headers beside those that every request has.
fn own_headers(request: &Request) -> Vec<String> {
    let usual = ["accept", "host", "user-agent", "authorization", "content-length", "content-type"];
    let names = request.headers.iter().map(|(name, _)| name.to_ascii_lowercase());
    names.filter(|name| !usual.contains(&name.as_str())).collect()
}

#[test]
fn every_request_says_who_it_is_from_and_no_more() {
    let remote = one_key();
    remote.run(&["api-keys"]).ok();
    let request = remote.last("GET");
    let agent = concat!("ibmcloud-iam/", env!("CARGO_PKG_VERSION"));
    assert_eq!(request.header("user-agent"), Some(agent));
    assert_eq!(request.header("accept"), Some("application/json"));
    assert_eq!(own_headers(&request), [""; 0]);
    assert_eq!(own_headers(&remote.server.requests()[0]), [""; 0]);
}

#[test]
fn a_create_sends_what_was_asked_for() {
    let remote = one_key();
    let mut body = json!({"name": "new", "iam_id": IAM_ID, "account_id": BSS_ACCOUNT});
    let sent = |args: &[&str]| {
        let made =
            remote.run(&[&["api-key-create", "new", "--output", "json"], args].concat()).json();
        let request = remote.last("POST");
        let mut body = request.json();
        let value = body.as_object_mut().unwrap().remove("apikey").unwrap();
        assert_eq!(made["apikey"], value, "the value that was sent is the one that is told");
        assert_eq!(value.as_str().unwrap().len(), 44);
        assert_eq!(request.header("content-type"), Some("application/json"));
        (own_headers(&request), body)
    };
    assert_eq!(sent(&[]), (vec![], body.clone()));
    let (headers, _) = sent(&["--lock"]);
    assert_eq!(
        (headers, remote.last("POST").header("entity-lock")),
        (vec!["entity-lock".into()], Some("true"))
    );
    let (headers, _) = sent(&["--disabled"]);
    assert_eq!(
        (headers, remote.last("POST").header("entity-disable")),
        (vec!["entity-disable".into()], Some("true"))
    );
    body["description"] = json!("{\"a\": \"b\u{1f511}\"}");
    body["action_when_leaked"] = json!("none");
    body["expires_at"] = json!("2027-05-01T12:34+0000");
    let args = [
        "-d",
        "{\"a\": \"b\u{1f511}\"}",
        "--action-if-leaked",
        "NONE",
        "-e",
        "2027-05-01T12:34:00Z",
    ];
    assert_eq!(sent(&args), (vec![], body));
    assert_eq!(remote.sandbox.open_entries(), 0);
}

#[test]
fn a_value_that_the_service_chooses_is_not_sent() {
    let value = "service-chosen_value-0123456789abcdefghijklm";
    let remote = Remote::scripted(move |request| match request.method.as_str() {
        "POST" => {
            let mut key = key_json(7, "new");
            key["apikey"] = json!(value);
            Answer::json(201, key)
        }
        _ => list_answer("", &[], None),
    });
    let made = remote.run(&["api-key-create", "new", "--server-value", "--output", "json"]).json();
    assert_eq!(made["apikey"], value);
    assert_eq!(remote.last("POST").json().get("apikey"), None);
}

#[test]
fn an_update_sends_only_what_changes_and_the_tag_that_was_read() {
    let id = key_id(1);
    for (args, body) in [
        (&["-n", "new"][..], json!({"name": "new"})),
        (&["-d", ""], json!({"description": ""})),
        (
            &["-d", "x", "--action-if-leaked", "delete"],
            json!({"description": "x", "action_when_leaked": "delete"}),
        ),
        (&["-e", "2027-05-01T12:34:56Z"], json!({"expires_at": "2027-05-01T12:34:56+0000"})),
        (&["--expires-in", "1d"], json!({"expires_at": "2026-11-22T09:00+0000"})),
        (&["--no-expiry"], json!({"expires_at": ""})),
    ] {
        let mut key = key_json(1, "ci");
        key["expires_at"] = json!("2027-01-01T00:00+0000");
        key["description"] = json!("old");
        let remote = one_key_like(key);
        for key in [&id, "ci"] {
            let name = if args[0] == "-n" && key == "ci" { "new" } else { key };
            remote.run(&[&["api-key-update", name], args].concat()).ok();
            let request = remote.last("PUT");
            assert_eq!(
                (request.path.as_str(), request.json()),
                (&*format!("/v1/apikeys/{id}"), body.clone())
            );
            assert_eq!(
                (own_headers(&request), request.header("if-match")),
                (vec!["if-match".into()], Some(TAG))
            );
        }
        let puts = || remote.routes().iter().filter(|route| route.starts_with("PUT")).count();
        remote.run(&[&["api-key-update", &id, "--dry-run"], args].concat()).ok();
        assert_eq!(puts(), 2);
    }
}

#[test]
fn an_expiry_that_stays_is_an_error() {
    let mut key = key_json(1, "ci");
    key["expires_at"] = json!("2027-01-01T00:00+0000");
    let remote = Remote::scripted(move |request| match request.route().as_str() {
        "GET /v1/apikeys" => list_answer("", &[key.clone()], None),
        _ => Answer::json(200, key.clone()),
    });
    let told = Told {
        exit: 1,
        kind: "failure",
        message: "The service keeps the expiry of the API key.",
        ..Told::default()
    };
    told.in_text(&remote.run(&["api-key-update", &key_id(1), "--no-expiry"]));
    told.in_json(&remote.run(&["api-key-update", "ci", "--no-expiry", "--error-format", "json"]));
}

#[test]
fn an_entity_tag_in_the_header_only_is_found() {
    let mut key = key_json(1, "ci");
    key.as_object_mut().unwrap().remove("entity_tag");
    let remote = Remote::scripted(move |_| Answer::json(200, key.clone()).header("ETag", "5-abc"));
    remote.run(&["api-key-update", &key_id(1), "-n", "new"]);
    assert_eq!(remote.last("PUT").header("if-match"), Some("5-abc"));
}

#[test]
fn history_and_activity_are_asked_for_when_wanted() {
    let remote = one_key();
    let id = key_id(1);
    for (args, query) in [
        (&[][..], ""),
        (&["--history"], "?include_history=true"),
        (&["--activity"], "?include_activity=true"),
        (&["--activity", "--history"], "?include_history=true&include_activity=true"),
    ] {
        remote.run(&[&["api-key", &id], args].concat()).ok();
        assert_eq!(remote.last("GET").path, format!("/v1/apikeys/{id}{query}"));
    }
}

#[test]
fn a_look_up_carries_the_value_in_its_header_only() {
    let remote = one_key();
    for value in ["looked-up_value", "-starts-with-a-dash"] {
        write_private(&remote.sandbox.work("k"), value);
        remote.run(&["api-key-lookup", "@k"]).ok();
        let request = remote.last("GET");
        assert_eq!(
            (request.path.as_str(), request.header("iam-apikey")),
            ("/v1/apikeys/details", Some(value))
        );
        assert_eq!(own_headers(&request), ["iam-apikey"]);
    }
    write_private(&remote.sandbox.work("k"), "a\u{1}b");
    let failed = remote.run(&["api-key-lookup", "@k"]);
    failed.code(2).stderr(
        "FAILED\nThe input holds something else than one API key; it was sent nowhere.\n\
         Give the key alone, or the JSON that 'api-key-create' wrote with '--file'.\n\n",
    );
}

#[test]
fn each_verb_has_its_route() {
    let id = key_id(1);
    for (verb, changes, route) in [
        ("api-key-delete", json!({}), format!("DELETE /v1/apikeys/{id}")),
        ("api-key-lock", json!({}), format!("POST /v1/apikeys/{id}/lock")),
        ("api-key-unlock", json!({"locked": true}), format!("DELETE /v1/apikeys/{id}/lock")),
        ("api-key-disable", json!({}), format!("POST /v1/apikeys/{id}/disable")),
        ("api-key-enable", json!({"disabled": true}), format!("DELETE /v1/apikeys/{id}/disable")),
    ] {
        let mut key = key_json(1, "ci");
        for (field, value) in changes.as_object().unwrap() {
            key[field] = value.clone();
        }
        let remote = one_key_like(key);
        remote.run(&[verb, "ci", "--force"]).ok();
        let last = remote.server.requests().pop().unwrap();
        assert_eq!(last.route(), route);
        assert!(last.body.is_empty() && last.header("content-type").is_none(), "{last:?}");
        assert_eq!((own_headers(&last), last.path.contains('?')), (vec![], false));
        assert_eq!(remote.server.connections(), 1);
        let before = remote.routes().len();
        remote.run(&[verb, "ci", "--dry-run"]).ok();
        assert!(remote.routes()[before..].iter().all(|route| route.starts_with("GET")), "{verb}");
    }
}
