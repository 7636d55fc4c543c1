//! What cannot be meant is refused: the right exit code, a message that helps, and nothing changed on the disk.

mod destination;
mod settings;
mod values;

use std::process::Command;

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
