//! `api-key-rotate`: a new key in the place of an old one, in steps that can be resumed after a kill at any instant.
//!
//! The new key is made as by `api-key-create`; a login proves that it works; its value goes to its place; only then is
//! the old key disabled, or given an end. So somebody holds a key that works at every instant. What an interrupted
//! rotation has left is finished first, so that the same command again makes no third key.

mod checks;
mod finish;
mod report;
mod request;
mod successor;

pub use self::request::Request;
use crate::error::{Error, Result};
use crate::journal::{Operation, Retires};
use crate::model::{ApiKey, KeyRef};
use crate::ops::once::{self, Old, Plan, Retired, is_acting};
use crate::ops::recover::warn_of_unknown;
use crate::ops::resolve::{self, Meaning};
use crate::ops::{agree, announce, destination, facts, locked};
use crate::session::Session;
use crate::settings::Settings;
use crate::systems::{Condition, Keys, Rotation, SystemError};
use crate::ui::{Ui, nobody_answers};

/// A request that passed the checks that need no login.
#[derive(Debug)]
pub struct Ready {
    request: Request,
    /// Whether an interrupted rotation of the key is in the journal.
    has_begun: bool,
}

/// Checks what can be checked before anybody logs in.
pub fn ready(request: Request, settings: &Settings, ui: &Ui) -> Result<Ready> {
    let has_place = request.file.is_some() || ui.manner().json || request.dry_run;
    if !has_place && !ui.can_ask() {
        return Err(Error::usage("Without a terminal it must be said where the new value goes.")
            .hint("Say '--file FILE' or '--output json'."));
    }
    if request.file.is_none() && !request.dry_run && Ui::output_goes_nowhere() {
        let message =
            "Standard output goes nowhere, so nobody would have the value of the new key.";
        return Err(Error::usage(message).hint("Say '--file FILE', or read standard output."));
    }
    let now = settings.now()?;
    if request.grace.is_some_and(|grace| now.plus(grace).is_none()) {
        return Err(Error::usage("The grace ends beyond the year 9998."));
    }
    if request.asks() && ui.manner().json {
        return Err(nobody_answers(
            "JSON output asks no questions, and rotating a key needs a confirmation.",
        ));
    }
    let has_begun = !request.dry_run && finish::has_rotation(&request.key, settings);
    // FILE may already hold the new key of the rotation that was interrupted.
    if !has_begun {
        destination::check(request.file.as_deref(), request.force, settings)?;
    }
    Ok(Ready { request, has_begun })
}

/// Checks that the system can make the new key and retire the old one as asked.
fn check_ability(request: &Request, keys: &dyn Keys) -> std::result::Result<(), SystemError> {
    if keys.facts().rotation != Rotation::AddThenRetire {
        return Err(Condition::Unsupported("rotated").into());
    }
    if request.expires_in.is_some() || request.grace.is_some() {
        keys.to_expire()?;
    }
    match request.grace {
        Some(_) => keys.to_edit().map(drop),
        None => keys.to_switch().map(drop),
    }
}

/// Runs `api-key-rotate`.
pub fn run(ready: &Ready, session: &mut Session) -> Result<()> {
    let Ready { request, has_begun } = ready;
    check_ability(request, session.keys()).map_err(|error| session.told_of(error, &request.key))?;
    let now = session.now()?;
    let asks = request.asks();
    let file = request.file.as_deref();
    let label = request.key.to_string();
    announce("Rotating", &session.entity(&label), session);
    if *has_begun {
        if asks {
            let question =
                format!("A rotation of {} was interrupted. Finish it?", session.subject(&label));
            agree(&question, session)?;
        }
        if let Some(finished) = finish::finish(request, session)? {
            return report::say_finished(&finished, request, now, session);
        }
    }
    // FILE may have changed since `ready`.
    let mut destination = destination::check(file, request.force, session.settings())?;
    if let Some(destination) = &destination {
        warn_of_unknown(destination.place(), session);
    }
    let old = resolve::one(session, &request.key, Meaning::Current, now)?;
    checks::refuse(&old, &label, session)?;
    let old = old.key;
    is_acting(&old.id, session)?;
    if let Some(destination) = &mut destination {
        checks::check_content(destination, &old, session)?;
        for concern in destination.concerns() {
            session.ui.warn(concern);
        }
    }
    let mut new = successor::describe(&old, request.expires_in, session.service_time()?, session)?;
    checks::check_room(&new, &old, request.purge, now, session)?;
    let retires =
        Retires { id: old.id.to_string(), grace: request.grace.map(|grace| grace.as_secs()) };
    if request.dry_run {
        let purged =
            if request.purge { checks::phased_out_beside(&old, now, session)? } else { Vec::new() };
        report::dry_run(&old, &new, &retires, &purged, file, now, session);
        return Ok(());
    }
    let any_tokens = facts::tell(&[&old], asks, now, session);
    if asks {
        agree(&format!("Are you sure you want to rotate {}?", session.subject(&label)), session)?;
    }
    new.id = session.keys().choose_id();
    let is_by_name = matches!(request.key, KeyRef::Name(_));
    let replaces = Some(Old { retires, key: &old, is_by_name });
    let is_hurried = request.no_wait;
    let (operation, server_value) = (Operation::Rotate, false);
    let plan = Plan { operation, new: &new, now, destination, server_value, replaces, is_hurried };
    carry_out(plan, request, any_tokens, session)
}

/// Makes the new key, proves it, brings it to its place and retires the old one, in this order.
fn carry_out(
    plan: Plan<'_>,
    request: &Request,
    any_tokens: bool,
    session: &mut Session,
) -> Result<()> {
    let now = plan.now;
    let Some(old) = plan.replaces.clone() else { return Ok(()) };
    let mut run = once::begin(plan, session)?;
    let mut any_purged = false;
    if request.purge {
        // Looked for after the question: somebody may have enabled one again meanwhile.
        let left = checks::phased_out_beside(old.key, now, session);
        match left.and_then(|keys| purge(&keys, session)) {
            Ok(any) => any_purged = any,
            Err(error) => {
                run.forget(session);
                return Err(error);
            }
        }
    }
    let ended = run.drive(session);
    let ended = ended.and_then(|ended| run.ended(ended, session));
    let ended = ended.map_err(|error| report::failed(error, &run, session));
    let key = ended.map_err(|error| report::after_purge(error, any_purged))?;
    if request.file.is_some() {
        once::say_done(&key, Operation::Rotate, request.file.as_deref(), now, session);
    }
    if !session.ui.manner().json {
        let Some(retirement) = run.retirement else { return Ok(()) };
        report::say_retired(&old.retires.id, retirement, session);
        if any_tokens && retirement.became == Retired::Disabled {
            facts::warn_of_tokens(session);
        }
        if key.expires_at.is_some() || request.grace.is_some() {
            once::warn_of_clock(session);
        }
    }
    run.check_alone(session)
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
