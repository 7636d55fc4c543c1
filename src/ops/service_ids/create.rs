//! Makes a service ID.

use super::{SERVICE_ID, announce_as, entity, family, group_id, service_ids, subject, told_of};
use crate::error::{Error, Result};
use crate::model::{GroupRef, NewServiceId};
use crate::render::service_ids as render;
use crate::session::Session;
use crate::systems::{Condition, SystemError};
use crate::text::{capitalised, shell_word};

/// What is asked for.
#[derive(Debug)]
pub struct Request {
    /// The name, not empty.
    pub name: String,
    /// The description, empty for none.
    pub description: String,
    /// Whether it is locked from the first instant.
    pub lock: bool,
    /// The group; the default group of the account when absent.
    pub group: Option<GroupRef>,
    /// Whether to do nothing.
    pub dry_run: bool,
}

/// Makes a service ID.
pub fn run(request: Request, session: &mut Session) -> Result<()> {
    let Request { name, description, lock, group, dry_run } = request;
    let entity = entity(&name, SERVICE_ID, session);
    announce_as("Creating", &format!("{entity} bound to current account"), session);
    service_ids(session)?;
    let checked = session.keys().check_texts(Some(&name), Some(&description));
    checked.map_err(|error| told_of(error, &name, SERVICE_ID, session))?;
    let group_id = group_id(session, group.as_ref())?;
    let new = NewServiceId { name, description, locked: lock, group_id, ..NewServiceId::default() };
    if dry_run {
        let account = session.identity().account_id.clone();
        if session.ui.manner().json {
            session.ui.data(|out| render::json_planned(out, &new, &account));
        }
        session.ui.result(&format!("Dry run: {entity} would be created"));
        return Ok(());
    }
    let made = service_ids(session)?.create_service_id(&new);
    let made = made.map_err(|error| not_made(error, &new.name, session))?;
    let ui = &mut *session.ui;
    if ui.manner().json {
        ui.data(|out| render::json_one(out, &made));
        return Ok(());
    }
    ui.ok();
    ui.result(&format!("{} is created successfully", capitalised(&entity)));
    let text = render::created(&made, ui.manner().colour.0);
    ui.data(|out| out.write_all(text.as_bytes()));
    Ok(())
}

fn not_made(error: SystemError, name: &str, session: &Session) -> Error {
    let is_unknown = matches!(error.condition, Condition::OutcomeUnknown(_));
    let is_full = matches!(error.condition, Condition::LimitReached { .. });
    let told = told_of(error, name, SERVICE_ID, session);
    if is_full {
        let message = "The group has as many service IDs as allowed.".to_owned();
        return Error { message, ..told };
    }
    if !is_unknown {
        return told;
    }
    told.hint(format!(
        "Look whether {} is there, then repeat the command if it is not: '{} --name {}'.",
        subject(name, SERVICE_ID),
        family(SERVICE_ID, session).list(),
        shell_word(name)
    ))
}
