//! The report of an audit as one HTML page: no script, nothing from elsewhere, for a screen or for paper. Its content
//! security policy allows its own style and nothing else, so that no name can bring in anything.

mod found;
mod lives;
mod markup;

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use self::markup::{MOST, head, html, limited};
use super::report::Report;
use crate::model::{Counts, Severity};

const STYLE: &str = include_str!("style.css");

/// Writes the page.
pub fn page(out: &mut dyn Write, report: &Report<'_>) -> io::Result<()> {
    let (account, time) = (html(report.account_id), report.now.to_rfc3339());
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        STANDARD.encode(Sha256::digest(STYLE))
    );
    write!(
        out,
        r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>Audit of API keys, account {account}, {}</title>
<style>{STYLE}</style>
</head>
<body>
<header>
<h1>Audit of API keys</h1>
<p>Account <code>{account}</code>, <time datetime="{time}">{time}</time></p>
<p>{}</p>
</header>
<main>
"#,
        report.now.to_date(),
        html(report.summary),
    )?;
    counts(out, report.counts, report.several)?;
    lives::section(out, report)?;
    if let Some(findings) = report.findings {
        found::section(out, findings, report.several)?;
    }
    if !report.unchecked.is_empty() {
        writeln!(out, "<section>\n<h2>Not checked</h2>\n<ul>")?;
        for left in report.unchecked {
            writeln!(out, "<li><code>{}</code>: {}.</li>", left.rule, html(left.why))?;
        }
        writeln!(out, "</ul>\n</section>")?;
    }
    writeln!(
        out,
        "</main>\n<footer><p>{} {}. The page names keys and holds the value of none.</p></footer>\n</body>\n</html>",
        env!("CARGO_PKG_NAME"),
        env!("CARGO_PKG_VERSION"),
    )
}

fn counts(out: &mut dyn Write, counts: &Counts, several: bool) -> io::Result<()> {
    writeln!(out, "<section>\n<h2>Counts</h2>\n<ul class=\"tiles\">")?;
    for severity in Severity::ALL {
        let (number, word) = (counts.with(severity), severity.as_str());
        let s = if number == 1 { "" } else { "s" };
        writeln!(out, "<li class=\"{word}\"><b>{number}</b> {word}{s}</li>")?;
    }
    writeln!(out, "</ul>")?;
    if counts.findings == 0 {
        return writeln!(out, "</section>");
    }
    head(out, "counts", "Findings of each rule", &["Rule", "Severity", "Findings", "When"])?;
    for (rule, severity, number) in &counts.rules {
        writeln!(
            out,
            "<tr><th scope=\"row\"><code>{rule}</code></th><td class=\"{severity}\">{severity}</td><td class=\"n\">{number}</td><td class=\"when\">{}</td></tr>",
            html(rule.title()),
            severity = severity.as_str(),
        )?;
    }
    writeln!(out, "</tbody></table>")?;
    if several {
        let shown = counts.owners.len().min(MOST);
        let caption = limited("Findings of each owner", shown, counts.owners.len());
        head(out, "counts", &caption, &["Owner", "Errors", "Warnings", "Notes"])?;
        for owner in &counts.owners[..shown] {
            let [errors, warnings, notes] = owner.by_severity();
            writeln!(
                out,
                "<tr><th scope=\"row\"><code>{}</code></th><td class=\"n\">{errors}</td><td class=\"n\">{warnings}</td><td class=\"n\">{notes}</td></tr>",
                html(&owner.iam_id),
            )?;
        }
        writeln!(out, "</tbody></table>")?;
    }
    writeln!(out, "</section>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_style_needs_nothing_from_elsewhere_and_ends_no_element() {
        for foreign in ["url(", "@import", "http:", "//", "<"] {
            assert!(!STYLE.contains(foreign), "{foreign}");
        }
    }
}
