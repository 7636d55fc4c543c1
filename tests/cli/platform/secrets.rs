//! No password, key or token comes out anywhere but in its one place, even where a platform repeats all of them in every form.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::rig::{AUTHORIZE, GENERATE};
use crate::secrets::{count, forms};
use crate::support::disk::snapshot;
use crate::support::server::{Answer, Server};
use crate::support::{Outcome, Sandbox, run};

const PASSWORD: &str = "pass_word-0123456789abcdefghijklmnopqrstuvwx";
const OLD: &str = "old-key_value-0123456789abcdefghijklmnopqrst";
const NEW: &str = "new-key_value-0123456789abcdefghijklmnopqrst";
const BEARER: &str = "bearer_token-0123456789abcdefghijklmnopqrstu";
const OF_IAM: &str = "token_of_iam-0123456789abcdefghijklmnopqrstu";

const DOOR: &str = "POST /idprovider/v1/auth/identitytoken";
const VALIDATE: &str = "GET /v1/preauth/validateAuth";
const WHO: &str = "GET /usermgmt/v1/user/currentUserInfo";

/// Each secret in several forms.
fn everything() -> String {
    let every = |secret: &str, write: &dyn Fn(u8) -> String| -> String {
        secret.bytes().map(write).collect()
    };
    let told = [PASSWORD, OLD, NEW, BEARER, OF_IAM].map(|secret| {
        [
            secret.to_owned(),
            STANDARD.encode(secret),
            STANDARD.encode(format!("me:{secret}")),
            every(secret, &|byte| format!("{byte:02x}")),
            every(secret, &|byte| format!("%{byte:02X}")),
            every(secret, &|byte| format!("\\u{byte:04x}")),
        ]
        .join(" ")
    });
    told.join(" ; ")
}

/// A platform that answers well, but fails at one route and then repeats every secret that it has seen by then.
fn platform(fails: &'static str) -> Server {
    let mut known = Vec::new();
    Server::start(move |request| {
        let route = request.route();
        let sent = [PASSWORD, OLD].into_iter();
        known.extend(sent.filter(|secret| count(&request.body, secret.as_bytes()) > 0));
        if route == fails {
            let all = everything();
            // What the client has neither sent nor got, it cannot know.
            let told: Vec<&str> = all
                .split(" ; ")
                .filter(|told| known.iter().any(|secret| told.starts_with(secret)))
                .collect();
            let told = told.join(" ; ");
            let status = if route == GENERATE { 500 } else { 401 };
            let body = json!({"_messageCode_": told, "message": told, "exception": told,
                              "nested": [{"apiKey": told, "deep": told}]});
            return Answer::json(status, body).header("X-Echo", &told);
        }
        match &*route {
            AUTHORIZE if fails == DOOR || fails == VALIDATE => Answer::json(401, json!({})),
            AUTHORIZE => {
                known.push(BEARER);
                Answer::json(200, json!({"token": BEARER}))
            }
            DOOR => {
                known.push(OF_IAM);
                Answer::json(200, json!({"access_token": OF_IAM}))
            }
            GENERATE => Answer::json(200, json!({"apiKey": NEW})),
            WHO => Answer::json(200, json!({"user_name": "me", "uid": "7"})),
            _ => Answer::json(404, json!({})),
        }
    })
}

/// How often a secret is in an outcome, in any form.
fn found(outcome: &Outcome, secret: &str) -> (usize, usize) {
    let all =
        |text: &str| forms(secret).iter().map(|form| count(text.as_bytes(), form)).sum::<usize>();
    (all(&outcome.stdout), all(&outcome.stderr))
}

#[test]
fn no_secret_is_told_in_any_form() {
    for fails in ["nothing", AUTHORIZE, DOOR, VALIDATE, GENERATE, WHO] {
        for (variable, secret) in [("CPD_PASSWORD", PASSWORD), ("CPD_APIKEY", OLD)] {
            for (command, place) in [
                (&["platform-api-key-create", "--force"][..], Some(NEW)),
                (&["platform-api-key-create", "--force", "--file", "k"], None),
                (&["platform-api-key-check"], None),
                (&["platform-api-key-check", "@old"], None),
                (&["platform-api-key-delete", "--force"], None),
                (&["platform-token"], Some(BEARER)),
            ] {
                for more in [&[][..], &["--output", "json", "--error-format", "json"]] {
                    let server = platform(fails);
                    let sandbox = Sandbox::new();
                    std::fs::write(sandbox.work("old"), OLD).unwrap();
                    let mut command = sandbox.unchosen(&[command, more].concat());
                    command.env("CPD_URL", server.url()).env("CPD_USERNAME", "me");
                    command.env(variable, secret).env("IBMCLOUD_TRACE", "true");
                    command.env("IBMCLOUD_HTTP_TIMEOUT", "5");
                    let outcome = run(&mut command, b"");
                    let case = format!("{fails} {variable} {command:?}: {outcome:#?}");
                    for secret in [PASSWORD, OLD, NEW, BEARER, OF_IAM] {
                        let is_here = outcome.code == 0 && place == Some(secret);
                        assert_eq!(found(&outcome, secret), (usize::from(is_here), 0), "{case}");
                    }
                    // The key goes to FILE, and a secret to no other file.
                    for (path, thing) in snapshot(sandbox.root()) {
                        let name = path.file_name().unwrap().to_string_lossy().into_owned();
                        for secret in [PASSWORD, OLD, NEW, BEARER, OF_IAM] {
                            let may =
                                (name == "k" && secret == NEW) || (name == "old" && secret == OLD);
                            let seen =
                                forms(secret).iter().any(|form| count(&thing.bytes, form) > 0);
                            assert!(may || !seen, "{}: {case}", path.display());
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn a_kept_password_is_in_its_file_alone() {
    let server = platform("nothing");
    let sandbox = Sandbox::new();
    let url = server.url();
    let args =
        ["login", "--platform", &url, "--username", "me", "--password", "-", "--insecure-storage"];
    let mut command = sandbox.unchosen(&args);
    let outcome = run(command.env("IBMCLOUD_TRACE", "true"), PASSWORD.as_bytes());
    outcome.ok();
    assert_eq!(found(&outcome, PASSWORD), (0, 0), "{outcome:#?}");
    for (path, thing) in snapshot(sandbox.root()) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let seen = forms(PASSWORD).iter().any(|form| count(&thing.bytes, form) > 0);
        assert_eq!(seen, name.starts_with("login-"), "{}", path.display());
    }
}
