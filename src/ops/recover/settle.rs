//! Settling one entry: FILE is completed, or what was made for nobody is taken back.

use std::path::Path;

use super::candidates::{Candidate, candidates, wait_for_certainty};
use super::{BLOCKED, KEPT, Verdict, rotation};
use crate::backend::Condition;
use crate::cli::RecoverArgs;
use crate::context::Context;
use crate::error::{Error, ErrorKind, Result};
use crate::journal::{Begun, Orphan};
use crate::model::{ApiKey, ApiKeyId};
use crate::ops::{delete_unheld, subject};
use crate::private_file::{self, Destination, Pending, is_left_over, pending_path, read_pending};
use crate::render::key_file;
use crate::secret::Secret;
use crate::text::{escape, shell_word};
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
    let read = |path: &Path| {
        let bytes = private_file::read_small(path, 1 << 20);
        bytes.map(|bytes| bytes.and_then(|bytes| read_pending(&bytes))).map_err(|error| {
            Error::new(ErrorKind::Failure, format!("'{}' cannot be read: {error}.", path.display()))
        })
    };
    if let Ok(Some(value)) = read(file)
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
    let Some(value) = read(&pending)?.filter(|value| begun.is_value(value)) else {
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
        let verdict = complete(&key, &value, begun, file, &pending, args, context);
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
    pending: &Path,
    args: &RecoverArgs,
    context: &Context,
) -> Verdict {
    let id = Some(key.id.clone());
    let shown = file.display();
    // What FILE may replace was settled when the command was begun; '--force' is about questions here.
    let destination = Destination::check_again(file, begun.replaces.as_ref());
    let finished = if args.dry_run.dry_run {
        destination.map(drop)
    } else {
        destination.and_then(|destination| {
            Pending::resume(pending.to_owned(), destination)?
                .finish(&key_file::document(key, value), value)
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
        let sentence = format!(
            "API key {name} ({id}) was created and its value may have been printed. If nobody has it, run '{program} api-key-delete {}'",
            shell_word(id)
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
    Ok(Verdict { outcome: "deleted", id, sentence, settled: true, ..Verdict::default() })
}
