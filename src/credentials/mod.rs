//! Where a credential comes from: the first place that has one wins.

pub mod input;

use crate::config;
use crate::context::Environment;
use crate::error::{Error, ErrorKind, Result};
use crate::secret::Secret;
use crate::ui::Ui;

/// The variables that may hold an API key or `@FILE`, in the order in which they are looked at.
pub const VARIABLES: [&str; 3] = [config::API_KEY, config::TERRAFORM_API_KEY, config::SDK_API_KEY];

/// Finds the API key to log in with: `--apikey`, else a variable. Fails where the first one found cannot be used; what
/// is wrong never makes the next one win.
pub fn find(flag: Option<&str>, environment: &Environment, ui: &mut Ui) -> Result<Option<Secret>> {
    if let Some(from) = flag {
        return of_flag(from, ui).map(Some);
    }
    for name in VARIABLES {
        if let Some(value) = environment.raw(name) {
            let text = value.to_str().ok_or_else(|| unusable(name, "is not valid UTF-8"))?;
            return match text.strip_prefix('@') {
                Some(file) => of_file(file, name),
                None => a_key(Secret::new(text.trim().to_owned()), name),
            }
            .map(Some);
        }
    }
    Ok(None)
}

fn of_flag(from: &str, ui: &mut Ui) -> Result<Secret> {
    if let Some(file) = from.strip_prefix('@') {
        return of_file(file, "--apikey");
    }
    match input::read(from, ui)? {
        Some(key) => a_key(key, "--apikey"),
        None => Err(Error::usage(
            "An API key is not taken from the command line, where others can see it.",
        )
        .hint("Write '--apikey @FILE', or pipe the key in with '--apikey -'.")),
    }
}

fn of_file(file: &str, source: &str) -> Result<Secret> {
    let key = input::read_file(file)
        .map_err(|error| unusable(source, &format!("names a file: {}", error.message)))?;
    a_key(key, source)
}

fn a_key(key: Secret, source: &str) -> Result<Secret> {
    if key.expose().is_empty() {
        return Err(unusable(source, "holds no API key"));
    }
    // Anything may be in a file; only a key is sent to the service.
    let is_odd = |c: char| c.is_whitespace() || c.is_control();
    if key.expose().starts_with('{') || key.expose().contains(is_odd) {
        return Err(unusable(source, "holds something else than one API key"));
    }
    Ok(key)
}

fn unusable(source: &str, why: &str) -> Error {
    let why = why.trim_end_matches('.');
    Error::new(ErrorKind::NotLoggedIn, format!("{source} {why}."))
        .hint("Give it an API key, or '@' and the name of a file that holds one.")
}
