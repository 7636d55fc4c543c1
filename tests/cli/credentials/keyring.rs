//! The keyring of the operating system: a real Secret Service, in every mood.

use std::fs;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::{bare, log_in, service, whoami};
use crate::support::bus::{Bus, bus};
use crate::support::disk::snapshot;
use crate::support::emulator::Emulator;
use crate::support::server::Server;
use crate::support::{Outcome, Sandbox, USER, run};

impl Bus {
    fn run(&self, sandbox: &Sandbox, args: &[&str], input: &str) -> Outcome {
        run(&mut self.on(bare(sandbox, args)), input.as_bytes())
    }

    /// Logs in with a key that the keyring keeps.
    #[track_caller]
    fn log_in(&self, sandbox: &Sandbox, server: &Server, key: &str) -> Outcome {
        let url = server.url();
        self.run(sandbox, &["login", "--apikey", "-", "--endpoint", &url], key)
    }
}

/// Everything below the program's own directory, as one text.
fn everything(sandbox: &Sandbox) -> String {
    let things = snapshot(&sandbox.root().join("home"));
    things.values().map(|thing| String::from_utf8_lossy(&thing.bytes).into_owned()).collect()
}

#[test]
fn a_key_lives_in_the_keyring_and_nowhere_else() {
    let (server, sandbox) = (service(), Sandbox::new());
    let Some(bus) = bus(&sandbox) else { return };
    let keyrings = sandbox.root().join("keyrings");
    let provider = bus.provider(&sandbox, &keyrings, true);
    let outcome = bus.log_in(&sandbox, &server, "-key-with-\"quotes\\");
    outcome.ok();
    let outcome = bus.log_in(&sandbox, &server, "-key-of-the-keyring");
    assert!(
        outcome.ok().stdout.ends_with("The API key is kept in the OS keyring.\n"),
        "{outcome:#?}"
    );
    let config = everything(&sandbox).replace("\"user\": \"-key-of-the-keyring\"", "");
    let config = config.replace("\"iam_id\": \"IBMid--key-of-the-keyring\"", "");
    assert!(config.contains("\"kept\": \"keyring\"") && !config.contains("-key-of"), "{config}");
    let who = |sandbox: &Sandbox| whoami(bus.on(bare(sandbox, &["whoami", "-o", "json"])));
    assert_eq!(
        (&who(&sandbox)["user"], &who(&sandbox)["detail"]),
        (&"-key-of-the-keyring".into(), &"OS keyring".into())
    );
    // Another session of the same person finds it again.
    drop(provider);
    let provider = bus.provider(&sandbox, &keyrings, true);
    fs::remove_dir_all(sandbox.root().join("home/tokens")).unwrap();
    assert_eq!(who(&sandbox)["user"], "-key-of-the-keyring");
    // A new login takes the place of the old one, and a profile has its own.
    bus.log_in(&sandbox, &server, "second").ok();
    let url = server.url();
    bus.run(&sandbox, &["login", "--apikey", "-", "--profile", "p", "--endpoint", &url], "third")
        .ok();
    assert_eq!(who(&sandbox)["user"], "second");
    bus.run(&sandbox, &["logout"], "").ok();
    bus.run(&sandbox, &["api-keys"], "").code(7);
    bus.run(&sandbox, &["api-keys", "--profile", "p"], "").ok();
    // In a file from now on; then nothing asks the keyring.
    bus.log_in(&sandbox, &server, "fourth").ok();
    drop(log_in(&sandbox, &server, "fifth", &[]));
    drop(provider);
    assert_eq!(who(&sandbox)["user"], "fifth");
}

#[test]
fn a_login_to_a_platform_is_kept_there_and_follows_the_key() {
    let sandbox = Sandbox::new();
    let Some(bus) = bus(&sandbox) else { return };
    let _provider = bus.provider(&sandbox, &sandbox.root().join("keyrings"), true);
    let env_file = sandbox.root().join("emulator.env");
    let flags = ["--in-memory", "--env-file", env_file.to_str().unwrap()];
    let emulator = Emulator::start(&sandbox, &flags, &[]);
    let text = fs::read_to_string(&env_file).unwrap();
    let password = text.split("export CPD_PASSWORD=").nth(1).unwrap().lines().next().unwrap();
    let url = emulator.endpoint();
    let login = ["login", "--platform", url, "--username", USER];
    let by_password = [&login[..], &["--password", "-"]].concat();
    let told = bus.run(&sandbox, &by_password, password);
    assert!(told.ok().stdout.ends_with("The password is kept in the OS keyring.\n"), "{told:#?}");
    assert!(!everything(&sandbox).contains(password));
    let rotate = ["platform-api-key-rotate", "--force", "--file", "k"];
    bus.run(&sandbox, &rotate, "").ok();
    // From now on with the key, which takes the place of the password.
    let told = bus.run(&sandbox, &[&login[..], &["--apikey", "@k"]].concat(), "");
    assert!(
        told.ok().stdout.ends_with("The platform API key is kept in the OS keyring.\n"),
        "{told:#?}"
    );
    for _ in 0..2 {
        let told = bus.run(&sandbox, &rotate, "");
        assert!(told.ok().stdout.ends_with("The login was moved to the new key\n"), "{told:#?}");
    }
    bus.run(&sandbox, &["platform-api-key-check"], "").ok();
    assert!(!everything(&sandbox).contains(&sandbox.value_in("k")));
    bus.run(&sandbox, &["logout"], "").ok();
    bus.run(&sandbox, &["platform-api-key-check"], "").code(7);
}

#[test]
fn a_locked_keyring_is_said_to_be() {
    let (server, sandbox) = (service(), Sandbox::new());
    let Some(bus) = bus(&sandbox) else { return };
    let keyrings = sandbox.root().join("keyrings");
    drop({
        let provider = bus.provider(&sandbox, &keyrings, true);
        bus.log_in(&sandbox, &server, "key").ok();
        provider
    });
    let before = everything(&sandbox);
    let _locked = bus.provider(&sandbox, &keyrings, false);
    for args in [&["api-keys"][..], &["whoami"], &["bearer-token"], &["logout"]] {
        unusable(&bus.run(&sandbox, args, ""), "it is locked");
    }
    unusable(&bus.log_in(&sandbox, &server, "other"), "it is locked");
    let records = |text: &str| text.matches("\"entry\"").count();
    assert_eq!(records(&everything(&sandbox)), records(&before), "the login stays");
}

#[track_caller]
fn unusable(outcome: &Outcome, why: &str) {
    let told = format!("FAILED\nThe OS keyring cannot be used: {why}");
    assert!(outcome.code(10).stderr.starts_with(&told), "{outcome:#?}");
    assert!(
        outcome.stderr.contains("Unlock or start it, or keep the API key in a file"),
        "{outcome:#?}"
    );
}

#[test]
fn a_bus_without_a_provider_or_a_provider_without_a_keyring_keeps_nothing() {
    let (server, sandbox) = (service(), Sandbox::new());
    let Some(bus) = bus(&sandbox) else { return };
    unusable(&bus.log_in(&sandbox, &server, "key"), "no keyring runs in this session (");
    let _empty = bus.provider(&sandbox, &sandbox.root().join("nothing"), false);
    let empty = "it is locked, or has no collection that could keep anything.";
    unusable(&bus.log_in(&sandbox, &server, "key"), empty);
    assert!(!everything(&sandbox).contains("\"entry\""));
    // What the record knows and the keyring does not is an error, and no silence.
    let record = format!(
        "{{\"backend\":\"remote\",\"logins\":[{{\"endpoint\":\"{}\",\"kept\":\"keyring\",\
         \"entry\":\"0000000000000000\",\"iam_id\":\"i\",\"account_id\":\"a\",\"user\":\"u\"}}]}}",
        server.url()
    );
    fs::write(sandbox.root().join("home/config.json"), record).unwrap();
    let refused = bus.run(&sandbox, &["api-keys"], "");
    assert!(refused.code(7).stderr.contains("is gone from its OS keyring."), "{refused:#?}");
    assert!(refused.stderr.contains("Log in again with 'ibmcloud-iam login'."), "{refused:#?}");
    bus.run(&sandbox, &["logout"], "").ok();
    bus.run(&sandbox, &["logout"], "").ok().stdout("Nobody was logged in\n");
}

#[test]
fn a_keyring_that_hangs_hangs_nobody_for_long() {
    let (server, sandbox) = (service(), Sandbox::new());
    let Some(bus) = bus(&sandbox) else { return };
    let provider = bus.provider(&sandbox, &sandbox.root().join("keyrings"), true);
    bus.log_in(&sandbox, &server, "key").ok();
    let pid = Pid::from_child(&provider.0);
    kill_process(pid, Signal::STOP).unwrap();
    let url = server.url();
    let mut longest = Duration::ZERO;
    for args in [
        &["api-keys"][..],
        &["api-key-create", "x", "--file", "k"],
        &["whoami", "--explain"],
        &["bearer-token"],
        &["logout"],
        &["login", "--apikey", "-", "--endpoint", &url],
    ] {
        let start = Instant::now();
        let outcome = bus.run(&sandbox, args, "other");
        let took = start.elapsed();
        unusable(&outcome, "it did not answer within 3 seconds.");
        assert!(took < Duration::from_secs(4), "{args:?} took {took:?}");
        longest = longest.max(took);
    }
    println!("longest: {longest:?}");
    // Whoever needs no keyring does not ask it, and so needs no patience.
    for (args, variable) in [
        (&["--version"][..], None),
        (&["api-keys", "--backend", "local"], None),
        (&["api-keys", "--endpoint", &url], Some(("IBMCLOUD_API_KEY", "key"))),
        (&["whoami", "--endpoint", &url], Some(("IC_API_KEY", "key"))),
        (
            &["login", "--apikey", "-", "--insecure-storage", "--profile", "p"],
            Some(("IBMCLOUD_IAM_API_ENDPOINT", url.as_str())),
        ),
        (&["api-keys", "--profile", "p"], None),
    ] {
        let start = Instant::now();
        let mut command = bus.on(bare(&sandbox, args));
        command.envs(variable);
        run(&mut command, b"key").ok();
        assert!(start.elapsed() < Duration::from_millis(2_500), "{args:?}");
    }
    let mut shell = bus.on(bare(&sandbox, &["--", "ibmcloud-iam", "api-key", ""]));
    shell.env("IBMCLOUD_IAM_COMPLETE", "bash").env("_CLAP_COMPLETE_INDEX", "2");
    let start = Instant::now();
    run(&mut shell, b"");
    assert!(start.elapsed() < Duration::from_millis(2_500), "completion asked the keyring");
    kill_process(pid, Signal::CONT).unwrap();
    assert_eq!(whoami(bus.on(bare(&sandbox, &["whoami", "-o", "json"])))["user"], "key");
}

#[test]
fn an_entry_is_bound_to_the_token_service() {
    let (server, stranger, sandbox) = (service(), service(), Sandbox::new());
    let Some(bus) = bus(&sandbox) else { return };
    let _provider = bus.provider(&sandbox, &sandbox.root().join("keyrings"), true);
    let config = sandbox.root().join("home/config.json");
    bus.log_in(&sandbox, &server, "key").ok();
    let good = fs::read_to_string(&config).unwrap();
    let with = |auth: &str, entry: &str| {
        let from = format!("\"endpoint\": \"{}\",", server.url());
        let text = good.replace(&from, &format!("{from} \"auth\": \"{auth}\","));
        assert_ne!(text, good);
        text.replace("\"entry\": \"", &format!("\"entry\": \"{entry}"))
    };
    for (record, why) in [
        (with(&stranger.url(), ""), "holds no API key of a login to "),
        (with(&stranger.url(), "x "), "is not as it was written"),
    ] {
        fs::write(&config, record).unwrap();
        fs::remove_dir_all(sandbox.root().join("home/tokens")).unwrap_or_default();
        let refused = bus.run(&sandbox, &["api-keys"], "");
        assert!(refused.code(7).stderr.contains(why), "{refused:#?}");
        assert!(refused.stderr.contains("Log in again with"), "{refused:#?}");
    }
    assert!(stranger.requests().is_empty());
    fs::write(&config, &good).unwrap();
    bus.run(&sandbox, &["api-keys"], "").ok();
    // One that has a token service of its own, kept by this version, is found again and goes with its login.
    let url = server.url();
    let mut login = bus.on(bare(&sandbox, &["login", "--apikey", "-", "--endpoint", &url]));
    run(login.env("IAM_IDENTITY_AUTH_URL", stranger.url()), b"other").ok();
    fs::remove_dir_all(sandbox.root().join("home/tokens")).unwrap();
    assert_eq!(whoami(bus.on(bare(&sandbox, &["whoami", "-o", "json"])))["user"], "other");
    bus.run(&sandbox, &["logout"], "").ok();
    bus.run(&sandbox, &["logout"], "").ok().stdout("Nobody was logged in\n");
}
