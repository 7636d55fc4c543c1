//! The session of the official CLI: read, never written.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use super::{at, bare, done, service, session_file, token_for, whoami, write_session};
use crate::support::disk::snapshot;
use crate::support::{Sandbox, skipped, write_private};

#[test]
fn a_good_session_is_used_as_it_is() {
    let (server, sandbox) = (service(), Sandbox::new());
    write_session(&sandbox, &server.url(), &token_for("of-the-session", 3600), "refresh");
    let before = snapshot(sandbox.root());
    let outcome = done(bare(&sandbox, &["api-keys"]));
    outcome.ok().stderr("");
    assert!(outcome.stdout.contains(" as of-the-session..."), "{outcome:#?}");
    assert_eq!(server.routes(), ["GET /v1/apikeys"]);
    let names = sandbox.root().join("home/names");
    for file in fs::read_dir(&names).unwrap() {
        let kept = fs::read_to_string(file.unwrap().path()).unwrap();
        assert!(kept.contains(&server.url()) && !kept.contains("e30."), "no token: {kept}");
    }
    fs::remove_dir_all(&names).unwrap();
    assert_eq!(snapshot(sandbox.root()), before, "nothing else is written at all");
}

#[test]
fn an_expired_one_is_refreshed_in_memory() {
    let (server, sandbox) = (service(), Sandbox::new());
    for access in [token_for("old", 9), String::new(), "no-token".to_owned()] {
        write_session(&sandbox, &server.url(), &access, "refreshed");
        let before = snapshot(sandbox.root());
        let who = whoami(bare(&sandbox, &["whoami", "-o", "json"]));
        assert_eq!(
            (&who["user"], &who["source"]),
            (&"refreshed".into(), &"ibmcloud session".into())
        );
        assert_eq!(snapshot(sandbox.root()), before, "nothing is written at all");
        let requests = server.requests();
        let form = requests.last().unwrap().form();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let expected = [
            pair("grant_type", "refresh_token"),
            pair("response_type", "cloud_iam"),
            pair("refresh_token", "refreshed"),
        ];
        assert_eq!(form, expected);
    }
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn a_session_that_is_over_says_how_to_get_another() {
    let (server, sandbox) = (service(), Sandbox::new());
    for refresh in ["", "bad-refresh"] {
        write_session(&sandbox, &server.url(), &token_for("old", -5), refresh);
        let refused = done(bare(&sandbox, &["api-keys"]));
        assert!(
            refused.code(7).stderr.contains("run 'ibmcloud login', or 'ibmcloud-iam login'"),
            "{refused:#?}"
        );
        assert!(!refused.stderr.contains("bad-refresh"), "{refused:#?}");
    }
}

#[test]
fn nobody_is_logged_in_where_it_holds_no_token() {
    let (server, sandbox) = (service(), Sandbox::new());
    write_session(&sandbox, &server.url(), "", "");
    let outcome = done(bare(&sandbox, &["api-keys"]));
    assert!(outcome.code(7).stderr.contains("no credential was found"), "{outcome:#?}");
}

#[test]
fn it_is_found_where_the_official_cli_keeps_it() {
    let (server, sandbox) = (service(), Sandbox::new());
    let root = sandbox.root();
    let url = server.url();
    for (user, directory) in [
        ("bluemix-home", "home/.bluemix"),
        ("ibmcloud-home", "home/.ibmcloud"),
        ("of-bluemix", "bx/.bluemix"),
        ("of-ibmcloud", "ic/.bluemix"),
        ("of-config", "exactly/here"),
    ] {
        write_session(&sandbox, &url, &token_for(user, 3600), "");
        let from = session_file(&sandbox);
        let to = root.join(directory).join("config.json");
        if from != to {
            write_private(&to, fs::read_to_string(&from).unwrap());
        }
    }
    write_session(&sandbox, &url, &token_for("bluemix-home", 3600), "");
    let user = |variables: &[(&str, &str)]| {
        let mut command = bare(&sandbox, &["whoami", "-o", "json"]);
        for (name, directory) in variables {
            let value = if directory.is_empty() {
                String::new()
            } else {
                root.join(directory).display().to_string()
            };
            command.env(name, value);
        }
        whoami(command)["user"].as_str().unwrap().to_owned()
    };
    assert_eq!(user(&[]), "ibmcloud-home");
    fs::remove_dir_all(root.join("home/.ibmcloud")).unwrap();
    assert_eq!(user(&[]), "bluemix-home");
    assert_eq!(user(&[("BLUEMIX_HOME", "bx")]), "of-bluemix");
    assert_eq!(user(&[("BLUEMIX_HOME", "bx"), ("IBMCLOUD_HOME", "ic")]), "of-ibmcloud");
    assert_eq!(
        user(&[("IBMCLOUD_HOME", "ic"), ("IBMCLOUD_CONFIG_HOME", "exactly/here")]),
        "of-config"
    );
}

#[test]
fn a_variable_that_is_empty_leads_to_no_other_session() {
    let (server, sandbox) = (service(), Sandbox::new());
    write_session(&sandbox, &server.url(), &token_for("somebody", 3600), "");
    for name in ["HOME", "BLUEMIX_HOME", "IBMCLOUD_HOME", "IBMCLOUD_CONFIG_HOME"] {
        let mut command = bare(&sandbox, &["api-keys"]);
        command.env(name, "");
        let refused = done(command);
        let told = format!("FAILED\n{name} is set but empty.\n");
        assert!(refused.code(2).stderr.starts_with(&told), "{refused:#?}");
        // Whoever brings a credential does not look there.
        let mut command = at(&sandbox, &server, &["whoami", "-o", "json"]);
        command.env(name, "").env("IBMCLOUD_API_KEY", "of-a-variable");
        assert_eq!(whoami(command)["user"], "of-a-variable");
    }
}

#[test]
fn it_is_read_under_its_lock() {
    let (server, sandbox) = (service(), Sandbox::new());
    write_session(&sandbox, &server.url(), &token_for("new", 3600), "");
    let good = fs::read(session_file(&sandbox)).unwrap();
    // The official CLI empties its file before it writes.
    let file = fs::OpenOptions::new().write(true).open(session_file(&sandbox)).unwrap();
    file.lock().unwrap();
    file.set_len(0).unwrap();
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| whoami(bare(&sandbox, &["whoami", "-o", "json"])));
        std::thread::sleep(Duration::from_millis(300));
        std::os::unix::fs::FileExt::write_all_at(&file, &good, 0).unwrap();
        file.unlock().unwrap();
        assert_eq!(reader.join().unwrap()["user"], "new");
    });
    // Somebody who never lets go is not waited for without end.
    file.lock().unwrap();
    let start = Instant::now();
    let refused = done(bare(&sandbox, &["api-keys"]));
    assert!(
        refused.code(7).stderr.contains("another process has held its lock for 3 seconds"),
        "{refused:#?}"
    );
    assert!(start.elapsed() < Duration::from_secs(6));
}

#[test]
fn one_that_cannot_be_read_is_never_replaced() {
    let (server, sandbox) = (service(), Sandbox::new());
    write_session(&sandbox, &server.url(), "x", "");
    for text in ["", "{", "[]", "not json", "{\"IAMToken\": \"Bearer tomato"] {
        write_private(&session_file(&sandbox), text);
        let before = snapshot(sandbox.root());
        let refused = done(bare(&sandbox, &["api-keys"]));
        assert!(
            refused.code(7).stderr.contains("The session of the official CLI, "),
            "{refused:#?}"
        );
        assert!(!refused.stderr.contains("tomato"), "{refused:#?}");
        assert_eq!(snapshot(sandbox.root()), before);
        // Who asks for the local store does not even look.
        done(sandbox.command(&["api-keys"])).ok();
    }
    fs::set_permissions(session_file(&sandbox), fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(session_file(&sandbox)).is_ok() {
        skipped("root reads every file");
        return;
    }
    done(bare(&sandbox, &["api-keys"])).code(7);
}
