//! What the user is told when something fails: one type, one list of exit codes, one printed form.

use std::io;

use serde::Serialize;

use crate::clock::ClockError;
use crate::private_file::{self, DestinationError};
use crate::secret;
use crate::systems::{BackendError, Condition};
use crate::text::{escape_json, shell_path};

/// The kinds of failure, each with its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[repr(u8)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// Anything that has no kind of its own.
    Failure = 1,
    /// The command line or a setting makes no sense, or `--force` is missing where nobody can answer.
    Usage = 2,
    /// No such key.
    NotFound = 3,
    /// A name that several keys have.
    Ambiguous = 4,
    /// The key changed since it was read.
    Conflict = 5,
    /// The key is locked.
    Locked = 6,
    /// No credential, or one that is refused.
    NotLoggedIn = 7,
    /// The credential does not allow it.
    NotPermitted = 8,
    /// As many keys as allowed.
    LimitReached = 9,
    /// The service, the network or the store cannot serve now; nothing changed.
    Unavailable = 10,
    /// It is not known whether the request was carried out.
    OutcomeUnknown = 11,
    /// Some of several items failed.
    SomeFailed = 12,
    /// The answer at the prompt was no.
    Cancelled = 13,
    /// The file for the key cannot be used.
    Destination = 14,
    /// The audit found what is to make it fail.
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
}

/// Every exit code and what it means, for the man page and the README.
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
#[derive(Debug)]
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

/// What most of the program returns.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// Makes an error without a hint.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None, code: None, status: None, trace: None }
    }

    /// Makes a usage error. It quotes words of which one may be a key in the wrong place, so none that could be is shown.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage, secret::veil(&message.into()))
    }

    /// Says what to do now.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        let hint = hint.into();
        let quotes = self.kind == ErrorKind::Usage;
        self.hint = Some(if quotes { secret::veil(&hint) } else { hint });
        self
    }

    /// Says how to make private what is not, where that is why something failed.
    #[must_use]
    pub fn remedied(mut self, error: &io::Error) -> Self {
        if let Some(remedy) = private_file::remedy(error) {
            self.hint = Some(remedy.to_owned());
        }
        self
    }

    /// Tells a backend's error about `subject` ("API key 'ci'") in the user's words.
    pub fn of_backend(error: BackendError, subject: &str, program: &str) -> Self {
        let because = error.source.map(|source| format!(": {source:#}")).unwrap_or_default();
        let mut told = match error.condition {
            Condition::NotFound => Self::new(ErrorKind::NotFound, format!("{subject} was not found."))
                .hint(format!("Run '{program} api-keys' to list the API keys.")),
            Condition::Unauthorized => Self::new(ErrorKind::NotLoggedIn, "The credential was refused.")
                .hint("Check that the credential is an API key of this endpoint and still valid."),
            Condition::Forbidden => Self::new(ErrorKind::NotPermitted, "The credential does not permit this.")
                .hint("Ask the owner of the account for a role that permits it on the IAM Identity service."),
            Condition::Conflict => {
                Self::new(ErrorKind::Conflict, format!("{subject} was changed by somebody else meanwhile."))
                    .hint("Look at it again, then repeat the command.")
            }
            Condition::Locked => Self::new(ErrorKind::Locked, format!("{subject} is locked; nothing was changed."))
                .hint(format!("Unlock it first: '{program} api-key-unlock'.")),
            Condition::LimitReached { limit } => Self::new(
                ErrorKind::LimitReached,
                match limit {
                    Some(limit) => format!("The limit of supported API keys is reached: {limit} for this identity."),
                    None => "The identity has as many API keys as allowed.".to_owned(),
                },
            )
            .hint(format!(
                "Delete one that is no longer used: '{program} api-keys', then '{program} api-key-delete'."
            )),
            Condition::DuplicateValue => Self::new(ErrorKind::Conflict, "An API key with this value exists."),
            Condition::Invalid(words) => Self::usage(words),
            Condition::Rejected(words) => Self::new(ErrorKind::Failure, format!("{words}{because}.")),
            Condition::Unavailable(words) => Self::new(ErrorKind::Unavailable, format!("{words}{because}."))
                .hint("Nothing was changed; try again later."),
            Condition::OutcomeUnknown(words) => {
                Self::new(ErrorKind::OutcomeUnknown, format!("It is not known whether it was done: {words}{because}."))
                    .hint("Look at the API key, then repeat the command if need be.")
            }
            Condition::Store { path, what } => {
                Self::new(ErrorKind::Failure, format!("{} {what}{because}.", path.display()))
                    .hint("Nothing was changed. IBMCLOUD_IAM_STORE names another directory for the local store.")
            }
            Condition::Damaged { path, line, why } => Self::new(
                ErrorKind::Failure,
                format!("The local store is damaged: {}, line {line}: {why}. Nothing was written.", path.display()),
            )
            .hint(format!(
                "Restore the file from a backup, or look at it with 'sed -n {line}p {}'.",
                shell_path(&path)
            )),
            Condition::Unsupported(what) => {
                Self::new(ErrorKind::Failure, format!("This backend does not support {what}."))
            }
        };
        if error.hint.is_some() {
            told.hint = error.hint;
        }
        if let Some(service) = error.service {
            told.code = service.code;
            told.status = service.status;
            told.trace = service.trace;
            if let Some(message) = service.message {
                told.message = format!("{} {message}", told.message);
            }
        }
        told
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
        Self::new(ErrorKind::Failure, format!("{error}.")).hint(
            "Set the clock, for example with 'timedatectl set-ntp true', then repeat the command.",
        )
    }
}

/// The fields of `--error-format json`, in this order.
#[derive(Serialize)]
struct Json<'a> {
    kind: ErrorKind,
    exit_code: u8,
    message: &'a str,
    hint: Option<&'a str>,
    code: Option<&'a str>,
    status: Option<u16>,
    trace: Option<&'a str>,
}

impl Error {
    /// Writes the error as one JSON object on one line.
    pub fn to_json(&self) -> String {
        let json = Json {
            kind: self.kind,
            exit_code: self.kind.exit_code(),
            message: &self.message,
            hint: self.hint.as_deref(),
            code: self.code.as_deref(),
            status: self.status,
            trace: self.trace.as_deref(),
        };
        let json = serde_json::to_string(&json).unwrap_or_default();
        escape_json(json.as_bytes()).unwrap_or(json)
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

    #[test]
    fn every_kind_has_an_exit_code_of_its_own_that_is_listed() {
        use ErrorKind::{
            Ambiguous, AuditFound, Cancelled, Conflict, Destination, Failure, Interrupted,
            LimitReached, Locked, NotFound, NotLoggedIn, NotPermitted, OutcomeUnknown, SomeFailed,
            Terminated, Unavailable, Usage,
        };
        let kinds = [
            Failure,
            Usage,
            NotFound,
            Ambiguous,
            Conflict,
            Locked,
            NotLoggedIn,
            NotPermitted,
            LimitReached,
            Unavailable,
            OutcomeUnknown,
            SomeFailed,
            Cancelled,
            Destination,
            AuditFound,
            Interrupted,
            Terminated,
        ];
        let codes: std::collections::BTreeSet<u8> = kinds.map(ErrorKind::exit_code).into();
        assert_eq!(codes.len(), kinds.len());
        assert!(codes.iter().all(|code| EXIT_CODES.iter().any(|(listed, _)| listed == code)));
    }
}
