//! Whole outputs of every command, as snapshots: help, usage errors, and what each command says in its main cases.
//!
//! `SNAPSHOTS=overwrite cargo test transcripts` takes what the program says now; the difference is read before it is
//! committed.

use std::fs;

use clap::CommandFactory as _;
use ibmcloud_iam::cli::Cli;

use crate::support::service::Service;
use crate::support::transcript::Transcript;
use crate::support::{Sandbox, run};

/// Runs commands in a box, one after the other, and compares all that they say.
#[track_caller]
fn transcript(name: &str, sandbox: &Sandbox, commands: &[&[&str]]) {
    let mut transcript = Transcript::default();
    for args in commands {
        transcript.run(sandbox, args);
    }
    transcript.is(name);
}

/// A box with a plain key, a locked one, a disabled one, one that ends, and two of one name.
fn with_keys() -> Sandbox {
    let sandbox = Sandbox::new();
    for (name, flags) in [
        ("plain", &["-d", "for the pipeline"][..]),
        ("locked", &["--lock"]),
        ("disabled", &["--disabled"]),
        ("ending", &["-e", "2026-11-30"]),
        ("twice", &[]),
        ("twice", &[]),
    ] {
        sandbox.create_at("2026-06-01T12:00:00Z", name, flags);
    }
    sandbox
}

#[test]
fn help() {
    let sandbox = Sandbox::new();
    let tree = Cli::command();
    let names = tree.get_subcommands().map(clap::Command::get_name);
    transcript("help/all", &sandbox, &[&["--help"], &[], &["--version"]]);
    for name in names.filter(|name| *name != "help") {
        transcript(&format!("help/{name}"), &sandbox, &[&[name, "--help"]]);
    }
}

#[test]
fn values_that_are_refused() {
    let commands: [&[&str]; 8] = [
        &["api-key-creat"],
        &["api-key-create", "a", "--fil", "f"],
        &["api-key-create", "a", "-e", "yesterday"],
        &["api-key-create", "a", "-e", "2020-01-01"],
        &["api-key-create", "a", "--expires-in", "5 moons"],
        &["api-key-delete", "a", "--all"],
        &["api-key-update", "a"],
        &["api-key-rotate", "a", "--grace", "soon"],
    ];
    transcript("values_that_are_refused", &Sandbox::new(), &commands);
}

#[test]
fn create() {
    let sandbox = Sandbox::new();
    let commands: [&[&str]; 8] = [
        &["api-key-create", "k", "-d", "d", "--dry-run"],
        &["api-key-create", "k", "-d", "d"],
        &["api-key-create", "k", "--file", "key.json", "--expires-in", "90d"],
        &["api-key-create", "k", "--file", "key.json"],
        &["api-key-create", "k", "--file", "key.json", "--force"],
        &["api-key-create", "k", "--lock", "--output", "json"],
        &["api-key-create", "k", "-q"],
        &["api-key-create", "k", "--file", "missing/key.json"],
    ];
    transcript("create", &sandbox, &commands);
}

#[test]
fn list_and_show() {
    let commands: [&[&str]; 9] = [
        &["api-keys"],
        &["api-keys", "--output", "json"],
        &["api-keys", "--state", "disabled"],
        &["api-keys", "--name", "nothing-is-called-so"],
        &["api-key", "plain"],
        &["api-key", "plain", "--history", "--activity"],
        &["api-key", "ending", "--output", "json"],
        &["api-key", "twice"],
        &["api-key", "missing"],
    ];
    transcript("list_and_show", &with_keys(), &commands);
}

#[test]
fn delete_and_states() {
    let commands: [&[&str]; 10] = [
        &["api-key-lock", "plain", "--force"],
        &["api-key-unlock", "plain", "--force"],
        &["api-key-disable", "plain", "--force"],
        &["api-key-enable", "plain", "--force"],
        &["api-key-update", "plain", "-n", "renamed", "--no-expiry"],
        &["api-key-delete", "renamed"],
        &["api-key-delete", "renamed", "--dry-run"],
        &["api-key-delete", "renamed", "--force"],
        &["api-key-delete", "locked", "--force"],
        &["api-key-delete", "--all", "--force"],
    ];
    transcript("delete_and_states", &with_keys(), &commands);
}

#[test]
fn rotate() {
    let sandbox = with_keys();
    let commands: [&[&str]; 6] = [
        &["api-key-rotate", "plain"],
        &["api-key-rotate", "plain", "--dry-run"],
        &["api-key-rotate", "plain", "--output", "json", "--force"],
        &["api-key-rotate", "ending", "--file", "key.json", "--grace", "7d", "--force"],
        &["api-key-rotate", "twice", "--file", "twice.json", "--force"],
        &["api-key-rotate", "locked", "--file", "locked.json", "--force"],
    ];
    transcript("rotate", &sandbox, &commands);
}

#[test]
fn audit() {
    let commands: [&[&str]; 4] = [
        &["api-keys-audit"],
        &["api-keys-audit", "--fail-on", "none"],
        &["api-keys-audit", "--output", "json"],
        &["api-keys-audit", "--fix", "--dry-run"],
    ];
    transcript("audit", &with_keys(), &commands);
}

#[test]
fn recover() {
    let service =
        Service::emulated(&["--fault", "create:drop,after", "--fault", "details:status=503"]);
    let service = service.timeout("0.5");
    let mut said = Transcript::default();
    for args in
        [&["api-key-create", "held", "--file", "key.json"][..], &["api-key-create", "printed"]]
    {
        said.note(args, &service.sandbox, service.run(args));
    }
    let service = service.restarted(&[]);
    for args in [&["recover", "--dry-run"][..], &["recover", "--force"], &["recover"]] {
        said.note(args, &service.sandbox, service.run(args));
    }
    said.is("recover");
}

#[test]
fn login_whoami_and_logout() {
    let service = Service::emulated(&["--in-memory"]);
    let mut said = Transcript::default();
    let value = service.server.value();
    let login = ["login", "--apikey", "-", "--insecure-storage", "--endpoint", &service.endpoint];
    let commands: [&[&str]; 6] = [
        &["whoami"],
        &login,
        &["whoami"],
        &["whoami", "--explain"],
        &["whoami", "-o", "json"],
        &["logout"],
    ];
    for args in commands {
        let outcome = service.told(run(&mut service.bare(args), value.as_bytes()));
        let home = fs::read_dir(service.sandbox.root().join("home")).unwrap();
        let names = home.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let login = names.into_iter().find(|name| name.starts_with("login-"));
        let outcome = outcome.with(&login.unwrap_or("login-".to_owned()), "LOGIN");
        said.note(&args[..1], &service.sandbox, outcome);
    }
    said.is("login_whoami_and_logout");
}
