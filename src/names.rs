//! The names of the user's own keys at a service, and of the service IDs and groups of the account, in files from one command
//! to the next, so that Tab can offer them without asking the service. There are files for each endpoint, account, user and
//! profile. No command depends on them.

mod file;
mod service_ids;

use std::io;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

pub use self::file::{KeyName, NameFile, Others};
use crate::clock::Skew;
use crate::joined::Joined;
use crate::model::{
    Activity, ApiKey, ApiKeyChanges, ApiKeyDetails, ApiKeyId, CreatedApiKey, Detail, EntityTag,
    Identity, NewApiKey, NewValue, Owner, Scope, Selection,
};
use crate::secret::Secret;
use crate::systems::{
    Condition, Editing, Facts, Keys, Locking, LookUp, Note, Place, Proving, Reading, Result,
    ServiceIds, Several, Switching, System, SystemError,
};

/// The content of a file as it is to be, while a command works. Without a file nothing is noted.
#[derive(Debug)]
struct Noted {
    file: Option<NameFile>,
    /// `None` until there is something to note. Before the first listing nothing is noted, because Tab would take a few names
    /// for all of them.
    known: Mutex<Option<io::Result<Vec<KeyName>>>>,
}

impl Noted {
    fn new(file: Option<NameFile>) -> Self {
        Self { file, known: Mutex::default() }
    }

    /// Writes the file, if something was noted.
    fn keep(&self) -> io::Result<()> {
        let known = self.known.lock().ok().and_then(|mut known| known.take());
        match (known, &self.file) {
            (Some(known), Some(file)) => file.write(known?),
            _ => Ok(()),
        }
    }

    /// Notes all there are.
    fn all(&self, names: impl Iterator<Item = KeyName>) {
        if self.file.is_some()
            && let Ok(mut known) = self.known.lock()
        {
            *known = Some(Ok(names.collect()));
        }
    }

    /// Notes all there are of one owner, beside what is known of others.
    fn all_of(&self, iam_id: &str, names: impl Iterator<Item = KeyName>) {
        let Some(file) = &self.file else { return };
        if let Ok(mut known) = self.known.lock() {
            let before = known.take().unwrap_or_else(|| file.read());
            let others = before.unwrap_or_default().into_iter();
            let others = others.filter(|known| known.iam_id.as_deref() != Some(iam_id));
            *known = Some(Ok(others.chain(names).collect()));
        }
    }

    /// Changes the names that are known. The file is read at the first change.
    fn change(&self, change: impl FnOnce(&mut Vec<KeyName>)) {
        if let (Some(file), Ok(mut known)) = (&self.file, self.known.lock())
            && let Ok(keys) = known.get_or_insert_with(|| file.read())
        {
            change(keys);
        }
    }

    fn change_one(&self, id: &str, change: impl FnMut(&mut KeyName)) {
        self.change(|names| {
            names.iter_mut().filter(|known| known.id.as_str() == id).for_each(change);
        });
    }

    /// Notes how something that is known is now, or that it is gone.
    fn note(&self, id: &str, now: std::result::Result<KeyName, &SystemError>) {
        match now {
            Ok(now) => self.change_one(id, |known| known.clone_from(&now)),
            Err(error) if error.condition == Condition::NotFound => self.forget(id),
            Err(_) => {}
        }
    }

    fn forget(&self, id: &str) {
        self.change(|names| names.retain(|known| known.id.as_str() != id));
    }
}

/// Keys that note the names of the user's own keys, and of service IDs and groups, for files that are written when the work
/// is done.
#[derive(Debug)]
pub struct RememberingKeys {
    keys: Box<dyn Keys>,
    /// What the commands in use call these keys.
    facts: Mutex<&'static Facts>,
    own: Noted,
    of_service_ids: Noted,
    service_ids: Noted,
    groups: Noted,
    /// A listing of an owner's keys that several threads may need at once.
    listing: Joined<(Owner, Arc<[ApiKey]>)>,
}

impl RememberingKeys {
    /// Wraps keys. `file` is where the names of the user's own keys are.
    pub fn new(keys: Box<dyn Keys>, file: Option<NameFile>) -> Self {
        let others = |others| Noted::new(file.as_ref().map(|file| file.of_others(others)));
        let (service_ids, groups) = (others(Others::ServiceIds), others(Others::Groups));
        let of_service_ids = others(Others::KeysOfServiceIds);
        let facts = Mutex::new(keys.facts());
        let (own, listing) = (Noted::new(file), Joined::default());
        Self { keys, facts, own, of_service_ids, service_ids, groups, listing }
    }

    /// Lists the keys of a name. Threads that ask at the same time share a listing, which begins after all of them have asked.
    pub fn named(&self, owner: &Owner, name: &str) -> Result<Vec<ApiKey>> {
        let list = || self.list(&Scope::Of(owner.clone()), &Selection::Named(name.to_owned()));
        let (of, keys) =
            self.listing.get(|| list().map(|keys| (owner.clone(), Arc::from(keys))))?;
        let keys = if of == *owner { keys } else { Arc::from(list()?) };
        Ok(keys.iter().filter(|key| *key.name == *name).cloned().collect())
    }

    /// Goes on as the keys of a system that is at the same place.
    pub fn speak_of(&self, facts: &'static Facts) {
        *self.facts.lock().unwrap_or_else(PoisonError::into_inner) = facts;
    }

    /// Returns the system of the identity's own keys.
    pub fn own_system(&self) -> System {
        self.keys.facts().system
    }

    /// Returns where the keys are noted that the commands in use are about.
    fn noted(&self) -> &Noted {
        if self.facts().system == System::ServiceIds { &self.of_service_ids } else { &self.own }
    }

    /// Writes the files of which something was noted.
    pub fn keep_names(&self) -> io::Result<()> {
        self.own.keep()?;
        self.of_service_ids.keep()?;
        self.service_ids.keep()?;
        self.groups.keep()
    }

    fn is_own(&self, iam_id: &str) -> bool {
        self.own.file.as_ref().is_some_and(|file| file.iam_id == iam_id)
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
    fn facts(&self) -> &'static Facts {
        *self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pass_on! {
        place() -> Place;
        identity() -> Result<Identity>;
        check_texts(name: Option<&str>, description: Option<&str>) -> Result<()>;
        check_new(new: &NewApiKey) -> Result<()>;
        lists() -> bool;
        came() -> Option<Arc<AtomicUsize>>;
        choose_id() -> Option<ApiKeyId>;
        choose_value() -> std::result::Result<Secret, getrandom::Error>;
        service_clock() -> Option<Skew>;
        doubt() -> Duration;
        uses(ids: &[&ApiKeyId], several: &mut Several<'_>) -> Result<Vec<Option<Activity>>>;
        key_limit() -> Result<Option<usize>>;
        take_warnings() -> Vec<String>;
        locking() -> Option<&dyn Locking>;
        look_up() -> Option<&dyn LookUp>;
        proving() -> Option<&dyn Proving>;
        reading() -> Option<&dyn Reading>;
        access_token() -> Result<Option<Secret>>;
        renewed_access_token() -> Result<Option<Secret>>;
    }

    fn list(&self, scope: &Scope, which: &Selection) -> Result<Vec<ApiKey>> {
        let owner = match scope {
            Scope::AllUsers => return self.keys.list(scope, which),
            Scope::AllServiceIds => None,
            Scope::Of(owner) => Some(&*owner.0),
        };
        // A part of the keys must not be taken for all of them.
        let keys = self.keys.list(scope, &Selection::All)?;
        let names = keys.iter().map(KeyName::from);
        match owner {
            Some(iam_id) if self.is_own(iam_id) => self.own.all(names),
            Some(iam_id) => self.of_service_ids.all_of(iam_id, names),
            None => self.of_service_ids.all(names),
        }
        Ok(keys)
    }

    fn get(&self, id: &ApiKeyId, detail: Detail) -> Result<ApiKeyDetails> {
        let found = self.keys.get(id, detail);
        self.noted().note(id.as_str(), found.as_ref().map(|details| (&details.key).into()));
        found
    }

    fn create(
        &self,
        new: &NewApiKey,
        value: NewValue<'_>,
        note: &mut Note<'_>,
    ) -> Result<CreatedApiKey> {
        let created = self.keys.create(new, value, note)?;
        if self.facts().system == System::ServiceIds || self.is_own(&created.key.iam_id) {
            self.noted().change(|keys| keys.push((&created.key).into()));
        }
        Ok(created)
    }

    fn delete(&self, id: &ApiKeyId) -> Result<()> {
        let deleted = self.keys.delete(id);
        let gone = Condition::NotFound.into();
        self.noted().note(id.as_str(), Err(deleted.as_ref().err().unwrap_or(&gone)));
        deleted
    }

    fn editing(&self) -> Option<&dyn Editing> {
        self.keys.editing().map(|_| self as &dyn Editing)
    }

    fn switching(&self) -> Option<&dyn Switching> {
        self.keys.switching().map(|_| self as &dyn Switching)
    }

    fn service_ids(&self) -> Option<&dyn ServiceIds> {
        match self.own.file {
            Some(_) => self.keys.service_ids().map(|_| self as &dyn ServiceIds),
            None => self.keys.service_ids(),
        }
    }
}

impl Editing for RememberingKeys {
    fn update(&self, id: &ApiKeyId, seen: &EntityTag, changes: &ApiKeyChanges) -> Result<ApiKey> {
        let now = self.keys.update(id, seen, changes)?;
        self.noted().note(id.as_str(), Ok((&now).into()));
        Ok(now)
    }
}

impl Switching for RememberingKeys {
    fn set_disabled(&self, id: &ApiKeyId, disabled: bool) -> Result<()> {
        self.keys.set_disabled(id, disabled)?;
        self.noted().change_one(id.as_str(), |known| known.disabled = disabled);
        Ok(())
    }
}
