//! `recover`, all that it says: what it completes, what it undoes, and what it leaves alone.

mod left_alone;

use std::fs;
use std::path::PathBuf;

use crate::support::expected::never_expires;
use crate::support::shim::Shim;
use crate::support::{Outcome, Sandbox, mode};

const PROGRESS: &str = "Recovering interrupted commands under 10ca1000000000000000000000000000 as local@localhost...\n";
const TO_FILE: [&str; 4] = ["api-key-create", "K", "--file", "key.json"];
const TO_OUTPUT: [&str; 3] = ["api-key-create", "K", "--lock"];
/// The call that makes the key.
const MADE: (&str, &str) = ("fdatasync", "store.jsonl");

/// A box in which a command was killed behind the last call `name` of `path`.
fn killed(args: &[&str], (name, path): (&str, &str), prepare: fn(&Sandbox)) -> Option<Sandbox> {
    let shim = Shim::build()?;
    let prepared = || {
        let sandbox = Sandbox::new();
        prepare(&sandbox);
        sandbox
    };
    let fault = shim.fault(&prepared(), args, "after", name, path);
    let sandbox = prepared();
    shim.run(&sandbox, &fault, args);
    assert_eq!(sandbox.open_entries(), 1);
    Some(sandbox)
}

fn nothing(_: &Sandbox) {}

/// Runs `recover` and hides where the box is.
fn recover(sandbox: &Sandbox, args: &[&str]) -> Outcome {
    let mut outcome = sandbox.run(&[&["recover"], args].concat());
    let root = sandbox.root().display().to_string();
    for text in [&mut outcome.stdout, &mut outcome.stderr] {
        *text = text.replace(&root, "BOX");
    }
    outcome
}

/// Asserts the sentences behind the progress line and `OK`.
#[track_caller]
fn says(outcome: &Outcome, sentences: &str) {
    outcome.stdout(&format!("{PROGRESS}OK\n{sentences}\n"));
}

/// Asserts the sentences about keys that somebody has to look at.
#[track_caller]
fn reports(outcome: &Outcome, sentences: &str) {
    outcome.stdout(&format!("{PROGRESS}OK\n{sentences}\n"));
    outcome.code(1).stderr(
        "FAILED\n1 of 1 interrupted commands left keys for you to look at.\n\
         The lines above say which, and what to do with them.\n\n",
    );
}

/// Asserts the one element that JSON output has.
#[track_caller]
fn is_json(outcome: &Outcome, id: Option<&str>, file: Option<&str>, what: &str) {
    let quoted = |text: Option<&str>| text.map_or("null".to_owned(), |text| format!("\"{text}\""));
    outcome.stdout(&format!(
        "[\n    {{\n        \"operation\": \"api-key-create\",\n        \"name\": \"K\",\n        \"id\": {},\n        \
         \"file\": {},\n        \"outcome\": \"{what}\"\n    }}\n]\n",
        quoted(id),
        quoted(file),
    ));
}

/// Nothing is left to settle.
#[track_caller]
fn assert_done(sandbox: &Sandbox) {
    says(recover(sandbox, &[]).ok(), "No interrupted commands found");
    assert_eq!(sandbox.open_entries(), 0);
}

fn pending(sandbox: &Sandbox) -> Vec<PathBuf> {
    let names = sandbox.files_in_work().into_iter().filter(|name| name.ends_with(".pending"));
    names.map(|name| sandbox.work(&name)).collect()
}

#[test]
fn nothing_to_do() {
    let sandbox = Sandbox::new();
    assert_done(&sandbox);
    recover(&sandbox, &["--output", "json"]).ok().stdout("[]\n").stderr("");
    recover(&sandbox, &["-q"]).ok().stdout("No interrupted commands found\n").stderr("");
    assert!(!sandbox.journal().exists() && !sandbox.store().exists(), "nothing is made by looking");
    sandbox.run(&TO_FILE).ok();
    assert_done(&sandbox);
}

#[test]
fn a_file_is_completed() {
    let Some(sandbox) = killed(&TO_FILE, MADE, nothing) else { return };
    let [copy] = &pending(&sandbox)[..] else { panic!("one copy is kept") };
    assert_eq!(mode(copy), 0o600);
    let sentence = "API key K ([ID1]) was created; it is now in BOX/work/key.json";
    says(
        recover(&sandbox, &["--dry-run"]).ok().stderr(""),
        "API key K ([ID1]) was created; it would be written to BOX/work/key.json",
    );
    assert!(copy.exists() && !sandbox.work("key.json").exists() && sandbox.open_entries() == 1);
    // The next command reminds of it.
    let other = sandbox.run(&["api-key-create", "other", "--file", "other.json"]);
    other.ok().stderr(&format!(
        "An earlier command was interrupted. Run 'ibmcloud-iam recover' to finish or undo it.\n{}",
        never_expires("ibmcloud-iam")
    ));
    says(recover(&sandbox, &[]).ok().stderr(""), sentence);
    assert_eq!(sandbox.files_in_work(), ["key.json", "other.json"]);
    assert_eq!(mode(&sandbox.work("key.json")), 0o600);
    let found = sandbox.run(&["api-key-lookup", "@key.json", "--uuid"]);
    assert_eq!(found.ok().stdout.trim_end(), sandbox.keys()[0]["id"].as_str().unwrap());
    assert_done(&sandbox);
}

#[test]
fn a_file_is_completed_in_json() {
    let Some(sandbox) = killed(&TO_FILE, MADE, nothing) else { return };
    let outcome = recover(&sandbox, &["--output", "json"]);
    is_json(outcome.ok().stderr(""), Some("[ID1]"), Some("BOX/work/key.json"), "complete");
    assert_done(&sandbox);
}

#[test]
fn a_file_in_place_already_is_left_as_it_is() {
    let Some(sandbox) = killed(&TO_FILE, ("fsync", "/work"), nothing) else { return };
    let content = fs::read(sandbox.work("key.json")).unwrap();
    says(recover(&sandbox, &[]).ok(), "API key K was created and is in BOX/work/key.json already");
    assert_eq!(fs::read(sandbox.work("key.json")).unwrap(), content);
    assert_done(&sandbox);
}

/// Killed with its copy whole and its key not made.
fn prepared() -> Option<Sandbox> {
    killed(&TO_FILE, ("open", "store.lock"), nothing)
}

#[test]
fn a_copy_is_discarded_when_there_is_no_key() {
    let Some(sandbox) = prepared() else { return };
    let sentence = "API key K was never created; nothing is left of it";
    says(
        recover(&sandbox, &["--dry-run"]).ok(),
        "API key K was never created; what is left of it would be removed",
    );
    assert_eq!((pending(&sandbox).len(), sandbox.open_entries()), (1, 1));
    says(recover(&sandbox, &[]).ok().stderr(""), sentence);
    assert!(sandbox.files_in_work().is_empty() && sandbox.keys().is_empty());
    assert_done(&sandbox);
    let Some(sandbox) = prepared() else { return };
    is_json(
        recover(&sandbox, &["--output", "json"]).ok(),
        None,
        Some("BOX/work/key.json"),
        "discarded",
    );
    assert_done(&sandbox);
}

#[test]
fn a_key_that_nobody_holds_is_deleted_when_that_is_confirmed() {
    let Some(sandbox) = killed(&TO_OUTPUT, MADE, nothing) else { return };
    let id = sandbox.keys()[0]["id"].as_str().unwrap().to_owned();
    let dry = recover(&sandbox, &["--dry-run"]);
    says(
        dry.ok(),
        "API key K ([ID1]) was created, but its value reached nobody; it would be deleted",
    );
    let dry = recover(&sandbox, &["--dry-run", "--output", "json"]);
    is_json(dry.ok(), Some("[ID1]"), None, "would be deleted");
    let question =
        "API key 'K' ([ID1]) was created, but its value reached nobody. Delete it? [y/N]> ";
    let refused = sandbox.run(&["recover"]);
    refused.code(2).stdout(&format!("{PROGRESS}{question}\n")).stderr(
        "FAILED\nNobody answered on standard input; nothing was changed.\n\
         Repeat the command with '--force' to go on without confirmation.\n\n",
    );
    sandbox.run(&["recover", "--output", "json"]).code(2).stdout("");
    let kept = sandbox.run_input(&["recover"], "n\n");
    kept.code(13).stdout(&format!("{PROGRESS}{question}n\nOK\nAPI key K ([ID1]) was kept\n"));
    assert_eq!(
        (sandbox.keys().len(), sandbox.open_entries()),
        (1, 1),
        "each of these changes nothing"
    );
    let deleted = sandbox.run_input(&["recover"], "y\n");
    let sentence = "API key K ([ID1]) was deleted: its value had reached nobody";
    deleted.ok().stdout(&format!("{PROGRESS}{question}y\nOK\n{sentence}\n")).stderr("");
    sandbox.run(&["api-key", &id]).code(3);
    assert_done(&sandbox);
    for args in [&["--force"][..], &["--force", "--output", "json"]] {
        let Some(sandbox) = killed(&TO_OUTPUT, MADE, nothing) else { return };
        let deleted = recover(&sandbox, args);
        if args.len() == 1 {
            says(deleted.ok(), sentence);
        } else {
            is_json(deleted.ok(), Some("[ID1]"), None, "deleted");
        }
        assert!(sandbox.keys().is_empty());
        assert_done(&sandbox);
    }
}

#[test]
fn a_key_of_before_is_never_deleted() {
    let namesake = |sandbox: &Sandbox| drop(sandbox.create("K", &[]));
    let Some(sandbox) = killed(&TO_OUTPUT, MADE, namesake) else { return };
    let old = sandbox.keys()[0]["id"].clone();
    recover(&sandbox, &["--force"]).ok();
    assert_eq!(sandbox.keys().iter().map(|key| &key["id"]).collect::<Vec<_>>(), [&old]);
    // Nor is there one to delete when none was made.
    let Some(sandbox) = killed(&TO_OUTPUT, ("open", "store.lock"), namesake) else { return };
    says(
        recover(&sandbox, &["--force"]).ok(),
        "API key K was never created; nothing is left of it",
    );
    assert_eq!(sandbox.keys().len(), 1);
}

#[test]
fn a_key_that_was_made_when_the_command_was_repeated_is_not_deleted() {
    let Some(sandbox) = killed(&TO_OUTPUT, ("open", "store.lock"), nothing) else { return };
    sandbox.create("K", &[]);
    says(
        recover(&sandbox, &["--force"]).ok(),
        "API key K was never created; nothing is left of it",
    );
    assert_eq!(sandbox.keys().len(), 1, "its value was delivered");
    let Some(sandbox) = killed(&TO_OUTPUT, MADE, nothing) else { return };
    let second = sandbox.create("K", &[]);
    recover(&sandbox, &["--force"]).ok();
    assert_eq!(sandbox.keys().iter().map(|key| &key["id"]).collect::<Vec<_>>(), [second.as_str()]);
    assert_done(&sandbox);
}

#[test]
fn of_several_candidates_none_is_deleted() {
    let Some(sandbox) = killed(&TO_OUTPUT, MADE, nothing) else { return };
    sandbox.create("K", &[]);
    // Where the backend chose the id, the entry does not tell it.
    let path = fs::read_dir(sandbox.journal()).unwrap().next().unwrap().unwrap().path();
    let entry = fs::read_to_string(&path).unwrap();
    let mut begun: serde_json::Value = serde_json::from_str(entry.lines().next().unwrap()).unwrap();
    begun.as_object_mut().unwrap().remove("id").unwrap();
    fs::write(path, format!("{begun}\n")).unwrap();
    let sentence = "API key K may be one of [ID1], [ID2]; its value was never printed. \
                    Delete the one whose value nobody holds";
    reports(&recover(&sandbox, &["--force"]), sentence);
    assert_eq!(sandbox.keys().len(), 2);
    assert_done(&sandbox);
}

/// A box in which a create was killed before its last note, that the value was printed.
fn printed() -> Option<Sandbox> {
    let shim = Shim::build()?;
    let fault = shim.fault(&Sandbox::new(), &TO_OUTPUT, "before", "fdatasync", ".jsonl");
    let sandbox = Sandbox::new();
    shim.run(&sandbox, &fault, &TO_OUTPUT);
    Some(sandbox)
}

#[test]
fn a_key_that_may_have_been_printed_is_reported() {
    let Some(sandbox) = killed(&TO_OUTPUT, ("fdatasync", ".jsonl"), nothing) else { return };
    says(
        recover(&sandbox, &["--force"]).ok(),
        "API key K ([ID1]) was created and its value was printed",
    );
    let Some(sandbox) = printed() else { return };
    let entry = fs::read_dir(sandbox.journal()).unwrap().next().unwrap().unwrap().path();
    // A line that is not synced may be lost.
    let text = fs::read_to_string(&entry).unwrap();
    fs::write(&entry, text.replace("{\"step\":\"delivered\"}\n", "")).unwrap();
    let sentence = "API key K ([ID1]) was created and its value may have been printed. \
                    If nobody has it, run 'ibmcloud-iam api-key-delete [ID1]'";
    reports(&recover(&sandbox, &["--force"]), sentence);
    assert_eq!(sandbox.keys().len(), 1);
    assert_done(&sandbox);
}

#[test]
fn a_file_that_is_occupied_meanwhile_blocks() {
    let Some(sandbox) = killed(&TO_FILE, MADE, nothing) else { return };
    let copy = pending(&sandbox).remove(0);
    let sentence = format!(
        "API key K ([ID1]) was created, and its value is kept in BOX/work/{}. 'BOX/work/key.json' already exists and is \
         not empty. Clear the way, then run 'ibmcloud-iam recover' again",
        copy.file_name().unwrap().display()
    );
    fs::write(sandbox.work("key.json"), "mine").unwrap();
    for args in [&[][..], &["--force"]] {
        let blocked = recover(&sandbox, args);
        says(&blocked, &sentence);
        blocked.code(12).stderr("FAILED\n1 of 1 interrupted commands could not be settled.\n\n");
        assert_eq!(fs::read(sandbox.work("key.json")).unwrap(), b"mine");
        assert!(copy.exists() && sandbox.open_entries() == 1);
    }
    let blocked = recover(&sandbox, &["--output", "json"]);
    is_json(blocked.code(12), Some("[ID1]"), Some("BOX/work/key.json"), "blocked");
    fs::remove_file(sandbox.work("key.json")).unwrap();
    says(
        recover(&sandbox, &[]).ok(),
        "API key K ([ID1]) was created; it is now in BOX/work/key.json",
    );
    sandbox.run(&["api-key-lookup", "@key.json"]).ok();
    assert!(!copy.exists());
    assert_done(&sandbox);
}

#[test]
fn the_key_of_a_repeated_command_is_not_overwritten() {
    let Some(sandbox) = killed(&TO_FILE, MADE, nothing) else { return };
    sandbox.run(&TO_FILE).ok();
    let second = fs::read(sandbox.work("key.json")).unwrap();
    recover(&sandbox, &["--force"]).code(12);
    assert_eq!(fs::read(sandbox.work("key.json")).unwrap(), second);
    fs::rename(sandbox.work("key.json"), sandbox.work("second.json")).unwrap();
    recover(&sandbox, &["--force"]).ok();
    for file in ["@key.json", "@second.json"] {
        sandbox.run(&["api-key-lookup", file]).ok();
    }
    assert_done(&sandbox);
}

#[test]
fn a_file_that_was_to_be_replaced_is_replaced() {
    let occupied = |sandbox: &Sandbox| {
        sandbox.run(&TO_FILE).ok();
    };
    let args = [&TO_FILE[..], &["--force"]].concat();
    let Some(sandbox) = killed(&args, MADE, occupied) else { return };
    let opened = || sandbox.run(&["api-key-lookup", "@key.json", "--uuid"]).ok().stdout.clone();
    let ids = sandbox.run(&["api-keys", "--uuid"]).stdout;
    assert!(ids.starts_with(&opened()));
    // The consent was given with the command that was interrupted.
    says(
        recover(&sandbox, &[]).ok(),
        "API key K ([ID1]) was created; it is now in BOX/work/key.json",
    );
    assert!(ids.ends_with(&opened()));
    assert_done(&sandbox);
}
