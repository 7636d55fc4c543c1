//! Making keys over a service that fails in every way it can: no key is lost, none is made twice, nothing lies about.
//!
//! `IBMCLOUD_IAM_FAULT_RUNS` sets how many creates there are in all for a user, and for a service ID; 200 and 96 unless it is
//! set.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use ibmcloud_iam::systems::System;
use serde_json::Value;

use crate::support::emulator::Emulator;
use crate::support::service::{SERVICE, Service};
use crate::support::{Outcome, Sandbox, run};

/// A way for the service to fail, and whether the client is killed on top of it.
struct Plan {
    name: &'static str,
    faults: &'static [&'static str],
    kill: bool,
}

const fn plan(name: &'static str, faults: &'static [&'static str]) -> Plan {
    Plan { name, faults, kill: false }
}

const fn killed(name: &'static str, faults: &'static [&'static str]) -> Plan {
    Plan { name, faults, kill: true }
}

const PLANS: [Plan; 24] = [
    plan("dropped before", &["create:drop,before,chance=60"]),
    plan("dropped after", &["create:drop,after,chance=60"]),
    plan("dropped after, always", &["create:drop,after"]),
    plan("500", &["create:status=500,before,chance=40", "create:status=500,after,chance=60"]),
    plan("503", &["create:status=503,before,chance=40", "create:status=503,after,chance=60"]),
    plan("429", &["create:status=429,before,chance=40", "create:status=429,after,chance=60"]),
    plan("truncated", &["create:truncate,chance=70"]),
    plan("garbage", &["create:garbage,chance=70"]),
    plan("slow to answer", &["create:delay=700ms,after,chance=50"]),
    plan("slow to act", &["create:delay=700ms,before,chance=50"]),
    plan("look-up fails too", &["create:drop,after,chance=70", "details:status=503,chance=60"]),
    plan(
        "look-up is dropped too",
        &["create:status=500,after,chance=70", "details:drop,chance=60"],
    ),
    plan("everything fails", &["any:drop,chance=25", "create:status=503,after,chance=40"]),
    plan("late", &["create:late=500ms,chance=60"]),
    plan("late, always", &["create:late=500ms"]),
    plan("late, with an answer", &["create:late=500ms,status=504,chance=60"]),
    plan("late, and not seen", &["create:late=500ms,chance=60", "details:status=503,chance=70"]),
    plan("twice", &["create:twice,chance=60"]),
    plan("twice and dropped", &["create:twice,drop,chance=60"]),
    plan("twice and late", &["create:late=400ms,twice,chance=60"]),
    killed("killed", &[]),
    killed("killed and late", &["create:late=500ms,chance=60"]),
    killed("killed and dropped", &["create:drop,after,chance=50"]),
    killed("killed and slow", &["create:delay=40ms,before,chance=50", "create:delay=40ms,after"]),
];

/// How a create asks for the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    File,
    Printed,
    /// To FILE, a value that the service chose.
    ServerValue,
}

/// How many runs there are: so many, unless the environment says another number.
pub(crate) fn runs(usual: usize) -> usize {
    let set = std::env::var("IBMCLOUD_IAM_FAULT_RUNS").ok();
    set.map_or(usual, |text| text.parse().unwrap())
}

/// A small generator, so that a failing run can be had again.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

const LIMIT: (&str, &str) = ("IBMCLOUD_IAM_KEY_LIMIT", "100000");

/// A box whose commands go to a failing emulator.
type Rig = Service<Emulator>;

pub(crate) fn failing(system: System, faults: &[&str]) -> Rig {
    let sandbox = Sandbox::new();
    let mut flags: Vec<&str> = faults.iter().flat_map(|fault| ["--fault", fault]).collect();
    match system {
        System::TaskCredentials | System::Platform | System::Classic => {
            panic!("an owner has one key, which is not named")
        }
        System::Iam => flags.push("--in-memory"),
        // It is made before anything fails.
        System::ServiceIds => {
            sandbox.run(&["service-id-create", SERVICE, "-q"]).ok();
        }
    }
    Rig::emulated_in(sandbox, &flags, &[LIMIT]).timeout("0.3").about(system)
}

/// Runs a command that may meet faults until it ends well.
#[track_caller]
pub(crate) fn persist(rig: &Rig, args: &[&str], input: &str) -> Outcome {
    let outcomes = (0..30).map(|_| run(&mut rig.command(args), input.as_bytes()));
    let mut good = outcomes.filter(|outcome| outcome.code == 0);
    good.next().unwrap_or_else(|| panic!("{args:?} does not succeed"))
}

/// What one create left.
#[derive(Default)]
struct Held {
    /// Values that were printed, by the name of the key.
    printed: BTreeMap<String, String>,
    /// Ids that a failing create or `recover` named to the user.
    reported: BTreeSet<String>,
    /// Names of which a create said that it made no key.
    refused: BTreeSet<String>,
    /// Names of keys whose value the service chose.
    theirs: BTreeSet<String>,
}

pub(crate) fn ids_in(text: &str) -> impl Iterator<Item = String> + '_ {
    text.match_indices("ApiKey-").filter_map(|(at, _)| text.get(at..at + 43)).map(ToOwned::to_owned)
}

fn create(rig: &Rig, name: &str, way: Way, kill_after: Option<Duration>, held: &mut Held) {
    let file = format!("{name}.json");
    let mut command = match way {
        Way::File => rig.command(&["api-key-create", name, "--file", &file, "-q"]),
        Way::ServerValue => {
            rig.command(&["api-key-create", name, "--file", &file, "--server-value", "-q"])
        }
        Way::Printed => rig.command(&["api-key-create", name, "--output", "json"]),
    };
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    if let Some(after) = kill_after {
        thread::sleep(after);
        let _ = child.kill();
    }
    let outcome = Outcome::from(child.wait_with_output().unwrap());
    // A printed value is held by whoever read the pipe, whole or not at all.
    if let Ok(key) = serde_json::from_str::<Value>(&outcome.stdout) {
        held.printed.insert(name.to_owned(), key["apikey"].as_str().unwrap().to_owned());
    }
    if outcome.code != 0 {
        held.reported.extend(ids_in(&outcome.stderr));
    }
    if way == Way::ServerValue {
        held.theirs.insert(name.to_owned());
    }
    if kill_after.is_none() {
        // There may be two keys only where the service chose the values.
        let is_doubled = outcome.code == 5 && way == Way::ServerValue;
        assert!(is_doubled || [0, 7, 10, 11].contains(&outcome.code), "{outcome:#?}");
        if [7, 10].contains(&outcome.code) {
            held.refused.insert(name.to_owned());
        }
        assert!(
            outcome.code != 0 || way == Way::Printed || rig.sandbox.work(&file).exists(),
            "{outcome:#?}"
        );
    }
}

/// Makes keys by a plan, recovers, and compares what the service has with what somebody holds.
fn suffer(system: System, plan: &Plan, creates: usize, seed: u64) {
    let rig = failing(system, plan.faults);
    let mut dice = Dice(seed);
    let mut held = Held::default();
    let mut all = BTreeSet::new();
    for n in 0..creates {
        let name = format!("key-{n}");
        let way = [Way::File, Way::File, Way::Printed, Way::ServerValue][n % 4];
        let kill_after = plan.kill.then(|| Duration::from_millis(dice.roll(400)));
        create(&rig, &name, way, kill_after, &mut held);
        all.insert(name);
    }
    let (start, longest) = (Instant::now(), Duration::from_secs(120 + 5 * creates as u64));
    while rig.sandbox.open_entries() > 0 {
        assert!(start.elapsed() < longest, "{}: recover does not end", plan.name);
        let outcome = run(&mut rig.command(&["recover", "--force"]), b"");
        held.reported.extend(ids_in(&outcome.stdout));
    }
    let keys = persist(&rig, &["api-keys", "--output", "json"], "");
    let keys: Vec<Value> = serde_json::from_str(&keys.stdout).unwrap();
    let mut names: Vec<&str> = keys.iter().map(|key| key["name"].as_str().unwrap()).collect();
    let count = names.len();
    for name in &held.refused {
        assert!(!names.contains(&&**name), "{}: {name} was made all the same", plan.name);
    }
    // A request for a value of the service that is carried out twice makes two keys; each must be held or named.
    names.retain(|name| !held.theirs.contains(*name));
    let once = names.iter().collect::<BTreeSet<_>>().len();
    assert_eq!(names.len(), once, "{}: a key was made twice", plan.name);
    for key in &keys {
        let (name, id) = (key["name"].as_str().unwrap(), key["id"].as_str().unwrap());
        let file = fs::read_to_string(rig.sandbox.work(&format!("{name}.json"))).ok();
        let in_file = file.is_some_and(|file| file.contains(id));
        let is_held = in_file || held.printed.contains_key(name) || held.reported.contains(id);
        assert!(is_held, "{}: nobody holds {name} ({id})", plan.name);
    }
    // Every file and every printed value opens the key of its name.
    for file in rig.sandbox.files_in_work() {
        let name =
            file.strip_suffix(".json").unwrap_or_else(|| panic!("{}: {file} is left", plan.name));
        assert!(all.contains(name), "{}: {file} is left", plan.name);
        let found = persist(&rig, &["api-key-lookup", &format!("@{file}"), "--output", "json"], "");
        let found: Value = serde_json::from_str(&found.stdout).unwrap();
        assert_eq!(found["name"], name, "{}", plan.name);
    }
    for (name, value) in &held.printed {
        let found = persist(&rig, &["api-key-lookup", "--output", "json"], value);
        let found: Value = serde_json::from_str(&found.stdout).unwrap();
        assert_eq!(found["name"], name.as_str(), "{}", plan.name);
    }
    println!(
        "{}: {creates} creates, {count} keys, {} held in print",
        plan.name,
        held.printed.len()
    );
}

fn suffer_all(system: System, creates: usize) {
    let each = runs(creates).div_ceil(PLANS.len());
    let seed: u64 = 0x9e37_79b9_7f4a_7c15;
    thread::scope(|scope| {
        for (n, plan) in (1..).zip(&PLANS) {
            scope.spawn(move || suffer(system, plan, each, seed.wrapping_mul(n)));
        }
    });
}

#[test]
fn no_fault_loses_a_key() {
    suffer_all(System::Iam, 200);
}

#[test]
fn no_fault_loses_a_key_of_a_service_id() {
    suffer_all(System::ServiceIds, 96);
}

/// What a client without memory does: the service chooses the value, and whatever goes wrong is tried again. Under the
/// same faults it makes keys twice and leaves keys that nobody holds, so the faults are worth surviving.
#[test]
fn a_blind_retry_would_lose_keys() {
    let mut orphans = 0;
    let create_fails = |plan: &&Plan| !plan.kill && plan.faults[0].starts_with("create:");
    for plan in PLANS.iter().filter(create_fails).filter(|plan| !plan.name.contains("slow")) {
        let rig = failing(System::Iam, plan.faults);
        let mut held = BTreeSet::new();
        for n in 0..5 {
            held.extend((0..4).find_map(|_| blind_create(&rig, &format!("key-{n}"))));
        }
        let keys = persist(&rig, &["api-keys", "--uuid"], "");
        orphans += ids_in(&keys.stdout).filter(|id| !held.contains(id)).count();
    }
    assert!(orphans >= 10, "the faults left only {orphans} orphans");
}

/// Creates a key in one request; returns its id when the answer is good.
fn blind_create(rig: &Rig, name: &str) -> Option<String> {
    let client = rig.server.client();
    let body = serde_json::json!({ "name": name, "iam_id": "IBMid-10CA100000" });
    let answer = client.request("POST", "/v1/apikeys").json(&body).send().ok()?;
    let answer: Value = answer.error_for_status().ok()?.json().ok()?;
    Some(answer["id"].as_str()?.to_owned())
}

#[test]
fn many_keys_are_locked_and_deleted_in_spite_of_faults_one_by_one_and_side_by_side() {
    for jobs in ["1", "16"] {
        let mut flags = vec!["--in-memory", "--seed-keys", "40"];
        for fault in [
            "any:drop,after,chance=10",
            "any:drop,chance=5",
            "any:status=503,chance=5",
            "any:status=429,chance=10",
            "any:truncate,chance=5",
        ] {
            flags.extend(["--fault", fault]);
        }
        let rig = Rig::emulated_in(Sandbox::new(), &flags, &[LIMIT]).timeout("0.5");
        let listed = persist(&rig, &["api-keys", "--output", "json"], "").json();
        let ids: Vec<&str> =
            listed.as_array().unwrap().iter().map(|key| key["id"].as_str().unwrap()).collect();
        assert_eq!(ids.len(), 40);
        let all = |verb, more: &[&'static str]| {
            let args = [&[verb, "--force", "--jobs", jobs], more, &ids[..]].concat();
            persist(&rig, &args, "");
        };
        all("api-key-lock", &[]);
        let listed = persist(&rig, &["api-keys", "--output", "json"], "").json();
        assert!(listed.as_array().unwrap().iter().all(|key| key["locked"] == true), "{jobs} jobs");
        all("api-key-unlock", &[]);
        all("api-key-delete", &["--ignore-missing"]);
        let left = persist(&rig, &["api-keys", "--output", "json"], "").json();
        assert_eq!(left, serde_json::json!([]), "{jobs} jobs");
    }
}

#[test]
fn two_commands_on_the_same_keys_at_once_agree() {
    let flags = ["--in-memory", "--seed-keys", "20", "--fault", "any:delay=10ms"];
    let rig = Rig::emulated_in(Sandbox::new(), &flags, &[LIMIT]);
    let listed = rig.run(&["api-keys", "--output", "json"]).ok().json();
    let names: Vec<&str> =
        listed.as_array().unwrap().iter().map(|key| key["name"].as_str().unwrap()).collect();
    let verb = |verb, more: &[&'static str]| {
        [&[verb, "--force", "--output", "json"], more, &names[..]].concat()
    };
    for (args, done, already) in [
        (verb("api-key-lock", &[]), "locked", "unchanged"),
        (verb("api-key-unlock", &[]), "unlocked", "unchanged"),
        (verb("api-key-delete", &["--ignore-missing"]), "deleted", "missing"),
    ] {
        let both: Vec<Outcome> = thread::scope(|scope| {
            let commands = [rig.command(&args), rig.command(&args)];
            let threads = commands.map(|mut command| scope.spawn(move || run(&mut command, b"")));
            threads.map(|thread| thread.join().unwrap()).into_iter().collect()
        });
        for outcome in &both {
            let document = outcome.ok().json();
            let words = document.as_array().unwrap().iter().map(|one| one["outcome"].as_str());
            assert!(words.flatten().all(|word| word == done || word == already), "{document:#?}");
        }
    }
}
