//! What a key means to those who use it, told before it goes: its age, its last use, who depends on it.

use crate::context::Context;
use crate::model::{Activity, ApiKey, ApiKeyId, Detail, Timestamp};
use crate::systems::Condition;
use crate::text::escape;

/// Of more keys than an identity may have as a rule, the last use is not asked for.
const MOST_LOOKED_AT: usize = 20;

/// Tells the facts about keys that are about to lose their effect: on standard output where a question follows, else
/// on standard error. Returns whether tokens may have been issued with one of them.
pub(super) fn tell(keys: &[&ApiKey], asks: bool, now: Timestamp, context: &mut Context) -> bool {
    !tell_each(keys, asks, now, context).is_empty()
}

/// As [`tell`], and returns the keys with which tokens may have been issued.
pub(super) fn tell_each(
    keys: &[&ApiKey],
    asks: bool,
    now: Timestamp,
    context: &mut Context,
) -> Vec<ApiKeyId> {
    let manner = context.ui.manner();
    if !asks && (manner.quiet || manner.json || manner.json_errors) {
        return Vec::new();
    }
    let mut used = Vec::new();
    let mut is_told = keys.len() <= MOST_LOOKED_AT;
    for key in keys {
        // What cannot be told is no reason to stop.
        let activity = if is_told { activity(key, &mut is_told, context) } else { None };
        if Activity::may_be_used(activity.as_ref()) {
            used.push(key.id.clone());
        }
        let line = line(key, activity.as_ref(), now);
        if asks {
            context.ui.result(&line);
        } else {
            context.ui.warn(&line);
        }
    }
    used
}

/// Asks for the use of a key. A service that is away is not waited for with the next key again.
fn activity(key: &ApiKey, is_told: &mut bool, context: &Context) -> Option<Activity> {
    let found = context.backend().ok()?.api_key(&key.id, Detail { history: false, activity: true });
    *is_told =
        !found.as_ref().is_err_and(|error| matches!(error.condition, Condition::Unavailable(_)));
    found.ok()?.activity
}

/// Says how long works on what was issued before.
pub(super) fn warn_of_tokens(context: &mut Context) {
    warn_of_tokens_of("it", context);
}

/// As [`warn_of_tokens`], where several keys were meant.
pub(super) fn warn_of_tokens_of_several(context: &mut Context) {
    warn_of_tokens_of("them", context);
}

fn warn_of_tokens_of(which: &str, context: &mut Context) {
    context.ui.warn(&format!(
        "Tokens that were issued with {which} stay valid until they expire, for up to 60 minutes."
    ));
}

fn line(key: &ApiKey, activity: Option<&Activity>, now: Timestamp) -> String {
    let mut line = format!(
        "API key '{}' ({}): created {} ({}) by {}, {}",
        escape(&key.name),
        key.id,
        key.created_at.to_wire(),
        age(key.created_at, now),
        escape(&key.created_by),
        last_use(activity),
    );
    if key.locked {
        line.push_str(", locked");
    }
    line.push('.');
    if let Some(dependants) = dependants(&key.name) {
        line.push(' ');
        line.push_str(dependants);
    }
    line
}

/// Counts days as the date beside it does, from midnight to midnight.
fn age(then: Timestamp, now: Timestamp) -> String {
    let day = |at: Timestamp| at.seconds().div_euclid(86_400);
    match day(now) - day(then) {
        ..=0 => "today".to_owned(),
        1 => "1 day ago".to_owned(),
        days => format!("{days} days ago"),
    }
}

fn last_use(activity: Option<&Activity>) -> String {
    match activity {
        None => "last use unknown".to_owned(),
        Some(Activity { authn_count: 0, .. }) => "never used".to_owned(),
        Some(Activity { last_authn: Some(at), .. }) => format!("last used {}", at.to_wire()),
        Some(Activity { last_authn: None, .. }) => "used, at an unknown time".to_owned(),
    }
}

/// Names who breaks without a key of a well-known name.
fn dependants(name: &str) -> Option<&'static str> {
    if name == "containers-kubernetes-key" {
        return Some(
            "Clusters of the Kubernetes service use this key; without it they cannot be managed.",
        );
    }
    name.starts_with("cluster-")
        .then_some("A cluster may use this key, and cannot pull images without it.")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No verb gets as far as to a locked key, unless it was locked meanwhile.
    #[test]
    fn a_lock_is_told_behind_the_use() {
        let mut key = ApiKey::sample("cluster-1");
        key.locked = true;
        let told = line(&key, None, key.created_at);
        let rest = ", last use unknown, locked. A cluster may use this key, and cannot pull images without it.";
        assert!(told.ends_with(rest), "{told}");
        key.locked = false;
        assert_eq!(line(&key, None, key.created_at), told.replace(", locked", ""));
    }

    #[test]
    fn a_use_without_a_time_is_told_too() {
        let activity = |authn_count| Activity { last_authn: None, authn_count };
        assert_eq!(last_use(Some(&activity(2))), "used, at an unknown time");
        assert_eq!(last_use(Some(&activity(0))), "never used");
    }
}
