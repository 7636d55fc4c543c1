//! `logout`: an API key leaves this machine.

use crate::backend::remote::{Credential, forget_token};
use crate::cli::LogoutArgs;
use crate::config::{LoginRecord, remote};
use crate::context::Context;
use crate::credentials::login;
use crate::error::{Error, ErrorKind, Result};
use crate::names::{self, Whose};
use crate::render::account::{self, LoggedOut};
use crate::text::shell_word;

/// Runs `logout`.
pub fn run(args: &LogoutArgs, context: &mut Context) -> Result<()> {
    let is_dry_run = args.dry_run.dry_run;
    let mut logins = context.config_file()?.logins.clone();
    if let Some(text) = &context.global().endpoint {
        let endpoint = remote::parse("--endpoint", text)?;
        logins.retain(|login| login.endpoint == endpoint.as_str());
    }
    for record in &logins {
        context.ui.progress(&format!("Logging out of {}...", record.endpoint));
        if !is_dry_run {
            end(record, context)?;
        }
        context.ui.ok();
        tell(record, is_dry_run, context);
    }
    if context.ui.manner().json {
        let profile = context.profile().clone();
        let ended = |record| LoggedOut {
            profile: profile.name(),
            outcome: if is_dry_run { "would be logged out" } else { "logged out" },
            ..logged_out(record)
        };
        let ended: Vec<_> = logins.iter().map(ended).collect();
        context.ui.data(|out| account::logged_out(out, &ended));
    } else if logins.is_empty() {
        context.ui.result("Nobody was logged in");
    }
    Ok(())
}

fn logged_out(record: &LoginRecord) -> LoggedOut<'_> {
    LoggedOut {
        profile: "",
        endpoint: &record.endpoint,
        user: &record.user,
        account_id: &record.account_id,
        apikey_id: record.apikey_id.as_deref(),
        outcome: "",
    }
}

/// Removes the key, then its token, then the record: what is interrupted can be repeated.
fn end(record: &LoginRecord, context: &Context) -> Result<()> {
    let directory = context.directories()?.config.clone();
    // Before anything is removed: a setting that makes no sense must not leave the token behind.
    let settings = context.remote_settings(&login::urls(record)?)?;
    if let Some(key) = login::remove_key(record, &directory)? {
        forget_token(&settings, &Credential::ApiKey(key)).map_err(|error| {
            let told = format!("The token of the login cannot be removed: {error}.");
            Error::new(ErrorKind::Failure, told)
        })?;
    }
    let whose = Whose {
        endpoint: settings.endpoint.as_str(),
        identity: &login::identity(record),
        profile: context.profile().name(),
    };
    names::forget(&context.directories()?.names, &whose);
    login::forget(record, &directory)
}

fn tell(record: &LoginRecord, is_dry_run: bool, context: &mut Context) {
    let would = if is_dry_run { "Would be logged out" } else { "Logged out" };
    context.ui.result(&format!("{would} of {}", record.endpoint));
    let program = context.program();
    let told = match &record.apikey_id {
        Some(id) => format!(
            "The API key itself stays valid until it is deleted: '{program} api-key-delete {}'.",
            shell_word(id)
        ),
        None => format!(
            "The API key itself stays valid until it is deleted: '{program} api-keys' shows its ID, '{program} api-key-delete ID' deletes it."
        ),
    };
    context.ui.result(&told);
}
