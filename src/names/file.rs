//! The files of names: one for each kind, endpoint, account, user and profile.

use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::model::{ApiKey, ApiKeyId, Identity, Scope, ServiceId, ServiceIdGroup, Timestamp};
use crate::settings::Settings;
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
    pub(super) iam_id: String,
    profile: String,
    keys: Vec<KeyName>,
    #[serde(skip)]
    path: PathBuf,
}

/// What else than keys is named, each kind in a file of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    /// Keys of service IDs, as far as they were listed.
    KeysOfServiceIds,
    /// Service IDs.
    ServiceIds,
    /// Groups of service IDs.
    Groups,
}

/// A key as Tab offers it; or a service ID or a group, which have an id and a name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeyName {
    pub(super) id: ApiKeyId,
    name: Box<str>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) disabled: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
    /// The service ID that owns the key, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) iam_id: Option<Box<str>>,
}

impl From<&ApiKey> for KeyName {
    fn from(key: &ApiKey) -> Self {
        let ApiKey { ref id, ref name, disabled, expires_at, .. } = *key;
        let iam_id =
            Scope::AllServiceIds.holds(key.iam_id.as_bytes()).then(|| (*key.iam_id).into());
        Self { id: id.clone(), name: name.clone(), disabled, expires_at, iam_id }
    }
}

impl KeyName {
    fn new(id: &str, name: &str) -> Self {
        Self {
            id: ApiKeyId::new(id),
            name: name.into(),
            disabled: false,
            expires_at: None,
            iam_id: None,
        }
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
    fn from(KeyName { id, name, disabled, expires_at, iam_id }: KeyName) -> Self {
        let iam_id = iam_id.unwrap_or_default().into();
        Self { id, disabled, expires_at, name, iam_id, ..Self::default() }
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
            Others::KeysOfServiceIds => "service-keys.json",
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
        let others = [Others::KeysOfServiceIds, Others::ServiceIds, Others::Groups];
        for file in others.map(|others| file.of_others(others)).iter().chain([&file]) {
            let _ = private_file::remove(&file.path);
        }
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
