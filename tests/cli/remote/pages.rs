//! A listing that comes in pages, from a service that numbers and breaks them as it likes.

use serde_json::{Value, json};

use crate::support::iam::{key_json, list_answer, with_tokens};
use crate::support::server::{Answer, Request, Server};
use crate::support::{Outcome, Sandbox, run};

/// Lists all keys from a service that answers each page as `answer` says; the first is 0.
fn list(mut answer: impl FnMut(usize, &Request) -> Answer + Send + 'static) -> (Server, Outcome) {
    let server = Server::start(with_tokens(move |request| {
        let token = request.query().into_iter().find(|(name, _)| name == "pagetoken");
        answer(token.map_or(0, |(_, token)| token.parse().unwrap()), request)
    }));
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(&["api-keys", "--output", "json"]);
    command
        .env("IBMCLOUD_IAM_BACKEND", "remote")
        .env("IBMCLOUD_API_KEY", "the-key-that-logs-in")
        .env("IBMCLOUD_IAM_API_ENDPOINT", server.url());
    let outcome = run(&mut command, b"");
    (server, outcome)
}

/// Three keys a page.
fn keys(page: usize) -> Vec<Value> {
    (page * 3..page * 3 + 3).map(|number| key_json(number, &format!("key {number}"))).collect()
}

fn page(page: usize, of: usize) -> Answer {
    let next = (page + 1 < of).then(|| (page + 1).to_string());
    list_answer("http://elsewhere.invalid", &keys(page), next.as_deref())
}

/// The same page with `next` before the keys, as the service writes it; the other one is sorted by field name.
fn next_first(number: usize, of: usize) -> Answer {
    let Answer::Whole { status, headers, body } = page(number, of) else { unreachable!() };
    let document: Value = serde_json::from_slice(&body).unwrap();
    let text = match document.get("next") {
        None => document.to_string(),
        Some(next) => format!(r#"{{"next":{next},"apikeys":{}}}"#, document["apikeys"]),
    };
    Answer::Whole { status, headers, body: text.into_bytes() }
}

#[test]
fn every_page_is_read_wherever_it_names_the_next_on_one_connection() {
    let names: Vec<_> = (0..36).map(|number| json!(format!("key {number}"))).collect();
    let layouts: [fn(usize, usize) -> Answer; 2] = [page, next_first];
    for layout in layouts {
        let (server, outcome) = list(move |number, _| layout(number, 12));
        let listed = outcome.json();
        let found: Vec<_> =
            listed.as_array().unwrap().iter().map(|key| key["name"].clone()).collect();
        assert_eq!(found, names);
        assert_eq!((server.requests().len(), server.connections()), (13, 1));
    }
}

#[test]
fn a_page_that_is_not_understood_ends_the_listing() {
    for broken in 0..7 {
        let (_, outcome) = list(move |number, _| {
            if number != broken {
                return next_first(number, 7);
            }
            let body = format!(r#"{{"next":"?pagetoken={}","apikeys":[{{"id":7}}]}}"#, number + 1);
            Answer::Raw(
                format!("HTTP/1.1 200 -\r\nContent-Length: {}\r\n\r\n{body}", body.len())
                    .into_bytes(),
            )
        });
        assert_eq!((outcome.code, outcome.stdout.as_str()), (10, ""), "{outcome:#?}");
        assert!(outcome.stderr.contains("is not understood"), "{outcome:#?}");
    }
}

#[test]
fn pages_that_go_in_circles_end() {
    let (server, outcome) = list(|_, _| next_first(0, 2));
    assert!(outcome.stderr.contains("goes in circles"), "{outcome:#?}");
    assert_eq!((outcome.code, server.routes().len()), (10, 3));
}
