//! `api-keys`: the list, its filters, its order, its forms.

use crate::support::expected::{array, key_json};
use crate::support::{Outcome, Sandbox};

const PROGRESS: &str =
    "Getting all API keys under 10ca1000000000000000000000000000 as local@localhost...\n";

/// Five keys of different ages, one for each thing a filter can tell apart.
fn five_keys() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.create_at("2026-11-01T08:00:00Z", "ci-deploy", &["-d", "the pipeline"]);
    sandbox.create_at("2026-11-02T08:00:00Z", "laptop", &["--lock"]);
    sandbox.create_at("2026-11-03T08:00:00Z", "CI-old", &["--disabled", "-d", "a pipeline of old"]);
    sandbox.create_at("2026-11-04T08:00:00Z", "expired", &["-e", "2026-11-05"]);
    sandbox.create_at("2026-11-05T08:00:00Z", "build", &["-d", "Zeta", "--lock"]);
    sandbox
}

/// The names in a JSON listing.
#[track_caller]
fn names(outcome: &Outcome) -> Vec<String> {
    let keys = outcome.json();
    keys.as_array().unwrap().iter().map(|key| key["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_empty_list_says_so_and_makes_no_store() {
    let sandbox = Sandbox::new();
    sandbox.run(&["api-keys"]).is(0, &format!("{PROGRESS}OK\nNo API keys found\n"), "");
    sandbox.run(&["api-keys", "-q"]).is(0, "No API keys found\n", "");
    sandbox.run(&["api-keys", "--uuid"]).is(0, "", "");
    sandbox.run(&["api-keys", "--output", "json"]).is(0, "[]\n", "");
    assert!(!sandbox.root().join("home/store").exists(), "reading makes nothing");
}

#[test]
fn three_lines_precede_the_rows() {
    let table = "\
ID                                            Name        Description         Created At              Last Updated            Locked   State
[ID1]   ci-deploy   the pipeline        2026-11-01T08:00+0000   2026-11-01T08:00+0000   false    active
[ID2]   laptop                          2026-11-02T08:00+0000   2026-11-02T08:00+0000   true     active
[ID3]   CI-old      a pipeline of old   2026-11-03T08:00+0000   2026-11-03T08:00+0000   false    disabled
[ID4]   expired                         2026-11-04T08:00+0000   2026-11-04T08:00+0000   false    expired
[ID5]   build       Zeta                2026-11-05T08:00+0000   2026-11-05T08:00+0000   true     active
";
    let sandbox = five_keys();
    sandbox.run(&["api-keys"]).is(0, &format!("{PROGRESS}OK\n{table}"), "");
    sandbox.run(&["api-keys", "-q"]).is(0, table, "");
    sandbox.run(&["api-keys", "--force"]).is(0, &format!("{PROGRESS}OK\n{table}"), "");
    sandbox.run_env(&[("IBMCLOUD_QUIET", "true")], &["api-keys"]).is(0, table, "");
}

#[test]
fn wide_adds_expiry_leak_action_and_creator() {
    let sandbox = Sandbox::new();
    sandbox.create("a", &["-e", "2027-05-01T12:34+0000", "--action-if-leaked", "DELETE"]);
    sandbox.create("b", &[]);
    let table = "\
ID                                            Name   Description   Created At              Last Updated            Locked   State    Expires At              Action If Leaked   Created By
[ID1]   a                    2026-11-21T09:00+0000   2026-11-21T09:00+0000   false    active   2027-05-01T12:34+0000   delete             IBMid-10CA100000
[ID2]   b                    2026-11-21T09:00+0000   2026-11-21T09:00+0000   false    active   never                   disable            IBMid-10CA100000
";
    sandbox.run(&["api-keys", "--wide", "-q"]).is(0, table, "");
}

#[test]
fn ids_only_stand_one_a_line() {
    let sandbox = five_keys();
    sandbox.run(&["api-keys", "--uuid"]).is(0, "[ID1]\n[ID2]\n[ID3]\n[ID4]\n[ID5]\n", "");
    let ids: Vec<String> =
        sandbox.keys().iter().map(|key| key["id"].as_str().unwrap().to_owned()).collect();
    let printed = sandbox.run(&["api-keys", "--uuid", "-q"]).stdout;
    assert_eq!(printed.lines().collect::<Vec<_>>(), ids);
}

#[test]
fn json_is_one_array_with_the_fields_of_the_api_in_order() {
    let sandbox = Sandbox::new();
    sandbox.create("a", &["-d", r#"{"owner": "ci"}"#, "--lock", "--action-if-leaked", "none"]);
    sandbox.create("b", &["--disabled", "--expires-in", "90d"]);
    let expected = array(&[
        key_json(
            1,
            "a",
            &[
                ("locked", "true"),
                ("description", r#""{\"owner\": \"ci\"}""#),
                ("action_when_leaked", "\"none\""),
            ],
        ),
        key_json(
            2,
            "b",
            &[
                ("disabled", "true"),
                ("expires_at", "\"2027-02-19T09:00+0000\""),
                ("state", "\"disabled\""),
            ],
        ),
    ]);
    sandbox.run(&["api-keys", "--output", "json"]).is(0, &expected, "");
}

#[test]
fn every_spelling_of_the_flag_and_the_command_is_one_thing() {
    let sandbox = five_keys();
    let expected = sandbox.run(&["api-keys", "--output", "json"]);
    for args in [
        &["api-keys", "--output=json"][..],
        &["api-keys", "--output", "JSON"],
        &["api-keys", "--output=Json"],
        &["api-keys", "-o", "json"],
        &["api-keys", "-ojson"],
        &["-o", "JSON", "api-keys"],
        &["iam", "api-keys", "-o", "json"],
        &["--output", "json", "iam", "api-keys"],
        &["api-key-list", "-o", "json"],
        &["api-keys", "-o", "json", "-q"],
        &["api-keys", "-o", "json", "--uuid"],
        &["api-keys", "-o", "json", "--wide"],
    ] {
        let outcome = sandbox.run(args);
        assert_eq!(
            (outcome.code, &outcome.stdout, &outcome.stderr),
            (0, &expected.stdout, &expected.stderr),
            "{args:?}"
        );
    }
}

#[test]
fn filters_find_parts_of_names_and_descriptions() {
    let sandbox = five_keys();
    sandbox.create("odd", &["-d", "-x"]);
    sandbox.run(&["api-key-update", "odd", "-n", "--odd"]).ok();
    for (filter, found) in [
        (&["-n", "ci-"][..], &["ci-deploy"][..]),
        (&["--name", "i"], &["ci-deploy", "expired", "build"]),
        (&["--name=CI"], &["CI-old"]),
        (&["-n", ""], &["ci-deploy", "laptop", "CI-old", "expired", "build", "--odd"]),
        (&["-n", "--od"], &["--odd"]),
        (&["-d", "pipeline"], &["ci-deploy", "CI-old"]),
        (&["--description", "of old"], &["CI-old"]),
        (&["-d", "-x"], &["--odd"]),
        (&["-n", "ci", "-d", "pipeline"], &["ci-deploy"]),
        (&["-n", "nothing like it"], &[]),
    ] {
        assert_eq!(
            names(&sandbox.run(&[&["api-keys", "-o", "json"], filter].concat())),
            found,
            "{filter:?}"
        );
    }
    sandbox.run(&["api-keys", "-n", "none of them"]).is(
        0,
        &format!("{PROGRESS}OK\nNo API keys found\n"),
        "",
    );
}

#[test]
fn filters_work_in_every_form_of_output() {
    let sandbox = five_keys();
    let row = "\
ID                                            Name    Description   Created At              Last Updated            Locked   State
[ID1]   build   Zeta          2026-11-05T08:00+0000   2026-11-05T08:00+0000   true     active
";
    sandbox.run(&["api-keys", "-n", "build"]).is(0, &format!("{PROGRESS}OK\n{row}"), "");
    let id = sandbox.keys()[4]["id"].as_str().unwrap().to_owned();
    let printed = sandbox.run(&["api-keys", "-n", "build", "--uuid"]);
    assert_eq!(
        (printed.code, printed.stdout, printed.stderr),
        (0, format!("{id}\n"), String::new())
    );
}

#[test]
fn states_can_be_asked_for() {
    let sandbox = five_keys();
    sandbox.create("ci-deploy", &[]);
    sandbox
        .run(&["api-key-update", sandbox.keys()[0]["id"].as_str().unwrap(), "--expires-in", "7d"])
        .ok();
    sandbox.create("expired", &[]);
    for (states, found) in [
        (&["--state", "active"][..], &["laptop", "build", "ci-deploy", "expired"][..]),
        (&["--state", "disabled"], &["CI-old"]),
        (&["--state", "expired"], &[]),
        (&["--state", "phasing-out"], &["ci-deploy"]),
        (&["--state", "phased-out"], &["expired"]),
        (&["--state", "locked"], &["laptop", "build"]),
        (&["--state", "disabled,phased-out"], &["CI-old", "expired"]),
        (&["--state", "disabled", "--state", "phasing-out"], &["ci-deploy", "CI-old"]),
        (&["--state", "active", "-n", "p"], &["laptop", "ci-deploy", "expired"]),
    ] {
        assert_eq!(
            names(&sandbox.run(&[&["api-keys", "-o", "json"], states].concat())),
            found,
            "{states:?}"
        );
    }
}

#[test]
fn a_state_is_known_when_the_namesake_is_filtered_out() {
    let sandbox = Sandbox::new();
    sandbox.create("k", &["-d", "old", "--disabled"]);
    sandbox.create("k", &["-d", "new"]);
    let rows = "\
ID                                            Name   Description   Created At              Last Updated            Locked   State
[ID1]   k      old           2026-11-21T09:00+0000   2026-11-21T09:00+0000   false    phased out
";
    sandbox.run(&["api-keys", "-d", "old", "-q"]).is(0, rows, "");
}

#[test]
fn the_order_is_by_age_unless_a_field_is_named() {
    let sandbox = five_keys();
    sandbox
        .run_at("2026-11-20T08:00:00Z", &["api-key-update", "ci-deploy", "-d", "the pipeline, new"])
        .ok();
    for (sort, order) in [
        (&[][..], ["ci-deploy", "laptop", "CI-old", "expired", "build"]),
        (&["--sort", "created_at"], ["ci-deploy", "laptop", "CI-old", "expired", "build"]),
        (&["--sort", "name"], ["CI-old", "build", "ci-deploy", "expired", "laptop"]),
        (&["--sort", "description"], ["laptop", "expired", "build", "CI-old", "ci-deploy"]),
        (&["--sort", "modified_at"], ["laptop", "CI-old", "expired", "build", "ci-deploy"]),
        (&["--sort", "created_by"], ["ci-deploy", "laptop", "CI-old", "expired", "build"]),
    ] {
        assert_eq!(
            names(&sandbox.run(&[&["api-keys", "-o", "json"], sort].concat())),
            order,
            "{sort:?}"
        );
    }
}

#[test]
fn columns_line_up_on_a_terminal_whatever_the_letters() {
    let sandbox = Sandbox::new();
    sandbox.create("🔑 日本", &["-d", "naïve"]);
    sandbox.create("plain", &["-d", "{\"json\": [1, 2]}"]);
    sandbox.create("a/b:c'd\"e", &[]);
    let rows = "\
ID                                            Name        Description        Created At              Last Updated            Locked   State
[ID1]   🔑 日本     naïve              2026-11-21T09:00+0000   2026-11-21T09:00+0000   false    active
[ID2]   plain       {\"json\": [1, 2]}   2026-11-21T09:00+0000   2026-11-21T09:00+0000   false    active
[ID3]   a/b:c'd\"e                      2026-11-21T09:00+0000   2026-11-21T09:00+0000   false    active
";
    sandbox.run(&["api-keys", "-q"]).is(0, rows, "");
}

#[test]
fn what_a_terminal_would_act_on_is_escaped_in_the_table_and_intact_in_json() {
    let sandbox = Sandbox::new();
    sandbox.create("red\x1b[31m", &["-d", "two\nlines\tand \u{202e}bidi"]);
    let rows = "\
ID                                            Name            Description                    Created At              Last Updated            Locked   State
[ID1]   red\\u{1b}[31m   two\\nlines\\tand \\u{202e}bidi   2026-11-21T09:00+0000   2026-11-21T09:00+0000   false    active
";
    sandbox.run(&["api-keys", "-q"]).is(0, rows, "");
    let key = &sandbox.keys()[0];
    assert_eq!(key["name"], "red\x1b[31m");
    assert_eq!(key["description"], "two\nlines\tand \u{202e}bidi");
}

#[test]
fn colours_are_on_when_asked_for_and_never_in_json() {
    let sandbox = Sandbox::new();
    let id = sandbox.create("a", &[]);
    let plain = sandbox.run(&["api-keys"]).stdout;
    let coloured = format!(
        "{PROGRESS}\x1b[32;1mOK\x1b[0m\n\
         \x1b[1mID                                            Name   Description   Created At              \
         Last Updated            Locked   State\x1b[0m\n\
         \x1b[36;1m{id}\x1b[0m   a                    2026-11-21T09:00+0000   2026-11-21T09:00+0000   \
         false    active\n"
    );
    assert_eq!(sandbox.run(&["api-keys", "--color", "always"]).ok().stdout, coloured);
    assert_eq!(sandbox.run_env(&[("IBMCLOUD_COLOR", "true")], &["api-keys"]).ok().stdout, coloured);
    for (env, args) in [
        (&[("IBMCLOUD_COLOR", "true"), ("NO_COLOR", "1")][..], &["api-keys"][..]),
        (&[("IBMCLOUD_COLOR", "true")], &["api-keys", "--color", "never"]),
        (&[("IBMCLOUD_COLOR", "false")], &["api-keys"]),
    ] {
        assert_eq!(sandbox.run_env(env, args).ok().stdout, plain, "{env:?} {args:?}");
    }
    let json = sandbox.run(&["api-keys", "-o", "json"]).stdout;
    assert_eq!(sandbox.run(&["api-keys", "-o", "json", "--color", "always"]).stdout, json);
}

#[test]
fn a_reader_that_left_is_no_error() {
    let sandbox = five_keys();
    for form in ["", "--output json", "--uuid"] {
        let script = format!(
            "exec 3> >(true); wait $!; ibmcloud-iam api-keys {form} >&3; echo \"code $?\" >&2"
        );
        sandbox.bash(&script).is(0, "", "code 0\n");
    }
}

#[test]
fn standard_output_that_cannot_be_written_is_an_error() {
    let sandbox = five_keys();
    let message =
        "FAILED\nStandard output could not be written: No space left on device (os error 28).\n\n";
    sandbox.bash("ibmcloud-iam api-keys > /dev/full").is(1, "", message);
}
