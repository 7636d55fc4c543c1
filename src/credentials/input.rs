//! Reading a key's value from where it may stand: a file, standard input, a hidden prompt; never the command line.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde::Deserialize;
use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind, Result};
use crate::private_file;
use crate::secret::{self, Secret};
use crate::ui::Ui;

/// The most that is read of what should be a key.
pub const MOST: usize = 64 * 1024;
/// The longest API key; those of the service have 44 characters.
const MOST_OF_KEY: usize = 256;

/// Reads the value that `from` names: `@FILE`, or `-` for standard input, where a terminal is asked. `None` when it is
/// neither: then it could be the value itself, and is not to be repeated.
pub fn read(from: &str, ui: &mut Ui) -> Result<Option<Secret>> {
    if let Some(file) = from.strip_prefix('@') {
        let (value, loose) = read_file(file, true)?;
        ui.warn_of(loose);
        return Ok(Some(value));
    }
    if from != "-" {
        return Ok(None);
    }
    if ui.can_ask() {
        return ui.password("API key").map(Some);
    }
    let text = read_all(io::stdin()).map_err(|error| {
        Error::new(ErrorKind::Failure, format!("Standard input cannot be read: {error}."))
    })?;
    Ok(Some(value_in(&text)))
}

/// Reads a value from a file: plain text, or JSON as it is written by `api-key-create --file`. It may be a FIFO only where
/// it `waits` for whoever writes that. Returns a warning too, where others can read the file.
pub fn read_file(file: &str, waits: bool) -> Result<(Secret, Option<String>)> {
    let shown = if secret::could_be_value(file) { "The file" } else { &format!("'{file}'") };
    let path = Path::new(file);
    let opened = if waits {
        File::open(path)
    } else {
        private_file::open_named(path)
            .and_then(|file| file.ok_or_else(|| io::ErrorKind::NotFound.into()))
    };
    let read = opened.and_then(|opened| Ok((opened.metadata()?, read_all(opened)?)));
    let (metadata, text) = read.map_err(|error| {
        Error::new(ErrorKind::Failure, format!("{shown} cannot be read: {error}."))
    })?;
    Ok((value_in(&text), private_file::exposure(path, &metadata)))
}

fn read_all(input: impl Read) -> io::Result<Zeroizing<String>> {
    // With its whole room taken at once the text is never moved, and nothing stays behind unwiped.
    let mut bytes = Zeroizing::new(Vec::with_capacity(MOST + 1));
    input.take(MOST as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > MOST {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is too large for a key"));
    }
    let text = str::from_utf8(&bytes)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not text"))?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// Tells whether a text can be an API key. Anything may stand where one is looked for, and only a key is sent to a service:
/// no other line of a file, no private key, no document, no URL with a password and no token.
pub fn can_be_key(text: &str) -> bool {
    text.len() <= MOST_OF_KEY && can_be_token(text)
}

/// Tells whether a text can be an access token: one plain word of any length.
pub fn can_be_token(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"{}[]()<>,;:@".contains(&byte);
    let is_quoted = text.starts_with(['"', '\'']) || text.ends_with(['"', '\'']);
    !text.is_empty() && text.bytes().all(is_plain) && !is_quoted
}

/// A key file, from this program or an older one.
#[derive(Deserialize)]
struct KeyFile {
    id: Option<String>,
    uuid: Option<String>,
    #[serde(alias = "apiKey")]
    apikey: String,
}

/// A key as a file holds it.
pub struct HeldKey {
    /// Its id, where that is told.
    pub id: Option<String>,
    /// Its value.
    pub value: Secret,
}

/// Takes a key out of a key file's JSON, or plain text without the white space around it; `None` where it can be none.
pub fn key_in(text: &str) -> Option<HeldKey> {
    let held = held_in(text);
    can_be_key(held.value.expose()).then_some(held)
}

fn held_in(text: &str) -> HeldKey {
    let text = text.trim();
    // serde would take a list for the fields in their order.
    let is_object = text.starts_with('{');
    match serde_json::from_str::<KeyFile>(text) {
        Ok(file) if is_object => {
            HeldKey { id: file.id.or(file.uuid), value: Secret::new(file.apikey) }
        }
        _ => HeldKey { id: None, value: Secret::new(text.to_owned()) },
    }
}

fn value_in(text: &str) -> Secret {
    held_in(text).value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_in_every_form_it_is_kept_in() {
        for text in [
            "the-value",
            " the-value\n",
            r#"{"name":"x","apikey":"the-value"}"#,
            r#"{"apiKey":"the-value"}"#,
        ] {
            assert_eq!(value_in(text).expose(), "the-value");
        }
    }
}
