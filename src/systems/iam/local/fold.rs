//! From lines to keys: the last line about a key says how it is.

use std::collections::HashMap;

use super::record::{Line, Op, name_field};
use crate::model::{Activity, ApiKey, ApiKeyId, HistoryEntry, Identity};
use crate::secret::KeyedHash;

/// What the IAM id of a service ID begins with (`api/iam_identity.md` §2).
const SERVICE_ID: &[u8] = b"iam-ServiceId-";

/// Whose keys are meant.
#[derive(Clone, Copy, Debug)]
pub(super) enum Whose<'a> {
    /// Those of one identity.
    Of(&'a str),
    /// Those of every user.
    AllUsers,
}

impl Whose<'_> {
    /// Tells whether the owner of this IAM id is meant.
    pub(super) fn is(self, iam_id: &[u8]) -> bool {
        match self {
            Self::Of(owner) => iam_id == owner.as_bytes(),
            Self::AllUsers => !iam_id.starts_with(SERVICE_ID),
        }
    }
}

/// Which keys a fold keeps.
#[derive(Debug)]
pub(super) enum Want<'a> {
    /// Every key of everybody, with hash, history and use.
    Everything,
    /// Every key of an owner.
    OwnedBy(Whose<'a>),
    /// An owner's keys of one name.
    Named(Whose<'a>, String),
    /// One key, with its hash, history and use.
    One(&'a ApiKeyId),
    /// The key that a value opens.
    Opened(KeyedHash),
}

impl<'a> Want<'a> {
    /// Wants an owner's keys of exactly this name.
    pub(super) fn named(owner: Whose<'a>, name: &str) -> Self {
        Self::Named(owner, name_field(name))
    }
}

/// A key that was kept.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) key: ApiKey,
    /// The keyed hash of its value; empty unless hashes were wanted.
    pub(super) hash: String,
    /// Oldest first; empty unless histories were wanted.
    pub(super) history: Vec<HistoryEntry>,
    /// Nothing unless histories were wanted.
    pub(super) used: Activity,
}

/// Takes lines in order and knows the keys at the end.
#[derive(Debug)]
pub(super) struct Fold<'a> {
    identity: &'a Identity,
    want: Want<'a>,
    keys: Vec<Option<Kept>>,
    /// Where each key is, once a line has changed one that was made before.
    places: Option<HashMap<ApiKeyId, usize>>,
}

impl<'a> Fold<'a> {
    pub(super) fn new(identity: &'a Identity, want: Want<'a>) -> Self {
        Self { identity, want, keys: Vec::new(), places: None }
    }

    /// Takes the next line; `None` when it cannot be parsed.
    pub(super) fn take(&mut self, line: &Line<'_>) -> Option<()> {
        if line.op == Op::Authn {
            return self.take_use(line);
        }
        if !self.is_about_wanted(line) {
            // A line that no longer fits, a new name say, takes the key out.
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
        self.keys.push(Some(Kept { key, hash, history, used }));
        Some(())
    }

    /// Counts a use where somebody wants to know; it leaves the key as it was.
    fn take_use(&mut self, line: &Line<'_>) -> Option<()> {
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

    fn is_about_wanted(&self, line: &Line<'_>) -> bool {
        let owned_by =
            |owner: Whose<'_>| owner.is(line.iam_id.unwrap_or(self.identity.iam_id.as_bytes()));
        match &self.want {
            Want::Everything => true,
            Want::OwnedBy(owner) => owned_by(*owner),
            Want::Named(owner, name) => {
                owned_by(*owner) && (line.op == Op::Delete || line.is_named(name))
            }
            Want::One(id) => line.id == id.as_str().as_bytes(),
            Want::Opened(hash) => line.op == Op::Delete || line.has_hash(hash),
        }
    }

    /// Finds the key that a line is about. A line that creates is about none yet.
    fn place(&mut self, line: &Line<'_>) -> Option<usize> {
        if line.op == Op::Create || self.keys.is_empty() {
            return None;
        }
        let places = self.places.get_or_insert_with(|| {
            let kept = self.keys.iter().enumerate();
            kept.filter_map(|(place, kept)| Some((kept.as_ref()?.key.id.clone(), place))).collect()
        });
        places.get(&ApiKeyId::new(std::str::from_utf8(line.id).ok()?)).copied()
    }

    fn forget(&mut self, line: &Line<'_>) {
        if let Some(place) = self.place(line) {
            let gone = self.keys[place].take();
            if let (Some(gone), Some(places)) = (gone, &mut self.places) {
                places.remove(&gone.key.id);
            }
        }
    }

    /// Returns what was kept, oldest key first.
    pub(super) fn into_kept(self) -> impl Iterator<Item = Kept> {
        self.keys.into_iter().flatten()
    }
}
