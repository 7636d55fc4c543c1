//! What is asked of an audit.

use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;

use crate::model::{Rule, Severity};

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
    /// Whether the keys of every user of the account are meant.
    pub all_users: bool,
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
