//! What is said of a run that did not end well.

use std::io;

use super::machine::End;
use super::state::{Ended, Run};
use crate::error::{Error, ErrorKind, Result};
use crate::model::ApiKey;
use crate::private_file::pending_path;
use crate::session::Session;
use crate::systems::{Condition, SystemError};

impl Run {
    /// Returns the new key, or says why there is none.
    pub(in crate::ops) fn ended(&mut self, ended: Ended, session: &Session) -> Result<ApiKey> {
        let noun = session.facts().noun;
        let error = match (ended, self.key.clone(), self.cause.take()) {
            (Ended::At(End::Done | End::DoneBeside), Some(key), _) => return Ok(key),
            (Ended::Before(_), _, cause) => {
                let why = cause.map(|cause| format!("{} ", cause.message)).unwrap_or_default();
                let message = format!(
                    "{why}The {noun} is to be deleted again, but the service may still create it once more."
                );
                return Err(Error::new(ErrorKind::OutcomeUnknown, message)
                    .hint(format!("Run '{} recover' later.", session.program())));
            }
            (Ended::At(End::Blocked), Some(key), Some(cause)) => {
                let copy = self.begun.file.as_deref().map(|file| pending_path(file, &self.tag));
                let message = format!(
                    "{} {} was created; its value is kept in '{}'.",
                    cause.message,
                    session.subject(&key.name),
                    copy.unwrap_or_default().display()
                );
                return Err(Error { message, ..cause }.hint(format!(
                    "Clear the way to FILE, then run '{} recover'.",
                    session.program()
                )));
            }
            (Ended::At(End::Unmade), _, Some(cause)) => {
                let message = format!(
                    "The old {noun} was removed, and no new one was created. {}",
                    cause.message
                );
                let kind = match cause.kind {
                    ErrorKind::Unavailable => ErrorKind::OutcomeUnknown,
                    kind => kind,
                };
                return Err(Error { kind, message, ..cause }.hint(format!(
                    "Run '{} recover' to have it created, or '{}'.",
                    session.program(),
                    session.on("create", "")
                )));
            }
            (_, _, Some(cause)) => cause,
            (Ended::At(End::Yielded), ..) => {
                let message = format!(
                    "Another command has made a key in the place of the old one meanwhile ({}). The new key was deleted again.",
                    self.others()
                );
                return Err(Error::new(ErrorKind::Conflict, message)
                    .hint("Another machine may be rotating the key; look at the keys."));
            }
            _ => {
                let message = format!("The {noun} could not be made.");
                return Err(Error::failure(message));
            }
        };
        if error.kind == ErrorKind::Destination {
            let message = format!("{} No {noun} was created.", error.message);
            return Err(Error { message, ..error });
        }
        Err(error)
    }

    /// Fails where there is another new key of the name.
    pub(in crate::ops) fn check_alone(&self, session: &Session) -> Result<()> {
        if self.machine.observed.has_rival != Some(true) {
            return Ok(());
        }
        let message = format!(
            "{} is in its place, but another key of that name was made meanwhile and works too: {}.",
            session.subject(&self.begun.name),
            self.others()
        );
        Err(Error::new(ErrorKind::Conflict, message).hint(format!(
            "Find out who holds it; if nobody does, run '{}'.",
            session.on("delete", "KEY")
        )))
    }

    /// Says that a key may be left where an error would say that nothing was changed.
    pub(super) fn perhaps_made(&self, error: Error, session: &Session) -> Error {
        use ErrorKind::{NotLoggedIn, NotPermitted, Unavailable};
        let may_be_there = self.machine.progress.sends > 0 || self.key.is_some();
        let says_nothing = matches!(error.kind, NotLoggedIn | NotPermitted | Unavailable);
        if !self.is_live() || !may_be_there || self.is_in_place() || !says_nothing {
            return error;
        }
        let subject = session.subject(&self.begun.name);
        let message =
            format!("{subject} may have been created, but is not finished. {}", error.message);
        Error { kind: ErrorKind::OutcomeUnknown, message, ..error }
            .hint(format!("Run '{} recover' to finish or undo it.", session.program()))
    }

    /// Says why the key has to go, with a space behind it.
    fn why(&self) -> String {
        self.cause.as_ref().map(|cause| format!("{} ", cause.message)).unwrap_or_default()
    }

    /// Says that the key has to go again, but that could not be noted.
    pub(super) fn not_undone(&self, error: &io::Error, key: &ApiKey, session: &Session) -> Error {
        let why = self.why();
        let kind = self.cause.as_ref().map_or(ErrorKind::Failure, |cause| cause.kind);
        let subject = format!("{why}{} ({}) was created", session.subject(&key.name), key.id);
        let program = session.program();
        if let (Some(file), Some(_)) = (&self.begun.file, &self.value) {
            let copy = pending_path(file, &self.tag);
            let message = format!("{subject}; its value is in '{}'.", copy.display());
            return Error::new(kind, message)
                .hint(format!("Clear the way to FILE, then run '{program} recover'."));
        }
        let message =
            format!("{subject}, and is to be deleted again, but that cannot be noted: {error}.");
        Error::new(ErrorKind::OutcomeUnknown, message)
            .hint(format!("Run '{program} recover' to delete it."))
    }

    pub(super) fn not_deleted(&self, error: SystemError, key: &ApiKey, session: &Session) -> Error {
        let told = session.told_of(error, &key.id);
        let why = if self.is_live() { self.why() } else { String::new() };
        let message = format!(
            "{why}{} ({}) was created, and could not be deleted again; its value reached nobody. {}",
            session.subject(&key.name),
            key.id,
            told.message
        );
        let hint = format!("Run '{} recover' to delete it.", session.program());
        Error { kind: ErrorKind::OutcomeUnknown, message, ..told }.hint(hint)
    }
}

/// Says why the service made no key, and what to do about it.
pub(super) fn refused(
    error: SystemError,
    is_rotation: bool,
    name: &str,
    session: &Session,
) -> Error {
    let is_invalid = matches!(error.condition, Condition::Invalid(_));
    let told = session.told_of(error, name);
    // The service names the property that it refuses.
    if is_invalid && !is_rotation && told.message.to_ascii_lowercase().contains("apikey") {
        return told.hint(
            "If the service takes no values that were chosen elsewhere, repeat the command with '--server-value'.",
        );
    }
    told
}
