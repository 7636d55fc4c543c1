//! The rest of a rotation: the new key is in its place, so the old one is retired.

use std::path::Path;

use super::verdict::{Outcome, Request, Verdict};
use crate::error::Result;
use crate::journal::{Begun, Retires};
use crate::model::{ApiKey, ApiKeyId, Detail};
use crate::ops::retire::{Retirement, is_acting, replace, retire};
use crate::secret::Secret;
use crate::session::Session;
use crate::systems::Condition;

/// Makes sure that it can be told whether the credential in use is the old key, before anything is settled.
pub(super) fn check_acting(begun: &Begun, session: &Session) -> Result<()> {
    let Some(retires) = &begun.retires else { return Ok(()) };
    is_acting(&ApiKeyId::new(retires.id.as_str()), session).map(drop)
}

/// Retires the old key of a rotation whose new key is in FILE. Any other verdict stays as it is.
pub(super) fn of_file(
    verdict: Verdict,
    new: Option<ApiKey>,
    value: &Secret,
    begun: &Begun,
    request: Request,
    session: &Session,
) -> Verdict {
    let Some(retires) = begun.retires.as_ref().filter(|_| verdict.outcome.is_settled()) else {
        return verdict;
    };
    let Some(new) = new else { return untouched(verdict, "the key is gone", retires) };
    if request.dry_run {
        return would_retire(verdict, retires);
    }
    let result = finish(&new, value, retires, begun.file.as_deref(), session);
    retired(verdict, new, retires, result, session)
}

/// Blocks a rotation whose new key does not work, before that is written to FILE: what FILE holds may be the only key
/// that works.
pub(super) fn unproven(
    new: &ApiKey,
    value: &Secret,
    begun: &Begun,
    request: Request,
    session: &Session,
) -> Option<Verdict> {
    let retires = begun.retires.as_ref().filter(|_| !request.dry_run)?;
    let error = session.keys().acting_with(value).err()?;
    let sentence = format!(
        "{} {} ({}) was created, but does not work: {} FILE and the old key {} were left as they were",
        session.facts().noun,
        begun.name,
        new.id,
        session.told_of(error, &new.id).message,
        retires.id
    );
    Some(Verdict::new(Outcome::Blocked, Some(new.id.clone()), sentence))
}

/// Proves the new key and retires the old one.
fn finish(
    new: &ApiKey,
    value: &Secret,
    retires: &Retires,
    file: Option<&Path>,
    session: &Session,
) -> Result<Retirement> {
    let acting = session.keys().acting_with(value);
    let acting = acting.map_err(|error| session.told_of(error, &new.id))?;
    let replaced = replace(retires, (&new.id, value), file, acting.as_deref(), session);
    replaced.map_err(|failed| failed.error)
}

/// Retires the old key of a rotation whose new key was printed. That had proven before that it works.
pub(super) fn of_printed(
    new: &ApiKeyId,
    retires: &Retires,
    begun: &Begun,
    request: Request,
    session: &Session,
) -> Result<Verdict> {
    let noun = session.facts().noun;
    let sentence = format!("{noun} {} ({new}) was created and its value was printed", begun.name);
    let verdict = Verdict::new(Outcome::Complete, Some(new.clone()), sentence);
    if request.dry_run {
        return Ok(would_retire(verdict, retires));
    }
    let keys = session.keys();
    let key = match keys.get(new, Detail::default()) {
        Ok(details) => details.key,
        Err(error) if error.condition == Condition::NotFound => {
            return Ok(untouched(verdict, "it is gone", retires));
        }
        Err(error) => return Err(session.told_of(error, new)),
    };
    if !key.works(session.now()?) {
        return Ok(untouched(verdict, "it does not work any more", retires));
    }
    let old = ApiKeyId::new(retires.id.as_str());
    let is_credential = is_acting(&old, session)? && !session.is_by_login();
    if !session.logins_with(&old)?.is_empty() {
        let more = format!(
            ", but the login still has the old key {old}, which was not touched. Log in with the new one ('{0} login'), then run '{0} recover' again",
            session.program()
        );
        return Ok(verdict.but(Outcome::Blocked, more));
    }
    let result = retire(retires, keys, session).map(|became| Retirement {
        became,
        is_login_moved: false,
        is_credential,
    });
    Ok(retired(verdict, key, retires, result, session))
}

fn untouched(verdict: Verdict, why: &str, retires: &Retires) -> Verdict {
    let more = format!(", but {why}; the old key {} was not touched", retires.id);
    verdict.but(Outcome::Reported, more)
}

fn would_retire(verdict: Verdict, retires: &Retires) -> Verdict {
    let outcome = verdict.outcome;
    verdict.but(outcome, format!("; the old key {} would be retired", retires.id))
}

fn retired(
    verdict: Verdict,
    new: ApiKey,
    plan: &Retires,
    result: Result<Retirement>,
    session: &Session,
) -> Verdict {
    let old = &plan.id;
    match result {
        Ok(retirement) => {
            let mut more = format!("; the old key {old} {}", retirement.became.words());
            if retirement.is_login_moved {
                more.push_str("; the login was moved to the new key");
            }
            if retirement.is_credential {
                more.push_str(
                    "; the credential in use is the old key: put the new one in its place",
                );
            }
            let outcome = verdict.outcome;
            Verdict { rotated: Some((new, retirement)), ..verdict.but(outcome, more) }
        }
        Err(error) => {
            let more = format!(
                ", but the old key {old} could not be retired: {}. When that is settled, run '{} recover' again",
                error.message.trim_end_matches('.'),
                session.program()
            );
            verdict.but(Outcome::Blocked, more)
        }
    }
}
