//! What stands around the program: what is promised of its security, and what is asked about its dependencies.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use crate::support::{Outcome, run, skipped};

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_security_policy_says_what_is_promised_and_how_to_report() {
    let policy = fs::read_to_string(project().join("SECURITY.md")).unwrap();
    let headings: Vec<&str> = policy.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    assert_eq!(
        headings,
        [
            "Supported versions",
            "Reporting a vulnerability",
            "What is promised",
            "What is not promised"
        ]
    );
    assert!(policy.contains("'Report a\nvulnerability'"), "the private way is named");
    assert!(!policy.contains('@'), "no person is named");
}

/// Runs the check of the dependencies with a cargo that answers as told; `None` where there is no such check.
fn advisories(package: (&str, u8), fetch: &str, check: u8, has_deny: bool) -> Option<Outcome> {
    let script = project().join(".ci/advisories");
    if !script.exists() {
        skipped("the package has no .ci");
        return None;
    }
    let bin = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| {
        let path = bin.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{text}")).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    };
    let (told, code) = package;
    put(
        "cargo",
        &format!(
            "case \"$*\" in\n\
             'package --no-verify --allow-dirty --locked --target-dir '*) printf '%s\\n' '{told}' >&2; exit {code};;\n\
             'deny fetch db') {fetch};;\n\
             'deny --offline check advisories') echo asked; exit {check};;\n\
             *) echo \"unexpected: $*\"; exit 99;;\nesac\n"
        ),
    );
    if has_deny {
        put("cargo-deny", "exit 99\n");
    }
    let mut command = Command::new("bash");
    let path = format!("{}:/usr/bin:/bin", bin.path().display());
    command.arg(script).env_clear().env("PATH", path).env("ADVISORIES_PATIENCE", "2");
    Some(run(&mut command, b""))
}

const PACKAGED: (&str, u8) = ("    Packaged 1 files", 0);

#[test]
fn advisories_are_asked_for_where_they_can_be() {
    for (fetch, check, code, told) in [
        ("exit 0", 0, 0, "asked\nadvisories: checked\n"),
        ("exit 0", 1, 1, "asked\nadvisories: FOUND\n"),
        ("exit 1", 0, 0, "advisories: NOT checked, the database cannot be reached\n"),
        // One that hangs is given up.
        ("exec sleep 100", 0, 0, "advisories: NOT checked, the database cannot be reached\n"),
    ] {
        let Some(outcome) = advisories(PACKAGED, fetch, check, true) else { return };
        outcome.is(code, &format!("withdrawn versions: checked\n{told}"), "");
    }
    if Path::new("/usr/bin/cargo-deny").exists() {
        return skipped("cargo-deny is installed for everybody");
    }
    let Some(outcome) = advisories(PACKAGED, "exit 99", 99, false) else { return };
    let told = "advisories: NOT checked, cargo-deny cannot be had here\n";
    outcome.is(0, &format!("withdrawn versions: checked\n{told}"), "");
}

#[test]
fn withdrawn_versions_are_found_and_what_was_not_asked_is_said() {
    let yanked = "warning: package `url v2.5.3` in Cargo.lock is yanked";
    let Some(outcome) = advisories((yanked, 0), "exit 0", 0, true) else { return };
    let rest = "asked\nadvisories: checked\n";
    outcome.is(1, &format!("{yanked}\nwithdrawn versions: FOUND\n{rest}"), "");
    let Some(outcome) = advisories(("no network", 101), "exit 0", 0, true) else { return };
    let told = "withdrawn versions: NOT checked, the registry cannot be reached or no package can be made: no network\n";
    outcome.is(0, &format!("{told}{rest}"), "");
}

/// The check is of no use where nothing runs it.
#[test]
fn the_advisories_are_part_of_what_decides() {
    let Ok(run) = fs::read_to_string(project().join(".ci/run")) else {
        return skipped("the package has no .ci");
    };
    assert!(run.lines().any(|line| line == ".ci/advisories"), "{run}");
}
