//! Two machines that rotate one name at once: one of them wins, and nobody's key is lost.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use serde_json::Value;

use super::{RECOVER, Rig};
use crate::support::running::{ended, started};
use crate::support::{Outcome, Sandbox, run, value_in};

/// `IBMCLOUD_IAM_FAULT_RUNS` sets how many rotations there are in all.
fn rounds() -> usize {
    let set = std::env::var("IBMCLOUD_IAM_FAULT_RUNS").ok();
    set.map_or(4, |text| text.parse::<usize>().unwrap().div_ceil(10))
}

/// A command of a machine, which has a journal of its own.
fn on(rig: &Rig, machine: &str, args: &[&str]) -> Command {
    let mut command = rig.command(args);
    command.env("IBMCLOUD_IAM_HOME", rig.sandbox.root().join(format!("home-{machine}")));
    command
}

/// The ids of the active keys of a name.
fn active(rig: &Rig, name: &str) -> BTreeSet<String> {
    let keys = rig.keys().into_iter();
    keys.filter(|key| key["name"] == name && key["state"] == "active")
        .map(|key| key["id"].as_str().unwrap().to_owned())
        .collect()
}

/// Rotates one key on both machines at once, to these files, and checks what is left.
fn race(rig: &Rig, n: usize, files: [&str; 2]) {
    let name = format!("r{n}-{}", files[0]);
    let files = files.map(|file| format!("{n}-{file}.json"));
    run(&mut rig.command(&["api-key-create", &name, "--file", &files[0], "-q"]), b"").ok();
    if files[0] != files[1] {
        fs::copy(rig.sandbox.work(&files[0]), rig.sandbox.work(&files[1])).unwrap();
    }
    let rotating = ["a", "b"].iter().zip(&files).map(|(machine, file)| {
        let args = ["api-key-rotate", &name, "--file", file, "--force"];
        started(&mut on(rig, machine, &args))
    });
    let rotating: Vec<_> = rotating.collect();
    let outcomes: Vec<Outcome> = rotating.into_iter().map(ended).collect();
    let what = format!("{name}: {outcomes:#?}");
    println!("{name}: exit codes {:?}", [outcomes[0].code, outcomes[1].code]);
    // Whoever gives way says so: a conflict, or a FILE that was changed.
    assert!(outcomes.iter().all(|outcome| [0, 4, 5, 14].contains(&outcome.code)), "{what}");
    let now = active(rig, &name);
    let both = outcomes.iter().all(|outcome| outcome.code == 0);
    assert!(!both || now.len() == 1, "{what}: both are done, and there are {now:?}");
    let mut held = BTreeSet::new();
    let mut told: String = outcomes.iter().filter(|o| o.code != 0).map(|o| &*o.stderr).collect();
    for machine in ["a", "b"] {
        let settled = run(&mut on(rig, machine, &RECOVER), b"");
        told += &settled.stdout;
    }
    let mut opened = 0;
    for file in &files {
        let document = fs::read(rig.sandbox.work(file)).unwrap();
        opened += usize::from(rig.opens(&value_in(&document)) == 200);
        let document: Value = serde_json::from_slice(&document).unwrap();
        held.insert(document["id"].as_str().unwrap().to_owned());
    }
    assert!(opened > 0, "{what}: no key works that somebody holds");
    for id in active(rig, &name) {
        assert!(held.contains(&id) || told.contains(&id), "{what}: nobody holds {id}");
    }
    for machine in ["a", "b"] {
        let found = run(&mut on(rig, machine, &RECOVER), b"");
        assert!(
            found.ok().stdout.ends_with("No interrupted commands found\n"),
            "{what}: {found:#?}"
        );
    }
}

#[test]
fn two_machines_that_rotate_one_key_do_not_both_succeed() {
    let delays = ["create", "list", "token", "get", "disable"]
        .map(|operation| format!("{operation}:delay=250ms,chance=35"));
    let flags: Vec<&str> = delays.iter().flat_map(|fault| ["--fault", fault]).collect();
    let limit = ("IBMCLOUD_IAM_KEY_LIMIT", "100000");
    let flags = [&["--in-memory"], &flags[..]].concat();
    let rig = Rig::emulated_in(Sandbox::new(), &flags, &[limit]).timeout("2");
    for files in [["a", "b"], ["shared", "shared"]] {
        // The commands of a round share the homes, so rounds follow each other.
        for n in 0..rounds() {
            race(&rig, n, files);
        }
    }
}
