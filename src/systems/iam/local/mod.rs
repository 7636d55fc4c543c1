//! The backend on this machine: the same keys, tags, limits and history as the service, in one file.
//!
//! Values are never stored; a key's line holds an HMAC-SHA256 of its value under the store's own random key.

mod fold;
mod record;
mod served;
mod store;

pub use served::Login;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use self::fold::{Fold, Kept, Want, Whose};
use self::record::{Line, Op, Record};
use self::store::{Facts, Scan, Store, Writer, no_randomness};
use crate::clock::{Clock, ClockError};
use crate::log::Log;
use crate::model::{
    Activity, ApiKey, ApiKeyChanges, ApiKeyDetails, ApiKeyId, BackendKind, CreatedApiKey, Detail,
    EntityTag, Identity, Lives as _, NewApiKey, NewValue, Owner, Selection, Timestamp,
};
use crate::secret::{self, Secret};
use crate::systems::{Backend, BackendError, Condition, Note};
use crate::text::shell_path;

/// Longest name, in characters. The service's own limit is not documented.
pub const NAME_LIMIT: usize = 255;
/// Longest description, in characters. The service's own limit is not documented.
pub const DESCRIPTION_LIMIT: usize = 8_192;
/// Keys that one identity may have (`api/iam_identity.md` §4).
pub const KEY_LIMIT: usize = 20;
/// How long an expired key stays listed (`api/iam_identity.md` §5).
const KEPT_EXPIRED: Duration = Duration::from_secs(90 * 86_400);

/// API keys in a directory of this machine.
#[derive(Debug)]
pub struct LocalBackend {
    store: Store,
    clock: Clock,
    limit: usize,
    warnings: Mutex<Vec<String>>,
}

impl LocalBackend {
    /// Opens the store in `directory`, which need not exist yet; `limit` keys are allowed per identity.
    pub fn new(directory: PathBuf, limit: usize, clock: Clock) -> Self {
        Self { store: Store::new(directory), clock, limit, warnings: Mutex::default() }
    }

    /// Gives up at once where another process holds the lock.
    #[must_use]
    pub fn without_waiting(self) -> Self {
        Self { store: Store(self.store.0.without_waiting()), ..self }
    }

    /// Makes a store in memory, which is gone when this is dropped; `limit` keys are allowed per identity.
    pub fn in_memory(limit: usize, clock: Clock) -> Self {
        Self { store: Store(Log::in_memory()), clock, limit, warnings: Mutex::default() }
    }

    /// The identity of a store that was never written: the same on every machine, and no real one.
    fn founder() -> Identity {
        Identity {
            iam_id: "IBMid-10CA100000".into(),
            account_id: "10ca1000000000000000000000000000".into(),
            user: "local@localhost".to_owned(),
        }
    }

    /// Makes `count` keys at once, past the limit, with values that nobody knows: to try things out on a full store.
    pub fn seed(&self, count: usize) -> Result<(), BackendError> {
        let now = self.now()?;
        let mut writer = self.store.write()?;
        let facts = writer.facts(Self::founder)?;
        let scan = writer.scan(|_| Some(()))?;
        let mut keys = Vec::with_capacity(count);
        for n in 1..=count {
            let value = Secret::choose_api_key().map_err(no_randomness)?;
            let new = NewApiKey {
                id: None,
                owner: Owner::Myself,
                name: format!("seed-{n:06}"),
                description: format!("Seeded API key number {n}"),
                locked: false,
                disabled: false,
                action_when_leaked: None,
                expires_at: None,
                support_sessions: None,
            };
            let hash = value.keyed_hash(&facts.hash_key).as_str().to_owned();
            keys.push((new_key(&new, &facts.identity, &facts.identity.iam_id, now)?, hash));
        }
        let identity = &facts.identity;
        let records: Vec<Record<'_>> = keys
            .iter()
            .map(|(key, hash)| Record::of(Op::Create, key, hash, &identity.iam_id, identity))
            .collect();
        writer.append(&scan, &facts, &records)
    }

    fn now(&self) -> Result<Timestamp, BackendError> {
        Ok(self.clock.now()?)
    }

    /// Finds the one identity that a new key can belong to.
    fn owner<'a>(owner: &Owner, identity: &'a Identity) -> Result<&'a str, BackendError> {
        match owner {
            Owner::Myself => Ok(&identity.iam_id),
            Owner::AllUsers => Err(Condition::Unsupported("an API key of all users").into()),
            Owner::ServiceId(_) => Err(Condition::Unsupported("service IDs").into()),
        }
    }

    fn whose<'a>(owner: &Owner, identity: &'a Identity) -> Result<Whose<'a>, BackendError> {
        match owner {
            Owner::AllUsers => Ok(Whose::AllUsers),
            one => Self::owner(one, identity).map(Whose::Of),
        }
    }

    /// Warns of what a scan found, once.
    fn note(&self, scan: &Scan) {
        if scan.log.torn {
            let directory = self.store.0.directory().display();
            self.warn(format!(
                "The last record of the local store in {directory} is incomplete and was ignored; the next change removes it."
            ));
        }
        if scan.log.exposed {
            let log = shell_path(self.store.0.path());
            self.warn(format!("Others can read the local store; run 'chmod 600 {log}'."));
        }
    }

    fn warn(&self, words: String) {
        if let Ok(mut warnings) = self.warnings.lock()
            && !warnings.contains(&words)
        {
            warnings.push(words);
        }
    }

    /// Reads the keys that `want` chooses, except those that the service would have removed for good.
    fn read<'a>(&self, identity: &'a Identity, want: Want<'a>) -> Result<Vec<Kept>, BackendError> {
        let now = self.now()?;
        let mut fold = Fold::new(identity, want);
        let scan = self.store.read(|line| fold.take(&line))?;
        self.note(&scan);
        let mut kept: Vec<Kept> =
            fold.into_kept().filter(|kept| !is_purged(&kept.key, now)).collect();
        // A key that was renamed comes up where it got the name.
        kept.sort_by_key(|kept| kept.key.created_at);
        Ok(kept)
    }

    /// Changes one key: `change` gets it as it is, and says what to record or why not.
    fn change(
        &self,
        id: &ApiKeyId,
        op: Op,
        change: impl FnOnce(&mut ApiKey) -> Result<(), Condition>,
    ) -> Result<ApiKey, BackendError> {
        let (mut writer, scan, facts, mut kept) = self.begin_change(id)?;
        change(&mut kept.key)?;
        let random = secret::random().map_err(no_randomness)?;
        kept.key.entity_tag = EntityTag::revision(kept.key.entity_tag.number() + 1, random);
        kept.key.modified_at = self.now()?;
        let record = Record::of(op, &kept.key, &kept.hash, &facts.identity.iam_id, &facts.identity);
        writer.append(&scan, &facts, &[record])?;
        Ok(kept.key)
    }

    fn begin_change(&self, id: &ApiKeyId) -> Result<(Writer<'_>, Scan, Facts, Kept), BackendError> {
        let now = self.now()?;
        // Nothing to change in a store that was never written; do not make one.
        if self.store.facts()?.is_none() {
            return Err(Condition::NotFound.into());
        }
        let writer = self.store.write()?;
        let facts = writer.facts(Self::founder)?;
        let mut fold = Fold::new(&facts.identity, Want::One(id));
        let scan = writer.scan(|line| fold.take(&line))?;
        let kept =
            fold.into_kept().find(|kept| !is_purged(&kept.key, now)).ok_or(Condition::NotFound)?;
        Ok((writer, scan, facts, kept))
    }
}

/// Tells whether the service would have removed the key for good by now, locked or not.
fn is_purged(key: &ApiKey, now: Timestamp) -> bool {
    let past = |time: Timestamp| time.plus(KEPT_EXPIRED).is_some_and(|end| end < now);
    key.expires_at.is_some_and(past) && past(key.modified_at)
}

/// Gives a new key its id and first tag.
fn new_key(
    new: &NewApiKey,
    identity: &Identity,
    owner: &str,
    now: Timestamp,
) -> Result<ApiKey, BackendError> {
    Ok(ApiKey {
        id: match &new.id {
            Some(id) => id.clone(),
            None => ApiKeyId::from_random(secret::random().map_err(no_randomness)?),
        },
        entity_tag: EntityTag::revision(1, secret::random().map_err(no_randomness)?),
        unusual_crn: None,
        locked: new.locked,
        disabled: new.disabled,
        created_at: now,
        created_by: identity.iam_id.clone(),
        modified_at: now,
        expires_at: new.expires_at,
        support_sessions: new.support_sessions.unwrap_or_default(),
        action_when_leaked: new.action_when_leaked.unwrap_or_default(),
        name: new.name.as_str().into(),
        description: new.description.as_str().into(),
        iam_id: if owner == &*identity.iam_id { identity.iam_id.clone() } else { owner.into() },
        account_id: identity.account_id.clone(),
        leaked: false,
    })
}

fn check_texts(name: Option<&str>, description: Option<&str>) -> Result<(), Condition> {
    if name == Some("") {
        return Err(Condition::Invalid("The name of an API key must not be empty.".into()));
    }
    let too_long = |what: &str, limit: usize, found: usize| {
        Condition::Invalid(format!("The {what} has {found} characters; {limit} are allowed."))
    };
    for (what, text, limit) in
        [("name", name, NAME_LIMIT), ("description", description, DESCRIPTION_LIMIT)]
    {
        let found = text.map_or(0, |text| text.chars().count());
        if found > limit {
            return Err(too_long(what, limit, found));
        }
    }
    Ok(())
}

/// Counts an owner's keys and looks for a value, line by line and without parsing.
struct Census<'a> {
    owner: &'a str,
    identity: &'a Identity,
    hash: secret::KeyedHash,
    keys: usize,
    /// The id of the living key that has the value.
    holder: Option<Vec<u8>>,
    /// The id that the new key is to have, and whether there was one with it.
    id: Option<&'a ApiKeyId>,
    id_is_taken: bool,
}

impl Census<'_> {
    fn take(&mut self, line: &Line<'_>) {
        let owned = line.iam_id.unwrap_or(self.identity.iam_id.as_bytes()) == self.owner.as_bytes();
        match line.op {
            Op::Create => {
                self.keys += usize::from(owned);
                self.id_is_taken |= self.id.is_some_and(|id| id.as_str().as_bytes() == line.id);
                if line.has_hash(&self.hash) {
                    self.holder = Some(line.id.to_vec());
                }
            }
            Op::Delete => {
                self.keys = self.keys.saturating_sub(usize::from(owned));
                if self.holder.as_deref() == Some(line.id) {
                    self.holder = None;
                }
            }
            _ => {}
        }
    }
}

impl From<ClockError> for BackendError {
    fn from(error: ClockError) -> Self {
        Condition::Unavailable(error.to_string()).into()
    }
}

impl Backend for LocalBackend {
    fn kind(&self) -> BackendKind {
        BackendKind::Local
    }

    fn endpoint(&self) -> String {
        self.store.0.directory().display().to_string()
    }

    fn identity(&self) -> Result<Identity, BackendError> {
        Ok(self.store.facts()?.map_or_else(Self::founder, |facts| facts.identity))
    }

    fn api_keys(&self, owner: &Owner, which: &Selection) -> Result<Vec<ApiKey>, BackendError> {
        let identity = self.identity()?;
        let owner = Self::whose(owner, &identity)?;
        let want = match which {
            Selection::All => Want::OwnedBy(owner),
            Selection::Named(name) => Want::named(owner, name),
        };
        Ok(self.read(&identity, want)?.into_iter().map(|kept| kept.key).collect())
    }

    fn api_key(&self, id: &ApiKeyId, detail: Detail) -> Result<ApiKeyDetails, BackendError> {
        let identity = self.identity()?;
        let kept = self.read(&identity, Want::One(id))?.pop().ok_or(Condition::NotFound)?;
        // A key of this store can be exchanged for a token by the emulator only, and that counts it.
        Ok(ApiKeyDetails {
            key: kept.key,
            history: detail.history.then_some(kept.history),
            activity: detail.activity.then_some(kept.used),
        })
    }

    fn activities(
        &self,
        ids: &[&ApiKeyId],
        _: &mut dyn FnMut(usize),
    ) -> Result<Vec<Option<Activity>>, BackendError> {
        // Once through the file for all of them; a key alone is found faster.
        let identity = self.identity()?;
        let kept = self.read(&identity, Want::Everything)?.into_iter();
        let mut used: HashMap<ApiKeyId, Activity> =
            kept.map(|kept| (kept.key.id, kept.used)).collect();
        Ok(ids.iter().map(|id| used.remove(id)).collect())
    }

    fn key_limit(&self) -> Result<Option<usize>, BackendError> {
        Ok(Some(self.limit))
    }

    fn api_key_by_value(&self, value: &Secret) -> Result<ApiKey, BackendError> {
        let facts = self.store.facts()?.ok_or(Condition::NotFound)?;
        let want = Want::Opened(value.keyed_hash(&facts.hash_key));
        let kept = self.read(&facts.identity, want)?.pop().ok_or(Condition::NotFound)?;
        Ok(kept.key)
    }

    fn check_new(&self, new: &NewApiKey) -> Result<(), BackendError> {
        check_texts(Some(&new.name), Some(&new.description))?;
        let identity = self.identity()?;
        let owner = Self::owner(&new.owner, &identity)?;
        if self.read(&identity, Want::OwnedBy(Whose::Of(owner)))?.len() >= self.limit {
            return Err(Condition::LimitReached { limit: Some(self.limit) }.into());
        }
        Ok(())
    }

    fn choose_id(&self) -> Option<ApiKeyId> {
        secret::random().ok().map(ApiKeyId::from_random)
    }

    fn create_api_key(
        &self,
        new: &NewApiKey,
        value: NewValue<'_>,
        _: &mut Note<'_>,
    ) -> Result<CreatedApiKey, BackendError> {
        check_texts(Some(&new.name), Some(&new.description))?;
        let mut chosen_here = None;
        let value = match value {
            NewValue::Chosen(value) => value,
            NewValue::ServiceChooses => {
                chosen_here.insert(Secret::choose_api_key().map_err(no_randomness)?)
            }
        };
        let now = self.now()?;
        let mut writer = self.store.write()?;
        let facts = writer.facts(Self::founder)?;
        let identity = &facts.identity;
        let owner = Self::owner(&new.owner, identity)?;
        let hash = value.keyed_hash(&facts.hash_key);
        let mut census = Census {
            owner,
            identity,
            hash,
            keys: 0,
            holder: None,
            id: new.id.as_ref(),
            id_is_taken: false,
        };
        let scan = writer.scan(|line| {
            census.take(&line);
            Some(())
        })?;
        if census.holder.is_some() {
            return Err(Condition::DuplicateValue.into());
        }
        if census.id_is_taken {
            return Err(Condition::Invalid("An API key with this ID exists already.".into()).into());
        }
        if census.keys >= self.limit {
            // The count includes keys that are past their time; only now is it worth telling them apart.
            let mut fold = Fold::new(identity, Want::OwnedBy(Whose::Of(owner)));
            writer.scan(|line| fold.take(&line))?;
            if fold.into_kept().filter(|kept| !is_purged(&kept.key, now)).count() >= self.limit {
                return Err(Condition::LimitReached { limit: Some(self.limit) }.into());
            }
        }
        let key = new_key(new, identity, owner, now)?;
        let record = Record::of(Op::Create, &key, hash.as_str(), &identity.iam_id, identity);
        writer.append(&scan, &facts, &[record])?;
        Ok(CreatedApiKey { key, value: chosen_here })
    }

    fn check_changes(&self, changes: &ApiKeyChanges) -> Result<(), BackendError> {
        Ok(check_texts(changes.name.as_deref(), changes.description.as_deref())?)
    }

    fn update_api_key(
        &self,
        id: &ApiKeyId,
        seen: &EntityTag,
        changes: &ApiKeyChanges,
    ) -> Result<ApiKey, BackendError> {
        self.update(id, Some(seen), changes)
    }

    fn delete_api_key(&self, id: &ApiKeyId) -> Result<(), BackendError> {
        let (mut writer, scan, facts, kept) = self.begin_change(id)?;
        if kept.key.locked {
            return Err(Condition::Locked.into());
        }
        let identity = &facts.identity;
        let record = Record::bare(Op::Delete, &kept.key, self.now()?, &identity.iam_id, identity);
        writer.append(&scan, &facts, &[record])
    }

    fn set_locked(&self, id: &ApiKeyId, locked: bool) -> Result<(), BackendError> {
        self.change(id, if locked { Op::Lock } else { Op::Unlock }, |key| {
            if key.locked == locked {
                return Err(Condition::Conflict);
            }
            key.locked = locked;
            Ok(())
        })?;
        Ok(())
    }

    fn set_disabled(&self, id: &ApiKeyId, disabled: bool) -> Result<(), BackendError> {
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

    fn acting_with(&self, value: &Secret) -> Result<Option<Box<dyn Backend>>, BackendError> {
        // A value that opens a working key is all there is to prove.
        let key = self.api_key_by_value(value)?;
        if !key.works(self.now()?) {
            return Err(Condition::Unauthorized.into());
        }
        Ok(None)
    }

    fn take_warnings(&self) -> Vec<String> {
        self.warnings.lock().map(|mut warnings| std::mem::take(&mut *warnings)).unwrap_or_default()
    }
}
