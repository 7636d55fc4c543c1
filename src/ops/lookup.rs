//! Finds the key that a value belongs to.

use crate::credentials::input;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{ApiKeyDetails, Detail};
use crate::ops::resolve::{self, Found};
use crate::ops::{announce, show};
use crate::secret::Secret;
use crate::session::{NamedService, Session};
use crate::settings::Settings;
use crate::systems::Facts;
use crate::text::an;
use crate::ui::Ui;

/// What is asked for.
#[derive(Debug)]
pub struct Request {
    /// Where the value is: `@FILE`, or `-` for standard input.
    pub from: String,
    /// Whether only the id is printed.
    pub ids_only: bool,
}

/// A value that can be looked up.
#[derive(Debug)]
pub struct Ready {
    value: Secret,
    ids_only: bool,
}

/// Reads the value, before anybody logs in.
pub fn ready(request: &Request, facts: &Facts, settings: &Settings, ui: &mut Ui) -> Result<Ready> {
    let Facts { noun, command, .. } = facts;
    match input::read(&request.from, ui)? {
        None => Err(Error::usage(
            "A key's value is not taken from the command line, where others can see it.",
        )
        .hint(format!(
            "Write '{} {command}-lookup @FILE', or pipe the value in.",
            settings.program()
        ))),
        Some(value) if value.expose().is_empty() => {
            Err(Error::usage("There is no value to look up: the input is empty."))
        }
        Some(value)
            if input::mistaken(value.expose()).is_none() && !input::can_be_key(value.expose()) =>
        {
            Err(Error::usage(format!(
                "The input holds something else than one {noun}; it was sent nowhere."
            ))
            .hint(format!(
                "Give the key alone, or the JSON that '{command}-create' wrote with '--file'."
            )))
        }
        Some(value) => {
            let value = input::usable(value, "The input")
                .map_err(|error| Error { kind: ErrorKind::Usage, ..error })?;
            Ok(Ready { value, ids_only: request.ids_only })
        }
    }
}

/// Looks the value up.
pub fn run(ready: &Ready, session: &mut Session) -> Result<()> {
    let now = session.now()?;
    let noun = session.facts().noun;
    if !ready.ids_only {
        announce("Looking up", &format!("the {noun} of a value"), session);
    }
    let found = session.keys().by_value(&ready.value);
    let subject = format!("{} {noun} with this value", an(noun));
    let key = found.map_err(|error| session.told(error, &subject))?;
    if let Some(id) = key.owner().service_id().filter(|_| key.owner() != session.owner()) {
        session.turn_to(Some(NamedService { named: id.to_string(), id }));
    }
    let found = Found { state: resolve::state_of(session, &key, now)?, key };
    let details = ApiKeyDetails { key: found.key.clone(), history: None, activity: None };
    show::print(&found, &details, ready.ids_only, Detail::default(), session);
    Ok(())
}
