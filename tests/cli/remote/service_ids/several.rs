//! Several service IDs: the question, what is told before, and an outcome for each.

use serde_json::{Value, json};

use super::super::{Remote, progress};
use super::{asked, groups, id, page, service_id, serving};
use crate::support::expected::{array, outcome};
use crate::support::iam::{error_answer, key_json};
use crate::support::server::Answer;

/// A service with one service ID, and a key of it that is locked or not.
fn with_key(is_locked: bool, id_is_locked: bool) -> Remote {
    Remote::scripted(move |request| {
        let mut found = service_id(1, "ci");
        found["locked"] = json!(id_is_locked);
        let mut key = key_json(1, "token");
        key["iam_id"] = json!(format!("iam-{}", id(1)));
        key["locked"] = json!(is_locked);
        let route = request.route();
        match request.method.as_str() {
            "GET" if route == "GET /v1/serviceid_groups" => groups(&[]),
            "GET" if route == "GET /v1/serviceids/" => page(&[found], None),
            "GET" if route == "GET /v1/apikeys" => {
                assert_eq!(asked(request, "iam_id"), Some(format!("iam-{}", id(1))));
                Answer::json(200, json!({"apikeys": [key]}))
            }
            "GET" if route.starts_with("GET /v1/apikeys/") => {
                key["activity"] = json!({"authn_count": 0});
                Answer::json(200, key)
            }
            "GET" => Answer::json(200, found),
            _ => Answer::empty(204),
        }
    })
}

const TOLD: &str = "Service ID 'ci' ([ID1]): created 2026-02-10T18:59+0000, 1 API key. Its access policies go with it, and tokens of its keys stop working at once.\n\
    API key 'token' ([ID2]): created 2026-02-19T18:59+0000 (275 days ago) by IBMid-310000ABCD, never used.\n";

#[test]
fn a_deletion_tells_first_what_goes_with_it() {
    let remote = with_key(false, false);
    let head = progress("Deleting", "service ID ci");
    let forced = remote.run(&["service-id-delete", "ci", "--force"]);
    forced.is(0, &format!("{head}OK\nService ID ci was deleted\n"), TOLD);
    let asked = crate::support::run(&mut remote.command(&["service-id-delete", "ci"]), b"n\n");
    asked.code(13).stdout(&format!(
        "{head}{TOLD}Are you sure you want to delete service ID 'ci'? [y/N]> n\n"
    ));
    let planned = remote.run(&["service-id-delete", "ci", "--dry-run", "-o", "json"]);
    planned.ok().stdout(&array(&[outcome("\"[ID1]\"", "\"ci\"", "would be deleted")]));
    let deletions = remote.routes().iter().filter(|route| route.starts_with("DELETE")).count();
    assert_eq!(deletions, 1);
}

#[test]
fn a_lock_on_it_or_on_one_of_its_keys_keeps_it() {
    for (remote, message, hint) in [
        (
            with_key(true, false),
            "API key 'token' of service ID 'ci' is locked; nothing was changed.",
            "Unlock it with 'ibmcloud-iam service-api-key-unlock [ID1] [ID2]'.",
        ),
        (
            with_key(false, true),
            "Service ID 'ci' is locked; nothing was changed.",
            "Unlock it with 'ibmcloud-iam service-id-unlock [ID1]'.",
        ),
    ] {
        for more in ["-f", "--dry-run"] {
            let refused = remote.run(&["service-id-delete", "ci", more]);
            refused.code(6).stderr(&format!("FAILED\n{message}\n{hint}\n\n"));
        }
        assert!(remote.routes().iter().all(|route| !route.starts_with("DELETE")));
    }
}

fn outcomes(words: &[(&str, &str, &str)]) -> String {
    let one = |(id, name, word): &(&str, &str, &str)| outcome(id, name, word);
    array(&words.iter().map(one).collect::<Vec<_>>())
}

#[test]
fn each_has_an_outcome_and_one_failure_does_not_stop_the_others() {
    let remote = serving(&["a", "b"], |request| {
        if request.path.contains(&id(1)) {
            error_answer(403, "forbidden", "BXNIM0513E", "No")
        } else {
            Answer::empty(204)
        }
    });
    for (verb, word) in [("service-id-delete", "deleted"), ("service-id-lock", "locked")] {
        let done = remote.run(&[verb, "a", "b", "x", "-f", "-o", "json"]);
        done.code(12).stdout(&outcomes(&[
            ("\"[ID1]\"", "\"a\"", "failed"),
            ("\"[ID2]\"", "\"b\"", word),
            ("null", "\"x\"", "failed"),
        ]));
        assert!(done.stderr.contains("2 of 3 service IDs failed."), "{done:#?}");
    }
    // They are unlocked already.
    let unlocked = remote.run(&["service-id-unlock", "a", "a", "b", "-f", "-q"]);
    unlocked.is(0, "Service ID a was like that already\nService ID b was like that already\n", "");
    let missing =
        remote.run(&["service-id-delete", "b", "x", "-f", "--ignore-missing", "-o", "json"]);
    missing.is(
        0,
        &outcomes(&[("\"[ID1]\"", "\"b\"", "deleted"), ("null", "\"x\"", "missing")]),
        "",
    );
    remote.run(&["service-id-lock", "a", "-o", "json"]).code(2);
}

#[test]
fn groups_are_made_changed_and_deleted() {
    let group = |name: &str| -> Value { super::group_json(1, name) };
    let remote = Remote::scripted(move |request| match request.method.as_str() {
        "GET" => groups(&["batch"]),
        "POST" if request.json()["name"] == "batch" => error_answer(409, "c", "BXNIM0", "Taken"),
        "POST" => Answer::json(201, group("new")),
        "PUT" => Answer::json(200, group(request.json()["name"].as_str().unwrap())),
        _ => error_answer(409, "c", "BXNIM0", "Not empty"),
    });
    let made = remote.run(&["service-id-group-create", "new", "-o", "json"]).json();
    assert_eq!(made, group("new"));
    let taken = remote.run(&["service-id-group-create", "batch"]);
    taken.code(5);
    assert!(taken.stderr.starts_with("FAILED\nService ID group 'batch' exists already.\n"));
    let renamed = remote.run(&["service-id-group-update", "batch", "-n", "nightly", "-o", "json"]);
    assert_eq!(renamed.json(), group("nightly"));
    let put = remote.server.requests().last().unwrap().json();
    assert_eq!(put, json!({"name": "nightly"}));
    let held = remote.run(&["service-id-group-delete", "batch", "-f"]);
    held.code(5);
    let words =
        "Service ID group 'batch' holds service IDs, or is the default group; it was not deleted.";
    assert!(held.stderr.contains(words), "{held:#?}");
    let planned = remote.run(&["service-id-group-delete", "batch", "--dry-run", "-o", "json"]);
    planned.ok().stdout(&outcomes(&[("\"[ID1]\"", "\"batch\"", "would be deleted")]));
}
