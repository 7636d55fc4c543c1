//! The commands on a key whose owner has one at most: it is made, replaced, shown and deleted without being named.

mod checks;
pub mod delete;
pub mod plugin;
pub mod show;

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::journal::{Operation, Retires};
use crate::model::{ApiKey, NewApiKey, Owner};
use crate::object::object;
use crate::ops::once::{self, Old, Plan, Told};
use crate::ops::recover::warn_of_unknown;
use crate::ops::{agree, announce, destination};
use crate::render::json;
use crate::session::Session;
use crate::settings::Settings;
use crate::systems::{Condition, CreateEffect, Rotation};
use crate::ui::{Ui, nobody_answers};

/// What is asked for.
#[derive(Debug, Default)]
pub struct Request {
    /// The id of the user whose key is meant; `None` for the one who is logged in.
    pub user: Option<String>,
    /// Where the key is written; `None` to print it.
    pub file: Option<PathBuf>,
    /// Whether to go on without confirmation, and replace a file that holds no key.
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
    operation: Operation,
    /// The words about the new key, where they are not those of this program.
    told: Option<Told>,
}

/// Checks what can be checked before anybody logs in.
pub fn ready(
    request: Request,
    operation: Operation,
    settings: &Settings,
    ui: &Ui,
) -> Result<Ready> {
    let has_place = request.file.is_some() || ui.manner().json || request.dry_run;
    if operation == Operation::Rotate && !has_place && !ui.can_ask() {
        return Err(Error::usage("Without a terminal it must be said where the new value goes.")
            .hint("Say '--file FILE' or '--output json'."));
    }
    destination::needs_reader(request.file.is_some(), request.dry_run)?;
    // What FILE holds is looked at once it is known which key is replaced.
    let replaces = request.force || operation == Operation::Rotate;
    destination::check(request.file.as_deref(), replaces, settings)?;
    Ok(Ready { request, operation, told: None })
}

/// Makes the key, or puts a new one in the place of the present one.
pub fn run(ready: &Ready, session: &mut Session) -> Result<()> {
    let Ready { request, operation, told } = ready;
    turn_to(request.user.as_deref(), session);
    let user = user(session);
    let doing = if *operation == Operation::Rotate { "Rotating" } else { "Creating" };
    if told.is_none() {
        announce(doing, &session.entity(&user), session);
    }
    let now = session.now()?;
    let present = present(*operation, &user, session)?;
    let replaces = request.force || *operation == Operation::Rotate;
    let file = request.file.as_deref();
    let mut destination = destination::check(file, replaces, session.settings())?;
    if let Some(destination) = &mut destination {
        checks::check_content(destination, request.force, &user, session)?;
        for concern in destination.concerns() {
            session.ui.warn(concern);
        }
    }
    let removed = present.as_ref().filter(|_| session.facts().create == CreateEffect::IsRefused);
    if request.dry_run {
        dry_run(*operation, removed, file, session);
        return Ok(());
    }
    checks::check_settled(&user, session)?;
    if let Some(destination) = &destination {
        warn_of_unknown(destination.place(), session);
    }
    agree_to_lose(removed, &user, request.force, session)?;
    let new = describe(&user, session);
    let retires = removed.map(|key| Retires { id: key.id.to_string(), grace: None });
    let replaces = removed.zip(retires).map(|(key, retires)| Old {
        retires,
        key,
        is_by_name: false,
        beside: None,
    });
    let server_value = !session.keys().place().is_here();
    let (operation, is_hurried) = (*operation, request.no_wait);
    let plan = Plan { operation, new: &new, now, destination, server_value, replaces, is_hurried };
    let mut run = once::begin(plan, session)?;
    run.told = *told;
    let ended = run.drive(session)?;
    let key = run.ended(ended, session)?;
    if file.is_some() {
        once::say_done(&key, operation, file, now, session);
    }
    tell_of_login(run.has_moved_login, file, session)
}

/// Tells what has become of the credential in use, if it was the old key.
fn tell_of_login(is_moved: bool, file: Option<&Path>, session: &mut Session) -> Result<()> {
    if session.facts().create != CreateEffect::ReplacesTheOnlyKey {
        return Ok(());
    }
    if is_moved && !session.ui.manner().json {
        session.ui.result("The login was moved to the new key");
    }
    let is_kept = is_moved || file.is_some_and(|file| session.is_credential_in(file));
    if !is_kept && session.acting_key()?.is_some() {
        session.ui.warn("The credential in use was the old key: put the new one in its place.");
    }
    Ok(())
}

/// Goes on with the key of the user that was named.
fn turn_to(user: Option<&str>, session: &mut Session) {
    if let Some(user) = user {
        session.turn_to_user(Owner(user.into()));
    }
}

/// Names the user whose key is meant.
fn user(session: &Session) -> String {
    let (identity, owner) = (session.identity(), session.owner());
    if owner == identity.owner() { identity.user.clone() } else { owner.0.to_string() }
}

/// Returns the key that is there, as far as that can be told. Fails where there is none to replace, or one in the way.
fn present(operation: Operation, user: &str, session: &Session) -> Result<Option<ApiKey>> {
    let facts = session.facts();
    if facts.rotation == Rotation::None && operation == Operation::Rotate {
        return Err(session.told_of(Condition::Unsupported("rotated").into(), user));
    }
    if facts.create == CreateEffect::ReplacesTheOnlyKey {
        return Ok(None);
    }
    let present = once::listed(session)?;
    match (&present, operation) {
        (Some(_), Operation::Create) => {
            Err(session.told_of(Condition::LimitReached { limit: Some(1) }.into(), user))
        }
        (None, Operation::Rotate) => Err(session.told_of(Condition::NotFound.into(), user)),
        (Some(key), Operation::Rotate) => {
            checks::check_not_acting(key, user, session)?;
            Ok(present)
        }
        (None, Operation::Create) => Ok(None),
    }
}

/// Describes the new key.
fn describe(user: &str, session: &Session) -> NewApiKey {
    NewApiKey {
        id: session.keys().choose_id(),
        owner: session.owner(),
        name: user.to_owned(),
        description: String::new(),
        locked: false,
        disabled: false,
        action_when_leaked: None,
        expires_at: None,
        support_sessions: None,
    }
}

/// Asks before a key is made that ends the present one.
fn agree_to_lose(
    removed: Option<&ApiKey>,
    user: &str,
    force: bool,
    session: &mut Session,
) -> Result<()> {
    let replaces = session.facts().create == CreateEffect::ReplacesTheOnlyKey;
    if force || !replaces && removed.is_none() {
        return Ok(());
    }
    if session.ui.manner().json {
        return Err(nobody_answers(
            "JSON output asks no questions, and a new key would end the present one.",
        ));
    }
    let subject = session.subject(user);
    let gap = if replaces { "" } else { ", and there is none until the new one is made" };
    agree(&format!("The present {subject} stops working at once{gap}. Create another?"), session)
}

fn dry_run(
    operation: Operation,
    removed: Option<&ApiKey>,
    file: Option<&Path>,
    session: &mut Session,
) {
    let what = session.entity(user(session));
    let replaces = session.facts().create == CreateEffect::ReplacesTheOnlyKey;
    if session.ui.manner().json {
        let planned = object()
            .with("user", user(session))
            .with("removes", removed.map(|key| key.id.as_str()))
            .with("ends_present_key", replaces || removed.is_some())
            .with("file", file.map(Path::to_string_lossy))
            .with(
                "outcome",
                if operation == Operation::Rotate {
                    "would be rotated"
                } else {
                    "would be created"
                },
            );
        session.ui.data(|out| json::document(out, &planned));
        return;
    }
    let ui = &mut *session.ui;
    let place =
        file.map(|file| format!(" and saved to {}", ui.entity(&file.display().to_string())));
    let place = place.unwrap_or_default();
    if let Some(key) = removed {
        ui.result(&format!("Dry run: the present key {} would be removed", key.id));
    } else if replaces {
        ui.result("Dry run: the present key, if there is one, would stop working");
    }
    ui.result(&format!("Dry run: a new {what} would be created{place}"));
}
