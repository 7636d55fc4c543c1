//! What commands print, put together from the few forms there are; ids, tags and values are redacted.

use super::{ACCOUNT, Outcome, USER};

/// The warning that stands beside a printed value.
pub(crate) const PRESERVE: &str =
    "Please preserve the API key! It cannot be retrieved after it's created.\n";
/// What is said once a key is gone with which somebody may have logged in.
pub(crate) const TOKENS: &str =
    "Tokens that were issued with it stay valid until they expire, for up to 60 minutes.\n";

impl Outcome {
    /// Asserts everything at once: exit code, standard output, standard error.
    #[track_caller]
    pub(crate) fn is(&self, code: i32, stdout: &str, stderr: &str) -> &Self {
        self.code(code).stdout(stdout).stderr(stderr)
    }
}

/// The first line of human output: `Deleting API key x under … as …`.
pub(crate) fn progress(doing: &str, name: &str) -> String {
    format!("{doing} API key {name} under {ACCOUNT} as {USER}...\n")
}

/// Progress, `OK` and the sentence about it.
pub(crate) fn done(doing: &str, name: &str, done: &str) -> String {
    format!("{}OK\nAPI key {name} {done}\n", progress(doing, name))
}

/// What is told of a key before it loses its effect: made just now, and never used. `number` is that of its id in the
/// output, `name` stands as a terminal shows it.
pub(crate) fn facts(number: usize, name: &str) -> String {
    facts_of(number, name, "2026-11-21T09:00+0000 (today)", "never used.")
}

/// What is told of a key before it loses its effect; `created` is its time and age, `rest` its use and what follows.
pub(crate) fn facts_of(number: usize, name: &str, created: &str, rest: &str) -> String {
    format!("API key '{name}' ([ID{number}]): created {created} by IBMid-10CA100000, {rest}\n")
}

/// What is said of a key that was made without an expiry, by the program under the name it was called by.
pub(crate) fn never_expires(program: &str) -> String {
    format!(
        "This API key never expires. '{program} api-key-update [ID1] --expires-in 90d' gives it an end.\n"
    )
}

/// A text whose ids are not the first ones in the output.
pub(crate) fn behind_ids(count: usize, text: &str) -> String {
    (1..10).rev().fold(text.to_owned(), |text, number| {
        text.replace(&format!("[ID{number}]"), &format!("[ID{}]", number + count))
    })
}

/// A failure in human output.
pub(crate) fn failed(message: &str) -> String {
    format!("FAILED\n{message}\n\n")
}

/// The failure of a name or id that no key has.
pub(crate) fn not_found(key: &str) -> String {
    failed(&format!(
        "API key '{key}' was not found.\nRun 'ibmcloud-iam api-keys' to list the API keys."
    ))
}

/// Documents as the elements of an array.
pub(crate) fn array(documents: &[String]) -> String {
    let indented: Vec<String> = documents
        .iter()
        .map(|document| {
            document
                .trim_end()
                .lines()
                .map(|line| format!("    {line}"))
                .collect::<Vec<_>>()
                .join("\n")
        })
        .collect();
    format!("[\n{}\n]\n", indented.join(",\n"))
}

/// One element of what delete, lock, unlock, disable and enable print; `id` and `name` as JSON.
pub(crate) fn outcome(id: &str, name: &str, outcome: &str) -> String {
    format!("{{\n    \"id\": {id},\n    \"name\": {name},\n    \"outcome\": \"{outcome}\"\n}}\n")
}
