//! `api-key-delete --all` at a terminal: only the number of keys goes on.

use super::{Terminal, plain, screen};
use crate::support::Sandbox;
use crate::support::expected::{done, facts, progress};
use crate::support::pty::Shown;

const BEGUN: &str =
    "Deleting all API keys under 10ca1000000000000000000000000000 as local@localhost...\n";

fn with(names: &[&str]) -> Sandbox {
    let sandbox = Sandbox::new();
    for name in names {
        sandbox.create(name, &[]);
    }
    sandbox
}

/// Runs `--all` on a terminal, and types when the program reads.
#[track_caller]
fn typed(sandbox: &Sandbox, more: &[&str], keys: &str) -> Shown {
    let args = [&["api-key-delete", "--all"], more].concat();
    let mut terminal = Terminal::start(&mut sandbox.command(&args), 100);
    terminal.wait_for("> ");
    terminal.wait_for_reading();
    terminal.send(keys.as_bytes());
    terminal.end()
}

#[test]
fn the_right_number_deletes_them_all() {
    for (keys, answer) in [("3\r", "3"), (" 3 \r", " 3 "), ("2\x7f3\r", "3")] {
        let sandbox = with(&["a", "b", "c"]);
        let end = typed(&sandbox, &[], keys);
        end.code(0);
        let shown = screen(&end.text);
        let listed = [facts(1, "a"), facts(2, "b"), facts(3, "c")].concat();
        let asked = format!("{BEGUN}{listed}Type 3 to delete these 3 API keys> {answer}\n");
        let one = |number: usize| done("Deleting", &format!("[ID{number}]"), "was deleted");
        assert_eq!(shown, [asked, one(1), one(2), one(3)].concat());
        assert_eq!(sandbox.names(), [""; 0]);
    }
}

#[test]
fn what_was_typed_before_the_question_is_no_answer() {
    let sandbox = with(&["a", "b", "c"]);
    let mut command = sandbox.program("sh");
    command.args(["-c", "sleep 0.5; exec ibmcloud-iam api-key-delete --all"]);
    let mut terminal = Terminal::start(&mut command, 100);
    terminal.send(b"3\r");
    terminal.wait_for("API keys> ");
    terminal.wait_for_reading();
    terminal.send(b"\r");
    terminal.end().code(13);
    assert_eq!(sandbox.names(), ["a", "b", "c"]);
}

#[test]
fn anything_else_cancels() {
    for keys in ["2\r", "y\r", "yes\r", "\r", "33\r", "three\r", "03\r", "-3\r", "3 3\r"] {
        let sandbox = with(&["a", "b", "c"]);
        let before = sandbox.store_bytes();
        let end = typed(&sandbox, &[], keys);
        end.code(13);
        let shown = screen(&end.text);
        let answer = keys.trim_end_matches('\r');
        let asked = format!("\nType 3 to delete these 3 API keys> {answer}\n");
        let rest = format!("{asked}Cancelled; nothing was changed.\n");
        assert!(shown.ends_with(&rest), "{keys:?}: {end:#?}");
        assert_eq!(sandbox.store_bytes(), before, "{keys:?}");
    }
}

#[test]
fn ctrl_c_leaves_everything_as_it_was() {
    for keys in ["\x03", "3\x03"] {
        let sandbox = with(&["a", "b", "c"]);
        let before = sandbox.store_bytes();
        let end = typed(&sandbox, &[], keys);
        end.code(130);
        let words = "\nInterrupted. Nothing was changed.\n";
        assert!(plain(&end.text).ends_with(words), "{keys:?}: {end:#?}");
        assert_eq!(sandbox.store_bytes(), before);
    }
}

#[test]
fn one_key_is_one() {
    let sandbox = with(&["only"]);
    let end = typed(&sandbox, &["-q"], "y\r");
    end.code(13);
    let asked = format!("{}Type 1 to delete this API key> y\n", facts(1, "only"));
    assert_eq!(screen(&end.text), asked + "Cancelled; nothing was changed.\n", "{end:#?}");
    typed(&sandbox, &[], "1\r").code(0);
    assert_eq!(sandbox.names(), [""; 0]);
}

#[test]
fn locked_keys_do_not_count() {
    let sandbox = with(&["a", "b"]);
    sandbox.create("safe", &["--lock"]);
    typed(&sandbox, &[], "3\r").code(13);
    assert_eq!(sandbox.names(), ["a", "b", "safe"]);
    let end = typed(&sandbox, &[], "2\r");
    end.code(12);
    let shown = screen(&end.text);
    assert!(shown.contains("\nType 2 to delete these 2 API keys> 2\n"), "{end:#?}");
    assert!(shown.ends_with("FAILED\n1 of 3 API keys failed.\n\n"), "{end:#?}");
    assert_eq!(sandbox.names(), ["safe"]);
    // There is nothing to ask about any more.
    let args = ["api-key-delete", "--all"];
    let end = Terminal::start(&mut sandbox.command(&args), 100).end();
    end.code(12);
    let begun = [BEGUN, &progress("Deleting", "[ID1]")].concat();
    assert!(screen(&end.text).starts_with(&(begun + "FAILED\n")), "{end:#?}");
}

#[test]
fn only_the_old_ones_are_counted_where_they_are_meant() {
    let sandbox = Sandbox::new();
    sandbox.create_at("2026-11-01T09:00:00Z", "old", &[]);
    sandbox.create("young", &[]);
    let end = typed(&sandbox, &["--older-than", "2w"], "1\r");
    end.code(0);
    let begun = BEGUN.replace("all API keys", "all API keys older than 14 days");
    assert!(screen(&end.text).starts_with(&begun), "{end:#?}");
    assert_eq!(sandbox.names(), ["young"]);
}
