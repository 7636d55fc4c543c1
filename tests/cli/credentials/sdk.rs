//! The external configuration of IBM's SDKs.

use std::fs;

use serde_json::json;

use super::{at, bare, done, service, token_for, whoami};
use crate::support::Sandbox;
use crate::support::pty::Terminal;
use crate::support::server::{Ca, Server};

#[test]
fn a_file_names_its_own_service_and_token_service() {
    let (api, auth, sandbox) = (service(), service(), Sandbox::new());
    let lines = format!(
        "# a comment\nOTHER_SERVICE_APIKEY=tomato\nIAM_IDENTITY_AUTH_TYPE = IAM \nIAM_IDENTITY_APIKEY=key-1\r\n\
         IAM_IDENTITY_URL={}/\nIAM_IDENTITY_AUTH_URL={}/identity/token\n",
        api.url(),
        auth.url()
    );
    fs::write(sandbox.work("mine.env"), lines).unwrap();
    let mut command = bare(&sandbox, &["api-keys", "-o", "json"]);
    command.env("IBM_CREDENTIALS_FILE", "mine.env");
    done(command).ok().stdout("[]\n");
    assert_eq!(auth.routes(), ["POST /identity/token"]);
    assert_eq!(api.routes(), ["GET /v1/apikeys"]);
}

/// Somebody else may have written the directory: it must not choose where a key is sent.
#[test]
fn a_file_in_the_working_directory_is_used_only_where_it_is_named() {
    let (theirs, sandbox) = (service(), Sandbox::new());
    let planted = sandbox.work("ibm-credentials.env");
    let named =
        "is used only where it is named: 'export IBM_CREDENTIALS_FILE=./ibm-credentials.env'";
    fs::write(sandbox.work("value"), "tomato").unwrap();
    let lines = format!("IAM_IDENTITY_URL={}\nIAM_IDENTITY_APIKEY=planted\n", theirs.url());
    // What it holds does not matter, for it is not read.
    for lines in [&*lines, "IAM_IDENTITY_AUTH_TYPE=container\n", ""] {
        fs::write(&planted, lines).unwrap();
        for (args, backend) in [
            (&["api-key-lookup", "@value"][..], None),
            (&["api-keys"], Some("remote")),
            (&["api-key-rotate", "x", "--file", "value", "--force"], None),
        ] {
            let mut command = bare(&sandbox, args);
            command.envs(backend.map(|backend| ("IBMCLOUD_IAM_BACKEND", backend)));
            let refused = done(command);
            let told = format!(" What is at './ibm-credentials.env' {named}.\n");
            assert!(refused.code(7).stderr.contains(&told), "{refused:#?}");
            assert!(refused.stderr.contains("You are not logged in"), "{refused:#?}");
        }
        let explained = done(bare(&sandbox, &["whoami", "--explain"]));
        let line = format!("5   ./ibm-credentials.env   {named}\n");
        assert!(explained.code(7).stdout.contains(&line), "{explained:#?}");
    }
    assert_eq!(fs::read_to_string(sandbox.work("value")).unwrap(), "tomato");
    assert!(theirs.requests().is_empty());
    // Another credential is used as if it were not there, and it is told of.
    fs::write(&planted, &lines).unwrap();
    let own = service();
    let mut command = at(&sandbox, &own, &["whoami", "-o", "json"]);
    command.env("IBMCLOUD_API_KEY", "mine");
    let who = whoami(command);
    assert_eq!((&who["user"], &who["endpoint"]), (&"mine".into(), &own.url().into()));
    assert_eq!(who["passed_over"][0]["source"], "./ibm-credentials.env", "{who:#}");
    assert_eq!(who["passed_over"][0]["found"], named);
    // At a terminal, where the local store is used unasked, the notice tells of it too.
    let shown = Terminal::start(&mut bare(&sandbox, &["api-keys"]), 200).end();
    assert!(shown.code(0).text.contains(named), "{shown:#?}");
    assert!(theirs.requests().is_empty());
    // Named, it is used, and is not told of twice.
    let mut command = bare(&sandbox, &["whoami", "--explain", "-o", "json"]);
    command.env("IBM_CREDENTIALS_FILE", "./ibm-credentials.env");
    let who = whoami(command);
    assert_eq!((&who["user"], &who["source"]), (&"planted".into(), &"IBM_CREDENTIALS_FILE".into()));
    assert_eq!(who["passed_over"], json!([]));
    assert_eq!(who["search"][4]["found"], "named by IBM_CREDENTIALS_FILE");
}

#[test]
fn in_the_home_directory_the_file_is_the_one_of_the_home_directory() {
    let (server, sandbox) = (service(), Sandbox::new());
    fs::write(sandbox.root().join("home/ibm-credentials.env"), "IAM_IDENTITY_APIKEY=own\n")
        .unwrap();
    let mut command = at(&sandbox, &server, &["whoami", "--explain", "-o", "json"]);
    command.current_dir(sandbox.root().join("home"));
    let who = whoami(command);
    assert_eq!((&who["user"], &who["passed_over"]), (&"own".into(), &json!([])));
    assert_eq!(who["search"][4]["found"], "the one in the home directory");
}

#[test]
fn a_file_for_other_services_is_no_source() {
    let (server, sandbox) = (service(), Sandbox::new());
    for file in [sandbox.work("others.env"), sandbox.root().join("home/ibm-credentials.env")] {
        fs::write(file, "RESOURCE_CONTROLLER_APIKEY=x\n#IAM_IDENTITY_APIKEY=y\n").unwrap();
    }
    let mut command = at(&sandbox, &server, &["whoami", "-o", "json"]);
    command.env("IAM_IDENTITY_APIKEY", "of-the-environment");
    assert_eq!(whoami(command)["user"], "of-the-environment");
    // Named, it was meant.
    let mut command = at(&sandbox, &server, &["whoami"]);
    command.env("IBM_CREDENTIALS_FILE", "others.env");
    let refused = done(command);
    assert!(
        refused.code(7).stderr.contains("IBM_CREDENTIALS_FILE ('others.env') holds no"),
        "{refused:#?}"
    );
    let mut command = at(&sandbox, &server, &["whoami"]);
    command.env("IBM_CREDENTIALS_FILE", "absent.env");
    let refused = done(command);
    assert!(refused.code(7).stderr.contains("('absent.env') names no file"), "{refused:#?}");
}

#[test]
fn a_bearer_token_is_used_as_it_is() {
    let (server, sandbox) = (service(), Sandbox::new());
    let token = token_for("of-the-token", 3600);
    for kind in [None, Some("bearerToken"), Some("BEARERTOKEN")] {
        let mut command = at(&sandbox, &server, &["whoami", "-o", "json"]);
        command.env("IAM_IDENTITY_BEARER_TOKEN", &token);
        if let Some(kind) = kind {
            command.env("IAM_IDENTITY_AUTH_TYPE", kind);
        }
        let who = whoami(command);
        assert_eq!(
            (&who["user"], &who["source"]),
            (&"of-the-token".into(), &"IAM_IDENTITY_*".into())
        );
    }
    assert!(server.requests().is_empty(), "it says itself whose it is");
    let mut command = at(&sandbox, &server, &["api-keys", "-o", "json"]);
    done({
        command.env("IAM_IDENTITY_BEARER_TOKEN", &token);
        command
    })
    .ok();
    let bearer = format!("Bearer {token}");
    assert_eq!(server.requests()[0].header("authorization"), Some(&*bearer));
    for (token, told) in [
        (token_for("x", 9), "The bearer token has expired"),
        ("no-token".to_owned(), "The token names no user"),
    ] {
        let mut command = at(&sandbox, &server, &["api-keys"]);
        command.env("IAM_IDENTITY_BEARER_TOKEN", &token);
        let refused = done(command);
        assert!(refused.stderr.contains(told) && refused.code != 0, "{refused:#?}");
        assert!(!refused.stderr.contains(&token), "{refused:#?}");
    }
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_kind_that_is_not_covered_is_said_to_be() {
    let (server, sandbox) = (service(), Sandbox::new());
    for (variables, told) in [
        (&[("IAM_IDENTITY_AUTH_TYPE", "container")][..], "'container', which is not covered"),
        (
            &[("IAM_IDENTITY_AUTHTYPE", "vpc"), ("IAM_IDENTITY_APIKEY", "x")],
            "'vpc', which is not covered",
        ),
        (&[("IAM_IDENTITY_IAM_PROFILE_ID", "p")], "holds neither IAM_IDENTITY_APIKEY nor"),
        (&[("IAM_IDENTITY_AUTH_TYPE", "iam")], "holds no IAM_IDENTITY_APIKEY"),
        (
            &[("IAM_IDENTITY_AUTH_TYPE", "bearerToken"), ("IAM_IDENTITY_APIKEY", "x")],
            "holds no IAM_IDENTITY_BEARER_TOKEN",
        ),
        (&[("IAM_IDENTITY_AUTH_TYPE", "")], "IAM_IDENTITY_AUTH_TYPE is set but empty"),
        (
            &[("IAM_IDENTITY_APIKEY", "{your key}")],
            "IAM_IDENTITY_APIKEY holds something else than one API key",
        ),
    ] {
        let mut command = at(&sandbox, &server, &["api-keys"]);
        command.envs(variables.iter().copied());
        let refused = done(command);
        assert!(refused.code(7).stderr.contains(told), "{told}: {refused:#?}");
    }
    assert!(server.requests().is_empty());
}

#[test]
fn settings_alone_are_no_credential() {
    let (server, sandbox) = (service(), Sandbox::new());
    let mut command = bare(&sandbox, &["api-keys"]);
    command.env("IAM_IDENTITY_URL", server.url()).env("IAM_IDENTITY_ENABLE_RETRIES", "true");
    let outcome = done(command);
    assert!(outcome.code(7).stderr.contains("no credential was found"), "{outcome:#?}");
    assert!(server.requests().is_empty());
}

#[test]
fn certificates_are_taken_unseen_on_this_machine_only() {
    let (ca, sandbox) = (Ca::new(), Sandbox::new());
    let server = Server::start_tls(&ca, super::answer);
    let list = |url: &str, disable: &str| {
        let mut command = bare(&sandbox, &["api-keys", "-o", "json"]);
        command.env("IBMCLOUD_API_KEY", "key").env("IBMCLOUD_IAM_API_ENDPOINT", url);
        command.env("IAM_IDENTITY_DISABLE_SSL", disable);
        done(command)
    };
    let refused = list(&server.url(), "false");
    assert!(refused.code(10).stderr.contains("certificate"), "{refused:#?}");
    list(&server.url(), "true").ok();
    let refused = list("https://iam.example.com", "true");
    assert!(refused.code(2).stderr.contains("is not on this machine"), "{refused:#?}");
    // The same out of a file.
    let lines = "IAM_IDENTITY_APIKEY=k\nIAM_IDENTITY_URL=https://iam.example.com\nIAM_IDENTITY_DISABLE_SSL=true\n";
    fs::write(sandbox.work("mine.env"), lines).unwrap();
    let mut command = bare(&sandbox, &["api-keys"]);
    command.env("IBM_CREDENTIALS_FILE", "mine.env");
    done(command).code(2);
}
