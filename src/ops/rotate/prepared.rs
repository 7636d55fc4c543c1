//! A rotation before and after it is carried out.

use std::sync::Arc;

use super::request::One;
use crate::error::Error;
use crate::journal::Retires;
use crate::model::{ApiKey, ApiKeyId, NewApiKey, Timestamp};
use crate::ops::once::{Retired, Run};
use crate::private_file::Destination;

/// A rotation that can begin.
#[derive(Debug)]
pub(super) struct Prepared {
    pub one: One,
    /// The old key as it was seen.
    pub old: ApiKey,
    pub new: NewApiKey,
    pub destination: Option<Destination>,
    /// The keys of the name that were there when the old one was chosen; `None` where that is not known.
    pub beside: Option<Vec<ApiKeyId>>,
    /// The old keys of one command, none of which `--purge` may delete.
    pub spared: Arc<[ApiKeyId]>,
    pub now: Timestamp,
}

impl Prepared {
    /// Tells what is to become of the old key.
    pub(super) fn retires(&self) -> Retires {
        let grace = self.one.terms.grace.map(|grace| grace.as_secs());
        Retires { id: self.old.id.to_string(), grace }
    }
}

/// A rotation that is done.
#[derive(Debug)]
pub(super) struct Done {
    pub run: Run,
    /// Whether an interrupted command began it.
    pub is_taken_up: bool,
}

/// A rotation that failed.
#[derive(Debug)]
pub(super) struct Broken {
    pub error: Error,
    /// The new key, where that is in its place all the same.
    pub new: Option<ApiKeyId>,
}

impl From<Error> for Broken {
    fn from(error: Error) -> Self {
        Self { error, new: None }
    }
}

impl From<Broken> for Error {
    fn from(broken: Broken) -> Self {
        broken.error
    }
}

impl Done {
    /// Tells whether the old key was disabled.
    pub(super) fn disables(&self) -> bool {
        self.run.retirement.is_some_and(|old| old.became == Retired::Disabled)
    }

    /// Tells whether a time was reckoned.
    pub(super) fn has_end(&self) -> bool {
        let new = self.run.key.as_ref();
        new.is_some_and(|key| key.expires_at.is_some())
            || self.run.retires().is_some_and(|old| old.grace.is_some())
    }
}
