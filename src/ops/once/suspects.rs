//! Keys of the name that may be the new one, or that others have made.

use super::state::{Run, found};
use crate::error::{ErrorKind, Result};
use crate::model::{ApiKey, ApiKeyId, Detail};
use crate::ops::resolve;
use crate::session::Session;
use crate::systems::Condition;

/// By how many seconds times of the service may be off. It tells them to the minute.
const MOST_OFF: i64 = 10 * 60;

/// Finds the keys that the interrupted command may have made. It had not delivered them, so a key that somebody has used is
/// none of them.
pub(super) fn find(run: &Run, session: &Session) -> Result<Vec<ApiKey>> {
    let mut found = Vec::new();
    for key in unknown(run, session)? {
        let is_own = *key.created_by == *run.begun.maker() && is_timely(&key, run);
        if !is_own {
            continue;
        }
        match session.keys().get(&key.id, Detail { history: false, activity: true }) {
            Ok(details)
                if details.activity.as_ref().is_some_and(|activity| activity.authn_count > 0) => {}
            Ok(details) => found.push(details.key),
            Err(error) if error.condition == Condition::NotFound => {}
            Err(error) => return Err(session.told_of(error, &key.id)),
        }
    }
    Ok(found)
}

/// Finds the keys that others have made and that work.
pub(super) fn rivals(run: &Run, session: &Session) -> Result<Vec<ApiKeyId>> {
    let now = session.service_time()?;
    let rivals = unknown(run, session)?.into_iter().filter(|key| key.works(now));
    Ok(rivals.map(|key| key.id).collect())
}

/// Lists the keys of the name that were not there before, and that no later command has made here.
fn unknown(run: &Run, session: &Session) -> Result<Vec<ApiKey>> {
    let begun = &run.begun;
    let namesakes = match resolve::namesakes(session, &begun.name, session.now()?) {
        Err(error) if error.kind == ErrorKind::NotFound && is_owner_gone(session)? => Vec::new(),
        found => found?,
    };
    let own = run.id();
    let old = begun.retires.as_ref().map(|old| &old.id);
    let known = begun.known_ids.iter().chain(&run.machine.progress.others).chain(old);
    let is_known =
        |id: &ApiKeyId| own.as_ref() == Some(id) || known.clone().any(|known| known == id.as_str());
    Ok(namesakes.into_iter().map(|found| found.key).filter(|key| !is_known(&key.id)).collect())
}

/// Tells whether the keys that are meant are those of a service ID that was deleted. Its keys went with it.
fn is_owner_gone(session: &Session) -> Result<bool> {
    let (Some(service), Some(ids)) = (session.service(), session.keys().service_ids()) else {
        return Ok(false);
    };
    let found = found(ids.get_service_id(&service.id, Detail::default()));
    Ok(found.map_err(|error| session.told_of(error, &service.id))?.is_none())
}

/// Tells whether a key was made while the command ran.
fn is_timely(key: &ApiKey, run: &Run) -> bool {
    let (first, last) = (run.begun.at, run.machine.progress.may_land.unwrap_or(run.begun.at));
    let made = key.created_at.seconds();
    (first.seconds() - MOST_OFF..=last.seconds() + MOST_OFF).contains(&made)
}
