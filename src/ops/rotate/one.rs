//! The steps of one rotation, alone or beside others.

use std::path::Path;
use std::sync::Arc;

use super::prepared::{Broken, Done, Prepared};
use super::request::{One, Terms};
use super::{checks, finish, report, successor};
use crate::error::{Error, Result};
use crate::journal::Operation;
use crate::model::{ApiKey, KeyRef, Timestamp};
use crate::ops::once::{self, Old, Plan, is_acting};
use crate::ops::recover::warn_of_unknown;
use crate::ops::resolve::{self, Found, Meaning};
use crate::ops::{destination, locked};
use crate::private_file::Destination;
use crate::session::Session;
use crate::settings::Settings;
use crate::systems::{Condition, Keys, Rotation, SystemError};
use crate::ui::{Ui, nobody_answers};

/// Refuses terms that make no sense, and a question that nobody could answer.
pub(super) fn check_terms(terms: Terms, settings: &Settings, ui: &Ui) -> Result<()> {
    let now = settings.now()?;
    if terms.grace.is_some_and(|grace| now.plus(grace).is_none()) {
        return Err(Error::usage("The grace ends beyond the year 9998."));
    }
    if terms.asks() && ui.manner().json {
        return Err(nobody_answers(
            "JSON output asks no questions, and rotating a key needs a confirmation.",
        ));
    }
    Ok(())
}

/// Checks that the system can make the new key and retire the old one as asked.
pub(super) fn check_ability(terms: Terms, keys: &dyn Keys) -> std::result::Result<(), SystemError> {
    if keys.facts().rotation != Rotation::AddThenRetire {
        return Err(Condition::Unsupported("rotated").into());
    }
    if terms.expires_in.is_some() || terms.grace.is_some() {
        keys.to_expire()?;
    }
    match terms.grace {
        Some(_) => keys.to_edit().map(drop),
        None => keys.to_switch().map(drop),
    }
}

/// Looks at FILE, which may have changed since `ready`.
pub(super) fn place(
    file: Option<&Path>,
    terms: Terms,
    session: &mut Session,
) -> Result<Option<Destination>> {
    let destination = destination::check(file, terms.force, session.settings())?;
    if let Some(destination) = &destination {
        warn_of_unknown(destination.place(), session);
    }
    Ok(destination)
}

/// Looks at what keeps a key from being rotated, and describes the new one.
pub(super) fn prepare(
    one: &One,
    old: Found,
    mut destination: Option<Destination>,
    now: Timestamp,
    session: &mut Session,
) -> Result<Prepared> {
    checks::refuse(&old, &one.key.to_string(), session)?;
    let old = old.key;
    is_acting(&old.id, session)?;
    if let Some(destination) = &mut destination {
        checks::check_content(destination, &old, session)?;
        for concern in destination.concerns() {
            session.ui.warn(concern);
        }
    }
    let new = successor::describe(&old, one.terms.expires_in, session.service_time()?, session)?;
    let (beside, spared) = (None, Arc::default());
    Ok(Prepared { one: one.clone(), old, new, destination, beside, spared, now })
}

/// Makes the new key, proves it, brings it to its place and retires the old one, in this order.
pub(super) fn carry_out(
    prepared: Prepared,
    session: &mut Session,
) -> std::result::Result<Done, Broken> {
    let retires = prepared.retires();
    let Prepared { one, old, mut new, destination, beside, spared, now } = prepared;
    new.id = session.keys().choose_id();
    let is_by_name = matches!(one.key, KeyRef::Name(_));
    let replaces = Some(Old { retires, key: &old, is_by_name, beside });
    let is_hurried = one.terms.no_wait;
    let (operation, server_value) = (Operation::Rotate, false);
    let plan = Plan { operation, new: &new, now, destination, server_value, replaces, is_hurried };
    let mut run = once::begin(plan, session)?;
    let mut any_purged = false;
    if one.terms.purge {
        // Looked for after the question: somebody may have enabled one again meanwhile.
        let left = checks::phased_out_beside(&old, now, session).map(|mut keys| {
            keys.retain(|key| !spared.contains(&key.id));
            keys
        });
        match left.and_then(|keys| purge(&keys, session)) {
            Ok(any) => any_purged = any,
            Err(error) => {
                run.forget(session);
                return Err(error.into());
            }
        }
    }
    let ended = run.drive(session);
    let ended = ended.and_then(|ended| run.ended(ended, session));
    let ended = ended.map_err(|error| report::failed(error, &run, session));
    ended.map_err(|broken| report::after_purge(broken, any_purged))?;
    Ok(Done { run, is_taken_up: false })
}

/// Finishes the rotation that was interrupted, or begins another where that one was undone.
pub(super) fn take_up(
    one: &One,
    now: Timestamp,
    session: &mut Session,
) -> std::result::Result<Done, Broken> {
    if let Some(run) = finish::finish(one, session)? {
        return Ok(Done { run, is_taken_up: true });
    }
    let destination = place(one.file.as_deref(), one.terms, session)?;
    let old = resolve::one(session, &one.key, Meaning::Current, now)?;
    carry_out(prepare(one, old, destination, now, session)?, session)
}

/// Deletes phased-out keys; tells whether any. Warns of those that cannot be deleted, and goes on.
fn purge(keys: &[ApiKey], session: &mut Session) -> Result<bool> {
    let mut any = false;
    for key in keys {
        let subject = session.subject(&key.id);
        let failed = if key.locked {
            Some(locked(session, &subject, key))
        } else {
            once::wait_before_deletion(&key.id, session)?;
            let failed = session.keys().delete(&key.id).err();
            let failed = failed.filter(|error| error.condition != Condition::NotFound);
            failed.map(|error| session.told(error, &subject))
        };
        match failed {
            None => {
                any = true;
                session.ui.result(&format!("Phased-out key {} was deleted", key.id));
            }
            Some(error) => session.ui.warn(&format!("{} It was not deleted.", error.message)),
        }
    }
    Ok(any)
}
