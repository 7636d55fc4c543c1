//! Killed, or failed by the disk, at every step: an acknowledged change stays, and no key is left that nobody holds.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod recovering;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::support::shim::{Call, Fault, KILLED, Shim};
use crate::support::{Outcome, Sandbox, mode};

type Ids = BTreeSet<String>;

/// What there was before the command.
struct Before {
    ids: Ids,
    file: Option<Vec<u8>>,
}

fn before(sandbox: Sandbox) -> (Sandbox, Before) {
    let facts = Before { ids: ids(&sandbox), file: fs::read(sandbox.work("key.json")).ok() };
    (sandbox, facts)
}

/// Lists the ids: the store opens, with one warning at most.
fn ids(sandbox: &Sandbox) -> Ids {
    let listed = sandbox.run(&["api-keys", "--uuid"]);
    assert!(listed.ok().stderr.lines().count() <= 1, "{listed:#?}");
    listed.stdout.lines().map(str::to_owned).collect()
}

/// The id of the key that the value in FILE opens, which is also the id that FILE tells.
fn opened_by(sandbox: &Sandbox, file: &str) -> String {
    let id = sandbox
        .run(&["api-key-lookup", &format!("@{file}"), "--uuid"])
        .ok()
        .stdout
        .trim_end()
        .to_owned();
    let document: serde_json::Value =
        serde_json::from_slice(&fs::read(sandbox.work(file)).unwrap()).unwrap();
    assert_eq!(document["id"], id.as_str());
    id
}

/// Settles what was left; nothing may remain of it.
fn recover(sandbox: &Sandbox) -> Outcome {
    let recovered = sandbox.run(&["recover", "--force"]);
    // A key whose value may have been printed is reported.
    let is_reported = recovered.stdout.contains("its value may have been printed");
    recovered.code(i32::from(is_reported));
    assert_eq!(sandbox.open_entries(), 0, "{recovered:#?}");
    assert!(sandbox.files_in_work().iter().all(|name| name == "key.json"), "{recovered:#?}");
    recovered
}

/// Whatever the state now, FILE is what it was or holds the one new key, and no other key was made.
fn assert_settled(sandbox: &Sandbox, before: &Before) {
    let mut expected = before.ids.clone();
    if fs::read(sandbox.work("key.json")).ok() != before.file {
        expected.insert(opened_by(sandbox, "key.json"));
        assert_eq!(mode(&sandbox.work("key.json")), 0o600);
    }
    assert_eq!(ids(sandbox), expected);
}

const TO_FILE: [&str; 4] = ["api-key-create", "K", "--file", "key.json"];

fn check_to_file(sandbox: &Sandbox, before: &Before, fault: &Fault, outcome: &Outcome) {
    let now = ids(sandbox);
    let new: Vec<&String> = now.difference(&before.ids).collect();
    assert!(now.is_superset(&before.ids) && new.len() <= 1, "{now:?}");
    let untouched = fs::read(sandbox.work("key.json")).ok() == before.file;
    assert!(untouched || *new == [&opened_by(sandbox, "key.json")], "{outcome:#?}");
    let pending: Vec<String> =
        sandbox.files_in_work().into_iter().filter(|name| name != "key.json").collect();
    assert!(pending.len() <= 1, "{pending:?}");
    // An empty file that was replaced may still be there under that name.
    let is_private = |path: &Path| mode(path) == 0o600 || fs::metadata(path).unwrap().len() == 0;
    assert!(pending.iter().all(|name| is_private(&sandbox.work(name))));
    match outcome.code {
        0 => assert!(!untouched && pending.is_empty()),
        KILLED => {}
        // Its value is kept.
        11 | 14 => assert!(new.is_empty() || !pending.is_empty() || !untouched, "{outcome:#?}"),
        // All is done but the talking.
        1 if !untouched => assert!(
            pending.is_empty() && outcome.stderr.contains("Standard output could not be written")
        ),
        // On a disk that takes nothing back the copy stays, and its entry with it.
        _ if fault.mode == "dead" => {
            assert!(new.is_empty() && untouched && sandbox.open_entries() >= pending.len());
        }
        _ => assert!(new.is_empty() && untouched && pending.is_empty(), "{outcome:#?}"),
    }
    recover(sandbox);
    assert!(untouched || fs::read(sandbox.work("key.json")).ok() != before.file);
    assert_settled(sandbox, before);
}

#[test]
fn create_to_a_missing_file_in_a_fresh_store() {
    let Some(shim) = Shim::build() else { return };
    let walked = shim.walk(&TO_FILE, || before(Sandbox::new()), check_to_file);
    assert!(walked > 120, "{walked}");
}

#[test]
fn create_to_an_empty_file() {
    let Some(shim) = Shim::build() else { return };
    let scene = || {
        let sandbox = Sandbox::new();
        sandbox.create("other", &[]);
        fs::write(sandbox.work("key.json"), "").unwrap();
        before(sandbox)
    };
    assert!(shim.walk(&TO_FILE, scene, check_to_file) > 100);
}

/// FILE holds a key of the same name: the worst there is to lose.
fn occupied() -> (Sandbox, Before) {
    let sandbox = Sandbox::new();
    sandbox.run(&TO_FILE).ok();
    before(sandbox)
}

#[test]
fn create_over_the_file_of_another_key() {
    let Some(shim) = Shim::build() else { return };
    let args = [&TO_FILE[..], &["--force"]].concat();
    assert!(shim.walk(&args, occupied, check_to_file) > 100);
}

/// The value on standard output, if all of it arrived.
fn value_in(stdout: &str) -> Option<&str> {
    stdout
        .split(|c: char| !(c.is_ascii_alphanumeric() || "-_".contains(c)))
        .find(|word| word.len() == 44)
}

fn check_to_output(sandbox: &Sandbox, before: &Before, fault: &Fault, outcome: &Outcome) {
    let now = ids(sandbox);
    let new: Vec<&String> = now.difference(&before.ids).collect();
    assert!(now.is_superset(&before.ids) && new.len() <= 1, "{now:?}");
    let value = value_in(&outcome.stdout);
    assert!(value.is_some() || outcome.code != 0, "{outcome:#?}");
    if let Some(value) = value {
        let found = sandbox.run_input(&["api-key-lookup", "--uuid"], value);
        assert_eq!([found.ok().stdout.trim_end()], *new);
    } else if !fault.kills() && outcome.code != 11 {
        assert!(
            new.iter().all(|id| outcome.stderr.contains(*id)),
            "a key that nobody was told of: {outcome:#?}"
        );
    }
    let recovered = recover(sandbox);
    let after = ids(sandbox);
    assert!(after.is_superset(&before.ids));
    for id in new {
        let told = recovered.stdout.contains(id) || outcome.stderr.contains(id);
        assert!(value.is_none() || after.contains(id), "a held key was deleted: {recovered:#?}");
        assert!(
            value.is_some() || !after.contains(id) || told,
            "nobody holds {id}: {recovered:#?}"
        );
    }
}

#[test]
fn create_to_standard_output() {
    let Some(shim) = Shim::build() else { return };
    let scene = || {
        let sandbox = Sandbox::new();
        sandbox.create("K", &[]);
        before(sandbox)
    };
    assert!(shim.walk(&["api-key-create", "K"], scene, check_to_output) > 60);
    let json = ["api-key-create", "K", "--output", "json"];
    assert!(shim.walk(&json, || before(Sandbox::new()), check_to_output) > 80);
}

/// Walks over a change of `K`; `done` tells from its JSON whether it was made.
fn walk_change(args: &[&str], done: fn(Option<&serde_json::Value>) -> bool) {
    let Some(shim) = Shim::build() else { return };
    let scene = || {
        let sandbox = Sandbox::new();
        sandbox.create("other", &[]);
        sandbox.create("K", &[]);
        (sandbox, ())
    };
    let is_done = |sandbox: &Sandbox| {
        let keys = sandbox.keys();
        assert!(keys.iter().any(|key| key["name"] == "other"));
        done(keys.iter().find(|key| key["name"] == "K"))
    };
    let walked = shim.walk(args, scene, |sandbox, (), fault, outcome| {
        ids(sandbox);
        let now = is_done(sandbox);
        match outcome.code {
            0 => assert!(now, "an acknowledged change was lost"),
            KILLED | 11 => {}
            1 if fault.is_output() => {}
            _ => assert!(!now, "a failed command changed something: {outcome:#?}"),
        }
        sandbox.run(&["api-key-disable", "other", "--force"]).ok();
        assert_eq!(is_done(sandbox), now);
        assert_eq!(sandbox.run(&["api-keys"]).ok().stderr, "");
    });
    assert!(walked > 20, "{walked}");
}

#[test]
fn update() {
    let args = ["api-key-update", "K", "-d", "changed"];
    walk_change(&args, |key| key.unwrap()["description"] == "changed");
}

#[test]
fn lock() {
    walk_change(&["api-key-lock", "K", "--force"], |key| key.unwrap()["locked"] == true);
}

#[test]
fn delete() {
    walk_change(&["api-key-delete", "K", "--force"], |key| key.is_none());
}

/// Everything that was written, and every name that was made, is synced before the last word is said.
#[test]
fn an_acknowledged_change_survives_a_power_cut() {
    let Some(shim) = Shim::build() else { return };
    let sandbox = Sandbox::new();
    let commands: [&[&str]; 5] = [
        &TO_FILE,
        &["api-key-create", "L"],
        &["api-key-update", "K", "-d", "x"],
        &["api-key-lock", "K", "-f"],
        &["api-key-delete", "L", "-f"],
    ];
    for args in commands {
        let calls = shim.calls(&sandbox, args);
        let said = calls.iter().rposition(|call| call.path == "stdout").unwrap();
        let synced = |path: &Path, from: usize| {
            let sync = |call: &Call| call.name.ends_with("sync") && Path::new(&call.path) == path;
            assert!(
                calls[from..said].iter().any(sync),
                "{} is not synced: {calls:#?}",
                path.display()
            );
        };
        for (at, call) in calls[..said].iter().enumerate() {
            let path = sandbox.root().join("work").join(&call.path);
            let is_lock = call.path.ends_with("store.lock");
            match call.name.as_str() {
                "write" | "ftruncate" if call.path != "stdout" => synced(&path, at),
                "mkdir" | "rename" => synced(path.parent().unwrap(), at),
                "open" if !is_lock => synced(&path, at),
                _ => {}
            }
        }
    }
}

/// A small generator, so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// What is known of a key that was acknowledged; a description is unknown after a killed update.
struct Held {
    id: String,
    description: Option<String>,
}

#[test]
fn killed_at_any_instant() {
    let sandbox = Sandbox::new();
    let mut random = Random(20_261_121);
    let start = Instant::now();
    for warm_up in 0..5 {
        sandbox.create(&format!("warm-up {warm_up}"), &[]);
    }
    let usual = u64::try_from(start.elapsed().as_micros()).unwrap() / 5;
    let mut held: Vec<Held> = Vec::new();
    let mut files = 0;
    let (mut killed, mut finished) = (0, 0);
    for round in 0..200 {
        let (name, file, description) =
            (format!("k{round}"), format!("{round}.json"), format!("d{round}"));
        let chosen =
            (!held.is_empty()).then(|| usize::try_from(random.below(held.len() as u64)).unwrap());
        let verb = if held.len() < 5 { 0 } else { random.below(3) };
        let id = chosen.map(|chosen| held[chosen].id.clone()).unwrap_or_default();
        let args: Vec<&str> = match verb {
            0 => vec!["api-key-create", &name, "--file", &file],
            1 => vec!["api-key-update", &id, "-d", &description],
            _ => vec!["api-key-delete", &id, "--force"],
        };
        let mut command = sandbox.command(&args);
        command.env("IBMCLOUD_IAM_KEY_LIMIT", "1000").stdin(Stdio::null()).stdout(Stdio::null());
        let mut child = command.stderr(Stdio::null()).spawn().unwrap();
        if round % 5 > 0 {
            sleep(Duration::from_micros(random.below(usual * 5 / 4)));
            child.kill().unwrap();
        }
        let status = child.wait().unwrap();
        let done = status.success();
        assert!(done || status.code().is_none(), "{args:?}: {status}");
        *(if done { &mut finished } else { &mut killed }) += 1;
        match (verb, chosen) {
            (0, _) if done => {
                files += 1;
                held.push(Held {
                    id: opened_by(&sandbox, &file),
                    description: Some(String::new()),
                });
            }
            (1, Some(chosen)) => held[chosen].description = done.then_some(description),
            (2, Some(chosen)) => {
                held.swap_remove(chosen);
            }
            _ => {}
        }
        ids(&sandbox);
        let keys = sandbox.keys();
        for key in &held {
            let found = keys
                .iter()
                .find(|found| found["id"] == key.id.as_str())
                .expect("an acknowledged key is there");
            assert!(
                key.description.as_ref().is_none_or(|text| found["description"] == text.as_str()),
                "{found}"
            );
        }
    }
    assert!(
        killed >= 20 && finished >= 40 && files >= 10,
        "{killed} killed, {finished} finished, {files} files"
    );
    sandbox.run(&["recover", "--force"]).ok();
    let left: Vec<String> = sandbox.files_in_work();
    assert!(!left.iter().any(|name| name.contains("pending")), "{left:?}");
    let lookup = |name: &String| {
        sandbox.run(&["api-key-lookup", &format!("@{name}"), "--uuid"]).stdout.trim_end().to_owned()
    };
    let opened: Ids = left.iter().map(lookup).collect();
    for key in sandbox.keys() {
        let warm_up = key["name"].as_str().unwrap().starts_with("warm-up");
        assert!(warm_up || opened.contains(key["id"].as_str().unwrap()), "nobody holds {key}");
    }
}
