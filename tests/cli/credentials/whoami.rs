//! `whoami`: who, where, why.

use std::fs;

use super::{at, bare, done, log_in, service, token_for, write_session};
use crate::support::emulator::Emulator;
use crate::support::expected::failed;
use crate::support::iam::BSS_ACCOUNT;
use crate::support::{ACCOUNT, IAM_ID, Sandbox, USER};

#[test]
fn the_document_is_as_listed() {
    let (server, sandbox) = (service(), Sandbox::new());
    let (url, store) = (server.url(), sandbox.root().join("home/store"));
    write_session(&sandbox, &url, &token_for("of-the-session", 3600), "");
    let session = super::session_file(&sandbox);
    log_in(&sandbox, &server, "key", &[]);
    done(bare(&sandbox, &["whoami", "-o", "json"])).ok().stderr("").stdout(&format!(
        r#"{{
    "user": "key",
    "iam_id": "IBMid-key",
    "account_id": "{BSS_ACCOUNT}",
    "profile": "default",
    "backend": "remote",
    "endpoint": "{url}",
    "source": "login",
    "detail": "file",
    "passed_over": [
        {{
            "source": "ibmcloud session",
            "detail": "{}",
            "found": "passed over"
        }}
    ],
    "token_expires_at": "2026-11-21T10:00+0000",
    "store": "{}"
}}
"#,
        session.display(),
        store.display()
    ));
    let explained = done(bare(&sandbox, &["whoami", "--explain", "-o", "json"])).json();
    let search = explained["search"].as_array().unwrap();
    assert_eq!(search.len(), 9);
    assert_eq!((&search[7]["source"], &search[7]["found"]), (&"login".into(), &"used".into()));
    let fields: Vec<&String> = explained.as_object().unwrap().keys().collect();
    assert_eq!(fields.len(), 12);
    assert!(fields.iter().any(|field| *field == "search"));
}

#[test]
fn the_local_store_is_told_of_too() {
    let sandbox = Sandbox::new();
    let store = sandbox.root().join("home/store");
    sandbox.run(&["whoami"]).is(
        0,
        &format!(
            "User          {USER}\nIAM ID        {IAM_ID}\nAccount       {ACCOUNT}\nProfile       default\n\
             Backend       local\nLocal store   {}\n",
            store.display()
        ),
        "",
    );
    let who = sandbox.run(&["whoami", "-o", "json"]).json();
    for field in ["endpoint", "source", "detail", "token_expires_at"] {
        assert!(who[field].is_null(), "{field}: {who:#}");
    }
    let mut command = bare(&sandbox, &["whoami"]);
    command.env("CI", "true");
    done(command).code(7).stdout("");
}

#[test]
fn explain_lists_the_whole_search_for_people() {
    let (server, sandbox) = (service(), Sandbox::new());
    fs::write(sandbox.root().join("home/ibm-credentials.env"), "OTHER=1\n").unwrap();
    let url = server.url();
    let mut command = at(&sandbox, &server, &["whoami", "--explain"]);
    command.env("IC_API_KEY", "terra").env("IAM_IDENTITY_AUTH_TYPE", "noAuth");
    done(command).ok().stderr("").stdout(&format!(
        "User          terra\nIAM ID        IBMid-terra\nAccount       {BSS_ACCOUNT}\nProfile       default\n\
         Backend       remote\nEndpoint      {url}\nCredential    IC_API_KEY\n\
         Token         good until 2026-11-21T10:00:00Z\n\
         Passed over   IAM_IDENTITY_*: cannot be used: The environment asks for the credential type 'noauth', which is not covered\n\
         Local store   {store}\n\n    \
         Source                  Found\n\
         1   --apikey                not given\n\
         2   IBMCLOUD_API_KEY        not set\n\
         3   IC_API_KEY              used\n\
         4   IBM_CREDENTIALS_FILE    not set\n\
         5   ./ibm-credentials.env   no such file\n\
         6   ~/ibm-credentials.env   holds nothing that begins with IAM_IDENTITY_\n\
         7   IAM_IDENTITY_*          cannot be used: The environment asks for the credential type 'noauth', which is not covered\n\
         8   login                   nobody is logged in\n\
         9   ibmcloud session        no such file\n",
        store = sandbox.root().join("home/store").display()
    ));
}

#[test]
fn explain_helps_where_nobody_can_be_named() {
    let (server, sandbox) = (service(), Sandbox::new());
    let mut command = at(&sandbox, &server, &["whoami", "--explain"]);
    command.env("IBMCLOUD_API_KEY", "");
    let refused = done(command);
    refused.code(7).stderr(&failed(
        "IBMCLOUD_API_KEY is set but empty.\nGive it an API key or '@FILE', or unset it; \
         IBMCLOUD_IAM_BACKEND=local asks for the local store.",
    ));
    assert!(
        refused.stdout.contains("cannot be used: IBMCLOUD_API_KEY is set but empty"),
        "{refused:#?}"
    );
    let mut command = at(&sandbox, &server, &["whoami", "--explain"]);
    command.env("IBMCLOUD_API_KEY", "bad-key");
    let refused = done(command);
    assert!(refused.code(7).stdout.contains("2   IBMCLOUD_API_KEY        used\n"), "{refused:#?}");
    let mut command = at(&sandbox, &server, &["whoami", "--explain", "-o", "json"]);
    command.env("IBMCLOUD_API_KEY", "bad-key");
    done(command).code(7).stdout("");
}

#[test]
fn a_clock_that_differs_from_the_services_is_told() {
    for (now, words, behind) in [
        ("2026-11-21T07:00:00Z", "about 2 hours behind", Some(7_200)),
        ("2026-11-21T09:05:20Z", "about 5 minutes ahead of", Some(-320)),
        ("2026-11-21T09:01:00Z", "", None),
        ("2026-11-21T08:59:00Z", "", None),
    ] {
        let sandbox = Sandbox::new();
        let emulator = Emulator::start(&sandbox, &["--in-memory"], &[]);
        let key = format!("@{}", emulator.key_file().display());
        let whoami = |more: &[&str]| {
            let flags = ["whoami", "--endpoint", emulator.endpoint(), "--apikey", &key];
            let mut command = bare(&sandbox, &[&flags[..], more].concat());
            command.env("IBMCLOUD_IAM_NOW", now);
            // A kept token would spare the request.
            let _ = fs::remove_dir_all(sandbox.root().join("home/tokens"));
            done(command)
        };
        let told = match behind {
            Some(_) => format!("This machine's clock is {words} the service's.\n"),
            None => String::new(),
        };
        whoami(&[]).ok().stderr(&told);
        whoami(&["-q"]).ok().stderr("");
        let who = whoami(&["-o", "json"]);
        assert_eq!(who.ok().stderr("").json().get("clock_behind").cloned(), behind.map(Into::into));
    }
}
