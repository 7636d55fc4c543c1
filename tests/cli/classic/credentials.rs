//! Where the credential of classic infrastructure comes from, and where it is sent.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;

use crate::support::iam::{BSS_ACCOUNT, access_token};
use crate::support::server::{Answer, Request, Server};
use crate::support::service::Service;
use crate::support::{Sandbox, run, write_private};

const VALUE: &str = "0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqr";
const IAM_KEY: &str = "iam_key-0123456789abcdefghijklmnopqrstuvwxyz";

/// A service with a user who has no key.
fn service() -> Service<Server> {
    Service::scripted(|request| {
        if request.path.contains("getCurrentUser") {
            return Answer::json(200, json!({"id": 7, "username": "1_me", "accountId": 1}));
        }
        Answer::json(200, json!([]))
    })
}

/// A command whose places for credentials are empty; IAM is the service.
fn command(rig: &Service<Server>, args: &[&str]) -> Command {
    let mut command = rig.command(&[&["classic-api-key"], args].concat());
    command.env_remove("IBMCLOUD_API_KEY");
    command
}

/// Writes the file of softlayer-python.
fn write_file(sandbox: &Sandbox, lines: &str) {
    write_private(&sandbox.root().join("home/.softlayer"), format!("[softlayer]\n{lines}\n"));
}

fn basic(user: &str, key: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{key}")))
}

/// The credential of the only requests that went to classic infrastructure.
#[track_caller]
fn sent(rig: &Service<Server>, mut command: Command) -> String {
    let before = rig.server.requests().len();
    let outcome = rig.told(run(&mut command, b""));
    outcome.code(3);
    let requests = rig.server.requests();
    let new = requests[before..].iter().filter(|request| request.path.starts_with("/rest/v3.1/"));
    let sent: Vec<_> = new.map(|request| request.header("authorization").unwrap()).collect();
    assert!(sent.len() == 2 && sent[0] == sent[1], "{sent:?}");
    sent[0].to_owned()
}

#[test]
fn the_first_place_wins() {
    let rig = service();
    fs::write(rig.sandbox.work("flag"), "flag-0123456789abcdefghijklmnopqrstuvwxyz").unwrap();
    write_private(
        &rig.sandbox.work("key.json"),
        format!("{{\"id\":\"1\",\"system\":\"classic\",\"apikey\":\"{VALUE}\"}}"),
    );
    write_file(&rig.sandbox, &format!("username = of-file\napi_key = {VALUE}"));
    let iam: fn(&mut Command) = |command| {
        command.env("IBMCLOUD_API_KEY", IAM_KEY);
    };
    let variables: fn(&mut Command) = |command| {
        command.env("SL_USERNAME", "mine").env("SL_API_KEY", "@key.json");
    };
    let more: fn(&mut Command) = |command| {
        command.env("SOFTLAYER_USERNAME", "other").env("SOFTLAYER_API_KEY", IAM_KEY);
    };

    let mut all = command(&rig, &["--apikey", "@flag"]);
    for fill in [iam, variables, more] {
        fill(&mut all);
    }
    let flag = basic("apikey", "flag-0123456789abcdefghijklmnopqrstuvwxyz");
    assert_eq!(sent(&rig, all), flag);

    let mut all = command(&rig, &[]);
    for fill in [iam, variables, more] {
        fill(&mut all);
    }
    assert_eq!(sent(&rig, all), basic("mine", VALUE));

    let mut three = command(&rig, &[]);
    for fill in [iam, more] {
        fill(&mut three);
    }
    assert_eq!(sent(&rig, three), basic("other", IAM_KEY));

    let mut two = command(&rig, &[]);
    iam(&mut two);
    assert_eq!(sent(&rig, two), basic("apikey", IAM_KEY));

    assert_eq!(sent(&rig, command(&rig, &[])), basic("of-file", VALUE));
}

#[test]
fn a_token_of_iam_is_sent_as_such() {
    let rig = service();
    let token = access_token(3600);
    let mut bearer = command(&rig, &[]);
    bearer.env("IAM_IDENTITY_BEARER_TOKEN", &token);
    assert_eq!(sent(&rig, bearer), format!("Bearer {token}"));
}

#[test]
fn an_expired_token_of_a_session_is_renewed_once() {
    let old = access_token(1800);
    let expired = format!("Bearer {old}");
    let rig = Service::scripted(move |request| {
        if request.header("authorization") == Some(&expired) {
            let code = "SoftLayer_Exception_Account_Authentication_AccessTokenValidation";
            return Answer::json(500, json!({"error": "Expired.", "code": code}));
        }
        if request.path.contains("getCurrentUser") {
            return Answer::json(200, json!({"id": 7, "username": "1_me", "accountId": 1}));
        }
        Answer::json(200, json!([]))
    });
    let session = json!({
        "APIEndpoint": "https://cloud.ibm.com", "CloudName": "bluemix",
        "IAMEndpoint": rig.endpoint, "IAMToken": format!("Bearer {old}"),
        "IAMRefreshToken": "refresh", "Account": {"GUID": BSS_ACCOUNT},
    });
    let file = rig.sandbox.root().join("home/.bluemix/config.json");
    write_private(&file, session.to_string());
    rig.told(run(&mut rig.bare(&["classic-api-key"]), b"")).code(3);
    let sent: Vec<_> = rig.server.requests().iter().map(Request::route).collect();
    let who = "GET /rest/v3.1/SoftLayer_Account/getCurrentUser.json";
    let list = "GET /rest/v3.1/SoftLayer_User_Customer/7/getApiAuthenticationKeys.json";
    assert_eq!(sent, [who, "POST /identity/token", who, list]);
}

#[test]
fn what_is_half_there_empty_or_open_to_others_is_an_error() {
    let rig = service();
    let refused = |mut command: Command, message: &str| {
        command.env("IBMCLOUD_API_KEY", IAM_KEY);
        let outcome = rig.told(run(&mut command, b""));
        outcome.code(7).stdout("");
        assert!(outcome.stderr.starts_with(&format!("FAILED\n{message}\n")), "{outcome:#?}");
        assert!(!outcome.stderr.contains(VALUE));
    };
    let with = |variables: &[(&str, &str)]| {
        let mut command = command(&rig, &[]);
        command.envs(variables.iter().copied());
        command
    };
    refused(with(&[("SL_USERNAME", "me")]), "SL_USERNAME is set, and SL_API_KEY is not.");
    refused(
        with(&[("SOFTLAYER_API_KEY", VALUE)]),
        "SOFTLAYER_API_KEY is set, and SL_USERNAME is not.",
    );
    refused(with(&[("SL_USERNAME", ""), ("SL_API_KEY", VALUE)]), "SL_USERNAME is set but empty.");
    refused(with(&[("SL_USERNAME", "me"), ("SL_API_KEY", "")]), "SL_API_KEY is set but empty.");
    refused(
        with(&[("SL_USERNAME", "me"), ("SL_API_KEY", "two words")]),
        "SL_API_KEY holds something else than one API key.",
    );

    // Each key is recognised by what it is for.
    refused(
        with(&[("SL_USERNAME", "apikey"), ("SL_API_KEY", VALUE)]),
        "SL_API_KEY holds a classic infrastructure key, which IAM does not know.",
    );
    for (value, what) in [
        ("ApiKey-18f773b0-db53-43f1-ad68-92c667c218fe", "the ID of an IAM API key"),
        ("cpd-apikey-IBMid-1-2026", "the name of an IAM API key"),
        ("ServiceId-18f773b0-db53-43f1-ad68-92c667c218fe", "the ID of a service ID"),
        // k2:me:secret
        ("azI6bWU6c2VjcmV0", "a key of the watsonx console on AWS"),
    ] {
        let message = format!("SL_API_KEY holds {what}, and not a classic API key.");
        refused(with(&[("SL_USERNAME", "1_me"), ("SL_API_KEY", value)]), &message);
    }

    let file = rig.sandbox.root().join("home/.softlayer");
    let of_file = |lines: &str, mode: u32, message: &str| {
        write_file(&rig.sandbox, lines);
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        let mut command = command(&rig, &[]);
        let outcome = rig.told(run(&mut command, b""));
        outcome.code(7).stdout("");
        assert!(outcome.stderr.starts_with(&format!("FAILED\n{message}")), "{outcome:#?}");
    };
    of_file("username = me", 0o600, "'~/.softlayer' holds no 'api_key'.\n");
    of_file("api_key = x", 0o600, "'~/.softlayer' holds no 'username'.\n");
    let whole = format!("username = me\napi_key = {VALUE}");
    of_file(&whole, 0o666, "'~/.softlayer' cannot be read: ");
    of_file("username = me\napi_key = @/etc/passwd", 0o600, "'~/.softlayer' holds something else");
    // Nobody is logged in where there is nothing, and the local store is not used unasked.
    of_file("timeout = 5", 0o600, "You are not logged in to classic infrastructure: ");
    assert!(rig.server.requests().is_empty());
}

#[test]
fn a_credential_goes_to_the_place_that_is_named_for_it() {
    let rig = service();
    let other = Server::start(|request| {
        if request.path.contains("getCurrentUser") {
            return Answer::json(200, json!({"id": 7, "username": "1_me"}));
        }
        Answer::json(200, json!([]))
    });
    let goes_to = |mut command: Command| {
        let before = (rig.server.requests().len(), other.requests().len());
        let outcome = run(&mut command, b"");
        let seen = (rig.server.requests().len() - before.0, other.requests().len() - before.1);
        (outcome.code, seen)
    };
    let mut named = command(&rig, &[]);
    named.env("SL_USERNAME", "me").env("SL_API_KEY", VALUE);
    // A URL of XML-RPC means its twin.
    named.env("SL_ENDPOINT_URL", format!("{}/xmlrpc/v3.1/", other.url()));
    assert_eq!(goes_to(named), (3, (0, 2)));
    assert!(other.requests()[0].path.starts_with("/rest/v3.1/SoftLayer_Account/"));

    let lines =
        format!("username = me\napi_key = {VALUE}\nendpoint_url = {}/rest/v3.1", other.url());
    write_file(&rig.sandbox, &lines);
    assert_eq!(goes_to(command(&rig, &[])), (3, (0, 2)));
    let mut twice = command(&rig, &[]);
    twice.env("SOFTLAYER_ENDPOINT_URL", format!("{}/rest/v3.1", rig.server.url()));
    assert_eq!(goes_to(twice), (7, (0, 0)));

    // Who tries something out does not reach the real account.
    let away = format!(
        "username = me\napi_key = {VALUE}\nendpoint_url = https://api.softlayer.com/rest/v3.1"
    );
    write_file(&rig.sandbox, &away);
    assert_eq!(goes_to(command(&rig, &[])), (7, (0, 0)));

    // Nobody knows where the classic infrastructure of another IAM is.
    let mut foreign = command(&rig, &[]);
    foreign
        .env("IBMCLOUD_API_KEY", IAM_KEY)
        .env("IBMCLOUD_IAM_API_ENDPOINT", "https://127.0.0.1.example.com");
    assert_eq!(goes_to(foreign), (2, (0, 0)));
    let mut plain = command(&rig, &[]);
    plain
        .env("IBMCLOUD_API_KEY", IAM_KEY)
        .env("SL_ENDPOINT_URL", "http://api.softlayer.com/rest/v3.1");
    assert_eq!(goes_to(plain), (2, (0, 0)));
}

#[test]
fn whoami_tells_of_a_login_of_its_own_without_a_request() {
    let rig = service();
    let row = |mut command: Command| {
        command.env("IBMCLOUD_API_KEY", IAM_KEY);
        let outcome = rig.told(run(&mut command, b""));
        outcome.ok();
        let row = outcome.stdout.lines().find_map(|line| line.strip_prefix("Classic"));
        row.map(|row| row.trim().to_owned())
    };
    let whoami = || {
        let mut command = rig.command(&["whoami"]);
        command.env_remove("IBMCLOUD_API_KEY");
        command
    };
    assert_eq!(row(whoami()), None);
    let mut own = whoami();
    own.env("SL_USERNAME", "me").env("SL_API_KEY", VALUE);
    assert_eq!(row(own).as_deref(), Some("me at http://HOST/rest/v3.1 (SL_API_KEY)"));
    let mut half = whoami();
    half.env("SL_USERNAME", "me");
    assert_eq!(
        row(half).as_deref(),
        Some("cannot be used: SL_USERNAME is set, and SL_API_KEY is not")
    );
    assert!(rig.routes().is_empty());
}
