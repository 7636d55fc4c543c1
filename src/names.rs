//! The names of the user's own keys at a service, and of the service IDs and groups of the account, in files from one command
//! to the next, so that Tab can offer them without asking the service. There are files for each endpoint, account, user and
//! profile. No command depends on them.

mod service_ids;

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;
use std::{fs, io};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::clock::Skew;
use crate::model::{
    Activity, ApiKey, ApiKeyChanges, ApiKeyDetails, ApiKeyId, CreatedApiKey, Detail, EntityTag,
    Identity, NewApiKey, NewValue, Scope, Selection, ServiceId, ServiceIdGroup, Timestamp,
};
use crate::settings::Settings;
use crate::systems::{
    Condition, Editing, Facts, Keys, Locking, LookUp, Note, Place, Proving, Result, ServiceIds,
    Switching, SystemError,
};
use crate::{private_file, secret};

/// The largest file that is read, in bytes; the names of any account's keys take less.
const MOST: u64 = 16 << 20;
const PREFIX: &str = "names-";
/// A file is removed when it is this much older than one that was just written.
const OLD: Duration = Duration::from_secs(90 * 86_400);

/// The file of names of one user; serialized, it is the content of the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NameFile {
    endpoint: String,
    account_id: String,
    iam_id: String,
    profile: String,
    keys: Vec<KeyName>,
    #[serde(skip)]
    path: PathBuf,
}

/// What else than keys is named, each kind in a file of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    /// Service IDs.
    ServiceIds,
    /// Groups of service IDs.
    Groups,
}

/// A key as Tab offers it; or a service ID or a group, which have an id and a name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeyName {
    id: ApiKeyId,
    name: Box<str>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    disabled: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
}

impl From<&ApiKey> for KeyName {
    fn from(key: &ApiKey) -> Self {
        let ApiKey { ref id, ref name, disabled, expires_at, .. } = *key;
        Self { id: id.clone(), name: name.clone(), disabled, expires_at }
    }
}

impl KeyName {
    fn new(id: &str, name: &str) -> Self {
        Self { id: ApiKeyId::new(id), name: name.into(), disabled: false, expires_at: None }
    }

    /// Returns the id and the name.
    pub fn id_and_name(self) -> (String, Box<str>) {
        (self.id.to_string(), self.name)
    }
}

impl From<&ServiceId> for KeyName {
    fn from(found: &ServiceId) -> Self {
        Self::new(found.id.as_str(), &found.name)
    }
}

impl From<&ServiceIdGroup> for KeyName {
    fn from(found: &ServiceIdGroup) -> Self {
        Self::new(found.id.as_str(), &found.name)
    }
}

impl From<KeyName> for ApiKey {
    /// Leaves out what Tab does not need.
    fn from(KeyName { id, name, disabled, expires_at }: KeyName) -> Self {
        Self { id, disabled, expires_at, name, ..Self::default() }
    }
}

impl NameFile {
    /// Names the file of a user at a service, of the profile in use. It need not exist.
    pub fn of(settings: &Settings, endpoint: &str, identity: &Identity) -> Option<Self> {
        let directory = settings.directories().ok()?.names.as_deref()?;
        Some(Self::new(directory, endpoint, identity, settings.profile().name()))
    }

    /// Names the file in `directory`.
    pub fn new(directory: &Path, endpoint: &str, identity: &Identity, profile: &str) -> Self {
        let user = [endpoint, &identity.account_id, &identity.iam_id, profile];
        // The hash does not tell whose file it is.
        let hash = Sha256::digest(user.join("\n"));
        let path = directory.join(format!("{PREFIX}{}.json", secret::hex(&hash[..16])));
        let [endpoint, account_id, iam_id, profile] = user.map(str::to_owned);
        Self { endpoint, account_id, iam_id, profile, keys: Vec::new(), path }
    }

    /// Names the file of something else.
    #[must_use]
    pub fn of_others(&self, others: Others) -> Self {
        let ending = match others {
            Others::ServiceIds => "service-ids.json",
            Others::Groups => "groups.json",
        };
        Self { path: self.path.with_extension(ending), ..self.clone() }
    }

    /// Reads the keys. Fails with `InvalidData` if the file is damaged or another user's.
    pub fn read(&self) -> io::Result<Vec<KeyName>> {
        let bytes = private_file::read_own(&self.path, MOST)?.ok_or(io::ErrorKind::NotFound)?;
        let mut found: Self = serde_json::from_slice(&bytes)?;
        let keys = std::mem::take(&mut found.keys);
        found.path.clone_from(&self.path);
        if found == *self { Ok(keys) } else { Err(io::ErrorKind::InvalidData.into()) }
    }

    /// Writes the keys, unless the file has them already. Of two processes the later one wins.
    pub fn write(&self, keys: Vec<KeyName>) -> io::Result<()> {
        let bytes = serde_json::to_vec(&Self { keys, ..self.clone() })?;
        match private_file::read_own(&self.path, MOST) {
            Ok(Some(before)) if *before == bytes => return Ok(()),
            Err(error) if private_file::remedy(&error).is_some() => return Err(error),
            // Whatever else is there is replaced.
            _ => private_file::replace_small(&self.path, &bytes)?,
        }
        let now = fs::metadata(&self.path)?.modified()?;
        for entry in fs::read_dir(private_file::parent(&self.path))?.flatten() {
            let modified = entry.metadata().and_then(|metadata| metadata.modified());
            let age = modified.ok().and_then(|modified| now.duration_since(modified).ok());
            let is_ours = entry.file_name().as_encoded_bytes().starts_with(PREFIX.as_bytes());
            if is_ours && age.is_some_and(|age| age > OLD) {
                let _ = private_file::remove(&entry.path());
            }
        }
        Ok(())
    }

    /// Removes the files of a user at a service, as far as that works.
    pub fn remove(settings: &Settings, endpoint: &str, identity: &Identity) {
        let Some(file) = Self::of(settings, endpoint, identity) else { return };
        for file in [file.of_others(Others::ServiceIds), file.of_others(Others::Groups), file] {
            let _ = private_file::remove(&file.path);
        }
    }
}

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
    fn keep(self) -> io::Result<()> {
        match (self.known.into_inner(), &self.file) {
            (Ok(Some(known)), Some(file)) => file.write(known?),
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
    own: Noted,
    service_ids: Noted,
    groups: Noted,
}

impl RememberingKeys {
    /// Wraps keys. `file` is where the names of the user's own keys are.
    pub fn new(keys: Box<dyn Keys>, file: Option<NameFile>) -> Self {
        let others = |others| Noted::new(file.as_ref().map(|file| file.of_others(others)));
        let (service_ids, groups) = (others(Others::ServiceIds), others(Others::Groups));
        Self { keys, own: Noted::new(file), service_ids, groups }
    }

    /// Writes the files of which something was noted.
    pub fn keep_names(self) -> io::Result<()> {
        self.own.keep()?;
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
    pass_on! {
        facts() -> &'static Facts;
        place() -> Place;
        identity() -> Result<Identity>;
        check_texts(name: Option<&str>, description: Option<&str>) -> Result<()>;
        check_new(new: &NewApiKey) -> Result<()>;
        choose_id() -> Option<ApiKeyId>;
        service_clock() -> Option<Skew>;
        doubt() -> Duration;
        uses(ids: &[&ApiKeyId], done: &mut dyn FnMut(usize)) -> Result<Vec<Option<Activity>>>;
        key_limit() -> Result<Option<usize>>;
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
        self.own.all(keys.iter().map(KeyName::from));
        Ok(keys)
    }

    fn get(&self, id: &ApiKeyId, detail: Detail) -> Result<ApiKeyDetails> {
        let found = self.keys.get(id, detail);
        self.own.note(id.as_str(), found.as_ref().map(|details| (&details.key).into()));
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
            self.own.change(|keys| keys.push((&created.key).into()));
        }
        Ok(created)
    }

    fn delete(&self, id: &ApiKeyId) -> Result<()> {
        let deleted = self.keys.delete(id);
        let gone = Condition::NotFound.into();
        self.own.note(id.as_str(), Err(deleted.as_ref().err().unwrap_or(&gone)));
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
        self.own.note(id.as_str(), Ok((&now).into()));
        Ok(now)
    }
}

impl Switching for RememberingKeys {
    fn set_disabled(&self, id: &ApiKeyId, disabled: bool) -> Result<()> {
        self.keys.set_disabled(id, disabled)?;
        self.own.change_one(id.as_str(), |known| known.disabled = disabled);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_user_of_a_file_reads_it() {
        let directory = tempfile::tempdir().unwrap();
        let file = |[endpoint, account, user, profile]: [&str; 4]| {
            let identity =
                Identity { iam_id: user.into(), account_id: account.into(), user: "me".into() };
            NameFile::new(directory.path(), endpoint, &identity, profile)
        };
        let whose = ["https://one", "a", "IBMid-1", "default"];
        let mine = file(whose);
        let keys = ["1", "say \"hi\"\n"].map(|name| KeyName::from(&ApiKey::sample(name)));
        mine.write(keys.to_vec()).unwrap();
        assert_eq!(mine.read().unwrap(), keys);
        for part in 0..4 {
            let other = file(std::array::from_fn(|n| if n == part { "another" } else { whose[n] }));
            assert_ne!(other.path, mine.path);
            // A file that was renamed is refused too.
            let renamed = NameFile { path: mine.path.clone(), ..other };
            assert_eq!(renamed.read().unwrap_err().kind(), io::ErrorKind::InvalidData, "{part}");
        }
    }
}
