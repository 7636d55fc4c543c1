//! File locks. Waiting for one ends at some time, even if the process that holds it was stopped.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::open::{open_or_create, open_own};

/// How a lock is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockMode {
    /// Together with other readers.
    Shared,
    /// Alone.
    Exclusive,
}

/// A lock, held until it is dropped or the process ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// How long most locks are waited for.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Takes the lock on the file at `path`. Fails with `TimedOut` after 30 seconds.
///
/// An exclusive lock makes the file (0600) if it is missing. A shared one does not, and returns `None`.
pub fn lock(path: &Path, mode: LockMode) -> io::Result<Option<Lock>> {
    lock_within(path, mode, PATIENCE)
}

/// Takes the lock as [`lock`] does. Fails with `TimedOut` after `patience`.
pub fn lock_within(path: &Path, mode: LockMode, patience: Duration) -> io::Result<Option<Lock>> {
    let file = match mode {
        LockMode::Shared => open_own(path)?,
        LockMode::Exclusive => Some(open_or_create(path)?),
    };
    let Some(file) = file else { return Ok(None) };
    lock_open(&file, mode, patience)?;
    Ok(Some(Lock { _file: file }))
}

/// Takes the lock on an open file until it is closed. Fails with `TimedOut` after `patience`.
pub fn lock_open(file: &File, mode: LockMode, patience: Duration) -> io::Result<()> {
    let start = Instant::now();
    let mut pause = Duration::from_micros(200);
    loop {
        let tried = match mode {
            LockMode::Shared => file.try_lock_shared(),
            LockMode::Exclusive => file.try_lock(),
        };
        match tried {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if start.elapsed() > patience => {
                let seconds = patience.as_secs();
                let words = format!("another process has held its lock for {seconds} seconds");
                return Err(io::Error::new(io::ErrorKind::TimedOut, words));
            }
            Err(TryLockError::WouldBlock) => {
                thread::sleep(pause);
                pause = (pause * 2).min(Duration::from_millis(5));
            }
        }
    }
}

/// Takes an exclusive lock on an open file without waiting. Returns `false` if another process holds one.
pub fn try_lock_file(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}
