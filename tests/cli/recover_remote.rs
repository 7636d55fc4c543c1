//! `recover` against the service: what a lost answer left is found again, and what never was is forgotten only when
//! that is certain.

use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::support::emulator::Emulator;
use crate::support::expected::never_expires;
use crate::support::iam::{key_json, list_answer, token_answer};
use crate::support::server::Answer;
use crate::support::service::{Service, reaching};
use crate::support::{Outcome, run};

const LOST: &str = "create:drop,after";
const NEVER: &str = "create:drop,before";
const BLIND: &str = "details:status=503";
const PROGRESS: &str = "Recovering interrupted commands under 10ca1000000000000000000000000000 as local@localhost...\n";

type Rig = Service<Emulator>;

/// Starts an emulator that fails as it is told to.
fn failing(faults: &[&str]) -> Rig {
    let flags: Vec<&str> = faults.iter().flat_map(|fault| ["--fault", fault]).collect();
    Rig::emulated(&flags).timeout("0.5")
}

/// Runs `recover` and asserts what it says behind its progress line.
#[track_caller]
fn recovers(rig: &Rig, args: &[&str], said: &str) {
    rig.run(&[&["recover"], args].concat()).ok().stderr("").stdout(&format!("{PROGRESS}{said}"));
}

const TO_FILE: [&str; 4] = ["api-key-create", "K", "--file", "key.json"];

#[test]
fn a_key_whose_answer_was_lost_is_found_by_its_value() {
    let mut rig = failing(&[LOST, BLIND]);
    let outcome = rig.run(&TO_FILE);
    assert!(
        outcome.code(11).stderr.contains("It is not known whether it was done: "),
        "{outcome:#?}"
    );
    assert!(outcome.stderr.contains("\nRun 'ibmcloud-iam recover' to find out.\n"), "{outcome:#?}");
    assert_eq!(rig.sandbox.files_in_work().len(), 1, "the pending copy");
    rig = rig.restarted(&[]);
    assert_eq!(rig.names(), ["K"], "made once, whatever was sent again");
    recovers(&rig, &[], "OK\nAPI key K ([ID1]) was created; it is now in BOX/work/key.json\n");
    assert_eq!(rig.sandbox.files_in_work(), ["key.json"]);
    rig.run(&["api-key-lookup", "@key.json"]).ok();
    recovers(&rig, &[], "OK\nNo interrupted commands found\n");
}

#[test]
fn a_key_that_never_was_is_forgotten_when_that_is_certain() {
    let mut rig = failing(&[NEVER, BLIND]);
    rig.run(&TO_FILE).code(11);
    rig = rig.restarted(&[]);
    recovers(
        &rig,
        &["--dry-run"],
        "OK\nAPI key K is not there, but the service may still create it\n",
    );
    assert_eq!(rig.sandbox.open_entries(), 1);
    recovers(
        &rig,
        &[],
        "Waiting 3 s: until then the service may still create API key K...\n\
         OK\nAPI key K was never created; nothing is left of it\n",
    );
    assert_eq!((rig.names().len(), rig.sandbox.files_in_work().len()), (0, 0));
    assert_eq!(rig.sandbox.open_entries(), 0);
}

const REPORTED: &str = "FAILED\n1 of 1 interrupted commands left keys for you to look at.\n\
                        The lines above say which, and what to do with them.\n\n";

#[test]
fn without_a_file_the_key_that_nobody_holds_is_deleted_when_somebody_says_so() {
    for flags in [&[][..], &["--server-value"], &["--server-value", "--file", "key.json"]] {
        let mut rig = failing(&[LOST, BLIND]);
        rig.run(&["api-key-create", "other", "--dry-run"]).ok();
        rig.run(&[&["api-key-create", "K"], flags].concat()).code(11);
        rig = rig.restarted(&[]);
        rig.run(&["api-key-create", "other", "--file", "other.json", "-q"]).ok();
        let outcome = run(&mut rig.command(&["recover"]), b"y\n");
        let said = "OK\nAPI key K ([ID1]) was deleted: its value had reached nobody\n";
        assert!(outcome.ok().stdout.ends_with(&said.replace("[ID1]", &id_in(&outcome.stdout))));
        assert_eq!(rig.names(), ["other"], "{flags:?}");
        assert_eq!(rig.sandbox.files_in_work(), ["other.json"], "{flags:?}");
        assert_eq!(rig.sandbox.open_entries(), 0);
    }
}

/// The first id in a text.
fn id_in(text: &str) -> String {
    let at = text.find("ApiKey-").unwrap();
    text[at..at + 43].to_owned()
}

/// Another machine may have made it: with '--force' nobody is asked, so it is only reported.
#[test]
fn a_key_that_may_be_another_machines_is_reported() {
    for (fault, makes) in [(LOST, false), (NEVER, true)] {
        let mut rig = failing(&[fault, BLIND]);
        rig.run(&["api-key-create", "K", "-q"]).code(11);
        rig = rig.restarted(&[]);
        if makes {
            rig.server.client().create("K");
        }
        let outcome = rig.run(&["recover", "--force"]);
        outcome.code(1).stderr(REPORTED);
        let said = "OK\nAPI key K may be [ID1]; its value was never printed. \
                    Delete the one whose value nobody holds\n";
        assert!(outcome.stdout.ends_with(&said.replace("[ID1]", &id_in(&outcome.stdout))));
        assert_eq!((rig.names(), rig.sandbox.open_entries()), (vec!["K".to_owned()], 0));
    }
}

/// No value was delivered, so a key that somebody uses is another one.
#[test]
fn a_key_that_somebody_uses_is_left_alone() {
    let mut rig = failing(&[NEVER, BLIND]);
    rig.run(&["api-key-create", "K", "-q"]).code(11);
    rig = rig.restarted(&[]);
    // From another machine, of which this journal knows nothing.
    let client = rig.server.client();
    let made = client.create("K");
    assert_eq!(client.log_in(made["apikey"].as_str().unwrap()).0, 200);
    let outcome = rig.run(&["recover", "--force"]);
    assert!(outcome.ok().stdout.ends_with("API key K was never created; nothing is left of it\n"));
    assert_eq!(rig.names(), ["K"]);
}

#[test]
fn a_key_of_another_time_is_left_alone() {
    let mut rig = failing(&[NEVER, BLIND]);
    rig.run(&["api-key-create", "K", "-q"]).code(11);
    let later = [("IBMCLOUD_IAM_NOW", "2026-11-21T09:11:00Z")];
    rig = rig.restarted(&later);
    rig.server.client().create("K");
    let mut command = rig.command(&["recover", "--force"]);
    let outcome = run(command.envs(later), b"");
    assert!(outcome.ok().stdout.ends_with("API key K was never created; nothing is left of it\n"));
    assert_eq!(rig.names(), ["K"]);
}

#[test]
fn what_the_same_command_made_when_it_was_repeated_is_not_taken_for_it() {
    let mut rig = failing(&[NEVER, BLIND]);
    rig.run(&["api-key-create", "K", "-q"]).code(11);
    rig = rig.restarted(&[]);
    rig.run(&["api-key-create", "K", "--file", "held.json", "-q"]).ok();
    let outcome = rig.run(&["recover", "--force"]);
    assert!(outcome.ok().stdout.ends_with("API key K was never created; nothing is left of it\n"));
    rig.run(&["api-key-lookup", "@held.json"]).ok();
}

#[test]
fn several_candidates_are_only_named() {
    let mut rig = failing(&[LOST, BLIND]);
    rig.run(&["api-key-create", "K", "-q"]).code(11);
    rig = rig.restarted(&[]);
    rig.server.client().create("K");
    let outcome = rig.run(&["recover", "--force"]);
    assert!(outcome.code(1).stdout.contains("API key K may be one of ApiKey-"), "{outcome:#?}");
    assert_eq!(rig.names(), ["K", "K"]);
}

#[test]
fn a_service_id_that_was_deleted_meanwhile_leaves_nothing_to_settle() {
    let create = ["service-api-key-create", "K", "ci", "-q"];
    let commands =
        [&create[..], &[&create[..], &["--server-value", "--file", "key.json"]].concat()];
    for command in commands {
        for fault in [LOST, NEVER] {
            let mut rig = failing(&[fault, BLIND]);
            rig.run(&["service-id-create", "ci"]).ok();
            rig.run(command).code(11);
            rig = rig.restarted(&[]);
            rig.run(&["service-id-delete", "ci", "--force"]).ok();
            let outcome = rig.run(&["recover", "--force"]);
            let said = "OK\nAPI key K was never created; nothing is left of it\n";
            assert!(outcome.ok().stderr("").stdout.ends_with(said), "{outcome:#?}");
            assert_eq!((rig.sandbox.open_entries(), rig.sandbox.files_in_work().len()), (0, 0));
        }
    }
}

#[test]
fn an_entry_of_another_identity_names_it() {
    let mut rig = failing(&[LOST, BLIND]);
    rig.run(&["service-id-create", "ci"]).ok();
    rig.sandbox.run(&["service-api-key-create", "login", "ci", "--file", "login.json"]).ok();
    let user = std::mem::replace(&mut rig.credential, "@login.json".to_owned());
    rig.run(&TO_FILE).code(11);
    rig.credential = user;
    let outcome = rig.run(&["recover", "--force"]);
    let named = "10ca1000000000000000000000000000, as iam-ServiceId-";
    assert!(outcome.ok().stdout.contains(named), "{outcome:#?}");
    assert_eq!(rig.sandbox.open_entries(), 1);
}

#[test]
fn an_entry_of_another_endpoint_is_not_touched() {
    let rig = failing(&[LOST, BLIND]);
    rig.run(&TO_FILE).code(11);
    let elsewhere = Emulator::start(&rig.sandbox, &["--in-memory"], &[]);
    let key = format!("@{}", elsewhere.key_file().display());
    let there =
        |args: &[&str]| run(&mut reaching(&rig.sandbox, elsewhere.endpoint(), &key, args), b"");
    there(&["api-key-create", "other", "--file", "other.json"])
        .ok()
        .stderr(&never_expires("ibmcloud-iam"));
    let outcome = there(&["recover", "--force"]);
    let named = format!("was begun on the remote backend at {}, account", rig.endpoint);
    assert!(outcome.ok().stdout.contains(&named), "{outcome:#?}");
    assert_eq!(rig.sandbox.open_entries(), 1);
}

#[test]
fn a_signal_leaves_what_recover_completes() {
    for (signal, code, word) in
        [(Signal::INT, 130, "Interrupted."), (Signal::TERM, 143, "Terminated.")]
    {
        let mut rig = failing(&["create:delay=5s,after"]);
        let mut command = rig.command(&TO_FILE);
        command.env("IBMCLOUD_HTTP_TIMEOUT", "10");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        let made = (0..200).any(|_| {
            std::thread::sleep(Duration::from_millis(20));
            rig.names() == ["K"]
        });
        assert!(made, "the key was not made");
        kill_process(Pid::from_child(&child), signal).unwrap();
        let outcome = Outcome::from(child.wait_with_output().unwrap());
        outcome.code(code).stderr(&format!(
            "{word} Run 'ibmcloud-iam recover' to finish or undo what was begun.\n"
        ));
        rig = rig.restarted(&[]);
        recovers(&rig, &[], "OK\nAPI key K ([ID1]) was created; it is now in BOX/work/key.json\n");
    }
}

#[test]
fn a_service_that_puts_its_own_value_in_place_is_believed() {
    let theirs = "a-value-that-the-service-has-chosen-instead";
    let rig = Service::answering(move |request| match request.route().as_str() {
        "POST /identity/token" => token_answer(),
        "POST /v1/apikeys" => {
            let mut key = key_json(1, "K");
            key["apikey"] = theirs.into();
            Answer::json(201, key)
        }
        route => panic!("{route}"),
    });
    rig.run(&TO_FILE).ok();
    let file = std::fs::read_to_string(rig.sandbox.work("key.json")).unwrap();
    assert!(file.contains(theirs), "{file}");
    assert_eq!((rig.sandbox.files_in_work().len(), rig.sandbox.open_entries()), (1, 0));
}

#[test]
fn a_service_that_takes_no_chosen_values_is_told_of() {
    let refusal = serde_json::json!({"errors": [{"code": "invalid_request", "message_code": "BXNIM0106E",
        "message": "Validation of property 'apikey' failed."}], "trace": "t-1", "status_code": 400});
    let rig = Service::answering(move |request| match request.route().as_str() {
        "POST /identity/token" => token_answer(),
        _ => Answer::json(400, refusal.clone()),
    });
    rig.run(&TO_FILE).code(2).stderr(
        "FAILED\nThe service finds the request invalid. Validation of property 'apikey' failed.\n\
         Code: BXNIM0106E\nTransaction-Id: t-1\n\
         If the service takes no values that were chosen elsewhere, repeat the command with '--server-value'.\n\n",
    );
    assert_eq!((rig.sandbox.files_in_work().len(), rig.sandbox.open_entries()), (0, 0));
}

/// The value is in FILE, but a request that was lost is under way: it would make the key again.
#[test]
fn a_key_is_deleted_once_no_request_can_make_it_again() {
    let rig = failing(&["create:late=2s,times=1"]).timeout("1");
    rig.run(&TO_FILE).ok();
    let outcome = rig.run(&["api-key-delete", "K", "--force"]);
    assert!(
        outcome.ok().stdout.contains("until then the service may still create ApiKey-"),
        "{outcome:#?}"
    );
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(rig.names().len(), 0);
}

/// The proof fails, and what was made cannot be looked at when it is to be undone.
#[test]
fn a_key_that_could_not_be_undone_is_told_of() {
    let rig = failing(&[
        "create:drop,before,skip=1,times=1",
        "token:status=503,skip=1,times=6",
        "details:status=503,skip=3",
    ])
    .timeout("1");
    rig.run(&["api-key-create", "ci", "--file", "key.json", "-q"]).ok();
    let outcome = rig.run(&["api-key-rotate", "ci", "--file", "key.json", "--force"]);
    assert_eq!((rig.names().len(), rig.sandbox.open_entries()), (2, 1), "{outcome:#?}");
    outcome.code(11);
    assert!(outcome.stderr.contains("Run 'ibmcloud-iam recover'"), "{outcome:#?}");
}

#[test]
fn a_key_lives_as_long_as_was_asked_for_by_a_clock_that_is_behind() {
    let rig = failing(&[]);
    let behind = [("IBMCLOUD_IAM_NOW", "2026-11-21T07:00:00Z")];
    let args = ["api-key-create", "K", "--file", "key.json", "--expires-in", "1h", "-q"];
    rig.run_env(&behind, &args).ok();
    let rotate = ["api-key-rotate", "K", "--file", "key.json", "--force", "--grace", "10m"];
    rig.run_env(&behind, &rotate).ok();
    let ends: Vec<_> = rig.keys().iter().map(|key| key["expires_at"].clone()).collect();
    assert_eq!(ends, ["2026-11-21T09:10+0000", "2026-11-21T10:00+0000"]);
}

#[test]
fn a_rotation_that_fails_before_its_key_is_made_leaves_nothing() {
    for skip in 0..5 {
        let rig = failing(&[&format!("list:status=503,skip={skip}")]);
        rig.run(&["api-key-create", "ci", "--file", "key.json", "-q"]).ok();
        let args = ["api-key-rotate", "ci", "--file", "key.json", "--purge", "--force"];
        let outcome = rig.run(&args);
        assert_ne!(outcome.code, 11, "{skip}: {outcome:#?}");
        assert_eq!(rig.sandbox.files_in_work(), ["key.json"], "{skip}: {outcome:#?}");
        assert_eq!(rig.sandbox.open_entries(), 0, "{skip}");
    }
}

/// A service that makes no second key of a name would have the only key retired for itself.
#[test]
fn a_key_that_was_there_before_is_not_taken_for_the_new_one() {
    let rig = Service::answering(|request| match request.route().as_str() {
        "POST /identity/token" => token_answer(),
        "GET /v1/apikeys" => list_answer("", &[key_json(1, "ci")], None),
        "POST /v1/apikeys" => Answer::json(201, key_json(1, "ci")),
        route if route.starts_with("GET /v1/apikeys/") => Answer::json(200, key_json(1, "ci")),
        route => panic!("{route}"),
    });
    rig.run(&["api-key-rotate", "ci", "--file", "new.json", "--force"]).code(11);
    let outcome = rig.run(&["recover", "--force"]);
    assert!(outcome.code(1).stdout.contains("may be ApiKey-"), "{outcome:#?}");
    assert!(rig.routes().iter().all(|route| !route.starts_with("DELETE")), "{:?}", rig.routes());
}

/// The mount of FILE is away, and the old key is being retired: the new one may be all that there is.
#[test]
fn a_key_is_not_given_up_once_the_old_one_is_being_retired() {
    let rig = failing(&["disable:status=503"]);
    rig.run(&["api-key-create", "ci", "--file", "key.json", "-q"]).ok();
    let outcome = rig.run(&["api-key-rotate", "ci", "--file", "key.json", "--force"]);
    assert!(outcome.code(11).stderr.contains("is in its place, but"), "{outcome:#?}");
    let away = rig.sandbox.work("away.json");
    std::fs::rename(rig.sandbox.work("key.json"), &away).unwrap();
    let outcome = rig.run(&["recover", "--discard", "--force"]);
    assert!(outcome.code(1).stdout.contains("Keys of that name made since then: ApiKey-"));
    assert_eq!(rig.opens(&rig.sandbox.value_in("away.json")), 200);
    assert_eq!(rig.sandbox.open_entries(), 0);
}
