//! Changes a key, unless somebody else changed it meanwhile.

use crate::error::{Error, Result};
use crate::model::{ApiKey, ApiKeyChanges, Detail, KeyRef, LeakAction, Timestamp};
use crate::ops::resolve::{self, Meaning};
use crate::ops::{Expiry, announce, conflict, expiry, facts, locked};
use crate::render::json;
use crate::session::Session;
use crate::settings::Settings;
use crate::systems::{Condition, Facts};
use crate::text::capitalised;

/// What is asked for.
#[derive(Debug)]
pub struct Request {
    /// Which key.
    pub key: KeyRef,
    /// The new name.
    pub name: Option<String>,
    /// The new description; an empty one clears it.
    pub description: Option<String>,
    /// The new leak action.
    pub action_if_leaked: Option<LeakAction>,
    /// The new expiry; `Some(None)` removes it.
    pub expiry: Option<Option<Expiry>>,
    /// Whether only to show what would be done.
    pub dry_run: bool,
}

/// An update that changes something.
#[derive(Debug)]
pub struct Ready {
    key: KeyRef,
    changes: ApiKeyChanges,
    expiry: Option<Expiry>,
    dry_run: bool,
    now: Timestamp,
}

/// Checks what can be checked before anybody logs in.
pub fn ready(request: Request, facts: &Facts, settings: &Settings) -> Result<Ready> {
    let now = settings.now()?;
    let expires_at = request.expiry.map(|given| expiry(given, now)).transpose()?;
    let changes = ApiKeyChanges {
        name: request.name,
        description: request.description,
        action_when_leaked: request.action_if_leaked,
        expires_at,
        support_sessions: None,
    };
    if changes.is_empty() {
        return Err(Error::usage("There is nothing to change.").hint(format!(
            "Give a change, such as '--name NEW': see '{} {}-update --help'.",
            settings.program(),
            facts.command
        )));
    }
    let Request { key, dry_run, .. } = request;
    let expiry = request.expiry.flatten();
    Ok(Ready { key, changes, expiry, dry_run, now })
}

/// Changes a key.
pub fn run(ready: &Ready, session: &mut Session) -> Result<()> {
    let Ready { key: named, changes, expiry: given, dry_run, now } = ready;
    let now = *now;
    session.keys().to_change(changes).map_err(|error| session.told(error, ""))?;
    let entity = session.entity(named);
    announce("Updating", &entity, session);
    let found = resolve::one(session, named, Meaning::Current, now)?;
    let subject = session.subject(named);
    if found.key.locked {
        return Err(locked(session, &subject, &found.key));
    }
    facts::tell_managed(&[&found.key], false, session);
    // By the service's clock, which is known by now.
    let mut changes = changes.clone();
    if let Some(end) = expiry(*given, session.service_time()?)? {
        changes.expires_at = Some(Some(end));
    }
    let changes = &changes;
    let key = if *dry_run {
        let ApiKeyChanges { name, description, .. } = changes;
        let checked = session.keys().check_texts(name.as_deref(), description.as_deref());
        checked.map_err(|error| session.told(error, &subject))?;
        let mut key = found.key;
        changes.apply(&mut key);
        key
    } else {
        update(session, &found.key, changes, &subject)?
    };
    let state = resolve::state_now(session, &key, now);
    let ui = &mut *session.ui;
    if ui.manner().json {
        ui.data(|out| json::key(out, &key, state));
        return Ok(());
    }
    if *dry_run {
        ui.result(&format!("Dry run: {entity} would be updated"));
        return Ok(());
    }
    ui.ok();
    ui.result(&format!("{} was updated", capitalised(&entity)));
    Ok(())
}

fn update(
    session: &Session,
    seen: &ApiKey,
    changes: &ApiKeyChanges,
    subject: &str,
) -> Result<ApiKey> {
    let keys = session.keys();
    match keys.update(&seen.id, &seen.entity_tag, changes) {
        Ok(key) => Ok(key),
        // The key as it is now tells what the conflict is about.
        Err(error) if matches!(error.condition, Condition::Conflict | Condition::Locked) => {
            let now = keys.get(&seen.id, Detail::default());
            let now = now.map_err(|error| session.told(error, subject))?.key;
            if changes.already_in(&now) {
                return Ok(now);
            }
            if now.locked {
                return Err(locked(session, subject, &now));
            }
            Err(conflict(session, error, subject, seen, &now))
        }
        Err(error) => Err(session.told(error, subject)),
    }
}
