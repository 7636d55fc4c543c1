//! Settling one entry: FILE is completed, or a key that was made for nobody is deleted.

use std::fmt::Write as _;
use std::path::Path;

use super::retirement;
use super::suspects::{suspects, wait_for_certainty};
use super::unheld;
use super::verdict::{Outcome, Request, Verdict};
use crate::error::{Error, ErrorKind, Result};
use crate::journal::{Begun, Orphan};
use crate::model::{ApiKey, ApiKeyId, Detail};
use crate::ops::{delete_unheld, unfinished};
use crate::private_file::{
    self, Destination, Left, Whereabouts, is_left_over, owner_of, pending_path, read_pending,
};
use crate::render::key_file;
use crate::secret::Secret;
use crate::session::Session;
use crate::systems::Condition;

/// The most bytes that are read of FILE.
const MOST: u64 = 1 << 20;

/// Settles an entry, and removes it where that succeeds.
pub(super) fn settle(orphan: Orphan, request: Request, session: &mut Session) -> Result<Verdict> {
    let verdict = match &orphan.begun.file {
        Some(file) => settle_file(&orphan, file, request, session)?,
        None => settle_output(&orphan, request, session)?,
    };
    if verdict.outcome.is_settled() && !request.dry_run {
        unfinished::close(orphan)?;
    }
    Ok(verdict)
}

/// With `--file`: the value is in FILE already, or in the pending copy, or nobody was ever given it.
fn settle_file(
    orphan: &Orphan,
    file: &Path,
    request: Request,
    session: &mut Session,
) -> Result<Verdict> {
    let begun = &orphan.begun;
    let (noun, name) = (session.facts().noun, &begun.name);
    let pending = pending_path(file, orphan.entry.tag());
    if !private_file::parent(file).is_dir() {
        return Ok(Verdict::blocked(format!(
            "The directory of {}, where the copy of {noun} {name} would be, is not there. Bring it back",
            file.display()
        )));
    }
    if let Some(verdict) = in_place(orphan, file, &pending, request, session)? {
        return Ok(verdict);
    }
    let owner = begun.retires.as_ref().and_then(|_| owner_of(file, begun.replaces.as_ref()));
    let left = Left::open(pending.clone(), owner).and_then(|left| match left {
        Some(left) => Ok(left.value()?.map(|value| (value, left))),
        None => Ok(None),
    });
    let left = match left {
        Ok(left) => left.filter(|(value, _)| begun.is_value(value)),
        Err(error) => {
            return Ok(Verdict::blocked(format!(
                "'{}' is not as the pending copy for {noun} {name} was made: {error}. Move it away, then run '{} recover' again",
                pending.display(),
                session.program()
            )));
        }
    };
    let Some((value, left)) = left else { return lost_copy(orphan, &pending, request, session) };
    let mut found = find(&value, orphan, session)?;
    if found.is_none() && session.keys().look_up().is_none() {
        return settle_by_name(orphan, &pending, request, session);
    }
    if found.is_none() {
        if !wait_for_certainty(orphan, request, session)? {
            return Ok(Verdict::undecided(begun, session));
        }
        found = find(&value, orphan, session)?;
    }
    let Some(key) = found else {
        discard(&pending, request)?;
        return Ok(Verdict::never_created(begun, request, session));
    };
    if let Some(blocked) = retirement::unproven(&key, &value, begun, request, session) {
        return Ok(blocked);
    }
    let verdict = complete(&key, &value, begun, file, left, request, session);
    if verdict.outcome == Outcome::Deleted {
        return Ok(verdict);
    }
    Ok(retirement::of_file(verdict, Some(key), &value, begun, request, session))
}

/// Settles an entry whose key is in FILE already; `None` where it is not.
fn in_place(
    orphan: &Orphan,
    file: &Path,
    pending: &Path,
    request: Request,
    session: &Session,
) -> Result<Option<Verdict>> {
    let begun = &orphan.begun;
    let (noun, name, shown) = (session.facts().noun, &begun.name, file.display());
    let value = private_file::read_small(file, MOST).ok().flatten();
    let value = value.and_then(|bytes| read_pending(&bytes));
    let Some(value) = value.filter(|value| begun.is_value(value)) else { return Ok(None) };
    let found = find(&value, orphan, session)?;
    let id = found.as_ref().map(|key| key.id.clone());
    // There is no hash of a value that the service chose: the id of the key that it opens has to do.
    let is_it = || id.is_some() && id == orphan.delivering.as_deref().map(ApiKeyId::new);
    if begun.value_hash.is_none() && !is_it() {
        return Ok(None);
    }
    if !is_left_over(pending, file, begun.replaces.as_ref()) {
        return Ok(Some(Verdict::blocked(format!(
            "{noun} {name} was created and is in {shown}, but '{}' holds another file. Move that one away",
            pending.display()
        ))));
    }
    discard(pending, request)?;
    let sentence = format!("{noun} {name} was created and is in {shown} already");
    let verdict = Verdict::new(Outcome::Complete, id, sentence);
    Ok(Some(retirement::of_file(verdict, found, &value, begun, request, session)))
}

/// Finds the key of a value; `None` where there is none. A system without a look-up by value has only the key that was
/// noted.
fn find(value: &Secret, orphan: &Orphan, session: &Session) -> Result<Option<ApiKey>> {
    let keys = session.keys();
    let noted = orphan.delivering.as_deref().or(orphan.made.as_deref()).map(ApiKeyId::new);
    let found = match (keys.look_up(), noted) {
        (Some(look_up), _) => look_up.by_value(value),
        (None, Some(id)) => keys.get(&id, Detail::default()).map(|details| details.key),
        (None, None) => return Ok(None),
    };
    match found {
        Ok(key) => Ok(Some(key)),
        Err(error) if error.condition == Condition::NotFound => Ok(None),
        Err(error) => Err(session.told(error, &format!("The {}", session.facts().noun))),
    }
}

fn discard(pending: &Path, request: Request) -> Result<()> {
    if request.dry_run {
        return Ok(());
    }
    private_file::remove(pending).map_err(|error| {
        let message = format!("'{}' could not be removed: {error}.", pending.display());
        Error::new(ErrorKind::Failure, message)
    })
}

/// Writes the key to FILE.
fn complete(
    key: &ApiKey,
    value: &Secret,
    begun: &Begun,
    file: &Path,
    left: Left,
    request: Request,
    session: &mut Session,
) -> Verdict {
    let created = format!("{} {} ({}) was created", session.facts().noun, key.name, key.id);
    let verdict = |outcome, more: String| {
        Verdict::new(outcome, Some(key.id.clone()), format!("{created}{more}"))
    };
    let shown = file.display();
    let pending = left.path().to_owned();
    // The journal says what FILE may replace; '--force' is about questions here.
    let destination = Destination::check_again(file, begun.replaces.as_ref());
    for concern in destination.iter().flat_map(Destination::concerns) {
        session.ui.warn(concern);
    }
    let finished = if request.dry_run {
        destination.map(drop)
    } else {
        destination.and_then(|mut destination| {
            // A rotation replaces only the file of its own old key.
            destination.keeps_owner = begun.retires.is_some();
            left.resume(destination).finish(&key_file::document(key, value), value)
        })
    };
    match finished {
        Ok(()) if request.dry_run => {
            verdict(Outcome::WouldBeCompleted, format!("; it would be written to {shown}"))
        }
        Ok(()) => verdict(Outcome::Complete, format!("; it is now in {shown}")),
        Err(error) if error.whereabouts == Whereabouts::Taken => {
            // Whoever took the copy was not meant to have the value.
            let (outcome, what) = match delete_unheld(session.keys(), key) {
                Ok(()) => (Outcome::Deleted, "it was deleted".to_owned()),
                Err(error) => {
                    let told = session.told_of(error, &key.id).message;
                    let told = told.trim_end_matches('.');
                    (Outcome::Blocked, format!("it could not be deleted: {told}"))
                }
            };
            verdict(outcome, format!(". {error} So {what}"))
        }
        Err(error) => verdict(
            Outcome::Blocked,
            format!(
                ", and its value is kept in {}. {error} Clear the way, then run '{} recover' again",
                pending.display(),
                session.program()
            ),
        ),
    }
}

/// Settles an entry whose pending copy is gone or holds no value. It holds a value before the key is made, so as a rule
/// there is no key.
fn lost_copy(
    orphan: &Orphan,
    pending: &Path,
    request: Request,
    session: &mut Session,
) -> Result<Verdict> {
    let begun = &orphan.begun;
    if begun.value_hash.is_none() {
        // The service chose the value, and the command ended before it was in the copy.
        return settle_by_name(orphan, pending, request, session);
    }
    let Some(mut suspects) = suspects(orphan, request, session)? else {
        return Ok(Verdict::undecided(begun, session));
    };
    suspects.retain(|suspect| suspect.is_timely);
    if suspects.is_empty() {
        discard(pending, request)?;
        return Ok(Verdict::never_created(begun, request, session));
    }
    // Whoever removed or damaged the copy may hold the value, so nothing is deleted.
    let what = if pending.exists() { "holds no value any more" } else { "is gone" };
    let sentence = format!(
        "The pending copy for {} {} {what}. Keys of that name made since then: {}. Delete the one whose value nobody holds",
        session.facts().noun,
        begun.name,
        unheld::ids(&suspects)
    );
    Ok(Verdict::new(Outcome::Reported, None, sentence))
}

/// Settles an entry whose pending copy does not tell which key was made. The copy is removed, unless it may hold the value
/// of a key that is left alone.
fn settle_by_name(
    orphan: &Orphan,
    pending: &Path,
    request: Request,
    session: &mut Session,
) -> Result<Verdict> {
    let mut verdict = unheld::settle(orphan, request, session)?;
    if verdict.outcome == Outcome::Reported && orphan.begun.value_hash.is_some() {
        let _ = write!(verdict.sentence, ". Its value may be the one in {}", pending.display());
    } else if verdict.outcome.is_settled() {
        discard(pending, request)?;
    }
    Ok(verdict)
}

/// Without `--file`: nobody holds a key whose value was not yet being printed.
fn settle_output(orphan: &Orphan, request: Request, session: &mut Session) -> Result<Verdict> {
    let begun = &orphan.begun;
    let Some(id) = orphan.delivering.as_deref().map(ApiKeyId::new) else {
        return unheld::settle(orphan, request, session);
    };
    if let Some(retires) = begun.retires.as_ref().filter(|_| orphan.is_delivered) {
        return retirement::of_printed(&id, retires, begun, request, session);
    }
    let sentence = format!(
        "{} {} ({id}) was created and its value may have been printed. If nobody has it, run '{}-delete {}'",
        session.facts().noun,
        begun.name,
        session.command(),
        id.in_command()
    );
    Ok(Verdict::new(Outcome::Reported, Some(id), sentence))
}
