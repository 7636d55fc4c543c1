//! Failures as the user sees them, and their exit codes.

use std::io;

use serde::Serialize;

use crate::clock::ClockError;
use crate::object::object;
use crate::private_file::{self, DestinationError};
use crate::secret;
use crate::text::escape_json;

/// The kinds of failure, each with its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[repr(u8)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// Any other failure.
    Failure = 1,
    /// The command line or a setting makes no sense, or `--force` is missing where nobody can answer.
    Usage = 2,
    /// No such key.
    NotFound = 3,
    /// Several keys have this name.
    Ambiguous = 4,
    /// The key changed since it was read.
    Conflict = 5,
    /// The key is locked.
    Locked = 6,
    /// There is no credential, or it is refused.
    NotLoggedIn = 7,
    /// The credential does not permit this.
    NotPermitted = 8,
    /// There are as many keys as allowed.
    LimitReached = 9,
    /// The service, the network or the store cannot serve now; nothing changed.
    Unavailable = 10,
    /// It is not known whether the request was carried out.
    OutcomeUnknown = 11,
    /// Some of several items failed.
    SomeFailed = 12,
    /// The answer at the prompt was no.
    Cancelled = 13,
    /// The file for a key cannot be used.
    Destination = 14,
    /// The audit found what `--fail-on` names.
    AuditFound = 15,
    /// SIGINT.
    Interrupted = 130,
    /// SIGTERM.
    Terminated = 143,
}

impl ErrorKind {
    /// Returns the exit code.
    pub fn exit_code(self) -> u8 {
        self as u8
    }

    /// Tells whether every other thing would fail in the same way.
    pub fn ends_all(self) -> bool {
        matches!(self, Self::NotLoggedIn | Self::Unavailable)
    }
}

/// Every exit code and what it means, for the man page and docs/.
pub const EXIT_CODES: [(u8, &str); 18] = [
    (0, "done"),
    (1, "other failure"),
    (2, "usage, or '--force' is missing where nobody can answer"),
    (3, "not found"),
    (4, "several keys have this name"),
    (5, "conflict: changed since it was read"),
    (6, "locked"),
    (7, "not logged in, or the credential is refused"),
    (8, "not permitted"),
    (9, "limit reached"),
    (10, "service, network or store unavailable; nothing changed"),
    (11, "outcome unknown; run 'recover'"),
    (12, "some of several items failed"),
    (13, "cancelled at the prompt"),
    (14, "the destination file cannot be used"),
    (15, "the audit found something"),
    (130, "interrupted"),
    (143, "terminated"),
];

/// A failure as the user sees it: what failed and why, and the next command to run.
#[derive(Clone, Debug)]
pub struct Error {
    /// The kind.
    pub kind: ErrorKind,
    /// What failed and why; one sentence or more.
    pub message: String,
    /// What to do now.
    pub hint: Option<String>,
    /// The service's own code.
    pub code: Option<String>,
    /// The HTTP status.
    pub status: Option<u16>,
    /// The service's transaction id.
    pub trace: Option<String>,
}

/// The result of most functions of this program.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// Makes an error without a hint.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None, code: None, status: None, trace: None }
    }

    /// Makes a failure of no other kind, without a hint.
    pub fn failure(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Failure, message)
    }

    /// Makes a usage error. A quoted word that could be the value of a key is veiled.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage, secret::veil(&message.into()))
    }

    /// Sets the hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        let hint = hint.into();
        let quotes = self.kind == ErrorKind::Usage;
        self.hint = Some(if quotes { secret::veil(&hint) } else { hint });
        self
    }

    /// Sets the hint to the command that makes a file private, if that is why something failed.
    #[must_use]
    pub fn remedied(mut self, error: &io::Error) -> Self {
        if let Some(remedy) = private_file::remedy(error) {
            self.hint = Some(remedy.to_owned());
        }
        self
    }

    /// Writes the error as one JSON object on one line, for `--error-format json`.
    pub fn to_json(&self) -> String {
        let json = object()
            .with("kind", self.kind)
            .with("exit_code", self.kind.exit_code())
            .with("message", &self.message)
            .with("hint", &self.hint)
            .with("code", &self.code)
            .with("status", self.status)
            .with("trace", &self.trace);
        let json = serde_json::to_string(&json).unwrap_or_default();
        escape_json(json.as_bytes()).unwrap_or(json)
    }
}

impl From<DestinationError> for Error {
    fn from(error: DestinationError) -> Self {
        let mut told = Self::new(ErrorKind::Destination, error.message);
        told.hint = error.hint;
        told
    }
}

impl From<ClockError> for Error {
    fn from(error: ClockError) -> Self {
        Self::failure(format!("{error}.")).hint(
            "Set the clock, for example with 'timedatectl set-ntp true', then repeat the command.",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_has_the_documented_fields_in_order() {
        let error = Error::new(ErrorKind::NotFound, "gone").hint("look");
        let expected = concat!(
            r#"{"kind":"not_found","exit_code":3,"message":"gone","hint":"look","#,
            r#""code":null,"status":null,"trace":null}"#
        );
        assert_eq!(error.to_json(), expected);
    }
}
