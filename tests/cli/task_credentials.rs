//! Task credentials at the service: whatever request is lost, and wherever the program is killed, no region that had one is left
//! without, and no key works that neither a region nor anybody holds.

mod elsewhere;
mod silent;

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
/// The regions that are asked when none is named.
const ALL: [&str; 6] = ["us-south", "eu-de", "eu-gb", "jp-tok", "au-syd", "ca-tor"];

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
                        let mut rig = failing(&[]).timeout("5");
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

/// An emulator without faults over the box of another.
#[track_caller]
fn mended(rig: Rig) -> Rig {
    rig.restarted(&[]).timeout("5")
}

/// The emulator anew, with a fault.
#[track_caller]
fn spoilt(rig: Rig, fault: &str) -> Rig {
    rig.server.stop();
    let address = rig.endpoint.strip_prefix("http://").unwrap().to_owned();
    let flags = ["--listen", &address, "--fault", fault];
    Rig::emulated_in(rig.sandbox, &flags, &[]).timeout("5")
}

const NOT_STORED: &str = "task.create:status=403";

#[test]
fn a_region_that_cannot_be_asked_is_told_and_stops_a_rotation() {
    let rig = failing(&[]);
    rig.run(&CREATE).ok();
    let rig = spoilt(rig, "task.list:status=403,skip=2,times=1");
    let outcome = rig.run(&["task-credentials"]);
    // The regions are asked side by side, so any may be the one that refuses.
    let refused = |stderr: &str| -> Option<&str> {
        let (region, why) = stderr.strip_prefix("FAILED\nThe region ")?.split_once(' ')?;
        let said = why.starts_with("cannot be asked: The credential does not permit this. ");
        said.then(|| ALL.into_iter().find(|it| *it == region))?
    };
    let refusing = refused(&outcome.code(12).stderr);
    assert!(refusing.is_some(), "{outcome:#?}");
    for region in REGIONS {
        let is_listed = outcome.stdout.lines().any(|row| row.starts_with(region));
        assert_eq!(is_listed, refusing != Some(region), "{outcome:#?}");
    }
    assert!(outcome.stderr.ends_with("\n\nFAILED\n1 of 6 regions could not be asked.\n\n"));
    let rig = spoilt(rig, "task.list:status=403,skip=2,times=1");
    let outcome = rig.run(&ROTATE);
    assert!(refused(&outcome.code(8).stderr).is_some(), "{outcome:#?}");
    assert_eq!(rig.names(), ["watsonx-task-credential"]);
    assert_at_rest(&rig, true, "nothing was changed");
}

#[test]
fn a_region_that_never_takes_the_key_is_given_up_by_deleting_it() {
    let rig = failing(&[NOT_STORED]);
    let outcome = rig.run(&CREATE[..3]);
    let id = rig.keys()[0]["id"].as_str().unwrap().to_owned();
    let words = format!(
        "The new API key {id} was created, but not brought to us-south: The credential does not permit this."
    );
    assert!(outcome.code(11).stderr.contains(&words), "{outcome:#?}");
    let recovered = rig.run(&RECOVER);
    assert!(recovered.code(11).stderr.contains(&words), "{recovered:#?}");
    let discarded = rig.run(&[&RECOVER[..], &["--discard"]].concat());
    assert!(discarded.code(12).stdout.contains("so it cannot be given up"), "{discarded:#?}");
    rig.run(&["api-key-delete", &id, "--force"]).ok();
    let recovered = rig.run(&RECOVER);
    assert!(recovered.code(1).stdout.contains("was to go to us-south, but the key is gone"));
    assert_at_rest(&rig, false, "given up");
}

#[test]
fn the_same_command_again_finishes_what_was_cut_off() {
    for (command, had) in [(&CREATE[..], false), (&ROTATE[..], true)] {
        let mut rig = failing(&[]);
        if had {
            rig.run(&CREATE).ok();
        }
        rig = spoilt(rig, "task.create:drop,before,skip=1");
        rig.run(command).code(11);
        let made = rig.keys().last().unwrap()["id"].as_str().unwrap().to_owned();
        rig = mended(rig);
        let again = rig.run(command);
        assert!(
            again.ok().stdout.contains(&format!("It holds the API key {made}\n")),
            "{again:#?}"
        );
        assert_eq!(rig.keys().len(), 1 + usize::from(had), "no other key was made");
        assert_at_rest(&rig, true, "again");
    }
}

#[test]
fn a_value_that_is_lost_is_said_and_the_key_deleted_by_hand() {
    let rig = failing(&[]);
    rig.run(&CREATE).ok();
    let rig = spoilt(rig, "task.create:drop,before,skip=1");
    rig.run(&ROTATE).code(11);
    std::fs::remove_dir_all(rig.sandbox.root().join("home/values")).unwrap();
    let rig = mended(rig);
    let id = rig.keys()[1]["id"].as_str().unwrap().to_owned();
    let recovered = rig.run(&RECOVER);
    assert!(recovered.code(12).stdout.contains("but its value is lost before each had it"));
    rig.run(&["api-key-delete", &id, "--force"]).ok();
    rig.run(&RECOVER).code(1);
    rig.run(&ROTATE).ok();
    let regions: Vec<Value> = listed(&rig).iter().map(|one| one["region"].clone()).collect();
    assert_eq!(regions, ["us-south"], "what is not there is not replaced");
}

/// A region to which a new key could not be brought, and where somebody else has stored one meanwhile.
fn taken_by_somebody_else(rig: Rig) -> Rig {
    rig.run(&CREATE[..3]).code(11);
    let rig = mended(rig);
    let client = rig.server.client();
    let secret = serde_json::json!({"api_key": "somebody-elses-value-0123456789-0123456789"});
    let body = serde_json::json!({"name": "theirs", "type": "iam_api_key", "secret": secret});
    assert_eq!(client.send("POST", "/v1/task_credentials", &body).0, 201);
    rig
}

#[test]
fn what_somebody_else_has_stored_meanwhile_is_left() {
    let rig = taken_by_somebody_else(spoilt(failing(&[]), NOT_STORED));
    let recovered = rig.run(&RECOVER);
    let words = "but somebody else has stored another task credential meanwhile in us-south";
    assert!(recovered.code(1).stdout.contains(words), "{recovered:#?}");
    assert_eq!(listed(&rig)[0]["name"], "theirs");
    assert_eq!(rig.sandbox.open_entries(), 0);
}

#[test]
fn a_refused_token_is_renewed_once() {
    let rig = failing(&["task.list:status=401,skip=6,times=1"]);
    rig.run(&["task-credentials"]).ok();
    rig.run(&["task-credentials"]).ok();
    let rig = failing(&["task.list:status=401"]);
    rig.run(&["task-credentials"]).code(7);
}

#[test]
fn a_key_that_was_given_gets_its_end_where_that_is_said() {
    let rig = failing(&[]);
    rig.run(&["api-key-create", "mine", "--file", "mine.json"]).ok();
    rig.run(&["task-credential-create", "jobs", "--from", "@mine.json", "--region", "eu-de"]).ok();
    let trace = rig.sandbox.work("trace");
    let rotated = rig.run_env(
        &[("IBMCLOUD_TRACE", trace.to_str().unwrap())],
        &["task-credential-rotate", "--force", "--retire", "--output", "json"],
    );
    assert_eq!(rotated.json()["old_keys"][0]["outcome"], "retired");
    assert_eq!(rig.names(), ["mine", "watsonx-task-credential-jobs"]);
    assert_ne!(rig.keys()[0]["expires_at"], Value::Null);
    let text = std::fs::read_to_string(trace).unwrap();
    assert!(text.contains("POST /regions/eu-de/v1/task_credentials?version=2021-06-21"), "{text}");
    assert!(text.contains("\"api_key\":\"[PRIVATE DATA HIDDEN]\""), "{text}");
}

#[test]
fn a_service_id_has_task_credentials_of_its_own() {
    let rig = failing(&[]);
    rig.run(&["service-id-create", "jobs"]).ok();
    rig.run(&["service-api-key-create", "k", "jobs", "--file", "k.json"]).ok();
    rig.run(&CREATE).ok();
    let key = format!("@{}", rig.sandbox.work("k.json").display());
    rig.run_as(&key, &["task-credential-create", "--region", "us-south"]).ok();
    let own = rig.run_as(&key, &["task-credentials", "--output", "json"]).json();
    assert_eq!(own.as_array().unwrap().len(), 1);
    rig.run_as(&key, &ROTATE).ok();
    let own = rig.run_as(&key, &["api-keys", "--output", "json"]).json();
    let states: Vec<&str> =
        own.as_array().unwrap().iter().map(|key| key["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["active", "phasing out", "active"]);
    assert_at_rest(&rig, true, "those of the user");
}

#[test]
fn an_old_key_whose_name_is_not_ours_is_left() {
    let rig = failing(&[]);
    rig.run(&CREATE).ok();
    let id = rig.keys()[0]["id"].as_str().unwrap().to_owned();
    rig.run(&["api-key-update", &id, "--name", "of-mine"]).ok();
    rig.run(&ROTATE).ok();
    assert_eq!(rig.keys()[0]["state"], "active");
    assert_eq!(rig.keys().len(), 2);
}
