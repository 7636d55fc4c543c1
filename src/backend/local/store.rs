//! The file of the local store: an append-only log of changes under a lock, compacted into a fresh file.
//!
//! `store.jsonl` begins with a header line (format, version, identity, hash key); every further line is one change
//! or login ([`super::record`]). A change is acknowledged when its line is on the disk. Readers hold a shared lock on
//! `store.lock`, writers an exclusive one; the lock is a file of its own because compaction swaps the log's inode.
//! A last line that was begun and has no newline was never acknowledged: it is ignored with a warning and cut off by the
//! next write. Anything else that is not as it was written is damage, and stops both reading and writing; only lines
//! taken away at the end leave no trace.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufRead as _, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::fold::{Fold, Want};
use super::medium::{Hold, Medium, Source};
use super::record::{self, Chain, Event, Line, Op, Record};
use crate::backend::{BackendError, Condition};
use crate::model::Identity;
use crate::private_file::{self, AppendError, LockMode, Log, Replacement};
use crate::secret;
use crate::text::shell_path;

const FORMAT: &str = "ibmcloud-iam store";
const VERSION: u32 = 1;
const CHUNK: usize = 256 * 1024;

#[derive(Serialize, Deserialize)]
struct Header<'a> {
    #[serde(borrow)]
    format: Cow<'a, str>,
    version: u32,
    account_id: Cow<'a, str>,
    iam_id: Cow<'a, str>,
    user: Cow<'a, str>,
    hash_key: Cow<'a, str>,
}

/// What the header says.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    /// The identity whose store it is.
    pub(super) identity: Identity,
    /// The key under which values are hashed.
    pub(super) hash_key: [u8; 32],
}

/// What a scan found beside the lines themselves.
#[derive(Debug)]
pub(super) struct Scan {
    /// `None` while nothing was ever written.
    pub(super) facts: Option<Facts>,
    /// Where the last whole line ends.
    whole: u64,
    /// Whether a cut-off record follows.
    pub(super) torn: bool,
    /// Whether others can read the log.
    pub(super) exposed: bool,
    /// The checksum of all whole lines.
    chain: Chain,
    /// Lines behind the header.
    lines: u64,
    /// Keys that are there: creations less deletions.
    live: u64,
}

/// The log.
#[derive(Debug)]
pub(super) struct Store {
    medium: Medium,
    /// Superseded lines that are kept before the log is compacted.
    slack: u64,
}

impl Store {
    pub(super) fn new(directory: PathBuf) -> Self {
        Self { medium: Medium::disk(directory), slack: 1_000 }
    }

    /// Gives up at once where another process holds the lock.
    pub(super) fn without_waiting(mut self) -> Self {
        if let Medium::Disk { patience, .. } = &mut self.medium {
            *patience = Duration::ZERO;
        }
        self
    }

    /// Makes a store that leaves nothing on the disk.
    pub(super) fn in_memory() -> Self {
        Self { medium: Medium::Memory(RwLock::default()), slack: 1_000 }
    }

    /// Returns the file of the log, or "memory".
    pub(super) fn log(&self) -> &Path {
        self.medium.log()
    }

    /// Returns the directory of the log, or "memory".
    pub(super) fn directory(&self) -> &Path {
        self.medium.directory()
    }

    pub(super) fn is_in_memory(&self) -> bool {
        matches!(self.medium, Medium::Memory(_))
    }

    /// Reads the header only; `None` while nothing was ever written.
    pub(super) fn facts(&self) -> Result<Option<Facts>, BackendError> {
        let hold = self.hold(LockMode::Shared)?;
        self.first_line(&hold)
    }

    fn first_line(&self, hold: &Hold<'_>) -> Result<Option<Facts>, BackendError> {
        let Some(source) = self.open_log(hold)? else { return Ok(None) };
        let mut line = Vec::new();
        let mut reader = io::BufReader::with_capacity(1024, source);
        reader.read_until(b'\n', &mut line).map_err(|error| self.unreadable(error))?;
        let whole = line.pop_if(|last| *last == b'\n').is_some();
        whole.then(|| self.header(&line, &mut Chain::default())).transpose()
    }

    /// Opens the log for reading; `None` while nothing was ever written.
    fn open_log<'a>(&self, hold: &'a Hold<'_>) -> Result<Option<Source<'a>>, BackendError> {
        self.medium.open(hold).map_err(|error| self.unreadable(error))
    }

    /// Reads every line under a shared lock.
    pub(super) fn read(
        &self,
        visit: impl FnMut(Line<'_>) -> Option<()>,
    ) -> Result<Scan, BackendError> {
        let hold = self.hold(LockMode::Shared)?;
        self.scan(&hold, visit)
    }

    /// Begins a change: the lock is held until the writer is dropped.
    pub(super) fn write(&self) -> Result<Writer<'_>, BackendError> {
        if let Medium::Disk { directory, .. } = &self.medium {
            private_file::create_dir(directory)
                .map_err(|error| BackendError::store(directory, "could not be created", error))?;
        }
        Ok(Writer { store: self, hold: self.hold(LockMode::Exclusive)? })
    }

    fn hold(&self, mode: LockMode) -> Result<Hold<'_>, BackendError> {
        self.medium.hold(mode).map_err(|error| match error.kind() {
            io::ErrorKind::TimedOut => Condition::Unavailable(format!(
                "The local store in {} is busy: {error}",
                self.directory().display()
            ))
            .into(),
            _ => BackendError::store(self.medium.lock_file(), "could not be locked", error),
        })
    }

    fn damaged(&self, line: u64, why: &'static str) -> BackendError {
        Condition::Damaged { path: self.log().to_owned(), line, why }.into()
    }

    fn unreadable(&self, error: io::Error) -> BackendError {
        BackendError::store(self.log(), "could not be read", error)
    }

    /// Goes through the log line by line; `visit` returns `None` for a line that it cannot parse.
    fn scan(
        &self,
        hold: &Hold<'_>,
        mut visit: impl FnMut(Line<'_>) -> Option<()>,
    ) -> Result<Scan, BackendError> {
        let mut scan = Scan {
            facts: None,
            whole: 0,
            torn: false,
            exposed: false,
            chain: Chain::default(),
            lines: 0,
            live: 0,
        };
        let Some(mut source) = self.open_log(hold)? else { return Ok(scan) };
        if let Source::File(file) = &source {
            scan.exposed = self.check_mode(file)?;
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
                self.take_line(&buffer[start..end], &mut scan, &mut visit)?;
                scan.whole += (end + 1 - start) as u64;
                start = end + 1;
            }
            buffer.copy_within(start..filled, 0);
            filled_to = filled - start;
        }
        if !record::is_cut_off(&buffer[..filled_to]) {
            let line = scan.lines + 1 + u64::from(scan.facts.is_some());
            return Err(self.damaged(line, "it is no record of this format"));
        }
        scan.torn = filled_to > 0;
        Ok(scan)
    }

    fn take_line(
        &self,
        line: &[u8],
        scan: &mut Scan,
        visit: &mut impl FnMut(Line<'_>) -> Option<()>,
    ) -> Result<(), BackendError> {
        if scan.facts.is_none() {
            scan.facts = Some(self.header(line, &mut scan.chain)?);
            return Ok(());
        }
        scan.lines += 1;
        let number = scan.lines + 1;
        let damaged = |why| self.damaged(number, why);
        let line = Line::look(line, &mut scan.chain).map_err(damaged)?;
        match line.op {
            Op::Create => scan.live += 1,
            Op::Delete => scan.live = scan.live.saturating_sub(1),
            _ => {}
        }
        visit(line).ok_or_else(|| damaged("it is no record of this format"))
    }

    fn header(&self, line: &[u8], chain: &mut Chain) -> Result<Facts, BackendError> {
        let damaged = |why| self.damaged(1, why);
        record::verified(line, chain).map_err(damaged)?;
        let header: Header<'_> =
            serde_json::from_slice(line).map_err(|_| damaged("it is no header of a key store"))?;
        if header.format != FORMAT {
            return Err(damaged("it is no header of a key store"));
        }
        if header.version != VERSION {
            return Err(damaged("it was written by a newer version of this program"));
        }
        let hash_key = URL_SAFE_NO_PAD
            .decode(&*header.hash_key)
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or_else(|| damaged("its hash key is not 32 bytes"))?;
        let identity = Identity {
            iam_id: Arc::from(&*header.iam_id),
            account_id: Arc::from(&*header.account_id),
            user: header.user.into_owned(),
        };
        Ok(Facts { identity, hash_key })
    }

    /// Puts bytes behind the last whole line of the file, on the disk.
    fn append_to_file(&self, scan: &Scan, bytes: &[u8]) -> Result<(), BackendError> {
        let path = self.log();
        let failed = |error| BackendError::store(path, "could not be written", error);
        let mut log = Log::open(path, scan.whole).map_err(failed)?;
        if scan.facts.is_none() {
            // Before the record, which is there for good once it is written.
            private_file::sync_dir(self.directory()).map_err(failed)?;
        }
        log.append(bytes).map_err(|error| match error {
            AppendError::Unchanged(error) => failed(error),
            AppendError::Unknown(error) => BackendError {
                source: Some(error.into()),
                ..Condition::OutcomeUnknown(format!("{} could not be written", path.display()))
                    .into()
            },
        })
    }

    /// Refuses a log that others can write: what it says could be anybody's. Tells whether they can read it.
    fn check_mode(&self, file: &File) -> Result<bool, BackendError> {
        let mode = file.metadata().map_err(|error| self.unreadable(error))?.mode();
        if mode & 0o022 == 0 {
            return Ok(mode & 0o044 != 0);
        }
        let words = format!(
            "its mode {:04o} lets others write it; run 'chmod 600 {}'",
            mode & 0o7777,
            shell_path(self.log())
        );
        Err(BackendError::store(self.log(), "is not private", anyhow::Error::msg(words)))
    }
}

/// The one process that may change the store now.
#[derive(Debug)]
pub(super) struct Writer<'a> {
    store: &'a Store,
    hold: Hold<'a>,
}

impl Writer<'_> {
    /// Reads every line, as [`Store::read`] does.
    pub(super) fn scan(
        &self,
        visit: impl FnMut(Line<'_>) -> Option<()>,
    ) -> Result<Scan, BackendError> {
        self.store.scan(&self.hold, visit)
    }

    /// Returns the facts of the store, choosing them for a new one; they are written with its first record.
    pub(super) fn facts(&self, founder: impl FnOnce() -> Identity) -> Result<Facts, BackendError> {
        if let Some(facts) = self.store.first_line(&self.hold)? {
            return Ok(facts);
        }
        let hash_key = secret::random().map_err(no_randomness)?;
        Ok(Facts { identity: founder(), hash_key })
    }

    /// Appends changes, all of them or none. When this returns they are on the disk; when it fails, nothing changed
    /// unless the condition is `OutcomeUnknown`.
    pub(super) fn append(
        &mut self,
        scan: &Scan,
        facts: &Facts,
        changes: &[Record<'_>],
    ) -> Result<(), BackendError> {
        let store = self.store;
        let mut bytes = Vec::new();
        let mut chain = scan.chain;
        if scan.facts.is_none() {
            bytes = header_line(facts, &mut chain)?;
        }
        for change in changes {
            bytes.extend_from_slice(&to_line(change, &mut chain)?);
        }
        if let Hold::Writing(log) = &mut self.hold {
            log.extend_from_slice(&bytes);
        } else {
            store.append_to_file(scan, &bytes)?;
        }
        let of = |op: Op| changes.iter().filter(|change| change.op == op).count() as u64;
        let live = (scan.live + of(Op::Create)).saturating_sub(of(Op::Delete));
        let superseded = (scan.lines + changes.len() as u64).saturating_sub(live);
        if superseded > store.slack.max(live) {
            // The change is safe already; a compaction that fails is tried again by the next write.
            let _ = self.compact(facts);
        }
        Ok(())
    }

    /// Writes the living keys, each in one line with its history, to a fresh file that takes the log's place.
    fn compact(&mut self, facts: &Facts) -> Result<(), BackendError> {
        let store = self.store;
        let failed = |error| BackendError::store(store.log(), "could not be compacted", error);
        let mut keys = Fold::new(&facts.identity, Want::Everything);
        store.scan(&self.hold, |line| keys.take(&line))?;
        if let Hold::Writing(log) = &mut self.hold {
            let mut fresh = Vec::new();
            write_compacted(keys, facts, |line| {
                fresh.extend_from_slice(line);
                Ok(())
            })?;
            **log = fresh;
            return Ok(());
        }
        let mut fresh = Replacement::start(store.log()).map_err(failed)?;
        write_compacted(keys, facts, |line| fresh.write(line).map_err(failed))?;
        fresh.finish().map_err(failed)
    }
}

/// Writes every key of a fold in one line.
fn write_compacted(
    keys: Fold<'_>,
    facts: &Facts,
    mut write: impl FnMut(&[u8]) -> Result<(), BackendError>,
) -> Result<(), BackendError> {
    let mut chain = Chain::default();
    write(&header_line(facts, &mut chain)?)?;
    for kept in keys.into_kept() {
        let by = kept.history.first().map_or(&*kept.key.created_by, |event| &*event.by);
        let mut line = Record::of(Op::Create, &kept.key, &kept.hash, by, &facts.identity);
        if kept.history.len() > 1 {
            line.events = kept
                .history
                .iter()
                .filter_map(|event| Event::of(event, &kept.key.iam_id))
                .collect();
        }
        line.authn_count = kept.used.authn_count;
        line.last_authn = kept.used.last_authn;
        write(&to_line(&line, &mut chain)?)?;
    }
    Ok(())
}

/// Writes a document as the next line of the log.
fn to_line(document: &impl Serialize, chain: &mut Chain) -> Result<Vec<u8>, BackendError> {
    record::to_line(document, chain)
        .map_err(|error| BackendError::store("store.jsonl", "could not be written", error))
}

fn header_line(facts: &Facts, chain: &mut Chain) -> Result<Vec<u8>, BackendError> {
    let header = Header {
        format: FORMAT.into(),
        version: VERSION,
        account_id: (&*facts.identity.account_id).into(),
        iam_id: (&*facts.identity.iam_id).into(),
        user: (&*facts.identity.user).into(),
        hash_key: URL_SAFE_NO_PAD.encode(facts.hash_key).into(),
    };
    to_line(&header, chain)
}

pub(super) fn no_randomness(error: getrandom::Error) -> BackendError {
    BackendError {
        source: Some(error.into()),
        ..Condition::Unavailable("The operating system gave no random bytes".into()).into()
    }
}
