//! Each rule with a key that fires it and one that just does not, on every backend, to the minute.

use serde_json::Value;

use crate::backends::{Bench, table};
use crate::support::{IAM_ID, Sandbox};

const OTHER: &str = "IBMid-270000WXYZ";

table! {
    benches: [local, remote],
    behaviours: [
        nothing_is_found_where_nothing_is: [],
        a_key_that_was_found_published: [Switching],
        an_old_key: [],
        an_old_key_that_is_phasing_out: [Expiry],
        a_key_of_the_owner_of_the_account: [],
        an_unused_key: [],
        a_key_without_end: [Expiry],
        a_key_that_ends_soon: [Expiry],
        a_newer_key_that_ends_before_an_older_one: [Expiry],
        a_key_that_may_be_published: [],
        two_active_keys_of_one_name: [],
        nearly_as_many_keys_as_allowed: [Limit],
        an_expired_key: [Expiry],
        a_phased_out_key: [Switching],
        keys_that_do_not_work_are_not_old_unused_or_eternal: [Switching, Expiry],
        each_users_keys_are_looked_at_by_themselves: [Users],
    ],
}

/// The names of the keys that a rule fires on.
#[track_caller]
fn fired(bench: &Bench, rule: &str, more: &[&str]) -> Vec<String> {
    let report = bench.json(&[&["api-keys-audit", "--fail-on", "none"], more].concat());
    let findings = report.as_array().unwrap().iter();
    let of_rule = findings.filter(|finding| finding["rule"] == rule);
    of_rule.map(|finding| finding["name"].as_str().unwrap_or_default().to_owned()).collect()
}

fn nothing_is_found_where_nothing_is(bench: &Bench) {
    let report = bench.json(&["api-keys-audit"]);
    assert_eq!(report, Value::Array(Vec::new()));
}

fn a_key_that_was_found_published(bench: &Bench) {
    bench.create("sound", &[]);
    bench.create_of(IAM_ID, "published", &[("leaked", "true")]);
    bench.create_of(IAM_ID, "caught", &[("leaked", "true"), ("disabled", "true")]);
    assert_eq!(fired(bench, "leaked", &[]), ["published", "caught"]);
}

fn an_old_key(bench: &Bench) {
    bench.at("2026-01-01T10:00:30Z").create("first", &[]);
    bench.at("2026-01-01T10:01:30Z").create("second", &[]);
    // 90 days later, to the minute.
    bench.at("2026-04-01T10:00:59Z");
    assert_eq!(fired(bench, "old", &[]), [""; 0]);
    bench.at("2026-04-01T10:01:00Z");
    assert_eq!(fired(bench, "old", &[]), ["first"]);
    assert_eq!(fired(bench, "old", &["--max-age", "129600m"]), ["first"]);
    assert_eq!(fired(bench, "old", &["--max-age", "129601m"]), [""; 0]);
    assert_eq!(fired(bench, "old", &["--skip", "old"]), [""; 0]);
    bench.at("2026-04-01T10:02:00Z");
    assert_eq!(fired(bench, "old", &[]), ["first", "second"]);
}

fn an_old_key_that_is_phasing_out(bench: &Bench) {
    bench.at("2026-01-01T10:00:00Z");
    bench.create("ends", &["-e", "2026-08-29T10:00+0000"]);
    bench.create("lasts", &["-e", "2026-08-29T10:01+0000"]);
    bench.create("ends", &["-e", "2027-01-01"]);
    bench.create("lasts", &["-e", "2027-01-01"]);
    // 90 days before the end of the first of the two that are phasing out, and their successors are as old.
    bench.at("2026-05-31T10:00:00Z");
    assert_eq!(fired(bench, "old", &[]), ["lasts", "ends", "lasts"]);
}

fn a_key_of_the_owner_of_the_account(bench: &Bench) {
    bench.create("mine", &[]);
    bench.create_of(OTHER, "theirs", &[("disabled", "true")]);
    let all = ["--all-users", "--account-owner", OTHER];
    assert_eq!(fired(bench, "owner-key", &all), ["theirs"]);
    assert_eq!(fired(bench, "owner-key", &["--all-users"]), [""; 0]);
    assert_eq!(fired(bench, "owner-key", &all[1..]), [""; 0]);
    assert_eq!(fired(bench, "owner-key", &["--account-owner", IAM_ID]), ["mine"]);
}

fn an_unused_key(bench: &Bench) {
    bench.at("2026-03-01T10:00:30Z");
    let used = bench.create("used", &[]);
    bench.create("never used", &[]);
    bench.at("2026-03-31T10:00:59Z");
    assert_eq!(fired(bench, "unused", &[]), [""; 0]);
    bench.open_with(used["apikey"].as_str().unwrap());
    bench.at("2026-03-31T10:01:00Z");
    assert_eq!(fired(bench, "unused", &[]), ["never used"]);
    assert_eq!(fired(bench, "unused", &["--policy", "cis"]), [""; 0]);
    bench.at("2026-04-30T10:00:59Z");
    assert_eq!(fired(bench, "unused", &[]), ["never used"]);
    bench.at("2026-04-30T10:01:00Z");
    assert_eq!(fired(bench, "unused", &[]), ["used", "never used"]);
    assert_eq!(fired(bench, "unused", &["--max-unused", "43201m"]), ["never used"]);
    assert_eq!(fired(bench, "use-unknown", &[]), [""; 0]);
    // 180 days after the one was used, and the other was made.
    bench.at("2026-09-27T10:00:59Z");
    assert_eq!(fired(bench, "unused", &["--policy", "cis"]), ["never used"]);
    bench.at("2026-09-27T10:01:00Z");
    assert_eq!(fired(bench, "unused", &["--policy", "cis"]), ["used", "never used"]);
}

fn a_key_without_end(bench: &Bench) {
    bench.create("ends", &["-e", "9000-01-01"]);
    bench.create("lasts", &[]);
    assert_eq!(fired(bench, "never-expires", &[]), ["lasts"]);
    bench.run(&["api-key-update", "lasts", "--expires-in", "9000d"]).ok();
    bench.run(&["api-key-update", "ends", "--no-expiry"]).ok();
    assert_eq!(fired(bench, "never-expires", &[]), ["ends"]);
}

fn a_key_that_ends_soon(bench: &Bench) {
    bench.at("2026-03-01");
    bench.create("alone", &["-e", "2026-05-01T10:00+0000"]);
    bench.create("replaced", &["-e", "2026-05-01T10:00+0000"]);
    bench.create("replaced", &[]);
    bench.at("2026-04-17T09:59:59Z");
    assert_eq!(fired(bench, "expires-soon", &[]), [""; 0]);
    assert_eq!(fired(bench, "expires-soon", &["--expires-within", "20160m"]), [""; 0]);
    assert_eq!(fired(bench, "expires-soon", &["--expires-within", "20161m"]), ["alone"]);
    bench.at("2026-04-17T10:00:00Z");
    assert_eq!(fired(bench, "expires-soon", &[]), ["alone"]);
    bench.at("2026-05-01T09:59:59Z");
    assert_eq!(fired(bench, "expires-soon", &[]), ["alone"]);
    bench.at("2026-05-01T10:00:00Z");
    assert_eq!(fired(bench, "expires-soon", &[]), [""; 0]);
}

#[test]
fn a_key_of_the_local_store_ends_soon_to_the_second() {
    let sandbox = Sandbox::new();
    let made = ["api-key-create", "k", "-q", "-e", "2026-05-01T10:00:59Z"];
    sandbox.run_at("2026-03-01T00:00:00Z", &made).ok();
    for (now, found) in [("2026-04-17T10:00:58Z", 0), ("2026-04-17T10:00:59Z", 1)] {
        let report = sandbox.run_at(now, &["api-keys-audit", "-o", "json", "--skip", "unused"]);
        let report = report.json();
        let rules: Vec<&Value> =
            report.as_array().unwrap().iter().map(|finding| &finding["rule"]).collect();
        assert_eq!(rules, vec!["expires-soon"; found], "{now}");
    }
}

fn a_newer_key_that_ends_before_an_older_one(bench: &Bench) {
    let older = bench.at("2026-09-20").create("deploy", &[]);
    let newer = bench.at("2026-09-25").create("deploy", &["-e", "2026-10-03"]);
    bench.at("2026-10-02");
    let report = bench.json(&["api-keys-audit"]);
    let found: Vec<(&Value, &Value)> = report
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| (&finding["rule"], &finding["key_id"]))
        .collect();
    let expected = [
        (Value::from("never-expires"), older["id"].clone()),
        ("expires-soon".into(), newer["id"].clone()),
        ("same-name".into(), older["id"].clone()),
    ];
    let expected: Vec<(&Value, &Value)> = expected.iter().map(|(rule, id)| (rule, id)).collect();
    assert_eq!(found, expected);
}

fn a_key_that_may_be_published(bench: &Bench) {
    for action in ["NONE", "DISABLE", "DELETE"] {
        bench.create(action, &["--action-if-leaked", action]);
    }
    bench.create("off", &["--action-if-leaked", "NONE", "--disabled"]);
    assert_eq!(fired(bench, "leak-action-none", &[]), ["NONE"]);
}

fn two_active_keys_of_one_name(bench: &Bench) {
    let first = bench.create("twin", &[]);
    bench.create("single", &[]);
    bench.create("Twin", &[]);
    bench.create("twin", &["--disabled"]);
    bench.create_of(OTHER, "single", &[]);
    // The one that ends is being replaced by the other.
    bench.create("rotated", &["-e", "2027-05-01"]);
    bench.create("rotated", &[]);
    assert_eq!(fired(bench, "same-name", &["--all-users"]), [""; 0]);
    bench.create("twin", &[]);
    let report = bench.json(&["api-keys-audit", "--fail-on", "none"]);
    let found: Vec<&Value> = report.as_array().unwrap().iter().collect();
    let found: Vec<&&Value> =
        found.iter().filter(|finding| finding["rule"] == "same-name").collect();
    assert_eq!(found.len(), 1, "the newest is left alone");
    assert_eq!(found[0]["key_id"], first["id"]);
}

fn nearly_as_many_keys_as_allowed(bench: &Bench) {
    bench.limit(10);
    for number in 0..8 {
        bench.create(&format!("key {number}"), &[]);
    }
    for number in 0..8 {
        bench.create_of(OTHER, &format!("theirs {number}"), &[]);
    }
    assert_eq!(fired(bench, "near-limit", &["--all-users"]), [""; 0]);
    // Keys that do not work count as well.
    bench.create("ninth", &["--disabled"]);
    let report = bench.json(&["api-keys-audit", "--all-users", "--fail-on", "none"]);
    let found = report.as_array().unwrap().iter();
    let found: Vec<&Value> = found.filter(|finding| finding["rule"] == "near-limit").collect();
    assert_eq!(found.len(), 1);
    assert_eq!((&found[0]["key_id"], &found[0]["name"]), (&Value::Null, &Value::Null));
    assert_eq!(found[0]["iam_id"], IAM_ID);
    assert_eq!(found[0]["message"], "Has 9 of the 10 API keys it is allowed.");
}

fn an_expired_key(bench: &Bench) {
    bench.at("2026-03-01").create("done", &["-e", "2026-04-01T10:00+0000"]);
    bench.at("2026-04-01T09:59:59Z");
    assert_eq!(fired(bench, "expired", &[]), [""; 0]);
    bench.at("2026-04-01T10:00:00Z");
    assert_eq!(fired(bench, "expired", &[]), ["done"]);
    bench.create("done", &[]);
    assert_eq!(fired(bench, "expired", &[]), [""; 0], "it is phased out now");
    assert_eq!(fired(bench, "phased-out", &[]), ["done"]);
}

fn a_phased_out_key(bench: &Bench) {
    bench.create("replaced", &["--disabled"]);
    bench.create("alone", &["--disabled"]);
    assert_eq!(fired(bench, "phased-out", &[]), [""; 0]);
    let successor = bench.create("replaced", &[]);
    assert_eq!(fired(bench, "phased-out", &[]), ["replaced"]);
    bench.act("api-key-disable", successor["id"].as_str().unwrap());
    assert_eq!(fired(bench, "phased-out", &[]), [""; 0]);
}

fn keys_that_do_not_work_are_not_old_unused_or_eternal(bench: &Bench) {
    bench.at("2026-01-01").create("off", &["--disabled"]);
    bench.create("over", &["-e", "2026-11-01"]);
    bench.at("2026-11-21");
    let report = bench.json(&["api-keys-audit"]);
    let found: Vec<&Value> = report.as_array().unwrap().iter().map(|one| &one["rule"]).collect();
    assert_eq!(found, ["expired"]);
}

fn each_users_keys_are_looked_at_by_themselves(bench: &Bench) {
    bench.create("mine", &["-e", "2027-01-01"]);
    bench.create_of(OTHER, "theirs", &[]);
    assert_eq!(fired(bench, "never-expires", &[]), [""; 0]);
    assert_eq!(fired(bench, "never-expires", &["--all-users"]), ["theirs"]);
}
