//! The platform API key of the local user, in a file on this machine.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{identity, key_of, not_noted};
use crate::clock::Clock;
use crate::model::{
    ApiKey, ApiKeyDetails, ApiKeyId, BackendKind, CreatedApiKey, Detail, Identity, NewApiKey,
    NewValue, Scope, Selection, Timestamp,
};
use crate::secret::Secret;
use crate::systems::small_store::{Item, SmallStore, no_randomness};
use crate::systems::{Condition, Facts, Keys, Note, Place, Proving, Result};

/// The user name.
pub const USER: &str = "local@localhost";

/// A key as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Stored {
    user: String,
    created_at: Timestamp,
    hash: String,
}

impl Item for Stored {
    fn id(&self) -> &str {
        &self.user
    }
}

/// The platform API key of the only user, in a directory on this machine. Its value is not stored, only a keyed hash of it.
#[derive(Debug)]
pub struct LocalPlatform {
    store: SmallStore<Stored>,
    clock: Clock,
    user: Identity,
}

impl LocalPlatform {
    /// Uses the store in `directory`, which need not exist yet; in memory where there is no directory.
    pub fn new(directory: Option<PathBuf>, clock: Clock) -> Self {
        let user = identity(USER);
        Self { store: SmallStore::new(directory, "platform"), clock, user }
    }

    /// Has a key generated in place of the one that is there.
    pub fn generate(&self) -> Result<CreatedApiKey> {
        let value = Secret::choose_api_key().map_err(no_randomness)?;
        Ok(CreatedApiKey { key: self.put(&value)?, value: Some(value) })
    }

    fn put(&self, value: &Secret) -> Result<ApiKey> {
        let created_at = self.clock.now()?;
        self.store.change(|content| {
            let hash = content.hash(value)?;
            content.items = vec![Stored { user: self.user.user.clone(), created_at, hash }];
            Ok(())
        })?;
        Ok(key_of(&self.user.user, created_at))
    }

    /// Tells whether this is the value of the key.
    pub fn opens_with(&self, value: &Secret) -> Result<bool> {
        let content = self.store.read()?;
        Ok(content.items.iter().any(|stored| content.is(value, &stored.hash)))
    }
}

impl Keys for LocalPlatform {
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
        let stored = self.store.read()?.items.into_iter();
        let own = stored.filter(|stored| scope.holds(stored.user.as_bytes()));
        Ok(own.map(|stored| key_of(&stored.user, stored.created_at)).collect())
    }

    fn get(&self, id: &ApiKeyId, _: Detail) -> Result<ApiKeyDetails> {
        let mut keys = self.list(&Scope::AllUsers, &Selection::All)?.into_iter();
        let key = keys.find(|key| key.id == *id).ok_or(Condition::NotFound)?;
        Ok(ApiKeyDetails { key, history: None, activity: None })
    }

    fn check_new(&self, _: &NewApiKey) -> Result<()> {
        self.store.read().map(drop)
    }

    fn create(
        &self,
        _: &NewApiKey,
        value: NewValue<'_>,
        note: &mut Note<'_>,
    ) -> Result<CreatedApiKey> {
        if !note(Duration::ZERO) {
            return Err(not_noted());
        }
        match value {
            NewValue::Chosen(value) => Ok(CreatedApiKey { key: self.put(value)?, value: None }),
            NewValue::ServiceChooses => self.generate(),
        }
    }

    fn delete(&self, id: &ApiKeyId) -> Result<()> {
        self.store.change(|content| {
            let before = content.items.len();
            content.items.retain(|stored| stored.user != id.as_str());
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

impl Proving for LocalPlatform {
    fn acting_with(&self, value: &Secret) -> Result<Option<Box<dyn Keys>>> {
        // Nobody logs in here. It is enough that the key exists.
        if self.opens_with(value)? { Ok(None) } else { Err(Condition::Unauthorized.into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_has_one_key_which_the_next_one_replaces() {
        let home = tempfile::tempdir().unwrap();
        let open = || LocalPlatform::new(Some(home.path().to_owned()), Clock::System);
        let keys = open();
        let mine = Scope::Of(keys.identity().unwrap().owner());
        assert_eq!(keys.list(&mine, &Selection::All).unwrap(), []);
        let old = keys.generate().unwrap().value.unwrap();
        let made = open().generate().unwrap();
        let value = made.value.unwrap();
        assert_eq!(keys.list(&mine, &Selection::All).unwrap(), std::slice::from_ref(&made.key));
        assert!(keys.acting_with(&value).unwrap().is_none());
        assert_eq!(keys.acting_with(&old).unwrap_err().condition, Condition::Unauthorized);
        let text = std::fs::read_to_string(home.path().join("platform.jsonl")).unwrap();
        assert!(!text.contains(value.expose()));

        keys.delete(&made.key.id).unwrap();
        assert_eq!(keys.delete(&made.key.id).unwrap_err().condition, Condition::NotFound);
        assert!(!keys.opens_with(&value).unwrap());
    }
}
