//! Text for a terminal: colours, and text from elsewhere made harmless.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::Path;

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

/// Writes a text as one word that means the same in dash, bash, zsh and fish, which expand nothing in it.
pub fn shell_word(text: &str) -> Cow<'_, str> {
    // zsh expands a word that begins with '=', fish one that begins with '%'.
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./,:@+".contains(&byte);
    if !text.is_empty() && text.bytes().all(is_plain) {
        return Cow::Borrowed(text);
    }
    // Between single quotes fish reads "\'" and "\\" as escapes, so neither character stands there. Between double quotes
    // an interactive bash expands '!', so everything else does.
    let is_special = |c: char| matches!(c, '\'' | '\\');
    let mut word = String::with_capacity(text.len() + 2);
    let mut rest = text;
    while !rest.is_empty() {
        let length = rest.find(|c| !is_special(c)).unwrap_or(rest.len());
        let (special, behind) = rest.split_at(length);
        let (plain, behind) = behind.split_at(behind.find(is_special).unwrap_or(behind.len()));
        if !special.is_empty() {
            let _ = write!(word, "\"{}\"", special.replace('\\', r"\\"));
        }
        if !plain.is_empty() {
            let _ = write!(word, "'{plain}'");
        }
        rest = behind;
    }
    if word.is_empty() { Cow::Borrowed("''") } else { Cow::Owned(word) }
}

/// Writes a path as [`shell_word`] does; no command takes the word for an option.
pub fn shell_path(path: &Path) -> String {
    let text = path.to_string_lossy();
    let text = if text.starts_with('-') { format!("./{text}").into() } else { text };
    shell_word(&text).into_owned()
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
    fn a_word_for_shells_is_quoted_only_where_it_must_be() {
        for (text, word) in [
            ("plain-1_x.y/z:@+,", "plain-1_x.y/z:@+,"),
            ("", "''"),
            ("two words", "'two words'"),
            ("it's", r#"'it'"'"'s'"#),
            (r"x\'; touch y #", r#"'x'"\\'"'; touch y #'"#),
            (r"\", r#""\\""#),
            ("=ls", "'=ls'"),
            ("%self", "'%self'"),
        ] {
            assert_eq!(shell_word(text), word);
        }
        assert_eq!(shell_path(Path::new("-p x")), "'./-p x'");
        assert_eq!(shell_path(Path::new("a/-p")), "a/-p");
    }
}
