//! Lost answers: what was asked for may have been done, and looking again tells.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::{Counter, Remote, facts, facts_and_tokens};
use crate::support::iam::{error_answer, key_id, key_json, list_answer};
use crate::support::redact;
use crate::support::server::{Answer, Request};

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
    Remote::new(move |request| match (request.method.as_str(), &key) {
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
        for last in [error_answer(409, "conflict", "BXNIM0105E", "No"), busy(), Answer::Close] {
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
    for (args, method) in [
        (&["api-key-delete"][..], "DELETE"),
        (&["api-key-lock"], "POST"),
        (&["api-key-disable"], "POST"),
        (&["api-key-update", "-n", "new"], "PUT"),
    ] {
        for (answer, words) in [
            (busy(), "HOST cannot serve the request now (503). Not now"),
            (Answer::Close, "HOST ended the connection without an answer."),
        ] {
            let written = Arc::new(Mutex::new(false));
            let remote = Remote::new(move |request| {
                let mut written = written.lock().unwrap();
                *written |= request.method == method;
                if *written { answer.clone() } else { Answer::json(200, key_json(1, "ci")) }
            });
            let mut args = args.to_vec();
            let id = key_id(1);
            args.insert(1, &id);
            if args.len() == 2 {
                args.push("--force");
            }
            let failed = remote.run_env(&[("IBMCLOUD_HTTP_TIMEOUT", "1")], &args);
            failed.code(11);
            let begins = format!(
                "{}FAILED\nIt is not known whether it was done: {words}\n",
                facts(args[0], "ci")
            );
            assert!(redact(&failed.stderr).starts_with(&begins), "{failed:#?}");
            let hint = "Look at the API key, then repeat the command if need be.\n\n";
            assert!(failed.stderr.ends_with(hint), "{failed:#?}");
        }
    }
}

/// An attempt that may have been carried out is not forgotten when the next one is not even accepted.
#[test]
fn a_service_that_goes_away_after_the_request_leaves_it_unknown() {
    let count = Counter::default();
    let remote = Remote::new(move |request| match request.method.as_str() {
        "GET" => Answer::json(200, key_json(1, "ci")),
        _ if count.next() == 0 => busy(),
        _ => error_answer(429, "busy", "BXNIM0001E", "Not now").header("Retry-After", "999"),
    });
    // The key is still there, so it was not done.
    remote.run(&["api-key-delete", &key_id(1), "--force"]).code(10);
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
        let remote = Remote::new(move |request| {
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
