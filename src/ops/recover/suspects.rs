//! The keys that an interrupted command may have made, where its value does not tell.

use std::thread;
use std::time::Duration;

use super::verdict::Request;
use crate::error::Result;
use crate::journal::Orphan;
use crate::model::{Activity, ApiKey, ApiKeyId, Detail, Scope, Selection};
use crate::session::Session;
use crate::systems::Condition;

/// No request is in doubt for longer: twice the longest time-out there can be.
const MOST_SECONDS_OF_DOUBT: u64 = 2 * 3_600;
/// By how many seconds the service's clock may differ from ours. It tells times to the minute.
const MOST_SKEW: i64 = 10 * 60;

/// Waits until the service can create the key no more. A dry run does not wait: returns whether it is certain.
pub(super) fn wait_for_certainty(
    orphan: &Orphan,
    request: Request,
    session: &mut Session,
) -> Result<bool> {
    let until = orphan.in_doubt_until.unwrap_or_default();
    let left = until.seconds() - session.now()?.seconds();
    let Ok(left @ 1..) = u64::try_from(left) else { return Ok(true) };
    if request.dry_run {
        return Ok(false);
    }
    // A clock that was set back must not make anybody wait for days.
    let left = left.min(MOST_SECONDS_OF_DOUBT);
    let what = session.entity(&orphan.begun.name);
    session
        .ui
        .progress(&format!("Waiting {left} s: until then the service may still create {what}..."));
    thread::sleep(Duration::from_secs(left));
    Ok(true)
}

/// A key that the interrupted command may have made.
pub(super) struct Suspect {
    pub(super) key: ApiKey,
    /// Whether somebody has used its value, and so holds it.
    pub(super) is_used: bool,
    /// Whether it was made while the command ran, as far as two clocks agree.
    pub(super) is_timely: bool,
}

/// Finds the keys that the interrupted command may have made; `None` where the service may still make one.
pub(super) fn suspects(
    orphan: &Orphan,
    request: Request,
    session: &mut Session,
) -> Result<Option<Vec<Suspect>>> {
    let mut found = suspects_now(orphan, session)?;
    if found.is_empty() {
        if !wait_for_certainty(orphan, request, session)? {
            return Ok(None);
        }
        found = suspects_now(orphan, session)?;
    }
    Ok(Some(found))
}

fn suspects_now(orphan: &Orphan, session: &Session) -> Result<Vec<Suspect>> {
    let keys = session.keys();
    let was_sent = orphan.in_doubt_until.is_some() || keys.place().is_here();
    let known = orphan.delivering.as_ref().or(orphan.made.as_ref()).or(orphan.begun.id.as_ref());
    let ids = match known {
        Some(id) => vec![ApiKeyId::new(id.as_str())],
        None if was_sent => likely(orphan, session)?,
        None => Vec::new(),
    };
    let mut found = Vec::new();
    for id in ids {
        let details = match keys.get(&id, Detail { history: false, activity: true }) {
            Ok(details) => details,
            Err(error) if error.condition == Condition::NotFound => continue,
            Err(error) => return Err(session.told_of(error, &id)),
        };
        // Before the value of a rotation's key is handed over, only the rotation itself has used it, as a proof.
        let is_ours = orphan.made.is_some() && orphan.delivering.is_none();
        let is_used = !is_ours && Activity::may_be_used(details.activity.as_ref());
        let is_timely = known.is_some() || is_timely(&details.key, orphan);
        found.push(Suspect { key: details.key, is_used, is_timely });
    }
    Ok(found)
}

/// Lists the ids of keys of the name and creator that were not there before.
fn likely(orphan: &Orphan, session: &Session) -> Result<Vec<ApiKeyId>> {
    let begun = &orphan.begun;
    let scope = Scope::Of(session.identity().owner());
    let listed = session.keys().list(&scope, &Selection::Named(begun.name.clone()));
    let keys = listed
        .map_err(|error| session.told(error, &format!("The list of {}s", session.facts().noun)))?;
    let not_it = begun.known_ids.iter().chain(&orphan.others);
    let is_likely = |key: &ApiKey| {
        *key.name == *begun.name
            && *key.created_by == *begun.iam_id
            && !not_it.clone().any(|other| other == key.id.as_str())
    };
    Ok(keys.into_iter().filter(is_likely).map(|key| key.id).collect())
}

/// Tells whether a key was made while the command ran. One that a later command made may be held by somebody.
fn is_timely(key: &ApiKey, orphan: &Orphan) -> bool {
    let last = orphan.in_doubt_until.unwrap_or(orphan.begun.at);
    let made = key.created_at.seconds();
    (orphan.begun.at.seconds() - MOST_SKEW..=last.seconds() + MOST_SKEW).contains(&made)
}
