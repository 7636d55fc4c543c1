//! Whether FILE may take a key, before anything is asked for.

use std::path::Path;

use crate::error::{Error, ErrorKind, Result};
use crate::private_file::{self, Destination, place_of};
use crate::settings::{self, Directories, Profile, Settings};
use crate::ui::Ui;

/// Checks FILE, where one is given. `force` lets it replace a file that is not empty.
pub(super) fn check(
    file: Option<&Path>,
    force: bool,
    settings: &Settings,
) -> Result<Option<Destination>> {
    let Some(file) = file else { return Ok(None) };
    if file == Path::new("-") {
        return Err(
            Error::usage("'-' is no file for a key.").hint("Leave out '--file' to print the key.")
        );
    }
    let destination = Destination::check(file, force)?;
    if is_own(destination.place(), settings)? {
        let message = format!(
            "'{}' is in a directory that this program keeps for itself.",
            destination.path().display()
        );
        return Err(Error::new(ErrorKind::Destination, message).hint("Name a file somewhere else."));
    }
    Ok(Some(destination))
}

/// Refuses to make a key whose value would be printed to nowhere.
pub(super) fn needs_reader(has_file: bool, is_dry_run: bool) -> Result<()> {
    if has_file || is_dry_run || !Ui::output_goes_nowhere() {
        return Ok(());
    }
    Err(Error::usage(
        "Standard output goes nowhere, so nobody would have the value of the new key.",
    )
    .hint("Say '--file FILE', or read standard output."))
}

/// Tells whether FILE would be among the program's own files, where it could replace a lock, a log or a login.
fn is_own(file: &Path, settings: &Settings) -> Result<bool> {
    let real = |own: &Path| own.canonicalize().or_else(|_| place_of(own)).ok();
    let is_below = |own: &Path| real(own).is_some_and(|own| file.starts_with(own));
    let default = Directories::find(settings.environment(), &Profile::default())?;
    let is_kept = |all: &Directories| {
        let kept = [&all.store, &all.journal, &all.tokens, &all.names];
        kept.into_iter().flatten().any(|own| is_below(own))
    };
    // A home holds much else; there only the files with the program's names are its own.
    let home = settings::home(settings.environment())?.and_then(|home| real(&home));
    let is_config = default.config.as_deref().is_some_and(|config| {
        is_below(&config.join("profiles"))
            || real(config).is_some_and(|config| {
                let is_in = private_file::parent(file) == config;
                file == config || is_in && (home.as_ref() != Some(&config) || has_own_name(file))
            })
    });
    Ok(is_config || is_kept(&default) || is_kept(settings.directories()?))
}

/// Tells whether a file has a name that this program gives to files of its configuration.
fn has_own_name(file: &Path) -> bool {
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.starts_with("config.") || name.starts_with("login-")
}
