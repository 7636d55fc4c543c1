//! `api-key-create`: the value comes out in exactly one place, and the file is exactly as scripts read it.

mod file;
mod reminder;

use std::fs;

use self::file::{key_file, saved};
use crate::support::expected::{PRESERVE, done, failed, key_json, never_expires, progress};
use crate::support::{Sandbox, redact};

/// The six rows under their empty line; scripts read `API Key` from the fifth.
fn rows(name: &str, description: &str, locked: bool) -> String {
    let description = format!("Description   {description}");
    format!(
        "\n\nID            [ID1]\nName          {name}\n{}\nCreated At    2026-11-21T09:00+0000\n\
         API Key       [VALUE]\nLocked        {locked}\n",
        description.trim_end()
    )
}

/// What stands on standard error beside a printed value.
fn warnings() -> String {
    format!("{PRESERVE}{}", never_expires("ibmcloud-iam"))
}

/// Nothing was made and nothing is left half done.
#[track_caller]
fn nothing_was_made(sandbox: &Sandbox, files: &[&str]) {
    assert_eq!(sandbox.names(), [""; 0]);
    assert_eq!(sandbox.open_entries(), 0);
    assert_eq!(sandbox.files_in_work(), files);
}

#[test]
fn a_key_is_printed_in_six_rows() {
    let sandbox = Sandbox::new();
    let created = done("Creating", "ci", "was created");
    sandbox.run(&["api-key-create", "ci"]).is(
        0,
        &format!("{created}{}", rows("ci", "", false)),
        &warnings(),
    );
    let quiet = format!("API key my key was created\n{}", rows("my key", "a description", true));
    sandbox
        .run(&["api-key-create", "my key", "-d", "a description", "--lock", "-q"])
        .is(0, &quiet, "");
    assert_eq!(sandbox.names(), ["ci", "my key"]);
    assert_eq!(sandbox.open_entries(), 0);
}

#[test]
fn json_is_one_object_with_the_value_in_its_last_field() {
    let sandbox = Sandbox::new();
    let plain = key_json(1, "ci", &[("apikey", "\"[VALUE]\"")]);
    sandbox.run(&["api-key-create", "ci", "--output", "json"]).is(0, &plain, "");
    let all = key_json(
        1,
        "all",
        &[
            ("locked", "true"),
            ("disabled", "true"),
            ("expires_at", "\"2027-05-01T12:34+0000\""),
            ("action_when_leaked", "\"delete\""),
            ("description", "\"d\""),
            ("state", "\"disabled\""),
            ("apikey", "\"[VALUE]\""),
        ],
    );
    let flags = [
        "--lock",
        "--disabled",
        "-e",
        "2027-05-01T12:34+0000",
        "--action-if-leaked",
        "DELETE",
        "-d",
        "d",
    ];
    sandbox.run(&[&["-o", "json", "api-key-create", "all"], &flags[..]].concat()).is(0, &all, "");
}

#[test]
fn names_and_descriptions_may_hold_anything() {
    let sandbox = Sandbox::new();
    for (name, description) in [
        ("with spaces", "and here"),
        ("a/b:c", "x:y/z"),
        ("it's", "\"quoted\" \\ back"),
        ("🔑 日本", "naïve ☃"),
        ("json", r#"{"owner": {"team": ["a", "b"]}, "n": 1}"#),
        ("ApiKey-bankLoan", "thisisAPIkeyforbankLoan"),
    ] {
        let made = sandbox.run(&["api-key-create", name, "-d", description, "-q"]);
        made.is(0, &format!("API key {name} was created\n{}", rows(name, description, false)), "");
        let file = format!("file of {}", name.replace('/', "-"));
        sandbox.run(&["api-key-create", name, "-d", description, "--file", &file]).is(
            0,
            &saved(name, &file),
            &never_expires("ibmcloud-iam"),
        );
        assert_eq!(
            redact(&fs::read_to_string(sandbox.work(&file)).unwrap()),
            key_file(name, description, false)
        );
    }
    for key in sandbox.keys().iter().filter(|key| key["name"] == "json") {
        assert_eq!(key["description"], r#"{"owner": {"team": ["a", "b"]}, "n": 1}"#);
    }
}

#[test]
fn what_a_terminal_would_act_on_is_escaped_except_in_documents() {
    let sandbox = Sandbox::new();
    let (name, description) = ("a\nAPI Key       forged", "\x1b]0;x\x07");
    let shown = "a\\nAPI Key       forged";
    let printed = format!(
        "{}{}",
        done("Creating", shown, "was created"),
        rows(shown, "\\u{1b}]0;x\\u{7}", false)
    );
    sandbox.run(&["api-key-create", name, "-d", description]).is(0, &printed, &warnings());
    sandbox.run(&["api-key-create", name, "-d", description, "--file", "k"]).is(
        0,
        &saved(shown, "k"),
        &never_expires("ibmcloud-iam"),
    );
    assert_eq!(
        redact(&fs::read_to_string(sandbox.work("k")).unwrap()),
        key_file(name, description, false)
    );
}

#[test]
fn the_value_opens_the_key_it_was_made_with() {
    let sandbox = Sandbox::new();
    let (one, first) = sandbox.create_with_value("same", &[]);
    let (two, second) = sandbox.create_with_value("same", &[]);
    assert_ne!(one, two);
    assert_ne!(first, second);
    for (id, value) in [(one, first), (two, second)] {
        assert_eq!(value.len(), 44);
        assert!(
            !value.starts_with('-')
                && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        );
        let found = sandbox.run_input(&["api-key-lookup", "--uuid"], &value);
        assert_eq!((found.code, found.stdout), (0, format!("{id}\n")));
    }
}

#[test]
fn an_expiry_is_given_as_a_time_or_as_a_length() {
    let sandbox = Sandbox::new();
    for (flags, expires_at) in [
        (&["-e", "2027-05-01"][..], "2027-05-01T00:00+0000"),
        (&["--expires-at", "2027-05-01T12:34+0000"], "2027-05-01T12:34+0000"),
        (&["--expires-at=2027-05-01T14:34:59+02:00"], "2027-05-01T12:34+0000"),
        (&["-e", "2026-11-21T09:00:01Z"], "2026-11-21T09:00+0000"),
        (&["--expires-in", "45m"], "2026-11-21T09:45+0000"),
        (&["--expires-in", "12h"], "2026-11-21T21:00+0000"),
        (&["--expires-in", "90d"], "2027-02-19T09:00+0000"),
        (&["--expires-in=2w"], "2026-12-05T09:00+0000"),
    ] {
        let key = sandbox.run(&[&["api-key-create", "k", "-o", "json"], flags].concat()).json();
        assert_eq!(
            (&key["expires_at"], &key["state"]),
            (&expires_at.into(), &"active".into()),
            "{flags:?}"
        );
        sandbox.run(&["api-key-delete", "k", "-f"]).ok();
    }
}

#[test]
fn an_expiry_that_has_passed_makes_nothing() {
    let sandbox = Sandbox::new();
    for at in ["2026-11-21T09:00:00Z", "2020-01-01"] {
        let shown = if at.len() == 10 { "2020-01-01T00:00:00Z" } else { at };
        let failure = failed(&format!(
            "The expiry {shown} lies in the past.\nGive a time to come, such as '--expires-in 90d'."
        ));
        sandbox.run(&["api-key-create", "k", "-e", at, "--file", "k"]).is(2, "", &failure);
    }
    let failure = failed("The expiry lies beyond the year 9998.");
    sandbox.run(&["api-key-create", "k", "--expires-in", "9999999w"]).is(2, "", &failure);
    nothing_was_made(&sandbox, &[]);
}

#[test]
fn the_leak_action_is_a_word_in_either_case() {
    let sandbox = Sandbox::new();
    for (word, action) in
        [("NONE", "none"), ("none", "none"), ("Disable", "disable"), ("delete", "delete")]
    {
        let key =
            sandbox.run(&["api-key-create", "k", "--action-if-leaked", word, "-o", "json"]).json();
        assert_eq!(key["action_when_leaked"], action, "{word}");
    }
}

#[test]
fn usage_errors_make_nothing() {
    let sandbox = Sandbox::new();
    for args in [
        &[][..],
        &[""],
        &["a", "b"],
        &["a", "--action-if-leaked", "SHRUG"],
        &["a", "-e", "tomorrow"],
        &["a", "--expires-in", "90"],
        &["a", "-e", "2027-05-01", "--expires-in", "90d"],
        &["a", "--file", ""],
        &["a", "--no-such-flag"],
    ] {
        let outcome = sandbox.run(&[&["api-key-create"], args].concat());
        assert_eq!((outcome.code, &*outcome.stdout), (2, ""), "{args:?}");
        assert_ne!(outcome.stderr, "", "{args:?}");
    }
    let dash = failed("'-' is no file for a key.\nLeave out '--file' to print the key.");
    sandbox.run(&["api-key-create", "a", "--file", "-"]).is(2, "", &dash);
    nothing_was_made(&sandbox, &[]);
}

#[test]
fn texts_have_a_longest_length() {
    let sandbox = Sandbox::new();
    let name = "é".repeat(255);
    let description = "d".repeat(8_192);
    let key = sandbox
        .run(&["api-key-create", &name, "-d", &description, "--file", "k", "-o", "json"])
        .json();
    assert_eq!(
        (key["name"].as_str(), key["description"].as_str()),
        (Some(&*name), Some(&*description))
    );
    let (name, description) = (format!("{name}x"), format!("{description}x"));
    for (args, words) in [
        (["api-key-create", &name, "-d", ""], "The name has 256 characters; 255 are allowed."),
        (
            ["api-key-create", "a", "-d", &description],
            "The description has 8193 characters; 8192 are allowed.",
        ),
    ] {
        let begun = progress("Creating", args[1]);
        sandbox.run(&args).is(2, &begun, &failed(words));
        sandbox.run(&[&args[..], &["--dry-run"]].concat()).is(2, &begun, &failed(words));
        sandbox.run(&[&args[..], &["--file", "new"]].concat()).is(2, &begun, &failed(words));
    }
    assert_eq!(sandbox.keys().len(), 1);
    assert_eq!(sandbox.files_in_work(), ["k"]);
    assert_eq!(sandbox.open_entries(), 0);
}

#[test]
fn the_limit_stops_a_key_before_it_is_made() {
    let sandbox = Sandbox::new();
    sandbox.create("only", &[]);
    let before = sandbox.store_bytes();
    let failure = failed(
        "The limit of supported API keys is reached: 1 for this identity.\nDelete one that is no longer used: \
         'ibmcloud-iam api-keys', then 'ibmcloud-iam api-key-delete'.",
    );
    let limit = [("IBMCLOUD_IAM_KEY_LIMIT", "1")];
    for more in [&[][..], &["--file", "k"], &["--dry-run"]] {
        let begun = progress("Creating", "two");
        sandbox
            .run_env(&limit, &[&["api-key-create", "two"], more].concat())
            .is(9, &begun, &failure);
    }
    sandbox.run_env(&limit, &["api-key-create", "two", "-o", "json"]).is(9, "", &failure);
    assert_eq!(sandbox.store_bytes(), before);
    assert_eq!(sandbox.files_in_work(), [""; 0]);
    assert_eq!(sandbox.open_entries(), 0);
}

#[test]
fn a_dry_run_makes_nothing() {
    let sandbox = Sandbox::new();
    let said = format!("{}Dry run: API key ci would be created\n", progress("Creating", "ci"));
    sandbox.run(&["api-key-create", "ci", "--dry-run"]).is(0, &said, "");
    let with_file = said.replace("created\n", "created and saved to k\n");
    sandbox.run(&["api-key-create", "ci", "--dry-run", "--file", "k"]).is(0, &with_file, "");
    sandbox.run(&["api-key-create", "ci", "--dry-run", "-q"]).is(
        0,
        "Dry run: API key ci would be created\n",
        "",
    );
    let json = r#"{
    "dry_run": true,
    "name": "ci",
    "description": "d",
    "locked": true,
    "disabled": true,
    "expires_at": "2027-05-01T00:00+0000",
    "action_when_leaked": "none",
    "created_at": "2026-11-21T09:00+0000",
    "iam_id": "IBMid-10CA100000",
    "account_id": "10ca1000000000000000000000000000"
}
"#;
    let flags =
        ["-d", "d", "--lock", "--disabled", "-e", "2027-05-01", "--action-if-leaked", "none"];
    let args = [&["api-key-create", "ci", "--dry-run", "-o", "json"], &flags[..]].concat();
    sandbox.run(&args).is(0, json, "");
    nothing_was_made(&sandbox, &[]);
    assert!(!sandbox.root().join("home/store").exists(), "the store is not even created");
}

#[test]
fn a_value_that_cannot_be_printed_is_an_error_that_names_the_key() {
    for (sink, why) in [
        ("/dev/full", "No space left on device (os error 28)"),
        // A reader that is known to have left.
        (">(true); wait $!", "Broken pipe (os error 32)"),
    ] {
        let sandbox = Sandbox::new();
        let script = format!(
            "exec 3> {sink}; ibmcloud-iam api-key-create ci --output json >&3; echo \"code $?\" >&2"
        );
        let failure = failed(&format!(
            "API key 'ci' ([ID1]) was created, but its value could not be written to standard output: {why}.\n\
             If the value did not arrive, delete the key with 'ibmcloud-iam api-key-delete [ID1] --force' and create \
             another."
        ));
        let outcome = sandbox.bash(&script);
        outcome.is(0, "", &format!("{failure}code 1\n"));
        let id = sandbox.keys()[0]["id"].as_str().unwrap().to_owned();
        assert!(outcome.stderr.contains(&id));
        assert_eq!(sandbox.open_entries(), 1, "the journal remembers it");
    }
}

#[test]
fn colours_mark_names_and_labels_but_never_the_value() {
    let sandbox = Sandbox::new();
    let outcome = sandbox.run(&["api-key-create", "ci", "--color", "always"]);
    let key = &sandbox.keys()[0];
    let plain: Vec<&str> = outcome.stdout.split("API Key\x1b[0m       ").collect();
    let value = plain[1].lines().next().unwrap();
    assert_eq!(sandbox.name_of_value(value), "ci");
    let expected = format!(
        "Creating API key \x1b[36;1mci\x1b[0m under 10ca1000000000000000000000000000 as local@localhost...\n\
         \x1b[32;1mOK\x1b[0m\nAPI key \x1b[36;1mci\x1b[0m was created\n\n\n\
         \x1b[36;1mID\x1b[0m            {}\n\x1b[36;1mName\x1b[0m          ci\n\x1b[36;1mDescription\x1b[0m\n\
         \x1b[36;1mCreated At\x1b[0m    2026-11-21T09:00+0000\n\x1b[36;1mAPI Key\x1b[0m       {value}\n\
         \x1b[36;1mLocked\x1b[0m        false\n",
        key["id"].as_str().unwrap()
    );
    assert_eq!(outcome.stdout, expected);
    let reminder = never_expires("ibmcloud-iam");
    outcome.stderr(&format!(
        "\x1b[35;1m{}\x1b[0m\n\x1b[35;1m{}\x1b[0m\n",
        PRESERVE.trim_end(),
        reminder.trim_end()
    ));
}
