//! The bootstrap key, which logs in to a new service. It is in no listing, does not count towards the limit, and only its
//! file holds its value.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use zeroize::Zeroizing;

use super::{kept, tls};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{ApiKey, ApiKeyId, EntityTag, HistoryEntry, Identity, Timestamp};
use crate::private_file::{self, TemporaryDir};
use crate::render::key_file;
use crate::secret::{self, KeyedHash, Secret};
use crate::text::shell_path;

const FILE: &str = "bootstrap.json";
const NAME: &str = "emulator-bootstrap";
const DIRECTORY: &str = "ibmcloud-iam-emulator-";

/// The key, the hash of its value, and its file.
#[derive(Debug)]
pub(super) struct Bootstrap {
    pub(super) key: ApiKey,
    hash_key: [u8; 32],
    hash: KeyedHash,
    pub(super) file: PathBuf,
    /// Removed when this is dropped.
    _directory: Option<TemporaryDir>,
}

/// The fields of the file that are read back.
#[derive(Deserialize)]
struct SavedKey {
    id: String,
    iam_id: String,
    account_id: String,
    apikey: String,
    entity_tag: String,
    created_at: String,
}

impl Bootstrap {
    /// Reads the key of an earlier run over the same store, or makes one. Without a `directory` the file is in a new
    /// directory below `temporary`. Removes the directories that killed emulators left there.
    pub(super) fn open(
        identity: &Identity,
        directory: Option<&Path>,
        temporary: &Path,
        now: Timestamp,
    ) -> Result<Self> {
        let ours = [FILE, tls::FILE].map(|file| [file.to_owned(), format!("{file}.new")]).concat();
        private_file::sweep(temporary, DIRECTORY, &ours);
        let made = match directory {
            Some(_) => None,
            None => Some(
                TemporaryDir::create(temporary, DIRECTORY)
                    .map_err(|error| no_key(temporary, &error.to_string()))?,
            ),
        };
        let place = directory.or(made.as_ref().map(TemporaryDir::path)).unwrap_or(Path::new("."));
        let file = place.join(FILE);
        let hash_key = secret::random().map_err(|error| no_key(&file, &error.to_string()))?;
        let (key, value) = match read(&file, identity)? {
            Some(found) => found,
            None => make(&file, identity, now)?,
        };
        let hash = value.keyed_hash(&hash_key);
        Ok(Self { key, hash_key, hash, file, _directory: made })
    }

    pub(super) fn is(&self, id: &ApiKeyId) -> bool {
        self.key.id == *id
    }

    /// Tells whether this is the key's value, in constant time.
    pub(super) fn opens_with(&self, value: &Secret) -> bool {
        self.hash.is(value.keyed_hash(&self.hash_key).as_str().as_bytes())
    }

    pub(super) fn history(&self) -> Vec<HistoryEntry> {
        let key = &self.key;
        vec![HistoryEntry {
            at: key.created_at,
            by: key.created_by.clone(),
            action: "create".to_owned(),
        }]
    }
}

/// Reads the file of an earlier run; `None` if it is absent or empty.
fn read(file: &Path, identity: &Identity) -> Result<Option<(ApiKey, Secret)>> {
    let bytes = kept::read(file).map_err(|error| not_ours(file).remedied(&error))?;
    let parse = |bytes: Zeroizing<Vec<u8>>| parse(&bytes, identity);
    bytes.map(|bytes| parse(bytes).ok_or_else(|| not_ours(file))).transpose()
}

fn parse(bytes: &[u8], identity: &Identity) -> Option<(ApiKey, Secret)> {
    let saved: SavedKey = serde_json::from_slice(bytes).ok()?;
    let value = Secret::new(saved.apikey);
    let is_ours = saved.iam_id == *identity.iam_id
        && saved.account_id == *identity.account_id
        && saved.id.starts_with("ApiKey-")
        && !value.expose().is_empty();
    let created_at = Timestamp::parse(&saved.created_at).ok()?;
    let key = key(identity, ApiKeyId::new(saved.id), EntityTag::new(saved.entity_tag), created_at);
    is_ours.then_some((key, value))
}

fn make(file: &Path, identity: &Identity, now: Timestamp) -> Result<(ApiKey, Secret)> {
    let failed = |error: getrandom::Error| no_key(file, &error.to_string());
    let id = ApiKeyId::from_random(secret::random().map_err(failed)?);
    let tag = EntityTag::revision(1, secret::random().map_err(failed)?);
    let value = Secret::choose_api_key().map_err(failed)?;
    let key = key(identity, id, tag, now);
    private_file::replace(file, &key_file::document(&key, &value))
        .map_err(|error| no_key(file, &error.to_string()))?;
    Ok((key, value))
}

fn key(identity: &Identity, id: ApiKeyId, entity_tag: EntityTag, created_at: Timestamp) -> ApiKey {
    ApiKey {
        id,
        entity_tag,
        created_at,
        created_by: identity.iam_id.clone(),
        modified_at: created_at,
        name: NAME.into(),
        description: "Opens the emulator; it is in no store".into(),
        iam_id: identity.iam_id.clone(),
        account_id: identity.account_id.clone(),
        ..ApiKey::default()
    }
}

/// Refuses to replace a file that may hold the only copy of a key.
fn not_ours(file: &Path) -> Error {
    Error::new(
        ErrorKind::Destination,
        format!(
            "{} exists, but it is not the bootstrap API key of this store, or other users can read it.",
            file.display()
        ),
    )
    .hint(format!("If it is that key, run 'chmod 600 {}'; else move it away.", shell_path(file)))
}

fn no_key(path: &Path, why: &str) -> Error {
    Error::failure(format!(
        "The bootstrap API key could not be written to {}: {why}.",
        path.display()
    ))
}
