//! Shows the key of an owner who has one at most. Its value goes to FILE, where that is asked for and the service shows it.

use std::path::PathBuf;

use super::{turn_to, user};
use crate::error::{Error, ErrorKind, Result};
use crate::ops::{announce, destination, once};
use crate::private_file::{Destination, pending_path};
use crate::render::only_key;
use crate::secret;
use crate::session::Session;
use crate::settings::Settings;
use crate::systems::Condition;

/// What is asked for.
#[derive(Debug, Default)]
pub struct Request {
    /// The id of the user whose key is meant; `None` for the one who is logged in.
    pub user: Option<String>,
    /// Where the value is written; `None` leaves it unread.
    pub file: Option<PathBuf>,
    /// Whether a file that is not empty may be replaced.
    pub force: bool,
}

/// A request that passed the checks that need no login.
#[derive(Debug)]
pub struct Ready {
    request: Request,
    destination: Option<Destination>,
}

/// Checks what can be checked before anybody logs in.
pub fn ready(request: Request, settings: &Settings) -> Result<Ready> {
    let destination = destination::check(request.file.as_deref(), request.force, settings)?;
    Ok(Ready { request, destination })
}

/// Shows the key.
pub fn run(ready: Ready, session: &mut Session) -> Result<()> {
    let Ready { request, destination } = ready;
    turn_to(request.user.as_deref(), session);
    let user = user(session);
    announce("Getting", &session.entity(&user), session);
    let facts = session.facts();
    let Some(key) = once::listed(session)? else {
        return Err(session.told_of(Condition::NotFound.into(), &user));
    };
    if let Some(destination) = destination {
        let Some(reading) = session.keys().reading() else {
            let message =
                format!("The value of {} was told once, and is not kept.", session.subject(&user));
            let rotate = session.on("rotate", "");
            return Err(
                Error::failure(message).hint(format!("'{rotate}' puts a new one in its place."))
            );
        };
        let value = reading.value_of(&key.id).map_err(|error| session.told_of(error, &user))?;
        let Some(value) = value else {
            let message = format!("The value of {} is not shown.", session.subject(&user));
            return Err(Error::new(ErrorKind::NotPermitted, message).hint(format!(
                "Only its owner can read it; '{}' puts a new one in its place.",
                session.on("rotate", "")
            )));
        };
        for concern in destination.concerns() {
            session.ui.warn(concern);
        }
        let document = only_key::file(facts, &key, &session.keys().place().endpoint, &value);
        let tag = secret::random::<8>().map(|random| secret::hex(&random));
        let tag = tag.map_err(|error| Error::failure(format!("{error}.")))?;
        let copy = pending_path(destination.place(), &tag);
        let pending =
            destination.begin(copy, Some(&value), serde_json::Value::Null, document.len())?;
        pending.finish(&document, &value)?;
    }
    if session.ui.manner().json {
        session.ui.data(|out| only_key::json(out, facts, &key));
        return Ok(());
    }
    session.ui.ok();
    let text = only_key::rows(&key, None, session.ui.manner().colour.0);
    session.ui.data(|out| out.write_all(text.as_bytes()));
    if let Some(file) = &request.file {
        let shown = session.ui.entity(&file.display().to_string());
        session.ui.result(&format!("Successfully save {} information to {shown}", facts.noun));
    }
    Ok(())
}
