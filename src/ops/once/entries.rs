//! The entries that interrupted commands left, and keys that hang on them.

use std::thread;
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use crate::journal::{Begun, Orphans};
use crate::model::ApiKeyId;
use crate::session::Session;

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

/// Waits until no request that was lost can make this key again. It is deleted after that.
pub(in crate::ops) fn wait_out(id: &ApiKeyId, session: &mut Session) {
    let may = session.journal().ok().and_then(|journal| journal.may_make_again(id.as_str()));
    let (Some((until, longest)), Ok(now)) = (may, session.service_time()) else { return };
    let left = u64::try_from(until.seconds() - now.seconds()).unwrap_or_default().min(longest);
    if left > 0 {
        let words = format!("Waiting {left} s: until then the service may create {id} again...");
        session.ui.progress(&words);
        session.ui.flush();
        thread::sleep(Duration::from_secs(left));
    }
}
