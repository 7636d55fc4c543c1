//! Requests that take effect late, by the real binary: no key is lost by them, whatever is done meanwhile.

mod campaign;
mod clocks;
mod copies;
mod machines;
mod places;
mod retiring;
mod undoing;

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::rotation::{TO_FILE, served};
use crate::support::emulator::Emulator;
use crate::support::iam::TOKEN_ROUTE;
use crate::support::relay::{Blow, Relayed, Turn};
use crate::support::server::Request;
use crate::support::service::Service;

type Rig = Service<Emulator>;

const RECOVER: [&str; 2] = ["recover", "--force"];
const NOTHING_FOUND: &str = "No interrupted commands found\n";

/// A service with faults at which there is one key `ci`, whose value is in FILE.
fn failing(faults: &[&str]) -> Rig {
    let flags: Vec<&str> = faults.iter().flat_map(|fault| ["--fault", fault]).collect();
    served(&flags).timeout("0.5")
}

/// Waits until every late request has had its turn.
fn let_land(longest: Duration) {
    thread::sleep(longest + Duration::from_millis(500));
}

/// Asserts that FILE opens a key, and that nothing is left to recover.
#[track_caller]
fn assert_at_rest(rig: &Rig, states: &[&str]) {
    let found = rig.run(&RECOVER);
    assert!(found.ok().stdout.ends_with(NOTHING_FOUND), "{found:#?}");
    assert_eq!(rig.opens(&rig.sandbox.value_in("key.json")), 200, "FILE is dead");
    assert_eq!(rig.states(), states);
    assert_eq!(rig.sandbox.open_entries(), 0);
}

/// The pending copy in a directory of the box.
#[track_caller]
fn copy_in(rig: &Rig, directory: &str) -> PathBuf {
    let there = fs::read_dir(rig.sandbox.work(directory)).unwrap();
    let mut there = there.map(|entry| entry.unwrap().path());
    there.find(|path| path.extension().is_some_and(|word| word == "pending")).unwrap()
}

/// A request of a rotation at which it is cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// The one that makes the new key.
    Create,
    /// The login that proves that the new key works.
    Proof,
}

/// A service behind a relay that cuts off one request.
struct Stage {
    relayed: Relayed,
    aim: Arc<Mutex<Option<(At, Blow)>>>,
}

impl Stage {
    fn new(service: Rig) -> Self {
        let own = service.server.value();
        let aim = Arc::new(Mutex::new(None));
        let told = Arc::clone(&aim);
        let relayed = Relayed::new(service, move |request| {
            let mut aim = told.lock().unwrap();
            match *aim {
                Some((at, blow)) if met(request, &own) == Some(at) => {
                    *aim = None;
                    Turn::Strike(blow)
                }
                _ => Turn::Pass,
            }
        });
        Self { relayed, aim }
    }

    fn rig(&self) -> &Rig {
        &self.relayed.service
    }

    /// Runs a command that is killed at a request.
    #[track_caller]
    fn kill(&self, at: At, blow: Blow, args: &[&str]) {
        *self.aim.lock().unwrap() = Some((at, blow));
        self.relayed.run(self.rig().command(args)).code(137);
        assert_eq!(self.rig().sandbox.open_entries(), 1);
    }

    /// A rotation of `ci` to FILE that is killed when the new key is made, and is about to prove itself.
    fn made() -> Self {
        let stage = Self::new(failing(&[]));
        stage.kill(At::Proof, Blow::KillBefore, &TO_FILE);
        stage
    }
}

/// Which of these requests it is; `own` is what commands log in with.
fn met(request: &Request, own: &str) -> Option<At> {
    match request.route().as_str() {
        "POST /v1/apikeys" => Some(At::Create),
        TOKEN_ROUTE => {
            let form = request.form();
            let is_other = form.iter().any(|(name, value)| name == "apikey" && value != own);
            is_other.then_some(At::Proof)
        }
        _ => None,
    }
}
