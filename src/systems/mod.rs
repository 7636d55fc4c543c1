//! Where API keys live: one trait, one vocabulary of errors, and the implementations beside it.
//!
//! Implementations differ in storage, never in meaning. Rules that all of them share (names, filters, states,
//! confirmation) stand above the trait, in `ops` and `model`, so that two backends cannot disagree. A backend sees
//! neither the command line nor the terminal.

#[cfg(test)]
pub(crate) mod fake;
pub mod iam;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::model::{
    Activity, ApiKey, ApiKeyChanges, ApiKeyDetails, ApiKeyId, BackendKind, CreatedApiKey, Detail,
    EntityTag, Identity, NewApiKey, NewValue, Owner, Selection,
};
use crate::names::Learned;
use crate::private_file;
use crate::secret::Secret;

/// What making a key does to the keys that are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreateEffect {
    /// The new key stands beside the others (IAM).
    Adds,
    /// The new key takes the place of the only one, which stops working at once (Cloud Pak for Data).
    ReplacesTheOnlyKey,
}

/// Notes that a request which may make a key is about to be sent, and for how long from then on a look-up that finds
/// nothing proves nothing; `false` where that could not be noted, and then nothing is sent.
pub type Note<'a> = dyn FnMut(Duration) -> bool + 'a;

/// So many faults of a service one behind the other are no accident any more.
const MOST_FAULTS: usize = 3;

/// A place where platform API keys live.
pub trait Backend: fmt::Debug + Send + Sync {
    /// Which one it is; appears in messages and in the journal.
    fn kind(&self) -> BackendKind;

    /// Where it is: a URL or a directory. Together with the identity it says whose journal entry is whose.
    fn endpoint(&self) -> String;

    /// Who requests are made as.
    fn identity(&self) -> Result<Identity, BackendError>;

    /// What making a key does to those that are there.
    fn create_effect(&self) -> CreateEffect {
        CreateEffect::Adds
    }

    /// Lists an owner's keys, every page, oldest first. A selection by name may bring more than was asked for. Fails with
    /// `Forbidden` where the keys of others are not shown.
    fn api_keys(&self, owner: &Owner, which: &Selection) -> Result<Vec<ApiKey>, BackendError>;

    /// Brings one key by id. Fails with `NotFound`.
    fn api_key(&self, id: &ApiKeyId, detail: Detail) -> Result<ApiKeyDetails, BackendError>;

    /// Tells how much keys are used, in the order in which they are named; `None` for one of which that is not known, or
    /// which is gone. `done` hears how many are through. Costs a service that tells it key by key a request each.
    fn activities(
        &self,
        ids: &[&ApiKeyId],
        done: &mut dyn FnMut(usize),
    ) -> Result<Vec<Option<Activity>>, BackendError> {
        let detail = Detail { history: false, activity: true };
        let mut faults = 0;
        let ask = |(number, id): (usize, &&ApiKeyId)| {
            let found = self.api_key(id, detail);
            let is_fault = found.as_ref().is_err_and(BackendError::is_fault_of_service);
            faults = if is_fault { faults + 1 } else { 0 };
            let activity = match found {
                Ok(details) => details.activity,
                Err(error)
                    if matches!(error.condition, Condition::NotFound | Condition::Forbidden) =>
                {
                    None
                }
                // To count uses may be too much for the service, for one key or two.
                Err(_) if is_fault && faults < MOST_FAULTS => None,
                Err(error) => return Err(error),
            };
            done(number);
            Ok(activity)
        };
        (1..).zip(ids).map(ask).collect()
    }

    /// Tells how many keys an identity may have; `None` where that is not told.
    fn key_limit(&self) -> Result<Option<usize>, BackendError> {
        Ok(None)
    }

    /// Finds the key that a value opens. Fails with `NotFound`.
    fn api_key_by_value(&self, value: &Secret) -> Result<ApiKey, BackendError>;

    /// Tells what would stop [`Backend::create_api_key`], and changes nothing. A service may know more than it says.
    fn check_new(&self, new: &NewApiKey) -> Result<(), BackendError>;

    /// Chooses the id of a new key, where that is not the service's to do: `recover` then knows the key for certain.
    fn choose_id(&self) -> Option<ApiKeyId> {
        None
    }

    /// Makes a key, exactly once or not at all. Fails with `LimitReached`, `DuplicateValue`, `Invalid`; with
    /// `OutcomeUnknown` when it may have been made, so that the caller keeps what it needs to find out. A backend whose
    /// answers can be lost calls `note` before each attempt.
    fn create_api_key(
        &self,
        new: &NewApiKey,
        value: NewValue<'_>,
        note: &mut Note<'_>,
    ) -> Result<CreatedApiKey, BackendError>;

    /// Tells what would stop [`Backend::update_api_key`] whatever the key, and changes nothing.
    fn check_changes(&self, changes: &ApiKeyChanges) -> Result<(), BackendError>;

    /// Changes a key if it still is at version `seen`. Fails with `Conflict` when it is not, and with `Locked`.
    fn update_api_key(
        &self,
        id: &ApiKeyId,
        seen: &EntityTag,
        changes: &ApiKeyChanges,
    ) -> Result<ApiKey, BackendError>;

    /// Deletes a key. Fails with `NotFound`, `Locked`.
    fn delete_api_key(&self, id: &ApiKeyId) -> Result<(), BackendError>;

    /// Locks or unlocks a key. May fail with `Conflict` when it already is as asked.
    fn set_locked(&self, id: &ApiKeyId, locked: bool) -> Result<(), BackendError>;

    /// Disables or enables a key. Fails with `Locked`; may fail with `Conflict` when it already is as asked.
    fn set_disabled(&self, id: &ApiKeyId, disabled: bool) -> Result<(), BackendError>;

    /// Names the key whose value the backend logs in with; `None` where it does not log in with a key. Fails where that
    /// cannot be told, which says nothing about which key it is.
    fn acting_key(&self) -> Result<Option<ApiKeyId>, BackendError> {
        Ok(None)
    }

    /// Logs in with the value of a key: the proof that it opens something. A key that was just made may need a moment,
    /// and gets it. Returns a backend that acts with it; `None` where nobody logs in. Fails with `Unauthorized`.
    fn acting_with(&self, value: &Secret) -> Result<Option<Box<dyn Backend>>, BackendError>;

    /// Hands over, once, what was learned of the names of one's own keys, and whose they are; a backend that has them at
    /// hand learns nothing.
    fn take_learned(&self) -> Option<(Identity, Learned)> {
        None
    }

    /// Hands over what the user should be warned of, once: a cut-off record that was ignored, say.
    fn take_warnings(&self) -> Vec<String> {
        Vec::new()
    }
}

/// What went wrong in a backend, in words that fit every backend.
#[derive(Debug)]
pub struct BackendError {
    /// The condition, for programs.
    pub condition: Condition,
    /// What the service itself said, when a service answered.
    pub service: Option<Box<ServiceAnswer>>,
    /// The error underneath, when there is one.
    pub source: Option<anyhow::Error>,
    /// What to do about it, where that is more than the condition says.
    pub hint: Option<String>,
}

/// The conditions a backend can report.
#[derive(Debug, PartialEq, Eq)]
pub enum Condition {
    /// No such key.
    NotFound,
    /// The credential was refused.
    Unauthorized,
    /// The credential is good, but not for this.
    Forbidden,
    /// The key changed since it was read, or is already as asked.
    Conflict,
    /// The key is locked.
    Locked,
    /// The owner has as many keys as allowed.
    LimitReached {
        /// How many are allowed, where that is known.
        limit: Option<usize>,
    },
    /// A key with this value exists.
    DuplicateValue,
    /// The request makes no sense to the backend, which says why.
    Invalid(String),
    /// The service refuses the request for a reason that has no condition of its own.
    Rejected(String),
    /// The backend could not be reached or cannot serve now; nothing changed.
    Unavailable(String),
    /// The request may or may not have been carried out.
    OutcomeUnknown(String),
    /// A file of the store cannot be read or written; nothing changed.
    Store {
        /// The file.
        path: PathBuf,
        /// What was being done, as in "could not be read".
        what: &'static str,
    },
    /// A file of the store holds something that was never written so; nothing was written.
    Damaged {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The backend has no such ability.
    Unsupported(&'static str),
}

/// The service's own words for an error (`api/iam_identity.md` §6).
#[derive(Debug, Default)]
pub struct ServiceAnswer {
    /// Such as `BXNIM0102E`.
    pub code: Option<String>,
    /// The message.
    pub message: Option<String>,
    /// The HTTP status.
    pub status: Option<u16>,
    /// The `Transaction-Id` that support asks for.
    pub trace: Option<String>,
}

impl From<Condition> for BackendError {
    fn from(condition: Condition) -> Self {
        Self { condition, service: None, source: None, hint: None }
    }
}

impl BackendError {
    /// Tells whether the service could not answer this one request, and may well answer others.
    fn is_fault_of_service(&self) -> bool {
        let status = self.service.as_ref().and_then(|service| service.status);
        status.is_some_and(|status| (500..600).contains(&status) && status != 503)
    }

    /// Reports a file of the store that cannot be used.
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
