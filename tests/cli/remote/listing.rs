//! Listings: every page, in order, on one connection, and never from elsewhere.

use std::fs;

use serde_json::{Value, json};

use super::{Remote, Told, progress};
use crate::support::iam::{BSS_ACCOUNT, IAM_ID, key_json, list_answer, with_tokens};
use crate::support::server::{Answer, Ca, Server};
use crate::support::{Sandbox, run};

fn key(number: usize) -> Value {
    let mut key = key_json(number, &format!("key {number}"));
    key["created_at"] = json!(format!("2026-02-19T{:02}:{:02}+0000", number / 60, number % 60));
    key
}

/// The page that a query asks for, of so many keys.
fn page(query: &[(String, String)], keys: usize, url: &str) -> Answer {
    let from = query.iter().find(|(name, _)| name == "pagetoken");
    let from: usize =
        from.map_or(0, |(_, token)| token.strip_prefix("from=").unwrap().parse().unwrap());
    let to = keys.min(from + 100);
    let page: Vec<Value> = (from..to).map(key).collect();
    let next = format!("from%3D{to}");
    list_answer(url, &page, (to < keys).then_some(next.as_str()))
}

#[test]
fn every_page_comes_in_order_on_one_connection() {
    let remote =
        Remote::scripted(|request| page(&request.query(), 1_234, "http://ignored.invalid"));
    let listed = remote.run(&["api-keys", "--output", "json"]).json();
    let names: Vec<&str> =
        listed.as_array().unwrap().iter().map(|key| key["name"].as_str().unwrap()).collect();
    let expected: Vec<String> = (0..1_234).map(|number| format!("key {number}")).collect();
    assert_eq!(names, expected);
    let requests = remote.server.requests();
    assert_eq!((requests.len(), remote.server.connections()), (14, 1));
    let usual = [("account_id", BSS_ACCOUNT), ("iam_id", IAM_ID), ("pagesize", "100")];
    for (n, request) in requests[1..].iter().enumerate() {
        let token = format!("from={}", n * 100);
        let mut query = usual.to_vec();
        if n > 0 {
            query.push(("pagetoken", &token));
        }
        let query: Vec<_> =
            query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        assert_eq!((request.route().as_str(), request.query()), ("GET /v1/apikeys", query));
        assert!(request.body.is_empty() && request.header("content-type").is_none());
    }
    let text = remote.run(&["api-keys", "--uuid"]);
    assert_eq!(text.ok().stdout.lines().count(), 1_234);
}

#[test]
fn every_page_comes_on_one_encrypted_connection() {
    let ca = Ca::new();
    let server = Server::start_tls(&ca, with_tokens(|request| page(&request.query(), 350, "")));
    let sandbox = Sandbox::new();
    let mut command = super::command(&sandbox, &server.url(), &["api-keys", "--uuid", "--ca-file"]);
    let listed = run(command.arg(ca.file()), b"");
    assert_eq!(listed.ok().stdout.lines().count(), 350);
    assert_eq!((server.requests().len(), server.connections()), (5, 1));
}

#[test]
fn the_next_page_is_never_asked_for_elsewhere() {
    let other = Server::start(|_| list_answer("", &[key(1)], None));
    let url = other.url();
    let remote = Remote::scripted(move |request| page(&request.query(), 150, &url));
    remote.run(&["api-keys"]).ok();
    assert_eq!((other.connections(), remote.routes().len()), (0, 2));
}

#[test]
fn pages_that_go_in_circles_end() {
    for circle in [1, 2, 5] {
        let mut asked = 0;
        let remote = Remote::scripted(move |_| {
            asked += 1;
            list_answer("", &[key(1)], Some(&format!("t{}", asked % circle)))
        });
        let told = Told {
            exit: 10,
            kind: "unavailable",
            message: "The listing goes in circles: a page names an earlier one as the next.",
            hint: "Nothing was changed; try again later.",
            ..Told::default()
        };
        let failed = remote.run(&["api-keys"]);
        told.in_text(&failed);
        failed.stdout(&progress("Getting", "all API keys"));
        assert_eq!(remote.routes().len(), circle + 1);
    }
    // A next page without a token is not understood, which is no reason to keep half of the keys.
    let remote = Remote::scripted(|_| {
        Answer::json(
            200,
            json!({"apikeys": [key(1)], "next": "https://iam.cloud.ibm.com/v1/apikeys"}),
        )
    });
    let failed = remote.run(&["api-keys", "--output", "json"]);
    failed.code(10).stdout("");
    // An empty one is none.
    let remote = Remote::scripted(|_| Answer::json(200, json!({"apikeys": [key(1)], "next": ""})));
    assert_eq!(remote.run(&["api-keys", "--uuid"]).ok().stdout.lines().count(), 1);
}

#[test]
fn a_page_that_fails_late_shows_no_half_list() {
    let remote = Remote::scripted(|request| {
        if request.path.contains("200") {
            return Answer::json(503, json!({})).header("Retry-After", "0");
        }
        page(&request.query(), 500, "")
    });
    remote.run(&["api-keys", "--output", "json"]).code(10).stdout("");
    remote.run(&["api-keys", "--uuid"]).code(10).stdout("");
    assert!(!fs::exists(remote.sandbox.store()).unwrap(), "the local store is not touched");
}
