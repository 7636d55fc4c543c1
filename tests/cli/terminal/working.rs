//! How far long work is, on a terminal: in place, and gone in the end. Ctrl-C in the middle, and the report after it.

use rustix::process::Signal;

use super::screen;
use crate::support::Sandbox;
use crate::support::emulator::Emulator;
use crate::support::pty::Terminal;
use crate::support::service::Service;

/// A service with keys, slow enough that the work on them can be seen.
pub(super) fn slow(keys: &str, fault: &str) -> Service<Emulator> {
    let flags = ["--in-memory", "--seed-keys", keys, "--fault", fault];
    Service::emulated_in(Sandbox::new(), &flags, &[("IBMCLOUD_IAM_KEY_LIMIT", "1000")])
}

/// Starts a command on a terminal that can show something in place.
pub(super) fn started(
    service: &Service<Emulator>,
    args: &[&str],
    more: &[(&str, &str)],
) -> Terminal {
    let mut command = service.command(args);
    command.envs([("TERM", "xterm"), ("NO_COLOR", "1")]).envs(more.iter().copied());
    Terminal::start(&mut command, 120)
}

fn names(from: usize, to: usize) -> Vec<String> {
    (from..=to).map(|number| format!("seed-{number:06}")).collect()
}

#[test]
fn a_deletion_shows_how_far_it_is_and_leaves_no_trace_of_that() {
    let service = slow("20", "delete:delay=300ms");
    let names = names(1, 20);
    let mut args = vec!["api-key-delete", "--force", "--jobs", "2"];
    args.extend(names.iter().map(String::as_str));
    let mut terminal = started(&service, &args, &[]);
    terminal.wait_for("API keys deleted: ");
    terminal.wait_for(" of 20, ");
    let shown = terminal.end();
    shown.code(0);
    let screen = screen(&shown.text);
    assert!(screen.ends_with("was deleted\n") || screen.contains("Tokens"), "{screen}");
    let last = screen.lines().last().unwrap();
    assert!(!last.contains(" of 20"), "what was in place is gone: {last}");
}

#[test]
fn nothing_is_shown_of_it_in_quiet_json_or_short_work() {
    let service = slow("4", "any:delay=200ms");
    for more in [&["-q"][..], &["--output", "json"]] {
        let args = [&["api-keys-audit", "--fail-on", "none"], more].concat();
        let shown = started(&service, &args, &[]).end();
        shown.code(0);
        assert!(!shown.text.contains("Getting the last use"), "{shown:#?}");
    }
}

#[test]
fn ctrl_c_in_the_middle_of_a_deletion_ends_it_with_a_report() {
    let service = slow("8", "delete:delay=700ms");
    let names = names(1, 8);
    let mut args = vec!["api-key-delete", "--force", "--jobs", "2"];
    args.extend(names.iter().map(String::as_str));
    let mut terminal = started(&service, &args, &[]);
    terminal.wait_for("seed-000002 was deleted");
    terminal.signal(Signal::INT);
    terminal.wait_for("Press Ctrl-C again to end at once.");
    let shown = terminal.end();
    shown.code(130);
    let screen = screen(&shown.text);
    let report = &screen[screen.rfind("Interrupted. Of 8 API keys: ").expect("a report")..];
    // Two were under way, and are done.
    assert!(
        report.starts_with("Interrupted. Of 8 API keys: 4 deleted, 4 not begun.\n"),
        "{report}"
    );
    assert!(report.contains("   not begun: 'seed-000008' ("), "{report}");
    assert!(!screen.contains("uncertain"), "{screen}");
}

#[test]
fn the_second_signal_ends_it_at_once() {
    let service = slow("4", "delete:delay=20s");
    let names = names(1, 4);
    let mut args = vec!["api-key-delete", "--force", "--jobs", "2"];
    args.extend(names.iter().map(String::as_str));
    let mut terminal = started(&service, &args, &[]);
    terminal.wait_for(" of 4, ");
    terminal.signal(Signal::INT);
    terminal.wait_for("Press Ctrl-C again to end at once.");
    terminal.signal(Signal::INT);
    let shown = terminal.end();
    shown.code(130);
    assert!(screen(&shown.text).contains("2 uncertain, 2 not begun."), "{shown:#?}");
}

#[test]
fn an_audit_that_is_interrupted_says_what_it_did_not_look_at() {
    let service = slow("30", "get:delay=400ms");
    let args = ["api-keys-audit", "--fail-on", "none", "--max-unused", "1m", "--jobs", "2"];
    // The keys are old enough for the rule a while later.
    let later = [("IBMCLOUD_IAM_NOW", "2026-12-21T09:00:00Z")];
    let mut terminal = started(&service, &args, &later);
    terminal.wait_for(" of 30, ");
    terminal.signal(Signal::INT);
    let shown = terminal.end();
    shown.code(130);
    let screen = screen(&shown.text);
    assert!(screen.contains("There is no report: the last use of "), "{screen}");
    assert!(screen.contains(" of 30 API keys was not looked at."), "{screen}");
}
