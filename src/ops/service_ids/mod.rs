//! Service IDs, which own keys as users do: which one is meant, and what is said of them.

use std::fmt::Display;

use crate::error::{Error, ErrorKind, Result};
use crate::model::{Detail, ServiceId, ServiceIdSelection, ServiceRef};
use crate::render::service_ids as render;
use crate::session::{NamedService, Session};
use crate::systems::{Condition, ServiceIds, SystemError};
use crate::text::escape;
use crate::told::{Family, Thing, told};

/// What a service ID is called.
pub const SERVICE_ID: Thing =
    Thing { noun: "service ID", command: "service-id", list_command: "service-ids" };

/// Finds the one service ID that `service` means: by its ID, else by its exact name in every group of the account.
pub fn find(session: &Session, service: &ServiceRef) -> Result<ServiceId> {
    let ids = service_ids(session)?;
    let of = |error| told_of(error, service, SERVICE_ID, session);
    let name = match service {
        ServiceRef::Id(id) => {
            return Ok(ids.get_service_id(id, Detail::default()).map_err(of)?.service_id);
        }
        ServiceRef::Name(name) => name,
    };
    let which = ServiceIdSelection { name: Some(name.clone()), group_id: None };
    let mut found = ids.list_service_ids(&which).map_err(of)?;
    // A selection may return more than was asked for.
    found.retain(|found| *found.name == **name);
    match found.len() {
        0 => Err(of(Condition::NotFound.into())),
        1 => Ok(found.remove(0)),
        _ => Err(ambiguous(session, name, &found)),
    }
}

/// Goes on with the keys of a service ID. The key comes first on the command line, then the service ID.
pub fn enter(service: &ServiceRef, session: &mut Session) -> Result<()> {
    let found = find(session, service).map_err(|error| match service {
        ServiceRef::Name(_) if error.kind == ErrorKind::NotFound => {
            let list = Family::of(session.program(), SERVICE_ID).list();
            error.hint(format!(
                "The key comes first, then the service ID. Run '{list}' to list the service IDs."
            ))
        }
        _ => error,
    })?;
    session.turn_to(Some(NamedService { id: found.id, named: service.to_string() }));
    Ok(())
}

/// Returns the ability to keep service IDs.
fn service_ids<'s>(session: &'s Session) -> Result<&'s dyn ServiceIds> {
    session.keys().to_service_ids().map_err(|error| session.told(error, ""))
}

/// Names one of these in a message: `service ID 'ci'`, escaped.
fn subject(named: impl Display, thing: Thing) -> String {
    format!("{} '{}'", thing.noun, escape(&named.to_string()))
}

/// Words an error about one service ID or group.
fn told_of(error: SystemError, named: impl Display, thing: Thing, session: &Session) -> Error {
    told(error, &subject(named, thing), &Family { thing, service: None, ..session.family() })
}

fn ambiguous(session: &Session, name: &str, candidates: &[ServiceId]) -> Error {
    let list = render::candidates(candidates);
    let count = candidates.len();
    let message =
        format!("{count} service IDs are named '{}'; nothing was changed.\n\n{list}", escape(name));
    Error::new(ErrorKind::Ambiguous, message.trim_end()).hint(format!(
        "Repeat the command with the ID of the one that is meant ('{} service-ids').",
        session.program()
    ))
}
