//! Text for a terminal: colours, and text from elsewhere made harmless.

use std::borrow::Cow;
use std::fmt::Write as _;

/// What a piece of text is, for its colour (`api/cli_extra.md` §3; all bold).
#[derive(Clone, Copy, Debug)]
pub enum Paint {
    /// The name of a thing, and the first column of a table.
    Entity,
    /// A table's header.
    Header,
    /// `OK`.
    Good,
    /// `FAILED`.
    Bad,
    /// A warning.
    Warning,
}

impl Paint {
    /// Wraps a text in its colour, if colours are on.
    pub fn on(self, text: &str, colour: bool) -> String {
        if !colour || text.is_empty() {
            return text.to_owned();
        }
        let code = match self {
            Self::Entity => "36;1",
            Self::Header => "1",
            Self::Good => "32;1",
            Self::Bad => "31;1",
            Self::Warning => "35;1",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

/// Escapes what a terminal would act on rather than show: control characters, escape sequences and bidi marks.
/// Everything else stays as it is.
pub fn escape(text: &str) -> Cow<'_, str> {
    replace(text, acts)
}

/// As [`escape`], for text of several lines that are ours.
pub fn escape_lines(text: &str) -> Cow<'_, str> {
    replace(text, |c| c != '\n' && acts(c))
}

/// Writes a text as one word of a POSIX shell, which expands nothing in it.
pub fn shell_word(text: &str) -> Cow<'_, str> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./,:@%+=".contains(&byte);
    if !text.is_empty() && text.bytes().all(is_plain) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("'{}'", text.replace('\'', r"'\''")))
}

fn replace(text: &str, is_bad: impl Fn(char) -> bool) -> Cow<'_, str> {
    // Without a way out in the middle the compiler looks at many bytes at once; a list asks for every cell.
    let is_plain = text.bytes().fold(true, |plain, byte| plain & (b' '..=b'~').contains(&byte));
    if is_plain || !text.chars().any(&is_bad) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            c if !is_bad(c) => shown.push(c),
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            c => {
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
            }
        }
    }
    Cow::Owned(shown)
}

fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{61c}')
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_acts_on_is_shown_instead() {
        for (text, shown) in [
            ("plain /:'\"\\", "plain /:'\"\\"),
            ("naïve 🔑 日本", "naïve 🔑 日本"),
            ("a\x1b[31mb", "a\\u{1b}[31mb"),
            ("a\nb\tc\rd\0", "a\\nb\\tc\\rd\\u{0}"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("gnp.\u{202e}exe", "gnp.\\u{202e}exe"),
        ] {
            assert_eq!(escape(text), shown);
        }
        assert_eq!(escape_lines("a\nb\x1b"), "a\nb\\u{1b}");
    }

    #[test]
    fn a_shell_reads_one_word_and_expands_nothing() {
        for text in
            ["plain-1_x.y", "", "two words", "it's", "$(id)", "`id`", "a;b", "~", "*", "a\nb", "\\"]
        {
            let word = shell_word(text);
            assert_eq!(word == text, text == "plain-1_x.y", "{text}");
            let printed = std::process::Command::new("sh")
                .args(["-c", &format!("printf %s {word}")])
                .output()
                .unwrap();
            assert_eq!(String::from_utf8(printed.stdout).unwrap(), text);
        }
    }
}
