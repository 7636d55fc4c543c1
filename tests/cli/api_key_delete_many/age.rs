//! `--older-than`: from which second on a key is old.

use super::{begun, outcomes};
use crate::support::Sandbox;
use crate::support::expected::{facts_of, progress};

#[test]
fn the_age_counts_from_the_creation_to_the_second() {
    let sandbox = Sandbox::new();
    sandbox.create_at("2026-11-21T09:00:00Z", "old", &[]);
    sandbox.create_at("2026-11-21T09:00:01Z", "young", &[]);
    sandbox.run_at("2026-12-20T09:00:00Z", &["api-key-update", "old", "-d", "changed"]).ok();
    let args = |age| ["api-key-delete", "--all", "--older-than", age, "--dry-run", "-o", "json"];
    let old = outcomes(&[("[ID1]", "old")], "would be deleted");
    let both = outcomes(&[("[ID1]", "old"), ("[ID2]", "young")], "would be deleted");
    for (now, age, expected) in [
        ("2026-12-21T08:59:59Z", "30d", "[]\n"),
        ("2026-12-21T09:00:00Z", "30d", &*old),
        ("2026-12-21T09:00:00Z", "720h", &old),
        ("2026-12-21T09:00:01Z", "30d", &both),
        ("2026-12-21T09:00:01Z", "5w", "[]\n"),
        ("2026-12-21T09:00:01Z", "99999999w", "[]\n"),
    ] {
        sandbox.run_at(now, &args(age)).is(0, expected, "");
    }
    let first = |age: &str| {
        let args = ["api-key-delete", "--all", "--older-than", age, "--dry-run"];
        sandbox.run(&args).ok().stdout.lines().next().unwrap().to_owned() + "\n"
    };
    for (age, words) in [
        ("1d", "1 day"),
        ("2w", "14 days"),
        ("36h", "36 hours"),
        ("90m", "90 minutes"),
        ("61s", "61 seconds"),
    ] {
        assert_eq!(first(age), begun(&format!("all API keys older than {words}")));
    }
    let told = facts_of(1, "old", "2026-11-21T09:00+0000 (30 days ago)", "never used.");
    sandbox
        .run_at("2026-12-21T09:00:00Z", &["api-key-delete", "--all", "--older-than", "30d", "-f"])
        .is(
            0,
            &format!(
                "{}{}{}",
                begun("all API keys older than 30 days"),
                progress("Deleting", "[ID1]"),
                "OK\nAPI key [ID1] was deleted\n"
            ),
            &told,
        );
    assert_eq!(sandbox.names(), ["young"]);
}

#[test]
fn of_phased_out_keys_the_older_ones_can_be_meant() {
    let sandbox = Sandbox::new();
    let old = sandbox.create("a", &["--disabled"]);
    sandbox.create_at("2026-12-20T09:00:00Z", "a", &["--disabled"]);
    sandbox.create_at("2026-12-20T09:00:00Z", "a", &[]);
    let args = ["api-key-delete", "--phased-out", "a", "--older-than", "30d", "-f", "-q"];
    let deleted = sandbox.run_at("2026-12-21T09:00:00Z", &args);
    assert_eq!(deleted.ok().stdout, format!("API key {old} was deleted\n"));
    assert_eq!(sandbox.keys().len(), 2);
}
