//! Several keys rotated by two machines at once, and by one among many keys.

use std::fs;
use std::process::Child;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::support::running::{ended, started};
use crate::support::service::Service;
use crate::support::{Outcome, Sandbox};

fn rows_of(outcome: &Outcome) -> Vec<Value> {
    assert!([0, 12].contains(&outcome.code), "{outcome:#?}");
    serde_json::from_str(&outcome.stdout).unwrap()
}

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
        let both = [one, other].map(ended);
        let rows: Vec<Value> = both.iter().flat_map(rows_of).collect();
        let of = |row: &Value, field: &str| row[field].as_str().map(str::to_owned);
        let rotated = rows.iter().filter(|row| row["outcome"] == "rotated");
        let mut old: Vec<String> = rotated.filter_map(|row| of(row, "id")).collect();
        old.sort_unstable();
        let count = old.len();
        old.dedup();
        assert_eq!(old.len(), count, "{later} ms later, both say that they won: {both:#?}");
        // Every key that works is an old one that was left alone, or is told as the new one of a row.
        let told: Vec<String> = rows.iter().filter_map(|row| of(row, "new_id")).collect();
        for key in service.keys() {
            let id = of(&key, "id").unwrap();
            let is_old =
                !old.contains(&id) && of(&key, "created_at").unwrap().starts_with("2026-05");
            let works = key["state"] == "active";
            assert!(!works || is_old || told.contains(&id), "{later} ms later: {key} {both:#?}");
        }
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
