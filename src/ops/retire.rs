//! Taking the old key of a rotation out of use when the new one is in its place.

use std::path::Path;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::journal::Retires;
use crate::model::{ApiKey, ApiKeyChanges, ApiKeyId, Detail, Timestamp};
use crate::secret::Secret;
use crate::session::Session;
use crate::systems::{Condition, Keys, SystemError};

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
    /// Completes the sentence "The old key ID ...".
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
pub(super) struct Retirement {
    /// What became of the old key.
    pub(super) became: Retired,
    /// Whether a login was moved to the new key.
    pub(super) is_login_moved: bool,
    /// Whether the old key is the credential in use, and stays so until somebody puts the new one in its place.
    pub(super) is_credential: bool,
}

/// Why the old key was not retired.
pub(super) struct NotRetired {
    pub(super) error: Error,
    /// Whether a login could not be moved to the new key, and the old one was not touched.
    pub(super) is_login: bool,
}

/// How often a key is tried that somebody else changes at the same time.
const TRIES: u32 = 5;

/// Retires a key as planned; one that is retired enough stays as it is. Fails with `Locked` where the key is locked.
pub(super) fn retire(plan: &Retires, keys: &dyn Keys, session: &Session) -> Result<Retired> {
    let now = session.now()?;
    let retired = try_to_retire(plan, keys, now);
    retired.map_err(|error| {
        session.told(error, &format!("The old {} {}", session.facts().noun, plan.id))
    })
}

fn try_to_retire(
    plan: &Retires,
    keys: &dyn Keys,
    now: Timestamp,
) -> std::result::Result<Retired, SystemError> {
    let id = ApiKeyId::new(plan.id.as_str());
    let mut tries = 0;
    loop {
        tries += 1;
        let key = match keys.get(&id, Detail::default()) {
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
                keys.update(&id, &key.entity_tag, &changes).map(|_| Retired::Until(end))
            }
            None => keys.set_disabled(&id, true).map(|()| Retired::Disabled),
        };
        match done {
            Err(error) if error.condition == Condition::Conflict && key.locked => {
                return Err(Condition::Locked.into());
            }
            // Somebody has changed the key since it was read: it is read again.
            Err(error) if error.condition == Condition::Conflict && tries < TRIES => {}
            other => return other,
        }
    }
}

/// Moves the logins that hold the old key to the new one, whose value is in its place, then retires the old key. `acting`
/// acts with the new key.
pub(super) fn replace(
    plan: &Retires,
    (id, value): (&ApiKeyId, &Secret),
    file: Option<&Path>,
    acting: Option<&dyn Keys>,
    session: &Session,
) -> std::result::Result<Retirement, NotRetired> {
    let old = ApiKeyId::new(plan.id.as_str());
    let failed = |is_login| move |error| NotRetired { error, is_login };
    let is_own = is_acting(&old, session).map_err(failed(true))?;
    // A login whose key is disabled could not log in again.
    let is_login_moved = session.move_logins(&old, value, id).map_err(failed(true))?;
    let keys = acting.filter(|_| is_own).unwrap_or(session.keys());
    let became = retire(plan, keys, session).map_err(failed(false))?;
    let is_kept = session.is_by_login() || file.is_some_and(|file| session.is_credential_in(file));
    Ok(Retirement { became, is_login_moved, is_credential: is_own && !is_kept })
}

/// Tells whether the credential in use is this key. A rotation asks before it changes anything, and stops where that
/// cannot be told: a login that holds the key unnoticed would be lost with it. A token is no key, and works until it
/// expires.
pub(super) fn is_acting(id: &ApiKeyId, session: &Session) -> Result<bool> {
    let acting = session.acting_key().map_err(|error| {
        let message = format!(
            "It cannot be told whether the credential in use is the {} that is to be retired ({id}): {}. Nothing was changed.",
            session.facts().noun,
            error.message.trim_end_matches('.')
        );
        let hint = format!(
            "Repeat the command. If that does not help, run '{} login', or use a session of the official CLI ('ibmcloud login').",
            session.program()
        );
        Error { message, hint: Some(hint), ..error }
    })?;
    Ok(acting.as_ref() == Some(id))
}

/// Tells how a key is retired already; `None` where it is not.
fn before(key: &ApiKey, plan: &Retires, now: Timestamp) -> Option<Retired> {
    match key.expires_at {
        _ if key.disabled => Some(Retired::Disabled),
        Some(at) if at <= now => Some(Retired::Expired),
        // A grace never gives a key a later end.
        Some(at) if end_of_grace(plan, now).is_some_and(|end| at <= end) => {
            Some(Retired::Until(at))
        }
        _ => None,
    }
}

/// Returns until when a key works that is retired now; `None` where it is disabled at once.
pub(super) fn end_of_grace(plan: &Retires, now: Timestamp) -> Option<Timestamp> {
    let grace = Duration::from_secs(plan.grace?);
    Some(now.plus(grace).unwrap_or(Timestamp::LAST))
}
