//! Killed, or cut off, at every request of a rotation at the service; then settled either way.

use std::fs;
use std::sync::{Arc, Mutex};
use std::thread;

use super::{
    Listed, TO_FILE, Then, WITH_GRACE, assert_held, assert_settled, id_in, id_in_file, listed,
    served,
};
use crate::support::relay::{Blow, Relayed, Turn};
use crate::support::service::reaching;
use crate::support::{Outcome, run};

const BLOWS: [Blow; 4] = [Blow::KillBefore, Blow::KillAfter, Blow::DropBefore, Blow::DropAfter];

/// Which request is to be struck, and how many there were.
#[derive(Default)]
struct Script {
    seen: usize,
    blow: Option<(usize, Blow)>,
}

/// A service that can be cut off at every request.
struct Rig {
    relayed: Relayed,
    script: Arc<Mutex<Script>>,
    old: String,
}

impl Rig {
    /// Starts it; `is_own` tells whether the credential in use is the key that is rotated.
    fn new(is_own: bool) -> Self {
        let mut service = served(&[]).timeout("2");
        let old = id_in_file(&service.sandbox);
        let file = service.sandbox.work("key.json");
        fs::copy(&file, service.sandbox.work("../old.json")).unwrap();
        if is_own {
            service.credential = format!("@{}", file.display());
        }
        let script = Arc::new(Mutex::new(Script::default()));
        let told = Arc::clone(&script);
        let relayed = Relayed::new(service, move |_| {
            let mut script = told.lock().unwrap();
            script.seen += 1;
            match script.blow {
                Some((at, blow)) if at == script.seen => Turn::Strike(blow),
                _ => Turn::Pass,
            }
        });
        Self { relayed, script, old }
    }

    /// Runs a command and strikes it at its nth request; tells whether it came so far.
    fn strike(&self, args: &[&str], at: usize, blow: Blow) -> (Outcome, bool) {
        *self.script.lock().unwrap() = Script { blow: Some((at, blow)), seen: 0 };
        let outcome = self.relayed.run(self.relayed.service.command(args));
        let mut script = self.script.lock().unwrap();
        script.blow = None;
        (outcome, script.seen >= at)
    }

    fn held_in_file(&self) -> Option<String> {
        id_in(&fs::read(self.relayed.service.sandbox.work("key.json")).ok()?)
    }

    /// The keys that there are, asked for at the emulator itself.
    fn keys(&self) -> Vec<Listed> {
        let (at, key) =
            (self.relayed.service.server.endpoint(), self.relayed.service.server.value());
        let mut command =
            reaching(&self.relayed.service.sandbox, at, &key, &["api-keys", "-o", "json"]);
        listed(&run(&mut command, b"").json())
    }

    /// Whether the value in a key file gets a token.
    fn logs_in(&self, file: &str) -> bool {
        let service = &self.relayed.service;
        service.sandbox.work(file).exists() && service.opens(&service.sandbox.value_in(file)) == 200
    }

    #[track_caller]
    fn assert_tidy(&self, what: &str) {
        assert_eq!(self.relayed.service.sandbox.open_entries(), 0, "{what}");
        assert!(
            self.relayed.service.sandbox.files_in_work().iter().all(|name| name == "key.json"),
            "{what}"
        );
    }
}

/// Strikes a rotation to FILE at its nth request, and settles it; tells whether there was an nth request.
fn struck(args: &[&str], is_own: bool, at: usize, blow: Blow, then: Then) -> bool {
    let rig = Rig::new(is_own);
    let (outcome, was_struck) = rig.strike(args, at, blow);
    let what = format!("{blow:?} at request {at}, own {is_own}, then {then:?}: {outcome:#?}");
    let held = [rig.held_in_file().unwrap(), rig.old.clone()];
    assert_held(&rig.keys(), &held, &what);
    assert!(rig.logs_in("key.json") || rig.logs_in("../old.json"), "{what}");
    let is_complete = rig.relayed.service.sandbox.open_entries() == 0
        && !rig.keys().iter().any(|key| key.id == rig.old && key.state == "active");
    if outcome.code == 0 {
        assert!(is_complete, "{what}");
    }
    if then == Then::Again && !is_complete {
        let again = rig.relayed.service.run(args);
        assert_eq!(again.code, 0, "{what}: {again:#?}");
        assert_ne!(rig.held_in_file(), Some(rig.old.clone()), "{what}");
    } else {
        let recovered = rig.relayed.service.run(&["recover", "--force"]);
        assert_eq!(recovered.code, 0, "{what}: {recovered:#?}");
    }
    rig.assert_tidy(&what);
    assert_settled(&rig.keys(), &[rig.held_in_file().unwrap()], &what);
    assert!(rig.logs_in("key.json"), "{what}");
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

#[test]
fn a_rotation_is_recovered() {
    walk(&WITH_GRACE, false, Then::Recover);
}

#[test]
fn a_rotation_is_repeated() {
    walk(&TO_FILE, false, Then::Again);
}

#[test]
fn a_rotation_of_the_credential_in_use_is_recovered() {
    walk(&TO_FILE, true, Then::Recover);
}

#[test]
fn a_rotation_of_the_credential_in_use_is_repeated() {
    walk(&WITH_GRACE, true, Then::Again);
}
