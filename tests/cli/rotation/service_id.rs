//! Rotations of a service ID's key, by an administrator and by the service ID itself, killed at each request of them: what is
//! left is settled, and FILE holds a key that works.

use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;

use ibmcloud_iam::systems::System;

use super::TO_FILE;
use crate::support::emulator::Emulator;
use crate::support::relay::{Blow, Relayed, Turn};
use crate::support::service::{SERVICE, Service};
use crate::support::{ACCOUNT, USER, run};

const RECOVER: [&str; 2] = ["recover", "--force"];

/// Who rotates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    /// A user, who may manage the service ID.
    Administrator,
    /// The service ID, by the key in FILE, which is the one that is rotated.
    ByFile,
    /// The service ID, by a stored login with that key.
    ByLogin,
}

/// A service behind a relay, with a key `ci` of a service ID, whose value is in FILE.
struct Rig {
    relayed: Relayed,
    who: Who,
    /// After how many requests more the client is killed, and how.
    aim: Arc<Mutex<Option<(usize, Blow)>>>,
}

impl Rig {
    fn new(who: Who) -> Self {
        let service = Service::emulated(&["--in-memory"]).timeout("0.5").about(System::ServiceIds);
        service.run(&["service-id-create", SERVICE, "-q"]).ok();
        service.run(&["api-key-create", "ci", "--file", "key.json", "-q"]).ok();
        let aim = Arc::new(Mutex::new(None));
        let told = Arc::clone(&aim);
        let relayed = Relayed::new(service, move |_| {
            let mut aim = told.lock().unwrap();
            match *aim {
                Some((0, blow)) => {
                    *aim = None;
                    Turn::Strike(blow)
                }
                Some((left, blow)) => {
                    *aim = Some((left - 1, blow));
                    Turn::Pass
                }
                None => Turn::Pass,
            }
        });
        let rig = Self { relayed, who, aim };
        if who == Who::ByLogin {
            rig.service().log_in(&rig.value());
        }
        rig
    }

    fn service(&self) -> &Service<Emulator> {
        &self.relayed.service
    }

    fn value(&self) -> String {
        self.service().sandbox.value_in("key.json")
    }

    /// A command of who rotates. A service ID has keys of its own, as users have.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = match self.who {
            Who::Administrator => return self.service().command(args),
            Who::ByFile | Who::ByLogin => self.service().sandbox.unchosen(args),
        };
        command.env("IBMCLOUD_HTTP_TIMEOUT", self.service().timeout);
        if self.who == Who::ByFile {
            command.env("IBMCLOUD_IAM_API_ENDPOINT", &self.service().endpoint);
            command.env("IBMCLOUD_API_KEY", "@key.json");
        }
        command
    }

    /// Asserts that FILE and the login, if there is one, open a key, that nothing is left open, and what became of the keys.
    #[track_caller]
    fn assert_settled(&self, states: &[&[&str]], what: &str) {
        let (found, service) = (self.service().states(), self.service());
        assert!(states.iter().any(|states| found == *states), "{what}: {found:?}");
        assert_eq!(service.opens(&self.value()), 200, "{what}: FILE is dead");
        assert_eq!(service.sandbox.files_in_work(), ["key.json"], "{what}");
        assert_eq!(service.sandbox.open_entries(), 0, "{what}");
        if self.who == Who::ByLogin {
            let _ = std::fs::remove_dir_all(service.sandbox.root().join("home/tokens"));
            let listed = run(&mut self.command(&["api-keys"]), b"");
            assert_eq!(listed.code, 0, "{what}: the login is dead: {listed:#?}");
        }
    }
}

/// Rotates, killed at one request after the other until it is killed at none; each time, `recover` settles it.
fn killed_at_each_request(who: Who) {
    let kill = |blow| {
        for request in 0.. {
            let what = format!("{who:?}, {blow:?}, request {request}");
            let rig = Rig::new(who);
            *rig.aim.lock().unwrap() = Some((request, blow));
            let outcome = rig.relayed.run(rig.command(&TO_FILE));
            let is_killed = rig.aim.lock().unwrap().take().is_none();
            if !is_killed {
                assert_eq!(outcome.code, 0, "{what}: {outcome:#?}");
                rig.assert_settled(&[&["phased out", "active"]], &what);
                assert!(request > 4, "{what}: it makes more requests than that");
                return;
            }
            assert_eq!(outcome.code, 137, "{what}: {outcome:#?}");
            let recovered = run(&mut rig.command(&RECOVER), b"");
            assert_eq!(recovered.code, 0, "{what}: {recovered:#?}");
            rig.assert_settled(&[&["active"], &["phased out", "active"]], &what);
        }
    };
    thread::scope(|scope| {
        scope.spawn(|| kill(Blow::KillBefore));
        scope.spawn(|| kill(Blow::KillAfter));
    });
}

#[test]
fn an_administrator_who_is_killed_settles_it() {
    killed_at_each_request(Who::Administrator);
}

#[test]
fn a_service_id_that_rotates_the_key_in_its_file_settles_it() {
    killed_at_each_request(Who::ByFile);
}

#[test]
fn a_service_id_that_rotates_the_key_of_its_login_settles_it() {
    killed_at_each_request(Who::ByLogin);
}

#[test]
fn a_login_of_a_service_id_moves_when_an_administrator_rotates_its_key() {
    let rig = Rig::new(Who::ByLogin);
    let outcome = rig.service().run(&TO_FILE);
    outcome.ok();
    assert!(outcome.stdout.ends_with("\nThe login was moved to the new key\n"), "{outcome:#?}");
    rig.assert_settled(&[&["phased out", "active"]], "by an administrator");
}

/// What a service ID began is named to others, and left to it.
#[test]
fn an_administrator_is_told_of_what_a_service_id_began() {
    let killed_at = |request| {
        let rig = Rig::new(Who::ByFile);
        *rig.aim.lock().unwrap() = Some((request, Blow::KillAfter));
        rig.relayed.run(rig.command(&TO_FILE)).code(137);
        rig
    };
    let mut killed = (0..).map(killed_at);
    let rig = killed.find(|rig| rig.service().sandbox.open_entries() == 1).unwrap();
    let id = rig.service().keys()[0]["iam_id"].as_str().unwrap().to_owned();
    let said = format!(
        "Recovering interrupted commands under {ACCOUNT} as {USER}...\nOK\nThe making of API key ci was begun on the remote \
         backend at http://HOST, account {ACCOUNT}, as {id}; run 'ibmcloud-iam recover' with that one\n"
    );
    let outcome = rig.service().run(&RECOVER);
    assert_eq!((outcome.code, &*outcome.stdout, &*outcome.stderr), (0, &*said, ""));
    assert_eq!(rig.service().sandbox.open_entries(), 1);
    run(&mut rig.command(&RECOVER), b"").ok();
    rig.assert_settled(&[&["active"], &["phased out", "active"]], "by itself");
}
