//! The commands that fix what was found: one for each key, which touches no other.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::support::{IAM_ID, Outcome, Sandbox, run};

pub(super) const LONG_AGO: (&str, &str) = ("created_at", "\"2026-01-01T00:00:00Z\"");
pub(super) const USED: [(&str, &str); 2] =
    [("authn_count", "5"), ("last_authn", "\"2026-11-20T00:00:00Z\"")];
pub(super) const LOCKED: (&str, &str) = ("locked", "true");
pub(super) const LEAKED: (&str, &str) = ("leaked", "true");
pub(super) const NO_ACTION: (&str, &str) = ("leak", "\"none\"");
pub(super) const LATE: (&str, &str) = ("expires_at", "\"2029-01-01T00:00:00Z\"");
pub(super) const SOON: (&str, &str) = ("expires_at", "\"2026-11-25T00:00:00Z\"");

/// Room for more keys than there are.
pub(super) const ROOM: [(&str, &str); 1] = [("IBMCLOUD_IAM_KEY_LIMIT", "40")];

/// Says where the new value of a rotation goes, which must be said without a terminal.
pub(super) fn unattended(script: &str) -> String {
    script.replace("api-key-rotate", "api-key-rotate -o json --force")
}

/// Runs the command that a finding names, as somebody would who pastes it and answers yes.
fn fix_with(sandbox: &Sandbox, finding: &Value) -> Outcome {
    let script = unattended(finding["fix"].as_str().unwrap());
    run(sandbox.bash_command(&script).envs(ROOM), b"y\ny\ny\n")
}

#[test]
fn each_command_fixes_what_it_stands_beside() {
    let sandbox = Sandbox::new();
    let long_ago = "2026-01-01T00:00:00Z";
    let odd = "it's $(touch pwned) `touch pwned`; touch pwned\n\"#";
    sandbox.create_at(long_ago, odd, &["--action-if-leaked", "NONE"]);
    sandbox.create_at(long_ago, odd, &["--action-if-leaked", "NONE", "--lock"]);
    sandbox.create_at("2026-11-01T00:00:00Z", "soon", &["-e", "2026-11-25"]);
    sandbox.create_at(long_ago, "over", &["-e", "2026-11-01", "--lock"]);
    sandbox.create_at(long_ago, "replaced", &["--disabled"]);
    sandbox.create_at(long_ago, "replaced", &[]);
    sandbox.create("followed", &["--disabled"]);
    sandbox.create("followed", &["-e", "2027-05-01"]);
    sandbox.create_at("2026-11-20T00:00:00Z", "short", &["-e", "2026-11-27", "--lock"]);
    sandbox.create_at(long_ago, &"n".repeat(255), &["-e", "2029-01-01"]);
    sandbox.create_at(long_ago, &"n".repeat(255), &["-e", "2029-01-01"]);
    sandbox.create("safe", &["--lock", "--action-if-leaked", "NONE"]);
    sandbox.create_at(long_ago, "ends late", &["-e", "2029-01-01"]);
    sandbox.create_at(long_ago, "ends late", &[]);
    sandbox.create_of(IAM_ID, "published", &[("leaked", "true")]);
    sandbox.create_of(IAM_ID, "caught", &[("leaked", "true"), ("disabled", "true")]);
    for other in ["IBMid-2", "IBMid-3"] {
        sandbox.create_of(other, "theirs", &[("leaked", "true")]);
        sandbox.create_of(other, "soon", &[("expires_at", "\"2026-11-25T00:00:00Z\"")]);
        sandbox.create_of(other, "old", &[("created_at", "\"2026-01-01T00:00:00Z\"")]);
    }
    let args = ["api-keys-audit", "--all-users", "--account-owner", "IBMid-2", "--fail-on", "none"];
    let audit = || {
        let outcome = sandbox.run_env(&ROOM, &[&args[..], &["-o", "json"]].concat());
        outcome.json().as_array().unwrap().clone()
    };
    let same = |a: &Value, b: &Value| {
        ["rule", "key_id", "iam_id"].iter().all(|field| a[field] == b[field])
    };
    let mut fixed = BTreeSet::new();
    // Each fix changes what is found next; one that fixes nothing would come up for ever.
    for _ in 0..100 {
        let found = audit();
        let Some(finding) =
            found.iter().find(|finding| finding["severity"] != "note").or(found.first())
        else {
            break;
        };
        let outcome = fix_with(&sandbox, finding);
        assert_eq!(outcome.code, 0, "{finding:#}: {outcome:#?}");
        let left = audit();
        for of_key in found.iter().filter(|of_key| of_key["key_id"] == finding["key_id"]) {
            assert_eq!(of_key["fix"], finding["fix"], "a key has one fix");
            assert!(!left.iter().any(|now| same(now, of_key)), "{of_key:#}: {outcome:#?}");
            fixed.insert(of_key["rule"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(audit(), [Value::Null; 0]);
    let kept = sandbox.run(&["api-key", "safe", "-o", "json"]).json();
    assert_eq!(kept["locked"], true, "what is changed under a lock is locked again");
    assert!(!sandbox.work("pwned").exists(), "no name is executed");
    let all: Vec<&str> = fixed.iter().map(String::as_str).collect();
    let expected = [
        "expired",
        "expires-soon",
        "leak-action-none",
        "leaked",
        "never-expires",
        "old",
        "owner-key",
        "phased-out",
        "same-name",
        "unused",
    ];
    assert_eq!(all, expected);
}

#[test]
fn a_fix_works_where_the_audit_did() {
    let sandbox = Sandbox::new();
    let there = ["--profile", "work", "--backend", "local"];
    sandbox.run(&[&["api-key-create", "eternal", "-q"][..], &there].concat()).ok();
    let audit = [&["api-keys-audit", "-o", "json"][..], &there].concat();
    let found = sandbox.run(&audit).json();
    let fix = found[0]["fix"].as_str().unwrap();
    assert!(
        fix.starts_with("ibmcloud-iam --profile work --backend local api-key-update "),
        "{fix}"
    );
    sandbox.bash(fix).ok();
    sandbox.run(&audit).ok().stdout("[]\n");
}

/// A key of the local user that was used yesterday, with further fields.
pub(super) fn used(sandbox: &Sandbox, name: &str, more: &[(&str, &str)]) -> String {
    sandbox.create_of(IAM_ID, name, &[&USED, more].concat())
}

/// The fix of a key, which all its findings name, without the id; and the rules that fired.
#[track_caller]
fn fix_of(report: &Value, id: &str) -> (String, String) {
    let findings: Vec<&Value> =
        report.as_array().unwrap().iter().filter(|finding| finding["key_id"] == id).collect();
    let fixes: BTreeSet<&str> =
        findings.iter().map(|finding| finding["fix"].as_str().unwrap()).collect();
    assert_eq!(fixes.len(), 1, "{findings:#?}");
    let fix = fixes.first().unwrap().replace(id, "ID").replace(&id[7..15], "ID8");
    let rules: Vec<&str> =
        findings.iter().map(|finding| finding["rule"].as_str().unwrap()).collect();
    (rules.join(" "), fix.replace("ibmcloud-iam ", ""))
}

#[test]
fn one_fix_cures_all_that_was_found_of_a_key() {
    let sandbox = Sandbox::new();
    sandbox.create("sound", &["-e", "2027-05-01"]);
    let cases = [
        (
            used(&sandbox, "old", &[LONG_AGO]),
            "old never-expires",
            "api-key-rotate ID --grace 7d --expires-in 90d",
        ),
        (used(&sandbox, "old, ends", &[LONG_AGO, LATE]), "old", "api-key-rotate ID --grace 7d"),
        (
            used(&sandbox, "old, may leak", &[LONG_AGO, LATE, NO_ACTION]),
            "old leak-action-none",
            "api-key-update ID --action-if-leaked DISABLE && api-key-rotate ID --grace 7d",
        ),
        (
            used(&sandbox, "old, locked", &[LONG_AGO, LATE, LOCKED]),
            "old",
            "api-key-unlock ID && api-key-rotate ID --grace 7d; api-key-lock ID --force",
        ),
        (
            sandbox.create_of(IAM_ID, "unused", &[LONG_AGO, NO_ACTION]),
            "old unused never-expires leak-action-none",
            "api-key-disable ID",
        ),
        (
            sandbox.create_of(IAM_ID, "unused, locked", &[LONG_AGO, LOCKED]),
            "old unused never-expires",
            "api-key-unlock ID && api-key-disable ID; api-key-lock ID --force",
        ),
        (
            used(&sandbox, "published", &[LONG_AGO, LEAKED, NO_ACTION]),
            "leaked old never-expires leak-action-none",
            "api-key-update ID --action-if-leaked DISABLE && api-key-rotate ID --expires-in 90d && api-key-delete ID",
        ),
        (
            sandbox.create_of(IAM_ID, "published, unused", &[LONG_AGO, LEAKED]),
            "leaked old unused never-expires",
            "api-key-delete ID",
        ),
        (
            used(&sandbox, "published, locked", &[LATE, LEAKED, LOCKED]),
            "leaked",
            "api-key-unlock ID && api-key-rotate ID && api-key-delete ID || api-key-lock ID --force",
        ),
        (
            used(&sandbox, "over", &[LEAKED, ("expires_at", "\"2026-11-01T00:00:00Z\"")]),
            "leaked expired",
            "api-key-delete ID",
        ),
        (
            used(&sandbox, "young", &[NO_ACTION]),
            "never-expires leak-action-none",
            "api-key-update ID --action-if-leaked DISABLE --expires-in 90d",
        ),
    ];
    assert_fixes(&sandbox, &cases);
}

/// A key's id, the rules that fire on it, and its fix.
type Case<'a> = (String, &'a str, &'a str);

/// Fails where a key has another fix, or is found under other rules.
#[track_caller]
fn assert_fixes(sandbox: &Sandbox, cases: &[Case<'_>]) {
    let args = ["api-keys-audit", "--all-users", "--account-owner", "IBMid-3", "-o", "json"];
    let report = sandbox.run_env(&ROOM, &[&args[..], &["--fail-on", "none"]].concat()).json();
    for (id, rules, fix) in cases {
        assert_eq!(fix_of(&report, id), ((*rules).to_owned(), (*fix).to_owned()));
    }
}

#[test]
fn a_fix_minds_the_keys_of_the_same_name_and_those_of_others() {
    let sandbox = Sandbox::new();
    sandbox.create("sound", &["-e", "2027-05-01"]);
    let theirs = "IBMid-2";
    let cases = [
        (
            used(&sandbox, "twin", &[LONG_AGO]),
            "old never-expires same-name",
            "api-key-update ID --name twin-ID8 && api-key-rotate ID --grace 7d --expires-in 90d",
        ),
        (
            used(&sandbox, "twin", &[NO_ACTION]),
            "never-expires leak-action-none",
            "api-key-update ID --action-if-leaked DISABLE --expires-in 90d",
        ),
        // The older one outlives the newer one: a rotation of that would be refused while they share a name.
        (
            used(&sandbox, "late twin", &[LONG_AGO]),
            "old never-expires same-name",
            "api-key-update ID --name 'late twin-ID8' && api-key-rotate ID --grace 7d --expires-in 90d",
        ),
        (
            used(&sandbox, "late twin", &[LONG_AGO, LATE]),
            "old",
            "api-key-update ID --name 'late twin-ID8' && api-key-rotate ID --grace 7d",
        ),
        // Its successor is there, and is in use: it needs no other.
        (used(&sandbox, "replaced", &[LONG_AGO, LATE]), "old", "api-key-update ID --expires-in 7d"),
        (used(&sandbox, "replaced", &[]), "never-expires", "api-key-update ID --expires-in 90d"),
        // A successor that is disabled by its own fix is none.
        (
            used(&sandbox, "forgotten", &[LONG_AGO, LATE]),
            "old",
            "api-key-update ID --name forgotten-ID8 && api-key-rotate ID --grace 7d",
        ),
        (
            sandbox.create_of(IAM_ID, "forgotten", &[LONG_AGO]),
            "old unused never-expires",
            "api-key-disable ID",
        ),
        (
            sandbox.create_of(theirs, "old", &[&USED[..], &[LONG_AGO, NO_ACTION]].concat()),
            "old never-expires leak-action-none",
            "api-key-disable ID",
        ),
        (
            sandbox.create_of(theirs, "soon", &[SOON, NO_ACTION]),
            "expires-soon leak-action-none",
            "api-key-update ID --action-if-leaked DISABLE --expires-in 90d",
        ),
        (
            sandbox.create_of("IBMid-3", "owner's", &[LONG_AGO, LEAKED, NO_ACTION]),
            "leaked old owner-key unused never-expires leak-action-none",
            "api-key-delete ID",
        ),
    ];
    assert_fixes(&sandbox, &cases);
}

#[test]
fn a_fix_does_not_cure_what_was_accepted() {
    let sandbox = Sandbox::new();
    let id = sandbox.create_at("2026-01-01T00:00:00Z", "old", &[]);
    let accepted = format!(
        r#"[{{"rule": "unused", "key_id": "{id}"}}, {{"rule": "never-expires", "key_id": "{id}"}}]"#
    );
    fs::write(sandbox.work("accepted.json"), accepted).unwrap();
    let args = ["api-keys-audit", "--baseline", "accepted.json", "-o", "json", "--fail-on", "none"];
    let report = sandbox.run(&args).json();
    let fix = "api-key-rotate ID --grace 7d";
    assert_eq!(fix_of(&report, &id), ("old".to_owned(), fix.to_owned()));
}

#[test]
fn a_new_key_outlives_the_grace_of_the_old_one_under_any_limits() {
    for (limits, fix) in [
        (["--max-age", "7d", "--expires-within", "1d"], "--grace 7d --expires-in 14d"),
        (["--max-age", "2h", "--expires-within", "1h"], "--grace 2h --expires-in 14d"),
        (["--max-age", "60d", "--expires-within", "200d"], "--grace 7d --expires-in 400d"),
    ] {
        let sandbox = Sandbox::new();
        sandbox.create("sound", &["-e", "2028-05-01"]);
        let id = used(&sandbox, "old", &[LONG_AGO]);
        let args = ["api-keys-audit", "-o", "json", "--skip", "unused", "--fail-on", "none"];
        let report = sandbox.run(&[&args[..], &limits].concat()).json();
        assert_eq!(fix_of(&report, &id).1, format!("api-key-rotate ID {fix}"));
        let found = report.as_array().unwrap().iter().find(|found| found["key_id"] == *id).unwrap();
        fix_with(&sandbox, found).ok();
        fix_with(&sandbox, found).code(5);
        let left = sandbox.run(&[&args[..], &limits].concat()).json();
        assert_eq!(left, Value::Array(Vec::new()));
    }
}
