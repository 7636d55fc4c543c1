//! What cannot be meant is refused: the right exit code, a message that helps, and nothing changed on the disk.

mod destination;
mod settings;
mod values;

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::support::disk::snapshot;
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
