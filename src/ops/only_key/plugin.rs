//! Adds, removes or refreshes the key of a user as the official plug-in for classic infrastructure does, with its texts. It
//! asks nothing.

use super::{Ready, delete, turn_to};
use crate::error::{Error, ErrorKind, Result};
use crate::journal::Operation;
use crate::model::ApiKey;
use crate::ops::once::{self, Told};
use crate::session::Session;
use crate::systems::Condition;

const REMOVED: &str = "Successfully removed user's API authentication key";
const SINGLE: &str = "Each user can only have a single API key.";
const ADDED: &str = "Successfully added. New API Authentication Key: ";

/// What is asked for.
#[derive(Debug)]
pub struct Request {
    /// The id of the user, a number.
    pub identifier: String,
    /// Whether a key is made.
    pub add: bool,
    /// Whether the key is removed.
    pub remove: bool,
    /// Whether the key is removed and another one made.
    pub refresh: bool,
}

/// Checks what can be checked before anybody logs in.
pub fn ready(request: Request) -> Result<Request> {
    let Request { identifier, add, remove, refresh } = request;
    let number: u64 = identifier
        .parse()
        .map_err(|_| Error::usage("Incorrect Usage: User ID should be a number."))?;
    // The official plug-in sorts them.
    let flags = [("add", add), ("refresh", refresh), ("remove", remove)];
    let given: Vec<&str> = flags.iter().filter(|(_, on)| *on).map(|(name, _)| *name).collect();
    match given.as_slice() {
        [] => Err(Error::usage("Incorrect Usage: Please pass at least one of the flags.")),
        [_] => Ok(Request { identifier: number.to_string(), add, remove, refresh }),
        several => Err(Error::usage(format!(
            "Incorrect Usage: if any flags in the group [add remove refresh] are set none of the others can be; [{}] were all set",
            several.join(" ")
        ))),
    }
}

/// Does it.
pub fn run(request: &Request, session: &mut Session) -> Result<()> {
    turn_to(Some(&request.identifier), session);
    if request.remove {
        return remove(session).map_err(|error| failed("remove", error));
    }
    let verb = if request.refresh { "remove" } else { "add" };
    let present = once::listed(session).map_err(|error| failed(verb, error))?;
    let is_there = present.is_some();
    if is_there && request.add {
        let refused = Error::new(ErrorKind::Conflict, SINGLE);
        return Err(failed("add", refused).hint("'--refresh' removes it and adds another."));
    }
    let operation = if is_there { Operation::Rotate } else { Operation::Create };
    let told = Told { first: request.refresh.then_some(REMOVED), before_value: ADDED };
    let user = Some(request.identifier.clone());
    let request = super::Request { user, force: true, ..super::Request::default() };
    let done = super::run(&Ready { request, operation, told: Some(told) }, session);
    done.map_err(|error| {
        // Where the old key is still there, it is its removal that failed.
        let is_old = |key: &ApiKey| present.as_ref().is_some_and(|old| old.id == key.id);
        let is_kept =
            is_there && once::listed(session).is_ok_and(|now| now.is_some_and(|key| is_old(&key)));
        failed(if is_kept { "remove" } else { "add" }, error)
    })
}

/// Removes the key. That there is none is no failure.
fn remove(session: &mut Session) -> Result<()> {
    let user = super::user(session);
    super::checks::check_settled(&user, session)?;
    let key = once::listed(session)?;
    if let Some(key) = &key
        && let Err(error) = session.keys().delete(&key.id)
        && error.condition != Condition::NotFound
    {
        return Err(session.told_of(error, &user));
    }
    if session.ui.manner().json {
        let (id, outcome) =
            key.as_ref().map_or(("", "missing"), |key| (key.id.as_str(), "deleted"));
        delete::report(id, &user, outcome, session);
        return Ok(());
    }
    session.ui.ok();
    session.ui.result(REMOVED);
    Ok(())
}

/// Puts the official words before an error.
fn failed(verb: &str, error: Error) -> Error {
    let message = format!("Failed to {verb} user's API authentication key\n{}", error.message);
    Error { message, ..error }
}
