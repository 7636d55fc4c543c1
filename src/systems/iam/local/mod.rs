//! API keys and service IDs in a file on this machine, with the same tags, limits and history as at the service.
//!
//! Values are not stored, only their HMAC-SHA256 under the random key of the store.

mod create;
mod entity;
mod fold;
mod groups;
mod record;
mod served;
mod service_ids;
mod store;
#[cfg(test)]
mod tests;
mod texts;

pub use groups::MOST_GROUPS;
pub use served::Login;
pub use service_ids::MOST_IN_GROUP;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use self::fold::{Fold, Stored, Want};
use self::record::{Op, Record, name_field};
use self::store::{Heading, Store, StoreScan, StoreWriter, no_randomness};
use crate::clock::{Clock, ClockError};
use crate::log::Log;
use crate::model::{
    Activity, ApiKey, ApiKeyChanges, ApiKeyDetails, ApiKeyId, BackendKind, CreatedApiKey, Detail,
    EntityTag, Identity, NewApiKey, NewValue, Scope, Selection, Timestamp,
};
use crate::secret::{self, Secret};
use crate::systems::{
    Condition, Editing, Facts, Keys, Locking, LookUp, Note, Place, Proving, Result, ServiceIds,
    Several, Switching, SystemError, small_store,
};

/// How long an expired key stays listed, as at the service.
const KEPT_EXPIRED: Duration = Duration::from_secs(90 * 86_400);

/// API keys in a directory on this machine.
#[derive(Clone, Debug)]
pub struct LocalKeys {
    store: Arc<Store>,
    clock: Clock,
    /// How many keys an identity may have.
    pub limit: usize,
    warnings: Arc<Mutex<Vec<String>>>,
    /// Who makes changes, if not the identity of the store.
    actor: Option<Arc<str>>,
}

impl LocalKeys {
    /// Uses the store in `directory`, which need not exist yet. An identity may have `limit` keys.
    pub fn new(directory: PathBuf, limit: usize, clock: Clock) -> Self {
        Self::over(Log::in_directory(directory), limit, clock)
    }

    /// As [`LocalKeys::new`], but does not wait for another process that holds the lock.
    pub fn without_waiting(directory: PathBuf, limit: usize, clock: Clock) -> Self {
        Self::over(Log::in_directory(directory).without_waiting(), limit, clock)
    }

    /// Makes a store in memory, which ends with this value. An identity may have `limit` keys.
    pub fn in_memory(limit: usize, clock: Clock) -> Self {
        Self::over(Log::in_memory(), limit, clock)
    }

    fn over(log: Log, limit: usize, clock: Clock) -> Self {
        let store = Arc::new(Store(log));
        Self { store, clock, limit, warnings: Arc::default(), actor: None }
    }

    /// Returns the same store for changes that somebody else makes, who is their author then.
    #[must_use]
    pub fn acting_as(&self, iam_id: Arc<str>) -> Self {
        Self { actor: Some(iam_id), ..self.clone() }
    }

    /// Returns who makes changes.
    fn author<'a>(&'a self, identity: &'a Identity) -> &'a Arc<str> {
        self.actor.as_ref().unwrap_or(&identity.iam_id)
    }

    /// Returns the made-up identity of a new store, the same on every machine.
    fn founder() -> Identity {
        Identity {
            iam_id: "IBMid-10CA100000".into(),
            account_id: "10ca1000000000000000000000000000".into(),
            user: "local@localhost".to_owned(),
        }
    }

    fn now(&self) -> Result<Timestamp> {
        Ok(self.clock.now()?)
    }

    /// Warns about what a scan found.
    fn note(&self, scan: &StoreScan) {
        for warning in small_store::warnings(&self.store.0, &scan.log) {
            self.warn(warning);
        }
    }

    /// Keeps a warning for [`Keys::take_warnings`], unless it is there already.
    fn warn(&self, words: String) {
        if let Ok(mut warnings) = self.warnings.lock()
            && !warnings.contains(&words)
        {
            warnings.push(words);
        }
    }

    /// Reads the keys that `want` chooses, oldest first, without those that expired long ago.
    fn read<'a>(&self, identity: &'a Identity, want: Want<'a>) -> Result<Vec<Stored>> {
        let now = self.now()?;
        let mut fold = Fold::new(identity, want);
        let scan = self.store.read(|line| fold.take(&line))?;
        self.note(&scan);
        let mut kept: Vec<Stored> =
            fold.into_stored().filter(|kept| !is_purged(&kept.key, now)).collect();
        // A search by name finds a renamed key at the record that renamed it.
        kept.sort_by_key(|kept| kept.key.created_at);
        Ok(kept)
    }

    /// Changes one key and records it as `op`; `change` may refuse.
    fn change(
        &self,
        id: &ApiKeyId,
        op: Op,
        change: impl FnOnce(&mut ApiKey) -> std::result::Result<(), Condition>,
    ) -> Result<ApiKey> {
        let (mut writer, scan, heading, mut kept) = self.begin_change(id)?;
        change(&mut kept.key)?;
        let random = secret::random().map_err(no_randomness)?;
        kept.key.entity_tag = EntityTag::revision(kept.key.entity_tag.number() + 1, random);
        kept.key.modified_at = self.now()?;
        let by = self.author(&heading.identity);
        let record = Record::of(op, &kept.key, &kept.hash, by, &heading.identity);
        writer.append(&scan, &heading, &[record])?;
        Ok(kept.key)
    }

    /// Locks the store for a change and reads the key.
    fn begin_change(&self, id: &ApiKeyId) -> Result<(StoreWriter<'_>, StoreScan, Heading, Stored)> {
        let now = self.now()?;
        // Do not make a store only to find no key in it.
        if self.store.heading()?.is_none() {
            return Err(Condition::NotFound.into());
        }
        let writer = self.store.write()?;
        let heading = writer.heading(Self::founder)?;
        let mut fold = Fold::new(&heading.identity, Want::One(id));
        let scan = writer.scan(|line| fold.take(&line))?;
        let kept = fold
            .into_stored()
            .find(|kept| !is_purged(&kept.key, now))
            .ok_or(Condition::NotFound)?;
        Ok((writer, scan, heading, kept))
    }
}

/// Tells whether a key expired so long ago that it is no longer listed, even if it is locked.
fn is_purged(key: &ApiKey, now: Timestamp) -> bool {
    let past = |time: Timestamp| time.plus(KEPT_EXPIRED).is_some_and(|end| end < now);
    key.expires_at.is_some_and(past) && past(key.modified_at)
}

/// Tells whether the keys of this owner can support sessions.
fn is_of_user(iam_id: &str) -> bool {
    Scope::AllUsers.holds(iam_id.as_bytes())
}

impl From<ClockError> for SystemError {
    fn from(error: ClockError) -> Self {
        Condition::Unavailable(error.to_string()).into()
    }
}

impl Keys for LocalKeys {
    fn facts(&self) -> &'static Facts {
        &super::FACTS
    }

    fn place(&self) -> Place {
        let endpoint = self.store.0.directory().display().to_string();
        Place { kind: BackendKind::Local, endpoint }
    }

    fn identity(&self) -> Result<Identity> {
        Ok(self.store.heading()?.map_or_else(Self::founder, |heading| heading.identity))
    }

    fn list(&self, scope: &Scope, which: &Selection) -> Result<Vec<ApiKey>> {
        let identity = self.identity()?;
        let want = match which {
            Selection::All => Want::OwnedBy(scope),
            Selection::Named(name) => Want::Named(scope, name_field(name)),
        };
        Ok(self.read(&identity, want)?.into_iter().map(|kept| kept.key).collect())
    }

    fn get(&self, id: &ApiKeyId, detail: Detail) -> Result<ApiKeyDetails> {
        let identity = self.identity()?;
        let kept = self.read(&identity, Want::One(id))?.pop().ok_or(Condition::NotFound)?;
        // Only the emulator exchanges these keys for tokens, and it records that.
        Ok(ApiKeyDetails {
            key: kept.key,
            history: detail.history.then_some(kept.history),
            activity: detail.activity.then_some(kept.used),
        })
    }

    fn uses(&self, ids: &[&ApiKeyId], _: &mut Several<'_>) -> Result<Vec<Option<Activity>>> {
        // Reads the file once for all keys.
        let identity = self.identity()?;
        let kept = self.read(&identity, Want::Everything)?.into_iter();
        let mut used: HashMap<ApiKeyId, Activity> =
            kept.map(|kept| (kept.key.id, kept.used)).collect();
        Ok(ids.iter().map(|id| used.remove(id)).collect())
    }

    fn key_limit(&self) -> Result<Option<usize>> {
        Ok(Some(self.limit))
    }

    fn check_texts(&self, name: Option<&str>, description: Option<&str>) -> Result<()> {
        Ok(texts::check(texts::KEY, name, description)?)
    }

    fn check_new(&self, new: &NewApiKey) -> Result<()> {
        texts::check(texts::KEY, Some(&new.name), Some(&new.description))?;
        let identity = self.identity()?;
        self.check_owner(&new.owner)?;
        let scope = Scope::Of(new.owner.clone());
        if self.read(&identity, Want::OwnedBy(&scope))?.len() >= self.limit {
            return Err(Condition::LimitReached { limit: Some(self.limit) }.into());
        }
        Ok(())
    }

    fn choose_id(&self) -> Option<ApiKeyId> {
        secret::random().ok().map(ApiKeyId::from_random)
    }

    fn create(
        &self,
        new: &NewApiKey,
        value: NewValue<'_>,
        _: &mut Note<'_>,
    ) -> Result<CreatedApiKey> {
        self.make(new, &value)
    }

    fn delete(&self, id: &ApiKeyId) -> Result<()> {
        let (mut writer, scan, heading, kept) = self.begin_change(id)?;
        if kept.key.locked {
            return Err(Condition::Locked.into());
        }
        let identity = &heading.identity;
        let by = self.author(identity);
        let record = Record::bare(Op::Delete, &kept.key, self.now()?, by, identity);
        writer.append(&scan, &heading, &[record])
    }

    fn take_warnings(&self) -> Vec<String> {
        self.warnings.lock().map(|mut warnings| std::mem::take(&mut *warnings)).unwrap_or_default()
    }

    abilities! {
        editing -> Editing, locking -> Locking, switching -> Switching, look_up -> LookUp, proving -> Proving,
        service_ids -> ServiceIds
    }
}

impl Editing for LocalKeys {
    fn update(&self, id: &ApiKeyId, seen: &EntityTag, changes: &ApiKeyChanges) -> Result<ApiKey> {
        self.change_fields(id, Some(seen), changes)
    }
}

impl Locking for LocalKeys {
    fn set_locked(&self, id: &ApiKeyId, locked: bool) -> Result<()> {
        self.change(id, if locked { Op::Lock } else { Op::Unlock }, |key| {
            if key.locked == locked {
                return Err(Condition::Conflict);
            }
            key.locked = locked;
            Ok(())
        })?;
        Ok(())
    }
}

impl Switching for LocalKeys {
    fn set_disabled(&self, id: &ApiKeyId, disabled: bool) -> Result<()> {
        self.change(id, if disabled { Op::Disable } else { Op::Enable }, |key| {
            if key.disabled == disabled {
                return Err(Condition::Conflict);
            }
            if key.locked {
                return Err(Condition::Locked);
            }
            key.disabled = disabled;
            Ok(())
        })?;
        Ok(())
    }
}

impl LookUp for LocalKeys {
    fn by_value(&self, value: &Secret) -> Result<ApiKey> {
        let heading = self.store.heading()?.ok_or(Condition::NotFound)?;
        let want = Want::Opened(value.keyed_hash(&heading.hash_key));
        let kept = self.read(&heading.identity, want)?.pop().ok_or(Condition::NotFound)?;
        Ok(kept.key)
    }
}

impl Proving for LocalKeys {
    fn acting_with(&self, value: &Secret) -> Result<Option<Box<dyn Keys>>> {
        // Nobody logs in here. It is enough that the key exists and works.
        let key = self.by_value(value)?;
        if !key.works(self.now()?) {
            return Err(Condition::Unauthorized.into());
        }
        Ok(None)
    }
}
