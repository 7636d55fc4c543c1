//! Where a log is kept: in a directory, or in memory.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use crate::private_file::{self, Lock, LockMode};

#[derive(Debug)]
pub(super) enum Medium {
    /// In the file `log` of a directory; `patience` is how long a lock is waited for.
    Disk {
        directory: PathBuf,
        log: PathBuf,
        patience: Duration,
    },
    Memory(RwLock<Vec<u8>>),
}

#[derive(Debug)]
pub(super) enum Hold<'a> {
    /// No lock if the log is new and only read.
    Disk {
        _lock: Option<Lock>,
    },
    Reading(RwLockReadGuard<'a, Vec<u8>>),
    Writing(RwLockWriteGuard<'a, Vec<u8>>),
}

/// A log, opened for reading.
#[derive(Debug)]
pub(super) enum Source<'a> {
    File(File),
    Memory(&'a [u8]),
}

impl Medium {
    /// Returns the directory, or "memory".
    pub(super) fn directory(&self) -> &Path {
        match self {
            Self::Disk { directory, .. } => directory,
            Self::Memory(_) => Path::new("memory"),
        }
    }

    /// Returns the file, or "memory".
    pub(super) fn log(&self) -> &Path {
        match self {
            Self::Disk { log, .. } => log,
            Self::Memory(_) => Path::new("memory"),
        }
    }

    /// Returns the file to lock. It is not the log itself, which compaction replaces by another file.
    pub(super) fn lock_file(&self) -> PathBuf {
        self.log().with_extension("lock")
    }

    /// Takes the lock. To read a new log, no lock file is made.
    pub(super) fn hold(&self, mode: LockMode) -> io::Result<Hold<'_>> {
        match (self, mode) {
            (Self::Disk { patience, .. }, _) => {
                let lock = private_file::lock_within(&self.lock_file(), mode, *patience)?;
                Ok(Hold::Disk { _lock: lock })
            }
            // A thread that panicked left no line half written.
            (Self::Memory(bytes), LockMode::Shared) => {
                Ok(Hold::Reading(bytes.read().unwrap_or_else(PoisonError::into_inner)))
            }
            (Self::Memory(bytes), LockMode::Exclusive) => {
                Ok(Hold::Writing(bytes.write().unwrap_or_else(PoisonError::into_inner)))
            }
        }
    }

    /// Opens the log for reading; `None` if it is new.
    pub(super) fn open<'a>(&self, hold: &'a Hold<'_>) -> io::Result<Option<Source<'a>>> {
        let bytes: &[u8] = match hold {
            Hold::Disk { .. } => {
                return Ok(private_file::open_own(self.log())?.map(Source::File));
            }
            Hold::Reading(bytes) => bytes,
            Hold::Writing(bytes) => bytes,
        };
        Ok((!bytes.is_empty()).then_some(Source::Memory(bytes)))
    }
}

/// The most bytes of the end of a log that tell its state.
const END: usize = 256;

impl Source<'_> {
    /// Returns the length and the last bytes.
    pub(super) fn end(&self) -> io::Result<(u64, Vec<u8>)> {
        match self {
            Self::File(file) => {
                let length = file.metadata()?.len();
                let mut end = vec![0; END.min(usize::try_from(length).unwrap_or(END))];
                let from = length - end.len() as u64;
                file.read_exact_at(&mut end, from)?;
                Ok((length, end))
            }
            Self::Memory(bytes) => {
                let end = &bytes[bytes.len().saturating_sub(END)..];
                Ok((bytes.len() as u64, end.to_vec()))
            }
        }
    }
}

impl Read for Source<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(buffer),
            Self::Memory(bytes) => bytes.read(buffer),
        }
    }
}
