//! Words for what goes wrong in a key system.

use std::fmt::Display;

use crate::error::{Error, ErrorKind};
use crate::model::ServiceUuid;
use crate::systems::{Condition, Facts, System, SystemError};
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
    /// Whether commands name one.
    pub has_names: bool,
}

impl From<&Facts> for Thing {
    fn from(facts: &Facts) -> Self {
        let Facts { noun, command, list_command, has_names, .. } = *facts;
        Self { noun, command, list_command, has_names }
    }
}

/// A family of commands, as hints name them.
#[derive(Clone, Debug)]
pub struct Family<'a> {
    /// What to type before a command.
    pub program: &'a str,
    /// What the commands are about.
    pub thing: Thing,
    /// The service ID whose keys are meant, if any: the commands name it behind the key.
    pub service: Option<ServiceUuid>,
    /// The service ID that the credential is a key of, if any.
    pub actor: Option<ServiceUuid>,
}

impl<'a> Family<'a> {
    /// Returns the commands on something that needs no service ID behind it.
    pub fn of(program: &'a str, thing: impl Into<Thing>) -> Self {
        Self { program, thing: thing.into(), service: None, actor: None }
    }

    /// Returns the commands on the keys of a service ID.
    #[must_use]
    pub fn of_service(self, id: ServiceUuid) -> Self {
        Self { thing: System::ServiceIds.facts().into(), service: Some(id), ..self }
    }

    /// Returns the command that lists all.
    pub fn list(&self) -> String {
        format!("{} {}{}", self.program, self.thing.list_command, self.behind())
    }

    /// Returns a command on one: `ibmcloud-iam api-key-delete KEY`. `verb` is empty for the one that shows it.
    pub fn on(&self, verb: &str, key: impl Display) -> String {
        let dash = if verb.is_empty() { "" } else { "-" };
        let mut command = [self.program, " ", self.thing.command, dash, verb].concat();
        let key = key.to_string();
        // Where keys have no names, only flags may follow.
        if self.thing.has_names || key.starts_with("--") {
            command.extend([" ", &key, &self.behind()]);
        }
        command
    }

    /// Returns what stands behind the key.
    fn behind(&self) -> String {
        self.service.as_ref().map(|id| format!(" {}", id.in_command())).unwrap_or_default()
    }
}

/// Words an error about `subject` ("API key 'ci'").
pub fn told(error: SystemError, subject: &str, family: &Family<'_>) -> Error {
    let noun = family.thing.noun;
    let subject = capitalised(subject);
    let because = error.source.map(|source| format!(": {source:#}")).unwrap_or_default();
    let mut told = match error.condition {
        Condition::NotFound => missing(&subject, family),
        Condition::Unauthorized => {
            Error::new(ErrorKind::NotLoggedIn, "The credential was refused.")
                .hint("Check that the credential is an API key of this endpoint and still valid.")
        }
        Condition::Forbidden if family.actor.is_some() => {
            let id = family.actor.as_ref().map(ServiceUuid::as_str).unwrap_or_default();
            let message =
                format!("The credential is a key of {id}, which is not permitted to do this.");
            Error::new(ErrorKind::NotPermitted, message).hint("Log in as a user who may, or have the service ID given a role that permits it on the IAM Identity service.")
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
                .hint(format!("Unlock it first: '{}'.", family.on("unlock", "NAME")))
        }
        Condition::LimitReached { limit } => full(limit, &subject, family),
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

fn missing(subject: &str, family: &Family<'_>) -> Error {
    let hint = if family.thing.has_names {
        format!("Run '{}' to list the {}s.", family.list(), family.thing.noun)
    } else {
        format!("'{}' makes one.", family.on("create", ""))
    };
    Error::new(ErrorKind::NotFound, format!("{subject} was not found.")).hint(hint)
}

fn full(limit: Option<usize>, subject: &str, family: &Family<'_>) -> Error {
    let noun = family.thing.noun;
    if !family.thing.has_names {
        let message = format!("{subject} exists already, and a user has one at most.");
        return Error::new(ErrorKind::Conflict, message)
            .hint(format!("'{}' puts a new one in its place.", family.on("rotate", "")));
    }
    let message = match limit {
        Some(limit) => {
            format!("The limit of supported {noun}s is reached: {limit} for this identity.")
        }
        None => format!("The identity has as many {noun}s as allowed."),
    };
    Error::new(ErrorKind::LimitReached, message).hint(format!(
        "Delete one that is no longer used: '{}', then '{}'.",
        family.list(),
        family.on("delete", "NAME")
    ))
}
