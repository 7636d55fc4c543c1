//! Service IDs, which own keys as users do: which one is meant, and what is said of them.

pub mod act;
pub mod create;
mod facts;
pub mod groups;
pub mod list;
pub mod show;
pub mod update;

use std::fmt::Display;

use crate::error::{Error, ErrorKind, Result};
use crate::model::{
    Detail, EntityTag, GroupId, GroupRef, ServiceChoice, ServiceId, ServiceIdGroup,
    ServiceIdSelection, ServiceRef,
};
use crate::ops::resolve::alike;
use crate::ops::{conflict_in, error_sheet};
use crate::render::service_ids as render;
use crate::session::{NamedService, Session};
use crate::systems::{Condition, ServiceIds, SystemError};
use crate::text::escape;
use crate::told::{Family, Thing, told};

/// What a service ID is called.
pub const SERVICE_ID: Thing = Thing {
    noun: "service ID",
    command: "service-id",
    list_command: "service-ids",
    has_names: true,
};

/// What a group of service IDs is called.
pub const GROUP: Thing = Thing {
    noun: "service ID group",
    command: "service-id-group",
    list_command: "service-id-groups",
    has_names: true,
};

/// Finds the one service ID that `choice` means: by its ID, else by its exact name in a group, or in every
/// group of the account.
pub fn find(session: &Session, choice: &ServiceChoice) -> Result<ServiceId> {
    let ServiceChoice { named: service, group } = choice;
    let ids = service_ids(session)?;
    let of = |error| told_of(error, service, SERVICE_ID, session);
    let name = match service {
        ServiceRef::Id(id) => {
            return Ok(ids.get_service_id(id, Detail::default()).map_err(of)?.service_id);
        }
        ServiceRef::Name(name) => name,
    };
    let which = ServiceIdSelection {
        name: Some(name.clone()),
        group_id: group_id(session, group.as_ref())?,
    };
    let listed = ids.list_service_ids(&which);
    let mut found = listed.map_err(|error| {
        let told = of(error);
        match session.identity().owner().service_id() {
            // It may see itself, by its ID.
            Some(own) if told.kind == ErrorKind::NotPermitted => told.hint(format!(
                "A service ID may not look names up. If it is meant itself, say {own}."
            )),
            _ => told,
        }
    })?;
    // A selection may return more than was asked for.
    found.retain(|found| *found.name == **name);
    match found.len() {
        0 => Err(alike(of(Condition::NotFound.into()), name, || {
            let listed = ids.list_service_ids(&ServiceIdSelection { name: None, ..which });
            listed.unwrap_or_default().into_iter().map(|found| found.name.to_string()).collect()
        })),
        1 => Ok(found.remove(0)),
        _ => Err(ambiguous(session, name, &found)),
    }
}

/// Goes on with the keys of a service ID.
pub fn enter(service: &ServiceChoice, session: &mut Session) -> Result<()> {
    let found = find(session, service)?;
    session.turn_to(Some(NamedService { id: found.id, named: service.named.to_string() }));
    Ok(())
}

/// Goes on with the keys of a service ID that comes behind a key on the command line, and says so where there is no such one.
pub fn enter_behind_key(service: &ServiceChoice, session: &mut Session) -> Result<()> {
    enter(service, session).map_err(|error| match service.named {
        ServiceRef::Name(_) if error.kind == ErrorKind::NotFound => {
            let list = family(SERVICE_ID, session).list();
            error.hint(format!(
                "The key comes first, then the service ID. Run '{list}' to list the service IDs."
            ))
        }
        _ => error,
    })
}

/// Returns the ability to keep service IDs.
fn service_ids<'s>(session: &'s Session) -> Result<&'s dyn ServiceIds> {
    session.keys().to_service_ids().map_err(|error| session.told(error, ""))
}

/// Finds a group by its ID, or by its name, which is unique.
fn find_group(session: &Session, group: &GroupRef) -> Result<ServiceIdGroup> {
    let of = |error| told_of(error, group, GROUP, session);
    let mut groups = service_ids(session)?.list_groups().map_err(of)?;
    let is_meant = |found: &ServiceIdGroup| match group {
        GroupRef::Id(id) => found.id == *id,
        GroupRef::Name(name) => *found.name == **name,
    };
    match groups.iter().position(is_meant) {
        Some(at) => Ok(groups.swap_remove(at)),
        None => Err(alike(of(Condition::NotFound.into()), &group.to_string(), || {
            groups.into_iter().map(|found| found.name.to_string()).collect()
        })),
    }
}

/// Returns the ID of a group that was named.
fn group_id(session: &Session, group: Option<&GroupRef>) -> Result<Option<GroupId>> {
    match group {
        None => Ok(None),
        Some(GroupRef::Id(id)) => Ok(Some(id.clone())),
        Some(group) => find_group(session, group).map(|found| Some(found.id)),
    }
}

/// Names one of these in progress and results: `service ID ci`, escaped and in colour.
fn entity(named: impl Display, thing: Thing, session: &Session) -> String {
    format!("{} {}", thing.noun, session.ui.entity(&named.to_string()))
}

/// Prints what is being done in the words of the official CLI for service IDs, without the account.
fn announce_as(doing: &str, what: &str, session: &mut Session) {
    let line = format!("{doing} {what} as {}...", escape(&session.identity().user));
    session.ui.progress(&line);
}

/// Makes the error for a locked service ID; its hint is the command that unlocks it.
fn locked(subject: &str, service_id: &ServiceId, session: &Session) -> Error {
    let family = family(SERVICE_ID, session);
    let unlock = family.on("unlock", service_id.id.in_command());
    told(Condition::Locked.into(), subject, &family).hint(format!("Unlock it with '{unlock}'."))
}

/// Words a conflict: it names the fields that changed since the service ID was `seen`, if any. `tag` is the version that
/// was asked for.
fn conflict(
    error: SystemError,
    subject: &str,
    seen: &ServiceId,
    tag: &EntityTag,
    now: &ServiceId,
    session: &Session,
) -> Error {
    let fields = [
        ("name", seen.name != now.name),
        ("description", seen.description != now.description),
        ("locked", seen.locked != now.locked),
        ("entity tag", *tag != now.entity_tag),
    ];
    let family = family(SERVICE_ID, session);
    conflict_in(&fields, error, subject, &|error| told(error, subject, &family))
}

/// Returns the commands on these.
fn family<'s>(thing: Thing, session: &'s Session) -> Family<'s> {
    Family { thing, service: None, ..session.family() }
}

/// Names one of these in a message: `service ID 'ci'`, escaped.
fn subject(named: impl Display, thing: Thing) -> String {
    format!("{} '{}'", thing.noun, escape(&named.to_string()))
}

/// Words an error about one service ID or group.
fn told_of(error: SystemError, named: impl Display, thing: Thing, session: &Session) -> Error {
    told(error, &subject(named, thing), &family(thing, session))
}

fn ambiguous(session: &Session, name: &str, candidates: &[ServiceId]) -> Error {
    let list = render::candidates(candidates, error_sheet(session.ui));
    let count = candidates.len();
    let message =
        format!("{count} service IDs are named '{}'; nothing was changed.\n\n{list}", escape(name));
    Error::new(ErrorKind::Ambiguous, message.trim_end()).hint(format!(
        "Repeat the command with the ID of the one that is meant ('{}').",
        family(SERVICE_ID, session).list()
    ))
}
