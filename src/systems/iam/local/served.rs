//! What the emulator needs of the local store beside the [`Backend`](crate::systems::Backend) trait.

use std::path::Path;

use super::fold::{Fold, Want};
use super::record::{Op, Record};
use super::{LocalBackend, is_purged};
use crate::model::{ApiKey, ApiKeyChanges, ApiKeyDetails, ApiKeyId, EntityTag, Identity, Owner};
use crate::secret::{KeyedHash, Secret};
use crate::systems::{BackendError, Condition};

/// What came of exchanging a key for a token.
#[derive(Debug)]
pub enum Login {
    /// It opened the door, which is on record.
    Done(Box<ApiKey>),
    /// No key has this value.
    Unknown,
    /// The key is switched off.
    Disabled,
    /// The key's time is over.
    Expired,
}

impl LocalBackend {
    /// Returns how many keys an identity may have.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Writes the header of a store that was never written, so that its keys stay the same from now on, and runs `act`
    /// before anybody else can change the store. It gets the directory, or `None` for a store in memory.
    pub fn found<T>(
        &self,
        act: impl FnOnce(&Identity, Option<&Path>) -> T,
    ) -> Result<T, BackendError> {
        let mut writer = self.store.write()?;
        let facts = writer.facts(Self::founder)?;
        let scan = writer.scan(|_| Some(()))?;
        if scan.facts.is_none() {
            writer.append(&scan, &facts, &[])?;
        }
        self.note(&scan);
        let directory = (!self.store.0.is_in_memory()).then(|| self.store.0.directory());
        Ok(act(&facts.identity, directory))
    }

    /// Derives a key from the store's own. `purpose` is shorter than any value, so that no stored hash is this key.
    pub fn derived_key(&self, purpose: &str) -> Result<KeyedHash, BackendError> {
        let facts = self.store.facts()?.ok_or(Condition::NotFound)?;
        Ok(Secret::new(purpose.to_owned()).keyed_hash(&facts.hash_key))
    }

    /// Exchanges a value: finds its key and puts the use on record.
    pub fn log_in(&self, value: &Secret) -> Result<Login, BackendError> {
        let now = self.now()?;
        let Some(facts) = self.store.facts()? else { return Ok(Login::Unknown) };
        let mut writer = self.store.write()?;
        let identity = &facts.identity;
        let mut fold = Fold::new(identity, Want::Opened(value.keyed_hash(&facts.hash_key)));
        let scan = writer.scan(|line| fold.take(&line))?;
        let Some(kept) = fold.into_kept().find(|kept| !is_purged(&kept.key, now)) else {
            return Ok(Login::Unknown);
        };
        let key = kept.key;
        if key.disabled {
            return Ok(Login::Disabled);
        }
        if key.expires_at.is_some_and(|at| at <= now) {
            return Ok(Login::Expired);
        }
        let record = Record::bare(Op::Authn, &key, now, &identity.iam_id, identity);
        writer.append(&scan, &facts, &[record])?;
        Ok(Login::Done(Box::new(key)))
    }

    /// Lists an owner's keys with their histories, oldest first.
    pub fn api_keys_in_full(&self, owner: &Owner) -> Result<Vec<ApiKeyDetails>, BackendError> {
        use crate::systems::Backend as _;
        let identity = self.identity()?;
        let owner = Self::whose(owner, &identity)?;
        let kept = self.read(&identity, Want::Everything)?.into_iter();
        let wanted = kept.filter(|kept| owner.is(kept.key.iam_id.as_bytes()));
        let details = |kept: super::Kept| ApiKeyDetails {
            key: kept.key,
            history: Some(kept.history),
            activity: Some(kept.used),
        };
        Ok(wanted.map(details).collect())
    }

    /// Changes a key, at whatever version it is when `seen` is `None`.
    pub fn update(
        &self,
        id: &ApiKeyId,
        seen: Option<&EntityTag>,
        changes: &ApiKeyChanges,
    ) -> Result<ApiKey, BackendError> {
        super::check_texts(changes.name.as_deref(), changes.description.as_deref())?;
        self.change(id, Op::Update, |key| {
            if key.locked {
                return Err(Condition::Locked);
            }
            if seen.is_some_and(|seen| key.entity_tag != *seen) {
                return Err(Condition::Conflict);
            }
            changes.apply(key);
            Ok(())
        })
    }
}
