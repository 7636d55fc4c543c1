//! A classic API key comes out in one place, and a credential nowhere, whatever is traced or fails.

use std::fs;

use serde_json::json;

use super::{USER, value_at};
use crate::secrets::forms;
use crate::support::disk::snapshot;
use crate::support::emulator::Emulator;
use crate::support::server::Answer;
use crate::support::service::Service;
use crate::support::{Outcome, value_in};

/// Fails where a secret is in a text, in whatever form.
#[track_caller]
fn hidden(secret: &str, text: &[u8], whose: &str) {
    for form in forms(secret) {
        let is_there = text.windows(form.len()).any(|part| part == form);
        assert!(!is_there, "{whose} holds {}", String::from_utf8_lossy(&form));
    }
}

fn traced(rig: &Service<Emulator>, args: &[&str], env: &[(&str, &str)]) -> Outcome {
    let env = [&[("IBMCLOUD_TRACE", "trace")], env].concat();
    rig.run_env(&env, args)
}

#[test]
fn no_value_and_no_credential_is_traced_stored_or_said() {
    let rig = Service::emulated(&["--in-memory"]);
    let bootstrap = rig.server.value();
    let mut values = Vec::new();
    let mut say = |args: &[&str], env: &[(&str, &str)], code: i32| {
        let outcome = traced(&rig, args, env);
        outcome.code(code);
        values.extend(value_at(&rig.server));
        for secret in values.iter().chain([&bootstrap]) {
            hidden(secret, outcome.stdout.as_bytes(), "stdout");
            hidden(secret, outcome.stderr.as_bytes(), "stderr");
        }
        values.clone()
    };
    say(&["classic-api-key-create", "--file", "key.json"], &[], 0);
    say(&["classic-api-key"], &[], 0);
    say(&["classic-api-key", "--output", "json"], &[], 0);
    say(&["classic-api-key", "--file", "again.json"], &[], 0);
    say(&["classic-api-key-create"], &[], 5);
    say(&["classic-api-key-rotate", "--file", "key.json", "--force"], &[], 0);
    say(&["classic-api-key", "--user", "7"], &[], 8);
    let own = [("SL_USERNAME", USER), ("SL_API_KEY", "@key.json")];
    say(&["classic-api-key"], &own, 0);
    say(&["classic-api-key-rotate", "--file", "key.json", "--force"], &own, 8);
    let dead = value_in(&fs::read(rig.sandbox.work("again.json")).unwrap());
    say(&["classic-api-key"], &[("SL_USERNAME", USER), ("SL_API_KEY", &dead)], 7);
    let values = say(&["classic-api-key-delete", "--force", "-o", "json"], &[], 0);
    assert!(values.len() > 3);
    for (path, thing) in snapshot(rig.sandbox.root()) {
        // Where values belong, and what the emulator keeps its own in.
        let may = ["key.json", "again.json", "bootstrap.json"];
        if may.iter().any(|name| path.ends_with(name)) {
            continue;
        }
        for secret in values.iter().chain([&bootstrap]) {
            hidden(secret, &thing.bytes, &path.display().to_string());
        }
    }
    let trace = fs::read_to_string(rig.sandbox.work("trace")).unwrap();
    assert!(trace.contains("addApiAuthenticationKey.json") && trace.contains("authenticationKey"));
}

#[test]
fn a_service_that_repeats_a_secret_does_not_have_it_told() {
    let rig = Service::scripted(|request| {
        let header = request.header("authorization").unwrap_or_default().to_owned();
        let error = json!({"error": header, "code": "SoftLayer_Exception_Public"});
        Answer::json(500, error).header("X-Echo", &header)
    });
    let outcome = rig.run_env(&[("IBMCLOUD_TRACE", "true")], &["classic-api-key"]);
    outcome.code(1);
    hidden(&rig.credential, outcome.stderr.as_bytes(), "stderr");
    assert!(outcome.stderr.contains("SoftLayer_Exception_Public"), "{outcome:#?}");
}
