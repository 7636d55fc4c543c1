//! Tokens: one for many commands, renewed in time, one file for each endpoint and credential, never shown.

use std::fs;
use std::path::PathBuf;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::{API_KEY, Counter, Remote, command};
use crate::support::iam::{
    BSS_ACCOUNT, EMAIL, IAM_ID, error_answer, list_answer, now, token_error,
};
use crate::support::server::{Answer, Server};
use crate::support::{Sandbox, mode, run};

/// An access token of an IAM ID; `serial` makes it differ from others.
pub(super) fn token_of(iam_id: &str, serial: usize) -> String {
    let part = |value: Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let claims = json!({
        "iam_id": iam_id, "email": EMAIL, "account": {"bss": BSS_ACCOUNT}, "jti": serial.to_string(),
    });
    format!("{}.{}.c2ln", part(json!({"alg": "none"})), part(claims))
}

/// What the token endpoint answers with this token, valid from `NOW` on.
pub(super) fn answer(token: &str, lifetime: i64) -> Answer {
    let body = json!({
        "access_token": token, "refresh_token": "not_supported", "token_type": "Bearer",
        "expires_in": lifetime, "expiration": now() + lifetime,
    });
    Answer::json(200, body)
}

/// A service whose tokens are numbered, and whose account is empty.
fn numbered() -> Remote {
    let count = Counter::default();
    Remote::answering(move |request| match request.route().as_str() {
        "POST /identity/token" => answer(&token_of(IAM_ID, count.next()), 3600),
        _ => list_answer("", &[], None),
    })
}

/// The files that tokens are kept in.
fn caches(sandbox: &Sandbox) -> Vec<PathBuf> {
    let directory = sandbox.root().join("home/tokens");
    let entries = fs::read_dir(directory).map(|entries| entries.map(|entry| entry.unwrap().path()));
    let mut paths: Vec<PathBuf> = entries.map(Iterator::collect).unwrap_or_default();
    paths.sort();
    paths
}

#[test]
fn a_token_serves_many_commands_until_four_fifths_of_its_life() {
    let remote = numbered();
    for (time, tokens) in [
        ("2026-11-21T09:00:00Z", 1),
        ("2026-11-21T09:47:59Z", 1),
        ("2026-11-21T09:48:00Z", 2),
        ("2026-11-21T10:35:59Z", 2),
        ("2026-11-21T11:59:00Z", 3),
        ("2026-11-21T11:59:00Z", 3),
    ] {
        remote.run_env(&[("IBMCLOUD_IAM_NOW", time)], &["api-keys"]).ok();
        assert_eq!(remote.tokens(), tokens, "{time}");
        let bearer = format!("Bearer {}", token_of(IAM_ID, tokens - 1));
        assert_eq!(remote.last("GET").header("authorization"), Some(bearer.as_str()), "{time}");
    }
    assert_eq!(caches(&remote.sandbox).len(), 1);
}

#[test]
fn an_old_token_is_better_than_none_and_an_expired_one_is_not() {
    let count = Counter::default();
    let pages = Counter::default();
    let remote = Remote::answering(move |request| match request.route().as_str() {
        "POST /identity/token" if count.next() == 0 => answer(&token_of(IAM_ID, 0), 3600),
        "POST /identity/token" => {
            token_error(503, "BXNIM0001E", "Not now").header("Retry-After", "0")
        }
        _ if pages.next() % 3 == 2 => list_answer("", &[], None),
        _ => list_answer("", &[], Some(&format!("t{}", pages.next()))),
    });
    remote.run(&["api-keys"]).ok();
    let asked = remote.tokens();
    remote.run_env(&[("IBMCLOUD_IAM_NOW", "2026-11-21T09:50:00Z")], &["api-keys"]).ok();
    assert_eq!(remote.tokens(), asked + 4, "tried once, not for every page");
    remote.run_env(&[("IBMCLOUD_IAM_NOW", "2026-11-21T09:59:50Z")], &["api-keys"]).code(10);
}

#[test]
fn a_kept_token_that_is_refused_is_renewed_once() {
    let count = Counter::default();
    let remote = Remote::answering(move |request| {
        let good = format!("Bearer {}", token_of(IAM_ID, 1));
        match request.route().as_str() {
            "POST /identity/token" => answer(&token_of(IAM_ID, count.next()), 3600),
            _ if request.header("authorization") == Some(&good) => list_answer("", &[], None),
            _ => error_answer(401, "invalid_token", "BXNIM0401E", "Token is revoked"),
        }
    });
    // One that is new is not renewed: it would be refused again.
    remote.run(&["api-keys"]).code(7);
    assert_eq!((remote.tokens(), remote.routes().len()), (1, 1));
    remote.run(&["api-keys"]).ok();
    assert_eq!((remote.tokens(), remote.routes().len()), (2, 3));
    remote.run(&["api-keys"]).ok();
    assert_eq!((remote.tokens(), remote.routes().len()), (2, 4), "the new one is kept");
}

#[test]
fn a_clock_that_is_wrong_costs_no_token_per_request() {
    for time in ["2026-11-21T15:00:00Z", "2026-11-21T03:00:00Z"] {
        let remote = numbered();
        for _ in 0..2 {
            remote.run_env(&[("IBMCLOUD_IAM_NOW", time)], &["api-keys"]).ok();
        }
        assert_eq!(remote.tokens(), 1, "{time}");
    }
}

#[test]
fn the_cache_is_private_and_holds_no_key() {
    let remote = numbered();
    let mut script = remote.sandbox.program("bash");
    script
        .args(["-c", "umask 000; ibmcloud-iam api-keys"])
        .env("IBMCLOUD_IAM_BACKEND", "remote")
        .env("IBMCLOUD_IAM_API_ENDPOINT", remote.server.url())
        .env("IBMCLOUD_API_KEY", API_KEY);
    run(&mut script, b"").ok();
    let [cache] = &caches(&remote.sandbox)[..] else { panic!() };
    assert_eq!((mode(cache), mode(cache.parent().unwrap())), (0o600, 0o700));
    let kept: Value = serde_json::from_slice(&fs::read(cache).unwrap()).unwrap();
    assert_eq!(kept["access_token"], token_of(IAM_ID, 0));
    assert!(!fs::read_to_string(cache).unwrap().contains(API_KEY));
    assert!(!cache.to_str().unwrap().contains(API_KEY));
}

#[test]
fn each_endpoint_and_credential_has_a_token_of_its_own() {
    let (one, other) = (numbered(), numbered());
    one.run(&["api-keys"]).ok();
    let key = [("IBMCLOUD_API_KEY", "another_key")];
    one.run_env(&key, &["api-keys"]).ok();
    run(&mut command(&one.sandbox, &other.server.url(), &["api-keys"]), b"").ok();
    assert_eq!((one.tokens(), other.tokens(), caches(&one.sandbox).len()), (2, 1, 3));
    one.run(&["api-keys"]).ok();
    one.run_env(&key, &["api-keys"]).ok();
    assert_eq!((one.tokens(), other.tokens(), caches(&one.sandbox).len()), (2, 1, 3));
    assert_eq!(other.last("GET").header("authorization").unwrap().matches('.').count(), 2);
}

#[test]
fn a_broken_cache_is_ignored_and_replaced() {
    let remote = numbered();
    remote.run(&["api-keys"]).ok();
    let [cache] = &caches(&remote.sandbox)[..] else { panic!() };
    let good = fs::read_to_string(cache).unwrap();
    let kept: Value = serde_json::from_str(&good).unwrap();
    let changed = |field: &str, value: Value| {
        let mut kept = kept.clone();
        kept[field] = value;
        kept.to_string()
    };
    let broken = [
        String::new(),
        "{".to_owned(),
        "[]".to_owned(),
        good[..good.len() / 2].to_owned(),
        changed("access_token", json!("e30.e30.x")),
        changed("access_token", json!("")),
        changed("expiration", json!("soon")),
        changed("expiration", json!(i64::MIN)),
        changed("expires_in", json!(i64::MAX)),
        changed("auth", json!("https://iam.cloud.ibm.com")),
        "x".repeat(100_000),
    ];
    for (n, text) in broken.iter().enumerate() {
        fs::write(cache, text).unwrap();
        remote.run(&["api-keys"]).ok();
        assert_eq!(remote.tokens(), n + 2, "{text}");
        let kept: Value = serde_json::from_slice(&fs::read(cache).unwrap()).unwrap();
        assert_eq!(kept["access_token"], token_of(IAM_ID, n + 1), "{text}");
    }
    // What cannot be replaced stops nothing.
    fs::remove_file(cache).unwrap();
    fs::create_dir(cache).unwrap();
    remote.run(&["api-keys"]).ok();
    assert_eq!(caches(&remote.sandbox).len(), 1, "nothing is left beside it");
}

#[test]
fn the_token_endpoint_may_be_another_host() {
    for path in ["", "/", "/identity/token"] {
        let count = Counter::default();
        let auth = Server::start(move |_| answer(&token_of(IAM_ID, count.next()), 3600));
        let remote = Remote::answering(|_| list_answer("", &[], None));
        let url = format!("{}{path}", auth.url());
        remote.run_env(&[("IAM_IDENTITY_AUTH_URL", &url)], &["api-keys"]).ok();
        assert_eq!(auth.routes(), ["POST /identity/token"], "{path}");
        assert_eq!(remote.server.routes(), ["GET /v1/apikeys"], "{path}");
        let [request] = &auth.requests()[..] else { panic!() };
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            request.form(),
            [
                pair("grant_type", "urn:ibm:params:oauth:grant-type:apikey"),
                pair("response_type", "cloud_iam"),
                pair("apikey", API_KEY),
            ]
        );
        assert_eq!(request.header("authorization"), None);
        assert_eq!(request.header("accept"), Some("application/json"));
    }
}

#[test]
fn tokens_that_are_over_do_not_pile_up() {
    let remote = numbered();
    remote.run(&["api-keys"]).ok();
    remote.run_env(&[("IBMCLOUD_API_KEY", "second_key")], &["api-keys"]).ok();
    assert_eq!(caches(&remote.sandbox).len(), 2, "both are good");
    let later = [("IBMCLOUD_IAM_NOW", "2026-11-21T11:59:00Z"), ("IBMCLOUD_API_KEY", "third_key")];
    remote.run_env(&later, &["api-keys"]).ok();
    assert_eq!(caches(&remote.sandbox).len(), 1);
}
