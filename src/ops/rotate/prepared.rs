//! A rotation before and after it is carried out.

use super::request::One;
use crate::journal::Retires;
use crate::model::{ApiKey, NewApiKey, Timestamp};
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
