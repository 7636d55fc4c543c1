//! All the fixes of a report, run one after the other in any order and shell.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::fixes::{LATE, LEAKED, LOCKED, LONG_AGO, NO_ACTION, ROOM, SOON, USED, unattended, used};
use crate::support::shells::{Chance, SHELLS};
use crate::support::{IAM_ID, Sandbox};

/// Keys of which much is found, of each kind that a fix treats in its own way.
fn messy() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.create("sound", &["-e", "2027-05-01"]);
    let odd = r"it's \'; touch pwned; $(touch pwned)";
    for (name, more) in [
        ("old", &[LONG_AGO][..]),
        ("old, locked, may leak", &[LONG_AGO, LOCKED, NO_ACTION]),
        (odd, &[LONG_AGO, NO_ACTION]),
        (odd, &[LONG_AGO, LATE]),
        (odd, &[LONG_AGO, LOCKED]),
        (odd, &[NO_ACTION]),
        ("late", &[LONG_AGO]),
        ("late", &[LONG_AGO, LATE]),
        ("late", &[SOON]),
        ("replaced", &[LONG_AGO, LATE]),
        ("replaced", &[LONG_AGO]),
        ("published", &[LONG_AGO, LEAKED]),
        ("published", &[LEAKED, LOCKED]),
        ("soon", &[SOON, NO_ACTION, LOCKED]),
        ("gone", &[("disabled", "true"), LOCKED]),
        ("gone", &[LONG_AGO]),
        ("over", &[("expires_at", "\"2026-11-01T00:00:00Z\"")]),
    ] {
        used(&sandbox, name, more);
    }
    for name in [odd, "late", "replaced", "alone"] {
        sandbox.create_of(IAM_ID, name, &[LONG_AGO]);
    }
    for name in ["theirs", "theirs"] {
        sandbox.create_of("IBMid-2", name, &[&USED[..], &[LONG_AGO, NO_ACTION]].concat());
        sandbox.create_of("IBMid-2", name, &[SOON, LOCKED]);
    }
    sandbox
}

/// What there is: of each key all that a fix may change.
fn keys_there(sandbox: &Sandbox) -> Vec<[String; 6]> {
    let keys = sandbox.run(&["api-keys", "--all-users", "-o", "json"]).json();
    let fields = ["id", "name", "expires_at", "disabled", "locked", "action_when_leaked"];
    keys.as_array().unwrap().iter().map(|key| fields.map(|field| key[field].to_string())).collect()
}

/// Audits, and runs all the fixes in an order of its own; returns what was found.
fn fix_all(
    sandbox: &Sandbox,
    shell: (&str, &[&str]),
    skip: &str,
    order: usize,
) -> Option<Vec<Value>> {
    let args = ["api-keys-audit", "--all-users", "-o", "json", "--fail-on", "none", "--skip", skip];
    let found = sandbox.run_env(&ROOM, &args).json().as_array().unwrap().clone();
    let fixes: BTreeSet<&str> =
        found.iter().map(|finding| finding["fix"].as_str().unwrap()).collect();
    let keys: BTreeSet<&str> =
        found.iter().filter_map(|finding| finding["key_id"].as_str()).collect();
    assert_eq!(fixes.len(), keys.len(), "each key has one fix");
    let mut fixes: Vec<&str> = fixes.into_iter().collect();
    Chance::new(u64::try_from(order).unwrap()).shuffle(&mut fixes);
    let script = unattended(&fixes.join("\n"));
    sandbox.shell(shell, &ROOM, &script, &"y\n".repeat(300))?;
    let once = keys_there(sandbox);
    sandbox.shell(shell, &ROOM, &script, &"y\n".repeat(300))?;
    assert_eq!(keys_there(sandbox), once, "what was fixed stays as it is");
    Some(found)
}

/// Runs all the fixes of a report in several orders and shells, until nothing is found.
fn assert_fixes_compose(skip: &str, rules_left: &[&str]) {
    let messy = messy();
    for (order, shell) in SHELLS.into_iter().enumerate() {
        let sandbox = Sandbox::new();
        copy(&messy.root().join("home"), &sandbox.root().join("home"));
        let Some(first) = fix_all(&sandbox, shell, skip, order) else { continue };
        let Some(second) = fix_all(&sandbox, shell, skip, order + 100) else { continue };
        for finding in &second {
            let rule = finding["rule"].as_str().unwrap();
            assert!(rules_left.contains(&rule), "{}: {finding:#}", shell.0);
            let again = first.iter().any(|before| {
                before["key_id"] == finding["key_id"] && before["rule"] == finding["rule"]
            });
            assert!(!again, "{}: not cured: {finding:#}", shell.0);
        }
        let third = fix_all(&sandbox, shell, skip, order).unwrap();
        assert!(third.is_empty(), "{}: {third:#?}", shell.0);
        assert!(!sandbox.work("pwned").exists(), "{}: no name is executed", shell.0);
        assert_rotated_once(&sandbox, shell.0);
    }
}

/// Where the key `old` was rotated, it and its successor have the ends that its fix named.
fn assert_rotated_once(sandbox: &Sandbox, shell: &str) {
    let mut ends: HashMap<String, usize> = HashMap::new();
    for key in sandbox.keys().iter().filter(|key| key["name"] == "old") {
        *ends.entry(key["expires_at"].to_string()).or_default() += 1;
    }
    let expected = [("\"2026-11-28T09:00+0000\"", 1), ("\"2027-02-19T09:00+0000\"", 1)];
    let expected = expected.map(|(end, number)| (end.to_owned(), number));
    assert_eq!(ends, HashMap::from(expected), "{shell}");
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let (from, to) = (entry.as_ref().unwrap().path(), to.join(entry.unwrap().file_name()));
        if from.is_dir() {
            fs::create_dir_all(&to).unwrap();
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).unwrap();
        }
    }
}

#[test]
fn the_fixes_of_a_report_compose_in_any_order_and_shell() {
    // What nobody uses is disabled, and deleted when nobody misses it.
    assert_fixes_compose("owner-key", &["phased-out"]);
}

#[test]
fn the_fixes_compose_where_nobody_knows_what_is_used() {
    assert_fixes_compose("unused", &["phased-out"]);
}
