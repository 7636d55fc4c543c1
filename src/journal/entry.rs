//! One journal entry: held by the process that writes it, or left by one that ended.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::record::{Begun, Progress, Step, VERSION};
use crate::private_file::{self, AppendError, AppendFile};

/// More bytes than any entry has.
const MOST: u64 = 16 << 20;

/// An entry that this process holds.
#[derive(Debug)]
pub struct Entry {
    pub(super) path: PathBuf,
    pub(super) tag: String,
    pub(super) log: AppendFile,
}

impl Entry {
    /// Returns the tag: 16 hex digits, also part of the name of the pending copy.
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// Notes a step and syncs it.
    pub fn reach(&mut self, step: &Step) -> io::Result<()> {
        self.write(step)
    }

    pub(super) fn write(&mut self, document: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(document)?;
        line.push(b'\n');
        self.log.append(&line).map_err(|error| match error {
            AppendError::Unchanged(error) | AppendError::Unknown(error) => error,
        })
    }

    /// Puts the entry aside: everything is settled, but a request may still make the key, so nobody may delete it yet.
    pub fn settle(mut self, id: &str) -> io::Result<()> {
        self.reach(&Step::Settled { id: id.to_owned() })?;
        let Some(name) = self.path.file_name() else { return self.close() };
        let aside = settled(private_file::parent(&self.path));
        private_file::create_dir(&aside)?;
        private_file::rename(&self.path, &aside.join(name))
    }

    /// Removes the entry: everything is settled.
    pub fn close(self) -> io::Result<()> {
        private_file::remove(&self.path)
    }
}

/// Returns the directory of entries that were put aside.
pub(super) fn settled(journal: &Path) -> PathBuf {
    journal.with_file_name("settled")
}

/// An entry that an ended process left.
#[derive(Debug)]
pub struct Orphan {
    /// The entry, which this process holds now.
    pub entry: Entry,
    /// What was begun.
    pub begun: Begun,
    /// How far it came.
    pub progress: Progress,
}

impl Orphan {
    /// Reads an entry; `None` where it is not readable, or of a later version.
    pub(super) fn read(path: &Path, file: File) -> io::Result<Option<Self>> {
        let bytes = private_file::read_open(&file, MOST)?;
        let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        let Some((begun, progress)) = parse(&bytes[..whole]) else { return Ok(None) };
        let tag = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
        let log = AppendFile::resume(file, whole as u64);
        Ok(Some(Self { entry: Entry { path: path.to_owned(), tag, log }, begun, progress }))
    }
}

/// Reads the lines of an entry; `None` where one is not readable, or the version is a later one.
fn parse(bytes: &[u8]) -> Option<(Begun, Progress)> {
    let mut lines = bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    let begun: Begun = serde_json::from_slice(lines.next()?).ok()?;
    // The fields may mean something else in a later version.
    if !(1..=VERSION).contains(&begun.version) {
        return None;
    }
    let mut progress = Progress::default();
    for line in lines {
        progress.take(serde_json::from_slice(line).ok()?);
    }
    // Version 1 did not note that it was about to retire the old key.
    if begun.version == 1
        && begun.retires.is_some()
        && (begun.file.is_some() || progress.is_delivered)
    {
        progress.is_retiring = true;
    }
    Some((begun, progress))
}

/// Reads an entry, whoever holds it.
pub(super) fn peek(path: &Path) -> Option<(Begun, Progress)> {
    let bytes = private_file::read_own(path, MOST).ok()??;
    let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
    parse(&bytes[..whole])
}
