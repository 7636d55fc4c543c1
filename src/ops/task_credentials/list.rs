//! `task-credentials`: lists the task credentials of the regions.

use super::{Looked, RegionRef, look, named_or_usual, names, some_failed};
use crate::error::{Error, Result};
use crate::ops::{announce, sheet};
use crate::render::task_credentials::{self as render, Listed};
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
                listed.extend(found.into_iter().map(|found| Listed { region: region.name, found }));
            }
            Err(error) => failed.push((region, error)),
        }
    }
    if all == 1
        && let Some((_, error)) = failed.pop()
    {
        return Err(error);
    }
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
    if failed.is_empty() {
        return Ok(());
    }
    let of_region = |(region, error): (RegionRef, Error)| Error {
        message: format!("The region {} cannot be asked: {}", region.name, error.message),
        ..error
    };
    let count = format!("{} of {all} regions could not be asked.", failed.len());
    Err(some_failed(count, failed.into_iter().map(of_region).collect(), session))
}
