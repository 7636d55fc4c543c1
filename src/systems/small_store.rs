//! The small local store that the systems with one key for each owner have: a [`Log`] of a header, and then a line for each
//! change. No value is in it, only its keyed hash.

use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::error::{Condition, SystemError};
use super::keys::Result;
use crate::log::{Log, LogError, Scan, Verified, is_worth_compacting};
use crate::secret::{self, Secret};
use crate::text::shell_path;

const VERSION: u32 = 1;
const UNKNOWN: &str = "it is no record of this format";

/// What is kept. Each has an id of its own.
pub(super) trait Item: Clone + PartialEq + Serialize + DeserializeOwned {
    /// Returns the id.
    fn id(&self) -> &str;
}

#[derive(Serialize, Deserialize)]
struct Header {
    format: String,
    version: u32,
    hash_key: String,
}

/// One of them is there.
#[derive(Serialize, Deserialize)]
struct Line<T> {
    #[serde(skip_serializing_if = "Option::is_none")]
    put: Option<T>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    removed: Option<String>,
}

impl<T> Line<T> {
    fn put(item: T) -> Self {
        Self { put: Some(item), removed: None }
    }

    fn removed(id: &str) -> Self {
        Self { put: None, removed: Some(id.to_owned()) }
    }
}

/// What the store holds.
#[derive(Clone, Debug)]
pub(super) struct Content<T> {
    /// The items, oldest first.
    pub(super) items: Vec<T>,
    /// The key for the hashes of values; `None` while the store is new.
    hash_key: Option<[u8; 32]>,
}

impl<T> Content<T> {
    /// Returns the keyed hash of a value. A new store chooses its key first.
    pub(super) fn hash(&mut self, value: &Secret) -> Result<String> {
        let key = match self.hash_key {
            Some(key) => key,
            None => *self.hash_key.insert(secret::random().map_err(no_randomness)?),
        };
        Ok(value.keyed_hash(&key).as_str().to_owned())
    }

    /// Tells in constant time whether `hash` is that of a value.
    pub(super) fn is(&self, value: &Secret, hash: &str) -> bool {
        self.hash_key.is_some_and(|key| value.keyed_hash(&key).is(hash.as_bytes()))
    }
}

/// A store.
#[derive(Debug)]
pub(super) struct SmallStore<T> {
    log: Log,
    format: String,
    warnings: Mutex<Vec<String>>,
    items: PhantomData<fn() -> T>,
}

impl<T: Item> SmallStore<T> {
    /// Uses the store `NAME.jsonl` in `directory`, which need not exist yet; in memory where there is no directory.
    pub(super) fn new(directory: Option<PathBuf>, name: &str) -> Self {
        let log = directory.map_or_else(Log::in_memory, |directory| Log::named(directory, name));
        let (format, warnings) = (format!("ibmcloud-iam {name}"), Mutex::default());
        Self { log, format, warnings, items: PhantomData }
    }

    /// Returns the directory, or "memory".
    pub(super) fn directory(&self) -> &Path {
        self.log.directory()
    }

    /// Reads the store.
    pub(super) fn read(&self) -> Result<Content<T>> {
        let (content, scan) = self.fold(|visit| self.log.read(visit))?;
        *self.warnings.lock().unwrap_or_else(PoisonError::into_inner) = warnings(&self.log, &scan);
        Ok(content)
    }

    /// Returns the warnings of the last reading, once.
    pub(super) fn take_warnings(&self) -> Vec<String> {
        std::mem::take(&mut *self.warnings.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the store, on the disk before it returns. Where `change` fails, or changes nothing, nothing is written.
    pub(super) fn change<R>(&self, change: impl FnOnce(&mut Content<T>) -> Result<R>) -> Result<R> {
        let mut writer = self.log.write()?;
        let (mut content, scan) = self.fold(|visit| writer.scan(visit))?;
        let (before, is_new) = (content.items.clone(), scan.lines == 0);
        let done = change(&mut content)?;
        let now = &content.items;
        let mut lines: Vec<Line<T>> =
            now.iter().filter(|item| !before.contains(item)).cloned().map(Line::put).collect();
        let is_gone = |old: &&T| !now.iter().any(|item| item.id() == old.id());
        lines.extend(before.iter().filter(is_gone).map(|old| Line::removed(old.id())));
        if lines.is_empty() {
            return Ok(done);
        }
        if content.hash_key.is_none() {
            content.hash_key = Some(secret::random().map_err(no_randomness)?);
        }
        let header = self.header(&content);
        writer.append(&scan, |out| {
            if is_new {
                out.push(&header)?;
            }
            lines.iter().try_for_each(|line| out.push(line))
        })?;
        if is_worth_compacting(scan.lines + lines.len() as u64, content.items.len() as u64) {
            // The change is on the disk already. The next one tries again.
            let _ = writer.compact(|out| {
                out.push(&header)?;
                content.items.iter().try_for_each(|item| out.push(&Line::put(item.clone())))
            });
        }
        Ok(done)
    }

    fn header(&self, content: &Content<T>) -> Header {
        let hash_key = content.hash_key.map(|key| URL_SAFE_NO_PAD.encode(key));
        Header {
            format: self.format.clone(),
            version: VERSION,
            hash_key: hash_key.unwrap_or_default(),
        }
    }

    fn fold(
        &self,
        read: impl FnOnce(
            &mut dyn FnMut(Verified<'_>) -> std::result::Result<(), &'static str>,
        ) -> std::result::Result<Scan, LogError>,
    ) -> Result<(Content<T>, Scan)> {
        let mut content: Content<T> = Content { items: Vec::new(), hash_key: None };
        let scan = read(&mut |line| {
            if content.hash_key.is_none() {
                content.hash_key = Some(self.read_header(line.whole)?);
                return Ok(());
            }
            match serde_json::from_slice::<Line<T>>(line.whole).map_err(|_| UNKNOWN)? {
                Line { put: Some(item), removed: None } => {
                    match content.items.iter_mut().find(|old| old.id() == item.id()) {
                        Some(old) => *old = item,
                        None => content.items.push(item),
                    }
                }
                Line { put: None, removed: Some(id) } => {
                    content.items.retain(|old| old.id() != id);
                }
                _ => return Err(UNKNOWN),
            }
            Ok(())
        })?;
        Ok((content, scan))
    }

    fn read_header(&self, line: &[u8]) -> std::result::Result<[u8; 32], &'static str> {
        let header: Header = serde_json::from_slice(line).map_err(|_| UNKNOWN)?;
        if header.format != self.format {
            return Err("it is no header of this store");
        }
        if header.version != VERSION {
            return Err("it was written by a newer version of this program");
        }
        let key = URL_SAFE_NO_PAD.decode(&header.hash_key).ok();
        key.and_then(|bytes| bytes.try_into().ok()).ok_or("its hash key is not 32 bytes")
    }
}

/// Returns what the user is told of a log that is used in spite of it.
pub(super) fn warnings(log: &Log, scan: &Scan) -> Vec<String> {
    let mut warnings = Vec::new();
    if scan.torn {
        let directory = log.directory().display();
        warnings.push(format!(
            "The last record of the local store in {directory} is incomplete and was ignored; the next change removes it."
        ));
    }
    if scan.exposed {
        let log = shell_path(log.path());
        warnings.push(format!("Others can read the local store; run 'chmod 600 {log}'."));
    }
    warnings
}

pub(super) fn no_randomness(error: getrandom::Error) -> SystemError {
    SystemError {
        source: Some(error.into()),
        ..Condition::Unavailable("The operating system gave no random bytes".into()).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Note {
        id: String,
        text: String,
    }

    impl Item for Note {
        fn id(&self) -> &str {
            &self.id
        }
    }

    fn note(id: &str, text: &str) -> Note {
        Note { id: id.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn what_is_changed_is_there_at_the_next_start_and_compaction_loses_nothing() {
        let home = tempfile::tempdir().unwrap();
        let open = || SmallStore::<Note>::new(Some(home.path().to_owned()), "notes");
        let value = Secret::new("value".to_owned());
        let hash = open()
            .change(|content| {
                content.items = vec![note("a", "1"), note("b", "2")];
                content.hash(&value)
            })
            .unwrap();
        let remove = |content: &mut Content<Note>| {
            content.items.retain(|note| note.id != "a");
            Ok(())
        };
        open().change(remove).unwrap();
        for n in 0..1_100 {
            let number = |content: &mut Content<Note>| {
                content.items[0].text = n.to_string();
                Ok(())
            };
            open().change(number).unwrap();
        }
        let content = open().read().unwrap();
        assert_eq!(content.items, [note("b", "1099")]);
        assert!(content.is(&value, &hash));
        let text = std::fs::read_to_string(home.path().join("notes.jsonl")).unwrap();
        assert!(text.lines().count() < 1_000);
    }

    #[test]
    fn a_refused_change_writes_nothing() {
        let store = SmallStore::<Note>::new(None, "notes");
        let refused = store.change(|content| {
            content.items.push(note("a", "1"));
            Err::<(), _>(Condition::NotFound.into())
        });
        assert!(refused.is_err());
        assert!(store.read().unwrap().items.is_empty());
    }
}
