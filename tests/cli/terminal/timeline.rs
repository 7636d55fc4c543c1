//! The lives of keys as bars on terminals of several widths: whole screens.

use unicode_width::UnicodeWidthStr as _;

use super::plain;
use crate::support::emulator::{Client, Emulator};
use crate::support::pty::Terminal;
use crate::support::transcript::Transcript;
use crate::support::{IAM_ID, Sandbox};

const DRAW: [&str; 2] = ["api-keys", "--timeline"];

/// Keys that were made, used and ended at times inside and outside what is drawn.
fn with_lives() -> Sandbox {
    let sandbox = Sandbox::new();
    let (_, used) = sandbox.create_with_value("in use", &["-e", "2026-12-10"]);
    let emulator = Emulator::start(&sandbox, &[], &[("IBMCLOUD_IAM_NOW", "2026-12-01T12:00:00Z")]);
    assert_eq!(Client::new(emulator.endpoint()).log_in(&used).0, 200);
    drop(emulator);
    sandbox.create_at("2019-01-01T00:00:00Z", "ancient", &[]);
    sandbox.create_at("2026-07-01T00:00:00Z", "日本語のとても長い名前です", &["-e", "2027-03-01"]);
    sandbox.create_at("2026-09-01T00:00:00Z", "off\x1b[31m", &["--disabled"]);
    sandbox.create_at("2026-09-01T00:00:00Z", "over", &["-e", "2026-11-01"]);
    sandbox.create_at("2026-09-01T00:00:00Z", "long", &["-e", "2036-11-01"]);
    sandbox
}

const NOW: &str = "2026-12-05T09:00:00Z";

fn on(sandbox: &Sandbox, columns: u16, more: &[&str]) -> String {
    let mut command = sandbox.command(&[&DRAW[..], &["-q", "--color", "never"], more].concat());
    Terminal::start(command.env("IBMCLOUD_IAM_NOW", NOW), columns).end().code(0).text.clone()
}

#[test]
fn a_timeline_fits() {
    let sandbox = with_lives();
    let mut said = Transcript::default();
    for columns in [200, 120, 80, 60, 40] {
        let text = on(&sandbox, columns, &[]);
        assert!(text.lines().all(|line| line.width() <= columns.into()), "{text}");
        said.screen(columns, &DRAW, 0, &text);
    }
    sandbox.create_of("IBMid-270000WXYZ", "theirs", &[]);
    for columns in [120, 60] {
        said.screen(
            columns,
            &[&DRAW[..], &["--all-users"]].concat(),
            0,
            &on(&sandbox, columns, &["--all-users"]),
        );
    }
    said.screen(
        80,
        &[&DRAW[..], &["--sort", "name"]].concat(),
        0,
        &on(&sandbox, 80, &["--sort", "name"]),
    );
    said.is("timeline");
}

#[test]
fn a_pipe_gets_80_columns_whatever_the_terminal() {
    let sandbox = with_lives();
    let at = [("IBMCLOUD_IAM_NOW", NOW), ("COLUMNS", "40")];
    let piped = sandbox.run_env(&at, &[&DRAW[..], &["-q"]].concat());
    assert_eq!(piped.ok().stdout, on(&sandbox, 80, &[]));
    assert_eq!(piped.stderr, "");
}

#[test]
fn a_locale_without_utf_8_gets_ascii() {
    let sandbox = with_lives();
    let draw = |locale: &[(&str, &str)]| {
        let mut command = sandbox.command(&[&DRAW[..], &["-q", "--name", "o"]].concat());
        command.env("IBMCLOUD_IAM_NOW", NOW).env_remove("LC_ALL").envs(locale.iter().copied());
        crate::support::run(&mut command, b"").ok().stdout.clone()
    };
    let ascii = draw(&[]);
    assert!(ascii.is_ascii() && ascii.contains("\nover "), "{ascii}");
    for other in [&[("LANG", "C")][..], &[("LC_ALL", "C"), ("LANG", "en_US.UTF-8")]] {
        assert_eq!(draw(other), ascii);
    }
    let drawn = draw(&[("LANG", "en_US.UTF-8")]);
    assert_eq!(draw(&[("LC_ALL", ""), ("LC_CTYPE", "de_DE.utf8"), ("LANG", "C")]), drawn);
    let typed = [
        ("━", "="),
        ("┄", "-"),
        ("┣", "["),
        ("●", "o"),
        ("┫", "]"),
        ("◀", "<"),
        ("▶", ">"),
        ("│", "|"),
        ("┿", "+"),
        ("▼", "v"),
    ];
    assert_eq!(typed.iter().fold(drawn, |text, (drawn, typed)| text.replace(drawn, typed)), ascii);
}

#[test]
fn what_ends_soon_has_a_colour() {
    let sandbox = with_lives();
    let args = [&DRAW[..], &["-q", "--color", "always"]].concat();
    let coloured = sandbox.run_env(&[("IBMCLOUD_IAM_NOW", NOW)], &args).ok().stdout.clone();
    assert_eq!(coloured.matches("\x1b[35;1m5 days").count(), 0);
    assert_eq!(coloured.matches("\x1b[35;1m4 days\x1b[0m\n").count(), 1, "{coloured}");
    assert_eq!(plain(&coloured), on(&sandbox, 80, &[]));
    assert!(!coloured.contains(IAM_ID));
}
