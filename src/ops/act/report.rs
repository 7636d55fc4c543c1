//! The report on each key, however the command ends.

use std::fmt::{Display, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use super::verb::Became;
use crate::error::{Error, ErrorKind};
use crate::model::{ApiKeyId, Ref};
use crate::object::object;
use crate::ops::counted;
use crate::render::json;
use crate::session::Session;
use crate::text::{capitalised, escape};
use crate::ui::Ui;
use crate::ui::interrupt::{self, Ending};

/// One of several, and its outcome so far.
#[derive(Debug)]
pub(in crate::ops) struct Row {
    id: Option<String>,
    name: Option<String>,
    became: Became,
    /// Of a rotation: the id of the new key, and its file.
    new: Option<(Option<String>, Option<String>)>,
}

impl Row {
    /// Begins with what was named.
    pub(in crate::ops) fn named<I: Display>(named: &Ref<I>) -> Self {
        let (id, name) = match named {
            Ref::Id(id) => (Some(id.to_string()), None),
            Ref::Name(name) => (None, Some(name.clone())),
        };
        Self { id, name, became: Became::NotBegun, new: None }
    }

    /// Begins with what was found.
    pub(in crate::ops) fn found(id: impl Display, name: &str) -> Self {
        let (id, name) = (Some(id.to_string()), Some(name.to_owned()));
        Self { id, name, became: Became::NotBegun, new: None }
    }

    /// Tells of a new key that is to take its place.
    pub(in crate::ops) fn replaced(self, file: Option<&Path>) -> Self {
        let file = file.map(|file| file.display().to_string());
        Self { new: Some((None, file)), ..self }
    }

    /// Names the key so that it can be found again.
    fn shown(&self) -> String {
        match (&self.name, &self.id) {
            (Some(name), Some(id)) => format!("'{}' ({})", escape(name), escape(id)),
            (Some(name), None) => format!("'{}'", escape(name)),
            (None, id) => escape(id.as_deref().unwrap_or_default()).into_owned(),
        }
    }

    /// Takes the key out of a message about it.
    fn without_it(&self, message: &str) -> String {
        let quoted = self.name.iter().map(|name| format!("'{}'", escape(name)));
        let id = self.id.iter().map(|id| escape(id).into_owned());
        quoted.chain(id).fold(message.to_owned(), |message, own| message.replace(&own, "…"))
    }
}

/// Failures of one reason. At a terminal the first is told, and the others are counted in the end.
#[derive(Debug)]
struct Alike {
    /// The kind, the code of the service and the message without the key.
    reason: (ErrorKind, Option<String>, String),
    first: String,
    others: Vec<String>,
}

/// So many of several that failed alike are named.
const MOST_NAMED: usize = 10;

/// How far the work is.
#[derive(Debug)]
struct BulkProgress {
    /// "deleted".
    done: &'static str,
    /// Whether they are gone afterwards.
    ends_it: bool,
    /// What one is called.
    noun: &'static str,
    /// Whether a filter chose the keys.
    bulk: bool,
    rows: Vec<Row>,
    /// The messages of those that failed.
    failures: Vec<String>,
    /// Whether each failure was printed when it happened.
    tells_each: bool,
    /// The failures by reason; `None` where each is told in full.
    alike: Option<Vec<Alike>>,
}

/// How far the work is. The command shares it with the signal that may end it.
#[derive(Clone, Debug)]
pub struct Report(Arc<Mutex<BulkProgress>>);

impl Report {
    /// Begins a report on what was named. From now on a signal prints it.
    pub(in crate::ops) fn begin(
        done: &'static str,
        ends_it: bool,
        rows: Vec<Row>,
        bulk: bool,
        noun: &'static str,
        ui: &Ui,
    ) -> Self {
        let manner = ui.manner();
        let tells_each = !manner.json_errors;
        let failures = Vec::new();
        let alike = manner.width.1.map(|_| Vec::new());
        let progress =
            BulkProgress { done, ends_it, noun, bulk, rows, failures, tells_each, alike };
        let report = Self(Arc::new(Mutex::new(progress)));
        let shared = report.clone();
        interrupt::report(manner, move || shared.progress().left(manner.json));
        report
    }

    fn progress(&self) -> MutexGuard<'_, BulkProgress> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Replaces what was named by what was found.
    pub(in crate::ops) fn found(&self, rows: Vec<Row>) {
        self.progress().rows = rows;
    }

    /// Notes the outcome of a key.
    pub(in crate::ops) fn set(&self, index: usize, became: Became) {
        self.progress().rows[index].became = became;
    }

    /// Notes the new key in the place of an old one.
    pub(in crate::ops) fn replaced(&self, index: usize, id: Option<&ApiKeyId>) {
        if let Some((new, _)) = &mut self.progress().rows[index].new {
            *new = id.map(ToString::to_string);
        }
    }

    /// Notes the failure of a key; a lost answer makes it uncertain. Tells whether an earlier one failed alike, so that this
    /// one is told in the end.
    pub(in crate::ops) fn fail(&self, index: usize, error: &Error) -> bool {
        let mut progress = self.progress();
        let unknown = error.kind == ErrorKind::OutcomeUnknown;
        progress.rows[index].became = if unknown { Became::Uncertain } else { Became::Failed };
        progress.failures.push(error.message.clone());
        progress.is_alike(index, error)
    }

    /// Says what is under way, as in "API keys".
    pub(in crate::ops) fn doing(&self) -> String {
        let progress = self.progress();
        format!("{}s {}", capitalised(progress.noun), progress.done)
    }

    pub(in crate::ops) fn may_have_changed(&self) -> bool {
        self.progress().rows.iter().any(|row| row.became.may_have_changed())
    }

    pub(in crate::ops) fn is_done(&self, index: usize) -> bool {
        self.progress().rows[index].became == Became::Done
    }

    /// Writes the document of '--output json'. From now on a signal does not write it.
    pub fn write(&self, session: &mut Session) {
        interrupt::reported(|| {
            if session.ui.manner().json {
                let progress = self.progress();
                session.ui.data(|out| json::document(out, &progress.outcomes()));
                session.ui.flush();
            }
        });
    }

    /// Tells whether one was named, and no other.
    pub(in crate::ops) fn is_of_one(&self) -> bool {
        let progress = self.progress();
        progress.rows.len() == 1 && !progress.bulk
    }

    /// Adds the counts to a failure that ended the command before anything was changed. The failure of one that was named
    /// alone is told as it is.
    pub(in crate::ops) fn stopped(&self, error: Error) -> Error {
        if self.is_of_one() {
            return error;
        }
        let progress = self.progress();
        let message = format!("{}\n{}", error.message, progress.counts());
        Error { message: progress.with_alike(message), ..error }
    }

    /// Makes the error for a command of which some keys failed.
    pub(in crate::ops) fn some_failed(&self, kind: ErrorKind) -> Error {
        let progress = self.progress();
        let is_open = progress.rows.iter().any(|row| row.became.is_open());
        let told = if is_open {
            progress.counts()
        } else {
            let failed = progress.rows.iter().filter(|row| row.became == Became::Failed).count();
            format!("{failed} of {} {}s failed.", progress.rows.len(), progress.noun)
        };
        let error = Error::new(kind, progress.with_failures(told));
        if is_open { error.hint(progress.hint()) } else { error }
    }
}

impl BulkProgress {
    /// Returns the document of '--output json'.
    fn outcomes(&self) -> impl Serialize {
        let outcome = |row: &Row| {
            object()
                .with("id", row.id.clone())
                .with("name", row.name.clone())
                .with("outcome", row.became.word(self.done))
                .with_some("new_id", row.new.as_ref().map(|(id, _)| id.clone()))
                .with_some("file", row.new.as_ref().map(|(_, file)| file.clone()))
        };
        self.rows.iter().map(outcome).collect::<Vec<_>>()
    }

    /// Words what the command has done when a signal ends it.
    fn left(&self, json: bool) -> Ending {
        let mut document = Vec::new();
        if json {
            // Writing into memory cannot fail.
            let _ = json::document(&mut document, &self.outcomes());
        }
        let is_open = self.rows.iter().any(|row| row.became.is_open());
        let (words, hint) = match self.rows.as_slice() {
            rows if !rows.iter().any(|row| row.became.may_have_changed()) => {
                ("Nothing was changed.".to_owned(), None)
            }
            [row] if row.became == Became::Uncertain => (
                format!("It is not known whether {} {} was {}.", self.noun, row.shown(), self.done),
                Some(self.hint()),
            ),
            _ => (self.counts(), is_open.then(|| self.hint())),
        };
        Ending { words: self.with_failures(words), hint: hint.map(str::to_owned), document }
    }

    /// Counts the outcomes, and names the keys for which the command should be repeated.
    fn counts(&self) -> String {
        let count = |became: Became| self.rows.iter().filter(|row| row.became == became).count();
        let counts: Vec<String> = Became::ALL
            .into_iter()
            .map(|became| (count(became), became))
            .filter(|(count, _)| *count > 0)
            .map(|(count, became)| format!("{count} {}", became.word(self.done)))
            .collect();
        let keys = counted(self.rows.len() as u64, self.noun);
        let mut told = format!("Of {keys}: {}.", counts.join(", "));
        if counts.len() > 1 {
            for row in self.rows.iter().filter(|row| row.became.is_open()) {
                let _ = write!(told, "\n   {}: {}", row.became.word(self.done), row.shown());
            }
        }
        told
    }

    /// Notes a failure under its reason. Tells whether there was one of that reason.
    fn is_alike(&mut self, index: usize, error: &Error) -> bool {
        let (row, Some(alike)) = (&self.rows[index], &mut self.alike) else { return false };
        let reason = (error.kind, error.code.clone(), row.without_it(&error.message));
        let found = alike.iter_mut().find(|known| known.reason == reason);
        let is_known = found.is_some();
        match found {
            Some(known) => known.others.push(row.shown()),
            None => alike.push(Alike { reason, first: row.shown(), others: Vec::new() }),
        }
        is_known
    }

    /// Adds to a message which failures were not told one by one.
    fn with_alike(&self, mut message: String) -> String {
        for Alike { first, others, .. } in self.alike.iter().flatten() {
            let number = match others.len() {
                0 => continue,
                1 => "1 other".to_owned(),
                several => format!("{several} others"),
            };
            let named: Vec<&str> = others.iter().take(MOST_NAMED).map(String::as_str).collect();
            let _ = write!(message, "\n{number} failed as {first} did: {}", named.join(", "));
            match others.len() - named.len() {
                0 => message.push('.'),
                more => {
                    let _ = write!(message, " and {more} more.");
                }
            }
        }
        message
    }

    /// Adds the failures to a message, unless they were printed already.
    fn with_failures(&self, mut message: String) -> String {
        if !self.tells_each {
            for failure in &self.failures {
                message.push('\n');
                message.push_str(failure);
            }
        }
        self.with_alike(message)
    }

    fn hint(&self) -> &'static str {
        if self.rows.iter().any(|row| row.new.is_some()) && !self.bulk {
            "Repeat the command with the keys that are not rotated yet."
        } else if self.ends_it && !self.bulk {
            "Repeat the command with '--ignore-missing' for the rest."
        } else {
            "Repeat the command for the rest."
        }
    }
}
