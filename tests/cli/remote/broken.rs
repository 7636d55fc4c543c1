//! Answers that are cut short, garbled, endless or dripping: a clear sentence, within bounds.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{Remote, Told, command};
use crate::support::iam::{key_id, key_json, list_answer, token_answer};
use crate::support::server::{Answer, Server};
use crate::support::{Sandbox, run};

const LATER: &str = "Nothing was changed; try again later.";

fn told<'a>(message: &'a str, hint: &'a str) -> Told<'a> {
    Told { exit: 10, kind: "unavailable", message, hint, ..Told::default() }
}

#[test]
fn a_success_that_cannot_be_read_is_none() {
    let message = "HOST gave an answer that is not understood.";
    for body in
        ["", "{", "[]", "null", "<html></html>", "{\"apikeys\": 5}", "{\"id\": 5}", "\u{0}\u{ff}"]
    {
        let answer = Answer::Whole { status: 200, headers: Vec::new(), body: body.into() };
        let remote = Remote::scripted(move |_| answer.clone());
        told(message, LATER).in_text(&remote.run(&["api-keys"]));
        told(message, LATER).in_text(&remote.run(&["api-key", &key_id(1)]));
        assert_eq!(remote.routes().len(), 2, "{body}: it would be the same again");
    }
    // A key with a time that is none, or without a name, is not understood either.
    for (field, value) in
        [("created_at", json!("soon")), ("name", json!(null)), ("locked", json!("no"))]
    {
        let mut key = key_json(1, "x");
        key[field] = value;
        let remote = Remote::scripted(move |_| Answer::json(200, json!({"apikeys": [key]})));
        told(message, LATER).in_text(&remote.run(&["api-keys"]));
    }
}

#[test]
fn an_answer_that_breaks_off_is_none() {
    let breaks_off = |remote: Remote, requests| {
        let failed = remote.run(&["api-keys"]);
        failed.code(10);
        assert!(failed.stderr.starts_with("FAILED\nThe answer of HOST broke off: "), "{failed:#?}");
        assert_eq!(remote.server.requests().len(), requests);
    };
    thread::scope(|scope| {
        scope.spawn(|| {
            breaks_off(
                Remote::scripted(|_| list_answer("", &[key_json(1, "x")], None).truncated(30)),
                5,
            );
        });
        scope.spawn(|| breaks_off(Remote::answering(|_| token_answer().truncated(100)), 4));
        let remote = Remote::scripted(|_| Answer::Close);
        let message = "HOST ended the connection without an answer.";
        told(message, LATER).in_text(&remote.run(&["api-keys"]));
    });
}

#[test]
fn an_answer_that_is_too_large_is_not_read() {
    let body = format!("{{\"apikeys\": [], \"x\": \"{}\"}}", " ".repeat(17 << 20));
    let answer = Answer::Whole { status: 200, headers: Vec::new(), body: body.into() };
    let remote = Remote::scripted(move |_| answer.clone());
    let message = "The answer of HOST broke off: it is larger than 16 MiB.";
    told(message, LATER).in_text(&remote.run(&["api-keys"]));
    assert_eq!(remote.routes().len(), 1, "it would be the same again");
}

/// A server that sends one byte of its body every now and then, for ever.
fn dripping() -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            thread::spawn(move || {
                let mut stream = stream.unwrap();
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(b"HTTP/1.1 200 -\r\nContent-Length: 100000\r\n\r\n");
                while stream.write_all(b" ").is_ok() {
                    thread::sleep(Duration::from_millis(30));
                }
            });
        }
    });
    url
}

#[test]
fn an_answer_that_drips_is_left() {
    let auth = Server::start(|_| token_answer());
    let sandbox = Sandbox::new();
    let url = dripping();
    let host = url.split_once("//").unwrap().1;
    let mut list = command(&sandbox, &url, &["api-keys"]);
    list.env("IAM_IDENTITY_AUTH_URL", auth.url()).env("IBMCLOUD_HTTP_TIMEOUT", "0.2");
    let started = Instant::now();
    let failed = run(&mut list, b"");
    let message = format!("The answer of {host} broke off: it took longer than 0.2 s.");
    told(&message, LATER).in_text(&failed);
    assert!(started.elapsed() < Duration::from_secs(6), "{:?}", started.elapsed());
}
