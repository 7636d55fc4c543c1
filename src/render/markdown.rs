//! The report of an audit as Markdown with tables, as GitHub, GitLab and others render it. What others chose (names, ids) is
//! code, in which nothing is a mention, a link or HTML.

use std::io::{self, Write};

use super::report::Report;
use crate::model::{Counts, Finding, Unchecked};
use crate::text::escape;

/// Writes the report.
pub fn report(out: &mut dyn Write, report: &Report<'_>) -> io::Result<()> {
    writeln!(out, "# Audit of API keys\n")?;
    let (account, time) = (code(report.account_id), report.now.to_rfc3339());
    writeln!(out, "Account {account}, {time}: {}\n", report.summary)?;
    counts(out, report.counts, report.several)?;
    if let Some(findings) = report.findings.filter(|findings| !findings.is_empty()) {
        rows(out, findings, report.several)?;
    }
    unchecked(out, report.unchecked)
}

fn counts(out: &mut dyn Write, counts: &Counts, several: bool) -> io::Result<()> {
    if counts.findings == 0 {
        return Ok(());
    }
    writeln!(out, "## Counts\n\n| Rule | Severity | Findings |\n|---|---|--:|")?;
    for (rule, severity, number) in &counts.rules {
        writeln!(out, "| `{rule}` | {} | {number} |", severity.as_str())?;
    }
    writeln!(out)?;
    if !several {
        return Ok(());
    }
    writeln!(out, "| Owner | Errors | Warnings | Notes |\n|---|--:|--:|--:|")?;
    for owner in &counts.owners {
        let [errors, warnings, notes] = owner.by_severity();
        writeln!(out, "| {} | {errors} | {warnings} | {notes} |", code(&owner.iam_id))?;
    }
    writeln!(out)
}

fn rows(out: &mut dyn Write, findings: &[Finding<'_>], several: bool) -> io::Result<()> {
    let (owner, line) = if several { (" Owner |", "---|") } else { ("", "") };
    writeln!(out, "## Findings\n\n| Severity | Rule | Name | ID |{owner} Finding | Fix |")?;
    writeln!(out, "|---|---|---|---|{line}---|---|")?;
    for finding in findings {
        let id = finding.key.map_or(&*finding.iam_id, |key| key.id.as_str());
        let name = finding.key.map_or(String::new(), |key| code(&key.name));
        let owner = if several { format!(" {} |", code(&finding.iam_id)) } else { String::new() };
        let (severity, rule) = (finding.severity.as_str(), finding.rule);
        let (message, fix) = (plain(&finding.message), code(&finding.fix));
        writeln!(
            out,
            "| {severity} | `{rule}` | {name} | {} |{owner} {message} | {fix} |",
            code(id)
        )?;
    }
    writeln!(out)
}

fn unchecked(out: &mut dyn Write, unchecked: &[Unchecked]) -> io::Result<()> {
    if unchecked.is_empty() {
        return Ok(());
    }
    writeln!(out, "## Not checked\n")?;
    unchecked.iter().try_for_each(|left| writeln!(out, "- `{}`: {}.", left.rule, left.why))
}

/// Writes a text as code, behind more backticks than it has in a row. In a table, a pipe needs a backslash even there.
fn code(text: &str) -> String {
    let text = escape(text);
    if text.trim().is_empty() {
        return String::new();
    }
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    // One space at each end is not shown.
    let pad = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
    format!("{fence}{pad}{}{pad}{fence}", text.replace('|', "\\|"))
}

/// Writes a text of this program, which may hold an id of the service's.
fn plain(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for c in escape(text).chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '&' | '#') {
            written.push('\\');
        }
        written.push(c);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_others_is_code_whatever_it_holds() {
        for (text, written) in [
            ("plain", "`plain`"),
            ("", ""),
            ("   ", ""),
            ("a|b", r"`a\|b`"),
            ("<script>alert(1)</script> @all #1", "`<script>alert(1)</script> @all #1`"),
            ("a`b``c", "```a`b``c```"),
            ("`", "`` ` ``"),
            (" x", "`  x `"),
            ("two\nlines", r"`two\nlines`"),
            ("\u{202e}back", r"`\u{202e}back`"),
        ] {
            assert_eq!(code(text), written);
        }
        assert_eq!(plain("Use *a_b* | <c>."), r"Use \*a\_b\* \| \<c\>.");
    }
}
