//! The counts of an audit: tables for people, an object for programs.

use std::io::{self, Write};

use super::columns::{self, Cell, Column, Sheet};
use super::findings::paint;
use super::json;
use crate::model::{Counts, Severity};
use crate::object::object;

/// Writes the findings of each rule, and below of each owner, of `owners` at most; of none where it is `None`.
pub fn table(
    out: &mut dyn Write,
    counts: &Counts,
    owners: Option<usize>,
    sheet: Sheet,
) -> io::Result<()> {
    type Row = (&'static str, Severity, String);
    let columns: [Column<Row>; 3] = [
        Column::new("Rule", |row| Cell::Text(row.0)),
        Column::new("Severity", |row: &Row| Cell::Text(row.1.as_str())).painted(|row| paint(row.1)),
        Column::new("Findings", |row| Cell::Text(&row.2)),
    ];
    let rules = counts.rules.iter();
    let rows: Vec<Row> = rules
        .map(|(rule, severity, number)| (rule.as_str(), *severity, number.to_string()))
        .collect();
    columns::write(out, &columns, &rows, sheet)?;
    let Some(most) = owners else { return Ok(()) };
    writeln!(out)?;
    let rows: Vec<(&str, [String; 3])> = counts
        .owners
        .iter()
        .take(most)
        .map(|owner| (&*owner.iam_id, owner.by_severity().map(|number| number.to_string())))
        .collect();
    let columns: [Column<(&str, [String; 3])>; 4] = [
        Column::new("Owner", |row| Cell::Text(row.0)),
        Column::new("Errors", |row| Cell::Text(&row.1[0])),
        Column::new("Warnings", |row| Cell::Text(&row.1[1])),
        Column::new("Notes", |row| Cell::Text(&row.1[2])),
    ];
    columns::write(out, &columns, &rows, sheet)?;
    match counts.owners.len().saturating_sub(most) {
        0 => Ok(()),
        more => writeln!(out, "{more} more with fewer findings; '--summary' lists all"),
    }
}

/// Writes the counts as an object; `accepted` findings are those of a baseline.
pub fn json(out: &mut dyn Write, counts: &Counts, accepted: usize) -> io::Result<()> {
    let rules = counts.rules.iter().map(|(rule, severity, number)| {
        object()
            .with("rule", rule.as_str())
            .with("severity", severity.as_str())
            .with("findings", number)
    });
    let owners = counts.owners.iter().map(|owner| {
        let [errors, warnings, notes] = owner.by_severity();
        object()
            .with("iam_id", &*owner.iam_id)
            .with("errors", errors)
            .with("warnings", warnings)
            .with("notes", notes)
    });
    let document = object()
        .with("keys", counts.keys)
        .with("findings", counts.findings)
        .with("accepted", accepted)
        .with("rules", rules.collect::<Vec<_>>())
        .with("owners", owners.collect::<Vec<_>>());
    json::document(out, &document)
}
