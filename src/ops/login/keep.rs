//! Keeping a login: where, and what is said of it.

use std::borrow::Cow;
use std::path::Path;

use crate::credentials::login;
use crate::error::{Error, ErrorKind, Result};
use crate::render::account;
use crate::secret::Secret;
use crate::settings::{Keeper, LoginRecord, Profile};
use crate::ui::Ui;

/// Where a secret may be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In the keyring, or in a file if the user agrees.
    Keyring,
    /// In the keyring, or in a file if there is none.
    KeyringOrFile,
    /// In a file.
    File,
}

/// Keeps a secret in the keyring, or in a file. `record` makes the record of the
/// login, and `keep` writes it.
pub(super) fn keep_somewhere(
    secret: &Secret,
    place: Place,
    directory: &Path,
    ui: &mut Ui,
    record: impl Fn(Keeper) -> Result<LoginRecord>,
    keep: impl Fn(&LoginRecord) -> Result<()>,
) -> Result<LoginRecord> {
    if place != Place::File {
        let record = record(Keeper::Keyring)?;
        match login::put_into_keyring(&record, secret) {
            Ok(()) => {
                return keep(&record).map(|()| record.clone()).inspect_err(|_| {
                    let _ = login::remove_key(&record, directory);
                });
            }
            Err(why) => may_use_a_file(&why, &record, place, directory, ui)?,
        }
    }
    let record = record(Keeper::File)?;
    keep(&record).map(|()| record)
}

/// Asks whether to keep the key in a file instead of the keyring.
fn may_use_a_file(
    why: &str,
    record: &LoginRecord,
    place: Place,
    directory: &Path,
    ui: &mut Ui,
) -> Result<()> {
    if place == Place::KeyringOrFile {
        ui.warn(&format!("The OS keyring cannot be used: {why}."));
        return Ok(());
    }
    if !ui.can_ask() || ui.manner().json {
        return Err(login::no_keyring(why, record));
    }
    let noun = record.noun();
    ui.warn(&format!("The OS keyring cannot be used: {why}."));
    let question =
        format!("Keep the {noun} in a file (mode 0600, not encrypted) in {}?", directory.display());
    if ui.confirm(&question)? {
        return Ok(());
    }
    let message = format!("The {noun} was not kept; nobody is logged in by it.");
    Err(Error::new(ErrorKind::Cancelled, message))
}

/// Tells of the new login.
pub(super) fn tell(
    record: &LoginRecord,
    is_dry_run: bool,
    directory: &Path,
    profile: &Profile,
    ui: &mut Ui,
) {
    let file = (record.kept == Keeper::File).then(|| login::file(record, directory));
    let outcome = if is_dry_run { "would be logged in" } else { "logged in" };
    if ui.manner().json {
        let shown = file.as_deref().filter(|_| !is_dry_run);
        ui.data(|out| account::logged_in(out, profile.name(), record, shown, outcome));
        return;
    }
    ui.ok();
    let user = ui.entity(&record.user);
    let place: Cow<'_, str> = match &file {
        None => "in the OS keyring".into(),
        Some(file) if !is_dry_run => {
            format!("in {} (mode 0600, not encrypted)", ui.entity(&file.to_string_lossy())).into()
        }
        Some(_) => "in a file (mode 0600, not encrypted)".into(),
    };
    let verb = if is_dry_run { "would be" } else { "is" };
    let prefix = if is_dry_run { "Would be logged in" } else { "Logged in" };
    let account = match record.platform {
        None => format!(" in account {}", ui.entity(&record.account_id)),
        Some(_) => String::new(),
    };
    ui.result(&format!("{prefix} to {} as {user}{account}", record.endpoint));
    ui.result(&format!("The {} {verb} kept {place}.", record.noun()));
}
