//! From records to keys: the last record of a key says how it is.

use std::collections::HashMap;

use super::record::{Op, RawRecord};
use crate::model::{Activity, ApiKey, ApiKeyId, HistoryEntry, Identity, Scope};
use crate::secret::KeyedHash;

#[derive(Debug)]
pub(super) enum Want<'a> {
    /// Every key, with hash, history and use.
    Everything,
    /// The keys of an owner.
    OwnedBy(&'a Scope),
    /// The keys of an owner that have one name, which is as [`super::record::name_field`] returns it.
    Named(&'a Scope, String),
    /// One key, with its hash, history and use.
    One(&'a ApiKeyId),
    /// The key whose value has this hash.
    Opened(KeyedHash),
}

/// A key and what is stored beside it.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) key: ApiKey,
    /// The keyed hash of its value; empty unless wanted.
    pub(super) hash: String,
    /// Oldest first; empty unless wanted.
    pub(super) history: Vec<HistoryEntry>,
    /// Zero unless wanted.
    pub(super) used: Activity,
}

/// Takes the records in order, and has the keys at the end.
#[derive(Debug)]
pub(super) struct Fold<'a> {
    identity: &'a Identity,
    want: Want<'a>,
    keys: Vec<Option<Stored>>,
    /// Where each key is in `keys`. It is made when a record first changes a key: many stores need none.
    places: Option<HashMap<ApiKeyId, usize>>,
}

impl<'a> Fold<'a> {
    pub(super) fn new(identity: &'a Identity, want: Want<'a>) -> Self {
        Self { identity, want, keys: Vec::new(), places: None }
    }

    /// Takes the next record; `None` if it cannot be parsed.
    pub(super) fn take(&mut self, line: &RawRecord<'_>) -> Option<()> {
        if line.op == Op::Authn {
            return self.take_use(line);
        }
        if !self.is_about_wanted(line) {
            // The key may have fitted before, and have another name now.
            if line.op != Op::Create {
                self.forget(line);
            }
            return Some(());
        }
        if line.op == Op::Delete {
            self.forget(line);
            return Some(());
        }
        let record = line.parse()?;
        let key = record.key(self.identity);
        let whole = self.wants_whole();
        let hash = if whole { record.hash.clone().into_owned() } else { String::new() };
        let history = if whole { record.history(self.identity) } else { Vec::new() };
        if let Some(kept) = self.place(line).and_then(|place| self.keys[place].as_mut()) {
            kept.key = key;
            kept.history.extend(history);
            return Some(());
        }
        if let Some(places) = &mut self.places {
            places.insert(key.id.clone(), self.keys.len());
        }
        let used = Activity { last_authn: record.last_authn, authn_count: record.authn_count };
        self.keys.push(Some(Stored { key, hash, history, used }));
        Some(())
    }

    /// Counts a use, if wanted.
    fn take_use(&mut self, line: &RawRecord<'_>) -> Option<()> {
        if self.wants_whole() && self.is_about_wanted(line) {
            let at = line.parse()?.at;
            if let Some(kept) = self.place(line).and_then(|place| self.keys[place].as_mut()) {
                kept.used.authn_count += 1;
                kept.used.last_authn = Some(at);
            }
        }
        Some(())
    }

    fn wants_whole(&self) -> bool {
        matches!(self.want, Want::Everything | Want::One(_))
    }

    fn is_about_wanted(&self, line: &RawRecord<'_>) -> bool {
        let owned_by =
            |scope: &Scope| scope.holds(line.iam_id.unwrap_or(self.identity.iam_id.as_bytes()));
        match &self.want {
            Want::Everything => true,
            Want::OwnedBy(scope) => owned_by(scope),
            Want::Named(scope, name) => {
                owned_by(scope) && (line.op == Op::Delete || line.is_named(name))
            }
            Want::One(id) => line.id == id.as_str().as_bytes(),
            Want::Opened(hash) => line.op == Op::Delete || line.has_hash(hash),
        }
    }

    /// Finds the key that a record changes; `None` if it makes one.
    fn place(&mut self, line: &RawRecord<'_>) -> Option<usize> {
        if line.op == Op::Create || self.keys.is_empty() {
            return None;
        }
        let places = self.places.get_or_insert_with(|| {
            let kept = self.keys.iter().enumerate();
            kept.filter_map(|(place, kept)| Some((kept.as_ref()?.key.id.clone(), place))).collect()
        });
        places.get(&ApiKeyId::new(std::str::from_utf8(line.id).ok()?)).copied()
    }

    fn forget(&mut self, line: &RawRecord<'_>) {
        if let Some(place) = self.place(line) {
            let gone = self.keys[place].take();
            if let (Some(gone), Some(places)) = (gone, &mut self.places) {
                places.remove(&gone.key.id);
            }
        }
    }

    /// Returns the keys in the order in which they were made.
    pub(super) fn into_stored(self) -> impl Iterator<Item = Stored> {
        self.keys.into_iter().flatten()
    }
}
