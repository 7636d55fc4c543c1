//! Reads the value of a key from a file, standard input or a hidden prompt, and never from the command line.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::Deserialize;
use serde::de::IgnoredAny;
use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind, Result};
use crate::private_file;
use crate::secret::{self, Secret};
use crate::settings::variables::BACKEND;
use crate::systems::System;
use crate::ui::Ui;

/// The most bytes that are read of an input that should hold a key.
pub const MOST: usize = 64 * 1024;
/// The longest API key, in characters; those of the service have 44.
const MOST_OF_KEY: usize = 256;

/// The longest password, in bytes.
const MOST_OF_PASSWORD: usize = 1_024;

/// Reads the value that `from` names: `@FILE`, or `-` for standard input or, at a terminal, a prompt. `None` for anything
/// else: it could be the value itself, so no message may repeat it.
pub fn read(from: &str, ui: &mut Ui) -> Result<Option<Secret>> {
    if let Some(file) = from.strip_prefix('@') {
        let (value, loose) = read_file(file, true)?;
        // Whoever named another file by mistake is not to change its mode.
        ui.warn_of(loose.filter(|_| can_be_key(value.expose())));
        return Ok(Some(value));
    }
    if from != "-" {
        return Ok(None);
    }
    if ui.can_ask() {
        return ui.password("API key").map(Some);
    }
    let text = read_all(io::stdin())
        .map_err(|error| Error::failure(format!("Standard input cannot be read: {error}.")))?;
    Ok(Some(value_in(&text)))
}

/// Reads a value from a file: plain text, or the JSON that `--file` writes. Only where it `waits` may the file be a FIFO.
/// Also returns a warning if others can read the file.
pub fn read_file(file: &str, waits: bool) -> Result<(Secret, Option<String>)> {
    let (text, loose) = read_text(file, waits)?;
    Ok((value_in(&text), loose))
}

fn read_text(file: &str, waits: bool) -> Result<(Zeroizing<String>, Option<String>)> {
    let shown = if secret::could_be_value(file) { "The file" } else { &format!("'{file}'") };
    let path = Path::new(file);
    let opened = if waits {
        File::open(path)
    } else {
        private_file::open_named(path)
            .and_then(|file| file.ok_or_else(|| io::ErrorKind::NotFound.into()))
    };
    let read = opened.and_then(|opened| Ok((opened.metadata()?, read_all(opened)?)));
    let (metadata, text) =
        read.map_err(|error| Error::failure(format!("{shown} cannot be read: {error}.")))?;
    Ok((text, private_file::exposure(path, &metadata)))
}

/// Reads the password that `from` names, as `source` says: `@FILE`, or `-` for standard input or, at a terminal, a prompt.
pub fn password(from: &str, source: &str, ui: &mut Ui) -> Result<Secret> {
    let text = if let Some(file) = from.strip_prefix('@') {
        let (text, loose) = read_text(file, true)?;
        ui.warn_of(loose);
        text
    } else if from != "-" {
        let message = "A password is not taken from the command line, where others can see it.";
        return Err(Error::usage(message)
            .hint(format!("Write '{source} @FILE', or pipe it in with '{source} -'.")));
    } else if ui.can_ask() {
        return usable_password(ui.password("Password")?, "The answer");
    } else {
        read_all(io::stdin())
            .map_err(|error| Error::failure(format!("Standard input cannot be read: {error}.")))?
    };
    let line = text.strip_suffix('\n').unwrap_or(&text);
    usable_password(Secret::new(line.strip_suffix('\r').unwrap_or(line).to_owned()), source)
}

/// Refuses what cannot be a password, before it is sent anywhere.
pub fn usable_password(password: Secret, source: &str) -> Result<Secret> {
    let text = password.expose();
    if text.is_empty() || text.len() > MOST_OF_PASSWORD || text.chars().any(char::is_control) {
        let what = if text.is_empty() { "holds no password" } else { "holds no single line" };
        return Err(Error::new(ErrorKind::NotLoggedIn, format!("{source} {what}."))
            .hint("Give it a password, or '@' and the name of a file that holds one."));
    }
    Ok(password)
}

fn read_all(input: impl Read) -> io::Result<Zeroizing<String>> {
    // The buffer takes all its room at once: a buffer that grew would leave a copy unwiped.
    let mut bytes = Zeroizing::new(Vec::with_capacity(MOST + 1));
    input.take(MOST as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > MOST {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is too large for a key"));
    }
    let text = str::from_utf8(&bytes)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not text"))?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// Tells whether a text can be an API key. Nothing else is sent to a service: no private key, no document, no URL with a
/// password, no token and no placeholder.
pub fn can_be_key(text: &str) -> bool {
    text.len() <= MOST_OF_KEY && can_be_token(text)
}

/// Tells whether a text can be an access token: one plain word of any length.
pub fn can_be_token(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"{}[]()<>,;:@".contains(&byte);
    let is_quoted = text.starts_with(['"', '\'']) || text.ends_with(['"', '\'']);
    !text.is_empty() && text.bytes().all(is_plain) && !is_quoted
}

/// Returns what a text is that is pasted in place of the value of an IAM key; `None` for what may be such a value.
pub fn mistaken(text: &str) -> Option<&'static str> {
    let is_mcsp = |text: &str| {
        let decoded = Zeroizing::new(STANDARD_NO_PAD.decode(text.trim_end_matches('=')).ok()?);
        let rest = decoded.strip_prefix(b"k1:").or_else(|| decoded.strip_prefix(b"k2:"))?;
        rest.contains(&b':').then_some(())
    };
    if text.starts_with("cpd-apikey-") {
        return Some("holds the name of an API key, not its value");
    }
    if text.starts_with("ApiKey-") {
        return Some("holds the ID of an API key, not its value");
    }
    if is_classic(text) {
        return Some("holds a classic infrastructure key, which IAM does not know");
    }
    is_mcsp(text).map(|()| "holds a key of the watsonx console on AWS, which IAM does not know")
}

/// Tells whether a text has the form of a classic API key.
fn is_classic(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// A key file, from this program or from the official CLI.
#[derive(Deserialize)]
struct KeyFile {
    id: Option<String>,
    uuid: Option<String>,
    name: Option<IgnoredAny>,
    user: Option<String>,
    user_id: Option<String>,
    system: Option<String>,
    endpoint: Option<String>,
    #[serde(alias = "apiKey")]
    apikey: String,
    #[serde(flatten)]
    #[expect(clippy::zero_sized_map_values, reason = "a secret among them is not kept")]
    others: HashMap<String, IgnoredAny>,
}

/// The fields of a key file beside those of [`KeyFile`].
const USUAL_FIELDS: [&str; 10] = [
    "crn",
    "iam_id",
    "account_id",
    "description",
    "locked",
    "entity_tag",
    "created_at",
    "created_by",
    "modified_at",
    "createdAt",
];

/// The key in a file.
pub struct HeldKey {
    /// Its id, where the file tells it.
    pub id: Option<String>,
    /// The name and the id of the user whose only key it is, where the file tells them.
    pub user: (Option<String>, Option<String>),
    /// The URL of the service that it belongs to, where the file tells it.
    pub endpoint: Option<String>,
    /// The system, where the file tells it.
    system: Option<String>,
    /// Whether it is a file of IAM, which does not tell the system.
    is_file_of_iam: bool,
    /// Its value.
    pub value: Secret,
    /// Whether the file holds more than a key file does.
    pub is_among_others: bool,
}

impl HeldKey {
    /// Tells whether it may be a key of a system. What cannot be is not sent to the service of that system.
    pub fn can_be_of(&self, system: System) -> bool {
        let is_classic = is_classic(self.value.expose());
        match (&self.system, system) {
            (Some(told), _) => serde_json::from_value(told.as_str().into())
                .is_ok_and(|told: System| told == system),
            (None, System::Classic) => is_classic && !self.is_file_of_iam,
            (None, System::Platform) => !is_classic && !self.is_file_of_iam,
            (None, _) => mistaken(self.value.expose()).is_none(),
        }
    }
}

/// Finds the key in the JSON of a key file, or in plain text without the white space around it; `None` where there is
/// none.
pub fn key_in(text: &str) -> Option<HeldKey> {
    let held = held_in(text);
    can_be_key(held.value.expose()).then_some(held)
}

fn held_in(text: &str) -> HeldKey {
    let text = text.trim();
    // serde also accepts a list of the fields in their order.
    let is_object = text.starts_with('{');
    match serde_json::from_str::<KeyFile>(text) {
        Ok(file) if is_object => {
            let is_other = |field: &String| !USUAL_FIELDS.contains(&field.as_str());
            let is_among_others = file.others.keys().any(is_other);
            let value = Secret::new(file.apikey);
            let id = file.id.or(file.uuid);
            let is_file_of_iam = file.system.is_none() && (id.is_some() || file.name.is_some());
            let (user, system) = ((file.user, file.user_id), file.system);
            let endpoint = file.endpoint;
            HeldKey { id, user, endpoint, system, is_file_of_iam, value, is_among_others }
        }
        _ => {
            let value = Secret::new(text.to_owned());
            let (user, is_file_of_iam) = ((None, None), false);
            let (id, endpoint, system, is_among_others) = (None, None, None, false);
            HeldKey { id, user, endpoint, system, is_file_of_iam, value, is_among_others }
        }
    }
}

fn value_in(text: &str) -> Secret {
    held_in(text).value
}

/// Reads the key that `--apikey` names.
pub fn of_flag(from: &str, ui: &mut Ui) -> Result<Secret> {
    if let Some(file) = from.strip_prefix('@') {
        return of_file(file, "--apikey", ui);
    }
    match read(from, ui)? {
        Some(key) => usable(key, "--apikey"),
        None => Err(Error::usage(
            "An API key is not taken from the command line, where others can see it.",
        )
        .hint("Write '--apikey @FILE', or pipe the key in with '--apikey -'.")),
    }
}

/// Reads the key in a file that `source` names.
pub(super) fn of_file(file: &str, source: &str, ui: &mut Ui) -> Result<Secret> {
    judged_of_file(file, source, usable, ui)
}

/// Reads a key in a file that `source` names; `judge` refuses what is none.
pub(super) fn judged_of_file(
    file: &str,
    source: &str,
    judge: fn(Secret, &str) -> Result<Secret>,
    ui: &mut Ui,
) -> Result<Secret> {
    let (key, loose) = read_file(file, true)
        .map_err(|error| unusable(source, &format!("names a file: {}", error.message)))?;
    let key = judge(key, source)?;
    ui.warn_of(loose);
    Ok(key)
}

/// Refuses what cannot be an IAM API key, before it is sent anywhere.
pub fn usable(key: Secret, source: &str) -> Result<Secret> {
    match mistaken(key.expose()) {
        Some(what) => Err(unusable(source, what)),
        None => usable_of_any_system(key, source),
    }
}

/// Refuses what cannot be the value of a key of any system, before it is sent anywhere.
pub(super) fn usable_of_any_system(key: Secret, source: &str) -> Result<Secret> {
    let text = key.expose();
    if text.is_empty() {
        return Err(unusable(source, "holds no API key"));
    }
    if !can_be_key(text) {
        return Err(unusable(source, "holds something else than one API key"));
    }
    Ok(key)
}

/// Refuses what cannot be a platform API key, before it is sent anywhere. Their length and letters are not documented.
pub fn usable_platform_key(key: Secret, source: &str) -> Result<Secret> {
    let text = key.expose();
    // What stands behind 'ZenApiKey' is the user and the key in base64.
    let is_pair = || {
        let decoded = Zeroizing::new(STANDARD_NO_PAD.decode(text.trim_end_matches('=')).ok()?);
        let is_text = decoded.trim_ascii_end().iter().all(|byte| (b' '..=b'~').contains(byte));
        (is_text && decoded.contains(&b':')).then_some(())
    };
    let what = if text.is_empty() {
        "holds no API key"
    } else if text.starts_with("cpd-apikey-") {
        "holds the name of an IAM API key, and not a platform API key"
    } else if text.starts_with("ApiKey-") {
        "holds the ID of an IAM API key, and not a platform API key"
    } else if is_pair().is_some() {
        "holds what stands behind 'ZenApiKey': the user and the API key in base64"
    } else if !can_be_key(text) {
        "holds something else than one API key"
    } else {
        return Ok(key);
    };
    Err(unusable(source, what))
}

/// Reads the platform API key that `from` names, as `source` says: `@FILE`, or `-` for standard input or a prompt.
pub fn platform_key(from: &str, source: &str, ui: &mut Ui) -> Result<Secret> {
    let key = read(from, ui)?.ok_or_else(|| {
        Error::usage("An API key is not taken from the command line, where others can see it.")
            .hint(format!("Write '{source} @FILE', or pipe the key in with '{source} -'."))
    })?;
    usable_platform_key(key, source)
}

pub(super) fn empty(name: &str) -> Error {
    Error::new(ErrorKind::NotLoggedIn, format!("{name} is set but empty.")).hint(format!(
        "Give it an API key or '@FILE', or unset it; {BACKEND}=local asks for the local store."
    ))
}

pub(super) fn unusable(source: &str, why: &str) -> Error {
    let why = why.trim_end_matches('.');
    Error::new(ErrorKind::NotLoggedIn, format!("{source} {why}."))
        .hint("Give it an API key, or '@' and the name of a file that holds one.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_value_of_an_iam_key_is_known() {
        let classic = "a1".repeat(32);
        for text in [
            "cpd-apikey-IBMid-694000AAAA-2024-05-24T10:15:27Z",
            "ApiKey-18f773b0-db53-43f1-ad68-92c667c218fe",
            &classic,
            // k1:me:secret and k2:me:secret
            "azE6bWU6c2VjcmV0",
            "azI6bWU6c2VjcmV0",
        ] {
            assert!(mistaken(text).is_some(), "{text}");
            assert!(usable(Secret::new(text.to_owned()), "x").is_err(), "{text}");
        }
        for text in ["apikey-1", "azE6bWU", &classic[1..], "the-value"] {
            assert!(mistaken(text).is_none(), "{text}");
        }
    }

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
