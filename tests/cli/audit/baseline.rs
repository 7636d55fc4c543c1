//! Findings that were accepted, and what makes a file one of those.

use std::fs;

use serde_json::{Value, json};

use crate::support::{IAM_ID, Sandbox};

/// A box with one old key that never expires.
fn old_key() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    let id = sandbox.create_at("2026-01-01T00:00:00Z", "old", &[]);
    (sandbox, id)
}

fn accept(sandbox: &Sandbox, entries: &Value) {
    fs::write(sandbox.work("accepted.json"), entries.to_string()).unwrap();
}

const WITH: [&str; 3] = ["api-keys-audit", "--baseline", "accepted.json"];

#[test]
fn a_report_is_a_baseline() {
    let (sandbox, _) = old_key();
    let report = sandbox.bash(
        "ibmcloud-iam api-keys-audit --fail-on none --output json > accepted.json && ibmcloud-iam api-keys-audit --baseline accepted.json --fail-on note",
    );
    report.ok().stderr("").stdout(
        "Auditing all API keys under 10ca1000000000000000000000000000 as local@localhost...\nOK\nNo findings in 1 API key of the local store; 3 accepted by the baseline\n",
    );
    let later = sandbox.create("later", &[]);
    let outcome = sandbox.run(&[&WITH[..], &["-o", "json", "--fail-on", "note"]].concat());
    let found: Value = serde_json::from_str(&outcome.code(15).stdout).unwrap();
    assert_eq!(found.as_array().unwrap().len(), 1);
    assert_eq!((&found[0]["rule"], &found[0]["key_id"]), (&"never-expires".into(), &later.into()));
}

#[test]
fn only_the_rule_and_the_key_that_were_accepted_are() {
    let (sandbox, id) = old_key();
    let other = sandbox.create_at("2026-01-01T00:00:00Z", "other", &[]);
    accept(&sandbox, &json!([{"rule": "old", "key_id": id, "reason": "agreed with the team"}]));
    let outcome = sandbox.run(&[&WITH[..], &["-o", "json", "--fail-on", "none"]].concat());
    let found = outcome.json();
    let old: Vec<&Value> =
        found.as_array().unwrap().iter().filter(|finding| finding["rule"] == "old").collect();
    assert_eq!(old.len(), 1);
    assert_eq!(old[0]["key_id"], other);
    assert_eq!(found.as_array().unwrap().len(), 5);
}

#[test]
fn a_finding_about_an_identity_is_accepted_by_its_iam_id() {
    let (sandbox, _) = old_key();
    let audit = [&WITH[..], &["--skip", "old,unused,never-expires", "-o", "json"]].concat();
    let limit = [("IBMCLOUD_IAM_KEY_LIMIT", "1")];
    accept(&sandbox, &json!([]));
    assert_eq!(sandbox.run_env(&limit, &audit).json()[0]["rule"], "near-limit");
    accept(&sandbox, &json!([{"rule": "near-limit", "key_id": null, "iam_id": IAM_ID}]));
    sandbox.run_env(&limit, &audit).ok().stdout("[]\n");
}

#[test]
fn what_no_longer_occurs_is_said() {
    let (sandbox, id) = old_key();
    let gone = [
        json!({"rule": "old", "key_id": id}),
        json!({"rule": "leaked", "key_id": id}),
        json!({"rule": "old", "key_id": "gone", "iam_id": IAM_ID}),
        json!({"rule": "old", "key_id": "theirs", "iam_id": "IBMid-2"}),
        json!({"rule": "owner-key", "key_id": id}),
    ];
    accept(&sandbox, &json!(gone));
    let outcome = sandbox.run(&WITH);
    // Neither others' keys nor the owner's were looked at.
    outcome.ok().stderr("The baseline accepts 2 findings that no longer occur.\n");
    let summary =
        "2 findings in 1 API key of the local store: 2 warnings; 1 accepted by the baseline\n";
    assert!(outcome.stdout.ends_with(summary), "{outcome:#?}");
    sandbox.run(&[&WITH[..], &["-q"]].concat()).ok().stderr("");
    let outcome = sandbox.run(&[&WITH[..], &["--skip", "leaked"]].concat());
    outcome.ok().stderr("The baseline accepts 1 finding that no longer occurs.\n");
    sandbox.run(&[&WITH[..], &["--skip", "leaked,old"]].concat()).ok().stderr("");
}

#[test]
fn a_byte_order_mark_does_no_harm() {
    let (sandbox, id) = old_key();
    let text = format!("\u{feff}[{{\"rule\": \"old\", \"key_id\": \"{id}\"}}]\r\n");
    fs::write(sandbox.work("accepted.json"), text).unwrap();
    sandbox.run(&WITH).ok().stderr("");
}

#[test]
fn a_file_that_is_none_accepts_nothing() {
    let (sandbox, _) = old_key();
    let refused = |why: &str| {
        let outcome = sandbox.run(&WITH);
        let told = format!("The baseline accepted.json cannot be used: {why}");
        outcome.code(2).stdout("");
        assert!(outcome.stderr.contains(&told), "{outcome:#?}");
        let hint = "'ibmcloud-iam api-keys-audit --fail-on none --output json > FILE' writes one that accepts what there is.";
        assert!(outcome.stderr.contains(hint), "{outcome:#?}");
    };
    refused("No such file or directory");
    for (text, why) in [
        ("", "it is empty"),
        ("{}", "invalid type: map"),
        ("[{\"rule\": \"odl\", \"key_id\": \"x\"}]", "unknown variant `odl`"),
        ("[{\"key_id\": \"x\"}]", "missing field `rule`"),
        ("[{\"rule\": \"old\", \"iam_id\": \"IBMid-1\"}]", "entry 1 has no key_id"),
        ("[{\"rule\": \"near-limit\", \"key_id\": \"x\"}]", "entry 1 has no iam_id"),
        ("[{\"rule\": \"old\", \"key_id\": 5}]", "invalid type: integer"),
    ] {
        fs::write(sandbox.work("accepted.json"), text).unwrap();
        refused(why);
    }
    fs::write(sandbox.work("accepted.json"), b"\xff\xfe[\0]\0").unwrap();
    refused("it is UTF-16, not UTF-8");
    fs::remove_file(sandbox.work("accepted.json")).unwrap();
    fs::create_dir(sandbox.work("accepted.json")).unwrap();
    refused("Is a directory");
}
