//! The keys under audit, and what the rules know of them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::policy::Policy;
use crate::model::{ApiKey, LastUse, Life, Owner, State, Timestamp, states};
use crate::told::Family;

/// What the rules need to know beside the keys.
#[derive(Debug)]
pub(super) struct Grounds<'a> {
    pub(super) policy: &'a Policy,
    pub(super) now: Timestamp,
    /// The IAM id of the identity in use.
    pub(super) me: &'a str,
    /// How many keys an identity may have, where that is known.
    pub(super) limit: Option<usize>,
    /// What a key is called.
    pub(super) noun: &'a str,
    /// The commands on the keys of the identity in use.
    pub(super) family: Family<'a>,
}

impl Grounds<'_> {
    /// Returns the commands on the keys of an owner.
    pub(super) fn family_of(&self, iam_id: &Arc<str>) -> Family<'_> {
        let service = Owner(Arc::clone(iam_id)).service_id().filter(|_| **iam_id != *self.me);
        let family = self.family.clone();
        match service {
            Some(id) => family.of_service(id),
            None => family,
        }
    }

    /// Tells whether a new key can be made for an owner: nobody can create a key for another user.
    pub(super) fn can_make_for(&self, iam_id: &Arc<str>) -> bool {
        **iam_id == *self.me || Owner(Arc::clone(iam_id)).service_id().is_some()
    }
}

/// A key under audit.
#[derive(Clone, Debug)]
pub(super) struct Subject<'a> {
    pub(super) key: &'a ApiKey,
    pub(super) state: State,
    pub(super) used: LastUse,
    /// Whether it works, and a newer working key of its name and owner expires later.
    pub(super) replaced: bool,
    /// The newest working key of its name and owner, where that is another one.
    pub(super) newer: Option<&'a ApiKey>,
}

/// Makes the subjects of an audit. `keys` come oldest first.
pub(super) fn subjects<'k>(keys: &'k [ApiKey], now: Timestamp) -> Vec<Subject<'k>> {
    // Of the working keys of a name and owner that are newer than the present one: the latest end, and the newest key.
    let mut later: HashMap<(&str, &str), (i64, &'k ApiKey)> = HashMap::with_capacity(keys.len());
    let newest_first = keys.iter().zip(states(keys, now)).rev().map(|(key, state)| {
        let mut subject =
            Subject { key, state, used: LastUse::NotAsked, replaced: false, newer: None };
        if subject.works() {
            let (longest, newest) =
                later.entry((&key.name, &key.iam_id)).or_insert((i64::MIN, key));
            subject.replaced = *longest > lasts(key);
            subject.newer = Some(*newest).filter(|newest| newest.id != key.id);
            *longest = lasts(key).max(*longest);
        }
        subject
    });
    let mut subjects: Vec<Subject<'_>> = newest_first.collect();
    subjects.reverse();
    subjects
}

/// Returns the end of a key, in seconds since 1970; `i64::MAX` for none.
pub(super) fn lasts(key: &ApiKey) -> i64 {
    key.expires_at.map_or(i64::MAX, Timestamp::seconds)
}

impl<'a> Subject<'a> {
    /// Tells whether the rule `unused` needs the use of the key: a young key cannot be unused for long.
    pub(super) fn needs_activity(&self, policy: &Policy, now: Timestamp) -> bool {
        self.works() && self.is_older_than(policy.max_unused, now)
    }

    /// Returns the use as far as the rules may know it: a report may ask for that of younger keys too.
    pub(super) fn use_for(&self, policy: &Policy, now: Timestamp) -> &LastUse {
        if self.needs_activity(policy, now) { &self.used } else { &LastUse::NotAsked }
    }

    pub(super) fn life(&self) -> Life<'a> {
        Life { key: self.key, state: self.state, used: self.used.clone() }
    }

    /// Tells whether the key was created longer ago than `limit`; `false` where its creation is unknown.
    pub(super) fn is_older_than(&self, limit: Duration, now: Timestamp) -> bool {
        self.key.creation().is_some_and(|at| is_past(at, limit, now))
    }

    pub(super) fn works(&self) -> bool {
        matches!(self.state, State::Active | State::PhasingOut)
    }
}

/// Tells whether more than `limit` has passed since a time.
pub(super) fn is_past(since: Timestamp, limit: Duration, now: Timestamp) -> bool {
    let gone_by = (now.minutes() - since.minutes()) * 60;
    gone_by > i64::try_from(limit.as_secs()).unwrap_or(i64::MAX)
}
