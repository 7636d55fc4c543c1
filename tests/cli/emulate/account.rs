//! What it tells of an account beside its keys.

use serde_json::{Value, json};

use super::{in_memory, refused};
use crate::support::emulator::{Client, Emulator};
use crate::support::{ACCOUNT, IAM_ID, Sandbox};

const NOT_AUTHORIZED: ((u16, &str, Option<&str>), &str) =
    ((403, "forbidden", Some("BXNIM0513E")), "You are not authorized to use this API");

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
    assert_eq!(usage("serviceids_per_group=x"), json!({}));
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
    for kind in ["profiles", "profile_templates", "account_settings_templates"] {
        let path = format!("/v1/{kind}");
        let own = format!("{path}?account_id={ACCOUNT}");
        let first = format!("{}{own}", emulator.endpoint());
        let empty = json!({"offset": 0, "limit": 20, "first": first, kind: []});
        for path in [&path, &own, &format!("{own}&pagesize=100&name=x")] {
            assert_eq!(client.call("GET", path), (200, empty.clone()), "{path}");
        }
        refused(
            &client.call("GET", &format!("{path}?account_id=abc")),
            NOT_AUTHORIZED.0,
            NOT_AUTHORIZED.1,
        );
        let nobody = Client::new(emulator.endpoint());
        assert_eq!(nobody.call("GET", &path).0, 401);
    }
}
