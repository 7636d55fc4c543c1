//! The order of the places: the first that has something wins, and what is broken is never passed by.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use super::{at, bare, done, log_in, service, token_for, whoami, write_session};
use crate::support::server::Server;
use crate::support::{Sandbox, run, write_private};

/// The places of credentials by the names that `whoami` gives them, in their order.
const PLACES: [&str; 8] = [
    "--apikey",
    "IBMCLOUD_API_KEY",
    "IC_API_KEY",
    "IBM_CREDENTIALS_FILE",
    "~/ibm-credentials.env",
    "IAM_IDENTITY_*",
    "login",
    "ibmcloud session",
];

/// What a place is filled with.
#[derive(Clone, Copy, PartialEq)]
enum With {
    Credential,
    Nothing,
    Rubbish,
}

/// Fills a place; its user is `user-` and the place's number. Begins with `-` where the place takes a key.
fn fill(sandbox: &Sandbox, server: &Server, command: &mut Command, place: usize, with: With) {
    let key = format!("-user-{place}");
    let text = match with {
        With::Credential => key.clone(),
        With::Nothing => String::new(),
        With::Rubbish => "{\"no\": \"key\"}".to_owned(),
    };
    let lines = match with {
        With::Credential => format!("# mine\nIAM_IDENTITY_APIKEY={key}\n"),
        With::Nothing => "IAM_IDENTITY_APIKEY=\n".to_owned(),
        With::Rubbish => "IAM_IDENTITY_AUTH_TYPE=container\n".to_owned(),
    };
    match place {
        0 => {
            fs::write(sandbox.work("flag"), text).unwrap();
            command.args(["--apikey", "@flag"]);
        }
        1 => drop(command.env("IBMCLOUD_API_KEY", text)),
        2 => drop(command.env("IC_API_KEY", text)),
        3 => {
            fs::write(sandbox.work("named.env"), lines).unwrap();
            command.env("IBM_CREDENTIALS_FILE", "named.env");
        }
        4 => fs::write(sandbox.root().join("home/ibm-credentials.env"), lines).unwrap(),
        5 => drop(command.env("IAM_IDENTITY_APIKEY", text)),
        6 => {
            log_in(sandbox, server, &key, &[]);
            let file = super::login_file(&sandbox.root().join("home"));
            match with {
                With::Credential => {}
                With::Nothing => fs::remove_file(file).unwrap(),
                With::Rubbish => fs::write(file, "{").unwrap(),
            }
        }
        _ => match with {
            With::Credential => write_session(sandbox, &server.url(), &token_for(&key, 3600), ""),
            With::Nothing => write_private(&super::session_file(sandbox), ""),
            With::Rubbish => write_private(&super::session_file(sandbox), "{\"IAMToken\": 7"),
        },
    }
}

#[test]
fn of_every_two_places_the_first_wins_and_whoami_says_so() {
    let server = service();
    for (first, name) in PLACES.iter().enumerate() {
        // At last, the place alone.
        for other in PLACES[first + 1..].iter().map(Some).chain([None]) {
            let sandbox = Sandbox::new();
            let mut command = at(&sandbox, &server, &["whoami", "-o", "json"]);
            fill(&sandbox, &server, &mut command, first, With::Credential);
            let second = other.and_then(|other| PLACES.iter().position(|place| place == other));
            if let Some(second) = second {
                fill(&sandbox, &server, &mut command, second, With::Credential);
            }
            let who = whoami(command);
            assert_eq!(who["source"], **name, "{name} and {other:?}: {who:#}");
            assert_eq!(who["user"], format!("-user-{first}"));
            assert_eq!(
                (&who["backend"], &who["endpoint"]),
                (&json!("remote"), &json!(server.url()))
            );
            let passed: Vec<&Value> = who["passed_over"]
                .as_array()
                .unwrap()
                .iter()
                .map(|place| &place["source"])
                .collect();
            let expected: Vec<&str> = other.into_iter().copied().collect();
            assert_eq!(passed, expected, "{name} and {other:?}");
        }
    }
}

#[test]
fn what_is_empty_or_broken_is_an_error_with_its_name_and_makes_nobody_else_win() {
    let server = service();
    for (place, name) in PLACES.iter().enumerate() {
        for with in [With::Nothing, With::Rubbish] {
            let sandbox = Sandbox::new();
            let mut command = at(&sandbox, &server, &["api-keys", "--error-format", "json"]);
            fill(&sandbox, &server, &mut command, place, with);
            // Everything behind it is good.
            for later in place + 1..PLACES.len() {
                fill(&sandbox, &server, &mut command, later, With::Credential);
            }
            let before = server.requests().len();
            let outcome = done(command);
            let error: Value =
                serde_json::from_str(outcome.code(7).stdout("").stderr.trim()).unwrap();
            let message = error["message"].as_str().unwrap();
            let names = match place {
                5 => &["IAM_IDENTITY_APIKEY", "The environment"][..],
                6 => &["login"],
                7 => &["The session of the official CLI"],
                _ => &[*name],
            };
            assert!(names.iter().any(|name| message.contains(name)), "{name}: {message}");
            assert!(error["hint"].is_string(), "{error}");
            assert_eq!(server.requests().len(), before, "nothing was sent");
        }
    }
}

#[test]
fn what_is_broken_behind_the_winner_is_told_and_stops_nothing() {
    let (server, sandbox) = (service(), Sandbox::new());
    let mut command = at(&sandbox, &server, &["whoami"]);
    fill(&sandbox, &server, &mut command, 1, With::Credential);
    fill(&sandbox, &server, &mut command, 4, With::Rubbish);
    fill(&sandbox, &server, &mut command, 7, With::Rubbish);
    let told = done(command);
    assert!(told.ok().stderr.is_empty(), "{told:#?}");
    let passed: Vec<&str> =
        told.stdout.lines().filter(|line| line.starts_with("Passed over")).collect();
    let [home, session] = passed[..] else { panic!("{told:#?}") };
    assert!(home.contains("~/ibm-credentials.env: cannot be used: "), "{home}");
    assert!(home.contains("'container', which is not covered"), "{home}");
    assert!(session.contains("ibmcloud session: cannot be used: "), "{session}");
}

#[test]
fn every_place_makes_the_remote_backend_the_choice_even_under_ci() {
    let server = service();
    for place in 0..PLACES.len() {
        let sandbox = Sandbox::new();
        let mut command = at(&sandbox, &server, &["api-keys", "-o", "json"]);
        fill(&sandbox, &server, &mut command, place, With::Credential);
        command.env("CI", "true");
        assert_eq!(done(command).json(), json!([]), "{place}");
        assert!(server.routes().last().unwrap() == "GET /v1/apikeys");
    }
    let sandbox = Sandbox::new();
    let mut command = at(&sandbox, &server, &["api-keys"]);
    command.env("CI", "true");
    done(command).code(7);
}

#[test]
fn a_literal_key_on_the_command_line_is_refused_and_not_repeated() {
    let (server, sandbox) = (service(), Sandbox::new());
    for value in ["tomato-key", "--tomato-key", ""] {
        for command in ["login", "whoami", "bearer-token", "oauth-tokens", "api-keys"] {
            let flag = format!("--apikey={value}");
            let refused = done(at(&sandbox, &server, &[command, &flag]));
            refused.code(2).stdout("");
            assert!(!refused.stderr.contains("tomato"), "{refused:#?}");
            assert!(refused.stderr.contains("@FILE"), "{refused:#?}");
        }
    }
    assert!(server.requests().is_empty());
}

#[test]
fn a_key_comes_from_standard_input_for_any_command() {
    let (server, sandbox) = (service(), Sandbox::new());
    let mut command = at(&sandbox, &server, &["whoami", "-o", "json", "--apikey", "-"]);
    assert_eq!(run(&mut command, b"-from-a-pipe\n").json()["user"], "-from-a-pipe");
    // A key file of this program's own making.
    let mut command = at(&sandbox, &server, &["whoami", "-o", "json", "--apikey", "-"]);
    assert_eq!(
        run(&mut command, br#"{"id":"x","apikey":"-in-a-file"}"#).json()["user"],
        "-in-a-file"
    );
}

#[test]
fn a_credential_goes_to_no_endpoint_but_its_own() {
    let (theirs, other, sandbox) = (service(), service(), Sandbox::new());
    log_in(&sandbox, &theirs, "of-the-login", &[]);
    write_session(&sandbox, &theirs.url(), &token_for("of-the-session", 3600), "refresh");
    let before = theirs.requests().len();
    // Where nobody names another endpoint, theirs is used.
    assert_eq!(whoami(bare(&sandbox, &["whoami", "-o", "json"]))["endpoint"], theirs.url());
    for (name, value) in [
        ("IBMCLOUD_IAM_API_ENDPOINT", other.url()),
        ("IAM_IDENTITY_URL", other.url()),
        ("IAM_IDENTITY_AUTH_URL", format!("{}/identity/token", other.url())),
    ] {
        let mut command = bare(&sandbox, &["api-keys"]);
        command.env(name, &value);
        let refused = done(command);
        assert!(refused.code(7).stderr.contains("You are not logged in"), "{name}: {refused:#?}");
        assert_eq!(refused.stderr.matches(&format!("belongs to {}", theirs.url())).count(), 2);
    }
    let flag = other.url();
    done(bare(&sandbox, &["api-keys", "--endpoint", &flag])).code(7);
    assert!(other.requests().is_empty());
    // A file that brings its own endpoint.
    let lines = format!("IAM_IDENTITY_URL={}\nIAM_IDENTITY_APIKEY=of-a-file\n", theirs.url());
    fs::write(sandbox.work("mine.env"), lines).unwrap();
    let mut command = bare(&sandbox, &["api-keys"]);
    command.env("IBM_CREDENTIALS_FILE", "mine.env");
    command.env("IBMCLOUD_IAM_API_ENDPOINT", other.url());
    let refused = done(command);
    assert!(refused.code(7).stderr.contains("it was not sent there"), "{refused:#?}");
    assert!(other.requests().is_empty());
    assert_eq!(theirs.requests().len(), before, "the kept token was enough");
    let mut command = bare(&sandbox, &["whoami", "-o", "json"]);
    command.env("IBM_CREDENTIALS_FILE", "mine.env").env("IAM_IDENTITY_URL", other.url());
    assert_eq!(whoami(command)["endpoint"], theirs.url(), "the file is one source");
    assert!(other.requests().is_empty());
}
