//! What a terminal would act on is shown, not done: in tables, sentences, questions and errors. JSON and key files
//! hold it as it is.

use std::fs;

use serde_json::Value;

use crate::support::pty::Terminal;
use crate::support::{Sandbox, redact};

/// ESC, newline, tab, carriage return, bell, backspace, DEL, a C1 control, bidi marks, and what is not seen at all.
const EVIL: &str = "a\x1b[31mb\nc\td\re\x07f\x08g\x7fh\u{9b}2Ji\u{202e}j\u{2066}k\u{200f}l\u{200b}m\u{ad}n\u{2060}o\u{e0041}";
const SHOWN: &str = "a\\u{1b}[31mb\\nc\\td\\re\\u{7}f\\u{8}g\\u{7f}h\\u{9b}2Ji\\u{202e}j\\u{2066}k\\u{200f}l\\u{200b}m\\u{ad}n\\u{2060}o\\u{e0041}";
/// EVIL in a JSON document.
const IN_JSON: &str = r"a\u001b[31mb\nc\td\re\u0007f\bg\u007fh\u009b2Ji\u202ej\u2066k\u200fl\u200bm\u00adn\u2060o\udb40\udc41";

/// Asserts that a text holds nothing that a terminal acts on, apart from line ends.
#[track_caller]
fn harmless(text: &str) {
    let acts = |c: char| {
        c.is_control() && c != '\n'
            || ('\u{202a}'..='\u{202e}').contains(&c)
            || "\u{2066}\u{200f}\u{200b}\u{ad}\u{2060}\u{e0041}".contains(c)
    };
    assert!(!text.contains(acts), "{text:?}");
}

fn with_evil() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    let id = sandbox.create(EVIL, &["-d", EVIL]);
    (sandbox, id)
}

#[test]
fn tables_show_what_they_must_not_do() {
    let (sandbox, id) = with_evil();
    let list = sandbox.run(&["api-keys"]);
    harmless(&list.ok().stdout);
    let row = format!(
        "{id}   {SHOWN}   {SHOWN}   2026-11-21T09:00+0000   2026-11-21T09:00+0000   false    active"
    );
    assert_eq!(list.stdout.lines().last(), Some(&*row));
    for args in [&["api-key", EVIL][..], &["api-key", &id], &["api-key", &id, "--history"]] {
        let shown = sandbox.run(args);
        harmless(&shown.ok().stdout);
        for label in ["Name", "Description"] {
            assert!(shown.stdout.contains(&format!("\n{label:<16}   {SHOWN}\n")), "{shown:#?}");
        }
    }
    assert!(
        sandbox
            .run(&["api-key", EVIL])
            .stdout
            .starts_with(&format!("Getting API key {SHOWN} under "))
    );
}

#[test]
fn every_sentence_about_a_key_is_harmless() {
    let sandbox = Sandbox::new();
    let made = sandbox.run(&["api-key-create", EVIL, "-d", EVIL]);
    harmless(&made.ok().stdout);
    assert!(made.stdout.contains(&format!("\nAPI key {SHOWN} was created\n")), "{made:#?}");
    assert!(
        made.stdout.contains(&format!("\nName          {SHOWN}\nDescription   {SHOWN}\n")),
        "{made:#?}"
    );
    for args in [
        &["api-key-create", EVIL, "--dry-run"][..],
        &["api-key-update", EVIL, "-d", EVIL],
        &["api-key-update", EVIL, "-d", "x", "--dry-run"],
        &["api-key-disable", EVIL, "--force"],
        &["api-key-enable", EVIL, "--force"],
        &["api-key-lock", EVIL, "--force"],
        &["api-key-unlock", EVIL, "--force"],
        &["api-key-delete", EVIL, "--force", "--dry-run"],
        &["api-key-delete", EVIL, "--force"],
    ] {
        let told = sandbox.run(args);
        harmless(&told.ok().stdout);
        harmless(&told.stderr);
        assert_eq!(told.stdout.matches(SHOWN).count(), 2, "{told:#?}");
    }
}

#[test]
fn a_question_cannot_be_forged() {
    let (sandbox, _) = with_evil();
    let asked = sandbox.run_input(&["api-key-delete", EVIL], "no\x1b[2J\n");
    harmless(&asked.code(2).stdout);
    let question =
        format!("Are you sure you want to delete API key '{SHOWN}'? [y/N]> no\\u{{1b}}[2J\n");
    assert!(redact(&asked.stdout).ends_with(&question), "{asked:#?}");
    let mut command = sandbox.command(&["api-key-delete", EVIL, "--color", "never"]);
    let mut terminal = Terminal::start(&mut command, 400);
    terminal.wait_for("[y/N]> ");
    terminal.wait_for_reading();
    terminal.send(b"n\r");
    let end = terminal.end();
    end.code(13);
    assert!(end.text.contains(&format!("delete API key '{SHOWN}'?")), "{end:#?}");
    assert!(!end.text.contains("\x1b[31m") && !end.text.contains('\u{202e}'), "{end:#?}");
}

#[test]
fn an_error_cannot_be_forged() {
    let (sandbox, id) = with_evil();
    let told = |args: &[&str], code: i32| {
        let outcome = sandbox.run(args);
        harmless(&outcome.code(code).stderr);
        assert!(outcome.stderr.contains(SHOWN), "{outcome:#?}");
        outcome.stderr
    };
    let gone = format!("{EVIL}!");
    for args in [
        &["api-key", &gone][..],
        &["api-key-update", &gone, "-d", ""],
        &["api-key-delete", &gone, "--force"],
    ] {
        assert_eq!(
            told(args, 3),
            format!(
                "FAILED\nAPI key '{SHOWN}!' was not found.\nRun 'ibmcloud-iam api-keys' to list the API keys.\n\n"
            )
        );
    }
    sandbox.run(&["api-key-lock", &id, "--force"]).ok();
    let locked = format!("FAILED\nAPI key '{SHOWN}' is locked; nothing was changed.\n");
    assert!(told(&["api-key-update", EVIL, "-d", ""], 6).starts_with(&locked));
    assert!(told(&["api-key-delete", EVIL, "--force"], 6).starts_with(&locked));
    sandbox.create(EVIL, &[]);
    assert!(
        told(&["api-key", EVIL], 4)
            .starts_with(&format!("FAILED\n2 API keys are named '{SHOWN}';"))
    );
    // Words of ours about arguments of theirs.
    for args in [
        &["api-keys", "--output", EVIL][..],
        &[EVIL],
        &["api-keys", "surplus\x1b[31m"],
        &["api-key-create", "x", "-e", EVIL],
        &["api-key-create", "x", "--expires-in", EVIL],
    ] {
        harmless(&sandbox.run(args).code(2).stderr);
    }
    harmless(&sandbox.run(&["api-key-lookup", &format!("@{EVIL}")]).code(1).stderr);
    harmless(
        &sandbox
            .run(&["api-key-create", "x", "--file", &format!("missing/{EVIL}")])
            .code(14)
            .stderr,
    );
    harmless(&sandbox.run_env(&[("IBMCLOUD_IAM_BACKEND", EVIL)], &["api-keys"]).code(2).stderr);
    harmless(&sandbox.run_env(&[("IBMCLOUD_IAM_NOW", EVIL)], &["api-keys"]).code(2).stderr);
}

#[test]
fn json_and_key_files_hold_a_name_as_it_is() {
    let (sandbox, id) = with_evil();
    assert_eq!(sandbox.keys()[0]["name"], EVIL);
    assert_eq!(sandbox.keys()[0]["description"], EVIL);
    assert_eq!(sandbox.run(&["api-key", &id, "-o", "json"]).json()["name"], EVIL);
    let made =
        sandbox.run(&["api-key-create", EVIL, "-d", EVIL, "--file", "k", "-o", "json"]).json();
    assert_eq!((&made["name"], &made["description"]), (&EVIL.into(), &EVIL.into()));
    let file: Value = serde_json::from_slice(&fs::read(sandbox.work("k")).unwrap()).unwrap();
    assert_eq!((&file["name"], &file["description"]), (&EVIL.into(), &EVIL.into()));
    let gone = sandbox.run(&["api-key-delete", &id, "--force", "-o", "json"]).json();
    assert_eq!(gone[0]["name"], EVIL);
}

#[test]
fn json_is_harmless_and_means_the_same() {
    let (sandbox, id) = with_evil();
    for args in [
        &["api-keys", "-o", "json"][..],
        &["api-key", &id, "-o", "json"],
        &["api-key-create", EVIL, "-o", "json"],
        &["api-key-create", EVIL, "--dry-run", "-o", "json"],
        &["api-key-update", &id, "-d", EVIL, "-o", "json"],
        &["api-keys-audit", "-o", "json", "--fail-on", "none"],
        &["api-keys-audit", "--format", "sarif", "--fail-on", "none"],
        &["api-key-lock", &id, "--force", "-o", "json"],
    ] {
        let outcome = sandbox.run(args);
        harmless(&outcome.ok().stdout);
        assert!(outcome.stdout.contains(IN_JSON), "{outcome:#?}");
        let document: Value = serde_json::from_str(&outcome.stdout).unwrap();
        assert!(document.to_string().contains('\u{202e}'), "{outcome:#?}");
    }
    let failed = sandbox.run(&["api-key", &format!("{EVIL}!"), "--error-format", "json"]);
    harmless(&failed.code(3).stderr);
    let document: Value = serde_json::from_str(&failed.stderr).unwrap();
    assert!(document["message"].as_str().unwrap().contains("was not found"), "{failed:#?}");
}

#[test]
fn what_emoji_and_scripts_are_made_of_stays() {
    let sandbox = Sandbox::new();
    let name = "👩\u{200d}💻 ❤\u{fe0f} می\u{200c}خواهم";
    sandbox.create(name, &[]);
    for args in [&["api-keys"][..], &["api-keys", "-o", "json"]] {
        assert!(sandbox.run(args).ok().stdout.contains(name));
    }
    // Where they join nothing, two names would look the same.
    sandbox.create("dep\u{200d}loy", &[]);
    assert!(sandbox.run(&["api-keys"]).ok().stdout.contains("dep\\u{200d}loy"));
}
