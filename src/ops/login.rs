//! `login`: an API key is proven and kept.

use std::borrow::Cow;
use std::path::Path;

use crate::cli::LoginArgs;
use crate::config::remote::Urls;
use crate::config::{Keeper, LoginRecord};
use crate::context::Context;
use crate::credentials::{self, Place, State, login};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{ApiKeyId, BackendKind, Identity};
use crate::names::{self, Whose};
use crate::render::account::{self, LoggedIn};
use crate::secret::Secret;
use crate::systems::Backend as _;
use crate::systems::iam::remote::{Credential, RemoteBackend, Token, forget_token};

/// Runs `login`.
pub fn run(args: &LoginArgs, context: &mut Context) -> Result<()> {
    if context.global().backend == Some(BackendKind::Local) {
        return Err(Error::usage("The local store needs no login.")
            .hint(format!("Say '{} login' without '--backend local'.", context.program())));
    }
    let settings = context.remote_settings(&Urls::default())?;
    let directory = context.config_directory()?.to_owned();
    let key = read_key(context)?;
    context.ui.progress(&format!("Logging in to {}...", settings.endpoint));
    let backend = RemoteBackend::new(settings, Credential::ApiKey(key), context.clock());
    let token = backend.new_token().map_err(|error| context.told(error, "The API key"))?;
    let Credential::ApiKey(key) = backend.credential() else {
        return Err(Error::new(ErrorKind::Failure, "The credential is no API key."));
    };
    // Known, it can be told how to delete the key; not everybody may ask.
    let apikey_id = backend.api_key_by_value(key).ok().map(|key| key.id);
    let proven = Proven { backend: &backend, key, token: &token, apikey_id };
    let record = if args.dry_run.dry_run {
        proven.record(if args.insecure_storage { Keeper::File } else { Keeper::Keyring })
    } else {
        proven.keep(args.insecure_storage, &directory, context)
    };
    if args.dry_run.dry_run || record.is_err() {
        // Of a key that is not kept no token is kept either; one that stays is harmless.
        let _ = forget_token(backend.settings(), backend.credential());
    }
    let record = record?;
    tell(&record, args.dry_run.dry_run, &directory, context);
    warn_of_others(context)
}

fn read_key(context: &mut Context) -> Result<Secret> {
    if let Some(from) = context.global().apikey.clone() {
        return credentials::of_flag(&from, &mut context.ui);
    }
    if !context.ui.can_ask() {
        return Err(Error::usage("There is no terminal to ask for the API key on.").hint(format!(
            "Say '{0} login --apikey @FILE', or pipe the key into '{0} login --apikey -'.",
            context.program()
        )));
    }
    let key = context.ui.password("API key")?;
    credentials::usable(key, "The answer")
}

/// A key that was exchanged for a token just now.
struct Proven<'a> {
    backend: &'a RemoteBackend,
    key: &'a Secret,
    token: &'a Token,
    apikey_id: Option<ApiKeyId>,
}

impl Proven<'_> {
    fn record(&self, kept: Keeper) -> Result<LoginRecord> {
        let settings = self.backend.settings();
        let urls = (settings.endpoint.as_str(), settings.auth.as_str());
        login::record(urls, self.token, self.apikey_id.as_ref(), kept)
    }

    /// Keeps the key in the keyring, or in a file where the user says so.
    fn keep(&self, in_file: bool, directory: &Path, context: &mut Context) -> Result<LoginRecord> {
        let profile = context.profile().clone();
        let is_named = context.named()?.urls.endpoint.is_some();
        let names = context.directories()?.names.clone();
        let keep = |record: &LoginRecord| -> Result<()> {
            let replaced = login::keep(record, self.key, directory, &profile, is_named)?;
            // The keys of somebody who is not logged in any more are nobody's business.
            let me = self.token.identity();
            let is_other =
                |old: &Identity| (&old.iam_id, &old.account_id) != (&me.iam_id, &me.account_id);
            for old in replaced.iter().map(login::identity).filter(is_other) {
                let endpoint = self.backend.settings().endpoint.as_str();
                let whose = Whose { endpoint, identity: &old, profile: profile.name() };
                if let Some(names) = &names {
                    names::forget(names, &whose);
                }
            }
            Ok(())
        };
        if !in_file {
            let record = self.record(Keeper::Keyring)?;
            match login::put_into_keyring(&record, self.key) {
                Ok(()) => {
                    return keep(&record).map(|()| record.clone()).inspect_err(|_| {
                        let _ = login::remove_key(&record, directory);
                    });
                }
                Err(why) => may_use_a_file(&why, directory, context)?,
            }
        }
        let record = self.record(Keeper::File)?;
        keep(&record).map(|()| record)
    }
}

/// Asks whether a file will do in the place of the keyring.
fn may_use_a_file(why: &str, directory: &Path, context: &mut Context) -> Result<()> {
    if !context.ui.can_ask() || context.ui.manner().json {
        return Err(login::no_keyring(why));
    }
    context.ui.warn(&format!("The OS keyring cannot be used: {why}."));
    let question = format!(
        "Keep the API key in a file (mode 0600, not encrypted) in {}?",
        directory.display()
    );
    if context.ui.confirm(&question)? {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Cancelled, "The API key was not kept; nobody is logged in by it."))
}

fn tell(record: &LoginRecord, is_dry_run: bool, directory: &Path, context: &mut Context) {
    let file = (record.kept == Keeper::File).then(|| login::file(record, directory));
    let outcome = if is_dry_run { "would be logged in" } else { "logged in" };
    let profile = context.profile().clone();
    if context.ui.manner().json {
        let document = LoggedIn {
            profile: profile.name(),
            endpoint: &record.endpoint,
            user: &record.user,
            iam_id: &record.iam_id,
            account_id: &record.account_id,
            apikey_id: record.apikey_id.as_deref(),
            kept: if file.is_some() { "file" } else { "keyring" },
            file: file.as_ref().filter(|_| !is_dry_run).map(|file| file.to_string_lossy()),
            outcome,
        };
        context.ui.data(|out| account::logged_in(out, &document));
        return;
    }
    context.ui.ok();
    let user = context.ui.entity(&record.user);
    let account = context.ui.entity(&record.account_id);
    let place: Cow<'_, str> = match &file {
        None => "in the OS keyring".into(),
        Some(file) if !is_dry_run => {
            format!("in {} (mode 0600, not encrypted)", context.ui.entity(&file.to_string_lossy()))
                .into()
        }
        Some(_) => "in a file (mode 0600, not encrypted)".into(),
    };
    let verb = if is_dry_run { "would be" } else { "is" };
    let prefix = if is_dry_run { "Would be logged in" } else { "Logged in" };
    context.ui.result(&format!("{prefix} to {} as {user} in account {account}", record.endpoint));
    context.ui.result(&format!("The API key {verb} kept {place}."));
}

/// Says what will be used in the place of the new login.
fn warn_of_others(context: &mut Context) -> Result<()> {
    let named = context.named()?;
    let search = context.search(&named)?;
    let wins = |place: &Place| matches!(search.look(*place), State::Present(_) | State::Broken(_));
    let before = Place::ALL.into_iter().take_while(|place| *place != Place::Login);
    let winner = before.filter(|place| *place != Place::Flag).find(wins);
    if let Some(place) = winner {
        let told = format!("'{}' is set too, and wins over the login.", place.as_str());
        context.ui.warn(&told);
    }
    Ok(())
}
