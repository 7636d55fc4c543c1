//! Requests that are carried out later or twice, and the clock of the service.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{in_memory, path_of};
use crate::support::emulator::{Client, Emulator};
use crate::support::{IAM_ID, Sandbox};

/// How long a late request may take in the end.
const PATIENCE: Duration = Duration::from_secs(30);
const VALUE: &str = "a-value-that-the-client-chose-for-itself-0123";

fn document(more: &Value) -> Value {
    let mut document = json!({"name": "k", "iam_id": IAM_ID, "description": "as it was sent"});
    document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    document
}

/// Asserts that a request is dropped, and not because the client lost its patience.
#[track_caller]
fn dropped(client: &Client, method: &str, path: &str, document: Option<&Value>) {
    let mut request = client.request(method, path).header("If-Match", "*");
    if let Some(document) = document {
        request = request.json(document);
    }
    let error = request.send().unwrap_err();
    assert!(!error.is_timeout() && !error.is_connect(), "{error:?}");
}

fn keys(client: &Client) -> Vec<Value> {
    client.call("GET", "/v1/apikeys").1["apikeys"].as_array().unwrap().clone()
}

/// Waits until there are so many keys, and returns them.
#[track_caller]
fn wait_for(client: &Client, count: usize) -> Vec<Value> {
    let start = Instant::now();
    loop {
        let keys = keys(client);
        if keys.len() == count {
            return keys;
        }
        assert!(start.elapsed() < PATIENCE, "there are not {count} keys: {keys:#?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_late_create_is_dropped_at_once_and_there_later() {
    let (_sandbox, _emulator, client) = in_memory(&["--fault", "create:late=2s,times=1"]);
    let start = Instant::now();
    dropped(&client, "POST", "/v1/apikeys", Some(&document(&json!({"apikey": VALUE}))));
    let count = keys(&client).len();
    assert!(start.elapsed() < Duration::from_secs(2), "the client waits for nothing");
    assert_eq!(count, 0, "not yet");
    let made = wait_for(&client, 1);
    assert!(start.elapsed() >= Duration::from_secs(2));
    assert_eq!(made[0]["description"], "as it was sent");
    assert_eq!(client.log_in(VALUE).0, 200, "the value is the one that was sent");
    assert_eq!(client.send("POST", "/v1/apikeys", &document(&json!({}))).0, 201, "once only");
}

#[test]
fn a_late_delete_is_there_until_it_is_due() {
    let (_sandbox, _emulator, client) = in_memory(&["--fault", "delete:late=2s"]);
    let key = client.create("k");
    let start = Instant::now();
    dropped(&client, "DELETE", &path_of(&key), None);
    assert_eq!(keys(&client).len(), 1, "not yet");
    wait_for(&client, 0);
    assert!(start.elapsed() >= Duration::from_secs(2));
}

#[test]
fn a_late_request_meets_what_there_is_by_then() {
    // The last one shows that the others had their turn.
    let (_sandbox, _emulator, client) = in_memory(&[
        "--fault",
        "delete:late=1s",
        "--fault",
        "update:late=1s,times=1",
        "--fault",
        "create:late=2s,skip=2",
    ]);
    let (locked, changed) = (client.create("locked"), client.create("changed"));
    dropped(&client, "DELETE", &path_of(&locked), None);
    assert_eq!(client.call("POST", &format!("{}/lock", path_of(&locked))).0, 204);
    let update = |description: &str| {
        let request = client.request("PUT", &path_of(&changed));
        let tag = changed["entity_tag"].as_str().unwrap();
        request.header("If-Match", tag).json(&json!({"description": description})).send()
    };
    assert!(update("late").is_err());
    assert_eq!(update("in time").unwrap().status(), 200);
    dropped(&client, "POST", "/v1/apikeys", Some(&document(&json!({}))));
    let keys = wait_for(&client, 3);
    assert_eq!((&keys[0]["name"], &keys[0]["locked"]), (&json!("locked"), &json!(true)));
    assert_eq!(keys[1]["description"], "in time", "the tag is not the one of the late update");
}

#[test]
fn a_late_request_can_be_answered_with_a_status() {
    let (_sandbox, _emulator, client) =
        in_memory(&["--fault", "create:late=1s,status=504,times=1"]);
    let (status, body) = client.send("POST", "/v1/apikeys", &document(&json!({})));
    assert_eq!((status, &body["errors"][0]["code"]), (504, &json!("gateway_timeout")));
    wait_for(&client, 1);
}

#[test]
fn a_late_request_outlives_a_client_without_patience() {
    let (_sandbox, _emulator, client) = in_memory(&["--fault", "create:delay=2s,late=1s,times=1"]);
    let start = Instant::now();
    let request = client.request("POST", "/v1/apikeys").json(&document(&json!({})));
    let error = request.timeout(Duration::from_millis(500)).send().unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
    wait_for(&client, 1);
    assert!(start.elapsed() >= Duration::from_secs(3), "the time begins after the delay");
}

#[test]
fn the_end_of_the_emulator_waits_for_no_late_request_and_drops_it() {
    let sandbox = Sandbox::new();
    let faults = [
        "--fault",
        "create:late=2s,skip=1",
        "--fault",
        "delete:late=3600s",
        "--fault",
        "list:delay=3s",
    ];
    let emulator = Emulator::start(&sandbox, &faults, &[]);
    let client = emulator.client();
    let key = client.create("stays");
    let start = Instant::now();
    dropped(&client, "DELETE", &path_of(&key), None);
    // It becomes due while the end waits for a request in flight.
    let waiting = std::thread::spawn({
        let client = client.clone();
        move || keys(&client).len()
    });
    std::thread::sleep(Duration::from_millis(200));
    dropped(&client, "POST", "/v1/apikeys", Some(&document(&json!({}))));
    emulator.stop().is(0, "", "");
    assert_eq!(waiting.join().unwrap(), 1, "what is in flight is finished");
    let took = start.elapsed();
    assert!(took >= Duration::from_secs(3) && took < Duration::from_secs(60), "{took:?}");
    assert_eq!(sandbox.names(), ["stays"]);
}

#[test]
fn twice_makes_one_key_of_a_chosen_value_and_two_of_others() {
    let (_sandbox, _emulator, client) =
        in_memory(&["--fault", "create:twice", "--fault", "token:twice,skip=1,times=1"]);
    let (status, key) = client.send("POST", "/v1/apikeys", &document(&json!({"apikey": VALUE})));
    assert_eq!((status, keys(&client).len()), (201, 1), "the first answer, not the 409: {key}");
    assert_eq!(client.log_in(VALUE).0, 200);
    let (_, seen) = client.call("GET", &format!("{}?include_activity=true", path_of(&key)));
    assert_eq!(seen["activity"]["authn_count"], 2);
    let (status, key) = client.send("POST", "/v1/apikeys", &document(&json!({})));
    let keys = keys(&client);
    assert_eq!((status, keys.len()), (201, 3));
    assert_eq!(keys[1]["id"], key["id"], "the first of the two is answered");
}

#[test]
fn twice_changes_twice_and_the_first_answer_counts() {
    let (_sandbox, _emulator, client) =
        in_memory(&["--fault", "update:twice", "--fault", "delete:twice", "--fault", "lock:twice"]);
    let path = path_of(&client.create("k"));
    let update = client.request("PUT", &path).header("If-Match", "*").json(&json!({"name": "n"}));
    assert_eq!(
        update.send().unwrap().headers()["etag"].to_str().unwrap().split('-').next(),
        Some("2")
    );
    let (_, key) = client.call("GET", &path);
    assert!(key["entity_tag"].as_str().unwrap().starts_with("3-"), "{key}");
    assert_eq!(client.call("POST", &format!("{path}/lock")).0, 204, "not the 409");
    assert_eq!(client.call("DELETE", &format!("{path}/lock")).0, 204);
    assert_eq!(client.call("DELETE", &path).0, 204, "not the 404");
    assert_eq!(keys(&client).len(), 0);
}

#[test]
fn twice_can_be_late_or_unanswered() {
    for fault in ["create:twice,late=1s", "create:twice,drop"] {
        let (_sandbox, _emulator, client) = in_memory(&["--fault", fault]);
        dropped(&client, "POST", "/v1/apikeys", Some(&document(&json!({}))));
        let count = keys(&client).len();
        assert_eq!(wait_for(&client, 2).len(), 2);
        assert!(count == 2 || fault.contains("late"), "{fault}: {count}");
    }
}

#[test]
fn faults_that_exclude_each_other_are_explained() {
    let sandbox = Sandbox::new();
    for (fault, words) in [
        ("create:late=1s,truncate", "'late' goes with 'status' or 'drop'"),
        ("create:late=1s,garbage,before", "'late' goes with 'status' or 'drop'"),
        ("create:late=1s,after", "'late' does not go with 'after'"),
        ("create:twice,drop,before", "'twice' goes with 'before' only if it is 'late'"),
        ("create:late=5", "'late=5' makes no sense"),
        ("create:late=2h", "'late=2h' makes no sense"),
    ] {
        let outcome = sandbox.run(&["emulate", "--in-memory", "--fault", fault]);
        outcome.code(2).stdout("");
        assert!(outcome.stderr.contains(words), "{fault}: {outcome:#?}");
    }
}

#[test]
fn every_answer_has_the_date_of_the_emulator() {
    let sandbox = Sandbox::new();
    let faults = ["--in-memory", "--fault", "limits:status=503"];
    let emulator =
        Emulator::start(&sandbox, &faults, &[("IBMCLOUD_IAM_NOW", "2027-03-07T04:05:06Z")]);
    let client = emulator.client();
    for (method, path, status) in [
        ("GET", "/v1/apikeys", 200),
        ("GET", "/v1/apikeys/x", 404),
        ("PATCH", "/v1/apikeys", 405),
        ("GET", "/v1/accounts/x/limits/identity", 503),
    ] {
        let response = client.request(method, path).send().unwrap();
        assert_eq!(response.status(), status);
        let dates: Vec<_> = response.headers().get_all("date").iter().collect();
        assert_eq!(dates, ["Sun, 07 Mar 2027 04:05:06 GMT"], "{path}");
    }
}
