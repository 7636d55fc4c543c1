//! Audits keys: which are a risk, and what to do about them. A report for people and a gate for CI.

mod baseline;
mod fix;
mod policy;
mod rules;
mod subject;

use std::fmt::Write as _;

use self::baseline::Baseline;
use self::policy::Policy;
use self::subject::{Grounds, Subject};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{
    ApiKey, ApiKeyId, Finding, Rule, Severity, Timestamp, Unchecked, write_duration,
};
use crate::ops::facts::LastUse;
use crate::ops::{Owners, announce, counted, keys_of, scope, sheet};
use crate::render::{findings, sarif};
use crate::session::Session;
use crate::settings::Settings;
use crate::systems::{Keys as _, Several};
use crate::text::escape;
use crate::told::Family;
use crate::ui::{Ui, interrupt};

pub use self::policy::{FailOn, PolicyName, ReportFormat, Request};

/// Why the rule about the limit may be left out; the end of a sentence.
const NO_LIMIT: &str = "the service does not tell how many API keys are allowed";

/// An audit, checked before anybody logs in.
#[derive(Debug)]
pub struct Ready {
    request: Request,
    format: ReportFormat,
    policy: Policy,
    accepted: Baseline,
}

/// Checks what can be checked before anybody logs in, and chooses the format of the report.
pub fn ready(request: Request, settings: &Settings, ui: &mut Ui) -> Result<Ready> {
    let format = format(&request, ui)?;
    if format != ReportFormat::Table {
        ui.only_documents();
    }
    let policy = Policy::of(&request);
    policy.check(&request.fail_on)?;
    let accepted = match &request.baseline {
        Some(file) => Baseline::read(file, settings.program())?,
        None => Baseline::default(),
    };
    Ok(Ready { request, format, policy, accepted })
}

/// Audits keys.
pub fn run(ready: Ready, session: &mut Session) -> Result<()> {
    let Ready { request, format, policy, mut accepted } = ready;
    let request = &request;
    let now = session.now()?;
    let identity = session.identity().clone();
    let (scope, what) = scope(request.owners, session);
    announce("Auditing", &what, session);
    let keys = keys_of(&scope, session)?;
    let limit = if policy.has(Rule::NearLimit) { limit(&request.fail_on, session)? } else { None };
    let unchecked = unchecked(&policy, limit);
    let mut subjects = subject::subjects(&keys, now);
    ask_for_use(&mut subjects, &policy, request.jobs, now, session)?;
    let here = session.settings().program_here();
    let noun = session.facts().noun;
    let grounds = Grounds {
        policy: &policy,
        now,
        me: &identity.iam_id,
        limit,
        noun,
        family: Family { program: &here, ..session.family() },
    };
    let found = grounds.judge(&subjects, &mut accepted);
    let was_checked = |rule: Rule, iam_id: Option<&str>| {
        let is_seen = iam_id.is_none_or(|iam_id| scope.holds(iam_id.as_bytes()));
        is_seen && unchecked.iter().all(|left| left.rule != rule)
    };
    let (hidden, idle) = (accepted.hidden(), accepted.idle(was_checked));
    let is_local = session.keys().place().is_here();
    let ui = &mut *session.ui;
    match format {
        ReportFormat::Json => ui.data(|out| findings::json(out, &found)),
        ReportFormat::Sarif => {
            let report = sarif::Audit {
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
                let sheet = sheet(ui, request.wide.then_some(now));
                ui.data(|out| findings::table(out, &found, request.owners != Owners::One, sheet));
            }
            ui.result(&summary(&found, &counted(keys.len(), noun), is_local, hidden));
            if idle > 0 {
                let (findings, occur) =
                    (counted(idle, "finding"), if idle == 1 { "s" } else { "" });
                ui.warn(&format!("The baseline accepts {findings} that no longer occur{occur}."));
            }
            tell_gaps(request, &policy, &unchecked, &keys, ui);
        }
    }
    // Failing to write the report comes before what the report says.
    session.ui.finish()?;
    verdict(&found, &request.fail_on, session)
}

fn format(request: &Request, ui: &Ui) -> Result<ReportFormat> {
    match (request.format, ui.manner().json) {
        (None | Some(ReportFormat::Json), true) => Ok(ReportFormat::Json),
        (Some(_), true) => {
            Err(Error::usage("'--output json' and '--format' name two forms of the report.")
                .hint("Give one of them."))
        }
        (format, false) => Ok(format.unwrap_or(ReportFormat::Table)),
    }
}

/// Asks how many keys an identity may have. Fails where that is unknown and `--fail-on` needs it.
fn limit(fail_on: &[FailOn], session: &mut Session) -> Result<Option<usize>> {
    let limit = session.keys().key_limit();
    let limit = limit
        .map_err(|error| session.told(error, &format!("The limit of {}s", session.facts().noun)))?;
    if limit.is_none() && fail_on.contains(&FailOn::Rule(Rule::NearLimit)) {
        let rule = Rule::NearLimit;
        return Err(Error::failure(format!("'--fail-on {rule}' cannot be checked: {NO_LIMIT}."))
            .hint(format!(
                "Say '--skip {rule}', or use a credential that may see the limits of the account."
            )));
    }
    Ok(limit)
}

/// Lists the rules that are not checked, and why.
fn unchecked(policy: &Policy, limit: Option<usize>) -> Vec<Unchecked> {
    let why = |rule| match policy.why_not(rule) {
        None if rule == Rule::NearLimit && limit.is_none() => Some(NO_LIMIT),
        why => why,
    };
    Rule::ALL.into_iter().filter_map(|rule| Some(Unchecked { rule, why: why(rule)? })).collect()
}

/// Asks for the use of those keys for which a rule needs it, and prints progress.
fn ask_for_use(
    subjects: &mut [Subject<'_>],
    policy: &Policy,
    jobs: Option<u8>,
    now: Timestamp,
    session: &mut Session,
) -> Result<()> {
    let needs = |subject: &&mut Subject<'_>| subject.needs_activity(policy, now);
    let asked: Vec<_> = subjects.iter_mut().filter(needs).collect();
    if asked.is_empty() || !policy.has(Rule::Unused) {
        return Ok(());
    }
    let ids: Vec<&ApiKeyId> = asked.iter().map(|subject| &subject.key.id).collect();
    let noun = session.facts().noun;
    let (keys, jobs) = (session.shared_keys(), session.jobs(jobs));
    session.ui.working(&format!("Getting the last use of {noun}s"), Some(ids.len()));
    let mut reached = 0;
    let used = interrupt::patiently(|| {
        let may_go_on = || !interrupt::is_asked();
        let mut done = |done| {
            reached = done;
            session.ui.reach(done);
        };
        let used = keys.uses(&ids, &mut Several { jobs, may_go_on: &may_go_on, done: &mut done });
        if interrupt::is_asked() {
            let (left, all) = (ids.len() - reached, ids.len());
            let words = format!(
                "There is no report: the last use of {left} of {all} {noun}s was not looked at."
            );
            session.ui.done();
            interrupt::watch(session.ui.manner(), Some(words));
        }
        used
    });
    session.ui.done();
    let used = used.map_err(|error| session.told(error, &format!("The use of {noun}s")))?;
    for (subject, activity) in asked.into_iter().zip(used) {
        subject.used = activity.map_or(LastUse::Unknown, LastUse::Told);
    }
    Ok(())
}

/// Words what was found in one line.
fn summary(found: &[Finding<'_>], keys: &str, is_local: bool, hidden: usize) -> String {
    // A reader must not take the local store for the account.
    let place = if is_local { " of the local store" } else { "" };
    let mut summary = if found.is_empty() {
        format!("No findings in {keys}{place}")
    } else {
        let each = Severity::ALL.iter().filter_map(|&severity| {
            let number = found.iter().filter(|finding| finding.severity == severity).count();
            (number > 0).then(|| counted(number, severity.as_str()))
        });
        let each: Vec<String> = each.collect();
        format!("{} in {keys}{place}: {}", counted(found.len(), "finding"), each.join(", "))
    };
    if hidden > 0 {
        let _ = write!(summary, "; {hidden} accepted by the baseline");
    }
    summary
}

/// Warns of what the report does not cover, unless a flag left it out.
fn tell_gaps(
    request: &Request,
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
    if request.policy == PolicyName::Cis {
        tell_benchmark(policy, unchecked, request.owners, ui);
    }
}

/// Warns of the recommendations of the benchmark that were not checked, or with a looser limit.
fn tell_benchmark(policy: &Policy, unchecked: &[Unchecked], owners: Owners, ui: &mut Ui) {
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
    if owners == Owners::One {
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

/// Fails where `--fail-on` names a finding.
fn verdict(found: &[Finding<'_>], fail_on: &[FailOn], session: &Session) -> Result<()> {
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
        "Fix them with the commands in the report, or accept them: '{} {}-audit --help' tells how.",
        session.program(),
        session.facts().list_command
    )))
}
