//! `api-key`: everything about one key.

use crate::support::Sandbox;
use crate::support::expected::{ambiguous, failed, key_json, not_found, progress};

const DETAILS: &str = "
ID                 [ID1]
Name               ci
Description        a description
CRN                crn:v1:bluemix:public:iam-identity::a/10ca1000000000000000000000000000::apikey:[ID1]
Version            [TAG]
Created At         2026-11-21T09:00+0000
Created By         IBMid-10CA100000
Last Updated       2026-11-21T09:00+0000
Expires At         never
Action If Leaked   disable
Locked             false
State              active
";

fn one_key() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    let id = sandbox.create("ci", &["-d", "a description"]);
    (sandbox, id)
}

#[test]
fn a_key_is_shown_in_full_by_name_and_by_id() {
    let (sandbox, id) = one_key();
    sandbox.run(&["api-key", "ci"]).is(
        0,
        &format!("{}OK\n{DETAILS}", progress("Getting", "ci")),
        "",
    );
    sandbox.run(&["api-key", &id]).is(
        0,
        &format!("{}OK\n{DETAILS}", progress("Getting", "[ID1]")),
        "",
    );
    for args in [
        &["api-key", "ci", "-q"][..],
        &["-q", "api-key", "ci"],
        &["api-key", "--force", "--quiet", "ci"],
    ] {
        sandbox.run(args).is(0, DETAILS, "");
    }
}

#[test]
fn the_id_alone_is_printed_on_request() {
    let (sandbox, id) = one_key();
    for args in [
        &["api-key", "--uuid", "ci"][..],
        &["api-key", "ci", "--uuid"],
        &["api-key", &id, "--uuid"],
        &["iam", "api-key", "ci", "--uuid", "-q"],
        &["api-key", "ci", "--uuid", "--history", "--activity"],
    ] {
        let outcome = sandbox.run(args);
        assert_eq!(
            (outcome.code, &*outcome.stdout, &*outcome.stderr),
            (0, &*format!("{id}\n"), ""),
            "{args:?}"
        );
    }
}

#[test]
fn json_is_one_object_with_the_fields_of_the_api_in_order() {
    let (sandbox, id) = one_key();
    let expected = key_json(1, "ci", &[("description", "\"a description\"")]);
    for args in [
        &["api-key", "ci", "--output", "json"][..],
        &["api-key", &id, "-o", "JSON"],
        &["api-key", "-o", "json", "-q", "ci"],
        &["api-key", "ci", "--uuid", "--output=json"],
    ] {
        sandbox.run(args).is(0, &expected, "");
    }
}

#[test]
fn history_is_shown_on_request() {
    let (sandbox, id) = one_key();
    sandbox.run_at("2026-11-22T10:00:00Z", &["api-key-update", "ci", "-d", "a description"]).ok();
    sandbox.run_at("2026-11-23T10:00:00Z", &["api-key-disable", "ci", "-f"]).ok();
    sandbox.run_at("2026-11-24T10:00:00Z", &["api-key-enable", "ci", "-f"]).ok();
    sandbox.run_at("2026-11-25T10:00:00Z", &["api-key-lock", "ci", "-f"]).ok();
    sandbox.run_at("2026-11-26T10:00:00Z", &["api-key-unlock", "ci", "-f"]).ok();
    let details = DETAILS.replace("Updated       2026-11-21T09", "Updated       2026-11-26T10");
    let history = "
Time                    Action    By
2026-11-21T09:00+0000   create    IBMid-10CA100000
2026-11-22T10:00+0000   update    IBMid-10CA100000
2026-11-23T10:00+0000   disable   IBMid-10CA100000
2026-11-24T10:00+0000   enable    IBMid-10CA100000
2026-11-25T10:00+0000   lock      IBMid-10CA100000
2026-11-26T10:00+0000   unlock    IBMid-10CA100000
";
    sandbox.run(&["api-key", "ci", "--history", "-q"]).is(0, &format!("{details}{history}"), "");
    sandbox.run(&["api-key", &id, "--history", "-q"]).is(0, &format!("{details}{history}"), "");
}

#[test]
fn a_key_that_no_emulator_exchanged_was_never_used() {
    let (sandbox, _) = one_key();
    let activity = "Last Used          never\nTimes Used         0\n";
    sandbox.run(&["api-key", "ci", "--activity", "-q"]).is(0, &format!("{DETAILS}{activity}"), "");
    let history = "\nTime                    Action   By\n2026-11-21T09:00+0000   create   IBMid-10CA100000\n";
    let both = sandbox.run(&["api-key", "ci", "--activity", "--history", "-q"]);
    both.is(0, &format!("{DETAILS}{activity}{history}"), "");
}

#[test]
fn json_holds_history_and_activity_behind_the_key_when_asked_for() {
    let (sandbox, _) = one_key();
    let key = key_json(1, "ci", &[("description", "\"a description\"")]);
    let key = key.strip_suffix("\n}\n").unwrap();
    let history = r#",
    "history": [
        {
            "timestamp": "2026-11-21T09:00+0000",
            "iam_id": "IBMid-10CA100000",
            "iam_id_account": "10ca1000000000000000000000000000",
            "action": "create",
            "params": [],
            "message": ""
        }
    ]"#;
    let activity =
        ",\n    \"activity\": {\n        \"last_authn\": null,\n        \"authn_count\": 0\n    }";
    let show = ["api-key", "ci", "-o", "json"];
    for (flags, more) in [
        (&["--history"][..], history),
        (&["--activity"], activity),
        (&["--activity", "--history"], &format!("{history}{activity}")),
    ] {
        sandbox.run(&[&show, flags].concat()).is(0, &format!("{key}{more}\n}}\n"), "");
    }
}

#[test]
fn every_field_shows_what_was_set() {
    let sandbox = Sandbox::new();
    let flags =
        ["--lock", "--disabled", "-e", "2027-05-01T12:34+0000", "--action-if-leaked", "NONE"];
    sandbox.create("k", &flags);
    let details = DETAILS
        .replace("               ci\n", "               k\n")
        .replace("Description        a description\n", "Description\n")
        .replace("At         never", "At         2027-05-01T12:34+0000")
        .replace("Leaked   disable", "Leaked   none")
        .replace("Locked             false", "Locked             true")
        .replace("State              active", "State              disabled");
    sandbox.run(&["api-key", "k", "-q"]).is(0, &details, "");
}

#[test]
fn a_missing_key_is_named_in_the_failure() {
    let (sandbox, _) = one_key();
    let id = "ApiKey-00000000-0000-4000-8000-000000000000";
    sandbox.run(&["api-key", "nope"]).is(3, &progress("Getting", "nope"), &not_found("nope"));
    sandbox.run(&["api-key", id]).is(3, &progress("Getting", "[ID1]"), &not_found("[ID1]"));
    sandbox.run(&["api-key", "nope", "--uuid"]).is(3, "", &not_found("nope"));
    sandbox.run(&["api-key", "nope", "-o", "json"]).is(3, "", &not_found("nope"));
    let bare = "API key 'nope' was not found.\nRun 'ibmcloud-iam api-keys' to list the API keys.\n";
    sandbox.run(&["api-key", "nope", "-q"]).is(3, "", bare);
    let json = concat!(
        r#"{"kind":"not_found","exit_code":3,"message":"API key 'nope' was not found.","#,
        r#""hint":"Run 'ibmcloud-iam api-keys' to list the API keys.","code":null,"status":null,"trace":null}"#,
        "\n"
    );
    sandbox.run(&["api-key", "nope", "-q", "--error-format", "json"]).is(3, "", json);
}

#[test]
fn a_missing_key_makes_no_store() {
    let sandbox = Sandbox::new();
    sandbox.run(&["api-key", "nope"]).is(3, &progress("Getting", "nope"), &not_found("nope"));
    assert!(!sandbox.root().join("home/store").exists(), "reading makes nothing");
}

#[test]
fn a_name_is_exact_and_case_sensitive() {
    let (sandbox, _) = one_key();
    for name in ["CI", "c", "ci ", "ApiKey-ci"] {
        sandbox.run(&["api-key", name, "--uuid"]).is(3, "", &not_found(name));
    }
}

#[test]
fn a_name_that_two_keys_have_lists_them() {
    let (sandbox, _) = one_key();
    sandbox.create_at("2026-11-22T09:00:00Z", "ci", &[]);
    let candidates = [("active", "2026-11-21T09:00+0000"), ("active", "2026-11-22T09:00+0000")];
    let failure = ambiguous("ci", &candidates);
    sandbox.run(&["api-key", "ci"]).is(4, &progress("Getting", "ci"), &failure);
    sandbox.run(&["api-key", "ci", "--uuid"]).is(4, "", &failure);
    sandbox.run(&["api-key", "ci", "-o", "json"]).is(4, "", &failure);
    let ids: Vec<String> =
        sandbox.keys().iter().map(|key| key["id"].as_str().unwrap().to_owned()).collect();
    let listed = sandbox.run(&["api-key", "ci"]).stderr;
    let listed: Vec<&str> = listed.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(listed[4..6], ids, "the candidates are the keys of that name");
}

#[test]
fn names_may_hold_anything() {
    let sandbox = Sandbox::new();
    for name in [
        "with spaces",
        "a/b",
        "a:b",
        "it's",
        "\"quoted\"",
        "🔑 日本",
        "ApiKey-bankLoan",
        "*",
        "$HOME",
        ".",
    ] {
        let id = sandbox.create(name, &[]);
        let outcome = sandbox.run(&["api-key", name, "--uuid"]);
        assert_eq!(
            (outcome.code, outcome.stdout.trim_end(), &*outcome.stderr),
            (0, &*id, ""),
            "{name}"
        );
        let shown = DETAILS
            .replace("               ci\n", &format!("               {name}\n"))
            .replace("Description        a description\n", "Description\n");
        sandbox.run(&["api-key", name]).is(
            0,
            &format!("{}OK\n{shown}", progress("Getting", name)),
            "",
        );
    }
}

#[test]
fn what_a_terminal_would_act_on_is_escaped_and_intact_in_json() {
    let sandbox = Sandbox::new();
    sandbox.create("a\nb\x1b[2J", &["-d", "\u{200f}x"]);
    let shown = DETAILS
        .replace("               ci\n", "               a\\nb\\u{1b}[2J\n")
        .replace("a description\n", "\\u{200f}x\n");
    let progress = progress("Getting", "a\\nb\\u{1b}[2J");
    sandbox.run(&["api-key", "a\nb\x1b[2J"]).is(0, &format!("{progress}OK\n{shown}"), "");
    let json = key_json(1, "a\nb\x1b[2J", &[("description", "\"\\u200fx\"")]);
    sandbox.run(&["api-key", "a\nb\x1b[2J", "-o", "json"]).is(0, &json, "");
}

#[test]
fn labels_are_coloured_when_asked_for() {
    let (sandbox, id) = one_key();
    let plain = sandbox.run(&["api-key", "ci", "-q"]).stdout;
    let shown: String = plain
        .lines()
        .map(|line| match line.split_once("  ") {
            Some((label, value)) => format!("\x1b[36;1m{label}\x1b[0m  {value}\n"),
            None => line.replace("Action If Leaked", "\x1b[36;1mAction If Leaked\x1b[0m") + "\n",
        })
        .collect();
    let outcome = sandbox.run(&["api-key", "ci", "--color", "always", "-q"]);
    assert_eq!((outcome.code, outcome.stdout, outcome.stderr), (0, shown, String::new()));
    let outcome = sandbox.run(&["api-key", &id, "--color", "always", "--uuid"]);
    assert_eq!(
        (outcome.code, outcome.stdout),
        (0, format!("{id}\n")),
        "an id for a script has no colour"
    );
}

#[test]
fn showing_changes_nothing() {
    let (sandbox, _) = one_key();
    let before = sandbox.store_bytes();
    for more in [&[][..], &["--history"], &["--activity"], &["--uuid"], &["-o", "json"]] {
        sandbox.run(&[&["api-key", "ci"], more].concat()).ok();
    }
    assert_eq!(sandbox.store_bytes(), before);
}

#[test]
fn one_key_must_be_named() {
    let (sandbox, _) = one_key();
    for args in [
        &["api-key"][..],
        &["api-key", ""],
        &["api-key", "ci", "ci"],
        &["api-key", "ci", "--no-such-flag"],
    ] {
        let outcome = sandbox.run(args);
        assert_eq!((outcome.code, &*outcome.stdout), (2, ""), "{args:?}");
        assert_ne!(outcome.stderr, "", "{args:?}");
    }
    sandbox.run_env(&[("IBMCLOUD_IAM_NOW", "soon")], &["api-key", "ci"]).is(
        2,
        "",
        &failed("IBMCLOUD_IAM_NOW: 'soon' is not a time; write 2027-05-01, 2027-05-01T12:34+0000 or 2027-05-01T12:34:00Z."),
    );
}
