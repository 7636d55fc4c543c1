//! `api-key-create`: makes a key. Its value is chosen and kept before the key is made, unless the service chooses it.

use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::journal::{Begun, Operation};
use crate::model::{LeakAction, NewApiKey, Timestamp};
use crate::ops::once::{self, Plan};
use crate::ops::recover::warn_of_unknown;
use crate::ops::{Expiry, agree, announce, destination, expiry};
use crate::private_file::Destination;
use crate::render::json;
use crate::session::Session;
use crate::settings::Settings;
use crate::systems::CreateEffect;
use crate::ui::nobody_answers;

/// What is asked for.
#[derive(Debug)]
pub struct Request {
    /// The name, not empty.
    pub name: String,
    /// The description, empty for none.
    pub description: String,
    /// Where the key is written; `None` to print it.
    pub file: Option<PathBuf>,
    /// Whether it is locked from the first instant.
    pub lock: bool,
    /// The leak action; `None` leaves it to the system.
    pub action_if_leaked: Option<LeakAction>,
    /// The expiry; `None` is never.
    pub expiry: Option<Expiry>,
    /// Whether it is disabled from the first instant.
    pub disabled: bool,
    /// Whether the service chooses the value.
    pub server_value: bool,
    /// Whether a file that is not empty may be replaced.
    pub force: bool,
    /// Whether to leave to `recover` what would have to be waited for.
    pub no_wait: bool,
    /// Whether to do nothing.
    pub dry_run: bool,
}

/// A request that passed the checks that need no login.
#[derive(Debug)]
pub struct Ready {
    request: Request,
    destination: Option<Destination>,
    now: Timestamp,
}

/// Checks what can be checked before anybody logs in.
pub fn ready(request: Request, settings: &Settings) -> Result<Ready> {
    let now = settings.now()?;
    expiry(request.expiry, now)?;
    let destination = destination::check(request.file.as_deref(), request.force, settings)?;
    Ok(Ready { request, destination, now })
}

/// Runs `api-key-create`.
pub fn run(ready: Ready, session: &mut Session) -> Result<()> {
    let Ready { request, destination, now } = ready;
    let mut new = NewApiKey {
        id: None,
        owner: session.owner(),
        name: request.name.clone(),
        description: request.description.clone(),
        locked: request.lock,
        disabled: request.disabled,
        action_when_leaked: request.action_if_leaked,
        // By the service's clock: by one that is behind, the key could be dead from the first instant.
        expires_at: expiry(request.expiry, session.service_time()?)?,
        support_sessions: None,
    };
    session.keys().to_make(&new).map_err(|error| session.told_of(error, &new.name))?;
    new.id = session.keys().choose_id();
    announce("Creating", &session.entity(&new.name), session);
    for concern in destination.iter().flat_map(Destination::concerns) {
        session.ui.warn(concern);
    }
    let file = request.file.as_deref();
    if request.dry_run {
        return dry_run(&new, file, now, session);
    }
    check_texts(&new, session)?;
    warn_of_orphans(destination.as_ref(), session);
    agree_to_replace(request.force, session)?;
    let Request { server_value, no_wait: is_hurried, .. } = request;
    let operation = Operation::Create;
    let plan =
        Plan { operation, new: &new, now, destination, server_value, replaces: None, is_hurried };
    let mut run = once::begin(plan, session)?;
    let ended = run.drive(session)?;
    let key = run.ended(ended, session)?;
    if file.is_some() {
        once::say_done(&key, Operation::Create, file, now, session);
    }
    if key.expires_at.is_none() && (file.is_none() || !session.ui.manner().json) {
        let words = format!(
            "This {} never expires. '{} --expires-in 90d' gives it an end.",
            session.facts().noun,
            session.on("update", key.id.in_command())
        );
        session.ui.warn(&words);
    }
    if key.expires_at.is_some() {
        once::warn_of_clock(session);
    }
    run.check_alone(session)
}

fn dry_run(
    new: &NewApiKey,
    file: Option<&Path>,
    now: Timestamp,
    session: &mut Session,
) -> Result<()> {
    session.keys().check_new(new).map_err(|error| session.told_of(error, &new.name))?;
    if session.ui.manner().json {
        let account = session.identity().account_id.clone();
        session.ui.data(|out| json::planned(out, new, &account, now));
    } else {
        let what = session.entity(&new.name);
        let ui = &mut *session.ui;
        let place =
            file.map(|file| format!(" and saved to {}", ui.entity(&file.display().to_string())));
        let place = place.unwrap_or_default();
        ui.result(&format!("Dry run: {what} would be created{place}"));
    }
    Ok(())
}

/// Refuses a name or description that the service would refuse, before the journal has it.
fn check_texts(new: &NewApiKey, session: &Session) -> Result<()> {
    let checked = session.keys().check_texts(Some(&new.name), Some(&new.description));
    checked.map_err(|error| session.told_of(error, &new.name))
}

/// Asks before a key is made that ends the present one.
fn agree_to_replace(force: bool, session: &mut Session) -> Result<()> {
    if force || session.keys().facts().create == CreateEffect::Adds {
        return Ok(());
    }
    if session.ui.manner().json {
        return Err(nobody_answers(
            "JSON output asks no questions, and a new key would end the present one.",
        ));
    }
    agree("The present key stops working at once. Create another?", session)
}

/// Reminds of what an earlier command left: only `recover` settles it.
fn warn_of_orphans(destination: Option<&Destination>, session: &mut Session) {
    let is_ours = |begun: &Begun| once::is_ours(begun, session);
    if session.journal().is_ok_and(|journal| journal.has_orphans(1, is_ours)) {
        let program = session.program();
        let words = format!(
            "An earlier command was interrupted. Run '{program} recover' to finish or undo it."
        );
        session.ui.warn(&words);
    }
    if let Some(destination) = destination {
        warn_of_unknown(destination.place(), session);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::systems::sample::{ONLY_ONE, Sample};
    use crate::ui::Manner;

    #[test]
    fn a_key_that_ends_the_present_one_is_not_made_unasked() {
        let keys = Sample { facts: &ONLY_ONE, ..Sample::default() };
        keys.session(Manner { json: true, ..Manner::default() }, |session| {
            assert_eq!(agree_to_replace(false, session).unwrap_err().kind, ErrorKind::Usage);
            assert!(agree_to_replace(true, session).is_ok());
        });
    }
}
