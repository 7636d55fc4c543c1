//! File locks with a deadline: a stopped process that holds one must not hang the others without end.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// How a lock is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockMode {
    /// Beside other readers.
    Shared,
    /// Alone.
    Exclusive,
}

/// A lock, held until it is dropped or the process ends in any way.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// How long a lock is waited for, as a rule.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Takes the lock on the file at `path`. An exclusive one makes the file (0600) where it is missing; where a shared
/// one finds no file there is nothing to read yet, and the result is `None`. Gives up after 30 seconds (`TimedOut`).
pub fn lock(path: &Path, mode: LockMode) -> io::Result<Option<Lock>> {
    lock_within(path, mode, PATIENCE)
}

/// Takes the lock as [`lock`] does, and gives up after `patience`.
pub fn lock_within(path: &Path, mode: LockMode, patience: Duration) -> io::Result<Option<Lock>> {
    let file = match mode {
        LockMode::Shared => super::open_own(path)?,
        LockMode::Exclusive => Some(super::open_or_create(path)?),
    };
    let Some(file) = file else { return Ok(None) };
    lock_open(&file, mode, patience)?;
    Ok(Some(Lock { _file: file }))
}

/// Takes the lock on an open file, which holds it until it is closed. Gives up after `patience`.
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

/// Takes an exclusive lock on an open file at once; `false` when another process holds it.
pub fn try_lock_file(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}
