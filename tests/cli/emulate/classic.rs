//! Classic infrastructure: the user, the only key of the user, and who may ask.

use serde_json::{Value, json};

use super::in_memory;
use crate::support::Sandbox;
use crate::support::emulator::{Client, Emulator, answer};

const USER: &str = "10ca1_local@localhost";
const OF_USER: &str = "/rest/v3.1/SoftLayer_User_Customer";

fn path(method: &str) -> String {
    format!("{OF_USER}/1000001/{method}.json")
}

#[track_caller]
fn refused(found: &(u16, Value), status: u16, code: &str, error: &str) {
    let code = format!("SoftLayer_Exception{code}");
    assert_eq!(*found, (status, json!({"error": error, "code": code})));
}

fn keys(client: &Client) -> Value {
    let (status, keys) = client.call("GET", &path("getApiAuthenticationKeys"));
    assert_eq!(status, 200, "{keys}");
    keys
}

/// Makes the key, and returns its value.
fn add(client: &Client) -> String {
    let (status, value) = client.call("GET", &path("addApiAuthenticationKey"));
    assert_eq!(status, 200, "{value}");
    value.as_str().unwrap().to_owned()
}

fn remove(client: &Client, parameters: &Value) -> (u16, Value) {
    let path = format!("{OF_USER}/removeApiAuthenticationKey.json");
    client.send("POST", &path, &json!({"parameters": parameters}))
}

fn who(client: &Client, user: &str, password: &str) -> (u16, Value) {
    let path = format!("{}/rest/v3/SoftLayer_Account/getCurrentUser", client.endpoint);
    let request = Client::new(&client.endpoint).request("GET", &path);
    answer(request.basic_auth(user, Some(password)).send().unwrap())
}

#[test]
fn a_user_has_one_key_and_its_value_can_be_read_until_it_is_removed() {
    let (_sandbox, _emulator, client) = in_memory(&[]);
    assert_eq!(keys(&client), json!([]));
    let value = add(&client);
    assert!(value.len() == 64 && value.bytes().all(|b| b.is_ascii_alphanumeric()), "{value}");
    let found = keys(&client);
    let (id, time) = (&found[0]["id"], &found[0]["timestampKey"]);
    assert!(id.as_u64().unwrap() > 0 && time.as_u64().unwrap() > 1_700_000_000);
    let key =
        json!({"id": id, "authenticationKey": value, "timestampKey": time, "userId": 1_000_001});
    assert_eq!(found, json!([key]));
    let one = "/rest/v3.1/SoftLayer_User_Customer_ApiAuthentication";
    for path in [format!("{one}/{id}/getObject.json"), format!("{one}/{id}.json")] {
        assert_eq!(client.call("GET", &path), (200, key.clone()));
    }
    let again = client.call("GET", &path("addApiAuthenticationKey"));
    refused(&again, 500, "_Public", "Each user can only have a single API key.");
    assert_eq!(keys(&client), json!([key]));

    assert_eq!(remove(&client, &json!([id])), (200, json!(true)));
    assert_eq!(keys(&client), json!([]));
    let gone = format!("Unable to find object with id of '{id}'.");
    refused(&remove(&client, &json!([id])), 404, "_ObjectNotFound", &gone);
    let none = "Please provide an API Authentication key ID.";
    refused(&remove(&client, &json!([])), 500, "_Public", none);

    // The old form has the key in its path.
    assert_ne!(add(&client), value);
    let old =
        format!("{OF_USER}/1000001/removeApiAuthenticationKey/{}.json", keys(&client)[0]["id"]);
    assert_eq!(client.call("GET", &old), (200, json!(true)));
    assert_eq!(keys(&client), json!([]));
}

#[test]
fn the_user_is_shown_and_found_by_name() {
    let (_sandbox, _emulator, client) = in_memory(&[]);
    let user = json!({
        "id": 1_000_001, "username": USER, "accountId": 10_001, "email": "local@localhost",
        "firstName": "Local", "lastName": "User", "displayName": "Local User",
        "userStatusId": 1001, "userStatus": {"id": 1001, "keyName": "ACTIVE", "name": "Active"},
        "apiAuthenticationKeyCount": 0,
    });
    let current = "/rest/v3.1/SoftLayer_Account/getCurrentUser.json";
    for path in [
        current,
        "/rest/v3/SoftLayer_Account/getCurrentUser",
        &path("getObject"),
        &format!("{OF_USER}/1000001.json"),
    ] {
        assert_eq!(client.call("GET", path), (200, user.clone()), "{path}");
    }
    let masked = format!(
        "{current}?objectMask=mask[id,noSuchThing,apiAuthenticationKeys[authenticationKey]]"
    );
    assert_eq!(client.call("GET", &masked).1["apiAuthenticationKeys"], json!([]));
    let value = add(&client);
    let with_key = client.call("GET", &masked).1;
    assert_eq!(with_key["apiAuthenticationKeys"][0]["authenticationKey"], *value);
    assert_eq!(with_key["apiAuthenticationKeyCount"], 1);

    for (operation, total) in [
        (json!(format!("_= {USER}")), 1),
        (json!("*= LOCAL"), 1),
        (json!("^= 10ca1"), 1),
        (json!("$= localhost"), 1),
        (json!(USER), 1),
        (json!("local"), 0),
        (json!("_= somebody"), 0),
        (json!("!~ local"), 0),
    ] {
        let filter = json!({"users": {"username": {"operation": operation}}});
        let request = client.request("GET", "/rest/v3.1/SoftLayer_Account/getUsers.json");
        let found = request.query(&[("objectFilter", filter.to_string())]).send().unwrap();
        assert_eq!(found.headers()["softlayer-total-items"], total.to_string(), "{operation}");
        assert_eq!(answer(found).1.as_array().unwrap().len(), total, "{operation}");
    }
    let page = |limit| {
        let path = format!("/rest/v3.1/SoftLayer_Account/getUsers.json?resultLimit={limit}");
        client.call("GET", &path).1.as_array().unwrap().len()
    };
    assert_eq!((page("0,10"), page("10,10")), (1, 0));
}

#[test]
fn three_credentials_are_those_of_the_user_and_no_other_is() {
    let (_sandbox, emulator, client) = in_memory(&[]);
    let value = add(&client);
    let made = client.create("k");
    for (user, password) in [
        (USER, &*value),
        ("apikey", &emulator.value()),
        ("apikey", made["apikey"].as_str().unwrap()),
    ] {
        let (status, found) = who(&client, user, password);
        assert_eq!((status, &found["username"]), (200, &json!(USER)), "{user}");
    }
    let denied =
        |user, password| refused(&who(&client, user, password), 401, "_Public", "Access Denied. ");
    let bootstrap = emulator.value();
    denied(USER, &bootstrap);
    denied(USER, "");
    denied("apikey", &value);
    denied("somebody", &value);
    let id = keys(&client)[0]["id"].clone();
    remove(&client, &json!([id]));
    denied(USER, &value);

    let mut other = Client::new(emulator.endpoint());
    let current = "/rest/v3.1/SoftLayer_Account/getCurrentUser.json";
    let none = "No valid authentication headers found.";
    refused(&other.call("GET", current), 401, "_Public", none);
    other.token = Some("e30.e30.e30".to_owned());
    refused(&other.call("GET", current), 401, "_Public", "Invalid API token");
}

#[test]
fn a_token_that_has_expired_is_an_error_of_the_server() {
    let sandbox = Sandbox::new();
    let long_ago = [("IBMCLOUD_IAM_NOW", "2026-01-01T00:00:00Z")];
    let old = Emulator::start(&sandbox, &["--store", "keys"], &long_ago);
    let token = old.client().token;
    old.stop().is(0, "", "");
    let emulator = Emulator::start(&sandbox, &["--store", "keys"], &[]);
    let mut client = Client::new(emulator.endpoint());
    client.token = token;
    let found = client.call("GET", "/rest/v3.1/SoftLayer_Account/getCurrentUser.json");
    let code = "_Account_Authentication_AccessTokenValidation";
    refused(&found, 500, code, "Access token is expired.");
}

#[test]
fn what_is_not_there_belongs_to_others_or_is_not_served() {
    let (_sandbox, _emulator, client) = in_memory(&[]);
    for method in ["getObject", "getApiAuthenticationKeys", "addApiAuthenticationKey"] {
        let found = client.call("GET", &format!("{OF_USER}/7/{method}.json"));
        refused(&found, 404, "_ObjectNotFound", "Unable to find object with id of '7'.");
    }
    for (method, path) in [("GET", path("getPermissions")), ("DELETE", path("getObject"))] {
        let found = client.call(method, &path);
        let error = "The emulator does not serve this path";
        assert_eq!(found, (404, json!({"error": error, "code": "not_found"})));
    }
}

#[test]
fn the_key_outlives_the_emulator_but_its_value_is_not_told_again() {
    let sandbox = Sandbox::new();
    let emulator = Emulator::start(&sandbox, &["--store", "keys"], &[]);
    let value = add(&emulator.client());
    let before = keys(&emulator.client());
    emulator.stop().is(0, "", "");
    let emulator = Emulator::start(&sandbox, &["--store", "keys"], &[]);
    let client = emulator.client();
    let mut expected = before;
    expected[0].as_object_mut().unwrap().remove("authenticationKey");
    assert_eq!(keys(&client), expected);
    assert_eq!(who(&client, USER, &value).0, 200);
    for (path, thing) in crate::support::disk::snapshot(sandbox.root()) {
        assert!(!String::from_utf8_lossy(&thing.bytes).contains(&value), "{}", path.display());
    }
}

#[test]
fn faults_come_before_the_change_or_after_it_in_the_form_of_classic_infrastructure() {
    for (when, made) in [("before", 0), ("after", 1)] {
        let fault = format!("classic.add:drop,{when},times=1");
        let (_sandbox, _emulator, client) =
            in_memory(&["--fault", &fault, "--fault", "classic.remove:status=503,times=1"]);
        assert!(client.request("GET", &path("addApiAuthenticationKey")).send().is_err());
        assert_eq!(keys(&client).as_array().unwrap().len(), made, "{fault}");
        let found = remove(&client, &json!([1]));
        let error = "The service is unavailable";
        assert_eq!(found, (503, json!({"error": error, "code": "service_unavailable"})));
    }
}
