//! What the commands do: a file for each verb or family of verbs. They work over any key system.

pub mod act;
pub mod audit;
pub mod create;
pub mod delete;
mod destination;
pub mod emulate;
mod facts;
pub mod list;
pub mod login;
pub mod logout;
pub mod lookup;
mod once;
pub mod only_key;
pub mod platform;
pub mod profiles;
pub mod recover;
pub mod resolve;
pub mod rotate;
pub mod service_ids;
pub mod show;
pub mod state;
pub mod task_credentials;
pub mod token;
pub mod update;
mod uses;
pub mod whoami;

use std::fmt::Display;
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use crate::model::{ApiKey, Scope, Selection, Timestamp};
use crate::render::Sheet;
use crate::session::Session;
use crate::settings::Settings;
use crate::systems::{Condition, Keys, SystemError, iam};
use crate::text::escape;
use crate::told::{Family, told};
use crate::ui::{Manner, Ui};

/// Prints what is being done, as the official CLI does: `Creating API key x under <account> as <user>...`, and for a service
/// ID `Creating API key x of service ID s under account <account> as <user>...`.
fn announce(doing: &str, what: &str, session: &mut Session) {
    let identity = session.identity();
    let (account, user) = (escape(&identity.account_id), escape(&identity.user));
    let line = match session.service() {
        Some(service) => format!(
            "{doing} {what} of service ID {} under account {account} as {user}...",
            session.ui.entity(&service.named)
        ),
        None if account.is_empty() => format!("{doing} {what} as {user}..."),
        None => format!("{doing} {what} under {account} as {user}..."),
    };
    session.ui.progress(&line);
}

/// Tells what a table on standard output is written for. With `--wide`, for which the time is given, it shows everything,
/// and at a terminal how far away its times are.
fn sheet(ui: &Ui, wide: Option<Timestamp>) -> Sheet {
    let Manner { colour, width, .. } = ui.manner();
    let width = width.0;
    Sheet {
        colour: colour.0,
        width: width.filter(|_| wide.is_none()),
        now: wide.filter(|_| width.is_some()),
    }
}

/// Tells what a table in an error is written for.
fn error_sheet(ui: &Ui) -> Sheet {
    Sheet { width: ui.manner().width.1, ..Sheet::default() }
}

/// Whose keys a command is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Owners {
    /// Those of the identity, or of the service ID that was named.
    #[default]
    One,
    /// Those of every user of the account.
    AllUsers,
    /// Those of every service ID of the account.
    AllServiceIds,
}

/// Returns whose keys are meant, and names them for people.
fn scope(owners: Owners, session: &Session) -> (Scope, String) {
    let noun = session.facts().noun;
    match owners {
        Owners::One => (Scope::Of(session.owner()), format!("all {noun}s")),
        Owners::AllUsers => (Scope::AllUsers, format!("the {noun}s of all users")),
        Owners::AllServiceIds => (Scope::AllServiceIds, format!("the {noun}s of all service IDs")),
    }
}

/// Lists every key of a scope. Where the keys of others are refused, the hint names the role.
fn keys_of(scope: &Scope, session: &mut Session) -> Result<Vec<ApiKey>> {
    let noun = session.facts().noun;
    let subject = format!("The list of {noun}s");
    let listed = session.watch_listing(|keys| keys.list(scope, &Selection::All));
    listed.map_err(|error| {
        let others = match scope {
            Scope::AllUsers => "other users",
            Scope::AllServiceIds => "service IDs",
            Scope::Of(_) => return session.told(error, &subject),
        };
        let is_service_id = session.identity().owner().service_id().is_some();
        if error.condition != Condition::Forbidden || is_service_id {
            return session.told(error, &subject);
        }
        let words = format!("The credential does not permit listing the {noun}s of {others}");
        let error = SystemError { condition: Condition::Rejected(words), ..error };
        let told = session.told(error, &subject);
        let mine = if *scope == Scope::AllUsers {
            "; without '--all-users' your own are listed"
        } else {
            ""
        };
        let hint = format!("The role Administrator on the IAM Identity service is needed{mine}.");
        Error { kind: ErrorKind::NotPermitted, ..told }.hint(hint)
    })
}

/// Asks whether to go on.
fn agree(question: &str, session: &mut Session) -> Result<()> {
    if session.ui.confirm(question)? {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Cancelled, "Cancelled; nothing was changed."))
}

/// Words an error of IAM, for commands that open no session.
fn told_of_iam(error: SystemError, subject: &str, settings: &Settings) -> Error {
    told(error, subject, &Family::of(settings.program(), &iam::FACTS))
}

/// Counts things in a sentence: `1 day`, `2 days`.
fn counted<N: Copy + Display + PartialEq + From<u8>>(number: N, what: &str) -> String {
    let s = if number == N::from(1) { "" } else { "s" };
    format!("{number} {what}{s}")
}

/// Makes the error for a locked key; its hint is the command that unlocks it.
fn locked(session: &Session, subject: &str, key: &ApiKey) -> Error {
    let told = session.told(Condition::Locked.into(), subject);
    told.hint(format!("Unlock it with '{}'.", session.on("unlock", key.id.in_command())))
}

/// Words a conflict: it names the fields that changed since the key was `seen`, if any.
fn conflict(
    session: &Session,
    error: SystemError,
    subject: &str,
    seen: &ApiKey,
    now: &ApiKey,
) -> Error {
    let fields = [
        ("name", seen.name != now.name),
        ("description", seen.description != now.description),
        ("expiry", seen.expires_at != now.expires_at),
        ("leak action", seen.action_when_leaked != now.action_when_leaked),
        ("disabled", seen.disabled != now.disabled),
        ("locked", seen.locked != now.locked),
        ("entity tag", seen.entity_tag != now.entity_tag),
    ];
    conflict_in(&fields, error, subject, &|error| session.told(error, subject))
}

/// Words a conflict by the fields that are there, each with whether it changed. `told` words an error of the system.
fn conflict_in(
    fields: &[(&str, bool)],
    error: SystemError,
    subject: &str,
    told: &dyn Fn(SystemError) -> Error,
) -> Error {
    let mut changed: Vec<&str> =
        fields.iter().filter(|(_, differs)| *differs).map(|(name, _)| *name).collect();
    if changed.is_empty() {
        let words = format!("{subject} is as it was read, but the service finds a conflict");
        let mut worded = told(SystemError { condition: Condition::Rejected(words), ..error });
        worded.kind = ErrorKind::Conflict;
        return worded.hint("Nothing was changed; look at it again, then repeat the command.");
    }
    // The entity tag changes with every other field.
    if changed.len() > 1 {
        changed.retain(|field| *field != "entity tag");
    }
    let mut worded = told(SystemError { condition: Condition::Conflict, ..error });
    worded.message =
        format!("{} Changed since it was read: {}.", worded.message, changed.join(", "));
    worded
}

/// Deletes a key whose value reached nobody, even if it was created locked.
fn delete_unheld(keys: &dyn Keys, key: &ApiKey) -> std::result::Result<(), SystemError> {
    if key.locked {
        keys.set_locked(&key.id, false)?;
    }
    keys.delete(&key.id)
}

/// An expiry, as a time or a duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// At this time.
    At(Timestamp),
    /// This long from now.
    In(Duration),
}

/// Resolves an expiry. Fails where it has passed.
fn expiry(given: Option<Expiry>, now: Timestamp) -> Result<Option<Timestamp>> {
    let at = match given {
        Some(Expiry::At(at)) => at,
        Some(Expiry::In(later)) => {
            now.plus(later).ok_or_else(|| Error::usage("The expiry lies beyond the year 9998."))?
        }
        None => return Ok(None),
    };
    if at <= now {
        return Err(Error::usage(format!("The expiry {} lies in the past.", at.to_rfc3339()))
            .hint("Give a time to come, such as '--expires-in 90d'."));
    }
    Ok(Some(at))
}
