//! The classic API key of the local user, in a file on this machine.

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::clock::Clock;
use crate::model::{
    ApiKey, ApiKeyDetails, ApiKeyId, BackendKind, CreatedApiKey, Detail, Identity, NewApiKey,
    NewValue, Owner, Scope, Selection, Timestamp,
};
use crate::secret::{self, Secret};
use crate::systems::small_store::{Item, SmallStore, no_randomness};
use crate::systems::{Condition, Facts, Keys, Note, Place, Proving, Result};

/// How many characters a value has.
const LENGTH: usize = 64;
/// The letters of a value.
const LETTERS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// A key as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Stored {
    id: String,
    user_id: String,
    /// In seconds since 1970.
    created: i64,
    hash: String,
}

impl Item for Stored {
    fn id(&self) -> &str {
        &self.id
    }
}

/// The classic API key of the only user, in a directory on this machine. Its value is not stored, only a keyed hash of it.
#[derive(Debug)]
pub struct LocalClassic {
    store: SmallStore<Stored>,
    clock: Clock,
    user: Identity,
}

impl LocalClassic {
    /// Uses the store in `directory`, which need not exist yet; in memory where there is no directory.
    pub fn new(directory: Option<PathBuf>, clock: Clock) -> Self {
        let user = Identity {
            iam_id: "1000001".into(),
            account_id: "10001".into(),
            user: "10ca1_local@localhost".to_owned(),
        };
        Self { store: SmallStore::new(directory, "classic"), clock, user }
    }

    /// Returns the id of the key that has this value. Fails with `NotFound`.
    pub fn by_value(&self, value: &Secret) -> Result<ApiKeyId> {
        let content = self.store.read()?;
        let found = content.items.iter().find(|stored| content.is(value, &stored.hash));
        Ok(ApiKeyId::new(found.ok_or(Condition::NotFound)?.id.as_str()))
    }

    fn key(&self, stored: &Stored) -> ApiKey {
        let created_at = Timestamp::from_seconds(stored.created).unwrap_or_default();
        ApiKey {
            id: ApiKeyId::new(stored.id.as_str()),
            created_at,
            created_by: Arc::clone(&self.user.iam_id),
            modified_at: created_at,
            name: self.user.user.as_str().into(),
            iam_id: Arc::clone(&self.user.iam_id),
            account_id: Arc::clone(&self.user.account_id),
            ..ApiKey::default()
        }
    }

    fn check_owner(&self, owner: &Owner) -> Result<()> {
        if *owner != self.user.owner() {
            let words = format!("The local store has the user {} only.", self.user.iam_id);
            return Err(Condition::Invalid(words).into());
        }
        Ok(())
    }
}

impl Keys for LocalClassic {
    fn facts(&self) -> &'static Facts {
        &super::FACTS
    }

    fn place(&self) -> Place {
        let endpoint = self.store.directory().display().to_string();
        Place { kind: BackendKind::Local, endpoint }
    }

    fn identity(&self) -> Result<Identity> {
        Ok(self.user.clone())
    }

    fn list(&self, scope: &Scope, _: &Selection) -> Result<Vec<ApiKey>> {
        if let Scope::Of(owner) = scope {
            self.check_owner(owner)?;
        }
        let stored = self.store.read()?.items;
        let own = stored.iter().filter(|stored| scope.holds(stored.user_id.as_bytes()));
        Ok(own.map(|stored| self.key(stored)).collect())
    }

    fn get(&self, id: &ApiKeyId, _: Detail) -> Result<ApiKeyDetails> {
        let keys = self.list(&Scope::AllUsers, &Selection::All)?.into_iter();
        let key = keys.into_iter().find(|key| key.id == *id).ok_or(Condition::NotFound)?;
        Ok(ApiKeyDetails { key, history: None, activity: None })
    }

    fn check_new(&self, new: &NewApiKey) -> Result<()> {
        self.check_owner(&new.owner)?;
        if !self.store.read()?.items.is_empty() {
            return Err(Condition::LimitReached { limit: Some(1) }.into());
        }
        Ok(())
    }

    fn choose_id(&self) -> Option<ApiKeyId> {
        choose_id().ok()
    }

    fn choose_value(&self) -> std::result::Result<Secret, getrandom::Error> {
        choose_value()
    }

    fn create(
        &self,
        new: &NewApiKey,
        value: NewValue<'_>,
        note: &mut Note<'_>,
    ) -> Result<CreatedApiKey> {
        self.check_owner(&new.owner)?;
        let mut chosen_here = None;
        let value = match value {
            NewValue::Chosen(value) => value,
            NewValue::ServiceChooses => {
                &*chosen_here.insert(choose_value().map_err(no_randomness)?)
            }
        };
        let id = match &new.id {
            Some(id) => id.clone(),
            None => choose_id().map_err(no_randomness)?,
        };
        let created = self.clock.now()?.seconds();
        if !note(self.doubt()) {
            return Err(super::not_noted());
        }
        let stored = self.store.change(|content| {
            if !content.items.is_empty() {
                return Err(Condition::LimitReached { limit: Some(1) }.into());
            }
            let stored = Stored {
                id: id.to_string(),
                user_id: self.user.iam_id.to_string(),
                created,
                hash: content.hash(value)?,
            };
            content.items.push(stored.clone());
            Ok(stored)
        })?;
        Ok(CreatedApiKey { key: self.key(&stored), value: chosen_here })
    }

    fn delete(&self, id: &ApiKeyId) -> Result<()> {
        self.store.change(|content| {
            let before = content.items.len();
            content.items.retain(|stored| stored.id != id.as_str());
            if content.items.len() == before {
                return Err(Condition::NotFound.into());
            }
            Ok(())
        })
    }

    fn take_warnings(&self) -> Vec<String> {
        self.store.take_warnings()
    }

    abilities! { proving -> Proving }
}

impl Proving for LocalClassic {
    fn acting_with(&self, value: &Secret) -> Result<Option<Box<dyn Keys>>> {
        // Nobody logs in here. It is enough that the key exists.
        match self.by_value(value) {
            Ok(_) => Ok(None),
            Err(error) if error.condition == Condition::NotFound => {
                Err(Condition::Unauthorized.into())
            }
            Err(error) => Err(error),
        }
    }
}

/// Chooses an id in the service's form: a number.
fn choose_id() -> std::result::Result<ApiKeyId, getrandom::Error> {
    let number = u32::from_le_bytes(secret::random()?);
    Ok(ApiKeyId::new((number % 900_000_000 + 100_000_000).to_string()))
}

/// Chooses a value in the service's form: letters in lower case and digits.
fn choose_value() -> std::result::Result<Secret, getrandom::Error> {
    let mut text = Zeroizing::new(String::with_capacity(LENGTH));
    while text.len() < LENGTH {
        let bytes: Zeroizing<[u8; LENGTH]> = Zeroizing::new(secret::random()?);
        // 252 is the largest multiple of 36: every letter is as likely as the others.
        let usable = bytes.iter().filter(|byte| **byte < 252);
        let letters = usable.map(|byte| char::from(LETTERS[usize::from(byte % 36)]));
        let missing = LENGTH - text.len();
        text.extend(letters.take(missing));
    }
    Ok(Secret::new(std::mem::take(&mut *text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(keys: &LocalClassic) -> NewApiKey {
        NewApiKey {
            id: None,
            owner: keys.identity().unwrap().owner(),
            name: String::new(),
            description: String::new(),
            locked: false,
            disabled: false,
            action_when_leaked: None,
            expires_at: None,
            support_sessions: None,
        }
    }

    #[test]
    fn a_user_has_one_key_whose_value_is_not_stored() {
        let home = tempfile::tempdir().unwrap();
        let open = || LocalClassic::new(Some(home.path().to_owned()), Clock::System);
        let keys = open();
        let made = keys.create(&new(&keys), NewValue::ServiceChooses, &mut |_| true).unwrap();
        let value = made.value.unwrap();
        assert_eq!(value.expose().len(), 64);
        assert!(value.expose().bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()));
        let text = std::fs::read_to_string(home.path().join("classic.jsonl")).unwrap();
        assert!(!text.contains(value.expose()));

        let keys = open();
        let mine = Scope::Of(keys.identity().unwrap().owner());
        assert_eq!(keys.list(&mine, &Selection::All).unwrap(), std::slice::from_ref(&made.key));
        assert!(keys.acting_with(&value).unwrap().is_none());
        let limit = Condition::LimitReached { limit: Some(1) };
        assert_eq!(keys.check_new(&new(&keys)).unwrap_err().condition, limit);
        let again = keys.create(&new(&keys), NewValue::ServiceChooses, &mut |_| true);
        assert_eq!(again.unwrap_err().condition, limit);

        keys.delete(&made.key.id).unwrap();
        assert_eq!(keys.delete(&made.key.id).unwrap_err().condition, Condition::NotFound);
        assert_eq!(keys.acting_with(&value).unwrap_err().condition, Condition::Unauthorized);
        assert_eq!(keys.list(&mine, &Selection::All).unwrap(), []);
    }

    #[test]
    fn nobody_else_is_here() {
        let keys = LocalClassic::new(None, Clock::System);
        let mut other = new(&keys);
        other.owner = crate::model::Owner("2".into());
        let refused = keys.check_new(&other).unwrap_err().condition;
        assert_eq!(
            refused,
            Condition::Invalid("The local store has the user 1000001 only.".to_owned())
        );
        assert!(keys.list(&Scope::AllUsers, &Selection::All).unwrap().is_empty());
    }

    #[test]
    fn a_key_can_have_the_id_and_the_value_that_were_chosen_before() {
        let keys = LocalClassic::new(None, Clock::System);
        let (id, value) = (keys.choose_id().unwrap(), keys.choose_value().unwrap());
        let new = NewApiKey { id: Some(id.clone()), ..new(&keys) };
        let made = keys.create(&new, NewValue::Chosen(&value), &mut |_| true).unwrap();
        assert!(made.value.is_none());
        assert_eq!((&made.key.id, &keys.by_value(&value).unwrap()), (&id, &id));
    }
}
