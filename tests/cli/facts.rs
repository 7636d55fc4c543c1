//! What is told of a key before it loses its effect: which facts, to whom, and when none.

use crate::support::emulator::{Client, Emulator};
use crate::support::expected::{TOKENS, array, done, facts, facts_of, outcome, progress};
use crate::support::{NOW, Outcome, Sandbox, redact, run};

const CANCELLED: &str = "Cancelled; nothing was changed.\n";
const TODAY: &str = "2026-11-21T09:00+0000 (today)";
const USED: &str = "last used 2026-11-21T09:00+0000.";

/// The verbs that end the use of a key.
const VERBS: [(&str, &str, &str, &str); 2] = [
    ("api-key-delete", "Deleting", "delete", "deleted"),
    ("api-key-disable", "Disabling", "disable", "disabled"),
];

/// Lets somebody log in with a value, at a time.
fn log_in(sandbox: &Sandbox, now: &str, value: &str) {
    let emulator = Emulator::start(sandbox, &[], &[("IBMCLOUD_IAM_NOW", now)]);
    let (status, body) = Client::new(emulator.endpoint()).log_in(value);
    assert_eq!(status, 200, "{body}");
}

/// A box with a key `k` that somebody has used.
fn with_used() -> Sandbox {
    let sandbox = Sandbox::new();
    let (_, value) = sandbox.create_with_value("k", &[]);
    log_in(&sandbox, NOW, &value);
    sandbox
}

/// Asks at a time whether to delete keys, hears no, and returns what was told before the question.
#[track_caller]
fn told_at(sandbox: &Sandbox, now: &str, keys: &[&str]) -> String {
    let mut command = sandbox.command(&[&["api-key-delete", "-q"], keys].concat());
    let outcome = run(command.env("IBMCLOUD_IAM_NOW", now), b"n\n");
    outcome.code(13).stderr(CANCELLED);
    let stdout = redact(&outcome.stdout);
    stdout.split_once("Are you sure ").unwrap().0.to_owned()
}

fn answer(sandbox: &Sandbox, args: &[&str]) -> Outcome {
    sandbox.run_input(args, "y\n")
}

#[test]
fn the_age_is_counted_in_days_of_the_calendar() {
    let sandbox = Sandbox::new();
    sandbox.create("k", &[]);
    for (now, age) in [
        ("2026-11-21T09:00:00Z", "today"),
        ("2026-11-21T23:59:59Z", "today"),
        ("2026-11-22T00:00:00Z", "1 day ago"),
        ("2026-11-22T23:59:59Z", "1 day ago"),
        ("2026-11-23T00:00:00Z", "2 days ago"),
        ("2026-12-21T09:00:00Z", "30 days ago"),
        ("2027-11-21T08:59:59Z", "365 days ago"),
        // A clock that was set back.
        ("2026-11-20T09:00:00Z", "today"),
    ] {
        let created = format!("2026-11-21T09:00+0000 ({age})");
        assert_eq!(told_at(&sandbox, now, &["k"]), facts_of(1, "k", &created, "never used."));
    }
}

#[test]
fn the_last_use_is_told() {
    let sandbox = Sandbox::new();
    let (_, value) = sandbox.create_with_value("k", &[]);
    sandbox.create("other", &[]);
    assert_eq!(told_at(&sandbox, NOW, &["k"]), facts(1, "k"));
    log_in(&sandbox, NOW, &value);
    assert_eq!(told_at(&sandbox, NOW, &["k"]), facts_of(1, "k", TODAY, USED));
    log_in(&sandbox, "2026-12-01T12:34:56Z", &value);
    let created = "2026-11-21T09:00+0000 (11 days ago)";
    assert_eq!(
        told_at(&sandbox, "2026-12-02T00:00:00Z", &["k", "other"]),
        facts_of(1, "k", created, "last used 2026-12-01T12:34+0000.")
            + &facts_of(2, "other", created, "never used.")
    );
}

#[test]
fn the_use_of_more_than_twenty_keys_is_not_asked_for() {
    let sandbox = Sandbox::new();
    let names: Vec<String> = (0..21).map(|number| format!("k{number}")).collect();
    let limit = [("IBMCLOUD_IAM_KEY_LIMIT", "21")];
    for name in &names {
        sandbox.run_env(&limit, &["api-key-create", name, "-q"]).ok();
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let all = |names: &[&str], rest: &str| -> String {
        names.iter().zip(1..).map(|(name, number)| facts_of(number, name, TODAY, rest)).collect()
    };
    assert_eq!(told_at(&sandbox, NOW, &names[..20]), all(&names[..20], "never used."));
    let not_asked = all(&names, "last use not asked for.")
        + "The last use was not asked for because these are more than 20 API keys; 'ibmcloud-iam api-key ID --activity' asks for that of one.\n";
    assert_eq!(told_at(&sandbox, NOW, &names), not_asked);
    // Somebody may have logged in with one of them.
    let disabled = sandbox.run(&[&["api-key-disable", "-f"], &names[..]].concat());
    let tokens = TOKENS.replace("with it", "with them");
    disabled.ok().stderr(&(not_asked + &tokens));
}

#[test]
fn who_depends_on_a_well_known_name_is_told() {
    let sandbox = Sandbox::new();
    let kubernetes =
        " Clusters of the Kubernetes service use this key; without it they cannot be managed.";
    let cluster = " A cluster may use this key, and cannot pull images without it.";
    for (name, sentence) in [
        ("containers-kubernetes-key", kubernetes),
        ("cluster-bq2f1ndd0", cluster),
        ("cluster-", cluster),
        ("containers-kubernetes-key-2", ""),
        ("Containers-Kubernetes-Key", ""),
        ("cluster", ""),
        ("Cluster-1", ""),
        ("my-cluster-1", ""),
    ] {
        sandbox.create(name, &[]);
        let rest = format!("never used.{sentence}");
        assert_eq!(told_at(&sandbox, NOW, &[name]), facts_of(1, name, TODAY, &rest));
    }
}

#[test]
fn a_name_cannot_forge_a_line_on_either_stream() {
    let sandbox = Sandbox::new();
    let (name, shown) = ("a\nOK\x1b[2J\u{202e}\\n", "a\\nOK\\u{1b}[2J\\u{202e}\\n");
    sandbox.create(name, &[]);
    assert_eq!(told_at(&sandbox, NOW, &[name]), facts(1, shown));
    sandbox.run(&["api-key-disable", name, "-f"]).is(
        0,
        &done("Disabling", shown, "was disabled"),
        &facts(1, shown),
    );
}

#[test]
fn with_a_question_they_stand_before_it_else_on_standard_error() {
    for (verb, doing, to_do, did) in VERBS {
        let question = format!("Are you sure you want to {to_do} API key 'k'? [y/N]> y\n");
        let (begun, result) = (progress(doing, "k"), format!("API key k was {did}\n"));
        let told = facts_of(1, "k", TODAY, USED);
        let asked = format!("{told}{question}");
        let whole = format!("{begun}{asked}OK\n{result}");
        answer(&with_used(), &[verb, "k"]).is(0, &whole, TOKENS);
        answer(&with_used(), &[verb, "k", "-q"]).is(0, &format!("{asked}{result}"), "");
        answer(&with_used(), &[verb, "k", "--error-format", "json"]).is(0, &whole, "");
        let forced = done(doing, "k", &format!("was {did}"));
        with_used().run(&[verb, "k", "-f"]).is(0, &forced, &format!("{told}{TOKENS}"));
        with_used().run(&[verb, "k", "-f", "-q"]).is(0, &result, "");
        with_used().run(&[verb, "k", "-f", "--error-format", "json"]).is(0, &forced, "");
        let json = array(&[outcome("\"[ID1]\"", "\"k\"", did)]);
        with_used().run(&[verb, "k", "-f", "-o", "json"]).is(0, &json, "");
        // The user's answer is no, so tokens are nobody's concern.
        let no = with_used().run_input(&[verb, "k"], "n\n");
        no.is(13, &format!("{begun}{asked}").replace("> y", "> n"), CANCELLED);
    }
}

#[test]
fn colours_mark_them_as_warnings_on_standard_error_only() {
    let sandbox = with_used();
    let asked = sandbox.run_input(&["api-key-delete", "k", "--color", "always"], "n\n");
    let told = facts_of(1, "k", TODAY, USED);
    asked.code(13);
    assert!(redact(&asked.stdout).contains(&format!("...\n{told}Are you sure ")), "{asked:#?}");
    let painted = |line: &str| format!("\x1b[35;1m{}\x1b[0m\n", line.trim_end());
    let forced = sandbox.run(&["api-key-delete", "k", "--color", "always", "-f"]);
    forced.ok().stderr(&(painted(&told) + &painted(TOKENS)));
}

#[test]
fn a_dry_run_tells_none() {
    for (verb, doing, _, did) in VERBS {
        let sandbox = with_used();
        let would = format!("Dry run: API key k would be {did}\n");
        for force in [&[][..], &["-f"]] {
            let run = sandbox.run(&[&[verb, "k", "--dry-run"], force].concat());
            run.is(0, &format!("{}{would}", progress(doing, "k")), "");
        }
    }
}

#[test]
fn what_ends_no_use_tells_none() {
    let sandbox = with_used();
    for (verb, doing, did) in
        [("api-key-lock", "Locking", "was locked"), ("api-key-unlock", "Unlocking", "was unlocked")]
    {
        sandbox.run(&[verb, "k", "-f"]).is(0, &done(doing, "k", did), "");
    }
    sandbox.run(&["api-key-disable", "k", "-f", "-q"]).ok();
    // Nothing is done to it any more.
    let unchanged = done("Disabling", "k", "was like that already");
    sandbox.run(&["api-key-disable", "k", "-f"]).is(0, &unchanged, "");
    sandbox.run(&["api-key-disable", "k"]).is(0, &unchanged, "");
    sandbox.run(&["api-key-enable", "k", "-f"]).is(0, &done("Enabling", "k", "was enabled"), "");
}

#[test]
fn of_several_keys_only_those_that_something_is_done_to_are_told() {
    let sandbox = with_used();
    sandbox.create("off", &["--disabled"]);
    sandbox.create("safe", &["--lock"]);
    sandbox.create("z", &[]);
    let disabled = sandbox.run(&["api-key-disable", "off", "safe", "nope", "z", "-f", "-q"]);
    assert!(!disabled.code(12).stderr.contains("created"), "{disabled:#?}");
    sandbox.run(&["api-key-enable", "z", "-f"]).ok();
    let disabled = sandbox.run(&["api-key-disable", "off", "safe", "nope", "z", "-f"]);
    let told: Vec<&str> =
        disabled.code(12).stderr.lines().filter(|l| l.contains("created")).collect();
    assert_eq!(redact(&told.concat()), facts(1, "z").trim_end());
    assert!(!disabled.stderr.contains("Tokens"), "nobody used 'z': {disabled:#?}");
    // One of them was used, and is told of with the others.
    let both = sandbox.run(&["api-key-delete", "k", "z", "-f"]);
    let told =
        [facts_of(1, "k", TODAY, USED), facts(2, "z"), TOKENS.replace("with it", "with them")];
    both.ok().stderr(&told.concat());
}
