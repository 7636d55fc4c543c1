//! The keys that one command rotates: which they are, the file of each, and whether there is room for all new ones.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::files::{self, Files};
use super::finish::is_about;
use super::prepared::Prepared;
use super::request::{One, Request, Terms};
use crate::error::{Error, ErrorKind, Result};
use crate::journal::{Begun, Operation};
use crate::model::{ApiKey, ApiKeyId, KeyRef, State, Timestamp};
use crate::ops::act::Row;
use crate::ops::resolve::{Found, Listing, Meaning};
use crate::ops::{counted, once};
use crate::private_file::place_of;
use crate::session::Session;
use crate::systems::Condition;
use crate::text::capitalised;

/// So long, in seconds, a key may be the new one of a rotation that is under way elsewhere.
const A_MOMENT: i64 = 10 * 60;

/// One of the keys.
#[derive(Debug)]
pub(super) struct Item {
    pub one: One,
    /// What it is called.
    pub label: String,
    /// The old key, as far as it is known.
    pub old: Option<ApiKey>,
    pub stage: Stage,
}

/// How far it is.
#[derive(Debug)]
pub(super) enum Stage {
    Found(Found),
    Prepared(Box<Prepared>),
    /// An ended process began it.
    Interrupted,
    Failed(Error),
    UnderWay,
}

pub(super) fn row(item: &Item) -> Row {
    let found = item.old.as_ref().map(|key| Row::found(&key.id, &key.name));
    found.unwrap_or_else(|| Row::named(&item.one.key)).replaced(item.one.file.as_deref())
}

/// Finds the keys that are meant, each once, and the rotations of them that were interrupted.
pub(super) fn find(
    request: &Request,
    now: Timestamp,
    session: &mut Session,
) -> Result<(Vec<Item>, Listing)> {
    let terms = request.terms;
    let mut listing = Listing::new(session, now)?;
    listing.ask_for(&request.keys, now, session.jobs(request.jobs), session);
    let is_open = |begun: &Begun, _: &_| {
        begun.operation == Operation::Rotate
            && begun.retires.is_some()
            && once::is_of_owner(begun, session)
    };
    // What would be done is told as if nothing was interrupted, as for one key.
    let open = if terms.dry_run { Vec::new() } else { once::take_of(session, is_open)? };
    let open: Vec<Begun> = open.into_iter().map(|orphan| orphan.begun).collect();
    let old_id = |begun: &Begun| begun.retires.as_ref().map(|old| ApiKeyId::new(old.id.as_str()));
    let interrupted = |begun: &Begun| {
        let id = old_id(begun)?;
        let old = listing.all().iter().find(|found| found.key.id == id);
        Some(Item {
            one: One { key: KeyRef::Id(id), file: begun.file.clone(), terms },
            label: begun.name.clone(),
            old: old.map(|found| found.key.clone()),
            stage: Stage::Interrupted,
        })
    };
    let found = |found: Found, key: KeyRef, label: String| {
        let open = open.iter().find(|begun| old_id(begun).as_ref() == Some(&found.key.id));
        open.and_then(interrupted).unwrap_or_else(|| Item {
            one: One { key, file: None, terms },
            label,
            old: Some(found.key.clone()),
            stage: Stage::Found(found),
        })
    };
    let mut items: Vec<Item> = Vec::new();
    if let Some(age) = request.older_than {
        let is_old = |key: &ApiKey| key.created_at.plus(age).is_some_and(|then| then <= now);
        let chosen =
            listing.all().iter().filter(|found| found.state == State::Active && is_old(&found.key));
        let fresh = fresh(&listing, session.service_time()?);
        items.extend(chosen.map(|one| {
            let key = KeyRef::Id(one.key.id.clone());
            let mut item = found(one.clone(), key, one.key.name.to_string());
            let newer = fresh.get(&*one.key.name).filter(|new| new.created_at > one.key.created_at);
            if let (Some(newer), Stage::Found(_)) = (newer, &item.stage) {
                item.stage = Stage::Failed(being_rotated(&one.key, newer, session));
            }
            item
        }));
        // Of these the old key may be disabled already.
        let is_here = |begun: &&Begun| is_in(begun.file.as_deref(), request.files.as_deref());
        items.extend(open.iter().filter(is_here).filter_map(interrupted));
    }
    for named in &request.keys {
        let about: Vec<Item> =
            open.iter().filter(|begun| is_about(begun, named)).filter_map(interrupted).collect();
        if !about.is_empty() {
            items.extend(about);
            continue;
        }
        match listing.one(session, named, Meaning::Current, now) {
            Ok(one) => items.push(found(one, named.clone(), named.to_string())),
            Err(error) if error.kind.ends_all() || error.kind == ErrorKind::Failure => {
                return Err(error);
            }
            Err(error) => items.push(Item {
                one: One { key: named.clone(), file: None, terms },
                label: named.to_string(),
                old: None,
                stage: Stage::Failed(error),
            }),
        }
    }
    let mut seen = HashSet::new();
    items.retain(|item| item.old.as_ref().is_none_or(|old| seen.insert(old.id.clone())));
    Ok((items, listing))
}

/// Finds the keys in use that were made a moment ago, by name.
fn fresh(listing: &Listing, now: Timestamp) -> HashMap<&str, &ApiKey> {
    let is_fresh = |key: &ApiKey| now.seconds() - key.created_at.seconds() < A_MOMENT;
    let fresh = listing.all().iter().filter(|one| one.state == State::Active && is_fresh(&one.key));
    fresh.map(|found| (&*found.key.name, &found.key)).collect()
}

/// Refuses a key that another machine may be rotating: its new key is there, and the old one is not retired yet.
fn being_rotated(old: &ApiKey, new: &ApiKey, session: &Session) -> Error {
    let message = format!(
        "{} ({}) may be being rotated by another command: {} has the same name and was made a moment ago.",
        capitalised(&session.subject(&old.name)),
        old.id,
        new.id
    );
    Error::new(ErrorKind::Conflict, message).hint(format!(
        "Repeat the command in {} minutes, or name the key by its ID.",
        A_MOMENT / 60
    ))
}

fn is_in(file: Option<&Path>, directory: Option<&Path>) -> bool {
    let directory = directory.and_then(|directory| directory.canonicalize().ok());
    directory.is_some() && file.and_then(Path::parent) == directory.as_deref()
}

/// Chooses the file of each. Fails where two keys need the same.
pub(super) fn name_files(items: &mut [Item], files: &Files<'_>, session: &Session) -> Result<()> {
    let mut taken: HashMap<PathBuf, String> = HashMap::new();
    let mut of_name: HashMap<Box<str>, usize> = HashMap::new();
    for old in items.iter().filter_map(|item| item.old.as_ref()) {
        *of_name.entry(old.name.clone()).or_default() += 1;
    }
    for item in items {
        let Some(old) = &item.old else { continue };
        let file = match &item.one.file {
            Some(file) => file.clone(),
            None => files.of(old, of_name.get(&old.name).is_some_and(|number| *number > 1))?,
        };
        let key = format!("{} ({})", session.subject(&old.name), old.id);
        let place = place_of(&file).unwrap_or_else(|_| file.clone());
        if let Some(first) = taken.get(&place) {
            return Err(files::refuse_twice(&file, first, &key));
        }
        taken.insert(place, key);
        item.one.file = Some(file);
    }
    Ok(())
}

/// Makes sure that there is room for all of the new keys, as far as the limit is known.
pub(super) fn check_room(
    items: &[Item],
    listing: &Listing,
    terms: Terms,
    session: &Session,
) -> Result<()> {
    let new: Vec<&ApiKey> = items
        .iter()
        .filter(|item| matches!(item.stage, Stage::Found(_)))
        .filter_map(|item| item.old.as_ref())
        .collect();
    let noun = session.facts().noun;
    let limit = session.keys().key_limit();
    let told = |error| session.told(error, &format!("The limit of {noun}s"));
    let Some(limit) = limit.map_err(told)? else { return Ok(()) };
    let names: HashSet<&str> = new.iter().map(|key| &*key.name).collect();
    let is_left = |found: &&Found| {
        let is_free = found.state == State::PhasedOut && !found.key.locked;
        is_free && names.contains(&*found.key.name)
    };
    let left = listing.all().iter().filter(is_left).count();
    let there = listing.all().len() - if terms.purge { left } else { 0 };
    if new.len() <= limit.saturating_sub(there) || new.is_empty() {
        return Ok(());
    }
    let error = session.told(Condition::LimitReached { limit: Some(limit) }.into(), "");
    let message = format!(
        "There are {there} {noun}s, of {limit} at most, and {} would be made.",
        counted(new.len() as u64, &format!("new {noun}")),
    );
    let error = Error { message, ..error };
    Err(if left > 0 && !terms.purge {
        error.hint(format!(
            "Repeat the command with '--purge' to delete the phased-out keys of these names first ({left})."
        ))
    } else {
        error.hint("Rotate fewer at once, or delete keys that are phased out.")
    })
}
