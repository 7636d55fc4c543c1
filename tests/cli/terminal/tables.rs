//! Tables on terminals of several widths: whole screens. Through a pipe nothing is shortened or left out.

use unicode_width::UnicodeWidthStr as _;

use super::plain;
use crate::support::pty::{Shown, Terminal};
use crate::support::transcript::Transcript;
use crate::support::{Sandbox, redact};

const LONG: &str = "a-name-of-many-words-that-nobody-types-twice-and-that-padded-every-other-row";
const WIDE: &str = "日本語のとても長い名前です";
const EMOJI: &str = "👩\u{200d}💻👍🏽🇩🇪 e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}";
const EVIL: &str = "bell\x07 and esc\x1b[31m and \u{202e}";

/// Keys of several states, ages and names.
fn with_keys() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.create_at("2026-09-01T09:00:00Z", LONG, &["-d", "the first"]);
    sandbox.create_at("2026-11-20T09:00:00Z", WIDE, &["-e", "2026-12-24", "-d", EMOJI]);
    sandbox.create(EMOJI, &["--disabled"]);
    sandbox.create(EVIL, &["-d", LONG]);
    let ends = ["-e", "2026-10-01", "-d", "ended"];
    sandbox.create_at("2026-09-01T10:00:00Z", "old", &ends);
    sandbox.create_at("2026-11-01T09:00:00Z", "ci", &["-e", "2026-11-30"]);
    sandbox.create("ci", &["--lock"]);
    sandbox
}

fn on(sandbox: &Sandbox, columns: u16, args: &[&str]) -> Shown {
    let args = [args, &["--color", "never"]].concat();
    Terminal::start(&mut sandbox.command(&args), columns).end()
}

/// The text with the ids of keys numbered, at the same width.
fn numbered(sandbox: &Sandbox, text: &str) -> String {
    let number = |text: String, (number, key): (usize, &serde_json::Value)| {
        text.replace(key["id"].as_str().unwrap(), &format!("ApiKey-{:0>36}", number + 1))
    };
    redact(&sandbox.keys().iter().enumerate().fold(text.to_owned(), number))
}

#[test]
fn every_table_fits() {
    let sandbox = with_keys();
    let mut said = Transcript::default();
    let mut show = |columns: u16, args: &[&str]| {
        let shown = on(&sandbox, columns, args);
        let text = numbered(&sandbox, &shown.text);
        let text = text.replace(&sandbox.root().display().to_string(), "BOX");
        said.screen(columns, args, shown.code, &text);
        text
    };
    for columns in [200, 120, 80, 60, 40] {
        let text = show(columns, &["api-keys", "-q"]);
        let fits = |line: &str| line.width() <= columns.into() || line.starts_with("ApiKey-");
        assert!(text.lines().all(fits), "{text}");
    }
    show(80, &["api-keys", "-q", "--sort", "expires_at"]);
    show(80, &["api-keys", "-q", "--wide"]);
    show(120, &["api-keys", "-q", "--all-users"]);
    for columns in [200, 100, 40] {
        show(columns, &["api-keys-audit", "-q", "--fail-on", "none"]);
    }
    show(40, &["api-key", "old", "-q", "--history"]);
    show(60, &["api-key-delete", "ci", "-q", "--force"]);
    show(60, &["whoami", "--explain"]);
    sandbox.run(&["service-id-group-create", "batch", "-d", LONG]).ok();
    sandbox.run(&["service-id-create", "ci", "-d", LONG, "--group", "batch"]).ok();
    show(100, &["service-ids", "-q"]);
    show(100, &["service-id-groups", "-q"]);
    show(100, &["service-id-groups", "-q", "--wide"]);
    said.is("tables");
}

#[test]
fn a_pipe_gets_everything_whatever_the_width() {
    let sandbox = with_keys();
    for args in
        [&["api-keys"][..], &["api-keys", "--wide"], &["api-keys-audit", "--fail-on", "none"]]
    {
        let piped = sandbox.run(args);
        assert!(!piped.ok().stdout.contains('…') && !piped.stdout.contains("Not shown"));
        assert!(!piped.stdout.contains(" ago)"), "{piped:#?}");
        assert_eq!(sandbox.run_env(&[("COLUMNS", "40")], args).stdout, piped.stdout);
        // Only standard output counts.
        let mut command = sandbox.bash_command(&format!("ibmcloud-iam {} | cat", args.join(" ")));
        assert_eq!(Terminal::start(&mut command, 40).end().code(0).text, piped.stdout);
    }
}

#[test]
fn a_terminal_that_does_not_tell_its_width_has_that_of_the_variable_or_80_columns() {
    let sandbox = with_keys();
    let list = |own: u16, said: Option<&str>| {
        let mut command = sandbox.command(&["api-keys", "--color", "never"]);
        command.env_remove("COLUMNS").envs(said.map(|said| ("COLUMNS", said)));
        Terminal::start(&mut command, own).end().text
    };
    assert_eq!(list(0, None), list(80, None));
    assert_eq!(list(0, Some("60")), list(60, None));
    assert_eq!(list(120, Some("60")), list(120, None));
    for nonsense in ["0", "-1", "wide", ""] {
        assert_eq!(list(0, Some(nonsense)), list(80, None), "{nonsense:?}");
    }
}

#[test]
fn states_and_severities_have_colours() {
    let sandbox = with_keys();
    let mut command = sandbox.command(&["api-keys", "-q"]);
    let list = Terminal::start(command.env("TERM", "xterm"), 80).end().text;
    for (colour, state) in
        [("32", "active"), ("35", "phasing out"), ("35", "disabled"), ("31", "expired")]
    {
        assert!(list.contains(&format!("   \x1b[{colour}m{state}\x1b[0m\n")), "{state}: {list}");
    }
    assert_eq!(plain(&list), on(&sandbox, 80, &["api-keys", "-q"]).text);
    let audit = sandbox.run(&["api-keys-audit", "--fail-on", "none", "--color", "always", "-q"]);
    assert!(audit.ok().stdout.contains("   \x1b[35mwarning\x1b[0m    unused "), "{audit:#?}");
    let shown = sandbox.run(&["api-key", "old", "--color", "always", "-q"]);
    assert!(shown.ok().stdout.ends_with("   \x1b[31mexpired\x1b[0m\n"), "{shown:#?}");
}

#[test]
fn keys_that_never_expire_are_last() {
    let sandbox = with_keys();
    sandbox.create("soon", &["-e", "2026-11-22"]);
    let listed = sandbox.run(&["api-keys", "--sort", "expires_at", "-o", "json"]).json();
    let ends =
        listed.as_array().unwrap().iter().map(|key| key["expires_at"].as_str().unwrap_or_default());
    let ends: Vec<&str> = ends.collect();
    let soon = [
        "2026-10-01T00:00+0000",
        "2026-11-22T00:00+0000",
        "2026-11-30T00:00+0000",
        "2026-12-24T00:00+0000",
    ];
    assert_eq!(ends, [&soon[..], &[""; 4]].concat());
}
