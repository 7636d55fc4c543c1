//! The findings of an audit as CSV (RFC 4180), for spreadsheets. What a terminal would act on is escaped, and no cell is a
//! formula.

use std::borrow::Cow;
use std::io::{self, Write};

use crate::model::{Counts, Finding};
use crate::text::escape;

/// Writes a row for each finding, below a row of titles.
pub fn findings(out: &mut dyn Write, findings: &[Finding<'_>]) -> io::Result<()> {
    row(out, ["rule", "severity", "key_id", "name", "iam_id", "message", "fix"])?;
    findings.iter().try_for_each(|finding| {
        let key = finding.key;
        row(
            out,
            [
                finding.rule.as_str(),
                finding.severity.as_str(),
                key.map_or("", |key| key.id.as_str()),
                key.map_or("", |key| &*key.name),
                &finding.iam_id,
                &finding.message,
                &finding.fix,
            ],
        )
    })
}

/// Writes a row for each rule that fired for an owner, below a row of titles.
pub fn counts(out: &mut dyn Write, counts: &Counts) -> io::Result<()> {
    row(out, ["iam_id", "rule", "severity", "findings"])?;
    for owner in &counts.owners {
        for (rule, severity, number) in &owner.rules {
            row(out, [&*owner.iam_id, rule.as_str(), severity.as_str(), &number.to_string()])?;
        }
    }
    Ok(())
}

fn row<const N: usize>(out: &mut dyn Write, cells: [&str; N]) -> io::Result<()> {
    let mut line = String::new();
    for (number, text) in cells.into_iter().enumerate() {
        if number > 0 {
            line.push(',');
        }
        line.push_str(&cell(text));
    }
    line.push_str("\r\n");
    out.write_all(line.as_bytes())
}

/// Writes a cell, in quotes where it needs them.
fn cell(text: &str) -> Cow<'_, str> {
    let text = escape(text);
    let guarded = guarded(&text);
    if guarded == text && !text.contains([',', ';', '"']) {
        return text;
    }
    Cow::Owned(format!("\"{}\"", guarded.replace('"', "\"\"")))
}

/// Puts a `'` before what a spreadsheet would take for a formula, which begins with one of some characters. Some spreadsheets
/// read a semicolon as the end of a cell, whatever quotes stand around it.
fn guarded(text: &str) -> String {
    let mut guarded = String::with_capacity(text.len());
    let mut begins = true;
    for c in text.chars() {
        if begins && matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠' | '−') {
            guarded.push('\'');
        }
        begins = c == ';' || begins && c == ' ';
        guarded.push(c);
    }
    guarded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_quoted_where_it_must_be_and_never_a_formula() {
        for (text, written) in [
            ("", ""),
            ("plain - text's", "plain - text's"),
            ("a,b", "\"a,b\""),
            ("a;b", "\"a;b\""),
            ("a;=b", "\"a;'=b\""),
            ("a; @b;-c", "\"a; '@b;'-c\""),
            ("say \"x\"", "\"say \"\"x\"\"\""),
            ("=1+1", "\"'=1+1\""),
            ("+1", "\"'+1\""),
            ("-1", "\"'-1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("＝1", "\"'＝1\""),
            ("\t=1", "\\t=1"),
            ("\r\n=1", "\\r\\n=1"),
            ("\u{202e}=1", "\\u{202e}=1"),
        ] {
            assert_eq!(cell(text), written);
        }
    }
}
