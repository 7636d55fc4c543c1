//! A store that grew is written anew without what was superseded.

use std::fmt::Write as _;
use std::fs;

use super::lines;
use crate::support::shim::Shim;
use crate::support::{Sandbox, mode, redact};

/// The keys, one a line, with what happened to them, and which key each value opens.
fn everything(sandbox: &Sandbox) -> Vec<String> {
    let mut all = String::new();
    for key in sandbox.keys() {
        let id = key["id"].as_str().unwrap();
        let mut shown = sandbox.run(&["api-key", id, "--history", "--output", "json"]).json();
        let history = shown["history"].take();
        let actions: Vec<&str> = history
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["action"].as_str().unwrap())
            .collect();
        writeln!(all, "{shown} {}", actions.join(" ")).unwrap();
    }
    for file in sandbox.files_in_work() {
        all += &sandbox.run(&["api-key-lookup", &format!("@{file}"), "--uuid"]).ok().stdout;
    }
    redact(&all).lines().map(str::to_owned).collect()
}

#[test]
fn compaction_loses_nothing() {
    let sandbox = Sandbox::new();
    sandbox.run(&["api-key-create", "one", "--file", "one.json", "-d", "first"]).ok();
    sandbox.run(&["api-key-create", "two", "--file", "two.json", "--lock"]).ok();
    sandbox.run(&["api-key-create", "busy", "--file", "busy.json"]).ok();
    let theirs = sandbox.create_of("IBMid-2", "theirs", &[("disabled", "true")]);
    sandbox.run(&["api-key-update", "one", "-n", "uno"]).ok();
    // Superseded so far: one.
    let mut at = 1;
    let mut toggle = || {
        at += 1;
        [if at % 2 == 0 { "api-key-lock" } else { "api-key-unlock" }, "busy", "--force"]
    };
    for _ in 1..1_000 {
        sandbox.run(&toggle()).ok();
    }
    let count = || lines(&fs::read(sandbox.store()).unwrap()).len();
    assert_eq!(count(), 1_005, "all but the 1,001st superseded line");
    let before = everything(&sandbox);
    let of_another = || sandbox.run(&["api-key", &theirs, "-o", "json", "--history"]).json();
    let theirs_before = of_another();
    assert_eq!(theirs_before["iam_id"], "IBMid-2");
    let full = copy(&sandbox);
    let args = toggle();
    sandbox.run(&args).ok();
    assert_eq!(count(), 5, "a header and four keys");
    assert_eq!(of_another(), theirs_before);
    let size = |sandbox: &Sandbox| fs::metadata(sandbox.store()).unwrap().len();
    assert!(size(&sandbox) < size(&full) / 2);
    assert_eq!(mode(&sandbox.store()), 0o600);
    let after = everything(&sandbox);
    assert_eq!(after.len(), 6);
    for (line, (before, after)) in before.iter().zip(&after).enumerate() {
        assert_eq!(before == after, line != 2, "only the busy key was changed: {after}");
    }
    let history = |all: &[String]| all[2].split_once("} ").unwrap().1.to_owned();
    assert_eq!(history(&after), history(&before) + " unlock");
    // And once more, killed at every step.
    let Some(shim) = Shim::build() else { return };
    let walked = shim.walk(
        &args,
        || (copy(&full), ()),
        |sandbox, (), _, outcome| {
            let now = everything(sandbox);
            assert!(now == after || (now == before && outcome.code != 0), "{outcome:#?}");
            sandbox.run(&["api-key-unlock", "two", "-f"]).ok();
        },
    );
    assert!(walked > 40, "{walked}");
}

/// Another box with the same store and the same files.
fn copy(sandbox: &Sandbox) -> Sandbox {
    let copy = Sandbox::new();
    fs::create_dir(copy.root().join("home/store")).unwrap();
    fs::copy(sandbox.store(), copy.store()).unwrap();
    for file in sandbox.files_in_work() {
        fs::copy(sandbox.work(&file), copy.work(&file)).unwrap();
    }
    copy
}
