//! One journal entry: held by the process that writes it, or left by one that ended.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::record::{Begun, Step, VERSION};
use crate::model::Timestamp;
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

    /// Removes the entry: everything is settled.
    pub fn close(self) -> io::Result<()> {
        private_file::remove(&self.path)
    }
}

/// An entry that an ended process left.
#[derive(Debug)]
pub struct Orphan {
    /// The entry, which this process holds now.
    pub entry: Entry,
    /// What was begun, with the grace that counts.
    pub begun: Begun,
    /// The id of the key whose value was about to be handed over.
    pub delivering: Option<String>,
    /// Whether the value was printed.
    pub is_delivered: bool,
    /// The id of the new key of a rotation.
    pub made: Option<String>,
    /// The ids of keys that later commands made.
    pub others: Vec<String>,
    /// Until when a request may still make the key; `None` where none was sent.
    pub in_doubt_until: Option<Timestamp>,
}

impl Orphan {
    /// Reads an entry; `None` where it is not readable, or of another version.
    pub(super) fn read(path: &Path, file: File) -> io::Result<Option<Self>> {
        let bytes = private_file::read_open(&file, MOST)?;
        let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        let mut lines = bytes[..whole].split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
        let begun = lines.next().and_then(|line| serde_json::from_slice::<Begun>(line).ok());
        // The fields may mean something else in another version.
        let Some(begun) = begun.filter(|begun| begun.version == VERSION) else { return Ok(None) };
        let tag = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
        let mut orphan = Self {
            entry: Entry {
                path: path.to_owned(),
                tag,
                log: AppendFile::resume(file, whole as u64),
            },
            begun,
            delivering: None,
            is_delivered: false,
            made: None,
            others: Vec::new(),
            in_doubt_until: None,
        };
        for line in lines {
            let Ok(step) = serde_json::from_slice(line) else { return Ok(None) };
            orphan.take(step);
        }
        Ok(Some(orphan))
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Sending { until } => self.in_doubt_until = self.in_doubt_until.max(Some(until)),
            Step::Delivering { id } => self.delivering = Some(id),
            Step::Delivered => self.is_delivered = true,
            Step::Made { id } => self.made = Some(id),
            Step::Other { id } => self.others.push(id),
            Step::Grace { seconds } => {
                if let Some(retires) = &mut self.begun.retires {
                    retires.grace = Some(seconds);
                }
            }
        }
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
}

/// Reads what an entry was begun for, whoever holds it.
pub(super) fn first_line(path: &Path) -> Option<Begun> {
    let bytes = private_file::read_own(path, MOST).ok()??;
    let line = bytes.split(|&byte| byte == b'\n').next()?;
    serde_json::from_slice(line).ok()
}
