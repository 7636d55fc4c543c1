//! Task credentials at the service: whatever request is lost, and wherever the program is killed, no region that had one is left
//! without, and no key works that neither a region nor anybody holds.

use std::process::Stdio;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::support::emulator::Emulator;
use crate::support::service::Service;

type Rig = Service<Emulator>;

const CREATE: [&str; 5] = ["task-credential-create", "--region", "us-south", "--region", "eu-de"];
const ROTATE: [&str; 2] = ["task-credential-rotate", "--force"];
const RECOVER: [&str; 2] = ["recover", "--force"];
const REGIONS: [&str; 2] = ["us-south", "eu-de"];

fn failing(faults: &[&str]) -> Rig {
    let flags: Vec<&str> = faults.iter().flat_map(|fault| ["--fault", fault]).collect();
    Rig::emulated(&flags).timeout("0.5")
}

/// What the regions of IBM Cloud list.
#[track_caller]
fn listed(rig: &Rig) -> Vec<Value> {
    let outcome = rig.run(&["task-credentials", "--output", "json"]);
    outcome.json().as_array().unwrap().clone()
}

/// Asserts that both regions or none hold a key that works, and that no other key works for good.
#[track_caller]
fn assert_at_rest(rig: &Rig, had: bool, case: &str) {
    let (listed, keys) = (listed(rig), rig.keys());
    let regions: Vec<&str> = listed.iter().map(|one| one["region"].as_str().unwrap()).collect();
    assert!(regions == REGIONS || !had && regions.is_empty(), "{case}: {listed:#?}");
    let inside: Vec<&str> = listed.iter().map(|one| one["key_id"].as_str().unwrap()).collect();
    assert!(inside.iter().all(|id| *id == inside[0]), "{case}: {listed:#?}");
    for key in &keys {
        let is_inside = inside.contains(&key["id"].as_str().unwrap());
        let works_on = key["state"] == "active";
        assert_eq!(works_on, is_inside, "{case}: {keys:#?}\n{listed:#?}");
    }
    assert_eq!(inside.is_empty(), keys.iter().all(|key| key["state"] != "active"), "{case}");
    assert_eq!(rig.sandbox.open_entries(), 0, "{case}");
    let values = std::fs::read_dir(rig.sandbox.root().join("home/values"));
    assert_eq!(values.map_or(0, Iterator::count), 0, "{case}: a value is left");
}

/// Runs `recover` until nothing is left to do.
#[track_caller]
fn settle(rig: Rig, case: &str) -> Rig {
    let rig = rig.restarted(&[]).timeout("5");
    let recovered = rig.run(&RECOVER);
    assert!(recovered.code == 0, "{case}: {recovered:#?}");
    rig
}

/// Every way to lose an answer, before or after the request was carried out.
const LOSSES: [&str; 4] = ["drop,before", "drop,after", "status=503,after", "late=300ms"];

/// Runs a command with each of its requests lost in each way, once and for as long as it is tried, and then `recover`.
#[track_caller]
fn lose_each(command: &[&str], routes: &[&str], had: bool) {
    thread::scope(|scope| {
        for route in routes {
            for loss in LOSSES {
                scope.spawn(move || {
                    for (skip, times) in [(0, 1), (1, 1), (0, 99)] {
                        let fault = format!("{route}:{loss},skip={skip},times={times}");
                        let case = format!("{command:?} {fault}");
                        let mut rig = failing(&[]);
                        if had {
                            rig.run(&CREATE).ok();
                        }
                        rig.server.stop();
                        let address = rig.endpoint.strip_prefix("http://").unwrap().to_owned();
                        let flags = ["--listen", &address, "--fault", &fault];
                        rig = Rig::emulated_in(rig.sandbox, &flags, &[]).timeout("0.5");
                        let outcome = rig.run(command);
                        assert!(!outcome.stderr.contains("panicked"), "{case}: {outcome:#?}");
                        thread::sleep(Duration::from_millis(300));
                        if outcome.code == 0 {
                            rig = rig.restarted(&[]);
                        } else {
                            rig = settle(rig, &case);
                        }
                        assert_at_rest(&rig, had, &case);
                    }
                });
            }
        }
    });
}

#[test]
fn a_lost_request_of_a_create_leaves_nothing_behind() {
    lose_each(&CREATE, &["create", "task.create"], false);
}

#[test]
fn a_lost_request_of_a_rotation_leaves_no_region_without() {
    lose_each(&ROTATE, &["create", "task.delete", "task.create", "update"], true);
}

#[test]
fn a_command_that_is_killed_is_finished_by_recover() {
    // Each request in turn waits, before it is carried out or after, and meanwhile the program is killed.
    thread::scope(|scope| {
        for (command, had, routes) in [
            (&CREATE[..], false, &["create", "task.list", "task.create"][..]),
            (&ROTATE[..], true, &["create", "task.list", "task.delete", "task.create", "update"]),
        ] {
            for route in routes {
                for when in ["before", "after"] {
                    scope.spawn(move || {
                        for skip in [0, 1] {
                            let fault = format!("{route}:delay=2s,{when},skip={skip},times=1");
                            let case = format!("{command:?} {fault}");
                            let mut rig = failing(&[]);
                            if had {
                                rig.run(&CREATE).ok();
                            }
                            rig.server.stop();
                            let address = rig.endpoint.strip_prefix("http://").unwrap().to_owned();
                            let flags = ["--listen", &address, "--fault", &fault];
                            rig = Rig::emulated_in(rig.sandbox, &flags, &[]).timeout("5");
                            let mut program = rig.command(command);
                            program
                                .stdin(Stdio::null())
                                .stdout(Stdio::null())
                                .stderr(Stdio::null());
                            let mut child = program.spawn().unwrap();
                            thread::sleep(Duration::from_millis(1500));
                            let _ = child.kill();
                            child.wait().unwrap();
                            thread::sleep(Duration::from_millis(1500));
                            assert_at_rest(&settle(rig, &case), had, &case);
                        }
                    });
                }
            }
        }
    });
}
