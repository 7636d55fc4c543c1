//! What an audit holds keys to, and what it does not look at.

use std::time::Duration;

use crate::cli::{ApiKeysAuditArgs, FailOn, PolicyName};
use crate::error::{Error, Result};
use crate::model::{Rule, Severity};

const DAY: Duration = Duration::from_secs(86_400);
const MAX_AGE: Duration = Duration::from_secs(90 * DAY.as_secs());
const MAX_UNUSED: Duration = Duration::from_secs(30 * DAY.as_secs());
const MAX_UNUSED_CIS: Duration = Duration::from_secs(180 * DAY.as_secs());
const EXPIRES_WITHIN: Duration = Duration::from_secs(14 * DAY.as_secs());

/// The limits of the rules, which rules are looked at, and how grave each is.
#[derive(Clone, Debug)]
pub(super) struct Policy {
    /// How old a working key may be.
    pub(super) max_age: Duration,
    /// For how long a working key may go unused.
    pub(super) max_unused: Duration,
    /// How long before its end a key counts as one that expires soon.
    pub(super) expires_within: Duration,
    /// The IAM id of the owner of the account, where it was told.
    pub(super) account_owner: Option<String>,
    name: PolicyName,
    skipped: Vec<Rule>,
}

impl Policy {
    /// Takes the policy that was named, with what was said otherwise.
    pub(super) fn of(args: &ApiKeysAuditArgs) -> Self {
        let max_unused = match args.policy {
            PolicyName::Default => MAX_UNUSED,
            PolicyName::Cis => MAX_UNUSED_CIS,
        };
        Self {
            max_age: args.max_age.unwrap_or(MAX_AGE),
            max_unused: args.max_unused.unwrap_or(max_unused),
            expires_within: args.expires_within.unwrap_or(EXPIRES_WITHIN),
            account_owner: args.account_owner.clone(),
            name: args.policy,
            skipped: args.skip.clone(),
        }
    }

    /// Tells whether a rule is looked at.
    pub(super) fn has(&self, rule: Rule) -> bool {
        self.why_not(rule).is_none()
    }

    /// Says why a rule is not looked at, as the end of a sentence.
    pub(super) fn why_not(&self, rule: Rule) -> Option<&'static str> {
        if self.skipped.contains(&rule) {
            return Some("it was left out with '--skip'");
        }
        match rule {
            Rule::UseUnknown if self.skipped.contains(&Rule::Unused) => {
                Some("'unused' was left out with '--skip'")
            }
            Rule::OwnerKey if self.account_owner.is_none() => {
                Some("'--account-owner' does not name the owner of the account")
            }
            _ => None,
        }
    }

    /// Refuses to be a gate that cannot close.
    pub(super) fn check(&self, fail_on: &[FailOn]) -> Result<()> {
        for on in fail_on {
            if let FailOn::Rule(rule) = on
                && let Some(why) = self.why_not(*rule)
            {
                return Err(Error::usage(format!("'--fail-on {rule}' can never fail: {why}."))
                    .hint("Take the rule out of '--fail-on', or let it be checked."));
            }
        }
        if fail_on.len() > 1 && fail_on.contains(&FailOn::None) {
            return Err(Error::usage("'--fail-on none' stands beside others that are to fail.")
                .hint("Give it alone, or take it out."));
        }
        Ok(())
    }

    /// Tells of a recommendation whether a limit was given that is looser.
    pub(super) fn is_looser(&self, rule: Rule) -> Option<(Duration, Duration)> {
        let (limit, wanted) = match rule {
            Rule::Old => (self.max_age, MAX_AGE),
            Rule::Unused => (self.max_unused, MAX_UNUSED_CIS),
            _ => return None,
        };
        (limit > wanted).then_some((limit, wanted))
    }

    /// Returns how grave it is when a rule fires.
    pub(super) fn severity(&self, rule: Rule) -> Severity {
        match rule {
            Rule::Leaked | Rule::Old | Rule::OwnerKey => Severity::Error,
            // What cannot be shown to hold does not.
            Rule::Unused | Rule::UseUnknown if self.name == PolicyName::Cis => Severity::Error,
            Rule::Unused
            | Rule::NeverExpires
            | Rule::ExpiresSoon
            | Rule::LeakActionNone
            | Rule::SameName
            | Rule::NearLimit
            | Rule::UseUnknown => Severity::Warning,
            Rule::Expired | Rule::PhasedOut => Severity::Note,
        }
    }
}
