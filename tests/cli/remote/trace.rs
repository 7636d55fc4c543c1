//! `IBMCLOUD_TRACE`: every request and answer as they were, and no secret.

use std::fs;
use std::path::Path;

use serde_json::json;

use super::{API_KEY, Remote, progress};
use crate::support::iam::{access_token, error_answer, key_id, key_json};
use crate::support::server::Answer;
use crate::support::{mode, redact, write_private};

const HIDDEN: &str = "[PRIVATE DATA HIDDEN]";
const LOOKED_UP: &str = "looked_up-value-0123456789abcdefghijklmnopq";

/// Redacts what differs from run to run: lengths of time, ids, values, and the version.
fn steady(text: &str) -> String {
    let mut out = String::new();
    for line in redact(text).lines() {
        let line = match line.split_once(" Elapsed: ") {
            Some((before, elapsed)) => {
                assert!(elapsed.ends_with("ms") && elapsed.len() < 8, "{line}");
                format!("{before} Elapsed: [N]ms")
            }
            None => line.to_owned(),
        };
        out.push_str(&line);
        out.push('\n');
    }
    out
}

fn looked_up() -> Remote {
    let remote = Remote::scripted(|_| {
        Answer::json(200, key_json(1, "ci"))
            .header("Set-Cookie", "session=abc")
            .header("Transaction-Id", "t-1")
    });
    write_private(&remote.sandbox.work("k"), LOOKED_UP);
    remote
}

/// The trace of a first look-up.
fn expected() -> String {
    let key = key_json(1, "ci").to_string();
    let length = key.len();
    let key = redact(&key);
    let token = json!({
        "access_token": HIDDEN, "expiration": 1_795_255_200, "expires_in": 3600,
        "refresh_token": HIDDEN, "scope": "ibm openid", "token_type": "Bearer",
    });
    let token_length = json!({
        "access_token": access_token(3600), "refresh_token": "not_supported", "token_type": "Bearer",
        "expires_in": 3600, "expiration": 1_795_255_200, "scope": "ibm openid",
    })
    .to_string()
    .len();
    format!(
        "
REQUEST: [2026-11-21T09:00:00Z]
POST /identity/token HTTP/1.1
Host: HOST
Accept: application/json
Content-Type: application/x-www-form-urlencoded

grant_type=urn:ibm:params:oauth:grant-type:apikey&response_type=cloud_iam&apikey={HIDDEN}

RESPONSE: [2026-11-21T09:00:00Z] Elapsed: [N]ms
HTTP/1.1 200
content-type: application/json
content-length: {token_length}

{token}

REQUEST: [2026-11-21T09:00:00Z]
GET /v1/apikeys/details HTTP/1.1
Host: HOST
Accept: application/json
Authorization: Bearer {HIDDEN}
IAM-ApiKey: {HIDDEN}

RESPONSE: [2026-11-21T09:00:00Z] Elapsed: [N]ms
HTTP/1.1 200
content-type: application/json
set-cookie: {HIDDEN}
transaction-id: t-1
content-length: {length}

{key}
"
    )
}

#[test]
fn the_whole_talk_is_traced_to_standard_error() {
    for on in ["true", "TRUE", "1"] {
        let remote = looked_up();
        let found = remote.run_env(&[("IBMCLOUD_TRACE", on)], &["api-key-lookup", "@k"]);
        assert_eq!(steady(&found.ok().stderr), expected());
        let begins = progress("Looking up", "the API key of a value");
        assert!(found.stdout.starts_with(&begins), "{found:#?}");
    }
    for off in ["false", "0", ""] {
        looked_up().run_env(&[("IBMCLOUD_TRACE", off)], &["api-key-lookup", "@k"]).ok().stderr("");
    }
}

fn read(path: &Path, remote: &Remote) -> String {
    let authority = remote.server.url().split_once("//").unwrap().1.to_owned();
    steady(&fs::read_to_string(path).unwrap().replace(&authority, "HOST"))
}

#[test]
fn a_file_is_appended_to_and_private() {
    let remote = looked_up();
    let file = remote.sandbox.work("trace.log");
    let env = [("IBMCLOUD_TRACE", "trace.log")];
    let found = remote.run_env(&env, &["api-key-lookup", "@k"]);
    found.ok().stderr("");
    assert_eq!((read(&file, &remote), mode(&file)), (expected(), 0o600));
    remote.run_env(&env, &["api-key-lookup", "@k"]).ok();
    let expected = expected();
    let second = &expected[expected.rfind("\nREQUEST").unwrap()..];
    assert_eq!(read(&file, &remote), format!("{expected}{second}"));
    // One that cannot be written stops nothing.
    for nowhere in ["/nowhere/at/all/trace.log", "."] {
        remote.run_env(&[("IBMCLOUD_TRACE", nowhere)], &["api-key-lookup", "@k"]).ok();
    }
}

#[test]
fn secrets_are_hidden_by_their_place_and_by_their_text() {
    let remote = Remote::scripted(|_| {
        let mut key = key_json(1, "ci");
        key["description"] =
            json!(format!("the server repeats {API_KEY} and {}", access_token(3600)));
        key["deep"] =
            json!([{"Api-Key": "nested-secret-1", "x": {"refresh_token": ["nested-secret-2", 5]}}]);
        key["passcode"] = json!({"id": "nested-secret-3"});
        key["echo"] = json!("again: nested-secret-number-4");
        key["client_secret"] = json!("nested-secret-number-4");
        Answer::json(200, key)
            .header("X-Echo", LOOKED_UP)
            .header("X-Auth-Refresh-Token", "header-secret-1")
            .header("X-Again", "nested-secret-number-4")
    });
    write_private(&remote.sandbox.work("k"), LOOKED_UP);
    let found = remote.run_env(&[("IBMCLOUD_TRACE", "true")], &["api-key-lookup", "@k", "--uuid"]);
    found.ok();
    for secret in [API_KEY, LOOKED_UP, &access_token(3600), "nested-secret", "header-secret"] {
        assert!(!found.stderr.contains(secret), "{secret}: {}", found.stderr);
    }
    assert!(found.stderr.contains(&format!("x-echo: {HIDDEN}")), "{}", found.stderr);
    assert!(found.stderr.contains(&format!("the server repeats {HIDDEN} and {HIDDEN}")));
    assert!(found.stderr.contains(&format!("\"echo\":\"again: {HIDDEN}\"")));
}

#[test]
fn a_created_value_is_not_in_the_trace() {
    let remote = Remote::scripted(|request| {
        if request.method == "GET" {
            return crate::support::iam::list_answer("", &[], None);
        }
        let mut key = key_json(7, "x");
        key["apikey"] = request.json()["apikey"].clone();
        key["note"] = request.json()["apikey"].clone();
        Answer::json(201, key)
    });
    let made =
        remote.run_env(&[("IBMCLOUD_TRACE", "t")], &["api-key-create", "x", "--output", "json"]);
    let value = made.json()["apikey"].as_str().unwrap().to_owned();
    let trace = fs::read_to_string(remote.sandbox.work("t")).unwrap();
    assert!(
        trace.contains("POST /v1/apikeys HTTP/1.1")
            && trace.contains(&format!("\"apikey\":\"{HIDDEN}\""))
    );
    assert!(trace.contains(&format!("\"note\":\"{HIDDEN}\"")));
    assert!(!trace.contains(&value), "{trace}");
}

#[test]
fn what_is_no_json_is_counted_and_what_a_terminal_acts_on_is_escaped() {
    let id = key_id(1);
    let body = format!("<html>{API_KEY}</html>");
    let length = body.len();
    let remote = Remote::scripted(move |request| {
        if request.path.ends_with('1') {
            return Answer::Whole { status: 400, headers: Vec::new(), body: body.clone().into() };
        }
        error_answer(400, "x", "y", "\u{1b}[31mred\u{202e}")
    });
    let trace = [("IBMCLOUD_TRACE", "true")];
    let failed = remote.run_env(&trace, &["api-key", &id]);
    assert!(
        failed.stderr.contains(&format!("\n[{length} bytes that are no JSON]\n")),
        "{failed:#?}"
    );
    assert!(!failed.stderr.contains(API_KEY));
    let failed = remote.run_env(&trace, &["api-key", &key_id(2)]);
    assert!(!failed.stderr.contains(['\u{1b}', '\u{202e}']), "{failed:#?}");
}

#[test]
fn a_request_without_an_answer_says_why() {
    let remote = Remote::answering(|_| Answer::Close);
    let failed = remote.run_env(&[("IBMCLOUD_TRACE", "true")], &["api-keys"]);
    let answer = "\nRESPONSE: [2026-11-21T09:00:00Z] Elapsed: [N]ms\nHOST ended the connection without an answer\n";
    assert_eq!(steady(&failed.stderr).matches(answer).count(), 4, "{failed:#?}");
}

#[test]
fn a_trace_that_cannot_be_written_stops_nothing_and_is_told() {
    let remote = Remote::scripted(|_| Answer::json(200, serde_json::json!({"apikeys": []})));
    rustix::fs::mkfifoat(rustix::fs::CWD, remote.sandbox.work("fifo"), 0o600.into()).unwrap();
    for (file, why) in [
        ("no/trace", "No such file or directory (os error 2)"),
        ("fifo", "it is not a regular file"),
    ] {
        let listed = remote.run_env(&[("IBMCLOUD_TRACE", file)], &["api-keys"]);
        listed
            .ok()
            .stderr(&format!("Requests are not traced: '{file}' cannot be written: {why}.\n"));
    }
}
