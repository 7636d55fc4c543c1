//! Looking at the keys of an owner who has one at most, and removing the old one before the new one is made.

use std::path::Path;

use super::machine::{NewKey, OldKey};
use super::make::may_land;
use super::state::Run;
use crate::credentials::input;
use crate::error::{Error, Result};
use crate::journal::Step;
use crate::model::{ApiKey, ApiKeyId, Scope, Selection};
use crate::private_file;
use crate::secret::Secret;
use crate::session::Session;
use crate::systems::{Condition, LostAnswer, Proving, SystemError};

impl Run {
    /// Tells whether the value of a key whose answer was lost can be read at once.
    pub(super) fn can_read_again(session: &Session) -> bool {
        session.facts().lost_answer == LostAnswer::ReadAgain && session.keys().reading().is_some()
    }

    /// Looks for the new key: by the value at hand, else at the only key of the owner.
    pub(super) fn look_for_only_key(&mut self, session: &Session) -> Result<()> {
        let seen = match &self.value {
            // The service chose this value, so the key was made.
            Some(_) if self.machine.goal.is_value_theirs => NewKey::Found { is_used: false },
            Some(value) if opens(value, session)? => {
                self.machine.observed.works = Some(true);
                NewKey::Found { is_used: false }
            }
            Some(_) => NewKey::Absent,
            None => self.read_again(session)?,
        };
        if matches!(seen, NewKey::Found { .. } | NewKey::Unheld) && self.key.is_none() {
            let listed = if is_listed(session) { listed(session)? } else { None };
            // Somebody may have put another one in its place since.
            let id = self.id().or_else(|| listed.as_ref().map(|key| key.id.clone()));
            let (own, others): (Vec<_>, Vec<_>) =
                listed.into_iter().partition(|key| Some(&key.id) == id.as_ref());
            if !others.is_empty() {
                self.machine.observed.works = Some(false);
            }
            let own = own.into_iter().next();
            self.key = Some(own.unwrap_or_else(|| self.unlisted()));
        }
        if matches!(seen, NewKey::Found { .. }) && self.machine.progress.made.is_none() {
            self.machine.progress.made = self.key.as_ref().map(|key| key.id.to_string());
        }
        self.machine.see_key(seen);
        Ok(())
    }

    /// Looks at the only key of the owner, and reads its value.
    fn read_again(&mut self, session: &Session) -> Result<NewKey> {
        if !is_listed(session) {
            let is_untouched = self.machine.progress.sends == 0 || self.is_old_alive(session)?;
            return Ok(if is_untouched { NewKey::Absent } else { NewKey::Perhaps });
        }
        let Some(key) = listed(session)?.filter(|key| !self.is_known(key)) else {
            return Ok(NewKey::Absent);
        };
        let value = session.keys().reading().map(|reading| reading.value_of(&key.id)).transpose();
        let value = value.map_err(|error| session.told_of(error, &key.name))?.flatten();
        let is_ours = self.begun.id.as_deref() == Some(key.id.as_str());
        let seen = match value {
            Some(value) => {
                self.value = Some(value);
                NewKey::Found { is_used: false }
            }
            None if is_ours => NewKey::Unheld,
            None => {
                self.others = vec![key.id];
                return Ok(NewKey::Perhaps);
            }
        };
        self.key = Some(key);
        Ok(seen)
    }

    /// Tells whether the key before it still works, as far as its value is at hand. Then no new one was generated.
    fn is_old_alive(&self, session: &Session) -> Result<bool> {
        let old = self.begun.file.as_deref().and_then(|file| held_in(file, session));
        if let Some(old) = old
            && opens(&old, session)?
        {
            return Ok(true);
        }
        let own = session.keys().proving().map(Proving::own_key_works).transpose();
        let own = own.map_err(|error| session.told_of(error, &self.begun.name))?.flatten();
        Ok(own == Some(true))
    }

    /// Describes a key that no service lists.
    fn unlisted(&self) -> ApiKey {
        let name = self.begun.name.as_str();
        ApiKey {
            id: self.id().unwrap_or_else(|| ApiKeyId::new(name)),
            name: name.into(),
            iam_id: self.begun.iam_id.as_str().into(),
            account_id: self.begun.account_id.as_str().into(),
            ..ApiKey::default()
        }
    }

    pub(super) fn look_at_only_old(&mut self, session: &Session) -> Result<()> {
        let old = self.old_id();
        let is_there = listed(session)?.is_some_and(|key| Some(&key.id) == old.as_ref());
        self.machine.observed.old = Some(if is_there { OldKey::Works } else { OldKey::Retired });
        Ok(())
    }

    /// Removes the old key, before the new one is made.
    pub(super) fn remove_old(&mut self, session: &Session) -> Result<()> {
        let Some(id) = self.old_id() else { return Ok(()) };
        let (until, seconds) = may_land(session.keys().doubt(), session);
        self.note(Step::Removing { until, seconds }).map_err(|error| {
            let message = format!("The journal cannot be written: {error}. Nothing was changed.");
            Error::failure(message).remedied(&error)
        })?;
        let subject = format!("The old {} {id}", session.facts().noun);
        match session.keys().delete(&id) {
            Err(error) if matches!(error.condition, Condition::OutcomeUnknown(_)) => {
                let told = session.told(error, &subject);
                Err(told.hint(format!("Run '{} recover' to finish or undo it.", session.program())))
            }
            Err(error) if error.condition != Condition::NotFound => {
                self.cause = Some(session.told(error, &subject));
                self.machine.see_over();
                self.machine.observed.old = Some(OldKey::Works);
                Ok(())
            }
            _ => {
                self.machine.observed.old = Some(OldKey::Retired);
                Ok(())
            }
        }
    }
}

/// Tells whether the owner's key can be listed.
fn is_listed(session: &Session) -> bool {
    session.keys().lists()
}

/// Returns the only key of the owner, if there is one.
pub(in crate::ops) fn listed(session: &Session) -> Result<Option<ApiKey>> {
    let listed = session.keys().list(&Scope::Of(session.owner()), &Selection::All);
    let told = |error: SystemError| session.told(error, &format!("The {}", session.facts().noun));
    Ok(listed.map_err(told)?.pop())
}

/// Tells whether a value logs in.
pub(in crate::ops) fn opens(value: &Secret, session: &Session) -> Result<bool> {
    let Some(proving) = session.keys().proving() else { return Ok(false) };
    let told = |error: SystemError| session.told(error, &format!("The {}", session.facts().noun));
    proving.opens(value).map_err(told)
}

/// Returns the value that a file holds, if it may be a key of the system.
fn held_in(file: &Path, session: &Session) -> Option<Secret> {
    let bytes = private_file::read_own(file, input::MOST as u64).ok()??;
    let held = input::key_in(str::from_utf8(&bytes).ok()?)?;
    let is_here = held.endpoint.as_ref().is_none_or(|at| *at == session.keys().place().endpoint);
    (is_here && held.can_be_of(session.facts().system)).then_some(held.value)
}
