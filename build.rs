//! Finds out which commit `--version` names, and leaves tables for unwinding out of a release build.
//!
//! `IBMCLOUD_IAM_COMMIT` decides where it is set; empty means none. Else a release build takes the commit from
//! `.cargo_vcs_info.json`, which a package of crates has, or from the git checkout whose root this directory is. A debug build
//! names none, so that a new commit is no reason to compile everything again.

#![expect(clippy::disallowed_methods, reason = "a build script is told in its environment")]

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

/// What a binary is made of, as far as this repository holds it.
const SOURCES: [&str; 5] = ["build.rs", "Cargo.toml", "Cargo.lock", "docs", "src"];
/// What the linker leaves out.
const LEFT_OUT: &str = "packaging/no-unwind-tables.ld";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=IBMCLOUD_IAM_COMMIT");
    let is_release = env::var("PROFILE").is_ok_and(|profile| profile == "release");
    if is_release && env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "linux") {
        let directory = env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
        println!("cargo::rerun-if-changed={LEFT_OUT}");
        println!("cargo::rustc-link-arg-bins=-Wl,-T,{directory}/{LEFT_OUT},--no-eh-frame-hdr");
    }
    let found = || is_release.then(|| packaged().or_else(checked_out)).flatten();
    let commit = env::var("IBMCLOUD_IAM_COMMIT").ok().or_else(found).unwrap_or_default();
    let version = env::var("CARGO_PKG_VERSION").unwrap_or_default();
    match commit.split_whitespace().next() {
        Some(commit) => println!("cargo::rustc-env=IBMCLOUD_IAM_VERSION={version} ({commit})"),
        None => println!("cargo::rustc-env=IBMCLOUD_IAM_VERSION={version}"),
    }
}

/// The commit that a package of crates was made from.
fn packaged() -> Option<String> {
    let info = fs::read_to_string(".cargo_vcs_info.json").ok()?;
    let commit = info.split("\"sha1\": \"").nth(1)?.split('"').next()?;
    Some(named(commit, info.contains("\"dirty\": true")))
}

/// The commit that is checked out here.
fn checked_out() -> Option<String> {
    // The checkout of somebody else may be around this directory.
    if !git(&["rev-parse", "--show-prefix"])?.is_empty() {
        return None;
    }
    let commit = git(&["rev-parse", "HEAD"])?;
    // HEAD changes with the branch, its log with every commit. Where one is missing, cargo asks again each time.
    for file in ["HEAD", "logs/HEAD"] {
        let path = git(&["rev-parse", "--git-path", file])?;
        println!("cargo::rerun-if-changed={path}");
    }
    for source in SOURCES.iter().filter(|source| Path::new(source).exists()) {
        println!("cargo::rerun-if-changed={source}");
    }
    let changes =
        git(&[&["status", "--porcelain", "--untracked-files=no", "--"], &SOURCES[..]].concat())?;
    Some(named(&commit, !changes.is_empty()))
}

fn named(commit: &str, is_changed: bool) -> String {
    let short: String = commit.chars().take(7).collect();
    if is_changed { format!("{short}-modified") } else { short }
}

/// Asks git, which writes nothing.
fn git(args: &[&str]) -> Option<String> {
    let answer = Command::new("git").arg("--no-optional-locks").args(args).output().ok()?;
    let text = String::from_utf8(answer.stdout).ok()?;
    answer.status.success().then(|| text.trim_end().to_owned())
}
