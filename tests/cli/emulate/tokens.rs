//! Logging in, and what a token opens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::{in_memory, path_of, refused};
use crate::support::emulator::{Client, Emulator};
use crate::support::{ACCOUNT, IAM_ID, Sandbox, USER};

pub(super) const BY_KEY: &str = "urn:ibm:params:oauth:grant-type:apikey";
pub(super) const BX: Option<(&str, &str)> = Some(("bx", "bx"));
/// 2026-11-21T09:00:00Z, the time in the box.
pub(super) const NOW: i64 = 1_795_251_600;

pub(super) fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

/// Asserts an error of the token service, which has a form of its own.
#[track_caller]
pub(super) fn no_token((status, body): &(u16, Value), expected: u16, code: &str) {
    assert_eq!((*status, &body["errorCode"]), (expected, &json!(code)), "{body}");
    assert!(!body["errorMessage"].as_str().unwrap().is_empty());
    assert_eq!(body["context"]["requestType"], "incoming.Identity_Token");
    assert_eq!(body["context"]["startTime"], "21.11.2026 09:00:00:000 UTC");
}

#[test]
fn a_value_is_exchanged_for_a_token() {
    let (_sandbox, emulator, client) = in_memory(&[]);
    let (status, body) = client.log_in(&emulator.value());
    assert_eq!(status, 200);
    assert_eq!(body["refresh_token"], "not_supported");
    assert_eq!((&body["token_type"], &body["scope"]), (&json!("Bearer"), &json!("ibm openid")));
    assert_eq!((&body["expires_in"], &body["expiration"]), (&json!(3600), &json!(NOW + 3600)));
    let token = body["access_token"].as_str().unwrap();
    assert_eq!(token.split('.').count(), 3);
    let claims = claims(token);
    for (claim, value) in [
        ("iam_id", json!(IAM_ID)),
        ("id", json!(IAM_ID)),
        ("realmid", json!("IBMid")),
        ("identifier", json!("10CA100000")),
        ("email", json!(USER)),
        ("sub", json!(USER)),
        ("name", json!(USER)),
        ("account", json!({"valid": true, "bss": ACCOUNT})),
        (
            "authn",
            json!({
                "iam_id": IAM_ID, "sub": USER, "name": USER, "email": USER, "given_name": "local",
                "family_name": "localhost",
            }),
        ),
        ("aud", Value::Null),
        ("iat", json!(NOW)),
        ("exp", json!(NOW + 3600)),
        ("iss", json!(format!("{}/identity", emulator.endpoint()))),
        ("grant_type", json!(BY_KEY)),
        ("scope", json!("ibm openid")),
        ("client_id", json!("default")),
    ] {
        assert_eq!(claims[claim], value, "{claim}");
    }
    assert_ne!(claims["jti"], Value::Null);
    assert!(!client.log_in(&emulator.value()).1["access_token"].as_str().unwrap().eq(token));
}

#[test]
fn what_cannot_log_in_is_told_why() {
    let (_sandbox, emulator, client) = in_memory(&[]);
    let value = emulator.value();
    no_token(&client.log_in("no-such-value"), 400, "BXNIM0415E");
    no_token(&client.grant(&[], None), 400, "BXNIM0109E");
    no_token(&client.grant(&[("grant_type", BY_KEY)], None), 400, "BXNIM0109E");
    no_token(&client.grant(&[("grant_type", "password")], None), 400, "BXNIM0106E");
    let form = [("grant_type", BY_KEY), ("apikey", &value), ("response_type", "uaa")];
    no_token(&client.grant(&form, None), 400, "BXNIM0106E");
    let form = [("grant_type", BY_KEY), ("apikey", &value), ("response_type", "cloud_iam")];
    assert_eq!(client.grant(&form, None).0, 200);
    no_token(&client.grant(&form, Some(("who", "knows"))), 401, "BXNIM0310E");
    assert_eq!(
        client.grant(&[], None).1["errorMessage"],
        "Property 'grant_type' either missing or empty."
    );
}

#[test]
fn a_key_that_is_disabled_expired_or_deleted_opens_nothing() {
    let sandbox = Sandbox::new();
    let (id, value) = sandbox.create_with_value("k", &["--expires-in", "2d"]);
    let emulator = Emulator::start(&sandbox, &[], &[]);
    let client = emulator.client();
    let path = format!("/v1/apikeys/{id}");
    assert_eq!(client.log_in(&value).0, 200, "a key of the local backend opens the emulator");
    assert_eq!(client.call("POST", &format!("{path}/disable")).0, 204);
    no_token(&client.log_in(&value), 400, "BXNIM0420E");
    assert_eq!(client.call("DELETE", &format!("{path}/disable")).0, 204);
    assert_eq!(client.call("POST", &format!("{path}/lock")).0, 204);
    assert_eq!(client.log_in(&value).0, 200, "a locked key works");
    let later = [("IBMCLOUD_IAM_NOW", "2026-11-23T09:00:00Z")];
    let late = Emulator::start(&sandbox, &[], &later);
    let (status, body) = late.client().log_in(&value);
    assert_eq!((status, &body["errorCode"]), (400, &json!("BXNIM0415E")));
    assert_eq!(body["errorDetails"], "The API key is expired.");
    assert_eq!(client.call("DELETE", &format!("{path}/lock")).0, 204);
    assert_eq!(client.call("DELETE", &path).0, 204);
    no_token(&client.log_in(&value), 400, "BXNIM0415E");
}

#[test]
fn logins_are_counted_and_change_nothing_else() {
    let sandbox = Sandbox::new();
    let (id, value) = sandbox.create_with_value("k", &[]);
    let tag = sandbox.keys()[0]["entity_tag"].clone();
    let show =
        |sandbox: &Sandbox| sandbox.run(&["api-key", "k", "--activity", "-o", "json"]).json();
    for (now, count) in [("2026-11-22T10:00:00Z", 1), ("2026-11-23T11:30:00Z", 2)] {
        let emulator = Emulator::start(&sandbox, &[], &[("IBMCLOUD_IAM_NOW", now)]);
        assert_eq!(emulator.client().log_in(&value).0, 200);
        emulator.client().log_in("no-such-value");
        let shown = show(&sandbox);
        assert_eq!(shown["activity"]["authn_count"], count);
        let (_, seen) =
            emulator.client().call("GET", &format!("/v1/apikeys/{id}?include_activity=true"));
        assert_eq!(seen["activity"], shown["activity"]);
    }
    let shown = show(&sandbox);
    assert_eq!(shown["activity"]["last_authn"], "2026-11-23T11:30+0000");
    assert_eq!(
        (&shown["entity_tag"], &shown["modified_at"]),
        (&tag, &json!("2026-11-21T09:00+0000"))
    );
    let text = sandbox.run(&["api-key", "k", "--activity", "--history", "-q"]).stdout;
    assert!(
        text.contains("Last Used          2026-11-23T11:30+0000\nTimes Used         2\n"),
        "{text}"
    );
    assert!(!text.contains("authn"), "a login is no change: {text}");
    sandbox.run(&["api-key-update", "k", "-n", "k2"]).ok();
    let shown = sandbox.run(&["api-key", "k2", "--activity", "-o", "json"]).json();
    assert_eq!(shown["activity"]["authn_count"], 2);
    sandbox.run(&["api-key-delete", "k2", "-f"]).ok();
    assert_eq!(sandbox.names(), [""; 0]);
}

#[test]
fn a_refresh_token_needs_the_client_that_got_it() {
    let (_sandbox, _emulator, client) = in_memory(&[]);
    let key = client.create("k");
    let by_key = [("grant_type", BY_KEY), ("apikey", key["apikey"].as_str().unwrap())];
    let (_, body) = client.grant(&by_key, BX);
    let refresh = body["refresh_token"].as_str().unwrap();
    assert_eq!(claims(body["access_token"].as_str().unwrap())["client_id"], "bx");
    let by_refresh = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
    let (status, again) = client.grant(&by_refresh, BX);
    assert_eq!(status, 200);
    let mut other = Client::new(&client.endpoint);
    other.token = again["access_token"].as_str().map(str::to_owned);
    assert_eq!(other.call("GET", "/v1/apikeys").0, 200);
    assert_eq!(body["refresh_token_expiration"], NOW + 72 * 3_600);
    no_token(&client.grant(&by_refresh, None), 401, "BXNIM0308E");
    let access = again["access_token"].as_str().unwrap();
    for wrong in ["x", access] {
        let form = [("grant_type", "refresh_token"), ("refresh_token", wrong)];
        no_token(&client.grant(&form, BX), 400, "BXNIM0407E");
    }
    other.token = Some(refresh.to_owned());
    refused(
        &other.call("GET", "/v1/apikeys"),
        (401, "invalid_access_token", Some("BXNIM0401E")),
        "Provided token is no access token",
    );
    client.call("POST", &format!("{}/disable", path_of(&key)));
    no_token(&client.grant(&by_refresh, BX), 400, "BXNIM0420E");
    client.call("DELETE", &path_of(&key));
    no_token(&client.grant(&by_refresh, BX), 400, "BXNIM0415E");
}

#[test]
fn a_request_needs_a_good_token() {
    let sandbox = Sandbox::new();
    let emulator = Emulator::start(&sandbox, &[], &[]);
    let good = emulator.client().token.unwrap();
    let mut client = Client::new(emulator.endpoint());
    refused(
        &client.call("GET", "/v1/apikeys"),
        (401, "unauthorized", Some("BXNIM0308E")),
        "No authorization header found",
    );
    let (head, signature) = good.rsplit_once('.').unwrap();
    let forged = format!("{head}.{}", signature.chars().rev().collect::<String>());
    let elsewhere = Emulator::start(&sandbox, &["--in-memory"], &[]).client().token.unwrap();
    for (token, code, message) in [
        ("rubbish", "BXNIM0401E", "Provided token is malformed"),
        ("a.b.c", "BXNIM0401E", "Provided token is malformed"),
        (&forged, "BXNIM0405E", "Provided token is not signed by this service"),
        (&elsewhere, "BXNIM0405E", "Provided token is not signed by this service"),
    ] {
        client.token = Some(token.to_owned());
        refused(
            &client.call("GET", "/v1/apikeys"),
            (401, "invalid_access_token", Some(code)),
            message,
        );
    }
    client.token = None;
    let basic = client.request("GET", "/v1/apikeys").basic_auth("bx", Some("bx"));
    assert_eq!(basic.send().unwrap().status(), 401);
    for (now, status) in [("2026-11-21T09:59:59Z", 200), ("2026-11-21T10:00:00Z", 401)] {
        let later = Emulator::start(&sandbox, &[], &[("IBMCLOUD_IAM_NOW", now)]);
        let mut client = Client::new(later.endpoint());
        client.token = Some(good.clone());
        assert_eq!(client.call("GET", "/v1/apikeys").0, status, "{now}");
    }
}
