//! `api-key-update`: what is given changes, the rest stays, and nothing changes on a failure.

use crate::support::expected::{ambiguous, done, failed, key_json, locked, not_found, progress};
use crate::support::{NOW, Sandbox};

fn one_key() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    let id = sandbox.create("ci", &["-d", "old", "-e", "2027-01-01", "--action-if-leaked", "NONE"]);
    (sandbox, id)
}

#[test]
fn an_update_is_told_in_three_lines() {
    let (sandbox, id) = one_key();
    sandbox.run(&["api-key-update", "ci", "-d", "new"]).is(
        0,
        &done("Updating", "ci", "was updated"),
        "",
    );
    sandbox.run(&["api-key-update", &id, "-d", "newer"]).is(
        0,
        &done("Updating", "[ID1]", "was updated"),
        "",
    );
    for args in
        [["-q", "api-key-update", "ci", "-d", "x"], ["api-key-update", "-d", "x", "ci", "--quiet"]]
    {
        sandbox.run(&args).is(0, "API key ci was updated\n", "");
    }
    sandbox.run(&["api-key-update", "ci", "-n", "ci/new", "-f"]).is(
        0,
        &done("Updating", "ci", "was updated"),
        "",
    );
    assert_eq!(sandbox.names(), ["ci/new"]);
}

#[test]
fn json_is_the_whole_key_as_it_is_now() {
    let (sandbox, _) = one_key();
    let changes = [
        "-n",
        "cd",
        "-d",
        "{\"a\": 1}",
        "-e",
        "2028-02-03T04:05+0000",
        "--action-if-leaked",
        "delete",
    ];
    let expected = key_json(
        1,
        "cd",
        &[
            ("modified_at", "\"2026-11-22T10:00+0000\""),
            ("expires_at", "\"2028-02-03T04:05+0000\""),
            ("action_when_leaked", "\"delete\""),
            ("description", r#""{\"a\": 1}""#),
        ],
    );
    let args = [&["api-key-update", "ci", "--output", "json"], &changes[..]].concat();
    sandbox.run_at("2026-11-22T10:00:00Z", &args).is(0, &expected, "");
    sandbox.run(&["api-key", "cd", "-o", "json"]).is(0, &expected, "");
}

#[test]
fn each_flag_changes_its_own_field_and_no_other() {
    for (flags, field, value) in [
        (&["-n", "new name"][..], "name", "\"new name\""),
        (&["--name=--odd"], "name", "\"--odd\""),
        (&["-n", "-x"], "name", "\"-x\""),
        (&["-d", "-x"], "description", "\"-x\""),
        (&["--description", "it's"], "description", "\"it's\""),
        (&["-d", ""], "description", "\"\""),
        (&["--action-if-leaked", "Disable"], "action_when_leaked", "\"disable\""),
        (&["-e", "2027-05-01"], "expires_at", "\"2027-05-01T00:00+0000\""),
        (&["--expires-at", "2027-05-01T12:34+0000"], "expires_at", "\"2027-05-01T12:34+0000\""),
        (&["--expires-in", "12h"], "expires_at", "\"2026-11-21T21:00+0000\""),
        (&["--no-expiry"], "expires_at", "null"),
    ] {
        let (sandbox, id) = one_key();
        let mut fields = vec![
            ("expires_at", "\"2027-01-01T00:00+0000\""),
            ("action_when_leaked", "\"none\""),
            ("description", "\"old\""),
        ];
        fields.push((field, value));
        let expected = key_json(1, "ci", &fields);
        sandbox
            .run(&[&["api-key-update", "ci", "-o", "json"], flags].concat())
            .is(0, &expected, "");
        sandbox.run(&["api-key", &id, "-o", "json"]).is(0, &expected, "");
    }
}

#[test]
fn the_tag_counts_and_the_time_moves() {
    let (sandbox, _) = one_key();
    for (number, now) in [(2, "2026-11-22T10:00:00Z"), (3, "2026-11-23T11:00:00Z")] {
        let key = sandbox.run_at(now, &["api-key-update", "ci", "-d", "x", "-o", "json"]).json();
        assert!(key["entity_tag"].as_str().unwrap().starts_with(&format!("{number}-")), "{key}");
        assert_eq!(key["modified_at"].as_str().unwrap()[..16], now[..16]);
        assert_eq!(key["created_at"].as_str().unwrap()[..16], NOW[..16]);
    }
}

#[test]
fn the_value_still_opens_the_key() {
    let sandbox = Sandbox::new();
    let (_, value) = sandbox.create_with_value("before", &[]);
    sandbox.run(&["api-key-update", "before", "-n", "after"]).ok();
    assert_eq!(sandbox.name_of_value(&value), "after");
}

#[test]
fn a_dry_run_changes_nothing() {
    let (sandbox, _) = one_key();
    let before = sandbox.store_bytes();
    let said = "Dry run: API key ci would be updated\n";
    let begun = progress("Updating", "ci");
    sandbox.run(&["api-key-update", "ci", "-n", "cd", "--dry-run"]).is(
        0,
        &format!("{begun}{said}"),
        "",
    );
    sandbox.run(&["api-key-update", "ci", "-n", "cd", "--dry-run", "-q"]).is(0, said, "");
    let wanted =
        key_json(1, "cd", &[("action_when_leaked", "\"none\""), ("description", "\"old\"")]);
    let args = ["api-key-update", "ci", "-n", "cd", "--no-expiry", "--dry-run", "-o", "json"];
    sandbox.run(&args).is(0, &wanted, "");
    sandbox.run(&["api-key-update", "nope", "-n", "x", "--dry-run", "-q"]).code(3);
    assert_eq!(sandbox.store_bytes(), before);
}

#[test]
fn a_dry_run_refuses_what_the_update_would() {
    let (sandbox, _) = one_key();
    let name = "n".repeat(256);
    let failure = failed("The name has 256 characters; 255 are allowed.");
    for more in [&[][..], &["--dry-run"]] {
        let args = [&["api-key-update", "ci", "-n", &name], more].concat();
        sandbox.run(&args).is(2, &progress("Updating", "ci"), &failure);
    }
}

#[test]
fn a_missing_key_is_named() {
    let (sandbox, _) = one_key();
    let before = sandbox.store_bytes();
    let id = "ApiKey-00000000-0000-4000-8000-000000000000";
    sandbox.run(&["api-key-update", "no", "-n", "x"]).is(
        3,
        &progress("Updating", "no"),
        &not_found("no"),
    );
    sandbox.run(&["api-key-update", id, "-n", "x", "-o", "json"]).is(3, "", &not_found("[ID1]"));
    assert_eq!(sandbox.store_bytes(), before);
}

#[test]
fn a_name_with_two_keys_changes_neither() {
    let (sandbox, id) = one_key();
    sandbox.run(&["api-key-update", "ci", "--no-expiry"]).ok();
    sandbox.create("ci", &[]);
    let before = sandbox.store_bytes();
    let failure = ambiguous("ci", &[("active", "2026-11-21T09:00+0000"); 2]);
    sandbox.run(&["api-key-update", "ci", "-n", "x"]).is(4, &progress("Updating", "ci"), &failure);
    sandbox.run(&["api-key-update", "ci", "-n", "x", "-o", "json"]).is(4, "", &failure);
    assert_eq!(sandbox.store_bytes(), before);
    sandbox.run(&["api-key-update", &id, "-n", "x", "-q"]).is(0, "API key [ID1] was updated\n", "");
    assert_eq!(sandbox.names(), ["x", "ci"]);
}

#[test]
fn a_locked_key_does_not_change() {
    let (sandbox, id) = one_key();
    sandbox.run(&["api-key-lock", "ci", "-f"]).ok();
    let before = sandbox.store_bytes();
    let begun = progress("Updating", "ci");
    sandbox.run(&["api-key-update", "ci", "-n", "x"]).is(6, &begun, &locked("ci"));
    sandbox.run(&["api-key-update", "ci", "-n", "x", "--dry-run"]).is(6, &begun, &locked("ci"));
    sandbox.run(&["api-key-update", &id, "-n", "x", "-o", "json"]).is(6, "", &locked("[ID1]"));
    let bare = "API key 'ci' is locked; nothing was changed.\nUnlock it with 'ibmcloud-iam api-key-unlock [ID1]'.\n";
    sandbox.run(&["api-key-update", "ci", "-n", "x", "-q"]).is(6, "", bare);
    assert_eq!(sandbox.store_bytes(), before);
}

#[test]
fn an_expiry_that_has_passed_is_refused() {
    let (sandbox, _) = one_key();
    let before = sandbox.store_bytes();
    let hint = "Give a time to come, such as '--expires-in 90d'.";
    let failure = failed(&format!("The expiry 2026-11-21T00:00:00Z lies in the past.\n{hint}"));
    sandbox.run(&["api-key-update", "ci", "-e", "2026-11-21"]).is(2, "", &failure);
    assert_eq!(sandbox.store_bytes(), before);
}

#[test]
fn usage_errors_change_nothing() {
    let (sandbox, _) = one_key();
    let before = sandbox.store_bytes();
    for args in [
        &[][..],
        &["ci"],
        &["-n", "x"],
        &["ci", "-n", ""],
        &["ci", "other", "-n", "x"],
        &["ci", "--dry-run"],
        &["ci", "--action-if-leaked", "shrug"],
        &["ci", "--no-expiry", "-e", "2027-05-01"],
        &["ci", "--no-expiry", "--expires-in", "1d"],
        &["ci", "-e", "2027-05-01", "--expires-in", "1d"],
        &["ci", "-e", "2027-02-30"],
    ] {
        let outcome = sandbox.run(&[&["api-key-update"], args].concat());
        assert_eq!((outcome.code, &*outcome.stdout), (2, ""), "{args:?}");
        assert_ne!(outcome.stderr, "", "{args:?}");
    }
    assert_eq!(sandbox.store_bytes(), before);
}

#[test]
fn an_expired_key_lives_again_with_a_later_expiry() {
    let (sandbox, id) = one_key();
    let later = "2027-02-01T00:00:00Z";
    assert_eq!(sandbox.run_at(later, &["api-key", "ci", "-o", "json"]).json()["state"], "expired");
    let key =
        sandbox.run_at(later, &["api-key-update", &id, "--expires-in", "1d", "-o", "json"]).json();
    assert_eq!(
        (key["state"].as_str(), key["expires_at"].as_str()),
        (Some("active"), Some("2027-02-02T00:00+0000"))
    );
}
