//! Which key may an interrupted command have made, where its value says nothing?

use std::thread;
use std::time::Duration;

use crate::cli::RecoverArgs;
use crate::context::Context;
use crate::error::Result;
use crate::journal::{Begun, Orphan};
use crate::model::{Activity, ApiKey, ApiKeyId, BackendKind, Detail, Owner, Selection};
use crate::ops::subject;
use crate::systems::Condition;

/// No request is in doubt for longer: twice the longest time-out there can be.
const MOST_SECONDS_OF_DOUBT: u64 = 2 * 3_600;
/// By how many seconds the service's clock may differ from ours; it tells times to the minute.
const MOST_SKEW: i64 = 10 * 60;

/// Tells whether a key may still come to be that a look-up does not find now. Where it may, waits until it may not.
pub(super) fn wait_for_certainty(
    orphan: &Orphan,
    args: &RecoverArgs,
    context: &mut Context,
) -> Result<bool> {
    let until = orphan.in_doubt_until().unwrap_or_default();
    let left = until.seconds() - context.now()?.seconds();
    let Ok(left @ 1..) = u64::try_from(left) else { return Ok(true) };
    if args.dry_run.dry_run {
        return Ok(false);
    }
    // A clock that was set back must not make anybody wait for days.
    let left = left.min(MOST_SECONDS_OF_DOUBT);
    let name = context.ui.entity(&orphan.begun.name);
    context.ui.progress(&format!(
        "Waiting {left} s: until then the service may still create API key {name}..."
    ));
    thread::sleep(Duration::from_secs(left));
    Ok(true)
}

/// A key that the interrupted command may have made.
pub(super) struct Candidate {
    pub(super) key: ApiKey,
    /// Whether somebody has used its value, and so holds it.
    pub(super) is_used: bool,
    /// Whether it was made while the command ran, as far as two clocks agree.
    pub(super) is_timely: bool,
}

/// Finds the keys that the interrupted command may have made; `None` where there may still come to be one.
pub(super) fn candidates(
    orphan: &Orphan,
    args: &RecoverArgs,
    context: &mut Context,
) -> Result<Option<Vec<Candidate>>> {
    let mut found = candidates_now(orphan, context)?;
    if found.is_empty() {
        if !wait_for_certainty(orphan, args, context)? {
            return Ok(None);
        }
        found = candidates_now(orphan, context)?;
    }
    Ok(Some(found))
}

fn candidates_now(orphan: &Orphan, context: &Context) -> Result<Vec<Candidate>> {
    let backend = context.backend()?;
    let others: Vec<&str> = orphan.others().collect();
    let was_sent = orphan.in_doubt_until().is_some() || backend.kind() == BackendKind::Local;
    let is_known = orphan.delivering().or(orphan.made()).or(orphan.begun.id.as_deref());
    let ids = match is_known {
        // Chosen beforehand, or told by the service: there is nothing to guess.
        Some(id) => vec![ApiKeyId::new(id)],
        None if was_sent => likely(&orphan.begun, &others, context)?,
        None => Vec::new(),
    };
    let mut found = Vec::new();
    for id in ids {
        let details = match backend.api_key(&id, Detail { history: false, activity: true }) {
            Ok(details) => details,
            Err(error) if error.condition == Condition::NotFound => continue,
            Err(error) => return Err(context.told(error, &subject(&id))),
        };
        // A rotation's key whose id was noted was used by its proof, and by nobody else: its value was not handed over.
        let is_ours = orphan.made().is_some() && orphan.delivering().is_none();
        let is_used = !is_ours && Activity::may_be_used(details.activity.as_ref());
        let is_timely = is_known.is_some() || is_timely(&details.key, orphan);
        found.push(Candidate { key: details.key, is_used, is_timely });
    }
    Ok(found)
}

/// Ids of keys of the name and creator that were not there before.
fn likely(begun: &Begun, others: &[&str], context: &Context) -> Result<Vec<ApiKeyId>> {
    let listed = context.backend()?.api_keys(&Owner::Myself, &Selection::Named(begun.name.clone()));
    let keys = listed.map_err(|error| context.told(error, "The list of API keys"))?;
    let is_likely = |key: &ApiKey| {
        *key.name == *begun.name
            && *key.created_by == *begun.iam_id
            && !begun.known_ids.iter().any(|known| known == key.id.as_str())
            && !others.contains(&key.id.as_str())
    };
    Ok(keys.into_iter().filter(is_likely).map(|key| key.id).collect())
}

/// A later command may have made a key of the same name, and somebody may hold that one.
fn is_timely(key: &ApiKey, orphan: &Orphan) -> bool {
    let last = orphan.in_doubt_until().unwrap_or(orphan.begun.at);
    let made = key.created_at.seconds();
    (orphan.begun.at.seconds() - MOST_SKEW..=last.seconds() + MOST_SKEW).contains(&made)
}
