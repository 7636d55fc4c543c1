//! Bringing the value of a new key to its one place, FILE or standard output, or deleting the key again.

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use crate::error::{Error, ErrorKind, Result};
use crate::journal::{Entry, Step};
use crate::model::{ApiKey, Timestamp};
use crate::ops::{delete_unheld, resolve, unfinished};
use crate::private_file::{self, DestinationError, Pending, Whereabouts};
use crate::render::{json, key_file, table};
use crate::secret::Secret;
use crate::session::Session;
use crate::ui::{Ui, interrupt};

/// Says that there is no new key.
fn nothing_created(session: &Session) -> String {
    format!("No {} was created.", session.facts().noun)
}

/// A key that was made, and whose value nobody has yet.
pub(super) struct Made {
    pub(super) key: ApiKey,
    pub(super) value: Secret,
    pub(super) entry: Entry,
    /// The copy of the value beside FILE; `None` to print it.
    pub(super) pending: Option<Pending>,
    /// Whether the value was chosen here, and so is in the copy already.
    pub(super) is_chosen_here: bool,
}

/// A key whose value is in its place. Its journal entry is open until [`Handed::close`].
pub(super) struct Handed {
    pub(super) key: ApiKey,
    entry: Entry,
}

impl Made {
    /// Notes the id of the new key of a rotation, so that `recover` knows the key before its value is handed over.
    pub(super) fn note(mut self, session: &Session) -> Result<Self> {
        match self.entry.reach(&Step::Made { id: self.key.id.to_string() }) {
            Ok(()) => Ok(self),
            Err(error) => Err(self.undo(journal_failed(&error, session), session)),
        }
    }

    /// Writes the value to FILE, or prints it. `done` says in the output what was done: "created".
    pub(super) fn hand_over(
        mut self,
        done: &str,
        now: Timestamp,
        session: &mut Session,
    ) -> Result<Handed> {
        // Without this note `recover` would take the value for one that nobody has, unless it is in the copy.
        if (self.pending.is_none() || !self.is_chosen_here)
            && let Err(error) = self.entry.reach(&Step::Delivering { id: self.key.id.to_string() })
        {
            return Err(self.undo(journal_failed(&error, session), session));
        }
        let Self { key, value, mut entry, pending, .. } = self;
        if let Some(pending) = pending {
            let copy = pending.path().to_owned();
            if let Err(error) = pending.finish(&key_file::document(&key, &value), &value) {
                return Err(not_in_place(error, &key, &copy, entry, session));
            }
        } else {
            // After an error part of the value may have arrived, so the key stays.
            print(&key, &value, done, now, session)
                .map_err(|error| not_printed(&error, &key, session))?;
            // Without the note `recover` reports the key, which is safe.
            let _ = entry.reach(&Step::Delivered);
        }
        Ok(Handed { key, entry })
    }

    /// Deletes the key again. Returns `why`, or where that fails the error that names `recover`.
    pub(super) fn undo(self, mut why: Error, session: &Session) -> Error {
        let Self { key, entry, pending, .. } = self;
        let has_copy = pending.is_some();
        if delete_unheld(session.keys(), &key).is_ok() {
            if pending.is_none_or(|pending| pending.discard().is_ok()) {
                close(entry, session);
            }
            return why;
        }
        why.kind = ErrorKind::OutcomeUnknown;
        why.message = format!(
            "{} {} ({}) was created, and could not be deleted again; its value reached nobody.",
            why.message.replace(&nothing_created(session), "").trim_end(),
            session.subject(&key.name),
            key.id
        );
        let what = if has_copy { "finish or undo it" } else { "delete it" };
        why.hint(format!("Run '{} recover' to {what}.", session.program()))
    }
}

impl Handed {
    /// Removes the journal entry: everything is settled.
    pub(super) fn close(self, session: &Session) -> ApiKey {
        let Self { key, entry } = self;
        close(entry, session);
        // Interrupted commands for a key of this name have not made this one.
        if let Ok(journal) = session.journal() {
            journal.disown(key.id.as_str(), |begun| {
                begun.name == *key.name && unfinished::is_ours(begun, session)
            });
        }
        key
    }
}

/// Removes a journal entry.
pub(super) fn close(entry: Entry, session: &Session) {
    // An entry that stays is settled by `recover`, which finds everything in place.
    let _ = entry.close();
    interrupt::watch(session.ui.manner(), None);
}

/// Prints a new key with its value.
fn print(
    key: &ApiKey,
    value: &Secret,
    done: &str,
    now: Timestamp,
    session: &mut Session,
) -> io::Result<()> {
    if session.ui.manner().json {
        let state = resolve::state_now(session, key, now);
        return session.ui.deliver(&json::created(key, state, value));
    }
    say_done(key, done, None, now, session);
    let named = format!("{} ({})", session.subject(&key.name), key.id);
    let noun = session.facts().noun;
    let ui = &mut *session.ui;
    ui.result("");
    ui.warn(&format!("Please preserve the {noun}! It cannot be retrieved after it's created."));
    let text = table::created(key, value, ui.manner().colour.0);
    ui.deliver(&text)?;
    if Ui::output_goes_nowhere() {
        ui.warn(&format!("Standard output goes nowhere: nobody has the value of {named}."));
    }
    Ok(())
}

/// Tells of a new key without its value.
pub(super) fn say_done(
    key: &ApiKey,
    done: &str,
    file: Option<&Path>,
    now: Timestamp,
    session: &mut Session,
) {
    if session.ui.manner().json {
        let state = resolve::state_now(session, key, now);
        session.ui.data(|out| json::key(out, key, state));
        return;
    }
    let (what, noun) = (session.entity(&key.name), session.facts().noun);
    let ui = &mut *session.ui;
    ui.ok();
    ui.result(&format!("{what} was {done}"));
    if let Some(file) = file {
        let shown = ui.entity(&file.display().to_string());
        ui.result(&format!("Successfully save {noun} information to {shown}"));
    }
}

/// Deletes the key again where FILE could not be completed: nobody has its value. Where that fails too, says where the
/// value is.
fn not_in_place(
    error: DestinationError,
    key: &ApiKey,
    copy: &Path,
    entry: Entry,
    session: &Session,
) -> Error {
    let whereabouts = error.whereabouts;
    let mut told = Error::from(error);
    if whereabouts != Whereabouts::InPlace && delete_unheld(session.keys(), key).is_ok() {
        if whereabouts == Whereabouts::Taken || private_file::remove(copy).is_ok() {
            close(entry, session);
        }
        let _ = write!(told.message, " {}", nothing_created(session));
        return told;
    }
    let noun = session.facts().noun;
    let place = match whereabouts {
        Whereabouts::InPlace => "FILE".to_owned(),
        Whereabouts::Beside => format!("'{}'", copy.display()),
        Whereabouts::Taken => {
            told.kind = ErrorKind::OutcomeUnknown;
            let _ = write!(
                told.message,
                " The {noun} {} was created, and could not be deleted again.",
                key.id
            );
            let hint = format!("Run '{}-delete {} --force'.", session.command(), key.id);
            return told.hint(hint);
        }
    };
    let _ = write!(told.message, " The {noun} {} was created; its value is in {place}.", key.id);
    told.hint(format!("Clear the way to FILE, then run '{} recover'.", session.program()))
}

/// Says that a step could not be noted, and so no key was made.
pub(super) fn journal_failed(error: &io::Error, session: &Session) -> Error {
    let nothing = nothing_created(session);
    Error::new(ErrorKind::Failure, format!("The journal cannot be written: {error}. {nothing}"))
        .hint("A key is created only when its making can be noted; IBMCLOUD_IAM_HOME names another directory.")
        .remedied(error)
}

fn not_printed(error: &io::Error, key: &ApiKey, session: &Session) -> Error {
    let message = format!(
        "{} ({}) was created, but its value could not be written to standard output: {error}.",
        session.subject(&key.name),
        key.id
    );
    Error::new(ErrorKind::Failure, message).hint(format!(
        "If the value did not arrive, delete the key with '{}-delete {} --force' and create another.",
        session.command(),
        key.id.in_command()
    ))
}
