//! The rest of a rotation: when the new key is in its place, the old one goes.

use std::path::Path;

use super::{BLOCKED, Verdict, orphans, settle};
use crate::cli::{DryRunArgs, ForceArgs, RecoverArgs};
use crate::context::Context;
use crate::error::{Error, ErrorKind, Result};
use crate::journal::{Begun, Operation, Orphan, Retires};
use crate::model::{ApiKey, ApiKeyId, Detail, Identity, KeyRef};
use crate::ops::retire::{Retired, is_acting, retire, retire_with};
use crate::ops::{delete_unheld, subject};
use crate::secret::Secret;

/// A rotation that was interrupted and is complete now.
pub(in crate::ops) struct Finished {
    /// The new key.
    pub(in crate::ops) key: ApiKey,
    /// The id of the old one, and what became of it.
    pub(in crate::ops) old: (String, Retired),
}

/// Adds to what became of FILE what becomes of the old key, where there is one.
pub(super) fn of_file(
    verdict: Verdict,
    new: Option<ApiKey>,
    value: &Secret,
    begun: &Begun,
    args: &RecoverArgs,
    context: &Context,
) -> Verdict {
    let (Some(retires), true) = (&begun.retires, verdict.settled) else { return verdict };
    let Some(new) = new else {
        let sentence = format!(
            "{}, but the key is gone; the old key {} was not touched",
            verdict.sentence, retires.id
        );
        return Verdict { outcome: "reported", sentence, ..verdict };
    };
    if args.dry_run.dry_run {
        return would_retire(verdict, retires);
    }
    let result = context.backend().and_then(|backend| {
        let acting =
            backend.acting_with(value).map_err(|error| context.told(error, &subject(&new.id)))?;
        let old = ApiKeyId::new(retires.id.as_str());
        let acting = acting.filter(|_| is_acting(&old, backend));
        retire_with(retires, acting.as_deref(), context)
            .map_err(|error| context.told(error, &format!("The old API key {}", retires.id)))
    });
    retired(verdict, new, retires, result)
}

/// Settles a rotation whose value was printed: it had proven before that it opens something.
pub(super) fn of_printed(
    new: &ApiKeyId,
    retires: &Retires,
    begun: &Begun,
    args: &RecoverArgs,
    context: &Context,
) -> Result<Verdict> {
    let sentence = format!("API key {} ({new}) was created and its value was printed", begun.name);
    let verdict = Verdict {
        outcome: "complete",
        id: Some(new.clone()),
        sentence,
        settled: true,
        ..Verdict::default()
    };
    if args.dry_run.dry_run {
        return Ok(would_retire(verdict, retires));
    }
    let backend = context.backend()?;
    let read = backend.api_key(new, Detail::default());
    let new = read.map_err(|error| context.told(error, &subject(new)))?.key;
    let now = context.now()?;
    let result = retire(retires, backend, now)
        .map_err(|error| context.told(error, &format!("The old API key {}", retires.id)));
    Ok(retired(verdict, new, retires, result))
}

fn would_retire(verdict: Verdict, retires: &Retires) -> Verdict {
    let sentence = format!("{}; the old key {} would be retired", verdict.sentence, retires.id);
    Verdict { sentence, ..verdict }
}

fn retired(verdict: Verdict, new: ApiKey, plan: &Retires, result: Result<Retired>) -> Verdict {
    let old = &plan.id;
    match result {
        Ok(became) => Verdict {
            sentence: format!("{}; the old key {old} {}", verdict.sentence, became.words()),
            rotated: Some((new, became)),
            ..verdict
        },
        Err(error) => Verdict {
            outcome: BLOCKED,
            sentence: format!(
                "{}, but the old key {old} could not be retired: {}",
                verdict.sentence,
                error.message.trim_end_matches('.')
            ),
            settled: false,
            ..verdict
        },
    }
}

/// Tells whether an interrupted rotation of this key is in the journal.
pub(in crate::ops) fn has_rotation(which: &KeyRef, context: &Context) -> bool {
    context.journal().is_ok_and(|journal| journal.has_orphans(|begun| is_about(begun, which)))
}

fn is_about(begun: &Begun, which: &KeyRef) -> bool {
    begun.operation == Operation::ApiKeyRotate
        && match which {
            KeyRef::Name(name) => begun.name == *name,
            KeyRef::Id(id) => begun.retires.as_ref().is_some_and(|old| old.id == id.as_str()),
        }
}

/// Finishes what an interrupted rotation of this key has left, or clears it away; `None` where nothing of it is left and
/// the rotation begins anew.
pub(in crate::ops) fn finish_rotation(
    which: &KeyRef,
    file: Option<&Path>,
    identity: &Identity,
    context: &mut Context,
) -> Result<Option<Finished>> {
    if !has_rotation(which, context) {
        return Ok(None);
    }
    let here = file.and_then(|file| std::path::absolute(file).ok());
    let mut finished = None;
    for orphan in orphans(&context.journal()?)?.found {
        if !is_about(&orphan.begun, which) || !orphan.begun.is_of(context.backend()?, identity) {
            continue;
        }
        let begun = orphan.begun.clone();
        let printed = orphan.delivering().filter(|_| begun.file.is_none()).map(ApiKeyId::new);
        let verdict = if let Some(id) = printed {
            again(&id, orphan, context)?
        } else {
            let args = RecoverArgs {
                force: ForceArgs { force: true },
                dry_run: DryRunArgs { dry_run: false },
            };
            settle::settle(orphan, &args, context)?
        };
        if !verdict.settled {
            return Err(Error::new(ErrorKind::Failure, format!("{}.", verdict.sentence))
                .hint(format!("When the way is clear, run '{} recover'.", context.program())));
        }
        // Into another FILE than this time: finished, and still a rotation is asked for.
        if let (Some((key, became)), Some(old)) = (verdict.rotated, begun.retires)
            && begun.file == here
        {
            finished = Some(Finished { key, old: (old.id, became) });
        }
    }
    Ok(finished)
}

/// Settles a rotation whose value was printed, perhaps to somebody who is gone: who asks again does not have it. A new
/// key that was used is held by somebody, and stays; one that never was is taken back, while the old one still works.
fn again(new: &ApiKeyId, orphan: Orphan, context: &Context) -> Result<Verdict> {
    let backend = context.backend()?;
    let begun = orphan.begun.clone();
    let told = |error, id: &ApiKeyId| context.told(error, &subject(id));
    let looked = backend.api_key(new, Detail { history: false, activity: true });
    let mut verdict = Verdict { settled: true, ..Verdict::default() };
    if let (Ok(details), Some(retires)) = (&looked, &begun.retires) {
        let now = context.now()?;
        let old = ApiKeyId::new(retires.id.as_str());
        let works = backend
            .api_key(&old, Detail::default())
            .is_ok_and(|old| !old.key.disabled && old.key.expires_at.is_none_or(|at| at > now));
        let is_used = details.activity.as_ref().is_some_and(|activity| activity.authn_count > 0);
        if is_used {
            let retired = retire(retires, backend, now).map_err(|error| told(error, &old))?;
            verdict.rotated = Some((details.key.clone(), retired));
        } else if works {
            delete_unheld(backend, &details.key).map_err(|error| told(error, new))?;
        }
    } else if let Err(error) = looked
        && error.condition != crate::backend::Condition::NotFound
    {
        return Err(told(error, new));
    }
    settle::close(orphan)?;
    Ok(verdict)
}
