//! Groups of service IDs.

use serde_json::{Value, json};

use super::service_ids::{put, service_id};
use super::{in_memory, refused};
use crate::support::emulator::Client;
use crate::support::{ACCOUNT, IAM_ID};

const PATH: &str = "/v1/serviceid_groups";
const DEFAULT: &str = "/v1/serviceid_groups/ServiceIdGroup-10ca1000-0000-4000-8000-000000000000";

#[track_caller]
fn group(client: &Client, name: &str) -> (String, Value) {
    let body = json!({"name": name, "account_id": ACCOUNT, "description": "d"});
    let (status, made) = client.send("POST", PATH, &body);
    assert_eq!(status, 201, "{made}");
    (format!("{PATH}/{}", made["id"].as_str().unwrap()), made)
}

fn names(client: &Client) -> Vec<String> {
    let listed = client.call("GET", &format!("{PATH}?account_id={ACCOUNT}")).1;
    let groups = listed["serviceid_groups"].as_array().unwrap().iter();
    groups.map(|group| group["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_group_has_the_fields_of_the_service_in_its_order() {
    let (_sandbox, _emulator, client) = in_memory(&[]);
    let (path, made) = group(&client, "team 🚀");
    let (id, tag) = (made["id"].as_str().unwrap(), made["entity_tag"].as_str().unwrap());
    let shown = client.request("GET", &path).send().unwrap();
    assert_eq!(shown.headers()["etag"], tag);
    let expected = format!(
        concat!(
            r#"{{"id":"{id}","entity_tag":"{tag}","account_id":"{account}","#,
            r#""crn":"crn:v1:bluemix:public:iam-identity::a/{account}::serviceidgroup:{id}","#,
            r#""name":"team 🚀","description":"d","created_at":"2026-11-21T09:00+0000","#,
            r#""created_by":"{user}","modified_at":"2026-11-21T09:00+0000"}}"#
        ),
        id = id,
        tag = tag,
        account = ACCOUNT,
        user = IAM_ID
    );
    assert_eq!(shown.text().unwrap(), expected);
}

#[test]
fn groups_are_made_changed_and_deleted() {
    let (_sandbox, _emulator, client) = in_memory(&[]);
    assert_eq!(names(&client), ["default"]);
    let (path, made) = group(&client, "one");
    let tag = made["entity_tag"].as_str().unwrap();
    let (status, updated) = put(&client, &path, tag, &json!({"name": "one", "description": "e"}));
    assert_eq!(
        (status, &updated["description"], &updated["name"]),
        (200, &json!("e"), &json!("one"))
    );
    let stale = put(&client, &path, tag, &json!({"name": "two"}));
    refused(&stale, (409, "conflict", None), "The entity was changed meanwhile");
    assert_eq!(put(&client, &path, "*", &json!({"name": "two"})).0, 200);
    assert_eq!(names(&client), ["default", "two"]);
    assert_eq!(client.call("DELETE", &path), (204, Value::Null));
    let not_found = (404, "not_found", Some("BXNIM0102E"));
    for method in ["GET", "DELETE"] {
        refused(&client.call(method, &path), not_found, "Unable to find object");
    }
    refused(&put(&client, &path, "*", &json!({})), not_found, "Unable to find object");
    assert_eq!(names(&client), ["default"]);
}

#[test]
fn a_name_is_unique_in_the_account_and_a_group_in_use_stays() {
    let (_sandbox, _emulator, client) = in_memory(&[]);
    let (one, made) = group(&client, "one");
    let taken = "Another group of the account has this name.";
    for name in ["one", "default"] {
        let body = json!({"name": name, "account_id": ACCOUNT});
        refused(&client.send("POST", PATH, &body), (409, "conflict", None), taken);
    }
    let (two, _) = group(&client, "two");
    refused(&put(&client, &two, "*", &json!({"name": "one"})), (409, "conflict", None), taken);
    let inside = service_id(&client, "s", &[("group_id", made["id"].clone())]);
    let kept = (409, "delete_not_possible", Some("BXNIM0105E"));
    for (path, why) in [
        (&*one, "A group that holds service IDs cannot be deleted."),
        (DEFAULT, "The default group of an account cannot be deleted."),
    ] {
        let answer = client.call("DELETE", path);
        refused(&answer, kept, "Unable to delete object");
        assert_eq!(answer.1["errors"][0]["details"], why);
    }
    let limits = format!(
        "/v1/accounts/{ACCOUNT}/limits/identity?serviceid_groups=true&serviceids_per_group={}",
        made["id"].as_str().unwrap()
    );
    let expected = json!({
        "serviceid_groups": {"limit": 50, "count": 3},
        "serviceids_per_group": {"limit": 2000, "serviceid_groups": [{"group_id": made["id"], "count": 1}]},
    });
    assert_eq!(client.call("GET", &limits).1, expected);
    assert_eq!(client.call("DELETE", &super::service_ids::path_of(&inside)).0, 204);
    assert_eq!(client.call("DELETE", &one).0, 204);
}

#[test]
fn the_default_group_is_there_from_the_start_and_can_be_changed() {
    let (_sandbox, _emulator, client) = in_memory(&[]);
    let (status, shown) = client.call("GET", DEFAULT);
    assert_eq!(
        (status, &shown["name"], &shown["created_by"]),
        (200, &json!("default"), &json!(IAM_ID))
    );
    let tag = shown["entity_tag"].as_str().unwrap();
    assert_eq!(put(&client, DEFAULT, tag, &json!({"description": "all"})).0, 200);
    let (_, changed) = client.call("GET", DEFAULT);
    assert_eq!(
        (&changed["description"], &changed["created_at"]),
        (&json!("all"), &shown["created_at"])
    );
    assert!(changed["entity_tag"].as_str().unwrap().starts_with("2-"));
    assert_eq!(names(&client), ["default"]);
}

#[test]
fn groups_are_limited() {
    let (_sandbox, _emulator, client) = in_memory(&[]);
    for n in 1..50 {
        group(&client, &n.to_string());
    }
    let body = json!({"name": "one more", "account_id": ACCOUNT});
    refused(
        &client.send("POST", PATH, &body),
        (422, "limit_reached", None),
        "The limit of supported groups of service IDs is reached",
    );
}
