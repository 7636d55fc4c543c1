//! What is shown of a service ID before it is deleted: its keys, their use, and what ends with it.

use super::{SERVICE_ID, subject, told_of};
use crate::error::{Error, Result};
use crate::model::{ApiKey, Scope, Selection, ServiceId, Timestamp, managed};
use crate::ops::{counted, facts};
use crate::session::Session;
use crate::systems::Condition;
use crate::text::{capitalised, escape};

/// Lists the keys of a service ID.
pub(super) fn keys_of(service_id: &ServiceId, session: &Session) -> Result<Vec<ApiKey>> {
    let keys = session.keys().list(&Scope::Of(service_id.owner()), &Selection::All);
    keys.map_err(|error| told_of(error, &service_id.name, SERVICE_ID, session))
}

/// Makes the error for a locked key, which keeps its service ID from being deleted; `None` where no key is locked.
pub(super) fn locked_key(
    service_id: &ServiceId,
    keys: &[ApiKey],
    session: &Session,
) -> Option<Error> {
    let key = keys.iter().find(|key| key.locked)?;
    let of = format!("{} of {}", session.subject(&key.name), subject(&service_id.name, SERVICE_ID));
    let told = session.told(Condition::Locked.into(), &of);
    let family = session.family().of_service(service_id.id.clone());
    Some(told.hint(format!("Unlock it with '{}'.", family.on("unlock", key.id.in_command()))))
}

/// Describes a service ID that is about to be deleted: on standard output where a question follows, else on standard error.
pub(super) fn tell(
    service_id: &ServiceId,
    keys: &[ApiKey],
    asks: bool,
    now: Timestamp,
    session: &mut Session,
) {
    let noun = session.facts().noun;
    let has = match keys.len() as u64 {
        0 => format!("no {noun}s"),
        count => counted(count, noun),
    };
    let what = capitalised(&format!("{} '{}'", SERVICE_ID.noun, escape(&service_id.name)));
    let mut line = format!(
        "{what} ({}): created {}, {has}. Its access policies go with it, and tokens of its keys stop working at once.",
        service_id.id,
        service_id.created_at.to_wire()
    );
    if let Some(words) = managed(&service_id.name) {
        line.push(' ');
        line.push_str(words);
    }
    if asks {
        session.ui.result(&line);
    } else {
        session.ui.warn(&line);
    }
    facts::tell(&keys.iter().collect::<Vec<_>>(), asks, now, session);
}
