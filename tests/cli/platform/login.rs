//! `login --platform`: what is kept, what wins over it, and how it follows the key.

use std::fs;

use serde_json::{Value, json};

use super::rig::{AUTHORIZE, Rig};
use crate::support::pty::Terminal;
use crate::support::{USER, mode};

/// Logs in to the platform with a secret that comes from standard input.
#[track_caller]
fn log_in(rig: &Rig, flag: &str, secret: &str) {
    let url = format!("{}/zen", rig.url());
    let args =
        ["login", "--platform", &url, "--username", USER, flag, "-", "--insecure-storage", "-q"];
    rig.run_in(&[], &args, secret).ok();
}

fn config(rig: &Rig) -> Value {
    let file = rig.sandbox().root().join("home/config.json");
    serde_json::from_slice(&fs::read(file).unwrap()).unwrap()
}

/// The file that keeps the only login.
fn login_file(rig: &Rig) -> std::path::PathBuf {
    let entry = config(rig)["logins"][0]["entry"].as_str().unwrap().to_owned();
    rig.sandbox().root().join(format!("home/login-{entry}.json"))
}

#[test]
fn a_password_is_proven_kept_and_used() {
    let rig = Rig::new();
    let args = ["login", "--platform", rig.url(), "--username", USER, "--password", "-"];
    let dry_run = [&args[..], &["--insecure-storage", "--dry-run"]].concat();
    let told = rig.run_in(&[], &dry_run, &rig.password);
    told.is(
        0,
        "Logging in to http://HOST...\nOK\n\
         Would be logged in to http://HOST as local@localhost\n\
         The password would be kept in a file (mode 0600, not encrypted).\n",
        "",
    );
    let told = rig.run_in(&[], &[&args[..], &["--insecure-storage"]].concat(), &rig.password);
    let file = login_file(&rig);
    let shown =
        file.display().to_string().replace(&rig.sandbox().root().display().to_string(), "BOX");
    told.is(
        0,
        &format!(
            "Logging in to http://HOST...\nOK\n\
             Logged in to http://HOST as local@localhost\n\
             The password is kept in {shown} (mode 0600, not encrypted).\n"
        ),
        "",
    );
    assert_eq!(mode(&file), 0o600);
    let kept: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let url = rig.url();
    assert_eq!(
        kept,
        json!({"endpoint": url, "user": USER, "platform": "password", "apikey": rig.password})
    );
    let mut record = config(&rig)["logins"][0].clone();
    record.as_object_mut().unwrap().remove("entry");
    assert_eq!(
        record,
        json!({"endpoint": url, "kept": "file", "iam_id": USER, "account_id": "", "user": USER,
               "platform": "password"})
    );
    assert_eq!(config(&rig)["backend"], Value::Null, "the login is for the platform only");
    let made = rig.run_in(&[], &["platform-api-key-create", "--force", "--file", "k", "-q"], "");
    made.ok().stderr("");
    // The commands on other keys do not use it.
    let refused = rig.run_in(&[], &["api-keys"], "");
    assert!(refused.code(7).stderr.contains("You are not logged in: no credential was found."));

    let out = rig.run_in(&[], &["logout"], "");
    out.is(0, "Logging out of http://HOST...\nOK\nLogged out of http://HOST\n", "");
    assert!(!file.exists());
    assert_eq!(config(&rig).get("logins"), None);
}

#[test]
fn what_is_refused_is_not_kept() {
    let rig = Rig::new();
    let at = ["login", "--platform", rig.url(), "--username", USER];
    for (flag, secret, code) in [
        ("--password", "wrong", 7),
        ("--password", "", 7),
        ("--password", "two\nlines\n", 7),
        ("--apikey", "wrong", 7),
    ] {
        let args = [&at[..], &[flag, "-", "--insecure-storage"]].concat();
        rig.run_in(&[], &args, secret).code(code);
    }
    for (more, said) in [
        (&["--password", "secret"][..], "A password is not taken from the command line"),
        (
            &["--password", "-", "--apikey", "-"],
            "with the API key or with the password, and not with both",
        ),
        (&[], "There is no terminal to ask for the password on."),
    ] {
        let refused = rig.run_in(&[], &[&at[..], more].concat(), "x");
        assert!(refused.code(2).stderr.contains(said), "{refused:#?}");
        assert!(!refused.stderr.contains("secret"));
    }
    rig.run_in(&[], &["login", "--platform", rig.url()], "").code(2);
    assert!(!rig.sandbox().root().join("home/config.json").exists());
    let http =
        ["login", "--platform", "http://cpd.example.com", "--username", USER, "--password", "-"];
    assert!(
        rig.run_in(&[], &http, "x")
            .code(2)
            .stderr
            .contains("--platform is 'http://cpd.example.com'")
    );
    assert!(rig.routes().iter().all(|route| route.contains("auth")), "{:?}", rig.routes());
}

#[test]
fn without_a_keyring_the_hint_is_for_the_same_platform_and_user() {
    let rig = Rig::new();
    let password = rig.password.clone();
    let args = ["login", "--platform", rig.url(), "--username", USER, "--password", "-"];
    let refused =
        rig.run_in(&[("DBUS_SESSION_BUS_ADDRESS", "unix:path=/absent")], &args, &password);
    let hint = "Unlock or start it, or keep the password in a file (0600) with 'ibmcloud-iam login \
                --platform http://HOST --username local@localhost --insecure-storage'.\n";
    assert!(refused.code(10).stderr.contains(hint), "{refused:#?}");
}

#[test]
fn a_login_with_the_key_follows_the_key() {
    let rig = Rig::new();
    let key = rig.create("k.json");
    log_in(&rig, "--apikey", &key);
    let before = login_file(&rig);
    let rotated = rig.run_in(&[], &["platform-api-key-rotate", "--force", "--file", "k.json"], "");
    assert!(
        rotated.ok().stdout.ends_with("\nThe login was moved to the new key\n"),
        "{rotated:#?}"
    );
    rotated.stderr("");
    let value = rig.sandbox().value_in("k.json");
    let kept: Value = serde_json::from_slice(&fs::read(login_file(&rig)).unwrap()).unwrap();
    assert_eq!(kept["apikey"], *value);
    assert!(!before.exists() && rig.opens(&value));
    rig.run_in(&[], &["platform-api-key-check"], "").ok();
    // Also where another credential had it generated.
    rig.create("k.json");
    rig.run_in(&[], &["platform-api-key-check"], "").ok();
    let zen = rig.run_in(&[], &["platform-token", "--zen"], "");
    zen.ok();
    // Variables win.
    let routes = rig.routes().len();
    rig.run_with("dead", &["platform-api-key-check"]).code(7);
    assert_eq!(rig.routes()[routes..], [AUTHORIZE]);
}

#[test]
fn a_login_is_used_for_its_user_at_its_platform_only() {
    let rig = Rig::new();
    log_in(&rig, "--password", &rig.password.clone());
    for (variables, code) in [
        (&[("CPD_URL", rig.url())][..], 0),
        (&[("CPD_USERNAME", USER)], 0),
        (&[("CPD_USERNAME", "somebody"), ("CPD_URL", rig.url())], 7),
        (&[("CPD_URL", "https://127.0.0.1:1"), ("CPD_USERNAME", USER)], 7),
    ] {
        rig.run_in(variables, &["platform-api-key-check"], "").code(code);
    }
    // Who changes the record must not have the secret sent elsewhere, or as another's.
    let file = rig.sandbox().root().join("home/config.json");
    let text = fs::read_to_string(&file).unwrap();
    for (old, new) in [
        (rig.url(), "http://127.0.0.1:9"),
        ("\"user\": \"local@localhost\"", "\"user\": \"somebody\""),
        ("\"platform\": \"password\"", "\"platform\": \"apikey\""),
    ] {
        fs::write(&file, text.replace(old, new)).unwrap();
        let refused = rig.run_in(&[], &["platform-api-key-check"], "");
        assert!(
            refused.code(7).stderr.contains(" cannot be used: it belongs to another "),
            "{refused:#?}"
        );
    }
    fs::write(&file, text.replace(",\n      \"platform\": \"password\"", "")).unwrap();
    let refused = rig.run_in(&[], &["api-keys"], "");
    assert!(
        refused.code(7).stderr.contains(" cannot be used: it belongs to another "),
        "{refused:#?}"
    );
}

#[test]
fn a_login_to_iam_and_one_to_a_platform_live_side_by_side() {
    let rig = Rig::new();
    log_in(&rig, "--password", &rig.password.clone());
    let bootstrap = rig.bootstrap();
    let args = ["login", "--endpoint", rig.url(), "--apikey", "-", "--insecure-storage", "-q"];
    rig.run_in(&[], &args, &bootstrap).ok();
    assert_eq!(config(&rig)["logins"].as_array().unwrap().len(), 2);
    rig.run_in(&[], &["api-keys"], "").ok();
    rig.run_in(&[], &["platform-api-key-check"], "").ok();
    let out = rig.run_in(&[], &["logout", "--output", "json"], "").json();
    let kinds: Vec<_> = out.as_array().unwrap().iter().map(|out| out.get("platform")).collect();
    assert_eq!(kinds, [Some(&json!("password")), None]);
}

#[test]
fn at_a_terminal_the_password_is_asked_for_and_not_shown() {
    let rig = Rig::new();
    let args = ["login", "--platform", rig.url(), "--username", USER, "--insecure-storage"];
    let mut terminal = Terminal::start(&mut rig.command(&[], &args), 200);
    terminal.wait_for("Password> ");
    terminal.wait_for_reading();
    terminal.send(format!("{}\r", rig.password).as_bytes());
    let shown = terminal.end();
    shown.code(0);
    assert!(!shown.text.contains(&rig.password), "{shown:#?}");
    assert!(shown.text.contains("The password is kept in "), "{shown:#?}");
    rig.run_in(&[], &["platform-api-key-check"], "").ok();
}

#[test]
fn whoami_names_the_logins_of_other_systems() {
    let rig = Rig::new();
    log_in(&rig, "--password", &rig.password.clone());
    let (url, bootstrap) = (rig.url(), rig.bootstrap());
    let whoami = |variables: &[(&str, &str)], more: &[&str]| {
        rig.run_in(variables, &[&["whoami"], more].concat(), "")
    };
    let iam = [("IBMCLOUD_IAM_API_ENDPOINT", url), ("IBMCLOUD_API_KEY", &*bootstrap)];
    let shown = whoami(&iam, &[]);
    let row = "\nPlatform      local@localhost at http://HOST (login, file)\n";
    assert!(shown.ok().stdout.contains(row), "{shown:#?}");
    let document = whoami(&iam, &["--output", "json"]).json();
    let found = json!({"user": USER, "endpoint": "http://HOST", "source": "login, file",
                       "found": "used"});
    assert_eq!(document["platform"], found);
    let key = "c".repeat(64);
    let classic = [&iam[..], &[("SL_USERNAME", "10ca1_me"), ("SL_API_KEY", &*key)]].concat();
    let shown = whoami(&classic, &[]);
    let row = "\nClassic       10ca1_me at http://HOST/rest/v3.1 (SL_API_KEY)\n";
    assert!(shown.ok().stdout.contains(row), "{shown:#?}");
    assert_eq!(document.get("classic"), None, "the credential of IAM is not named twice");
    // Also where nobody is logged in to IAM.
    let shown = whoami(&[], &[]);
    assert_eq!(shown.ok().stderr, "");
    let rows = "User          not logged in to IAM\n\
                Profile       default\n\
                Platform      local@localhost at http://HOST (login, file)\n\
                Local store   ";
    assert!(shown.stdout.starts_with(rows), "{shown:#?}");
    let document = whoami(&[], &["--output", "json"]).json();
    assert_eq!(document["platform"], found);
    for field in ["user", "iam_id", "account_id", "backend", "endpoint", "source"] {
        assert_eq!(document.get(field), Some(&Value::Null), "{field}");
    }
    // A credential that is there and cannot be used is no login of another system.
    whoami(&[("IBMCLOUD_API_KEY", "two words")], &[]).code(7);
    whoami(&[("CPD_URL", url), ("CPD_USERNAME", "other")], &[]).code(7);
    let broken = [&iam[..], &[("CPD_PASSWORD", "x")]].concat();
    let shown = whoami(&broken, &["--output", "json"]).json();
    let why =
        "cannot be used: Variables name a credential for a platform, but CPD_USERNAME is not set";
    assert_eq!(shown["platform"]["found"], why);
    let local = whoami(&[("IBMCLOUD_IAM_BACKEND", "local")], &["--output", "json"]).json();
    assert_eq!(local.get("platform"), None);
    assert_eq!(rig.generated(), 0);
}
