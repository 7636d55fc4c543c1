//! The file of the local store: a header (format, version, identity, hash key), and then one change or login a line
//! ([`super::record`]), in a [`Log`].

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::fold::{Fold, Want};
use super::record::{Event, Line, Op, Record};
use crate::log::{self, Log, LogError, Verified};
use crate::model::Identity;
use crate::secret;
use crate::systems::{BackendError, Condition};

const FORMAT: &str = "ibmcloud-iam store";
const VERSION: u32 = 1;

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
    /// Keys that are there: creations less deletions.
    live: u64,
    pub(super) log: log::Scan,
}

/// The log of a store.
#[derive(Debug)]
pub(super) struct Store(pub(super) Log);

impl Store {
    pub(super) fn new(directory: PathBuf) -> Self {
        Self(Log::in_directory(directory))
    }

    /// Reads the header only; `None` while nothing was ever written.
    pub(super) fn facts(&self) -> Result<Option<Facts>, BackendError> {
        Ok(self.0.first(header)?)
    }

    /// Reads every line under a shared lock; `visit` returns `None` for a line that it cannot parse.
    pub(super) fn read(
        &self,
        visit: impl FnMut(Line<'_>) -> Option<()>,
    ) -> Result<Scan, BackendError> {
        scan(visit, |visit| self.0.read(visit))
    }

    /// Begins a change: the lock is held until the writer is dropped.
    pub(super) fn write(&self) -> Result<Writer<'_>, BackendError> {
        Ok(Writer(self.0.write()?))
    }
}

fn scan(
    mut visit: impl FnMut(Line<'_>) -> Option<()>,
    read: impl FnOnce(
        &mut dyn FnMut(Verified<'_>) -> Result<(), &'static str>,
    ) -> Result<log::Scan, LogError>,
) -> Result<Scan, BackendError> {
    let (mut facts, mut live) = (None, 0_u64);
    let log = read(&mut |line| {
        if facts.is_none() {
            facts = Some(header(line)?);
            return Ok(());
        }
        let record = Line::look(line).ok_or(UNKNOWN)?;
        match record.op {
            Op::Create => live += 1,
            Op::Delete => live = live.saturating_sub(1),
            _ => {}
        }
        visit(record).ok_or(UNKNOWN)
    })?;
    Ok(Scan { facts, live, log })
}

const UNKNOWN: &str = "it is no record of this format";

fn header(line: Verified<'_>) -> Result<Facts, &'static str> {
    let header: Header<'_> =
        serde_json::from_slice(line.whole).map_err(|_| "it is no header of a key store")?;
    if header.format != FORMAT {
        return Err("it is no header of a key store");
    }
    if header.version != VERSION {
        return Err("it was written by a newer version of this program");
    }
    let hash_key = URL_SAFE_NO_PAD.decode(&*header.hash_key).ok();
    let hash_key = hash_key.and_then(|bytes| bytes.try_into().ok());
    let identity = Identity {
        iam_id: Arc::from(&*header.iam_id),
        account_id: Arc::from(&*header.account_id),
        user: header.user.into_owned(),
    };
    Ok(Facts { identity, hash_key: hash_key.ok_or("its hash key is not 32 bytes")? })
}

impl Facts {
    fn header(&self) -> Header<'_> {
        Header {
            format: FORMAT.into(),
            version: VERSION,
            account_id: (&*self.identity.account_id).into(),
            iam_id: (&*self.identity.iam_id).into(),
            user: (&*self.identity.user).into(),
            hash_key: URL_SAFE_NO_PAD.encode(self.hash_key).into(),
        }
    }
}

/// The one process that may change the store now.
#[derive(Debug)]
pub(super) struct Writer<'a>(log::Writer<'a>);

impl Writer<'_> {
    /// Reads every line, as [`Store::read`] does.
    pub(super) fn scan(
        &self,
        visit: impl FnMut(Line<'_>) -> Option<()>,
    ) -> Result<Scan, BackendError> {
        scan(visit, |visit| self.0.scan(visit))
    }

    /// Returns the facts of the store, choosing them for a new one; they are written with its first record.
    pub(super) fn facts(&self, founder: impl FnOnce() -> Identity) -> Result<Facts, BackendError> {
        if let Some(facts) = self.0.first(header)? {
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
        self.0.append(&scan.log, |lines| {
            if scan.facts.is_none() {
                lines.push(&facts.header())?;
            }
            changes.iter().try_for_each(|change| lines.push(change))
        })?;
        let of = |op: Op| changes.iter().filter(|change| change.op == op).count() as u64;
        let live = (scan.live + of(Op::Create)).saturating_sub(of(Op::Delete));
        let records = scan.log.lines.saturating_sub(1) + changes.len() as u64;
        if log::is_worth_compacting(records, live) {
            // The change is safe already; a compaction that fails is tried again by the next write.
            let _ = self.compact(facts);
        }
        Ok(())
    }

    /// Puts the living keys, each in one line with its history, in the place of all lines.
    fn compact(&mut self, facts: &Facts) -> Result<(), BackendError> {
        let mut keys = Fold::new(&facts.identity, Want::Everything);
        self.scan(|line| keys.take(&line))?;
        self.0.compact(|lines| {
            lines.push(&facts.header())?;
            for kept in keys.into_kept() {
                let by = kept.history.first().map_or(&*kept.key.created_by, |event| &*event.by);
                let mut line = Record::of(Op::Create, &kept.key, &kept.hash, by, &facts.identity);
                if kept.history.len() > 1 {
                    let events = kept.history.iter();
                    line.events =
                        events.filter_map(|event| Event::of(event, &kept.key.iam_id)).collect();
                }
                line.authn_count = kept.used.authn_count;
                line.last_authn = kept.used.last_authn;
                lines.push(&line)?;
            }
            Ok(())
        })?;
        Ok(())
    }
}

impl From<LogError> for BackendError {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Busy { directory, error } => Condition::Unavailable(format!(
                "The local store in {} is busy: {error}",
                directory.display()
            ))
            .into(),
            LogError::Unusable { path, what, error } => Self::store(path, what, error),
            LogError::Damaged { path, line, why } => Condition::Damaged { path, line, why }.into(),
            LogError::Unknown { path, error } => {
                let words = format!("{} could not be written", path.display());
                Self { source: Some(error.into()), ..Condition::OutcomeUnknown(words).into() }
            }
        }
    }
}

pub(super) fn no_randomness(error: getrandom::Error) -> BackendError {
    BackendError {
        source: Some(error.into()),
        ..Condition::Unavailable("The operating system gave no random bytes".into()).into()
    }
}
