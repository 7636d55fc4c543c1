//! Rotations over a service that fails in every way it can, also late: whoever needs the key holds one that works, every
//! other key is named by a command that failed, and exit codes tell the truth.
//!
//! `IBMCLOUD_IAM_FAULT_RUNS` sets how many rotations there are in all for a user, and for a service ID; 60 and 30 unless it is
//! set.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use ibmcloud_iam::systems::System;
use serde_json::Value;

use super::{RECOVER, Rig};
use crate::faults::{Dice, failing, ids_in, persist, runs};
use crate::support::Outcome;
use crate::support::emulator::Client;

/// A way for the service to fail, and whether most commands are killed on top of it, `recover` too.
struct Plan {
    name: &'static str,
    faults: &'static [&'static str],
    more: &'static [&'static str],
    kill: bool,
}

const fn plan(name: &'static str, faults: &'static [&'static str]) -> Plan {
    Plan { name, faults, more: &[], kill: false }
}

const fn killed(name: &'static str, faults: &'static [&'static str]) -> Plan {
    Plan { name, faults, more: &[], kill: true }
}

const fn with_grace(name: &'static str, faults: &'static [&'static str]) -> Plan {
    Plan { name, faults, more: &["--grace", "7d"], kill: false }
}

const PLANS: [Plan; 15] = [
    plan(
        "creates late",
        &[
            "create:late=500ms,chance=80",
            "create:drop,after,chance=60",
            "details:status=503,chance=60",
        ],
    ),
    plan(
        "creates twice",
        &[
            "create:twice,drop,chance=50",
            "create:late=600ms,twice,chance=80",
            "details:drop,chance=60",
        ],
    ),
    plan("disables dropped", &["disable:drop,before,chance=80", "disable:drop,after,chance=60"]),
    plan("disables late", &["disable:late=600ms", "get:status=503,chance=60"]),
    with_grace("updates late", &["update:late=600ms,chance=90", "get:drop,chance=60"]),
    plan(
        "undone late",
        &["token:status=503,chance=85", "delete:late=600ms,chance=90", "get:drop,chance=40"],
    ),
    plan("undone, and made late", &["token:drop,chance=85", "create:late=600ms,chance=60"]),
    plan("anything refused", &["any:status=503,chance=45"]),
    plan("anything dropped", &["any:drop,before,chance=20", "any:drop,after,chance=30"]),
    plan(
        "all late",
        &[
            "create:late=500ms,chance=60",
            "disable:late=600ms,chance=80",
            "delete:late=500ms,chance=80",
            "token:status=503,chance=80",
            "get:status=503,chance=40",
        ],
    ),
    killed("killed", &["any:delay=100ms"]),
    killed(
        "killed, late",
        &["create:late=500ms,chance=60", "disable:late=600ms,chance=80", "any:delay=80ms"],
    ),
    killed(
        "killed, undone late",
        &["token:status=503,chance=85", "delete:late=600ms", "any:delay=60ms"],
    ),
    killed("killed, retired late", &["disable:late=600ms", "any:delay=60ms"]),
    killed(
        "killed, refused",
        &["any:status=503,chance=30", "delete:late=600ms,chance=60", "any:delay=50ms"],
    ),
];

/// Where the new values go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    File,
    Printed,
}

/// Tells whether a value opens a key, whatever the service does to the requests.
fn works(client: &Client, value: &str) -> bool {
    let grant = [("grant_type", "urn:ibm:params:oauth:grant-type:apikey"), ("apikey", value)];
    loop {
        let answer = client.request("POST", "/identity/token").form(&grant).send();
        match answer.map(|answer| answer.status().as_u16()) {
            Ok(200) => return true,
            Ok(400) => return false,
            _ => thread::sleep(Duration::from_millis(5)),
        }
    }
}

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Problem {
    /// A key works that nobody holds, and nobody was told of it.
    Orphan,
    /// Nobody holds a key that works.
    Lost,
    /// An exit code does not tell the truth.
    Untrue,
    /// Something is left that should not be.
    Untidy,
}

/// One name whose key is rotated again and again.
struct Chain<'a> {
    plan: &'a Plan,
    way: Way,
    rig: Rig,
    client: Client,
    /// Ids that failing commands named.
    named: BTreeSet<String>,
    dice: Dice,
    problems: Vec<(Problem, String)>,
    codes: Vec<i32>,
    /// How many rotations left something open.
    left: usize,
}

/// The values that somebody holds, oldest first: those in FILE, or in what was printed, one after the other.
fn held(file: &Path) -> Vec<String> {
    let text = fs::read(file).unwrap_or_default();
    let documents = serde_json::Deserializer::from_slice(&text).into_iter::<Value>();
    let values =
        documents.map_while(Result::ok).map(|key| key["apikey"].as_str().map(str::to_owned));
    values.flatten().collect()
}

impl<'a> Chain<'a> {
    fn new(system: System, plan: &'a Plan, way: Way, seed: u64) -> Self {
        let rig = failing(system, plan.faults);
        let client = Client::new(rig.server.endpoint());
        let mut chain = Self {
            plan,
            way,
            rig,
            client,
            named: BTreeSet::new(),
            dice: Dice(seed),
            problems: Vec::new(),
            codes: Vec::new(),
            left: 0,
        };
        chain.begin();
        chain
    }

    fn file(&self) -> PathBuf {
        self.rig.sandbox.work("key.json")
    }

    /// Makes the first key, in FILE.
    fn begin(&mut self) {
        for _ in 0..30 {
            let args = ["api-key-create", "ci", "--file", "key.json", "-q"];
            self.rig.run(&args);
            self.settle();
            if self.file().exists() {
                break;
            }
        }
    }

    fn complain(&mut self, problem: Problem, what: &str) {
        let Plan { name, .. } = self.plan;
        self.problems.push((problem, format!("{name}, {:?}: {what}", self.way)));
    }

    /// Runs a command, perhaps not to its end.
    fn run(&mut self, args: &[&str], out: Option<&Path>, kills: bool) -> (Outcome, bool) {
        let mut command = self.rig.command(args);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        if let Some(out) = out {
            command.stdout(fs::OpenOptions::new().append(true).open(out).unwrap());
        }
        let mut child = command.spawn().unwrap();
        if kills {
            thread::sleep(Duration::from_millis(self.dice.roll(if self.plan.kill {
                2_500
            } else {
                1_200
            })));
            let _ = child.kill();
        }
        let outcome = Outcome::from(child.wait_with_output().unwrap());
        if outcome.code != 0 {
            self.named.extend(ids_in(&outcome.stderr).chain(ids_in(&outcome.stdout)));
        }
        let is_whole = outcome.code != 137;
        (outcome, is_whole)
    }

    /// Recovers until nothing is open.
    fn settle(&mut self) {
        for _ in 0..40 {
            if self.rig.sandbox.open_entries() == 0 {
                return;
            }
            let kills = self.plan.kill && self.dice.roll(3) == 0;
            self.run(&RECOVER, None, kills);
        }
        self.complain(Problem::Untidy, "recover does not end");
    }

    /// The ids of the keys `ci` that are active.
    fn active(&self) -> BTreeSet<String> {
        let keys = persist(&self.rig, &["api-keys", "--output", "json"], "");
        let keys: Vec<Value> = serde_json::from_str(&keys.stdout).unwrap();
        let active = keys.iter().filter(|key| key["name"] == "ci" && key["state"] == "active");
        active.map(|key| key["id"].as_str().unwrap().to_owned()).collect()
    }

    fn id_of(&self, value: &str) -> String {
        let found = persist(&self.rig, &["api-key-lookup", "--output", "json"], value);
        let found: Value = serde_json::from_str(&found.stdout).unwrap();
        found["id"].as_str().unwrap().to_owned()
    }

    /// The newest of the values that somebody holds which works.
    fn current(&self) -> Option<String> {
        held(&self.file()).into_iter().rev().find(|value| works(&self.client, value))
    }

    /// Rotates once, watched all the while, and settles what is left.
    fn rotate(&mut self) -> Option<()> {
        let before = self.current()?;
        let (is_over, file, client) = (AtomicBool::new(false), self.file(), self.client.clone());
        let gap = thread::scope(|scope| {
            let watch = scope.spawn(|| {
                while !is_over.load(Ordering::SeqCst) {
                    let values = held(&file);
                    // What is held may have changed in between.
                    let is_held = values.iter().rev().any(|value| works(&client, value));
                    if !is_held && held(&file) == values {
                        return true;
                    }
                    thread::sleep(Duration::from_millis(150));
                }
                false
            });
            self.attempt(&before);
            let is_left = self.rig.sandbox.open_entries() > 0;
            self.left += usize::from(is_left);
            if is_left && self.dice.roll(2) == 0 {
                self.attempt(&before);
            }
            self.settle();
            is_over.store(true, Ordering::SeqCst);
            watch.join().unwrap()
        });
        if gap {
            self.complain(Problem::Lost, "there was a moment without a key that works");
        }
        self.check()
    }

    /// Rotates, and checks the exit code.
    fn attempt(&mut self, before: &str) {
        let kills = self.dice.roll(3) < if self.plan.kill { 2 } else { 1 };
        let file = self.file();
        let (args, out) = match self.way {
            Way::File => (vec!["api-key-rotate", "ci", "--file", "key.json", "--force"], None),
            Way::Printed => {
                (vec!["api-key-rotate", "ci", "--output", "json", "--force"], Some(file.clone()))
            }
        };
        let args = [&args[..], self.plan.more].concat();
        let was_open = self.rig.sandbox.open_entries() > 0;
        let (outcome, is_whole) = self.run(&args, out.as_deref(), kills);
        if !is_whole {
            return;
        }
        self.codes.push(outcome.code);
        let new = held(&file).pop();
        let is_new = new.as_ref().is_some_and(|new| new != before && works(&self.client, new));
        let old_is_active = self.active().contains(&self.id_of(before));
        if outcome.code == 0 && (!is_new || old_is_active) {
            self.complain(
                Problem::Untrue,
                &format!("new {is_new}, old {old_is_active}: {outcome:#?}"),
            );
        }
        let is_changed = is_new || !old_is_active || self.active().len() > 1;
        let says_nothing = outcome.code == 10 || outcome.stderr.contains("Nothing was changed");
        if says_nothing && is_changed && !was_open {
            self.complain(Problem::Untrue, &format!("{outcome:#?}"));
        }
    }

    /// Checks what is left at rest; `None` where nobody holds a key that works.
    fn check(&mut self) -> Option<()> {
        let Some(current) = self.current() else {
            self.complain(Problem::Lost, "nobody holds a key that works");
            return None;
        };
        let (own, active) = (self.id_of(&current), self.active());
        if !active.contains(&own) {
            self.complain(Problem::Lost, &format!("{own} is held, and not active"));
        }
        for id in active.iter().filter(|id| **id != own) {
            if !self.named.contains(id) {
                self.complain(Problem::Orphan, id);
            }
            // As who reads what was said does.
            persist(&self.rig, &["api-key-delete", id, "--force", "-q"], "");
        }
        let left = self.rig.sandbox.files_in_work();
        if left.iter().any(|name| name != "key.json") {
            self.complain(Problem::Untidy, &format!("{left:?}"));
        }
        Some(())
    }
}

/// Only one campaign runs at a time: where the machine is busy, kills come before anything was done.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn rotate_all(system: System, rotations: usize) {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let each = runs(rotations).div_ceil(PLANS.len() * 2);
    let seed: u64 = 0x9e37_79b9_7f4a_7c15;
    let ways = [Way::File, Way::Printed];
    let all = PLANS.iter().flat_map(|plan| ways.map(|way| (plan, way)));
    let chains = thread::scope(|scope| {
        let running = (1..).zip(all).map(|(n, (plan, way))| {
            scope.spawn(move || {
                let mut chain = Chain::new(system, plan, way, seed.wrapping_mul(n));
                let done = (0..each).map_while(|_| chain.rotate()).count();
                // What was late has had its turn.
                thread::sleep(Duration::from_secs(1));
                chain.check();
                println!("{}, {way:?}: {done} rotations, exit codes {:?}", plan.name, chain.codes);
                (done, chain.left, chain.problems)
            })
        });
        let running: Vec<_> = running.collect();
        running.into_iter().map(|chain| chain.join().unwrap()).collect::<Vec<_>>()
    });
    let done: usize = chains.iter().map(|(done, ..)| done).sum();
    let left: usize = chains.iter().map(|(_, left, _)| left).sum();
    let problems: Vec<_> = chains.into_iter().flat_map(|(.., problems)| problems).collect();
    let count = |what| problems.iter().filter(|(problem, _)| *problem == what).count();
    println!(
        "{done} rotations, {left} of them left open: {} orphans, {} lost, {} untrue, {} untidy",
        count(Problem::Orphan),
        count(Problem::Lost),
        count(Problem::Untrue),
        count(Problem::Untidy)
    );
    assert!(problems.is_empty(), "{problems:#?}");
    assert!(left * 8 > done, "the faults left only {left} of {done} open");
}

#[test]
fn no_fault_loses_a_rotated_key() {
    rotate_all(System::Iam, 60);
}

#[test]
fn no_fault_loses_a_rotated_key_of_a_service_id() {
    rotate_all(System::ServiceIds, 30);
}
