//! What the service answers, for scripts of the server.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::NOW;
use super::server::{Answer, Request};

pub(crate) const IAM_ID: &str = "IBMid-310000ABCD";
pub(crate) const BSS_ACCOUNT: &str = "5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e";
pub(crate) const EMAIL: &str = "jane.doe@example.com";
pub(crate) const TOKEN_ROUTE: &str = "POST /identity/token";

/// `NOW` in seconds since 1970.
pub(crate) fn now() -> i64 {
    NOW.parse::<jiff::Timestamp>().unwrap().as_second()
}

/// An access token of three parts, issued at `NOW`; nobody checks its signature.
pub(crate) fn access_token(lifetime: i64) -> String {
    let part = |value: Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let claims = json!({
        "iam_id": IAM_ID, "id": IAM_ID, "realmid": "IBMid", "identifier": "310000ABCD",
        "given_name": "Jane", "family_name": "Doe", "name": "Jane Doe", "email": EMAIL, "sub": EMAIL,
        "account": {"valid": true, "bss": BSS_ACCOUNT}, "iat": now(), "exp": now() + lifetime,
        "iss": "https://iam.cloud.ibm.com/identity",
        "grant_type": "urn:ibm:params:oauth:grant-type:apikey", "scope": "ibm openid",
        "client_id": "default", "acr": 1, "amr": ["pwd"],
    });
    let header = part(json!({"kid": "20261121", "alg": "none"}));
    format!("{header}.{}.{}", part(claims), BASE64_URL_SAFE_NO_PAD.encode("unsigned"))
}

/// What the token endpoint answers to a good key.
pub(crate) fn token_answer() -> Answer {
    let body = json!({
        "access_token": access_token(3600), "refresh_token": "not_supported", "token_type": "Bearer",
        "expires_in": 3600, "expiration": now() + 3600, "scope": "ibm openid",
    });
    Answer::json(200, body)
}

/// What the token endpoint answers to a bad one.
pub(crate) fn token_error(status: u16, code: &str, message: &str) -> Answer {
    let context =
        json!({"requestId": "NXA1ZDU-0123456789abcdef0123456789abcdef", "locale": "en_US"});
    let body = json!({"errorCode": code, "errorMessage": message, "context": context});
    Answer::json(status, body)
}

/// What the service answers when it refuses a request.
pub(crate) fn error_answer(status: u16, code: &str, message_code: &str, message: &str) -> Answer {
    let trace = "NXA1ZDU-fa0b00fa0b00fa0b00fa0b00fa0b00fa";
    let error = json!({"code": code, "message_code": message_code, "message": message});
    let body = json!({"errors": [error], "trace": trace, "status_code": status});
    Answer::json(status, body).header("Transaction-Id", trace)
}

/// The id of the nth key.
pub(crate) fn key_id(number: usize) -> String {
    format!("ApiKey-00000000-0000-4000-8000-{number:012}")
}

/// A key as the service shows it: unlocked, enabled, without expiry or value.
pub(crate) fn key_json(number: usize, name: &str) -> Value {
    let id = key_id(number);
    json!({
        "id": id, "entity_tag": "1-03de16d5f2b14f0b9d0ac0ffee0ac0ff",
        "crn": format!("crn:v1:bluemix:public:iam-identity::a/{BSS_ACCOUNT}::apikey:{id}"),
        "locked": false, "disabled": false, "created_at": "2026-02-19T18:59+0000",
        "created_by": IAM_ID, "modified_at": "2026-02-19T18:59+0000", "support_sessions": false,
        "action_when_leaked": "disable", "name": name, "description": "", "iam_id": IAM_ID,
        "account_id": BSS_ACCOUNT, "leaked": false,
    })
}

/// A page of a list; `next` is the token of the page behind it.
pub(crate) fn list_answer(url: &str, keys: &[Value], next: Option<&str>) -> Answer {
    let page = format!("{url}/v1/apikeys?account_id={BSS_ACCOUNT}&iam_id={IAM_ID}&pagesize=100");
    let mut body = json!({"offset": 0, "limit": 100, "first": page, "apikeys": keys});
    if let Some(token) = next {
        body["next"] = json!(format!("{page}&pagetoken={token}"));
    }
    Answer::json(200, body)
}

/// The script that serves tokens, and leaves every other request to another script.
pub(crate) fn with_tokens(
    mut script: impl FnMut(&Request) -> Answer + Send + 'static,
) -> impl FnMut(&Request) -> Answer + Send + 'static {
    move |request| {
        if request.route() == TOKEN_ROUTE { token_answer() } else { script(request) }
    }
}
