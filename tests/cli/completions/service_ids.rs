//! Tab offers service IDs and groups: those of the store, and at the service those that earlier commands have listed.

use super::complete_with;
use super::remembered::Rig;
use crate::support::{Sandbox, redact};

fn offered(sandbox: &Sandbox, line: &[&str]) -> Vec<String> {
    let outcome = complete_with(sandbox, &[("IBMCLOUD_IAM_BACKEND", "local")], line);
    let words = outcome.ok().stdout.lines().filter(|word| !word.starts_with('-'));
    words.map(redact).collect()
}

#[test]
fn those_of_the_store_are_offered_by_name_or_else_by_id() {
    let sandbox = Sandbox::new();
    for name in ["ci", "deploy", "twice", "twice", "-x"] {
        let group = if name == "deploy" { "batch" } else { "default" };
        if name == "deploy" {
            sandbox.run(&["service-id-group-create", "batch", "-q"]).ok();
        }
        sandbox.run(&["service-id-create", "-q", "--group", group, "--", name]).ok();
    }
    for line in [
        &["service-id", ""][..],
        &["service-id-update", ""],
        &["service-id-delete", "x", ""],
        &["service-id-lock", ""],
    ] {
        assert_eq!(
            offered(&sandbox, line),
            ["ci", "deploy", "[ID1]", "[ID1]", "[ID1]"],
            "{line:?}"
        );
    }
    assert_eq!(offered(&sandbox, &["service-id", "d"]), ["deploy"]);
    assert_eq!(offered(&sandbox, &["service-id", "ServiceId-"]).len(), 5);
    for line in [
        &["service-ids", "--group", ""][..],
        &["service-id-create", "x", "--group", ""],
        &["service-id-group-delete", ""],
    ] {
        assert_eq!(offered(&sandbox, line), ["default", "batch"], "{line:?}");
    }
}

#[test]
fn those_at_the_service_are_offered_once_they_were_listed() {
    let rig = Rig::new();
    let tab = || rig.tab_on(&[], &["service-id", ""]);
    let groups = || rig.tab_on(&[], &["service-id-group-delete", ""]);
    for name in ["a", "b"] {
        rig.run(&["service-id-create", name, "-q"]).ok();
    }
    assert_eq!(tab(), [""; 0]);
    rig.run(&["service-ids", "-q"]).ok();
    assert_eq!(tab(), ["a", "b"]);
    assert_eq!(groups(), [""; 0]);
    rig.run(&["service-id-groups", "-q"]).ok();
    assert_eq!(groups(), ["default"]);
    rig.run(&["service-id-create", "c", "-q"]).ok();
    rig.run(&["service-id-update", "a", "-n", "d", "-q"]).ok();
    rig.run(&["service-id-delete", "b", "-f", "-q"]).ok();
    rig.run(&["service-id-group-create", "batch", "-q"]).ok();
    assert_eq!(tab(), ["d", "c"]);
    assert_eq!(groups(), ["default", "batch"]);
    // A part of them is not taken for all.
    rig.run(&["service-ids", "--group", "batch", "-q"]).ok();
    assert_eq!(tab(), ["d", "c"]);
}
