//! Audits keys: which are a risk, and what to do about them. A report for people and a gate for CI.

mod baseline;
mod fix;
mod policy;
mod report;
mod rules;
mod subject;

use self::baseline::Baseline;
use self::policy::{NO_LIMIT, Policy};
use self::report::Told;
use self::subject::{Grounds, Subject};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{ApiKeyId, Counts, Finding, LastUse, Rule, Timestamp, Unchecked};
use crate::ops::uses::uses;
use crate::ops::{announce, counted, keys_of, scope};
use crate::session::Session;
use crate::settings::Settings;
use crate::ui::Ui;

pub use self::policy::{FailOn, PolicyName, ReportFormat, Request};

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
    let format = report::format(&request, ui)?;
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
    session.ui.watch(Some("There is no report: not every key was looked at.".to_owned()));
    let keys = keys_of(&scope, session)?;
    let limit = if policy.has(Rule::NearLimit) { limit(&request.fail_on, session)? } else { None };
    let unchecked = unchecked(&policy, limit);
    let mut subjects = subject::subjects(&keys, now);
    let needs_all = format == ReportFormat::Html && !request.summary;
    ask_for_use(&mut subjects, &policy, needs_all, request.jobs, now, session)?;
    let noun = session.facts().noun;
    let grounds = Grounds {
        policy: &policy,
        now,
        me: &identity.iam_id,
        limit,
        noun,
        family: session.family(),
    };
    let found = grounds.judge(&subjects, &mut accepted);
    let was_checked = |rule: Rule, iam_id: Option<&str>| {
        let is_seen = iam_id.is_none_or(|iam_id| scope.holds(iam_id.as_bytes()));
        is_seen && unchecked.iter().all(|left| left.rule != rule)
    };
    let (hidden, idle) = (accepted.hidden(), accepted.idle(was_checked));
    let told = Told {
        counts: Counts::of(keys.len(), &found),
        found: &found,
        unchecked: &unchecked,
        subjects: &subjects,
        hidden,
        idle,
        now,
    };
    session.ui.watch(None);
    told.tell(request, format, &policy, session);
    // Failing to write the report comes before what the report says.
    session.ui.finish()?;
    verdict(&found, request, session)
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

/// Asks for the use of those keys for which a rule needs it, or of all, and prints progress.
fn ask_for_use(
    subjects: &mut [Subject<'_>],
    policy: &Policy,
    needs_all: bool,
    jobs: Option<u8>,
    now: Timestamp,
    session: &mut Session,
) -> Result<()> {
    if !policy.has(Rule::Unused) {
        return Ok(());
    }
    let needs = |subject: &&mut Subject<'_>| needs_all || subject.needs_activity(policy, now);
    let asked: Vec<_> = subjects.iter_mut().filter(needs).collect();
    let ids: Vec<&ApiKeyId> = asked.iter().map(|subject| &subject.key.id).collect();
    let used: Vec<LastUse> = uses(&ids, jobs, "report", session)?;
    for (subject, used) in asked.into_iter().zip(used) {
        subject.used = used;
    }
    Ok(())
}

fn is_met(on: FailOn, finding: &Finding<'_>) -> bool {
    match on {
        FailOn::Rule(rule) => finding.rule == rule,
        FailOn::Severity(least) => finding.severity <= least,
        FailOn::None => false,
    }
}

/// Fails where `--fail-on` names a finding.
fn verdict(found: &[Finding<'_>], request: &Request, session: &Session) -> Result<()> {
    let fails = |finding: &&Finding<'_>| request.fail_on.iter().any(|on| is_met(*on, finding));
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
    let audit = format!("{} {}-audit", session.program(), session.facts().list_command);
    Err(Error::new(ErrorKind::AuditFound, message).hint(if request.summary {
        format!("Without '--summary' the report has the commands that fix them; '{audit} --help' tells how to accept them.")
    } else {
        format!("Fix them with the commands in the report, or accept them: '{audit} --help' tells how.")
    }))
}
