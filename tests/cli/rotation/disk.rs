//! Killed, or failed by the disk, at every step of a rotation on the local store; then settled either way.

use std::fs;

use super::{
    Listed, PRINTED, TO_FILE, Then, assert_held, assert_settled, id_in, id_in_file, listed,
    with_key,
};
use crate::support::shim::{Fault, Shim};
use crate::support::{Outcome, Sandbox};

/// The id of the key that was there before; its value is held by whoever had it.
type Old = String;

fn scene() -> (Sandbox, Old) {
    let sandbox = with_key(&["-d", "for the pipeline"]);
    let old = id_in_file(&sandbox);
    (sandbox, old)
}

fn keys(sandbox: &Sandbox) -> Vec<Listed> {
    listed(&sandbox.keys().into())
}

fn held_in_file(sandbox: &Sandbox) -> Option<String> {
    let id = id_in(&fs::read(sandbox.work("key.json")).ok()?)?;
    let found = sandbox.run(&["api-key-lookup", "@key.json", "--uuid"]);
    assert_eq!(found.ok().stdout.trim_end(), id, "FILE opens the key that it names");
    Some(id)
}

#[track_caller]
fn assert_tidy(sandbox: &Sandbox, what: &str) {
    assert_eq!(sandbox.open_entries(), 0, "{what}");
    assert!(sandbox.files_in_work().iter().all(|name| name == "key.json"), "{what}");
}

/// With FILE: whatever happened, FILE holds a working key before and after.
fn check_file(then: Then, args: &[&str], sandbox: &Sandbox, old: &Old, outcome: &Outcome) {
    let what = format!("{then:?} behind {outcome:#?}");
    let held = |sandbox: &Sandbox| vec![held_in_file(sandbox).unwrap_or_default(), old.clone()];
    assert_held(&keys(sandbox), &held(sandbox), &what);
    let in_file = held_in_file(sandbox).unwrap();
    let now = keys(sandbox);
    let is_retired = !now.iter().any(|key| key.id == *old && key.state == "active");
    assert!(!is_retired || in_file != *old, "{what}: retired before the new one was in place");
    let is_complete = is_retired && sandbox.open_entries() == 0;
    // An entry that could not be removed changes nothing.
    assert!(outcome.code != 0 || is_retired, "{what}");
    if then == Then::Again && !is_complete {
        sandbox.run(args).ok();
        assert_ne!(held_in_file(sandbox).as_ref(), Some(old), "{what}");
    } else {
        sandbox.run(&["recover", "--force"]).ok();
    }
    assert_tidy(sandbox, &what);
    assert_settled(&keys(sandbox), &[held_in_file(sandbox).unwrap()], &what);
}

fn walk_file(then: Then, more: &[&str]) {
    let Some(shim) = Shim::build() else { return };
    let args = [&TO_FILE[..], more].concat();
    let walked = shim.walk(&args, scene, |sandbox, old, _: &Fault, outcome| {
        check_file(then, &args, sandbox, old, outcome);
    });
    assert!(walked > 150, "{walked}");
}

#[test]
fn a_rotation_to_file_is_recovered() {
    walk_file(Then::Recover, &["--grace", "7d"]);
}

#[test]
fn a_rotation_to_file_is_repeated() {
    walk_file(Then::Again, &[]);
}

/// Printed: the caller has the document when all of it arrived.
fn check_printed(then: Then, sandbox: &Sandbox, old: &Old, outcome: &Outcome) {
    let what = format!("{then:?} behind {outcome:#?}");
    let mut held = vec![old.clone()];
    held.extend(id_in(outcome.stdout.as_bytes()));
    assert_held(&keys(sandbox), &held, &what);
    let before = keys(sandbox);
    let is_complete = sandbox.open_entries() == 0
        && !before.iter().any(|key| key.id == *old && key.state == "active");
    if then == Then::Again && !is_complete {
        let again = sandbox.run(&PRINTED);
        held.extend(id_in(again.ok().stdout.as_bytes()));
        // What was printed to nobody is gone; who asked again has the key in use.
        let kept: Vec<String> = held.split_off(1);
        assert_tidy(sandbox, &what);
        let now = keys(sandbox);
        let in_use: Vec<&Listed> = now.iter().filter(|key| key.state == "active").collect();
        assert_eq!(in_use.len(), 1, "{what}: {now:?}");
        assert!(kept.contains(&in_use[0].id), "{what}: {now:?}");
        return;
    }
    let recovered = sandbox.run(&["recover", "--force"]);
    assert_tidy(sandbox, &what);
    let now = keys(sandbox);
    assert_held(&now, &held, &what);
    for key in now.iter().filter(|key| !held.contains(&key.id)) {
        let is_told = recovered.stdout.contains(&key.id) || outcome.stderr.contains(&key.id);
        assert!(is_told, "{what}: nobody holds {key:?}: {recovered:#?}");
    }
}

#[test]
fn a_printed_rotation_is_recovered() {
    let Some(shim) = Shim::build() else { return };
    let walked = shim.walk(&PRINTED, scene, |sandbox, old, _: &Fault, outcome| {
        check_printed(Then::Recover, sandbox, old, outcome);
    });
    assert!(walked > 90, "{walked}");
}

#[test]
fn a_printed_rotation_is_repeated() {
    let Some(shim) = Shim::build() else { return };
    let walked = shim.walk(&PRINTED, scene, |sandbox, old, _: &Fault, outcome| {
        check_printed(Then::Again, sandbox, old, outcome);
    });
    assert!(walked > 90, "{walked}");
}
