//! What `recover` leaves alone: copies that somebody took or spoilt, and entries that are not its own.

use std::fs;

use super::{
    MADE, TO_FILE, assert_done, is_json, killed, nothing, pending, recover, reports, says,
};
use crate::support::shim::Shim;
use crate::support::{Sandbox, redact};

#[test]
fn a_copy_that_somebody_took_is_reported() {
    let Some(sandbox) = killed(&TO_FILE, MADE, nothing) else { return };
    fs::rename(&pending(&sandbox)[0], sandbox.work("taken")).unwrap();
    let sentence = "The pending copy for API key K is gone. Keys of that name made since then: [ID1]. \
                    Delete the one whose value nobody holds";
    reports(&recover(&sandbox, &["--force"]), sentence);
    assert_eq!(sandbox.keys().len(), 1);
    assert_done(&sandbox);
}

#[test]
fn a_copy_that_somebody_spoilt_is_reported() {
    let Some(sandbox) = killed(&TO_FILE, MADE, nothing) else { return };
    let copy = pending(&sandbox).remove(0);
    fs::write(&copy, "spoilt").unwrap();
    let sentence = "The pending copy for API key K holds no value any more. \
                    Keys of that name made since then: [ID1]. Delete the one whose value nobody holds";
    reports(&recover(&sandbox, &["--force"]), sentence);
    assert_eq!(
        (sandbox.keys().len(), fs::read_to_string(&copy).unwrap()),
        (1, "spoilt".to_owned())
    );
    assert_done(&sandbox);
}

#[test]
fn an_entry_of_another_store_is_left_alone() {
    let Some(sandbox) = killed(&TO_FILE, MADE, nothing) else { return };
    let elsewhere = sandbox.root().join("elsewhere").display().to_string();
    let env = [("IBMCLOUD_IAM_STORE", elsewhere.as_str())];
    let outcome = sandbox.run_env(&env, &["recover", "--force"]);
    let sentence = format!(
        "The making of API key K was begun on the local backend at {}/home/store, account \
         10ca1000000000000000000000000000, as IBMid-10CA100000; run 'ibmcloud-iam recover' with that one",
        sandbox.root().display()
    );
    says(outcome.ok().stderr(""), &sentence);
    let json = sandbox.run_env(&env, &["recover", "--output", "json"]);
    let file = sandbox.work("key.json").display().to_string();
    is_json(json.ok(), None, Some(&file), "elsewhere");
    assert_eq!((pending(&sandbox).len(), sandbox.open_entries()), (1, 1));
    recover(&sandbox, &[]).ok();
    sandbox.run(&["api-key-lookup", "@key.json"]).ok();
    assert_done(&sandbox);
}

#[test]
fn an_unreadable_entry_is_named_and_left_alone() {
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.journal()).unwrap();
    let entry = |name: &str| sandbox.journal().join(name);
    for (name, content) in [("a.jsonl", "{\"version\":1,\"oper"), ("b.jsonl", "[]\n")] {
        fs::write(entry(name), content).unwrap();
    }
    let outcome = recover(&sandbox, &["--force"]);
    says(outcome.code(1), "No interrupted commands found");
    let failure = "FAILED\n2 journal entries could not be read.\n\
                   A key may hang on it. Look at the files in the journal before you remove one.\n\n";
    let warnings = outcome.stderr.strip_suffix(failure).unwrap();
    let mut warnings: Vec<&str> = warnings.lines().collect();
    warnings.sort_unstable();
    let words =
        |name| format!("BOX/home/journal/{name} is no readable journal entry and was left alone.");
    assert_eq!(warnings, [words("a.jsonl"), words("b.jsonl")]);
    recover(&sandbox, &["--output", "json"]).is(1, "[]\n", failure);
    assert_eq!(fs::read(entry("a.jsonl")).unwrap(), b"{\"version\":1,\"oper");
    assert_eq!(fs::read(entry("b.jsonl")).unwrap(), b"[]\n");
    // Nothing hinders the next key.
    sandbox.create("K", &[]);
}

#[test]
fn an_entry_whose_owner_lives_is_left_alone() {
    let Some(shim) = Shim::build() else { return };
    for (name, path) in [("fsync", "/journal"), ("fsync", ".pending"), MADE] {
        let fault = shim.fault(&Sandbox::new(), &TO_FILE, "stop", name, path);
        let sandbox = Sandbox::new();
        let stopped = shim.stopped(&sandbox, &fault, &TO_FILE);
        if (name, path) != MADE {
            let told = "No interrupted commands found\n1 command is still running, and left alone";
            says(recover(&sandbox, &["--force"]).ok().stderr(""), told);
            recover(&sandbox, &["-o", "json"]).ok().stdout("[]\n");
        }
        assert_eq!(sandbox.open_entries(), 1);
        let outcome = stopped.go_on();
        assert!(
            redact(&outcome.ok().stdout)
                .ends_with("Successfully save API key information to key.json\n")
        );
        sandbox.run(&["api-key-lookup", "@key.json"]).ok();
        assert_done(&sandbox);
    }
}

/// Where a file system cannot rename without replacing, a hard link puts the copy in place, and a kill may come before
/// the copy's first name is removed.
#[test]
fn a_copy_that_is_in_place_under_both_names_is_complete() {
    let Some(sandbox) = killed(&TO_FILE, ("fsync", ".pending"), nothing) else { return };
    fs::hard_link(&pending(&sandbox)[0], sandbox.work("key.json")).unwrap();
    says(recover(&sandbox, &[]).ok(), "API key K was created and is in BOX/work/key.json already");
    assert_eq!(sandbox.files_in_work(), ["key.json"]);
    sandbox.run(&["api-key-lookup", "@key.json"]).ok();
    assert_done(&sandbox);
}
