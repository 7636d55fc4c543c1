//! 409 and 412 say little by themselves: the key is read again, and that decides.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::{Remote, Told, facts, facts_and_tokens, progress};
use crate::support::iam::{error_answer, key_id, key_json, list_answer};
use crate::support::server::Answer;

const TRACE: Option<&str> = Some("NXA1ZDU-fa0b00fa0b00fa0b00fa0b00fa0b00fa");
const WORDS: &str = "Unable to do it";

/// A service whose only key is `before`, and which refuses every change with a status, when the key is `after`; no
/// value is no key.
fn refusing(status: u16, before: Value, after: Option<Value>) -> Remote {
    let key = Arc::new(Mutex::new(Some(before)));
    Remote::scripted(move |request| {
        let mut key = key.lock().unwrap();
        match (request.method.as_str(), key.as_ref()) {
            // Whoever wants to know a key's state may ask for its namesakes.
            ("GET", only) if request.route() == "GET /v1/apikeys" => {
                list_answer("", &only.cloned().into_iter().collect::<Vec<_>>(), None)
            }
            ("GET", Some(key)) => Answer::json(200, key.clone()),
            ("GET", None) => error_answer(404, "not_found", "BXNIM0102E", "Unable to find object"),
            _ => {
                key.clone_from(&after);
                error_answer(status, "conflict", "BXNIM0105E", WORDS)
            }
        }
    })
}

fn key(changes: &[(&str, Value)]) -> Value {
    let mut key = key_json(1, "ci");
    for (field, value) in changes {
        key[*field] = value.clone();
        key["entity_tag"] = json!("2-03de16d5f2b14f0b9d0ac0ffee0ac0ff");
    }
    key
}

/// The verbs, their words, and the field that each of them sets.
const VERBS: [(&str, &str, &str, (&str, bool)); 5] = [
    ("api-key-delete", "Deleting", "deleted", ("", false)),
    ("api-key-lock", "Locking", "locked", ("locked", true)),
    ("api-key-unlock", "Unlocking", "unlocked", ("locked", false)),
    ("api-key-disable", "Disabling", "disabled", ("disabled", true)),
    ("api-key-enable", "Enabling", "enabled", ("disabled", false)),
];

/// The key before and after a verb.
fn around((field, on): (&str, bool)) -> (Value, Option<Value>) {
    match field {
        "" => (key(&[]), None),
        field => (key(&[(field, json!(!on))]), Some(key(&[(field, json!(on))]))),
    }
}

#[test]
fn a_key_that_is_as_wanted_is_success() {
    for status in [409, 412] {
        for (verb, doing, done, sets) in VERBS {
            let (before, after) = around(sets);
            let remote = refusing(status, before, after);
            let acted = remote.run(&[verb, &key_id(1), "--force"]);
            let done = if sets.0.is_empty() { done } else { "like that already" };
            let what = progress(doing, "API key [ID1]");
            // Nothing was ended where somebody else had done it before.
            let told = if verb == "api-key-delete" {
                facts_and_tokens(verb, "ci")
            } else {
                facts(verb, "ci")
            };
            acted.is(0, &format!("{what}OK\nAPI key [ID1] was {done}\n"), &told);
            let routes = remote.routes();
            let read = format!("GET /v1/apikeys/{}", key_id(1));
            assert_eq!((&routes[0], routes.last()), (&read, Some(&read)), "{verb}");
            assert_eq!(
                routes
                    .iter()
                    .filter(|route| **route != read && *route != "GET /v1/apikeys")
                    .count(),
                1
            );
        }
        let changed = key(&[("name", json!("new")), ("description", json!("d"))]);
        let remote = refusing(status, key(&[]), Some(changed));
        let args = ["api-key-update", &key_id(1), "-n", "new", "-d", "d"];
        remote.run(&args).ok().stderr("");
    }
}

#[test]
fn a_key_that_is_locked_by_now_says_so() {
    for status in [409, 412] {
        for (verb, before) in [
            ("api-key-delete", key(&[])),
            ("api-key-disable", key(&[])),
            ("api-key-enable", key(&[("disabled", json!(true))])),
            ("api-key-update", key(&[])),
        ] {
            let mut after = before.clone();
            after["locked"] = json!(true);
            let remote = refusing(status, before, Some(after));
            let id = key_id(1);
            let more: &[&str] =
                if verb == "api-key-update" { &["-n", "new"] } else { &["--force"] };
            let args = [&[verb, &id], more].concat();
            let told = Told {
                exit: 6,
                kind: "locked",
                message: "API key '[ID1]' is locked; nothing was changed.",
                hint: "Unlock it with 'ibmcloud-iam api-key-unlock [ID1]'.",
                ..Told::default()
            };
            told.in_text_behind(&facts(verb, "ci"), &remote.run(&args));
        }
    }
}

#[test]
fn a_key_that_is_otherwise_by_now_says_what_changed() {
    for (verb, _, _, sets) in VERBS {
        let (before, _) = around(sets);
        let mut after = before.clone();
        after["description"] = json!("somebody else's");
        after["expires_at"] = json!("2027-01-01T00:00+0000");
        after["entity_tag"] = json!("9-03de16d5f2b14f0b9d0ac0ffee0ac0ff");
        let told = Told {
            exit: 5,
            kind: "conflict",
            message: "API key '[ID1]' was changed by somebody else meanwhile. Unable to do it \
                      Changed since it was read: description, expiry.",
            hint: "Look at it again, then repeat the command.",
            code: Some("BXNIM0105E"),
            trace: TRACE,
            status: Some(409),
        };
        let id = key_id(1);
        let refused = refusing(409, before.clone(), Some(after.clone()));
        told.in_text_behind(&facts(verb, "ci"), &refused.run(&[verb, &id, "--force"]));
        let args = [verb, &id, "--force", "--error-format", "json"];
        told.in_json(&refusing(409, before.clone(), Some(after.clone())).run(&args));
        if before["locked"] == json!(false) {
            let args = ["api-key-update", &id, "-n", "new"];
            told.in_text(&refusing(409, before, Some(after)).run(&args));
        }
    }
}

#[test]
fn a_key_that_nobody_changed_is_not_said_to_be_changed() {
    for (verb, _, _, sets) in VERBS {
        let (before, _) = around(sets);
        let told = Told {
            exit: 5,
            kind: "conflict",
            message: "API key '[ID1]' is as it was read, but the service finds a conflict. Unable to do it",
            hint: "Nothing was changed; look at it again, then repeat the command.",
            code: Some("BXNIM0105E"),
            trace: TRACE,
            status: Some(412),
        };
        let id = key_id(1);
        let refused = refusing(412, before.clone(), Some(before.clone()));
        told.in_text_behind(&facts(verb, "ci"), &refused.run(&[verb, &id, "-f"]));
        if before["locked"] == json!(false) {
            let args = ["api-key-update", &id, "-n", "new"];
            told.in_text(&refusing(412, before.clone(), Some(before)).run(&args));
        }
    }
}

#[test]
fn a_key_that_is_gone_by_now_is_not_found() {
    for (verb, _, _, sets) in &VERBS[1..] {
        let (before, _) = around(*sets);
        let remote = refusing(409, before, None);
        let failed = remote.run(&[verb, &key_id(1), "--force"]);
        failed.code(3);
        assert!(failed.stderr.contains("API key 'ApiKey-"), "{failed:#?}");
    }
    refusing(409, key(&[]), None).run(&["api-key-update", &key_id(1), "-n", "new"]).code(3);
}
