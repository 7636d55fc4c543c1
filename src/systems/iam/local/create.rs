//! Making keys.

use std::sync::Arc;

use super::fold::{Fold, Want};
use super::record::{Op, RawRecord, Record};
use super::store::{Heading, StoreScan, StoreWriter, no_randomness};
use super::{LocalKeys, is_of_user, is_purged, texts};
use crate::model::{
    ApiKey, ApiKeyId, CreatedApiKey, EntityTag, Identity, NewApiKey, NewValue, Scope, Timestamp,
};
use crate::secret::{self, KeyedHash, Secret};
use crate::systems::{Condition, SystemError};

impl LocalKeys {
    /// Makes a key, unless its owner, its value, its id or the limit forbids it.
    pub(super) fn make(
        &self,
        new: &NewApiKey,
        value: &NewValue<'_>,
    ) -> Result<CreatedApiKey, SystemError> {
        let mut chosen_here = None;
        let value = or_choose(value, &mut chosen_here)?;
        let mut writer = self.store.write()?;
        let heading = writer.heading(Self::founder)?;
        let identity = &heading.identity;
        if let Some(id) = new.owner.service_id() {
            Self::scan_entities(&writer, identity)?.0.owner(&id)?;
        }
        let (scan, key, hash) = self.admit(&writer, &heading, new, value)?;
        let record = Record::of(Op::Create, &key, hash.as_str(), self.author(identity), identity);
        writer.append(&scan, &heading, &[record])?;
        Ok(CreatedApiKey { key, value: chosen_here })
    }

    /// Checks everything but the owner, and returns the key as it will be stored.
    pub(super) fn admit(
        &self,
        writer: &StoreWriter<'_>,
        heading: &Heading,
        new: &NewApiKey,
        value: &Secret,
    ) -> Result<(StoreScan, ApiKey, KeyedHash), SystemError> {
        texts::check(texts::KEY, Some(&new.name), Some(&new.description))?;
        let now = self.now()?;
        let identity = &heading.identity;
        let mut census = Census {
            owner: &new.owner.0,
            identity,
            hash: value.keyed_hash(&heading.hash_key),
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
            // The count includes keys that expired long ago. Parse the records only now, to leave those out.
            let scope = Scope::Of(new.owner.clone());
            let mut fold = Fold::new(identity, Want::OwnedBy(&scope));
            writer.scan(|line| fold.take(&line))?;
            if fold.into_stored().filter(|kept| !is_purged(&kept.key, now)).count() >= self.limit {
                return Err(Condition::LimitReached { limit: Some(self.limit) }.into());
            }
        }
        Ok((scan, new_key(new, identity, self.author(identity), now)?, census.hash))
    }

    /// Makes `count` keys at once, whatever the limit, to try things out. Their values are not returned.
    pub fn seed(&self, count: usize) -> Result<(), SystemError> {
        let now = self.now()?;
        let mut writer = self.store.write()?;
        let heading = writer.heading(Self::founder)?;
        let scan = writer.scan(|_| Some(()))?;
        let mut keys = Vec::with_capacity(count);
        for n in 1..=count {
            let value = Secret::choose_api_key().map_err(no_randomness)?;
            let new = NewApiKey {
                id: None,
                owner: heading.identity.owner(),
                name: format!("seed-{n:06}"),
                description: format!("Seeded API key number {n}"),
                locked: false,
                disabled: false,
                action_when_leaked: None,
                expires_at: None,
                support_sessions: None,
            };
            let hash = value.keyed_hash(&heading.hash_key).as_str().to_owned();
            let identity = &heading.identity;
            keys.push((new_key(&new, identity, &identity.iam_id, now)?, hash));
        }
        let identity = &heading.identity;
        let records: Vec<Record<'_>> = keys
            .iter()
            .map(|(key, hash)| Record::of(Op::Create, key, hash, &identity.iam_id, identity))
            .collect();
        writer.append(&scan, &heading, &records)
    }
}

/// Returns the value of a key that is to be made, which may have to be chosen first.
pub(super) fn or_choose<'a>(
    value: &NewValue<'a>,
    chosen_here: &'a mut Option<Secret>,
) -> Result<&'a Secret, SystemError> {
    Ok(match *value {
        NewValue::Chosen(value) => value,
        NewValue::ServiceChooses => {
            chosen_here.insert(Secret::choose_api_key().map_err(no_randomness)?)
        }
    })
}

/// Returns the key as it will be stored, with its first tag, and an id if none was chosen.
fn new_key(
    new: &NewApiKey,
    identity: &Identity,
    author: &Arc<str>,
    now: Timestamp,
) -> Result<ApiKey, SystemError> {
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
        created_by: Arc::clone(author),
        modified_at: now,
        expires_at: new.expires_at,
        support_sessions: new.support_sessions.unwrap_or_default() && is_of_user(&new.owner.0),
        action_when_leaked: new.action_when_leaked.unwrap_or_default(),
        name: new.name.as_str().into(),
        description: new.description.as_str().into(),
        iam_id: if new.owner.0 == identity.iam_id {
            identity.iam_id.clone()
        } else {
            new.owner.0.clone()
        },
        account_id: identity.account_id.clone(),
        leaked: false,
    })
}

/// Counts an owner's keys and looks for a value and an id, without parsing the records.
struct Census<'a> {
    owner: &'a str,
    identity: &'a Identity,
    hash: KeyedHash,
    keys: usize,
    /// The id of the living key that has the value.
    holder: Option<Vec<u8>>,
    /// The id that the new key is to have.
    id: Option<&'a ApiKeyId>,
    /// Whether a key has that id, or had it.
    id_is_taken: bool,
}

impl Census<'_> {
    fn take(&mut self, line: &RawRecord<'_>) {
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
