//! `login` and `logout`, with the API key kept in a file.

use std::fs;

use serde_json::{Value, json};

use super::{at, bare, done, log_in, login_file, service, whoami};
use crate::support::disk::snapshot;
use crate::support::iam::{BSS_ACCOUNT, key_id};
use crate::support::pty::Terminal;
use crate::support::service::Service;
use crate::support::{Sandbox, mode, run};

#[test]
fn a_key_is_proven_kept_and_used_and_the_remote_backend_is_the_default() {
    let (server, sandbox) = (service(), Sandbox::new());
    let home = sandbox.root().join("home");
    let outcome = log_in(&sandbox, &server, "-key-1\n", &[]);
    let url = server.url();
    let file = login_file(&home);
    outcome.stderr("").stdout(&format!(
        "Logging in to {url}...\nOK\nLogged in to {url} as -key-1 in account {BSS_ACCOUNT}\n\
         The API key is kept in {} (mode 0600, not encrypted).\n",
        file.display()
    ));
    assert_eq!(server.routes(), ["POST /identity/token", "GET /v1/apikeys/details"]);
    let kept: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    assert_eq!(kept, json!({"endpoint": url, "apikey": "-key-1"}));
    let config: Value =
        serde_json::from_slice(&fs::read(home.join("config.json")).unwrap()).unwrap();
    let entry = file.file_stem().unwrap().to_str().unwrap().strip_prefix("login-").unwrap();
    let record = json!({"endpoint": url, "kept": "file", "entry": entry, "iam_id": "IBMid--key-1",
                        "account_id": BSS_ACCOUNT, "user": "-key-1", "apikey_id": key_id(7)});
    assert_eq!(config, json!({"backend": "remote", "logins": [record]}));
    done(bare(&sandbox, &["api-keys", "-o", "json"])).ok().stdout("[]\n");
    assert_eq!(server.routes()[2..], ["GET /v1/apikeys"], "with the token of the login");
}

#[test]
fn a_key_that_is_refused_is_not_kept() {
    let (server, sandbox) = (service(), Sandbox::new());
    log_in(&sandbox, &server, "good", &[]);
    let before = snapshot(sandbox.root());
    for (key, code) in [("bad-key", 7), ("", 7), ("two\nlines", 7)] {
        let mut command = at(&sandbox, &server, &["login", "--apikey", "-", "--insecure-storage"]);
        let refused = run(&mut command, key.as_bytes());
        refused.code(code).stdout(&if key == "bad-key" {
            format!("Logging in to {}...\n", server.url())
        } else {
            String::new()
        });
        assert!(key.is_empty() || !refused.stderr.contains(key), "{refused:#?}");
    }
    assert_eq!(snapshot(sandbox.root()), before, "the old login stays");
}

#[test]
fn a_kept_token_proves_nothing() {
    let (server, sandbox) = (service(), Sandbox::new());
    log_in(&sandbox, &server, "good", &[]);
    log_in(&sandbox, &server, "good", &[]);
    let exchanged = server.routes().iter().filter(|route| *route == "POST /identity/token").count();
    assert_eq!(exchanged, 2);
    login_file(&sandbox.root().join("home"));
}

#[test]
fn without_a_terminal_a_key_must_be_given() {
    let (server, sandbox) = (service(), Sandbox::new());
    let refused = done(at(&sandbox, &server, &["login"]));
    assert!(refused.code(2).stderr.contains("'ibmcloud-iam login --apikey @FILE'"), "{refused:#?}");
    let refused = done(bare(&sandbox, &["login", "--backend", "local"]));
    assert!(refused.code(2).stderr.contains("The local store needs no login."), "{refused:#?}");
    assert!(server.requests().is_empty());
}

#[test]
fn at_a_terminal_the_key_is_asked_for_and_not_shown_and_a_file_must_be_agreed_to() {
    let (server, sandbox) = (service(), Sandbox::new());
    let home = sandbox.root().join("home");
    for (answer, code, is_kept) in [("n\r", 13, false), ("y\r", 0, true)] {
        let mut terminal = Terminal::start(&mut at(&sandbox, &server, &["login"]), 200);
        terminal.wait_for("(Manage > Access (IAM) > API keys)");
        terminal.wait_for("API key> ");
        terminal.wait_for_reading();
        terminal.send(b"-tomato\r");
        terminal.wait_for("The OS keyring cannot be used: there is no desktop session");
        terminal.wait_for("[y/N]> ");
        terminal.wait_for_reading();
        terminal.send(answer.as_bytes());
        let shown = terminal.end();
        shown.code(code);
        assert!(!shown.text.contains("API key> -tomato"), "not echoed: {shown:#?}");
        let logins = fs::read_to_string(home.join("config.json")).unwrap_or_default();
        assert_eq!(logins.contains("-tomato"), is_kept, "its user, in the record: {shown:#?}");
    }
    login_file(&home);
}

#[test]
fn without_a_keyring_a_file_is_used_only_where_that_was_said() {
    let (server, sandbox) = (service(), Sandbox::new());
    let before = snapshot(&sandbox.root().join("home"));
    let mut command = at(&sandbox, &server, &["login", "--apikey", "-"]);
    let refused = run(&mut command, b"key");
    let told = "FAILED\nThe OS keyring cannot be used: there is no desktop session that has one (no D-Bus, as over SSH, in a \
                container or in cron).\nUnlock or start it, or keep the API key in a file (0600) with 'ibmcloud-iam login \
                --insecure-storage'.\nWithout a login, '--apikey @FILE' and 'IBMCLOUD_API_KEY=@FILE' name the key.\n\n";
    refused.code(10).stderr(told);
    let after = snapshot(&sandbox.root().join("home"));
    let files = |things: &std::collections::BTreeMap<std::path::PathBuf, _>| {
        things.keys().filter(|path| path.is_file()).count()
    };
    assert_eq!(files(&after), files(&before), "no file, not even of a token");
}

#[test]
fn a_dry_run_proves_the_key_and_keeps_nothing() {
    let (server, sandbox) = (service(), Sandbox::new());
    let mut command =
        at(&sandbox, &server, &["login", "--apikey", "-", "--insecure-storage", "--dry-run"]);
    let outcome = run(&mut command, b"key");
    assert!(outcome.ok().stdout.contains("Would be logged in to "), "{outcome:#?}");
    assert_eq!(
        super::super::support::disk::snapshot(&sandbox.root().join("home"))
            .into_keys()
            .filter(|path| path.is_file())
            .count(),
        0
    );
    log_in(&sandbox, &server, "key", &[]);
    let before = snapshot(sandbox.root());
    let outcome = done(bare(&sandbox, &["logout", "--dry-run"]));
    assert!(outcome.ok().stdout.contains("Would be logged out of "), "{outcome:#?}");
    assert_eq!(snapshot(sandbox.root()), before);
}

#[test]
fn a_login_that_is_outdone_says_so() {
    let (server, sandbox) = (service(), Sandbox::new());
    let mut command = at(&sandbox, &server, &["login", "--apikey", "-", "--insecure-storage"]);
    command.env("IC_API_KEY", "other");
    let outcome = run(&mut command, b"key");
    outcome.ok().stderr("'IC_API_KEY' is set too, and wins over the login.\n");
}

#[test]
fn the_latest_login_of_several_endpoints_is_used_and_each_has_its_own() {
    let (one, two, sandbox) = (service(), service(), Sandbox::new());
    log_in(&sandbox, &one, "first", &[]);
    log_in(&sandbox, &two, "second", &[]);
    let who = |args: &[&str]| {
        whoami(bare(&sandbox, &[&["whoami", "-o", "json"], args].concat()))["user"].clone()
    };
    assert_eq!(who(&[]), "second");
    assert_eq!(who(&["--endpoint", &one.url()]), "first");
    assert_eq!(who(&["--endpoint", &format!("{}/", two.url())]), "second");
    done(bare(&sandbox, &["logout", "--endpoint", &two.url()])).ok();
    assert_eq!(who(&[]), "first");
    done(bare(&sandbox, &["logout", "--endpoint", &two.url()]))
        .ok()
        .stdout("Nobody was logged in\n");
    log_in(&sandbox, &two, "second", &[]);
    let ended = done(bare(&sandbox, &["logout", "-o", "json"])).json();
    assert_eq!(ended.as_array().unwrap().len(), 2);
    done(bare(&sandbox, &["logout", "-o", "json"])).ok().stdout("[]\n");
}

#[test]
fn logout_removes_key_and_token_and_tells_what_stays() {
    let (server, sandbox) = (service(), Sandbox::new());
    let url = server.url();
    log_in(&sandbox, &server, "key", &[]);
    let outcome = done(bare(&sandbox, &["logout"]));
    outcome.ok().stderr("").stdout(&format!(
        "Logging out of {url}...\nOK\nLogged out of {url}\n\
         The API key itself stays valid until it is deleted: log in, then 'ibmcloud-iam api-key-delete [ID1]'.\n"
    ));
    assert!(outcome.stdout.contains(&key_id(7)));
    let home = sandbox.root().join("home");
    let left: Vec<String> = snapshot(&home)
        .into_keys()
        .filter(|path| path.is_file())
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(left, ["config.json", "config.lock"]);
    assert_eq!(
        fs::read_to_string(home.join("config.json")).unwrap(),
        "{\n  \"backend\": \"remote\"\n}\n"
    );
    let refused = done(bare(&sandbox, &["api-keys"]));
    assert!(refused.code(7).stderr.contains("Run 'ibmcloud-iam login'"), "{refused:#?}");
    // A key whose id nobody told.
    log_in(&sandbox, &server, "unseen", &[]);
    let outcome = done(bare(&sandbox, &["logout"]));
    assert!(outcome.ok().stdout.contains("'ibmcloud-iam api-keys' shows its ID"), "{outcome:#?}");
}

#[test]
fn the_documents_are_as_listed() {
    let (server, sandbox) = (service(), Sandbox::new());
    let url = server.url();
    let outcome = log_in(&sandbox, &server, "key", &["-o", "json"]);
    let file = login_file(&sandbox.root().join("home"));
    outcome.stderr("").stdout(&format!(
        "{{\n    \"profile\": \"default\",\n    \"endpoint\": \"{url}\",\n    \"user\": \"key\",\n    \
         \"iam_id\": \"IBMid-key\",\n    \"account_id\": \"{BSS_ACCOUNT}\",\n    \"apikey_id\": \"[ID1]\",\n    \
         \"kept\": \"file\",\n    \"file\": \"{}\",\n    \"outcome\": \"logged in\"\n}}\n",
        file.display()
    ));
    done(bare(&sandbox, &["logout", "-o", "json"])).ok().stderr("").stdout(&format!(
        "[\n    {{\n        \"profile\": \"default\",\n        \"endpoint\": \"{url}\",\n        \"user\": \"key\",\n        \
         \"account_id\": \"{BSS_ACCOUNT}\",\n        \"apikey_id\": \"[ID1]\",\n        \"outcome\": \"logged out\"\n    }}\n]\n"
    ));
}

#[test]
fn files_are_private_from_their_first_instant_whatever_the_umask() {
    for umask in ["000", "077", "777"] {
        let (server, sandbox) = (service(), Sandbox::new());
        let home = sandbox.root().join("fresh/below");
        let script = format!(
            "umask {umask}; printf key | ibmcloud-iam login --apikey - --insecure-storage --endpoint {}",
            server.url()
        );
        let mut command = sandbox.program("bash");
        let outcome = run(command.args(["-c", &script]).env("IBMCLOUD_IAM_HOME", &home), b"");
        if umask == "777" && outcome.code != 0 {
            // Nobody but root gets into a directory that was made so.
            continue;
        }
        outcome.ok();
        let files: Vec<_> =
            snapshot(&home).into_iter().filter(|(path, _)| path.is_file()).collect();
        assert_eq!(files.len(), 4, "configuration, its lock, login and token");
        for (path, _) in files {
            assert_eq!(mode(&path), 0o600, "umask {umask}: {}", path.display());
        }
    }
}

#[test]
fn a_login_moves_with_its_key_when_that_is_rotated() {
    let service = Service::emulated(&["--in-memory"]);
    let sandbox = &service.sandbox;
    let home = sandbox.root().join("home");
    let old = service.server.client().create("ci")["apikey"].as_str().unwrap().to_owned();
    service.log_in(&old);
    let outcome = done(bare(sandbox, &["api-key-rotate", "ci", "--file", "new.json", "--force"]));
    assert!(!outcome.ok().stderr.contains("put the new one in its place"), "{outcome:#?}");
    assert!(outcome.stdout.ends_with("The login was moved to the new key\n"), "{outcome:#?}");
    let read = |path| serde_json::from_slice::<Value>(&fs::read(path).unwrap()).unwrap();
    let (new, kept) = (read(sandbox.work("new.json")), read(login_file(&home)));
    assert_eq!(new["apikey"], kept["apikey"]);
    assert_ne!(kept["apikey"], old);
    fs::remove_dir_all(home.join("tokens")).unwrap();
    done(bare(sandbox, &["api-keys", "-o", "json"])).ok();
    let told = done(bare(sandbox, &["logout"]));
    assert!(told.ok().stdout.contains(new["id"].as_str().unwrap()), "{told:#?}");
}

#[test]
fn what_an_interrupted_login_left_goes_with_the_next() {
    let (server, sandbox) = (service(), Sandbox::new());
    let left = sandbox.root().join("home/login-00000000000000aa.json");
    for path in [left.clone(), left.with_extension("json.new")] {
        fs::write(path, "{\"endpoint\":\"x\",\"apikey\":\"left\"}").unwrap();
    }
    log_in(&sandbox, &server, "key", &[]);
    assert_ne!(login_file(&sandbox.root().join("home")), left);
}

#[test]
fn the_names_of_whoever_was_logged_in_before_go_with_their_login() {
    let (server, sandbox) = (service(), Sandbox::new());
    let names = || fs::read_dir(sandbox.root().join("home/names")).map_or(0, Iterator::count);
    log_in(&sandbox, &server, "jane", &[]);
    done(bare(&sandbox, &["api-keys"])).ok();
    assert_eq!(names(), 1);
    log_in(&sandbox, &server, "jane", &[]);
    assert_eq!(names(), 1, "the same user's stay");
    log_in(&sandbox, &server, "joe", &[]);
    assert_eq!(names(), 0);
    done(bare(&sandbox, &["api-keys"])).ok();
    assert_eq!(names(), 1);
}
