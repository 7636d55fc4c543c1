//! What keeps the only key from being replaced, looked at before anything is changed.

use crate::credentials::input;
use crate::error::{Error, ErrorKind, Result};
use crate::model::ApiKey;
use crate::ops::once;
use crate::private_file::Destination;
use crate::secret;
use crate::session::Session;
use crate::text::escape;

/// Refuses to go on while an earlier command may still take effect on the same key.
pub(super) fn check_settled(user: &str, session: &Session) -> Result<()> {
    let orphans = once::take(session)?;
    if !orphans.found.iter().any(|orphan| once::is_of_owner(&orphan.begun, session)) {
        return Ok(());
    }
    let message = format!(
        "An earlier command on {} was interrupted, and may still take effect.",
        session.subject(user)
    );
    Err(Error::new(ErrorKind::Conflict, message)
        .hint(format!("Run '{} recover' first.", session.program())))
}

/// Refuses to remove the key that the requests are made with: nobody could make the new one.
pub(super) fn check_not_acting(key: &ApiKey, user: &str, session: &Session) -> Result<()> {
    if session.acting_key()?.as_ref() != Some(&key.id) {
        return Ok(());
    }
    let message = format!(
        "The credential in use is {} itself: once it is removed, nobody could make the new one with it.",
        session.subject(user)
    );
    Err(Error::new(ErrorKind::NotPermitted, message)
        .hint("Log in with an IAM API key, or name one with '--apikey @FILE'."))
}

/// Refuses a FILE that holds another key than the one that is replaced.
pub(super) fn check_content(
    destination: &Destination,
    force: bool,
    user: &str,
    session: &Session,
) -> Result<()> {
    let Some(bytes) = destination.read(input::MOST)? else { return Ok(()) };
    if bytes.trim_ascii().is_empty() {
        return Ok(());
    }
    let shown = destination.path().display();
    let lost = |what: &str| {
        let subject = session.subject(user);
        let message = format!("'{shown}' holds {what}, and not {subject}.");
        Error::new(ErrorKind::Destination, message)
            .hint("Name another file, or move this one away first.")
    };
    let text = str::from_utf8(&bytes).map_err(|_| lost("something that is not text"))?;
    let Some(held) = input::key_in(text) else {
        // Text without a key may be replaced. A word that could be a value may be all that is left of a key.
        if force && secret::veil(text) == text {
            return Ok(());
        }
        return Err(lost("something that is no key"));
    };
    if held.is_among_others {
        return Err(lost("more than one key"));
    }
    if !held.can_be_of(session.facts().system) {
        return Err(lost("the key of another system"));
    }
    let place = session.keys().place().endpoint;
    if let Some(endpoint) = held.endpoint.as_ref().filter(|endpoint| **endpoint != place) {
        return Err(lost(&format!("a key of {}", escape(endpoint))));
    }
    // The file of an earlier command names the user and the place; it may hold a key that was lost and replaced since.
    let (name, id) = &held.user;
    let is_named = held.endpoint.is_some()
        && name.as_deref() == Some(&*session.identity().user)
        && id.as_deref().is_none_or(|id| id == &*session.owner().0);
    if is_named || once::opens(&held.value, session)? {
        return Ok(());
    }
    Err(lost("what could be another key"))
}
