//! The words and signs of Rust source.

use std::iter::Peekable;
use std::str::Chars;

/// The words and signs of a file; no comments, strings, characters and lifetimes.
pub(crate) fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '/' if chars.peek() == Some(&'/') => while chars.next().is_some_and(|c| c != '\n') {},
            '/' if chars.peek() == Some(&'*') => skip_comment(&mut chars),
            '"' => skip_string(&mut chars),
            '\'' => skip_character(&mut chars),
            ':' if chars.next_if_eq(&':').is_some() => tokens.push("::".to_owned()),
            c if c.is_alphanumeric() || c == '_' => {
                let mut word = String::from(c);
                while let Some(c) = chars.next_if(|c| c.is_alphanumeric() || *c == '_') {
                    word.push(c);
                }
                let is_raw = ["r", "br", "cr"].contains(&&*word);
                if is_raw && matches!(chars.peek(), Some('"' | '#')) {
                    skip_raw_string(&mut chars);
                } else {
                    tokens.push(word);
                }
            }
            c if c.is_whitespace() => {}
            c => tokens.push(c.into()),
        }
    }
    tokens
}

fn skip_comment(chars: &mut Peekable<Chars>) {
    let mut depth = 1;
    chars.next();
    while depth > 0 {
        match (chars.next(), chars.peek()) {
            (Some('/'), Some('*')) => depth += 1,
            (Some('*'), Some('/')) => depth -= 1,
            (None, _) => return,
            _ => continue,
        }
        chars.next();
    }
}

fn skip_string(chars: &mut Peekable<Chars>) {
    while let Some(c) = chars.next() {
        match c {
            '\\' => drop(chars.next()),
            '"' => return,
            _ => {}
        }
    }
}

fn skip_raw_string(chars: &mut Peekable<Chars>) {
    let mut hashes = 0;
    while chars.next_if_eq(&'#').is_some() {
        hashes += 1;
    }
    // Behind `r#` a word may stand, which is then no string.
    if chars.next_if_eq(&'"').is_none() {
        return;
    }
    while let Some(c) = chars.next() {
        if c == '"' && (0..hashes).all(|_| chars.next_if_eq(&'#').is_some()) {
            return;
        }
    }
}

/// Skips a character, or only the sign of a lifetime.
fn skip_character(chars: &mut Peekable<Chars>) {
    let mut ahead = chars.clone();
    match (ahead.next(), ahead.next()) {
        (Some('\\'), _) => {
            chars.next();
            chars.next();
            while chars.next().is_some_and(|c| c != '\'') {}
        }
        (_, Some('\'')) => {
            chars.next();
            chars.next();
        }
        _ => while chars.next_if(|c| c.is_alphanumeric() || *c == '_').is_some() {},
    }
}
