//! `login` as scripts for the official CLI have it: its flags, keys in variables, and no keyring.

use std::process::Command;

use super::{at, done, login_file, service};
use crate::support::disk::snapshot;
use crate::support::iam::{BSS_ACCOUNT, key_id};
use crate::support::pty::Terminal;
use crate::support::server::Server;
use crate::support::{Outcome, Sandbox, run, write_private};

/// A script of bash, in which the program goes by all its names, at the server.
fn script(sandbox: &Sandbox, server: &Server, env: &[(&str, &str)], script: &str) -> Outcome {
    let mut command: Command = sandbox.bash_command(script);
    command.env_remove("IBMCLOUD_IAM_BACKEND").env("IBMCLOUD_IAM_API_ENDPOINT", server.url());
    run(command.envs(env.iter().copied()), b"")
}

/// What is said of a login, and of the file that keeps its key.
fn said(server: &Server, sandbox: &Sandbox) -> String {
    let url = server.url();
    let file = login_file(&sandbox.root().join("home"));
    format!(
        "Logging in to {url}...\nOK\nLogged in to {url} as ci-key in account {BSS_ACCOUNT}\n\
         The API key is kept in {} (mode 0600, not encrypted).\n",
        file.display()
    )
}

#[test]
fn published_logins_run_under_a_borrowed_name() {
    for line in [
        "ibmcloud login --apikey @key_file",
        "ibmcloud login --apikey @key_file --no-region",
        "ibmcloud login -a https://cloud.ibm.com --apikey @key_file -r us-south -g default",
        "ibmcloud login -a cloud.ibm.com/ -c ACCOUNT -r eu-de -g Default --apikey @key_file",
        "ic login --apikey @key_file -r eu-de",
        "bx login -a https://api.ng.bluemix.net --apikey @key_file -c ACCOUNT",
        "bluemix login -a https://api.eu-de.bluemix.net --apikey @key_file",
    ] {
        let (server, sandbox) = (service(), Sandbox::new());
        write_private(&sandbox.work("key_file"), "ci-key");
        let outcome = script(&sandbox, &server, &[], &line.replace("ACCOUNT", BSS_ACCOUNT));
        outcome.ok().stdout(&said(&server, &sandbox));
        let why = "The OS keyring cannot be used: ";
        assert!(outcome.stderr.starts_with(why), "{line}: {outcome:#?}");
        assert_eq!(outcome.stderr.lines().count(), 1, "{line}: {outcome:#?}");
        let listed = script(&sandbox, &server, &[], "ibmcloud iam api-keys --output json");
        listed.is(0, "[]\n", "");
    }
}

#[test]
fn a_quiet_login_says_no_more_than_its_result() {
    let (server, sandbox) = (service(), Sandbox::new());
    write_private(&sandbox.work("key_file"), "ci-key");
    let outcome =
        script(&sandbox, &server, &[], "ibmcloud login -q --apikey @key_file --no-region");
    let said = said(&server, &sandbox);
    let result = said.split_once("OK\n").unwrap().1;
    outcome.is(0, result, "");
}

#[test]
fn a_key_of_another_account_is_refused() {
    let (server, sandbox) = (service(), Sandbox::new());
    write_private(&sandbox.work("key_file"), "ci-key");
    for env in [&[][..], &[("IBMCLOUD_API_KEY", "@key_file")]] {
        let given = if env.is_empty() { "--apikey @key_file" } else { "" };
        let line = format!("ibmcloud login -c 0123456789abcdef0123456789abcdef {given}");
        let outcome = script(&sandbox, &server, env, &line);
        outcome.is(
            7,
            &format!("Logging in to {}...\n", server.url()),
            &format!(
                "FAILED\nThe API key is of account {BSS_ACCOUNT}, and not of '0123456789abcdef0123456789abcdef'; nobody was logged in.\n\
                 An API key belongs to one account: use a key of that account, or leave '-c' out.\n\n"
            ),
        );
        let kept = snapshot(&sandbox.root().join("home"));
        let files: Vec<_> = kept.keys().filter(|path| path.is_file()).collect();
        assert!(files.is_empty(), "not even a token: {files:?}");
    }
}

#[test]
fn a_key_in_a_variable_is_proven_and_not_kept() {
    let (server, sandbox) = (service(), Sandbox::new());
    let url = server.url();
    for (name, program) in [
        ("IBMCLOUD_API_KEY", "ibmcloud"),
        ("IC_API_KEY", "ibmcloud-iam"),
        ("IAM_IDENTITY_APIKEY", "ic"),
    ] {
        let source = if name == "IAM_IDENTITY_APIKEY" { "IAM_IDENTITY_*" } else { name };
        let outcome = script(&sandbox, &server, &[(name, "ci-key")], &format!("{program} login"));
        outcome.is(
            0,
            &format!(
                "Logging in to {url}...\nOK\nLogged in to {url} as ci-key in account {BSS_ACCOUNT}\n\
                 Every command uses the API key of '{source}'; nothing needs to be kept.\n"
            ),
            "",
        );
        let refused =
            script(&sandbox, &server, &[(name, "bad-key")], &format!("{program} login -q"));
        refused.code(7).stdout("");
    }
    let json = script(
        &sandbox,
        &server,
        &[("IBMCLOUD_API_KEY", "ci-key")],
        "ibmcloud login --output json",
    );
    json.is(
        0,
        &format!(
            "{{\n    \"profile\": \"default\",\n    \"endpoint\": \"{url}\",\n    \"user\": \"ci-key\",\n    \
             \"iam_id\": \"IBMid-ci-key\",\n    \"account_id\": \"{BSS_ACCOUNT}\",\n    \"apikey_id\": null,\n    \
             \"kept\": null,\n    \"file\": null,\n    \"outcome\": \"logged in\"\n}}\n"
        ),
        "",
    );
    let home = sandbox.root().join("home");
    assert!(!home.join("config.json").exists());
    // A key that is given is kept, also where there is another.
    let args = ["login", "--apikey", "-", "--insecure-storage"];
    let mut command = at(&sandbox, &server, &args);
    let outcome = run(command.env("IBMCLOUD_API_KEY", "other"), b"ci-key");
    outcome.ok().stdout(&said(&server, &sandbox).replace("[ID1]", &key_id(7)));
    outcome.stderr("'IBMCLOUD_API_KEY' is set too, and wins over the login.\n");
}

#[test]
fn a_token_needs_no_login() {
    let (server, sandbox) = (service(), Sandbox::new());
    let env =
        [("IAM_IDENTITY_AUTH_TYPE", "bearerToken"), ("IAM_IDENTITY_BEARER_TOKEN", "e30.e30.c2ln")];
    let outcome = script(&sandbox, &server, &env, "ibmcloud login -q");
    outcome.is(
        2,
        "",
        "IAM_IDENTITY_* holds a token, and no API key to log in with.\n\
         It needs no login: every command uses it.\n",
    );
    assert!(server.requests().is_empty());
}

#[test]
fn an_address_that_is_not_known_is_refused_before_anything_is_sent() {
    let (server, sandbox) = (service(), Sandbox::new());
    write_private(&sandbox.work("key_file"), "ci-key");
    for api in [
        "https://test.cloud.ibm.com",
        "https://cloud.ibm.com.example.com",
        "evilbluemix.net",
        "http://cloud.ibm.com",
        "",
    ] {
        let refused =
            done(at(&sandbox, &server, &["login", "-a", api, "--apikey", "@key_file", "-q"]));
        refused.is(
            2,
            "",
            "'-a' names no address of IBM Cloud that is known here.\n\
             Write '-a https://cloud.ibm.com', leave it out, or name the IAM service itself with '--endpoint URL'.\n",
        );
    }
    assert!(server.requests().is_empty());
}

#[test]
fn at_a_terminal_a_line_for_the_official_cli_asks_nothing() {
    for (key, line, told) in [
        (Some("ci-key"), "ibmcloud login", "Every command uses the API key of 'IBMCLOUD_API_KEY'"),
        (None, "ibmcloud login --apikey @key_file", "(mode 0600, not encrypted)."),
    ] {
        let (server, sandbox) = (service(), Sandbox::new());
        write_private(&sandbox.work("key_file"), "ci-key");
        let mut command = sandbox.bash_command(line);
        command.env_remove("IBMCLOUD_IAM_BACKEND").env("IBMCLOUD_IAM_API_ENDPOINT", server.url());
        command.envs(key.map(|key| ("IBMCLOUD_API_KEY", key)));
        let shown = Terminal::start(&mut command, 200).end();
        shown.code(0);
        assert!(shown.text.contains(told), "{line}: {shown:#?}");
        assert_eq!(
            shown.text.contains("The OS keyring cannot be used"),
            key.is_none(),
            "{shown:#?}"
        );
    }
}

#[test]
fn a_variable_that_keeps_commands_on_the_local_store_is_named() {
    let (server, sandbox) = (service(), Sandbox::new());
    write_private(&sandbox.work("key_file"), "ci-key");
    let env = [("IBMCLOUD_IAM_BACKEND", "local"), ("IBMCLOUD_API_KEY", "@key_file")];
    let why = "IBMCLOUD_IAM_BACKEND=local keeps commands on the local store; 'unset IBMCLOUD_IAM_BACKEND' lets them use the \
         service.\n";
    let url = server.url();
    script(&sandbox, &server, &env, "ibmcloud-iam login").is(
        0,
        &format!(
            "Logging in to {url}...\nOK\nLogged in to {url} as ci-key in account {BSS_ACCOUNT}\n"
        ),
        why,
    );
    let line = "ibmcloud-iam login --apikey @key_file --insecure-storage";
    let outcome = script(&sandbox, &server, &env[..1], line);
    outcome.is(0, &said(&server, &sandbox), why);
}
