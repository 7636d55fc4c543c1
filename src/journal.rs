//! What was begun and not finished: one file per operation that makes a key, without the value.
//!
//! An entry is synced before anything is made, and locked by its owner as long as that lives; `recover` settles the
//! entries that nobody holds. The first line says what was begun, each further line a step that was reached.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::{BackendKind, Timestamp};
use crate::private_file::{self, AppendError, Log, Seen};
use crate::secret::{self, Secret};
use crate::systems::Backend;

/// The format of entries.
pub const VERSION: u32 = 1;
/// More than any entry takes.
const MOST: u64 = 16 << 20;

/// The commands that make entries. An entry of any other is not for this version to settle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// `api-key-create`.
    ApiKeyCreate,
    /// `api-key-rotate`.
    ApiKeyRotate,
}

/// What was begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begun {
    /// The format of this file; [`VERSION`].
    pub version: u32,
    /// The command.
    pub operation: Operation,
    /// The name of the key that is being made.
    pub name: String,
    /// Its id, where that was chosen here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Where it is being made.
    pub backend: BackendKind,
    /// The URL or directory of the backend.
    pub endpoint: String,
    /// Whose account.
    pub account_id: String,
    /// Whose key.
    pub iam_id: String,
    /// When it was begun.
    pub at: Timestamp,
    /// Where the key is to be written, absolute.
    pub file: Option<PathBuf>,
    /// What was at `file` and may be replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<Seen>,
    /// The keyed hash of the value, under `salt`; absent where the service chooses the value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_hash: Option<String>,
    /// The key of that hash, 32 hex digits, for this entry alone.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub salt: String,
    /// Ids of the keys of this name that were there before; absent where `id`, or `file` and `value_hash`, say more.
    #[serde(default)]
    pub known_ids: Vec<String>,
    /// The key that the new one replaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retires: Option<Retires>,
}

/// A key that is to go out of use when a new one is in its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retires {
    /// Its id.
    pub id: String,
    /// How many seconds it is to work beside the new one; `None` disables it at once.
    pub grace: Option<u64>,
}

impl Begun {
    /// Tells whether `value` is, as far as can be told, the one of the new key.
    pub fn is_value(&self, value: &Secret) -> bool {
        let is = |hash: &String| value.keyed_hash(self.salt.as_bytes()).is(hash.as_bytes());
        self.value_hash.as_ref().is_none_or(is)
    }

    /// Tells whether it was begun at this backend, as this identity: only there is a missing key proof of anything.
    pub fn is_of(&self, backend: &dyn Backend, account_id: &str, iam_id: &str) -> bool {
        self.backend == backend.kind()
            && self.endpoint == backend.endpoint()
            && self.account_id == account_id
            && self.iam_id == iam_id
    }
}

/// A step that was reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "lowercase")]
pub enum Step {
    /// A request that may make the key is about to be sent.
    Sending {
        /// From when on a look-up that finds nothing proves that the request made nothing.
        until: Timestamp,
    },
    /// The key exists, and its value is about to be printed, or written to FILE where the service chose it.
    Delivering {
        /// The key's id.
        id: String,
    },
    /// The value was printed.
    Delivered,
    /// A rotation's key exists; its value was handed to nobody yet.
    Made {
        /// The key's id.
        id: String,
    },
    /// A later command made this key of the same name, so it is not the one of this entry.
    Other {
        /// The key's id.
        id: String,
    },
    /// The rotation was asked for again, with a grace that counts from then on.
    Grace {
        /// As in [`Retires`].
        seconds: u64,
    },
}

/// The directory of entries.
#[derive(Debug)]
pub struct Journal {
    directory: PathBuf,
}

/// An entry that this process holds.
#[derive(Debug)]
pub struct Entry {
    path: PathBuf,
    tag: String,
    log: Log,
}

/// An entry that an ended process left.
#[derive(Debug)]
pub struct Orphan {
    /// The entry, held now.
    pub entry: Entry,
    /// What was begun.
    pub begun: Begun,
    /// What was reached.
    pub steps: Vec<Step>,
}

impl Orphan {
    /// Returns the id of the key whose value was about to be handed over.
    pub fn delivering(&self) -> Option<&str> {
        self.steps.iter().find_map(|step| match step {
            Step::Delivering { id } => Some(id.as_str()),
            _ => None,
        })
    }

    /// Returns the id of a rotation's key.
    pub fn made(&self) -> Option<&str> {
        self.steps.iter().find_map(|step| match step {
            Step::Made { id } => Some(id.as_str()),
            _ => None,
        })
    }

    /// Returns the ids of keys that later commands made.
    pub fn others(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().filter_map(|step| match step {
            Step::Other { id } => Some(id.as_str()),
            _ => None,
        })
    }

    /// Returns until when a look-up that finds nothing proves nothing; `None` where nothing was ever sent.
    pub fn in_doubt_until(&self) -> Option<Timestamp> {
        let untils = self.steps.iter().filter_map(|step| match step {
            Step::Sending { until } => Some(*until),
            _ => None,
        });
        untils.max()
    }

    /// Notes another grace for the old key of a rotation.
    pub fn set_grace(&mut self, seconds: u64) -> io::Result<()> {
        let Some(retires) = &mut self.begun.retires else { return Ok(()) };
        if retires.grace != Some(seconds) {
            self.entry.reach(&Step::Grace { seconds })?;
            retires.grace = Some(seconds);
        }
        Ok(())
    }

    /// Tells whether the value was printed.
    pub fn was_delivered(&self) -> bool {
        self.steps.contains(&Step::Delivered)
    }
}

/// What there is in the journal.
#[derive(Debug, Default)]
pub struct Orphans {
    /// The entries that nobody holds, oldest first.
    pub found: Vec<Orphan>,
    /// Files that are no readable entry.
    pub unreadable: Vec<PathBuf>,
    /// How many entries belong to processes that live.
    pub running: usize,
}

impl Journal {
    /// Takes the directory, which need not exist.
    pub fn new(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// Returns the directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Chooses the tag of a new entry: 16 hex digits, also part of the pending copy's name.
    fn new_tag() -> io::Result<String> {
        Ok(secret::hex(&secret::random::<8>().map_err(io::Error::other)?))
    }

    /// Hashes a value for an entry; returns the hash and its key.
    pub fn hash(value: &Secret) -> io::Result<(String, String)> {
        let salt = secret::hex(&secret::random::<16>().map_err(io::Error::other)?);
        Ok((value.keyed_hash(salt.as_bytes()).as_str().to_owned(), salt))
    }

    /// Writes and syncs an entry before anything is made.
    pub fn begin(&self, begun: &Begun) -> io::Result<Entry> {
        private_file::create_dir(&self.directory)?;
        loop {
            let tag = Self::new_tag()?;
            // Locked under a name that nobody looks for, so that it is never seen without its owner.
            let unborn = self.directory.join(format!("{tag}.new"));
            let path = self.directory.join(format!("{tag}.jsonl"));
            let mut log = Log::new(private_file::create_new(&unborn)?);
            let locked = private_file::try_lock_file(log.file());
            if locked.as_ref().is_ok_and(|locked| !locked || !unborn.exists()) {
                // Who met the file before it was locked took it for abandoned, and removes it.
                continue;
            }
            let written = locked
                .and_then(|_| log.append(&line(begun)?).map_err(append_error))
                .and_then(|()| private_file::rename(&unborn, &path));
            if let Err(error) = written {
                let _ = private_file::remove(&unborn);
                let _ = private_file::remove(&path);
                return Err(error);
            }
            return Ok(Entry { path, tag, log });
        }
    }

    /// Tells, after so many tries at entries that are held, whether ended processes left some for which `is_ours` holds.
    pub fn has_orphans(&self, tries: u32, is_ours: impl Fn(&Begun) -> bool) -> bool {
        self.orphans(tries)
            .is_ok_and(|orphans| orphans.found.iter().any(|orphan| is_ours(&orphan.begun)))
    }

    /// Notes in the entries that ended processes left, and for which `is_same` holds, that this key is not theirs.
    pub fn disown(&self, id: &str, is_same: impl Fn(&Begun) -> bool) {
        let Ok(orphans) = self.orphans(2) else { return };
        for mut orphan in orphans.found.into_iter().filter(|orphan| is_same(&orphan.begun)) {
            // Without the note the key may be taken for a candidate, and asked about.
            let _ = orphan.entry.reach(&Step::Other { id: id.to_owned() });
        }
    }

    /// Tells whether a living process has another entry for which `is_same` holds.
    pub fn is_rivalled(&self, own: &Entry, is_same: impl Fn(&Begun) -> bool) -> bool {
        self.held_entries()
            .filter(|path| *path != own.path)
            .any(|path| first_line(&path).is_some_and(|begun| is_same(&begun)))
    }

    fn held_entries(&self) -> impl Iterator<Item = PathBuf> {
        let entries = fs::read_dir(&self.directory).into_iter().flatten();
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| {
            private_file::open_existing(path)
                .is_ok_and(|file| private_file::try_lock_file(&file).is_ok_and(|free| !free))
        })
    }

    /// Finds the entries that ended processes left, and takes hold of them. An entry that is held is tried `tries`
    /// times: it may be held for a moment only, by a process that looks for entries too.
    pub fn orphans(&self, tries: u32) -> io::Result<Orphans> {
        let mut orphans = Orphans::default();
        let entries = match fs::read_dir(&self.directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(orphans),
            Err(error) => return Err(error),
        };
        for entry in entries {
            let path = entry?.path();
            let extension = path.extension().and_then(|extension| extension.to_str());
            if !matches!(extension, Some("jsonl" | "new")) {
                continue;
            }
            let file = match private_file::open_existing(&path) {
                Ok(file) => file,
                // Its owner has just finished.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                // Whoever wrote one may have written others, or taken some away.
                Err(error) if private_file::remedy(&error).is_some() => return Err(error),
                Err(_) => {
                    orphans.unreadable.push(path);
                    continue;
                }
            };
            let mut locked = private_file::try_lock_file(&file)?;
            for _ in 1..tries {
                if !locked {
                    thread::sleep(Duration::from_millis(5));
                    locked = private_file::try_lock_file(&file)?;
                }
            }
            // Its owner may have finished while it was tried.
            if !locked || !path.exists() {
                orphans.running += usize::from(path.exists());
                continue;
            }
            if extension == Some("new") {
                // Its owner ended before the entry was born, and so before anything was made.
                private_file::remove(&path)?;
                continue;
            }
            match read(&path, file) {
                Ok(Some(orphan)) => orphans.found.push(orphan),
                Ok(None) | Err(_) => orphans.unreadable.push(path),
            }
        }
        orphans.found.sort_by(|a, b| (a.begun.at, &a.entry.tag).cmp(&(b.begun.at, &b.entry.tag)));
        Ok(orphans)
    }
}

/// Reads what an entry was begun for, whoever holds it.
fn first_line(path: &Path) -> Option<Begun> {
    let bytes = private_file::read_own(path, MOST).ok()??;
    let line = bytes.split(|&byte| byte == b'\n').next()?;
    serde_json::from_slice(line).ok()
}

fn read(path: &Path, file: File) -> io::Result<Option<Orphan>> {
    let bytes = private_file::read_open(&file, MOST)?;
    let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
    let mut lines = bytes[..whole].split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    let begun = lines.next().and_then(|line| serde_json::from_slice::<Begun>(line).ok());
    // A later version may mean something else by its fields.
    let begun = begun.filter(|begun| begun.version == VERSION);
    let steps: Result<Vec<Step>, _> = lines.map(serde_json::from_slice).collect();
    let (Some(mut begun), Ok(steps)) = (begun, steps) else { return Ok(None) };
    let grace = steps.iter().rev().find_map(|step| match step {
        Step::Grace { seconds } => Some(*seconds),
        _ => None,
    });
    if let (Some(retires), Some(_)) = (&mut begun.retires, grace) {
        retires.grace = grace;
    }
    let tag = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
    let entry = Entry { path: path.to_owned(), tag, log: Log::resume(file, whole as u64) };
    Ok(Some(Orphan { entry, begun, steps }))
}

impl Entry {
    /// Returns the tag.
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// Notes a step and syncs it.
    pub fn reach(&mut self, step: &Step) -> io::Result<()> {
        self.log.append(&line(step)?).map_err(append_error)
    }

    /// Ends the entry: everything is settled.
    pub fn close(self) -> io::Result<()> {
        private_file::remove(&self.path)
    }
}

fn line(document: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(document)?;
    line.push(b'\n');
    Ok(line)
}

fn append_error(error: AppendError) -> io::Error {
    match error {
        AppendError::Unchanged(error) | AppendError::Unknown(error) => error,
    }
}
