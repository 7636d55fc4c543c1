//! Lost answers and changes by others.

use serde_json::json;

use super::super::{Counter, Remote, Told};
use super::{TAG, gone, groups, id, page, service_id, serving};
use crate::support::iam::error_answer;
use crate::support::server::{Answer, Request};

fn sent(remote: &Remote, method: &str) -> usize {
    remote
        .routes()
        .iter()
        .filter(|route| route.starts_with(method) && !route.contains("token"))
        .count()
}

#[test]
fn what_may_have_been_made_is_not_made_twice() {
    for lost in
        [Answer::Close, Answer::empty(503), Answer::empty(408), Answer::json(201, json!({}))]
    {
        let remote = serving(&[], move |_| lost.clone());
        let outcome = remote.run(&["service-id-create", "it's"]);
        outcome.code(11);
        let hint = "Look whether service ID 'it's' is there, then repeat the command if it is not: 'ibmcloud-iam service-ids --name 'it'\"'\"'s''.";
        assert!(outcome.stderr.contains(hint), "{outcome:#?}");
        assert_eq!(sent(&remote, "POST"), 1, "{:?}", remote.routes());
    }
}

#[test]
fn what_was_refused_was_not_made() {
    let full = error_answer(422, "limit", "BXNIM0151E", "Too many");
    let no = error_answer(403, "forbidden", "BXNIM0513E", "No");
    for (answer, exit) in [(full, 9), (no, 8), (Answer::empty(429), 10)] {
        let remote = serving(&[], move |_| answer.clone());
        remote.run(&["service-id-create", "x"]).code(exit);
        assert_eq!(sent(&remote, "POST"), 1);
    }
}

#[test]
fn a_change_names_the_version_that_was_read_or_given() {
    let answer = |request: &Request| {
        let mut changed = service_id(1, "ci");
        changed["description"] = request.json()["description"].clone();
        Answer::json(200, changed)
    };
    let remote = serving(&["ci"], answer);
    let args = ["service-id-update", "ci", "-d", "new"];
    remote.run(&args).ok();
    for given in [&["-v", "1-old"][..], &["--version", "1-old"], &["--version=1-old"]] {
        remote.run(&[&args[..], given].concat()).ok();
    }
    let tags: Vec<_> = remote
        .server
        .requests()
        .iter()
        .filter(|request| request.method == "PUT")
        .map(|request| request.header("If-Match").unwrap().to_owned())
        .collect();
    assert_eq!(tags, [TAG, "1-old", "1-old", "1-old"]);
    assert_eq!(remote.server.requests().last().unwrap().json(), json!({"description": "new"}));
}

#[test]
fn a_change_by_somebody_else_is_told() {
    for status in [409, 412] {
        let remote = serving(&["ci"], move |_| {
            error_answer(status, "conflict", "BXNIM0106E", "Wrong version")
        });
        let outcome = remote.run(&[
            "service-id-update",
            "ci",
            "-d",
            "new",
            "-v",
            "1-old",
            "--error-format",
            "json",
        ]);
        Told {
            exit: 5,
            kind: "conflict",
            message: "Service ID 'ci' was changed by somebody else meanwhile. Wrong version Changed since it was read: entity tag.",
            hint: "Look at it again, then repeat the command.",
            code: Some("BXNIM0106E"),
            trace: Some("NXA1ZDU-fa0b00fa0b00fa0b00fa0b00fa0b00fa"),
            status: Some(status),
        }
        .in_json(&outcome);
    }
}

#[test]
fn a_deletion_is_tried_again_where_the_service_says_so() {
    let count = Counter::default();
    let remote = serving(&["ci"], move |_| match count.next() {
        0 => error_answer(409, "conflict", "BXNIM0105E", "Delete Conflict"),
        _ => Answer::empty(204),
    });
    remote.run(&["service-id-delete", "ci", "-f", "-q"]).is(0, "Service ID ci was deleted\n", "");
    assert_eq!(sent(&remote, "DELETE"), 2);
    // It was deleted though the answer was lost.
    let is_gone = Counter::default();
    let remote = Remote::scripted(move |request| match request.method.as_str() {
        "DELETE" => {
            is_gone.next();
            if is_gone.next() < 2 { Answer::Close } else { gone() }
        }
        "GET" if request.route() == "GET /v1/serviceid_groups" => groups(&[]),
        "GET" if request.route() == "GET /v1/apikeys" => Answer::json(200, json!({"apikeys": []})),
        "GET" if request.route() == "GET /v1/serviceids/" => page(&[service_id(1, "ci")], None),
        _ => gone(),
    });
    remote.run(&["service-id-delete", "ci", "-f", "-q"]).is(0, "Service ID ci was deleted\n", "");
}

#[test]
fn an_id_of_another_form_enters_no_path() {
    // It is a name then, and no service ID has it.
    let remote = serving(&["ci"], |_| Answer::empty(204));
    for odd in ["ServiceId-..", "../v1/apikeys", &id(1).to_uppercase()] {
        remote.run(&["service-id-delete", odd, "-f"]).code(3);
    }
    let mut odd = service_id(1, "ci");
    odd["id"] = json!("../apikeys");
    let remote = Remote::scripted(move |request| match request.route().as_str() {
        "GET /v1/serviceid_groups" => groups(&[]),
        "GET /v1/apikeys" => Answer::json(200, json!({"apikeys": []})),
        _ => page(&[odd.clone()], None),
    });
    let outcome = remote.run(&["service-id-delete", "ci", "-f"]);
    outcome.code(1);
    let words = "The ID of the service ID is not of the form ServiceId-UUID; nothing was sent.";
    assert!(outcome.stderr.contains(words), "{outcome:#?}");
    assert_eq!(sent(&remote, "DELETE"), 0);
}
