//! What it tells of an account beside its keys.

use serde_json::{Value, json};

use super::{NOT_AUTHORIZED, in_memory, refused};
use crate::support::emulator::{Client, Emulator, answer};
use crate::support::{ACCOUNT, IAM_ID, Sandbox};

#[test]
fn the_limit_holds_and_is_told() {
    let sandbox = Sandbox::new();
    let limit = [("IBMCLOUD_IAM_KEY_LIMIT", "2")];
    let emulator = Emulator::start(&sandbox, &["--in-memory"], &limit);
    let client = emulator.client();
    let path = format!("/v1/accounts/{ACCOUNT}/limits/identity");
    let usage = |query: &str| client.call("GET", &format!("{path}?{query}")).1;
    client.create("one");
    client.create("two");
    refused(
        &client.send("POST", "/v1/apikeys", &json!({"name": "three", "iam_id": IAM_ID})),
        (422, "limit_reached", Some("BXNIM0151E")),
        "The limit of supported API keys is reached",
    );
    let of =
        |identities: Value| json!({"apikeys_per_identity": {"limit": 2, "identities": identities}});
    let own = json!({"iam_id": IAM_ID, "count": 2});
    let other = json!({"iam_id": "IBMid-1", "count": 0});
    assert_eq!(usage(&format!("apikeys_per_identity={IAM_ID}")), of(json!([own])));
    assert_eq!(usage(&format!("apikeys_per_identity=IBMid-1,{IAM_ID}")), of(json!([other, own])));
    let group = json!({"serviceids_per_group": {"limit": 2000, "serviceid_groups": [{"group_id": "x", "count": 0}]}});
    assert_eq!(usage("serviceids_per_group=x"), group);
    assert_eq!(usage("profiles=true"), json!({}));
    let bulk = |body: Value| client.send("POST", &path, &body);
    assert_eq!(
        bulk(json!({"apikeys_per_identity": ["IBMid-1", IAM_ID], "templates": true})),
        (200, of(json!([other, own])))
    );
    assert_eq!(bulk(json!({})), (200, json!({})));
    refused(
        &bulk(json!({"apikeys_per_identity": IAM_ID})),
        (400, "bad_request", None),
        "The request body is no JSON object of the expected form",
    );
    let elsewhere = "/v1/accounts/abc/limits/identity";
    for answer in [client.call("GET", elsewhere), client.send("POST", elsewhere, &json!({}))] {
        refused(&answer, NOT_AUTHORIZED.0, NOT_AUTHORIZED.1);
    }
}

#[test]
fn what_no_account_has_is_listed_as_empty() {
    let (_sandbox, emulator, client) = in_memory(&[]);
    for (kind, member) in [
        ("profiles", "profiles"),
        ("profile_templates", "profile_templates"),
        ("profile_assignments", "assignments"),
        ("account_settings_templates", "account_settings_templates"),
        ("account_settings_assignments", "assignments"),
    ] {
        let path = format!("/v1/{kind}");
        let own = format!("{path}?account_id={ACCOUNT}");
        let first = format!("{}{own}", emulator.endpoint());
        for (path, limit) in [(&path, 20), (&own, 20), (&format!("{own}&pagesize=100&name=x"), 100)]
        {
            let empty = json!({"offset": 0, "limit": limit, "first": first, member: []});
            assert_eq!(client.call("GET", path), (200, empty), "{path}");
        }
        assert_eq!(client.call("GET", &format!("{path}?pagesize=101")).0, 400);
        refused(
            &client.call("GET", &format!("{path}?account_id=abc")),
            NOT_AUTHORIZED.0,
            NOT_AUTHORIZED.1,
        );
        let nobody = Client::new(emulator.endpoint());
        assert_eq!(nobody.call("GET", &path).0, 401);
    }
}

#[test]
fn the_settings_of_the_account_can_be_read_and_changed() {
    let (_sandbox, _emulator, client) = in_memory(&[]);
    let path = format!("/v1/accounts/{ACCOUNT}/settings/identity");
    let get = || client.request("GET", &format!("{path}?include_history=true")).send().unwrap();
    let put = |tag: &str, body: &Value| {
        answer(client.request("PUT", &path).header("If-Match", tag).json(body).send().unwrap())
    };
    let response = get();
    let etag = response.headers()["etag"].to_str().unwrap().to_owned();
    let first = answer(response).1;
    let mut expected = json!({
        "account_id": ACCOUNT, "entity_tag": etag, "history": [],
        "restrict_create_service_id": "NOT_SET", "restrict_create_platform_apikey": "NOT_SET",
        "restrict_user_list_visibility": "NOT_SET", "restrict_user_domains": [],
        "allowed_ip_addresses": "", "mfa": "NONE", "user_mfa": [],
        "session_expiration_in_seconds": "NOT_SET", "session_invalidation_in_seconds": "NOT_SET",
        "max_sessions_per_identity": "NOT_SET",
        "system_access_token_expiration_in_seconds": "NOT_SET",
        "system_refresh_token_expiration_in_seconds": "NOT_SET",
    });
    assert_eq!(first, expected);
    let wish = json!({"mfa": "TOTP", "max_sessions_per_identity": "10", "unknown": 1});
    let (status, changed) = put(&etag, &wish);
    assert_eq!(status, 200);
    expected["mfa"] = json!("TOTP");
    expected["max_sessions_per_identity"] = json!("10");
    expected["entity_tag"] = changed["entity_tag"].clone();
    expected["history"] = json!([{
        "timestamp": "2026-11-21T09:00+0000", "iam_id": IAM_ID, "iam_id_account": ACCOUNT,
        "action": "update", "params": [], "message": "",
    }]);
    assert_eq!(changed, expected);
    assert!(changed["entity_tag"].as_str().unwrap().starts_with("2-"));
    assert_eq!(answer(get()).1, expected);
    refused(&put(&etag, &wish), (409, "conflict", None), "The entity was changed meanwhile");
    assert_eq!(put("*", &json!({})).0, 200);
    let missing = client.send("PUT", &path, &json!({}));
    let words = "Property 'If-Match' either missing or empty.";
    refused(&missing, (400, "bad_request", Some("BXNIM0109E")), words);
    let effective = path.replace("settings", "effective_settings");
    let (status, effective) = client.call("GET", &effective);
    assert_eq!((status, &effective["effective"]["mfa"]), (200, &json!("TOTP")));
    assert_eq!(effective["account"]["account_id"], ACCOUNT);
    let elsewhere = client.call("GET", "/v1/accounts/abc/settings/identity");
    refused(&elsewhere, NOT_AUTHORIZED.0, NOT_AUTHORIZED.1);
}
