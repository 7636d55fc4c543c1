//! Taking the old key of a rotation out of use.

use std::time::Duration;

use super::machine::OldKey;
use super::state::{Retired, Retirement, Run, found};
use crate::error::{Error, Result};
use crate::journal::{Retires, Step};
use crate::model::{ApiKey, ApiKeyChanges, ApiKeyId, Detail, Timestamp};
use crate::session::Session;
use crate::systems::{Condition, SystemError};

/// How often a key is looked at again that somebody else changes at the same time.
const TRIES: u32 = 5;

impl Run {
    /// Returns the id of the old key.
    pub(super) fn old_id(&self) -> Option<ApiKeyId> {
        self.begun.retires.as_ref().map(|old| ApiKeyId::new(old.id.as_str()))
    }

    /// Returns what is to become of the old key, with the grace that counts.
    pub(in crate::ops) fn retires(&self) -> Option<Retires> {
        let retires = self.begun.retires.clone()?;
        let grace = self.machine.progress.grace.or(retires.grace);
        Some(Retires { grace, ..retires })
    }

    pub(super) fn look_at_old(&mut self, session: &Session) -> Result<()> {
        let (Some(id), Some(plan)) = (self.old_id(), self.retires()) else { return Ok(()) };
        let told = |error| told_of_old(error, &id, session);
        self.old =
            found(session.keys().get(&id, Detail::default())).map_err(told)?.map(|found| found.key);
        let became = match &self.old {
            None => Some(Retired::Gone),
            Some(key) => before(key, &plan, session)?,
        };
        if let Some(became) = became {
            self.retires_as(became, session)?;
            return Ok(());
        }
        self.machine.observed.old = Some(OldKey::Works);
        Ok(())
    }

    /// Takes note of what became of the old key.
    fn retires_as(&mut self, became: Retired, session: &Session) -> Result<()> {
        self.move_logins(session)?;
        let (Some(old), is_by_login) = (self.old_id(), session.is_by_login()) else {
            return Ok(());
        };
        let file = self.begun.file.as_deref();
        let is_kept = is_by_login || file.is_some_and(|file| session.is_credential_in(file));
        let is_credential = is_acting(&old, session)? && !is_kept;
        let is_login_moved = self.has_moved_login;
        self.retirement = Some(Retirement { became, is_login_moved, is_credential });
        self.machine.observed.old = Some(OldKey::Retired);
        Ok(())
    }

    /// Moves the logins that hold the old key to the new one: with a key that is disabled they could not log in again.
    fn move_logins(&mut self, session: &Session) -> Result<()> {
        let (Some(old), Some(new)) = (self.old_id(), self.id()) else { return Ok(()) };
        self.is_moving_login = true;
        self.has_moved_login |= match &self.value {
            Some(value) => session.move_logins(&old, value, &new)?,
            None if session.logins_with(&old)?.is_empty() => false,
            None => {
                let message = format!("a login still has the old {}", session.facts().noun);
                return Err(Error::failure(message));
            }
        };
        self.is_moving_login = false;
        Ok(())
    }

    /// Retires the old key as planned, with the new one where the old one is the credential in use.
    pub(super) fn retire(&mut self, session: &Session) -> Result<()> {
        let (Some(id), Some(plan), Some(seen)) = (self.old_id(), self.retires(), self.old.clone())
        else {
            return Ok(());
        };
        let told = |error| told_of_old(error, &id, session);
        if seen.locked {
            return Err(told(Condition::Locked.into()));
        }
        let is_own = is_acting(&id, session)?;
        self.move_logins(session)?;
        self.note(Step::Retiring).map_err(|error| {
            let message = format!("The journal cannot be written: {error}. It was not touched.");
            Error::failure(message).remedied(&error)
        })?;
        let keys = self.acting.as_deref().filter(|_| is_own).unwrap_or(session.keys());
        let until = end_of_grace(&plan, session.service_time()?);
        let done: std::result::Result<(), SystemError> = match until {
            Some(end) => {
                let changes =
                    ApiKeyChanges { expires_at: Some(Some(end)), ..ApiKeyChanges::default() };
                keys.update(&id, &seen.entity_tag, &changes).map(drop)
            }
            None => keys.set_disabled(&id, true),
        };
        match done {
            Ok(()) => self.retires_as(until.map_or(Retired::Disabled, Retired::Until), session),
            // Somebody has changed the key since it was read: it is looked at again.
            Err(error) if error.condition == Condition::Conflict && self.conflicts < TRIES => {
                self.conflicts += 1;
                self.machine.observed.old = None;
                Ok(())
            }
            Err(error) => Err(told(error)),
        }
    }
}

/// Tells whether the credential in use is this key. A rotation asks before it changes anything, and stops where that
/// cannot be told: a login that holds the key unnoticed would be lost with it. A token is no key, and works until it
/// expires.
pub(in crate::ops) fn is_acting(id: &ApiKeyId, session: &Session) -> Result<bool> {
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

fn told_of_old(error: SystemError, id: &ApiKeyId, session: &Session) -> Error {
    session.told(error, &format!("The old {} {id}", session.facts().noun))
}

/// Tells how a key is retired already; `None` where it is not.
fn before(key: &ApiKey, plan: &Retires, session: &Session) -> Result<Option<Retired>> {
    let now = session.service_time()?;
    // A key that has expired by one clock only may work.
    let first = now.min(session.now()?);
    Ok(match key.expires_at {
        _ if key.disabled => Some(Retired::Disabled),
        Some(at) if at <= first => Some(Retired::Expired),
        // A grace never gives a key a later end.
        Some(at) if end_of_grace(plan, now).is_some_and(|end| at <= end) => {
            Some(Retired::Until(at))
        }
        _ => None,
    })
}

/// Returns until when a key works that is retired now; `None` where it is disabled at once.
pub(in crate::ops) fn end_of_grace(plan: &Retires, now: Timestamp) -> Option<Timestamp> {
    let grace = Duration::from_secs(plan.grace?);
    Some(now.plus(grace).unwrap_or(Timestamp::LAST))
}
