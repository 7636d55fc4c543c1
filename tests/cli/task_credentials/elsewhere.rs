//! A key that another region holds, or may hold: regions on AWS, regions that refuse, and a deletion that was cut off.

use super::{ROTATE, Rig, failing, listed};
use crate::support::relay::{Blow, Relayed, Turn};
use crate::support::server::Answer;

const DELETE: [&str; 5] =
    ["task-credential-delete", "--with-key", "--force", "--region", "us-south"];

/// A task credential of one key in these regions; returns the key.
#[track_caller]
fn stored(rig: &Rig, regions: &[&str]) -> String {
    let named = regions.iter().flat_map(|region| ["--region", region]);
    let args: Vec<&str> = ["task-credential-create"].into_iter().chain(named).collect();
    rig.run(&args).ok();
    rig.keys().last().unwrap()["id"].as_str().unwrap().to_owned()
}

/// A service whose region Tokyo answers with this status.
fn without_tokyo(rig: Rig, status: u16) -> Relayed {
    Relayed::new(rig, move |request| {
        if request.path.starts_with("/regions/jp-tok/") {
            return Turn::Answer(Answer::json(status, serde_json::json!({})));
        }
        Turn::Pass
    })
}

#[test]
fn a_key_that_a_region_on_aws_holds_is_neither_deleted_nor_ended() {
    let rig = failing(&[]);
    let id = stored(&rig, &["us-south", "ap-south-1"]);
    let refused = rig.run(&DELETE);
    let words = format!(
        "FAILED\nThe task credential in ap-south-1 holds the API key {id} too. Nothing was deleted.\n\
         Say '--region ap-south-1' too, or leave out '--with-key'.\n"
    );
    assert!(refused.code(5).stderr.starts_with(&words), "{refused:#?}");
    let rotated = rig.run(&ROTATE);
    let words = format!(
        "The old key {id} is left as it is: the task credential in ap-south-1 holds it too.\n"
    );
    assert!(rotated.ok().stderr.ends_with(&words), "{rotated:#?}");
    assert_eq!(rig.states(), ["active", "active"]);
    rig.run(&["task-credential-rotate", "--force", "--region", "ap-south-1"]).ok();
    assert_eq!(rig.states(), ["phasing out", "active", "active"]);
}

#[test]
fn a_region_that_refuses_for_good_is_left_out() {
    for status in [403, 404] {
        let rig = failing(&[]);
        stored(&rig, &["us-south"]);
        let relayed = without_tokyo(rig, status);
        let rig = &relayed.service;
        let outcome = rig.run(&ROTATE);
        let hint = "To leave it out, run 'ibmcloud-iam task-credential-rotate --region us-south --region eu-de --region eu-gb --region au-syd --region ca-tor'.\n";
        assert!(outcome.stderr.contains(hint), "{outcome:#?}");
        assert!(outcome.stderr.contains("The region jp-tok cannot be asked: "), "{outcome:#?}");
        assert_ne!(outcome.code, 0);
        // The key was made for this region alone.
        let rotated = rig.run(&["task-credential-rotate", "--force", "--region", "us-south"]);
        assert!(!rotated.ok().stderr.contains("left as it is"), "{rotated:#?}");
        assert_eq!(rig.states(), ["phasing out", "active"]);
        rig.run(&DELETE).ok();
    }
}

#[test]
fn a_key_that_a_refusing_region_may_hold_ends_only_where_that_is_said() {
    let rig = failing(&[]);
    let id = stored(&rig, &["us-south", "jp-tok"]);
    let relayed = without_tokyo(rig, 403);
    let rig = &relayed.service;
    let refused = rig.run(&DELETE);
    let words = format!(
        "The region jp-tok may hold the API key {id} too, and could not be asked. Nothing was deleted.\n"
    );
    assert!(refused.code(5).stderr.contains(&words), "{refused:#?}");
    let rotate = ["task-credential-rotate", "--force", "--region", "us-south", "--dry-run"];
    let left = rig.run(&rotate);
    let words = format!(
        "The old key {id} is left as it is: the region jp-tok may hold it too, and could not be asked; '--retire' gives it its end all the same.\n"
    );
    assert!(left.ok().stderr.ends_with(&words), "{left:#?}");
    rig.run(&["task-credential-rotate", "--force", "--region", "us-south", "--retire"]).ok();
    assert_eq!(rig.states(), ["phasing out", "active"]);
}

#[test]
fn a_deletion_that_is_cut_off_is_told_by_the_list() {
    let rig = failing(&[]);
    let id = stored(&rig, &["us-south"]);
    let mut is_struck = false;
    let relayed = Relayed::new(rig, move |request| {
        let strikes = request.method == "DELETE" && request.path.contains("/task_credentials");
        if strikes && !std::mem::replace(&mut is_struck, true) {
            return Turn::Strike(Blow::KillBefore);
        }
        Turn::Pass
    });
    let rig = &relayed.service;
    relayed.run(rig.command(&DELETE));
    let words = format!(
        "The API key {id} in the task credential in us-south is gone: no job can log in with it. Replace it with 'ibmcloud-iam task-credential-rotate --region us-south'.\n"
    );
    let outcome = rig.run(&["task-credentials"]);
    assert_eq!(outcome.ok().stderr, words);
    assert_eq!(listed(rig)[0]["key_works"], false);
    rig.run(&DELETE).ok();
    assert!(listed(rig).is_empty());
    let id = stored(rig, &["us-south"]);
    assert_eq!(listed(rig)[0]["key_works"], true);
    rig.run(&["api-key-disable", &id, "--force"]).ok();
    let outcome = rig.run(&["task-credentials"]);
    let words =
        format!("The API key {id} in the task credential in us-south is disabled or has expired: ");
    assert!(outcome.ok().stderr.starts_with(&words), "{outcome:#?}");
}
