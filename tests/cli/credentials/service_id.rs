//! A key of a service ID logs in as the service ID, which has keys of its own and may do nothing else.

use std::fs;
use std::process::Command;

use ibmcloud_iam::systems::System;

use crate::support::emulator::Emulator;
use crate::support::service::{SERVICE, Service};
use crate::support::transcript::Transcript;
use crate::support::{Outcome, run};

/// A service at which a service ID has a key, in FILE.
fn served() -> Service<Emulator> {
    let service = Service::emulated(&["--in-memory"]).about(System::ServiceIds);
    service.run(&["service-id-create", SERVICE, "-q"]).ok();
    service.run(&["api-key-create", "ci", "--file", "key.json", "-q"]).ok();
    service
}

/// The program with the key in FILE.
fn by_file(service: &Service<Emulator>, args: &[&str]) -> Command {
    let mut command = service.sandbox.unchosen(args);
    command.env("IBMCLOUD_IAM_API_ENDPOINT", &service.endpoint);
    command.env("IBMCLOUD_API_KEY", "@key.json");
    command
}

/// What a command said, but for what differs from run to run.
fn told(service: &Service<Emulator>, command: &mut Command) -> Outcome {
    let mut outcome = service.told(run(command, b""));
    let traces: Vec<String> = outcome
        .stderr
        .lines()
        .filter_map(|line| line.strip_prefix("Transaction-Id: "))
        .map(str::to_owned)
        .collect();
    for trace in traces {
        outcome = outcome.with(&trace, "TRACE");
    }
    let mut names = fs::read_dir(service.sandbox.root().join("home"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap());
    match names.find(|name| name.starts_with("login-")) {
        Some(login) => outcome.with(&login, "LOGIN"),
        None => outcome,
    }
}

#[test]
fn a_service_id_acts_on_its_own_keys_alone_and_ends_with_its_tokens() {
    let service = served();
    let mut said = Transcript::default();
    let shown = service.run(&["service-id", SERVICE, "--uuid"]);
    let id = shown.ok().stdout.trim_end();
    service.run(&["service-id-create", "another", "-q"]).ok();
    let another = service.run(&["service-id", "another", "--uuid"]).stdout;
    service
        .run(&["service-api-key-create", "theirs", "another", "--file", "theirs.json", "-q"])
        .ok();
    let theirs = service.run(&["api-key-lookup", "@theirs.json", "--uuid"]).stdout;
    let (another, theirs) = (another.trim_end(), theirs.trim_end());
    for args in [
        &["whoami"][..],
        &["whoami", "-o", "json"],
        &["api-keys"],
        &["service-api-keys", id],
        &["service-id", id, "--uuid"],
        &["api-key-create", "own", "--file", "own.json", "-q"],
        &["api-key-lock", "own", "-f", "-q"],
        &["api-key-unlock", "own", "-f", "-q"],
        &["api-key-delete", "own", "-f"],
        // What it may not do.
        &["service-ids"],
        &["service-id-create", "x", "-q"],
        &["service-id-delete", id, "-f", "-q"],
        &["service-id", another],
        &["service-api-keys", SERVICE, "-q"],
        &["service-api-keys", "--all", "-q"],
        &["service-api-key-create", "k", another, "--file", "k.json", "-q"],
        &["api-key-delete", theirs, "-f", "-q"],
        &["api-keys", "--all-users", "-q"],
        &["api-keys-audit", "--all-service-ids", "--error-format", "json", "-q"],
    ] {
        let outcome = told(&service, &mut by_file(&service, args));
        let names_it = outcome.stderr.contains(&format!("The credential is a key of {id}, which"));
        assert_eq!(names_it, outcome.code == 8, "{outcome:#?}");
        said.note(args, &service.sandbox, outcome);
    }
    // By a login. It outlives the service ID; its token does not.
    let value = service.sandbox.value_in("key.json");
    service.log_in(&value);
    let mut bare = |args: &[&str]| {
        said.note(args, &service.sandbox, told(&service, &mut service.sandbox.unchosen(args)));
    };
    bare(&["whoami"]);
    bare(&["api-keys", "--uuid"]);
    service.run(&["service-id-delete", SERVICE, "-f", "-q"]).ok();
    bare(&["api-keys"]);
    bare(&["service-id", id]);
    said.is("acting_as_a_service_id");
}
