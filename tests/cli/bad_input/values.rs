//! The value of a key in the wrong place: the usage error does not repeat it, and still helps.

use std::fs;
use std::process::Command;

use super::lived_in;
use crate::secrets::{count, forms};
use crate::support::{Outcome, run};

/// No value that this program would choose, but of the service's form.
const VALUE: &str = "Zy9-_wrong-place_0123456789abcdefghijklmnopq";

/// Asserts that a command fails so, and repeats the value in no form.
#[track_caller]
fn refused(command: &mut Command, code: i32) -> Outcome {
    let outcome = run(command, b"");
    outcome.code(code);
    let told = format!("{}{}", outcome.stdout, outcome.stderr).to_ascii_lowercase();
    for form in forms(VALUE).into_iter().chain([VALUE.to_ascii_lowercase().into_bytes()]) {
        assert_eq!(count(told.as_bytes(), &form.to_ascii_lowercase()), 0, "{outcome:#?}");
    }
    outcome
}

#[test]
fn as_an_argument_it_is_not_repeated() {
    let sandbox = lived_in();
    for line in [
        "KEY",
        "KEY --endpoint KEY",
        "whoami KEY",
        "whoami \"KEY\"",
        "whoami {\"apikey\":\"KEY\"}",
        "logout KEY",
        "api-keys KEY KEY",
        "api-key-create a KEY",
        "api-key first KEY",
        "api-keys --apikeys KEY",
        "api-keys --apikeys=KEY",
        "api-keys --KEY",
        "api-keys --KEY=KEY",
        "api-keys -kKEY",
        "api-keys -k=KEY",
        "api-keys --uuid=KEY",
        "api-keys --backend KEY",
        "api-keys --output KEY",
        "api-keys -oKEY",
        "api-keys --error-format KEY",
        "api-keys --color KEY",
        "api-keys --sort KEY",
        "api-keys --state active,KEY",
        "api-keys --profile KEY",
        "api-keys --endpoint KEY",
        "api-keys --endpoint https://KEY",
        "api-keys --endpoint http://host/KEY",
        "api-keys --endpoint https://KEY@host",
        "api-keys --endpoint https://host/?KEY",
        "api-keys --apikey KEY",
        "api-key-create a -e KEY",
        "api-key-create a --expires-in KEY",
        "api-key-create a --action-if-leaked KEY",
        "api-key-rotate first --grace KEY",
        "api-keys-audit --skip KEY",
        "api-keys-audit --fail-on KEY",
        "api-keys-audit --format KEY",
        "api-keys-audit --max-age KEY",
        "api-keys-audit --baseline KEY",
        "emulate --listen KEY",
        "emulate --fault KEY",
        "emulate --seed-keys KEY",
    ] {
        let line = line.replace("KEY", VALUE);
        let args: Vec<&str> = line.split(' ').collect();
        for more in [&[][..], &["--error-format", "json"], &["-q"]] {
            if !more.is_empty() && line.contains("--error-format") {
                continue;
            }
            let outcome = refused(&mut sandbox.command(&[&args, more].concat()), 2);
            assert!(outcome.stdout.is_empty() && !outcome.stderr.is_empty(), "{outcome:#?}");
        }
    }
    for program in ["ibmcloud", "ic"] {
        refused(sandbox.program(program).arg(VALUE), 2);
        refused(sandbox.program(program).args(["iam", VALUE]), 2);
    }
    let args = ["api-keys", "--endpoint", "http://127.0.0.1:9", "--ca-file", VALUE];
    refused(sandbox.command(&args).env("IBMCLOUD_API_KEY", "another"), 10);
    refused(&mut sandbox.command(&["api-key-lookup", &format!("@{VALUE}")]), 1);
    refused(&mut sandbox.command(&["recover", VALUE]), 3);
}

#[test]
fn as_a_setting_it_is_not_repeated() {
    let sandbox = lived_in();
    for (name, code) in [
        ("IBMCLOUD_IAM_BACKEND", 2),
        ("IBMCLOUD_IAM_NOW", 2),
        ("IBMCLOUD_IAM_PROFILE", 2),
        ("IBMCLOUD_IAM_API_ENDPOINT", 2),
        ("IAM_IDENTITY_URL", 2),
        ("IAM_IDENTITY_AUTH_URL", 2),
        ("IBMCLOUD_HTTP_TIMEOUT", 2),
        ("IBM_CREDENTIALS_FILE", 7),
        ("IAM_IDENTITY_AUTH_TYPE", 7),
    ] {
        for format in ["text", "json"] {
            let mut command = sandbox.command(&["api-keys", "--error-format", format]);
            if name != "IBMCLOUD_IAM_BACKEND" {
                command.env("IBMCLOUD_IAM_BACKEND", "remote");
            }
            if code == 2 {
                command.env("IBMCLOUD_API_KEY", "another");
            }
            refused(command.env(name, VALUE), code);
        }
    }
    let mut limit = sandbox.command(&["api-key-create", "x"]);
    refused(limit.env("IBMCLOUD_IAM_KEY_LIMIT", VALUE), 2);
    for text in [
        format!(r#"{{"backend": "{VALUE}"}}"#),
        format!(r#"{{"endpoint": "{VALUE}", "backend": "remote"}}"#),
        format!(r#"{{"{VALUE}": 1}}"#),
    ] {
        fs::write(sandbox.root().join("home/config.json"), text).unwrap();
        let mut command = sandbox.command(&["api-keys"]);
        refused(command.env_remove("IBMCLOUD_IAM_BACKEND").env("IBMCLOUD_API_KEY", "another"), 2);
    }
}

#[test]
fn what_is_no_value_is_shown_and_what_is_similar_named() {
    let sandbox = lived_in();
    for (args, facts) in [
        (&["api-key-crate", VALUE][..], ["'api-key-crate'", "'api-key-create'"]),
        (&["api-keys", "--outptu", VALUE], ["'--outptu'", "'--output'"]),
        (&["api-keys", "--outptu=json"], ["'--outptu'", "'--output'"]),
        (&[VALUE], ["'…'", "--help' for the list"]),
        (&["whoami", VALUE], ["'…'", "ibmcloud-iam whoami [OPTIONS]"]),
    ] {
        let outcome = refused(&mut sandbox.command(args), 2);
        for fact in facts {
            assert!(outcome.stderr.contains(fact), "{fact}: {outcome:#?}");
        }
    }
}
