//! Lists of the caller's keys and of the account's.

use serde_json::{Value, json};

use super::{path_of, refused};
use crate::support::emulator::{Client, Emulator};
use crate::support::{ACCOUNT, IAM_ID, Sandbox, run};

const OTHER: &str = "IBMid-270000WXYZ";

/// An emulator with 25 keys of the caller, 30 of another user and one of a service ID.
fn two_users() -> (Sandbox, Emulator, Client) {
    let sandbox = Sandbox::new();
    let emulator = Emulator::start(&sandbox, &["--seed-keys", "25"], &[]);
    for n in 0..30 {
        sandbox.create_of(OTHER, &format!("theirs-{n}"), &[]);
    }
    sandbox.create_of("iam-ServiceId-0a1b2c3d", "a service's", &[]);
    let client = emulator.client();
    (sandbox, emulator, client)
}

/// Follows a listing to its end; returns how many keys on it are the caller's and the other user's, and the last page.
#[track_caller]
fn follow(client: &Client, path: &str) -> (usize, usize, Value) {
    let (mut own, mut theirs, mut url) = (0, 0, path.to_owned());
    loop {
        let (status, page) = client.call("GET", &url);
        assert_eq!(status, 200, "{page}");
        for key in page["apikeys"].as_array().unwrap() {
            match key["iam_id"].as_str().unwrap() {
                IAM_ID => own += 1,
                OTHER => theirs += 1,
                other => panic!("{other}"),
            }
        }
        let Some(next) = page["next"].as_str() else { return (own, theirs, page) };
        next.clone_into(&mut url);
    }
}

fn count(client: &Client, query: &str) -> (usize, usize) {
    let (own, theirs, _) = follow(client, &format!("/v1/apikeys?{query}"));
    (own, theirs)
}

#[test]
fn the_scope_holds_on_every_page() {
    let (_sandbox, _emulator, client) = two_users();
    let account = format!("account_id={ACCOUNT}&pagesize=10");
    for (query, expected) in [
        ("", (25, 0)),
        ("scope=entity", (25, 0)),
        ("type=user", (25, 0)),
        ("scope=account&type=user", (25, 30)),
        ("scope=account", (25, 30)),
        ("scope=account&type=user&include_history=true", (25, 30)),
        ("scope=account&type=user&sort=name&order=desc", (25, 30)),
        ("include_history=true", (25, 0)),
        ("scope=account&type=serviceid", (0, 0)),
        ("type=serviceid", (0, 0)),
        // One's own IAM ID says whose, whatever the scope.
        (&format!("scope=account&iam_id={IAM_ID}"), (25, 0)),
        (&format!("iam_id={IAM_ID}"), (25, 0)),
    ] {
        assert_eq!(count(&client, &format!("{account}&{query}")), expected, "{query}");
    }
    let filter = client.request("GET", "/v1/apikeys").query(&[
        ("scope", "account"),
        ("filter", "name ew \"1\""),
        ("pagesize", "100"),
    ]);
    let (_, found) = crate::support::emulator::answer(filter.send().unwrap());
    // seed-000001, -11 and -21, and theirs-1, -11 and -21.
    assert_eq!(found["apikeys"].as_array().unwrap().len(), 6, "{found}");
}

/// As the SDKs do: the token out of the link, with every parameter said again, or with none.
#[test]
fn a_page_token_keeps_the_scope_whether_or_not_it_is_said_again() {
    let (_sandbox, _emulator, client) = two_users();
    let asked = format!("account_id={ACCOUNT}&scope=account&type=user&pagesize=10");
    for again in
        [&*asked, "pagesize=10", &format!("account_id={ACCOUNT}"), "scope=account", "type=user"]
    {
        let (_, mut page) = client.call("GET", &format!("/v1/apikeys?{asked}"));
        let mut seen = 0;
        loop {
            seen += page["apikeys"].as_array().unwrap().len();
            let Some(next) = page["next"].as_str() else { break };
            let (_, token) = next.split_once("pagetoken=").unwrap();
            page = client.call("GET", &format!("/v1/apikeys?pagetoken={token}&{again}")).1;
        }
        assert_eq!(seen, 55, "{again}");
    }
}

#[test]
fn the_links_back_keep_the_scope_too() {
    let (_sandbox, _emulator, client) = two_users();
    let (_, _, last) = follow(&client, "/v1/apikeys?scope=account&pagesize=20");
    assert_eq!(last["apikeys"].as_array().unwrap().len(), 15);
    assert_eq!(follow(&client, last["first"].as_str().unwrap()).2["offset"], 40);
    let previous = client.call("GET", last["previous"].as_str().unwrap()).1;
    let owners: Vec<_> =
        previous["apikeys"].as_array().unwrap().iter().map(|key| &key["iam_id"]).collect();
    assert_eq!(
        (&previous["offset"], owners[4], owners[5]),
        (&json!(20), &json!(IAM_ID), &json!(OTHER))
    );
    let none = client.call("GET", "/v1/apikeys?scope=account&type=serviceid").1;
    assert_eq!(follow(&client, none["first"].as_str().unwrap()).2["apikeys"], json!([]));
}

#[test]
fn the_keys_of_one_other_user_are_refused_in_any_scope() {
    let (_sandbox, _emulator, client) = two_users();
    let message = "The specified IAM ID does not match the IAM ID in the token.";
    for scope in ["", "&scope=entity", "&scope=account", "&scope=account&type=user"] {
        let answer = client.call("GET", &format!("/v1/apikeys?iam_id={OTHER}{scope}"));
        refused(&answer, (400, "bad_request", None), message);
    }
    let elsewhere = client.call("GET", "/v1/apikeys?account_id=abc&scope=account");
    let message = "You are not authorized to use this API";
    refused(&elsewhere, (403, "forbidden", Some("BXNIM0513E")), message);
}

#[test]
fn keys_of_others_have_their_histories_and_their_number() {
    let (_sandbox, _emulator, client) = two_users();
    let query = "/v1/apikeys?scope=account&include_history=true&sort=name&order=desc&pagesize=1";
    let key = client.call("GET", query).1["apikeys"][0].clone();
    assert_eq!(key["name"], "theirs-9");
    let event = &key["history"][0];
    assert_eq!((&event["action"], &event["iam_id"]), (&json!("create"), &json!(OTHER)));
    assert_eq!(client.call("GET", &path_of(&key)).1["iam_id"], OTHER);
    let path =
        format!("/v1/accounts/{ACCOUNT}/limits/identity?apikeys_per_identity={OTHER},{IAM_ID}");
    let limits = client.call("GET", &path).1["apikeys_per_identity"]["identities"].clone();
    assert_eq!(limits, json!([{"iam_id": OTHER, "count": 30}, {"iam_id": IAM_ID, "count": 25}]));
}

/// The case that nobody can try without an account: a user who is no administrator.
#[test]
fn a_fault_stands_in_for_a_missing_role() {
    let sandbox = Sandbox::new();
    let emulator = Emulator::start(&sandbox, &["--in-memory", "--fault", "list:status=403"], &[]);
    let mut command = sandbox.command(&["api-keys", "--all-users", "-o", "json"]);
    command
        .env("IBMCLOUD_IAM_BACKEND", "remote")
        .env("IBMCLOUD_IAM_API_ENDPOINT", emulator.endpoint())
        .env("IBMCLOUD_API_KEY", format!("@{}", emulator.key_file().display()));
    let outcome = run(&mut command, b"");
    outcome.code(8).stdout("");
    let told = "FAILED\nThe credential does not permit listing the API keys of other users. ";
    let hint = "\nThe role Administrator on the IAM Identity service is needed; without '--all-users' your own are listed.\n\n";
    assert!(outcome.stderr.starts_with(told) && outcome.stderr.ends_with(hint), "{outcome:#?}");
}
