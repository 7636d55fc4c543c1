//! Is the key that is rotated the credential in use? What cannot be told is not assumed, and no login dies with its key.

use std::fs;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

use super::{PRINTED, TO_FILE, id_in_file};
use crate::support::emulator::Emulator;
use crate::support::iam::{TOKEN_ROUTE, error_answer};
use crate::support::relay::{Blow, Relayed, Turn};
use crate::support::server::{Answer, Request};
use crate::support::service::Service;
use crate::support::{Outcome, run};

const RECOVER: [&str; 2] = ["recover", "--force"];
const UNTOLD: &str =
    "It cannot be told whether the credential in use is the API key that is to be retired (ApiKey-";

/// How the look-up of the old key by its value fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Failure {
    Garbage,
    Forbidden,
    Missing,
    Unavailable,
    Drop,
}

impl Failure {
    const ALL: [Self; 5] =
        [Self::Garbage, Self::Forbidden, Self::Missing, Self::Unavailable, Self::Drop];

    /// How often it must happen to one look-up, and with which code that ends.
    fn costs(self) -> (usize, i32) {
        match self {
            Self::Garbage | Self::Missing => (1, 10),
            Self::Forbidden => (1, 8),
            Self::Unavailable | Self::Drop => (4, 10),
        }
    }

    fn answer(self) -> Answer {
        let refusal = |status, code| error_answer(status, code, code, "Not now");
        match self {
            Self::Garbage => Answer::json(200, json!("what is this")),
            Self::Forbidden => refusal(403, "forbidden"),
            Self::Missing => refusal(404, "not_found"),
            Self::Unavailable => refusal(503, "unavailable"),
            Self::Drop => Answer::Close,
        }
    }
}

/// Where the credential in use comes from, which is the old key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holder {
    /// A login whose record names the key.
    Login,
    /// A login to which the service did not show the key.
    UnnamedLogin,
    /// `IBMCLOUD_API_KEY`.
    Variable,
}

/// What the relay is to do.
#[derive(Default)]
struct Script {
    /// The value of the old key.
    value: String,
    /// How the next look-ups of that value fail.
    fails: Option<(Failure, usize)>,
    /// Whether the client dies when the new key is about to prove itself.
    kills: bool,
}

impl Script {
    /// What becomes of a request.
    fn turn(&mut self, request: &Request) -> Turn {
        let route = request.route();
        let is_old = request.header("iam-apikey") == Some(&self.value);
        if route == "GET /v1/apikeys/details"
            && is_old
            && let Some((failure, times)) = &mut self.fails
            && *times > 0
        {
            *times -= 1;
            return Turn::Answer(failure.answer());
        }
        let form = if route == TOKEN_ROUTE { request.form() } else { Vec::new() };
        let is_new = form.iter().any(|(name, value)| name == "apikey" && *value != self.value);
        if self.kills && is_new {
            self.kills = false;
            return Turn::Strike(Blow::KillBefore);
        }
        Turn::Pass
    }
}

/// A service behind a relay, with a key `ci` that is the credential in use.
struct Rig {
    relayed: Relayed,
    script: Arc<Mutex<Script>>,
    old: String,
    holder: Holder,
}

impl Rig {
    fn new(holder: Holder) -> Self {
        let service = Service::emulated(&["--in-memory"]);
        let key = service.server.client().create("ci");
        let text = |field: &str| key[field].as_str().unwrap().to_owned();
        let script = Script { value: text("apikey"), ..Script::default() };
        let script = Arc::new(Mutex::new(script));
        let told = Arc::clone(&script);
        let relayed = Relayed::new(service, move |request| told.lock().unwrap().turn(request));
        let rig = Self { relayed, script, old: text("id"), holder };
        if holder != Holder::Variable {
            if holder == Holder::UnnamedLogin {
                rig.fail(Failure::Forbidden, 1);
            }
            rig.service().log_in(&text("apikey"));
        }
        rig
    }

    fn service(&self) -> &Service<Emulator> {
        &self.relayed.service
    }

    fn fail(&self, failure: Failure, times: usize) {
        self.script.lock().unwrap().fails = Some((failure, times));
    }

    fn command(&self, args: &[&str]) -> Command {
        if self.holder == Holder::Variable {
            self.service().command_as(&self.script.lock().unwrap().value, args)
        } else {
            self.service().bare(args)
        }
    }

    fn run(&self, args: &[&str]) -> Outcome {
        run(&mut self.command(args), b"")
    }

    /// Begins a rotation to FILE that is killed when the new key is about to prove itself.
    fn interrupt(&self) {
        self.script.lock().unwrap().kills = true;
        self.relayed.run(self.command(&TO_FILE)).code(137);
        assert_eq!(self.service().sandbox.open_entries(), 1);
    }

    /// The states of the keys, asked for with the key that the service began with.
    fn states(&self) -> Vec<String> {
        self.service().states()
    }

    /// Asserts that the rotation is complete, and that the login, where there is one, works with the new key.
    #[track_caller]
    fn assert_moved(&self, what: &str) {
        assert_eq!(self.states(), ["phased out", "active"], "{what}");
        assert_eq!(self.service().sandbox.open_entries(), 0, "{what}");
        assert_ne!(id_in_file(&self.service().sandbox), self.old, "{what}");
        if self.holder != Holder::Variable {
            self.assert_logged_in(what);
        }
    }

    #[track_caller]
    fn assert_logged_in(&self, what: &str) {
        let _ = fs::remove_dir_all(self.service().sandbox.root().join("home/tokens"));
        let listed = run(&mut self.service().bare(&["api-keys"]), b"");
        assert_eq!(listed.code, 0, "the login is dead: {what}: {listed:#?}");
    }
}

/// Runs a case for each failure, all at once.
fn each_failure(holder: Holder, case: impl Fn(&Rig, Failure, &str) + Sync) {
    thread::scope(|scope| {
        for failure in Failure::ALL {
            let case = &case;
            scope.spawn(move || {
                case(&Rig::new(holder), failure, &format!("{holder:?}, {failure:?}"));
            });
        }
    });
}

#[track_caller]
fn assert_untold(outcome: &Outcome, code: i32, what: &str) {
    assert_eq!(outcome.code, code, "{what}: {outcome:#?}");
    assert!(outcome.stderr.contains(UNTOLD), "{what}: {outcome:#?}");
    assert!(outcome.stderr.contains(" Nothing was changed.\n"), "{what}: {outcome:#?}");
    assert!(outcome.stderr.contains("\nRepeat the command. "), "{what}: {outcome:#?}");
}

/// Where the service does not say whose the credential is, nothing is made; asked again, it is rotated.
fn is_not_begun(holder: Holder) {
    each_failure(holder, |rig, failure, what| {
        let (times, code) = failure.costs();
        rig.fail(failure, times);
        assert_untold(&rig.run(&TO_FILE), code, what);
        assert_eq!(rig.states(), ["active"], "{what}");
        assert!(rig.service().sandbox.files_in_work().is_empty(), "{what}");
        assert_eq!(rig.service().sandbox.open_entries(), 0, "{what}");
        rig.run(&TO_FILE).ok();
        rig.assert_moved(what);
    });
}

#[test]
fn a_login_that_does_not_name_its_key_stops_a_rotation_until_it_can_be_told() {
    is_not_begun(Holder::UnnamedLogin);
}

#[test]
fn a_variable_stops_a_rotation_until_it_can_be_told_which_key_it_holds() {
    is_not_begun(Holder::Variable);
}

/// An interrupted rotation is not settled either, by `args`, until that can be told.
fn is_not_settled(holder: Holder, args: &'static [&'static str]) {
    each_failure(holder, |rig, failure, what| {
        rig.interrupt();
        let (times, code) = failure.costs();
        rig.fail(failure, times);
        assert_untold(&rig.run(args), code, what);
        assert_eq!(rig.states(), ["active", "active"], "{what}");
        assert_eq!(rig.service().sandbox.open_entries(), 1, "{what}");
        rig.run(args).ok();
        rig.assert_moved(what);
    });
}

#[test]
fn a_login_that_does_not_name_its_key_stops_recover_until_it_can_be_told() {
    is_not_settled(Holder::UnnamedLogin, &RECOVER);
}

#[test]
fn a_variable_stops_recover_until_it_can_be_told_which_key_it_holds() {
    is_not_settled(Holder::Variable, &RECOVER);
}

#[test]
fn a_repeated_rotation_is_stopped_until_it_can_be_told() {
    is_not_settled(Holder::UnnamedLogin, &TO_FILE);
}

#[test]
fn a_login_that_names_its_key_moves_whatever_becomes_of_the_look_up() {
    each_failure(Holder::Login, |rig, failure, what| {
        rig.fail(failure, usize::MAX);
        let outcome = rig.run(&TO_FILE);
        assert_eq!(outcome.code, 0, "{what}: {outcome:#?}");
        assert!(outcome.stdout.ends_with("\nThe login was moved to the new key\n"), "{outcome:#?}");
        rig.assert_moved(what);
    });
}

#[test]
fn recover_moves_a_login_that_names_its_key_whatever_becomes_of_the_look_up() {
    each_failure(Holder::Login, |rig, failure, what| {
        rig.interrupt();
        rig.fail(failure, usize::MAX);
        let outcome = rig.run(&RECOVER);
        assert_eq!(outcome.code, 0, "{what}: {outcome:#?}");
        assert!(outcome.stdout.contains("; the login was moved to the new key\n"), "{outcome:#?}");
        rig.assert_moved(what);
    });
}

#[test]
fn a_login_moves_when_its_key_is_rotated_with_another_credential() {
    let rig = Rig::new(Holder::Login);
    let outcome = rig.service().run(&TO_FILE);
    assert!(
        outcome.ok().stdout.ends_with("\nThe login was moved to the new key\n"),
        "{outcome:#?}"
    );
    rig.assert_moved("another credential");
}

#[test]
fn a_printed_rotation_waits_for_a_login_that_cannot_be_moved() {
    let rig = Rig::new(Holder::Login);
    let lock = rig.service().sandbox.root().join("home/config.lock");
    fs::remove_file(&lock).unwrap();
    fs::create_dir(&lock).unwrap();
    let outcome = rig.run(&PRINTED);
    assert!(outcome.code(1).stderr.contains("the login could not be moved to it"), "{outcome:#?}");
    let recovered = rig.run(&RECOVER);
    assert!(
        recovered.code(12).stdout.contains(
            " was not touched. Log in with the new one ('ibmcloud-iam login'), then run 'ibmcloud-iam recover' again\n"
        ),
        "{recovered:#?}"
    );
    assert_eq!(
        (rig.states(), rig.service().sandbox.open_entries()),
        (vec!["active".to_owned(); 2], 1)
    );
    fs::remove_dir(&lock).unwrap();
    let new: Value = serde_json::from_str(&outcome.stdout).unwrap();
    rig.service().log_in(new["apikey"].as_str().unwrap());
    rig.run(&RECOVER).ok();
    assert_eq!(
        (rig.states(), rig.service().sandbox.open_entries()),
        (vec!["phased out".to_owned(), "active".to_owned()], 0)
    );
    rig.assert_logged_in("logged in anew");
}

#[test]
fn recover_says_that_the_credential_in_use_was_rotated() {
    let rig = Rig::new(Holder::Variable);
    rig.interrupt();
    let outcome = rig.run(&RECOVER);
    assert!(
        outcome.ok().stdout.ends_with(
            " was disabled; the credential in use is the old key: put the new one in its place\n"
        ),
        "{outcome:#?}"
    );
    rig.assert_moved("recovered");
}

#[test]
fn a_token_is_no_key_and_stops_nothing() {
    for is_session in [false, true] {
        let rig = Rig::new(Holder::Variable);
        rig.fail(Failure::Unavailable, usize::MAX);
        let value = rig.script.lock().unwrap().value.clone();
        let (_, granted) = rig.service().server.client().log_in(&value);
        let token = granted["access_token"].as_str().unwrap();
        let mut command = rig.service().bare(&TO_FILE);
        if is_session {
            let session = rig.service().sandbox.root().join("home/.bluemix");
            fs::create_dir(&session).unwrap();
            let told = json!({"IAMEndpoint": &rig.service().endpoint, "IAMToken": format!("Bearer {token}")});
            fs::write(session.join("config.json"), told.to_string()).unwrap();
        } else {
            command
                .env("IAM_IDENTITY_BEARER_TOKEN", token)
                .env("IBMCLOUD_IAM_API_ENDPOINT", &rig.service().endpoint);
        }
        let outcome = run(&mut command, b"");
        assert!(!outcome.ok().stderr.contains("The credential in use is"), "{outcome:#?}");
        rig.assert_moved("by a token");
    }
}
