//! Lists: pages, order, filters.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{in_memory, path_of, refused};
use crate::support::emulator::{Client, Emulator};
use crate::support::{ACCOUNT, IAM_ID, Sandbox};

fn names(list: &Value) -> Vec<&str> {
    list["apikeys"].as_array().unwrap().iter().map(|key| key["name"].as_str().unwrap()).collect()
}

/// Lists with a query, whose values are encoded.
fn list(client: &Client, query: &[(&str, &str)]) -> (u16, Value) {
    let request = client.request("GET", "/v1/apikeys").query(query);
    crate::support::emulator::answer(request.send().unwrap())
}

#[test]
fn pages_follow_one_another_by_url() {
    let (_sandbox, emulator, client) = in_memory(&["--seed-keys", "45"]);
    let (_, first) = client.call("GET", "/v1/apikeys");
    assert_eq!((&first["offset"], &first["limit"]), (&json!(0), &json!(20)));
    assert_eq!(first.get("previous"), None);
    assert_eq!(names(&first)[0], "seed-000001");
    let url = |list: &Value, link: &str| list[link].as_str().unwrap().to_owned();
    assert!(
        url(&first, "next").starts_with(&format!("{}/v1/apikeys?pagetoken=", emulator.endpoint()))
    );
    let (_, second) = client.call("GET", &url(&first, "next"));
    assert_eq!((&second["offset"], names(&second).len()), (&json!(20), 20));
    assert_eq!(names(&second)[0], "seed-000021");
    let (_, third) = client.call("GET", &url(&second, "next"));
    assert_eq!((names(&third).len(), third.get("next")), (5, None));
    assert_eq!(client.call("GET", &url(&third, "previous")).1["apikeys"], second["apikeys"]);
    assert_eq!(client.call("GET", &url(&third, "first")).1["apikeys"], first["apikeys"]);
    let request = client.request("GET", "/v1/apikeys").header("Host", "localhost:81");
    let elsewhere = crate::support::emulator::answer(request.send().unwrap()).1;
    assert!(url(&elsewhere, "next").starts_with("http://localhost:81/v1/apikeys?"));
}

/// As the SDKs do: the token out of the link, with every parameter said again.
#[test]
fn pages_follow_one_another_by_token_with_everything_said_again() {
    let (_sandbox, _emulator, client) = in_memory(&["--seed-keys", "250"]);
    let mut seen = Vec::new();
    let mut token = None::<String>;
    loop {
        let mut query = vec![
            ("account_id", ACCOUNT),
            ("iam_id", IAM_ID),
            ("pagesize", "100"),
            ("filter", "name co \"seed\""),
        ];
        if let Some(token) = &token {
            query.push(("pagetoken", token));
        }
        let (status, page) = list(&client, &query);
        assert_eq!(status, 200, "{page}");
        seen.extend(names(&page).into_iter().map(str::to_owned));
        let Some(next) = page["next"].as_str() else { break };
        token = next.split_once("pagetoken=").map(|(_, token)| token.to_owned());
    }
    let expected: Vec<String> = (1..=250).map(|n| format!("seed-{n:06}")).collect();
    assert_eq!(seen, expected);
}

#[test]
fn nothing_is_missed_or_repeated_when_keys_go_between_pages() {
    for (sort, deletes) in [("created_at", 20), ("name", 20), ("name", 7), ("created_at", 1)] {
        let (_sandbox, _emulator, client) = in_memory(&["--seed-keys", "250"]);
        let mut url = format!("/v1/apikeys?sort={sort}");
        let mut seen = BTreeSet::new();
        let mut deleted = 0;
        loop {
            let (_, page) = client.call("GET", &url);
            for name in names(&page) {
                assert!(seen.insert(name.to_owned()), "{name} comes twice");
            }
            // The last ones of the page go, and with 20 all of it.
            for key in page["apikeys"].as_array().unwrap().iter().rev().take(deletes) {
                assert_eq!(client.call("DELETE", &path_of(key)).0, 204);
                deleted += 1;
            }
            let Some(next) = page["next"].as_str() else { break };
            next.clone_into(&mut url);
        }
        assert_eq!(seen.len(), 250, "{sort}, {deletes}");
        let left = client.call("GET", "/v1/apikeys?pagesize=100").1;
        assert_eq!(names(&left).len(), (250 - deleted).min(100));
    }
}

#[test]
fn a_listing_can_be_sorted_both_ways() {
    let (_sandbox, _emulator, client) = in_memory(&[]);
    for (name, description) in [("b", "1"), ("c", "3"), ("a", "2"), ("b", "0")] {
        let body = json!({"name": name, "iam_id": IAM_ID, "description": description});
        assert_eq!(client.send("POST", "/v1/apikeys", &body).0, 201);
    }
    let listed = |query: &str| {
        let (_, page) = client.call("GET", &format!("/v1/apikeys?{query}"));
        let text = |key: &Value| {
            format!("{}{}", key["name"].as_str().unwrap(), key["description"].as_str().unwrap())
        };
        page["apikeys"].as_array().unwrap().iter().map(text).collect::<Vec<_>>().join(" ")
    };
    for (query, expected) in [
        ("", "b1 c3 a2 b0"),
        ("sort=created_at", "b1 c3 a2 b0"),
        ("sort=name", "a2 b1 b0 c3"),
        ("sort=name&order=desc", "c3 b1 b0 a2"),
        ("sort=description&order=asc", "b0 b1 a2 c3"),
        ("sort=created_by&order=desc", "b1 c3 a2 b0"),
        ("scope=account&type=user", "b1 c3 a2 b0"),
        ("scope=entity", "b1 c3 a2 b0"),
        ("type=serviceid", ""),
        ("group_id=x", "b1 c3 a2 b0"),
    ] {
        assert_eq!(listed(query), expected, "{query}");
    }
    let (_, first) = client.call("GET", "/v1/apikeys?sort=name&order=desc&pagesize=2");
    let (_, second) = client.call("GET", first["next"].as_str().unwrap());
    assert_eq!((names(&second), &second["limit"]), (vec!["b", "a"], &json!(2)));
}

#[test]
fn what_a_listing_cannot_mean_is_refused() {
    let (_sandbox, _emulator, client) = in_memory(&["--seed-keys", "3"]);
    let other = "The specified IAM ID does not match the IAM ID in the token.";
    refused(&list(&client, &[("iam_id", "IBMid-1")]), (400, "bad_request", None), other);
    assert_eq!(list(&client, &[("account_id", "abc")]).0, 403);
    let wrong = (400, "bad_request", Some("BXNIM0106E"));
    for (name, value, valid) in [
        ("pagesize", "0", "1 to 100"),
        ("pagesize", "101", "1 to 100"),
        ("pagesize", "x", "1 to 100"),
        ("pagesize", "-1", "1 to 100"),
        ("scope", "world", "entity, account"),
        ("type", "robot", "user, serviceid"),
        ("sort", "id", "name, description, created_at, created_by"),
        ("order", "up", "asc, desc"),
    ] {
        let message = format!("Validation of property '{name}' failed. Valid values: '{valid}'");
        refused(&list(&client, &[(name, value)]), wrong, &message);
    }
    let garbage = "Property 'pagetoken' is no token of this service.";
    for token in ["rubbish", "e30", "eyJhY2MiOiJ4In0"] {
        refused(&list(&client, &[("pagetoken", token)]), (400, "bad_request", None), garbage);
    }
    for filter in ["name", "name eq \"x\"", "name co x", "(name co \"x\""] {
        let answer = list(&client, &[("filter", filter)]);
        refused(&answer, (400, "bad_request", None), "The filter cannot be understood");
        assert_ne!(answer.1["errors"][0]["details"], Value::Null);
    }
}

#[test]
fn a_filter_holds_on_every_page() {
    let sandbox = Sandbox::new();
    let limit = [("IBMCLOUD_IAM_KEY_LIMIT", "50")];
    let emulator = Emulator::start(&sandbox, &["--in-memory", "--seed-keys", "40"], &limit);
    let client = emulator.client();
    client.create("Go \"SDK\" ü");
    for (filter, expected) in [
        ("name sw \"seed-00003\"", 10),
        ("name ew \"5\" or name ew \"6\"", 8),
        ("name co_ci \"SEED\" and (name ew \"1\" or description co \"number 2\")", 14),
        ("name co \"\\\"SDK\\\" ü\"", 1),
        ("name co \"nothing\"", 0),
    ] {
        let (_, mut page) = list(&client, &[("filter", filter), ("pagesize", "3")]);
        let mut seen = names(&page).len();
        while let Some(next) = page["next"].as_str() {
            page = client.call("GET", next).1;
            seen += names(&page).len();
        }
        assert_eq!(seen, expected, "{filter}");
    }
}

#[test]
fn eight_clients_at_once_lose_nothing() {
    let sandbox = Sandbox::new();
    let limit = [("IBMCLOUD_IAM_KEY_LIMIT", "1000")];
    for args in [&["--in-memory"][..], &[]] {
        let emulator = Emulator::start(&sandbox, args, &limit);
        let client = emulator.client();
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let client = client.clone();
                scope.spawn(move || {
                    for n in 0..20 {
                        client.create(&format!("{thread}-{n}"));
                    }
                });
            }
        });
        let (mut url, mut seen) = ("/v1/apikeys?pagesize=100".to_owned(), BTreeSet::new());
        loop {
            let (_, page) = client.call("GET", &url);
            seen.extend(names(&page).into_iter().map(str::to_owned));
            let Some(next) = page["next"].as_str() else { break };
            next.clone_into(&mut url);
        }
        assert_eq!(seen.len(), 160);
        emulator.stop().is(0, "", "");
    }
    assert_eq!(sandbox.names().len(), 160);
}
