//! What an audit holds keys to.

use std::time::Duration;

use crate::cli::{ApiKeysAuditArgs, PolicyName};
use crate::model::{Rule, Severity};

const DAY: Duration = Duration::from_secs(86_400);

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
        let unused = match args.policy {
            PolicyName::Default => DAY * 30,
            PolicyName::Cis => DAY * 180,
        };
        Self {
            max_age: args.max_age.unwrap_or(DAY * 90),
            max_unused: args.max_unused.unwrap_or(unused),
            expires_within: args.expires_within.unwrap_or(DAY * 14),
            account_owner: args.account_owner.clone(),
            name: args.policy,
            skipped: args.skip.clone(),
        }
    }

    /// Tells whether a rule is looked at.
    pub(super) fn has(&self, rule: Rule) -> bool {
        !self.skipped.contains(&rule)
    }

    /// Returns how grave it is when a rule fires.
    pub(super) fn severity(&self, rule: Rule) -> Severity {
        match rule {
            Rule::Leaked | Rule::Old | Rule::OwnerKey => Severity::Error,
            Rule::Unused if self.name == PolicyName::Cis => Severity::Error,
            Rule::Unused
            | Rule::NeverExpires
            | Rule::ExpiresSoon
            | Rule::LeakActionNone
            | Rule::SameName
            | Rule::NearLimit => Severity::Warning,
            Rule::Expired | Rule::PhasedOut | Rule::UseUnknown => Severity::Note,
        }
    }
}
