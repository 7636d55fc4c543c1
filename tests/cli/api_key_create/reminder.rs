//! A key without an end is told of once it is made, where people read it.

use crate::support::Sandbox;
use crate::support::expected::{PRESERVE, never_expires};

fn reminder() -> String {
    never_expires("ibmcloud-iam")
}

#[test]
fn it_comes_last_and_names_the_key() {
    let sandbox = Sandbox::new();
    let printed = sandbox.run(&["api-key-create", "a"]);
    printed.ok().stderr(&format!("{PRESERVE}{}", reminder()));
    let id = sandbox.keys()[0]["id"].as_str().unwrap().to_owned();
    assert!(printed.stderr.contains(&format!(" api-key-update {id} --expires-in 90d'")));
    let both = sandbox.bash("ibmcloud-iam api-key-create b 2>&1 | tail -1");
    both.is(0, &reminder(), "");
    let both = sandbox.bash("ibmcloud-iam api-key-create c --file c.json 2>&1 | tail -1");
    both.is(0, &reminder(), "");
}

#[test]
fn a_key_in_a_file_has_it_too() {
    let sandbox = Sandbox::new();
    let args = ["api-key-create", "a", "--lock", "--disabled", "--file", "a.json"];
    sandbox.run(&args).ok().stderr(&reminder());
    sandbox.run(&["api-key-create", "b", "--file", "a.json", "--force"]).ok().stderr(&reminder());
}

#[test]
fn what_it_advises_gives_the_key_an_end() {
    let sandbox = Sandbox::new();
    let made = sandbox.run(&["api-key-create", "a b", "--file", "k"]);
    let advised = made.ok().stderr.split('\'').nth(1).unwrap().to_owned();
    sandbox.bash(&advised).ok().stderr("");
    assert_eq!(sandbox.keys()[0]["expires_at"], "2027-02-19T09:00+0000");
}

#[test]
fn a_key_with_an_end_needs_none() {
    let sandbox = Sandbox::new();
    for expiry in [&["--expires-in", "1h"][..], &["-e", "9998-12-31"]] {
        sandbox.run(&[&["api-key-create", "a"], expiry].concat()).ok().stderr(PRESERVE);
        let file = ["api-key-create", "a", "--force", "--file", "k"];
        sandbox.run(&[&file, expiry].concat()).ok().stderr("");
    }
}

#[test]
fn nobody_reads_it_in_quiet_and_json() {
    let sandbox = Sandbox::new();
    for mode in [&["-q"][..], &["--output", "json"], &["--error-format", "json"], &["--dry-run"]] {
        sandbox.run(&[&["api-key-create", "a"], mode].concat()).ok().stderr("");
        let file = ["api-key-create", "a", "--force", "--file", "k"];
        sandbox.run(&[&file, mode].concat()).ok().stderr("");
    }
    assert_eq!(sandbox.keys().len(), 6);
}

#[test]
fn a_key_that_was_not_made_has_none() {
    let sandbox = Sandbox::new();
    let full = sandbox.run_env(&[("IBMCLOUD_IAM_KEY_LIMIT", "0")], &["api-key-create", "a"]);
    assert!(full.code != 0 && !full.stderr.contains("never expires"), "{full:#?}");
    let lost = sandbox.bash("ibmcloud-iam api-key-create a > /dev/full");
    assert!(!lost.code(1).stderr.contains("never expires"), "{lost:#?}");
}
