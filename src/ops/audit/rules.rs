//! The rules: when each fires, and on what. What has gone by is counted in whole minutes, which is all that the service
//! tells, so that no rule fires early; what is to come is counted to the second, where the backend tells seconds.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::baseline::Baseline;
use super::fix;
use super::policy::Policy;
use crate::model::{
    Activity, ApiKey, Finding, LeakAction, Rule, State, Timestamp, states, write_duration,
};

/// What the rules go by beside the keys.
#[derive(Debug)]
pub(super) struct Grounds<'a> {
    pub(super) policy: &'a Policy,
    pub(super) now: Timestamp,
    /// The IAM id that the backend acts as.
    pub(super) me: &'a str,
    /// How many keys an identity may have, where that is known.
    pub(super) limit: Option<usize>,
    /// What to type before a command.
    pub(super) program: &'a str,
}

/// A key, and what is known of it.
#[derive(Clone, Debug)]
pub(super) struct Subject<'a> {
    pub(super) key: &'a ApiKey,
    pub(super) state: State,
    pub(super) used: Used,
    /// Whether it works, and a newer working key of its name and owner outlives it.
    replaced: bool,
    /// The newest working key of its name and owner, where that is another one.
    newer: Option<&'a ApiKey>,
}

/// Puts together what keys and their states tell; `keys` come oldest first.
pub(super) fn subjects<'k>(keys: &'k [ApiKey], now: Timestamp) -> Vec<Subject<'k>> {
    // Of the working keys of a name and owner behind the one that is looked at: the longest life, and the newest.
    let mut behind: HashMap<(&str, &str), (i64, &'k ApiKey)> = HashMap::with_capacity(keys.len());
    let newest_first = keys.iter().zip(states(keys, now)).rev().map(|(key, state)| {
        let mut subject =
            Subject { key, state, used: Used::NotAsked, replaced: false, newer: None };
        if subject.works() {
            let (longest, newest) =
                behind.entry((&key.name, &key.iam_id)).or_insert((i64::MIN, key));
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

/// Returns until when a key lasts, in seconds since 1970.
fn lasts(key: &ApiKey) -> i64 {
    key.expires_at.map_or(i64::MAX, Timestamp::seconds)
}

/// How much a key is used.
#[derive(Clone, Debug)]
pub(super) enum Used {
    /// Nobody asked.
    NotAsked,
    /// The backend does not tell.
    Unknown,
    /// Never since it was created.
    Never,
    /// At this time for the last time.
    Last(Timestamp),
}

impl From<Option<Activity>> for Used {
    fn from(activity: Option<Activity>) -> Self {
        match activity {
            Some(Activity { last_authn: Some(at), .. }) => Self::Last(at),
            Some(Activity { authn_count: 0, .. }) => Self::Never,
            Some(_) | None => Self::Unknown,
        }
    }
}

impl Subject<'_> {
    /// Tells whether the rule `unused` needs to know how much the key is used: a younger one cannot be unused for long.
    pub(super) fn needs_activity(&self, policy: &Policy, now: Timestamp) -> bool {
        self.works() && self.is_older_than(policy.max_unused, now)
    }

    /// Tells whether it was made longer ago; one of which that is not told was not.
    fn is_older_than(&self, limit: Duration, now: Timestamp) -> bool {
        self.key.creation().is_some_and(|at| is_past(at, limit, now))
    }

    pub(super) fn works(&self) -> bool {
        matches!(self.state, State::Active | State::PhasingOut)
    }
}

/// Tells whether more than `limit` has gone by since.
fn is_past(since: Timestamp, limit: Duration, now: Timestamp) -> bool {
    let gone_by = (now.minutes() - since.minutes()) * 60;
    gone_by > i64::try_from(limit.as_secs()).unwrap_or(i64::MAX)
}

/// Tells whether a time comes within `limit`.
fn comes_within(time: Timestamp, limit: Duration, now: Timestamp) -> bool {
    let to_come = time.seconds() - now.seconds();
    to_come <= i64::try_from(limit.as_secs()).unwrap_or(i64::MAX)
}

impl Grounds<'_> {
    /// Looks at every key under every rule, and leaves out what was accepted; the gravest findings first, then rule by
    /// rule, oldest key first. All findings of a key have one fix.
    pub(super) fn judge<'k>(
        &self,
        subjects: &[Subject<'k>],
        accepted: &mut Baseline,
    ) -> Vec<Finding<'k>> {
        let mut found = Vec::new();
        // How long the keys of a name and owner last that are newer, and that their own fixes do not take away.
        let mut successors: HashMap<(&str, &str), i64> = HashMap::new();
        for subject in subjects.iter().rev() {
            let key = subject.key;
            let mut told: Vec<(Rule, String)> = Vec::new();
            for rule in Rule::ALL.into_iter().filter(|&rule| self.policy.has(rule)) {
                if let Some(message) = self.fires(rule, subject)
                    && !accepted.accepts(rule, key.id.as_str())
                {
                    told.push((rule, message));
                }
            }
            let named = (&*key.name, &*key.iam_id);
            let mut stays = subject.works();
            if !told.is_empty() {
                let rules: Vec<Rule> = told.iter().map(|(rule, _)| *rule).collect();
                let outlived = successors.get(&named).is_some_and(|&longest| longest > lasts(key));
                let fix = fix::of_key(&rules, subject, outlived, self);
                stays &= fix.stays;
                found.extend(told.into_iter().map(|(rule, message)| Finding {
                    rule,
                    severity: self.policy.severity(rule),
                    key: Some(key),
                    iam_id: key.iam_id.clone(),
                    message,
                    fix: fix.command.clone(),
                }));
            }
            if stays {
                let longest = successors.entry(named).or_insert(i64::MIN);
                *longest = lasts(key).max(*longest);
            }
        }
        found.reverse();
        if self.policy.has(Rule::NearLimit) {
            self.count(subjects, accepted, &mut found);
        }
        found.sort_by_key(|finding| (finding.severity, finding.rule));
        found
    }

    /// Says what a rule has against a key.
    fn fires(&self, rule: Rule, subject: &Subject<'_>) -> Option<String> {
        let (key, state, works) = (subject.key, subject.state, subject.works());
        let Policy { max_age, max_unused, expires_within, account_owner, .. } = self.policy;
        let since = |limit: &Duration| format!("more than {} ago", write_duration(*limit));
        match rule {
            Rule::Leaked => key.leaked.then(|| "Was found published.".to_owned()),
            Rule::Old => {
                let is_ending = subject.replaced
                    && key.expires_at.is_some_and(|at| comes_within(at, *max_age, self.now));
                let is_old = works && !is_ending && subject.is_older_than(*max_age, self.now);
                is_old.then(|| format!("Created {}, {}.", key.created_at.to_wire(), since(max_age)))
            }
            Rule::OwnerKey => (account_owner.as_deref() == Some(&*key.iam_id))
                .then(|| "Belongs to the owner of the account.".to_owned()),
            Rule::Unused => match subject.used {
                Used::Never => {
                    Some(format!("Never used since it was created {}.", key.created_at.to_wire()))
                }
                Used::Last(at) if is_past(at, *max_unused, self.now) => {
                    Some(format!("Last used {}, {}.", at.to_wire(), since(max_unused)))
                }
                Used::Last(_) | Used::Unknown | Used::NotAsked => None,
            },
            Rule::NeverExpires => {
                (works && key.expires_at.is_none()).then(|| "Never expires.".to_owned())
            }
            Rule::ExpiresSoon => {
                let at = key.expires_at.filter(|&at| {
                    works && !subject.replaced && comes_within(at, *expires_within, self.now)
                })?;
                Some(format!(
                    "Expires {}, within {}.",
                    at.to_wire(),
                    write_duration(*expires_within)
                ))
            }
            Rule::LeakActionNone => (works && key.action_when_leaked == LeakAction::None)
                .then(|| "Nothing happens to it when it is found published.".to_owned()),
            Rule::SameName => {
                let newer = subject.newer.filter(|_| !subject.replaced)?;
                Some(format!("The working API key {} has the same name and is newer.", newer.id))
            }
            Rule::Expired => {
                let at = key.expires_at.filter(|_| state == State::Expired)?;
                Some(format!("Expired {} and was not deleted.", at.to_wire()))
            }
            Rule::PhasedOut => (state == State::PhasedOut)
                .then(|| "Another API key has taken its place, and it was not deleted.".to_owned()),
            Rule::UseUnknown => matches!(subject.used, Used::Unknown)
                .then(|| "When it was last used is not known.".to_owned()),
            // Counted over all keys of an identity.
            Rule::NearLimit => None,
        }
    }

    /// Finds the identities that have nearly as many keys as allowed.
    fn count<'k>(
        &self,
        subjects: &[Subject<'k>],
        accepted: &mut Baseline,
        found: &mut Vec<Finding<'k>>,
    ) {
        let Some(limit) = self.limit else { return };
        let mut owners: Vec<(&Arc<str>, Vec<&Subject<'_>>)> = Vec::new();
        let mut places: HashMap<&str, usize> = HashMap::new();
        for subject in subjects {
            let iam_id = &subject.key.iam_id;
            let place = *places.entry(iam_id).or_insert_with(|| {
                owners.push((iam_id, Vec::new()));
                owners.len() - 1
            });
            owners[place].1.push(subject);
        }
        let is_near = |count: usize| count.saturating_mul(10) >= limit.saturating_mul(9);
        for (iam_id, own) in owners.into_iter().filter(|(_, own)| is_near(own.len())) {
            if accepted.accepts(Rule::NearLimit, iam_id) {
                continue;
            }
            found.push(Finding {
                rule: Rule::NearLimit,
                severity: self.policy.severity(Rule::NearLimit),
                key: None,
                iam_id: iam_id.clone(),
                message: format!("Has {} of the {limit} API keys it is allowed.", own.len()),
                fix: fix::of_identity(iam_id, &own, self),
            });
        }
    }
}
