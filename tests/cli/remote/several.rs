//! Several keys, and an end before the last of them: what was done, what is uncertain, what was not begun.

use std::process::Child;

use rustix::process::Signal;
use serde_json::{Value, json};

use super::Remote;
use crate::support::emulator::Emulator;
use crate::support::expected::{array, outcome};
use crate::support::iam::{error_answer, key_id, key_json, list_answer};
use crate::support::running::{ended, signal, started, wait_until};
use crate::support::server::{Answer, Request};
use crate::support::service::Service;
use crate::support::{Outcome, Sandbox, redact, shown_in_proc};

/// The verbs for several keys, and the word for what each has done.
const VERBS: [(&str, &str); 5] = [
    ("api-key-delete", "deleted"),
    ("api-key-lock", "locked"),
    ("api-key-unlock", "unlocked"),
    ("api-key-disable", "disabled"),
    ("api-key-enable", "enabled"),
];

/// A service with keys that every verb has something to do for, and the answer to what is done to the key `number`.
fn service(verb: &'static str, number: usize, answer: Answer) -> Remote {
    Remote::scripted(move |request| {
        let key = number_of(request);
        match request.method.as_str() {
            "GET" if key == 0 => {
                list_answer("", &[1, 2, 3].map(|number| found(verb, number)), None)
            }
            "GET" => Answer::json(200, found(verb, key)),
            _ if key == number => answer.clone(),
            _ => Answer::empty(204),
        }
    })
}

fn found(verb: &str, number: usize) -> Value {
    let mut key = key_json(number, &format!("k{number}"));
    key["locked"] = (verb == "api-key-unlock").into();
    key["disabled"] = (verb == "api-key-enable").into();
    key
}

/// Which key a request is about; 0 for the list.
fn number_of(request: &Request) -> usize {
    let path = request.path.split('?').next().unwrap();
    let id = path.split('/').nth(3).unwrap_or_default();
    (1..=3).find(|number| id == key_id(*number)).unwrap_or(0)
}

/// Runs a command, sends it a signal when the service was asked to act on the key `number`, and returns its end.
fn signalled(remote: &Remote, args: &[&str], number: usize, end: Signal) -> Outcome {
    let mut command = remote.command(args);
    let child = started(command.env("IBMCLOUD_HTTP_TIMEOUT", "30").env_remove("IBMCLOUD_TRACE"));
    wait_until("the service is asked", || {
        let requests = remote.server.requests();
        requests.iter().any(|request| request.method != "GET" && number_of(request) == number)
    });
    signal(&child, end);
    if end == Signal::INT {
        // The first lets the request end that is under way, the second does not.
        signal_again(&child, end);
    }
    ended(child)
}

/// Sends a signal once more, when the first one was noticed.
fn signal_again(child: &Child, end: Signal) {
    std::thread::sleep(std::time::Duration::from_millis(300));
    signal(child, end);
}

/// What `--output json` prints of the keys 1, 2 and 3.
fn outcomes(words: [&str; 3]) -> String {
    let one = |(index, word): (usize, &&str)| {
        let number = index + 1;
        outcome(&format!("\"[ID{number}]\""), &format!("\"k{number}\""), word)
    };
    array(&words.iter().enumerate().map(one).collect::<Vec<_>>())
}

const SIGNALS: [(Signal, i32, &str, &str); 2] = [
    (Signal::INT, 130, "Interrupted.", "interrupted"),
    (Signal::TERM, 143, "Terminated.", "terminated"),
];

fn hint(verb: &str) -> &'static str {
    if verb == "api-key-delete" {
        "Repeat the command with '--ignore-missing' for the rest."
    } else {
        "Repeat the command for the rest."
    }
}

#[test]
fn a_signal_tells_what_was_done_what_is_uncertain_and_what_was_not_begun() {
    for (verb, done) in VERBS {
        for (signal, code, word, kind) in SIGNALS {
            let remote = service(verb, 2, Answer::Hang);
            let ids = [1, 2, 3].map(key_id);
            let args = [verb, &ids[0], "k2", &ids[2], "--force", "--jobs", "1"];
            let told = format!(
                "{word} Of 3 API keys: 1 {done}, 1 uncertain, 1 not begun.\n   \
                 uncertain: 'k2' ([ID1])\n   not begun: 'k3' ([ID2])"
            );
            let json = signalled(&remote, &[&args[..], &["-o", "json"]].concat(), 2, signal);
            let stderr = format!("{told}\n{}\n", hint(verb));
            json.is(code, &outcomes([done, "uncertain", "not begun"]), &stderr);

            let remote = service(verb, 2, Answer::Hang);
            let text = signalled(&remote, &args, 2, signal);
            text.code(code);
            let said = redact(&text.stdout);
            let has = said.contains(&format!("OK\nAPI key [ID1] was {done}\n"));
            assert!(has && !said.contains("API key k2 was"), "{text:#?}");
            assert!(redact(&tail(&text.stderr)).ends_with(&stderr), "{text:#?}");

            let remote = service(verb, 2, Answer::Hang);
            let more = ["-q", "--error-format", "json"];
            let error = signalled(&remote, &[&args[..], &more].concat(), 2, signal);
            let error: Value = serde_json::from_str(&error.code(code).stderr).unwrap();
            assert_eq!((&error["kind"], &error["exit_code"]), (&json!(kind), &json!(code)));
            assert_eq!(redact(error["message"].as_str().unwrap()), told);
            assert_eq!(error["hint"], hint(verb));
        }
    }
}

/// What was said at the end, from the word for the signal on.
fn tail(stderr: &str) -> String {
    let at = ["Interrupted.", "Terminated."].iter().find_map(|word| stderr.find(word));
    stderr[at.unwrap_or_default()..].to_owned()
}

#[test]
fn a_signal_tells_of_all_keys_and_of_one_key_too() {
    let remote = service("api-key-delete", 3, Answer::Hang);
    let args = ["api-key-delete", "--all", "--force", "--output", "json", "--jobs", "1"];
    signalled(&remote, &args, 3, Signal::INT).is(
        130,
        &outcomes(["deleted", "deleted", "uncertain"]),
        "Interrupted. Of 3 API keys: 2 deleted, 1 uncertain.\n   uncertain: 'k3' ([ID1])\n\
         Repeat the command for the rest.\n",
    );
    let remote = service("api-key-delete", 1, Answer::Hang);
    let args = ["api-key-delete", "k1", "--force", "--output", "json"];
    signalled(&remote, &args, 1, Signal::TERM).is(
        143,
        &array(&[outcome("\"[ID1]\"", "\"k1\"", "uncertain")]),
        "Terminated. It is not known whether API key 'k1' ([ID1]) was deleted.\n\
         Repeat the command with '--ignore-missing' for the rest.\n",
    );
}

#[test]
fn the_first_ctrl_c_lets_the_requests_end_that_are_under_way() {
    let remote = Remote::scripted(|request| match request.method.as_str() {
        "GET" => list_answer("", &[1, 2, 3].map(|n| found("api-key-lock", n)), None),
        _ => Answer::empty(204).slow(std::time::Duration::from_millis(1_500)),
    });
    let mut command =
        remote.command(&["api-key-lock", "k1", "k2", "k3", "--force", "-o", "json", "--jobs", "2"]);
    let child = started(command.env_remove("IBMCLOUD_TRACE"));
    wait_until("two locks are asked for", || {
        remote.server.requests().iter().filter(|request| request.method != "GET").count() >= 3
    });
    signal(&child, Signal::INT);
    let told = "Interrupted. Of 3 API keys: 2 locked, 1 not begun.\n   not begun: 'k3' ([ID1])\n\
                Repeat the command for the rest.\n";
    ended(child).is(130, &outcomes(["locked", "locked", "not begun"]), told);
}

#[test]
fn a_signal_before_the_first_key_tells_that_nothing_was_changed() {
    // The token is hung on, so nothing is known but what was typed.
    let remote = Remote::answering(|_| Answer::Hang);
    let mut command = remote.command(&["api-key-lock", "a", "b", "--force", "-o", "json"]);
    let child = started(command.env("IBMCLOUD_HTTP_TIMEOUT", "30"));
    wait_until("a token is asked for", || remote.tokens() > 0);
    signal(&child, Signal::INT);
    let both = ["\"a\"", "\"b\""].map(|name| outcome("null", name, "not begun"));
    let told = "Interrupted. Nothing was changed.\n";
    ended(child).is(130, &array(&both), told);
}

#[test]
fn a_service_that_goes_away_leaves_the_rest_not_begun() {
    for (status, code, kind) in [(503, 10, "unavailable"), (401, 7, "not_logged_in")] {
        for (verb, done) in VERBS {
            let answer = error_answer(status, "gone", "", "No").header("Retry-After", "60");
            // Behind one that was done the command is one of which a part failed.
            let remote = service(verb, 2, answer.clone());
            let ids = [1, 2, 3].map(key_id);
            let all = [verb, &ids[0], &ids[1], &ids[2], "--force", "-o", "json"];
            let args = [&all[..], &["--jobs", "1"]].concat();
            let ended = remote.run(&args);
            ended.code(12).stdout(&outcomes([done, "failed", "not begun"]));
            let told = format!(
                "FAILED\nOf 3 API keys: 1 {done}, 1 failed, 1 not begun.\n   \
                 not begun: 'k3' ([ID1])\n{}\n\n",
                hint(verb)
            );
            let from = ended.stderr.find("FAILED\nOf 3").unwrap_or_default();
            assert_eq!(redact(&ended.stderr[from..]), told, "{ended:#?}");
            assert!(!ended.stderr.contains("Nothing was changed"), "{ended:#?}");
            let asked = |request: &Request| request.method != "GET" && number_of(request) == 3;
            assert!(!remote.server.requests().iter().any(asked), "the third is not tried");
            // Side by side, the third may be under way by then.
            let remote = service(verb, 2, answer.clone());
            let ended = remote.run(&all);
            let told = redact(&ended.code(12).stdout);
            let third = [done, "not begun"].map(|third| outcomes([done, "failed", third]));
            assert!(third.iter().any(|third| redact(third) == told), "{told}");
            // With the first it is that failure.
            let remote = service(verb, 1, answer);
            let ended = remote.run(&[&args[..], &["--error-format", "json"]].concat());
            ended.code(code).stdout(&outcomes(["failed", "not begun", "not begun"]));
            let error: Value = serde_json::from_str(&ended.stderr).unwrap();
            assert_eq!(error["kind"], kind);
            let message = redact(error["message"].as_str().unwrap());
            let rest = "\nOf 3 API keys: 1 failed, 2 not begun.\n   not begun: 'k2' ([ID1])\n   \
                        not begun: 'k3' ([ID2])";
            assert!(message.ends_with(rest), "{message}");
        }
    }
}

#[test]
fn a_lost_answer_is_uncertain_and_does_not_stop_the_others() {
    let remote = service("api-key-lock", 2, Answer::Close);
    let ids = [1, 2, 3].map(key_id);
    let args = ["api-key-lock", &ids[0], &ids[1], &ids[2], "--force", "-o", "json"];
    let ended = remote.run(&args);
    ended.code(12).stdout(&outcomes(["locked", "uncertain", "locked"]));
    let told = "FAILED\nOf 3 API keys: 2 locked, 1 uncertain.\n   uncertain: 'k2' ([ID1])\n\
                Repeat the command for the rest.\n\n";
    assert!(redact(&ended.stderr).ends_with(told), "{ended:#?}");
}

#[test]
fn what_is_not_permitted_of_one_key_does_not_stop_the_others() {
    let no = || error_answer(403, "not_authorized", "BXNIM0513E", "No");
    for (verb, done) in VERBS {
        let ids = [1, 2, 3].map(key_id);
        let args = [verb, &ids[0], &ids[1], &ids[2], "--force", "-o", "json"];
        let remote = service(verb, 1, no());
        remote.run(&args).code(12).stdout(&outcomes(["failed", done, done]));
    }
    // What each key meets is for all.
    let remote = Remote::scripted(move |request| match request.method.as_str() {
        "GET" => {
            let keys = [1, 2, 3].map(|number| found("api-key-lock", number));
            list_answer("", &keys, None)
        }
        _ => no(),
    });
    let ids = [1, 2, 3].map(key_id);
    let args = ["api-key-lock", &ids[0], &ids[1], &ids[2], "--force", "-o", "json"];
    remote.run(&args).code(8).stdout(&outcomes(["failed"; 3]));
}

#[test]
fn a_key_that_is_gone_meanwhile_can_be_ignored() {
    let gone = || error_answer(404, "not_found", "BXNIM0102E", "Unable to find object");
    let ids = [1, 2].map(key_id);
    let args = ["api-key-delete", &ids[0], &ids[1], "--force", "-o", "json"];
    let expected = |word| {
        let one = |n: usize, word| outcome(&format!("\"[ID{n}]\""), &format!("\"k{n}\""), word);
        array(&[one(1, word), one(2, "deleted")])
    };
    let remote = service("api-key-delete", 1, gone());
    remote.run(&args).code(12).stdout(&expected("failed"));
    let remote = service("api-key-delete", 1, gone());
    let ignoring = [&args[..], &["--ignore-missing"]].concat();
    remote.run(&ignoring).is(0, &expected("missing"), "");
    // A gateway that knows no such path says nothing of the key.
    let remote = service("api-key-delete", 1, Answer::empty(404));
    assert_ne!(remote.run(&ignoring).code, 0);
}

#[test]
fn every_word_is_in_the_guide() {
    let guide = include_str!("../../../docs/guide/scripts.md");
    let section = guide.split("\n## ").find(|section| section.starts_with("Several keys")).unwrap();
    let words = ["unchanged", "missing", "failed", "uncertain", "not begun"];
    for word in VERBS.iter().map(|(_, done)| *done).chain(words) {
        let cell = section.lines().filter_map(|line| line.split('|').nth(1));
        assert_eq!(cell.filter(|cell| cell.contains(&format!("`{word}`"))).count(), 1, "{word}");
    }
}

#[test]
fn a_service_that_gets_too_many_requests_loses_nothing_and_is_not_hammered() {
    const KEYS: usize = 30;
    let names: Vec<String> = (1..=KEYS).map(|number| format!("k{number}")).collect();
    let mut asked = 0;
    let remote = Remote::scripted(move |request| {
        asked += 1;
        match request.method.as_str() {
            _ if asked % 3 == 0 => error_answer(429, "too_many_requests", "", "Too many"),
            "GET" => {
                let all: Vec<Value> =
                    (1..=KEYS).map(|number| key_json(number, &format!("k{number}"))).collect();
                list_answer("", &all, None)
            }
            _ => Answer::empty(204),
        }
    });
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let began = std::time::Instant::now();
    let ended = remote.run(&[&["api-key-lock", "--force", "-o", "json"], &names[..]].concat());
    let took = began.elapsed().as_secs_f64();
    let outcomes = ended.ok().json();
    let outcomes = outcomes.as_array().unwrap();
    assert_eq!(outcomes.len(), KEYS);
    assert!(outcomes.iter().all(|one| one["outcome"] == "locked"), "{outcomes:#?}");
    let sent = remote.server.requests().len();
    println!("{sent} requests, {:.0} a second", f64::from(u32::try_from(sent).unwrap()) / took);
    // Each that is too many is followed by a pause for all of them.
    assert!(sent < KEYS * 2, "{sent} requests for {KEYS} keys");
}

#[test]
fn a_signal_ends_a_command_whose_output_nobody_reads() {
    let sandbox = Sandbox::new();
    let rig = Service::<Emulator>::emulated_in(
        sandbox,
        &["--in-memory", "--seed-keys", "1500"],
        &[("IBMCLOUD_IAM_KEY_LIMIT", "2000")],
    );
    for (end, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let mut child = started(&mut rig.command(&["api-key-delete", "--all", "--dry-run"]));
        // What is said of 1,500 keys does not fit into a pipe.
        let shown = || shown_in_proc(child.id(), "syscall");
        wait_until("it waits for a reader", || shown().starts_with(b"1 0x1 "));
        signal(&child, end);
        if end == Signal::INT {
            signal_again(&child, end);
        }
        let mut status = None;
        wait_until("it has ended", || {
            status = child.try_wait().unwrap();
            status.is_some()
        });
        assert_eq!(status.unwrap().code(), Some(code));
    }
}

#[test]
fn an_audit_that_is_interrupted_while_it_lists_says_so() {
    let remote = Remote::scripted(|_| Answer::Hang);
    let mut command = remote.command(&["api-keys-audit", "-o", "json"]);
    let child = started(command.env("IBMCLOUD_HTTP_TIMEOUT", "30"));
    wait_until("keys are listed", || remote.server.requests().len() > 1);
    signal(&child, Signal::INT);
    let told = "Interrupted. There is no report: not every key was looked at.\n";
    ended(child).is(130, "", told);
}
