//! `api-key-delete --phased-out`, `--all` and `--older-than`: which keys are meant, and what is asked first.

mod age;
mod last;

use crate::support::expected::{
    array, behind_ids, done, facts, failed, locked, outcome, progress, unanswered,
};
use crate::support::{ACCOUNT, Sandbox, USER};

const CANCELLED: &str = "Cancelled; nothing was changed.\n";

/// The first line; `which` is what kind of keys is meant.
fn begun(which: &str) -> String {
    format!("Deleting {which} under {ACCOUNT} as {USER}...\n")
}

/// What is said when there is no such key.
fn none(which: &str, kind: &str) -> String {
    format!("{}OK\nNo {kind} found\n", begun(which))
}

/// What becomes of the keys whose ids come with these numbers.
fn deleted(numbers: &[usize]) -> String {
    let one = |number: &usize| done("Deleting", &format!("[ID{number}]"), "was deleted");
    numbers.iter().map(one).collect()
}

/// The namesakes `a` and `b`, of which the older one is disabled and expired respectively; what stands alone: an active
/// key, a disabled one, an expired one; and two that work side by side. Tomorrow the expired ones are.
fn with_states() -> (Sandbox, Vec<String>) {
    let sandbox = Sandbox::new();
    let expiring = &["-e", "2026-11-22"][..];
    let keys = [
        ("a", &["--disabled"][..]),
        ("a", &[]),
        ("b", expiring),
        ("b", &[]),
        ("active", &[]),
        ("off", &["--disabled"]),
        ("over", expiring),
        ("two", &[]),
        ("two", &[]),
    ];
    let ids = keys.into_iter().map(|(name, flags)| sandbox.create(name, flags)).collect();
    (sandbox, ids)
}

const TOMORROW: &str = "2026-11-22T09:00:00Z";

/// The keys with these numbers, as JSON, with one outcome.
fn outcomes(keys: &[(&str, &str)], became: &str) -> String {
    let one =
        |(id, name): &(&str, &str)| outcome(&format!("\"{id}\""), &format!("\"{name}\""), became);
    array(&keys.iter().map(one).collect::<Vec<_>>())
}

/// Asserts that exactly these ids are left.
#[track_caller]
fn left(sandbox: &Sandbox, ids: &[&String]) {
    let keys = sandbox.run_at(TOMORROW, &["api-keys", "-o", "json"]).json();
    let there: Vec<&str> =
        keys.as_array().unwrap().iter().map(|key| key["id"].as_str().unwrap()).collect();
    assert_eq!(there, ids);
}

#[test]
fn phased_out_are_those_that_a_namesake_has_replaced() {
    let (sandbox, ids) = with_states();
    let both = outcomes(&[("[ID1]", "a"), ("[ID2]", "b")], "would be deleted");
    let dry = ["api-key-delete", "--phased-out", "--dry-run", "-o", "json"];
    sandbox.run_at(TOMORROW, &dry).is(0, &both, "");
    // Today 'b' is phasing out only.
    sandbox.run(&dry).is(0, &outcomes(&[("[ID1]", "a")], "would be deleted"), "");
    let both = outcomes(&[("[ID1]", "a"), ("[ID2]", "b")], "deleted");
    sandbox
        .run_at(TOMORROW, &["api-key-delete", "--phased-out", "-f", "-o", "json"])
        .is(0, &both, "");
    left(&sandbox, &[&ids[1], &ids[3], &ids[4], &ids[5], &ids[6], &ids[7], &ids[8]]);
    // Without its namesake a disabled key is only that.
    sandbox
        .run_at(TOMORROW, &["api-key-delete", "--phased-out", "-f", "-o", "json"])
        .is(0, "[]\n", "");
}

#[test]
fn phased_out_keys_can_be_chosen_by_name_and_id() {
    let (sandbox, ids) = with_states();
    let dry = ["api-key-delete", "--phased-out", "--dry-run", "-o", "json"];
    let (a, b) = (("[ID1]", "a"), ("[ID1]", "b"));
    for (more, expected) in [
        (&["a"][..], &[a][..]),
        (&["b"], &[b]),
        (&[&ids[0]], &[a]),
        (&["b", "a", "a", &ids[2]], &[a, ("[ID2]", "b")]),
        (&["A"], &[]),
        // These are not phased out, and naming them does not make them so.
        (&["off", "over", "active", "two", "nope", &ids[1], &ids[3], &ids[5]], &[]),
    ] {
        let outcome = sandbox.run_at(TOMORROW, &[&dry, more].concat());
        let json = if expected.is_empty() {
            "[]\n".to_owned()
        } else {
            outcomes(expected, "would be deleted")
        };
        outcome.is(0, &json, "");
    }
    sandbox.run_at(TOMORROW, &["api-key-delete", "--phased-out", "b", "-f", "-q"]).is(
        0,
        "API key [ID1] was deleted\n",
        "",
    );
    let rest: Vec<&String> = ids.iter().filter(|id| **id != ids[2]).collect();
    left(&sandbox, &rest);
}

#[test]
fn phased_out_keys_are_listed_and_asked_about() {
    let sandbox = Sandbox::new();
    for name in ["a", "b"] {
        sandbox.create(name, &["--disabled"]);
        sandbox.create(name, &[]);
    }
    let before = sandbox.store_bytes();
    let asked = [
        &begun("phased-out API keys"),
        &facts(1, "a"),
        &facts(2, "b"),
        "Are you sure you want to delete these 2 API keys? [y/N]> ",
    ]
    .concat();
    let args = ["api-key-delete", "--phased-out"];
    sandbox.run_input(&args, "no\n").is(13, &format!("{asked}no\n"), CANCELLED);
    let neither =
        unanswered("The answer on standard input was neither 'y' nor 'n'; nothing was changed.");
    sandbox.run_input(&args, "2\n").is(2, &format!("{asked}2\n"), &neither);
    let nobody = unanswered("Nobody answered on standard input; nothing was changed.");
    sandbox.run(&args).is(2, &format!("{asked}\n"), &nobody);
    let json = unanswered("JSON output asks no questions, and this command needs a confirmation.");
    sandbox.run_input(&[&args[..], &["-o", "json"]].concat(), "y\n").is(2, "", &json);
    assert_eq!(sandbox.store_bytes(), before);
    // One key alone is named in the question.
    let one = [
        &begun("phased-out API keys"),
        &facts(1, "b"),
        "Are you sure you want to delete API key 'b' ([ID1])? [y/N]> n\n",
    ]
    .concat();
    sandbox.run_input(&["api-key-delete", "--phased-out", "b"], "n\n").is(13, &one, CANCELLED);
    let done = format!("{asked}yes\n{}", deleted(&[1, 2]));
    sandbox.run_input(&args, "yes\n").is(0, &done, "");
    assert_eq!(sandbox.names(), ["a", "b"]);
}

#[test]
fn all_keys_are_deleted_by_force() {
    let (sandbox, _) = with_states();
    let names = ["a", "a", "b", "b", "active", "off", "over", "two", "two"];
    let told: String = names.iter().zip(1..).map(|(name, number)| facts(number, name)).collect();
    let stdout = begun("all API keys") + &deleted(&[1, 2, 3, 4, 5, 6, 7, 8, 9]);
    sandbox.run(&["api-key-delete", "--all", "--force"]).is(0, &stdout, &told);
    assert_eq!(sandbox.names(), [""; 0]);
}

#[test]
fn all_keys_are_not_deleted_where_nobody_can_type_their_number() {
    let (sandbox, _) = with_states();
    let before = sandbox.store_bytes();
    let failure =
        unanswered("Nobody can type the number of API keys here, and this command needs it.");
    for input in ["", "y\n", "yes\n", "9\n"] {
        sandbox.run_input(&["api-key-delete", "--all"], input).is(2, "", &failure);
        sandbox.run_input(&["api-key-delete", "--all", "-q"], input).code(2).stdout("");
    }
    let json = unanswered("JSON output asks no questions, and this command needs a confirmation.");
    sandbox.run_input(&["api-key-delete", "--all", "-o", "json"], "9\n").is(2, "", &json);
    assert_eq!(sandbox.store_bytes(), before);
}

#[test]
fn locked_keys_stay_and_are_reported() {
    for (flag, which) in [("--all", "all API keys"), ("--phased-out", "phased-out API keys")] {
        let sandbox = Sandbox::new();
        sandbox.create("a", &["--disabled"]);
        sandbox.create("safe", &["--disabled", "--lock"]);
        if flag == "--phased-out" {
            sandbox.create("a", &[]);
            sandbox.create("safe", &[]);
        }
        let stdout = [begun(which), deleted(&[1]), progress("Deleting", "[ID2]")].concat();
        let failure = failed("1 of 2 API keys failed.");
        let stderr = [facts(1, "a"), behind_ids(1, &locked("[ID1]")), failure.clone()].concat();
        let args = ["api-key-delete", flag, "-f"];
        let dry = sandbox.run(&["api-key-delete", flag, "--dry-run", "-o", "json"]);
        let would = array(&[
            outcome("\"[ID1]\"", "\"a\"", "would be deleted"),
            outcome("\"[ID2]\"", "\"safe\"", "failed"),
        ]);
        dry.is(12, &would, &[locked("[ID1]"), failure].concat());
        sandbox.run(&args).is(12, &stdout, &stderr);
        // Alone it is one of several that happen to be one.
        let failure = [locked("[ID1]").as_str(), "FAILED\n1 of 1 API keys failed.\n\n"].concat();
        let alone = [begun(which), progress("Deleting", "[ID1]")].concat();
        if flag == "--phased-out" {
            assert_eq!(sandbox.names(), ["safe", "a", "safe"]);
            sandbox.run(&args).is(12, &alone, &failure);
            sandbox.run(&["api-key-delete", flag]).is(12, &alone, &failure);
        } else {
            assert_eq!(sandbox.names(), ["safe"]);
            sandbox.run(&args).is(12, &alone, &failure);
        }
    }
}

#[test]
fn where_there_is_nothing_to_delete_it_is_said() {
    for with_key in [false, true] {
        let sandbox = Sandbox::new();
        if with_key {
            sandbox.create("k", &[]);
        }
        let old = [" older than 1 hour", "--older-than=60m"];
        for (flags, which, kind) in [
            (
                &["--phased-out"][..],
                "phased-out API keys".to_owned(),
                "phased-out API keys".to_owned(),
            ),
            (
                &["--phased-out", "k"],
                "phased-out API keys".to_owned(),
                "phased-out API keys".to_owned(),
            ),
            (
                &["--all", "-f", old[1]],
                format!("all API keys{}", old[0]),
                format!("API keys{}", old[0]),
            ),
        ] {
            let args = [&["api-key-delete"], flags].concat();
            sandbox.run(&args).is(0, &none(&which, &kind), "");
            sandbox.run(&[&args[..], &["-q"]].concat()).is(0, &format!("No {kind} found\n"), "");
            let force = if flags.contains(&"-f") { &[][..] } else { &["-f"] };
            sandbox.run(&[&args[..], force, &["-o", "json"]].concat()).is(0, "[]\n", "");
            sandbox.run(&[&args[..], &["--dry-run"]].concat()).is(0, &none(&which, &kind), "");
        }
        assert_eq!(sandbox.names().len(), usize::from(with_key));
        assert_eq!(sandbox.root().join("home/store").exists(), with_key);
    }
}

#[test]
fn flags_that_contradict_each_other_delete_nothing() {
    let (sandbox, _) = with_states();
    let before = sandbox.store_bytes();
    for args in [
        &["--all", "a"][..],
        &["a", "--all"],
        &["--all", "--phased-out"],
        &["--all", "--phased-out", "a"],
        &["--older-than", "1d"],
        &["a", "--older-than", "1d"],
        &["--all", "--older-than"],
        &["--all", "--older-than", "0d"],
        &["--all", "--older-than", "90"],
        &["--all", "--older-than", "-1d"],
        &["--phased-out", ""],
    ] {
        let outcome = sandbox.run(&[&["api-key-delete", "--force"], args].concat());
        assert_eq!((outcome.code, &*outcome.stdout), (2, ""), "{args:?}");
        assert_ne!(outcome.stderr, "", "{args:?}");
    }
    assert_eq!(sandbox.store_bytes(), before);
}
