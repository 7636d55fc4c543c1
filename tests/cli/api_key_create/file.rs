//! `--file`: what is written, where, and for whose eyes.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};

use super::nothing_was_made;
use crate::support::expected::{done, failed, key_json, never_expires};
use crate::support::{Sandbox, mode, redact, run};

/// The key file, byte for byte but for ids, tag and value.
pub(super) fn key_file(name: &str, description: &str, locked: bool) -> String {
    let (name, description) =
        (serde_json::to_string(name).unwrap(), serde_json::to_string(description).unwrap());
    [
        "{".to_owned(),
        "\t\"id\": \"[ID1]\",".to_owned(),
        "\t\"crn\": \"crn:v1:bluemix:public:iam-identity::a/10ca1000000000000000000000000000::apikey:[ID1]\","
            .to_owned(),
        "\t\"iam_id\": \"IBMid-10CA100000\",".to_owned(),
        "\t\"account_id\": \"10ca1000000000000000000000000000\",".to_owned(),
        format!("\t\"name\": {name},"),
        format!("\t\"description\": {description},"),
        "\t\"apikey\": \"[VALUE]\",".to_owned(),
        format!("\t\"locked\": {locked},"),
        "\t\"entity_tag\": \"[TAG]\",".to_owned(),
        "\t\"created_at\": \"2026-11-21T09:00+0000\",".to_owned(),
        "\t\"created_by\": \"IBMid-10CA100000\",".to_owned(),
        "\t\"modified_at\": \"2026-11-21T09:00+0000\",".to_owned(),
        "\t\"createdAt\": \"2026-11-21T09:00+0000\",".to_owned(),
        "\t\"uuid\": \"[ID1]\"".to_owned(),
        "}".to_owned(),
    ]
    .join("\n")
}

/// What is said of a key that went to FILE.
pub(super) fn saved(name: &str, file: &str) -> String {
    format!(
        "{}Successfully save API key information to {file}\n",
        done("Creating", name, "was created")
    )
}

#[test]
fn the_file_is_byte_for_byte_what_scripts_read() {
    let sandbox = Sandbox::new();
    sandbox.run(&["api-key-create", "MyKey", "-d", "this is my API key", "--file", "key_file"]).is(
        0,
        &saved("MyKey", "key_file"),
        &never_expires("ibmcloud-iam"),
    );
    let file = sandbox.work("key_file");
    let text = fs::read_to_string(&file).unwrap();
    assert_eq!(redact(&text), key_file("MyKey", "this is my API key", false));
    assert_eq!(mode(&file), 0o600);
    assert_eq!(sandbox.files_in_work(), ["key_file"], "no pending copy is left");
    assert_eq!(sandbox.open_entries(), 0);
    let id = sandbox.run(&["api-key", "MyKey", "--uuid"]).stdout;
    assert_eq!(
        text.lines().nth(1).unwrap().get(8..51),
        Some(id.trim_end()),
        "the id is in columns 9 to 51 of line 2"
    );
    assert_eq!(text.chars().filter(|&c| c == '\t').count(), 14);
    assert!(!text.ends_with('\n'));
}

#[test]
fn with_a_file_the_value_is_printed_nowhere_else() {
    let sandbox = Sandbox::new();
    sandbox.run(&["api-key-create", "a", "-f", "a.json", "-q"]).is(
        0,
        "API key a was created\nSuccessfully save API key information to a.json\n",
        "",
    );
    let json =
        sandbox.run(&["api-key-create", "b", "--file", "b.json", "--output", "json", "--lock"]);
    json.is(0, &key_json(1, "b", &[("locked", "true")]), "");
    assert_eq!(
        redact(&fs::read_to_string(sandbox.work("b.json")).unwrap()),
        key_file("b", "", true)
    );
    for (file, name) in [("a.json", "a"), ("b.json", "b")] {
        let key: serde_json::Value =
            serde_json::from_slice(&fs::read(sandbox.work(file)).unwrap()).unwrap();
        let value = key["apikey"].as_str().unwrap();
        assert_eq!(sandbox.name_of_value(value), name);
        let store = String::from_utf8(sandbox.store_bytes().unwrap()).unwrap();
        assert!(!store.contains(value), "the store never holds a value");
    }
}

#[test]
fn the_file_is_private_whatever_the_umask() {
    let sandbox = Sandbox::new();
    for umask in ["000", "022", "077", "777"] {
        let script = format!("umask {umask}; ibmcloud-iam api-key-create k --file key.{umask} -q");
        let stdout = format!(
            "API key k was created\nSuccessfully save API key information to key.{umask}\n"
        );
        sandbox.bash(&script).is(0, &stdout, "");
        assert_eq!(mode(&sandbox.work(&format!("key.{umask}"))), 0o600, "umask {umask}");
    }
    assert_eq!(mode(&sandbox.store()), 0o600);
    assert_eq!(mode(sandbox.store().parent().unwrap()), 0o700);
}

#[test]
fn an_empty_file_is_filled_and_becomes_private() {
    let sandbox = Sandbox::new();
    sandbox.bash("umask 000; touch k").ok();
    let before = fs::metadata(sandbox.work("k")).unwrap().ino();
    sandbox.run(&["api-key-create", "ci", "--file", "k"]).is(
        0,
        &saved("ci", "k"),
        &never_expires("ibmcloud-iam"),
    );
    let file = sandbox.work("k");
    assert_eq!(redact(&fs::read_to_string(&file).unwrap()), key_file("ci", "", false));
    assert_eq!(mode(&file), 0o600);
    assert_ne!(
        fs::metadata(&file).unwrap().ino(),
        before,
        "it is a file of its own, that nobody had open"
    );
}

#[test]
fn a_file_with_something_in_it_is_replaced_by_force_only() {
    let sandbox = Sandbox::new();
    fs::write(sandbox.work("k"), "another key").unwrap();
    let failure = failed(
        "'k' already exists and is not empty.\nName another file, or replace this one with '--force'.",
    );
    sandbox.run(&["api-key-create", "ci", "--file", "k"]).is(14, "", &failure);
    sandbox.run(&["api-key-create", "ci", "--file", "k", "--dry-run"]).is(14, "", &failure);
    nothing_was_made(&sandbox, &["k"]);
    assert_eq!(fs::read_to_string(sandbox.work("k")).unwrap(), "another key");
    sandbox.run(&["api-key-create", "ci", "--file", "k", "--force"]).is(
        0,
        &saved("ci", "k"),
        &never_expires("ibmcloud-iam"),
    );
    assert_eq!(redact(&fs::read_to_string(sandbox.work("k")).unwrap()), key_file("ci", "", false));
    assert_eq!(mode(&sandbox.work("k")), 0o600);
}

#[test]
fn a_file_that_cannot_take_a_key_is_refused_before_one_is_made() {
    let sandbox = Sandbox::new();
    symlink("target", sandbox.work("link")).unwrap();
    sandbox.bash("mkdir directory; mkfifo fifo; touch file").ok();
    let other = |file: &str, what: &str| {
        failed(&format!(
            "'{file}' is {what}; a key is written to a regular file only.\nName a file that does not exist yet."
        ))
    };
    let missing = |file: &str, directory: &str| {
        failed(&format!(
            "The directory of '{file}' does not exist.\nCreate it with 'mkdir -p {directory}' first."
        ))
    };
    for (file, failure) in [
        ("link", other("link", "a symbolic link")),
        ("directory", other("directory", "a directory")),
        ("fifo", other("fifo", "a FIFO")),
        ("/dev/null", other("/dev/null", "a device")),
        ("missing/k", missing("missing/k", "missing")),
    ] {
        for force in [&[][..], &["--force"], &["-o", "json"]] {
            let args = [&["api-key-create", "ci", "--file", file], force].concat();
            sandbox.run(&args).is(14, "", &failure);
        }
    }
    nothing_was_made(&sandbox, &["directory", "fifo", "file", "link"]);
}

#[test]
fn failures_are_one_json_object_on_request() {
    let sandbox = Sandbox::new();
    fs::write(sandbox.work("k"), "x").unwrap();
    let json = concat!(
        r#"{"kind":"destination","exit_code":14,"message":"'k' already exists and is not empty.","#,
        r#""hint":"Name another file, or replace this one with '--force'.","code":null,"status":null,"trace":null}"#,
        "\n"
    );
    sandbox.run(&["api-key-create", "a", "--file", "k", "--error-format", "json"]).is(14, "", json);
}

#[test]
fn standard_input_is_left_alone() {
    let sandbox = Sandbox::new();
    let script = "printf 'rest\\n' | { ibmcloud-iam api-key-create ci --file k -q; cat; }";
    let stdout = "API key ci was created\nSuccessfully save API key information to k\nrest\n";
    sandbox.bash(script).is(0, stdout, "");
    let closed = run(
        sandbox.program("bash").args(["-c", "ibmcloud-iam api-key-create b --file b -q <&-"]),
        b"",
    );
    closed.is(0, "API key b was created\nSuccessfully save API key information to b\n", "");
}
