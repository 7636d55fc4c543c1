//! The names of the user's own keys at a service, in a file from one command to the next, so that Tab can offer them
//! without asking the service.
//!
//! There is a file for each endpoint, account, user and profile. No command depends on it.

pub mod remembering;

use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::model::{ApiKey, ApiKeyId, Identity, Lives, Timestamp};
use crate::private_file;
use crate::secret;
use crate::settings::Settings;

/// The largest file that is read, in bytes; the names of any account's keys take less.
const MOST: u64 = 16 << 20;
const PREFIX: &str = "names-";
/// A file is removed when it is this much older than one that was just written.
const OLD: Duration = Duration::from_secs(90 * 86_400);

/// A key as Tab offers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyName {
    /// The ID.
    pub id: ApiKeyId,
    /// The name, which need not be unique.
    pub name: Box<str>,
    /// Whether the key is disabled.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disabled: bool,
    /// When the key expires, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

impl Lives for KeyName {
    fn named(&self) -> (&str, &str) {
        // All keys have the same owner.
        (&self.name, "")
    }

    fn is_disabled(&self) -> bool {
        self.disabled
    }

    fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at
    }
}

impl From<&ApiKey> for KeyName {
    fn from(key: &ApiKey) -> Self {
        Self {
            id: key.id.clone(),
            name: key.name.clone(),
            disabled: key.disabled,
            expires_at: key.expires_at,
        }
    }
}

/// The file of names of one user; serialized, it is the content of the file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NameFile {
    endpoint: String,
    account_id: String,
    iam_id: String,
    profile: String,
    keys: Vec<KeyName>,
    #[serde(skip)]
    path: PathBuf,
}

impl NameFile {
    /// Names the file of a user at a service, of the profile in use. It need not exist.
    pub fn of(settings: &Settings, endpoint: &str, identity: &Identity) -> Option<Self> {
        let directory = settings.directories().ok()?.names.as_deref()?;
        Some(Self::new(directory, endpoint, identity, settings.profile().name()))
    }

    /// Names the file in `directory`.
    pub fn new(directory: &Path, endpoint: &str, identity: &Identity, profile: &str) -> Self {
        let mut file = Self {
            endpoint: endpoint.to_owned(),
            account_id: identity.account_id.to_string(),
            iam_id: identity.iam_id.to_string(),
            profile: profile.to_owned(),
            keys: Vec::new(),
            path: PathBuf::new(),
        };
        // The hash does not tell whose file it is.
        let hash = Sha256::digest(file.user().join("\n"));
        file.path = directory.join(format!("{PREFIX}{}.json", secret::hex(&hash[..16])));
        file
    }

    fn user(&self) -> [&str; 4] {
        [&self.endpoint, &self.account_id, &self.iam_id, &self.profile]
    }

    /// Reads the keys. Fails with `InvalidData` if the file is damaged or another user's.
    pub fn read(&self) -> io::Result<Vec<KeyName>> {
        let bytes = private_file::read_own(&self.path, MOST)?.ok_or(io::ErrorKind::NotFound)?;
        let found: Self = serde_json::from_slice(&bytes)?;
        if found.user() == self.user() {
            Ok(found.keys)
        } else {
            Err(io::ErrorKind::InvalidData.into())
        }
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
        self.remove_old()
    }

    /// Removes the files that are much older than this one.
    fn remove_old(&self) -> io::Result<()> {
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

    /// Removes the file, as far as that works.
    pub fn remove(&self) {
        let _ = private_file::remove(&self.path);
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
            let mut whose = whose;
            whose[part] = "another";
            let other = file(whose);
            assert_ne!(other.path, mine.path);
            // A file that was renamed is refused too.
            let renamed = NameFile { path: mine.path.clone(), ..other };
            assert_eq!(renamed.read().unwrap_err().kind(), io::ErrorKind::InvalidData, "{part}");
        }
    }
}
