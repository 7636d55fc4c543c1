//! At a real terminal: questions, hidden input, interrupts, colours, and a width of one column.

mod alike;
mod escaping;
mod listing;
mod number;
mod pipes;
mod recorded;
mod tables;
mod timeline;
mod working;

use std::process::Command;

use rustix::process::Signal;

use crate::support::expected::facts;
use crate::support::pty::{Shown, Terminal};
use crate::support::running;
use crate::support::{Sandbox, binary, redact};

const QUESTION: &str = "[y/N]> ";

/// Starts a deletion of `victim` and waits for the question.
fn asked(sandbox: &Sandbox) -> Terminal {
    let mut terminal = Terminal::start(&mut sandbox.command(&["api-key-delete", "victim"]), 100);
    terminal.wait_for(QUESTION);
    terminal.wait_for_reading();
    terminal
}

fn with_victim() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.create("victim", &[]);
    sandbox
}

/// The text without escape sequences (`ESC [ … letter`).
fn plain(text: &str) -> String {
    let mut parts = text.split("\x1b[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain.push_str(
            part.trim_start_matches(|c: char| !c.is_ascii_alphabetic()).get(1..).unwrap(),
        );
    }
    plain
}

/// The text as it stands on the screen: escape sequences dropped, and of each line what was written last.
fn screen(text: &str) -> String {
    let line = |line: &str| line.rsplit('\r').next().unwrap_or_default().to_owned();
    redact(&plain(text)).split('\n').map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn yes_at_the_terminal_goes_on() {
    for (keys, shown) in [("y\r", "y"), ("Y\r", "y"), ("ny\r", "y")] {
        let sandbox = with_victim();
        let mut terminal = asked(&sandbox);
        terminal.send(keys.as_bytes());
        let end = terminal.end();
        end.code(0);
        assert_eq!(
            screen(&end.text),
            format!(
                "Deleting API key victim under 10ca1000000000000000000000000000 as local@localhost...\n\
                 {}Are you sure you want to delete API key 'victim'? [y/N]> {shown}\n\
                 OK\nAPI key victim was deleted\n",
                facts(1, "victim")
            ),
            "{end:#?}"
        );
        assert_eq!(sandbox.keys().len(), 0);
    }
}

/// Several commands that are pasted at once stand in the terminal when the first of them asks.
#[test]
fn what_was_typed_before_the_question_is_no_answer() {
    let sandbox = with_victim();
    let mut command = sandbox.program("sh");
    command.args(["-c", "sleep 0.5; exec ibmcloud-iam api-key-delete victim"]);
    let mut terminal = Terminal::start(&mut command, 100);
    terminal.send(b"ibmcloud-iam api-key-disable other\r");
    terminal.wait_for(QUESTION);
    terminal.wait_for_reading();
    terminal.send(b"\r");
    terminal.end().code(13);
    assert_eq!(sandbox.names(), ["victim"]);
}

/// A prompt is drawn again with every key, which works within one row only.
#[test]
fn a_question_that_is_too_long_for_a_row_is_not_drawn_again() {
    let sandbox = Sandbox::new();
    let id = sandbox.create("victim", &[]);
    let mut terminal = Terminal::start(&mut sandbox.command(&["api-key-delete", &id, "-q"]), 80);
    terminal.wait_for(QUESTION);
    terminal.wait_for_reading();
    terminal.send(b"yny\r");
    let end = terminal.end();
    end.code(0);
    let question = "Are you sure you want to delete API key 'victim' ([ID1])?\nGo on? [y/N]> y\n";
    let question = format!("{}{question}", facts(1, "victim"));
    assert_eq!(screen(&end.text), format!("{question}API key [ID1] was deleted\n"), "{end:#?}");
    assert_eq!(end.text.matches("Are you sure").count(), 1);
}

#[test]
fn no_at_the_terminal_and_a_mere_enter_cancel() {
    for keys in ["n\r", "N\r", "\r", "yn\r", "x\r"] {
        let sandbox = with_victim();
        let mut terminal = asked(&sandbox);
        terminal.send(keys.as_bytes());
        let end = terminal.end();
        end.code(13);
        assert_eq!(
            screen(&end.text),
            format!(
                "Deleting API key victim under 10ca1000000000000000000000000000 as local@localhost...\n\
                 {}Are you sure you want to delete API key 'victim'? [y/N]> n\n\
                 Cancelled; nothing was changed.\n",
                facts(1, "victim")
            ),
            "{end:#?}"
        );
        assert_eq!(sandbox.keys().len(), 1);
    }
}

#[track_caller]
fn interrupted(end: &Shown, code: i32, words: &str) {
    end.code(code);
    assert!(end.text.contains("\x1b[?25h"), "the cursor is shown again: {end:#?}");
    assert!(
        plain(&end.text).ends_with(&format!("[y/N]> \n{words} Nothing was changed.\n")),
        "{end:#?}"
    );
}

#[test]
fn ctrl_c_at_a_question_leaves_everything_as_it_was() {
    let sandbox = with_victim();
    let mut terminal = asked(&sandbox);
    terminal.send(b"\x03");
    interrupted(&terminal.end(), 130, "Interrupted.");
    assert_eq!(sandbox.keys().len(), 1);
}

#[test]
fn signals_at_a_question_leave_everything_as_it_was() {
    for (signal, code, words) in
        [(Signal::INT, 130, "Interrupted."), (Signal::TERM, 143, "Terminated.")]
    {
        let sandbox = with_victim();
        let terminal = asked(&sandbox);
        terminal.signal(signal);
        interrupted(&terminal.end(), code, words);
        assert_eq!(sandbox.keys().len(), 1);
    }
}

#[test]
fn signals_at_a_question_in_a_pipe_end_with_the_same_codes() {
    use std::io::Read as _;
    use std::process::Stdio;
    let json = |kind: &str, code: i32, words: &str| {
        format!(
            "{{\"kind\":\"{kind}\",\"exit_code\":{code},\"message\":\"{words} Nothing was changed.\",\
             \"hint\":null,\"code\":null,\"status\":null,\"trace\":null}}\n"
        )
    };
    for (signal, code, format, told) in [
        (Signal::INT, 130, "text", "Interrupted. Nothing was changed.\n".to_owned()),
        (Signal::TERM, 143, "text", "Terminated. Nothing was changed.\n".to_owned()),
        (Signal::INT, 130, "json", json("interrupted", 130, "Interrupted.")),
        (Signal::TERM, 143, "json", json("terminated", 143, "Terminated.")),
    ] {
        let sandbox = with_victim();
        let mut command = sandbox.command(&["api-key-delete", "victim", "--error-format", format]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut seen = Vec::new();
        let mut byte = [0];
        while !seen.ends_with(QUESTION.as_bytes()) {
            child.stdout.as_mut().unwrap().read_exact(&mut byte).unwrap();
            seen.extend(byte);
        }
        let input = child.stdin.take();
        running::signal(&child, signal);
        let outcome = running::ended(child);
        drop(input);
        outcome.code(code).stdout("").stderr(&told);
        assert_eq!(sandbox.keys().len(), 1);
    }
}

#[test]
fn a_value_is_typed_unseen() {
    let sandbox = Sandbox::new();
    let made = sandbox.run(&["api-key-create", "mine", "--output", "json"]).json();
    let (id, value) = (made["id"].as_str().unwrap(), made["apikey"].as_str().unwrap());
    let mut command = sandbox.program("sh");
    command.args(["-c", "sleep 0.5; exec ibmcloud-iam api-key-lookup --uuid"]);
    let mut terminal = Terminal::start(&mut command, 100);
    terminal.send(b"typed before\n");
    terminal.wait_for("API key> ");
    terminal.wait_for_reading();
    terminal.send(format!("{value}\n").as_bytes());
    let end = terminal.end();
    end.code(0);
    assert_eq!(
        plain(&end.text).replace('\r', ""),
        format!("typed before\nAPI key> \n{id}\n"),
        "{end:#?}"
    );
}

#[test]
fn hidden_input_that_is_interrupted_is_no_longer_hidden() {
    let at_prompt = |command: &mut Command| {
        let mut terminal = Terminal::start(command, 100);
        terminal.wait_for("API key> ");
        terminal.wait_for_reading();
        terminal
    };
    let sandbox = with_victim();
    for (signal, code, words) in
        [(Signal::INT, 130, "Interrupted."), (Signal::TERM, 143, "Terminated.")]
    {
        let terminal = at_prompt(&mut sandbox.command(&["api-key-lookup"]));
        terminal.signal(signal);
        let end = terminal.end();
        end.code(code);
        assert!(plain(&end.text).ends_with(&format!("\n{words}\n")), "{end:#?}");
    }
    // Ctrl-C is a signal here, which the terminal sends to those whose terminal it is.
    let mut command = sandbox.program("setsid");
    command.arg("--ctty").arg(binary()).arg("api-key-lookup");
    let mut terminal = at_prompt(&mut command);
    terminal.send(b"half a val\x03");
    let end = terminal.end();
    end.code(130);
    assert!(!end.text.contains("half"), "{end:#?}");
}

/// What a command shows on a terminal of 200 columns.
fn on_a_terminal(sandbox: &Sandbox, env: &[(&str, &str)], args: &[&str]) -> Shown {
    let mut command = sandbox.command(args);
    command.env("TERM", "xterm-256color").envs(env.iter().copied());
    Terminal::start(&mut command, 200).end()
}

#[test]
fn a_terminal_has_colours() {
    let sandbox = Sandbox::new();
    sandbox.create("a", &["-d", "first"]);
    let list = on_a_terminal(&sandbox, &[], &["api-keys"]);
    list.code(0);
    let id = sandbox.keys()[0]["id"].as_str().unwrap().to_owned();
    let header = "ID                                            Name   Description   Created At";
    assert!(list.text.contains(&format!("\x1b[1m{header}")), "{list:#?}");
    assert!(
        list.text.contains(&format!("\n\x1b[36;1m{id}\x1b[0m   a      first         2026")),
        "{list:#?}"
    );
    assert!(list.text.contains("\n\x1b[32;1mOK\x1b[0m\n"), "{list:#?}");
    let failed = on_a_terminal(&sandbox, &[], &["api-key", "nobody"]);
    failed.code(3);
    assert!(
        failed.text.starts_with("Getting API key \x1b[36;1mnobody\x1b[0m under "),
        "{failed:#?}"
    );
    assert!(
        failed.text.contains("\n\x1b[31;1mFAILED\x1b[0m\nAPI key 'nobody' was not found.\n"),
        "{failed:#?}"
    );
    let usage = on_a_terminal(&sandbox, &[], &["frobnicate"]);
    assert!(
        usage.code(2).text.starts_with("\x1b[31;1mFAILED\x1b[0m\nIncorrect Usage: "),
        "{usage:#?}"
    );
    let made = on_a_terminal(&sandbox, &[], &["api-key-create", "new"]);
    let warning = "\x1b[35;1mPlease preserve the API key! It cannot be retrieved after it's created.\x1b[0m\n";
    assert!(made.code(0).text.contains(warning), "{made:#?}");
    assert!(made.text.contains("\n\x1b[36;1mAPI Key\x1b[0m"), "{made:#?}");
}

#[test]
fn colours_can_be_switched_off_and_on() {
    let sandbox = Sandbox::new();
    sandbox.create("a", &["-d", "first"]);
    let commands: [&[&str]; 5] = [
        &["api-keys"],
        &["api-key", "a"],
        &["api-key", "nobody"],
        &["frobnicate"],
        &["api-keys", "--help"],
    ];
    for args in commands {
        let coloured = on_a_terminal(&sandbox, &[], args);
        let piped = sandbox.run(args);
        let text = format!("{}{}", piped.stdout, piped.stderr);
        assert!(!text.contains('\x1b'), "{piped:#?}");
        assert_eq!(plain(&coloured.text), text, "colours are all that differs");
        for (env, more) in [
            (&[("NO_COLOR", "1")][..], &[][..]),
            (&[("NO_COLOR", "1"), ("IBMCLOUD_COLOR", "true")], &[]),
            (&[("TERM", "dumb")], &[]),
            (&[("IBMCLOUD_COLOR", "false")], &[]),
            (&[], &["--color", "never"]),
            (&[("IBMCLOUD_COLOR", "true")], &["--color=never"]),
        ] {
            let off = on_a_terminal(&sandbox, env, &[args, more].concat());
            assert_eq!((off.code, &*off.text), (piped.code, &*text), "{env:?} {more:?}");
        }
        for (env, more) in [
            (&[("IBMCLOUD_COLOR", "true")][..], &[][..]),
            (&[("NO_COLOR", "1")], &["--color", "always"]),
        ] {
            let on = sandbox.run_env(env, &[args, more].concat());
            assert!(
                on.stdout.contains("\x1b[") || on.stderr.contains("\x1b["),
                "{args:?}: {on:#?}"
            );
            assert_eq!(plain(&on.stdout), piped.stdout);
            assert_eq!(plain(&on.stderr), piped.stderr);
        }
    }
    // An empty NO_COLOR counts as unset.
    assert!(on_a_terminal(&sandbox, &[("NO_COLOR", "")], &["api-keys"]).text.contains('\x1b'));
}

#[test]
fn json_has_no_colours() {
    let sandbox = Sandbox::new();
    sandbox.create("a", &[]);
    let json = sandbox.run(&["api-keys", "--output", "json"]).stdout;
    assert_eq!(on_a_terminal(&sandbox, &[], &["api-keys", "--output", "json"]).text, json);
    let failure = on_a_terminal(&sandbox, &[], &["api-key", "x", "-q", "--error-format", "json"]);
    assert!(failure.text.starts_with("{\"kind\":\"not_found\""), "{failure:#?}");
}

#[test]
fn one_column_is_wide_enough() {
    let sandbox = Sandbox::new();
    sandbox.create("a name of several words", &["-d", "and a description"]);
    let args = ["api-key", "a name of several words", "--color", "never"];
    let wide = sandbox.run(&args).stdout;
    let narrow = Terminal::start(sandbox.command(&args).env("COLUMNS", "1"), 1).end();
    assert_eq!(narrow.code(0).text, wide, "a single key is never wrapped");
    let made =
        Terminal::start(sandbox.command(&["api-key-create", "x"]).env("COLUMNS", "1"), 1).end();
    let value = plain(&made.code(0).text)
        .lines()
        .find(|line| line.starts_with("API Key       "))
        .unwrap()
        .to_owned();
    assert_eq!(value.len(), "API Key       ".len() + 44);
    for args in [
        &["--help"][..],
        &["api-key-create", "--help"],
        &["api-key-crate"],
        &["api-key-update", "x"],
    ] {
        for columns in [Some("1"), Some("0"), Some("words"), None] {
            let mut command = sandbox.command(args);
            command.env_remove("COLUMNS");
            command.envs(columns.map(|columns| ("COLUMNS", columns)));
            let narrow = Terminal::start(&mut command, 1).end();
            assert!(!narrow.text.contains("panicked"), "{narrow:#?}");
            narrow.code(sandbox.run(args).code);
        }
    }
}

#[test]
fn a_terminal_without_a_name_is_a_terminal() {
    let sandbox = with_victim();
    let end = Terminal::start(sandbox.command(&["api-keys"]).env_remove("TERM"), 100).end();
    assert!(end.code(0).text.contains("victim"), "{end:#?}");
    // Every box's command goes without TERM; here the question too.
    let mut terminal = asked(&sandbox);
    terminal.send(b"n\r");
    terminal.end().code(13);
}
