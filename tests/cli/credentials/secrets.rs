//! Neither a key nor a token comes out anywhere but where it is kept, or asked for.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::Stdio;

use super::{at, bare, done, login_file, service, session_file, token_for, write_session};
use crate::secrets::{count, forms};
use crate::support::disk::snapshot;
use crate::support::running::wait_until;
use crate::support::server::{Answer, Server};
use crate::support::{Outcome, Sandbox, run, shown_in_proc};

/// Keys in the form that the service gives them, so that every form of them can be looked for.
const KEY: &str = "Kanarienvogel_AAAAAAAAAAAAAAAAAAAAAAAAAAAA-Q0";
const REFRESH: &str = "Refreshvogel_BBBBBBBBBBBBBBBBBBBBBBBBBBBBB-Q0";

/// A service whose users are not called as their keys, and whose refusals repeat what they were sent.
fn discreet(user: &'static str) -> Server {
    Server::start(move |request| match &*request.route() {
        "POST /identity/token" => {
            let body = String::from_utf8_lossy(&request.body).into_owned();
            let is_refused = request.header("x-refuse").is_some() || body.contains("refused");
            if is_refused {
                let message = format!("no such key: {body}");
                return crate::support::iam::token_error(400, "BXNIM0415E", &message);
            }
            Answer::json(
                200,
                serde_json::json!({"access_token": token_for(user, 3600), "refresh_token": REFRESH,
                    "expires_in": 3600, "expiration": crate::support::iam::now() + 3600}),
            )
        }
        _ => super::answer(request),
    })
}

/// Asserts that a secret is in none of the outputs, and below `root` only in these files.
#[track_caller]
fn only_in(allowed: &[&Path], secret: &str, root: &Path, outcomes: &[Outcome]) {
    let forms = forms(secret);
    let leaks = |bytes: &[u8]| forms.iter().any(|form| count(bytes, form) > 0);
    for outcome in outcomes {
        assert!(
            !leaks(outcome.stdout.as_bytes()) && !leaks(outcome.stderr.as_bytes()),
            "{outcome:#?}"
        );
    }
    for (path, thing) in snapshot(root) {
        let name = path.display().to_string();
        assert!(!leaks(name.as_bytes()), "{name}");
        if !allowed.iter().any(|allowed| path.starts_with(allowed)) {
            assert!(!leaks(&thing.bytes), "{name}");
        }
    }
}

/// Every manner in which a command can be run.
const MANNERS: [&[&str]; 5] =
    [&[], &["-o", "json"], &["-q"], &["--error-format", "json"], &["--color", "always"]];

#[test]
fn of_a_login_nothing_comes_out() {
    let sandbox = Sandbox::new();
    let server = discreet("canary");
    let home = sandbox.root().join("home");
    let trace = sandbox.root().join("trace");
    let mut outcomes = Vec::new();
    for manner in MANNERS {
        for traced in [None, Some("true".to_owned()), Some(trace.display().to_string())] {
            let run_with = |args: &[&str], input: &str| {
                let mut command = at(&sandbox, &server, &[args, manner].concat());
                command.envs(traced.as_ref().map(|to| ("IBMCLOUD_TRACE", to)));
                run(&mut command, input.as_bytes())
            };
            let login = ["login", "--apikey", "-", "--insecure-storage"];
            let inside = [
                run_with(&login, KEY),
                run_with(&["whoami", "--explain"], ""),
                run_with(&["api-keys"], ""),
                run_with(&["login", "--apikey", "-"], KEY),
                run_with(&["login", "--apikey", "-", "--insecure-storage", "--dry-run"], KEY),
                run_with(
                    &["login", "--apikey", "-", "--insecure-storage"],
                    &format!("{KEY}refused"),
                ),
                run_with(&["login", "--apikey", KEY], ""),
                run_with(&["login", KEY], ""),
                run_with(&["login", "--insecure-storage"], KEY),
            ];
            let codes = inside.each_ref().map(|outcome| outcome.code);
            assert_eq!(codes, [0, 0, 0, 10, 0, 7, 2, 2, 2], "{inside:#?}");
            outcomes.extend(inside);
            let file = login_file(&home);
            only_in(&[&file], KEY, sandbox.root(), &outcomes);
            let token = token_for("canary", 3600);
            only_in(&[&home.join("tokens")], &token, sandbox.root(), &outcomes);
            outcomes.push(run_with(&["logout"], ""));
            outcomes.push(run_with(&["whoami", "--explain"], ""));
            // Not even a token is left.
            only_in(&[], KEY, sandbox.root(), &outcomes);
            only_in(&[], &token, sandbox.root(), &outcomes);
        }
    }
    only_in(&[], REFRESH, sandbox.root(), &outcomes);
    let traced = std::fs::read_to_string(trace).unwrap();
    assert!(traced.contains("apikey=[PRIVATE DATA HIDDEN]"), "{traced}");
}

#[test]
fn tokens_come_out_where_they_are_asked_for_and_nowhere_else() {
    let sandbox = Sandbox::new();
    let server = discreet("canary");
    let token = token_for("canary", 3600);
    let mut others = Vec::new();
    for command in ["bearer-token", "oauth-tokens"] {
        for manner in MANNERS {
            let mut asked = at(&sandbox, &server, &[&[command], manner].concat());
            asked.env("IBMCLOUD_API_KEY", KEY).env("IBMCLOUD_TRACE", "true");
            let mut outcome = done(asked);
            assert_eq!(outcome.ok().stdout.matches(&token).count(), 1, "{outcome:#?}");
            outcome.stdout = outcome.stdout.replace(&token, "");
            others.push(outcome);
        }
    }
    let tokens = sandbox.root().join("home/tokens");
    only_in(&[&tokens], &token, sandbox.root(), &others);
    only_in(&[], KEY, sandbox.root(), &others);
}

#[test]
fn of_a_session_nothing_comes_out() {
    let sandbox = Sandbox::new();
    let server = discreet("canary");
    let access = token_for("old", -5);
    write_session(&sandbox, &server.url(), &access, REFRESH);
    let mut outcomes = Vec::new();
    for manner in MANNERS {
        for args in [&["whoami", "--explain"][..], &["api-keys"], &["logout"]] {
            let mut command = bare(&sandbox, &[args, manner].concat());
            command.env("IBMCLOUD_TRACE", "true");
            outcomes.push(done(command));
        }
    }
    let session = session_file(&sandbox);
    write_session(&sandbox, &server.url(), &access, &format!("{REFRESH}refused"));
    let mut command = bare(&sandbox, &["api-keys"]);
    command.env("IBMCLOUD_TRACE", "true");
    let refused = done(command);
    refused.code(7);
    outcomes.push(refused);
    for secret in [REFRESH, &access, &token_for("canary", 3600)] {
        only_in(&[&session], secret, sandbox.root(), &outcomes);
    }
}

#[test]
fn a_running_login_shows_nothing_in_proc() {
    if !std::fs::exists("/proc/self/cmdline").unwrap() {
        crate::support::skipped("no /proc");
        return;
    }
    let sandbox = Sandbox::new();
    // It says nothing, so that the program waits.
    let server = Server::start(|_| Answer::Hang);
    let mut command = at(&sandbox, &server, &["login", "--apikey", "-", "--insecure-storage"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(KEY.as_bytes()).unwrap();
    wait_until("a request comes", || !server.requests().is_empty());
    for form in forms(KEY) {
        for file in ["cmdline", "environ", "comm", "status"] {
            let bytes = shown_in_proc(child.id(), file);
            assert_eq!(count(&bytes, &form), 0, "/proc/PID/{file}");
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let mut shown = String::new();
    child.stdout.take().unwrap().read_to_string(&mut shown).unwrap();
    assert!(shown.starts_with("Logging in to "), "{shown}");
    only_in(&[], KEY, sandbox.root(), &[]);
    drop(service());
}
