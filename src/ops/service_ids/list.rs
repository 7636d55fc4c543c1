//! Lists the service IDs of the account, filtered and sorted.

use clap::ValueEnum;

use super::{announce_as, group_id, service_ids, told_of};
use crate::error::Result;
use crate::model::{GroupRef, ServiceId, ServiceIdSelection};
use crate::ops::sheet;
use crate::render::service_ids as render;
use crate::session::Session;
use crate::text::escape;
use crate::told::told;

/// What is asked for.
#[derive(Debug)]
pub struct Request {
    /// Whether only ids are printed, one on each line.
    pub ids_only: bool,
    /// Only service IDs whose name contains this text.
    pub name: Option<String>,
    /// Only service IDs whose description contains this text.
    pub description: Option<String>,
    /// Only those of this group.
    pub group: Option<GroupRef>,
    /// What to sort by; by creation when absent.
    pub sort: Option<SortBy>,
    /// Whether more columns are shown.
    pub wide: bool,
}

/// What `--sort` can sort service IDs by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum SortBy {
    /// By name
    Name,
    /// By description
    Description,
    /// By creation, oldest first
    CreatedAt,
    /// By last change, oldest first
    ModifiedAt,
}

/// Lists service IDs.
pub fn run(request: &Request, session: &mut Session) -> Result<()> {
    let now = session.now()?;
    if !request.ids_only {
        // "services IDs", as the official CLI has it.
        announce_as("Getting", "all services IDs bound to current account", session);
    }
    let group_id = group_id(session, request.group.as_ref())?;
    let which = ServiceIdSelection { name: None, group_id };
    let listed = service_ids(session)?.list_service_ids(&which);
    let mut shown = listed.map_err(|error| match &request.group {
        Some(group) => told_of(error, group, super::GROUP, session),
        None => told(error, "The list of service IDs", &super::family(super::SERVICE_ID, session)),
    })?;
    let contains =
        |text: &str, part: &Option<String>| part.as_deref().is_none_or(|part| text.contains(part));
    shown.retain(|found| {
        contains(&found.name, &request.name) && contains(&found.description, &request.description)
    });
    sort(&mut shown, request.sort);
    let ui = &mut *session.ui;
    if ui.manner().json {
        ui.data(|out| render::json(out, &shown));
        return Ok(());
    }
    if request.ids_only {
        ui.data(|out| {
            shown.iter().try_for_each(|found| writeln!(out, "{}", escape(found.id.as_str())))
        });
        return Ok(());
    }
    ui.ok();
    if shown.is_empty() {
        ui.result("No service IDs found");
        return Ok(());
    }
    let sheet = sheet(ui, request.wide.then_some(now));
    ui.data(|out| render::table(out, &shown, request.wide, sheet));
    Ok(())
}

/// Sorts by a field; service IDs with equal fields stay oldest first.
fn sort(service_ids: &mut [ServiceId], by: Option<SortBy>) {
    match by {
        // They are listed so.
        None | Some(SortBy::CreatedAt) => {}
        Some(SortBy::Name) => service_ids.sort_by(|a, b| a.name.cmp(&b.name)),
        Some(SortBy::Description) => service_ids.sort_by(|a, b| a.description.cmp(&b.description)),
        Some(SortBy::ModifiedAt) => service_ids.sort_by_key(|found| found.modified_at),
    }
}
