//! A word as it is typed in a shell, with quotes and backslashes, and how to write the rest of it.

/// A shell, as far as the way it writes words matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shell {
    /// Passes words as they are typed, and takes them as they are to be typed.
    Bash,
    /// Passes words as they are typed.
    Zsh,
    /// Passes only the word that is being typed as it is typed.
    Fish,
    /// Passes words as programs get them.
    Other,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Typed {
    /// The word without quotes and backslashes.
    pub(crate) text: String,
    /// The quote that is open at its end.
    quote: Option<char>,
    /// The part that bash does not replace, as typed and without quotes: everything up to a quote, or to the last
    /// character at which bash splits words.
    kept: (String, String),
}

impl Typed {
    /// Reads a word, finished or not.
    pub(crate) fn read(typed: &str, shell: Shell) -> Self {
        let mut read = Self { text: String::new(), quote: None, kept: Default::default() };
        if shell == Shell::Other {
            return Self { text: typed.to_owned(), ..read };
        }
        let mut chars = typed.char_indices();
        while let Some((at, c)) = chars.next() {
            let mut is_kept = read.quote.is_none() && [':', '=', '@'].contains(&c);
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

    /// Writes the whole word, which begins with this one, as the shell wants it. bash wants it quoted; the others quote it
    /// themselves.
    pub(crate) fn complete(&self, word: &str, shell: Shell) -> String {
        if shell != Shell::Bash {
            return word.to_owned();
        }
        let (typed, text) = &self.kept;
        let rest = word.strip_prefix(text.as_str()).unwrap_or(word);
        let mut rest = quoted(rest, self.quote);
        // readline drops one of two quotes in a row, where the first was just opened.
        if let Some(quote) = self.quote.filter(|quote| typed.ends_with(*quote))
            && rest.starts_with(quote)
        {
            rest.insert(0, quote);
        }
        typed.clone() + &rest
    }
}

/// Quotes a word for bash. `quote` is the quote that is open.
fn quoted(word: &str, quote: Option<char>) -> String {
    let mut written = String::new();
    for c in word.chars() {
        match (quote, c) {
            (Some('\''), '\'') => written.push_str(r"'\''"),
            // Between double quotes nothing else keeps bash from expanding it to an earlier command.
            (Some('"'), '!') => written.push_str(r#""'!'""#),
            (Some('\''), _) => written.push(c),
            (Some(_), '"' | '\\' | '$' | '`') => written.extend(['\\', c]),
            (Some(_), _) => written.push(c),
            (None, _) if c.is_ascii_alphanumeric() || !c.is_ascii() || "_-./,+%@".contains(c) => {
                written.push(c);
            }
            (None, _) => written.extend(['\\', c]),
        }
    }
    // bash closes the quote itself, unless the word ends with that quote.
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
