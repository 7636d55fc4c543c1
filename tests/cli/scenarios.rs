//! Scenarios of commands on the local store, in files under `scenarios/`: what each says to the last byte, its exit code, and
//! what it changes on the disk.
//!
//! A new scenario is a file of lines `$ ibmcloud-iam …`; `SNAPSHOTS=overwrite cargo test scenarios` fills in the rest, which
//! is read before it is committed.

use std::fs;

use crate::support::emulator::{Client, Emulator};
use crate::support::transcript::scenarios;
use crate::support::{NOW, Sandbox};

/// Declares a test for each folder of scenarios, with the box that they begin in.
macro_rules! folders {
    ($($folder:ident: $begin:expr,)+) => {
        $(#[test]
        fn $folder() {
            scenarios(stringify!($folder), $begin);
        })+

        #[test]
        fn no_folder_is_forgotten() {
            let folders = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/scenarios");
            for folder in fs::read_dir(folders).unwrap() {
                let name = folder.unwrap().file_name().into_string().unwrap();
                assert!([$(stringify!($folder)),+].contains(&&*name), "{name} is not named");
            }
        }
    };
}

folders! {
    all_users: keys_of_three_users,
    api_key: Sandbox::new,
    api_key_create: Sandbox::new,
    api_key_delete: Sandbox::new,
    api_key_delete_many: Sandbox::new,
    api_key_lookup: Sandbox::new,
    api_key_rotate: Sandbox::new,
    api_key_states: Sandbox::new,
    api_key_update: Sandbox::new,
    api_keys: Sandbox::new,
    api_keys_audit: Sandbox::new,
    classic_api_key: Sandbox::new,
    completion: Sandbox::new,
    facts: used_and_unused_keys,
    man: Sandbox::new,
    platform_api_key: Sandbox::new,
    profiles: Sandbox::new,
    service_api_key: Sandbox::new,
    service_id_create: Sandbox::new,
    service_id_delete: Sandbox::new,
    service_id_groups: Sandbox::new,
    service_id_update: Sandbox::new,
    service_ids: Sandbox::new,
    task_credential: Sandbox::new,
    usage: Sandbox::new,
}

fn keys_of_three_users() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.create("ci", &["-d", "old", "--disabled"]);
    sandbox.create_of("IBMid-270000WXYZ", "ci", &[("locked", "true")]);
    let more = [
        ("description", "\"d\""),
        ("expires_at", "\"2026-11-22T00:00:00Z\""),
        ("leak", "\"delete\""),
    ];
    sandbox.create_of("IBMid-\u{202e}3", "deploy", &more);
    sandbox
}

/// Seven keys that somebody has logged in with, one that was used later, and one that never was.
fn used_and_unused_keys() -> Sandbox {
    let sandbox = Sandbox::new();
    let create = |name: &str| sandbox.create_with_value(name, &[]).1;
    let used: Vec<String> = (1..=7).map(|number| create(&format!("used{number}"))).collect();
    let late = create("late");
    create("unused");
    for (now, values) in [(NOW, &used[..]), ("2026-12-01T12:34:56Z", &[late])] {
        let emulator = Emulator::start(&sandbox, &[], &[("IBMCLOUD_IAM_NOW", now)]);
        for value in values {
            assert_eq!(Client::new(emulator.endpoint()).log_in(value).0, 200);
        }
    }
    sandbox
}
