//! Doing something to one key, and judging what came of it.

use super::verb::{Became, Item, Mode, Verb};
use crate::error::Result;
use crate::model::{ApiKey, ApiKeyId, Detail};
use crate::ops::{conflict, locked};
use crate::session::Session;
use crate::systems::{Condition, Keys, SystemError};

/// What came of doing it to one key.
pub(super) struct Acted {
    answer: std::result::Result<(), SystemError>,
    /// The key as it is now, where somebody else changed it meanwhile.
    now: Option<std::result::Result<ApiKey, SystemError>>,
}

impl Acted {
    pub(super) fn on(id: &ApiKeyId, verb: &Verb, keys: &dyn Keys) -> Self {
        let answer = (verb.act)(keys, id);
        let is_conflict = answer
            .as_ref()
            .is_err_and(|error| matches!(error.condition, Condition::Conflict | Condition::Locked));
        let now = is_conflict.then(|| keys.get(id, Detail::default()).map(|found| found.key));
        Self { answer, now }
    }
}

/// Tells what became of a key, or why nothing did.
pub(super) fn judge(
    verb: &Verb,
    item: &Item,
    acted: Acted,
    mode: Mode,
    session: &Session,
) -> Result<Became> {
    let subject = session.subject(&item.named);
    let told = |error| session.told(error, &subject);
    match (acted.answer, acted.now) {
        (Ok(()), _) => Ok(Became::Done),
        (Err(error), _) if mode.ignore_missing && error.condition == Condition::NotFound => {
            Ok(Became::Missing)
        }
        // The key as it is now tells what the conflict is about.
        (Err(error), Some(now)) => {
            let now = match now {
                Err(error) if verb.ends_it && error.condition == Condition::NotFound => {
                    return Ok(Became::Done);
                }
                now => now.map_err(told)?,
            };
            let is_locked = verb.stopped_by_lock && now.locked;
            match &item.key {
                _ if (verb.already)(&now) => Ok(Became::Unchanged),
                Some(seen) if !is_locked && error.condition != Condition::Locked => {
                    Err(conflict(session, error, &subject, seen, &now))
                }
                _ => Err(locked(session, &subject, &now)),
            }
        }
        (Err(error), None) => Err(told(error)),
    }
}
