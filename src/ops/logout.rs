//! `logout`: removes the API key of a login from this machine.

use crate::credentials::login;
use crate::error::{Error, Result};
use crate::model::ApiKeyId;
use crate::names::NameFile;
use crate::render::account;
use crate::settings::{LoginRecord, Settings, service};
use crate::systems::iam::remote::{Credential, forget_token};
use crate::ui::Ui;

/// Runs `logout`.
pub fn run(is_dry_run: bool, settings: &Settings, ui: &mut Ui) -> Result<()> {
    let mut logins = settings.config_file()?.logins.clone();
    if let Some(text) = &settings.flags().endpoint {
        let endpoint = service::parse("--endpoint", text)?;
        logins.retain(|login| login.endpoint == endpoint.as_str());
    }
    for record in &logins {
        ui.progress(&format!("Logging out of {}...", record.endpoint));
        if !is_dry_run {
            end(record, settings)?;
        }
        ui.ok();
        tell(record, is_dry_run, settings, ui);
    }
    if ui.manner().json {
        let (profile, outcome) = (
            settings.profile().name(),
            if is_dry_run { "would be logged out" } else { "logged out" },
        );
        ui.data(|out| account::logged_out(out, profile, &logins, outcome));
    } else if logins.is_empty() {
        ui.result("Nobody was logged in");
    }
    Ok(())
}

/// Removes the key, then its token, then the record, so that an interrupted logout can be repeated.
fn end(record: &LoginRecord, settings: &Settings) -> Result<()> {
    let directory = settings.config_directory()?;
    // An invalid setting must fail here, before the key is removed and its token can no longer be found.
    let remote = settings.remote(&login::urls(record)?)?;
    if let Some(key) = login::remove_key(record, directory)?
        && record.platform.is_none()
    {
        forget_token(&remote, &Credential::ApiKey(key)).map_err(|error| {
            let told = format!("The token of the login cannot be removed: {error}.");
            Error::failure(told)
        })?;
    }
    NameFile::remove(settings, remote.endpoint.as_str(), &login::identity(record));
    login::forget(record, directory)
}

fn tell(record: &LoginRecord, is_dry_run: bool, settings: &Settings, ui: &mut Ui) {
    let would = if is_dry_run { "Would be logged out" } else { "Logged out" };
    ui.result(&format!("{would} of {}", record.endpoint));
    if record.platform.is_some() {
        return;
    }
    let program = settings.program();
    let told = match &record.apikey_id {
        Some(id) => format!(
            "The API key itself stays valid until it is deleted: log in, then '{program} api-key-delete {}'.",
            ApiKeyId::new(id.as_str()).in_command()
        ),
        None => format!(
            "The API key itself stays valid until it is deleted: log in, then '{program} api-keys' shows its ID, and '{program} api-key-delete ID' deletes it."
        ),
    };
    ui.result(&told);
}
