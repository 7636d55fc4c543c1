//! The commands on task credentials of watsonx: `task-credential…`. `once` makes, brings and retires the IAM keys inside.

pub mod create;
pub mod delete;
mod elsewhere;
mod finish;
pub mod list;
mod report;
pub mod rotate;

use std::ops::ControlFlow;

use crate::error::{Error, ErrorKind, Result};
use crate::session::Session;
use crate::settings::Settings;
use crate::settings::variables::{WATSONX_REGION, WATSONX_URL};
use crate::side_by_side::side_by_side;
use crate::systems::task_credentials::region::PLACE;
use crate::systems::task_credentials::{Region, TaskCredential};
use crate::systems::{Condition, System};
use crate::text::escape;
use crate::told::Family;

/// A region as it is named on the command line.
pub type RegionRef = &'static Region;

/// What a region has, or why it could not be asked.
#[derive(Debug)]
struct Looked {
    region: RegionRef,
    found: Result<Vec<TaskCredential>>,
}

/// Returns the regions that are named, or the one of the variable.
fn named(regions: &[RegionRef], settings: &Settings) -> Result<Vec<RegionRef>> {
    let mut named: Vec<RegionRef> = Vec::new();
    for region in regions {
        if !named.contains(region) {
            named.push(region);
        }
    }
    if named.is_empty() {
        let text = settings.environment().text(WATSONX_REGION)?;
        let text = text.ok_or_else(|| {
            Error::usage("It must be said which region is meant.")
                .hint(format!("Say '--region us-south', or set {WATSONX_REGION}."))
        })?;
        named.push(Region::find(&text).ok_or_else(|| {
            Error::usage(format!("{WATSONX_REGION} is '{text}', which is no region."))
                .hint(format!("The regions are {}.", Region::names()))
        })?);
    }
    if named.len() > 1 && has_one_store(settings)? {
        let message = format!("{WATSONX_URL} names one store, and several regions are meant.");
        return Err(
            Error::usage(message).hint(format!("Write '{PLACE}' into it where the region stands."))
        );
    }
    Ok(named)
}

/// Returns the regions that are named, or those of IBM Cloud.
fn named_or_usual(regions: &[RegionRef], settings: &Settings) -> Result<Vec<RegionRef>> {
    if regions.is_empty() && !has_one_store(settings)? {
        return Ok(Region::of_ibm_cloud().iter().collect());
    }
    named(regions, settings)
}

/// Tells whether a variable names a store that is not one for each region.
fn has_one_store(settings: &Settings) -> Result<bool> {
    let url = settings.environment().text(WATSONX_URL)?;
    Ok(url.is_some_and(|url| !url.contains(PLACE)))
}

/// Asks the regions, several at once. Fails where the credential is refused.
fn look(regions: &[RegionRef], session: &Session) -> Result<Vec<Looked>> {
    let Some(first) = regions.first() else { return Ok(Vec::new()) };
    let stores = session.regions().map_err(|error| session.told_of_region(error, first))?;
    let (keys, jobs) = (session.keys(), session.jobs(None));
    let (mut all, mut refused) = (Vec::new(), None);
    let list = |index: usize| stores.list(keys, regions[index]);
    side_by_side(jobs, regions.len(), &|| true, &list, &mut |index, found| {
        let region = regions[index];
        let is_refused =
            found.as_ref().is_err_and(|error| error.condition == Condition::Unauthorized);
        let found = found.map_err(|error| session.told_of_region(error, region));
        match found {
            Err(error) if is_refused => {
                refused.get_or_insert(error);
                ControlFlow::Break(())
            }
            found => {
                all.push(Looked { region, found });
                ControlFlow::Continue(())
            }
        }
    });
    refused.map_or(Ok(all), Err)
}

/// As [`look`], and fails where a region cannot be asked.
fn look_at_all(
    regions: &[RegionRef],
    session: &Session,
) -> Result<Vec<(RegionRef, Vec<TaskCredential>)>> {
    let looked = look(regions, session)?.into_iter();
    let each = looked.map(|Looked { region, found }| {
        let found = found.map_err(|error| cannot_be_asked(error, region))?;
        Ok((region, found.into_iter().filter(TaskCredential::is_api_key).collect()))
    });
    each.collect()
}

/// Names the region that an error is about.
fn cannot_be_asked(error: Error, region: RegionRef) -> Error {
    let message = format!("The region {} cannot be asked: {}", region.name, error.message);
    Error { message, ..error }
}

/// Makes the error for some of several that failed. Each is told: for people one after the other, for programs in one message.
fn some_failed(count: String, failed: Vec<Error>, session: &mut Session) -> Error {
    let mut message = count;
    for error in failed {
        if session.ui.manner().json || session.ui.manner().json_errors {
            message = format!("{message} {}", error.message);
        } else {
            session.ui.item_failed(&error);
        }
    }
    Error::new(ErrorKind::SomeFailed, message)
}

/// Lists regions in a sentence.
fn names(regions: &[RegionRef]) -> String {
    let names: Vec<&str> = regions.iter().map(|region| region.name).collect();
    names.join(", ")
}

/// The commands on task credentials, for hints.
fn family<'a>(session: &Session<'a>) -> Family<'a> {
    Family::of(session.program(), System::TaskCredentials.facts())
}

/// Makes the error for a region that has a task credential already.
fn is_taken(region: RegionRef, found: &TaskCredential, session: &Session) -> Error {
    let key = found.key_id().map(|id| format!(", which holds the {} {id}", session.facts().noun));
    let message = format!(
        "The region {} has a task credential already: '{}' ({}){}.",
        region.name,
        escape(&found.name),
        escape(&found.id),
        key.unwrap_or_default()
    );
    let rotate = family(session).on("rotate", "");
    Error::new(ErrorKind::Conflict, message)
        .hint(format!("Replace it with '{rotate} --region {}'.", region.name))
}
