//! `bearer-token` and `oauth-tokens`: print the access token for other programs.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind, Result};
use crate::model::BackendKind;
use crate::ops::told_of_iam;
use crate::render::account;
use crate::session::{self, Choice};
use crate::settings::Settings;
use crate::systems::iam::remote::Token;
use crate::ui::Ui;

/// Runs `bearer-token`.
pub fn bearer_token(settings: &Settings, ui: &mut Ui) -> Result<()> {
    let token = token(settings, ui)?;
    let text = if ui.manner().json {
        account::access_token(&token.value, token.expires())
    } else {
        Zeroizing::new(format!("{}\n", token.value.expose()))
    };
    deliver(&text, ui)
}

/// Runs `oauth-tokens`.
pub fn oauth_tokens(settings: &Settings, ui: &mut Ui) -> Result<()> {
    let token = token(settings, ui)?;
    let text = if ui.manner().json {
        account::oauth_tokens(&token.value)
    } else {
        // The official CLI prints two spaces.
        Zeroizing::new(format!("IAM token:  Bearer {}\n", token.value.expose()))
    };
    deliver(&text, ui)
}

fn token(settings: &Settings, ui: &mut Ui) -> Result<Arc<Token>> {
    let (choice, found) = session::choose(settings, ui)?;
    if choice != Choice::Chosen(BackendKind::Remote) {
        return Err(Error::new(
            ErrorKind::NotLoggedIn,
            "There is no token: the local store needs none, and no credential for the service is in use.",
        )
        .hint(format!("Run '{} login', or say '--backend remote'.", settings.started_as().shown)));
    }
    let (keys, _) = session::open_remote(settings, found, ui)?;
    keys.token().map_err(|error| told_of_iam(error, "The token", settings))
}

fn deliver(text: &str, ui: &mut Ui) -> Result<()> {
    ui.deliver(text)
        .map_err(|error| Error::failure(format!("The token could not be printed: {error}.")))
        .map_err(|error| {
            error.hint("Make room where standard output goes, then repeat the command.")
        })
}
