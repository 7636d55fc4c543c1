//! Several users on one machine. What needs two of them runs where the tests are root, and says so elsewhere.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::done;
use super::trust::{STRANGER, is_root, lived_in, set_mode};
use crate::support::disk::snapshot;
use crate::support::emulator::Emulator;
use crate::support::{Sandbox, binary, run, skipped};

#[test]
fn a_file_in_the_directory_of_somebody_else_is_refused() {
    if !is_root() {
        return;
    }
    let sandbox = Sandbox::new();
    let program = given_away(&sandbox);
    let theirs = sandbox.work("theirs");
    fs::create_dir(&theirs).unwrap();
    chown(&theirs, Some(STRANGER + 1), Some(STRANGER)).unwrap();
    set_mode(&theirs, 0o770);
    let create = ["api-key-create", "x", "--file", "theirs/key", "-q"];
    let outcome = done(as_stranger(&sandbox, &program, &create));
    outcome.code(14).stderr(&format!(
        "User {} owns the directory of 'theirs/key', and so can replace or remove it.\n\
         Name a file in a directory of yours.\n",
        STRANGER + 1
    ));
    // Root works for the users of the machine.
    sandbox.run(&create).ok().stderr("");
}

#[test]
fn a_bootstrap_key_of_somebody_else_is_refused() {
    if !is_root() {
        return;
    }
    let sandbox = Sandbox::new();
    let file = sandbox.work("keys/bootstrap.json");
    drop(Emulator::start(&sandbox, &["--store", "keys"], &[]));
    let planted = fs::read(&file).unwrap();
    chown(&file, Some(STRANGER), None).unwrap();
    // One that is taken would serve without end.
    let mut emulate = sandbox.program("timeout");
    emulate.arg("20").arg(binary()).args(["emulate", "--store", "keys"]);
    let outcome = run(&mut emulate, b"");
    let remedy = format!("'chown 0 {}' takes it over", file.display());
    assert!(outcome.code(14).stderr.contains(&remedy), "{outcome:#?}");
    assert_eq!((fs::read(&file).unwrap(), fs::metadata(&file).unwrap().uid()), (planted, STRANGER));
}

/// Gives a box to somebody else, with a program that they can run.
fn given_away(sandbox: &Sandbox) -> PathBuf {
    let program = sandbox.root().join("bin/copy");
    fs::copy(binary(), &program).unwrap();
    set_mode(&program, 0o755);
    for path in snapshot(sandbox.root()).into_keys().filter(|path| !path.is_symlink()) {
        chown(&path, Some(STRANGER), Some(STRANGER)).unwrap();
    }
    program
}

fn as_stranger(sandbox: &Sandbox, program: impl AsRef<std::ffi::OsStr>, args: &[&str]) -> Command {
    let mut command = sandbox.program(program);
    command.args(args).uid(STRANGER).gid(STRANGER);
    command
}

#[test]
fn somebody_else_is_no_less_careful_and_believes_root() {
    if !is_root() {
        return;
    }
    let (_server, sandbox) = lived_in();
    let program = given_away(&sandbox);
    let api_keys = || {
        let mut command = as_stranger(&sandbox, &program, &["api-keys"]);
        done({
            command.env_remove("IBMCLOUD_IAM_BACKEND");
            command
        })
    };
    api_keys().ok().stderr("");
    let config = sandbox.root().join("home/config.json");
    chown(&config, Some(0), None).unwrap();
    set_mode(&config, 0o644);
    api_keys().ok().stderr("");
    chown(&config, Some(STRANGER + 1), None).unwrap();
    let outcome = api_keys();
    let told = format!(
        "belongs to user {}, and you are user {STRANGER}.\nMove it away, or take it over with 'sudo chown {STRANGER} {}'.",
        STRANGER + 1,
        config.display()
    );
    assert!(outcome.code(2).stderr.contains(&told), "{outcome:#?}");
}

#[test]
fn nobody_looks_into_a_running_process_and_it_still_finds_its_own_descriptors() {
    if !cfg!(target_os = "linux") {
        skipped("only Linux can forbid it");
        return;
    }
    let sandbox = Sandbox::new();
    let (id, value) = sandbox.create_with_value("x", &[]);
    let start = |mut command: Command| {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // It waits for the value by then.
        let mut first = [0];
        child.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
        child
    };
    let mut child = if is_root() {
        let program = given_away(&sandbox);
        let script = format!("'{}' api-key-lookup @<(printf %s {value}) --uuid", program.display());
        let mut shell = as_stranger(&sandbox, "bash", &["-c", &script]);
        run(&mut shell, b"").ok().stdout("[ID1]\n");
        start(as_stranger(&sandbox, &program, &["emulate", "--in-memory"]))
    } else {
        let script = format!("ibmcloud-iam api-key-lookup @<(printf %s {value}) --uuid");
        let found = sandbox.bash(&script);
        assert_eq!(found.ok().stdout.trim_end(), id);
        start(sandbox.command(&["emulate", "--in-memory"]))
    };
    let process = format!("/proc/{}", child.id());
    let mut look = Command::new("cat");
    look.arg(format!("{process}/environ")).stdout(Stdio::null()).stderr(Stdio::null());
    if rustix::process::geteuid().is_root() {
        look.uid(STRANGER).gid(STRANGER);
    }
    let can_look = look.status().unwrap().success();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!can_look, "its own user reads its environment");
}
