//! Readers that leave, full devices and closed streams: harmless, except while a value is being delivered.

use std::fs::OpenOptions;
use std::io::pipe;
use std::process::{Command, Stdio};

use ibmcloud_iam::clock::Clock;
use ibmcloud_iam::model::Timestamp;
use ibmcloud_iam::systems::iam::local::LocalKeys;

use crate::support::expected::{PRESERVE, facts, never_expires};
use crate::support::{NOW, Outcome, Sandbox};

/// Fills the local store with more than a pipe takes.
fn fill(sandbox: &Sandbox) {
    let clock = Clock::Fixed(Timestamp::parse(NOW).unwrap());
    let backend = LocalKeys::new(sandbox.root().join("home/store"), 1_000, clock);
    backend.seed(2_000).unwrap();
}

/// The writing end of a pipe that nobody reads.
fn closed_pipe() -> Stdio {
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    writer.into()
}

fn full_device() -> Stdio {
    OpenOptions::new().write(true).open("/dev/full").unwrap().into()
}

fn outcome(command: &mut Command) -> Outcome {
    command.stdin(Stdio::null());
    Outcome::from(command.spawn().unwrap().wait_with_output().unwrap())
}

fn with_stdout(sandbox: &Sandbox, args: &[&str], stdout: Stdio) -> Outcome {
    outcome(sandbox.command(args).stdout(stdout).stderr(Stdio::piped()))
}

fn with_stderr(sandbox: &Sandbox, args: &[&str], stderr: Stdio) -> Outcome {
    outcome(sandbox.command(args).stdout(Stdio::piped()).stderr(stderr))
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let sandbox = Sandbox::new();
    fill(&sandbox);
    for (more, first) in [
        ("", "Getting all API keys under 10ca1000000000000000000000000000 as local@localhost...\n"),
        ("--output json", "[\n"),
        ("--wide -q", "ID"),
        ("--uuid", "ApiKey-"),
    ] {
        let outcome = sandbox
            .bash(&format!("ibmcloud-iam api-keys {more} | head -1; exit ${{PIPESTATUS[0]}}"));
        outcome.ok().stderr("");
        assert!(
            outcome.stdout.starts_with(first) && outcome.stdout.lines().count() == 1,
            "{outcome:#?}"
        );
    }
    for args in [
        &["api-keys"][..],
        &["api-keys", "-o", "json"],
        &["--help"],
        &["--version"],
        &["api-keys", "--help"],
    ] {
        with_stdout(&sandbox, args, closed_pipe()).ok().stderr("");
    }
}

#[test]
fn output_that_cannot_be_written_is_a_failure() {
    let sandbox = Sandbox::new();
    sandbox.create("a", &[]);
    for args in [
        &["api-keys"][..],
        &["api-keys", "--output", "json"],
        &["api-keys", "--uuid"],
        &["api-key", "a"],
        &["--help"],
        &["--version"],
        &["api-keys", "--help"],
    ] {
        with_stdout(&sandbox, args, full_device())
            .code(1)
            .stderr("FAILED\nStandard output could not be written: No space left on device (os error 28).\nOnly the output is lost: whatever the command was to change is changed. Make room, then look again.\n\n");
    }
}

#[test]
fn a_value_that_nobody_took_is_a_failure_that_names_the_key() {
    for device in [closed_pipe as fn() -> Stdio, full_device] {
        for format in [&[][..], &["--output", "json"]] {
            let sandbox = Sandbox::new();
            let args = [&["api-key-create", "lost"], format].concat();
            let outcome = with_stdout(&sandbox, &args, device());
            outcome.code(1);
            let keys = sandbox.keys();
            let id = keys[0]["id"].as_str().unwrap();
            let start = format!(
                "FAILED\nAPI key 'lost' ({id}) was created, but its value could not be written to"
            );
            assert!(outcome.stderr.contains(&start), "{outcome:#?}");
            assert!(
                outcome.stderr.contains(&format!("'ibmcloud-iam api-key-delete {id} --force'")),
                "{outcome:#?}"
            );
            assert_eq!((keys.len(), sandbox.open_entries()), (1, 1));
            // Nobody knows whether the value arrived: the key is reported and kept.
            let recovered = sandbox.run(&["recover", "--force", "--output", "json"]);
            let recovered: serde_json::Value =
                serde_json::from_str(&recovered.code(1).stdout).unwrap();
            assert_eq!(
                (&recovered[0]["outcome"], &recovered[0]["id"]),
                (&"reported".into(), &id.into())
            );
            assert_eq!((sandbox.keys().len(), sandbox.open_entries()), (1, 0));
        }
    }
}

/// The runtime opens `/dev/null` in place of a closed stream, so the two cannot be told apart.
#[test]
fn a_value_that_goes_nowhere_is_said() {
    for closed in [">&-", "> /dev/null"] {
        let sandbox = Sandbox::new();
        let outcome = sandbox.bash(&format!("ibmcloud-iam api-key-create lost {closed}"));
        let id = sandbox.keys()[0]["id"].as_str().unwrap().to_owned();
        let warning = format!(
            "{PRESERVE}Standard output goes nowhere: nobody has the value of API key 'lost' ({id}).\n{}",
            never_expires("ibmcloud-iam").replace("[ID1]", &id)
        );
        assert_eq!((outcome.code, outcome.stderr), (0, warning), "{closed}");
    }
}

#[test]
fn a_file_takes_the_value_whatever_becomes_of_the_output() {
    for (device, code) in [(closed_pipe as fn() -> Stdio, 0), (full_device, 1)] {
        let sandbox = Sandbox::new();
        with_stdout(&sandbox, &["api-key-create", "kept", "--file", "k"], device()).code(code);
        let id = sandbox.run(&["api-key-lookup", "@k", "--uuid", "-q"]);
        assert_eq!(id.ok().stdout.trim(), sandbox.keys()[0]["id"].as_str().unwrap());
        assert_eq!((sandbox.files_in_work(), sandbox.open_entries()), (vec!["k".to_owned()], 0));
    }
}

#[test]
fn what_was_asked_for_is_done_when_nobody_listens() {
    for device in [closed_pipe as fn() -> Stdio, Stdio::null] {
        let sandbox = Sandbox::new();
        sandbox.create("a", &[]);
        let deleted = with_stdout(&sandbox, &["api-key-delete", "a", "--force"], device());
        deleted.ok().stderr(&facts(1, "a"));
        assert_eq!(sandbox.keys().len(), 0);
    }
    let sandbox = Sandbox::new();
    sandbox.create("a", &[]);
    sandbox.bash("ibmcloud-iam api-key-delete a --force >&-").ok().stderr(&facts(1, "a"));
    assert_eq!(sandbox.keys().len(), 0);
}

#[test]
fn a_standard_error_that_is_gone_is_no_failure() {
    for device in [closed_pipe as fn() -> Stdio, full_device, Stdio::null] {
        let sandbox = Sandbox::new();
        let made = with_stderr(&sandbox, &["api-key-create", "a"], device());
        assert!(made.ok().stdout.contains("API Key       "), "{made:#?}");
        with_stderr(&sandbox, &["api-key", "nobody"], device()).code(3);
        with_stderr(&sandbox, &["api-key", "nobody", "--error-format", "json"], device()).code(3);
        with_stderr(&sandbox, &["frobnicate"], device()).code(2);
        with_stderr(&sandbox, &[], device()).code(2);
    }
    let sandbox = Sandbox::new();
    sandbox
        .bash("ibmcloud-iam api-key-create a 2>&- | grep -q 'API Key'; exit ${PIPESTATUS[0]}")
        .ok();
}
