//! Deletes the key of an owner who has one at most. Where a service cannot, a new key is generated that nobody keeps.

use super::{describe, turn_to, user};
use crate::error::{Error, Result};
use crate::model::NewValue;
use crate::object::object;
use crate::ops::{agree, announce, once};
use crate::render::json;
use crate::session::Session;
use crate::systems::{Condition, CreateEffect, SystemError};
use crate::ui::{Ui, nobody_answers};

/// What is asked for.
#[derive(Debug, Default)]
pub struct Request {
    /// The id of the user whose key is meant; `None` for the one who is logged in.
    pub user: Option<String>,
    /// Whether a missing key is no failure.
    pub ignore_missing: bool,
    /// Whether to go on without confirmation.
    pub force: bool,
    /// Whether to do nothing.
    pub dry_run: bool,
}

/// Checks what can be checked before anybody logs in.
pub fn ready(request: Request, ui: &Ui) -> Result<Request> {
    if !request.force && !request.dry_run && ui.manner().json {
        return Err(nobody_answers(
            "JSON output asks no questions, and deleting a key needs a confirmation.",
        ));
    }
    Ok(request)
}

/// Deletes the key.
pub fn run(request: &Request, session: &mut Session) -> Result<()> {
    turn_to(request.user.as_deref(), session);
    let user = user(session);
    announce("Deleting", &session.entity(&user), session);
    let is_replaced = session.facts().create == CreateEffect::ReplacesTheOnlyKey;
    let forgets = is_replaced && !session.keys().lists();
    let id = if forgets {
        String::new()
    } else {
        match once::listed(session)? {
            Some(key) => key.id.to_string(),
            None if request.ignore_missing => {
                report("", &user, "missing", session);
                return Ok(());
            }
            None => return Err(session.told_of(Condition::NotFound.into(), &user)),
        }
    };
    if request.dry_run {
        report(&id, &user, "would be deleted", session);
        return Ok(());
    }
    super::checks::check_settled(&user, session)?;
    if !request.force {
        let subject = session.subject(&user);
        let how = if forgets { ": a new one is generated that nobody keeps" } else { "" };
        agree(&format!("Are you sure you want to delete {subject}{how}?"), session)?;
    }
    let deleted = if forgets { forget(&user, session) } else { remove(&id, session) };
    let outcome = match deleted {
        Ok(()) => "deleted",
        Err(error) if error.condition == Condition::NotFound && request.ignore_missing => "missing",
        Err(error) => return Err(failed(error, forgets, &user, session)),
    };
    report(&id, &user, outcome, session);
    if forgets && session.acting_key()?.is_some() {
        session.ui.warn("The credential in use was that key: log in with the password.");
    }
    Ok(())
}

fn remove(id: &str, session: &Session) -> std::result::Result<(), SystemError> {
    session.keys().delete(&crate::model::ApiKeyId::new(id))
}

/// Has a key generated whose value is dropped at once.
fn forget(user: &str, session: &Session) -> std::result::Result<(), SystemError> {
    let new = describe(user, session);
    session.keys().create(&new, NewValue::ServiceChooses, &mut |_| true).map(drop)
}

fn failed(error: SystemError, forgets: bool, user: &str, session: &Session) -> Error {
    let is_unknown = matches!(error.condition, Condition::OutcomeUnknown(_));
    let told = session.told_of(error, user);
    if forgets && is_unknown {
        return told.hint("Repeat the command: what is generated again harms nothing.");
    }
    told
}

pub(super) fn report(id: &str, user: &str, outcome: &str, session: &mut Session) {
    if session.ui.manner().json {
        let item = object().with("id", id).with("name", user).with("outcome", outcome);
        session.ui.data(|out| json::document(out, &[item]));
        return;
    }
    let subject = session.entity(user);
    match outcome {
        "deleted" => {
            session.ui.ok();
            session.ui.result(&format!("{} was deleted", crate::text::capitalised(&subject)));
        }
        "missing" => {
            session.ui.ok();
            session.ui.result(&format!("{} was not found", crate::text::capitalised(&subject)));
        }
        _ => session.ui.result(&format!("Dry run: {subject} would be deleted")),
    }
}
