//! Several keys rotated by two machines at once, and by one among many keys.

use std::fs;
use std::process::Child;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::support::running::{ended, started};
use crate::support::service::Service;
use crate::support::{Outcome, Sandbox};

#[test]
fn two_machines_that_rotate_by_age_do_not_both_win() {
    for (later, grace) in [(0, None), (60, None), (150, Some("7d")), (250, None)] {
        let sandbox = Sandbox::new();
        for number in 1..=6 {
            sandbox.create_at("2026-05-01T09:00:00Z", &format!("k{number}"), &["-q"]);
        }
        let service = Service::emulated_in(
            sandbox,
            &["--fault", "any:delay=30ms"],
            &[("IBMCLOUD_IAM_KEY_LIMIT", "100")],
        );
        let rotate = |machine: &str| -> Child {
            fs::create_dir(service.sandbox.work(machine)).unwrap();
            let mut args = vec![
                "api-key-rotate",
                "--older-than",
                "60d",
                "--files",
                machine,
                "--force",
                "-o",
                "json",
            ];
            args.extend(grace.iter().flat_map(|grace| ["--grace", grace]));
            let home = service.sandbox.root().join(format!("home-{machine}"));
            started(service.command(&args).env("IBMCLOUD_IAM_HOME", home))
        };
        let one = rotate("one");
        thread::sleep(Duration::from_millis(later));
        let other = rotate("other");
        let rotated = |outcome: &Outcome| -> Vec<String> {
            let rows: Value = serde_json::from_str(&outcome.stdout).unwrap_or_default();
            let rows = rows.as_array().into_iter().flatten();
            let rotated = rows.filter(|row| row["outcome"] == "rotated");
            rotated.map(|row| row["id"].as_str().unwrap().to_owned()).collect()
        };
        let both = [one, other].map(ended);
        let [one, other] = both.each_ref().map(rotated);
        let twice: Vec<&String> = one.iter().filter(|id| other.contains(id)).collect();
        assert!(twice.is_empty(), "{later} ms later: {twice:?} {both:#?}");
        // Whoever lost has taken its key back, so each name has one key in use, or its old one.
        let mut names: Vec<String> = Vec::new();
        for key in service.keys() {
            if key["state"] == "active" {
                names.push(key["name"].as_str().unwrap().to_owned());
            }
        }
        names.sort_unstable();
        assert_eq!(names, ["k1", "k2", "k3", "k4", "k5", "k6"], "{later} ms later: {both:#?}");
    }
}

#[test]
fn a_rotation_of_several_does_not_list_all_keys_for_each() {
    let sandbox = Sandbox::new();
    let (limit, trace) = (("IBMCLOUD_IAM_KEY_LIMIT", "1000"), sandbox.work("trace"));
    let service = Service::emulated_in(sandbox, &["--in-memory", "--seed-keys", "300"], &[limit]);
    fs::create_dir(service.sandbox.work("keys")).unwrap();
    let names: Vec<String> = (1..=64).map(|number| format!("seed-{number:06}")).collect();
    let names = names.iter().map(String::as_str);
    let args: Vec<&str> =
        ["api-key-rotate", "--files", "keys", "--force", "-q"].into_iter().chain(names).collect();
    service.run_env(&[("IBMCLOUD_TRACE", trace.to_str().unwrap())], &args).ok();
    let trace = fs::read_to_string(trace).unwrap();
    let pages = trace.lines().filter(|line| line.starts_with("GET /v1/apikeys?")).count();
    // A listing has three pages; one for all, and then one for as many as are under way at once.
    assert!((6..=3 * 33).contains(&pages), "{pages} pages for 64 keys");
}
