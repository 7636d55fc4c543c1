//! Service IDs, as IBM's SDKs and Terraform ask for them.

use serde_json::{Value, json};

use super::{in_memory, refused};
use crate::support::emulator::{Client, Emulator, answer};
use crate::support::{ACCOUNT, IAM_ID, Sandbox};

const PATH: &str = "/v1/serviceids";
/// The group that every account has.
const DEFAULT: &str = "ServiceIdGroup-10ca1000-0000-4000-8000-000000000000";

/// Makes a service ID; `more` are further fields.
#[track_caller]
pub(super) fn service_id(client: &Client, name: &str, more: &[(&str, Value)]) -> Value {
    let mut body = json!({"name": name, "account_id": ACCOUNT});
    for (field, value) in more {
        body[*field] = value.clone();
    }
    let (status, made) = client.send("POST", "/v1/serviceids/", &body);
    assert_eq!(status, 201, "{made}");
    made
}

/// Makes a key of a service ID.
#[track_caller]
pub(super) fn key_of(client: &Client, service_id: &Value, name: &str) -> Value {
    let body = json!({"name": name, "iam_id": service_id["iam_id"]});
    let (status, key) = client.send("POST", "/v1/apikeys", &body);
    assert_eq!(status, 201, "{key}");
    key
}

pub(super) fn path_of(service_id: &Value) -> String {
    format!("{PATH}/{}", service_id["id"].as_str().unwrap())
}

pub(super) fn put(client: &Client, path: &str, tag: &str, body: &Value) -> (u16, Value) {
    answer(client.request("PUT", path).header("If-Match", tag).json(body).send().unwrap())
}

/// The names in a list, which may go over several pages.
#[track_caller]
fn names(client: &Client, query: &str) -> Vec<String> {
    let (mut names, mut url) = (Vec::new(), format!("{PATH}?account_id={ACCOUNT}&{query}"));
    loop {
        let (status, page) = client.call("GET", &url);
        assert_eq!(status, 200, "{page}");
        let listed = page["serviceids"].as_array().unwrap().iter();
        names.extend(listed.map(|one| one["name"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { return names };
        next.clone_into(&mut url);
    }
}

#[test]
fn a_service_id_has_the_fields_of_the_service_in_its_order() {
    let (_sandbox, _emulator, client) = in_memory(&[]);
    let body = json!({
        "name": "CI 🚀", "account_id": ACCOUNT, "description": "d", "unique_instance_crns": ["crn:v1:x"],
    });
    let request = client.request("POST", "/v1/serviceids/?show_group_id=true");
    let response = request.header("Entity-Lock", "true").json(&body).send().unwrap();
    assert_eq!(response.status(), 201);
    let text = response.text().unwrap();
    let made: Value = serde_json::from_str(&text).unwrap();
    let (id, tag) = (made["id"].as_str().unwrap(), made["entity_tag"].as_str().unwrap());
    assert!(id.starts_with("ServiceId-") && id.len() == 46, "{id}");
    let with_group = format!(
        concat!(
            r#"{{"id":"{id}","iam_id":"iam-{id}","entity_tag":"{tag}","#,
            r#""crn":"crn:v1:bluemix:public:iam-identity::a/{account}::serviceid:{id}","locked":true,"#,
            r#""created_at":"2026-11-21T09:00+0000","modified_at":"2026-11-21T09:00+0000","account_id":"{account}","#,
            r#""group_id":"{group}","name":"CI 🚀","description":"d","unique_instance_crns":["crn:v1:x"]}}"#
        ),
        id = id,
        tag = tag,
        account = ACCOUNT,
        group = DEFAULT
    );
    assert_eq!(text, with_group);
    let shown = client.request("GET", &path_of(&made)).send().unwrap();
    assert_eq!(shown.headers()["etag"], tag);
    let without_group = with_group.replace(&format!("\"group_id\":\"{DEFAULT}\","), "");
    assert_eq!(shown.text().unwrap(), without_group);
    let plain = service_id(&client, "plain", &[]);
    let found = (&plain["description"], &plain["unique_instance_crns"], &plain["locked"]);
    assert_eq!(found, (&json!(""), &json!([]), &json!(false)));
    let path = format!("{}?show_group_id=true", path_of(&plain));
    assert_eq!(client.call("GET", &path).1["group_id"], DEFAULT);
}

#[test]
fn a_service_id_lives_as_ibms_suites_have_it() {
    let (_sandbox, _emulator, client) = in_memory(&[]);
    let key = json!({"name": "k", "store_value": true, "expires_at": "2049-01-02T18:30:00+0000"});
    let made = service_id(&client, "one", &[("description", json!("first")), ("apikey", key)]);
    let inline = &made["apikey"];
    let value = inline["apikey"].as_str().unwrap();
    let found = (&inline["name"], &inline["iam_id"], &inline["created_by"], value.len());
    assert_eq!(found, (&json!("k"), &made["iam_id"], &json!(IAM_ID), 44));
    let path = path_of(&made);
    let (_, shown) =
        client.call("GET", &format!("{path}?include_history=true&include_activity=true"));
    let created = json!({
        "timestamp": "2026-11-21T09:00+0000", "iam_id": IAM_ID, "iam_id_account": ACCOUNT,
        "action": "create", "params": [], "message": ""
    });
    assert_eq!(
        (&shown["history"], &shown["activity"]),
        (&json!([created]), &json!({"authn_count": 0}))
    );
    assert_eq!(shown.get("apikey"), None, "it comes on creation only");
    // A value that is to be kept can be read again as long as the emulator runs.
    let path_of_key = super::path_of(inline);
    assert_eq!(client.call("GET", &path_of_key).1["apikey"], value);
    assert_eq!(client.log_in(value).0, 200);
    let tag = shown["entity_tag"].as_str().unwrap();
    let (status, updated) = put(&client, &path, tag, &json!({"description": "second"}));
    assert_eq!(
        (status, &updated["description"], &updated["name"]),
        (200, &json!("second"), &json!("one"))
    );
    assert!(updated["entity_tag"].as_str().unwrap().starts_with("2-"));
    let stale = put(&client, &path, tag, &json!({"description": "third"}));
    refused(&stale, (409, "conflict", None), "The entity was changed meanwhile");
    let (_, any) = put(
        &client,
        &path,
        "*",
        &json!({"name": "uno", "unique_instance_crns": ["c"], "description": ""}),
    );
    assert_eq!(
        (&any["name"], &any["unique_instance_crns"], &any["description"]),
        (&json!("uno"), &json!(["c"]), &json!(""))
    );
    assert_eq!(client.call("POST", &format!("{path}/lock")), (204, Value::Null));
    refused(
        &client.call("POST", &format!("{path}/lock")),
        (409, "conflict", None),
        "The entity is already in the requested state.",
    );
    refused(
        &put(&client, &path, "*", &json!({"name": "x"})),
        (409, "locked", None),
        "The entity is locked",
    );
    let kept = client.call("DELETE", &path);
    refused(&kept, (409, "delete_not_possible", Some("BXNIM0105E")), "Unable to delete object");
    assert_eq!(client.call("DELETE", &format!("{path}/lock")), (204, Value::Null));
    let (_, shown) =
        client.call("GET", &format!("{path}?include_history=true&include_activity=true"));
    let history = shown["history"].as_array().unwrap().iter();
    let actions: Vec<_> = history.map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["create", "update", "update", "lock", "unlock"]);
    assert_eq!(shown["activity"], json!({"last_authn": "2026-11-21T09:00+0000", "authn_count": 1}));
    let listed = client.call("GET", &format!("{PATH}/?account_id={ACCOUNT}&include_history=true"));
    assert_eq!(listed.1["serviceids"][0]["history"], shown["history"]);
    assert_eq!(client.call("POST", &format!("{path_of_key}/lock")).0, 204);
    let kept = client.call("DELETE", &path);
    refused(&kept, (409, "delete_not_possible", Some("BXNIM0105E")), "Unable to delete object");
    assert_eq!(client.call("GET", &path_of_key).0, 200, "nothing was deleted");
    assert_eq!(client.call("DELETE", &format!("{path_of_key}/lock")).0, 204);
    assert_eq!(client.call("DELETE", &path), (204, Value::Null));
    for gone in [&path, &path_of_key] {
        let answer = client.call("GET", gone);
        refused(&answer, (404, "not_found", Some("BXNIM0102E")), "Unable to find object");
    }
    assert_eq!(client.log_in(value).0, 400, "its keys went with it");
}

#[test]
fn lists_are_by_group_name_and_filter_in_any_order_and_page_by_page() {
    let (_sandbox, _emulator, client) = in_memory(&[]);
    let (_, group) =
        client.send("POST", "/v1/serviceid_groups", &json!({"name": "g", "account_id": ACCOUNT}));
    for (name, description) in [("b", "2"), ("a", "1"), ("c", "1"), ("a", "3")] {
        service_id(&client, name, &[("description", json!(description))]);
    }
    service_id(&client, "a", &[("group_id", group["id"].clone())]);
    let elsewhere = format!("group_id={}", group["id"].as_str().unwrap());
    for (query, expected) in [
        ("", "b a c a"),
        ("pagesize=1", "b a c a"),
        ("name=a", "a a"),
        ("name=A", ""),
        ("sort=name", "a a b c"),
        ("sort=name&order=desc&pagesize=3", "c b a a"),
        ("sort=description", "a c b a"),
        ("sort=modified_at&order=asc", "b a c a"),
        ("filter=description%20co%20%221%22", "a c"),
        ("filter=description%20co%20%221%22&name=a", "a"),
        (&elsewhere, "a"),
        (&format!("group_id={DEFAULT}"), "b a c a"),
    ] {
        assert_eq!(names(&client, query).join(" "), expected, "{query}");
    }
    let page = client
        .call(
            "GET",
            &format!("{PATH}/?account_id={ACCOUNT}&pagesize=3&show_group_id=true&{elsewhere}"),
        )
        .1;
    assert_eq!(
        (&page["offset"], &page["limit"], &page["serviceids"][0]["group_id"]),
        (&json!(0), &json!(3), &group["id"])
    );
    let first = client.call("GET", page["first"].as_str().unwrap()).1;
    assert_eq!(first["serviceids"], page["serviceids"], "the link keeps group and form");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let (_sandbox, _emulator, client) = in_memory(&[]);
    let missing = |property| format!("Property '{property}' either missing or empty.");
    let absent = (400, "bad_request", Some("BXNIM0109E"));
    let bad = (400, "bad_request", None);
    refused(&client.call("GET", PATH), absent, &missing("account_id"));
    let elsewhere = client.call("GET", &format!("{PATH}?account_id=abc"));
    refused(
        &elsewhere,
        (403, "forbidden", Some("BXNIM0513E")),
        "You are not authorized to use this API",
    );
    let unknown = client.call("GET", &format!("{PATH}?account_id={ACCOUNT}&group_id=x"));
    refused(&unknown, (404, "not_found", Some("BXNIM0102E")), "Unable to find object");
    let sorted = client.call("GET", &format!("{PATH}?account_id={ACCOUNT}&sort=created_by"));
    let words = "Validation of property 'sort' failed. Valid values: 'name, description, created_at, modified_at'";
    refused(&sorted, (400, "bad_request", Some("BXNIM0106E")), words);
    let post = |body: Value| client.send("POST", PATH, &body);
    refused(&post(json!({"name": "n"})), absent, &missing("account_id"));
    refused(&post(json!({"account_id": ACCOUNT})), absent, &missing("name"));
    refused(
        &post(json!({"name": "n", "account_id": "abc"})),
        bad,
        "The specified account does not match the account in the token.",
    );
    refused(
        &post(json!({"name": "n", "account_id": ACCOUNT, "group_id": "x"})),
        bad,
        "The group of service IDs x does not exist.",
    );
    refused(
        &post(json!({"name": "n", "account_id": ACCOUNT, "apikey": {"name": ""}})),
        absent,
        &missing("apikey.name"),
    );
    let taken = client.create("k")["apikey"].clone();
    refused(
        &post(
            json!({"name": "n", "account_id": ACCOUNT, "apikey": {"name": "k", "apikey": taken}}),
        ),
        (409, "conflict", None),
        "An API key with this value exists already",
    );
    assert_eq!(names(&client, ""), [""; 0], "nothing was made without its key");
    let path = "/v1/serviceids/ServiceId-00000000-0000-4000-8000-000000000000";
    let not_found = (404, "not_found", Some("BXNIM0102E"));
    for (method, path) in [
        ("GET", path.to_owned()),
        ("GET", format!("{PATH}/a%20name")),
        ("DELETE", path.to_owned()),
        ("POST", format!("{path}/lock")),
        ("DELETE", format!("{path}/lock")),
    ] {
        let answer = client.call(method, &path);
        refused(&answer, not_found, "Unable to find object");
        assert!(answer.1.to_string().contains("Object type 'ServiceId' with ID '"), "{path}");
    }
    refused(&put(&client, path, "*", &json!({})), not_found, "Unable to find object");
    let made = service_id(&client, "n", &[]);
    let blind = client.send("PUT", &path_of(&made), &json!({"name": "m"}));
    refused(&blind, absent, &missing("If-Match"));
    refused(&put(&client, &path_of(&made), "*", &json!({"name": ""})), absent, &missing("name"));
}

#[test]
fn service_ids_outlive_the_emulator_and_an_older_program_does_not_take_them_for_keys() {
    let sandbox = Sandbox::new();
    let emulator = Emulator::start(&sandbox, &[], &[]);
    let client = emulator.client();
    let made = service_id(&client, "one", &[]);
    key_of(&client, &made, "its");
    client.create("mine");
    let shown = client.call("GET", &path_of(&made));
    emulator.stop();
    let store = std::fs::read_to_string(sandbox.store()).unwrap();
    let words: Vec<_> = store.lines().skip(1).map(|line| line.split('"').nth(7).unwrap()).collect();
    assert_eq!(words, ["service-create", "create", "create"], "{store}");
    let outcome = sandbox.run(&["api-keys", "--uuid"]);
    let listed = &outcome.ok().stdout;
    assert_eq!(listed.lines().count(), 1, "one's own keys: {listed}");
    let emulator = Emulator::start(&sandbox, &[], &[]);
    assert_eq!(emulator.client().call("GET", &path_of(&made)), shown);
}

#[test]
fn a_fault_strikes_what_it_names() {
    let (_sandbox, _emulator, client) = in_memory(&[
        "--fault",
        "service.create:status=503,after,times=1",
        "--fault",
        "group.list:status=403",
    ]);
    let body = json!({"name": "n", "account_id": ACCOUNT});
    assert_eq!(client.send("POST", PATH, &body).0, 503);
    assert_eq!(names(&client, ""), ["n"], "it was made, and nobody told");
    assert_eq!(client.call("GET", "/v1/serviceid_groups").0, 403);
}
