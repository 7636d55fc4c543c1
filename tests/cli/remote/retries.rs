//! What may be sent again is, a few times and not for long; waiting is bounded, and what was asked for is honoured.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{Counter, Remote, Told, command};
use crate::support::iam::{error_answer, key_id, key_json, list_answer, token_answer};
use crate::support::server::{Answer, Server};
use crate::support::{Sandbox, run};

/// Fails some times, then lists nothing.
fn recovers(failure: Answer, times: usize) -> Remote {
    let count = Counter::default();
    Remote::scripted(move |_| {
        if count.next() < times { failure.clone() } else { list_answer("", &[], None) }
    })
}

fn busy(status: u16) -> Answer {
    error_answer(status, "busy", "BXNIM0001E", "Not now")
}

#[test]
fn what_fails_for_a_moment_is_sent_again() {
    thread::scope(|scope| {
        for failure in [
            busy(503),
            busy(429),
            busy(500).header("Retry-After", "0"),
            Answer::Close,
            list_answer("", &[], None).truncated(5),
            Answer::Raw(b"HTTP/1.1 200 -\r\nContent-Le".to_vec()),
        ] {
            scope.spawn(move || {
                let remote = recovers(failure.clone(), 2);
                remote.run(&["api-keys"]).ok().stderr("");
                assert_eq!(remote.routes().len(), 3, "{failure:?}");
            });
        }
    });
}

#[test]
fn no_more_than_four_attempts_are_made() {
    let id = key_id(1);
    for (args, method) in [
        (&["api-keys"][..], "GET"),
        (&["api-key", &id], "GET"),
        (&["api-key-delete", &id, "--force"], "DELETE"),
        (&["api-key-lock", &id, "--force"], "POST"),
        (&["api-key-unlock", &id, "--force"], "DELETE"),
        (&["api-key-disable", &id, "--force"], "POST"),
        (&["api-key-update", &id, "-n", "y"], "PUT"),
    ] {
        for status in [429, 500, 503] {
            let count = Counter::default();
            let unlocks = args[0].ends_with("unlock");
            let remote = Remote::scripted(move |request| {
                let mut key = key_json(1, "x");
                key["locked"] = json!(unlocks);
                match request.method.as_str() {
                    "GET" if method != "GET" => Answer::json(200, key),
                    _ if count.next() > 8 => Answer::empty(204),
                    _ => busy(status).header("Retry-After", "0"),
                }
            });
            let failed = remote.run(args);
            failed.code(10);
            assert!(failed.stderr.contains("Nothing was changed; try again later."), "{failed:#?}");
            let sent = remote.routes().iter().filter(|route| route.starts_with(method)).count();
            assert_eq!(sent, 4, "{args:?} {status}");
        }
    }
    // What is not passing is not sent again.
    for status in [400, 401, 403, 404, 409, 422, 501] {
        let remote = Remote::scripted(move |_| busy(status));
        remote.run(&["api-keys"]);
        assert_eq!(remote.routes().len(), 1, "{status}");
    }
}

#[test]
fn an_asked_for_wait_is_kept_or_refused() {
    // NOW is 09:00:00; a date in the past is no wait.
    for asked in ["0", "Sat, 21 Nov 2026 08:00:00 GMT", "Sat, 21 Nov 2026 09:00:01 GMT", "1"] {
        let started = Instant::now();
        recovers(busy(503).header("Retry-After", asked), 1).run(&["api-keys"]).ok();
        let waited = started.elapsed() >= Duration::from_secs(1);
        assert_eq!(waited, asked.ends_with('1') || asked.ends_with("01 GMT"), "{asked}");
    }
    for (asked, seconds) in [
        ("999999", "999999"),
        ("99999999999999999999999", "18446744073709551615"),
        ("Sun, 22 Nov 2026 09:00:00 GMT", "86400"),
    ] {
        for (status, words) in
            [(429, "gets too many requests"), (503, "cannot serve the request now")]
        {
            let remote = recovers(busy(status).header("Retry-After", asked), 9);
            let started = Instant::now();
            let told = Told {
                exit: 10,
                kind: "unavailable",
                message: &format!("HOST {words} ({status}). Not now"),
                hint: &format!("Nothing was changed; the service asks to wait {seconds} s."),
                code: Some("BXNIM0001E"),
                trace: Some("NXA1ZDU-fa0b00fa0b00fa0b00fa0b00fa0b00fa"),
                status: Some(status),
            };
            told.in_text(&remote.run(&["api-keys"]));
            assert_eq!(remote.routes().len(), 1, "{asked}");
            assert!(started.elapsed() < Duration::from_secs(5));
        }
    }
    // What cannot be read asks for nothing.
    for asked in ["soon", "-5", "1.5", ""] {
        recovers(busy(503).header("Retry-After", asked), 1).run(&["api-keys"]).ok();
    }
}

#[test]
fn a_server_that_says_nothing_is_left() {
    let told = |message| Told {
        exit: 10,
        kind: "unavailable",
        message,
        hint: "IBMCLOUD_HTTP_TIMEOUT sets how many seconds to wait.",
        ..Told::default()
    };
    let short = [("IBMCLOUD_HTTP_TIMEOUT", "0.2")];
    thread::scope(|scope| {
        scope.spawn(|| {
            let remote = Remote::scripted(|_| Answer::Hang);
            told("HOST did not answer within 0.2 s.")
                .in_text(&remote.run_env(&short, &["api-keys"]));
            assert_eq!(remote.routes().len(), 4);
        });
        scope.spawn(|| {
            let remote = Remote::answering(|_| Answer::Hang);
            told("HOST did not answer within 0.2 s.")
                .in_text(&remote.run_env(&short, &["api-keys"]));
            assert_eq!(remote.tokens(), 4);
        });
        scope.spawn(|| {
            let count = Counter::default();
            let remote = Remote::scripted(move |_| match count.next() {
                0 => list_answer("", &[], None).slow(Duration::from_secs(2)),
                _ => list_answer("", &[], None),
            });
            remote.run_env(&short, &["api-keys"]).ok();
            assert_eq!(remote.routes().len(), 2, "a slow answer is not waited for");
        });
    });
}

#[test]
fn nobody_listens() {
    let sandbox = Sandbox::new();
    let told = Told {
        exit: 10,
        kind: "unavailable",
        message: "Nobody listens at 127.0.0.1:9.",
        hint: "Check the endpoint, the network and the proxy.",
        ..Told::default()
    };
    let fails = |args: &[&str]| run(&mut command(&sandbox, "http://127.0.0.1:9", args), b"");
    let started = Instant::now();
    thread::scope(|scope| {
        scope.spawn(|| told.in_text(&fails(&["api-keys"])));
        scope.spawn(|| {
            let args = ["api-key-create", "x", "--file", "k", "--error-format", "json"];
            told.in_json(&fails(&args));
        });
        // Here the API alone is away.
        let auth = Server::start(|_| token_answer());
        let args = ["api-key-create", "x", "--file", "k2"];
        let mut create = command(&sandbox, "http://127.0.0.1:9", &args);
        told.in_text(&run(create.env("IAM_IDENTITY_AUTH_URL", auth.url()), b""));
    });
    assert!(started.elapsed() < Duration::from_secs(6));
    assert_eq!((sandbox.files_in_work().len(), sandbox.open_entries()), (0, 0));
}

#[test]
fn a_timeout_that_is_none_is_refused() {
    let remote = Remote::scripted(|_| list_answer("", &[], None));
    for text in ["0", "-1", "x", "1e9", "NaN", "inf"] {
        let failed = remote.run_env(&[("IBMCLOUD_HTTP_TIMEOUT", text)], &["api-keys"]);
        failed.code(2).stderr(&format!(
            "FAILED\nIBMCLOUD_HTTP_TIMEOUT is '{text}'; it must be a number of seconds above 0 and up to 3600.\n\n"
        ));
    }
    assert!(remote.server.requests().is_empty());
}
