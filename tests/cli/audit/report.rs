//! The report and the verdict: whole outputs and exit codes.

use std::io::Read as _;
use std::process::Stdio;

use serde_json::Value;

use crate::support::{IAM_ID, Sandbox, redact};

const AUDITING: &str =
    "Auditing all API keys under 10ca1000000000000000000000000000 as local@localhost...\nOK\n";
const HINT: &str = "Fix them with the commands in the report, or accept them: 'ibmcloud-iam api-keys-audit --help' tells how.\n";

/// A box with one old key that never expires, and one without anything to say of.
fn old_and_sound() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.create_at("2026-08-23T08:59:00Z", "old", &[]);
    sandbox.create("sound", &["-e", "2027-05-01"]);
    sandbox
}

#[test]
fn the_table_and_the_verdict() {
    let sandbox = old_and_sound();
    let outcome = sandbox.run(&["api-keys-audit"]);
    let table = "\
ID      Name   Severity   Rule            Finding                                                  Fix
[ID1]   old    error      old             Created 2026-08-23T08:59+0000, more than 90d ago.        ibmcloud-iam api-key-disable [ID1]
[ID1]   old    warning    unused          Never used since it was created 2026-08-23T08:59+0000.   ibmcloud-iam api-key-disable [ID1]
[ID1]   old    warning    never-expires   Never expires.                                           ibmcloud-iam api-key-disable [ID1]
3 findings in 2 API keys of the local store: 1 error, 2 warnings
";
    // Redaction narrows the column that the header is as wide as.
    let shown = outcome.stdout.replace(&format!("ID{} Name", " ".repeat(43)), "ID      Name");
    assert_eq!(redact(&shown), format!("{AUDITING}{table}"));
    outcome.code(15).stderr(&format!("FAILED\nThe audit found 1 problem: old (1).\n{HINT}\n"));
    sandbox
        .run(&["api-keys-audit", "-q"])
        .code(15)
        .stderr(&format!("The audit found 1 problem: old (1).\n{HINT}"));
}

#[test]
fn nothing_found_is_a_whole_report() {
    let sandbox = Sandbox::new();
    let sound = format!("{AUDITING}No findings in 0 API keys of the local store\n");
    sandbox.run(&["api-keys-audit"]).ok().stdout(&sound).stderr("");
    sandbox.run(&["api-keys-audit", "--output", "json"]).ok().stdout("[]\n").stderr("");
    sandbox.run(&["api-keys-audit", "--format", "json"]).ok().stdout("[]\n").stderr("");
    sandbox.create("sound", &["-e", "2027-05-01"]);
    let sound = format!("{AUDITING}No findings in 1 API key of the local store\n");
    sandbox.run(&["api-keys-audit", "--fail-on", "note"]).ok().stdout(&sound).stderr("");
}

#[test]
fn the_json_report() {
    let sandbox = old_and_sound();
    for args in
        [&["--output", "json"][..], &["--format", "json"], &["--format", "JSON", "-o", "json"]]
    {
        let outcome =
            sandbox.run(&[&["api-keys-audit", "--skip", "unused,never-expires"], args].concat());
        outcome.code(15).stderr(&format!("FAILED\nThe audit found 1 problem: old (1).\n{HINT}\n"));
        outcome.stdout(
            r#"[
    {
        "rule": "old",
        "severity": "error",
        "key_id": "[ID1]",
        "name": "old",
        "iam_id": "IBMid-10CA100000",
        "message": "Created 2026-08-23T08:59+0000, more than 90d ago.",
        "fix": "ibmcloud-iam api-key-rotate [ID1] --grace 7d"
    }
]
"#,
        );
    }
    let error = sandbox.run(&["api-keys-audit", "--error-format", "json", "-o", "json"]);
    let told: Value = serde_json::from_str(&error.stderr).unwrap();
    assert_eq!((&told["kind"], &told["exit_code"]), (&"audit_found".into(), &15.into()));
}

#[test]
fn what_makes_it_fail() {
    let sandbox = old_and_sound();
    for (fail_on, code) in [
        (&[][..], 15),
        (&["--fail-on", "none"], 0),
        (&["--fail-on", "error"], 15),
        (&["--fail-on", "leaked"], 0),
        (&["--fail-on", "leaked,never-expires"], 15),
        (&["--fail-on", "leaked", "--fail-on", "old"], 15),
        (&["--skip", "old"], 0),
        (&["--skip", "old", "--fail-on", "warning"], 15),
        (&["--skip", "old,unused,never-expires", "--fail-on", "note"], 0),
        (&["--max-age", "91d"], 0),
        (&["--max-age", "91d", "--fail-on", "unused"], 15),
        (&["--max-age", "91d", "--max-unused", "91d", "--fail-on", "unused"], 0),
    ] {
        let outcome = sandbox.run(&[&["api-keys-audit"], fail_on].concat());
        assert_eq!(outcome.code, code, "{fail_on:?}: {outcome:#?}");
        assert_eq!(outcome.stderr.is_empty(), code == 0, "{outcome:#?}");
    }
}

#[test]
fn the_policy_of_the_benchmark() {
    let sandbox = Sandbox::new();
    sandbox.create_at("2026-05-25T08:59:00Z", "forgotten", &["-e", "2027-05-01"]);
    let setting =
        "CIS 1.4 was not checked: it is a setting of the account, which no API key shows.\n";
    let own = "Only your own API keys were checked; '--all-users' checks those of the account.\n";
    let owner = "CIS 1.5 (owner-key) was not checked: '--account-owner' does not name the owner of the account.\n";
    let cis = ["api-keys-audit", "--policy", "cis"];
    let problems = "FAILED\nThe audit found 2 problems: old (1), unused (1).\n";
    let outcome = sandbox.run(&cis);
    outcome.code(15).stderr(&format!("{owner}{setting}{own}{problems}{HINT}\n"));
    let whose = ["--account-owner", IAM_ID, "--all-users", "--fail-on", "owner-key"];
    let outcome = sandbox.run(&[&cis[..], &whose].concat());
    let problems = "FAILED\nThe audit found 1 problem: owner-key (1).\n";
    outcome.code(15).stderr(&format!("{setting}{problems}{HINT}\n"));
    let none = ["--account-owner", "IBMid-2", "--skip", "unused", "--max-age", "400d"];
    let outcome = sandbox.run(&[&cis[..], &none].concat());
    outcome.ok().stderr(&format!(
        "None of the API keys belongs to 'IBMid-2'.\n\
         CIS 1.3 (old) asks for 90d, and 400d was allowed.\n\
         CIS 1.2 (unused) was not checked: it was left out with '--skip'.\n{setting}{own}"
    ));
    sandbox.run(&[&cis[..], &["-o", "json", "--fail-on", "none"]].concat()).json();
}

#[test]
fn what_cannot_be_asked_for() {
    let sandbox = Sandbox::new();
    for (args, told) in [
        (&["--output", "json", "--format", "sarif"][..], "name two forms of the report."),
        (&["--output", "json", "--format", "table"], "name two forms of the report."),
        (&["--fail-on", "odl"], "'odl'"),
        (&["--skip", "everything"], "'everything'"),
        (&["--max-age", "90"], "'90'"),
        (&["--account-owner", ""], "--account-owner"),
        (&["--account-owner", "me@example.com"], "write the IAM ID"),
        (&["--max-age", "90s"], "no whole number of minutes"),
        (&["--skip", "old", "--fail-on", "old"], "'--fail-on old' can never fail: it was left out"),
        (
            &["--skip", "unused", "--fail-on", "note,use-unknown"],
            "'--fail-on use-unknown' can never",
        ),
        (&["--fail-on", "owner-key", "-o", "json"], "'--fail-on owner-key' can never fail"),
        (&["--fail-on", "none,error"], "'--fail-on none' stands beside others"),
        (&["somebody"], "'somebody'"),
    ] {
        let outcome = sandbox.run(&[&["api-keys-audit"], args].concat());
        outcome.code(2).stdout("");
        assert!(outcome.stderr.contains(told), "{outcome:#?}");
    }
}

#[test]
fn the_owner_stands_in_the_table_where_there_are_several() {
    let sandbox = Sandbox::new();
    sandbox.create("mine", &[]);
    sandbox.create_of("IBMid-2", "the\tirs", &[]);
    let outcome = sandbox.run(&["api-keys-audit", "--all-users", "--fail-on", "none"]);
    let auditing = AUDITING.replace("all API keys", "the API keys of all users");
    let header = outcome.ok().stdout.strip_prefix(&*auditing).unwrap().lines().next().unwrap();
    let columns: Vec<&str> = header.split_whitespace().collect();
    assert_eq!(columns.join(" "), "ID Name Severity Rule IAM ID Finding Fix");
    let row = outcome.stdout.lines().find(|line| line.contains("IBMid-2")).unwrap();
    assert!(row.contains("   the\\tirs   warning    never-expires   IBMid-2"), "{row}");
}

#[test]
fn a_report_that_cannot_be_written_is_no_report() {
    let sandbox = old_and_sound();
    for form in ["table", "json", "sarif"] {
        let outcome =
            sandbox.bash(&format!("ibmcloud-iam api-keys-audit --format {form} > /dev/full"));
        outcome.code(1);
        assert!(outcome.stderr.contains("Standard output could not be written"), "{outcome:#?}");
    }
}

#[test]
fn a_reader_that_leaves_is_no_failure_of_its_own() {
    let sandbox = old_and_sound();
    let mut command = sandbox.command(&["api-keys-audit", "--format", "sarif"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(15), "{stderr}");
}
