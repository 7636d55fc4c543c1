//! The rest of a rotation: when the new key is in its place, the old one goes.

use std::path::Path;

use super::{BLOCKED, Verdict, orphans, settle};
use crate::cli::{ApiKeyRotateArgs, DryRunArgs, ForceArgs, RecoverArgs};
use crate::context::Context;
use crate::error::{Error, ErrorKind, Result};
use crate::journal::{Begun, Operation, Orphan, Retires};
use crate::model::{
    ApiKey, ApiKeyId, BackendKind, Detail, Identity, KeyRef, Lives as _, Timestamp,
};
use crate::ops::retire::{Ended, Unended, end, is_acting, retire};
use crate::ops::{delete_unheld, subject};
use crate::private_file::place_of;
use crate::secret::Secret;
use crate::systems::Condition;

/// A rotation that was interrupted and is complete now.
pub(in crate::ops) struct Finished {
    /// The new key.
    pub(in crate::ops) key: ApiKey,
    /// When it was begun.
    pub(in crate::ops) begun_at: Timestamp,
    /// What it was begun with for the old one.
    pub(in crate::ops) retires: Retires,
    /// What became of that.
    pub(in crate::ops) ended: Ended,
}

/// Makes sure that it can be told whether the credential in use is the old key of a rotation, before anything of that is
/// settled.
pub(super) fn check_acting(begun: &Begun, context: &Context) -> Result<()> {
    let Some(retires) = &begun.retires else { return Ok(()) };
    is_acting(&ApiKeyId::new(retires.id.as_str()), context).map(drop)
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
    let result = finish(&new, value, retires, begun.file.as_deref(), context);
    retired(verdict, new, retires, result, context)
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

/// Proves the new key and retires the old one.
fn finish(
    new: &ApiKey,
    value: &Secret,
    retires: &Retires,
    file: Option<&Path>,
    context: &Context,
) -> Result<Ended> {
    let acting = context.backend()?.acting_with(value);
    let acting = acting.map_err(|error| context.told(error, &subject(&new.id)))?;
    end(retires, (&new.id, value), file, acting.as_deref(), context).map_err(|error| match error {
        Unended::Login(error) => error,
        Unended::Key(error) => context.told(error, &format!("The old API key {}", retires.id)),
    })
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
    let is_credential = is_acting(&old, context)? && !context.is_by_login();
    if !context.logins_with(&old)?.is_empty() {
        let sentence = format!(
            "{}, but the login still has the old key {old}, which was not touched. Log in with the new one ('{1} login'), then run '{1} recover' again",
            verdict.sentence,
            context.program()
        );
        return Ok(Verdict { outcome: BLOCKED, sentence, settled: false, ..verdict });
    }
    let result = retire(retires, backend, now)
        .map(|became| Ended { became, is_login_moved: false, is_credential })
        .map_err(|error| context.told(error, &format!("The old API key {}", retires.id)));
    Ok(retired(verdict, key, retires, result, context))
}

fn would_retire(verdict: Verdict, retires: &Retires) -> Verdict {
    let sentence = format!("{}; the old key {} would be retired", verdict.sentence, retires.id);
    Verdict { sentence, ..verdict }
}

fn retired(
    verdict: Verdict,
    new: ApiKey,
    plan: &Retires,
    result: Result<Ended>,
    context: &Context,
) -> Verdict {
    let old = &plan.id;
    match result {
        Ok(ended) => {
            let words = ended.became.words();
            let mut sentence = format!("{}; the old key {old} {words}", verdict.sentence);
            if ended.is_login_moved {
                sentence.push_str("; the login was moved to the new key");
            }
            if ended.is_credential {
                sentence.push_str(
                    "; the credential in use is the old key: put the new one in its place",
                );
            }
            Verdict { sentence, rotated: Some((new, ended)), ..verdict }
        }
        Err(error) => Verdict {
            outcome: BLOCKED,
            sentence: format!(
                "{}, but the old key {old} could not be retired: {}. When that is settled, run '{} recover' again",
                verdict.sentence,
                error.message.trim_end_matches('.'),
                context.program()
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
/// the rotation begins anew. A grace that is given this time counts, not the one before.
pub(in crate::ops) fn finish_rotation(
    args: &ApiKeyRotateArgs,
    identity: &Identity,
    context: &mut Context,
) -> Result<Option<Finished>> {
    let place = |file: &Path| place_of(file).ok();
    let file = args.file.as_deref();
    let mut finished = None;
    let journal = context.journal()?;
    for mut orphan in orphans(&journal)?.found {
        let Identity { account_id, iam_id, .. } = identity;
        let is_ours = orphan.begun.is_of(context.backend()?, account_id, iam_id);
        if !is_ours || !is_about(&orphan.begun, &args.which.key) {
            continue;
        }
        check_acting(&orphan.begun, context)?;
        let begun = orphan.begun.clone();
        if let Some(grace) = args.grace {
            orphan.set_grace(grace.as_secs()).map_err(|error| journal_failed(&error))?;
        }
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
        if let (Some((key, ended)), Some(retires)) = (verdict.rotated, begun.retires)
            && begun.file.as_deref().map(place) == file.map(place)
        {
            finished = Some(Finished { key, begun_at: begun.at, retires, ended });
        }
    }
    Ok(finished)
}

fn journal_failed(error: &std::io::Error) -> Error {
    let message = format!("The journal cannot be written: {error}. Nothing was changed.");
    Error::new(ErrorKind::Failure, message)
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
            new.in_command()
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
