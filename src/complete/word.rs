//! A word as shells let it be typed, in quotes and with backslashes, and how to write the rest of it.

use super::Shell;

/// A word that is being typed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Typed {
    /// What it comes to.
    pub(super) text: String,
    /// The quote it is in.
    quote: Option<char>,
    /// What bash keeps of it, as typed and as it comes to: everything up to a quote, or to the last character at which
    /// it splits words.
    kept: (String, String),
}

impl Typed {
    /// Reads a word, finished or not.
    pub(super) fn read(typed: &str, shell: Shell) -> Self {
        let mut read = Self { text: String::new(), quote: None, kept: Default::default() };
        if shell == Shell::Other {
            return Self { text: typed.to_owned(), ..read };
        }
        let mut chars = typed.char_indices();
        while let Some((at, c)) = chars.next() {
            let mut is_kept = read.quote.is_none() && [':', '='].contains(&c);
            match (read.quote, c) {
                (Some(open), _) if c == open => {
                    read.quote = None;
                    is_kept = true;
                }
                (None, '"' | '\'') => {
                    read.quote = Some(c);
                    is_kept = true;
                }
                (Some('\''), '\\') if shell != Shell::Fish => read.text.push(c),
                (Some(open), '\\') => {
                    let next = chars.next().map(|(_, next)| next);
                    let is_special = |c: char| {
                        c == open || "\\$`".contains(c) || c == '!' && shell == Shell::Zsh
                    };
                    read.text.extend(next.filter(|next| !is_special(*next)).map(|_| c));
                    read.text.extend(next);
                }
                (None, '\\') => read.text.extend(chars.next().map(|(_, next)| next)),
                _ => read.text.push(c),
            }
            if is_kept {
                read.kept = (typed[..=at].to_owned(), read.text.clone());
            }
        }
        read
    }

    /// Writes the whole word, of which this is the beginning, as the shell wants it: bash as it is to be typed; the others
    /// quote what they insert.
    pub(super) fn complete(&self, word: &str, shell: Shell) -> String {
        if shell != Shell::Bash {
            return word.to_owned();
        }
        let (typed, text) = &self.kept;
        let rest = word.strip_prefix(text.as_str()).unwrap_or(word);
        let mut rest = quoted(rest, self.quote);
        // Of a quote that was just opened and one behind it readline keeps only one.
        if let Some(quote) = self.quote.filter(|quote| typed.ends_with(*quote))
            && rest.starts_with(quote)
        {
            rest.insert(0, quote);
        }
        typed.clone() + &rest
    }
}

/// Writes a word so that bash reads it as one, behind the quote that was opened, if any.
fn quoted(word: &str, quote: Option<char>) -> String {
    let mut written = String::new();
    for c in word.chars() {
        match (quote, c) {
            (Some('\''), '\'') => written.push_str(r"'\''"),
            // Nothing keeps it from meaning an earlier command between double quotes.
            (Some('"'), '!') => written.push_str(r#""'!'""#),
            (Some('\''), _) => written.push(c),
            (Some(_), '"' | '\\' | '$' | '`') => written.extend(['\\', c]),
            (Some(_), _) => written.push(c),
            (None, _) if c.is_ascii_alphanumeric() || !c.is_ascii() || "_-./,+%".contains(c) => {
                written.push(c);
            }
            (None, _) => written.extend(['\\', c]),
        }
    }
    // bash closes a quote itself, unless the word looks as if it were closed.
    written.extend(quote.filter(|quote| written.ends_with(*quote)));
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_read_as_the_shell_reads_it() {
        for (typed, text) in [
            ("plain", "plain"),
            (r"two\ words", "two words"),
            ("\"two wo", "two wo"),
            ("'two wo", "two wo"),
            (r"'back\sl", r"back\sl"),
            (r"'it'\''s", "it's"),
            (r#""a\"b\$c\d"#, r#"a"b$c\d"#),
            (r#"my"two w"#, "mytwo w"),
            (r"end\", "end"),
            ("", ""),
        ] {
            assert_eq!(Typed::read(typed, Shell::Bash).text, text, "{typed}");
            assert_eq!(Typed::read(typed, Shell::Zsh).text, text, "{typed}");
            assert_eq!(Typed::read(typed, Shell::Other).text, typed);
        }
        assert_eq!(Typed::read(r"'it\'s \\ \x", Shell::Fish).text, r"it's \ \x");
    }

    #[test]
    fn bash_keeps_what_it_splits_off() {
        for (typed, word, written) in [
            ("ci", "ci:d e", r"ci\:d\ e"),
            ("ci:", "ci:d e", r"ci:d\ e"),
            ("ci:d", "ci:d:e", r"ci:d\:e"),
            (r"ci\:d", "ci:d", r"ci\:d"),
            ("\"ci:d", "ci:d $", r#""ci:d \$"#),
            ("'it", "it's", r"'it'\''s"),
            ("\"hey", "hey!", r#""hey"'!'"""#),
            ("\"a", "a\"", r#""a\"""#),
            ("'a", "a'", r"'a'\'''"),
            ("my\"two w", "mytwo words", "my\"two words"),
            ("\"two\"", "two words", r#""two"\ words"#),
            (r"a\ b=", "a b=c", r"a\ b=c"),
        ] {
            assert_eq!(Typed::read(typed, Shell::Bash).complete(word, Shell::Bash), written);
            assert_eq!(Typed::read(typed, Shell::Zsh).complete(word, Shell::Zsh), word);
        }
    }
}
