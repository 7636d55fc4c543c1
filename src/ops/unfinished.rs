//! What interrupted commands left in the journal.

use crate::error::{Error, ErrorKind, Result};
use crate::journal::{Begun, Orphan, Orphans};
use crate::session::Session;

/// Tells whether a command was begun at this place, as this identity. Nowhere else can the key be looked for.
pub(super) fn is_ours(begun: &Begun, session: &Session) -> bool {
    let (place, identity) = (session.keys().place(), session.identity());
    begun.backend == place.kind
        && begun.endpoint == place.endpoint
        && begun.account_id == *identity.account_id
        && begun.iam_id == *identity.iam_id
}

/// Takes hold of the entries that nobody holds.
pub(super) fn take(session: &Session) -> Result<Orphans> {
    let journal = session.journal()?;
    journal.orphans(10).map_err(|error| {
        let directory = journal.directory().display();
        let message = format!("The journal in {directory} cannot be read: {error}.");
        Error::new(ErrorKind::Failure, message).remedied(&error)
    })
}

/// Removes an entry that is settled.
pub(super) fn close(orphan: Orphan) -> Result<()> {
    orphan.entry.close().map_err(|error| {
        Error::new(ErrorKind::Failure, format!("The journal entry could not be removed: {error}."))
    })
}
