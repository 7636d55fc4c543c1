//! FILE and its directory while a rotation is interrupted: what is not in its place stays open.

use std::fs;
use std::os::unix::fs::symlink;

use super::{At, RECOVER, Rig, Stage, assert_at_rest, copy_in, failing};
use crate::rotation::id_in_file;
use crate::support::Outcome;
use crate::support::relay::Blow;

/// A rotation of `ci` to a file in a directory, killed when the new key is about to prove itself.
fn killed_in(directory: &str, prepare: impl Fn(&Rig)) -> (Stage, String) {
    let rig = failing(&[]);
    let old = id_in_file(&rig.sandbox);
    prepare(&rig);
    let file = format!("{directory}/key.json");
    fs::rename(rig.sandbox.work("key.json"), rig.sandbox.work(&file)).unwrap();
    let stage = Stage::new(rig);
    let rotate = ["api-key-rotate", "ci", "--file", &file, "--force"];
    stage.kill(At::Proof, Blow::KillBefore, &rotate);
    (stage, old)
}

/// Asserts that the rotation is kept open: both keys work, and nothing good is to be deleted.
#[track_caller]
fn assert_blocked(rig: &Rig, old: &str) -> Outcome {
    let outcome = rig.run(&RECOVER);
    assert!(!outcome.code(12).stdout.contains("elete"), "{outcome:#?}");
    assert!(outcome.stdout.contains(old), "the old key is not named: {outcome:#?}");
    assert_eq!((rig.states(), rig.sandbox.open_entries()), (vec!["active".to_owned(); 2], 1));
    outcome
}

#[track_caller]
fn assert_finished(rig: &Rig, args: &[&str], file: &str, old: &str) {
    let outcome = rig.run(args);
    let said = format!("; the old key {old} was disabled\n");
    assert!(outcome.ok().stdout.ends_with(&said), "{outcome:#?}");
    if file != "key.json" {
        let _ = fs::remove_file(rig.sandbox.work("key.json"));
        fs::copy(rig.sandbox.work(file), rig.sandbox.work("key.json")).unwrap();
    }
    assert_at_rest(rig, &["phased out", "active"]);
}

#[test]
fn a_copy_that_was_moved_to_its_place_by_hand_is_in_place() {
    let stage = Stage::made();
    let rig = stage.rig();
    let old = id_in_file(&rig.sandbox);
    fs::rename(copy_in(rig, "."), rig.sandbox.work("key.json")).unwrap();
    assert_finished(rig, &RECOVER, "key.json", &old);
}

#[test]
fn a_copy_that_was_moved_elsewhere_by_hand_is_in_place_when_it_is_named() {
    let stage = Stage::made();
    let rig = stage.rig();
    let old = id_in_file(&rig.sandbox);
    fs::rename(copy_in(rig, "."), rig.sandbox.work("moved.json")).unwrap();
    let told = assert_blocked(rig, &old);
    assert!(told.stdout.contains("'ibmcloud-iam recover THAT_FILE'"), "{told:#?}");
    assert_finished(rig, &["recover", "moved.json"], "moved.json", &old);
}

#[test]
fn a_mount_that_is_away_is_waited_for() {
    for leaves_directory in [true, false] {
        let mount = |rig: &Rig| fs::create_dir(rig.sandbox.work("mnt")).unwrap();
        let (stage, old) = killed_in("mnt", mount);
        let rig = stage.rig();
        let [mounted, away] = ["mnt", "away"].map(|name| rig.sandbox.work(name));
        fs::rename(&mounted, &away).unwrap();
        if leaves_directory {
            fs::create_dir(&mounted).unwrap();
        }
        assert_blocked(rig, &old);
        if leaves_directory {
            fs::remove_dir(&mounted).unwrap();
        }
        fs::rename(&away, &mounted).unwrap();
        assert_finished(rig, &RECOVER, "mnt/key.json", &old);
    }
}

#[test]
fn a_link_that_leads_elsewhere_is_waited_for() {
    let (stage, old) = killed_in("current", |rig| {
        for release in ["1", "2"] {
            fs::create_dir(rig.sandbox.work(release)).unwrap();
        }
        symlink("1", rig.sandbox.work("current")).unwrap();
    });
    let rig = stage.rig();
    let lead_to = |release: &str| {
        fs::remove_file(rig.sandbox.work("current")).unwrap();
        symlink(release, rig.sandbox.work("current")).unwrap();
    };
    lead_to("2");
    assert_blocked(rig, &old);
    lead_to("1");
    assert_finished(rig, &RECOVER, "1/key.json", &old);
}
