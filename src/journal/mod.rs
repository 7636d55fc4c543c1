//! What was begun and is not finished: one file for each command that makes a key, without the value.
//!
//! An entry is synced before anything is made, and stays locked as long as its owner lives; `recover` settles the
//! entries that nobody holds.

mod entry;
mod record;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

pub use self::entry::{Entry, Orphan};
pub use self::record::{Begun, InRegions, Operation, Progress, Retires, Step, VERSION};
use crate::clock::Clock;
use crate::private_file::{self, AppendFile};
use crate::secret;

/// The directory of entries.
#[derive(Debug)]
pub struct Journal {
    directory: PathBuf,
    clock: Clock,
}

/// What there is in the journal.
#[derive(Debug, Default)]
pub struct Orphans {
    /// The entries that nobody held, oldest first.
    pub found: Vec<Orphan>,
    /// Files that are no readable entry.
    pub unreadable: Vec<PathBuf>,
    /// How many entries belong to processes that live.
    pub running: usize,
}

impl Journal {
    /// Takes the directory, which need not exist.
    pub fn new(directory: PathBuf, clock: Clock) -> Self {
        Self { directory, clock }
    }

    /// Returns the directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Returns where the value of an entry is kept that goes to regions. It is there as long as the entry.
    pub fn value_path(&self, tag: &str) -> PathBuf {
        self.directory.with_file_name("values").join(tag)
    }

    /// Chooses the key for the hashes of an entry.
    pub fn salt() -> io::Result<String> {
        Ok(secret::hex(&secret::random::<16>().map_err(io::Error::other)?))
    }

    /// Writes and syncs an entry before anything is made.
    pub fn begin(&self, begun: &Begun) -> io::Result<Entry> {
        self.begin_as(None, begun)
    }

    /// Writes an entry again from what its pending copy tells. `sending` stands for a request that may be under way.
    pub fn adopt(&self, tag: &str, begun: Begun, sending: Step) -> io::Result<Orphan> {
        let mut orphan = Orphan {
            entry: self.begin_as(Some(tag), &begun)?,
            begun,
            progress: Progress::default(),
        };
        // How many requests were sent is not known.
        for step in [sending.clone(), sending] {
            orphan.entry.reach(&step)?;
            orphan.progress.take(step);
        }
        Ok(orphan)
    }

    /// Tells whether there is an entry of this tag.
    pub fn has(&self, tag: &str) -> bool {
        self.directory.join(format!("{tag}.jsonl")).exists()
    }

    fn begin_as(&self, tag: Option<&str>, begun: &Begun) -> io::Result<Entry> {
        private_file::create_dir(&self.directory)?;
        loop {
            let random = || Ok(secret::hex(&secret::random::<8>().map_err(io::Error::other)?));
            let tag = tag.map_or_else(random, |tag| Ok::<_, io::Error>(tag.to_owned()))?;
            // Others look for entries under the second name only, which the file gets once it is locked.
            let unborn = self.directory.join(format!("{tag}.new"));
            let path = self.directory.join(format!("{tag}.jsonl"));
            let log = AppendFile::new(private_file::create_new(&unborn)?);
            let locked = private_file::try_lock_file(log.file());
            if locked.as_ref().is_ok_and(|locked| !locked || !unborn.exists()) {
                // Another process met the file before it was locked, took it for abandoned and removes it.
                continue;
            }
            // Whoever holds the first name is alone. Another process may have written this entry again before.
            if path.exists() {
                private_file::remove(&unborn)?;
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            let mut entry = Entry { path, tag, log };
            let written = locked
                .and_then(|_| entry.write(begun))
                .and_then(|()| private_file::rename(&unborn, &entry.path));
            if let Err(error) = written {
                let _ = private_file::remove(&unborn);
                let _ = entry.close();
                return Err(error);
            }
            return Ok(entry);
        }
    }

    /// Tells whether ended processes left entries for which `is_ours` holds. An entry that is held is tried `tries`
    /// times.
    pub fn has_orphans(&self, tries: u32, is_ours: impl Fn(&Begun) -> bool) -> bool {
        self.orphans_of(tries, |begun, _| is_ours(begun))
            .is_ok_and(|orphans| orphans.found.iter().any(|orphan| is_ours(&orphan.begun)))
    }

    /// Notes in the entries that ended processes left, and for which `is_same` holds, that this key is not theirs.
    pub fn disown(&self, id: &str, is_same: impl Fn(&Begun) -> bool) {
        let Ok(orphans) = self.orphans_of(2, |begun, _| is_same(begun)) else { return };
        for mut orphan in orphans.found.into_iter().filter(|orphan| is_same(&orphan.begun)) {
            // Without the note `recover` may ask about this key.
            let _ = orphan.entry.reach(&Step::Other { id: id.to_owned() });
        }
    }

    /// Tells whether a living process has another entry for which `is_same` holds.
    pub fn is_rivalled(&self, own: &Entry, is_same: impl Fn(&Begun) -> bool) -> bool {
        let is_held = |path: &Path| {
            private_file::open_existing(path)
                .is_ok_and(|file| private_file::try_lock_file(&file).is_ok_and(|free| !free))
        };
        let entries = fs::read_dir(&self.directory).into_iter().flatten();
        entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| is_held(path) && *path != own.path)
            .any(|path| entry::peek(&path).is_some_and(|(begun, _)| is_same(&begun)))
    }

    /// Returns the progress of a command whose lost request may make this key again if it is deleted.
    pub fn may_make_again(&self, id: &str) -> Option<Progress> {
        let aside = entry::settled(&self.directory);
        let entries = [&aside, &self.directory].map(fs::read_dir).into_iter().flatten().flatten();
        let all = entries.filter_map(|entry| Some(entry::peek(&entry.ok()?.path())?.1));
        let of_it = all.filter(|progress| progress.made.as_deref() == Some(id));
        of_it.max_by_key(|progress| progress.may_land)
    }

    /// Finds the entries that ended processes left, and takes hold of them. An entry that is held is tried `tries`
    /// times: a process that looks for entries holds each for a moment.
    pub fn orphans(&self, tries: u32) -> io::Result<Orphans> {
        self.orphans_of(tries, |_, _| true)
    }

    /// As [`Journal::orphans`], and leaves alone those that are readable and for which `is_meant` does not hold: others may
    /// look for them at the same time.
    pub fn orphans_of(
        &self,
        tries: u32,
        is_meant: impl Fn(&Begun, &Progress) -> bool,
    ) -> io::Result<Orphans> {
        self.sweep();
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
            if entry::peek(&path).is_some_and(|(begun, progress)| !is_meant(&begun, &progress)) {
                continue;
            }
            let file = match private_file::open_existing(&path) {
                Ok(file) => file,
                // Its owner has just finished.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                // Others can write to the directory, and may have added or removed entries.
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
                // Its owner ended before the entry had its name, and so before anything was made.
                private_file::remove(&path)?;
                continue;
            }
            match Orphan::read(&path, file) {
                Ok(Some(orphan)) => orphans.found.push(orphan),
                Ok(None) | Err(_) => orphans.unreadable.push(path),
            }
        }
        let place = |orphan: &Orphan| {
            (orphan.begun.at, orphan.begun.name.clone(), orphan.entry.tag().to_owned())
        };
        orphans.found.sort_by_cached_key(place);
        Ok(orphans)
    }

    /// Removes the entries that were put aside, once no request of theirs can take effect any more.
    fn sweep(&self) {
        let aside = fs::read_dir(entry::settled(&self.directory)).into_iter().flatten().flatten();
        for path in aside.map(|entry| entry.path()) {
            let until = entry::peek(&path).and_then(|(_, progress)| progress.may_land);
            if self.clock.now().is_ok_and(|now| now > until.unwrap_or_default()) {
                // Where that fails, the next look removes it.
                let _ = private_file::remove(&path);
            }
        }
    }
}
