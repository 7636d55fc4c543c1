//! Which key may an interrupted command have made, where its value says nothing?

use std::thread;
use std::time::Duration;

use crate::backend::Condition;
use crate::cli::RecoverArgs;
use crate::context::Context;
use crate::error::Result;
use crate::journal::{Begun, Orphan, Step};
use crate::model::{ApiKey, ApiKeyId, BackendKind, Detail, Owner, Selection};
use crate::ops::subject;

/// No request is in doubt for longer: twice the longest time-out there can be.
const MOST_SECONDS_OF_DOUBT: u64 = 2 * 3_600;

/// Tells whether a key may still come to be that a look-up does not find now. Where it may, waits until it may not.
pub(super) fn wait_for_certainty(
    orphan: &Orphan,
    args: &RecoverArgs,
    context: &mut Context,
) -> Result<bool> {
    let untils = orphan.steps.iter().filter_map(|step| match step {
        Step::Sending { until } => Some(until.seconds()),
        Step::Delivering { .. } | Step::Delivered => None,
    });
    let left = untils.max().unwrap_or_default() - context.now()?.seconds();
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
    let was_sent = !orphan.steps.is_empty() || backend.kind() == BackendKind::Local;
    let ids = match orphan.delivering().or(orphan.begun.id.as_deref()) {
        // Chosen beforehand, or told by the service: there is nothing to guess.
        Some(id) => vec![ApiKeyId::new(id)],
        None if was_sent => likely(&orphan.begun, context)?,
        None => Vec::new(),
    };
    let mut found = Vec::new();
    for id in ids {
        let details = match backend.api_key(&id, Detail { history: false, activity: true }) {
            Ok(details) => details,
            Err(error) if error.condition == Condition::NotFound => continue,
            Err(error) => return Err(context.told(error, &subject(&id))),
        };
        let is_used = details.activity.is_some_and(|activity| activity.authn_count > 0);
        found.push(Candidate { key: details.key, is_used });
    }
    Ok(found)
}

/// Ids of keys of the name and creator, made since the command was begun and not there before.
fn likely(begun: &Begun, context: &Context) -> Result<Vec<ApiKeyId>> {
    let listed = context.backend()?.api_keys(&Owner::Myself, &Selection::Named(begun.name.clone()));
    let keys = listed.map_err(|error| context.told(error, "The list of API keys"))?;
    // The service tells times to the minute, by a clock of its own.
    let earliest = begun.at.seconds() - 3_600;
    let is_likely = |key: &ApiKey| {
        *key.name == *begun.name
            && *key.created_by == *begun.iam_id
            && key.created_at.seconds() >= earliest
            && !begun.known_ids.iter().any(|known| known == key.id.as_str())
    };
    Ok(keys.into_iter().filter(is_likely).map(|key| key.id).collect())
}
