//! Taking the old key of a rotation out of use, when the new one is in its place.

use crate::context::Context;
use crate::error::Error;
use crate::journal::Retires;
use crate::model::{ApiKey, ApiKeyChanges, ApiKeyId, Detail, Timestamp};
use crate::systems::{Backend, BackendError, Condition};

/// What became of the old key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Retired {
    /// It was disabled, or was so before.
    Disabled,
    /// It works until then.
    Until(Timestamp),
    /// It had expired before.
    Expired,
    /// It was deleted meanwhile.
    Gone,
}

impl Retired {
    /// Says it of "the old API key".
    pub(super) fn words(self) -> String {
        match self {
            Self::Disabled => "was disabled".to_owned(),
            Self::Until(time) => format!("works until {}", time.to_wire()),
            Self::Expired => "had expired before".to_owned(),
            Self::Gone => "was deleted meanwhile".to_owned(),
        }
    }
}

/// How often a key that somebody else changes at the same time is tried.
const TRIES: u32 = 5;

/// Retires a key as it was planned. May be done twice; what is retired enough already stays as it is. Fails with
/// `Locked` where the key was locked meanwhile.
pub(super) fn retire(
    plan: &Retires,
    backend: &dyn Backend,
    now: Timestamp,
) -> Result<Retired, BackendError> {
    let id = ApiKeyId::new(plan.id.as_str());
    for tries in 1.. {
        let key = match backend.api_key(&id, Detail::default()) {
            Ok(details) => details.key,
            Err(error) if error.condition == Condition::NotFound => return Ok(Retired::Gone),
            Err(error) => return Err(error),
        };
        if let Some(before) = before(&key, plan, now) {
            return Ok(before);
        }
        let done = match end_of_grace(plan, now) {
            Some(end) => {
                let changes =
                    ApiKeyChanges { expires_at: Some(Some(end)), ..ApiKeyChanges::default() };
                backend.update_api_key(&id, &key.entity_tag, &changes).map(|_| Retired::Until(end))
            }
            None => backend.set_disabled(&id, true).map(|()| Retired::Disabled),
        };
        match done {
            // Somebody changed it since it was read: looked at again.
            Err(error) if error.condition == Condition::Conflict && tries < TRIES => {
                if key.locked {
                    return Err(Condition::Locked.into());
                }
            }
            Err(error) if error.condition == Condition::Conflict && key.locked => {
                return Err(Condition::Locked.into());
            }
            other => return other,
        }
    }
    Err(Condition::Conflict.into())
}

/// Retires the old key of a rotation; with the new one where that is the credential in use.
pub(super) fn retire_with(
    plan: &Retires,
    acting: Option<&dyn Backend>,
    context: &Context,
) -> Result<Retired, BackendError> {
    let unavailable = |error: Error| BackendError::from(Condition::Unavailable(error.message));
    let own = context.backend().map_err(unavailable)?;
    retire(plan, acting.unwrap_or(own), context.now().map_err(unavailable)?)
}

/// Tells whether the backend logs in with this key; `None` where that cannot be told.
pub(super) fn is_acting(id: &ApiKeyId, backend: &dyn Backend) -> Option<bool> {
    backend.acting_key().ok().map(|acting| acting.as_ref() == Some(id))
}

/// Tells how a key is retired already, if it is.
fn before(key: &ApiKey, plan: &Retires, now: Timestamp) -> Option<Retired> {
    match key.expires_at {
        _ if key.disabled => Some(Retired::Disabled),
        Some(at) if at <= now => Some(Retired::Expired),
        // Never later than it had.
        Some(at) if end_of_grace(plan, now).is_some_and(|end| at <= end) => {
            Some(Retired::Until(at))
        }
        _ => None,
    }
}

/// Returns until when a key works on that is retired now; `None` where it is disabled at once.
pub(super) fn end_of_grace(plan: &Retires, now: Timestamp) -> Option<Timestamp> {
    now.plus(std::time::Duration::from_secs(plan.grace?))
}
