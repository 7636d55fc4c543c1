//! The rest of a rotation: when the new key is in its place, the old one goes.

use std::path::Path;

use super::{BLOCKED, Verdict, orphans, settle};
use crate::backend::Condition;
use crate::cli::{DryRunArgs, ForceArgs, RecoverArgs};
use crate::context::Context;
use crate::error::{Error, ErrorKind, Result};
use crate::journal::{Begun, Operation, Orphan, Retires};
use crate::model::{ApiKey, ApiKeyId, BackendKind, Detail, Identity, KeyRef, Lives as _};
use crate::ops::retire::{Retired, is_acting, retire, retire_with};
use crate::ops::{delete_unheld, subject};
use crate::secret::Secret;
use crate::text::shell_word;

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
    let result = finish(&new, value, retires, context);
    retired(verdict, new, retires, result)
}

/// Tells why FILE is not to be given a new key: it does not work, and what FILE holds may be all that does.
pub(super) fn unproven(
    new: &ApiKey,
    value: &Secret,
    begun: &Begun,
    args: &RecoverArgs,
    context: &Context,
) -> Option<Verdict> {
    let retires = begun.retires.as_ref().filter(|_| !args.dry_run.dry_run)?;
    let proof = context.backend().and_then(|backend| {
        backend.acting_with(value).map_err(|error| context.told(error, &subject(&new.id)))
    });
    let sentence = format!(
        "API key {} ({}) was created, but does not work: {} FILE and the old key {} were left as they were",
        begun.name,
        new.id,
        proof.err()?.message,
        retires.id
    );
    Some(Verdict { outcome: BLOCKED, id: Some(new.id.clone()), sentence, ..Verdict::default() })
}

/// Proves the new key, moves a login to it, and retires the old one.
fn finish(new: &ApiKey, value: &Secret, retires: &Retires, context: &Context) -> Result<Retired> {
    let backend = context.backend()?;
    let acting =
        backend.acting_with(value).map_err(|error| context.told(error, &subject(&new.id)))?;
    let is_own = is_acting(&ApiKeyId::new(retires.id.as_str()), backend);
    if is_own == Some(true) && context.is_by_login() {
        context.move_login(value, &new.id)?;
    }
    let acting = acting.as_deref().filter(|_| is_own != Some(false));
    retire_with(retires, acting, context)
        .map_err(|error| context.told(error, &format!("The old API key {}", retires.id)))
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
    let now = context.now()?;
    let left = |what: &str| {
        let sentence =
            format!("{}, but {what}; the old key {} was not touched", verdict.sentence, retires.id);
        Verdict {
            outcome: "reported",
            id: Some(new.clone()),
            sentence,
            settled: true,
            ..Verdict::default()
        }
    };
    let key = match backend.api_key(new, Detail::default()) {
        Ok(details) => details.key,
        Err(error) if error.condition == Condition::NotFound => return Ok(left("it is gone")),
        Err(error) => return Err(context.told(error, &subject(new))),
    };
    if !key.works(now) {
        return Ok(left("it does not work any more"));
    }
    let old = ApiKeyId::new(retires.id.as_str());
    if context.is_by_login() && is_acting(&old, backend) != Some(false) {
        return Ok(left("the login has the old key: log in with the new one"));
    }
    let result = retire(retires, backend, now)
        .map_err(|error| context.told(error, &format!("The old API key {}", retires.id)));
    let new = key;
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
    context.journal().is_ok_and(|journal| journal.has_orphans(10, |begun| is_about(begun, which)))
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
    let here = file.and_then(|file| std::path::absolute(file).ok());
    let mut finished = None;
    let journal = context.journal()?;
    for orphan in orphans(&journal)?.found {
        let Identity { account_id, iam_id, .. } = identity;
        let is_ours = orphan.begun.is_of(context.backend()?, account_id, iam_id);
        if !is_ours || !is_about(&orphan.begun, which) {
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
        if verdict.outcome == "reported" {
            return Err(Error::new(ErrorKind::Conflict, format!("{}.", verdict.sentence))
                .hint(format!("Look at the keys with '{} api-keys' first.", context.program())));
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

/// Settles a rotation whose value was printed, perhaps to somebody who is gone: who asks again gets another. The key
/// that was printed is taken back while the old one works, unless somebody has used it.
fn again(new: &ApiKeyId, orphan: Orphan, context: &mut Context) -> Result<Verdict> {
    let backend = context.backend()?;
    let told = |error, id: &ApiKeyId| context.told(error, &subject(id));
    let verdict = Verdict { settled: true, ..Verdict::default() };
    let Some(retires) = orphan.begun.retires.clone() else { return Ok(verdict) };
    let details = match backend.api_key(new, Detail { history: false, activity: true }) {
        Ok(details) => details,
        Err(error) if error.condition == Condition::NotFound => {
            settle::close(orphan)?;
            return Ok(verdict);
        }
        Err(error) => return Err(told(error, new)),
    };
    let old = ApiKeyId::new(retires.id.as_str());
    let now = context.now()?;
    let old_works = match backend.api_key(&old, Detail::default()) {
        Ok(old) => old.key.works(now),
        Err(error) if error.condition == Condition::NotFound => false,
        Err(error) => return Err(told(error, &old)),
    };
    // Where keys log in, the new one did once to prove itself.
    let proofs = u64::from(backend.kind() == BackendKind::Remote);
    let is_used = details.activity.is_none_or(|activity| activity.authn_count > proofs);
    if old_works && is_used {
        let sentence = format!(
            "API key {} ({new}) was created, and its value was printed and may be in use; the old key {old} still works",
            orphan.begun.name
        );
        return Err(Error::new(ErrorKind::Conflict, format!("{sentence}.")).hint(format!(
            "If somebody has the value, run '{0} recover' to retire the old key; else '{0} api-key-delete {1}'.",
            context.program(),
            shell_word(new.as_str())
        )));
    }
    if old_works {
        delete_unheld(backend, &details.key).map_err(|error| told(error, new))?;
        let words = format!(
            "The API key {new}, which an interrupted rotation had printed, was deleted: this rotation takes its place."
        );
        context.ui.warn(&words);
    }
    // Without the old one, the one that was printed is in use: it is what is rotated now.
    settle::close(orphan)?;
    Ok(verdict)
}
