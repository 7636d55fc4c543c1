//! The entries that interrupted commands left, and keys that hang on them.

use std::io;
use std::thread;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::journal::{Begun, Journal, Orphan, Orphans, Progress};
use crate::model::{ApiKeyId, Owner};
use crate::session::{NamedService, Session};
use crate::systems::System;

/// Tells whether a command was begun at this place, as this identity. Nowhere else can the key be looked for.
pub(in crate::ops) fn is_ours(begun: &Begun, session: &Session) -> bool {
    let (place, identity) = (session.keys().place(), session.identity());
    session.can_turn_to(begun.system)
        && begun.backend == place.kind
        && begun.endpoint == place.endpoint
        && begun.account_id == *identity.account_id
        && begun.maker() == &*identity.iam_id
}

/// Tells whether a command of ours is about a key of the owner whose keys are meant.
pub(in crate::ops) fn is_of_owner(begun: &Begun, session: &Session) -> bool {
    is_ours(begun, session)
        && begun.system == session.facts().system
        && begun.iam_id == *session.owner().0
}

/// Goes on with the keys that a command of ours is about.
pub(in crate::ops) fn turn_to(begun: &Begun, session: &mut Session) {
    let id = Owner(begun.iam_id.as_str().into()).service_id();
    let id = id.filter(|_| begun.system == System::ServiceIds);
    session.turn_to(id.map(|id| NamedService { named: id.to_string(), id }));
    if session.service().is_none() {
        session.turn_to_user(Owner(begun.iam_id.as_str().into()));
    }
}

/// Takes hold of the entries that nobody holds.
pub(in crate::ops) fn take(session: &Session) -> Result<Orphans> {
    take_from(&session.journal()?)
}

/// Takes hold of the entries of a journal that nobody holds.
pub(in crate::ops) fn take_from(journal: &Journal) -> Result<Orphans> {
    journal.orphans(10).map_err(|error| unreadable(&error, journal))
}

/// Takes hold of the entries that nobody holds and that are meant, and leaves the others to other threads.
pub(in crate::ops) fn take_of(
    session: &Session,
    is_meant: impl Fn(&Begun, &Progress) -> bool,
) -> Result<Vec<Orphan>> {
    let journal = session.journal()?;
    let orphans =
        journal.orphans_of(10, &is_meant).map_err(|error| unreadable(&error, &journal))?;
    let is_meant = |orphan: &Orphan| is_meant(&orphan.begun, &orphan.progress);
    Ok(orphans.found.into_iter().filter(is_meant).collect())
}

fn unreadable(error: &io::Error, journal: &Journal) -> Error {
    let directory = journal.directory().display();
    let message = format!("The journal in {directory} cannot be read: {error}.");
    Error::failure(message).remedied(error)
}

/// Returns for how many seconds a create may still take effect. The clock that says longer counts, up to the time for which
/// a request can be under way.
pub(super) fn left_to_wait(progress: &Progress, session: &Session) -> Result<u64> {
    let until = progress.may_land.unwrap_or_default().seconds();
    let now = session.now()?.min(session.service_time()?).seconds();
    let longest = progress.longest_wait.max(session.keys().doubt().as_secs() + 2);
    Ok(u64::try_from(until - now).unwrap_or_default().min(longest))
}

/// Waits so many seconds, and says why.
pub(super) fn wait(seconds: u64, why: &str, session: &mut Session) {
    if seconds > 0 {
        session.ui.progress(&format!(
            "Waiting {seconds} s: until then the service may still create {why}..."
        ));
        session.ui.flush();
        thread::sleep(Duration::from_secs(seconds));
    }
}

/// Waits before a key is deleted where a request that was lost would make it again.
pub(in crate::ops) fn wait_before_deletion(id: &ApiKeyId, session: &mut Session) -> Result<()> {
    if session.keys().doubt().is_zero() {
        return Ok(());
    }
    let progress = session.journal().ok().and_then(|journal| journal.may_make_again(id.as_str()));
    let left = progress.map_or(Ok(0), |progress| left_to_wait(&progress, session))?;
    wait(left, &format!("{id} again"), session);
    Ok(())
}

/// Says so where this machine's clock and the service's differ: ends and waits follow the service's.
pub(in crate::ops) fn warn_of_clock(session: &mut Session) {
    if let Some(skew) = session.keys().service_clock().filter(|skew| skew.is_large()) {
        session.ui.warn(&format!("{skew}; times were reckoned by the service's."));
    }
}
