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

#[test]
fn help() {
    let sandbox = Sandbox::new();
    let tree = Cli::command();
    let names = tree.get_subcommands().map(clap::Command::get_name);
    transcript("help/all", &sandbox, &[&["--help"], &[]]);
    for name in names.filter(|name| *name != "help") {
        transcript(&format!("help/{name}"), &sandbox, &[&[name, "--help"]]);
    }
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
