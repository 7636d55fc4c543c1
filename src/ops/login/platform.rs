//! `login --platform`: checks a password or a platform API key and keeps it.

use super::keep;
use crate::credentials::platform::parse_url;
use crate::credentials::{input, login};
use crate::error::{Error, Result};
use crate::secret::Secret;
use crate::settings::service::Urls;
use crate::settings::variables::{PLATFORM_API_KEY, PLATFORM_PASSWORD};
use crate::settings::{Keeper, LoginRecord, PlatformProof, Settings};
use crate::systems::System;
use crate::systems::platform::remote::{Credential, Proof, RemotePlatform};
use crate::told::{Family, told};
use crate::ui::Ui;

/// A platform, and who logs in there.
#[derive(Debug)]
pub struct Platform {
    /// The URL, which may be that of the web console.
    pub url: String,
    /// The user name.
    pub user: String,
    /// `@FILE` or `-`: where the password is.
    pub password: Option<String>,
}

/// Runs `login --platform`.
pub(super) fn run(
    platform: &Platform,
    in_file: bool,
    is_dry_run: bool,
    settings: &Settings,
    ui: &mut Ui,
) -> Result<()> {
    let endpoint = parse_url("--platform", &platform.url)?;
    let service = settings.remote(&Urls { endpoint: Some(endpoint), ..Urls::default() })?;
    let directory = settings.config_directory()?.to_owned();
    let proof = read(platform, settings, ui)?;
    let kind = match proof {
        Proof::ApiKey(_) => PlatformProof::ApiKey,
        Proof::Password(_) => PlatformProof::Password,
    };
    ui.progress(&format!("Logging in to {}...", service.endpoint));
    let url = service.endpoint.to_string();
    let credential = Credential { user: platform.user.clone(), proof };
    let keys = RemotePlatform::new(service.endpoint, service.http, credential, settings.clock());
    keys.token().map_err(|error| {
        told(error, "The login", &Family::of(settings.program(), System::Platform.facts()))
    })?;
    let record = |kept: Keeper| login::platform_record(&url, &platform.user, kind, kept);
    let secret: &Secret = keys.credential().proof.secret();
    let record = if is_dry_run {
        record(if in_file { Keeper::File } else { Keeper::Keyring })?
    } else {
        let write = |record: &LoginRecord| {
            login::keep(record, secret, &directory, settings.profile(), false).map(drop)
        };
        let place = if in_file { keep::Place::File } else { keep::Place::Keyring };
        keep::keep_somewhere(secret, place, &directory, ui, record, write)?
    };
    keep::tell(&record, is_dry_run, &directory, settings.profile(), ui);
    let mut names = [PLATFORM_PASSWORD, PLATFORM_API_KEY].into_iter();
    if let Some(name) = names.find(|name| settings.environment().raw(name).is_some()) {
        ui.warn(&format!("'{name}' is set too, and wins over the login."));
    }
    Ok(())
}

fn read(platform: &Platform, settings: &Settings, ui: &mut Ui) -> Result<Proof> {
    match (&settings.flags().apikey, &platform.password) {
        (Some(_), Some(_)) => Err(Error::usage(
            "A login is with the API key or with the password, and not with both.",
        )
        .hint("Leave '--apikey' out: a password outlives every key.")),
        (Some(from), None) => input::platform_key(from, "--apikey", ui).map(Proof::ApiKey),
        (None, Some(from)) => input::password(from, "--password", ui).map(Proof::Password),
        (None, None) if ui.can_ask() => {
            input::password("-", "--password", ui).map(Proof::Password)
        }
        (None, None) => {
            Err(Error::usage("There is no terminal to ask for the password on.").hint(
                "Say '--password @FILE' or '--apikey @FILE', or pipe it in with '--password -' or '--apikey -'.",
            ))
        }
    }
}
