//! `api-key-delete`: asks, deletes what was meant and nothing else, and says what became of each.

use crate::support::Sandbox;
use crate::support::expected::{
    ambiguous, array, behind_ids, done, facts, failed, locked, not_found, outcome, progress,
    unanswered,
};

fn keys(names: &[&str]) -> (Sandbox, Vec<String>) {
    let sandbox = Sandbox::new();
    let ids = names.iter().map(|name| sandbox.create(name, &[])).collect();
    (sandbox, ids)
}

/// What stands before the question about `k`.
fn begun() -> String {
    format!("{}{}", progress("Deleting", "k"), facts(1, "k"))
}

const QUESTION: &str = "Are you sure you want to delete API key 'k'? [y/N]> ";

#[test]
fn force_deletes_without_a_question() {
    for force in ["-f", "--force"] {
        let (sandbox, ids) = keys(&["a", "b", "c", "d"]);
        sandbox.run(&["api-key-delete", "a", force]).is(
            0,
            &done("Deleting", "a", "was deleted"),
            &facts(1, "a"),
        );
        sandbox.run(&["api-key-delete", force, &ids[1]]).is(
            0,
            &done("Deleting", "[ID1]", "was deleted"),
            &facts(1, "b"),
        );
        sandbox.run(&["api-key-delete", "c", "-q", force]).is(0, "API key c was deleted\n", "");
        let json = array(&[outcome("\"[ID1]\"", "\"d\"", "deleted")]);
        sandbox.run(&["api-key-delete", "d", "--output", "json", force]).is(0, &json, "");
        assert_eq!(sandbox.names(), [""; 0]);
    }
}

#[test]
fn a_deleted_key_is_gone_by_name_by_id_and_by_value() {
    let sandbox = Sandbox::new();
    let (id, value) = sandbox.create_with_value("k", &[]);
    sandbox.run(&["api-key-delete", "k", "-f"]).ok();
    sandbox.run(&["api-key", "k", "-o", "json"]).is(3, "", &not_found("k"));
    sandbox.run(&["api-key", &id, "-o", "json"]).is(3, "", &not_found("[ID1]"));
    sandbox.run_input(&["api-key-lookup"], &value).code(3);
    sandbox.run(&["api-key-delete", "k", "-f"]).is(3, &progress("Deleting", "k"), &not_found("k"));
    sandbox.run(&["api-key-delete", &id, "-f"]).is(
        3,
        &progress("Deleting", "[ID1]"),
        &not_found("[ID1]"),
    );
}

#[test]
fn yes_on_standard_input_goes_on() {
    for answer in ["y\n", "yes\n", "Y\n", "YES\n", " y \n", "y", "y\r\n"] {
        let (sandbox, _) = keys(&["k"]);
        let echoed = answer.trim_end_matches('\n').replace('\r', "\\r");
        let stdout = format!("{}{QUESTION}{echoed}\nOK\nAPI key k was deleted\n", begun());
        sandbox.run_input(&["api-key-delete", "k"], answer).is(0, &stdout, "");
        assert_eq!(sandbox.names(), [""; 0]);
    }
}

#[test]
fn no_on_standard_input_cancels() {
    let (sandbox, _) = keys(&["k"]);
    let before = sandbox.store_bytes();
    for answer in ["n", "no", "No", "N"] {
        let stdout = format!("{}{QUESTION}{answer}\n", begun());
        let outcome = sandbox.run_input(&["api-key-delete", "k"], &format!("{answer}\n"));
        outcome.is(13, &stdout, "Cancelled; nothing was changed.\n");
    }
    let quiet = sandbox.run_input(&["api-key-delete", "k", "-q"], "n\n");
    quiet.is(13, &format!("{}{QUESTION}n\n", facts(1, "k")), "Cancelled; nothing was changed.\n");
    assert_eq!(sandbox.store_bytes(), before);
}

#[test]
fn any_other_answer_changes_nothing_and_names_force() {
    let (sandbox, _) = keys(&["k"]);
    let before = sandbox.store_bytes();
    let begun = begun();
    let neither =
        unanswered("The answer on standard input was neither 'y' nor 'n'; nothing was changed.");
    for (answer, echoed) in [
        ("maybe\n", "maybe"),
        ("\n", ""),
        ("yy\n", "yy"),
        ("delete\n", "delete"),
        ("\x1b[A\ny\n", "\\u{1b}[A"),
    ] {
        let outcome = sandbox.run_input(&["api-key-delete", "k"], answer);
        outcome.is(2, &format!("{begun}{QUESTION}{echoed}\n"), &neither);
    }
    let nobody = unanswered("Nobody answered on standard input; nothing was changed.");
    sandbox.run(&["api-key-delete", "k"]).is(2, &format!("{begun}{QUESTION}\n"), &nobody);
    sandbox.bash("ibmcloud-iam api-key-delete k <&-").is(
        2,
        &format!("{begun}{QUESTION}\n"),
        &nobody,
    );
    assert_eq!(sandbox.store_bytes(), before);
}

#[test]
fn no_more_than_one_line_is_read() {
    let (sandbox, _) = keys(&["k"]);
    let stdout = format!("{}{QUESTION}y\nOK\nAPI key k was deleted\nrest\nof it\n", begun());
    let script = "printf 'y\\nrest\\nof it\\n' | { ibmcloud-iam api-key-delete k; cat; }";
    sandbox.bash(script).is(0, &stdout, "");
}

#[test]
fn json_asks_no_questions() {
    let (sandbox, _) = keys(&["k"]);
    let before = sandbox.store_bytes();
    let failure =
        unanswered("JSON output asks no questions, and this command needs a confirmation.");
    sandbox.run_input(&["api-key-delete", "k", "-o", "json"], "y\n").is(2, "", &failure);
    assert_eq!(sandbox.store_bytes(), before);
}

#[test]
fn several_keys_are_asked_about_once() {
    let (sandbox, _) = keys(&["a", "b c", "d"]);
    let listed = [facts(1, "a"), facts(2, "b c")].concat();
    let question = format!("{listed}Are you sure you want to delete these 2 API keys? [y/N]> ");
    let cancelled = sandbox.run_input(&["api-key-delete", "a", "b c"], "no\n");
    cancelled.is(13, &format!("{question}no\n"), "Cancelled; nothing was changed.\n");
    let both =
        [done("Deleting", "a", "was deleted"), done("Deleting", "b c", "was deleted")].concat();
    sandbox.run_input(&["api-key-delete", "a", "b c"], "yes\n").is(
        0,
        &format!("{question}yes\n{both}"),
        "",
    );
    assert_eq!(sandbox.names(), ["d"]);
}

#[test]
fn one_failure_does_not_stop_the_others() {
    let (sandbox, _) = keys(&["a", "twice", "twice", "z"]);
    sandbox.create("safe", &["--lock"]);
    let args = ["api-key-delete", "a", "nope", "twice", "safe", "z", "-f"];
    let stdout = [
        done("Deleting", "a", "was deleted"),
        progress("Deleting", "nope"),
        progress("Deleting", "twice"),
        progress("Deleting", "safe"),
        done("Deleting", "z", "was deleted"),
    ]
    .concat();
    let stderr = [
        facts(1, "a"),
        facts(2, "z"),
        not_found("nope"),
        behind_ids(2, &ambiguous("twice", &[("active", "2026-11-21T09:00+0000"); 2])),
        behind_ids(4, &locked("safe")),
        failed("3 of 5 API keys failed."),
    ]
    .concat();
    sandbox.run(&args).is(12, &stdout, &stderr);
    assert_eq!(sandbox.names(), ["twice", "twice", "safe"]);
}

#[test]
fn json_tells_the_outcome_of_each() {
    let (sandbox, ids) = keys(&["a", "z"]);
    let missing = "ApiKey-00000000-0000-4000-8000-000000000000";
    let args = ["api-key-delete", "a", "nope", missing, &ids[1], "-f", "-o", "json"];
    let stdout = array(&[
        outcome("\"[ID1]\"", "\"a\"", "deleted"),
        outcome("null", "\"nope\"", "failed"),
        outcome("\"[ID2]\"", "null", "failed"),
        outcome("\"[ID3]\"", "\"z\"", "deleted"),
    ]);
    let stderr =
        [not_found("nope"), not_found("[ID1]"), failed("2 of 4 API keys failed.")].concat();
    sandbox.run(&args).is(12, &stdout, &stderr);
    assert_eq!(sandbox.names(), [""; 0]);
}

#[test]
fn quiet_and_json_errors_report_each_failure_too() {
    let (sandbox, _) = keys(&["a", "b"]);
    let hint = "Run 'ibmcloud-iam api-keys' to list the API keys.\n";
    let quiet = format!(
        "API key 'x' was not found.\n{hint}API key 'y' was not found.\n{hint}2 of 3 API keys failed.\n"
    );
    sandbox.run(&["api-key-delete", "x", "a", "y", "-f", "-q"]).is(
        12,
        "API key a was deleted\n",
        &quiet,
    );
    let json = concat!(
        r#"{"kind":"some_failed","exit_code":12,"#,
        r#""message":"2 of 3 API keys failed.\nAPI key 'x' was not found.\nAPI key 'y' was not found.","#,
        r#""hint":null,"code":null,"status":null,"trace":null}"#,
        "\n"
    );
    let args = ["api-key-delete", "x", "b", "y", "-f", "-q", "--error-format", "json"];
    sandbox.run(&args).is(12, "API key b was deleted\n", json);
}

#[test]
fn only_keys_that_can_be_deleted_are_asked_about() {
    let (sandbox, _) = keys(&["a"]);
    let stdout = [
        &facts(1, "a"),
        "Are you sure you want to delete API key 'a'? [y/N]> y\n",
        &progress("Deleting", "nope"),
        &done("Deleting", "a", "was deleted"),
    ]
    .concat();
    let stderr = [not_found("nope"), failed("1 of 2 API keys failed.")].concat();
    sandbox.run_input(&["api-key-delete", "nope", "a"], "y\n").is(12, &stdout, &stderr);
    let nobody = [progress("Deleting", "a"), progress("Deleting", "b")].concat();
    let failures = [not_found("a"), not_found("b"), failed("2 of 2 API keys failed.")].concat();
    sandbox.run(&["api-key-delete", "a", "b"]).is(12, &nobody, &failures);
}

#[test]
fn a_key_that_is_named_twice_is_deleted_once() {
    let (sandbox, ids) = keys(&["a", "b"]);
    let both =
        [done("Deleting", "a", "was deleted"), done("Deleting", "b", "was deleted")].concat();
    let told = [facts(1, "a"), facts(2, "b")].concat();
    sandbox.run(&["api-key-delete", "a", &ids[0], "b", "a", "-f"]).is(0, &both, &told);
}

#[test]
fn a_name_with_two_keys_deletes_neither() {
    let (sandbox, ids) = keys(&["k", "k"]);
    let before = sandbox.store_bytes();
    let failure = ambiguous("k", &[("active", "2026-11-21T09:00+0000"); 2]);
    sandbox.run(&["api-key-delete", "k", "-f"]).is(4, &progress("Deleting", "k"), &failure);
    sandbox.run_input(&["api-key-delete", "k"], "y\n").is(4, &progress("Deleting", "k"), &failure);
    sandbox.run(&["api-key-delete", "k", "-f", "-o", "json"]).is(4, "", &failure);
    assert_eq!(sandbox.store_bytes(), before);
    sandbox.run(&["api-key-delete", &ids[0], "-f"]).is(
        0,
        &done("Deleting", "[ID1]", "was deleted"),
        &facts(1, "k"),
    );
    assert_eq!(sandbox.keys()[0]["id"], ids[1]);
}

#[test]
fn a_phased_out_namesake_counts_too() {
    let (sandbox, ids) = keys(&["k"]);
    sandbox.run(&["api-key-disable", "k", "-f"]).ok();
    sandbox.create_at("2026-11-22T09:00:00Z", "k", &[]);
    let candidates = [("phased out", "2026-11-21T09:00+0000"), ("active", "2026-11-22T09:00+0000")];
    sandbox.run(&["api-key-delete", "k", "-f"]).is(
        4,
        &progress("Deleting", "k"),
        &ambiguous("k", &candidates),
    );
    sandbox.run(&["api-key-delete", &ids[0], "-f", "-q"]).is(0, "API key [ID1] was deleted\n", "");
    sandbox.run(&["api-key-delete", "k", "-f", "-q"]).is(0, "API key k was deleted\n", "");
}

#[test]
fn a_locked_key_stays() {
    let (sandbox, ids) = keys(&["k"]);
    sandbox.run(&["api-key-lock", "k", "-f"]).ok();
    let before = sandbox.store_bytes();
    sandbox.run(&["api-key-delete", "k", "-f"]).is(6, &progress("Deleting", "k"), &locked("k"));
    sandbox.run_input(&["api-key-delete", "k"], "y\n").is(
        6,
        &progress("Deleting", "k"),
        &locked("k"),
    );
    sandbox.run(&["api-key-delete", &ids[0], "-f", "-o", "json"]).is(6, "", &locked("[ID1]"));
    sandbox.run(&["api-key-delete", "k", "--dry-run"]).is(
        6,
        &progress("Deleting", "k"),
        &locked("k"),
    );
    assert_eq!(sandbox.store_bytes(), before);
    sandbox.run(&["api-key-unlock", "k", "-f"]).ok();
    sandbox.run(&["api-key-delete", "k", "-f"]).is(
        0,
        &done("Deleting", "k", "was deleted"),
        &facts(1, "k"),
    );
}

#[test]
fn a_dry_run_asks_nothing_and_deletes_nothing() {
    let (sandbox, _) = keys(&["a", "b"]);
    let before = sandbox.store_bytes();
    let would = |name: &str| {
        format!("{}Dry run: API key {name} would be deleted\n", progress("Deleting", name))
    };
    sandbox.run(&["api-key-delete", "a", "--dry-run"]).is(0, &would("a"), "");
    sandbox.run(&["api-key-delete", "a", "-f", "--dry-run", "-q"]).is(
        0,
        "Dry run: API key a would be deleted\n",
        "",
    );
    let json = array(&[
        outcome("\"[ID1]\"", "\"a\"", "would be deleted"),
        outcome("\"[ID2]\"", "\"b\"", "would be deleted"),
    ]);
    sandbox.run(&["api-key-delete", "a", "b", "--dry-run", "-o", "json"]).is(0, &json, "");
    let stdout = [would("a"), progress("Deleting", "nope")].concat();
    let stderr = [not_found("nope"), failed("1 of 2 API keys failed.")].concat();
    sandbox.run(&["api-key-delete", "a", "nope", "--dry-run"]).is(12, &stdout, &stderr);
    assert_eq!(sandbox.store_bytes(), before);
}

#[test]
fn a_deletion_can_be_repeated() {
    let (sandbox, ids) = keys(&["a", "b", "c"]);
    let again = ["api-key-delete", "a", &ids[1], "--force", "--ignore-missing"];
    sandbox.run(&again).ok().stderr(&[facts(1, "a"), facts(2, "b")].concat());
    let (a, b) =
        (done("Deleting", "a", "was not there"), done("Deleting", "[ID1]", "was not there"));
    sandbox.run(&again).is(0, &[a, b].concat(), "");
    sandbox.run(&["api-key-delete", "a", "--ignore-missing"]).is(
        0,
        &done("Deleting", "a", "was not there"),
        "",
    );
    let json =
        array(&[outcome("null", "\"a\"", "missing"), outcome("\"[ID1]\"", "null", "missing")]);
    for more in [&["-o", "json"][..], &["-o", "json", "--dry-run"]] {
        sandbox.run(&[&again[..], more].concat()).is(0, &json, "");
    }
    // Whatever else is wrong is a failure.
    sandbox.create("c", &[]);
    sandbox.run(&["api-key-delete", "c", "--ignore-missing", "-f"]).code(4);
    sandbox.run(&["api-key-lock", "a", "--ignore-missing", "-f"]).code(2);
    assert_eq!(sandbox.names(), ["c", "c"]);
}

#[test]
fn deleting_from_a_store_that_was_never_written_makes_none() {
    let sandbox = Sandbox::new();
    sandbox.run(&["api-key-delete", "k", "-f"]).is(3, &progress("Deleting", "k"), &not_found("k"));
    assert!(!sandbox.root().join("home/store").exists());
}

#[test]
fn names_may_hold_anything() {
    let names = ["with spaces", "a/b:c", "it's", "\"quoted\"", "🔑", "ApiKey-x", "tab\there"];
    let (sandbox, _) = keys(&names);
    let question = format!(
        "{}Are you sure you want to delete API key 'tab\\there'? [y/N]> n\n",
        facts(1, "tab\\there")
    );
    let cancelled = sandbox.run_input(&["api-key-delete", "tab\there", "-q"], "n\n");
    cancelled.is(13, &question, "Cancelled; nothing was changed.\n");
    for name in names {
        let shown = name.replace('\t', "\\t");
        sandbox.run(&["api-key-delete", name, "-f"]).is(
            0,
            &done("Deleting", &shown, "was deleted"),
            &facts(1, &shown),
        );
    }
    assert_eq!(sandbox.names(), [""; 0]);
}

#[test]
fn a_name_with_a_line_break_cannot_forge_a_line_of_a_failure() {
    let (sandbox, _) = keys(&[]);
    let shown = "x\\nOK";
    sandbox.run(&["api-key-delete", "x\nOK", "-f"]).is(
        3,
        &progress("Deleting", shown),
        &not_found(shown),
    );
}

#[test]
fn at_least_one_key_must_be_named() {
    let (sandbox, _) = keys(&["k"]);
    for args in [&["api-key-delete"][..], &["api-key-delete", "-f"], &["api-key-delete", "", "-f"]]
    {
        let outcome = sandbox.run(args);
        assert_eq!((outcome.code, &*outcome.stdout), (2, ""), "{args:?}");
        assert_ne!(outcome.stderr, "", "{args:?}");
    }
    assert_eq!(sandbox.names(), ["k"]);
}
