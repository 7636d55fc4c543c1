//! Several keys rotated by one command: none is lost, none is made twice, none is held by nobody, whatever the service does
//! and whenever the command is killed.

use std::fs;
use std::process::Child;
use std::thread;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::faults::{Dice, persist};
use crate::support::emulator::Emulator;
use crate::support::running::{ended, signal, started, wait_until};
use crate::support::service::Service;
use crate::support::{Outcome, Sandbox, run};

const LIMIT: (&str, &str) = ("IBMCLOUD_IAM_KEY_LIMIT", "1000");

/// A service with so many keys and these faults, and a directory for the files of new keys.
fn with_keys(count: &str, faults: &[&str]) -> Service<Emulator> {
    let mut flags = vec!["--in-memory", "--seed-keys", count];
    flags.extend(faults.iter().flat_map(|fault| ["--fault", fault]));
    let service = Service::emulated_in(Sandbox::new(), &flags, &[LIMIT]);
    fs::create_dir(service.sandbox.work("keys")).unwrap();
    service
}

/// The arguments of a rotation of these keys to the directory.
fn rotation<'a>(keys: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [&["api-key-rotate", "--files", "keys", "--force"], more, keys].concat()
}

/// The keys that are listed, in spite of faults.
fn listed(service: &Service<Emulator>) -> Vec<Value> {
    let listed = persist(service, &["api-keys", "--output", "json"], "").json();
    listed.as_array().unwrap().clone()
}

fn text<'a>(key: &'a Value, field: &str) -> &'a str {
    key[field].as_str().unwrap()
}

fn ids(keys: &[Value]) -> Vec<String> {
    keys.iter().map(|key| text(key, "id").to_owned()).collect()
}

fn files_in(service: &Service<Emulator>) -> Vec<String> {
    let files = fs::read_dir(service.sandbox.work("keys")).unwrap();
    let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
    let mut names: Vec<String> = files.map(|file| name(file).into_string().unwrap()).collect();
    names.sort_unstable();
    names
}

/// Asserts that each name has one key in use, which is one of `before` or in its file, and that nothing lies about.
#[track_caller]
fn assert_settled(service: &Service<Emulator>, before: &[String], directories: &[&str]) {
    assert_eq!(service.sandbox.open_entries(), 0);
    let keys = listed(service);
    for name in keys.iter().map(|key| text(key, "name")) {
        let of_name = keys.iter().filter(|key| text(key, "name") == name);
        let active: Vec<&str> = of_name
            .filter(|key| text(key, "state") == "active")
            .map(|key| text(key, "id"))
            .collect();
        let [active] = active[..] else { panic!("{name}: {active:?} are in use") };
        let is_in = |directory: &&str| {
            let file = service.sandbox.work(&format!("{directory}/{name}.json"));
            fs::read_to_string(file).is_ok_and(|file| file.contains(active))
        };
        let is_held = before.iter().any(|id| id == active) || directories.iter().any(is_in);
        assert!(is_held, "{name}: nobody holds {active}");
    }
    for file in files_in(service) {
        assert!(file.starts_with("seed-"), "{file} lies about");
        let held = persist(service, &["api-key-lookup", &format!("@keys/{file}"), "--uuid"], "");
        assert!(keys.iter().any(|key| text(key, "id") == held.stdout.trim()), "{file}");
    }
}

/// Rotates keys under faults, kills the command now and then, and repeats it for those that are left, until all are done.
fn suffer(jobs: &str, faults: &[&str], kills: bool, seed: u64) {
    let service = with_keys("10", faults).timeout("0.7");
    let before = ids(&listed(&service));
    let mut dice = Dice(seed);
    for round in 0.. {
        assert!(round < 60, "{jobs} jobs: the rotation does not end");
        let keys = listed(&service);
        let is_left = |id: &&String| {
            keys.iter().any(|key| text(key, "id") == **id && text(key, "state") == "active")
        };
        let left: Vec<&str> = before.iter().filter(is_left).map(String::as_str).collect();
        if left.is_empty() {
            break;
        }
        let args = rotation(&left, &["--jobs", jobs, "-q"]);
        let child = started(&mut service.command(&args));
        if kills && round < 12 {
            thread::sleep(Duration::from_millis(dice.roll(900)));
            let _ = kill(child);
        } else {
            let outcome = ended(child);
            assert!([0, 7, 10, 11, 12].contains(&outcome.code), "{outcome:#?}");
        }
        // Either the same command or `recover` takes up what is open.
        if dice.roll(2) == 0 {
            run(&mut service.command(&["recover", "--force"]), b"");
        }
    }
    for _ in 0..30 {
        if service.sandbox.open_entries() > 0 {
            run(&mut service.command(&["recover", "--force"]), b"");
        }
    }
    assert_settled(&service, &[], &["keys"]);
    let keys = listed(&service);
    assert_eq!(files_in(&service).len(), 10);
    let active = keys.iter().filter(|key| text(key, "state") == "active").count();
    assert_eq!(active, 10, "{jobs} jobs: {keys:#?}");
    // What was given up was deleted again: no third key of a name is there.
    assert_eq!(keys.len(), 20, "{jobs} jobs");
}

fn kill(mut child: Child) -> Outcome {
    let _ = child.kill();
    ended(child)
}

const FAULTS: [&str; 5] = [
    "any:drop,chance=4",
    "create:drop,after,chance=20",
    "create:late=300ms,chance=10",
    "any:status=429,chance=10",
    "any:status=503,chance=4",
];

#[test]
fn several_keys_are_rotated_in_spite_of_faults_one_by_one_and_side_by_side() {
    thread::scope(|scope| {
        for jobs in ["1", "16"] {
            scope.spawn(move || suffer(jobs, &FAULTS, false, 0x9e37_79b9_7f4a_7c15));
        }
    });
}

#[test]
fn a_kill_while_several_keys_are_rotated_loses_none() {
    thread::scope(|scope| {
        for (jobs, seed) in [("1", 0x51ed_270b), ("4", 0x2545_f491), ("16", 0x8f5d_1c3b)] {
            scope.spawn(move || suffer(jobs, &["any:delay=20ms"], true, seed));
        }
    });
}

#[test]
fn too_many_requests_lose_no_rotation() {
    suffer("16", &["any:status=429,chance=33"], false, 0x1f83_d9ab);
    // Of so few none is refused four times in a row.
    let service = with_keys("12", &["any:status=429,chance=5"]);
    let before = ids(&listed(&service));
    let keys: Vec<&str> = before.iter().map(String::as_str).collect();
    let rotated = service.run(&rotation(&keys, &["--output", "json"])).ok().json();
    let outcomes = rotated.as_array().unwrap();
    assert_eq!(outcomes.len(), 12);
    assert!(outcomes.iter().all(|one| one["outcome"] == "rotated"), "{rotated:#?}");
    assert_settled(&service, &[], &["keys"]);
}

#[test]
fn two_rotations_of_the_same_keys_at_once_agree() {
    let service = with_keys("10", &["any:delay=10ms"]);
    fs::create_dir(service.sandbox.work("other")).unwrap();
    let before = ids(&listed(&service));
    let names: Vec<String> = (1..=10).map(|number| format!("seed-{number:06}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let both: Vec<Child> = ["keys", "other"]
        .map(|directory| {
            let args = [&["api-key-rotate", "--force", "-q", "--files", directory], &names[..]];
            started(&mut service.command(&args.concat()))
        })
        .into_iter()
        .collect();
    for outcome in both.into_iter().map(ended) {
        assert!([0, 12].contains(&outcome.code), "{outcome:#?}");
    }
    assert_settled(&service, &before, &["keys", "other"]);
}

#[test]
fn ctrl_c_ends_what_is_under_way_and_begins_nothing_more() {
    let service = with_keys("6", &["create:delay=600ms"]);
    let names: Vec<String> = (1..=6).map(|number| format!("seed-{number:06}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let before = ids(&listed(&service));
    let args = rotation(&names, &["--jobs", "2", "--output", "json"]);
    let child = started(&mut service.command(&args));
    wait_until("two are begun", || files_in(&service).len() == 2);
    signal(&child, Signal::INT);
    let ended = ended(child);
    ended.code(130);
    let outcomes: Value = serde_json::from_str(&ended.stdout).unwrap();
    let words: Vec<&str> =
        outcomes.as_array().unwrap().iter().map(|one| text(one, "outcome")).collect();
    let rest = ["not begun"; 4];
    assert_eq!(words, [&["rotated"; 2][..], &rest].concat());
    let told = "Interrupted. Of 6 API keys: 2 rotated, 4 not begun.\n   not begun: 'seed-000003' (";
    assert!(ended.stderr.starts_with(told), "{ended:#?}");
    let hint = "\nRepeat the command with the keys that are not rotated yet.\n";
    assert!(ended.stderr.ends_with(hint), "{ended:#?}");
    assert_settled(&service, &before, &["keys"]);
}

#[test]
fn a_killed_rotation_by_age_is_taken_up_by_the_same_command() {
    let service = with_keys("3", &["create:delay=400ms"]);
    // The keys are old enough a while later, and those that are made then are as old: the emulator's clock stands.
    let later = [("IBMCLOUD_IAM_NOW", "2027-03-21T09:00:00Z")];
    let args =
        ["api-key-rotate", "--older-than", "60d", "--files", "keys", "--force", "-o", "json"];
    let mut command = service.command(&args);
    let child = started(command.envs(later));
    wait_until("all are begun", || files_in(&service).len() == 3);
    signal(&child, Signal::KILL);
    ended(child).code(137);
    let again = service.run_env(&later, &args).ok().json();
    let words: Vec<&str> =
        again.as_array().unwrap().iter().map(|one| text(one, "outcome")).collect();
    assert_eq!(words, ["rotated"; 3]);
    let file = text(&again[0], "file");
    assert!(file.ends_with("/keys/seed-000001.json"), "the journal tells it from the root: {file}");
    assert_eq!((service.sandbox.open_entries(), files_in(&service).len()), (0, 3));
    assert_eq!(listed(&service).len(), 6, "no third key of a name was made");
}

#[test]
fn the_key_in_use_is_rotated_last_and_the_login_moves_to_the_new_one() {
    let service = with_keys("3", &[]);
    service.run(&["api-key-create", "mine", "--file", "mine.json", "-q"]).ok();
    service.log_in(&service.sandbox.value_in("mine.json"));
    let args = rotation(&["mine", "seed-000001", "seed-000002"], &["-q"]);
    let rotated = run(&mut service.bare(&args), b"");
    let order: Vec<&str> =
        rotated.ok().stdout.lines().filter(|line| line.ends_with("was rotated")).collect();
    assert_eq!(
        order,
        ["seed-000001", "seed-000002", "mine"].map(|name| format!("API key {name} was rotated"))
    );
    assert!(rotated.stdout.ends_with("The login was moved to the new key\n"), "{rotated:#?}");
    // The login works, with the new key.
    let who = run(&mut service.bare(&["api-keys", "--uuid", "-q"]), b"");
    assert_eq!(who.ok().stdout.lines().count(), 7);
}

#[test]
fn keys_of_one_name_are_rotated_together() {
    let service = with_keys("1", &[]);
    for file in ["one", "two", "three"] {
        service.run(&["api-key-create", "same", "--file", file, "-q"]).ok();
    }
    let before = listed(&service);
    let same: Vec<Value> = before.into_iter().filter(|key| text(key, "name") == "same").collect();
    let same = ids(&same);
    let keys: Vec<&str> = same.iter().map(String::as_str).collect();
    service.run(&rotation(&keys, &["--jobs", "16", "-q"])).ok();
    let files: Vec<String> = same.iter().map(|id| format!("same-{id}.json")).collect();
    let mut expected = files.clone();
    expected.sort_unstable();
    assert_eq!(files_in(&service), expected);
    for file in files {
        let held = service.run(&["api-key-lookup", &format!("@keys/{file}"), "-o", "json"]);
        assert_eq!(held.ok().json()["state"], "active");
    }
    assert_eq!(service.sandbox.open_entries(), 0);
}

#[test]
fn what_was_just_retired_is_not_purged() {
    let service = with_keys("1", &[]);
    for file in ["left", "one", "two"] {
        service.run(&["api-key-create", "same", "--file", file, "-q"]).ok();
    }
    let named = || -> Vec<Value> {
        listed(&service).into_iter().filter(|key| text(key, "name") == "same").collect()
    };
    let before = ids(&named());
    service.run(&["api-key-disable", &before[0], "--force", "-q"]).ok();
    service.run(&rotation(&[&before[1], &before[2]], &["--purge", "-q"])).ok();
    let after = named();
    let states: Vec<&str> = after.iter().map(|key| text(key, "state")).collect();
    assert_eq!(ids(&after)[..2], before[1..], "only what was left over before is gone");
    assert_eq!(states, ["phased out", "phased out", "active", "active"]);
}

#[test]
fn a_new_key_is_told_though_the_old_one_could_not_be_retired() {
    let service = with_keys("2", &["disable:status=403,times=1"]);
    let keys = ["seed-000001", "seed-000002"];
    let rotated = service.run(&rotation(&keys, &["--jobs", "1", "-o", "json"]));
    let rows: Value = serde_json::from_str(&rotated.code(12).stdout).unwrap();
    let told = "is in its place, but the old one could not be retired";
    assert!(rotated.stderr.contains(told), "{rotated:#?}");
    let hint = "\nRun 'ibmcloud-iam recover' to finish it.\n";
    assert!(rotated.stderr.contains(hint), "{rotated:#?}");
    for (row, outcome) in rows.as_array().unwrap().iter().zip(["failed", "rotated"]) {
        assert_eq!(text(row, "outcome"), outcome, "{rows:#?}");
        let held = fs::read(service.sandbox.work(text(row, "file"))).unwrap();
        let held: Value = serde_json::from_slice(&held).unwrap();
        assert_eq!(row["new_id"], held["id"], "{rows:#?}");
    }
}

#[test]
fn one_that_is_named_alone_fails_for_its_own_reason() {
    for (fault, code) in [("create:status=403", 8), ("details:status=503", 10)] {
        let service = with_keys("1", &[fault]);
        let rotated = service.run(&rotation(&["seed-000001"], &["-o", "json"]));
        let rows: Value = serde_json::from_str(&rotated.code(code).stdout).unwrap();
        assert_eq!(rows.as_array().unwrap().len(), 1);
        assert!(!rotated.stderr.contains("1 of 1"), "{rotated:#?}");
    }
    let missing = with_keys("1", &[]).run(&rotation(&["nosuch"], &[]));
    let words = "FAILED\nAPI key 'nosuch' was not found.\nRun 'ibmcloud-iam api-keys' to list the API keys.\n\n";
    assert_eq!(missing.code(3).stderr, words);
}
