//! The new key of a rotation: like the old one, and living as long.

use std::time::Duration;

use crate::error::{Error, Result};
use crate::model::{ApiKey, NewApiKey, Timestamp};
use crate::session::Session;

const SAY_LIFETIME: &str = "Say how long the new key is to live, such as '--expires-in 90d'.";

/// Describes the new key; `expires_in` is its lifetime, that of the old key when absent.
pub(super) fn describe(
    old: &ApiKey,
    expires_in: Option<Duration>,
    now: Timestamp,
    session: &Session,
) -> Result<NewApiKey> {
    let lifetime = expires_in.map_or_else(|| lifetime(old, session), |given| Ok(Some(given)))?;
    let expires_at = lifetime.and_then(|lifetime| now.plus(lifetime));
    if lifetime.is_some() && expires_at.is_none() {
        return Err(
            Error::usage("The new key would expire beyond the year 9998.").hint(SAY_LIFETIME)
        );
    }
    Ok(NewApiKey {
        id: None,
        owner: session.owner(),
        name: old.name.to_string(),
        description: old.description.to_string(),
        locked: false,
        disabled: false,
        action_when_leaked: Some(old.action_when_leaked),
        expires_at,
        support_sessions: Some(old.support_sessions),
    })
}

/// Tells how long a key was to live; `None` for ever. Fails where an update has moved its end before its beginning.
fn lifetime(key: &ApiKey, session: &Session) -> Result<Option<Duration>> {
    let Some(end) = key.expires_at else { return Ok(None) };
    let seconds = key.creation().map(|start| end.seconds() - start.seconds());
    // Times are exact to the minute.
    if let Some(seconds @ 60..) = seconds.and_then(|seconds| u64::try_from(seconds).ok()) {
        return Ok(Some(Duration::from_secs(seconds)));
    }
    let made = key
        .creation()
        .map_or("at an unknown time".to_owned(), |start| format!("at {}", start.to_wire()));
    let message = format!(
        "{} was made {made} and expires at {}: that says nothing about how long the new key is to live.",
        session.subject(&key.name),
        end.to_wire()
    );
    Err(Error::usage(message).hint(SAY_LIFETIME))
}
