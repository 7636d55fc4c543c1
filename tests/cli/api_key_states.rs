//! `api-key-lock`, `-unlock`, `-disable`, `-enable`, and the states that come with time.

use crate::support::expected::{
    ambiguous, array, behind_ids, done, facts, failed, key_json, locked, not_found, outcome,
    progress, unanswered,
};
use crate::support::{Outcome, Sandbox};

/// A verb: its command, its words, the flag that makes a key ready for it, the field it sets.
struct Verb {
    command: &'static str,
    doing: &'static str,
    to_do: &'static str,
    done: &'static str,
    ready: &'static [&'static str],
    field: (&'static str, bool),
}

const VERBS: [Verb; 4] = [
    Verb {
        command: "api-key-lock",
        doing: "Locking",
        to_do: "lock",
        done: "locked",
        ready: &[],
        field: ("locked", true),
    },
    Verb {
        command: "api-key-unlock",
        doing: "Unlocking",
        to_do: "unlock",
        done: "unlocked",
        ready: &["--lock"],
        field: ("locked", false),
    },
    Verb {
        command: "api-key-disable",
        doing: "Disabling",
        to_do: "disable",
        done: "disabled",
        ready: &[],
        field: ("disabled", true),
    },
    Verb {
        command: "api-key-enable",
        doing: "Enabling",
        to_do: "enable",
        done: "enabled",
        ready: &["--disabled"],
        field: ("disabled", false),
    },
];

impl Verb {
    fn box_with(&self, names: &[&str]) -> (Sandbox, Vec<String>) {
        let sandbox = Sandbox::new();
        let ids = names.iter().map(|name| sandbox.create(name, self.ready)).collect();
        (sandbox, ids)
    }

    fn done(&self, name: &str) -> String {
        done(self.doing, name, &format!("was {}", self.done))
    }

    fn question(&self, name: &str) -> String {
        format!("Are you sure you want to {} API key '{name}'? [y/N]> ", self.to_do)
    }

    /// What is told of keys that lose their effect by it, in the order of their ids.
    fn facts(&self, names: &[&str]) -> String {
        let told = if self.command == "api-key-disable" { names } else { &[] };
        told.iter().zip(1..).map(|(name, number)| facts(number, name)).collect()
    }

    /// How many of the keys are as the verb leaves them.
    fn count_done(&self, sandbox: &Sandbox) -> usize {
        sandbox.keys().iter().filter(|key| key[self.field.0] == self.field.1).count()
    }
}

/// The states of all keys at a time, oldest key first.
fn states_at(sandbox: &Sandbox, now: &str) -> Vec<String> {
    let keys = sandbox.run_at(now, &["api-keys", "-o", "json"]).json();
    keys.as_array().unwrap().iter().map(|key| key["state"].as_str().unwrap().to_owned()).collect()
}

#[track_caller]
fn shows(outcome: &Outcome, id: &str) {
    assert_eq!((outcome.code, &*outcome.stdout, &*outcome.stderr), (0, &*format!("{id}\n"), ""));
}

#[test]
fn each_verb_does_it_by_force() {
    for verb in VERBS {
        let (sandbox, ids) = verb.box_with(&["a b", "c", "d", "e"]);
        sandbox.run(&[verb.command, "a b", "-f"]).is(0, &verb.done("a b"), &verb.facts(&["a b"]));
        sandbox.run(&[verb.command, "--force", &ids[1]]).is(
            0,
            &verb.done("[ID1]"),
            &verb.facts(&["c"]),
        );
        sandbox.run(&[verb.command, "d", "-f", "-q"]).is(
            0,
            &format!("API key d was {}\n", verb.done),
            "",
        );
        let json = array(&[outcome("\"[ID1]\"", "\"e\"", verb.done)]);
        sandbox.run(&[verb.command, "e", "-f", "--output", "json"]).is(0, &json, "");
        assert_eq!(verb.count_done(&sandbox), 4, "{}", verb.command);
        let tags = sandbox.keys();
        assert!(
            tags.iter().all(|key| key["entity_tag"].as_str().unwrap().starts_with("2-")),
            "{}",
            verb.command
        );
    }
}

#[test]
fn each_verb_asks_on_standard_input() {
    for verb in VERBS {
        let (sandbox, _) = verb.box_with(&["k"]);
        let before = sandbox.store_bytes();
        let begun = progress(verb.doing, "k");
        let asked = format!("{begun}{}{}", verb.facts(&["k"]), verb.question("k"));
        let answer = |answer: &str| sandbox.run_input(&[verb.command, "k"], answer);
        answer("no\n").is(13, &format!("{asked}no\n"), "Cancelled; nothing was changed.\n");
        let neither = unanswered(
            "The answer on standard input was neither 'y' nor 'n'; nothing was changed.",
        );
        answer("perhaps\n").is(2, &format!("{asked}perhaps\n"), &neither);
        let nobody = unanswered("Nobody answered on standard input; nothing was changed.");
        answer("").is(2, &format!("{asked}\n"), &nobody);
        let json =
            unanswered("JSON output asks no questions, and this command needs a confirmation.");
        sandbox.run_input(&[verb.command, "k", "-o", "json"], "y\n").is(2, "", &json);
        assert_eq!(sandbox.store_bytes(), before, "{}", verb.command);
        let told = format!("{asked}y\nOK\nAPI key k was {}\n", verb.done);
        answer("y\n").is(0, &told, "");
        assert_eq!(verb.count_done(&sandbox), 1, "{}", verb.command);
    }
}

#[test]
fn each_verb_reads_one_line_only() {
    for verb in VERBS {
        let (sandbox, _) = verb.box_with(&["k"]);
        let script =
            format!("printf 'y\\nrest\\n' | {{ ibmcloud-iam {} k -q; cat; }}", verb.command);
        let asked = format!("{}{}", verb.facts(&["k"]), verb.question("k"));
        let stdout = format!("{asked}y\nAPI key k was {}\nrest\n", verb.done);
        sandbox.bash(&script).is(0, &stdout, "");
    }
}

#[test]
fn a_key_that_is_like_that_already_is_left_as_it_is() {
    for verb in VERBS {
        let (sandbox, _) = verb.box_with(&["k"]);
        sandbox.run(&[verb.command, "k", "-f"]).ok();
        let before = sandbox.store_bytes();
        let unchanged = done(verb.doing, "k", "was like that already");
        sandbox.run(&[verb.command, "k", "-f"]).is(0, &unchanged, "");
        sandbox.run(&[verb.command, "k"]).is(0, &unchanged, "");
        sandbox.run(&[verb.command, "k", "-q"]).is(0, "API key k was like that already\n", "");
        let json = array(&[outcome("\"[ID1]\"", "\"k\"", "unchanged")]);
        sandbox.run(&[verb.command, "k", "-f", "-o", "json"]).is(0, &json, "");
        assert_eq!(sandbox.store_bytes(), before, "{}", verb.command);
    }
}

#[test]
fn a_dry_run_asks_nothing_and_changes_nothing() {
    for verb in VERBS {
        let (sandbox, _) = verb.box_with(&["k"]);
        let before = sandbox.store_bytes();
        let said = format!("Dry run: API key k would be {}\n", verb.done);
        let begun = progress(verb.doing, "k");
        sandbox.run(&[verb.command, "k", "--dry-run"]).is(0, &format!("{begun}{said}"), "");
        sandbox.run(&[verb.command, "k", "--dry-run", "-q"]).is(0, &said, "");
        let json = array(&[outcome("\"[ID1]\"", "\"k\"", &format!("would be {}", verb.done))]);
        sandbox.run(&[verb.command, "k", "--dry-run", "-o", "json"]).is(0, &json, "");
        assert_eq!(sandbox.store_bytes(), before, "{}", verb.command);
    }
}

#[test]
fn one_failure_of_several_does_not_stop_the_others() {
    for verb in VERBS {
        let (sandbox, _) = verb.box_with(&["a", "twice", "twice", "z"]);
        let stdout = [
            verb.done("a"),
            progress(verb.doing, "nope"),
            progress(verb.doing, "twice"),
            verb.done("z"),
        ]
        .concat();
        let state = if verb.command == "api-key-enable" { "disabled" } else { "active" };
        let told = verb.facts(&["a", "z"]);
        let candidates = ambiguous("twice", &[(state, "2026-11-21T09:00+0000"); 2]);
        let stderr = [
            told.clone(),
            not_found("nope"),
            behind_ids(told.lines().count(), &candidates),
            failed("2 of 4 API keys failed."),
        ]
        .concat();
        sandbox.run(&[verb.command, "a", "nope", "twice", "z", "-f"]).is(12, &stdout, &stderr);
        assert_eq!(verb.count_done(&sandbox), 2, "{}", verb.command);
        let json = array(&[
            outcome("\"[ID1]\"", "\"a\"", "unchanged"),
            outcome("null", "\"nope\"", "failed"),
        ]);
        let stderr = [not_found("nope"), failed("1 of 2 API keys failed.")].concat();
        sandbox.run(&[verb.command, "a", "nope", "-f", "-o", "json"]).is(12, &json, &stderr);
    }
}

#[test]
fn a_missing_key_is_named_and_no_store_is_made() {
    for verb in VERBS {
        let sandbox = Sandbox::new();
        sandbox.run(&[verb.command, "nope", "-f"]).is(
            3,
            &progress(verb.doing, "nope"),
            &not_found("nope"),
        );
        sandbox.run(&[verb.command, "nope", "-f", "-o", "json"]).is(3, "", &not_found("nope"));
        assert!(!sandbox.root().join("home/store").exists(), "{}", verb.command);
        let outcome = sandbox.run(&[verb.command, "-f"]);
        assert_eq!((outcome.code, &*outcome.stdout), (2, ""), "{}", verb.command);
    }
}

#[test]
fn a_locked_key_is_neither_disabled_nor_enabled() {
    for (verb, made) in [(&VERBS[2], &["--lock"][..]), (&VERBS[3], &["--lock", "--disabled"])] {
        let sandbox = Sandbox::new();
        sandbox.create("k", made);
        let before = sandbox.store_bytes();
        sandbox.run(&[verb.command, "k", "-f"]).is(6, &progress(verb.doing, "k"), &locked("k"));
        sandbox.run_input(&[verb.command, "k"], "y\n").is(
            6,
            &progress(verb.doing, "k"),
            &locked("k"),
        );
        sandbox.run(&[verb.command, "k", "-f", "-o", "json"]).is(6, "", &locked("k"));
        assert_eq!(sandbox.store_bytes(), before);
    }
}

#[test]
fn a_disabled_key_can_be_locked_and_keeps_its_state() {
    let sandbox = Sandbox::new();
    sandbox.create("k", &["--disabled"]);
    sandbox.run(&["api-key-lock", "k", "-f"]).ok();
    let expected =
        key_json(1, "k", &[("locked", "true"), ("disabled", "true"), ("state", "\"disabled\"")]);
    sandbox.run(&["api-key", "k", "-o", "json"]).is(0, &expected, "");
}

#[test]
fn a_key_expires_at_its_second() {
    let sandbox = Sandbox::new();
    sandbox.create("k", &["-e", "2026-12-01T00:00:00Z"]);
    sandbox.create("off", &["-e", "2026-12-01T00:00:00Z", "--disabled"]);
    assert_eq!(states_at(&sandbox, "2026-11-30T23:59:59Z"), ["active", "disabled"]);
    assert_eq!(states_at(&sandbox, "2026-12-01T00:00:00Z"), ["expired", "disabled"]);
    let shown =
        key_json(1, "k", &[("expires_at", "\"2026-12-01T00:00+0000\""), ("state", "\"expired\"")]);
    sandbox.run_at("2027-01-01T00:00:00Z", &["api-key", "k", "-o", "json"]).is(0, &shown, "");
}

#[test]
fn a_key_phases_out_in_favour_of_a_longer_lived_namesake() {
    let sandbox = Sandbox::new();
    sandbox.create("k", &["-e", "2026-12-01"]);
    sandbox.create("k", &["-e", "2027-01-01"]);
    sandbox.create("other", &["-e", "2026-12-01"]);
    assert_eq!(states_at(&sandbox, "2026-11-21T09:00:00Z"), ["phasing out", "active", "active"]);
    assert_eq!(states_at(&sandbox, "2026-12-01T00:00:00Z"), ["phased out", "active", "expired"]);
    assert_eq!(states_at(&sandbox, "2027-01-01T00:00:00Z"), ["expired", "expired", "expired"]);
}

#[test]
fn the_same_expiry_phases_nobody_out() {
    let sandbox = Sandbox::new();
    sandbox.create("k", &["-e", "2026-12-01"]);
    sandbox.create("k", &["-e", "2026-12-01"]);
    assert_eq!(states_at(&sandbox, "2026-11-21T09:00:00Z"), ["active", "active"]);
    sandbox.create("k", &["--disabled"]);
    assert_eq!(states_at(&sandbox, "2026-11-21T09:00:00Z"), ["active", "active", "phased out"]);
}

#[test]
fn a_disabled_key_is_phased_out_once_another_of_its_name_works() {
    let sandbox = Sandbox::new();
    let old = sandbox.create("k", &["--disabled"]);
    assert_eq!(states_at(&sandbox, "2026-11-21T09:00:00Z"), ["disabled"]);
    let new = sandbox.create("k", &[]);
    assert_eq!(states_at(&sandbox, "2026-11-21T09:00:00Z"), ["phased out", "active"]);
    sandbox.run(&["api-key-update", &new, "-n", "K"]).ok();
    assert_eq!(states_at(&sandbox, "2026-11-21T09:00:00Z"), ["disabled", "active"]);
    sandbox.run(&["api-key-update", &new, "-n", "k"]).ok();
    sandbox.run(&["api-key-delete", &new, "-f"]).ok();
    shows(&sandbox.run(&["api-key", "k", "--uuid"]), &old);
}

#[test]
fn a_name_means_the_key_that_is_not_being_replaced() {
    let sandbox = Sandbox::new();
    let out = sandbox.create("k", &["--disabled"]);
    let going = sandbox.create("k", &["-e", "2026-12-01"]);
    let current = sandbox.create("k", &[]);
    shows(&sandbox.run(&["api-key", "k", "--uuid"]), &current);
    for args in [
        &["api-key-lock", "k", "-f"][..],
        &["api-key-unlock", "k", "-f"],
        &["api-key-update", "k", "-d", "x"],
    ] {
        sandbox.run(args).ok();
    }
    let tags: Vec<bool> = sandbox
        .keys()
        .iter()
        .map(|key| key["entity_tag"].as_str().unwrap().starts_with("1-"))
        .collect();
    assert_eq!(tags, [true, true, false], "only the current key changed");
    for id in [out, going] {
        shows(&sandbox.run(&["api-key", &id, "--uuid"]), &id);
    }
}

#[test]
fn to_disable_means_every_key_of_the_name() {
    let sandbox = Sandbox::new();
    sandbox.create("k", &["--disabled"]);
    sandbox.create("k", &[]);
    let before = sandbox.store_bytes();
    let candidates = [("phased out", "2026-11-21T09:00+0000"), ("active", "2026-11-21T09:00+0000")];
    let failure = ambiguous("k", &candidates);
    sandbox.run(&["api-key-disable", "k", "-f"]).is(4, &progress("Disabling", "k"), &failure);
    assert_eq!(sandbox.store_bytes(), before);
}

#[test]
fn to_enable_means_the_disabled_keys_of_the_name() {
    let sandbox = Sandbox::new();
    sandbox.create("k", &["--disabled"]);
    sandbox.create("k", &[]);
    sandbox.run(&["api-key-enable", "k", "-f"]).is(0, &VERBS[3].done("k"), "");
    assert_eq!(states_at(&sandbox, "2026-11-21T09:00:00Z"), ["active", "active"]);
    sandbox.create("two", &["--disabled"]);
    sandbox.create("two", &["--disabled"]);
    let candidates = [("disabled", "2026-11-21T09:00+0000"); 2];
    sandbox.run(&["api-key-enable", "two", "-f"]).is(
        4,
        &progress("Enabling", "two"),
        &ambiguous("two", &candidates),
    );
}

#[test]
fn candidates_are_those_that_the_name_could_mean() {
    let sandbox = Sandbox::new();
    sandbox.create("k", &["--disabled"]);
    sandbox.create_at("2026-11-21T10:00:00Z", "k", &[]);
    sandbox.create_at("2026-11-21T11:00:00Z", "k", &[]);
    let both = [("active", "2026-11-21T10:00+0000"), ("active", "2026-11-21T11:00+0000")];
    sandbox.run(&["api-key-lock", "k", "-f"]).is(
        4,
        &progress("Locking", "k"),
        &ambiguous("k", &both),
    );
    let all = [("phased out", "2026-11-21T09:00+0000"), both[0], both[1]];
    sandbox.run(&["api-key-disable", "k", "-f"]).is(
        4,
        &progress("Disabling", "k"),
        &ambiguous("k", &all),
    );
}
