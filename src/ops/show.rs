//! Shows everything about one key.

use crate::error::Result;
use crate::model::{ApiKeyDetails, Detail, KeyRef};
use crate::ops::resolve::{self, Found, Meaning};
use crate::ops::{announce, sheet};
use crate::render::{json, table};
use crate::session::Session;

/// What is asked for.
#[derive(Debug)]
pub struct Request {
    /// Which key.
    pub key: KeyRef,
    /// Whether only the id is printed.
    pub ids_only: bool,
    /// What is shown beside the key.
    pub detail: Detail,
}

/// Shows a key.
pub fn run(request: &Request, session: &mut Session) -> Result<()> {
    let now = session.now()?;
    let key = &request.key;
    if !request.ids_only {
        announce("Getting", &session.entity(key), session);
    }
    let found = resolve::one(session, key, Meaning::Current, now)?;
    let detail = request.detail;
    let details = if detail.history || detail.activity {
        let read = session.keys().get(&found.key.id, detail);
        read.map_err(|error| session.told_of(error, key))?
    } else {
        ApiKeyDetails { key: found.key.clone(), history: None, activity: None }
    };
    print(&found, &details, request.ids_only, detail, session);
    Ok(())
}

/// Prints a key: as JSON, as its id, or as a table.
pub fn print(
    found: &Found,
    details: &ApiKeyDetails,
    id_only: bool,
    detail: Detail,
    session: &mut Session,
) {
    let is_of_another = details.key.iam_id != session.identity().iam_id;
    let ui = &mut *session.ui;
    if ui.manner().json {
        ui.data(|out| json::details(out, details, found.state, detail));
    } else if id_only {
        ui.data(|out| writeln!(out, "{}", details.key.id));
    } else {
        ui.ok();
        let sheet = sheet(ui, None);
        let text = table::details(details, found.state, detail, is_of_another, sheet);
        ui.data(|out| out.write_all(text.as_bytes()));
    }
}
