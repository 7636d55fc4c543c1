//! `api-key-lookup`: which key is this? The value comes from standard input or a file, never from the command line.

use std::fs;

use crate::support::expected::{failed, key_json};
use crate::support::{Outcome, Sandbox, write_private};

const PROGRESS: &str = "Looking up the API key of a value under 10ca1000000000000000000000000000 as local@localhost...\n";
const UNKNOWN: &str =
    "API key with this value was not found.\nRun 'ibmcloud-iam api-keys' to list the API keys.";
const DETAILS: &str = "
ID                 [ID1]
Name               ci
Description
CRN                crn:v1:bluemix:public:iam-identity::a/10ca1000000000000000000000000000::apikey:[ID1]
Version            [TAG]
Created At         2026-11-21T09:00+0000
Created By         IBMid-10CA100000
Last Updated       2026-11-21T09:00+0000
Expires At         never
Action If Leaked   disable
Locked             false
State              active
";

/// A box with two keys; the value belongs to the first.
fn two_keys() -> (Sandbox, String, String) {
    let sandbox = Sandbox::new();
    let (id, value) = sandbox.create_with_value("ci", &[]);
    sandbox.create("other", &[]);
    (sandbox, id, value)
}

/// The id alone was printed.
#[track_caller]
fn found(outcome: &Outcome, id: &str) {
    assert_eq!((outcome.code, &*outcome.stdout, &*outcome.stderr), (0, &*format!("{id}\n"), ""));
}

#[test]
fn the_key_is_shown_in_every_form() {
    let (sandbox, id, value) = two_keys();
    sandbox.run_input(&["api-key-lookup"], &value).is(0, &format!("{PROGRESS}OK\n{DETAILS}"), "");
    sandbox.run_input(&["api-key-lookup", "-q"], &value).is(0, DETAILS, "");
    sandbox.run_input(&["api-key-lookup", "--output", "json"], &value).is(
        0,
        &key_json(1, "ci", &[]),
        "",
    );
    for args in
        [&["api-key-lookup", "--uuid"][..], &["iam", "api-key-lookup", "-", "--uuid", "--force"]]
    {
        found(&sandbox.run_input(args, &value), &id);
    }
}

#[test]
fn the_value_may_come_in_any_form_on_standard_input_or_in_a_file() {
    let (sandbox, id, value) = two_keys();
    let saved =
        sandbox.run(&["api-key-create", "saved", "--file", "saved.json", "-o", "json"]).json();
    found(
        &sandbox.run(&["api-key-lookup", "@saved.json", "--uuid"]),
        saved["id"].as_str().unwrap(),
    );
    for text in [
        value.clone(),
        format!("{value}\n"),
        format!("  {value}\r\n\n"),
        format!("{{\"apikey\": \"{value}\"}}"),
        format!(
            "{{\"name\":\"x\",\"description\":\"\",\"apikey\":\"{value}\",\"locked\":false,\"uuid\":\"\"}}\n"
        ),
        format!("{{\n\t\"name\": \"2018\",\n\t\"apiKey\": \"{value}\"\n}}"),
    ] {
        found(&sandbox.run_input(&["api-key-lookup", "--uuid"], &text), &id);
        write_private(&sandbox.work("a file"), &text);
        found(&sandbox.run(&["api-key-lookup", "@a file", "--uuid"]), &id);
        let path = format!("@{}", sandbox.work("a file").display());
        found(&sandbox.run(&["api-key-lookup", &path, "--uuid"]), &id);
    }
}

#[test]
fn a_value_that_no_key_has_is_not_repeated() {
    let (sandbox, _, value) = two_keys();
    let before = sandbox.store_bytes();
    let unknown = failed(&format!("An {UNKNOWN}"));
    for wrong in [&value[..43], &format!("{value}x"), &value.to_ascii_uppercase(), "canary"] {
        sandbox.run_input(&["api-key-lookup"], wrong).is(3, PROGRESS, &unknown);
        sandbox.run_input(&["api-key-lookup", "-o", "json"], wrong).is(3, "", &unknown);
        sandbox.run_input(&["api-key-lookup", "--uuid", "-q"], wrong).is(
            3,
            "",
            &format!("An {UNKNOWN}\n"),
        );
    }
    assert_eq!(sandbox.store_bytes(), before);
    let empty = Sandbox::new();
    empty.run_input(&["api-key-lookup"], &value).is(3, PROGRESS, &unknown);
    assert!(!empty.root().join("home/store").exists(), "looking makes nothing");
}

#[test]
fn a_value_on_the_command_line_is_refused_and_not_repeated() {
    let (sandbox, id, value) = two_keys();
    let refused = failed(
        "A key's value is not taken from the command line, where others can see it.\n\
         Write 'ibmcloud-iam api-key-lookup @FILE', or pipe the value in.",
    );
    for literal in [&*value, "canary-value", "ci", &id, "saved.json"] {
        for more in [&[][..], &["-o", "json"], &["--uuid"]] {
            let args = [&["api-key-lookup", literal], more].concat();
            sandbox.run_input(&args, &value).is(2, "", &refused);
        }
    }
    let json = concat!(
        r#"{"kind":"usage","exit_code":2,"#,
        r#""message":"A key's value is not taken from the command line, where others can see it.","#,
        r#""hint":"Write 'ibmcloud-iam api-key-lookup @FILE', or pipe the value in.","#,
        r#""code":null,"status":null,"trace":null}"#,
        "\n"
    );
    sandbox.run(&["api-key-lookup", &value, "--error-format", "json"]).is(2, "", json);
}

#[test]
fn input_without_a_value_is_a_usage_error() {
    let (sandbox, _, _) = two_keys();
    let empty = failed("There is no value to look up: the input is empty.");
    for input in ["", "\n", "  \t\n", "{\"apikey\": \"\"}"] {
        sandbox.run_input(&["api-key-lookup"], input).is(2, "", &empty);
        write_private(&sandbox.work("file"), input);
        sandbox.run(&["api-key-lookup", "@file"]).is(2, "", &empty);
    }
}

#[test]
fn a_file_that_cannot_be_read_is_an_error() {
    let (sandbox, _, _) = two_keys();
    fs::write(sandbox.work("large"), "x".repeat(64 * 1024 + 1)).unwrap();
    fs::write(sandbox.work("binary"), [0xff, 0xfe, 0]).unwrap();
    fs::create_dir(sandbox.work("directory")).unwrap();
    for (file, why) in [
        ("missing", "No such file or directory (os error 2)"),
        ("directory", "Is a directory (os error 21)"),
        ("large", "it is too large for a key"),
        ("binary", "it is not text"),
        ("", "No such file or directory (os error 2)"),
    ] {
        let failure = failed(&format!("'{file}' cannot be read: {why}."));
        sandbox.run(&["api-key-lookup", &format!("@{file}")]).is(1, "", &failure);
    }
}

#[test]
fn keys_that_open_nothing_are_found_too() {
    let sandbox = Sandbox::new();
    let (_, old) = sandbox.create_with_value("ci", &["--disabled"]);
    let fields = [("disabled", "true"), ("state", "\"disabled\"")];
    sandbox.run_input(&["api-key-lookup", "-o", "json"], &old).is(
        0,
        &key_json(1, "ci", &fields),
        "",
    );
    let (_, new) = sandbox.create_with_value("ci", &["-e", "2026-12-01"]);
    let fields = [("disabled", "true"), ("state", "\"phased out\"")];
    sandbox.run_input(&["api-key-lookup", "-o", "json"], &old).is(
        0,
        &key_json(1, "ci", &fields),
        "",
    );
    let fields = [("expires_at", "\"2026-12-01T00:00+0000\""), ("state", "\"active\"")];
    sandbox.run_input(&["api-key-lookup", "-o", "json"], &new).is(
        0,
        &key_json(1, "ci", &fields),
        "",
    );
}

#[test]
fn looking_changes_nothing() {
    let (sandbox, id, value) = two_keys();
    let before = sandbox.store_bytes();
    found(&sandbox.run_input(&["api-key-lookup", "--uuid"], &value), &id);
    sandbox.run_input(&["api-key-lookup", "-o", "json"], &value).ok();
    assert_eq!(sandbox.store_bytes(), before);
}
