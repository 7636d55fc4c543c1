//! A pending copy speaks for itself when the journal is gone.

use std::fs;

use super::{At, Rig, Stage, assert_at_rest, copy_in, failing};
use crate::rotation::{TO_FILE, id_in_file};
use crate::support::relay::Blow;

const TO_NEW_FILE: [&str; 4] = ["api-key-create", "K", "--file", "K.json"];

/// What was interrupted, with its journal gone.
fn without_journal(at: At, blow: Blow, args: &[&str]) -> Stage {
    let stage = Stage::new(failing(&[]));
    stage.kill(at, blow, args);
    fs::remove_dir_all(stage.rig().sandbox.journal()).unwrap();
    stage
}

fn created() -> Stage {
    without_journal(At::Create, Blow::KillAfter, &TO_NEW_FILE)
}

fn rotated() -> Stage {
    without_journal(At::Proof, Blow::KillBefore, &TO_FILE)
}

#[track_caller]
fn takes_up(rig: &Rig, file: &str, said: &str) {
    let nothing = rig.run(&["recover"]);
    assert!(nothing.ok().stdout.ends_with("No interrupted commands found\n"), "{nothing:#?}");
    let dry = rig.run(&["recover", file, "--dry-run"]);
    assert!(dry.code(1).stderr.contains("of which the journal has no entry"), "{dry:#?}");
    let outcome = rig.run(&["recover", file, "--force"]);
    assert!(outcome.ok().stdout.contains(said), "{outcome:#?}");
}

#[test]
fn a_copy_for_a_file_that_is_missing_is_taken_up() {
    let stage = created();
    let rig = stage.rig();
    takes_up(rig, "K.json", " was created; it is now in ");
    assert_eq!(rig.opens(&rig.sandbox.value_in("K.json")), 200);
    assert_eq!(rig.sandbox.files_in_work(), ["K.json", "key.json"]);
    assert_at_rest(rig, &["active"; 2]);
}

#[test]
fn a_copy_for_a_file_that_is_to_be_replaced_is_taken_up() {
    let stage = rotated();
    let rig = stage.rig();
    let old = id_in_file(&rig.sandbox);
    takes_up(rig, "key.json", &format!("; the old key {old} was disabled\n"));
    assert_at_rest(rig, &["phased out", "active"]);
}

#[test]
fn a_copy_that_is_named_itself_is_taken_up() {
    for (stage, states) in [(created(), ["active"; 2]), (rotated(), ["phased out", "active"])] {
        let rig = stage.rig();
        let copy = copy_in(rig, ".");
        takes_up(rig, copy.file_name().unwrap().to_str().unwrap(), " was created; it is now in ");
        assert_at_rest(rig, &states);
    }
}

#[test]
fn a_copy_of_a_key_that_never_was_is_forgotten() {
    let stage = without_journal(At::Create, Blow::KillBefore, &TO_NEW_FILE);
    let rig = stage.rig();
    takes_up(rig, "K.json", " was never created; nothing is left of it\n");
    assert_eq!(rig.sandbox.files_in_work(), ["key.json"]);
}

#[test]
fn a_command_that_meets_such_a_copy_says_so() {
    let replacing = ["api-key-create", "K", "--file", "key.json", "--force"];
    // Which of the two keys of the name is to be rotated cannot be told.
    for (stage, file, args, code) in [
        (created(), "K.json", &TO_NEW_FILE[..], 0),
        (rotated(), "key.json", &TO_FILE, 4),
        (rotated(), "key.json", &replacing, 0),
    ] {
        let rig = stage.rig();
        let outcome = rig.run(args);
        let told = ", of which the journal has no entry. \
                    If no other command is at work there, run 'ibmcloud-iam recover ";
        assert!(outcome.code(code).stderr.contains(told), "{outcome:#?}");
        assert!(outcome.stderr.contains(&format!("/{file}' to finish it.\n")), "{outcome:#?}");
        let elsewhere = rig.run(&["api-key-create", "L", "--file", "L.json"]);
        assert!(!elsewhere.ok().stderr.contains("has no entry"), "{elsewhere:#?}");
    }
}
