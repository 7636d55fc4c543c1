//! `platform-token`: prints what other programs send to a platform.

use zeroize::Zeroizing;

use super::login::told_of;
use crate::credentials::platform::Wanted;
use crate::error::{Error, ErrorKind, Result};
use crate::render::account;
use crate::session::{PlatformKeys, open_platform};
use crate::settings::Settings;
use crate::systems::platform::remote::RemotePlatform;
use crate::systems::platform::zen;
use crate::ui::Ui;

/// Runs `platform-token`. What stands behind `ZenApiKey` is made here; a bearer token is got by logging in.
pub fn run(is_zen: bool, settings: &Settings, ui: &mut Ui) -> Result<()> {
    let wanted = if is_zen { Wanted::Key } else { Wanted::Any };
    let (keys, _) = open_platform(wanted, settings, ui)?;
    let PlatformKeys::Remote(keys) = keys else {
        let message = "There is no token: the local store needs none.";
        return Err(Error::new(ErrorKind::NotLoggedIn, message).hint(format!(
            "Run '{} login --platform URL --username USER', or say '--backend remote'.",
            settings.program()
        )));
    };
    let text = if is_zen { zen_api_key(&keys, ui) } else { bearer_token(&keys, settings, ui)? };
    ui.deliver(&text)
        .map_err(|error| Error::failure(format!("The token could not be printed: {error}.")))
}

fn zen_api_key(keys: &RemotePlatform, ui: &Ui) -> Zeroizing<String> {
    let credential = keys.credential();
    let zen = zen(&credential.user, credential.proof.secret());
    if ui.manner().json {
        return account::zen_api_key(&zen);
    }
    Zeroizing::new(format!("{}\n", zen.expose()))
}

fn bearer_token(keys: &RemotePlatform, settings: &Settings, ui: &Ui) -> Result<Zeroizing<String>> {
    let token = keys.token().map_err(|error| told_of(error, "The token", settings))?;
    if ui.manner().json {
        return Ok(account::access_token(&token.value, token.expires));
    }
    Ok(Zeroizing::new(format!("{}\n", token.value.expose())))
}
