//! The timeline of a page: a row for each key with its life as a bar. Bars are SVG, which is printed as it is shown, and
//! stand beside the dates in words.

use std::io::{self, Write};
use std::time::Duration;

use super::markup::{MOST, html, limited};
use crate::model::{LastUse, Life, Timestamp, Window};
use crate::render::report::Report;

/// Each side of today has at most this.
const LONGEST: Duration = Duration::from_secs(366 * 86_400);
/// The most months that are named above the bars.
const MONTHS: usize = 5;

pub(super) fn section(out: &mut dyn Write, report: &Report<'_>) -> io::Result<()> {
    let (lives, now) = (report.lives, report.now);
    if lives.is_empty() {
        return Ok(());
    }
    let soon = lives.iter().filter(|life| life.ends_soon(now)).count();
    let shown = &lives[..lives.len().min(MOST)];
    let window = Window::of(lives, now, LONGEST);
    writeln!(out, "<section>\n<h2>Lives of the keys</h2>\n<ul class=\"key\">")?;
    for (drawing, word) in [
        (r#"<rect class="w" x="0" y="35%" width="100%" height="30%"/>"#, "works"),
        (r#"<rect class="s" x="0" y="35%" width="100%" height="30%"/>"#, "ends within 30 days"),
        (r#"<rect class="o" x="1" y="35%" width="95%" height="30%"/>"#, "does not work"),
        (r#"<circle cx="50%" cy="50%" r="4"/>"#, "last used"),
        (r#"<rect class="e" x="50%" y="10%" width="2" height="80%"/>"#, "made, or ends"),
        (r#"<line class="t" x1="50%" x2="50%" y1="0" y2="100%"/>"#, "today"),
    ] {
        writeln!(out, "<li><svg aria-hidden=\"true\">{drawing}</svg> {word}</li>")?;
    }
    writeln!(out, "</ul>")?;
    let caption =
        format!("Ending within 30 days: {soon} of {}. What ends first comes first", lives.len());
    write!(
        out,
        "<table class=\"lives\"><caption>{}</caption><thead><tr><th scope=\"col\">Key</th><th scope=\"col\" class=\"bar\">",
        limited(&caption, shown.len(), lives.len())
    )?;
    scale(out, &window)?;
    writeln!(
        out,
        "</th><th scope=\"col\" class=\"d\">Made</th><th scope=\"col\" class=\"d\">Last used</th><th scope=\"col\" class=\"d\">Ends</th></tr></thead><tbody>"
    )?;
    shown.iter().try_for_each(|life| row(out, life, &window, report.several))?;
    writeln!(out, "</tbody></table>\n</section>")
}

/// Draws the months and today above the bars.
fn scale(out: &mut dyn Write, window: &Window) -> io::Result<()> {
    let today = window.now().to_date();
    write!(out, "<svg class=\"scale\" role=\"img\" aria-label=\"Life; today is {today}\">")?;
    for month in window.months(MONTHS) {
        let at = thousandth(window, month);
        let (x, date) = (percent(at), month.to_date());
        write!(out, "<line x1=\"{x}\" x2=\"{x}\" y1=\"0\" y2=\"100%\"/>")?;
        // Near the right edge there is no room for its name.
        if at < 880 {
            write!(out, "<text x=\"{x}\" y=\"11\" dx=\"3\">{}</text>", &date[..7])?;
        }
    }
    let x = percent(thousandth(window, window.now()));
    write!(
        out,
        "<text x=\"{x}\" y=\"28\" text-anchor=\"middle\">today</text><line class=\"t\" x1=\"{x}\" x2=\"{x}\" y1=\"30\" y2=\"100%\"/></svg>"
    )
}

fn row(out: &mut dyn Write, life: &Life<'_>, window: &Window, several: bool) -> io::Result<()> {
    let (key, now) = (life.key, window.now());
    write!(
        out,
        "<tr><th scope=\"row\">{}<span class=\"id\">{}</span>",
        html(&key.name),
        html(key.id.as_str())
    )?;
    if several {
        write!(out, "<span class=\"id\">{}</span>", html(&key.iam_id))?;
    }
    write!(out, "</th><td class=\"bar\"><svg aria-hidden=\"true\">")?;
    bar(out, life, window)?;
    let made = key.creation().map_or("unknown".to_owned(), Timestamp::to_date);
    let used = match (&life.used, life.used.at()) {
        (_, Some(at)) => at.to_date(),
        (LastUse::NotAsked, _) => "not asked".to_owned(),
        (used, None) if used.is_unknown() => "unknown".to_owned(),
        _ => "never".to_owned(),
    };
    let ends = key.expires_at.map_or("never".to_owned(), Timestamp::to_date);
    let class = if life.ends_soon(now) { "d soon" } else { "d" };
    writeln!(
        out,
        "</svg></td><td class=\"d\">{made}</td><td class=\"d\">{used}</td><td class=\"{class}\">{ends} <small>{}</small></td></tr>",
        life.left(now)
    )
}

/// Draws a life: a bar from the creation to the end, the last use on it, and today.
fn bar(out: &mut dyn Write, life: &Life<'_>, window: &Window) -> io::Result<()> {
    let x = percent(thousandth(window, window.now()));
    write!(out, "<line class=\"t\" x1=\"{x}\" x2=\"{x}\" y1=\"0\" y2=\"100%\"/>")?;
    let place = |at: Option<Timestamp>, none: i64| at.map_or(none, |at| thousandth(window, at));
    let (made, ends) = (place(life.key.creation(), -1), place(life.key.expires_at, 1_001));
    let (from, to) = (made.clamp(0, 1_000), ends.clamp(0, 1_000));
    let class = match (life.works(), life.ends_soon(window.now())) {
        (false, _) => "o",
        (true, true) => "s",
        (true, false) => "w",
    };
    write!(
        out,
        "<rect class=\"{class}\" x=\"{}\" y=\"35%\" width=\"{}\" height=\"30%\"/>",
        percent(from),
        percent((to - from).max(2))
    )?;
    for at in [made, ends] {
        match at {
            0..=1_000 => write!(
                out,
                "<rect class=\"e\" x=\"{}\" y=\"10%\" width=\"2\" height=\"80%\"/>",
                percent(at.min(997))
            )?,
            ..0 => write!(out, "<svg class=\"a\"><path d=\"M9 4l-7 7 7 7\"/></svg>")?,
            _ => {
                write!(out, "<svg class=\"a\" x=\"100%\"><path d=\"M-9 4l7 7-7 7\"/></svg>")?;
            }
        }
    }
    match life.used.at().map(|at| thousandth(window, at)) {
        Some(at @ 0..=1_000) => {
            write!(out, "<circle cx=\"{}\" cy=\"50%\" r=\"4\"/>", percent(at))
        }
        _ => Ok(()),
    }
}

fn thousandth(window: &Window, at: Timestamp) -> i64 {
    window.along(at, 1_000)
}

fn percent(thousandth: i64) -> String {
    format!("{}.{}%", thousandth / 10, thousandth % 10)
}
