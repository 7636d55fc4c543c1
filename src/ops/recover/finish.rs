//! Finishing an interrupted rotation before `api-key-rotate` begins another.

use std::path::Path;
use std::time::Duration;

use super::verdict::{Outcome, Request};
use super::{retirement, settle};
use crate::error::{Error, ErrorKind, Result};
use crate::journal::{Begun, Operation, Orphan, Retires};
use crate::model::{ApiKey, ApiKeyId, Detail, KeyRef, Timestamp};
use crate::ops::retire::Retirement;
use crate::ops::{delete_unheld, unfinished};
use crate::private_file::place_of;
use crate::session::{self, Session};
use crate::settings::Settings;
use crate::systems::Condition;
use crate::text::capitalised;

/// A rotation that was interrupted and is complete now.
pub(in crate::ops) struct Finished {
    /// The new key.
    pub(in crate::ops) key: ApiKey,
    /// When the rotation began.
    pub(in crate::ops) begun_at: Timestamp,
    /// The old key, and the grace that the rotation began with.
    pub(in crate::ops) retires: Retires,
    /// What became of the old key.
    pub(in crate::ops) retirement: Retirement,
}

/// Tells whether an interrupted rotation of this key is in the journal.
pub(in crate::ops) fn has_rotation(which: &KeyRef, settings: &Settings) -> bool {
    session::journal(settings)
        .is_ok_and(|journal| journal.has_orphans(10, |begun| is_about(begun, which)))
}

fn is_about(begun: &Begun, which: &KeyRef) -> bool {
    begun.operation == Operation::ApiKeyRotate
        && match which {
            KeyRef::Name(name) => begun.name == *name,
            KeyRef::Id(id) => begun.retires.as_ref().is_some_and(|old| old.id == id.as_str()),
        }
}

/// Finishes or undoes the interrupted rotations of this key. `grace` replaces that of an interrupted rotation. Returns
/// the one that is complete; `None` where there is none, and a rotation has to begin.
pub(in crate::ops) fn finish_rotation(
    which: &KeyRef,
    file: Option<&Path>,
    grace: Option<Duration>,
    session: &mut Session,
) -> Result<Option<Finished>> {
    let place = |file: &Path| place_of(file).ok();
    let mut finished = None;
    for mut orphan in unfinished::take(session)?.found {
        if !unfinished::is_ours(&orphan.begun, session) || !is_about(&orphan.begun, which) {
            continue;
        }
        retirement::check_acting(&orphan.begun, session)?;
        let begun = orphan.begun.clone();
        if let Some(grace) = grace {
            orphan.set_grace(grace.as_secs()).map_err(|error| {
                let message =
                    format!("The journal cannot be written: {error}. Nothing was changed.");
                Error::new(ErrorKind::Failure, message)
            })?;
        }
        if begun.file.is_none()
            && let Some(id) = orphan.delivering.as_deref().map(ApiKeyId::new)
        {
            take_back(&id, orphan, session)?;
            continue;
        }
        let verdict = settle::settle(orphan, Request { force: true, dry_run: false }, session)?;
        let program = session.program();
        if !verdict.outcome.is_settled() {
            return Err(Error::new(ErrorKind::Failure, format!("{}.", verdict.sentence))
                .hint(format!("When the way is clear, run '{program} recover'.")));
        }
        if verdict.outcome == Outcome::Reported {
            return Err(Error::new(ErrorKind::Conflict, format!("{}.", verdict.sentence))
                .hint(format!("Look at the keys with '{program} api-keys' first.")));
        }
        // A rotation to another FILE is finished, and the one that was asked for is still to be done.
        if let (Some((key, retirement)), Some(retires)) = (verdict.rotated, begun.retires)
            && begun.file.as_deref().map(place) == file.map(place)
        {
            finished = Some(Finished { key, begun_at: begun.at, retires, retirement });
        }
    }
    Ok(finished)
}

/// Settles a rotation whose value was printed, perhaps to nobody. Who asks again gets another key: the printed one is
/// deleted while the old one works, unless somebody has used it.
fn take_back(new: &ApiKeyId, orphan: Orphan, session: &mut Session) -> Result<()> {
    let keys = session.keys();
    let told = |error, id: &ApiKeyId| session.told_of(error, id);
    let Some(retires) = &orphan.begun.retires else { return Ok(()) };
    let details = match keys.get(new, Detail { history: false, activity: true }) {
        Ok(details) => details,
        Err(error) if error.condition == Condition::NotFound => return unfinished::close(orphan),
        Err(error) => return Err(told(error, new)),
    };
    let old = ApiKeyId::new(retires.id.as_str());
    let now = session.now()?;
    let old_works = match keys.get(&old, Detail::default()) {
        Ok(old) => old.key.works(now),
        Err(error) if error.condition == Condition::NotFound => false,
        Err(error) => return Err(told(error, &old)),
    };
    // Where keys log in, the new one has logged in once to prove itself.
    let proofs = u64::from(!keys.place().is_here());
    let is_used = details.activity.is_none_or(|activity| activity.authn_count > proofs);
    if old_works && is_used {
        let message = format!(
            "{} {} ({new}) was created, and its value was printed and may be in use; the old key {old} still works.",
            capitalised(session.facts().noun),
            orphan.begun.name
        );
        return Err(Error::new(ErrorKind::Conflict, message).hint(format!(
            "If somebody has the value, run '{} recover' to retire the old key; else '{}-delete {}'.",
            session.program(),
            session.command(),
            new.in_command()
        )));
    }
    if old_works {
        delete_unheld(keys, &details.key).map_err(|error| told(error, new))?;
        let words = format!(
            "The {} {new}, which an interrupted rotation had printed, was deleted: this rotation takes its place.",
            session.facts().noun
        );
        session.ui.warn(&words);
    }
    // Without the old key, the printed one is in use, and is the one to rotate now.
    unfinished::close(orphan)
}
