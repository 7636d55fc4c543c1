//! Bringing a value to standard output.

use std::io;
use std::path::Path;

use zeroize::Zeroizing;

use super::state::{Run, Told};
use crate::error::{Error, Result};
use crate::journal::{Operation, Step};
use crate::model::{ApiKey, Timestamp};
use crate::ops::resolve;
use crate::render::{json, only_key, table};
use crate::secret::Secret;
use crate::session::Session;
use crate::systems::Facts;
use crate::text::capitalised;
use crate::ui::Ui;

/// Prints the new key with its value.
pub(super) fn deliver(run: &mut Run, session: &mut Session) -> Result<()> {
    let Some(id) = run.id() else { return Ok(()) };
    // Without this note `recover` would take the value for one that nobody has.
    let is_noted = run.note_or_undo(run.delivering(&id), session);
    // A key that cannot be undone is told all the same.
    if !is_noted && !run.machine.goal.is_final() {
        return Ok(());
    }
    let (Some(key), Some(value)) = (&run.key, &run.value) else { return Ok(()) };
    // After an error part of the value may have arrived, so the key stays.
    let printed = match &run.told {
        Some(told) if !session.ui.manner().json => print_alone(told, value, session.ui),
        _ => print(key, value, run.begun.operation, run.begun.at, session),
    };
    printed.map_err(|error| not_printed(&error, key, session))?;
    // Without the note `recover` reports the key, which is safe.
    let _ = run.note(Step::Delivered);
    run.machine.progress.is_delivered = true;
    run.machine.see_delivered();
    run.delivers = true;
    Ok(())
}

/// Prints the value behind words of the command's own.
fn print_alone(told: &Told, value: &Secret, ui: &mut Ui) -> io::Result<()> {
    if let Some(first) = told.first {
        ui.ok();
        ui.result(first);
    }
    ui.ok();
    // A text that grows leaves a copy of the value behind.
    let mut text = Zeroizing::new(String::with_capacity(4 * 1024));
    for part in [told.before_value, value.expose(), "\n"] {
        text.push_str(part);
    }
    ui.deliver(&text)
}

fn print(
    key: &ApiKey,
    value: &Secret,
    operation: Operation,
    now: Timestamp,
    session: &mut Session,
) -> io::Result<()> {
    let facts = session.facts();
    if session.ui.manner().json {
        let text = if facts.has_names {
            json::created(key, resolve::state_now(session, key, now), value)
        } else {
            only_key::json_with_value(facts, key, value)
        };
        return session.ui.deliver(&text);
    }
    say_done(key, operation, None, now, session);
    let named = format!("{} ({})", session.subject(&key.name), key.id);
    let can_be_read = session.keys().reading().is_some();
    let ui = &mut *session.ui;
    if !can_be_read {
        ui.result("");
        let noun = facts.noun;
        ui.warn(&format!("Please preserve the {noun}! It cannot be retrieved after it's created."));
    }
    let colour = ui.manner().colour.0;
    let text = if facts.has_names {
        table::created(key, value, colour)
    } else {
        only_key::rows(key, Some(value), colour)
    };
    ui.deliver(&text)?;
    if Ui::output_goes_nowhere() {
        ui.warn(&format!("Standard output goes nowhere: nobody has the value of {named}."));
    }
    Ok(())
}

/// Tells of a new key without its value.
pub(in crate::ops) fn say_done(
    key: &ApiKey,
    operation: Operation,
    file: Option<&Path>,
    now: Timestamp,
    session: &mut Session,
) {
    if session.ui.manner().json {
        let facts = session.facts();
        if !facts.has_names {
            session.ui.data(|out| only_key::json(out, facts, key));
            return;
        }
        let state = resolve::state_now(session, key, now);
        session.ui.data(|out| json::key(out, key, state));
        return;
    }
    let Facts { noun, created: (subject, was_created), .. } = session.facts();
    let name = session.ui.entity(&key.name);
    let result = match operation {
        Operation::Create => format!("{subject} {name} {was_created}"),
        Operation::Rotate => format!("{} was rotated", capitalised(&session.entity(&key.name))),
    };
    let ui = &mut *session.ui;
    ui.ok();
    ui.result(&result);
    if let Some(file) = file {
        let shown = ui.entity(&file.display().to_string());
        ui.result(&format!("Successfully save {noun} information to {shown}"));
    }
}

fn not_printed(error: &io::Error, key: &ApiKey, session: &Session) -> Error {
    let message = format!(
        "{} ({}) was created, but its value could not be written to standard output: {error}.",
        capitalised(&session.subject(&key.name)),
        key.id
    );
    Error::failure(message).hint(format!(
        "If the value did not arrive, delete the key with '{} --force' and create another.",
        session.on("delete", key.id.in_command())
    ))
}
