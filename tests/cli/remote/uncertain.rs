//! Lost answers: what was asked for may have been done, and looking again tells.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

use super::{Counter, Remote, command, facts, facts_and_tokens};
use crate::support::iam::{error_answer, key_id, key_json, list_answer, token_answer};
use crate::support::server::{Answer, Request, Server};
use crate::support::{Sandbox, redact, run};

fn busy() -> Answer {
    error_answer(503, "busy", "BXNIM0001E", "Not now").header("Retry-After", "0")
}

fn gone() -> Answer {
    error_answer(404, "not_found", "BXNIM0102E", "Unable to find object")
}

/// A service with one key; `write` does to it what a writing request asks for, and answers.
fn serving(
    key: Value,
    mut write: impl FnMut(&Request, &mut Option<Value>) -> Answer + Send + 'static,
) -> Remote {
    let mut key = Some(key);
    Remote::scripted(move |request| match (request.method.as_str(), &key) {
        ("GET", _) if request.route() == "GET /v1/apikeys" => list_answer("", key.as_slice(), None),
        ("GET", Some(key)) => Answer::json(200, key.clone()),
        ("GET", None) => gone(),
        _ => write(request, &mut key),
    })
}

fn writes(remote: &Remote) -> usize {
    remote.routes().iter().filter(|route| !route.starts_with("GET")).count()
}

#[test]
fn a_delete_that_was_carried_out_is_success() {
    for lost in [busy(), Answer::Close, busy().truncated(3)] {
        let count = Counter::default();
        let remote = serving(key_json(1, "ci"), move |_, key| {
            *key = None;
            if count.next() == 0 { lost.clone() } else { gone() }
        });
        let deleted = remote.run(&["api-key-delete", &key_id(1), "--force"]);
        deleted.ok().stderr(&facts_and_tokens("api-key-delete", "ci"));
        assert_eq!(writes(&remote), 2);
    }
    // Without an attempt before, nobody else's deletion is ours.
    let remote = serving(key_json(1, "ci"), |_, key| {
        *key = None;
        gone()
    });
    remote.run(&["api-key-delete", &key_id(1), "--force"]).code(3);
    // Every answer is lost.
    let remote = serving(key_json(1, "ci"), |_, key| {
        *key = None;
        Answer::Close
    });
    remote.run(&["api-key-delete", &key_id(1), "--force"]).ok();
}

#[test]
fn a_state_that_was_reached_is_success() {
    for (verb, field, on) in [
        ("api-key-lock", "locked", true),
        ("api-key-unlock", "locked", false),
        ("api-key-disable", "disabled", true),
        ("api-key-enable", "disabled", false),
    ] {
        for last in [error_answer(409, "conflict", "BXNIM0105E", "No"), busy()] {
            let mut key = key_json(1, "ci");
            key[field] = json!(!on);
            let count = Counter::default();
            let remote = serving(key, move |_, key| {
                key.as_mut().unwrap()[field] = json!(on);
                if count.next() == 0 { Answer::Close } else { last.clone() }
            });
            remote.run(&[verb, &key_id(1), "--force"]).ok().stderr(&facts_and_tokens(verb, "ci"));
        }
    }
}

#[test]
fn what_cannot_be_found_out_is_unknown() {
    // From the first write on nobody answers usefully.
    thread::scope(|scope| {
        for (verb, more, method) in [
            ("api-key-delete", &["--force"][..], "DELETE"),
            ("api-key-lock", &["--force"], "POST"),
            ("api-key-disable", &["--force"], "POST"),
            ("api-key-update", &["-n", "new"], "PUT"),
        ] {
            for (answer, words) in [
                (busy(), "HOST cannot serve the request now (503). Not now"),
                (Answer::Close, "HOST ended the connection without an answer."),
            ] {
                scope.spawn(move || unknown(verb, more, method, answer, words));
            }
        }
    });
}

fn unknown(verb: &str, more: &[&str], method: &'static str, answer: Answer, words: &str) {
    let mut is_written = false;
    let remote = Remote::scripted(move |request| {
        is_written |= request.method == method;
        if is_written { answer.clone() } else { Answer::json(200, key_json(1, "ci")) }
    });
    let failed = remote.run(&[&[verb, &key_id(1)], more].concat());
    failed.code(11);
    let begins =
        format!("{}FAILED\nIt is not known whether it was done: {words}\n", facts(verb, "ci"));
    assert!(redact(&failed.stderr).starts_with(&begins), "{failed:#?}");
    let hint = "Look at the API key, then repeat the command if need be.\n\n";
    assert!(failed.stderr.ends_with(hint), "{failed:#?}");
}

/// An attempt that may have been carried out is not forgotten when the next one is not even accepted.
#[test]
fn a_service_that_gets_busy_after_the_request_is_asked_what_became_of_it() {
    for (is_deleted, code) in [(true, 0), (false, 10)] {
        let count = Counter::default();
        let remote = serving(key_json(1, "ci"), move |_, key| {
            if is_deleted {
                *key = None;
            }
            let later =
                error_answer(429, "busy", "BXNIM0001E", "Not now").header("Retry-After", "999");
            if count.next() == 0 { busy() } else { later }
        });
        remote.run(&["api-key-delete", &key_id(1), "--force"]).code(code);
        assert_eq!(writes(&remote), 2);
    }
}

#[test]
fn a_service_that_goes_away_after_the_request_leaves_it_unknown() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let service = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        drop(listener);
        let mut request = [0; 4096];
        // The key, and then its use.
        for query in [" ", "?include_activity=true "] {
            let length = stream.read(&mut request).unwrap();
            let begins = format!("GET /v1/apikeys/{}{query}", key_id(1));
            assert!(request[..length].starts_with(begins.as_bytes()));
            let key = key_json(1, "ci").to_string();
            write!(stream, "HTTP/1.1 200 -\r\nContent-Length: {}\r\n\r\n{key}", key.len()).unwrap();
        }
        let length = stream.read(&mut request).unwrap();
        assert!(request[..length].starts_with(b"DELETE /v1/apikeys/ApiKey-"));
    });
    let auth = Server::start(|_| token_answer());
    let sandbox = Sandbox::new();
    let args = ["api-key-delete", &key_id(1), "--force"];
    let mut delete = command(&sandbox, &format!("http://{host}"), &args);
    let failed = run(delete.env("IAM_IDENTITY_AUTH_URL", auth.url()), b"");
    failed.code(11).stderr(&format!(
        "{}FAILED\nIt is not known whether it was done: Nobody listens at {host}.\n\
         Look at the API key, then repeat the command if need be.\n\n",
        facts("api-key-delete", "ci")
    ));
    service.join().unwrap();
}

#[test]
fn an_update_whose_answer_is_lost_is_judged_by_the_key() {
    let apply = |request: &Request, key: &mut Option<Value>| {
        let key = key.as_mut().unwrap();
        for (field, value) in request.json().as_object().unwrap() {
            key[field] = value.clone();
        }
        key["entity_tag"] = json!("2-03de16d5f2b14f0b9d0ac0ffee0ac0ff");
    };
    let garbage = || Answer::json(200, json!([]));
    for lost in [busy(), Answer::Close, garbage(), garbage().truncated(1)] {
        // Carried out: success, and sent once.
        let answer = lost.clone();
        let remote = serving(key_json(1, "ci"), move |request, key| {
            apply(request, key);
            answer.clone()
        });
        remote.run(&["api-key-update", &key_id(1), "-n", "new"]).ok().stderr("");
        assert_eq!(writes(&remote), 1, "{lost:?}");
        // Not carried out: sent again with the same tag.
        let (answer, count) = (lost.clone(), Counter::default());
        let remote = serving(key_json(1, "ci"), move |request, key| {
            if count.next() == 0 {
                return answer.clone();
            }
            apply(request, key);
            Answer::json(200, key.clone().unwrap())
        });
        remote.run(&["api-key-update", &key_id(1), "-n", "new"]).ok().stderr("");
        assert_eq!(writes(&remote), 2, "{lost:?}");
        // Somebody else was there meanwhile.
        let answer = lost.clone();
        let remote = serving(key_json(1, "ci"), move |_, key| {
            let key = key.as_mut().unwrap();
            key["description"] = json!("theirs");
            key["entity_tag"] = json!("2-03de16d5f2b14f0b9d0ac0ffee0ac0ff");
            answer.clone()
        });
        let failed = remote.run(&["api-key-update", &key_id(1), "-n", "new"]);
        failed.code(5);
        assert!(failed.stderr.contains("Changed since it was read: description."), "{failed:#?}");
        assert_eq!(writes(&remote), 1, "{lost:?}");
    }
}

#[test]
fn a_create_whose_answer_is_lost_is_sought_by_its_value() {
    for (lost, is_made) in [
        (busy(), true),
        (busy(), false),
        (Answer::Close, true),
        (Answer::Close, false),
        (Answer::json(201, json!([])), true),
        (Answer::json(201, json!({})).truncated(1), false),
    ] {
        let made = Arc::new(Mutex::new(Vec::<String>::new()));
        let (seen, count) = (Arc::clone(&made), Counter::default());
        let remote = Remote::scripted(move |request| {
            let mut made = seen.lock().unwrap();
            match request.route().as_str() {
                "POST /v1/apikeys" => {
                    let first = count.next() == 0;
                    if !first || is_made {
                        made.push(request.json()["apikey"].as_str().unwrap().to_owned());
                    }
                    if first { lost.clone() } else { Answer::json(201, key_json(7, "x")) }
                }
                "GET /v1/apikeys/details" => {
                    let value = request.header("iam-apikey").unwrap().to_owned();
                    if made.contains(&value) { Answer::json(200, key_json(7, "x")) } else { gone() }
                }
                _ => list_answer("", &[], None),
            }
        });
        let created = remote.run(&["api-key-create", "x", "--output", "json"]).json();
        let made = made.lock().unwrap();
        assert_eq!(made.as_slice(), [created["apikey"].as_str().unwrap()], "exactly one");
        assert_eq!(writes(&remote), if is_made { 1 } else { 2 });
        assert_eq!(remote.sandbox.open_entries(), 0);
    }
}
