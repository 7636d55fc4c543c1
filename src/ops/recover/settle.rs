//! Settling one entry: FILE is completed, or what was made for nobody is taken back.

use std::path::Path;

use super::candidates::{Candidate, candidates, wait_for_certainty};
use super::{BLOCKED, DELETED, KEPT, Verdict, rotation};
use crate::cli::RecoverArgs;
use crate::context::Context;
use crate::error::{Error, ErrorKind, Result};
use crate::journal::{Begun, Orphan};
use crate::model::{ApiKey, ApiKeyId};
use crate::ops::{delete_unheld, subject};
use crate::private_file::{
    self, Destination, DestinationError, Left, Whereabouts, is_left_over, owner_of, pending_path,
    read_pending,
};
use crate::render::key_file;
use crate::secret::Secret;
use crate::systems::Condition;
use crate::text::escape;
use crate::ui::nobody_answers;

/// Settles an entry; one that is settled is gone afterwards.
pub(super) fn settle(orphan: Orphan, args: &RecoverArgs, context: &mut Context) -> Result<Verdict> {
    let verdict = match &orphan.begun.file {
        Some(file) => settle_file(&orphan, file, args, context)?,
        None => settle_output(&orphan, args, context)?,
    };
    if verdict.settled && !args.dry_run.dry_run {
        close(orphan)?;
    }
    Ok(verdict)
}

/// Ends an entry.
pub(super) fn close(orphan: Orphan) -> Result<()> {
    orphan.entry.close().map_err(|error| {
        Error::new(ErrorKind::Failure, format!("The journal entry could not be removed: {error}."))
    })
}

/// With `--file`: the value is in the pending copy, in FILE already, or was never given to anybody.
fn settle_file(
    orphan: &Orphan,
    file: &Path,
    args: &RecoverArgs,
    context: &mut Context,
) -> Result<Verdict> {
    let begun = &orphan.begun;
    let pending = pending_path(file, orphan.entry.tag());
    let name = &begun.name;
    if !private_file::parent(file).is_dir() {
        let sentence = format!(
            "The directory of {}, where the copy of API key {name} would be, is not there. Bring it back",
            file.display()
        );
        return Ok(Verdict { outcome: BLOCKED, sentence, ..Verdict::default() });
    }
    if let Ok(Some(bytes)) = private_file::read_small(file, 1 << 20)
        && let Some(value) = read_pending(&bytes)
        && begun.is_value(&value)
        && let found = find(&value, context)?
        // A value that the service chose is known by the key that it opens.
        && (begun.value_hash.is_some() || found.as_ref().is_some_and(|key| orphan.delivering() == Some(key.id.as_str())))
    {
        if !is_left_over(&pending, file, begun.replaces.as_ref()) {
            let sentence = format!(
                "API key {name} was created and is in {}, but '{}' holds another file. Move that one away",
                file.display(),
                pending.display()
            );
            return Ok(Verdict {
                outcome: BLOCKED,
                id: None,
                sentence,
                settled: false,
                ..Verdict::default()
            });
        }
        if !args.dry_run.dry_run {
            discard(&pending)?;
        }
        let sentence = format!("API key {name} was created and is in {} already", file.display());
        let id = found.as_ref().map(|key| key.id.clone());
        let verdict =
            Verdict { outcome: "complete", id, sentence, settled: true, ..Verdict::default() };
        return Ok(rotation::of_file(verdict, found, &value, begun, args, context));
    }
    let owner = begun.retires.as_ref().and_then(|_| owner_of(file, begun.replaces.as_ref()));
    let left = Left::open(pending.clone(), owner).and_then(|left| match left {
        Some(left) => Ok(Some((left.value()?, left))),
        None => Ok(None),
    });
    let left = match left {
        Ok(left) => left,
        Err(error) => {
            let sentence = format!(
                "'{}' is not as the pending copy for API key {name} was made: {error}. Move it away, then run '{} recover' again",
                pending.display(),
                context.program()
            );
            return Ok(Verdict { outcome: BLOCKED, sentence, ..Verdict::default() });
        }
    };
    let Some((value, left)) =
        left.and_then(|(value, left)| Some((value.filter(|value| begun.is_value(value))?, left)))
    else {
        return lost_copy(orphan, &pending, args, context);
    };
    let mut found = find(&value, context)?;
    if found.is_none() {
        if !wait_for_certainty(orphan, args, context)? {
            return Ok(Verdict::undecided(name));
        }
        found = find(&value, context)?;
    }
    if let Some(key) = found {
        if let Some(blocked) = rotation::unproven(&key, &value, begun, args, context) {
            return Ok(blocked);
        }
        let verdict = complete(&key, &value, begun, file, left, args, context);
        if verdict.outcome == DELETED {
            return Ok(verdict);
        }
        return Ok(rotation::of_file(verdict, Some(key), &value, begun, args, context));
    }
    if !args.dry_run.dry_run {
        discard(&pending)?;
    }
    Ok(Verdict::never_created(name, args))
}

fn find(value: &Secret, context: &Context) -> Result<Option<ApiKey>> {
    match context.backend()?.api_key_by_value(value) {
        Ok(key) => Ok(Some(key)),
        Err(error) if error.condition == Condition::NotFound => Ok(None),
        Err(error) => Err(context.told(error, "The API key")),
    }
}

fn discard(pending: &Path) -> Result<()> {
    private_file::remove(pending).map_err(|error| {
        Error::new(
            ErrorKind::Failure,
            format!("'{}' could not be removed: {error}.", pending.display()),
        )
    })
}

fn complete(
    key: &ApiKey,
    value: &Secret,
    begun: &Begun,
    file: &Path,
    left: Left,
    args: &RecoverArgs,
    context: &mut Context,
) -> Verdict {
    let id = Some(key.id.clone());
    let shown = file.display();
    let pending = left.path().to_owned();
    // What FILE may replace was settled when the command was begun; '--force' is about questions here.
    let destination = Destination::check_again(file, begun.replaces.as_ref());
    for concern in destination.iter().flat_map(Destination::concerns) {
        context.ui.warn(concern);
    }
    let finished = if args.dry_run.dry_run {
        destination.map(drop)
    } else {
        destination.and_then(|mut destination| {
            // Only the key that is rotated was to be replaced.
            destination.keeps_owner = begun.retires.is_some();
            left.resume(destination).finish(&key_file::document(key, value), value)
        })
    };
    match finished {
        Ok(()) => {
            let (outcome, now) = if args.dry_run.dry_run {
                ("would be completed", "would be written to")
            } else {
                ("complete", "is now in")
            };
            let sentence =
                format!("API key {} ({}) was created; it {now} {shown}", key.name, key.id);
            Verdict { outcome, id, sentence, settled: true, ..Verdict::default() }
        }
        Err(error) if error.whereabouts == Whereabouts::Taken => undo(key, &error, context),
        Err(error) => {
            let sentence = format!(
                "API key {} ({}) was created, and its value is kept in {}. {error} Clear the way, then run '{} recover' again",
                key.name,
                key.id,
                pending.display(),
                context.program()
            );
            Verdict { outcome: BLOCKED, id, sentence, settled: false, ..Verdict::default() }
        }
    }
}

/// Deletes a key whose copy somebody took: FILE does not have it, and whoever does was not meant to.
fn undo(key: &ApiKey, why: &DestinationError, context: &Context) -> Verdict {
    let id = Some(key.id.clone());
    let deleted = context.backend().and_then(|backend| {
        delete_unheld(backend, key).map_err(|error| context.told(error, &subject(&key.id)))
    });
    let (outcome, what) = match &deleted {
        Ok(()) => (DELETED, "it was deleted".to_owned()),
        Err(error) => (BLOCKED, format!("it could not be deleted: {}", error.message)),
    };
    let sentence = format!(
        "API key {} ({}) was created. {why} So {}",
        key.name,
        key.id,
        what.trim_end_matches('.')
    );
    Verdict { outcome, id, sentence, settled: deleted.is_ok(), ..Verdict::default() }
}

/// The pending copy is gone or was never whole. It is whole before the key is made, so as a rule there is no key.
fn lost_copy(
    orphan: &Orphan,
    pending: &Path,
    args: &RecoverArgs,
    context: &mut Context,
) -> Result<Verdict> {
    let begun = &orphan.begun;
    if begun.value_hash.is_none() {
        // The service chose the value, and it did not get as far as the copy.
        let verdict = settle_candidates(orphan, args, context)?;
        if verdict.settled && !args.dry_run.dry_run {
            discard(pending)?;
        }
        return Ok(verdict);
    }
    let Some(mut candidates) = candidates(orphan, args, context)? else {
        return Ok(Verdict::undecided(&begun.name));
    };
    candidates.retain(|candidate| candidate.is_timely);
    if !candidates.is_empty() {
        // Somebody took the copy away, or spoilt it: whoever did may hold the value, so nothing is deleted.
        let what = if pending.exists() { "holds no value any more" } else { "is gone" };
        let ids: Vec<&str> = candidates.iter().map(|candidate| candidate.key.id.as_str()).collect();
        let sentence = format!(
            "The pending copy for API key {} {what}. Keys of that name made since then: {}. Delete the one whose value nobody holds",
            begun.name,
            ids.join(", ")
        );
        return Ok(Verdict {
            outcome: "reported",
            id: None,
            sentence,
            settled: true,
            ..Verdict::default()
        });
    }
    if !args.dry_run.dry_run {
        discard(pending)?;
    }
    Ok(Verdict::never_created(&begun.name, args))
}

/// Without `--file`: a key whose value was not yet being printed is held by nobody.
fn settle_output(orphan: &Orphan, args: &RecoverArgs, context: &mut Context) -> Result<Verdict> {
    let name = &orphan.begun.name;
    if let Some(id) = orphan.delivering() {
        if orphan.was_delivered()
            && let Some(retires) = &orphan.begun.retires
        {
            return rotation::of_printed(&ApiKeyId::new(id), retires, &orphan.begun, args, context);
        }
        let program = context.program();
        let typed = ApiKeyId::new(id);
        let typed = typed.in_command();
        let sentence = format!(
            "API key {name} ({id}) was created and its value may have been printed. If nobody has it, run '{program} api-key-delete {typed}'"
        );
        return Ok(Verdict {
            outcome: "reported",
            id: Some(ApiKeyId::new(id)),
            sentence,
            settled: true,
            ..Verdict::default()
        });
    }
    settle_candidates(orphan, args, context)
}

/// Settles an entry whose key's value nobody can hold.
fn settle_candidates(
    orphan: &Orphan,
    args: &RecoverArgs,
    context: &mut Context,
) -> Result<Verdict> {
    let name = &orphan.begun.name;
    let Some(candidates) = candidates(orphan, args, context)? else {
        return Ok(Verdict::undecided(name));
    };
    match candidates.as_slice() {
        [] => Ok(Verdict::never_created(name, args)),
        [Candidate { key, is_used: false, is_timely: true }] => settle_unheld(key, args, context),
        [Candidate { key, is_used, .. }] => {
            let why =
                if *is_used { "somebody has used it" } else { "another command may have made it" };
            let sentence = format!(
                "API key {name} ({}) was made since then, and {why}; it was left alone",
                key.id
            );
            Ok(Verdict {
                outcome: "reported",
                id: Some(key.id.clone()),
                sentence,
                settled: true,
                ..Verdict::default()
            })
        }
        several => {
            let ids: Vec<&str> =
                several.iter().map(|candidate| candidate.key.id.as_str()).collect();
            let sentence = format!(
                "API key {name} may be one of {}; its value was never printed. Delete the one whose value nobody holds",
                ids.join(", ")
            );
            Ok(Verdict {
                outcome: "reported",
                id: None,
                sentence,
                settled: true,
                ..Verdict::default()
            })
        }
    }
}

fn settle_unheld(key: &ApiKey, args: &RecoverArgs, context: &mut Context) -> Result<Verdict> {
    let id = Some(key.id.clone());
    if args.dry_run.dry_run {
        let sentence = format!(
            "API key {} ({}) was created, but its value reached nobody; it would be deleted",
            key.name, key.id
        );
        return Ok(Verdict {
            outcome: "would be deleted",
            id,
            sentence,
            settled: true,
            ..Verdict::default()
        });
    }
    if !args.force.force {
        if context.ui.manner().json {
            return Err(nobody_answers(
                "JSON output asks no questions, and deleting a key needs a confirmation.",
            ));
        }
        let question = format!(
            "API key '{}' ({}) was created, but its value reached nobody. Delete it?",
            escape(&key.name),
            key.id
        );
        if !context.ui.confirm(&question)? {
            let sentence = format!("API key {} ({}) was kept", key.name, key.id);
            return Ok(Verdict {
                outcome: KEPT,
                id,
                sentence,
                settled: false,
                ..Verdict::default()
            });
        }
    }
    let deleted = delete_unheld(context.backend()?, key);
    deleted.map_err(|error| context.told(error, &subject(&key.id)))?;
    let sentence =
        format!("API key {} ({}) was deleted: its value had reached nobody", key.name, key.id);
    Ok(Verdict { outcome: DELETED, id, sentence, settled: true, ..Verdict::default() })
}
