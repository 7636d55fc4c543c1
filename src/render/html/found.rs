//! The findings of a page: a row for each key, with all that was found and the one command that fixes it.

use std::collections::HashMap;
use std::io::{self, Write};

use super::markup::{MOST, escaped, head, html, limited};
use crate::model::Finding;
use crate::text::escape;

pub(super) fn section(
    out: &mut dyn Write,
    findings: &[Finding<'_>],
    several: bool,
) -> io::Result<()> {
    if findings.is_empty() {
        return Ok(());
    }
    let mut rows: Vec<Vec<&Finding<'_>>> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for finding in findings {
        let place = *places.entry(subject(finding)).or_insert_with(|| {
            rows.push(Vec::new());
            rows.len() - 1
        });
        rows[place].push(finding);
    }
    let shown = rows.len().min(MOST);
    writeln!(out, "<section>\n<h2>Findings</h2>")?;
    let caption = "All that was found of each key, the worst first. One command fixes it all; a click selects it";
    head(out, "found", &limited(caption, shown, rows.len()), &["Key", "Findings", "Fix"])?;
    for row in &rows[..shown] {
        write_row(out, row, several)?;
    }
    writeln!(out, "</tbody></table>\n</section>")
}

/// Returns the id of the key, or of the identity.
fn subject<'a>(finding: &'a Finding<'a>) -> &'a str {
    finding.key.map_or(&*finding.iam_id, |key| key.id.as_str())
}

fn write_row(out: &mut dyn Write, findings: &[&Finding<'_>], several: bool) -> io::Result<()> {
    let Some(first) = findings.first() else { return Ok(()) };
    let name = first.key.map_or("The identity", |key| &*key.name);
    write!(
        out,
        "<tr><th scope=\"row\">{}<span class=\"id\">{}</span>",
        html(name),
        html(subject(first))
    )?;
    if several && first.key.is_some() {
        write!(out, "<span class=\"id\">{}</span>", html(&first.iam_id))?;
    }
    write!(out, "</th><td><ul>")?;
    for finding in findings {
        write!(
            out,
            "<li><b class=\"{severity}\">{severity}</b> <code>{}</code> {}</li>",
            finding.rule,
            html(&finding.message),
            severity = finding.severity.as_str(),
        )?;
    }
    // A command that is cut is another command.
    writeln!(
        out,
        "</ul></td><td><code class=\"fix\">{}</code></td></tr>",
        escaped(escape(&first.fix))
    )
}
