//! `recover FILE`: the commands that FILE belongs to, also those of which only the pending copy is left.

use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind, Result};
use crate::journal::{Begun, Journal, Orphan, Step};
use crate::model::{ApiKeyId, Detail, Timestamp};
use crate::ops::once;
use crate::private_file::{self, Left, parent, pending_beside, place_of, tag_of};
use crate::secret;
use crate::session::Session;
use crate::systems::System;
use crate::text::{escape, shell_path};

/// The entries that a command is about, and pending copies of which the journal has no entry.
#[derive(Debug, Default)]
pub(super) struct Part {
    pub(super) orphans: Vec<Orphan>,
    pub(super) copies: Vec<(PathBuf, Begun)>,
}

impl Part {
    /// Finds what belongs to FILE. Fails where nothing does.
    pub(super) fn of_file(
        file: &Path,
        orphans: Vec<Orphan>,
        journal: &Journal,
        program: &str,
    ) -> Result<Self> {
        let cannot = |error: std::io::Error| {
            let shown = secret::veil(&file.display().to_string());
            let message = format!("'{shown}' cannot be looked at: {error}.");
            Error::new(ErrorKind::Destination, message)
        };
        let place = place_of(file).map_err(cannot)?;
        let value = private_file::value_in(&place).map_err(cannot)?;
        let mut part = Self::default();
        for mut orphan in orphans {
            let holds = value.as_ref().is_some_and(|value| {
                orphan.begun.value_hash.is_some() && orphan.begun.is_value(value)
            });
            if holds {
                // Somebody has put the value here by hand.
                orphan.begun.file = Some(place.clone());
                orphan.begun.named = None;
            }
            if holds || orphan.begun.file.as_ref() == Some(&place) || is_copy_of(&place, &orphan) {
                part.orphans.push(orphan);
            }
        }
        part.copies = unknown(&place, journal);
        if part.orphans.is_empty() && part.copies.is_empty() {
            return Err(nothing_left(file, program));
        }
        Ok(part)
    }

    /// Returns what was begun.
    pub(super) fn begun(&self) -> impl Iterator<Item = &Begun> {
        let copies = self.copies.iter().map(|(_, begun)| begun);
        self.orphans.iter().map(|orphan| &orphan.begun).chain(copies)
    }

    /// Returns the systems whose logins are needed, at least one.
    pub(super) fn logins(&self) -> Vec<System> {
        let is_needed = |login: &System| self.begun().any(|begun| begun.system.login() == *login);
        let needed: Vec<System> = System::ALL.iter().copied().filter(is_needed).collect();
        if needed.is_empty() { vec![System::default()] } else { needed }
    }

    /// Takes out what is behind a login.
    pub(super) fn take(&mut self, login: System) -> Self {
        let (orphans, others) = std::mem::take(&mut self.orphans)
            .into_iter()
            .partition(|orphan| orphan.begun.system.login() == login);
        let (copies, other_copies) = std::mem::take(&mut self.copies)
            .into_iter()
            .partition(|(_, begun)| begun.system.login() == login);
        (self.orphans, self.copies) = (others, other_copies);
        Self { orphans, copies }
    }

    /// Returns the entries. One is written again for each pending copy of ours that has none.
    pub(super) fn adopted(self, dry_run: bool, session: &mut Session) -> Result<Vec<Orphan>> {
        let mut found = self.orphans;
        let had_copies = !self.copies.is_empty();
        let mut file = None;
        for (path, mut begun) in self.copies {
            file.clone_from(&begun.file);
            if !once::is_ours(&begun, session) {
                continue;
            }
            if dry_run {
                let message = format!(
                    "'{}' holds the value of {} {}, of which the journal has no entry.",
                    path.display(),
                    begun.system.facts().noun,
                    begun.name
                );
                return Err(Error::failure(message).hint(
                    "Without '--dry-run' the entry is written again, and the command finished.",
                ));
            }
            let Some(tag) = tag_of(&path) else { continue };
            once::turn_to(&begun, session);
            check_old(&path, &begun, session)?;
            // Who planted the copy must not have another file replaced than that of the old key.
            if !holds_old(&begun, session) {
                begun.replaces = None;
            }
            // How many requests were sent, and when, is not known.
            let doubt = session.keys().doubt();
            let until = session.service_time()?.plus(doubt).unwrap_or(Timestamp::LAST);
            let sending = Step::Sending { until, seconds: doubt.as_secs() };
            let adopted = session.journal()?.adopt(tag, begun, sending);
            found.push(adopted.map_err(|error| once::journal_failed(&error, session))?);
        }
        if found.is_empty() && had_copies {
            return Err(nothing_left(file.as_deref().unwrap_or(Path::new("")), session.program()));
        }
        Ok(found)
    }
}

fn nothing_left(file: &Path, program: &str) -> Error {
    let shown = secret::veil(&file.display().to_string());
    let message = format!("No interrupted command has left anything for '{shown}'.");
    Error::new(ErrorKind::NotFound, message)
        .hint(format!("'{program} recover' settles all that the journal knows."))
}

/// Makes sure that the key that a copy would have retired is one that a key of its name can take the place of.
fn check_old(path: &Path, begun: &Begun, session: &Session) -> Result<()> {
    let Some(old) = &begun.retires else { return Ok(()) };
    let id = ApiKeyId::new(old.id.as_str());
    let found = once::found(session.keys().get(&id, Detail::default()));
    let Some(details) = found.map_err(|error| session.told_of(error, &id))? else { return Ok(()) };
    let key = details.key;
    if *key.name == *begun.name && key.iam_id == session.owner().0 {
        return Ok(());
    }
    let message = format!(
        "'{}' would have {} retired, which is no key of yours named '{}'. Nothing was changed.",
        path.display(),
        key.id,
        escape(&begun.name)
    );
    Err(Error::new(ErrorKind::Conflict, message)
        .hint("Look at the file: somebody may have put it there. Remove it if it is not yours."))
}

/// Tells whether FILE holds the old key of a rotation.
fn holds_old(begun: &Begun, session: &Session) -> bool {
    let (Some(file), Some(old)) = (&begun.file, &begun.retires) else { return false };
    let held = private_file::value_in(file).ok().flatten();
    let opened = held.and_then(|value| session.keys().by_value(&value).ok());
    opened.is_some_and(|key| key.id.as_str() == old.id)
}

/// Warns of pending copies for FILE of which the journal has no entry: each holds the value of a key.
pub(in crate::ops) fn warn_of_unknown(file: &Path, session: &mut Session) {
    let Ok(journal) = session.journal() else { return };
    let copies = unknown(file, &journal).into_iter();
    let ours: Vec<_> = copies.filter(|(_, begun)| once::is_ours(begun, session)).collect();
    for (path, begun) in ours {
        let words = format!(
            "'{}' holds the value of {} {}, of which the journal has no entry. If no other command is at work there, run '{} recover {}' to finish it.",
            path.display(),
            session.facts().noun,
            begun.name,
            session.program(),
            shell_path(file)
        );
        session.ui.warn(&words);
    }
}

fn is_copy_of(place: &Path, orphan: &Orphan) -> bool {
    tag_of(place).is_some_and(|tag| tag == orphan.entry.tag())
}

/// Finds the pending copies for FILE of which the journal has no entry. FILE may be such a copy itself.
fn unknown(place: &Path, journal: &Journal) -> Vec<(PathBuf, Begun)> {
    let about = |path: PathBuf| {
        let tag = tag_of(&path)?;
        if journal.has(tag) {
            return None;
        }
        let about = Left::open(path.clone(), None).ok()??.about()?;
        let mut begun: Begun = serde_json::from_value(about).ok()?;
        // The value tells which key it is. Who planted the copy must not name another one, which would be deleted.
        begun.id = None;
        let is_for = begun.file.as_deref() == Some(place) || path == place;
        // The copy may have been moved with its directory.
        if path == place {
            let name = begun.file.as_deref().and_then(Path::file_name)?;
            begun.file = Some(parent(place).join(name));
        }
        is_for.then_some((path, begun))
    };
    pending_beside(place).into_iter().filter_map(about).collect()
}
