//! `task-credentials`: lists the task credentials of the regions.

use super::{Looked, RegionRef, cannot_be_asked, family, look, named_or_usual, names, some_failed};
use crate::error::Result;
use crate::model::{ApiKeyId, Detail};
use crate::ops::{announce, once, sheet};
use crate::render::task_credentials::{self as render, KeyNow, Listed};
use crate::session::Session;
use crate::settings::Settings;

/// What is asked for.
#[derive(Debug)]
pub struct Request {
    /// The regions; those of IBM Cloud when there is none.
    pub regions: Vec<RegionRef>,
    /// Whether the table is shown in full, however narrow the terminal is.
    pub wide: bool,
}

/// The regions that are listed.
#[derive(Debug)]
pub struct Ready {
    regions: Vec<RegionRef>,
    wide: bool,
}

/// Checks what can be checked before anybody logs in.
pub fn ready(request: &Request, settings: &Settings) -> Result<Ready> {
    let regions = named_or_usual(&request.regions, settings)?;
    Ok(Ready { regions, wide: request.wide })
}

/// Runs `task-credentials`.
pub fn run(Ready { regions, wide }: &Ready, session: &mut Session) -> Result<()> {
    let now = session.now()?;
    announce("Listing", &format!("the task credentials in {}", names(regions)), session);
    let looked = look(regions, session)?;
    let all = looked.len();
    let (mut listed, mut failed) = (Vec::new(), Vec::new());
    for Looked { region, found } in looked {
        match found {
            Ok(found) => {
                let row = |found| Listed { region: region.name, found, key: KeyNow::Untold };
                listed.extend(found.into_iter().map(row));
            }
            Err(error) => failed.push((region, error)),
        }
    }
    if all == 1
        && let Some((_, error)) = failed.pop()
    {
        return Err(error);
    }
    look_at_keys(&mut listed, session)?;
    let ui = &mut *session.ui;
    if ui.manner().json {
        ui.data(|out| render::json(out, &listed));
    } else {
        ui.ok();
        if listed.is_empty() {
            ui.result("No task credentials found");
        }
        let sheet = sheet(ui, wide.then_some(now));
        if !listed.is_empty() {
            ui.data(|out| render::table(out, &listed, sheet));
        }
    }
    if !session.ui.manner().json {
        warn_of_keys(&listed, session);
    }
    if failed.is_empty() {
        return Ok(());
    }
    let of_region = |(region, error)| cannot_be_asked(error, region);
    let count = format!("{} of {all} regions could not be asked.", failed.len());
    Err(some_failed(count, failed.into_iter().map(of_region).collect(), session))
}

/// Finds out which of the keys inside work. One that cannot be asked for stays untold.
fn look_at_keys(listed: &mut [Listed], session: &Session) -> Result<()> {
    let mut seen: Vec<(ApiKeyId, KeyNow)> = Vec::new();
    for Listed { found, key, .. } in listed {
        let Some(id) = found.key_id() else { continue };
        *key = match seen.iter().find(|(seen, _)| *seen == id) {
            Some((_, now)) => *now,
            None => match once::found(session.keys().get(&id, Detail::default())) {
                Ok(None) => KeyNow::Gone,
                Ok(Some(found)) if found.key.works(session.service_time()?) => KeyNow::Works,
                Ok(Some(_)) => KeyNow::Stopped,
                Err(_) => KeyNow::Untold,
            },
        };
        seen.push((id, *key));
    }
    Ok(())
}

/// Warns of task credentials with which no job can log in.
fn warn_of_keys(listed: &[Listed], session: &mut Session) {
    for Listed { region, found, key } in listed {
        let what = match key {
            KeyNow::Gone => "is gone",
            KeyNow::Stopped => "is disabled or has expired",
            KeyNow::Works | KeyNow::Untold => continue,
        };
        let id = found.key_id().map(|id| id.to_string()).unwrap_or_default();
        session.ui.warn(&format!(
            "The {} {id} in the task credential in {region} {what}: no job can log in with it. Replace it with '{} --region {region}'.",
            session.facts().noun,
            family(session).on("rotate", "")
        ));
    }
}
