//! What is said of each key, whenever and however the command ends.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Item, Verb};
use crate::context::Context;
use crate::error::{Error, ErrorKind};
use crate::model::KeyRef;
use crate::ops::counted;
use crate::render::json::{self, Outcome};
use crate::text::escape;
use crate::ui::interrupt::{self, Left};

/// What became of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Became {
    /// As the verb wants it.
    Done,
    /// It was like that before.
    Unchanged,
    /// There is no such key, which is as it should be.
    Missing,
    /// It would be done, were it no dry run.
    Planned,
    /// It failed.
    Failed,
    /// The request is on its way, or its answer was lost.
    Uncertain,
    /// Nothing was tried yet.
    NotBegun,
}

impl Became {
    /// In the order in which they are counted.
    const ALL: [Self; 7] = [
        Self::Done,
        Self::Unchanged,
        Self::Missing,
        Self::Planned,
        Self::Failed,
        Self::Uncertain,
        Self::NotBegun,
    ];

    /// Returns the word for it, in JSON and in counts.
    fn word(self, verb: &Verb) -> Cow<'static, str> {
        match self {
            Self::Done => verb.done.into(),
            Self::Unchanged => "unchanged".into(),
            Self::Missing => "missing".into(),
            Self::Planned => format!("would be {}", verb.done).into(),
            Self::Failed => "failed".into(),
            Self::Uncertain => "uncertain".into(),
            Self::NotBegun => "not begun".into(),
        }
    }

    /// Tells whether the key may be another than before.
    fn may_have_changed(self) -> bool {
        matches!(self, Self::Done | Self::Uncertain)
    }

    /// Tells whether the key is still to be dealt with, though nothing was found against it.
    fn is_open(self) -> bool {
        matches!(self, Self::Uncertain | Self::NotBegun)
    }
}

/// A key, and what became of it so far.
struct Row {
    id: Option<String>,
    name: Option<String>,
    became: Became,
}

impl Row {
    fn new(item: &Item) -> Self {
        let mut row = Self::named(&item.named);
        if let Some(key) = &item.key {
            row.id = Some(key.id.to_string());
            row.name = Some(key.name.to_string());
        }
        row
    }

    fn named(named: &KeyRef) -> Self {
        let (id, name) = match named {
            KeyRef::Id(id) => (Some(id.to_string()), None),
            KeyRef::Name(name) => (None, Some(name.clone())),
        };
        Self { id, name, became: Became::NotBegun }
    }

    /// Names the key so that it is found again.
    fn shown(&self) -> String {
        match (&self.name, &self.id) {
            (Some(name), Some(id)) => format!("'{}' ({})", escape(name), escape(id)),
            (Some(name), None) => format!("'{}'", escape(name)),
            (None, id) => escape(id.as_deref().unwrap_or_default()).into_owned(),
        }
    }
}

/// How far the work is.
struct Progress {
    verb: &'static Verb,
    /// Whether the keys were not named one by one.
    bulk: bool,
    rows: Vec<Row>,
    /// What was said of those that failed.
    failures: Vec<String>,
    /// Whether each failure was told where it happened.
    tells_each: bool,
}

/// How far the work is, known to the command and to the signal that ends it.
#[derive(Clone)]
pub struct Report(Arc<Mutex<Progress>>);

impl Report {
    /// Begins the work on the keys that were named; from now on a signal tells how far it is.
    pub fn begin(verb: &'static Verb, keys: &[KeyRef], bulk: bool, context: &Context) -> Self {
        let manner = context.ui.manner();
        let rows = keys.iter().map(Row::named).collect();
        let tells_each = !manner.json_errors;
        let progress = Progress { verb, bulk, rows, failures: Vec::new(), tells_each };
        let report = Self(Arc::new(Mutex::new(progress)));
        let shared = report.clone();
        interrupt::report(manner, move || shared.progress().left(manner.json));
        report
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the keys that were found in the place of what was named.
    pub(super) fn found(&self, items: &[Item]) {
        self.progress().rows = items.iter().map(Row::new).collect();
    }

    /// Notes what became of a key.
    pub(super) fn set(&self, index: usize, became: Became) {
        self.progress().rows[index].became = became;
    }

    /// Notes that a key failed; a lost answer leaves it uncertain.
    pub(super) fn fail(&self, index: usize, error: &Error) {
        let mut progress = self.progress();
        let unknown = error.kind == ErrorKind::OutcomeUnknown;
        progress.rows[index].became = if unknown { Became::Uncertain } else { Became::Failed };
        progress.failures.push(error.message.clone());
    }

    /// Tells whether a key may be another than before.
    pub(super) fn may_have_changed(&self) -> bool {
        self.progress().rows.iter().any(|row| row.became.may_have_changed())
    }

    /// Tells whether a key is as the verb wants it by this command.
    pub(super) fn is_done(&self, index: usize) -> bool {
        self.progress().rows[index].became == Became::Done
    }

    /// Writes the document of '--output json', which a signal does from now on no more.
    pub fn write(&self, context: &mut Context) {
        interrupt::reported(|| {
            if context.ui.manner().json {
                let progress = self.progress();
                context.ui.data(|out| json::outcomes(out, &progress.outcomes()));
                context.ui.flush();
            }
        });
    }

    /// Says of a failure that ended the command before anything was changed what else was to be done.
    pub(super) fn stopped(&self, error: Error) -> Error {
        let message = format!("{}\n{}", error.message, self.progress().counts());
        Error { message, ..error }
    }

    /// Says that some of several keys failed.
    pub(super) fn some_failed(&self, kind: ErrorKind) -> Error {
        let progress = self.progress();
        let is_open = progress.rows.iter().any(|row| row.became.is_open());
        let told = if is_open {
            progress.counts()
        } else {
            let failed = progress.rows.iter().filter(|row| row.became == Became::Failed).count();
            format!("{failed} of {} API keys failed.", progress.rows.len())
        };
        let error = Error::new(kind, progress.with_failures(told));
        if is_open { error.hint(progress.hint()) } else { error }
    }
}

impl Progress {
    fn outcomes(&self) -> Vec<Outcome<'_>> {
        let rows = self.rows.iter();
        rows.map(|row| Outcome {
            id: row.id.as_deref(),
            name: row.name.as_deref(),
            outcome: row.became.word(self.verb),
        })
        .collect()
    }

    /// Says what a signal leaves.
    fn left(&self, json: bool) -> Left {
        let mut document = Vec::new();
        if json {
            // Writing into memory cannot fail.
            let _ = json::outcomes(&mut document, &self.outcomes());
        }
        let is_open = self.rows.iter().any(|row| row.became.is_open());
        let (words, hint) = match self.rows.as_slice() {
            rows if !rows.iter().any(|row| row.became.may_have_changed()) => {
                ("Nothing was changed.".to_owned(), None)
            }
            [row] if row.became == Became::Uncertain => (
                format!("It is not known whether API key {} was {}.", row.shown(), self.verb.done),
                Some(self.hint()),
            ),
            _ => (self.counts(), is_open.then(|| self.hint())),
        };
        Left { words: self.with_failures(words), hint: hint.map(str::to_owned), document }
    }

    /// Counts what became of the keys, and names those that are still to be dealt with.
    fn counts(&self) -> String {
        let count = |became: Became| self.rows.iter().filter(|row| row.became == became).count();
        let counts: Vec<String> = Became::ALL
            .into_iter()
            .map(|became| (count(became), became))
            .filter(|(count, _)| *count > 0)
            .map(|(count, became)| format!("{count} {}", became.word(self.verb)))
            .collect();
        let keys = counted(self.rows.len() as u64, "API key");
        let mut told = format!("Of {keys}: {}.", counts.join(", "));
        if counts.len() > 1 {
            for row in self.rows.iter().filter(|row| row.became.is_open()) {
                told.push_str("\n   ");
                told.push_str(&row.became.word(self.verb));
                told.push_str(": ");
                told.push_str(&row.shown());
            }
        }
        told
    }

    /// Puts what failed behind a message, where it was not told before.
    fn with_failures(&self, mut message: String) -> String {
        if !self.tells_each {
            for failure in &self.failures {
                message.push('\n');
                message.push_str(failure);
            }
        }
        message
    }

    fn hint(&self) -> &'static str {
        if self.verb.ends_it && !self.bulk {
            "Repeat the command with '--ignore-missing' for the rest."
        } else {
            "Repeat the command for the rest."
        }
    }
}
