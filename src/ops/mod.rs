//! What the commands do: one verb, or one family of verbs, a file. Rules that every backend shares live here.

pub mod act;
pub mod audit;
pub mod create;
pub mod delete;
pub mod emulate;
mod facts;
pub mod list;
pub mod login;
pub mod logout;
pub mod lookup;
mod making;
pub mod recover;
pub mod resolve;
mod retire;
pub mod rotate;
pub mod show;
pub mod state;
pub mod token;
pub mod update;
pub mod whoami;

use std::fmt::Display;

use crate::backend::{Backend, BackendError, Condition};
use crate::cli::ExpiryArgs;
use crate::context::Context;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{ApiKey, Identity, Owner, Selection, Timestamp};
use crate::text::{escape, shell_word};

/// Says what is being done to a key, as the official CLI does: `Creating API key x under <account> as <user>...`.
fn progress_line(doing: &str, what: &str, identity: &Identity) -> String {
    let (account, user) = (escape(&identity.account_id), escape(&identity.user));
    format!("{doing} {what} under {account} as {user}...")
}

/// Settles whose keys are meant, and how they are called.
fn whose(all_users: bool) -> (Owner, &'static str) {
    if all_users {
        (Owner::AllUsers, "the API keys of all users")
    } else {
        (Owner::Myself, "all API keys")
    }
}

/// Lists every key of an owner, and tells what else than a usual failure can come of asking for those of others.
fn keys_of(owner: &Owner, context: &Context) -> Result<Vec<ApiKey>> {
    let listed = context.backend()?.api_keys(owner, &Selection::All);
    listed.map_err(|error| {
        if *owner != Owner::AllUsers || error.condition != Condition::Forbidden {
            return context.told(error, "The list of API keys");
        }
        let words = "The credential does not permit listing the API keys of other users";
        let error = BackendError { condition: Condition::Rejected(words.to_owned()), ..error };
        let told = context.told(error, "The list of API keys");
        // Others' keys take this role, one's own none (`api/iam_identity.md` §5).
        let hint = "The role Administrator on the IAM Identity service is needed; without '--all-users' your own are listed.";
        Error { kind: ErrorKind::NotPermitted, ..told }.hint(hint)
    })
}

/// Counts things in a sentence: `1 day`, `2 days`.
fn counted<N: Copy + Display + PartialEq + From<u8>>(number: N, what: &str) -> String {
    let s = if number == N::from(1) { "" } else { "s" };
    format!("{number} {what}{s}")
}

/// Names a key in a message: what was typed, made harmless for a terminal.
fn subject(key: impl Display) -> String {
    format!("API key '{}'", escape(&key.to_string()))
}

/// Says that a key is locked and how to unlock it.
fn locked(context: &Context, subject: &str, key: &ApiKey) -> Error {
    let told = context.told(Condition::Locked.into(), subject);
    let id = shell_word(key.id.as_str());
    told.hint(format!("Unlock it with '{} api-key-unlock {id}'.", context.program()))
}

/// Says what a conflict is about: the key, read again, is not as it was seen, or the service has a reason of its own.
fn conflict(
    context: &Context,
    error: BackendError,
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
    let mut changed: Vec<&str> =
        fields.iter().filter(|(_, differs)| *differs).map(|(name, _)| *name).collect();
    if changed.is_empty() {
        let words = format!("{subject} is as it was read, but the service finds a conflict");
        let mut told =
            context.told(BackendError { condition: Condition::Rejected(words), ..error }, subject);
        told.kind = ErrorKind::Conflict;
        return told.hint("Nothing was changed; look at it again, then repeat the command.");
    }
    // Every change moves the tag.
    if changed.len() > 1 {
        changed.retain(|field| *field != "entity tag");
    }
    let mut told = context.told(BackendError { condition: Condition::Conflict, ..error }, subject);
    told.message = format!("{} Changed since it was read: {}.", told.message, changed.join(", "));
    told
}

/// Deletes a key whose value reached nobody. One that was made locked has no owner yet who would want it so.
fn delete_unheld(backend: &dyn Backend, key: &ApiKey) -> std::result::Result<(), BackendError> {
    if key.locked {
        backend.set_locked(&key.id, false)?;
    }
    backend.delete_api_key(&key.id)
}

/// Settles an expiry that was given either way; refuses one that has passed.
fn expiry(args: &ExpiryArgs, now: Timestamp) -> Result<Option<Timestamp>> {
    let at = match (args.expires_at, args.expires_in) {
        (Some(at), _) => at,
        (None, Some(later)) => {
            now.plus(later).ok_or_else(|| Error::usage("The expiry lies beyond the year 9998."))?
        }
        (None, None) => return Ok(None),
    };
    if at <= now {
        return Err(Error::usage(format!("The expiry {} lies in the past.", at.to_rfc3339()))
            .hint("Give a time to come, such as '--expires-in 90d'."));
    }
    Ok(Some(at))
}
