//! `api-keys-audit`: which keys will hurt, and what to do about them; a report for people and a gate for CI.

mod baseline;
mod fix;
mod policy;
mod rules;

use std::fmt::Write as _;

use self::baseline::Baseline;
use self::policy::Policy;
use self::rules::{Grounds, Subject};
use crate::cli::{ApiKeysAuditArgs, FailOn, PolicyName, ReportFormat};
use crate::context::Context;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{
    Activity, ApiKey, ApiKeyId, BackendKind, Finding, Rule, Severity, Timestamp, Unchecked,
    write_duration,
};
use crate::ops::{counted, keys_of, progress_line, whose};
use crate::render::{findings, sarif};
use crate::text::escape;
use crate::ui::Ui;

/// After how many keys somebody who waits for their use is told how far it got.
const TOLD_EACH: usize = 100;
/// Why the rule about the limit may be left out, as the end of a sentence.
const NO_LIMIT: &str = "the service does not tell how many API keys are allowed";

/// Runs `api-keys-audit`.
pub fn run(args: &ApiKeysAuditArgs, context: &mut Context) -> Result<()> {
    let format = format(args, context)?;
    if format != ReportFormat::Table {
        context.ui.only_documents();
    }
    let policy = Policy::of(args);
    policy.check(&args.fail_on)?;
    let mut accepted = match &args.baseline {
        Some(file) => Baseline::read(file, context.program())?,
        None => Baseline::default(),
    };
    let now = context.now()?;
    let identity = context.identity()?;
    let (owner, what) = whose(args.all_users);
    context.ui.progress(&progress_line("Auditing", what, &identity));
    let keys = keys_of(&owner, context)?;
    let limit = if policy.has(Rule::NearLimit) { limit(&args.fail_on, context)? } else { None };
    let unchecked = unchecked(&policy, limit);
    let mut subjects = rules::subjects(&keys, now);
    ask_for_use(&mut subjects, &policy, now, context)?;
    let program = &*context.program_here();
    let grounds = Grounds { policy: &policy, now, me: &identity.iam_id, limit, program };
    let found = grounds.judge(&subjects, &mut accepted);
    let was_checked = |rule: Rule, iam_id: Option<&str>| {
        let is_seen = args.all_users || iam_id.is_none_or(|iam_id| iam_id == &*identity.iam_id);
        is_seen && unchecked.iter().all(|left| left.rule != rule)
    };
    let (hidden, idle) = (accepted.hidden(), accepted.idle(was_checked));
    let is_local = context.backend()?.kind() == BackendKind::Local;
    let ui = &mut context.ui;
    match format {
        ReportFormat::Json => ui.data(|out| findings::json(out, &found)),
        ReportFormat::Sarif => {
            let report = sarif::Report {
                findings: &found,
                severity: &|rule| policy.severity(rule),
                unchecked: &unchecked,
                account_id: &identity.account_id,
                now,
            };
            ui.data(|out| sarif::document(out, &report));
        }
        ReportFormat::Table => {
            ui.ok();
            if !found.is_empty() {
                let colour = ui.manner().colour.0;
                ui.data(|out| findings::table(out, &found, args.all_users, colour));
            }
            ui.result(&summary(&found, keys.len(), is_local, hidden));
            if idle > 0 {
                let (findings, occur) =
                    (counted(idle, "finding"), if idle == 1 { "s" } else { "" });
                ui.warn(&format!("The baseline accepts {findings} that no longer occur{occur}."));
            }
            tell_gaps(args, &policy, &unchecked, &keys, ui);
        }
    }
    // A report that could not be written is worse than what stands in it.
    context.ui.finish()?;
    verdict(&found, &args.fail_on, context)
}

/// Settles the format of the report.
fn format(args: &ApiKeysAuditArgs, context: &Context) -> Result<ReportFormat> {
    match (args.format, context.ui.manner().json) {
        (None | Some(ReportFormat::Json), true) => Ok(ReportFormat::Json),
        (Some(_), true) => {
            Err(Error::usage("'--output json' and '--format' name two forms of the report.")
                .hint("Give one of them."))
        }
        (format, false) => Ok(format.unwrap_or(ReportFormat::Table)),
    }
}

/// Asks how many keys an identity may have. That it is not told is no reason to stop, unless a gate is to go by it.
fn limit(fail_on: &[FailOn], context: &mut Context) -> Result<Option<usize>> {
    let limit = context.backend()?.key_limit();
    let limit = limit.map_err(|error| context.told(error, "The limit of API keys"))?;
    if limit.is_none() && fail_on.contains(&FailOn::Rule(Rule::NearLimit)) {
        let rule = Rule::NearLimit;
        return Err(Error::new(
            ErrorKind::Failure,
            format!("'--fail-on {rule}' cannot be checked: {NO_LIMIT}."),
        )
        .hint(format!(
            "Say '--skip {rule}', or use a credential that may see the limits of the account."
        )));
    }
    Ok(limit)
}

/// Says of each rule that was not looked at why not.
fn unchecked(policy: &Policy, limit: Option<usize>) -> Vec<Unchecked> {
    let why = |rule| match policy.why_not(rule) {
        None if rule == Rule::NearLimit && limit.is_none() => Some(NO_LIMIT),
        why => why,
    };
    Rule::ALL.into_iter().filter_map(|rule| Some(Unchecked { rule, why: why(rule)? })).collect()
}

/// Asks for the use of the keys of which a rule needs it.
fn ask_for_use(
    subjects: &mut [Subject<'_>],
    policy: &Policy,
    now: Timestamp,
    context: &mut Context,
) -> Result<()> {
    if !policy.has(Rule::Unused) {
        return Ok(());
    }
    let asked: Vec<&mut Subject<'_>> =
        subjects.iter_mut().filter(|subject| subject.needs_activity(policy, now)).collect();
    if asked.is_empty() {
        return Ok(());
    }
    let ids: Vec<&ApiKeyId> = asked.iter().map(|subject| &subject.key.id).collect();
    let used = activities(&ids, context)?;
    for (subject, activity) in asked.into_iter().zip(used) {
        subject.used = activity.into();
    }
    Ok(())
}

/// Asks for the use of keys, and says how far it got where that takes long.
fn activities(ids: &[&ApiKeyId], context: &mut Context) -> Result<Vec<Option<Activity>>> {
    let all = ids.len();
    let (backend, ui) = context.backend_and_ui()?;
    let told = backend.activities(ids, &mut |done| {
        if done % TOLD_EACH == 0 {
            ui.progress(&format!("Getting the last use of API keys: {done} of {all}..."));
        }
    });
    told.map_err(|error| context.told(error, "The use of an API key"))
}

/// Says in a line what was found.
fn summary(found: &[Finding<'_>], keys: usize, is_local: bool, hidden: usize) -> String {
    let mut keys = counted(keys, "API key");
    if is_local {
        // The local store must not be taken for the account.
        keys.push_str(" of the local store");
    }
    let mut summary = if found.is_empty() {
        format!("No findings in {keys}")
    } else {
        let each = Severity::ALL.iter().filter_map(|&severity| {
            let number = found.iter().filter(|finding| finding.severity == severity).count();
            (number > 0).then(|| counted(number, severity.as_str()))
        });
        let each: Vec<String> = each.collect();
        format!("{} in {keys}: {}", counted(found.len(), "finding"), each.join(", "))
    };
    if hidden > 0 {
        let _ = write!(summary, "; {hidden} accepted by the baseline");
    }
    summary
}

/// Says what the report does not show, unless somebody left it out.
fn tell_gaps(
    args: &ApiKeysAuditArgs,
    policy: &Policy,
    unchecked: &[Unchecked],
    keys: &[ApiKey],
    ui: &mut Ui,
) {
    if let Some(left) = unchecked.iter().find(|left| left.why == NO_LIMIT) {
        ui.warn(&left.to_string());
    }
    if let Some(owner) = policy.account_owner.as_deref()
        && policy.has(Rule::OwnerKey)
        && keys.iter().all(|key| *key.iam_id != *owner)
    {
        ui.warn(&format!("None of the API keys belongs to '{}'.", escape(owner)));
    }
    if args.policy == PolicyName::Cis {
        tell_benchmark(policy, unchecked, args.all_users, ui);
    }
}

/// Says what of the benchmark was not checked, or less strictly than it wants.
fn tell_benchmark(policy: &Policy, unchecked: &[Unchecked], all_users: bool, ui: &mut Ui) {
    for rule in Rule::ALL {
        let Some(number) = rule.recommendation() else { continue };
        if let Some(Unchecked { why, .. }) = unchecked.iter().find(|left| left.rule == rule) {
            ui.warn(&format!("CIS {number} ({rule}) was not checked: {why}."));
        } else if let Some((limit, wanted)) = policy.is_looser(rule) {
            let (limit, wanted) = (write_duration(limit), write_duration(wanted));
            ui.warn(&format!("CIS {number} ({rule}) asks for {wanted}, and {limit} was allowed."));
        }
    }
    ui.warn("CIS 1.4 was not checked: it is a setting of the account, which no API key shows.");
    if !all_users {
        ui.warn("Only your own API keys were checked; '--all-users' checks those of the account.");
    }
}

fn is_met(on: FailOn, finding: &Finding<'_>) -> bool {
    match on {
        FailOn::Rule(rule) => finding.rule == rule,
        FailOn::Severity(least) => finding.severity <= least,
        FailOn::None => false,
    }
}

/// Fails where a rule has fired that is to fail.
fn verdict(found: &[Finding<'_>], fail_on: &[FailOn], context: &Context) -> Result<()> {
    let fails = |finding: &&Finding<'_>| fail_on.iter().any(|on| is_met(*on, finding));
    let fatal: Vec<&Finding<'_>> = found.iter().filter(fails).collect();
    if fatal.is_empty() {
        return Ok(());
    }
    let rules = Rule::ALL.into_iter().filter_map(|rule| {
        let number = fatal.iter().filter(|finding| finding.rule == rule).count();
        (number > 0).then(|| format!("{rule} ({number})"))
    });
    let rules: Vec<String> = rules.collect();
    let message =
        format!("The audit found {}: {}.", counted(fatal.len(), "problem"), rules.join(", "));
    Err(Error::new(ErrorKind::AuditFound, message).hint(format!(
        "Fix them with the commands in the report, or accept them: '{} api-keys-audit --help' tells how.",
        context.program()
    )))
}
