//! Rotations at the service: who logs in meanwhile, the credential in use, and old keys that others change.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_json::Value;

use super::id_in_file;
use crate::support::emulator::Emulator;
use crate::support::{Outcome, Sandbox, run};

const TO_FILE: [&str; 5] = ["api-key-rotate", "ci", "--file", "key.json", "--force"];

/// The service, and a command that goes to it.
fn at_the_service(sandbox: &Sandbox, faults: &[&str]) -> Emulator {
    let flags: Vec<&str> = faults.iter().flat_map(|fault| ["--fault", fault]).collect();
    Emulator::start(sandbox, &[&["--in-memory"], &flags[..]].concat(), &[])
}

fn there(sandbox: &Sandbox, endpoint: &str, key: &str, args: &[&str]) -> Outcome {
    let mut command = sandbox.command(args);
    command
        .env("IBMCLOUD_IAM_BACKEND", "remote")
        .env("IBMCLOUD_IAM_API_ENDPOINT", endpoint)
        .env("IBMCLOUD_API_KEY", key);
    run(&mut command, b"")
}

fn value_in_file(sandbox: &Sandbox) -> String {
    let document = fs::read(sandbox.work("key.json")).unwrap();
    let document: Value = serde_json::from_slice(&document).unwrap();
    document["apikey"].as_str().unwrap().to_owned()
}

#[test]
fn who_logs_in_all_the_while_never_fails() {
    let sandbox = Sandbox::new();
    let emulator = at_the_service(&sandbox, &[]);
    let boot = format!("@{}", emulator.key_file().display());
    let make = ["api-key-create", "ci", "--file", "key.json", "-q"];
    there(&sandbox, emulator.endpoint(), &boot, &make).ok();
    let is_over = AtomicBool::new(false);
    let client = emulator.client();
    thread::scope(|scope| {
        let logins = scope.spawn(|| {
            let mut count = 0;
            while !is_over.load(Ordering::SeqCst) || count < 20 {
                let value = value_in_file(&sandbox);
                assert_eq!(client.log_in(&value).0, 200);
                count += 1;
            }
        });
        for _ in 0..5 {
            let rotate = ["api-key-rotate", "ci", "--file", "key.json", "--grace", "7d", "--force"];
            there(&sandbox, emulator.endpoint(), &boot, &rotate).ok();
        }
        is_over.store(true, Ordering::SeqCst);
        logins.join().unwrap();
    });
}

#[test]
fn the_credential_in_use_can_be_rotated() {
    let sandbox = Sandbox::new();
    let emulator = at_the_service(&sandbox, &[]);
    let boot = format!("@{}", emulator.key_file().display());
    there(
        &sandbox,
        emulator.endpoint(),
        &boot,
        &["api-key-create", "ci", "--file", "key.json", "-q"],
    )
    .ok();
    for _ in 0..2 {
        let before = value_in_file(&sandbox);
        let outcome = there(&sandbox, emulator.endpoint(), "@key.json", &TO_FILE);
        assert!(
            outcome.ok().stderr.contains("The credential in use is the key that was rotated"),
            "{outcome:#?}"
        );
        assert_eq!(emulator.client().log_in(&before).0, 400, "the old one is disabled");
        assert_eq!(emulator.client().log_in(&value_in_file(&sandbox)).0, 200);
    }
}

#[test]
fn a_new_key_that_needs_a_moment_gets_it() {
    let sandbox = Sandbox::new();
    // The first three tokens are for the commands themselves.
    let emulator = at_the_service(&sandbox, &["token:status=400,skip=1,times=2"]);
    let boot = format!("@{}", emulator.key_file().display());
    there(
        &sandbox,
        emulator.endpoint(),
        &boot,
        &["api-key-create", "ci", "--file", "key.json", "-q"],
    )
    .ok();
    there(&sandbox, emulator.endpoint(), &boot, &TO_FILE).ok();
}

#[test]
fn a_new_key_that_never_works_is_taken_back() {
    let sandbox = Sandbox::new();
    let emulator = at_the_service(&sandbox, &["token:status=503,skip=1"]);
    let boot = format!("@{}", emulator.key_file().display());
    there(
        &sandbox,
        emulator.endpoint(),
        &boot,
        &["api-key-create", "ci", "--file", "key.json", "-q"],
    )
    .ok();
    let file = fs::read(sandbox.work("key.json")).unwrap();
    let outcome = there(&sandbox, emulator.endpoint(), &boot, &TO_FILE);
    assert!(outcome.code(10).stderr.contains("The old one was not touched."), "{outcome:#?}");
    assert_eq!(fs::read(sandbox.work("key.json")).unwrap(), file, "FILE holds the old key");
    let keys = there(&sandbox, emulator.endpoint(), &boot, &["api-keys", "-o", "json"]).json();
    assert_eq!(keys.as_array().unwrap().len(), 1);
    assert_eq!((sandbox.open_entries(), sandbox.files_in_work().len()), (0, 1));
}

#[test]
fn an_old_key_that_somebody_locks_meanwhile_is_told_of() {
    let sandbox = Sandbox::new();
    let emulator =
        at_the_service(&sandbox, &["disable:status=409,times=1", "disable:delay=1500ms,skip=1"]);
    let boot = format!("@{}", emulator.key_file().display());
    there(
        &sandbox,
        emulator.endpoint(),
        &boot,
        &["api-key-create", "ci", "--file", "key.json", "-q"],
    )
    .ok();
    let old = id_in_file(&sandbox);
    let endpoint = emulator.endpoint().to_owned();
    let outcome = thread::scope(|scope| {
        let rotating = scope.spawn(|| there(&sandbox, &endpoint, &boot, &TO_FILE));
        // When FILE is in place the old key is all that is left to do.
        while id_in_file(&sandbox) == old {
            thread::sleep(std::time::Duration::from_millis(5));
        }
        thread::sleep(std::time::Duration::from_millis(300));
        let (status, _) = emulator.client().call("POST", &format!("/v1/apikeys/{old}/lock"));
        assert_eq!(status, 204);
        rotating.join().unwrap()
    });
    assert!(
        outcome.code(6).stderr.contains("is in its place, but the old one could not be retired")
    );
    assert!(outcome.stderr.contains("Run 'ibmcloud-iam recover' to finish it."), "{outcome:#?}");
    let blocked = there(&sandbox, emulator.endpoint(), &boot, &["recover"]);
    assert!(blocked.code(12).stdout.contains("could not be retired"), "{blocked:#?}");
    there(&sandbox, emulator.endpoint(), &boot, &["api-key-unlock", &old, "--force"]).ok();
    let recovered = there(&sandbox, emulator.endpoint(), &boot, &["recover"]);
    assert!(recovered.ok().stdout.contains("; the old key ApiKey-"), "{recovered:#?}");
}

#[test]
fn a_change_of_the_old_key_in_between_does_not_stop_it() {
    let sandbox = Sandbox::new();
    let emulator = at_the_service(&sandbox, &["update:status=409,times=2"]);
    let boot = format!("@{}", emulator.key_file().display());
    there(
        &sandbox,
        emulator.endpoint(),
        &boot,
        &["api-key-create", "ci", "--file", "key.json", "-q"],
    )
    .ok();
    let rotate = ["api-key-rotate", "ci", "--file", "key.json", "--grace", "7d", "--force"];
    let outcome = there(&sandbox, emulator.endpoint(), &boot, &rotate);
    assert!(outcome.ok().stdout.ends_with(" works until 2026-11-28T09:00+0000\n"), "{outcome:#?}");
}

/// The printed rotation of `ci`, with its standard output in a place.
fn printed(sandbox: &Sandbox, emulator: &Emulator, key: &str, out: &str) -> Outcome {
    let mut command = sandbox.command(&["api-key-rotate", "ci", "--force", "--output", "json"]);
    command
        .env("IBMCLOUD_IAM_BACKEND", "remote")
        .env("IBMCLOUD_IAM_API_ENDPOINT", emulator.endpoint())
        .env("IBMCLOUD_API_KEY", key);
    let out = fs::OpenOptions::new().create(true).write(true).truncate(true).open(out).unwrap();
    command.stdin(std::process::Stdio::null()).stdout(out).stderr(std::process::Stdio::piped());
    Outcome::from(command.output().unwrap())
}

/// The states of the keys of the account, oldest first.
fn states(sandbox: &Sandbox, emulator: &Emulator, key: &str) -> Vec<String> {
    let keys = there(sandbox, emulator.endpoint(), key, &["api-keys", "-o", "json"]).json();
    let states = keys.as_array().unwrap().iter();
    states.map(|key| key["state"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_printed_rotation_is_repeated_with_a_value_that_works() {
    for (fault, first, code) in
        [(&[][..], "/dev/full", 1), (&["disable:status=503,times=4"], "new.json", 10)]
    {
        let sandbox = Sandbox::new();
        let emulator = at_the_service(&sandbox, fault);
        let boot = format!("@{}", emulator.key_file().display());
        there(
            &sandbox,
            emulator.endpoint(),
            &boot,
            &["api-key-create", "ci", "--file", "key.json", "-q"],
        )
        .ok();
        let new = sandbox.work("new.json");
        let first = if first == "/dev/full" { first } else { new.to_str().unwrap() };
        printed(&sandbox, &emulator, &boot, first).code(code);
        assert_eq!(emulator.client().log_in(&value_in_file(&sandbox)).0, 200, "the old one works");
        printed(&sandbox, &emulator, &boot, new.to_str().unwrap()).ok();
        let document: Value = serde_json::from_slice(&fs::read(&new).unwrap()).unwrap();
        assert_eq!(emulator.client().log_in(document["apikey"].as_str().unwrap()).0, 200);
        assert_eq!(states(&sandbox, &emulator, &boot), ["phased out", "active"]);
        assert_eq!(sandbox.open_entries(), 0);
    }
}

#[test]
fn a_printed_key_that_somebody_uses_is_not_taken_back() {
    let sandbox = Sandbox::new();
    let emulator = at_the_service(&sandbox, &["disable:status=503,times=4"]);
    let boot = format!("@{}", emulator.key_file().display());
    there(
        &sandbox,
        emulator.endpoint(),
        &boot,
        &["api-key-create", "ci", "--file", "key.json", "-q"],
    )
    .ok();
    let new = sandbox.work("new.json");
    printed(&sandbox, &emulator, &boot, new.to_str().unwrap()).code(10);
    let document: Value = serde_json::from_slice(&fs::read(&new).unwrap()).unwrap();
    assert_eq!(emulator.client().log_in(document["apikey"].as_str().unwrap()).0, 200);
    let again = printed(&sandbox, &emulator, &boot, "/dev/null");
    assert!(again.code(5).stderr.contains("may be in use; the old key ApiKey-"), "{again:#?}");
    there(&sandbox, emulator.endpoint(), &boot, &["recover"]).ok();
    assert_eq!(states(&sandbox, &emulator, &boot), ["phased out", "active"]);
}

#[test]
fn a_new_key_that_was_disabled_meanwhile_does_not_get_into_the_file() {
    let sandbox = Sandbox::new();
    let emulator = at_the_service(&sandbox, &["token:delay=3s,skip=1,times=1"]);
    let boot = format!("@{}", emulator.key_file().display());
    there(
        &sandbox,
        emulator.endpoint(),
        &boot,
        &["api-key-create", "ci", "--file", "key.json", "-q"],
    )
    .ok();
    let old = fs::read(sandbox.work("key.json")).unwrap();
    // Killed while the new key is about to prove itself.
    let mut command = sandbox.command(&TO_FILE);
    command
        .env("IBMCLOUD_IAM_BACKEND", "remote")
        .env("IBMCLOUD_IAM_API_ENDPOINT", emulator.endpoint())
        .env("IBMCLOUD_API_KEY", &boot);
    let mut child = command.spawn().unwrap();
    let made = (0..200).find_map(|_| {
        thread::sleep(std::time::Duration::from_millis(10));
        let keys = there(&sandbox, emulator.endpoint(), &boot, &["api-keys", "-o", "json"]).json();
        keys.as_array().unwrap().get(1).map(|key| key["id"].as_str().unwrap().to_owned())
    });
    let made = made.unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    there(&sandbox, emulator.endpoint(), &boot, &["api-key-disable", &made, "--force", "-q"]).ok();
    let blocked = there(&sandbox, emulator.endpoint(), &boot, &["recover", "--force"]);
    assert!(blocked.code(12).stdout.contains("does not work: "), "{blocked:#?}");
    assert_eq!(fs::read(sandbox.work("key.json")).unwrap(), old, "FILE holds what works");
    there(&sandbox, emulator.endpoint(), &boot, &["api-key-enable", &made, "--force", "-q"]).ok();
    there(&sandbox, emulator.endpoint(), &boot, &["recover", "--force"]).ok();
    assert_eq!(states(&sandbox, &emulator, &boot), ["phased out", "active"]);
    assert_eq!(id_in_file(&sandbox), made);
}
