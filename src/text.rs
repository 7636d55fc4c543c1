//! Text for a terminal: colours and escaping.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::Path;

/// What a piece of text is, for its colour. The bold colours are those of the official CLI.
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
    /// A state or severity: all is well.
    Fine,
    /// One to look at twice.
    Doubtful,
    /// One that is at its end, or an error.
    Grave,
}

impl Paint {
    /// Colours a text, if colours are on.
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
            // Green, magenta and red are readable on light and on dark; yellow is not.
            Self::Fine => "32",
            Self::Doubtful => "35",
            Self::Grave => "31",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

/// Escapes the characters that a terminal acts on or does not show: control characters, bidi marks and invisible characters.
pub fn escape(text: &str) -> Cow<'_, str> {
    replace(text, is_unshown)
}

/// As [`escape`], but keeps line breaks.
pub fn escape_lines(text: &str) -> Cow<'_, str> {
    replace(text, |c, before| c != '\n' && is_unshown(c, before))
}

/// Escapes the same characters in a JSON document as `\uXXXX`; JSON has them only within texts. `None` where there are none.
pub fn escape_json(json: &[u8]) -> Option<String> {
    // Long lists are mostly plain ASCII, which this loop finds out quickly.
    if json.iter().fold(0, |most, byte| *byte.max(&most)) < 0x7f {
        return None;
    }
    let json = str::from_utf8(json).ok()?;
    // A buffer that grew would leave a copy of a value unwiped.
    let mut written = String::with_capacity(6 * json.len());
    for (c, before) in with_the_one_before(json) {
        if c >= '\x7f' && is_unshown(c, before) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(written, "\\u{unit:04x}");
            }
        } else {
            written.push(c);
        }
    }
    Some(written)
}

/// Quotes a text as one word that dash, bash, zsh and fish read in the same way.
pub fn shell_word(text: &str) -> Cow<'_, str> {
    // zsh expands a word that begins with '=', fish one that begins with '%'.
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./,:@+".contains(&byte);
    if !text.is_empty() && text.bytes().all(is_plain) {
        return Cow::Borrowed(text);
    }
    // Single quotes hold all but "'" and "\\": fish reads "\'" and "\\" there as escapes. Double quotes hold only those two:
    // an interactive bash expands '!' there.
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

/// Quotes a path as [`shell_word`] does; a path that begins with `-` gets `./` before it.
pub fn shell_path(path: &Path) -> String {
    let text = path.to_string_lossy();
    let text = if text.starts_with('-') { format!("./{text}").into() } else { text };
    shell_word(&text).into_owned()
}

/// Returns the article that a noun has at the beginning of a sentence.
pub fn an(noun: &str) -> &'static str {
    if noun.starts_with(['A', 'E', 'I', 'O', 'U', 'a', 'e', 'i', 'o', 'u']) { "An" } else { "A" }
}

/// Begins a sentence with a capital letter.
pub fn capitalised(text: &str) -> String {
    let (first, rest) = text.split_at(text.chars().next().map_or(0, char::len_utf8));
    first.to_uppercase() + rest
}

/// Pairs each character with the one before it; the first is paired with a space.
fn with_the_one_before(text: &str) -> impl Iterator<Item = (char, char)> {
    text.chars().zip(std::iter::once(' ').chain(text.chars()))
}

fn replace(text: &str, is_bad: impl Fn(char, char) -> bool) -> Cow<'_, str> {
    // A loop without an early exit is compiled to look at many bytes at once; a list calls this for every cell.
    let is_plain = text.bytes().fold(true, |plain, byte| plain & (b' '..=b'~').contains(&byte));
    if is_plain || !with_the_one_before(text).any(|(c, before)| is_bad(c, before)) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for (c, before) in with_the_one_before(text) {
        match c {
            c if !is_bad(c, before) => shown.push(c),
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

/// Tells whether a terminal acts on a character or does not show it: control characters, Unicode's
/// `Default_Ignorable_Code_Point`, annotations and line separators.
fn is_unshown(c: char, before: char) -> bool {
    match c {
        // Emoji and many scripts need these characters, but never after an ASCII character.
        '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' => before.is_ascii(),
        '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{17b4}'
        | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}' => true,
        c => c.is_control(),
    }
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
            ("a\u{200b}b\u{ad}c\u{2060}d\u{e0041}e", "a\\u{200b}b\\u{ad}c\\u{2060}d\\u{e0041}e"),
            ("a\u{200d}b\u{fe0f}", "a\\u{200d}b\\u{fe0f}"),
            ("👩\u{200d}💻 ❤\u{fe0f} می\u{200c}خواهم", "👩\u{200d}💻 ❤\u{fe0f} می\u{200c}خواهم"),
        ] {
            assert_eq!(escape(text), shown);
        }
        assert_eq!(escape_lines("a\nb\x1b"), "a\nb\\u{1b}");
    }

    #[test]
    fn a_json_document_means_the_same_and_is_harmless() {
        let text = "a\x1b\x7f\u{9b}b\u{202e}é\u{200b}日\\\u{ad}\"\u{e0041}👩\u{200d}💻";
        let plain = serde_json::to_string(text).unwrap();
        let escaped = escape_json(plain.as_bytes()).unwrap();
        assert!(
            escaped.contains(
                "\\u007f\\u009bb\\u202eé\\u200b日\\\\\\u00ad\\\"\\udb40\\udc41👩\u{200d}💻"
            ),
            "{escaped}"
        );
        assert_eq!(serde_json::from_str::<String>(&escaped).unwrap(), text);
        assert_eq!(escape_json(br#"{"a": "plain ~"}"#), None);
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
