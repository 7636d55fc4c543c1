//! Taking the old key of a rotation out of use, when the new one is in its place.

use std::path::Path;

use crate::context::Context;
use crate::error::{Error, Result};
use crate::journal::Retires;
use crate::model::{ApiKey, ApiKeyChanges, ApiKeyId, Detail, Timestamp};
use crate::secret::Secret;
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

/// How a rotation ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ended {
    /// What became of the old key.
    pub(super) became: Retired,
    /// Whether a login was moved to the new key.
    pub(super) is_login_moved: bool,
    /// Whether the old key is the credential in use, and stays so until somebody puts the new one in its place.
    pub(super) is_credential: bool,
}

/// What kept the old key of a rotation from being retired.
pub(super) enum Unended {
    /// A login could not be moved to the new key.
    Login(Error),
    /// The old key itself.
    Key(BackendError),
}

/// How often a key that somebody else changes at the same time is tried.
const TRIES: u32 = 5;

/// Retires a key as it was planned. May be done twice; what is retired enough already stays as it is. Fails with
/// `Locked` where the key was locked meanwhile.
pub(super) fn retire(
    plan: &Retires,
    backend: &dyn Backend,
    now: Timestamp,
) -> std::result::Result<Retired, BackendError> {
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

/// Retires the old key of a rotation whose new one, with this value, is in its place: FILE, or printed. Logins that hold
/// the old one hold the new one first. `acting` acts with the new one.
pub(super) fn end(
    plan: &Retires,
    new: (&ApiKeyId, &Secret),
    file: Option<&Path>,
    acting: Option<&dyn Backend>,
    context: &Context,
) -> std::result::Result<Ended, Unended> {
    let old = ApiKeyId::new(plan.id.as_str());
    let is_own = is_acting(&old, context).map_err(Unended::Login)?;
    let (id, value) = new;
    // With the old key disabled a login would be no login any more.
    let is_login_moved = context.move_logins(&old, value, id).map_err(Unended::Login)?;
    let unavailable = |error: Error| Unended::Key(Condition::Unavailable(error.message).into());
    let own = context.backend().map_err(unavailable)?;
    let acting = acting.filter(|_| is_own).unwrap_or(own);
    let now = context.now().map_err(unavailable)?;
    let became = retire(plan, acting, now).map_err(Unended::Key)?;
    let is_kept = context.is_by_login() || file.is_some_and(|file| context.is_credential_in(file));
    Ok(Ended { became, is_login_moved, is_credential: is_own && !is_kept })
}

/// Tells whether the credential in use is this key. A rotation asks before it makes or settles anything, and goes no
/// further where that cannot be told: a login that is not known to hold the key would be lost with it. A token, the
/// session of the official CLI too, is no key: it works on until it expires.
pub(super) fn is_acting(id: &ApiKeyId, context: &Context) -> Result<bool> {
    let acting = context.acting_key().map_err(|error| {
        let message = format!(
            "It cannot be told whether the credential in use is the API key that is to be retired ({id}): {}. Nothing was changed.",
            error.message.trim_end_matches('.')
        );
        let hint = format!(
            "Repeat the command. If that does not help, run '{} login', or use a session of the official CLI ('ibmcloud login').",
            context.program()
        );
        Error { message, hint: Some(hint), ..error }
    })?;
    Ok(acting.as_ref() == Some(id))
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
    let grace = std::time::Duration::from_secs(plan.grace?);
    Some(now.plus(grace).unwrap_or(Timestamp::LAST))
}
