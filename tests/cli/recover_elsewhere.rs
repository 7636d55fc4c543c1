//! Copies of commands that this journal does not know: those of a command that runs, and those that somebody planted.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use crate::support::IAM_ID;
use crate::support::emulator::Emulator;
use crate::support::running::{ended, started, wait_until};
use crate::support::service::Service;

const ROTATE: [&str; 5] = ["api-key-rotate", "ci", "--file", "key.json", "--force"];

/// As on another machine, or in another container, that has the same directory.
#[test]
fn the_copy_of_a_command_that_runs_is_left_alone() {
    let rig = Service::emulated(&["--in-memory", "--fault", "create:delay=3s,after,skip=1"]);
    rig.run(&["api-key-create", "ci", "--file", "key.json", "-q"]).ok();
    let child = started(&mut rig.command(&ROTATE));
    wait_until("the new key is made", || rig.names().len() == 2);
    let home = rig.sandbox.work("elsewhere");
    let elsewhere = [("IBMCLOUD_IAM_HOME", home.to_str().unwrap())];
    rig.run_env(&elsewhere, &["recover", "key.json"]).code(3);
    ended(child).ok();
    assert_eq!(rig.opens(&rig.sandbox.value_in("key.json")), 200);
    assert_eq!(rig.states(), ["phased out", "active"]);
}

/// Plants a pending copy for `stolen.json`.
fn plant(rig: &Service<Emulator>, value: &str, more: &Value) {
    let identity = rig.run(&["whoami", "--output", "json"]).json();
    let mut about = json!({
        "version": 2, "operation": "api-key-rotate", "system": "iam", "name": "ci",
        "backend": "remote", "endpoint": rig.endpoint, "account_id": identity["account_id"],
        "iam_id": IAM_ID, "at": "2026-11-21T09:00:00Z",
        "file": rig.sandbox.work("stolen.json").to_str().unwrap(),
    });
    about.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let copy = rig.sandbox.work(".ibmcloud-iam-0123456789abcdef.pending");
    fs::write(&copy, format!("  \n{}\n", json!({"about": about, "apikey": value}))).unwrap();
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o600)).unwrap();
}

/// On a file system without owners, as on many sticks and shares, every file is the user's.
#[test]
fn a_planted_copy_ends_no_key() {
    let rig = Service::emulated(&["--in-memory"]).timeout("0.5");
    rig.run(&["api-key-create", "victim", "--file", "victim.json", "-q"]).ok();
    rig.run(&["api-key-create", "ci", "--file", "key.json", "-q"]).ok();
    let victim = rig.sandbox.value_in("victim.json");
    let id = rig.keys()[0]["id"].clone();
    let recover = ["recover", "stolen.json", "--force"];
    let none = "a-value-that-opens-no-key-of-anybody-at-all0";
    plant(&rig, none, &json!({"id": id}));
    let said = "API key ci was never created; nothing is left of it\n";
    assert!(rig.run(&recover).ok().stdout.ends_with(said));
    plant(&rig, &rig.sandbox.value_in("key.json"), &json!({"retires": {"id": id, "grace": null}}));
    let outcome = rig.run(&recover);
    assert!(outcome.code(5).stderr.contains("would have ApiKey-"), "{outcome:#?}");
    assert_eq!(rig.states(), ["active", "active"]);
    assert_eq!(rig.opens(&victim), 200);
}
