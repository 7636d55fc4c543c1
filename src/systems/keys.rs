//! The keys of one system at one place: what every system can do, and the abilities that only some have.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use super::error::{Condition, SystemError};
use super::facts::Facts;
use crate::clock::Skew;
use crate::model::{
    Activity, ApiKey, ApiKeyChanges, ApiKeyDetails, ApiKeyId, BackendKind, CreatedApiKey, Detail,
    EntityTag, GroupChanges, GroupId, Identity, NewApiKey, NewServiceId, NewValue, Scope,
    Selection, ServiceId, ServiceIdChanges, ServiceIdDetails, ServiceIdGroup, ServiceIdSelection,
    ServiceUuid,
};
use crate::secret::Secret;
use crate::side_by_side::side_by_side;

/// The result of what a key system does.
pub type Result<T> = std::result::Result<T, SystemError>;

/// Records that a request which may make a key is about to be sent.
///
/// For the given time from then on, a look-up that finds no key proves nothing. Returns `false` if that could not be
/// recorded; then the request must not be sent.
pub type Note<'a> = dyn FnMut(Duration) -> bool + 'a;

/// How many faults of a service in a row end [`Keys::uses`].
const MOST_FAULTS: usize = 3;

/// How work on several keys is done.
pub struct Several<'a> {
    /// How many requests are under way at once, at most.
    pub jobs: usize,
    /// Tells whether anything more may be begun.
    pub may_go_on: &'a (dyn Fn() -> bool + Sync),
    /// Is called with the number of keys that are done.
    pub done: &'a mut dyn FnMut(usize),
}

/// Where keys are. Together with the identity it tells which journal entries belong to a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// On this machine, or at a service.
    pub kind: BackendKind,
    /// The URL of the service, or the directory of the store.
    pub endpoint: String,
}

impl Place {
    /// Tells whether the keys are on this machine. There no answer is lost and nobody logs in.
    pub fn is_here(&self) -> bool {
        self.kind == BackendKind::Local
    }
}

/// The keys of one system at one place.
///
/// Rules that several systems share (names, filters, states, confirmation) are in `ops` and `model`, not here. An
/// implementation sees neither the command line nor the terminal.
pub trait Keys: fmt::Debug + Send + Sync {
    /// Returns what is known of the system.
    fn facts(&self) -> &'static Facts;

    /// Returns where the keys are.
    fn place(&self) -> Place;

    /// Returns the identity that requests are made as.
    fn identity(&self) -> Result<Identity>;

    /// Lists all keys that fit, oldest first. A selection by name may return keys of other names too. Fails with
    /// `Forbidden` if the keys of others are not shown.
    fn list(&self, scope: &Scope, which: &Selection) -> Result<Vec<ApiKey>>;

    /// Returns how many keys the listing that is under way has brought so far; `None` where no listing takes long.
    fn came(&self) -> Option<Arc<AtomicUsize>> {
        None
    }

    /// Tells whether keys can be listed.
    fn lists(&self) -> bool {
        true
    }

    /// Returns one key by id. Fails with `NotFound`.
    fn get(&self, id: &ApiKeyId, detail: Detail) -> Result<ApiKeyDetails>;

    /// Checks a name and a description without asking a service. Fails with `Invalid`.
    fn check_texts(&self, _name: Option<&str>, _description: Option<&str>) -> Result<()> {
        Ok(())
    }

    /// Fails as [`Keys::create`] would, as far as that is known before, and changes nothing.
    fn check_new(&self, new: &NewApiKey) -> Result<()>;

    /// Chooses the id of a new key, if the service does not. `recover` then knows the key for certain.
    fn choose_id(&self) -> Option<ApiKeyId> {
        None
    }

    /// Chooses the value of a new key, for a system that takes values that were chosen here.
    fn choose_value(&self) -> std::result::Result<Secret, getrandom::Error> {
        Secret::choose_api_key()
    }

    /// Makes one key, or none. Fails with `LimitReached`, `DuplicateValue`, `Invalid`, or `OutcomeUnknown` if the key
    /// may have been made. If an answer can be lost, `note` is called before each attempt.
    fn create(
        &self,
        new: &NewApiKey,
        value: NewValue<'_>,
        note: &mut Note<'_>,
    ) -> Result<CreatedApiKey>;

    /// Returns for how long a request whose answer was lost may still take effect.
    fn doubt(&self) -> Duration {
        Duration::ZERO
    }

    /// Deletes a key. Fails with `NotFound`, `Locked`.
    fn delete(&self, id: &ApiKeyId) -> Result<()>;

    /// Returns how much each key is used, in the given order; `None` for a key that is gone or whose use is not known.
    ///
    /// By default this costs a request for each key, `several.jobs` of them at once. Where it is stopped, the rest is left
    /// out.
    fn uses(&self, ids: &[&ApiKeyId], several: &mut Several<'_>) -> Result<Vec<Option<Activity>>> {
        let detail = Detail { history: false, activity: true };
        let mut used = Vec::with_capacity(ids.len());
        let (mut faults, mut failed) = (0, None);
        let Several { jobs, may_go_on, done } = several;
        side_by_side(
            *jobs,
            ids.len(),
            *may_go_on,
            &|number| self.get(ids[number], detail),
            &mut |number, found| {
                let is_fault = found.as_ref().is_err_and(SystemError::is_fault_of_service);
                faults = if is_fault { faults + 1 } else { 0 };
                used.push(match found {
                    Ok(details) => details.activity,
                    Err(error)
                        if matches!(
                            error.condition,
                            Condition::NotFound | Condition::Forbidden
                        ) =>
                    {
                        None
                    }
                    // A service may fail to count the uses of a single key.
                    Err(_) if is_fault && faults < MOST_FAULTS => None,
                    Err(error) => {
                        failed.get_or_insert(error);
                        return ControlFlow::Break(());
                    }
                });
                done(number + 1);
                ControlFlow::Continue(())
            },
        );
        failed.map_or(Ok(used), Err)
    }

    /// Returns how many keys an identity may have; `None` if that is not known.
    fn key_limit(&self) -> Result<Option<usize>> {
        Ok(self.facts().limit)
    }

    /// Returns how the service's clock differs from this machine's, by the last answer that told the time; `None` if none
    /// did, or if there is no service.
    fn service_clock(&self) -> Option<Skew> {
        None
    }

    /// Returns new warnings for the user, such as a cut-off record that was ignored. Each is returned once.
    fn take_warnings(&self) -> Vec<String> {
        Vec::new()
    }

    /// Returns the ability to change keys, if the system has it.
    fn editing(&self) -> Option<&dyn Editing> {
        None
    }

    /// Returns the ability to lock and unlock keys, if the system has it.
    fn locking(&self) -> Option<&dyn Locking> {
        None
    }

    /// Returns the ability to disable and enable keys, if the system has it.
    fn switching(&self) -> Option<&dyn Switching> {
        None
    }

    /// Returns the ability to find keys by their values, if the system has it.
    fn look_up(&self) -> Option<&dyn LookUp> {
        None
    }

    /// Returns the ability to prove that values work, if the system has it.
    fn proving(&self) -> Option<&dyn Proving> {
        None
    }

    /// Returns the ability to read values again, if the system has it.
    fn reading(&self) -> Option<&dyn Reading> {
        None
    }

    /// Returns an access token for services beside this one that know the same identities; `None` if there is none.
    fn access_token(&self) -> Result<Option<Secret>> {
        Ok(None)
    }

    /// As [`Keys::access_token`], in place of one that a service has refused; `None` if there is no other.
    fn renewed_access_token(&self) -> Result<Option<Secret>> {
        Ok(None)
    }

    /// Returns the ability to keep service IDs, if the place has it.
    fn service_ids(&self) -> Option<&dyn ServiceIds> {
        None
    }
}

/// The ability to change a key.
pub trait Editing {
    /// Changes a key that still is at version `seen`. Fails with `Conflict` if it is not, and with `Locked`.
    fn update(&self, id: &ApiKeyId, seen: &EntityTag, changes: &ApiKeyChanges) -> Result<ApiKey>;
}

/// The ability to lock a key, so that it can be neither changed nor deleted.
pub trait Locking {
    /// Locks or unlocks a key. May fail with `Conflict` if it is so already.
    fn set_locked(&self, id: &ApiKeyId, locked: bool) -> Result<()>;
}

/// The ability to switch a key off and on again.
pub trait Switching {
    /// Disables or enables a key. Fails with `Locked`; may fail with `Conflict` if it is so already.
    fn set_disabled(&self, id: &ApiKeyId, disabled: bool) -> Result<()>;
}

/// The ability to find a key by its value.
pub trait LookUp {
    /// Returns the key that has this value. Fails with `NotFound`.
    fn by_value(&self, value: &Secret) -> Result<ApiKey>;
}

/// The ability to log in with the value of a key.
pub trait Proving {
    /// Returns the id of the key that requests are made with; `None` if they are not made with a key.
    ///
    /// An error says nothing about which key it is.
    fn acting_key(&self) -> Result<Option<ApiKeyId>> {
        Ok(None)
    }

    /// Tells whether the key that requests are made with still logs in; `None` if they are not made with the key of the
    /// identity. In a system whose owners have one key it tells whether that one was replaced.
    fn own_key_works(&self) -> Result<Option<bool>> {
        Ok(None)
    }

    /// Tells whether a value logs in now. It is tried once: a service may count logins that fail.
    fn opens(&self, value: &Secret) -> Result<bool> {
        match self.acting_with(value) {
            Ok(_) => Ok(true),
            Err(error)
                if matches!(error.condition, Condition::Unauthorized | Condition::NotFound) =>
            {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Proves that the value of a key works, by logging in with it. Waits a while for a key that was just made.
    ///
    /// Returns the keys as the holder of the value sees them; `None` if nobody logs in. Fails with `Unauthorized`.
    fn acting_with(&self, value: &Secret) -> Result<Option<Box<dyn Keys>>>;
}

/// The ability to read the value of a key again.
pub trait Reading {
    /// Returns the value of a key; `None` where it is not shown to this identity. Fails with `NotFound`.
    fn value_of(&self, id: &ApiKeyId) -> Result<Option<Secret>>;
}

/// The ability to keep service IDs, which own keys, and the groups that they are in. Errors are about the one that is named.
pub trait ServiceIds {
    /// Lists service IDs, oldest first.
    fn list_service_ids(&self, which: &ServiceIdSelection) -> Result<Vec<ServiceId>>;

    /// Returns one service ID by id. Fails with `NotFound`.
    fn get_service_id(&self, id: &ServiceUuid, detail: Detail) -> Result<ServiceIdDetails>;

    /// Makes a service ID. Fails with `TooMany`, `Invalid`, or `OutcomeUnknown` if it may have been made: names are not
    /// unique, so the request is not sent again then.
    fn create_service_id(&self, new: &NewServiceId) -> Result<ServiceId>;

    /// Changes a service ID that still is at version `seen`. Fails with `Conflict` if it is not, and with `Locked`.
    fn update_service_id(
        &self,
        id: &ServiceUuid,
        seen: &EntityTag,
        changes: &ServiceIdChanges,
    ) -> Result<ServiceId>;

    /// Deletes a service ID and its keys. Fails with `NotFound`, and with `Locked` if it or one of its keys is locked.
    fn delete_service_id(&self, id: &ServiceUuid) -> Result<()>;

    /// Locks or unlocks a service ID. May fail with `Conflict` if it is so already.
    fn set_service_id_locked(&self, id: &ServiceUuid, locked: bool) -> Result<()>;

    /// Lists the groups of the account, oldest first.
    fn list_groups(&self) -> Result<Vec<ServiceIdGroup>>;

    /// Makes a group. Fails with `TooMany`, and with `Conflict` if the name is taken.
    fn create_group(&self, name: &str, description: &str) -> Result<ServiceIdGroup>;

    /// Changes a group that still is at version `seen`. Fails with `Conflict` if it is not, or if the name is taken.
    fn update_group(
        &self,
        id: &GroupId,
        seen: &EntityTag,
        changes: &GroupChanges,
    ) -> Result<ServiceIdGroup>;

    /// Deletes a group. Fails with `Conflict` if a service ID is in it, or if it is the default group.
    fn delete_group(&self, id: &GroupId) -> Result<()>;
}
