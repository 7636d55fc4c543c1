//! Bringing a key to one region, and telling which of its task credentials is whose.
//!
//! Only the id and the name of a task credential are there for certain. Where a region does not tell the description, the id that
//! it answered tells ours; where that answer was lost, the name does, for what was there before is known.

use std::thread;
use std::time::Duration;

use crate::journal::InRegions;
use crate::model::ApiKeyId;
use crate::secret::Secret;
use crate::session::Session;
use crate::systems::task_credentials::{KeyInside, Region, TaskCredential};
use crate::systems::{Condition, SystemError};

/// How often a region is tried: it is without a task credential meanwhile.
const TRIES: u32 = 6;
/// The first pause between two tries.
const PAUSE: Duration = Duration::from_millis(250);

/// What tells a task credential that this program has stored.
#[derive(Clone, Debug, Default)]
pub(in crate::ops) struct Own {
    /// The key inside, once it is known.
    pub key: Option<ApiKeyId>,
    /// The ids that the regions have answered.
    pub stored: Vec<String>,
    /// Whether a request to store it may have been carried out whose answer is lost.
    pub in_doubt: bool,
}

/// What a region has.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// The id of the task credential that holds the new key.
    pub ours: Option<String>,
    /// The ids of the task credentials that it replaces.
    pub old: Vec<String>,
    /// Whether somebody else has stored one meanwhile.
    pub is_others: bool,
}

impl Held {
    /// Sorts what a region lists.
    pub(super) fn of(listed: &[TaskCredential], own: &Own, regions: &InRegions) -> Self {
        let mut held = Self::default();
        for found in listed.iter().filter(|found| found.is_api_key()) {
            let key = found.key_id();
            // A request that was lost may have stored an old key again.
            let is_old_key =
                |key: &ApiKeyId| regions.old_keys.iter().any(|old| old == key.as_str());
            let is_told = own.stored.contains(&found.id) || key.is_some() && key == own.key;
            let may_be_ours = own.in_doubt
                && found.description.is_empty()
                && [regions.credential.as_str(), ""].contains(&found.name.as_str());
            if is_told {
                held.ours = Some(found.id.clone());
            } else if regions.replaces.contains(&found.id) || key.as_ref().is_some_and(is_old_key) {
                held.old.push(found.id.clone());
            } else if may_be_ours {
                held.ours = Some(found.id.clone());
            } else {
                held.is_others = true;
            }
        }
        held
    }
}

/// A key on its way to regions.
pub(in crate::ops) struct Cargo<'a> {
    /// The key.
    pub key: &'a KeyInside,
    /// Its value.
    pub value: &'a Secret,
    /// Where it goes, and what it replaces.
    pub regions: &'a InRegions,
    /// What tells that it is there.
    pub own: Own,
}

impl Cargo<'_> {
    /// Brings the key to one region: what it replaces goes, and at once the key is stored, until a listing shows it. Returns
    /// whether it is there; if not, somebody else has stored one meanwhile, which is left. `note` gets the id of each task
    /// credential that holds the key, as soon as it is known.
    pub(in crate::ops) fn bring(
        &mut self,
        region: &Region,
        session: &Session,
        note: &mut dyn FnMut(&str),
    ) -> std::result::Result<bool, SystemError> {
        let mut own = self.own.clone();
        let (mut pause, mut failed) = (PAUSE, None);
        for number in 0..TRIES {
            if number > 1 {
                thread::sleep(pause);
                pause *= 2;
            }
            let tried = list(region, session).and_then(|listed| {
                let held = Held::of(&listed, &own, self.regions);
                if held.old.is_empty() && (held.ours.is_some() || held.is_others) {
                    return Ok(Some(held.ours));
                }
                let stored = self.replace(&held, &mut own, region, session)?;
                own.stored.extend(stored.inspect(|id| note(id)));
                Ok(None)
            });
            match tried {
                Ok(Some(ours)) => {
                    if let Some(id) = ours.iter().find(|id| !own.stored.contains(id)) {
                        note(id);
                        own.stored.push(id.clone());
                    }
                    self.own.stored = own.stored;
                    return Ok(ours.is_some());
                }
                Ok(None) => {}
                // The next listing tells what is there.
                Err(error) if is_passing(&error) => failed = Some(error),
                Err(error) => return Err(error),
            }
        }
        let words = format!("The region {} does not list what was stored", region.name);
        Err(failed.unwrap_or_else(|| Condition::OutcomeUnknown(words).into()))
    }

    /// Deletes what the key replaces, and stores it unless it is there. Returns the id that the region answers.
    fn replace(
        &self,
        held: &Held,
        own: &mut Own,
        region: &Region,
        session: &Session,
    ) -> std::result::Result<Option<String>, SystemError> {
        let (keys, all) = (session.keys(), session.regions()?);
        for old in &held.old {
            match all.delete(keys, region, old) {
                Err(error) if error.condition != Condition::NotFound => return Err(error),
                _ => {}
            }
        }
        if held.ours.is_some() {
            return Ok(None);
        }
        let (name, description) = (&self.regions.credential, self.key.description());
        let stored = all.store(keys, region, name, &description, self.value);
        // What is in the way of a request may be the same request, carried out before.
        let is_unclear = |error: &SystemError| {
            matches!(error.condition, Condition::OutcomeUnknown(_) | Condition::Conflict)
        };
        own.in_doubt |= stored.as_ref().is_err_and(is_unclear);
        stored.map(|stored| Some(stored.id))
    }
}

/// Lists what a region has.
pub(super) fn list(
    region: &Region,
    session: &Session,
) -> std::result::Result<Vec<TaskCredential>, SystemError> {
    session.regions()?.list(session.keys(), region)
}

/// Tells whether another try may succeed.
fn is_passing(error: &SystemError) -> bool {
    matches!(
        error.condition,
        Condition::Unavailable(_) | Condition::OutcomeUnknown(_) | Condition::Conflict
    )
}
