//! Reads the value of a key from a file, standard input or a hidden prompt, and never from the command line.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use zeroize::Zeroizing;

use super::forms::mistaken_of;
pub use super::forms::{can_be_key, can_be_token, mistaken};
use super::held::held_in;
pub use super::held::{HeldKey, key_in};
use crate::error::{Error, ErrorKind, Result};
use crate::private_file;
use crate::secret::{self, Secret};
use crate::settings::variables::BACKEND;
use crate::systems::System;
use crate::ui::Ui;

/// The most bytes that are read of an input that should hold a key.
pub const MOST: usize = 64 * 1024;
/// The longest password, in bytes.
const MOST_OF_PASSWORD: usize = 1_024;

/// Reads the value of an IAM key that `from` names: `@FILE`, or `-` for standard input or, at a terminal, a prompt. `None`
/// for anything else: it could be the value itself, so no message may repeat it.
pub fn read(from: &str, ui: &mut Ui) -> Result<Option<Secret>> {
    let Some(held) = read_held(from, ui)? else { return Ok(None) };
    match held.stranger_to(System::Iam) {
        Some(what) => Err(Error::usage(format!("The input {what}; it was sent nowhere."))
            .hint("Give the key alone, or the JSON that 'api-key-create' wrote with '--file'.")),
        None => Ok(Some(held.value)),
    }
}

fn read_held(from: &str, ui: &mut Ui) -> Result<Option<HeldKey>> {
    if let Some(file) = from.strip_prefix('@') {
        let (held, loose) = read_file(file, true)?;
        // Whoever named another file by mistake is not to change its mode.
        ui.warn_of(loose.filter(|_| can_be_key(held.value.expose())));
        return Ok(Some(held));
    }
    if from != "-" {
        return Ok(None);
    }
    if ui.can_ask() {
        return ui.password("API key").map(|value| Some(HeldKey::alone(value)));
    }
    let text = read_all(io::stdin())
        .map_err(|error| Error::failure(format!("Standard input cannot be read: {error}.")))?;
    Ok(Some(held_in(&text)))
}

/// Reads a key from a file: plain text, or the JSON that `--file` writes. Only where it `waits` may the file be a FIFO.
/// Also returns a warning if others can read the file.
pub fn read_file(file: &str, waits: bool) -> Result<(HeldKey, Option<String>)> {
    let (text, loose) = read_text(file, waits)?;
    Ok((held_in(&text), loose))
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

/// Reads the IAM key that `--apikey` names.
pub fn of_flag(from: &str, ui: &mut Ui) -> Result<Secret> {
    if let Some(file) = from.strip_prefix('@') {
        return of_file(file, System::Iam, "--apikey", ui);
    }
    given(from, System::Iam, "--apikey", ui)
}

/// Reads the platform API key that `from` names, as `source` says: `@FILE`, or `-` for standard input or a prompt.
pub fn platform_key(from: &str, source: &str, ui: &mut Ui) -> Result<Secret> {
    given(from, System::Platform, source, ui)
}

fn given(from: &str, system: System, source: &str, ui: &mut Ui) -> Result<Secret> {
    let held = read_held(from, ui)?.ok_or_else(|| {
        Error::usage("An API key is not taken from the command line, where others can see it.")
            .hint(format!("Write '{source} @FILE', or pipe the key in with '{source} -'."))
    })?;
    judged(held, system, source)
}

/// Reads the key of a system in a file that `source` names.
pub(super) fn of_file(file: &str, system: System, source: &str, ui: &mut Ui) -> Result<Secret> {
    let (held, loose) = read_file(file, true)
        .map_err(|error| unusable(source, &format!("names a file: {}", error.message)))?;
    let key = judged(held, system, source)?;
    ui.warn_of(loose);
    Ok(key)
}

/// Refuses what a file does not hold as a key of the system, before it is sent anywhere.
pub(super) fn judged(held: HeldKey, system: System, source: &str) -> Result<Secret> {
    match held.stranger_to(system) {
        Some(what) => Err(unusable(source, &what)),
        None => usable_of(held.value, system, source),
    }
}

/// Refuses what cannot be an IAM API key, before it is sent anywhere.
pub fn usable(key: Secret, source: &str) -> Result<Secret> {
    usable_of(key, System::Iam, source)
}

/// Refuses what cannot be the value of a key of the system, before it is sent anywhere.
pub(super) fn usable_of(key: Secret, system: System, source: &str) -> Result<Secret> {
    let text = key.expose();
    if text.is_empty() {
        return Err(unusable(source, "holds no API key"));
    }
    if let Some(what) = mistaken_of(text, system) {
        return Err(unusable(source, &what));
    }
    if !can_be_key(text) {
        return Err(unusable(source, "holds something else than one API key"));
    }
    Ok(key)
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
