//! What a key means to those who use it, told before it goes: its age, its last use, who depends on it.

use crate::context::Context;
use crate::model::{Activity, ApiKey, ApiKeyId, Detail, Timestamp};
use crate::systems::Condition;
use crate::text::escape;

/// Of more keys than an identity may have as a rule, the last use is not asked for.
const MOST_LOOKED_AT: usize = 20;

/// What is known of the use of a key.
#[derive(Debug)]
enum LastUse {
    /// Nobody asked.
    NotAsked,
    /// The backend does not tell.
    Unknown,
    Told(Activity),
}

impl LastUse {
    /// Tells whether the key may have been used; one of which nothing is known may have been.
    fn may_be(&self) -> bool {
        let told = if let Self::Told(activity) = self { Some(activity) } else { None };
        Activity::may_be_used(told)
    }
}

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
    let say = |line: &str, context: &mut Context| {
        if asks { context.ui.result(line) } else { context.ui.warn(line) }
    };
    let mut why_not =
        (keys.len() > MOST_LOOKED_AT).then_some("because these are more than 20 API keys");
    let mut any_left = false;
    for key in keys {
        let last_use = match why_not {
            Some(_) => LastUse::NotAsked,
            None => last_use(key, &mut why_not, context),
        };
        any_left |= matches!(last_use, LastUse::NotAsked);
        if last_use.may_be() {
            used.push(key.id.clone());
        }
        say(&line(key, &last_use, now), context);
    }
    if let Some(why) = why_not.filter(|_| any_left) {
        let program = context.program();
        let how = format!("'{program} api-key ID --activity' asks for that of one");
        say(&format!("The last use was not asked for {why}; {how}."), context);
    }
    used
}

/// Asks for the use of a key; what cannot be told is no reason to stop. A service that is away is not waited for with
/// the next key again.
fn last_use(key: &ApiKey, why_not: &mut Option<&str>, context: &Context) -> LastUse {
    let asked = Detail { history: false, activity: true };
    match context.backend().map(|backend| backend.api_key(&key.id, asked)) {
        Ok(Ok(details)) => details.activity.map_or(LastUse::Unknown, LastUse::Told),
        Ok(Err(error)) => {
            if matches!(error.condition, Condition::Unavailable(_)) {
                *why_not = Some("of every API key because the service did not answer");
            }
            LastUse::Unknown
        }
        Err(_) => LastUse::Unknown,
    }
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

fn line(key: &ApiKey, last_use: &LastUse, now: Timestamp) -> String {
    let mut line = format!(
        "API key '{}' ({}): created {} ({}) by {}, {}",
        escape(&key.name),
        key.id,
        key.created_at.to_wire(),
        age(key.created_at, now),
        escape(&key.created_by),
        words(last_use),
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

fn words(last_use: &LastUse) -> String {
    match last_use {
        LastUse::NotAsked => "last use not asked for".to_owned(),
        LastUse::Unknown => "last use unknown".to_owned(),
        LastUse::Told(Activity { authn_count: 0, .. }) => "never used".to_owned(),
        LastUse::Told(Activity { last_authn: Some(at), .. }) => {
            format!("last used {}", at.to_wire())
        }
        LastUse::Told(Activity { last_authn: None, .. }) => "used, at an unknown time".to_owned(),
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
        let told = line(&key, &LastUse::Unknown, key.created_at);
        let rest = ", last use unknown, locked. A cluster may use this key, and cannot pull images without it.";
        assert!(told.ends_with(rest), "{told}");
        key.locked = false;
        assert_eq!(line(&key, &LastUse::Unknown, key.created_at), told.replace(", locked", ""));
    }

    #[test]
    fn a_use_without_a_time_is_told_too() {
        let told = |authn_count| words(&LastUse::Told(Activity { last_authn: None, authn_count }));
        assert_eq!(told(2), "used, at an unknown time");
        assert_eq!(told(0), "never used");
    }
}
