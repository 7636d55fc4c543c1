//! What an audit found: a table for people, an array for programs. The form for code scanning is in `sarif`.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::Serialize;

use super::json;
use super::table::{Line, cell};
use crate::model::Finding;
use crate::text::Paint;

const COLUMNS: usize = 7;
const HEADER: [&str; COLUMNS] = ["ID", "Name", "Severity", "Rule", "IAM ID", "Finding", "Fix"];
const OWNER: usize = 4;

/// Returns the cells of a row with their widths. An identity as a whole stands where else a key does.
fn cells<'a>(finding: &'a Finding<'_>) -> [(Cow<'a, str>, usize); COLUMNS] {
    let (id, name) =
        finding.key.map_or((&*finding.iam_id, ""), |key| (key.id.as_str(), &*key.name));
    [
        cell(id),
        cell(name),
        cell(finding.severity.as_str()),
        cell(finding.rule.id()),
        cell(finding.key.map_or("", |key| &*key.iam_id)),
        cell(&finding.message),
        cell(&finding.fix),
    ]
}

/// Writes the findings as a table; `owner` adds whose each key is.
pub fn table(
    out: &mut dyn Write,
    findings: &[Finding<'_>],
    owner: bool,
    colour: bool,
) -> io::Result<()> {
    let shown: Vec<usize> = (0..COLUMNS).filter(|&column| owner || column != OWNER).collect();
    let mut widths = HEADER.map(str::len);
    for finding in findings {
        for (widest, (_, width)) in widths.iter_mut().zip(cells(finding)) {
            *widest = (*widest).max(width);
        }
    }
    let mut line = Line::new(false);
    for &column in &shown {
        line.cell(HEADER[column], HEADER[column].len(), widths[column]);
    }
    line.paint(Paint::Header, colour);
    line.end(out)?;
    let mut line = Line::new(colour);
    for finding in findings {
        let cells = cells(finding);
        for &column in &shown {
            let (text, width) = &cells[column];
            line.cell(text, *width, widths[column]);
        }
        line.end(out)?;
    }
    Ok(())
}

/// A finding as `--output json` shows it, and as a baseline is read.
#[derive(Serialize)]
struct Entry<'a> {
    rule: &'a str,
    severity: &'a str,
    /// Null where the finding is about an identity.
    key_id: Option<&'a str>,
    name: Option<&'a str>,
    iam_id: &'a str,
    message: &'a str,
    fix: &'a str,
}

/// Writes the findings as an array.
pub fn json(out: &mut dyn Write, findings: &[Finding<'_>]) -> io::Result<()> {
    json::list(
        out,
        findings.iter().map(|finding| Entry {
            rule: finding.rule.id(),
            severity: finding.severity.as_str(),
            key_id: finding.key.map(|key| key.id.as_str()),
            name: finding.key.map(|key| &*key.name),
            iam_id: &finding.iam_id,
            message: &finding.message,
            fix: &finding.fix,
        }),
    )
}
