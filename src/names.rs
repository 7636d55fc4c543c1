//! The names of one's own keys at the service, kept from one command to the next, so that Tab knows them without it.
//!
//! A command on the remote backend notes what it learns; when its work is done and told, that goes into a file, one for
//! each endpoint, account, user and profile. Nothing depends on it: whatever goes wrong with it, silence.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::model::{ApiKey, ApiKeyId, Identity, Lives, Timestamp};
use crate::private_file;
use crate::secret;

/// More than the names of any account's keys take.
const MOST: u64 = 16 << 20;
const PREFIX: &str = "names-";
/// How long names stay that no command has changed while others were written.
const LONG: Duration = Duration::from_secs(90 * 86_400);

/// A key as Tab offers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyName {
    /// The id.
    pub id: ApiKeyId,
    /// The name, which others may share.
    pub name: Box<str>,
    /// Whether it was switched off.
    pub disabled: bool,
    /// From when on it opens nothing; `None` is never.
    pub expires_at: Option<Timestamp>,
}

impl Lives for KeyName {
    fn named(&self) -> (&str, &str) {
        // All are one's own.
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

/// What a command learned of the names of one's own keys.
#[derive(Debug, Default)]
pub struct Learned {
    listed: Option<Vec<KeyName>>,
    since: Vec<Change>,
}

#[derive(Debug)]
enum Change {
    Made(KeyName),
    Named(KeyName),
    Disabled(ApiKeyId, bool),
    Gone(ApiKeyId),
}

impl Learned {
    /// Notes a listing of every key.
    pub fn all(&mut self, keys: &[ApiKey]) {
        *self = Self { listed: Some(keys.iter().map(KeyName::from).collect()), since: Vec::new() };
    }

    /// Notes a new key.
    pub fn made(&mut self, key: &ApiKey) {
        self.since.push(Change::Made(key.into()));
    }

    /// Notes what a key that was there is called; one that is in no listing stays out.
    pub fn named(&mut self, key: &ApiKey) {
        self.since.push(Change::Named(key.into()));
    }

    /// Notes that a key was switched off or on.
    pub fn disabled(&mut self, id: &ApiKeyId, disabled: bool) {
        self.since.push(Change::Disabled(id.clone(), disabled));
    }

    /// Notes that there is no such key any more.
    pub fn gone(&mut self, id: &ApiKeyId) {
        self.since.push(Change::Gone(id.clone()));
    }

    /// Tells whether nothing was learned.
    pub fn is_empty(&self) -> bool {
        self.listed.is_none() && self.since.is_empty()
    }

    /// Puts what was learned over what was known. Nothing comes of it where that changes nothing, or where no listing was
    /// ever seen: a few keys would look like all of them.
    fn over(self, known: Option<Vec<KeyName>>) -> Option<Vec<KeyName>> {
        let mut changed = self.listed.is_some();
        let keys = self.listed.or(known)?;
        if self.since.is_empty() {
            return Some(keys);
        }
        // An audit may look at every one of many keys.
        let mut places: HashMap<ApiKeyId, usize> =
            keys.iter().enumerate().map(|(place, key)| (key.id.clone(), place)).collect();
        let mut keys: Vec<Option<KeyName>> = keys.into_iter().map(Some).collect();
        for change in self.since {
            match change {
                Change::Made(key) => {
                    let place = *places.entry(key.id.clone()).or_insert(keys.len());
                    keys.resize(keys.len().max(place + 1), None);
                    keys[place] = Some(key);
                    changed = true;
                }
                Change::Named(key) => {
                    if let Some(&place) = places.get(&key.id) {
                        changed |= keys[place].as_ref() != Some(&key);
                        keys[place] = Some(key);
                    }
                }
                Change::Disabled(id, disabled) => {
                    if let Some(key) = places.get(&id).and_then(|&place| keys[place].as_mut()) {
                        changed |= key.disabled != disabled;
                        key.disabled = disabled;
                    }
                }
                Change::Gone(id) => {
                    if let Some(place) = places.remove(&id) {
                        keys[place] = None;
                        changed = true;
                    }
                }
            }
        }
        changed.then(|| keys.into_iter().flatten().collect())
    }
}

/// Whose keys are meant.
#[derive(Debug)]
pub struct Whose<'a> {
    /// The URL of the service.
    pub endpoint: &'a str,
    /// The account and the user.
    pub identity: &'a Identity,
    /// The profile.
    pub profile: &'a str,
}

/// The file.
#[derive(Serialize, Deserialize)]
struct Kept<'a> {
    #[serde(borrow)]
    endpoint: Cow<'a, str>,
    account_id: Cow<'a, str>,
    iam_id: Cow<'a, str>,
    profile: Cow<'a, str>,
    keys: Vec<KeptName<'a>>,
}

#[derive(Serialize, Deserialize)]
struct KeptName<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    disabled: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
}

impl Whose<'_> {
    fn parts(&self) -> [&str; 4] {
        [self.endpoint, &self.identity.account_id, &self.identity.iam_id, self.profile]
    }

    /// Names the file, without giving away whose it is.
    fn file(&self, directory: &Path) -> PathBuf {
        let hash = Sha256::digest(self.parts().join("\n"));
        directory.join(format!("{PREFIX}{}.json", secret::hex(&hash[..16])))
    }

    fn bytes(&self, keys: &[KeyName]) -> Vec<u8> {
        let [endpoint, account_id, iam_id, profile] = self.parts().map(Cow::Borrowed);
        let keys = keys.iter().map(|key| KeptName {
            id: key.id.as_str().into(),
            name: (&*key.name).into(),
            disabled: key.disabled,
            expires_at: key.expires_at,
        });
        let kept = Kept { endpoint, account_id, iam_id, profile, keys: keys.collect() };
        // Texts always make a document.
        serde_json::to_vec(&kept).unwrap_or_default()
    }

    /// Reads what [`Whose::bytes`] wrote, and nobody else's.
    fn keys(&self, bytes: &[u8]) -> Option<Vec<KeyName>> {
        let kept: Kept<'_> = serde_json::from_slice(bytes).ok()?;
        let found = [kept.endpoint, kept.account_id, kept.iam_id, kept.profile];
        (found == self.parts()).then_some(())?;
        let key = |key: KeptName<'_>| KeyName {
            id: ApiKeyId::new(&*key.id),
            name: (&*key.name).into(),
            disabled: key.disabled,
            expires_at: key.expires_at,
        };
        Some(kept.keys.into_iter().map(key).collect())
    }
}

/// Returns the keys that were there when they were last seen.
pub fn read(directory: &Path, whose: &Whose<'_>) -> Option<Vec<KeyName>> {
    whose.keys(&content(&whose.file(directory)).ok()??)
}

/// Keeps what was learned. Of two processes at once the later one wins, and the next listing corrects both. Fails only
/// where the names would be kept, or were, where somebody else can write.
pub fn keep(directory: &Path, whose: &Whose<'_>, learned: Learned) -> io::Result<()> {
    let path = whose.file(directory);
    let before = content(&path)?;
    let known = if learned.listed.is_none() {
        before.as_ref().and_then(|bytes| whose.keys(bytes))
    } else {
        None
    };
    let Some(keys) = learned.over(known) else { return Ok(()) };
    let bytes = whose.bytes(&keys);
    let is_new = before.is_none_or(|before| *before != bytes);
    if !is_new {
        return Ok(());
    }
    match private_file::replace_small(&path, &bytes) {
        Ok(()) => {
            let _ = sweep(directory, &path);
            Ok(())
        }
        Err(error) if private_file::remedy(&error).is_some() => Err(error),
        Err(_) => Ok(()),
    }
}

/// Removes what is much older than the file that was just written: the names of keys that nobody looks at any more.
fn sweep(directory: &Path, newest: &Path) -> io::Result<()> {
    let now = fs::metadata(newest)?.modified()?;
    for entry in fs::read_dir(directory)? {
        // What cannot be looked at, or goes away meanwhile, is no reason to leave the others.
        let Ok(entry) = entry else { continue };
        let Ok(modified) = entry.metadata().and_then(|metadata| metadata.modified()) else {
            continue;
        };
        let age = now.duration_since(modified).unwrap_or_default();
        if age > LONG && entry.file_name().as_encoded_bytes().starts_with(PREFIX.as_bytes()) {
            let _ = private_file::remove(&entry.path());
        }
    }
    Ok(())
}

/// Forgets the names of a login that has ended.
pub fn forget(directory: &Path, whose: &Whose<'_>) {
    let _ = private_file::remove(&whose.file(directory));
}

/// Reads the file, if it is one. Fails only where it is not private.
fn content(path: &Path) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    private_file::read_own(path, MOST).or_else(|error| match private_file::remedy(&error) {
        Some(_) => Err(error),
        None => Ok(None),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(keys: &[KeyName]) -> Vec<&str> {
        keys.iter().map(|key| &*key.name).collect()
    }

    fn renamed(from: &str, to: &str) -> ApiKey {
        ApiKey { name: to.into(), ..ApiKey::sample(from) }
    }

    #[test]
    fn a_change_goes_over_a_listing_and_makes_none() {
        let sample = ApiKey::sample;
        let listed = [sample("a"), sample("b"), sample("c")];
        let changes = |learned: &mut Learned| {
            learned.made(&sample("d"));
            learned.gone(&sample("a").id);
            learned.named(&renamed("b", "B"));
            learned.named(&sample("elsewhere"));
            learned.gone(&sample("elsewhere").id);
        };
        let mut learned = Learned::default();
        changes(&mut learned);
        assert_eq!(learned.over(None), None);
        let mut learned = Learned::default();
        changes(&mut learned);
        let known = listed.iter().map(KeyName::from).collect();
        assert_eq!(names(&learned.over(Some(known)).unwrap()), ["B", "c", "d"]);
        let mut learned = Learned::default();
        learned.made(&sample("before the listing"));
        learned.all(&listed[..1]);
        changes(&mut learned);
        let known = vec![KeyName::from(&sample("of old"))];
        assert_eq!(names(&learned.over(Some(known)).unwrap()), ["d"]);
    }

    #[test]
    fn only_those_whose_they_are_are_told_the_names() {
        let identity = |account: &str, user: &str| Identity {
            iam_id: user.into(),
            account_id: account.into(),
            user: "me@example.com".into(),
        };
        let me = identity("a", "IBMid-1");
        let whose = Whose { endpoint: "https://one", identity: &me, profile: "default" };
        let key = KeyName::from(&renamed("1", "say \"hi\"\n"));
        let bytes = whose.bytes(std::slice::from_ref(&key));
        assert_eq!(whose.keys(&bytes), Some(vec![key]));
        let (other_account, other_user) = (identity("b", "IBMid-1"), identity("a", "IBMid-2"));
        for other in [
            Whose { endpoint: "https://two", ..whose },
            Whose { identity: &other_account, ..whose },
            Whose { identity: &other_user, ..whose },
            Whose { profile: "work", ..whose },
        ] {
            assert_eq!(other.keys(&bytes), None, "{other:?}");
            let directory = Path::new("names");
            assert_ne!(other.file(directory), whose.file(directory), "{other:?}");
        }
        for damaged in [&b""[..], b"[]", b"{}", &bytes[..bytes.len() - 1], b"\xff"] {
            assert_eq!(whose.keys(damaged), None);
        }
    }
}
