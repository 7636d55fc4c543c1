//! `task-credential-delete`: deletes task credentials, and with them the keys inside if that is asked for.

use super::elsewhere::{Elsewhere, Holder};
use super::{RegionRef, finish, look_at_all, named, names, some_failed};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{ApiKey, ApiKeyId, Detail};
use crate::ops::{agree, announce, facts, locked, once};
use crate::render::task_credentials::{self as render, Deleted};
use crate::session::Session;
use crate::settings::Settings;
use crate::systems::Condition;
use crate::systems::task_credentials::TaskCredential;
use crate::ui::{Ui, nobody_answers};

/// What is asked for.
#[derive(Debug)]
pub struct Request {
    /// The regions; that of the variable when there is none.
    pub regions: Vec<RegionRef>,
    /// Whether the keys inside are deleted, too.
    pub with_key: bool,
    /// Whether to go on without confirmation.
    pub force: bool,
    /// Whether to do nothing.
    pub dry_run: bool,
}

/// A request that passed the checks that need no login.
#[derive(Debug)]
pub struct Ready {
    request: Request,
    regions: Vec<RegionRef>,
}

/// Checks what can be checked before anybody logs in.
pub fn ready(request: Request, settings: &Settings, ui: &Ui) -> Result<Ready> {
    let regions = named(&request.regions, settings)?;
    if !request.force && !request.dry_run && ui.manner().json {
        return Err(nobody_answers(
            "JSON output asks no questions, and deleting a task credential needs a confirmation.",
        ));
    }
    Ok(Ready { request, regions })
}

/// Runs `task-credential-delete`.
pub fn run(ready: &Ready, session: &mut Session) -> Result<()> {
    let Ready { request, regions } = ready;
    let asks = !request.force && !request.dry_run;
    announce("Deleting", &format!("the task credential in {}", names(regions)), session);
    finish::refuse_any(regions, session)?;
    let looked = look_at_all(regions, session)?;
    let all: Vec<&TaskCredential> = looked.iter().flat_map(|(_, found)| found).collect();
    if all.is_empty() {
        let message = format!("There is no task credential in {}.", names(regions));
        return Err(Error::new(ErrorKind::NotFound, message));
    }
    let keys = if request.with_key { keys_in(&all, regions, session)? } else { Vec::new() };
    if !request.dry_run {
        facts::tell(&keys.iter().collect::<Vec<_>>(), asks, session.now()?, session);
        if asks {
            let also = if request.with_key { " and the key inside" } else { "" };
            let question = format!(
                "Are you sure you want to delete the task credential in {}{also}?",
                names(regions)
            );
            agree(&question, session)?;
        }
        // The key first: cut off in between, no key works that nobody holds.
        for key in &keys {
            once::wait_before_deletion(&key.id, session)?;
            once::found(session.keys().delete(&key.id))
                .map_err(|error| session.told_of(error, &key.id))?;
        }
    }
    let (items, failed) = delete_each(&looked, request.dry_run, session);
    report(&items, request, session);
    let count = items.len();
    if failed.is_empty() {
        return Ok(());
    }
    let message = format!("{} of {count} task credentials could not be deleted.", failed.len());
    Err(some_failed(message, failed, session))
}

/// Finds the keys inside. Fails where one is not told, or another region holds it.
fn keys_in(
    all: &[&TaskCredential],
    regions: &[RegionRef],
    session: &Session,
) -> Result<Vec<ApiKey>> {
    let noun = session.facts().noun;
    let mut ids: Vec<ApiKeyId> = Vec::new();
    for found in all {
        let id = found.key_id().ok_or_else(|| {
            let message = format!(
                "The task credential '{}' does not tell which {noun} it holds. Nothing was deleted.",
                crate::text::escape(&found.name)
            );
            Error::new(ErrorKind::Conflict, message).hint("Leave out '--with-key'.")
        })?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    let mut keys = Vec::new();
    for id in ids {
        if session.acting_key()?.as_ref() == Some(&id) {
            let message =
                format!("The credential in use is the {noun} {id} itself. Nothing was deleted.");
            return Err(Error::new(ErrorKind::Conflict, message)
                .hint("Log in with another one, or leave out '--with-key'."));
        }
        let found = once::found(session.keys().get(&id, Detail::default()));
        let Some(found) = found.map_err(|error| session.told_of(error, &id))? else { continue };
        if found.key.iam_id != session.owner().0 {
            let message =
                format!("The {noun} {id} belongs to {}. Nothing was deleted.", found.key.iam_id);
            return Err(Error::new(ErrorKind::Conflict, message).hint("Leave out '--with-key'."));
        }
        if found.key.locked {
            return Err(locked(session, &session.subject(&found.key.name), &found.key));
        }
        keys.push(found.key);
    }
    let elsewhere = Elsewhere::look(regions, &keys.iter().collect::<Vec<_>>(), session)?;
    for key in &keys {
        let Some(Holder { region, doubt }) = elsewhere.holder(key) else { continue };
        let (id, name) = (&key.id, region.name);
        let (message, hint) = match doubt {
            None => (
                format!("The task credential in {name} holds the {noun} {id} too."),
                format!("Say '--region {name}' too, or leave out '--with-key'."),
            ),
            Some(why) => (
                format!("The region {name} may hold the {noun} {id} too, and {why}."),
                "Leave out '--with-key'.".to_owned(),
            ),
        };
        let message = format!("{message} Nothing was deleted.");
        return Err(Error::new(ErrorKind::Conflict, message).hint(hint));
    }
    Ok(keys)
}

fn delete_each(
    looked: &[(RegionRef, Vec<TaskCredential>)],
    dry_run: bool,
    session: &Session,
) -> (Vec<Deleted>, Vec<Error>) {
    let (mut items, mut failed) = (Vec::new(), Vec::new());
    for (region, found) in looked {
        let region = *region;
        if found.is_empty() {
            let item = Deleted {
                region: region.name,
                id: None,
                name: None,
                key_id: None,
                outcome: "not_found",
            };
            items.push(item);
            failed.push(session.told_of_region(Condition::NotFound.into(), region));
        }
        for one in found {
            let deleted = || session.regions()?.delete(session.keys(), region, &one.id);
            let outcome = match if dry_run { Ok(Some(())) } else { once::found(deleted()) } {
                Ok(_) if dry_run => "would be deleted",
                Ok(_) => "deleted",
                Err(error) => {
                    failed.push(session.told_of_region(error, region));
                    "failed"
                }
            };
            items.push(Deleted {
                region: region.name,
                id: Some(one.id.clone()),
                name: Some(one.name.clone()),
                key_id: one.key_id().map(|id| id.to_string()),
                outcome,
            });
        }
    }
    (items, failed)
}

fn report(items: &[Deleted], request: &Request, session: &mut Session) {
    if session.ui.manner().json {
        session.ui.data(|out| render::deleted(out, items));
        return;
    }
    if !request.dry_run {
        session.ui.ok();
    }
    let mut kept: Vec<&str> = Vec::new();
    for item in items {
        let Some(name) = &item.name else { continue };
        let name = session.ui.entity(name);
        let line = match item.outcome {
            "failed" => continue,
            "deleted" => format!("Task credential {name} in {} was deleted", item.region),
            _ => format!("Dry run: task credential {name} in {} would be deleted", item.region),
        };
        session.ui.result(&line);
        let key = item.key_id.as_deref().filter(|id| !kept.contains(id));
        kept.extend(key);
    }
    for id in kept {
        if request.with_key {
            let done = if request.dry_run {
                "Dry run: the key inside would be deleted"
            } else {
                "The key inside was deleted"
            };
            session.ui.result(&format!("{done}: {id}"));
        } else if !request.dry_run {
            session.ui.warn(&format!(
                "The key that was inside works on: {id}. If nobody else has its value, run '{}'.",
                session.on("delete", id)
            ));
        }
    }
}
