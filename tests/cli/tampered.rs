//! Somebody else gets at the pending copy: what he puts there does not become FILE, and is not written to.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::path::{Path, PathBuf};

use rustix::process::geteuid;

use crate::support::shim::Shim;
use crate::support::{Outcome, Sandbox, skipped};

const TO_FILE: [&str; 4] = ["api-key-create", "K", "--file", "key.json"];
const RECOVER: [&str; 2] = ["recover", "--force"];

fn copy_in(sandbox: &Sandbox) -> PathBuf {
    let mut names = sandbox.files_in_work().into_iter();
    sandbox.work(&names.find(|name| name.ends_with(".pending")).unwrap())
}

/// A box in which a command was killed when its key was made and FILE was not complete.
fn killed(shim: &Shim) -> Sandbox {
    let fault = shim.fault(&Sandbox::new(), &TO_FILE, "after", "fdatasync", "store.jsonl");
    let sandbox = Sandbox::new();
    shim.run(&sandbox, &fault, &TO_FILE);
    sandbox
}

fn open_to_others(path: &Path) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
}

/// Asserts that `recover` stops, names the fault and touches nothing.
#[track_caller]
fn assert_blocked(sandbox: &Sandbox, fault: &str, untouched: &Path) {
    let before = fs::read(untouched).unwrap();
    for args in [&["recover", "--dry-run"], &RECOVER] {
        let outcome = sandbox.run(args);
        assert!(outcome.code(12).stdout.contains(&format!(" was made: {fault}. ")), "{outcome:#?}");
    }
    assert_eq!(fs::read(untouched).unwrap(), before);
    assert!(!sandbox.work("key.json").exists());
    assert_eq!((sandbox.keys().len(), sandbox.open_entries()), (1, 1));
}

#[test]
fn a_copy_that_is_not_as_it_was_made_is_left_alone() {
    let Some(shim) = Shim::build() else { return };
    let sandbox = killed(&shim);
    let copy = copy_in(&sandbox);
    let away = sandbox.root().join("away");
    // What the link leads to is whole, and could be completed.
    fs::rename(&copy, &away).unwrap();
    symlink(&away, &copy).unwrap();
    assert_blocked(&sandbox, "it is a symbolic link", &away);
    fs::remove_file(&copy).unwrap();
    fs::hard_link(&away, &copy).unwrap();
    assert_blocked(&sandbox, "it has a second name", &away);
    fs::remove_file(&away).unwrap();
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o644)).unwrap();
    assert_blocked(&sandbox, "its mode lets other users in", &copy);
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o600)).unwrap();
    if geteuid().is_root() {
        chown(&copy, Some(65_534), None).unwrap();
        assert_blocked(&sandbox, "it belongs to another user", &copy);
        chown(&copy, Some(0), None).unwrap();
    } else {
        skipped("only root can give a file away");
    }
    fs::rename(&copy, &away).unwrap();
    sandbox.bash(&format!("mkfifo '{}'", copy.display())).ok();
    let outcome = sandbox.run(&RECOVER);
    assert!(outcome.code(12).stdout.contains("it is not a regular file"), "{outcome:#?}");
    fs::rename(&away, &copy).unwrap();
    sandbox.run(&RECOVER).ok();
    sandbox.run(&["api-key-lookup", "@key.json"]).ok();
    assert_eq!((sandbox.files_in_work().len(), sandbox.open_entries()), (1, 0));
}

#[test]
fn a_link_that_another_user_plants_is_not_written_through() {
    let Some(shim) = Shim::build() else { return };
    let sandbox = killed(&shim);
    open_to_others(&sandbox.work(""));
    let script = "for copy in .*.pending; do mv \"$copy\" stolen && ln -s stolen \"$copy\"; done";
    let Some(attack) = sandbox.bash_as_nobody(script) else { return };
    attack.ok();
    assert_blocked(&sandbox, "it is a symbolic link", &sandbox.work("stolen"));
}

#[test]
fn a_directory_that_others_can_write_by_now_is_told_of() {
    let Some(shim) = Shim::build() else { return };
    let sandbox = killed(&shim);
    open_to_others(&sandbox.work(""));
    let outcome = sandbox.run(&RECOVER);
    let warning = format!(
        "Other users can write the directory of '{}', and so can replace or remove it.\n",
        sandbox.work("key.json").display()
    );
    assert_eq!(outcome.ok().stderr, warning);
    sandbox.run(&["api-key-lookup", "@key.json"]).ok();
}

/// Takes the copy away at the last moment and puts another file in its place: as another user where that can be.
fn exchange_copy(sandbox: &Sandbox) {
    open_to_others(&sandbox.work(""));
    let script = "for copy in .*.pending; do mv \"$copy\" taken && echo planted > \"$copy\"; done";
    sandbox.bash_as_nobody(script).unwrap_or_else(|| sandbox.bash(script)).ok();
}

/// Runs a command, and exchanges the copy when that is written and not yet moved.
fn attacked(shim: &Shim, scene: &dyn Fn() -> Sandbox, args: &[&str]) -> (Sandbox, Outcome) {
    let fault = shim.fault(&scene(), args, "stop", "fsync", ".pending");
    let sandbox = scene();
    let stopped = shim.stopped(&sandbox, &fault, args);
    exchange_copy(&sandbox);
    let outcome = stopped.go_on();
    (sandbox, outcome)
}

#[test]
fn a_copy_that_is_exchanged_does_not_become_file_and_its_key_is_undone() {
    let Some(shim) = Shim::build() else { return };
    let (sandbox, outcome) = attacked(&shim, &Sandbox::new, &TO_FILE);
    outcome.code(14);
    let words =
        "The pending copy for 'key.json' was taken away by somebody else. No API key was created.";
    assert!(outcome.stderr.contains(words), "{outcome:#?}");
    assert!(!sandbox.work("key.json").exists());
    assert_eq!((sandbox.keys().len(), sandbox.open_entries()), (0, 0));
    assert_eq!(fs::read_to_string(copy_in(&sandbox)).unwrap(), "planted\n");
    // Not by recover either.
    let (sandbox, outcome) = attacked(&shim, &|| killed(&shim), &RECOVER);
    assert!(outcome.ok().stdout.contains(" was taken away by somebody else. So it was deleted\n"));
    assert!(!sandbox.work("key.json").exists());
    assert_eq!((sandbox.keys().len(), sandbox.open_entries()), (0, 0));
    assert_eq!(fs::read_to_string(copy_in(&sandbox)).unwrap(), "planted\n");
}

#[test]
fn a_rotation_whose_copy_is_exchanged_leaves_the_old_key_in_file() {
    let Some(shim) = Shim::build() else { return };
    let scene = || {
        let sandbox = Sandbox::new();
        sandbox.run(&TO_FILE).ok();
        sandbox
    };
    let rotate = ["api-key-rotate", "K", "--file", "key.json", "--force"];
    let fault = shim.fault(&scene(), &rotate, "after", "fsync", ".pending");
    let cut_off = || {
        let sandbox = scene();
        shim.run(&sandbox, &fault, &rotate);
        sandbox
    };
    for (sandbox, outcome) in
        [attacked(&shim, &scene, &rotate), attacked(&shim, &cut_off, &RECOVER)]
    {
        let id = sandbox.run(&["api-key-lookup", "@key.json", "--uuid"]).ok().stdout.clone();
        let keys = sandbox.keys();
        assert_eq!((keys.len(), &keys[0]["state"]), (1, &"active".into()), "{outcome:#?}");
        assert_eq!(id.trim_end(), keys[0]["id"].as_str().unwrap());
        assert_eq!(sandbox.open_entries(), 0);
    }
}
