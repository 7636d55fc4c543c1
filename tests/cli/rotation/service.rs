//! Rotations at the service: who logs in meanwhile, the credential in use, and old keys that others change.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use rustix::process::Signal;

use super::{PRINTED, TO_FILE, WITH_GRACE, id_in_file, served, value_in_file};
use crate::support::emulator::Emulator;
use crate::support::running::{ended, signal, started, wait_until};
use crate::support::service::Service;
use crate::support::{Outcome, run};

type Rig = Service<Emulator>;

/// As [`served`], with faults.
fn failing(faults: &[&str]) -> Rig {
    let flags: Vec<&str> = faults.iter().flat_map(|fault| ["--fault", fault]).collect();
    served(&flags)
}

/// The printed rotation of `ci`, with its standard output in a place.
fn printed(rig: &Rig, out: &str) -> Outcome {
    let mut command = rig.command(&PRINTED);
    let out = fs::OpenOptions::new().create(true).write(true).truncate(true).open(out).unwrap();
    command.stdin(Stdio::null()).stdout(out).stderr(Stdio::piped());
    Outcome::from(command.output().unwrap())
}

#[test]
fn who_logs_in_all_the_while_never_fails() {
    let rig = failing(&[]);
    let is_over = AtomicBool::new(false);
    let client = rig.server.client();
    thread::scope(|scope| {
        let logins = scope.spawn(|| {
            let mut count = 0;
            while !is_over.load(Ordering::SeqCst) || count < 20 {
                let value = value_in_file(&rig.sandbox);
                assert_eq!(client.log_in(&value).0, 200);
                count += 1;
            }
        });
        for _ in 0..5 {
            rig.run(&WITH_GRACE).ok();
        }
        is_over.store(true, Ordering::SeqCst);
        logins.join().unwrap();
    });
}

const STILL_OLD: &str =
    "The credential in use is the key that was rotated; put the new one in its place.\n";

#[test]
fn the_credential_in_use_can_be_rotated() {
    let rig = failing(&[]);
    fs::create_dir(rig.sandbox.work("d")).unwrap();
    symlink("key.json", rig.sandbox.work("link.json")).unwrap();
    let rotate = |named: &dyn Fn(&str) -> Command| {
        let before = value_in_file(&rig.sandbox);
        fs::copy(rig.sandbox.work("key.json"), rig.sandbox.work("copy.json")).unwrap();
        let outcome = run(&mut named(&before), b"");
        assert_eq!(rig.opens(&before), 400, "the old one is disabled");
        assert_eq!(rig.opens(&value_in_file(&rig.sandbox)), 200);
        outcome.ok().stderr.contains(STILL_OLD)
    };
    for elsewhere in ["", "@copy.json"] {
        let named = |before: &str| {
            rig.command_as(if elsewhere.is_empty() { before } else { elsewhere }, &TO_FILE)
        };
        assert!(rotate(&named), "the old one is in '{elsewhere}'");
    }
    for same in ["@key.json", "@d/../key.json", "@link.json"] {
        assert!(!rotate(&|_| rig.command_as(same, &TO_FILE)), "the new one is in {same} already");
    }
    let by_flag = [&TO_FILE[..], &["--apikey", "@key.json"]].concat();
    assert!(!rotate(&|_| rig.command(&by_flag)), "as --apikey says");
    let as_sdk = |_: &str| {
        let mut command = rig.command_as("", &TO_FILE);
        command.env_remove("IBMCLOUD_API_KEY").env("IAM_IDENTITY_APIKEY", "@key.json");
        command
    };
    assert!(!rotate(&as_sdk), "as the SDK's variable says");
}

/// A service at which a rotation of `ci` stops before the old key is disabled.
fn interrupted(more: &[&str], args: &[&str]) -> (Rig, String) {
    let rig = failing(&[&["disable:status=503,times=4"], more].concat());
    let old = id_in_file(&rig.sandbox);
    rig.run(&[&TO_FILE[..], args].concat()).code(11);
    assert_eq!((rig.keys().len(), rig.states()[0].as_str()), (2, "active"));
    (rig, old)
}

#[test]
fn a_grace_that_is_given_when_the_command_is_repeated_counts() {
    let (rig, _) = interrupted(&[], &[]);
    let again = rig.run(&WITH_GRACE);
    assert!(again.ok().stdout.ends_with(" works until 2026-11-28T09:00+0000\n"), "{again:#?}");
    assert_eq!(rig.states(), ["phasing out", "active"]);
    assert_eq!(rig.sandbox.open_entries(), 0);
}

#[test]
fn a_grace_that_was_given_last_is_not_forgotten_by_recover() {
    let (rig, _) = interrupted(&["update:status=403,times=1"], &[]);
    rig.run(&WITH_GRACE).code(8);
    assert_eq!((rig.states(), rig.sandbox.open_entries()), (vec!["active".to_owned(); 2], 1));
    let recovered = rig.run(&["recover"]);
    assert!(
        recovered.ok().stdout.ends_with(" works until 2026-11-28T09:00+0000\n"),
        "{recovered:#?}"
    );
}

#[test]
fn a_grace_that_comes_too_late_is_refused() {
    let (rig, old) = interrupted(&[], &[]);
    rig.run(&["api-key-disable", &old, "--force", "-q"]).ok();
    let again = rig.run(&WITH_GRACE);
    assert!(again.code(5).stderr.contains("'--grace' came too late"), "{again:#?}");
    assert!(again.stderr.contains(&format!("'ibmcloud-iam api-key-enable {old}'")), "{again:#?}");
    assert_eq!(
        (rig.states(), rig.sandbox.open_entries()),
        (vec!["phased out".to_owned(), "active".to_owned()], 0)
    );
}

#[test]
fn a_lifetime_that_comes_too_late_is_refused() {
    for (first, code) in
        [(&["--expires-in", "90d"][..], 0), (&["--expires-in", "91d"], 5), (&[], 5)]
    {
        let (rig, _) = interrupted(&[], first);
        let again = rig.run(&[&TO_FILE[..], &["--expires-in", "90d"]].concat());
        assert_eq!(again.code, code, "{first:?}: {again:#?}");
        assert_eq!((rig.states()[0].as_str(), rig.sandbox.open_entries()), ("phased out", 0));
        if code != 0 {
            let new = id_in_file(&rig.sandbox);
            let fix = format!("'ibmcloud-iam api-key-update {new} --expires-in 90d'");
            assert!(again.stderr.contains(&fix), "{again:#?}");
        }
    }
}

#[test]
fn a_file_in_plain_text_is_looked_up_by_its_value() {
    let rig = failing(&[]);
    let file = rig.sandbox.work("key.json");
    let value = value_in_file(&rig.sandbox);
    rig.run(&["api-key-create", "other", "--file", "other.json", "-q"]).ok();
    fs::rename(rig.sandbox.work("other.json"), &file).unwrap();
    let other = value_in_file(&rig.sandbox);
    for content in [&other, "x-of-another-account-x"] {
        fs::write(&file, content).unwrap();
        let outcome = rig.run(&TO_FILE);
        assert!(outcome.code(14).stderr.contains("'key.json' holds "), "{outcome:#?}");
        assert_eq!(fs::read_to_string(&file).unwrap(), content);
        assert_eq!(rig.keys().len(), 2);
    }
    fs::write(&file, format!("{value}\n")).unwrap();
    rig.run(&TO_FILE).ok();
    assert_eq!(rig.opens(&value), 400, "the old one is disabled");
    assert_eq!(rig.opens(&value_in_file(&rig.sandbox)), 200);
}

#[test]
fn a_file_that_cannot_be_looked_up_is_not_replaced() {
    let rig = failing(&["details:status=503"]);
    let file = fs::read(rig.sandbox.work("key.json")).unwrap();
    rig.run(&TO_FILE).code(10);
    assert_eq!(fs::read(rig.sandbox.work("key.json")).unwrap(), file);
    assert_eq!((rig.keys().len(), rig.sandbox.open_entries()), (1, 0));
}

#[test]
fn a_new_key_that_needs_a_moment_gets_it() {
    // The first three tokens are for the commands themselves.
    let rig = failing(&["token:status=400,skip=1,times=2"]);
    rig.run(&TO_FILE).ok();
}

#[test]
fn a_new_key_that_never_works_is_taken_back() {
    let rig = failing(&["token:status=503,skip=1"]);
    let file = fs::read(rig.sandbox.work("key.json")).unwrap();
    let outcome = rig.run(&TO_FILE);
    assert!(outcome.code(10).stderr.contains("The old one was not touched."), "{outcome:#?}");
    assert_eq!(fs::read(rig.sandbox.work("key.json")).unwrap(), file, "FILE holds the old key");
    assert_eq!(rig.keys().len(), 1);
    assert_eq!((rig.sandbox.open_entries(), rig.sandbox.files_in_work().len()), (0, 1));
}

#[test]
fn an_old_key_that_somebody_locks_meanwhile_is_told_of() {
    let rig = failing(&["disable:status=409,times=1", "disable:delay=1500ms,skip=1"]);
    let old = id_in_file(&rig.sandbox);
    let mut rotation = rig.command(&TO_FILE);
    let outcome = thread::scope(|scope| {
        let rotating = scope.spawn(|| run(&mut rotation, b""));
        // When FILE is in place the old key is all that is left to do.
        wait_until("FILE is in place", || id_in_file(&rig.sandbox) != old);
        thread::sleep(std::time::Duration::from_millis(300));
        let (status, _) = rig.server.client().call("POST", &format!("/v1/apikeys/{old}/lock"));
        assert_eq!(status, 204);
        rotating.join().unwrap()
    });
    assert!(
        outcome.code(6).stderr.contains("is in its place, but the old one could not be retired")
    );
    assert!(outcome.stderr.contains("Run 'ibmcloud-iam recover' to finish it."), "{outcome:#?}");
    let blocked = rig.run(&["recover"]);
    assert!(blocked.code(12).stdout.contains("could not be retired"), "{blocked:#?}");
    rig.run(&["api-key-unlock", &old, "--force"]).ok();
    let recovered = rig.run(&["recover"]);
    assert!(recovered.ok().stdout.contains("; the old key ApiKey-"), "{recovered:#?}");
}

#[test]
fn a_change_of_the_old_key_in_between_does_not_stop_it() {
    let rig = failing(&["update:status=409,times=2"]);
    let outcome = rig.run(&WITH_GRACE);
    assert!(outcome.ok().stdout.ends_with(" works until 2026-11-28T09:00+0000\n"), "{outcome:#?}");
}

#[test]
fn a_printed_rotation_is_repeated_with_a_value_that_works() {
    // Once the old key may be retired, it is: the request may take effect late. The printed key is then the one to rotate.
    let retired: &[&str] = &["phased out", "phased out", "active"];
    let taken_back: &[&str] = &["phased out", "active"];
    for (fault, first, code, states) in [
        (&[][..], "/dev/full", 1, taken_back),
        (&["disable:status=503,times=4"], "new.json", 11, retired),
    ] {
        let rig = failing(fault);
        let new = rig.sandbox.work("new.json");
        let first = if first == "/dev/full" { first } else { new.to_str().unwrap() };
        printed(&rig, first).code(code);
        assert_eq!(rig.opens(&value_in_file(&rig.sandbox)), 200, "the old one works");
        printed(&rig, new.to_str().unwrap()).ok();
        assert_eq!(rig.opens(&rig.sandbox.value_in("new.json")), 200);
        assert_eq!(rig.states(), states);
        assert_eq!(rig.sandbox.open_entries(), 0);
    }
}

#[test]
fn a_printed_key_that_somebody_uses_is_not_taken_back() {
    let rig = failing(&["disable:status=503,times=4"]);
    let new = rig.sandbox.work("new.json");
    printed(&rig, new.to_str().unwrap()).code(11);
    assert_eq!(rig.opens(&rig.sandbox.value_in("new.json")), 200);
    let again = printed(&rig, new.to_str().unwrap());
    assert!(again.code(5).stderr.contains(", whose value it printed, is in use."), "{again:#?}");
    assert_eq!(rig.states(), ["phased out", "active"]);
    assert_eq!(rig.sandbox.open_entries(), 0);
}

#[test]
fn a_new_key_that_was_disabled_meanwhile_does_not_get_into_the_file() {
    let rig = failing(&["token:delay=3s,skip=1,times=1"]);
    let old = fs::read(rig.sandbox.work("key.json")).unwrap();
    // Killed while the new key is about to prove itself.
    let child = started(&mut rig.command(&TO_FILE));
    wait_until("the new key is made", || rig.keys().len() == 2);
    let made = rig.keys()[1]["id"].as_str().unwrap().to_owned();
    signal(&child, Signal::KILL);
    ended(child).code(137);
    rig.run(&["api-key-disable", &made, "--force", "-q"]).ok();
    let blocked = rig.run(&["recover", "--force"]);
    assert!(blocked.code(12).stdout.contains("does not work: "), "{blocked:#?}");
    assert_eq!(fs::read(rig.sandbox.work("key.json")).unwrap(), old, "FILE holds what works");
    rig.run(&["api-key-enable", &made, "--force", "-q"]).ok();
    rig.run(&["recover", "--force"]).ok();
    assert_eq!(rig.states(), ["phased out", "active"]);
    assert_eq!(id_in_file(&rig.sandbox), made);
}
