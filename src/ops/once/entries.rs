//! The entries that interrupted commands left, and keys that hang on them.

use std::thread;
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use crate::journal::{Begun, Orphans};
use crate::model::ApiKeyId;
use crate::session::Session;
use crate::systems::SystemError;

/// No request is in doubt for longer: twice the longest time-out.
const MOST_SECONDS: u64 = 2 * 3_600;

/// Tells whether a command was begun at this place, as this identity. Nowhere else can the key be looked for.
pub(in crate::ops) fn is_ours(begun: &Begun, session: &Session) -> bool {
    let (place, identity) = (session.keys().place(), session.identity());
    begun.system == session.facts().system
        && begun.backend == place.kind
        && begun.endpoint == place.endpoint
        && begun.account_id == *identity.account_id
        && begun.iam_id == *identity.iam_id
}

/// Takes hold of the entries that nobody holds.
pub(in crate::ops) fn take(session: &Session) -> Result<Orphans> {
    let journal = session.journal()?;
    journal.orphans(10).map_err(|error| {
        let directory = journal.directory().display();
        let message = format!("The journal in {directory} cannot be read: {error}.");
        Error::new(ErrorKind::Failure, message).remedied(&error)
    })
}

/// Deletes a key. Waits before that where a request that was lost could make the key again.
pub(in crate::ops) fn delete(
    id: &ApiKeyId,
    session: &mut Session,
) -> std::result::Result<(), SystemError> {
    let until = session.journal().ok().and_then(|journal| journal.may_make_again(id.as_str()));
    let left = until.zip(session.service_time().ok());
    let left = left.map_or(0, |(until, now)| until.seconds() - now.seconds());
    if let Ok(left @ 1..) = u64::try_from(left) {
        let words = format!("Waiting {left} s: until then the service may create {id} again...");
        session.ui.progress(&words);
        session.ui.flush();
        thread::sleep(Duration::from_secs(left.min(MOST_SECONDS)));
    }
    session.keys().delete(id)
}
