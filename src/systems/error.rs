//! What can go wrong in a key system.

use std::path::PathBuf;

use crate::log::LogError;
use crate::private_file;

/// A failure, in terms that fit every key system.
#[derive(Debug)]
pub struct SystemError {
    /// What went wrong.
    pub condition: Condition,
    /// What the service said, if one answered.
    pub service: Option<Box<ServiceAnswer>>,
    /// The cause, if there is one.
    pub source: Option<anyhow::Error>,
    /// What to do about it, if the condition does not say that already.
    pub hint: Option<String>,
}

/// The conditions that a key system can report.
#[derive(Debug, PartialEq, Eq)]
pub enum Condition {
    /// There is no such key.
    NotFound,
    /// The credential was refused.
    Unauthorized,
    /// The credential does not permit this.
    Forbidden,
    /// The key changed since it was read, or already is as asked.
    Conflict,
    /// The key is locked.
    Locked,
    /// The owner has as many keys as allowed.
    LimitReached {
        /// How many are allowed, if that is known.
        limit: Option<usize>,
    },
    /// There are as many of something else as allowed.
    TooMany {
        /// What they are, as in "groups of service IDs".
        what: &'static str,
        /// How many are allowed.
        limit: usize,
    },
    /// Another key has this value.
    DuplicateValue,
    /// The request makes no sense; the text is a whole sentence.
    Invalid(String),
    /// The request is refused for another reason; the text has no full stop.
    Rejected(String),
    /// The system cannot be reached, or cannot serve now; nothing changed. The text has no full stop.
    Unavailable(String),
    /// The request may or may not have been carried out. The text has no full stop.
    OutcomeUnknown(String),
    /// A file of the store cannot be read or written; nothing changed.
    Store {
        /// The file.
        path: PathBuf,
        /// What was being done, as in "could not be read".
        what: &'static str,
    },
    /// A file of the store was damaged or changed; nothing was written.
    Damaged {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Keys of this system cannot be so; the text is a participle, as in "locked".
    Unsupported(&'static str),
}

/// The service's own words for an error.
#[derive(Debug, Default)]
pub struct ServiceAnswer {
    /// The code, such as `BXNIM0102E`.
    pub code: Option<String>,
    /// The message.
    pub message: Option<String>,
    /// The HTTP status.
    pub status: Option<u16>,
    /// The `Transaction-Id` that support asks for.
    pub trace: Option<String>,
}

impl From<Condition> for SystemError {
    fn from(condition: Condition) -> Self {
        Self { condition, service: None, source: None, hint: None }
    }
}

impl SystemError {
    /// Tells whether the service failed at this one request, and may answer others.
    pub(crate) fn is_fault_of_service(&self) -> bool {
        let status = self.service.as_ref().and_then(|service| service.status);
        status.is_some_and(|status| (500..600).contains(&status) && status != 503)
    }

    /// Makes the error for a file that cannot be used; `what` is what was being done, as in "could not be read".
    pub fn store(
        path: impl Into<PathBuf>,
        what: &'static str,
        source: impl Into<anyhow::Error>,
    ) -> Self {
        let source = source.into();
        let remedy = source.downcast_ref().and_then(private_file::remedy);
        Self {
            hint: remedy.map(str::to_owned),
            source: Some(source),
            ..Condition::Store { path: path.into(), what }.into()
        }
    }
}

impl From<LogError> for SystemError {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Busy { directory, error } => Condition::Unavailable(format!(
                "The local store in {} is busy: {error}",
                directory.display()
            ))
            .into(),
            LogError::Unusable { path, what, error } => Self::store(path, what, error),
            LogError::Damaged { path, line, why } => Condition::Damaged { path, line, why }.into(),
            LogError::Unknown { path, error } => {
                let words = format!("{} could not be written", path.display());
                Self { source: Some(error.into()), ..Condition::OutcomeUnknown(words).into() }
            }
        }
    }
}
