//! Tells what was found, in the form that was asked for.

use std::fmt::Write as _;

use super::policy::{NO_LIMIT, Policy, PolicyName, ReportFormat, Request};
use super::subject::Subject;
use crate::error::{Error, Result};
use crate::model::{Counts, Finding, Life, Rule, Severity, Timestamp, Unchecked, write_duration};
use crate::ops::{Owners, counted, sheet};
use crate::render::report::Report;
use crate::render::{counts, csv, findings, html, markdown, sarif};
use crate::session::Session;
use crate::text::escape;
use crate::ui::Ui;

/// Of so many owners the findings are counted above the rows.
const OWNERS_ABOVE: usize = 20;

/// Chooses the form of the report.
pub(super) fn format(request: &Request, ui: &Ui) -> Result<ReportFormat> {
    let format = match (request.format, ui.manner().json) {
        (None | Some(ReportFormat::Json), true) => ReportFormat::Json,
        (Some(_), true) => {
            return Err(Error::usage(
                "'--output json' and '--format' name two forms of the report.",
            )
            .hint("Give one of them."));
        }
        (format, false) => format.unwrap_or(ReportFormat::Table),
    };
    if request.summary && format == ReportFormat::Sarif {
        return Err(Error::usage("'--summary' has no form in SARIF, which is a list of findings.")
            .hint("Leave '--summary' out, or choose another '--format'."));
    }
    Ok(format)
}

/// What there is to tell of an audit.
pub(super) struct Told<'a> {
    pub(super) counts: Counts,
    pub(super) found: &'a [Finding<'a>],
    pub(super) unchecked: &'a [Unchecked],
    pub(super) subjects: &'a [Subject<'a>],
    /// How many findings the baseline accepts.
    pub(super) hidden: usize,
    /// How many findings that the baseline accepts no longer occur.
    pub(super) idle: usize,
    pub(super) now: Timestamp,
}

impl Told<'_> {
    /// Tells it.
    pub(super) fn tell(
        &self,
        request: &Request,
        format: ReportFormat,
        policy: &Policy,
        session: &mut Session,
    ) {
        let identity = session.identity().clone();
        let summary = self.summary(session);
        let several = request.owners != Owners::One;
        let mut lives: Vec<Life<'_>> = Vec::new();
        if format == ReportFormat::Html && !request.summary {
            lives = self.subjects.iter().map(Subject::life).collect();
            lives.sort_by_key(Life::order);
        }
        let report = Report {
            summary: &summary,
            counts: &self.counts,
            findings: (!request.summary).then_some(self.found),
            lives: &lives,
            unchecked: self.unchecked,
            account_id: &identity.account_id,
            several,
            now: self.now,
        };
        let ui = &mut *session.ui;
        match format {
            ReportFormat::Json if request.summary => {
                ui.data(|out| counts::json(out, &self.counts, self.hidden));
            }
            ReportFormat::Json => ui.data(|out| findings::json(out, self.found)),
            ReportFormat::Csv if request.summary => ui.data(|out| csv::counts(out, &self.counts)),
            ReportFormat::Csv => ui.data(|out| csv::findings(out, self.found)),
            ReportFormat::Markdown => ui.data(|out| markdown::report(out, &report)),
            ReportFormat::Html => ui.data(|out| html::page(out, &report)),
            ReportFormat::Sarif => {
                let report = sarif::Audit {
                    findings: self.found,
                    severity: &|rule| policy.severity(rule),
                    unchecked: self.unchecked,
                    account_id: &identity.account_id,
                    now: self.now,
                };
                ui.data(|out| sarif::document(out, &report));
            }
            ReportFormat::Table => {
                ui.ok();
                self.table(request, &summary, ui);
                self.tell_gaps(request, policy, ui);
            }
        }
    }

    /// Writes counts, rows and a summary.
    fn table(&self, request: &Request, summary: &str, ui: &mut Ui) {
        let several = request.owners != Owners::One;
        if !self.found.is_empty() {
            let sheet = sheet(ui, request.wide.then_some(self.now));
            let most = if request.summary { usize::MAX } else { OWNERS_ABOVE };
            ui.data(|out| {
                counts::table(out, &self.counts, several.then_some(most), sheet)?;
                if request.summary {
                    return Ok(());
                }
                writeln!(out)?;
                findings::table(out, self.found, several, sheet)
            });
        }
        ui.result(summary);
        if self.idle > 0 {
            let (findings, occur) =
                (counted(self.idle, "finding"), if self.idle == 1 { "s" } else { "" });
            ui.warn(&format!("The baseline accepts {findings} that no longer occur{occur}."));
        }
    }

    /// Words what was found in one line.
    fn summary(&self, session: &Session) -> String {
        let counts = &self.counts;
        let keys = counted(counts.keys, session.facts().noun);
        // A reader must not take the local store for the account.
        let place = if session.keys().place().is_here() { " of the local store" } else { "" };
        let mut summary = if counts.findings == 0 {
            format!("No findings in {keys}{place}")
        } else {
            let each = Severity::ALL.iter().filter_map(|&severity| {
                let number = counts.with(severity);
                (number > 0).then(|| counted(number, severity.as_str()))
            });
            let each: Vec<String> = each.collect();
            format!("{} in {keys}{place}: {}", counted(counts.findings, "finding"), each.join(", "))
        };
        if self.hidden > 0 {
            let _ = write!(summary, "; {} accepted by the baseline", self.hidden);
        }
        summary
    }

    /// Warns of what the report does not cover, unless a flag left it out.
    fn tell_gaps(&self, request: &Request, policy: &Policy, ui: &mut Ui) {
        if let Some(left) = self.unchecked.iter().find(|left| left.why == NO_LIMIT) {
            ui.warn(&left.to_string());
        }
        if let Some(owner) = policy.account_owner.as_deref()
            && policy.has(Rule::OwnerKey)
            && self.subjects.iter().all(|subject| *subject.key.iam_id != *owner)
        {
            ui.warn(&format!("None of the API keys belongs to '{}'.", escape(owner)));
        }
        if request.policy == PolicyName::Cis {
            tell_benchmark(policy, self.unchecked, request.owners, ui);
        }
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
