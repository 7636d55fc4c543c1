//! What the emulator needs beside the [`Keys`](crate::systems::Keys) trait.

use std::path::Path;

use super::fold::{Fold, Stored, Want};
use super::record::{Op, Record};
use super::{LocalKeys, is_of_user, is_purged, texts};
use crate::model::{ApiKey, ApiKeyChanges, ApiKeyDetails, ApiKeyId, EntityTag, Identity, Scope};
use crate::secret::{KeyedHash, Secret};
use crate::systems::{Condition, Keys as _, Result};

/// What came of exchanging a value for a token.
#[derive(Debug)]
pub enum Login {
    /// The key was accepted, and its use was recorded.
    Done(Box<ApiKey>),
    /// No key has this value.
    Unknown,
    /// The key is disabled.
    Disabled,
    /// The key has expired.
    Expired,
}

impl LocalKeys {
    /// Writes the header of a new store, and runs `act` while the store is locked.
    ///
    /// `act` gets the identity, and the directory, which is `None` for a store in memory.
    pub fn found<T>(&self, act: impl FnOnce(&Identity, Option<&Path>) -> T) -> Result<T> {
        let mut writer = self.store.write()?;
        let heading = writer.heading(Self::founder)?;
        let scan = writer.scan(|_| Some(()))?;
        if scan.heading.is_none() {
            writer.append(&scan, &heading, &[])?;
        }
        self.note(&scan);
        let directory = (!self.store.0.is_in_memory()).then(|| self.store.0.directory());
        Ok(act(&heading.identity, directory))
    }

    /// Derives a key from the key of the store. `purpose` must be shorter than any value: then no stored hash is this key.
    pub fn derived_key(&self, purpose: &str) -> Result<KeyedHash> {
        let heading = self.store.heading()?.ok_or(Condition::NotFound)?;
        Ok(Secret::new(purpose.to_owned()).keyed_hash(&heading.hash_key))
    }

    /// Finds the key of a value, and records its use.
    pub fn log_in(&self, value: &Secret) -> Result<Login> {
        let now = self.now()?;
        let Some(heading) = self.store.heading()? else { return Ok(Login::Unknown) };
        let mut writer = self.store.write()?;
        let identity = &heading.identity;
        let mut fold = Fold::new(identity, Want::Opened(value.keyed_hash(&heading.hash_key)));
        let scan = writer.scan(|line| fold.take(&line))?;
        let Some(kept) = fold.into_stored().find(|kept| !is_purged(&kept.key, now)) else {
            return Ok(Login::Unknown);
        };
        let key = kept.key;
        if key.disabled {
            return Ok(Login::Disabled);
        }
        if key.expires_at.is_some_and(|at| at <= now) {
            return Ok(Login::Expired);
        }
        let record = Record::bare(Op::Authn, &key, now, &key.iam_id, identity);
        writer.append(&scan, &heading, &[record])?;
        Ok(Login::Done(Box::new(key)))
    }

    /// Returns what tells this state of the store from those before.
    pub fn state(&self) -> Result<Option<(u64, Vec<u8>)>> {
        Ok(self.store.0.state()?)
    }

    /// Lists an owner's keys with their histories, oldest first.
    pub fn list_in_full(&self, scope: &Scope) -> Result<Vec<ApiKeyDetails>> {
        let identity = self.identity()?;
        let kept = self.read(&identity, Want::Everything)?.into_iter();
        let wanted = kept.filter(|kept| scope.holds(kept.key.iam_id.as_bytes()));
        let details = |kept: Stored| ApiKeyDetails {
            key: kept.key,
            history: Some(kept.history),
            activity: Some(kept.used),
        };
        Ok(wanted.map(details).collect())
    }

    /// Changes a key that is at version `seen`, or at any version if that is `None`.
    pub fn change_fields(
        &self,
        id: &ApiKeyId,
        seen: Option<&EntityTag>,
        changes: &ApiKeyChanges,
    ) -> Result<ApiKey> {
        texts::check(texts::KEY, changes.name.as_deref(), changes.description.as_deref())?;
        self.change(id, Op::Update, |key| {
            if key.locked {
                return Err(Condition::Locked);
            }
            if seen.is_some_and(|seen| key.entity_tag != *seen) {
                return Err(Condition::Conflict);
            }
            changes.apply(key);
            key.support_sessions &= is_of_user(&key.iam_id);
            Ok(())
        })
    }
}
