//! A page of `docs/` as text for a terminal. It knows the Markdown that these pages use: headings, paragraphs, lists, tables,
//! blocks of code, and within a line code, bold text and links.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr as _;

use crate::text::Paint;

/// What stands before every line below a heading, and before what belongs to an item or a term.
const INDENT: usize = 3;
/// Where bold text begins and ends, until the lines are broken.
const BOLD: char = '\u{1}';
const PLAIN: char = '\u{2}';

/// Returns the page, with lines of some width at most; code is left as it is.
pub(super) fn shown(page: &str, width: usize, colour: bool) -> String {
    let mut shown = String::new();
    let mut lines = page.lines().peekable();
    while let Some(line) = lines.next() {
        let begins = |text: &str| {
            text.starts_with(['#', '|']) || text.starts_with("```") || item(text).is_some()
        };
        if line.starts_with("![") {
            // A terminal shows no picture, nor the empty line behind it.
            lines.next_if(|line| line.is_empty());
        } else if line.is_empty() {
            shown.push('\n');
        } else if line.starts_with("```") {
            for code in lines.by_ref().take_while(|line| !line.starts_with("```")) {
                let indent = if code.is_empty() { 0 } else { 2 * INDENT };
                let _ = writeln!(shown, "{:indent$}{code}", "");
            }
        } else if let Some(heading) = line.strip_prefix('#') {
            let heading = inline(heading.trim_start_matches('#').trim_start(), "");
            let _ = writeln!(shown, "{}", Paint::Header.on(&heading, colour));
        } else if line.starts_with('|') {
            // The first two rows name the columns.
            lines.next();
            while let Some(row) = lines.next_if(|line| line.starts_with('|')) {
                shown += &of_row(row, width, colour);
            }
        } else {
            let (mark, first) = item(line).unwrap_or(("", line));
            let mut text = first.to_owned();
            while let Some(more) = lines.next_if(|line| !line.is_empty() && !begins(line)) {
                text = text + " " + more.trim_start();
            }
            shown += &broken(mark, mark.width(), &inline(&text, "'"), width, colour);
        }
    }
    shown
}

/// Returns a term and what it means, with the lines behind the first one indented.
pub(super) fn entry(term: &str, text: &str, width: usize, colour: bool) -> String {
    let text = format!("{BOLD}{}:{PLAIN} {}", inline(term, ""), inline(text, "'"));
    broken("", INDENT, &text, width, colour)
}

/// Returns a row of a table: the first cell is the term, and one between it and the last is a remark.
fn of_row(row: &str, width: usize, colour: bool) -> String {
    let row = row.replace("\\|", "\u{3}");
    let cells: Vec<String> =
        row.trim_matches('|').split('|').map(|cell| cell.trim().replace('\u{3}', "|")).collect();
    match cells.as_slice() {
        [term, remark, text] if !remark.is_empty() => {
            entry(&format!("{term} ({remark})"), text, width, colour)
        }
        [term, .., text] => entry(term, text, width, colour),
        _ => String::new(),
    }
}

/// Splits an item of a list into its mark and its text.
fn item(line: &str) -> Option<(&str, &str)> {
    let mark = line.split_inclusive(' ').next()?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_mark = mark == "- " || mark.strip_suffix(". ").is_some_and(is_number);
    is_mark.then(|| line.split_at(mark.len()))
}

/// Takes the markup out of a line: code gets `quote` around it, bold text its signs, and a link leaves its text.
fn inline(text: &str, quote: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    let mut is_bold = false;
    while let Some(at) = rest.find(['`', '*', '[']) {
        let (before, markup) = rest.split_at(at);
        out += before;
        if let Some((code, behind)) = markup.strip_prefix('`').and_then(|code| code.split_once('`'))
        {
            out = out + quote + code + quote;
            rest = behind;
        } else if let Some(behind) = markup.strip_prefix("**") {
            is_bold = !is_bold;
            out.push(if is_bold { BOLD } else { PLAIN });
            rest = behind;
        } else if let Some((link, behind)) = link(markup) {
            out += &inline(link, quote);
            rest = behind;
        } else {
            out += &markup[..1];
            rest = &markup[1..];
        }
    }
    out + rest
}

/// Splits `[text](target)…` into its text and what is behind it.
fn link(markup: &str) -> Option<(&str, &str)> {
    let (text, behind) = markup.strip_prefix('[')?.split_once("](")?;
    let (_, behind) = behind.split_once(')')?;
    (!text.contains([']', '\n'])).then_some((text, behind))
}

/// Breaks a text into lines: behind a mark the first one, the others hanging below.
fn broken(mark: &str, hanging: usize, text: &str, width: usize, colour: bool) -> String {
    let indent = INDENT + hanging;
    let mut lines = format!("{:INDENT$}{mark}", "");
    let mut column = INDENT + mark.width();
    let mut is_first = true;
    for word in text.split_whitespace() {
        let length = word.width() - word.matches([BOLD, PLAIN]).map(str::width).sum::<usize>();
        if is_first {
            is_first = false;
        } else if column + 1 + length > width {
            let _ = write!(lines, "\n{:indent$}", "");
            column = indent;
        } else {
            lines.push(' ');
            column += 1;
        }
        lines += word;
        column += length;
    }
    let [bold, plain] = if colour { ["\x1b[1m", "\x1b[0m"] } else { ["", ""] };
    lines.replace(BOLD, bold).replace(PLAIN, plain) + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# Keys\n\n![A picture](keys.png)\n\nA `key` is **not\nshown**; see [Files](files.md#keys), and [this] *too*.\n\n## Ways\n\n\
        1. first, which\n   goes on and on\n2. second\n\n```sh\nibmcloud-iam api-keys   # as it is, however long\n```\n\n\
        | variable | kind | meaning |\n|---|---|---|\n| `A`, `B` | warning | `a \\| b` and more words |\n| C | | c |\n\
        - an item\n\n| code | meaning |\n|---|---|\n| 0 | done |\n";

    #[test]
    fn a_page_is_text_of_the_width_there_is() {
        let expected = "Keys\n\n   A 'key' is not shown;\n   see Files, and [this]\n   *too*.\n\nWays\n\n\
            \x20  1. first, which goes\n      on and on\n   2. second\n\n\
            \x20     ibmcloud-iam api-keys   # as it is, however long\n\n\
            \x20  A, B (warning): 'a |\n      b' and more words\n   C: c\n   - an item\n\n   0: done\n";
        assert_eq!(shown(PAGE, 25, false), expected);
    }

    #[test]
    fn headings_terms_and_bold_text_are_bold_where_there_are_colours() {
        let shown = shown(PAGE, 80, true);
        for bold in ["\x1b[1mKeys\x1b[0m\n", "\x1b[1mnot shown\x1b[0m;", "\x1b[1m0:\x1b[0m done"] {
            assert!(shown.contains(bold), "{shown}");
        }
    }
}
