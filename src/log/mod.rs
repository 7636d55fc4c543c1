//! An append-only log of JSON lines, with a lock and compaction. It does not know what the lines are about.
//!
//! A line is acknowledged when it is on the disk. Readers hold a shared lock on the file that ends in `.lock`, writers an exclusive one. A
//! last line without a newline was never acknowledged: readers ignore it with a warning, and the next write removes it.
//! Any other change to the file is damage, and stops reading and writing; only lines removed at the end are not noticed.

mod chain;
mod medium;

use std::io::{self, BufRead as _, Read as _};
use std::path::{Path, PathBuf};
use std::sync::RwLock;
use std::time::Duration;

use serde::Serialize;

pub(crate) use self::chain::{Chain, Verified};
use self::medium::{Hold, Medium, Source};
use crate::private_file::{self, AppendError, LockMode, PATIENCE, Replacement};

const CHUNK: usize = 256 * 1024;
/// How many superseded lines a log may have before it is compacted.
const SLACK: u64 = 1_000;

/// Why a log cannot be used. Nothing was written, except perhaps in case of [`LogError::Unknown`].
#[derive(Debug)]
pub(crate) enum LogError {
    /// Another process holds the lock.
    Busy { directory: PathBuf, error: io::Error },
    /// A file cannot be used; `what` is what failed, as in "could not be read".
    Unusable { path: PathBuf, what: &'static str, error: anyhow::Error },
    /// A line, counted from 1, was damaged or changed.
    Damaged { path: PathBuf, line: u64, why: &'static str },
    /// It is not known whether the lines were appended.
    Unknown { path: PathBuf, error: io::Error },
}

type Result<T> = std::result::Result<T, LogError>;

/// What the reader of a line returns, or what is wrong with the line.
type Visited<T = ()> = std::result::Result<T, &'static str>;

/// What a scan found beside the lines.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    /// How many whole lines there are.
    pub(crate) lines: u64,
    /// Whether an incomplete line follows them.
    pub(crate) torn: bool,
    /// Whether others can read the log.
    pub(crate) exposed: bool,
    /// How many bytes the whole lines have.
    whole: u64,
    chain: Chain,
}

#[derive(Debug)]
pub(crate) struct Log(Medium);

impl Log {
    /// Uses the log in a directory, which need not exist yet.
    pub(crate) fn in_directory(directory: PathBuf) -> Self {
        Self::named(directory, "store")
    }

    /// Uses the log `NAME.jsonl` in a directory.
    pub(crate) fn named(directory: PathBuf, name: &str) -> Self {
        let log = directory.join(format!("{name}.jsonl"));
        Self(Medium::Disk { log, directory, patience: PATIENCE })
    }

    pub(crate) fn in_memory() -> Self {
        Self(Medium::Memory(RwLock::default()))
    }

    /// Does not wait for another process that holds the lock.
    pub(crate) fn without_waiting(mut self) -> Self {
        if let Medium::Disk { patience, .. } = &mut self.0 {
            *patience = Duration::ZERO;
        }
        self
    }

    /// Returns the file, or "memory".
    pub(crate) fn path(&self) -> &Path {
        self.0.log()
    }

    /// Returns the directory, or "memory".
    pub(crate) fn directory(&self) -> &Path {
        self.0.directory()
    }

    pub(crate) fn is_in_memory(&self) -> bool {
        matches!(self.0, Medium::Memory(_))
    }

    /// Reads only the first line; `None` if the log is new.
    pub(crate) fn first<T>(
        &self,
        read: impl FnOnce(Verified<'_>) -> Visited<T>,
    ) -> Result<Option<T>> {
        self.first_under(&self.hold(LockMode::Shared)?, read)
    }

    fn first_under<T>(
        &self,
        hold: &Hold<'_>,
        read: impl FnOnce(Verified<'_>) -> Visited<T>,
    ) -> Result<Option<T>> {
        let Some(source) = self.open(hold)? else { return Ok(None) };
        let mut line = Vec::new();
        let mut reader = io::BufReader::with_capacity(1024, source);
        reader.read_until(b'\n', &mut line).map_err(|error| self.unreadable(error))?;
        let whole = line.pop_if(|last| *last == b'\n').is_some();
        let read = || Chain::default().verify(&line).and_then(read);
        whole.then(read).transpose().map_err(|why| self.damaged(1, why))
    }

    /// Returns what tells this state of the log from those before: its length and its last bytes, which hold a checksum of
    /// all lines; `None` if it is new.
    pub(crate) fn state(&self) -> Result<Option<(u64, Vec<u8>)>> {
        let hold = self.hold(LockMode::Shared)?;
        let source = self.open(&hold)?;
        source.map(|source| source.end().map_err(|error| self.unreadable(error))).transpose()
    }

    /// Reads every line under a shared lock.
    pub(crate) fn read(&self, visit: impl FnMut(Verified<'_>) -> Visited) -> Result<Scan> {
        self.scan(&self.hold(LockMode::Shared)?, visit)
    }

    /// Takes the lock for a change; it is held until the writer is dropped.
    pub(crate) fn write(&self) -> Result<Writer<'_>> {
        if let Medium::Disk { directory, .. } = &self.0 {
            private_file::create_dir(directory)
                .map_err(|error| unusable(directory, "could not be created", error))?;
        }
        Ok(Writer { log: self, hold: self.hold(LockMode::Exclusive)? })
    }

    fn open<'a>(&self, hold: &'a Hold<'_>) -> Result<Option<Source<'a>>> {
        self.0.open(hold).map_err(|error| self.unreadable(error))
    }

    fn hold(&self, mode: LockMode) -> Result<Hold<'_>> {
        self.0.hold(mode).map_err(|error| match error.kind() {
            io::ErrorKind::TimedOut => {
                LogError::Busy { directory: self.directory().to_owned(), error }
            }
            _ => unusable(&self.0.lock_file(), "could not be locked", error),
        })
    }

    fn damaged(&self, line: u64, why: &'static str) -> LogError {
        LogError::Damaged { path: self.path().to_owned(), line, why }
    }

    fn unreadable(&self, error: io::Error) -> LogError {
        unusable(self.path(), "could not be read", error)
    }

    fn scan(
        &self,
        hold: &Hold<'_>,
        mut visit: impl FnMut(Verified<'_>) -> Visited,
    ) -> Result<Scan> {
        let mut scan = Scan::default();
        let Some(mut source) = self.open(hold)? else { return Ok(scan) };
        if let Source::File(file) = &source {
            let metadata = file.metadata().map_err(|error| self.unreadable(error))?;
            scan.exposed = private_file::exposure(self.path(), &metadata).is_some();
        }
        let mut buffer = vec![0; CHUNK];
        let mut filled_to = 0;
        loop {
            if filled_to == buffer.len() {
                buffer.resize(buffer.len() * 2, 0);
            }
            let read = match source.read(&mut buffer[filled_to..]) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.unreadable(error)),
            };
            let filled = filled_to + read;
            let mut start = 0;
            for end in
                memchr::memchr_iter(b'\n', &buffer[filled_to..filled]).map(|at| filled_to + at)
            {
                scan.lines += 1;
                let line = scan.chain.verify(&buffer[start..end]);
                line.and_then(&mut visit).map_err(|why| self.damaged(scan.lines, why))?;
                scan.whole += (end + 1 - start) as u64;
                start = end + 1;
            }
            buffer.copy_within(start..filled, 0);
            filled_to = filled - start;
        }
        if !chain::is_cut_off(&buffer[..filled_to]) {
            return Err(self.damaged(scan.lines + 1, "it is no record of this format"));
        }
        scan.torn = filled_to > 0;
        Ok(scan)
    }

    /// Writes bytes to the disk after the last whole line of the file.
    fn append_to_file(&self, scan: &Scan, bytes: &[u8]) -> Result<()> {
        let path = self.path();
        let failed = |error| unusable(path, "could not be written", error);
        let mut log = private_file::AppendFile::open(path, scan.whole).map_err(failed)?;
        if scan.lines == 0 {
            // The new file must be there for good before its first line is acknowledged.
            private_file::sync_dir(self.directory()).map_err(failed)?;
        }
        log.append(bytes).map_err(|error| match error {
            AppendError::Unchanged(error) => failed(error),
            AppendError::Unknown(error) => LogError::Unknown { path: path.to_owned(), error },
        })
    }
}

fn unusable(path: &Path, what: &'static str, error: impl Into<anyhow::Error>) -> LogError {
    LogError::Unusable { path: path.to_owned(), what, error: error.into() }
}

/// The right to change the log.
#[derive(Debug)]
pub(crate) struct Writer<'a> {
    log: &'a Log,
    hold: Hold<'a>,
}

impl Writer<'_> {
    /// Reads every line, as [`Log::read`] does.
    pub(crate) fn scan(&self, visit: impl FnMut(Verified<'_>) -> Visited) -> Result<Scan> {
        self.log.scan(&self.hold, visit)
    }

    /// Reads the first line only, as [`Log::first`] does.
    pub(crate) fn first<T>(
        &self,
        read: impl FnOnce(Verified<'_>) -> Visited<T>,
    ) -> Result<Option<T>> {
        self.log.first_under(&self.hold, read)
    }

    /// Appends the lines that `write` makes to the disk, all of them or none. `scan` must be of the log as it is.
    pub(crate) fn append(
        &mut self,
        scan: &Scan,
        write: impl FnOnce(&mut Lines<'_>) -> Result<()>,
    ) -> Result<()> {
        let mut bytes = Vec::new();
        let mut put = |line: &[u8]| {
            bytes.extend_from_slice(line);
            Ok(())
        };
        write(&mut Lines { chain: scan.chain, path: self.log.path(), put: &mut put })?;
        if let Hold::Writing(memory) = &mut self.hold {
            memory.extend_from_slice(&bytes);
            return Ok(());
        }
        self.log.append_to_file(scan, &bytes)
    }

    /// Replaces the log by the lines that `write` makes, at once or not at all.
    pub(crate) fn compact(
        &mut self,
        write: impl FnOnce(&mut Lines<'_>) -> Result<()>,
    ) -> Result<()> {
        let path = self.log.path();
        let chain = Chain::default();
        if let Hold::Writing(memory) = &mut self.hold {
            let mut fresh = Vec::new();
            let mut put = |line: &[u8]| {
                fresh.extend_from_slice(line);
                Ok(())
            };
            write(&mut Lines { chain, path, put: &mut put })?;
            **memory = fresh;
            return Ok(());
        }
        let failed = |error| unusable(path, "could not be compacted", error);
        let mut fresh = Replacement::start(path).map_err(failed)?;
        let mut put = |line: &[u8]| fresh.write(line).map_err(failed);
        write(&mut Lines { chain, path, put: &mut put })?;
        fresh.finish().map_err(failed)
    }
}

/// Tells whether a log of so many lines, of which `living` are needed, is worth compacting.
pub(crate) fn is_worth_compacting(lines: u64, living: u64) -> bool {
    lines.saturating_sub(living) > SLACK.max(living)
}

/// What puts lines into a log.
pub(crate) struct Lines<'a> {
    chain: Chain,
    path: &'a Path,
    put: &'a mut dyn FnMut(&[u8]) -> Result<()>,
}

impl Lines<'_> {
    /// Adds a document, which must be a JSON object, as a line.
    pub(crate) fn push(&mut self, document: &impl Serialize) -> Result<()> {
        let line = self.chain.line(document);
        (self.put)(&line.map_err(|error| unusable(self.path, "could not be written", error))?)
    }
}
