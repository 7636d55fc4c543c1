//! A verb over several keys: what is asked for, its words, and what becomes of each key.

use std::borrow::Cow;

use crate::error::Result;
use crate::model::{ApiKey, ApiKeyId, KeyRef};
use crate::ops::resolve::Meaning;
use crate::systems::{Keys, SystemError};

/// What is asked for.
#[derive(Debug)]
pub struct Request {
    /// Which keys.
    pub keys: Vec<KeyRef>,
    /// Whether to go on without confirmation.
    pub force: bool,
    /// Whether only to show what would be done.
    pub dry_run: bool,
    /// How many requests are under way at once; 16 when absent.
    pub jobs: Option<u8>,
}

/// A verb: its words and what it does.
#[derive(Debug)]
pub struct Verb {
    /// "Deleting".
    pub doing: &'static str,
    /// "delete".
    pub to_do: &'static str,
    /// "deleted".
    pub done: &'static str,
    /// Which keys a name means.
    pub meaning: Meaning,
    /// Whether it fails for a locked key.
    pub stopped_by_lock: bool,
    /// Whether the key is gone afterwards.
    pub ends_it: bool,
    /// Whether the key stops working, so that its use is shown first.
    pub ends_use: bool,
    /// Fails if the system cannot do it to any key.
    pub check: fn(&dyn Keys) -> std::result::Result<(), SystemError>,
    /// Whether a key already is as the verb would make it.
    pub already: fn(&ApiKey) -> bool,
    /// Does it.
    pub act: fn(&dyn Keys, &ApiKeyId) -> std::result::Result<(), SystemError>,
}

/// How a verb is run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mode {
    /// Whether to go on without confirmation.
    pub force: bool,
    /// Whether only to show what would be done.
    pub dry_run: bool,
    /// Whether to confirm by typing the number of keys, and not by `y`.
    pub counted: bool,
    /// Whether a filter chose the keys; then even one key is reported as one of several.
    pub bulk: bool,
    /// Whether a missing key is no failure.
    pub ignore_missing: bool,
    /// How many requests are under way at once; 16 when absent.
    pub jobs: Option<u8>,
}

impl Mode {
    pub(super) fn asks(self) -> bool {
        !self.force && !self.dry_run
    }
}

/// An argument, and the key that it means.
pub struct Item {
    pub(super) named: KeyRef,
    pub(super) key: Option<ApiKey>,
    /// The outcome, where it is known before anything is done.
    pub(super) known: Option<Result<Became>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ops) enum Became {
    /// It is as the verb wants it.
    Done,
    /// It was so before.
    Unchanged,
    /// There is no such key, and that is no failure.
    Missing,
    /// It would be done without `--dry-run`.
    Planned,
    Failed,
    /// The request is on its way, or its answer was lost.
    Uncertain,
    /// Nothing was tried yet.
    NotBegun,
}

impl Became {
    /// All outcomes, in the order of the counts.
    pub(super) const ALL: [Self; 7] = [
        Self::Done,
        Self::Unchanged,
        Self::Missing,
        Self::Planned,
        Self::Failed,
        Self::Uncertain,
        Self::NotBegun,
    ];

    /// Returns the word for it in JSON and in counts.
    pub(super) fn word(self, done: &'static str) -> Cow<'static, str> {
        match self {
            Self::Done => done.into(),
            Self::Unchanged => "unchanged".into(),
            Self::Missing => "missing".into(),
            Self::Planned => format!("would be {done}").into(),
            Self::Failed => "failed".into(),
            Self::Uncertain => "uncertain".into(),
            Self::NotBegun => "not begun".into(),
        }
    }

    /// Tells whether the key may have changed.
    pub(super) fn may_have_changed(self) -> bool {
        matches!(self, Self::Done | Self::Uncertain)
    }

    /// Tells whether the command should be repeated for the key.
    pub(super) fn is_open(self) -> bool {
        matches!(self, Self::Uncertain | Self::NotBegun)
    }
}
