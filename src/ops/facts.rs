//! What a key means to those who use it, told before it goes: its age, its last use, who depends on it.

use crate::context::Context;
use crate::model::{Activity, ApiKey, Detail, Timestamp};
use crate::text::escape;

/// Of more keys than an identity may have as a rule, the last use is not asked for.
const MOST_LOOKED_AT: usize = 20;

/// Tells the facts about keys that are about to lose their effect: on standard output where a question follows, else
/// on standard error. Returns whether tokens may have been issued with one of them.
pub(super) fn tell(keys: &[&ApiKey], asks: bool, now: Timestamp, context: &mut Context) -> bool {
    let manner = context.ui.manner();
    if !asks && (manner.quiet || manner.json || manner.json_errors) {
        return false;
    }
    let mut any_tokens = false;
    for key in keys {
        let activity =
            context.backend().ok().filter(|_| keys.len() <= MOST_LOOKED_AT).and_then(|backend| {
                // What cannot be told is no reason to stop.
                backend.api_key(&key.id, Detail { history: false, activity: true }).ok()?.activity
            });
        any_tokens |= activity.as_ref().is_none_or(|activity| activity.authn_count > 0);
        let line = line(key, activity.as_ref(), now);
        if asks {
            context.ui.result(&line);
        } else {
            context.ui.warn(&line);
        }
    }
    any_tokens
}

/// Says how long works on what was issued before.
pub(super) fn warn_of_tokens(context: &mut Context) {
    context.ui.warn(
        "Tokens that were issued with it stay valid until they expire, for up to 60 minutes.",
    );
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

fn age(then: Timestamp, now: Timestamp) -> String {
    match (now.seconds() - then.seconds()) / 86_400 {
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
        .then_some("A cluster may use this key; without it it cannot pull images.")
}
