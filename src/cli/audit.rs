//! `api-keys-audit`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::shared::{JobsArgs, path};
use crate::complete;
use crate::model::{Rule, Severity, parse_duration};
use crate::ops::Owners;
use crate::ops::audit::{self, FailOn, PolicyName, ReportFormat};

/// Arguments of `api-keys-audit`.
#[derive(Debug, Args)]
#[command(after_help = "\
RULES, and their severity:
   leaked            error     The service found it published.
   old               error     It works and is older than '--max-age'.
   owner-key         error     It belongs to '--account-owner'.
   unused            warning   It works and was not used for '--max-unused'.
   never-expires     warning   It works and never expires.
   expires-soon      warning   It ends within '--expires-within', unreplaced.
   leak-action-none  warning   Nothing happens when it is found published.
   same-name         warning   A newer working key has its name.
   near-limit        warning   Nine tenths of the allowed keys are there.
   expired           note      It has expired and was not deleted.
   phased-out        note      It was replaced and not deleted.
   use-unknown       warning   The service does not tell whether it is used.
The policy 'cis' follows the CIS IBM Cloud Foundations benchmark: 'unused'
(1.2) and 'use-unknown' are errors, after 180 days; 'old' is 1.3, 'owner-key'
1.5.

A baseline is a report with '--output json', or a part of one. Findings whose
rule and key_id are in it are accepted: they are neither reported nor counted.
Write a new baseline without '--baseline', and to another file.

EXAMPLES:
   ibmcloud-iam api-keys-audit
   ibmcloud-iam api-keys-audit --all-users --policy cis --account-owner IBMid-1
   ibmcloud-iam api-keys-audit --all-users --summary
   ibmcloud-iam api-keys-audit --format sarif --fail-on none > audit.sarif
   ibmcloud-iam api-keys-audit --all-users --format html > audit.html
   ibmcloud-iam api-keys-audit --fail-on none --output json > accepted.json
   ibmcloud-iam api-keys-audit --baseline accepted.json --fail-on warning

EXIT CODES:
   15: a rule of '--fail-on' fired")]
pub struct ApiKeysAuditArgs {
    /// How old a working key may be; 90d when absent
    #[arg(long, value_name = "TIME", value_parser = whole_minutes)]
    max_age: Option<Duration>,
    /// How long a working key may go unused; 30d when absent, 180d with '--policy cis'
    #[arg(long, value_name = "TIME", value_parser = whole_minutes)]
    max_unused: Option<Duration>,
    /// How long before its expiry a key is reported; 14d when absent
    #[arg(long, value_name = "TIME", value_parser = whole_minutes)]
    expires_within: Option<Duration>,
    /// The limits and severities to start from: default or cis
    #[arg(
        long,
        value_name = "default|cis",
        ignore_case = true,
        default_value = "default",
        hide_default_value = true
    )]
    policy: PolicyName,
    /// The IAM ID of the owner of the account, who should have no API keys
    #[arg(long, value_name = "IAM_ID", value_parser = iam_id)]
    account_owner: Option<String>,
    /// Leave rules out; without 'unused' the service is not asked when keys were last used
    #[arg(long, value_name = "RULE", ignore_case = true, value_delimiter = ',')]
    skip: Vec<Rule>,
    /// Exit with 15 when one of these rules fires, or any rule of this severity or a higher one: RULE, error, warning, note, or none for never; error when absent
    #[arg(
        long,
        value_name = "RULE",
        value_delimiter = ',',
        default_value = "error",
        hide_default_value = true,
        value_parser = fail_on(),
        ignore_case = true
    )]
    fail_on: Vec<FailOn>,
    /// Findings that were accepted before: a report in JSON
    #[arg(long, value_name = "FILE", value_parser = path(), add = complete::files())]
    baseline: Option<PathBuf>,
    /// The form of the report: table, json (as '--output json'), sarif (SARIF 2.1.0), csv, markdown or html (one page)
    #[arg(long, value_name = "FORMAT", ignore_case = true)]
    format: Option<ReportFormat>,
    /// Show the table in full, however narrow the terminal is
    #[arg(long)]
    wide: bool,
    /// Count findings by rule and owner, and leave them out
    #[arg(long)]
    summary: bool,
    /// Audit the keys of every user of the account; needs the role Administrator on the IAM Identity service
    #[arg(long)]
    all_users: bool,
    /// Audit the keys of every service ID of the account
    #[arg(long, conflicts_with = "all_users")]
    all_service_ids: bool,
    #[command(flatten)]
    jobs: JobsArgs,
}

/// Reads a limit of the audit. The service tells times in whole minutes only.
fn whole_minutes(text: &str) -> Result<Duration, String> {
    let limit = parse_duration(text)?;
    if limit.as_secs().is_multiple_of(60) {
        Ok(limit)
    } else {
        Err(format!("'{text}' is no whole number of minutes; write 45m, 12h, 90d or 2w"))
    }
}

/// Reads an IAM ID. An e-mail address is refused, as no key would match it.
fn iam_id(text: &str) -> Result<String, String> {
    if text.is_empty() || text.contains(|c: char| c == '@' || c.is_whitespace()) {
        return Err(
            "write the IAM ID, IBMid-... or iam-..., as 'whoami' shows one's own".to_owned()
        );
    }
    Ok(text.to_owned())
}

fn fail_on() -> impl TypedValueParser<Value = FailOn> {
    let rules = Rule::ALL.map(Rule::as_str).into_iter();
    let words = rules.chain(Severity::ALL.map(Severity::as_str)).chain(["none"]);
    PossibleValuesParser::new(words).map(|text| {
        let is = |word: &str| word.eq_ignore_ascii_case(&text);
        let rule = Rule::ALL.into_iter().find(|rule| is(rule.as_str())).map(FailOn::Rule);
        let severity = Severity::ALL.into_iter().find(|severity| is(severity.as_str()));
        rule.or(severity.map(FailOn::Severity)).unwrap_or(FailOn::None)
    })
}

impl From<ApiKeysAuditArgs> for audit::Request {
    fn from(args: ApiKeysAuditArgs) -> Self {
        Self {
            max_age: args.max_age,
            max_unused: args.max_unused,
            expires_within: args.expires_within,
            policy: args.policy,
            account_owner: args.account_owner,
            skip: args.skip,
            fail_on: args.fail_on,
            baseline: args.baseline,
            format: args.format,
            wide: args.wide,
            summary: args.summary,
            jobs: args.jobs.jobs,
            owners: match (args.all_users, args.all_service_ids) {
                (true, _) => Owners::AllUsers,
                (false, true) => Owners::AllServiceIds,
                (false, false) => Owners::One,
            },
        }
    }
}
