//! What cannot be meant is refused: the right exit code, a message that helps, and nothing changed on the disk.

mod destination;
mod settings;
mod values;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::process::Command;

use serde_json::Value;

use crate::support::disk::snapshot;
use crate::support::transcript::Transcript;
use crate::support::{Outcome, Sandbox, run};

/// Runs a command that must fail and change nothing in the box.
#[track_caller]
fn refused(sandbox: &Sandbox, command: &mut Command, code: i32) -> Outcome {
    let before = snapshot(sandbox.root());
    let outcome = run(command, b"");
    outcome.code(code).stdout("");
    assert_eq!(snapshot(sandbox.root()), before, "{outcome:#?}");
    outcome
}

/// A box with one key in it, so that every directory and lock is there already.
fn lived_in() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.create("first", &[]);
    sandbox
}

#[test]
fn a_command_line_that_cannot_be_meant_is_a_usage_error() {
    let sandbox = lived_in();
    let mut said = Transcript::default();
    for args in [
        &["frobnicate"][..],
        &["api-key-crate", "x"],
        &["api-keys", "--outptu", "json"],
        &["api-keys", "--frobnicate"],
        &["api-keys", "surplus"],
        &["api-keys", "--output"],
        &["api-keys", "--output", "yaml"],
        &["api-keys", "--output", ""],
        &["api-keys", "--backend", "cloud"],
        &["api-keys", "--sort", "age"],
        &["api-keys", "--state", "happy"],
        &["api-keys", "--color", "pink"],
        &["api-key"],
        &["api-key", ""],
        &["api-key-delete", "--force"],
        &["api-key-create"],
        &["api-key-create", ""],
        &["api-key-create", "a", "b"],
        &["api-key-create", "a", "--file"],
        &["api-key-create", "a", "--file", ""],
        &["api-key-create", "a", "--action-if-leaked", "SHRUG"],
        &["api-key-create", "a", "--lock", "--lock"],
        &["api-key-update", "first", "-n", ""],
        &["api-key-update", "first", "--no-expiry", "--expires-in", "1d"],
    ] {
        let outcome = refused(&sandbox, &mut sandbox.command(args), 2);
        assert!(outcome.stderr.starts_with("FAILED\nIncorrect Usage: "), "{args:?}: {outcome:#?}");
        assert!(outcome.stderr.contains("--help' for "), "{args:?}: {outcome:#?}");
        said.note(args, &sandbox, outcome);
    }
    said.is("usage_errors");
}

#[test]
fn an_update_needs_a_change() {
    let sandbox = lived_in();
    for more in [&[][..], &["--force"], &["--dry-run"], &["--output", "json"]] {
        let args = [&["api-key-update", "first"], more].concat();
        refused(&sandbox, &mut sandbox.command(&args), 2).stderr(
            "FAILED\nThere is nothing to change.\n\
             Give a change, such as '--name NEW': see 'ibmcloud-iam api-key-update --help'.\n\n",
        );
    }
}

#[test]
fn a_bare_call_is_answered_with_help_and_is_still_no_command() {
    let sandbox = Sandbox::new();
    for args in [&[][..], &["iam"]] {
        let outcome = refused(&sandbox, &mut sandbox.command(args), 2);
        assert!(outcome.stderr.contains("api-key-create"), "{outcome:#?}");
    }
}

#[test]
fn an_argument_that_is_not_utf_8_is_a_usage_error() {
    let sandbox = lived_in();
    let bad = OsStr::from_bytes(b"k\xff\xfey");
    let flag = OsStr::from_bytes(b"--na\xffme");
    let joined = OsStr::from_bytes(b"--file=k\xff");
    for args in [
        &[bad][..],
        &[OsStr::new("api-key"), bad],
        &[OsStr::new("api-key-create"), bad],
        &[OsStr::new("api-key-create"), OsStr::new("x"), OsStr::new("-d"), bad],
        &[OsStr::new("api-keys"), flag],
        &[OsStr::new("api-key-create"), OsStr::new("x"), joined],
        &[OsStr::new("iam"), bad, OsStr::new("--error-format"), OsStr::new("json")],
    ] {
        let outcome = refused(&sandbox, sandbox.command(&[]).args(args), 2);
        assert!(outcome.stderr.contains("Incorrect Usage"), "{outcome:#?}");
    }
}

#[test]
fn names_and_descriptions_have_a_length() {
    let sandbox = lived_in();
    let (name, description) = ("n".repeat(10_000), "d".repeat(10_000));
    for (args, what) in [
        (&["api-key-create", &name, "--file", "k"][..], "The name has 10000 characters"),
        (&["api-key-create", &name, "--output", "json"], "The name has 10000 characters"),
        (
            &["api-key-create", "x", "-d", &description, "--file", "k"],
            "The description has 10000 characters",
        ),
        (
            &["api-key-create", "x", "-d", &description, "--output", "json"],
            "The description has 10000 characters",
        ),
        (
            &["api-key-update", "first", "-n", &name, "--output", "json"],
            "The name has 10000 characters",
        ),
        (
            &["api-key-create", &name, "--dry-run", "--output", "json"],
            "The name has 10000 characters",
        ),
        (
            &["api-key-update", "first", "-n", &name, "--dry-run", "--output", "json"],
            "The name has 10000 characters",
        ),
    ] {
        let quiet = [args, &["-q"]].concat();
        let before = snapshot(&sandbox.root().join("home/store"));
        let outcome = sandbox.run(&quiet);
        outcome.code(2).stdout("");
        assert!(outcome.stderr.contains(what), "{outcome:#?}");
        assert_eq!(snapshot(&sandbox.root().join("home/store")), before);
        assert_eq!(sandbox.open_entries(), 0);
        assert_eq!(sandbox.files_in_work(), [""; 0]);
    }
    // A flag's value of any length is no crash where it finds nothing.
    assert_eq!(
        sandbox.run(&["api-keys", "--output", "json", "--name", &name]).json(),
        serde_json::json!([])
    );
}

#[test]
fn an_expiry_must_be_a_time_to_come() {
    let sandbox = lived_in();
    for (args, fact) in [
        (&["-e", "2026-11-21T08:59:59Z"][..], "The expiry 2026-11-21T08:59:59Z lies in the past."),
        (&["-e", "2026-11-21T09:00:00Z"], "The expiry 2026-11-21T09:00:00Z lies in the past."),
        (&["-e", "1970-01-01"], "The expiry 1970-01-01T00:00:00Z lies in the past."),
        (&["-e", "1969-12-31"], "'1969-12-31'"),
        (&["-e", "tomorrow"], "'tomorrow' is not a time; write 2027-05-01"),
        (&["-e", "2027-02-30"], "'2027-02-30'"),
        (&["-e", "2027-05-01T25:00Z"], "'2027-05-01T25:00Z'"),
        (&["-e", "2027-05-01T12:34"], "'2027-05-01T12:34'"),
        (&["-e", "99999-01-01"], "'99999-01-01'"),
        (&["-e", ""], "'' "),
        (&["--expires-in", "90"], "'90' is not a length of time; write 45m"),
        (&["--expires-in", "0d"], "'0d'"),
        (&["--expires-in", "1.5h"], "'1.5h'"),
        (&["--expires-in", "1y"], "'1y'"),
        (&["--expires-in", "d"], "'d'"),
        (&["--expires-in", "1é"], "'1é'"),
        (&["--expires-in", ""], "--expires-in"),
        (&["--expires-in", "-1d"], "-1"),
        (&["--expires-in", "99999999999999999999d"], "'99999999999999999999d'"),
        (&["--expires-in", "9999999999d"], "The expiry lies beyond the year 9998."),
        (&["-e", "2027-05-01", "--expires-in", "90d"], "cannot be used with"),
    ] {
        for command in [&["api-key-create", "x", "--file", "k"][..], &["api-key-update", "first"]] {
            let outcome = refused(&sandbox, &mut sandbox.command(&[command, args].concat()), 2);
            assert!(outcome.stderr.contains(fact), "{args:?}: {outcome:#?}");
        }
    }
}

#[test]
fn failures_as_json_are_one_object_each() {
    let sandbox = lived_in();
    fs::write(sandbox.work("full"), "precious").unwrap();
    for name in ["twin", "twin", "gone"] {
        sandbox.create(name, &[]);
    }
    sandbox.create("locked", &["--lock"]);
    let none: &[(&str, &str)] = &[];
    for (kind, code, args, env) in [
        ("usage", 2, &["frobnicate"][..], none),
        ("usage", 2, &["api-key-create", "x", "-e", "1970-01-01"], none),
        ("usage", 2, &["api-key-delete", "first"], none),
        ("usage", 2, &["api-key-delete", "first", "--output", "json"], none),
        ("usage", 2, &["api-keys"], &[("IBMCLOUD_IAM_STORE", "")]),
        ("not_found", 3, &["api-key", "nobody"], none),
        ("ambiguous", 4, &["api-key", "twin"], none),
        ("locked", 6, &["api-key-delete", "locked", "--force"], none),
        (
            "not_logged_in",
            7,
            &["api-keys"],
            &[("IBMCLOUD_IAM_BACKEND", "local"), ("IC_API_KEY", "")],
        ),
        ("limit_reached", 9, &["api-key-create", "x"], &[("IBMCLOUD_IAM_KEY_LIMIT", "1")]),
        ("some_failed", 12, &["api-key-disable", "gone", "nobody", "--force"], none),
        ("destination", 14, &["api-key-create", "x", "--file", "full"], none),
        ("not_logged_in", 7, &["api-keys", "--backend", "remote"], none),
        ("failure", 1, &["api-key-lookup", "@missing"], none),
    ] {
        for format in [&["--error-format", "json"][..], &["--error-format=JSON", "-q"]] {
            let mut command = sandbox.command(&[args, format].concat());
            command.envs(env.iter().copied());
            if kind == "not_logged_in" {
                command.env_remove("IBMCLOUD_IAM_BACKEND");
            }
            let outcome = run(&mut command, b"");
            outcome.code(code);
            let mut documents =
                serde_json::Deserializer::from_str(&outcome.stderr).into_iter::<Value>();
            let told = documents.next().unwrap().unwrap();
            assert!(documents.next().is_none(), "{outcome:#?}");
            assert_eq!(outcome.stderr.lines().count(), 1, "{outcome:#?}");
            let fields = ["kind", "exit_code", "message", "hint", "code", "status", "trace"];
            let mut at = 0;
            for field in fields {
                at += outcome.stderr[at..]
                    .find(&format!("\"{field}\":"))
                    .unwrap_or_else(|| panic!("{field}: {outcome:#?}"));
            }
            assert_eq!(told.as_object().unwrap().len(), fields.len(), "{outcome:#?}");
            assert_eq!(
                (&told["kind"], &told["exit_code"]),
                (&kind.into(), &code.into()),
                "{outcome:#?}"
            );
            assert!(!told["message"].as_str().unwrap().is_empty(), "{outcome:#?}");
            assert_eq!(
                (&told["code"], &told["status"], &told["trace"]),
                (&Value::Null, &Value::Null, &Value::Null)
            );
        }
    }
    assert_eq!(sandbox.files_in_work(), ["full"]);
}

#[test]
fn quiet_drops_the_frame_of_a_failure_and_keeps_the_message() {
    let sandbox = lived_in();
    let not_found =
        "API key 'nobody' was not found.\nRun 'ibmcloud-iam api-keys' to list the API keys.\n";
    sandbox
        .run(&["api-key", "nobody", "--uuid"])
        .code(3)
        .stdout("")
        .stderr(&format!("FAILED\n{not_found}\n"));
    sandbox.run(&["api-key", "nobody", "-q"]).code(3).stdout("").stderr(not_found);
    sandbox
        .run_env(&[("IBMCLOUD_QUIET", "true")], &["api-key", "nobody"])
        .code(3)
        .stdout("")
        .stderr(not_found);
    let loud = sandbox.run(&["api-keys", "--frobnicate"]).stderr;
    let quiet = loud.strip_prefix("FAILED\n").unwrap().strip_suffix('\n').unwrap();
    sandbox.run(&["api-keys", "--frobnicate", "-q"]).code(2).stdout("").stderr(quiet);
    sandbox
        .run_env(&[("IBMCLOUD_QUIET", "true")], &["api-keys", "--frobnicate"])
        .code(2)
        .stdout("")
        .stderr(quiet);
}

#[test]
fn json_output_asks_nothing() {
    let sandbox = lived_in();
    for command in
        ["api-key-delete", "api-key-lock", "api-key-unlock", "api-key-disable", "api-key-enable"]
    {
        // "At once": before the key is looked for, and without reading an answer.
        for key in ["first", "nobody"] {
            let before = snapshot(sandbox.root());
            let outcome = sandbox.run_input(&[command, key, "--output", "json"], "y\n");
            outcome.code(2).stdout("").stderr(
                "FAILED\nJSON output asks no questions, and this command needs a confirmation.\n\
                 Repeat the command with '--force' to go on without confirmation.\n\n",
            );
            assert_eq!(snapshot(sandbox.root()), before);
        }
    }
}

#[test]
fn under_a_borrowed_name_other_commands_are_told_what_is_covered() {
    let sandbox = lived_in();
    for (line, named) in [
        ("ibmcloud target", "'target'"),
        ("ibmcloud plugin list", "'plugin'"),
        ("ibmcloud iam service-ids", "'service-ids'"),
        ("ic iam access-groups", "'access-groups'"),
        ("bx resource groups --output json", "'resource'"),
        ("bluemix -q iam oauth-token", "'oauth-token'"),
    ] {
        let before = snapshot(sandbox.root());
        let outcome = sandbox.bash(line);
        outcome.code(2).stdout("");
        assert!(outcome.stderr.contains(named), "{line}: {outcome:#?}");
        assert!(
            outcome.stderr.contains("api-keys, api-key, api-key-create, "),
            "{line}: {outcome:#?}"
        );
        assert_eq!(snapshot(sandbox.root()), before);
    }
}
