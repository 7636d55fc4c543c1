//! Shows everything about one service ID.

use super::{SERVICE_ID, announce_as, entity, find, service_ids, told_of};
use crate::error::Result;
use crate::model::{Detail, ServiceChoice, ServiceIdDetails};
use crate::ops::sheet;
use crate::render::service_ids as render;
use crate::session::Session;

/// What is asked for.
#[derive(Debug)]
pub struct Request {
    /// Which service ID.
    pub service_id: ServiceChoice,
    /// Whether only the id is printed.
    pub ids_only: bool,
    /// What is shown beside the service ID.
    pub detail: Detail,
}

/// Shows a service ID.
pub fn run(request: &Request, session: &mut Session) -> Result<()> {
    let Request { service_id, ids_only, detail } = request;
    let named = &service_id.named;
    if !ids_only {
        announce_as("Getting", &entity(named, SERVICE_ID, session), session);
    }
    let found = find(session, service_id)?;
    let details = if detail.history || detail.activity {
        let read = service_ids(session)?.get_service_id(&found.id, *detail);
        read.map_err(|error| told_of(error, named, SERVICE_ID, session))?
    } else {
        ServiceIdDetails { service_id: found, history: None, activity: None }
    };
    let ui = &mut *session.ui;
    if ui.manner().json {
        ui.data(|out| render::json_details(out, &details, *detail));
    } else if *ids_only {
        ui.data(|out| writeln!(out, "{}", details.service_id.id));
    } else {
        ui.ok();
        let text = render::details(&details, *detail, sheet(ui, None));
        ui.data(|out| out.write_all(text.as_bytes()));
    }
    Ok(())
}
