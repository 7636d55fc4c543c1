//! What is undone stays undone, and what was made is known.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::{At, RECOVER, Stage, assert_at_rest, failing, let_land, met};
use crate::rotation::{PRINTED, TO_FILE, id_in_file};
use crate::support::iam::error_answer;
use crate::support::relay::{Blow, Relayed, Turn};
use crate::support::server::Answer;

/// The new key cannot prove itself.
const UNPROVEN: &str = "token:status=503,skip=1,times=4";

#[test]
fn a_key_that_is_being_deleted_is_not_delivered() {
    let rig = failing(&[UNPROVEN, "delete:late=2s,times=4"]).timeout("1");
    let old = id_in_file(&rig.sandbox);
    let outcome = rig.run(&TO_FILE);
    assert!(outcome.code(11).stderr.contains(" could not be deleted again"), "{outcome:#?}");
    let recovered = rig.run(&RECOVER);
    assert!(recovered.ok().stdout.contains(" was deleted"), "{recovered:#?}");
    assert_eq!((id_in_file(&rig.sandbox), rig.sandbox.open_entries()), (old.clone(), 0));
    let_land(Duration::from_secs(2));
    assert_at_rest(&rig, &["active"]);
    assert_eq!(id_in_file(&rig.sandbox), old);
}

#[test]
fn a_first_request_that_is_late_does_not_make_again_what_was_undone() {
    let rig = failing(&[UNPROVEN, "create:late=2s,skip=1,times=1"]).timeout("1");
    let outcome = rig.run(&TO_FILE);
    let waits = "Waiting 4 s: until then the service may still create API key ci...\n";
    assert!(outcome.code(10).stderr.contains("The old one was not touched."), "{outcome:#?}");
    assert!(outcome.stderr.contains(waits) || outcome.stdout.contains(waits), "{outcome:#?}");
    let_land(Duration::from_secs(2));
    assert_at_rest(&rig, &["active"]);
}

#[test]
fn an_undo_that_is_not_waited_for_is_not_begun() {
    let rig = failing(&[UNPROVEN, "create:late=2s,skip=1,times=1"]).timeout("1");
    let outcome = rig.run(&[&TO_FILE[..], &["--no-wait"]].concat());
    assert!(outcome.code(11).stderr.contains("Run 'ibmcloud-iam recover' later."), "{outcome:#?}");
    assert_eq!((rig.states().len(), rig.sandbox.open_entries()), (2, 1));
    // Nothing was noted of it, so that the rotation can still be finished: the new key works by now.
    rig.run(&["recover", "--no-wait", "--force"]).ok();
    let_land(Duration::from_secs(2));
    assert_at_rest(&rig, &["phased out", "active"]);
}

/// A create whose first request meets a token that is not good any more, and whose second one is carried out late.
fn sent_again(args: &[&str]) -> Stage {
    let service = failing(&["create:late=1s,status=504,skip=1"]);
    let own = service.server.value();
    let count = AtomicUsize::new(0);
    let relayed = Relayed::new(service, move |request| {
        if met(request, &own) != Some(At::Create) {
            return Turn::Pass;
        }
        match count.fetch_add(1, Ordering::SeqCst) {
            0 => Turn::Answer(error_answer(401, "unauthorized", "BXNIM0308E", "Expired")),
            1 => Turn::Strike(Blow::KillAfter),
            _ => Turn::Pass,
        }
    });
    // Only a token that was kept is renewed.
    relayed.service.run(&["api-keys", "-q"]).ok();
    relayed.run(relayed.service.command(args)).code(137);
    Stage { relayed, aim: std::sync::Arc::default() }
}

#[test]
fn a_create_that_is_sent_again_with_another_token_is_noted_again() {
    for (args, said) in [
        (&TO_FILE[..], "; the old key "),
        (&["api-key-create", "K", "--file", "K.json"], " was created; it is now in "),
    ] {
        let stage = sent_again(args);
        let rig = stage.rig();
        let entry = fs::read_dir(rig.sandbox.journal()).unwrap().next().unwrap().unwrap().path();
        let notes = fs::read_to_string(entry).unwrap();
        assert_eq!(notes.matches(r#""step":"sending""#).count(), 2, "{notes}");
        let hurried = rig.run(&["recover", "--force", "--no-wait"]);
        assert!(hurried.code(11).stdout.contains("may still create it"), "{hurried:#?}");
        let recovered = rig.run(&RECOVER);
        // It is there by the end of the wait.
        assert!(recovered.ok().stdout.contains(said), "{recovered:#?}");
        assert_at_rest(
            rig,
            if args == TO_FILE { &["phased out", "active"] } else { &["active"; 2] },
        );
    }
}

#[test]
fn the_id_of_a_key_whose_value_the_service_chose_instead_is_known() {
    let service = failing(&[]);
    let (own, client) = (service.server.value(), service.server.client());
    let relayed = Relayed::new(service, move |request| match met(request, &own) {
        Some(At::Create) => Turn::Answer(Answer::json(201, client.create("ci"))),
        Some(At::Proof) => Turn::Strike(Blow::KillBefore),
        None => Turn::Pass,
    });
    let stage = Stage { relayed, aim: std::sync::Arc::default() };
    let rig = stage.rig();
    let old = id_in_file(&rig.sandbox);
    stage.relayed.run(rig.command(&TO_FILE)).code(137);
    let new = rig.keys()[1]["id"].as_str().unwrap().to_owned();
    let recovered = rig.run(&RECOVER);
    let said = format!("API key ci ({new}) was deleted: its value had reached nobody\n");
    assert!(recovered.ok().stdout.ends_with(&said), "{recovered:#?}");
    assert_at_rest(rig, &["active"]);
    assert_eq!(id_in_file(&rig.sandbox), old);
}

#[test]
fn a_key_of_another_machine_that_nobody_has_used_is_left_alone() {
    for args in [&PRINTED[..], &["api-key-create", "K"]] {
        let rig = failing(&["create:drop,before,skip=1,times=4"]);
        rig.run(args).code(11);
        let theirs = rig.server.client().create(args[1]);
        let reported = rig.run(&RECOVER);
        let id = theirs["id"].as_str().unwrap();
        assert!(reported.code(1).stdout.contains(&format!(" may be {id}; ")), "{reported:#?}");
        assert_eq!(rig.opens(theirs["apikey"].as_str().unwrap()), 200);
        assert_at_rest(&rig, &["active"; 2]);
    }
}
