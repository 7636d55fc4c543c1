//! Changes a service ID, unless somebody else changed it meanwhile.

use super::{SERVICE_ID, conflict, entity, find, locked, service_ids, subject, told_of};
use crate::error::{Error, Result};
use crate::model::{Detail, EntityTag, ServiceChoice, ServiceId, ServiceIdChanges, ServiceRef};
use crate::ops::announce;
use crate::render::service_ids as render;
use crate::session::Session;
use crate::systems::Condition;
use crate::text::capitalised;

/// What is asked for.
#[derive(Debug)]
pub struct Request {
    /// Which service ID.
    pub service_id: ServiceChoice,
    /// The new name.
    pub name: Option<String>,
    /// The new description; an empty one clears it.
    pub description: Option<String>,
    /// The version that it must be at; the one that is read when absent.
    pub version: Option<EntityTag>,
    /// Whether only to show what would be done.
    pub dry_run: bool,
}

/// Refuses an update that changes nothing, before anybody logs in.
pub fn ready(request: Request, program: &str) -> Result<Request> {
    if request.name.is_some() || request.description.is_some() {
        return Ok(request);
    }
    Err(nothing_to_change(program, SERVICE_ID.command))
}

pub(super) fn nothing_to_change(program: &str, command: &str) -> Error {
    Error::usage("There is nothing to change.").hint(format!(
        "Give a change, such as '--name NEW': see '{program} {command}-update --help'."
    ))
}

/// Changes a service ID.
pub fn run(request: Request, session: &mut Session) -> Result<()> {
    let Request { service_id, name, description, version, dry_run } = request;
    let changes = ServiceIdChanges { name, description, unique_instance_crns: None };
    let entity = entity(&service_id.named, SERVICE_ID, session);
    announce("Updating", &entity, session);
    let found = find(session, &service_id)?;
    let named = service_id.named;
    if found.locked {
        return Err(locked(&subject(&named, SERVICE_ID), &found, session));
    }
    let tag = version.unwrap_or_else(|| found.entity_tag.clone());
    let after = if dry_run {
        let ServiceIdChanges { name, description, .. } = &changes;
        let checked = session.keys().check_texts(name.as_deref(), description.as_deref());
        checked.map_err(|error| told_of(error, &named, SERVICE_ID, session))?;
        let mut after = found;
        changes.apply(&mut after);
        after
    } else {
        update(&found, &tag, &changes, &named, session)?
    };
    let ui = &mut *session.ui;
    if ui.manner().json {
        ui.data(|out| render::json_one(out, &after));
        return Ok(());
    }
    if dry_run {
        ui.result(&format!("Dry run: {entity} would be updated"));
        return Ok(());
    }
    ui.ok();
    ui.result(&format!("{} was updated", capitalised(&entity)));
    Ok(())
}

fn update(
    seen: &ServiceId,
    tag: &EntityTag,
    changes: &ServiceIdChanges,
    named: &ServiceRef,
    session: &Session,
) -> Result<ServiceId> {
    let ids = service_ids(session)?;
    let of = |error| told_of(error, named, SERVICE_ID, session);
    match ids.update_service_id(&seen.id, tag, changes) {
        Ok(after) => Ok(after),
        // The service ID as it is now tells what the conflict is about.
        Err(error) if matches!(error.condition, Condition::Conflict | Condition::Locked) => {
            let now = ids.get_service_id(&seen.id, Detail::default()).map_err(of)?.service_id;
            if changes.already_in(&now) {
                return Ok(now);
            }
            let subject = subject(named, SERVICE_ID);
            if now.locked {
                return Err(locked(&subject, &now, session));
            }
            Err(conflict(error, &subject, seen, tag, &now, session))
        }
        Err(error) => Err(of(error)),
    }
}
