//! What the command says, refuses and leaves, one case at a time.

use std::fs;
use std::process::Stdio;

use serde_json::Value;

use super::{id_in_file, with_key};
use crate::support::{Outcome, Sandbox, mode};

const PROGRESS: &str =
    "Rotating API key ci under 10ca1000000000000000000000000000 as local@localhost...\n";
const FACTS: &str = "API key 'ci' ([ID1]): created 2026-11-21T09:00+0000 (today) by IBMid-10CA100000, never used.\n";
const TO_FILE: [&str; 5] = ["api-key-rotate", "ci", "--file", "key.json", "--force"];

fn state_of(sandbox: &Sandbox, id: &str) -> String {
    let key = sandbox.run(&["api-key", id, "--output", "json"]).json();
    key["state"].as_str().unwrap().to_owned()
}

#[test]
fn the_new_key_is_in_the_file_and_the_old_one_is_disabled() {
    let sandbox = with_key(&["-d", "deploys", "--action-if-leaked", "delete"]);
    let old = id_in_file(&sandbox);
    sandbox.run(&TO_FILE).ok().stderr(FACTS).stdout(&format!(
        "{PROGRESS}OK\nAPI key ci was rotated\nSuccessfully save API key information to key.json\n\
         The old key [ID1] was disabled\n"
    ));
    let new = id_in_file(&sandbox);
    assert_ne!(new, old);
    assert_eq!(mode(&sandbox.work("key.json")), 0o600);
    assert_eq!(
        (state_of(&sandbox, &new), state_of(&sandbox, &old)),
        ("active".into(), "phased out".into())
    );
    let key = sandbox.run(&["api-key", "ci", "--output", "json"]).json();
    assert_eq!(key["id"], new.as_str(), "the name means the new one");
    assert_eq!(
        (&key["description"], &key["action_when_leaked"]),
        (&"deploys".into(), &"delete".into())
    );
    assert_eq!((sandbox.open_entries(), sandbox.files_in_work().len()), (0, 1));
}

#[test]
fn with_grace_the_old_key_works_on_for_a_while() {
    let sandbox = with_key(&[]);
    let old = id_in_file(&sandbox);
    let outcome = sandbox.run(&[&TO_FILE[..], &["--grace", "7d"]].concat());
    outcome.ok().stdout(&format!(
        "{PROGRESS}OK\nAPI key ci was rotated\nSuccessfully save API key information to key.json\n\
         The old key [ID1] works until 2026-11-28T09:00+0000\n"
    ));
    assert_eq!(state_of(&sandbox, &old), "phasing out");
}

#[test]
fn no_grace_outlives_the_end_that_the_old_key_had() {
    let sandbox = with_key(&["-e", "2026-11-23"]);
    let old = id_in_file(&sandbox);
    sandbox.run(&[&TO_FILE[..], &["--grace", "7d"]].concat()).ok();
    let key = sandbox.run(&["api-key", &old, "--output", "json"]).json();
    assert_eq!(key["expires_at"], "2026-11-23T00:00+0000");
}

#[test]
fn the_new_key_lives_as_long_as_the_old_one_was_to() {
    let sandbox = with_key(&["--expires-in", "90d"]);
    let later = "2027-01-01T09:00:00Z";
    sandbox.run_at(later, &TO_FILE).ok();
    let key = sandbox.run_at(later, &["api-key", "ci", "--output", "json"]).json();
    assert_eq!(key["expires_at"], "2027-04-01T09:00+0000");
    sandbox.run_at(later, &[&TO_FILE[..], &["--expires-in", "1d"]].concat()).ok();
    let key = sandbox.run_at(later, &["api-key", "ci", "--output", "json"]).json();
    assert_eq!(key["expires_at"], "2027-01-02T09:00+0000");
}

#[test]
fn an_end_before_the_beginning_is_no_lifetime_for_the_new_key() {
    for end in ["2026-11-20", "2026-11-21T09:00+0000"] {
        let sandbox = with_key(&[]);
        sandbox.run_at("2026-11-19T09:00:00Z", &["api-key-update", "ci", "-e", end]).ok();
        refused(
            &sandbox,
            &TO_FILE,
            2,
            "Say how long the new key is to live, such as '--expires-in 90d'.",
        );
        refused(&sandbox, &[&TO_FILE[..], &["--dry-run"]].concat(), 2, "'--expires-in 90d'");
        sandbox.run(&[&TO_FILE[..], &["--expires-in", "90d"]].concat()).ok();
        let key = sandbox.run(&["api-key", "ci", "--output", "json"]).json();
        assert_eq!(key["expires_at"], "2027-02-19T09:00+0000");
    }
}

#[test]
fn no_length_of_time_leaves_the_calendar() {
    let sandbox = with_key(&["-e", "9998-01-01"]);
    let later = "2027-11-21T09:00:00Z";
    let refused_later = sandbox.run_at(later, &TO_FILE);
    assert!(refused_later.code(2).stderr.contains("'--expires-in 90d'"), "{refused_later:#?}");
    for flag in ["--grace", "--expires-in"] {
        refused(&sandbox, &[&TO_FILE[..], &[flag, "9999999d"]].concat(), 2, "beyond the year 9998");
    }
}

#[test]
fn json_has_the_value_in_exactly_one_place() {
    let sandbox = with_key(&[]);
    let to_file = sandbox.run(&[&TO_FILE[..], &["--output", "json"]].concat()).json();
    assert_eq!((&to_file["apikey"], &to_file["id"]), (&"".into(), &id_in_file(&sandbox).into()));
    let printed = sandbox.run(&["api-key-rotate", "ci", "--force", "-o", "json"]).json();
    assert_eq!(printed["state"], "active");
    let found =
        sandbox.run_input(&["api-key-lookup", "--uuid"], printed["apikey"].as_str().unwrap());
    assert_eq!(found.ok().stdout.trim_end(), printed["id"].as_str().unwrap());
}

#[test]
fn a_dry_run_tells_the_plan_and_does_nothing() {
    let sandbox = with_key(&["--expires-in", "90d"]);
    sandbox.run(&TO_FILE).ok();
    let before = (sandbox.store_bytes(), sandbox.files_in_work());
    let flags = ["--dry-run", "--purge", "--grace", "12h", "--file", "new.json"];
    sandbox.run(&[&["api-key-rotate", "ci"][..], &flags].concat()).ok().stderr("").stdout(&format!(
        "{PROGRESS}Dry run: the phased-out key [ID1] would be deleted\n\
         Dry run: a new API key ci would be created, valid until 2027-02-19T09:00+0000 and saved to new.json\n\
         Dry run: the new key would be exchanged for a token\n\
         Dry run: the old key [ID2] would then work until 2026-11-21T21:00+0000, or until its own end if that is sooner\n"
    ));
    let plan = sandbox.run(&["api-key-rotate", "ci", "--dry-run", "-o", "json"]).json();
    let fields: Vec<&String> = plan.as_object().unwrap().keys().collect();
    assert_eq!(fields.len(), 6, "{fields:?}");
    assert_eq!((&plan["dry_run"], &plan["works_until"]), (&true.into(), &Value::Null));
    assert_eq!((sandbox.store_bytes(), sandbox.files_in_work()), before);
    assert_eq!(sandbox.open_entries(), 0);
}

#[test]
fn it_asks_and_takes_no_for_an_answer() {
    let sandbox = with_key(&[]);
    let before = sandbox.store_bytes();
    let args = ["api-key-rotate", "ci", "--file", "new.json"];
    sandbox.run_input(&args, "n\n").code(13).stdout(&format!(
        "{PROGRESS}{FACTS}Are you sure you want to rotate API key 'ci'? [y/N]> n\n"
    ));
    sandbox.run_input(&args, "").code(2);
    assert_eq!(
        (sandbox.store_bytes(), sandbox.files_in_work()),
        (before, vec!["key.json".to_owned()])
    );
    sandbox.run_input(&args, "y\n").ok();
}

/// Nothing is made, nothing is changed, and the way out is named.
#[track_caller]
fn refused(sandbox: &Sandbox, args: &[&str], code: i32, named: &str) {
    let before = (sandbox.store_bytes(), sandbox.files_in_work());
    let outcome = sandbox.run(args);
    assert!(outcome.code(code).stderr.contains(named), "{outcome:#?}");
    assert_eq!((sandbox.store_bytes(), sandbox.files_in_work()), before);
    assert_eq!(sandbox.open_entries(), 0);
}

#[test]
fn what_cannot_be_rotated_is_refused_before_anything_is_made() {
    let sandbox = with_key(&[]);
    sandbox.create("locked", &["--lock"]);
    sandbox.create("twin", &[]);
    sandbox.create("twin", &[]);
    let old = id_in_file(&sandbox);
    sandbox.run(&[&TO_FILE[..], &["--grace", "1d"]].concat()).ok();
    let f = ["--file", "new.json", "--force"];
    refused(&sandbox, &[&["api-key-rotate", "locked"], &f[..]].concat(), 6, "Unlock it with ");
    refused(
        &sandbox,
        &[&["api-key-rotate", "twin"], &f[..]].concat(),
        4,
        "2 API keys are named 'twin'",
    );
    refused(&sandbox, &[&["api-key-rotate", "nobody"], &f[..]].concat(), 3, "was not found");
    refused(
        &sandbox,
        &[&["api-key-rotate", &old], &f[..]].concat(),
        5,
        "is phasing out: another key",
    );
    refused(&sandbox, &["api-key-rotate", "ci", "--file", "key.json"], 14, "--force");
    refused(
        &sandbox,
        &["api-key-rotate", "ci", "--file", "no/key.json", "--force"],
        14,
        "mkdir -p no",
    );
    refused(&sandbox, &["api-key-rotate", "ci", "--force"], 2, "'--file FILE' or '--output json'");
    refused(&sandbox, &["api-key-rotate", "ci", "-o", "json"], 2, "--force");
    refused(&sandbox, &["api-key-rotate", "ci", "--grace", "soon"], 2, "is not a length of time");
}

#[test]
fn at_the_limit_phased_out_keys_make_room() {
    let sandbox = with_key(&[]);
    for n in 1..19 {
        sandbox.create(&format!("other {n}"), &[]);
    }
    sandbox.run(&TO_FILE).ok();
    assert_eq!(sandbox.keys().len(), 20);
    refused(
        &sandbox,
        &TO_FILE,
        9,
        "Repeat the command with '--purge' to delete the phased-out keys of this name first (1).",
    );
    refused(
        &sandbox,
        &["api-key-rotate", "other 1", "--file", "o.json", "--force"],
        9,
        "api-key-delete",
    );
    let outcome = sandbox.run(&[&TO_FILE[..], &["--purge"]].concat());
    assert!(outcome.ok().stdout.contains("\nPhased-out key ApiKey-"), "{outcome:#?}");
    assert_eq!(sandbox.keys().len(), 20);
    let states: Vec<Value> = sandbox.keys().iter().map(|key| key["state"].clone()).collect();
    assert_eq!(states.iter().filter(|state| **state == "phased out").count(), 1);
}

#[test]
fn a_disabled_or_expired_key_can_be_replaced() {
    for flags in [&["--disabled"][..], &["-e", "2026-11-22"]] {
        let sandbox = with_key(flags);
        let now = "2026-12-01T09:00:00Z";
        sandbox.run_at(now, &TO_FILE).ok();
        let states: Vec<Value> = sandbox
            .run_at(now, &["api-keys", "-o", "json"])
            .json()
            .as_array()
            .unwrap()
            .iter()
            .map(|key| key["state"].clone())
            .collect();
        assert_eq!(states, ["phased out", "active"]);
    }
}

#[test]
fn a_value_that_cannot_be_printed_leaves_the_old_key_as_it_is() {
    let sandbox = with_key(&[]);
    let old = id_in_file(&sandbox);
    let mut command = sandbox.command(&["api-key-rotate", "ci", "--force", "-o", "json"]);
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = command.stdin(Stdio::null()).stdout(full).stderr(Stdio::piped()).output();
    let outcome = Outcome::from(output.unwrap());
    assert!(outcome.code(1).stderr.contains(&format!("The old API key {old} was not touched.")));
    assert_eq!(state_of(&sandbox, &old), "active");
    assert_eq!(sandbox.open_entries(), 1);
    // The same again: the key whose value went nowhere is taken back.
    sandbox.run(&["api-key-rotate", "ci", "--force", "-o", "json"]).ok();
    assert_eq!((sandbox.keys().len(), sandbox.open_entries()), (2, 0));
}

#[test]
fn month_by_month_for_a_year() {
    let sandbox = with_key(&[]);
    for month in 0..12 {
        let now = format!("{}-{:02}-21T09:00:00Z", 2026 + (month + 11) / 12, (month + 11) % 12 + 1);
        let rotate = ["api-key-rotate", "ci", "--grace", "7d", "--file", "key.json", "--force"];
        sandbox.run_at(&now, &rotate).ok();
        sandbox.run_at(&now, &["api-key-delete", "--phased-out", "ci", "--force"]).ok();
        let keys = sandbox.run_at(&now, &["api-keys", "-o", "json"]).json();
        let states: Vec<&str> =
            keys.as_array().unwrap().iter().map(|key| key["state"].as_str().unwrap()).collect();
        assert_eq!(states, ["phasing out", "active"], "{now}");
        let found = sandbox.run_at(&now, &["api-key-lookup", "@key.json", "--uuid"]);
        assert_eq!(found.ok().stdout.trim_end(), id_in_file(&sandbox));
    }
}

#[test]
fn a_key_of_somebody_else_is_not_rotated_into_ones_own() {
    let sandbox = with_key(&[]);
    let theirs = sandbox.create_of("IBMid-270000WXYZ", "theirs", &[]);
    let before = sandbox.store_bytes();
    let outcome = sandbox.run(&["api-key-rotate", &theirs, "--file", "theirs.json", "--force"]);
    outcome.code(8).stderr(
        "FAILED\nAPI key '[ID1]' belongs to IBMid-270000WXYZ: a new key made here would act as you, and not in its place.\n\
         Its owner can rotate it; 'ibmcloud-iam api-key-disable [ID1]' takes it out of use.\n\n",
    );
    assert_eq!(sandbox.store_bytes(), before);
    assert!(!sandbox.work("theirs.json").exists());
    assert_eq!(sandbox.open_entries(), 0);
}
