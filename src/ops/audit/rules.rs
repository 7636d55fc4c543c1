//! The rules: when each fires. Time that has passed is counted in whole minutes, as the service returns times, so that no
//! rule fires early. Time to come is counted in seconds.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::baseline::Baseline;
use super::fix;
use super::policy::Policy;
use super::subject::{Grounds, Subject, is_past, lasts};
use crate::model::{
    Activity, Finding, LastUse, LeakAction, Rule, State, Timestamp, managed, write_duration,
};

fn comes_within(time: Timestamp, limit: Duration, now: Timestamp) -> bool {
    let to_come = time.seconds() - now.seconds();
    to_come <= i64::try_from(limit.as_secs()).unwrap_or(i64::MAX)
}

impl Grounds<'_> {
    /// Checks every key under every rule, and leaves out accepted findings. Sorts by severity, then rule, then age, oldest
    /// first. All findings of a key have the same fix.
    pub(super) fn judge<'k>(
        &self,
        subjects: &[Subject<'k>],
        accepted: &mut Baseline,
    ) -> Vec<Finding<'k>> {
        let mut found = Vec::new();
        // The latest end among the newer keys of a name and owner, without those that their own fixes take away.
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
                if let Some(words) = managed(&key.name) {
                    for (_, message) in &mut told {
                        message.push(' ');
                        message.push_str(words);
                    }
                }
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

    /// Returns the message of a rule that fires for a key.
    fn fires(&self, rule: Rule, subject: &Subject<'_>) -> Option<String> {
        let (key, state, works) = (subject.key, subject.state, subject.works());
        let noun = self.noun;
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
            Rule::Unused => match subject.use_for(self.policy, self.now) {
                LastUse::Told(Activity { last_authn: Some(at), .. }) => {
                    is_past(*at, *max_unused, self.now)
                        .then(|| format!("Last used {}, {}.", at.to_wire(), since(max_unused)))
                }
                LastUse::Told(Activity { authn_count: 0, .. }) => {
                    Some(format!("Never used since it was created {}.", key.created_at.to_wire()))
                }
                _ => None,
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
                Some(format!("The working {noun} {} has the same name and is newer.", newer.id))
            }
            Rule::Expired => {
                let at = key.expires_at.filter(|_| state == State::Expired)?;
                Some(format!("Expired {} and was not deleted.", at.to_wire()))
            }
            Rule::PhasedOut => (state == State::PhasedOut)
                .then(|| format!("Another {noun} has taken its place, and it was not deleted.")),
            Rule::UseUnknown => subject
                .use_for(self.policy, self.now)
                .is_unknown()
                .then(|| "When it was last used is not known.".to_owned()),
            // This rule counts all keys of an identity.
            Rule::NearLimit => None,
        }
    }

    /// Finds the identities that have nine tenths of the allowed keys or more.
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
                message: format!("Has {} of the {limit} {}s it is allowed.", own.len(), self.noun),
                fix: fix::of_identity(iam_id, &own, self),
            });
        }
    }
}
