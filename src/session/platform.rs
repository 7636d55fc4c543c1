//! Opening the keys of the platform.

use super::choice::{Choice, InUse, choose_by, say_default};
use crate::credentials::platform::{Wanted, find, not_logged_in};
use crate::error::Result;
use crate::model::BackendKind;
use crate::settings::Settings;
use crate::settings::service::Urls;
use crate::systems::Keys;
use crate::systems::platform::local::LocalPlatform;
use crate::systems::platform::remote::RemotePlatform;
use crate::ui::Ui;

/// The key of the platform, at its place.
#[derive(Debug)]
pub enum PlatformKeys {
    /// On this machine.
    Local(LocalPlatform),
    /// At a platform.
    Remote(Box<RemotePlatform>),
}

/// Chooses where the keys are, and opens them there.
pub(super) fn open(settings: &Settings, ui: &mut Ui) -> Result<(Box<dyn Keys>, InUse)> {
    let (keys, in_use) = open_platform(Wanted::Any, settings, ui)?;
    Ok(match keys {
        PlatformKeys::Local(keys) => (Box::new(keys), in_use),
        PlatformKeys::Remote(keys) => (keys, in_use),
    })
}

/// Chooses where the keys are, and opens them there with the proof that is wanted.
pub fn open_platform(
    wanted: Wanted<'_>,
    settings: &Settings,
    ui: &mut Ui,
) -> Result<(PlatformKeys, InUse)> {
    let missing = |more: &str| not_logged_in(more, settings);
    let (choice, found) = choose_by(false, || find(settings), missing, settings, ui)?;
    if choice != Choice::Chosen(BackendKind::Remote) {
        if choice == Choice::Default {
            say_default("", settings, ui)?;
        }
        let directory = settings.store_directory()?.to_owned();
        let keys = LocalPlatform::new(Some(directory), settings.clock());
        return Ok((PlatformKeys::Local(keys), InUse::default()));
    }
    let found = found.ok_or_else(|| missing(""))?;
    let urls = Urls { endpoint: Some(found.endpoint.clone()), ..Urls::default() };
    let service = settings.remote(&urls)?;
    let opened = found.open(wanted, settings.directories()?.config.as_deref(), ui)?;
    let keys =
        RemotePlatform::new(service.endpoint, service.http, opened.credential, settings.clock());
    let in_use = InUse { login: opened.login, file: opened.file, ..InUse::default() };
    Ok((PlatformKeys::Remote(Box::new(keys)), in_use))
}
