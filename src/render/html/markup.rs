//! Text as HTML, and the frame of a table.

use std::borrow::Cow;
use std::io::{self, Write};

use crate::text::escape;

/// The most rows of a table: a browser opens that many in a moment.
pub(super) const MOST: usize = 5_000;
/// The most characters that are shown of a name.
const LONGEST: usize = 300;

/// Begins a table.
pub(super) fn head(
    out: &mut dyn Write,
    class: &str,
    caption: &str,
    titles: &[&str],
) -> io::Result<()> {
    write!(out, "<table class=\"{class}\"><caption>{caption}</caption><thead><tr>")?;
    for title in titles {
        let class = match *title {
            "Findings" | "Errors" | "Warnings" | "Notes" if class == "counts" => " class=\"n\"",
            "When" => " class=\"when\"",
            _ => "",
        };
        write!(out, "<th scope=\"col\"{class}>{title}</th>")?;
    }
    writeln!(out, "</tr></thead><tbody>")
}

/// Says in a caption that a table has not everything.
pub(super) fn limited(caption: &str, shown: usize, all: usize) -> String {
    if shown == all {
        return format!("{caption}.");
    }
    format!("{caption}: the first {shown} of {all}. The formats 'csv' and 'json' have all.")
}

/// Escapes a text, and cuts one that is very long.
pub(super) fn html(text: &str) -> Cow<'_, str> {
    match escape(text) {
        Cow::Borrowed(text) => escaped(cut(text)),
        Cow::Owned(text) => Cow::Owned(escaped(cut(&text)).into_owned()),
    }
}

fn cut(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

/// Replaces the characters that HTML gives a meaning.
pub(super) fn escaped(text: Cow<'_, str>) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"', '\'']) {
        return text;
    }
    let mut written = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => written.push_str("&amp;"),
            '<' => written.push_str("&lt;"),
            '>' => written.push_str("&gt;"),
            '"' => written.push_str("&quot;"),
            '\'' => written.push_str("&#39;"),
            c => written.push(c),
        }
    }
    Cow::Owned(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_no_markup() {
        for (text, written) in [
            ("plain", "plain"),
            ("<script>alert('1')</script>", "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;"),
            ("\" onload=x & \u{202e}", "&quot; onload=x &amp; \\u{202e}"),
            ("a\0\n\x1b[0m", "a\\u{0}\\n\\u{1b}[0m"),
        ] {
            assert_eq!(html(text), written);
        }
        assert_eq!(html(&"x".repeat(301)), format!("{}…", "x".repeat(300)));
    }
}
