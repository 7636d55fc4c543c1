//! What Tab knows of the keys at the service: what earlier commands have learned, and nothing of anybody else's.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use super::complete_with;
use crate::support::disk::snapshot;
use crate::support::emulator::Emulator;
use crate::support::service::Service;
use crate::support::{ACCOUNT, Outcome, Sandbox, mode, run};

/// A box with a served store of its own, and what commands are given to reach it.
pub(super) struct Rig {
    pub(super) service: Service<Emulator>,
    pub(super) env: Vec<(&'static str, String)>,
}

impl Rig {
    pub(super) fn new() -> Self {
        let service = Service::emulated(&["--store", "../served"]).timeout("5");
        let env = vec![
            ("IBMCLOUD_IAM_BACKEND", "remote".to_owned()),
            ("IBMCLOUD_IAM_API_ENDPOINT", service.endpoint.clone()),
            ("IBMCLOUD_API_KEY", service.server.value()),
            ("IBMCLOUD_HTTP_TIMEOUT", "5".to_owned()),
        ];
        Self { service, env }
    }

    pub(super) fn command(&self, args: &[&str]) -> Command {
        let mut command = self.service.sandbox.command(args);
        command.envs(self.env.iter().map(|(name, value)| (name, value.as_str())));
        command
    }

    pub(super) fn run(&self, args: &[&str]) -> Outcome {
        run(&mut self.command(args), b"")
    }

    /// What is offered on this line while the service is stopped, flags aside; nothing else is said.
    #[track_caller]
    pub(super) fn tab_on(&self, more: &[(&str, &str)], line: &[&str]) -> Vec<String> {
        self.service.server.signal(Signal::STOP);
        let mut env: Vec<(&str, &str)> =
            self.env.iter().map(|(name, value)| (*name, value.as_str())).collect();
        env.extend(more);
        let outcome = complete_with(&self.service.sandbox, &env, line);
        self.service.server.signal(Signal::CONT);
        outcome.ok().stderr("");
        outcome.stdout.lines().filter(|word| !word.starts_with('-')).map(str::to_owned).collect()
    }

    #[track_caller]
    pub(super) fn tab(&self) -> Vec<String> {
        self.tab_on(&[], &["api-key", ""])
    }

    pub(super) fn create(&self, name: &str) -> String {
        let made = self.run(&["api-key-create", name, "-o", "json"]).json();
        made["id"].as_str().unwrap().to_owned()
    }

    pub(super) fn directory(&self) -> PathBuf {
        self.service.sandbox.root().join("home/names")
    }

    /// The only file of names.
    #[track_caller]
    pub(super) fn file(&self) -> PathBuf {
        let found: Vec<PathBuf> =
            fs::read_dir(self.directory()).unwrap().map(|entry| entry.unwrap().path()).collect();
        let [file] = &found[..] else { panic!("{found:?}") };
        file.clone()
    }
}

pub(super) const NONE: [&str; 0] = [];

#[test]
fn names_follow_what_commands_learn() {
    let rig = Rig::new();
    rig.run(&["whoami"]).ok();
    assert_eq!(rig.tab(), NONE);
    assert!(!rig.directory().exists(), "nothing was learned");
    rig.run(&["api-key-create", "first", "--file", "key.json"]).ok();
    assert_eq!(rig.tab(), NONE, "one key would look like all of them");
    rig.run(&["api-keys", "--name", "nothing-is-called-so"]).ok();
    assert_eq!(rig.tab(), ["first"], "whatever is filtered, every key was seen");
    let second = rig.create("second");
    assert_eq!(rig.tab(), ["first", "second"]);
    rig.run(&["api-key-update", &second, "-n", "renamed"]).ok();
    assert_eq!(rig.tab(), ["first", "renamed"]);
    assert_eq!(rig.tab_on(&[], &["api-key-delete", "re"]), ["renamed"]);
    assert_eq!(rig.tab_on(&[], &["api-key-delete", &second[..12]]), [&*second]);
    rig.run(&["api-key-lookup", "--uuid", "@../served/bootstrap.json"]).ok();
    assert_eq!(rig.tab(), ["first", "renamed"], "the key that is in no list is not offered");
    rig.run(&["api-key-delete", &second, "--force"]).ok();
    assert_eq!(rig.tab(), ["first"]);
    let rotated = rig.run(&["api-key-rotate", "first", "--force", "-o", "json"]).json();
    assert_eq!(rig.tab(), ["first"], "the name means the new one");
    let both = rig.tab_on(&[], &["api-key-delete", ""]);
    assert_eq!(both.len(), 2, "to delete it means both, which go by their ids: {both:?}");
    assert_eq!(both[1], rotated["id"].as_str().unwrap());
    assert_eq!(rig.tab_on(&[], &["api-key", &both[0][..12]]), [&*both[0]], "asked for by id");
    // With a grace the old key has an end.
    rig.run(&["api-key-rotate", "first", "--grace", "7d", "--force", "-o", "json"]).ok();
    assert_eq!(rig.tab(), ["first"]);
    let all = rig.tab_on(&[], &["api-key-delete", ""]);
    assert_eq!(all.len(), 3);
    rig.run(&["api-key-delete", &all[1], "--force"]).ok();
    // Somebody else deletes one: the command that does not find it says so.
    let (status, _) =
        rig.service.server.client().call("DELETE", &format!("/v1/apikeys/{}", both[0]));
    assert_eq!(status, 204);
    rig.run(&["api-key", &both[0]]).code(3);
    assert_eq!(rig.tab_on(&[], &["api-key-delete", ""]), ["first"]);
    assert_eq!(rig.tab_on(&[], &["api-key-enable", ""]), ["first"]);
    // To find a key by its name is to list them all.
    fs::remove_file(rig.file()).unwrap();
    rig.run(&["api-key", "first"]).ok();
    assert_eq!(rig.tab(), ["first"]);
    // With the service gone for good, and the token long over.
    let Rig { service: Service { sandbox, server, .. }, env } = rig;
    server.stop();
    let mut env: Vec<(&str, &str)> =
        env.iter().map(|(name, value)| (*name, value.as_str())).collect();
    env.push(("IBMCLOUD_IAM_NOW", "2027-01-01T00:00:00Z"));
    let outcome = complete_with(&sandbox, &env, &["api-key", "f"]);
    outcome.ok().stdout("first\n").stderr("");
}

#[test]
fn the_line_and_the_credential_say_whose_names_are_offered() {
    let rig = Rig::new();
    rig.create("at-the-service");
    rig.run(&["api-keys"]).ok();
    rig.service.sandbox.create("here", &[]);
    let other = Rig::new();
    let (there, unknown) = (rig.service.server.endpoint(), other.service.server.endpoint());
    let file = rig.service.server.key_file().display().to_string();
    let (good, bad) = (&*format!("@{file}"), "@/dev/null");
    for (line, offered) in [
        (&["api-key", ""][..], &["at-the-service"][..]),
        (&["iam", "api-key", ""], &["at-the-service"]),
        (&["--backend", "local", "api-key", ""], &["here"]),
        (&["api-key", "--backend=local", ""], &["here"]),
        (&["api-key-delete", "--backend", "local", "x", ""], &["here"]),
        (&["--backend", "remote", "api-key", ""], &["at-the-service"]),
        (&["--backend", "'local'", "api-key", ""], &["here"]),
        (&["api-key", "--profile", "work", ""], &[]),
        (&["--profile=work", "api-key", ""], &[]),
        (&["api-key", "--profile", "default", ""], &["at-the-service"]),
        (&["--endpoint", unknown, "api-key", ""], &[]),
        (&["--endpoint", there, "api-key", ""], &["at-the-service"]),
        (&["--apikey", good, "api-key", ""], &["at-the-service"]),
        (&["--apikey", bad, "api-key", ""], &[]),
        (&["--apikey", "-", "api-key", ""], &[]),
        // What cannot be read counts as not given.
        (&["api-key", "--backend", "nowhere", ""], &["at-the-service"]),
        (&["api-key", "--frob", ""], &["at-the-service"]),
    ] {
        assert_eq!(rig.tab_on(&[], line), offered, "{line:?}");
    }
    for (variable, value) in [
        ("IBMCLOUD_IAM_PROFILE", "work"),
        ("IBMCLOUD_API_KEY", "another-key-of-which-nothing-is-known"),
        ("IBMCLOUD_API_KEY", "@/dev/stdin"),
        ("IBMCLOUD_IAM_API_ENDPOINT", unknown),
        ("IBMCLOUD_IAM_API_ENDPOINT", ""),
    ] {
        assert_eq!(rig.tab_on(&[(variable, value)], &["api-key", ""]), NONE, "{variable}={value}");
    }
    // A profile has names of its own.
    rig.service.sandbox.run(&["api-keys", "--profile", "work"]).ok();
    rig.run(&["api-keys", "--profile", "work"]).ok();
    assert_eq!(rig.tab_on(&[], &["--profile=work", "api-key", ""]), ["at-the-service"]);
    assert_eq!(fs::read_dir(rig.directory()).unwrap().count(), 2);
}

#[test]
fn the_file_is_private_says_whose_it_is_and_holds_no_value() {
    let rig = Rig::new();
    let made = rig.run(&["api-key-create", "canary", "-d", "told nobody", "-o", "json"]).json();
    rig.run(&["api-keys"]).ok();
    let file = rig.file();
    assert_eq!((mode(&file), mode(&rig.directory())), (0o600, 0o700));
    let kept: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    assert_eq!(kept["endpoint"], rig.service.server.endpoint());
    assert_eq!((&kept["account_id"], &kept["profile"]), (&ACCOUNT.into(), &"default".into()));
    assert_eq!(kept["keys"], serde_json::json!([{"id": made["id"], "name": "canary"}]));
    let shown = format!("{kept}");
    for secret in [made["apikey"].as_str().unwrap(), &rig.service.server.value(), "told nobody"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    let name = file.file_name().unwrap().to_str().unwrap();
    assert!(!name.contains("default") && !name.contains(&ACCOUNT[..8]), "{name}");
    let before = snapshot(&rig.directory());
    rig.run(&["api-keys"]).ok();
    assert_eq!(snapshot(&rig.directory()), before, "what is as it was is not written again");
}

#[test]
fn names_that_nobody_looks_at_any_more_go() {
    let rig = Rig::new();
    rig.create("alpha");
    rig.run(&["api-keys"]).ok();
    let long_ago =
        rig.file().metadata().unwrap().modified().unwrap() - Duration::from_secs(91 * 86_400);
    for (name, time) in
        [("names-old.json", Some(long_ago)), ("names-new.json", None), ("other", Some(long_ago))]
    {
        let file = fs::File::create(rig.directory().join(name)).unwrap();
        if let Some(time) = time {
            file.set_modified(time).unwrap();
        }
    }
    rig.create("beta");
    let left = |name: &str| rig.directory().join(name).exists();
    assert_eq!(["names-old.json", "names-new.json", "other"].map(left), [false, true, true]);
    assert_eq!(rig.tab(), ["alpha", "beta"]);
}

#[test]
fn a_login_is_told_its_names_until_it_is_logged_out() {
    let mut rig = Rig::new();
    let endpoint = rig.service.server.endpoint().to_owned();
    let file = format!("@{}", rig.service.server.key_file().display());
    rig.env.clear();
    rig.env.push(("IBMCLOUD_IAM_BACKEND", "remote".to_owned()));
    let login = ["login", "--apikey", &file, "--endpoint", &endpoint, "--insecure-storage"];
    rig.run(&login).ok();
    rig.create("alpha");
    rig.run(&["api-keys"]).ok();
    fs::remove_dir_all(rig.service.sandbox.root().join("home/tokens")).unwrap();
    assert_eq!(rig.tab(), ["alpha"], "the login says whose they are");
    rig.run(&["logout", "--dry-run"]).ok();
    assert_eq!(rig.tab(), ["alpha"]);
    rig.run(&["logout"]).ok();
    assert_eq!(fs::read_dir(rig.directory()).unwrap().count(), 0, "its names went with it");
    assert_eq!(rig.tab(), NONE);
}

#[test]
fn the_session_of_the_official_cli_says_whose_names_are_offered() {
    let rig = Rig::new();
    rig.create("alpha");
    rig.run(&["api-keys"]).ok();
    let token = rig.service.server.client().token.unwrap();
    let session = rig.service.sandbox.root().join("home/.bluemix/config.json");
    fs::create_dir(session.parent().unwrap()).unwrap();
    let says = |token: &str| {
        let endpoint = rig.service.server.endpoint();
        let text =
            serde_json::json!({"IAMEndpoint": endpoint, "IAMToken": format!("Bearer {token}")});
        fs::write(&session, text.to_string()).unwrap();
        let env = [("IBMCLOUD_IAM_BACKEND", "remote")];
        let offered = complete_with(&rig.service.sandbox, &env, &["api-key", "al"]);
        offered.ok().stderr("");
        offered.stdout
    };
    assert_eq!(says(&token), "alpha\n");
    assert_eq!(says("of.nobody.atall"), "");
    // The official CLI is about to write it.
    let held = fs::File::open(&session).unwrap();
    held.lock().unwrap();
    assert_eq!(says(&token), "");
}

#[test]
fn what_is_no_id_of_the_service_is_not_offered() {
    let rig = Rig::new();
    let ids = [rig.create("twin"), rig.create("twin")];
    rig.run(&["api-keys"]).ok();
    let kept = fs::read_to_string(rig.file()).unwrap();
    for foreign in [r"x\u000b$(touch pwned)", r"\u001b[31m", "--force", "ApiKey-$(touch pwned)"] {
        let told = kept.replace(&ids[0], foreign);
        assert_ne!(told, kept);
        fs::write(rig.file(), told).unwrap();
        assert_eq!(rig.tab(), [&*ids[1]], "{foreign}");
    }
}

#[test]
fn local_commands_leave_the_names_alone() {
    let sandbox = Sandbox::new();
    sandbox.create("alpha", &[]);
    sandbox.run(&["api-keys"]).ok();
    assert!(!sandbox.root().join("home/names").exists());
}
