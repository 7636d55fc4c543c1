//! The configuration file of a profile: what is chosen, and which logins there are. It never holds a secret.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::model::BackendKind;
use crate::private_file::{self, LockMode};

const NAME: &str = "config.json";
const LOCK: &str = "config.lock";

/// The contents of a configuration file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfigFile {
    /// Where the keys live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backend: Option<BackendKind>,
    /// The URL of the service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// The logins, one for each endpoint, the latest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub logins: Vec<LoginRecord>,
}

/// Where a login's API key is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Keeper {
    /// The keyring of the operating system.
    Keyring,
    /// A file (0600) beside the configuration.
    File,
}

/// What logs in to a platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PlatformProof {
    /// The platform API key of the user.
    ApiKey,
    /// The password of the user.
    Password,
}

impl PlatformProof {
    /// Names it in a sentence.
    pub fn noun(self) -> &'static str {
        match self {
            Self::ApiKey => "platform API key",
            Self::Password => "password",
        }
    }
}

/// A login, without its API key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginRecord {
    /// The URL of the service that the key belongs to.
    pub endpoint: String,
    /// The URL of the token service, where that is another host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<String>,
    /// Where the key is kept.
    pub kept: Keeper,
    /// Names the kept key: 16 hex digits, new with each login.
    pub entry: String,
    /// The IAM id, for display.
    pub iam_id: String,
    /// The account, for display.
    pub account_id: String,
    /// The user, for display.
    pub user: String,
    /// The key's own id, where the service returned it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub apikey_id: Option<String>,
    /// What logs in, where this is a login to a platform; `None` for one to IAM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<PlatformProof>,
}

impl LoginRecord {
    /// Names what the login keeps.
    pub fn noun(&self) -> &'static str {
        self.platform.map_or("API key", PlatformProof::noun)
    }
}

impl ConfigFile {
    /// Reads the file in `directory`. No file counts as an empty one.
    pub fn read(directory: &Path) -> Result<Self> {
        let path = directory.join(NAME);
        let wrong = |why: String| {
            Error::usage(format!(
                "The configuration file {} cannot be used: {why}.",
                path.display()
            ))
            .hint(r#"It is one JSON object, such as {"backend": "local"}; correct or remove it."#)
        };
        let bytes = private_file::read_own(&path, 256 * 1024)
            .map_err(|error| wrong(error.to_string()).remedied(&error))?;
        bytes.map_or(Ok(Self::default()), |bytes| {
            // serde also accepts a list of the fields in their order.
            if !bytes.trim_ascii_start().starts_with(b"{") {
                return Err(wrong("it is no object".to_owned()));
            }
            serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))
        })
    }

    /// Tells whether there is a file in `directory`.
    pub fn exists(directory: &Path) -> bool {
        directory.join(NAME).exists()
    }

    /// Changes the file in `directory` under its lock; `change` may change other files there too.
    pub fn change<T>(directory: &Path, change: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let failed = |path: PathBuf, error: &io::Error| {
            let told = format!("{} cannot be written: {error}.", path.display());
            Error::failure(told).remedied(error)
        };
        private_file::create_dir(directory)
            .map_err(|error| failed(directory.to_owned(), &error))?;
        let lock = directory.join(LOCK);
        let _held =
            private_file::lock(&lock, LockMode::Exclusive).map_err(|error| failed(lock, &error))?;
        let before = Self::read(directory)?;
        let mut file = before.clone();
        let done = change(&mut file)?;
        if file != before {
            let path = directory.join(NAME);
            // Texts and lists of texts can always be written as JSON.
            let mut bytes = serde_json::to_vec_pretty(&file).unwrap_or_default();
            bytes.push(b'\n');
            private_file::replace(&path, &bytes).map_err(|error| failed(path, &error))?;
        }
        Ok(done)
    }
}
