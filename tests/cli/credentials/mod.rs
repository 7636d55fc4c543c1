//! Where a credential comes from: every place, their order, and what is kept of them.

mod bindings;
mod cli_session;
mod given;
mod homeless;
mod keyring;
mod login;
mod order;
mod other_systems;
mod parallel;
mod profiles;
mod sdk;
mod secrets;
mod service_id;
mod strangers;
mod tokens;
mod trust;
mod whoami;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::support::iam::{
    BSS_ACCOUNT, TOKEN_ROUTE, error_answer, key_json, list_answer, now, token_error,
};
use crate::support::server::{Answer, Request, Server};
use crate::support::{Outcome, Sandbox, run, write_private};

/// The Basic client that a refresh token is good for.
const BX: &str = "Basic Yng6Yng=";

/// An access token that speaks for `user` and expires so many seconds after `NOW`.
fn token_for(user: &str, lifetime: i64) -> String {
    let claims = json!({
        "iam_id": format!("IBMid-{user}"), "id": format!("IBMid-{user}"), "email": user,
        "account": {"valid": true, "bss": BSS_ACCOUNT}, "iat": now(), "exp": now() + lifetime,
    });
    format!("e30.{}.c2ln", BASE64_URL_SAFE_NO_PAD.encode(claims.to_string()))
}

/// A service for which a credential's text is the name of its user, so that it can be seen who came. A text that
/// begins with `bad` is refused.
fn service() -> Server {
    Server::start(answer)
}

fn answer(request: &Request) -> Answer {
    match &*request.route() {
        TOKEN_ROUTE => {
            let form = request.form();
            let field = |name: &str| {
                form.iter().find(|(found, _)| found == name).map(|(_, value)| value.clone())
            };
            let user = match (field("apikey"), field("refresh_token")) {
                (Some(key), None) => key,
                (None, Some(refresh)) => {
                    assert_eq!(request.header("authorization"), Some(BX));
                    refresh
                }
                _ => panic!("{form:?}"),
            };
            if user.starts_with("bad") {
                return token_error(400, "BXNIM0415E", "Provided API key could not be found.");
            }
            let token = token_for(&user, 3600);
            Answer::json(
                200,
                json!({"access_token": token, "refresh_token": "not_supported", "token_type": "Bearer",
                       "expires_in": 3600, "expiration": now() + 3600}),
            )
        }
        "GET /v1/apikeys/details"
            if request.header("iam-apikey").is_some_and(|key| key.contains("unseen")) =>
        {
            error_answer(403, "forbidden", "BXNIM0403E", "You may not see it")
        }
        "GET /v1/apikeys/details" => Answer::json(200, key_json(7, "the-login")),
        "GET /v1/apikeys" => list_answer("http://127.0.0.1", &[], None),
        other => panic!("{other}"),
    }
}

/// The program without a choice of the backend, at the server.
fn at(sandbox: &Sandbox, server: &Server, args: &[&str]) -> Command {
    let mut command = bare(sandbox, args);
    command.env("IBMCLOUD_IAM_API_ENDPOINT", server.url());
    command
}

/// The program without a choice of the backend.
fn bare(sandbox: &Sandbox, args: &[&str]) -> Command {
    sandbox.unchosen(args)
}

/// Runs a command with nothing on standard input.
fn done(mut command: Command) -> Outcome {
    run(&mut command, b"")
}

/// Logs in with a key, kept in a file.
#[track_caller]
fn log_in(sandbox: &Sandbox, server: &Server, key: &str, more: &[&str]) -> Outcome {
    let url = server.url();
    let args =
        [&["login", "--apikey", "-", "--insecure-storage", "--endpoint", &url], more].concat();
    let outcome = run(&mut bare(sandbox, &args), key.as_bytes());
    outcome.ok();
    outcome
}

/// The file of the official CLI's session.
fn session_file(sandbox: &Sandbox) -> PathBuf {
    sandbox.root().join("home/.bluemix/config.json")
}

/// Writes a session of the official CLI.
fn write_session(sandbox: &Sandbox, endpoint: &str, access: &str, refresh: &str) {
    let bearer = if access.is_empty() { String::new() } else { format!("Bearer {access}") };
    let session = json!({
        "APIEndpoint": "https://cloud.ibm.com", "CloudName": "bluemix", "IAMEndpoint": endpoint,
        "IAMToken": bearer, "IAMRefreshToken": refresh, "Account": {"GUID": BSS_ACCOUNT},
        "PluginRepos": null, "SomethingOfTomorrow": {"x": 1},
    });
    write_private(&session_file(sandbox), serde_json::to_string_pretty(&session).unwrap());
}

/// What `whoami` says of itself.
#[track_caller]
fn whoami(command: Command) -> Value {
    done(command).json()
}

/// The file of the only login that is kept in one.
#[track_caller]
fn login_file(directory: &Path) -> PathBuf {
    let mut found: Vec<PathBuf> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("login-"))
        .collect();
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}
