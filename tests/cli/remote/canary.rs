//! No secret comes out anywhere but in its one place, even where the service repeats it in every form.

use std::fs;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use serde_json::json;

use super::{API_KEY, Counter, Remote, command, tokens};
use crate::secrets::{count, forms};
use crate::support::disk::snapshot;
use crate::support::iam::{IAM_ID, key_id, key_json, list_answer, now};
use crate::support::running::wait_until;
use crate::support::server::{Answer, Request};
use crate::support::{Outcome, run, shown_in_proc, skipped};

const LOOKED_UP: &str = "looked_up-value-0123456789abcdefghijklmnopqr";
const CHOSEN: &str = "service-chosen_value-0123456789abcdefghijklm";
const REFRESH: &str = "refresh_token-0123456789-abcdefghijklmnopqrs";

/// How many forms there are.
const FORMS: usize = 9;

/// A secret in one of the forms in which a service might repeat it.
fn repeated(secret: &str, form: usize) -> String {
    let every = |write: &dyn Fn(u8) -> String| secret.bytes().map(write).collect::<String>();
    match form % FORMS {
        0 => secret.to_owned(),
        1 => BASE64_STANDARD.encode(secret),
        2 => BASE64_URL_SAFE_NO_PAD.encode(format!("Bearer {secret} and more")),
        3 => every(&|byte| format!("{byte:02x}")),
        4 => every(&|byte| format!("{byte:02X}")),
        5 => every(&|byte| format!("%{byte:02X}")),
        6 => secret.replace('-', "%2D").replace('_', "%5F"),
        7 => secret.replace('-', "%2d").replace('_', "%5f"),
        _ => every(&|byte| format!("\\u{byte:04x}")),
    }
}

/// Every secret that the service has seen so far, and how often it repeated them.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<String>>>, Counter);

impl Seen {
    fn add(&self, secret: &str) {
        let mut seen = self.0.lock().unwrap();
        if !seen.iter().any(|seen| seen == secret) {
            seen.push(secret.to_owned());
        }
    }

    fn note(&self, request: &Request) {
        if let Some(value) = request.header("iam-apikey") {
            self.add(value);
        }
        if let Some(bearer) = request.header("authorization") {
            self.add(&bearer["Bearer ".len()..]);
        }
        if request.route() == "POST /v1/apikeys"
            && let Some(value) = request.json()["apikey"].as_str()
        {
            self.add(value);
        }
    }

    fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    /// All of them, each in this form.
    fn told(&self, form: usize) -> String {
        self.all().iter().map(|secret| repeated(secret, form)).collect::<Vec<_>>().join(" ; ")
    }

    /// An error that repeats all of them, in one form in each place; from one error to the next the forms move on.
    fn error(&self, status: u16) -> Answer {
        let errors = self.1.next() + usize::from(status);
        let told = |place: usize| self.told(place + errors);
        let body = json!({
            "errors": [{"code": told(0), "message_code": told(1), "message": told(2), "details": told(3)}],
            "trace": told(4), "errorMessage": told(5),
            "nested": [{"deep": {"apikey": told(6), told(7): [told(8), {"token": told(9)}]}}],
        });
        let header = |place| told(place).replace(['\n', '\r'], " ");
        Answer::json(status, body)
            .header("Transaction-Id", &header(10))
            .header("X-Echo", &header(11))
            .header("Retry-After", "0")
    }
}

/// How the service ends a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ends {
    Well,
    Refused(u16),
    Garbage,
    Dropped,
    Hanging,
}

/// A service that has seen the credential and the tokens, and ends every call, or every write, in one way.
fn service(ends: Ends, only_writes: bool, seen: &Seen) -> Remote {
    let seen = seen.clone();
    let count = Counter::default();
    Remote::answering(move |request| {
        seen.note(request);
        if request.route() == "POST /identity/token" {
            seen.add(API_KEY);
            seen.add(REFRESH);
            // Where an answer may come too late the next one brings the same token, so that all that was told is known.
            let serial = if ends == Ends::Hanging { 0 } else { count.next() };
            let token = tokens::token_of(IAM_ID, 1_000 + serial);
            seen.add(&token);
            let body = json!({
                "access_token": token, "refresh_token": REFRESH, "token_type": "Bearer",
                "expires_in": 3600, "expiration": now() + 3600, "session_id": "s",
            });
            return Answer::json(200, body).header("X-Echo", &repeated(&token, count.next()));
        }
        let reads = request.method == "GET" && !request.path.ends_with("/details");
        match ends {
            Ends::Refused(status) if !(reads && only_writes) => seen.error(status),
            Ends::Garbage if !(reads && only_writes) => {
                let text = format!("<html>{:?}</html>", seen.all());
                Answer::Whole { status: 200, headers: Vec::new(), body: text.into() }
            }
            Ends::Dropped if !(reads && only_writes) => Answer::Close,
            Ends::Hanging if !(reads && only_writes) => Answer::Hang,
            _ => {
                if request.route() == "POST /v1/apikeys" && request.json()["apikey"].is_null() {
                    seen.add(CHOSEN);
                }
                served(request)
            }
        }
        .with_header("X-Again", &seen.told(count.next()))
    })
}

impl Answer {
    /// The same with one more header, where it has any.
    fn with_header(self, name: &str, value: &str) -> Self {
        if matches!(self, Self::Whole { .. }) { self.header(name, value) } else { self }
    }
}

/// What a service that works answers.
fn served(request: &Request) -> Answer {
    match (request.method.as_str(), request.route().as_str()) {
        (_, "GET /v1/apikeys") => list_answer("", &[key_json(1, "ci")], None),
        (_, "POST /v1/apikeys") => {
            let mut key = key_json(7, "new");
            key["apikey"] = request.json().get("apikey").cloned().unwrap_or(json!(CHOSEN));
            key["nested"] = json!({"again": key["apikey"]});
            Answer::json(201, key)
        }
        ("GET" | "PUT", _) => Answer::json(200, key_json(1, "ci")),
        _ => Answer::empty(204),
    }
}

/// Asserts that no secret is anywhere in the box or in what was printed, but in the places where it belongs.
#[track_caller]
fn nothing_leaks(remote: &Remote, seen: &Seen, outcome: &Outcome, value: &str, what: &str) {
    let mut places = vec![
        ("stdout".to_owned(), outcome.stdout.clone().into_bytes()),
        ("stderr".to_owned(), outcome.stderr.clone().into_bytes()),
    ];
    for (path, thing) in snapshot(remote.sandbox.root()) {
        let name = path.strip_prefix(remote.sandbox.root()).unwrap().display().to_string();
        if name.starts_with("bin") || ["work/credential", "work/value"].contains(&name.as_str()) {
            continue;
        }
        places.push((name.clone(), name.clone().into_bytes()));
        places.push((name, thing.bytes));
    }
    // JSON within JSON has its backslashes twice.
    for (_, bytes) in &mut places {
        if memchr::memmem::find(bytes, br"\\").is_some() {
            *bytes = String::from_utf8_lossy(bytes).replace(r"\\", r"\").into_bytes();
        }
    }
    let mut secrets = seen.all();
    secrets.push(API_KEY.to_owned());
    for secret in secrets {
        let forms = forms(&secret);
        for (name, bytes) in &places {
            let is_at_home = |form: &[u8]| {
                form == secret.as_bytes()
                    && (secret == value && ["stdout", "work/new.json"].contains(&name.as_str())
                        || name.starts_with("home/tokens/token-") && secret.starts_with("eyJ")
                        || name.ends_with(".pending"))
            };
            for form in &forms {
                let hits = count(bytes, form);
                assert!(
                    hits == 0 || hits == 1 && is_at_home(form),
                    "{what}: {} in {name}: {hits} times\n{}",
                    String::from_utf8_lossy(form),
                    String::from_utf8_lossy(bytes)
                );
            }
        }
    }
}

/// Every command, with what it needs.
fn commands() -> Vec<Vec<String>> {
    let id = key_id(1);
    [
        "api-keys",
        "api-keys --wide",
        "api-key ID --history --activity",
        "api-key-create new",
        "api-key-create new --server-value",
        "api-key-create new --file new.json --lock",
        "api-key-create new --dry-run",
        "api-key-update ID -n other",
        "api-key-delete ID --force",
        "api-key-lock ID --force",
        "api-key-unlock ID --force",
        "api-key-disable ID --force",
        "api-key-enable ID --force",
        "api-key-lookup @value",
        "recover --force",
    ]
    .map(|line| line.split(' ').map(|word| word.replace("ID", &id)).collect())
    .into()
}

/// Runs every command against a service that ends calls in one way, with every output and trace, and returns how they
/// ended.
fn sweep(ends: Ends, only_writes: bool) -> Vec<i32> {
    let manners = [
        (&[][..], "true"),
        (&["--output", "json"], "trace.log"),
        (&["--error-format", "json"], "false"),
    ];
    // What is not quick is done once, with everything traced.
    let is_slow = [Ends::Dropped, Ends::Hanging].contains(&ends);
    let manners = &manners[..if is_slow { 1 } else { 3 }];
    let all = |args: &[String]| -> Vec<i32> {
        manners.iter().map(|(more, trace)| one(ends, only_writes, args, more, trace)).collect()
    };
    let (commands, all) = (commands(), &all);
    if !is_slow {
        return commands.iter().flat_map(|args| all(args)).collect();
    }
    thread::scope(|scope| {
        let running: Vec<_> = commands.iter().map(|args| scope.spawn(move || all(args))).collect();
        running.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

/// Runs one command, and looks for what must not be there.
fn one(ends: Ends, only_writes: bool, args: &[String], more: &[&str], trace: &str) -> i32 {
    let seen = Seen::default();
    let remote = service(ends, only_writes, &seen);
    fs::write(remote.sandbox.work("credential"), API_KEY).unwrap();
    fs::write(remote.sandbox.work("value"), LOOKED_UP).unwrap();
    let words: Vec<&str> = args.iter().map(String::as_str).chain(more.iter().copied()).collect();
    let mut command = remote.command(&words);
    command
        .env("IBMCLOUD_API_KEY", "@credential")
        .env("IBMCLOUD_TRACE", trace)
        .env("IBMCLOUD_HTTP_TIMEOUT", if ends == Ends::Hanging { "0.1" } else { "5" });
    let outcome = run(&mut command, b"");
    let others = [API_KEY, REFRESH, LOOKED_UP];
    let is_made =
        |secret: &String| !others.contains(&secret.as_str()) && !secret.starts_with("eyJ");
    let made = seen.all().into_iter().find(is_made).filter(|_| outcome.code == 0);
    let value = made.unwrap_or_default();
    nothing_leaks(&remote, &seen, &outcome, &value, &format!("{ends:?} {words:?}"));
    if !value.is_empty() {
        let file = fs::read_to_string(remote.sandbox.work("new.json")).unwrap_or_default();
        let delivered = format!("{file}{}", outcome.stdout);
        assert_eq!(count(delivered.as_bytes(), value.as_bytes()), 1, "{words:?}");
    }
    outcome.code
}

#[test]
fn nothing_leaks_when_all_goes_well() {
    let codes = sweep(Ends::Well, false);
    assert!(codes.iter().all(|&code| code == 0), "{codes:?}");
}

#[test]
fn nothing_leaks_when_the_service_repeats_it_all() {
    thread::scope(|scope| {
        for status in [400, 401, 404, 409, 503] {
            scope.spawn(move || {
                let codes = sweep(Ends::Refused(status), false);
                assert!(codes.iter().filter(|&&code| code == 0).count() < 9, "{codes:?}");
            });
        }
        scope.spawn(|| sweep(Ends::Refused(409), true));
    });
}

#[test]
fn nothing_leaks_when_answers_are_lost() {
    thread::scope(|scope| {
        for (ends, only_writes) in [
            (Ends::Garbage, false),
            (Ends::Garbage, true),
            (Ends::Dropped, true),
            (Ends::Hanging, true),
        ] {
            scope.spawn(move || sweep(ends, only_writes));
        }
    });
}

/// The token endpoint can repeat the credential too.
#[test]
fn nothing_leaks_when_the_token_endpoint_repeats_it() {
    for status in [400, 401, 403, 404, 418, 429, 503, 302] {
        for trace in ["true", "trace.log", "false"] {
            let seen = Seen::default();
            seen.add(API_KEY);
            let told = seen.clone();
            let remote = Remote::answering(move |_| told.error(status));
            for more in [&[][..], &["--error-format", "json"]] {
                let args = [&["api-keys"], more].concat();
                let mut command = remote.command(&args);
                let outcome = run(command.env("IBMCLOUD_TRACE", trace), b"");
                assert!([1, 7, 10].contains(&outcome.code), "{outcome:#?}");
                nothing_leaks(&remote, &seen, &outcome, "", &format!("{status} {trace}"));
            }
        }
    }
}

/// A token that is kept and refused is replaced; neither the old nor the new one is repeated.
#[test]
fn nothing_leaks_with_a_token_from_the_cache() {
    let seen = Seen::default();
    let remote = service(Ends::Refused(401), false, &seen);
    let mut tokens = Vec::new();
    for _ in 0..3 {
        // No command knows what another one sent, but for the token that it kept.
        seen.0.lock().unwrap().clear();
        let outcome = remote.run_env(&[("IBMCLOUD_TRACE", "true")], &["api-key", &key_id(1)]);
        outcome.code(7);
        nothing_leaks(&remote, &seen, &outcome, "", "cached");
        tokens.push(seen.all().iter().filter(|secret| secret.starts_with("eyJ")).count());
    }
    assert_eq!(tokens, [1, 2, 2]);
}

#[test]
fn a_running_command_shows_nothing_in_proc() {
    if !fs::exists("/proc/self/limits").unwrap() {
        skipped("no /proc");
        return;
    }
    let remote = Remote::scripted(|_| Answer::Hang);
    fs::write(remote.sandbox.work("credential"), API_KEY).unwrap();
    let mut command: Command = command(&remote.sandbox, &remote.server.url(), &["api-keys"]);
    command.env("IBMCLOUD_API_KEY", "@credential").stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.stdin(Stdio::null()).spawn().unwrap();
    wait_until("it asks for the keys", || !remote.routes().is_empty());
    let token = remote.last("GET").header("authorization").unwrap()["Bearer ".len()..].to_owned();
    let process = format!("/proc/{}", child.id());
    for secret in [API_KEY, &token] {
        for form in forms(secret) {
            for file in ["cmdline", "environ", "comm", "status"] {
                let bytes = shown_in_proc(child.id(), file);
                assert_eq!(count(&bytes, &form), 0, "/proc/PID/{file}");
            }
        }
    }
    for task in fs::read_dir(format!("{process}/task")).unwrap() {
        let task = task.unwrap().path();
        assert_eq!(fs::read_to_string(task.join("children")).unwrap_or_default(), "");
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

/// The sweep finds what it looks for.
#[test]
fn a_leak_is_found_in_every_form() {
    let secret = LOOKED_UP;
    for form in (0..FORMS).map(|form| repeated(secret, form)) {
        let hits = forms(secret).iter().filter(|known| count(form.as_bytes(), known) > 0).count();
        assert!(hits > 0, "{form}");
    }
}
