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
    transcript("help/all", &sandbox, &[&["--help"], &["-h"], &[]]);
    transcript("help/short", &sandbox, &[&["api-key-create", "-h"], &["whoami", "-h"]]);
    for name in names.filter(|name| *name != "help") {
        transcript(&format!("help/{name}"), &sandbox, &[&[name, "--help"]]);
    }
}

/// The lines that are wider than the terminal, in COLUMNS, but for what no space parts that is not in quotes.
fn too_wide(sandbox: &Sandbox, args: &[&str], width: usize) -> Vec<String> {
    let outcome = sandbox.run_env(&[("COLUMNS", &width.to_string())], args);
    let can_break = |line: &&str| {
        let line = line.trim().trim_end_matches(" \\");
        line.split(['"', '\'']).step_by(2).any(|part| part.contains(' '))
    };
    let lines = outcome.ok().stdout.lines().filter(|line| line.chars().count() > width);
    lines.filter(can_break).map(str::to_owned).collect()
}

#[test]
fn help_fits_the_terminal() {
    let sandbox = Sandbox::new();
    let tree = Cli::command();
    let names: Vec<_> = tree.get_subcommands().map(clap::Command::get_name).collect();
    let fits = |args: &[&str], width| {
        assert_eq!(too_wide(&sandbox, args, width), [""; 0], "{args:?}, {width}");
    };
    std::thread::scope(|scope| {
        for width in [40, 60, 80] {
            let names = &names;
            scope.spawn(move || {
                for name in names {
                    fits(&[name, "--help"], width);
                }
                fits(&["sl", "user", "apikey", "--help"], width);
                for args in [&["--help"][..], &["-h"], &["api-key-create", "-h"]] {
                    fits(args, width);
                }
            });
        }
    });
    // Paragraphs are broken once, and the last column of a table stays a column.
    let audit = sandbox.run_env(&[("COLUMNS", "60")], &["api-keys-audit", "--help"]);
    for part in [
        "note      It was replaced and not\n                               deleted.\n",
        "benchmark: 'unused' (1.2) and 'use-unknown' are errors,\nafter 180 days; 'old' is 1.3, 'owner-key' 1.5.\n",
    ] {
        assert!(audit.stdout.contains(part), "{part}\n{}", audit.stdout);
    }
    // Where there is room, each command has a line.
    let short = sandbox.run_env(&[("COLUMNS", "80")], &["-h"]);
    for name in names {
        let lines = short.stdout.lines().filter(|line| line.starts_with(&format!("  {name} ")));
        assert_eq!(lines.count(), 1, "{name}");
    }
    let wrapped = short.stdout.lines().filter(|line| line.starts_with("       "));
    assert_eq!(wrapped.collect::<Vec<_>>(), [""; 0]);
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
