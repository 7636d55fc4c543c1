//! `bearer-token` and `oauth-tokens`: the access token, for other programs.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::config::Choice;
use crate::context::Context;
use crate::error::{Error, ErrorKind, Result};
use crate::model::BackendKind;
use crate::render::account;
use crate::systems::iam::remote::Token;

/// Runs `bearer-token`.
pub fn bearer_token(context: &mut Context) -> Result<()> {
    let token = token(context)?;
    let text = if context.ui.manner().json {
        account::access_token(token.value(), token.expires())
    } else {
        Zeroizing::new(format!("{}\n", token.value().expose()))
    };
    deliver(&text, context)
}

/// Runs `oauth-tokens`.
pub fn oauth_tokens(context: &mut Context) -> Result<()> {
    let token = token(context)?;
    let text = if context.ui.manner().json {
        account::oauth_tokens(token.value())
    } else {
        // Two spaces, as the official CLI has them.
        Zeroizing::new(format!("IAM token:  Bearer {}\n", token.value().expose()))
    };
    deliver(&text, context)
}

fn token(context: &mut Context) -> Result<Arc<Token>> {
    let (choice, found) = context.choose()?;
    if choice != Choice::Chosen(BackendKind::Remote) {
        return Err(Error::new(
            ErrorKind::NotLoggedIn,
            "There is no token: the local store needs none, and no credential for the service is in use.",
        )
        .hint(format!("Run '{} login', or say '--backend remote'.", context.program())));
    }
    let backend = context.open_remote(found)?;
    backend.token().map_err(|error| context.told(error, "The token"))
}

fn deliver(text: &str, context: &mut Context) -> Result<()> {
    context.ui.deliver(text).map_err(|error| {
        Error::new(ErrorKind::Failure, format!("The token could not be printed: {error}."))
    })
}
