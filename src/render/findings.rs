//! The findings of an audit: a table for people, an array for programs. SARIF is in `sarif`.

use std::io::{self, Write};

use super::columns::{self, Cell, Column, Sheet};
use super::json;
use crate::model::{Finding, Severity};
use crate::object::object;
use crate::text::Paint;

/// Writes the findings as a table; `owner` adds the owner of each key. A finding about an identity has its IAM id in
/// place of a key's id.
pub fn table(
    out: &mut dyn Write,
    findings: &[Finding<'_>],
    owner: bool,
    sheet: Sheet,
) -> io::Result<()> {
    let mut columns: Vec<Column<Finding<'_>>> = vec![
        Column::new("ID", |found| {
            Cell::Text(found.key.map_or(&*found.iam_id, |key| key.id.as_str()))
        }),
        Column::new("Name", |found| Cell::Text(found.key.map_or("", |key| &*key.name))),
        Column::new("Severity", |found: &Finding<'_>| Cell::Text(found.severity.as_str()))
            .painted(|found| paint(found.severity)),
        Column::new("Rule", |found| Cell::Text(found.rule.as_str())),
    ];
    if owner {
        columns.push(Column::new("IAM ID", |found| {
            Cell::Text(found.key.map_or("", |key| &*key.iam_id))
        }));
    }
    columns.push(Column::new("Finding", |found| Cell::Text(&found.message)));
    columns.push(Column::new("Fix", |found| Cell::Text(&found.fix)));
    columns::write(out, &columns, findings, sheet)
}

/// Returns the colour of a severity.
pub(super) fn paint(severity: Severity) -> Option<Paint> {
    match severity {
        Severity::Error => Some(Paint::Grave),
        Severity::Warning => Some(Paint::Doubtful),
        Severity::Note => None,
    }
}

/// Writes the findings as an array, which `--baseline` reads. `key_id` and `name` are null in a finding about an identity.
pub fn json(out: &mut dyn Write, findings: &[Finding<'_>]) -> io::Result<()> {
    let entries = findings.iter().map(|finding| {
        object()
            .with("rule", finding.rule.as_str())
            .with("severity", finding.severity.as_str())
            .with("key_id", finding.key.map(|key| key.id.as_str()))
            .with("name", finding.key.map(|key| &*key.name))
            .with("iam_id", &*finding.iam_id)
            .with("message", &*finding.message)
            .with("fix", &*finding.fix)
    });
    json::list(out, entries)
}
