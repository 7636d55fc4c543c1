//! Killed, or cut off, at every request of a rotation at the service; then settled either way.

use std::fs;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;

use super::{Listed, assert_held, assert_settled, id_in, id_in_file, kill, listed, passed_on};
use crate::support::emulator::Emulator;
use crate::support::server::{Answer, Request, Server};
use crate::support::service::{Service, reaching};
use crate::support::{Outcome, run};

/// What happens at a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Blow {
    /// The client dies before the service gets it.
    KillBefore,
    /// The client dies when the service has done it.
    KillAfter,
    /// The connection ends before the service gets it.
    DropBefore,
    /// The connection ends when the service has done it.
    DropAfter,
}

const BLOWS: [Blow; 4] = [Blow::KillBefore, Blow::KillAfter, Blow::DropBefore, Blow::DropAfter];

/// What the relay is to do, and how far it is.
#[derive(Default)]
struct Script {
    seen: usize,
    blow: Option<(usize, Blow)>,
    client: Option<u32>,
}

/// A service that can be cut off at every request: a relay before an emulator.
struct Rig {
    service: Service<Emulator>,
    _relay: Server,
    script: Arc<Mutex<Script>>,
    old: String,
}

impl Rig {
    /// Starts it; `is_own` tells whether the credential in use is the key that is rotated.
    fn new(is_own: bool) -> Self {
        let mut service = Service::emulated(&["--in-memory"]).timeout("2");
        service.run(&["api-key-create", "ci", "--file", "key.json", "-q"]).ok();
        let old = id_in_file(&service.sandbox);
        let file = service.sandbox.work("key.json");
        fs::copy(&file, service.sandbox.root().join("old.json")).unwrap();
        if is_own {
            service.credential = format!("@{}", file.display());
        }
        let script = Arc::new(Mutex::new(Script::default()));
        let (to, told) = (service.server.endpoint().to_owned(), Arc::clone(&script));
        let relay = Server::start(move |request| relayed(&to, &told, request));
        service.endpoint = relay.url();
        Self { service, _relay: relay, script, old }
    }

    /// Runs a command and strikes it at its nth request; tells whether it came so far.
    fn strike(&self, args: &[&str], at: usize, blow: Blow) -> (Outcome, bool) {
        *self.script.lock().unwrap() = Script { blow: Some((at, blow)), ..Script::default() };
        let mut command = self.service.command(args);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        self.script.lock().unwrap().client = Some(child.id());
        let outcome = Outcome::from(child.wait_with_output().unwrap());
        let mut script = self.script.lock().unwrap();
        script.blow = None;
        (outcome, script.seen >= at)
    }

    fn held_in_file(&self) -> Option<String> {
        id_in(&fs::read(self.service.sandbox.work("key.json")).ok()?)
    }

    /// The keys that there are, asked for at the emulator itself.
    fn keys(&self) -> Vec<Listed> {
        let (at, key) = (self.service.server.endpoint(), self.service.server.value());
        let mut command = reaching(&self.service.sandbox, at, &key, &["api-keys", "-o", "json"]);
        listed(&run(&mut command, b"").json())
    }

    /// Whether the value in a key file gets a token.
    fn logs_in(&self, file: &std::path::Path) -> bool {
        let Ok(bytes) = fs::read(file) else { return false };
        let document: Value = serde_json::from_slice(&bytes).unwrap();
        self.service.opens(document["apikey"].as_str().unwrap()) == 200
    }

    #[track_caller]
    fn assert_tidy(&self, what: &str) {
        assert_eq!(self.service.sandbox.open_entries(), 0, "{what}");
        assert!(
            self.service.sandbox.files_in_work().iter().all(|name| name == "key.json"),
            "{what}"
        );
    }
}

/// Passes a request on, unless its turn to be struck has come.
fn relayed(to: &str, script: &Mutex<Script>, request: &Request) -> Answer {
    let blow = {
        let mut script = script.lock().unwrap();
        script.seen += 1;
        script.blow.filter(|(at, _)| *at == script.seen).map(|(_, blow)| blow)
    };
    let answer = (!matches!(blow, Some(Blow::KillBefore | Blow::DropBefore)))
        .then(|| passed_on(to, request));
    match blow {
        None => answer.unwrap(),
        Some(Blow::DropBefore | Blow::DropAfter) => Answer::Close,
        Some(Blow::KillBefore | Blow::KillAfter) => {
            kill(|| script.lock().unwrap().client);
            Answer::Close
        }
    }
}

/// How an interruption is followed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    Recover,
    Again,
}

/// Strikes a rotation to FILE at its nth request, and settles it; tells whether there was an nth request.
fn struck(args: &[&str], is_own: bool, at: usize, blow: Blow, then: Then) -> bool {
    let rig = Rig::new(is_own);
    let (outcome, was_struck) = rig.strike(args, at, blow);
    let what = format!("{blow:?} at request {at}, own {is_own}, then {then:?}: {outcome:#?}");
    let held = [rig.held_in_file().unwrap(), rig.old.clone()];
    assert_held(&rig.keys(), &held, &what);
    let old = rig.service.sandbox.root().join("old.json");
    assert!(rig.logs_in(&rig.service.sandbox.work("key.json")) || rig.logs_in(&old), "{what}");
    let is_complete = rig.service.sandbox.open_entries() == 0
        && !rig.keys().iter().any(|key| key.id == rig.old && key.state == "active");
    if outcome.code == 0 {
        assert!(is_complete, "{what}");
    }
    if then == Then::Again && !is_complete {
        let again = rig.service.run(args);
        assert_eq!(again.code, 0, "{what}: {again:#?}");
        assert_ne!(rig.held_in_file(), Some(rig.old.clone()), "{what}");
    } else {
        let recovered = rig.service.run(&["recover", "--force"]);
        assert_eq!(recovered.code, 0, "{what}: {recovered:#?}");
    }
    rig.assert_tidy(&what);
    assert_settled(&rig.keys(), &[rig.held_in_file().unwrap()], &what);
    assert!(rig.logs_in(&rig.service.sandbox.work("key.json")), "{what}");
    was_struck
}

/// Strikes a rotation at each of its requests in each way.
fn walk(args: &'static [&'static str], is_own: bool, then: Then) {
    thread::scope(|scope| {
        // The network alone does not care whose credential it is.
        let blows = if is_own { &BLOWS[..2] } else { &BLOWS[..] };
        for &blow in blows {
            scope.spawn(move || {
                let struck_at = (1..60).take_while(|&at| struck(args, is_own, at, blow, then));
                let count = struck_at.count();
                assert!(count >= 8, "only {count} requests");
            });
        }
    });
}

const TO_FILE: &[&str] = &["api-key-rotate", "ci", "--file", "key.json", "--force"];
const WITH_GRACE: &[&str] =
    &["api-key-rotate", "ci", "--file", "key.json", "--force", "--grace", "7d"];

#[test]
fn a_rotation_is_recovered() {
    walk(WITH_GRACE, false, Then::Recover);
}

#[test]
fn a_rotation_is_repeated() {
    walk(TO_FILE, false, Then::Again);
}

#[test]
fn a_rotation_of_the_credential_in_use_is_recovered() {
    walk(TO_FILE, true, Then::Recover);
}

#[test]
fn a_rotation_of_the_credential_in_use_is_repeated() {
    walk(WITH_GRACE, true, Then::Again);
}
