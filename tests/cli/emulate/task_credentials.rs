//! Task credentials of watsonx, as IBM's SDK asks for them.

use serde_json::{Value, json};

use super::service_ids::{key_of, service_id};
use super::{in_memory, refused};
use crate::support::emulator::{Client, Emulator};
use crate::support::{Sandbox, mode};

const PATH: &str = "/v1/task_credentials";
const VALUE: &str = "Kq3-secret-value-0123456789-0123456789-01234";

fn path(region: &str) -> String {
    format!("/regions/{region}{PATH}")
}

fn store(client: &Client, path: &str, name: &str) -> (u16, Value) {
    let secret = json!({"api_key": VALUE});
    let body = json!({"name": name, "description": "d", "type": "iam_api_key", "secret": secret});
    client.send("POST", &format!("{path}?version=2021-06-21"), &body)
}

/// The names in a region.
#[track_caller]
fn names(client: &Client, path: &str) -> Vec<String> {
    let (status, list) = client.call("GET", path);
    assert_eq!(status, 200, "{list}");
    let all = list["credentials"].as_array().unwrap().iter();
    all.map(|one| one["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_task_credential_has_no_value_and_lives_in_one_region() {
    let (_sandbox, _emulator, client) = in_memory(&[]);
    let (status, made) = store(&client, &path("eu-de"), "one 🚀");
    let id = made["id"].as_str().unwrap();
    let expected = json!({
        "id": id, "name": "one 🚀", "description": "d", "type": "iam_api_key", "scope": {},
        "created_at": "2026-11-21T09:00:00Z",
    });
    assert_eq!((status, &made), (201, &expected));
    let of_one = format!("{}/{id}", path("eu-de"));
    assert_eq!(client.call("GET", &of_one), (200, expected.clone()));
    let listed = json!({"credentials": [expected]});
    assert_eq!(client.call("GET", &path("eu-de")), (200, listed.clone()));
    assert_eq!(client.call("GET", &format!("{}?type=iam_api_key", path("eu-de"))).1, listed);
    assert_eq!(
        client.call("GET", &format!("{}?type=other", path("eu-de"))).1,
        json!({"credentials": []})
    );
    let not_found = (404, "not_found", None);
    for elsewhere in [format!("{PATH}/{id}"), format!("{}/{id}", path("eu-gb"))] {
        for method in ["GET", "DELETE"] {
            let answer = client.call(method, &elsewhere);
            refused(&answer, not_found, "The task credential was not found");
        }
    }
    assert_eq!(client.call("DELETE", &of_one), (204, Value::Null));
    refused(&client.call("DELETE", &of_one), not_found, "The task credential was not found");
    assert_eq!(names(&client, &path("eu-de")), [""; 0]);
}

#[test]
fn there_is_one_for_each_user_and_region() {
    let (_sandbox, emulator, client) = in_memory(&[]);
    for region in ["us-south", "eu-de", "ap-south-1"] {
        assert_eq!(store(&client, &path(region), region).0, 201);
        let again = store(&client, &path(region), "again");
        let message = "The user has a task credential in this region already";
        refused(&again, (409, "already_exists", None), message);
        assert_eq!(names(&client, &path(region)), [region]);
    }
    assert_eq!(names(&client, PATH), ["us-south"], "the root is us-south");
    let owner = service_id(&client, "jobs", &[]);
    let key = key_of(&client, &owner, "k");
    let mut other = Client::new(emulator.endpoint());
    let token = other.log_in(key["apikey"].as_str().unwrap()).1["access_token"].take();
    other.token = Some(token.as_str().unwrap().to_owned());
    assert_eq!(store(&other, PATH, "of the service ID").0, 201);
    assert_eq!(names(&other, PATH), ["of the service ID"]);
    assert_eq!(names(&client, PATH), ["us-south"]);
}

#[test]
fn what_is_no_task_credential_is_refused() {
    let (_sandbox, emulator, client) = in_memory(&[]);
    let secret = json!({"api_key": VALUE});
    let missing = |property: &str| format!("Property '{property}' either missing or empty.");
    let missed = (400, "bad_request", Some("BXNIM0109E"));
    let type_message = "Validation of property 'type' failed. Valid values: 'iam_api_key'";
    for (body, expected, message) in [
        (json!({"type": "iam_api_key", "secret": secret}), missed, &*missing("name")),
        (json!({"name": "n", "type": "iam_api_key"}), missed, &missing("secret.api_key")),
        (
            json!({"name": "n", "type": "iam_api_key", "secret": {"api_key": ""}}),
            missed,
            &missing("secret.api_key"),
        ),
        (
            json!({"name": "n", "type": "x", "secret": secret}),
            (400, "bad_request", Some("BXNIM0106E")),
            type_message,
        ),
        (json!([VALUE]), (400, "bad_request", None), "The request body is no task credential"),
    ] {
        let answer = client.send("POST", PATH, &body);
        refused(&answer, expected, message);
        assert!(!answer.1.to_string().contains(VALUE));
    }
    assert_eq!(client.call("GET", &path("mars")).0, 404);
    assert_eq!(Client::new(emulator.endpoint()).call("GET", PATH).0, 401);
    assert_eq!(names(&client, PATH), [""; 0]);
}

#[test]
fn they_are_kept_beside_the_store_without_values() {
    let sandbox = Sandbox::new();
    let start = || Emulator::start(&sandbox, &["--store", "keys"], &[]);
    let emulator = start();
    assert_eq!(store(&emulator.client(), &path("jp-tok"), "kept").0, 201);
    emulator.stop().is(0, "", "");
    let file = sandbox.work("keys/task-credentials.jsonl");
    assert_eq!(mode(&file), 0o600);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("kept") && !text.contains(VALUE), "{text}");
    let emulator = start();
    assert_eq!(names(&emulator.client(), &path("jp-tok")), ["kept"]);
}

#[test]
fn their_requests_fail_on_purpose() {
    for (when, made) in [("before", 0), ("after", 1)] {
        let faults = [format!("task.create:drop,{when}"), format!("task.delete:status=503,{when}")];
        let (_sandbox, _emulator, client) = in_memory(&["--fault", &faults[0]]);
        let body = json!({"name": "n", "type": "iam_api_key", "secret": {"api_key": VALUE}});
        assert!(client.request("POST", PATH).json(&body).send().is_err());
        assert_eq!(names(&client, PATH).len(), made, "{when}");
        let (_sandbox, _emulator, client) = in_memory(&["--fault", &faults[1]]);
        let (_, stored) = store(&client, PATH, "n");
        let path = format!("{PATH}/{}", stored["id"].as_str().unwrap());
        assert_eq!(client.call("DELETE", &path).0, 503);
        assert_eq!(names(&client, PATH).len(), 1 - made, "{when}");
    }
    let faults = ["--fault", "task.list:status=403", "--fault", "task.get:status=502"];
    let (_sandbox, _emulator, client) = in_memory(&faults);
    assert_eq!(client.call("GET", PATH).0, 403);
    assert_eq!(client.call("GET", &format!("{PATH}/x")).0, 502);
}
