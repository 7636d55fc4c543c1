//! The keys of a service, and the names of the keys that pass through them.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{KeyName, NameFile};
use crate::clock::Skew;
use crate::model::{
    Activity, ApiKey, ApiKeyChanges, ApiKeyDetails, ApiKeyId, CreatedApiKey, Detail, EntityTag,
    Identity, NewApiKey, NewValue, Scope, Selection,
};
use crate::systems::{
    Condition, Editing, Facts, Keys, Locking, LookUp, Note, Place, Proving, Switching, SystemError,
};

type Result<T> = std::result::Result<T, SystemError>;

/// Keys that note the names of the user's own keys, for a file that is written when the work is done. Without a file
/// nothing is noted.
#[derive(Debug)]
pub struct RememberingKeys {
    keys: Box<dyn Keys>,
    file: Option<NameFile>,
    /// The content of the file as it is to be; `None` until there is something to note. Before the first listing nothing is
    /// noted, because Tab would take a few keys for all of them.
    known: Mutex<Option<io::Result<Vec<KeyName>>>>,
}

impl RememberingKeys {
    /// Wraps keys. `file` is where the names of the user's own keys are.
    pub fn new(keys: Box<dyn Keys>, file: Option<NameFile>) -> Self {
        Self { keys, file, known: Mutex::default() }
    }

    /// Writes the file, if something was noted.
    pub fn keep_names(&self) -> io::Result<()> {
        match (self.known().take(), &self.file) {
            (Some(known), Some(file)) => file.write(known?),
            _ => Ok(()),
        }
    }

    /// Tells whether the names of this owner's keys are kept.
    fn is_own(&self, iam_id: &str) -> bool {
        self.file.as_ref().is_some_and(|file| file.iam_id == iam_id)
    }

    fn known(&self) -> MutexGuard<'_, Option<io::Result<Vec<KeyName>>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the names that are known. The file is read at the first change.
    fn change(&self, change: impl FnOnce(&mut Vec<KeyName>)) {
        if let Some(file) = &self.file
            && let Ok(keys) = self.known().get_or_insert_with(|| file.read())
        {
            change(keys);
        }
    }

    fn change_one(&self, id: &ApiKeyId, change: impl FnOnce(&mut KeyName)) {
        self.change(|keys| {
            let _ = keys.iter_mut().find(|known| known.id == *id).map(change);
        });
    }

    fn forget(&self, id: &ApiKeyId) {
        self.change(|keys| keys.retain(|known| known.id != *id));
    }
}

macro_rules! pass_on {
    ($($name:ident($($arg:ident: $type:ty),*) -> $result:ty;)*) => {
        $(
            fn $name(&self, $($arg: $type),*) -> $result {
                self.keys.$name($($arg),*)
            }
        )*
    };
}

impl Keys for RememberingKeys {
    pass_on! {
        facts() -> &'static Facts;
        place() -> Place;
        identity() -> Result<Identity>;
        check_texts(name: Option<&str>, description: Option<&str>) -> Result<()>;
        check_new(new: &NewApiKey) -> Result<()>;
        choose_id() -> Option<ApiKeyId>;
        uses(ids: &[&ApiKeyId], done: &mut dyn FnMut(usize)) -> Result<Vec<Option<Activity>>>;
        key_limit() -> Result<Option<usize>>;
        service_clock() -> Option<Skew>;
        doubt() -> Duration;
        take_warnings() -> Vec<String>;
        locking() -> Option<&dyn Locking>;
        look_up() -> Option<&dyn LookUp>;
        proving() -> Option<&dyn Proving>;
    }

    fn list(&self, scope: &Scope, which: &Selection) -> Result<Vec<ApiKey>> {
        if !matches!(scope, Scope::Of(owner) if self.is_own(&owner.0)) {
            return self.keys.list(scope, which);
        }
        // A part of the keys must not be taken for all of them.
        let keys = self.keys.list(scope, &Selection::All)?;
        *self.known() = Some(Ok(keys.iter().map(KeyName::from).collect()));
        Ok(keys)
    }

    fn get(&self, id: &ApiKeyId, detail: Detail) -> Result<ApiKeyDetails> {
        let found = self.keys.get(id, detail);
        match &found {
            Ok(details) => self.change_one(id, |known| *known = (&details.key).into()),
            Err(error) if error.condition == Condition::NotFound => self.forget(id),
            Err(_) => {}
        }
        found
    }

    fn create(
        &self,
        new: &NewApiKey,
        value: NewValue<'_>,
        note: &mut Note<'_>,
    ) -> Result<CreatedApiKey> {
        let created = self.keys.create(new, value, note)?;
        if self.is_own(&created.key.iam_id) {
            self.change(|keys| keys.push((&created.key).into()));
        }
        Ok(created)
    }

    fn delete(&self, id: &ApiKeyId) -> Result<()> {
        let deleted = self.keys.delete(id);
        if deleted.as_ref().err().is_none_or(|error| error.condition == Condition::NotFound) {
            self.forget(id);
        }
        deleted
    }

    fn editing(&self) -> Option<&dyn Editing> {
        self.keys.editing().map(|_| self as &dyn Editing)
    }

    fn switching(&self) -> Option<&dyn Switching> {
        self.keys.switching().map(|_| self as &dyn Switching)
    }
}

impl Editing for RememberingKeys {
    fn update(&self, id: &ApiKeyId, seen: &EntityTag, changes: &ApiKeyChanges) -> Result<ApiKey> {
        let key = self.keys.update(id, seen, changes)?;
        self.change_one(id, |known| *known = (&key).into());
        Ok(key)
    }
}

impl Switching for RememberingKeys {
    fn set_disabled(&self, id: &ApiKeyId, disabled: bool) -> Result<()> {
        self.keys.set_disabled(id, disabled)?;
        self.change_one(id, |known| known.disabled = disabled);
        Ok(())
    }
}
