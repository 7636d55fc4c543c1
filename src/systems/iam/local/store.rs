//! The file of the local store: a [`Log`] of a header (format, version, identity, hash key) and then one record a
//! line: of a key ([`super::record`]), or of a service ID or a group ([`super::entity`]).

use std::borrow::Cow;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::entity::{Entities, EntityRecord, RawEntity};
use super::fold::{Fold, Want};
use super::record::{Event, Op, RawRecord, Record};
use crate::log::{self, Log, LogError, Verified};
use crate::model::Identity;
use crate::secret;
use crate::systems::{Condition, Result, SystemError};

const FORMAT: &str = "ibmcloud-iam store";
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct StoreHeader<'a> {
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
pub(super) struct Heading {
    /// Whose store it is.
    pub(super) identity: Identity,
    /// The key for the hashes of values.
    pub(super) hash_key: [u8; 32],
}

/// What a scan found beside the records.
#[derive(Debug)]
pub(super) struct StoreScan {
    /// `None` if the store is new.
    pub(super) heading: Option<Heading>,
    /// How many keys, service IDs and groups there are: creations less deletions.
    live: u64,
    pub(super) log: log::Scan,
}

/// A record, of which only the first fields were read.
#[derive(Clone, Copy, Debug)]
pub(super) enum Line<'a> {
    Key(RawRecord<'a>),
    Entity(RawEntity<'a>),
}

impl<'a> Line<'a> {
    fn look(line: Verified<'a>) -> Option<Self> {
        let key = RawRecord::look(line).map(Self::Key);
        key.or_else(|| RawEntity::look(line).map(Self::Entity))
    }

    fn op(&self) -> Op {
        match self {
            Self::Key(record) => record.op,
            Self::Entity(record) => record.op,
        }
    }
}

/// Leaves out what is no record of a key.
fn keys_only(
    mut visit: impl FnMut(RawRecord<'_>) -> Option<()>,
) -> impl FnMut(Line<'_>) -> Option<()> {
    move |line| match line {
        Line::Key(record) => visit(record),
        Line::Entity(_) => Some(()),
    }
}

#[derive(Debug)]
pub(super) struct Store(pub(super) Log);

impl Store {
    /// Reads only the header; `None` if the store is new.
    pub(super) fn heading(&self) -> Result<Option<Heading>> {
        Ok(self.0.first(header)?)
    }

    /// Reads every record of a key under a shared lock; `visit` returns `None` for one that it cannot parse.
    pub(super) fn read(&self, visit: impl FnMut(RawRecord<'_>) -> Option<()>) -> Result<StoreScan> {
        self.read_all(keys_only(visit))
    }

    /// Reads every record under a shared lock.
    pub(super) fn read_all(&self, visit: impl FnMut(Line<'_>) -> Option<()>) -> Result<StoreScan> {
        scan(visit, |visit| self.0.read(visit))
    }

    /// Takes the lock for a change; it is held until the writer is dropped.
    pub(super) fn write(&self) -> Result<StoreWriter<'_>> {
        Ok(StoreWriter(self.0.write()?))
    }
}

fn scan(
    mut visit: impl FnMut(Line<'_>) -> Option<()>,
    read: impl FnOnce(
        &mut dyn FnMut(Verified<'_>) -> std::result::Result<(), &'static str>,
    ) -> std::result::Result<log::Scan, LogError>,
) -> Result<StoreScan> {
    let (mut heading, mut live) = (None, 0_u64);
    let log = read(&mut |line| {
        if heading.is_none() {
            heading = Some(header(line)?);
            return Ok(());
        }
        let record = Line::look(line).ok_or(UNKNOWN)?;
        match record.op() {
            Op::Create => live += 1,
            Op::Delete => live = live.saturating_sub(1),
            _ => {}
        }
        visit(record).ok_or(UNKNOWN)
    })?;
    Ok(StoreScan { heading, live, log })
}

const UNKNOWN: &str = "it is no record of this format";

fn header(line: Verified<'_>) -> std::result::Result<Heading, &'static str> {
    let header: StoreHeader<'_> =
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
    Ok(Heading { identity, hash_key: hash_key.ok_or("its hash key is not 32 bytes")? })
}

impl Heading {
    fn header(&self) -> StoreHeader<'_> {
        StoreHeader {
            format: FORMAT.into(),
            version: VERSION,
            account_id: (&*self.identity.account_id).into(),
            iam_id: (&*self.identity.iam_id).into(),
            user: (&*self.identity.user).into(),
            hash_key: URL_SAFE_NO_PAD.encode(self.hash_key).into(),
        }
    }
}

/// The right to change the store.
#[derive(Debug)]
pub(super) struct StoreWriter<'a>(log::Writer<'a>);

impl StoreWriter<'_> {
    /// Reads every record of a key, as [`Store::read`] does.
    pub(super) fn scan(&self, visit: impl FnMut(RawRecord<'_>) -> Option<()>) -> Result<StoreScan> {
        self.scan_all(keys_only(visit))
    }

    /// Reads every record, as [`Store::read_all`] does.
    pub(super) fn scan_all(&self, visit: impl FnMut(Line<'_>) -> Option<()>) -> Result<StoreScan> {
        scan(visit, |visit| self.0.scan(visit))
    }

    /// Returns the header. For a new store it chooses one, which is written with the first record.
    pub(super) fn heading(&self, founder: impl FnOnce() -> Identity) -> Result<Heading> {
        if let Some(heading) = self.0.first(header)? {
            return Ok(heading);
        }
        let hash_key = secret::random().map_err(no_randomness)?;
        Ok(Heading { identity: founder(), hash_key })
    }

    /// Appends records of keys to the disk, as [`StoreWriter::append_all`] does.
    pub(super) fn append(
        &mut self,
        scan: &StoreScan,
        heading: &Heading,
        keys: &[Record<'_>],
    ) -> Result<()> {
        self.append_all(scan, heading, keys, &[])
    }

    /// Appends records to the disk, all of them or none. If this fails, nothing changed unless the condition is
    /// `OutcomeUnknown`.
    pub(super) fn append_all(
        &mut self,
        scan: &StoreScan,
        heading: &Heading,
        keys: &[Record<'_>],
        entities: &[EntityRecord<'_>],
    ) -> Result<()> {
        self.0.append(&scan.log, |lines| {
            if scan.heading.is_none() {
                lines.push(&heading.header())?;
            }
            keys.iter().try_for_each(|change| lines.push(change))?;
            entities.iter().try_for_each(|change| lines.push(change))
        })?;
        let ops = || {
            keys.iter().map(|change| change.op).chain(entities.iter().map(|record| record.change))
        };
        let of = |op: Op| ops().filter(|found| *found == op).count() as u64;
        let live = (scan.live + of(Op::Create)).saturating_sub(of(Op::Delete));
        let records = scan.log.lines.saturating_sub(1) + ops().count() as u64;
        if log::is_worth_compacting(records, live) {
            // The change is on the disk already. The next write tries again.
            let _ = self.compact(heading);
        }
        Ok(())
    }

    /// Replaces all records by one for each key, service ID and group, with its history.
    fn compact(&mut self, heading: &Heading) -> Result<()> {
        let mut keys = Fold::new(&heading.identity, Want::Everything);
        let mut entities = Entities::new(&heading.identity);
        self.scan_all(|line| match line {
            Line::Key(line) => keys.take(&line),
            Line::Entity(line) => entities.take(&line),
        })?;
        self.0.compact(|lines| {
            lines.push(&heading.header())?;
            entities.whole_records().try_for_each(|record| lines.push(&record))?;
            for kept in keys.into_stored() {
                let by = kept.history.first().map_or(&*kept.key.created_by, |event| &*event.by);
                let mut line = Record::of(Op::Create, &kept.key, &kept.hash, by, &heading.identity);
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

pub(super) fn no_randomness(error: getrandom::Error) -> SystemError {
    SystemError {
        source: Some(error.into()),
        ..Condition::Unavailable("The operating system gave no random bytes".into()).into()
    }
}
