//! The operations on one key.

use serde_json::{Value, json};

use super::{NO_ID, NOT_AUTHORIZED, in_memory, path_of, refused};
use crate::support::emulator::{Client, answer};
use crate::support::{ACCOUNT, IAM_ID, redact};

const CREATE: &str = "/v1/apikeys";

fn put(client: &Client, path: &str, tag: &str, body: &Value) -> (u16, Value) {
    answer(client.request("PUT", path).header("If-Match", tag).json(body).send().unwrap())
}

fn create(client: &Client, more: &[(&str, Value)]) -> (u16, Value) {
    let mut body = json!({"name": "k", "iam_id": IAM_ID});
    for (field, value) in more {
        body[*field] = value.clone();
    }
    client.send("POST", CREATE, &body)
}

#[test]
fn a_key_has_the_fields_of_the_service_in_its_order() {
    let (_sandbox, _emulator, client) = in_memory(&[]);
    let body = json!({
        "name": "ci", "iam_id": IAM_ID, "account_id": ACCOUNT, "description": "d", "store_value": false,
        "expires_at": "2049-01-02T18:30:00+0000", "support_sessions": true, "action_when_leaked": "none"
    });
    let response = client.request("POST", CREATE).json(&body).send().unwrap();
    assert_eq!(response.status(), 201);
    let expected = concat!(
        r#"{"id":"[ID1]","entity_tag":"[TAG]","#,
        r#""crn":"crn:v1:bluemix:public:iam-identity::a/10ca1000000000000000000000000000::apikey:[ID1]","#,
        r#""locked":false,"disabled":false,"created_at":"2026-11-21T09:00+0000","created_by":"IBMid-10CA100000","#,
        r#""modified_at":"2026-11-21T09:00+0000","expires_at":"2049-01-02T18:30+0000","support_sessions":true,"#,
        r#""action_when_leaked":"none","name":"ci","description":"d","iam_id":"IBMid-10CA100000","#,
        r#""account_id":"10ca1000000000000000000000000000","apikey":"[VALUE]","leaked":false}"#
    );
    let text = response.text().unwrap();
    assert_eq!(redact(&text), expected);
    let key: Value = serde_json::from_str(&text).unwrap();
    let shown = client.request("GET", &path_of(&key)).send().unwrap();
    assert_eq!(shown.headers()["etag"], key["entity_tag"].as_str().unwrap());
    assert_eq!(redact(&shown.text().unwrap()), expected.replace(r#""apikey":"[VALUE]","#, ""));
    let (_, plain) = create(&client, &[]);
    assert_eq!(plain.get("expires_at"), None, "a key that lives for ever has no such field");
    assert_eq!(
        (&plain["action_when_leaked"], &plain["description"]),
        (&json!("disable"), &json!(""))
    );
}

#[test]
fn history_and_activity_come_on_request() {
    let (_sandbox, _emulator, client) = in_memory(&[]);
    let key = client.create("k");
    let path = path_of(&key);
    assert_eq!(put(&client, &path, "*", &json!({"name": "k2"})).0, 200);
    assert_eq!(client.call("POST", &format!("{path}/lock")).0, 204);
    assert_eq!(client.log_in(key["apikey"].as_str().unwrap()).0, 200);
    let (_, shown) = client.call("GET", &path);
    assert_eq!((shown.get("history"), shown.get("activity")), (None, None));
    let (_, shown) =
        client.call("GET", &format!("{path}?include_history=true&include_activity=true"));
    let first = json!({
        "timestamp": "2026-11-21T09:00+0000", "iam_id": IAM_ID, "iam_id_account": ACCOUNT,
        "action": "create", "params": [], "message": ""
    });
    assert_eq!(shown["history"][0], first);
    let actions: Vec<_> =
        shown["history"].as_array().unwrap().iter().map(|entry| &entry["action"]).collect();
    assert_eq!(actions, ["create", "update", "lock"]);
    let activity = json!({"last_authn": "2026-11-21T09:00+0000", "authn_count": 1});
    assert_eq!(shown["activity"], activity);
    let listed = client.call("GET", "/v1/apikeys?include_history=true").1;
    assert_eq!(listed["apikeys"][0]["history"], shown["history"]);
    let request = client.request("GET", "/v1/apikeys/details?include_history=true");
    let request = request.header("IAM-ApiKey", key["apikey"].as_str().unwrap());
    assert_eq!(answer(request.send().unwrap()).1["history"], shown["history"]);
}

#[test]
fn what_makes_no_sense_is_not_created() {
    let (_sandbox, emulator, client) = in_memory(&[]);
    let missing = |property| format!("Property '{property}' either missing or empty.");
    let bad = (400, "bad_request", None);
    let absent = (400, "bad_request", Some("BXNIM0109E"));
    let wrong = (400, "bad_request", Some("BXNIM0106E"));
    for name in [json!(""), json!(null)] {
        refused(&create(&client, &[("name", name)]), absent, &missing("name"));
    }
    refused(&create(&client, &[("iam_id", json!(null))]), absent, &missing("iam_id"));
    let other = "The specified IAM ID does not match the IAM ID in the token.";
    refused(&create(&client, &[("iam_id", json!("IBMid-1"))]), bad, other);
    refused(
        &create(&client, &[("account_id", json!("abc"))]),
        bad,
        "The specified account does not match the account in the token.",
    );
    refused(
        &create(&client, &[("store_value", json!(true))]),
        bad,
        "'store_value' must not be true for the API key of a user.",
    );
    refused(
        &create(&client, &[("apikey", json!("x".repeat(31)))]),
        bad,
        "Property 'apikey' must have 32 characters or more.",
    );
    refused(
        &create(&client, &[("action_when_leaked", json!("explode"))]),
        wrong,
        "Validation of property 'action_when_leaked' failed. Valid values: 'none, disable, delete'",
    );
    refused(
        &create(&client, &[("expires_at", json!("soon"))]),
        bad,
        "Property 'expires_at' is no time of the form '2027-05-01T12:34+0000'",
    );
    let body = "The request body is no JSON object of the expected form";
    for text in ["", "{", "[]", "null", r#"{"name": 1}"#, r#"{"store_value": "canary"}"#] {
        let refusal = answer(client.request("POST", CREATE).body(text).send().unwrap());
        refused(&refusal, bad, body);
        assert!(!refusal.1.to_string().contains("canary"));
    }
    let long = create(&client, &[("name", json!("n".repeat(256)))]);
    refused(&long, bad, "The name has 256 characters; 255 are allowed.");
    let value = emulator.value();
    for (_, taken) in [
        ("bootstrap", value),
        ("another", create(&client, &[]).1["apikey"].as_str().unwrap().to_owned()),
    ] {
        refused(
            &create(&client, &[("apikey", json!(taken))]),
            (409, "conflict", None),
            "An API key with this value exists already",
        );
    }
    assert_eq!(client.call("GET", "/v1/apikeys").1["apikeys"].as_array().unwrap().len(), 1);
}

#[test]
fn a_value_can_be_brought_along() {
    let (_sandbox, _emulator, client) = in_memory(&[]);
    let value = "my-own-value-with-thirty-two-chars-or-more";
    let (status, key) = create(&client, &[("apikey", json!(value))]);
    assert_eq!((status, &key["apikey"]), (201, &json!(value)));
    assert_eq!(client.log_in(value).0, 200);
    let look_up = |value: &str| {
        let request = client.request("GET", "/v1/apikeys/details").header("IAM-ApiKey", value);
        answer(request.send().unwrap())
    };
    assert_eq!(look_up(value).1["id"], key["id"]);
    assert_eq!(look_up(value).1.get("apikey"), None);
    let unknown = look_up("another-value-with-thirty-two-chars-or-more");
    refused(&unknown, (404, "not_found", Some("BXNIM0102E")), "Unable to find object");
    assert!(!unknown.1.to_string().contains("another-value"));
    refused(
        &client.call("GET", "/v1/apikeys/details"),
        (400, "bad_request", Some("BXNIM0109E")),
        "Property 'IAM-ApiKey' either missing or empty.",
    );
    assert_eq!(client.call("DELETE", &path_of(&key)).0, 204);
    assert_eq!(create(&client, &[("apikey", json!(value))]).0, 201, "it is free again");
}

#[test]
fn headers_lock_and_disable_from_the_first_instant() {
    let (_sandbox, _emulator, client) = in_memory(&[]);
    for (lock, disable, expected) in
        [("true", "false", (true, false)), ("False", "TRUE", (false, true))]
    {
        let request = client.request("POST", CREATE).json(&json!({"name": "k", "iam_id": IAM_ID}));
        let request = request.header("Entity-Lock", lock).header("Entity-Disable", disable);
        let (_, key) = answer(request.send().unwrap());
        assert_eq!((&key["locked"], &key["disabled"]), (&json!(expected.0), &json!(expected.1)));
    }
    let request = client.request("POST", CREATE).json(&json!({"name": "k", "iam_id": IAM_ID}));
    assert_eq!(request.header("Entity-Lock", "maybe").send().unwrap().status(), 400);
}

#[test]
fn an_update_needs_the_tag_and_changes_only_what_is_said() {
    let (_sandbox, _emulator, client) = in_memory(&[]);
    let (_, key) = create(
        &client,
        &[("description", json!("d")), ("expires_at", json!("2049-01-02T18:30+0000"))],
    );
    let (path, tag) = (path_of(&key), key["entity_tag"].as_str().unwrap());
    refused(
        &client.send("PUT", &path, &json!({"name": "x"})),
        (400, "bad_request", Some("BXNIM0109E")),
        "Property 'If-Match' either missing or empty.",
    );
    let (status, second) = put(&client, &path, tag, &json!({"name": "new"}));
    assert_eq!(status, 200);
    assert_eq!((&second["name"], &second["description"]), (&json!("new"), &json!("d")));
    assert_eq!(second["expires_at"], "2049-01-02T18:30+0000");
    assert!(second["entity_tag"].as_str().unwrap().starts_with("2-"));
    let stale = put(&client, &path, tag, &json!({"name": "newer"}));
    refused(&stale, (409, "conflict", None), "The entity was changed meanwhile");
    let quoted = format!("\"{}\"", second["entity_tag"].as_str().unwrap());
    let body = json!({"description": "", "expires_at": "", "support_sessions": true, "action_when_leaked": "delete"});
    let (_, third) = put(&client, &path, &quoted, &body);
    assert_eq!((&third["description"], third.get("expires_at")), (&json!(""), None));
    assert_eq!(
        (&third["support_sessions"], &third["action_when_leaked"]),
        (&json!(true), &json!("delete"))
    );
    for (expiry, shown) in [
        (json!("2049-01-02T18:30:00+0000"), Some(&json!("2049-01-02T18:30+0000"))),
        (json!(null), None),
    ] {
        let (_, changed) = put(&client, &path, "*", &json!({"expires_at": expiry}));
        assert_eq!(changed.get("expires_at"), shown);
    }
    for body in [json!({"name": ""}), json!({"action_when_leaked": ""}), json!({"expires_at": 7})] {
        assert_eq!(put(&client, &path, "*", &body).0, 400, "{body}");
    }
    assert_eq!(client.call("GET", &path).1["name"], "new");
}

#[test]
fn lock_and_disable_answer_with_nothing_and_not_twice() {
    let (_sandbox, _emulator, client) = in_memory(&[]);
    let key = client.create("k");
    let path = path_of(&key);
    let already = |answer: &(u16, Value)| {
        refused(answer, (409, "conflict", None), "The entity is already in the requested state.");
    };
    for (method, what, field, state) in [
        ("POST", "disable", "disabled", true),
        ("DELETE", "disable", "disabled", false),
        ("POST", "lock", "locked", true),
        ("DELETE", "lock", "locked", false),
    ] {
        let act = || client.call(method, &format!("{path}/{what}"));
        assert_eq!(act(), (204, Value::Null), "{method} {what}");
        already(&act());
        assert_eq!(client.call("GET", &path).1[field], state);
    }
}

#[test]
fn a_locked_key_cannot_be_changed_or_deleted() {
    let (_sandbox, _emulator, client) = in_memory(&[]);
    let key = client.create("k");
    client.call("POST", &format!("{}/lock", path_of(&key)));
    let path = path_of(&key);
    let locked = (409, "locked", None);
    refused(&put(&client, &path, "*", &json!({"name": "x"})), locked, "The entity is locked");
    refused(&client.call("POST", &format!("{path}/disable")), locked, "The entity is locked");
    let deleted = client.call("DELETE", &path);
    refused(&deleted, (409, "delete_not_possible", Some("BXNIM0105E")), "Unable to delete object");
    assert_eq!(
        deleted.1["errors"][0]["details"],
        format!(
            "Object type 'ApiKey' with ID '{}' could not be deleted",
            key["id"].as_str().unwrap()
        )
    );
    assert_eq!(client.call("POST", &format!("{path}/lock")).0, 409);
}

#[test]
fn the_bootstrap_key_is_unlocked_but_nobody_may_change_or_delete_it() {
    let (_sandbox, emulator, client) = in_memory(&[]);
    let request = client.request("GET", "/v1/apikeys/details");
    let (_, bootstrap) = answer(request.header("IAM-ApiKey", emulator.value()).send().unwrap());
    assert_eq!(
        (&bootstrap["name"], &bootstrap["locked"]),
        (&json!("emulator-bootstrap"), &json!(false))
    );
    let shown = client.request("GET", &path_of(&bootstrap)).send().unwrap();
    assert_eq!(shown.headers()["etag"], bootstrap["entity_tag"].as_str().unwrap());
    let path = path_of(&bootstrap);
    let mut answers =
        vec![put(&client, &path, "*", &json!({"name": "x"})), client.call("DELETE", &path)];
    for method in ["POST", "DELETE"] {
        for what in ["lock", "disable"] {
            answers.push(client.call(method, &format!("{path}/{what}")));
        }
    }
    for answer in &answers {
        refused(answer, NOT_AUTHORIZED.0, NOT_AUTHORIZED.1);
        let why = "The bootstrap API key of the emulator cannot be changed or deleted";
        assert_eq!(answer.1["errors"][0]["details"], why);
    }
    let listed = client.call("GET", "/v1/apikeys").1;
    assert_eq!(
        listed["apikeys"].as_array().unwrap().len(),
        0,
        "the bootstrap key is in no listing"
    );
}

#[test]
fn a_key_that_is_not_there_is_not_found() {
    let (_sandbox, _emulator, client) = in_memory(&[]);
    let path = format!("/v1/apikeys/{NO_ID}");
    let not_found = (404, "not_found", Some("BXNIM0102E"));
    for (method, path) in [
        ("GET", path.clone()),
        ("DELETE", path.clone()),
        ("POST", format!("{path}/lock")),
        ("DELETE", format!("{path}/lock")),
        ("POST", format!("{path}/disable")),
        ("DELETE", format!("{path}/disable")),
    ] {
        let answer = client.call(method, &path);
        refused(&answer, not_found, "Unable to find object");
        let details = answer.1["errors"][0]["details"].as_str().unwrap();
        assert!(details.contains(NO_ID), "{details}");
    }
    refused(&put(&client, &path, "*", &json!({})), not_found, "Unable to find object");
    let key = client.create("k");
    assert_eq!(client.call("DELETE", &path_of(&key)).0, 204);
    refused(&client.call("DELETE", &path_of(&key)), not_found, "Unable to find object");
}

#[test]
fn paths_and_methods_that_are_not_served_are_said_so() {
    let (_sandbox, emulator, _client) = in_memory(&[]);
    let client = Client::new(emulator.endpoint());
    for path in
        ["/", "/v1", "/v1/serviceids/a/b", "/v1/apikeys/a/b", "/v2/apikeys", "/identities/token"]
    {
        assert_eq!(client.call("GET", path).0, 404, "{path}");
    }
    for (method, path) in [
        ("PUT", "/v1/apikeys"),
        ("POST", "/v1/profiles"),
        ("DELETE", "/v1/accounts/x/limits/identity"),
        ("PATCH", "/v1/apikeys/x"),
        ("POST", "/v1/apikeys/details"),
        ("GET", "/v1/apikeys/x/lock"),
    ] {
        let (status, body) = client.call(method, path);
        assert_eq!(
            (status, &body["errors"][0]["message_code"]),
            (405, &json!("BXNIM0060E")),
            "{method} {path}"
        );
    }
}

#[test]
fn answers_carry_the_headers_of_the_service() {
    let (_sandbox, _emulator, client) = in_memory(&[]);
    let response = client.request("GET", &format!("/v1/apikeys/{NO_ID}")).send().unwrap();
    let headers = response.headers().clone();
    let body: Value = response.json().unwrap();
    assert_eq!(headers["transaction-id"], body["trace"].as_str().unwrap());
    assert_eq!(headers["x-correlation-id"], headers["transaction-id"]);
    assert_eq!(headers["cache-control"], "no-cache, no-store, must-revalidate");
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(headers["content-language"], "en-US");
    assert_eq!(headers["x-request-id"].len(), 36);
    let (base, hex) = headers["transaction-id"].to_str().unwrap().split_once('-').unwrap();
    assert!(!base.is_empty() && hex.len() == 32);
    let request = client.request("GET", "/v1/apikeys").header("Transaction-Id", "mine");
    let response = request.send().unwrap();
    assert_eq!(response.headers()["transaction-id"], "mine");
    assert_eq!(response.headers()["x-correlation-id"], "mine");
}

#[test]
fn a_body_that_is_too_large_is_refused() {
    let (_sandbox, _emulator, client) = in_memory(&[]);
    let body = json!({"name": "k", "iam_id": IAM_ID, "description": "d".repeat(70_000)});
    let (status, error) = client.send("POST", CREATE, &body);
    assert_eq!((status, &error["status_code"]), (413, &json!(413)));
    let request = client.request("GET", "/v1/apikeys").header("X-Much", "x".repeat(1_000_000));
    // A client that is still sending may find the connection closed.
    assert!(request.send().map_or(true, |response| response.status() == 431));
    assert_eq!(client.call("GET", "/v1/apikeys").0, 200);
}
