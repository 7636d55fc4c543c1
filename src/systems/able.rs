//! What an operation asks of keys, whatever their system. It fails where the system lacks the ability.

use super::error::Condition;
use super::keys::{Editing, Keys, Locking, LookUp, Proving, Result, ServiceIds, Switching};
use crate::model::{ApiKey, ApiKeyChanges, ApiKeyId, EntityTag, NewApiKey};
use crate::secret::Secret;

fn able<T>(ability: Option<T>, what: &'static str) -> Result<T> {
    ability.ok_or_else(|| Condition::Unsupported(what).into())
}

/// What an operation asks for, whatever the system. Fails with `Unsupported` if the system lacks the ability.
impl dyn Keys + '_ {
    /// Returns the ability to change keys.
    pub fn to_edit(&self) -> Result<&dyn Editing> {
        able(self.editing(), "changed")
    }

    /// Returns the ability to lock keys.
    pub fn to_lock(&self) -> Result<&dyn Locking> {
        able(self.locking(), "locked")
    }

    /// Returns the ability to disable keys.
    pub fn to_switch(&self) -> Result<&dyn Switching> {
        able(self.switching(), "disabled")
    }

    /// Returns the ability to keep service IDs.
    pub fn to_service_ids(&self) -> Result<&dyn ServiceIds> {
        able(self.service_ids(), "owned by service IDs")
    }

    /// Checks that keys can expire.
    pub fn to_expire(&self) -> Result<()> {
        able(self.facts().has_expiry.then_some(()), "given an expiry")
    }

    /// Checks that new keys can be as described.
    pub fn to_make(&self, new: &NewApiKey) -> Result<()> {
        if new.expires_at.is_some() {
            self.to_expire()?;
        }
        if new.locked {
            self.to_lock()?;
        }
        if new.disabled {
            self.to_switch()?;
        }
        Ok(())
    }

    /// Checks that keys can be changed so.
    pub fn to_change(&self, changes: &ApiKeyChanges) -> Result<()> {
        if changes.expires_at.is_some() {
            self.to_expire()?;
        }
        self.to_edit().map(drop)
    }

    /// See [`Editing::update`].
    pub fn update(
        &self,
        id: &ApiKeyId,
        seen: &EntityTag,
        changes: &ApiKeyChanges,
    ) -> Result<ApiKey> {
        self.to_edit()?.update(id, seen, changes)
    }

    /// See [`Locking::set_locked`].
    pub fn set_locked(&self, id: &ApiKeyId, locked: bool) -> Result<()> {
        self.to_lock()?.set_locked(id, locked)
    }

    /// See [`Switching::set_disabled`].
    pub fn set_disabled(&self, id: &ApiKeyId, disabled: bool) -> Result<()> {
        self.to_switch()?.set_disabled(id, disabled)
    }

    /// See [`LookUp::by_value`].
    pub fn by_value(&self, value: &Secret) -> Result<ApiKey> {
        able(self.look_up(), "looked up by value")
            .and_then(|keys: &dyn LookUp| keys.by_value(value))
    }

    /// See [`Proving::acting_key`]; `None` if nothing can be proven.
    pub fn acting_key(&self) -> Result<Option<ApiKeyId>> {
        self.proving().map_or(Ok(None), Proving::acting_key)
    }

    /// See [`Proving::acting_with`]; `None` if nothing can be proven.
    pub fn acting_with(&self, value: &Secret) -> Result<Option<Box<dyn Keys>>> {
        self.proving().map_or(Ok(None), |proving| proving.acting_with(value))
    }
}
