//! What the service is asked before a key loses its effect, and what becomes of its answers.

use serde_json::{Value, json};

use super::{Remote, TOKENS, facts};
use crate::support::expected::behind_ids;
use crate::support::iam::{error_answer, key_id, key_json, list_answer};
use crate::support::server::{Answer, Request};

const LIST: &str = "GET /v1/apikeys";
const DETAILS: &str = "GET /v1/apikeys/details";

/// The number of the key that a request is about.
fn number(request: &Request) -> usize {
    let route = request.route();
    let id = route.split('/').nth(3).unwrap();
    (1..10).find(|number| id == key_id(*number)).unwrap()
}

/// A service with the keys `a`, `b` and `c`: it tells their use as the script says when it is asked to, and does
/// everything else.
fn telling(mut activity: impl FnMut(usize) -> Answer + Send + 'static) -> Remote {
    let keys = ["a", "b", "c"];
    let key = move |number: usize| key_json(number, keys[number - 1]);
    Remote::scripted(move |request| match request.method.as_str() {
        "GET" if request.route() == LIST => list_answer("", &[key(1), key(2), key(3)], None),
        // Whose credential it is.
        "GET" if request.route() == DETAILS => Answer::json(200, key(1)),
        "GET" if request.query().is_empty() => Answer::json(200, key(number(request))),
        "GET" => {
            assert_eq!(request.query(), [("include_activity".to_owned(), "true".to_owned())]);
            activity(number(request))
        }
        _ => Answer::empty(204),
    })
}

/// The key `a`, `b` or `c` with its use.
fn used(number: usize, activity: &Value) -> Answer {
    let mut key = key_json(number, ["a", "b", "c"][number - 1]);
    key["activity"] = activity.clone();
    Answer::json(200, key)
}

fn never(number: usize) -> Answer {
    used(number, &json!({"authn_count": 0}))
}

/// How often the service was asked for a single key.
fn reads(remote: &Remote) -> usize {
    let routes = remote.routes();
    let is_read =
        |route: &&String| route.starts_with("GET") && **route != LIST && **route != DETAILS;
    routes.iter().filter(is_read).count()
}

/// The facts about the nth key of the output.
fn line(number: usize, name: &str, last_use: &str) -> String {
    let line = facts("api-key-delete", name).replace("last use unknown", last_use);
    behind_ids(number - 1, &line)
}

#[test]
fn the_use_is_told_as_the_service_tells_it() {
    let at = "2026-11-20T18:59+0000";
    for (activity, told, tokens) in [
        (json!({"last_authn": at, "authn_count": 7}), "last used 2026-11-20T18:59+0000", TOKENS),
        (json!({"authn_count": 7}), "used, at an unknown time", TOKENS),
        (json!({"last_authn": null, "authn_count": 1}), "used, at an unknown time", TOKENS),
        (json!({"authn_count": 0}), "never used", ""),
        (json!({}), "last use unknown", TOKENS),
        (json!({"last_authn": at}), "last use unknown", TOKENS),
        (json!(null), "last use unknown", TOKENS),
    ] {
        for verb in ["api-key-delete", "api-key-disable"] {
            let answer = activity.clone();
            let remote = telling(move |number| used(number, &answer));
            let done = remote.run(&[verb, "a", "--force"]);
            done.ok().stderr(&format!("{}{tokens}", line(1, "a", told)));
            assert_eq!(reads(&remote), 1, "one request more");
        }
    }
}

#[test]
fn nothing_is_asked_where_nothing_is_told() {
    for args in [
        &["api-key-delete", "a", "--force", "-q"][..],
        &["api-key-delete", "a", "--force", "-o", "json"],
        &["api-key-delete", "a", "--force", "--error-format", "json"],
        &["api-key-delete", "a", "--dry-run"],
        &["api-key-delete", "--all", "--force", "-q"],
        &["api-key-disable", "a", "b", "--force", "-q"],
        &["api-key-lock", "a", "--force"],
        &["api-key-enable", "a", "--force"],
    ] {
        let remote = telling(never);
        remote.run(args).ok().stderr("");
        assert_eq!(reads(&remote), 0, "{args:?}");
    }
}

#[test]
fn a_use_that_is_refused_is_unknown_and_stops_nothing() {
    let remote = telling(|number| match number {
        1 => error_answer(403, "forbidden", "BXNIM0103E", "No"),
        2 => error_answer(404, "not_found", "BXNIM0102E", "Unable to find object"),
        _ => never(number),
    });
    let done = remote.run(&["api-key-delete", "a", "b", "c", "--force"]);
    let told = [
        line(1, "a", "last use unknown"),
        line(2, "b", "last use unknown"),
        line(3, "c", "never used"),
        TOKENS.replace("with it", "with them"),
    ];
    done.ok().stderr(&told.concat());
    assert_eq!(reads(&remote), 3);
}

/// Each attempt may take its time, and there may be twenty keys.
#[test]
fn a_service_that_does_not_answer_is_not_asked_for_every_key() {
    let busy = || error_answer(503, "busy", "BXNIM0001E", "Not now").header("Retry-After", "999");
    let remote = telling(move |_| busy());
    let done = remote.run(&["api-key-delete", "a", "b", "c", "--force"]);
    let told = [
        line(1, "a", "last use unknown"),
        line(2, "b", "last use not asked for"),
        line(3, "c", "last use not asked for"),
        "The last use was not asked for of every API key because the service did not answer; 'ibmcloud-iam api-key ID --activity' asks for that of one.\n".to_owned(),
        TOKENS.replace("with it", "with them"),
    ];
    done.ok().stderr(&told.concat());
    assert_eq!(reads(&remote), 1);
}

#[test]
fn tokens_are_those_of_keys_that_were_deleted() {
    for (refused, said) in [(1, ""), (2, TOKENS)] {
        // Only 'a' was used.
        let count = move |number: usize| json!({"authn_count": u8::from(number == 1)});
        let remote = Remote::scripted(move |request| match request.method.as_str() {
            "GET" if request.route() == LIST => {
                list_answer("", &[key_json(1, "a"), key_json(2, "b")], None)
            }
            "GET" => used(number(request), &count(number(request))),
            _ if number(request) == refused => {
                error_answer(404, "not_found", "BXNIM0102E", "Unable to find object")
            }
            _ => Answer::empty(204),
        });
        let done = remote.run(&["api-key-delete", "a", "b", "--force"]);
        let tokens = said.replace("with it", "with them");
        assert!(done.code(12).stderr.contains("was not found"), "{done:#?}");
        assert_eq!(done.stderr.contains("Tokens"), !tokens.is_empty(), "{done:#?}");
        assert!(done.stderr.contains(&tokens), "{done:#?}");
    }
}
