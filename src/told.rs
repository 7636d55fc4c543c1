//! Words for what goes wrong in a key system.

use crate::error::{Error, ErrorKind};
use crate::systems::{Condition, Facts, SystemError};
use crate::text::{an, capitalised, shell_path};

/// What something is called in messages, and the commands on it.
#[derive(Clone, Copy, Debug)]
pub struct Thing {
    /// `API key`.
    pub noun: &'static str,
    /// The command that shows one: `api-key`. The others have a verb after it.
    pub command: &'static str,
    /// The command that lists them: `api-keys`.
    pub list_command: &'static str,
}

impl From<&Facts> for Thing {
    fn from(facts: &Facts) -> Self {
        let Facts { noun, command, list_command, .. } = *facts;
        Self { noun, command, list_command }
    }
}

/// Words an error about `subject` ("API key 'ci'"). `program` is what to type before a command.
pub fn told(error: SystemError, subject: &str, program: &str, thing: impl Into<Thing>) -> Error {
    worded(error, subject, program, thing.into())
}

fn worded(error: SystemError, subject: &str, program: &str, thing: Thing) -> Error {
    let Thing { noun, command, list_command } = thing;
    let subject = capitalised(subject);
    let because = error.source.map(|source| format!(": {source:#}")).unwrap_or_default();
    let mut told = match error.condition {
        Condition::NotFound => Error::new(ErrorKind::NotFound, format!("{subject} was not found."))
            .hint(format!("Run '{program} {list_command}' to list the {noun}s.")),
        Condition::Unauthorized => {
            Error::new(ErrorKind::NotLoggedIn, "The credential was refused.")
                .hint("Check that the credential is an API key of this endpoint and still valid.")
        }
        Condition::Forbidden => Error::new(
            ErrorKind::NotPermitted,
            "The credential does not permit this.",
        )
        .hint(
            "Ask the owner of the account for a role that permits it on the IAM Identity service.",
        ),
        Condition::Conflict => {
            let message = format!("{subject} was changed by somebody else meanwhile.");
            Error::new(ErrorKind::Conflict, message)
                .hint("Look at it again, then repeat the command.")
        }
        Condition::Locked => {
            Error::new(ErrorKind::Locked, format!("{subject} is locked; nothing was changed."))
                .hint(format!("Unlock it first: '{program} {command}-unlock'."))
        }
        Condition::LimitReached { limit } => {
            let message = match limit {
                Some(limit) => {
                    format!("The limit of supported {noun}s is reached: {limit} for this identity.")
                }
                None => format!("The identity has as many {noun}s as allowed."),
            };
            Error::new(ErrorKind::LimitReached, message).hint(format!(
                "Delete one that is no longer used: '{program} {list_command}', then '{program} {command}-delete'."
            ))
        }
        Condition::TooMany { what, limit } => {
            let message = format!("The limit of supported {what} is reached: {limit}.");
            Error::new(ErrorKind::LimitReached, message)
        }
        Condition::DuplicateValue => {
            let message = format!("{} {noun} with this value exists.", an(noun));
            Error::new(ErrorKind::Conflict, message)
        }
        Condition::Invalid(words) => Error::usage(words),
        Condition::Rejected(words) => Error::failure(format!("{words}{because}.")),
        Condition::Unavailable(words) => {
            Error::new(ErrorKind::Unavailable, format!("{words}{because}."))
                .hint("Nothing was changed; try again later.")
        }
        Condition::OutcomeUnknown(words) => {
            let message = format!("It is not known whether it was done: {words}{because}.");
            Error::new(ErrorKind::OutcomeUnknown, message)
                .hint(format!("Look at the {noun}, then repeat the command if need be."))
        }
        Condition::Store { path, what } => {
            let message = format!("{} {what}{because}.", path.display());
            Error::failure(message).hint(
                "Nothing was changed. IBMCLOUD_IAM_STORE names another directory for the local store.",
            )
        }
        Condition::Damaged { path, line, why } => {
            let message = format!(
                "The local store is damaged: {}, line {line}: {why}. Nothing was written.",
                path.display()
            );
            Error::failure(message).hint(format!(
                "Restore the file from a backup, or look at it with 'sed -n {line}p {}'.",
                shell_path(&path)
            ))
        }
        Condition::Unsupported(done) => {
            let message = format!("{}s cannot be {done}.", capitalised(noun));
            Error::failure(message)
        }
    };
    told.hint = error.hint.or(told.hint);
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
