//! Regions that tell of a task credential no more than what is certain: its id, its name and its scope.

use serde_json::Value;

use super::{CREATE, RECOVER, REGIONS, ROTATE, Rig, failing, listed, taken_by_somebody_else};
use crate::support::relay::{Blow, Relayed, Turn, passed_on};
use crate::support::server::Answer;

/// Leaves one task credential as such a region tells it.
fn silenced(told: &mut Value) {
    if let Value::Object(told) = told {
        told.retain(|field, _| ["id", "name", "scope"].contains(&field.as_str()));
    }
}

/// A service with such regions. The request to store of this number, from 0, is struck.
fn silent(rig: Rig, struck: Option<(usize, Blow)>) -> Relayed {
    let to = rig.server.endpoint().to_owned();
    let mut stored = 0;
    Relayed::new(rig.timeout("2"), move |request| {
        if !request.path.contains("/task_credentials") {
            return Turn::Pass;
        }
        if request.method == "POST" {
            stored += 1;
            if let Some((_, blow)) = struck.filter(|(number, _)| number + 1 == stored) {
                return Turn::Strike(blow);
            }
        }
        let answer = passed_on(&to, request);
        let Answer::Whole { status, headers, body } = answer else { return Turn::Answer(answer) };
        let body = match serde_json::from_slice::<Value>(&body) {
            Ok(mut document) => {
                match document["credentials"].as_array_mut() {
                    Some(all) => all.iter_mut().for_each(silenced),
                    None => silenced(&mut document),
                }
                document.to_string().into_bytes()
            }
            Err(_) => body,
        };
        Turn::Answer(Answer::Whole { status, headers, body })
    })
}

/// The regions, and the one key that they hold in truth.
#[track_caller]
fn held(relayed: &mut Relayed) -> (Vec<String>, String) {
    let through = relayed.service.endpoint.clone();
    relayed.service.endpoint = relayed.service.server.endpoint().to_owned();
    let listed = listed(&relayed.service);
    relayed.service.endpoint = through;
    let text = |one: &Value, field: &str| one[field].as_str().unwrap().to_owned();
    let keys: Vec<String> = listed.iter().map(|one| text(one, "key_id")).collect();
    assert!(!keys.is_empty() && keys.iter().all(|key| *key == keys[0]), "{listed:#?}");
    (listed.iter().map(|one| text(one, "region")).collect(), keys[0].clone())
}

/// Asserts that both regions hold the newest key, and that nothing is left to do.
#[track_caller]
fn assert_in_regions(mut relayed: Relayed, case: &str) {
    let (regions, key) = held(&mut relayed);
    assert_eq!(regions, REGIONS, "{case}");
    let keys = relayed.service.keys();
    assert_eq!(keys.last().unwrap()["id"], *key, "{case}");
    assert!(keys.iter().all(|key| key["state"] == "active"), "{case}: {keys:#?}");
    assert_eq!(relayed.service.sandbox.open_entries(), 0, "{case}");
}

#[test]
fn what_is_stored_is_known_by_its_id() {
    let relayed = silent(failing(&[]), None);
    relayed.service.run(&CREATE).ok();
    let rotated = relayed.service.run(&ROTATE);
    let words = "Which key the task credential in us-south, eu-de held is not told; that key is left as it is.";
    assert!(rotated.ok().stderr.contains(words), "{rotated:#?}");
    assert_eq!(relayed.service.keys().len(), 2);
    assert_in_regions(relayed, "rotated");
    let relayed = silent(failing(&[]), None);
    relayed.service.run(&["api-key-create", "mine", "--file", "mine.json"]).ok();
    relayed
        .service
        .run(&["task-credential-create", "--from", "@mine.json", "--region", "eu-de"])
        .ok();
}

#[test]
fn a_lost_answer_is_settled_by_the_name() {
    for (command, had) in [(&CREATE[..], false), (&ROTATE[..], true)] {
        for number in [0, 1] {
            for blow in [Blow::DropBefore, Blow::DropAfter, Blow::KillBefore, Blow::KillAfter] {
                let case = format!("{command:?} {blow:?} of {number}");
                let rig = failing(&[]);
                if had {
                    rig.run(&CREATE).ok();
                }
                let relayed = silent(rig, Some((number, blow)));
                let outcome = relayed.run(relayed.service.command(command));
                let is_killed = [Blow::KillBefore, Blow::KillAfter].contains(&blow);
                assert_eq!(outcome.code == 0, !is_killed, "{case}: {outcome:#?}");
                if is_killed {
                    let recovered = relayed.service.run(&RECOVER);
                    let words = "it is now the task credential in us-south, eu-de";
                    assert!(recovered.ok().stdout.contains(words), "{case}: {recovered:#?}");
                }
                assert_in_regions(relayed, &case);
            }
        }
    }
}

#[test]
fn what_has_another_name_is_somebody_elses() {
    let relayed = silent(taken_by_somebody_else(failing(&[super::NOT_STORED])), None);
    // The entry names the address at which it was begun.
    let endpoint = relayed.service.server.endpoint().to_owned();
    let watsonx = format!("{}/regions/{{region}}", relayed.service.endpoint);
    let env = [("WATSONX_API_URL", &*watsonx), ("IBMCLOUD_IAM_API_ENDPOINT", &*endpoint)];
    let recovered = relayed.service.run_env(&env, &RECOVER);
    let words = "but somebody else has stored another task credential meanwhile in us-south";
    assert!(recovered.code(1).stdout.contains(words), "{recovered:#?}");
}
