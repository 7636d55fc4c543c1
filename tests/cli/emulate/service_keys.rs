//! The keys of service IDs, and what a service ID may do that logged in with one.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::service_ids::{key_of, path_of as service_path, put, service_id};
use super::tokens::no_token;
use super::{in_memory, path_of, refused};
use crate::support::emulator::{Client, Emulator};
use crate::support::{ACCOUNT, IAM_ID};

/// A client that is logged in with a key.
#[track_caller]
fn as_holder(emulator: &Emulator, key: &Value) -> Client {
    let mut client = Client::new(emulator.endpoint());
    let (status, body) = client.log_in(key["apikey"].as_str().unwrap());
    assert_eq!(status, 200, "{body}");
    client.token = Some(body["access_token"].as_str().unwrap().to_owned());
    client
}

#[track_caller]
fn names(client: &Client, query: &str) -> Vec<String> {
    let (status, page) = client.call("GET", &format!("/v1/apikeys?{query}"));
    assert_eq!(status, 200, "{page}");
    let keys = page["apikeys"].as_array().unwrap().iter();
    keys.map(|key| key["name"].as_str().unwrap().to_owned()).collect()
}

#[track_caller]
fn forbidden(answer: &(u16, Value)) {
    refused(
        answer,
        (403, "forbidden", Some("BXNIM0513E")),
        "You are not authorized to use this API",
    );
}

#[test]
fn a_user_lists_the_keys_of_service_ids_of_one_and_of_a_group() {
    let (_sandbox, _emulator, client) = in_memory(&[]);
    let (_, group) =
        client.send("POST", "/v1/serviceid_groups", &json!({"name": "g", "account_id": ACCOUNT}));
    let one = service_id(&client, "one", &[]);
    let two = service_id(&client, "two", &[("group_id", group["id"].clone())]);
    for (owner, name) in [(&one, "a"), (&one, "b"), (&two, "c")] {
        key_of(&client, owner, name);
    }
    client.create("mine");
    let (id, iam_id) = (one["id"].as_str().unwrap(), one["iam_id"].as_str().unwrap());
    let elsewhere =
        format!("scope=account&type=serviceid&group_id={}", group["id"].as_str().unwrap());
    for (query, expected) in [
        (&*format!("iam_id={iam_id}&account_id={ACCOUNT}&sort=created_at"), "a b"),
        (&format!("iam_id={id}"), "a b"),
        (&format!("iam_id={iam_id}&include_history=true"), "a b"),
        (&format!("iam_id={iam_id}&filter=name%20co%20%22b%22"), "b"),
        ("scope=account&type=serviceid", "a b"),
        (&elsewhere, "c"),
        ("scope=account&type=user", "mine"),
        ("type=serviceid", ""),
        ("", "mine"),
    ] {
        assert_eq!(names(&client, query).join(" "), expected, "{query}");
    }
    let unknown =
        client.call("GET", "/v1/apikeys?iam_id=iam-ServiceId-00000000-0000-4000-8000-000000000000");
    refused(&unknown, (404, "not_found", Some("BXNIM0102E")), "Unable to find object");
    let limits =
        format!("/v1/accounts/{ACCOUNT}/limits/identity?apikeys_per_identity={iam_id},{IAM_ID}");
    let counts = client.call("GET", &limits).1["apikeys_per_identity"]["identities"].clone();
    assert_eq!(counts, json!([{"iam_id": iam_id, "count": 2}, {"iam_id": IAM_ID, "count": 1}]));
}

#[test]
fn a_key_is_made_for_a_service_id_that_exists_and_its_value_is_kept_on_request() {
    let (_sandbox, _emulator, client) = in_memory(&[]);
    let owner = service_id(&client, "one", &[]);
    let key = key_of(&client, &owner, "k");
    let found = (&key["iam_id"], &key["created_by"], &key["account_id"]);
    assert_eq!(found, (&owner["iam_id"], &json!(IAM_ID), &json!(ACCOUNT)));
    assert_eq!(client.call("GET", &path_of(&key)).1.get("apikey"), None);
    let body = json!({
        "name": "kept", "iam_id": owner["id"], "store_value": true, "support_sessions": true, "account_id": ACCOUNT,
    });
    let (status, kept) = client.send("POST", "/v1/apikeys", &body);
    assert_eq!(
        (status, &kept["iam_id"], &kept["support_sessions"]),
        (201, &owner["iam_id"], &json!(false))
    );
    assert_eq!(client.call("GET", &path_of(&kept)).1["apikey"], kept["apikey"]);
    let changed = put(&client, &path_of(&kept), "*", &json!({"support_sessions": true})).1;
    assert_eq!(changed["support_sessions"], false);
    assert_eq!(client.call("DELETE", &path_of(&kept)).0, 204);
    let id = "ServiceId-00000000-0000-4000-8000-000000000000";
    let body = json!({"name": "k", "iam_id": format!("iam-{id}")});
    refused(
        &client.send("POST", "/v1/apikeys", &body),
        (400, "bad_request", None),
        &format!("The service ID {id} does not exist."),
    );
    for n in 1..20 {
        key_of(&client, &owner, &n.to_string());
    }
    let body = json!({"name": "one more", "iam_id": owner["iam_id"]});
    refused(
        &client.send("POST", "/v1/apikeys", &body),
        (422, "limit_reached", Some("BXNIM0151E")),
        "The limit of supported API keys is reached",
    );
}

#[test]
fn a_service_id_acts_on_itself_and_its_keys_only() {
    let (_sandbox, emulator, user) = in_memory(&[]);
    let own = service_id(&user, "own", &[]);
    let other = service_id(&user, "other", &[]);
    let (key, theirs) = (key_of(&user, &own, "k"), key_of(&user, &other, "theirs"));
    let mine = user.create("mine");
    let client = as_holder(&emulator, &key);
    let payload = client.token.as_ref().unwrap().split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    let found = (&claims["iam_id"], &claims["realmid"], &claims["identifier"], &claims["name"]);
    assert_eq!(found, (&own["iam_id"], &json!("iam"), &own["id"], &json!("own")));

    assert_eq!(names(&client, ""), ["k"]);
    assert_eq!(names(&client, &format!("iam_id={}", own["iam_id"].as_str().unwrap())), ["k"]);
    assert_eq!(client.call("GET", &service_path(&own)).0, 200);
    let made = key_of(&client, &own, "successor");
    assert_eq!(made["created_by"], own["iam_id"]);
    let path = path_of(&made);
    assert_eq!(put(&client, &path, "*", &json!({"name": "s"})).0, 200);
    for (method, act) in
        [("POST", "/lock"), ("DELETE", "/lock"), ("POST", "/disable"), ("DELETE", "/disable")]
    {
        assert_eq!(client.call(method, &format!("{path}{act}")).0, 204, "{method} {act}");
    }
    let (_, shown) = user.call("GET", &format!("{path}?include_history=true"));
    let history = shown["history"].as_array().unwrap();
    assert!(history.iter().all(|entry| entry["iam_id"] == own["iam_id"]), "{shown}");
    let details = client.request("GET", "/v1/apikeys/details");
    let details = details.header("IAM-ApiKey", key["apikey"].as_str().unwrap()).send().unwrap();
    assert_eq!(details.status(), 200);

    for owner in [&json!(IAM_ID), &other["iam_id"]] {
        forbidden(&client.call("GET", &format!("/v1/apikeys?iam_id={}", owner.as_str().unwrap())));
        forbidden(&client.send("POST", "/v1/apikeys", &json!({"name": "k", "iam_id": owner})));
    }
    forbidden(&client.call("GET", "/v1/apikeys?scope=account&type=serviceid"));
    for foreign in [&theirs, &mine] {
        let path = path_of(foreign);
        forbidden(&client.call("GET", &path));
        forbidden(&client.call("DELETE", &path));
        forbidden(&client.call("POST", &format!("{path}/disable")));
        forbidden(&put(&client, &path, "*", &json!({"name": "x"})));
        let details = client.request("GET", "/v1/apikeys/details");
        let value = foreign["apikey"].as_str().unwrap();
        let answer = details.header("IAM-ApiKey", value).send().unwrap();
        forbidden(&crate::support::emulator::answer(answer));
    }
    for (method, path) in [
        ("GET", service_path(&other)),
        ("DELETE", service_path(&own)),
        ("POST", format!("{}/lock", service_path(&own))),
        ("GET", format!("/v1/serviceids?account_id={ACCOUNT}")),
        ("GET", "/v1/serviceid_groups".to_owned()),
        ("GET", format!("/v1/accounts/{ACCOUNT}/limits/identity")),
    ] {
        forbidden(&client.call(method, &path));
    }
    assert_eq!(client.call("DELETE", &path_of(&key)).0, 204, "even the key that it came with");
}

#[test]
fn tokens_end_with_the_service_id_and_not_with_its_lock() {
    let (_sandbox, emulator, user) = in_memory(&[]);
    let own = service_id(&user, "own", &[]);
    let key = key_of(&user, &own, "k");
    let form = [
        ("grant_type", "urn:ibm:params:oauth:grant-type:apikey"),
        ("apikey", key["apikey"].as_str().unwrap()),
    ];
    let refresh = user.grant(&form, Some(("bx", "bx"))).1["refresh_token"].clone();
    let client = as_holder(&emulator, &key);
    assert_eq!(user.call("POST", &format!("{}/lock", service_path(&own))).0, 204);
    assert_eq!(names(&client, ""), ["k"]);
    assert_eq!(client.log_in(key["apikey"].as_str().unwrap()).0, 200);
    assert_eq!(user.call("DELETE", &format!("{}/lock", service_path(&own))).0, 204);
    assert_eq!(user.call("DELETE", &service_path(&own)).0, 204);
    let dead = client.call("GET", "/v1/apikeys");
    refused(&dead, (401, "invalid_access_token", None), "The access token is invalid.");
    no_token(&client.call("GET", "/identity/userinfo"), 401, "invalid_access_token");
    let request = Client::new(emulator.endpoint()).request("POST", "/identity/introspect");
    let request = request.basic_auth("bx", Some("bx"));
    let form = [("token", client.token.as_ref().unwrap())];
    let introspected = crate::support::emulator::answer(request.form(&form).send().unwrap());
    assert_eq!(introspected, (200, json!({"active": false})));
    let form = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str().unwrap())];
    assert_eq!(user.grant(&form, Some(("bx", "bx"))).0, 400);
}
