//! Profiles: logins, endpoints and backends side by side.

use std::fs;

use super::{at, bare, done, log_in, service, token_for, whoami, write_session};
use crate::support::Sandbox;

#[test]
fn a_profile_has_its_own_login_endpoint_and_store() {
    let (one, two, sandbox) = (service(), service(), Sandbox::new());
    log_in(&sandbox, &one, "of-default", &[]);
    log_in(&sandbox, &two, "of-work", &["--profile", "work"]);
    let home = sandbox.root().join("home");
    for directory in [home.clone(), home.join("profiles/work")] {
        assert!(directory.join("config.json").exists());
        super::login_file(&directory);
    }
    let who = |args: &[&str], profile: Option<&str>| {
        let mut command = bare(&sandbox, &[&["whoami", "-o", "json"], args].concat());
        command.envs(profile.map(|name| ("IBMCLOUD_IAM_PROFILE", name)));
        let who = whoami(command);
        ["profile", "user", "endpoint", "store"]
            .map(|field| who[field].as_str().unwrap().to_owned())
    };
    let stores = [home.join("store"), home.join("profiles/work/store")];
    let [default_store, work_store] = stores.map(|store| store.display().to_string());
    let of_default = ["default".to_owned(), "of-default".into(), one.url(), default_store];
    let of_work = ["work".to_owned(), "of-work".into(), two.url(), work_store];
    assert_eq!(who(&[], None), of_default);
    assert_eq!(who(&["--profile", "default"], Some("work")), of_default);
    assert_eq!(who(&["--profile", "work"], None), of_work);
    assert_eq!(who(&[], Some("work")), of_work);
    assert_eq!(who(&["--profile", "work"], Some("other")), of_work, "the flag is nearer");
    done(bare(&sandbox, &["logout", "--profile", "work"])).ok();
    assert_eq!(who(&[], None), of_default);
    done(bare(&sandbox, &["api-keys", "--profile", "work"])).code(7);
}

#[test]
fn a_profile_remembers_its_endpoint_for_every_credential() {
    let (server, sandbox) = (service(), Sandbox::new());
    log_in(&sandbox, &server, "of-work", &["--profile", "work"]);
    let mut command = bare(&sandbox, &["whoami", "-o", "json", "--profile", "work"]);
    command.env("IBMCLOUD_API_KEY", "of-the-variable");
    let who = whoami(command);
    assert_eq!((&who["user"], &who["endpoint"]), (&"of-the-variable".into(), &server.url().into()));
    done(bare(&sandbox, &["logout", "--profile", "work"])).ok();
    let mut command =
        bare(&sandbox, &["login", "--profile", "work", "--apikey", "-", "--insecure-storage"]);
    crate::support::run(&mut command, b"again").ok();
    assert_eq!(
        whoami(bare(&sandbox, &["whoami", "-o", "json", "--profile", "work"]))["endpoint"],
        server.url()
    );
}

#[test]
fn a_profile_that_is_not_there_is_no_way_to_somebody_elses_keys() {
    let (server, sandbox) = (service(), Sandbox::new());
    log_in(&sandbox, &server, "of-default", &[]);
    write_session(&sandbox, &server.url(), &token_for("of-the-session", 3600), "");
    let before = server.requests().len();
    let mut command = at(&sandbox, &server, &["api-keys", "--profile", "wrok"]);
    command.env("IBMCLOUD_API_KEY", "of-the-variable");
    let refused = done(command);
    assert!(refused.code(7).stderr.contains("There is no profile 'wrok'"), "{refused:#?}");
    assert!(refused.stderr.contains("'ibmcloud-iam login --profile wrok'"), "{refused:#?}");
    // Nor is the session of the official CLI: it is of one account, and this one may be of another.
    let directory = sandbox.root().join("home/profiles/work");
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("config.json"), "{\"backend\": \"remote\"}").unwrap();
    let refused = done(at(&sandbox, &server, &["api-keys", "--profile", "work"]));
    assert!(refused.code(7).stderr.contains("You are not logged in"), "{refused:#?}");
    assert_eq!(server.requests().len(), before);
}

#[test]
fn a_profile_may_choose_the_local_store() {
    let sandbox = Sandbox::new();
    let directory = sandbox.root().join("home/profiles/play");
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("config.json"), "{\"backend\": \"local\"}").unwrap();
    done(bare(&sandbox, &["api-key-create", "toy", "--profile", "play", "-q"])).ok();
    assert!(directory.join("store/store.jsonl").exists());
    sandbox.run(&["api-keys", "--uuid"]).ok().stdout("");
    let listed = done(bare(&sandbox, &["api-keys", "--profile", "play", "-o", "json"])).json();
    assert_eq!(listed[0]["name"], "toy");
    // Interrupted commands are everybody's, so that none is forgotten.
    assert!(!directory.join("journal").exists());
}

#[test]
fn a_name_is_checked() {
    let sandbox = Sandbox::new();
    for name in ["", ".", "..", "../x", "a/b", "-x", "a b", "ä"] {
        let flag = format!("--profile={name}");
        done(bare(&sandbox, &["api-keys", &flag])).code(2).stdout("");
        let mut command = bare(&sandbox, &["api-keys"]);
        command.env("IBMCLOUD_IAM_PROFILE", name);
        let refused = done(command);
        assert!(refused.code(2).stderr.contains("IBMCLOUD_IAM_PROFILE is "), "{refused:#?}");
    }
    assert!(!sandbox.root().join("home/profiles").exists());
}
