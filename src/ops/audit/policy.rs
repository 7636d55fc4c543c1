//! What is asked of an audit; its limits and severities, and the rules that it leaves out.

use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;

use crate::error::{Error, Result};
use crate::model::{Rule, Severity};
use crate::ops::Owners;

const DAY: Duration = Duration::from_secs(86_400);
const MAX_AGE: Duration = Duration::from_secs(90 * DAY.as_secs());
const MAX_UNUSED: Duration = Duration::from_secs(30 * DAY.as_secs());
const MAX_UNUSED_CIS: Duration = Duration::from_secs(180 * DAY.as_secs());
const EXPIRES_WITHIN: Duration = Duration::from_secs(14 * DAY.as_secs());

/// Why the rule about the limit may be left out; the end of a sentence.
pub(super) const NO_LIMIT: &str = "the service does not tell how many API keys are allowed";

/// What is asked for.
#[derive(Debug)]
pub struct Request {
    /// How old a working key may be; `None` as in the policy.
    pub max_age: Option<Duration>,
    /// How long a working key may go unused; `None` as in the policy.
    pub max_unused: Option<Duration>,
    /// How long before its end a key expires soon; `None` as in the policy.
    pub expires_within: Option<Duration>,
    /// The policy.
    pub policy: PolicyName,
    /// The IAM id of the owner of the account, where it was given.
    pub account_owner: Option<String>,
    /// Rules that are left out.
    pub skip: Vec<Rule>,
    /// What makes the command fail.
    pub fail_on: Vec<FailOn>,
    /// Findings that were accepted before.
    pub baseline: Option<PathBuf>,
    /// The format of the report.
    pub format: Option<ReportFormat>,
    /// Whether the table is shown in full, however narrow the terminal is.
    pub wide: bool,
    /// Whether findings are only counted.
    pub summary: bool,
    /// Whose keys are meant.
    pub owners: Owners,
    /// How many requests are under way at once; 16 when absent.
    pub jobs: Option<u8>,
}

/// The limits and severities of an audit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PolicyName {
    /// Those of this program
    Default,
    /// Those of the CIS IBM Cloud Foundations benchmark, as far as API keys show them
    Cis,
}

/// The formats of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// A table, for people
    Table,
    /// An array of findings
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// A row for each finding, for spreadsheets
    Csv,
    /// Tables, for tickets and pull requests
    Markdown,
    /// One page, for a browser or paper
    Html,
}

/// What makes an audit fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailOn {
    /// This rule.
    Rule(Rule),
    /// Any rule of this severity or a worse one.
    Severity(Severity),
    /// Nothing.
    None,
}

/// The limits of the rules, which rules are checked, and the severity of each.
#[derive(Clone, Debug)]
pub(super) struct Policy {
    /// How old a working key may be.
    pub(super) max_age: Duration,
    /// For how long a working key may go unused.
    pub(super) max_unused: Duration,
    /// How long before its end a key expires soon.
    pub(super) expires_within: Duration,
    /// The IAM id of the owner of the account, where it was given.
    pub(super) account_owner: Option<String>,
    name: PolicyName,
    skipped: Vec<Rule>,
}

impl Policy {
    /// Takes the policy that was named, with the limits that were given.
    pub(super) fn of(request: &Request) -> Self {
        let max_unused = match request.policy {
            PolicyName::Default => MAX_UNUSED,
            PolicyName::Cis => MAX_UNUSED_CIS,
        };
        Self {
            max_age: request.max_age.unwrap_or(MAX_AGE),
            max_unused: request.max_unused.unwrap_or(max_unused),
            expires_within: request.expires_within.unwrap_or(EXPIRES_WITHIN),
            account_owner: request.account_owner.clone(),
            name: request.policy,
            skipped: request.skip.clone(),
        }
    }

    pub(super) fn has(&self, rule: Rule) -> bool {
        self.why_not(rule).is_none()
    }

    /// Returns why a rule is not checked, as the end of a sentence.
    pub(super) fn why_not(&self, rule: Rule) -> Option<&'static str> {
        if self.skipped.contains(&rule) {
            return Some("it was left out with '--skip'");
        }
        match rule {
            Rule::UseUnknown if self.skipped.contains(&Rule::Unused) => {
                Some("'unused' was left out with '--skip'")
            }
            Rule::OwnerKey if self.account_owner.is_none() => {
                Some("no '--account-owner' tells who owns the account")
            }
            _ => None,
        }
    }

    /// Refuses a `--fail-on` that can never fail.
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

    /// Returns the limit of a rule and that of the benchmark, where the limit is looser.
    pub(super) fn is_looser(&self, rule: Rule) -> Option<(Duration, Duration)> {
        let (limit, wanted) = match rule {
            Rule::Old => (self.max_age, MAX_AGE),
            Rule::Unused => (self.max_unused, MAX_UNUSED_CIS),
            _ => return None,
        };
        (limit > wanted).then_some((limit, wanted))
    }

    pub(super) fn severity(&self, rule: Rule) -> Severity {
        match rule {
            Rule::Leaked | Rule::Old | Rule::OwnerKey => Severity::Error,
            // Under the benchmark, an unknown use counts as none.
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
