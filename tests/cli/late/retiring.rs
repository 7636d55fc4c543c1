//! Retiring the old key: by then the new one is in its place, and it stays the one that works.

use std::fs;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::{RECOVER, Rig, assert_at_rest, failing, let_land};
use crate::rotation::{PRINTED, TO_FILE, value_in_file};
use crate::support::{Outcome, value_in};

/// The printed rotation of `ci`, with its standard output in a file.
fn printed(rig: &Rig, file: &str) -> Outcome {
    let out = fs::File::create(rig.sandbox.work(file)).unwrap();
    let mut command = rig.command(&PRINTED);
    command.stdin(Stdio::null()).stdout(out).stderr(Stdio::piped());
    Outcome::from(command.output().unwrap())
}

#[test]
fn a_key_that_was_printed_works_when_the_old_one_is_retired_late() {
    let rig = failing(&["disable:late=2s,times=4"]).timeout("1");
    let old = value_in_file(&rig.sandbox);
    let is_over = AtomicBool::new(false);
    let (client, files) =
        (rig.server.client(), ["1.json", "2.json"].map(|file| rig.sandbox.work(file)));
    let is_good = |value: &str| client.log_in(value).0 == 200;
    // What somebody holds, oldest first: a newer one is printed before an older one is retired.
    let is_held = || {
        let mut printed = files.iter().filter_map(|file| {
            let text = fs::read(file).ok().filter(|text| text.ends_with(b"}\n"))?;
            Some(value_in(&text))
        });
        is_good(&old) || printed.any(|value| is_good(&value))
    };
    thread::scope(|scope| {
        let watch = scope.spawn(|| {
            while !is_over.load(Ordering::SeqCst) {
                assert!(is_held(), "no key works");
                thread::sleep(Duration::from_millis(20));
            }
        });
        let first = printed(&rig, "1.json");
        let second = printed(&rig, "2.json");
        let_land(Duration::from_secs(2));
        is_over.store(true, Ordering::SeqCst);
        watch.join().unwrap();
        first.code(11);
        second.ok();
    });
    assert_eq!(rig.opens(&rig.sandbox.value_in("2.json")), 200);
    assert_eq!(rig.states(), ["phased out", "phased out", "active"]);
    assert_eq!(rig.sandbox.open_entries(), 0);
}

#[test]
fn a_key_that_cannot_be_retired_is_no_rotation_that_changed_nothing() {
    for fault in ["disable:status=503,times=4", "disable:drop,times=4", "disable:late=1s,times=4"] {
        let rig = failing(&[fault]);
        let old = value_in_file(&rig.sandbox);
        let outcome = rig.run(&TO_FILE);
        if outcome.code != 0 {
            assert!(outcome.code(11).stderr.contains(" is in its place, but "), "{outcome:#?}");
            rig.run(&RECOVER).ok();
        }
        assert_ne!(value_in_file(&rig.sandbox), old);
        let_land(Duration::from_secs(1));
        assert_at_rest(&rig, &["phased out", "active"]);
    }
}

#[test]
fn a_rotation_that_fails_after_keys_were_purged_says_so() {
    let rig = failing(&["create:status=429,skip=2"]);
    rig.run(&TO_FILE).ok();
    let outcome = rig.run(&[&TO_FILE[..], &["--purge"]].concat());
    assert!(outcome.code(1).stderr.contains(" Phased-out keys of the name were deleted before."));
    assert!(!outcome.stderr.contains("Nothing was changed"), "{outcome:#?}");
    assert_at_rest(&rig, &["active"]);
}
