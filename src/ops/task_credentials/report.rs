//! What is said of task credentials that were stored, or could not be.

use super::{RegionRef, family, names};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{ApiKey, ApiKeyId, Timestamp};
use crate::ops::once::{End, Ended, Retired, Run};
use crate::render::task_credentials::{self as render, OldKey, Stored};
use crate::session::Session;

/// An old key that is not retired, and why.
#[derive(Debug)]
pub(super) struct Left {
    pub(super) id: ApiKeyId,
    pub(super) why: String,
}

/// Returns the new key, or says why no region has it.
pub(super) fn ended(run: &mut Run, ended: Ended, session: &Session) -> Result<ApiKey> {
    let noun = session.facts().noun;
    if let (Ended::At(End::Displaced), Some(key)) = (ended, &run.key) {
        let message = format!(
            "Somebody else has stored another task credential meanwhile. The new {noun} {} is in no region, and nobody has its value.",
            key.id
        );
        let delete = session.on("delete", key.id.in_command());
        return Err(Error::new(ErrorKind::Conflict, message).hint(format!(
            "Delete the key: '{delete}'. '{}' shows what is there.",
            family(session).list()
        )));
    }
    run.ended(ended, session)
}

/// Says how far it came where something failed after every region had the key.
pub(super) fn unfinished(error: Error, run: &Run, session: &Session) -> Error {
    if !run.is_in_place() {
        return error;
    }
    let message = format!("Every region has the new key, but not all is done: {}", error.message);
    let kind = match error.kind {
        ErrorKind::Unavailable => ErrorKind::OutcomeUnknown,
        kind => kind,
    };
    Error { kind, message, ..error }
        .hint(format!("Run '{} recover' to finish it.", session.program()))
}

/// Fails where some regions have what somebody else has stored meanwhile.
pub(super) fn check_alone(ended: Ended, session: &Session) -> Result<()> {
    if ended != Ended::At(End::DoneBeside) {
        return Ok(());
    }
    let message = "In some of the regions somebody else has stored another task credential meanwhile; it was left.";
    Err(Error::new(ErrorKind::Conflict, message)
        .hint(format!("'{}' shows what is there.", family(session).list())))
}

/// Tells of task credentials that hold a key now.
pub(super) fn stored(name: &str, key: &ApiKeyId, regions: &[RegionRef], session: &mut Session) {
    let noun = session.facts().noun;
    let ui = &mut *session.ui;
    if ui.manner().json {
        let regions = regions.iter().map(|region| region.name).collect();
        let stored =
            Stored { dry_run: false, name, key_id: Some(key.as_str()), regions, old_keys: None };
        ui.data(|out| render::stored(out, &stored));
        return;
    }
    ui.ok();
    let (name, regions) = (ui.entity(name), names(regions));
    ui.result(&format!("Task credential {name} was stored in {regions}"));
    ui.result(&format!("It holds the {noun} {key}"));
}

/// Tells of task credentials that were replaced, and of the old keys.
pub(super) fn replaced(
    run: &Run,
    key: &ApiKey,
    left: &[Left],
    untold: &[RegionRef],
    session: &mut Session,
) {
    let noun = session.facts().noun;
    let Some(regions) = &run.begun.regions else { return };
    let ui = &mut *session.ui;
    if ui.manner().json {
        let retired = run.retired.iter().map(|old| {
            let (outcome, works_until) = match old.how.became {
                Retired::Gone => ("gone", None),
                Retired::Until(at) => ("retired", Some(at.to_rfc3339())),
                Retired::Disabled | Retired::Expired => ("retired", None),
            };
            OldKey { id: old.id.clone(), outcome, works_until }
        });
        let left = left.iter().map(|old| left_as(&old.id));
        let stored = Stored {
            dry_run: false,
            name: &regions.credential,
            key_id: Some(key.id.as_str()),
            regions: regions.names.iter().map(String::as_str).collect(),
            old_keys: Some(retired.chain(left).collect()),
        };
        ui.data(|out| render::stored(out, &stored));
        return;
    }
    ui.ok();
    let (name, all) = (ui.entity(&regions.credential), regions.names.join(", "));
    ui.result(&format!("Task credential {name} was replaced in {all}"));
    ui.result(&format!("It holds the {noun} {}", key.id));
    for old in &run.retired {
        ui.result(&format!("The old key {} {}", old.id, old.how.became.words()));
        if old.how.is_login_moved {
            ui.result("The login was moved to the new key");
        }
        if old.how.is_credential {
            ui.warn(
                "The credential in use is the key that was replaced; put another one in its place.",
            );
        }
    }
    say_left(left, untold, session);
}

/// Warns of old keys that are left.
pub(super) fn say_left(left: &[Left], untold: &[RegionRef], session: &mut Session) {
    for Left { id, why } in left {
        session.ui.warn(&format!("The old key {id} is left as it is: {why}."));
    }
    if !untold.is_empty() {
        let regions = names(untold);
        session.ui.warn(&format!(
            "Which key the task credential in {regions} held is not told; that key is left as it is."
        ));
    }
}

/// An old key that is left, in JSON.
pub(super) fn left_as(id: &ApiKeyId) -> OldKey {
    OldKey { id: id.to_string(), outcome: "left", works_until: None }
}

/// Tells what would be stored: the key of this id, or one of this name that would be made.
pub(super) fn dry_run(
    name: &str,
    key: std::result::Result<&ApiKeyId, &str>,
    regions: &[RegionRef],
    old_keys: Option<(Vec<ApiKeyId>, Timestamp, &[Left])>,
    session: &mut Session,
) {
    let noun = session.facts().noun;
    let ui = &mut *session.ui;
    if ui.manner().json {
        let old_keys = old_keys.map(|(retired, until, left)| {
            let retired = retired.iter().map(|id| OldKey {
                id: id.to_string(),
                outcome: "would be retired",
                works_until: Some(until.to_rfc3339()),
            });
            retired.chain(left.iter().map(|old| left_as(&old.id))).collect()
        });
        let key_id = key.ok().map(ApiKeyId::as_str);
        let regions = regions.iter().map(|region| region.name).collect();
        let stored = Stored { dry_run: true, name, key_id, regions, old_keys };
        ui.data(|out| render::stored(out, &stored));
        return;
    }
    let (shown, regions) = (ui.entity(name), names(regions));
    match key {
        Ok(key) => ui.result(&format!(
            "Dry run: task credential {shown} would be stored in {regions}, with the {noun} {key}"
        )),
        Err(new) => {
            let new = ui.entity(new);
            ui.result(&format!("Dry run: a new {noun} {new} would be created"));
            ui.result(&format!("Dry run: it would become task credential {shown} in {regions}"));
        }
    }
    for id in old_keys.iter().flat_map(|(retired, ..)| retired) {
        let until = old_keys.as_ref().map(|(_, until, _)| until.to_wire().to_string());
        let until = until.unwrap_or_default();
        ui.result(&format!(
            "Dry run: the old key {id} would then work until {until}, or until its own end if that is sooner"
        ));
    }
}
