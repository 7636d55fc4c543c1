//! What is shown of a key before it stops working: its age, its last use, who depends on it.

use std::ops::ControlFlow;

use crate::model::{
    Activity, ApiKey, ApiKeyDetails, ApiKeyId, Detail, LastUse, Timestamp, managed,
};
use crate::session::Session;
use crate::side_by_side::side_by_side;
use crate::systems::{Condition, Result};
use crate::text::{capitalised, escape};

/// The last use of more keys than this is not asked for.
const MOST_LOOKED_AT: usize = 20;

/// Describes keys that are about to stop working: on standard output where a question follows, else on standard error.
/// Tells whether tokens may have been issued with one of them.
pub(super) fn tell(keys: &[&ApiKey], asks: bool, now: Timestamp, session: &mut Session) -> bool {
    !tell_each(keys, asks, now, session).is_empty()
}

/// As [`tell`], and returns the keys with which tokens may have been issued.
pub(super) fn tell_each(
    keys: &[&ApiKey],
    asks: bool,
    now: Timestamp,
    session: &mut Session,
) -> Vec<ApiKeyId> {
    if !asks && !session.ui.manner().warns() {
        return Vec::new();
    }
    let mut used = Vec::new();
    let say = |line: &str, session: &mut Session| {
        if asks { session.ui.result(line) } else { session.ui.warn(line) }
    };
    let noun = session.facts().noun;
    let mut why_not = (keys.len() > MOST_LOOKED_AT)
        .then(|| format!("because these are more than {MOST_LOOKED_AT} {noun}s"));
    let mut last_uses = vec![LastUse::NotAsked; keys.len()];
    if why_not.is_none() {
        look_at_uses(keys, &mut last_uses, &mut why_not, session);
    }
    let mut any_left = false;
    for (key, last_use) in keys.iter().zip(&last_uses) {
        any_left |= matches!(last_use, LastUse::NotAsked);
        if last_use.may_be() {
            used.push(key.id.clone());
        }
        say(&line(noun, key, last_use, now), session);
    }
    if let Some(why) = why_not.filter(|_| any_left) {
        let how = format!("'{} --activity' asks for that of one", session.on("", "ID"));
        say(&format!("The last use was not asked for {why}; {how}."), session);
    }
    used
}

/// Says of keys that somebody else manages whose they are, and what breaks.
pub(super) fn tell_managed(keys: &[&ApiKey], asks: bool, session: &mut Session) {
    let noun = session.facts().noun;
    for key in keys {
        let Some(words) = managed(&key.name) else { continue };
        let line = format!("{} '{}': {words}", capitalised(noun), escape(&key.name));
        if asks { session.ui.result(&line) } else { session.ui.warn(&line) }
    }
}

/// Asks for the use of each key; a failure is no reason to stop. Where the service does not answer, no further key is asked
/// for.
fn look_at_uses(
    keys: &[&ApiKey],
    uses: &mut [LastUse],
    why_not: &mut Option<String>,
    session: &Session,
) {
    let asked = Detail { history: false, activity: true };
    let service = session.keys();
    let ask = |number: usize| service.get(&keys[number].id, asked);
    let mut told = |number: usize, found: Result<ApiKeyDetails>| {
        uses[number] = LastUse::Unknown;
        match found {
            Ok(details) => uses[number] = LastUse::of(details.activity),
            Err(error) if matches!(error.condition, Condition::Unavailable(_)) => {
                let noun = session.facts().noun;
                *why_not = Some(format!("of every {noun} because the service did not answer"));
                return ControlFlow::Break(());
            }
            Err(_) => {}
        }
        ControlFlow::Continue(())
    };
    // Where the first gets no answer, the others need not be asked.
    if keys.is_empty() || told(0, ask(0)).is_break() {
        return;
    }
    let rest = keys.len() - 1;
    let ask_next = |number| ask(number + 1);
    side_by_side(session.jobs(None), rest, &|| true, &ask_next, &mut |number, found| {
        told(number + 1, found)
    });
}

/// Warns that tokens outlive their key.
pub(super) fn warn_of_tokens(session: &mut Session) {
    warn_of_tokens_of("it", session);
}

/// Warns that tokens outlive their keys. `which` is "it" or "them".
pub(super) fn warn_of_tokens_of(which: &str, session: &mut Session) {
    session.ui.warn(&format!(
        "Tokens that were issued with {which} stay valid until they expire, for up to 60 minutes."
    ));
}

fn line(noun: &str, key: &ApiKey, last_use: &LastUse, now: Timestamp) -> String {
    let mut line = format!(
        "{} '{}' ({}): created {} ({}) by {}, {}",
        capitalised(noun),
        escape(&key.name),
        key.id,
        key.created_at.to_wire(),
        key.created_at.min(now).seen_from(now),
        escape(&key.created_by),
        words(last_use),
    );
    if key.locked {
        line.push_str(", locked");
    }
    line.push('.');
    if let Some(words) = managed(&key.name) {
        line.push(' ');
        line.push_str(words);
    }
    line
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_told_behind_the_use() {
        let mut key = ApiKey::sample("cluster-1");
        key.locked = true;
        let told = line("API key", &key, &LastUse::Unknown, key.created_at);
        let rest =
            ", last use unknown, locked. A cluster may use it, and cannot pull images without it.";
        assert!(told.ends_with(rest), "{told}");
        key.locked = false;
        assert_eq!(
            line("API key", &key, &LastUse::Unknown, key.created_at),
            told.replace(", locked", "")
        );
    }

    #[test]
    fn a_use_without_a_time_is_told_too() {
        let told = |authn_count| words(&LastUse::Told(Activity { last_authn: None, authn_count }));
        assert_eq!(told(2), "used, at an unknown time");
        assert_eq!(told(0), "never used");
    }
}
