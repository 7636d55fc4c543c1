//! The same commands on both backends: the same exit codes and the same words, ids apart.

use crate::backends::Bench;
use crate::support::redact;

const COMMANDS: &[&[&str]] = &[
    &["api-keys"],
    &["api-keys", "-o", "json"],
    &["api-key-create", "ci", "-d", "a \"description\""],
    &["api-key-create", "ci", "--output", "json"],
    &["api-key-create", "deploy", "--file", "key.json", "-e", "2027-05-01T12:34+0000"],
    &["api-key-create", "deploy", "--file", "key.json"],
    &["api-key-create", "locked", "--lock", "--disabled", "--action-if-leaked", "delete", "-q"],
    &["api-key-create", "past", "-e", "2020-01-01"],
    &["api-key-create", "planned", "--dry-run"],
    &["api-key-create", "planned", "--dry-run", "-o", "json"],
    &["api-key-create", "theirs", "--server-value", "-o", "json"],
    &["api-key-create", "theirs too", "--server-value", "--file", "theirs.json"],
    &["api-key-lookup", "@theirs.json", "--uuid"],
    &["api-keys"],
    &["api-keys", "--wide", "--sort", "name"],
    &["api-keys", "--all-users"],
    &["api-keys", "--all-users", "--wide", "--state", "disabled"],
    &["api-keys", "--all-users", "-o", "json"],
    &["api-keys-audit", "--fail-on", "none", "--skip", "same-name"],
    &["api-keys-audit", "--fail-on", "warning", "-o", "json", "--skip", "same-name"],
    &["api-keys-audit", "--all-users", "--format", "sarif", "--skip", "same-name"],
    &["api-keys", "-n", "ci", "--uuid"],
    &["api-keys", "--state", "disabled", "-o", "json"],
    &["api-key", "ci"],
    &["api-key", "nobody"],
    &["api-key", "deploy"],
    &["api-key", "deploy", "--history", "--activity"],
    &["api-key", "locked", "-o", "json", "--history", "--activity"],
    &["api-key", "ApiKey-00000000-0000-4000-8000-000000000000"],
    &["api-key-lookup", "@key.json"],
    &["api-key-update", "deploy", "-n", "ship", "-d", ""],
    &["api-key-update", "ship", "--no-expiry", "-o", "json"],
    &["api-key-update", "ship"],
    &["api-key-update", "locked", "-d", "x"],
    &["api-key-delete", "locked", "--force"],
    &["api-key-delete", "ci", "--force"],
    &["api-key-unlock", "locked", "--force"],
    &["api-key-unlock", "locked", "--force"],
    &["api-key-lock", "ship", "locked", "nobody", "--force"],
    &["api-key-enable", "locked", "--force", "-o", "json"],
    &["api-key-unlock", "ship", "locked", "--force", "-o", "json"],
    &["api-key-enable", "locked", "--force"],
    &["api-key-disable", "ship", "--force"],
    &["api-key-disable", "ship", "--force", "-o", "json"],
    &["api-key-delete", "ship", "locked", "--force", "--dry-run"],
    &["api-key-delete", "ship", "locked", "nobody", "--force", "-o", "json"],
    &["api-key-delete", "ship", "--force", "--error-format", "json"],
    &["recover"],
    &["recover", "-o", "json"],
    &["api-keys", "-o", "json"],
];

#[test]
fn both_backends_say_the_same() {
    let (local, remote) = (Bench::local(), Bench::remote());
    for args in COMMANDS {
        let [here, there] = [local.run(args), remote.run(args)];
        assert_eq!(
            (here.code, not_local(&redact(&here.stdout)), own_words(&here.stderr)),
            (there.code, redact(&there.stdout), own_words(&there.stderr)),
            "{args:?}"
        );
    }
}

/// Leaves out what a report says of the local store alone: that it is one.
fn not_local(stdout: &str) -> String {
    stdout.replace(" of the local store", "")
}

/// Leaves out what only a service can add to an error: its own message, its code, and the transaction.
fn own_words(stderr: &str) -> String {
    let of_service = ["Code: ", "Transaction-Id: "];
    let lines = stderr.lines().filter(|line| !of_service.iter().any(|word| line.starts_with(word)));
    let text = lines.collect::<Vec<&str>>().join("\n");
    let text = text.replace(" Unable to find object", "");
    let Ok(mut error) = serde_json::from_str::<serde_json::Value>(&text) else {
        return redact(&text);
    };
    for field in ["code", "status", "trace"] {
        error[field] = serde_json::Value::Null;
    }
    error.to_string()
}
