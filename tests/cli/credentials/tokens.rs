//! `bearer-token` and `oauth-tokens`.

use std::fs::OpenOptions;
use std::process::Stdio;

use super::{at, bare, done, log_in, service, token_for};
use crate::support::{Outcome, Sandbox, run};

#[test]
fn they_print_the_token_alone_or_as_the_official_cli_does() {
    let (server, sandbox) = (service(), Sandbox::new());
    log_in(&sandbox, &server, "key", &[]);
    let token = token_for("key", 3600);
    let prints = |args: &[&str], expected: &str| {
        let outcome = done(bare(&sandbox, args));
        outcome.ok().stderr("");
        assert_eq!(outcome.stdout, expected, "{args:?}");
    };
    prints(&["bearer-token"], &format!("{token}\n"));
    prints(&["bearer-token", "-q"], &format!("{token}\n"));
    prints(&["iam", "oauth-tokens"], &format!("IAM token:  Bearer {token}\n"));
    prints(
        &["bearer-token", "-o", "json"],
        &format!(
            "{{\n    \"access_token\": \"{token}\",\n    \"token_type\": \"Bearer\",\n    \
             \"expires_at\": \"2026-11-21T10:00+0000\"\n}}\n"
        ),
    );
    prints(
        &["oauth-tokens", "--output", "JSON"],
        &format!("{{\n    \"iam_token\": \"Bearer {token}\"\n}}\n"),
    );
}

#[test]
fn an_old_token_is_renewed_before_it_is_given_away() {
    let (server, sandbox) = (service(), Sandbox::new());
    let exchanges =
        || server.routes().iter().filter(|route| *route == "POST /identity/token").count();
    log_in(&sandbox, &server, "key", &[]);
    for (now, expected) in
        [("2026-11-21T09:47:59Z", 1), ("2026-11-21T09:48:00Z", 2), ("2026-11-21T11:00:00Z", 3)]
    {
        let mut command = bare(&sandbox, &["bearer-token"]);
        done({
            command.env("IBMCLOUD_IAM_NOW", now);
            command
        })
        .ok();
        assert_eq!(exchanges(), expected, "{now}");
    }
}

#[test]
fn the_local_store_has_none() {
    let sandbox = Sandbox::new();
    for command in ["bearer-token", "oauth-tokens"] {
        let by_flag = bare(&sandbox, &[command, "--backend", "local"]);
        for local in [by_flag, sandbox.command(&[command])] {
            let refused = done(local);
            assert!(refused.code(7).stderr.contains("There is no token: "), "{refused:#?}");
            refused.stdout("");
        }
    }
}

#[test]
fn the_example_keeps_the_token_out_of_every_command_line() {
    let help = Sandbox::new().run(&["bearer-token", "--help"]);
    let example = help.ok().stdout.lines().find(|line| line.contains("curl -H @-")).unwrap().trim();
    assert!(!help.stdout.contains("$(ibmcloud-iam bearer-token)"), "{help:#?}");
    // As it stands there, with something else in the place of curl.
    let (server, sandbox) = (service(), Sandbox::new());
    log_in(&sandbox, &server, "key", &[]);
    let (makes_header, _) = example.split_once(" | curl").unwrap();
    let mut command = sandbox.program("sh");
    command.args(["-c", makes_header]).env_remove("IBMCLOUD_IAM_BACKEND");
    let header = run(&mut command, b"");
    header.ok().stderr("");
    assert_eq!(header.stdout, format!("Authorization: Bearer {}\n", token_for("key", 3600)));
}

#[test]
fn one_that_cannot_be_printed_is_a_failure() {
    let (server, sandbox) = (service(), Sandbox::new());
    for args in [&["bearer-token"][..], &["oauth-tokens", "-o", "json"]] {
        let mut command = at(&sandbox, &server, args);
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        command.env("IC_API_KEY", "key").stdin(Stdio::null()).stdout(full).stderr(Stdio::piped());
        let outcome = Outcome::from(command.spawn().unwrap().wait_with_output().unwrap());
        assert!(
            outcome.code(1).stderr.contains("The token could not be printed: "),
            "{outcome:#?}"
        );
    }
}
