//! Making a key, in steps that survive a kill at any instant.
//!
//! First a journal entry is synced; with FILE, the value is synced beside it; then the key is made. The value goes to
//! its place (`handover`), and the entry is removed. After a kill, `recover` completes or undoes what was begun. A value
//! that the service chooses is known only from its answer: if that is lost, `recover` finds the key and deletes it.

use std::fmt::Display;
use std::io;
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use crate::journal::{self, Begun, Entry, Journal, Operation, Retires, Step};
use crate::model::{ApiKey, Detail, NewApiKey, NewValue, Timestamp};
use crate::ops::handover::{Made, close, journal_failed};
use crate::ops::{conflict, locked, resolve};
use crate::private_file::{Destination, pending_path};
use crate::render::key_file;
use crate::secret::Secret;
use crate::session::Session;
use crate::systems::{Condition, LostAnswer, SystemError};
use crate::ui::interrupt;

/// A key to make.
pub(super) struct Plan<'a> {
    pub(super) new: &'a NewApiKey,
    /// When the command began.
    pub(super) now: Timestamp,
    /// FILE; `None` to print the value.
    pub(super) destination: Option<Destination>,
    /// Whether the service chooses the value.
    pub(super) server_value: bool,
    /// In a rotation, the old key as it was when the user agreed.
    pub(super) retires: Option<(Retires, &'a ApiKey)>,
}

/// Notes what is begun, and makes the key. After an error nothing was made and nothing is left, unless the error names
/// `recover`.
pub(super) fn make(plan: Plan<'_>, session: &Session) -> Result<Made> {
    let (new, is_rotation) = (plan.new, plan.retires.is_some());
    let value = if plan.server_value {
        None
    } else {
        Some(Secret::choose_api_key().map_err(no_randomness)?)
    };
    let mut entry = begin(&plan, value.as_ref(), session)?;
    let pending = match plan.destination {
        Some(destination) => {
            let copy = pending_path(destination.place(), entry.tag());
            let room = key_file::room_for(&new.name, &new.description);
            match destination.begin(copy.clone(), value.as_ref(), room) {
                Ok(pending) => Some(pending),
                Err(error) => {
                    // While the copy is there, `recover` needs the entry to find it.
                    if !copy.exists() {
                        close(entry, session);
                    }
                    return Err(error.into());
                }
            }
        }
        None => None,
    };
    match attempt(new, value, &mut entry, session) {
        Ok((key, value, is_chosen_here)) => Ok(Made { key, value, entry, pending, is_chosen_here }),
        Err((error, _)) if matches!(error.condition, Condition::OutcomeUnknown(_)) => {
            let told = session.told_of(error, &new.name);
            Err(told.hint(format!("Run '{} recover' to find out.", session.program())))
        }
        Err((error, unnoted)) => {
            // While the copy is there, `recover` needs the entry to find it.
            if pending.is_none_or(|pending| pending.discard().is_ok()) {
                close(entry, session);
            }
            Err(match unnoted {
                Some(error) => journal_failed(&error, session),
                None => refused(error, is_rotation, &new.name, session),
            })
        }
    }
}

/// Writes the journal entry.
fn begin(plan: &Plan<'_>, value: Option<&Secret>, session: &Session) -> Result<Entry> {
    let Plan { new, destination, .. } = plan;
    let (keys, identity) = (session.keys(), session.identity());
    let place = keys.place();
    let (value_hash, salt) = value.map(Journal::hash).transpose().map_err(no_randomness)?.unzip();
    // If the answer is lost, the new key is none of these. Its id, or a copy of its value, says more.
    let can_look_up = keys.facts().lost_answer == LostAnswer::LookUpByValue;
    let known_ids = if new.id.is_some() || can_look_up && destination.is_some() && value.is_some() {
        Vec::new()
    } else {
        let namesakes = resolve::namesakes(session, &new.name, plan.now)?;
        namesakes.iter().map(|found| found.key.id.to_string()).collect()
    };
    let is_rotation = plan.retires.is_some();
    let begun = Begun {
        version: journal::VERSION,
        operation: if is_rotation { Operation::ApiKeyRotate } else { Operation::ApiKeyCreate },
        name: new.name.clone(),
        id: new.id.as_ref().map(ToString::to_string),
        backend: place.kind,
        endpoint: place.endpoint,
        account_id: identity.account_id.to_string(),
        iam_id: identity.iam_id.to_string(),
        at: plan.now,
        file: destination.as_ref().map(|file| file.place().to_owned()),
        replaces: destination.as_ref().and_then(|file| file.replaces.clone()),
        value_hash,
        salt: salt.unwrap_or_default(),
        known_ids,
        retires: plan.retires.as_ref().map(|(retires, _)| retires.clone()),
    };
    let journal = session.journal()?;
    let entry = journal.begin(&begun).map_err(|error| journal_failed(&error, session))?;
    if let Some((retires, old)) = &plan.retires
        && let Err(error) = check_unchanged(retires, old, &entry, &journal, session)
    {
        close(entry, session);
        return Err(error);
    }
    let words = format!("Run '{} recover' to finish or undo what was begun.", session.program());
    interrupt::watch(session.ui.manner(), Some(words));
    Ok(entry)
}

/// Makes sure that nobody else is rotating the key or has changed it. Others see the entry by now.
fn check_unchanged(
    retires: &Retires,
    old: &ApiKey,
    entry: &Entry,
    journal: &Journal,
    session: &Session,
) -> Result<()> {
    let subject = session.subject(&old.name);
    let is_same = |other: &Begun| other.retires.as_ref().is_some_and(|its| its.id == retires.id);
    if journal.is_rivalled(entry, is_same) {
        let message = format!("{subject} is being rotated by another process.");
        return Err(Error::new(ErrorKind::Conflict, message)
            .hint("Nothing was changed; look at the keys when it has ended."));
    }
    let now = session.keys().get(&old.id, Detail::default());
    let now = now.map_err(|error| session.told(error, &subject))?.key;
    if now.locked {
        return Err(locked(session, &subject, &now));
    }
    if now.entity_tag != old.entity_tag {
        return Err(conflict(session, Condition::Conflict.into(), &subject, old, &now));
    }
    Ok(())
}

/// Has the key made, and notes each attempt whose answer can be lost. Returns the key, its value, and whether that was
/// chosen here; or the error, and why an attempt could not be noted.
fn attempt(
    new: &NewApiKey,
    value: Option<Secret>,
    entry: &mut Entry,
    session: &Session,
) -> std::result::Result<(ApiKey, Secret, bool), (SystemError, Option<io::Error>)> {
    let mut unnoted = None;
    let mut note = |doubt: Duration| {
        // Times have whole seconds: one for the second that has begun, one for the part of `doubt` that is cut off.
        let doubt = Duration::from_secs(doubt.as_secs() + 2);
        let until = session.now().ok().and_then(|now| now.plus(doubt)).unwrap_or_default();
        entry.reach(&Step::Sending { until }).map_err(|error| unnoted = Some(error)).is_ok()
    };
    let chosen = value.as_ref().map_or(NewValue::ServiceChooses, NewValue::Chosen);
    match session.keys().create(new, chosen, &mut note) {
        Ok(created) => match (created.value, value) {
            (Some(told), _) => Ok((created.key, told, false)),
            (None, Some(chosen)) => Ok((created.key, chosen, true)),
            (None, None) => {
                let why = "the service told no value".to_owned();
                Err((Condition::OutcomeUnknown(why).into(), None))
            }
        },
        Err(error) => Err((error, unnoted)),
    }
}

/// Says why the service made no key, and what to do about it.
fn refused(error: SystemError, is_rotation: bool, name: &str, session: &Session) -> Error {
    let is_forbidden = error.condition == Condition::Forbidden;
    let is_invalid = matches!(error.condition, Condition::Invalid(_));
    let told = session.told_of(error, name);
    let is_value = || told.message.to_ascii_lowercase().contains("apikey");
    if is_forbidden && session.identity().iam_id.starts_with("iam-Profile-") {
        told.hint(
            "A session of a trusted profile cannot create API keys for a user: log in as the user.",
        )
    } else if is_forbidden {
        told.hint(
            "The account may restrict the creation of API keys; then the role UserApiKeyCreator on the IAM Identity service is needed.",
        )
    } else if is_invalid && !is_rotation && is_value() {
        told.hint(
            "If the service takes no values that were chosen elsewhere, repeat the command with '--server-value'.",
        )
    } else {
        told
    }
}

fn no_randomness(error: impl Display) -> Error {
    Error::new(ErrorKind::Failure, format!("The operating system gave no random bytes: {error}."))
}
