//! A service that is not honest: what it can make the program hold, wait for, print and ask has bounds.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Remote, Told};
use crate::support::iam::{error_answer, key_id, key_json, list_answer};
use crate::support::run;
use crate::support::server::{Answer, Request};

/// The number of the page that is asked for; the first is 0.
fn page(request: &Request) -> usize {
    let token = request.query().into_iter().find(|(name, _)| name == "pagetoken");
    token.map_or(0, |(_, token)| token.parse().unwrap())
}

/// A page that names another one, whatever its keys.
fn endless(request: &Request, rest: &str) -> Answer {
    let body = format!(r#"{{"next":"/?pagetoken={}",{rest}}}"#, page(request) + 1);
    Answer::Whole { status: 200, headers: Vec::new(), body: body.into_bytes() }
}

#[track_caller]
fn fails(remote: &Remote, message: &str) {
    let hint = "Nothing was changed; try again later.";
    let told = Told { exit: 10, kind: "unavailable", message, hint, ..Told::default() };
    told.in_text(&remote.run(&["api-keys"]));
}

#[test]
fn a_listing_has_so_many_keys_at_most() {
    let keys = vec![r#"{"id":"","name":"","iam_id":"","account_id":""}"#; 170_000].join(",");
    let remote =
        Remote::scripted(move |request| endless(request, &format!(r#""apikeys":[{keys}]"#)));
    fails(&remote, "The listing holds more than 500000 API keys.");
    // Pages that wait to be read are asked for before they are counted.
    assert!(remote.routes().len() <= 10, "{}", remote.routes().len());
}

#[test]
fn a_listing_has_so_many_bytes_at_most() {
    let padding = " ".repeat((16 << 20) - 100);
    let remote =
        Remote::scripted(move |request| endless(request, &format!(r#""apikeys":[]{padding}"#)));
    fails(&remote, "The listing is larger than 256 MiB.");
    assert_eq!(remote.routes().len(), 17);
}

#[test]
fn a_listing_goes_on_as_long_as_keys_come() {
    let slow = Duration::from_millis(600);
    let remote = Remote::scripted(move |request| endless(request, r#""apikeys":[]"#).slow(slow));
    let started = Instant::now();
    let failed = remote.run_env(&[("IBMCLOUD_HTTP_TIMEOUT", "1")], &["api-keys"]);
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    failed.code(10);
    assert!(
        failed.stderr.starts_with("FAILED\nThe listing is too slow: 0 API keys came in "),
        "{failed:#?}"
    );
    assert!(failed.stderr.contains("four times IBMCLOUD_HTTP_TIMEOUT"), "{failed:#?}");
    // As slow, and honest: every page brings its keys.
    let remote = Remote::scripted(move |request| {
        let page = page(request);
        let keys: Vec<Value> = (0..20).map(|n| key_json(page * 20 + n, "x")).collect();
        let next = (page < 9).then(|| (page + 1).to_string());
        list_answer("", &keys, next.as_deref()).slow(slow)
    });
    let listed = remote.run_env(&[("IBMCLOUD_HTTP_TIMEOUT", "1")], &["api-keys", "--uuid"]);
    assert_eq!(listed.ok().stdout.lines().count(), 200);
}

#[test]
fn one_wide_cell_does_not_widen_every_row() {
    let remote = Remote::scripted(|_| {
        let mut keys: Vec<Value> = (0..90).map(|n| key_json(n, "narrow")).collect();
        keys[7]["name"] = json!("w".repeat(500_000));
        keys[8]["description"] = json!("w".repeat(900));
        list_answer("", &keys, None)
    });
    let listed = remote.run(&["api-keys"]);
    assert!(listed.ok().stdout.len() < 800_000, "{}", listed.stdout.len());
    assert!(listed.stdout.contains(&"w".repeat(500_000)), "nothing is cut");
    // What is wide and may be honest has its column.
    let rows: Vec<&str> = listed.stdout.lines().filter(|row| row.contains("narrow")).collect();
    assert!(rows.iter().all(|row| row.len() == rows[0].len() && row.len() > 1_900), "{}", rows[0]);
}

#[test]
fn one_wide_entry_does_not_widen_a_history() {
    let remote = Remote::scripted(|request| {
        let mut key = key_json(1, "x");
        if request.route() == "GET /v1/apikeys" {
            return list_answer("", &[key], None);
        }
        let entry = |action: &str| json!({"timestamp": "2026-02-19T18:59+0000", "iam_id": "IBMid-1", "action": action});
        key["history"] = vec![entry("update"); 90].into();
        key["history"][7] = entry(&"w".repeat(500_000));
        Answer::json(200, key)
    });
    let shown = remote.run(&["api-key", &key_id(1), "--history"]);
    assert!(shown.ok().stdout.len() < 200_000, "{}", shown.stdout.len());
    assert!(shown.stdout.contains(&format!("{}…", "w".repeat(1_000))));
}

#[test]
fn an_id_that_is_none_gets_into_no_path_and_no_command() {
    let odd = ["", ".", "..", "../../identity/token", "x/lock", "--all", "ApiKey-1;id", "$(id)"];
    for id in odd {
        let remote = Remote::scripted(move |request| {
            let mut key = key_json(1, "odd");
            key["id"] = json!(id);
            match request.route().as_str() {
                "GET /v1/apikeys" => list_answer("", &[key, key_json(2, "usual")], None),
                _ => error_answer(404, "not_found", "BXNIM0102E", "Unable to find object"),
            }
        });
        for args in [
            &["api-key-delete", "odd", "--force"][..],
            &["api-key-disable", "odd", "--force"],
            &["api-key-lock", "odd", "--force"],
            &["api-key-update", "odd", "-d", "new"],
        ] {
            let failed = remote.run(args);
            assert!(failed.code(1).stderr.contains("not of the form ApiKey-UUID"), "{failed:#?}");
        }
        let asked = remote.routes();
        assert!(asked.iter().all(|route| route == "GET /v1/apikeys"), "{id}: {asked:?}");
        let report = remote.run(&["api-keys-audit", "-o", "json", "--skip", "unused"]);
        let report: Value = serde_json::from_str(&report.stdout).unwrap();
        for finding in report.as_array().unwrap() {
            let fix = finding["fix"].as_str().unwrap();
            if finding["key_id"] == key_id(2) {
                assert!(fix.contains(&key_id(2)), "{finding}");
            } else {
                assert_eq!(fix, "ibmcloud-iam api-keys --wide", "{finding}");
            }
        }
        assert!(report.as_array().unwrap().iter().any(|finding| finding["key_id"] == id));
    }
}

#[test]
fn only_what_can_be_a_key_is_looked_up() {
    let remote = Remote::scripted(|_| Answer::json(200, key_json(1, "found")));
    let token = format!("{}.{}.c2ln", "eyJhbGciOiJub25lIn0", "eyJpYW1faWQiOiJ4In0".repeat(30));
    for text in [
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        "https://somebody:hunter2@git.example.com\n",
        "machine git.example.com login somebody password hunter2\n",
        "db.example.com:5432:db:somebody:hunter2\n",
        "{\"auths\": {}}",
        "{\"name\": \"x\", \"apikey\": 7}",
        "{\"apikey\": \"two words\"}",
        "[\"a\"]",
        "one-key\nanother-key\n",
        "'in-quotes'",
        "käse",
        "a\u{0}b",
        &token,
    ] {
        let told = "FAILED\nThe input holds something else than one API key; it was sent nowhere.\n\
             Give the key alone, or the JSON that 'api-key-create' wrote with '--file'.\n\n";
        let outcome = run(&mut remote.command(&["api-key-lookup"]), text.as_bytes());
        outcome.is(2, "", told);
    }
    assert_eq!(remote.server.routes(), [""; 0]);
    for text in ["a-key_of.another~service/with+these=\n", "{\"apikey\": \"a-key\"}"] {
        run(&mut remote.command(&["api-key-lookup", "--uuid"]), text.as_bytes()).ok();
    }
}
