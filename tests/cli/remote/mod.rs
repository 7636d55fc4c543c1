//! The remote backend against a scripted server: what is sent, what comes of every answer, what is never shown.

mod all_users;
mod audit;
mod broken;
mod canary;
mod conflicts;
mod credentials;
mod facts;
mod hostile;
mod listing;
mod pages;
mod protocol;
mod redirects;
mod refused;
mod retries;
mod service_ids;
mod several;
mod tls;
mod tokens;
mod trace;
mod uncertain;

use std::fmt::Write as _;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use crate::support::expected::TOKENS;
use crate::support::iam::{BSS_ACCOUNT, EMAIL, IAM_ID};
use crate::support::server::Server;
use crate::support::service::{API_KEY, Service, reaching};
use crate::support::{Outcome, Sandbox, redact};

/// A box and the scripted server that it talks to.
type Remote = Service<Server>;

/// What is told of the service's first key before a verb ends its use; a service that does not tell of its use leaves
/// that unknown. Nothing is told before other verbs.
fn facts(verb: &str, name: &str) -> String {
    if !["api-key-delete", "api-key-disable"].contains(&verb) {
        return String::new();
    }
    let created = "2026-02-19T18:59+0000 (275 days ago)";
    format!("API key '{name}' ([ID1]): created {created} by {IAM_ID}, last use unknown.\n")
}

/// As [`facts`], and what is said when it is done.
fn facts_and_tokens(verb: &str, name: &str) -> String {
    let facts = facts(verb, name);
    if facts.is_empty() { facts } else { facts + TOKENS }
}

/// The program with a credential and an endpoint.
fn command(sandbox: &Sandbox, endpoint: &str, args: &[&str]) -> Command {
    reaching(sandbox, endpoint, API_KEY, args)
}

fn with_host(outcome: Outcome, server: &Server) -> Outcome {
    outcome.with(server.url().split_once("//").unwrap().1, "HOST")
}

/// The line that says what is being done.
fn progress(doing: &str, what: &str) -> String {
    format!("{doing} {what} under {BSS_ACCOUNT} as {EMAIL}...\n")
}

/// A failure, in both of its forms.
#[derive(Clone, Copy, Default)]
struct Told<'a> {
    exit: i32,
    kind: &'a str,
    message: &'a str,
    hint: &'a str,
    code: Option<&'a str>,
    trace: Option<&'a str>,
    status: Option<u16>,
}

impl Told<'_> {
    /// Asserts that a command failed like this, in text.
    #[track_caller]
    fn in_text(&self, outcome: &Outcome) {
        self.in_text_behind("", outcome);
    }

    /// Asserts that a command failed like this, in text, and that `before` was told before.
    #[track_caller]
    fn in_text_behind(&self, before: &str, outcome: &Outcome) {
        let mut text = format!("{before}FAILED\n{}\n", self.message);
        for (label, value) in [("Code", self.code), ("Transaction-Id", self.trace)] {
            if let Some(value) = value {
                let _ = writeln!(text, "{label}: {value}");
            }
        }
        if !self.hint.is_empty() {
            let _ = writeln!(text, "{}", self.hint);
        }
        outcome.code(self.exit);
        assert_eq!(redact(&outcome.stderr), format!("{text}\n"), "{outcome:#?}");
    }

    /// Asserts that a command failed like this, in JSON.
    #[track_caller]
    fn in_json(&self, outcome: &Outcome) {
        outcome.code(self.exit);
        let told: Value = serde_json::from_str(&redact(&outcome.stderr)).unwrap();
        let hint = Some(self.hint).filter(|hint| !hint.is_empty());
        let expected = serde_json::json!({
            "kind": self.kind, "exit_code": self.exit, "message": self.message, "hint": hint,
            "code": self.code, "status": self.status, "trace": self.trace,
        });
        assert_eq!(told, expected, "{outcome:#?}");
    }
}

/// Counts, for scripts that answer differently as they go on.
#[derive(Clone, Default)]
struct Counter(Arc<AtomicUsize>);

impl Counter {
    /// Counts one more, and returns how many there were.
    fn next(&self) -> usize {
        self.0.fetch_add(1, Ordering::SeqCst)
    }
}
