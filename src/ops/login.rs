//! `login`: checks an API key and keeps it.

mod given;
mod keep;
mod platform;

use std::path::Path;

use crate::credentials::{Contents, CredentialSource, Search, input, login};
use crate::error::{Error, Result};
use crate::model::{ApiKeyId, BackendKind, Identity};
use crate::names::NameFile;
use crate::ops::told_of_iam;
use crate::secret::Secret;
use crate::settings::{Keeper, LoginRecord, Settings};
use crate::systems::LookUp as _;
use crate::systems::iam::remote::{Credential, RemoteKeys, Token, forget_token};
use crate::ui::Ui;

pub use self::platform::Platform;

/// What is asked for.
#[derive(Debug)]
pub struct Request {
    /// The platform to log in to; IAM when absent.
    pub platform: Option<Platform>,
    /// Whether the key is kept in a file, and not in the keyring.
    pub insecure_storage: bool,
    /// The address of IBM Cloud, as the official CLI has it.
    pub api: Option<String>,
    /// The account that the key must belong to.
    pub account: Option<String>,
    /// Whether to keep nothing.
    pub dry_run: bool,
}

/// IBM Cloud Docs, 'Managing user API keys', and the official CLI.
const WHERE_KEYS_ARE: &str = "API keys are made in the IBM Cloud console (Manage > Access (IAM) > API keys), \
     or with 'ibmcloud iam api-key-create NAME --file FILE' where somebody is logged in.";

/// Runs `login`.
pub fn run(request: &Request, settings: &Settings, ui: &mut Ui) -> Result<()> {
    if settings.flags().backend == Some(BackendKind::Local) {
        return Err(Error::usage("The local store needs no login.").hint(format!(
            "Say '{} login' without '--backend local'.",
            settings.started_as().shown
        )));
    }
    if let Some(platform) = &request.platform {
        platform::run(platform, request.insecure_storage, request.dry_run, settings, ui)?;
    } else {
        log_in(request, settings, ui)?;
    }
    if let Some(why) = given::local_variable(settings) {
        ui.warn(&why);
    }
    Ok(())
}

fn log_in(request: &Request, settings: &Settings, ui: &mut Ui) -> Result<()> {
    let own = given::urls(request.api.as_deref(), settings)?;
    let account = request.account.as_deref();
    if settings.flags().apikey.is_none()
        && let Some(candidate) = given::credential(settings, ui)?
    {
        return given::prove(candidate, own, account, settings, ui);
    }
    let remote = settings.remote(&own)?;
    let directory = settings.config_directory()?.to_owned();
    let key = read_key(settings, ui)?;
    ui.progress(&format!("Logging in to {}...", remote.endpoint));
    let keys = RemoteKeys::new(remote, Credential::ApiKey(key), settings.clock());
    let token = keys.new_token().map_err(|error| told_of_iam(error, "The API key", settings))?;
    given::check_account(account, &token, &keys)?;
    let Credential::ApiKey(key) = keys.credential() else {
        return Err(Error::failure("The credential is no API key."));
    };
    // `logout` tells how to delete the key where its id is known. Not everybody may look it up.
    let apikey_id = keys.by_value(key).ok().map(|key| key.id);
    let proven = Proven { keys: &keys, key, token: &token, apikey_id };
    let record = if request.dry_run {
        proven.record(if request.insecure_storage { Keeper::File } else { Keeper::Keyring })
    } else {
        proven.keep(request.insecure_storage, &directory, settings, ui)
    };
    if request.dry_run || record.is_err() {
        // Without the key its token is not kept either; a token that stays behind is harmless.
        let _ = forget_token(&keys.settings, keys.credential());
    }
    let record = record?;
    keep::tell(&record, request.dry_run, &directory, settings.profile(), ui);
    warn_of_others(settings, ui)
}

fn read_key(settings: &Settings, ui: &mut Ui) -> Result<Secret> {
    if let Some(from) = settings.flags().apikey.clone() {
        return input::of_flag(&from, ui);
    }
    if !ui.can_ask() {
        return Err(Error::usage("There is no terminal to ask for the API key on.").hint(format!(
            "Say '{0} login --apikey @FILE', or pipe the key into '{0} login --apikey -'.",
            settings.program()
        )));
    }
    ui.progress(WHERE_KEYS_ARE);
    let key = ui.password("API key")?;
    input::usable(key, "The answer")
}

/// A key that was just exchanged for a token.
struct Proven<'a> {
    keys: &'a RemoteKeys,
    key: &'a Secret,
    token: &'a Token,
    apikey_id: Option<ApiKeyId>,
}

impl Proven<'_> {
    fn record(&self, kept: Keeper) -> Result<LoginRecord> {
        let settings = &self.keys.settings;
        let urls = (settings.endpoint.as_str(), settings.auth.as_str());
        login::record(urls, self.token, self.apikey_id.as_ref(), kept)
    }

    /// Keeps the key in the keyring, or in a file if the user agrees.
    fn keep(
        &self,
        in_file: bool,
        directory: &Path,
        settings: &Settings,
        ui: &mut Ui,
    ) -> Result<LoginRecord> {
        let profile = settings.profile().clone();
        let is_named = settings.named()?.urls.endpoint.is_some();
        let keep = |record: &LoginRecord| -> Result<()> {
            let replaced = login::keep(record, self.key, directory, &profile, is_named)?;
            // The names of keys are forgotten with the login that could list them.
            let me = &self.token.identity;
            let is_other =
                |old: &Identity| (&old.iam_id, &old.account_id) != (&me.iam_id, &me.account_id);
            for old in replaced.iter().map(login::identity).filter(is_other) {
                NameFile::remove(settings, self.keys.settings.endpoint.as_str(), &old);
            }
            Ok(())
        };
        // A line that was written for the official CLI expects to be logged in, which keeps a session in a file.
        let asks = settings.flags().apikey.is_none() && ui.can_ask();
        let place = match (in_file, settings.started_as().is_borrowed && !asks) {
            (true, _) => keep::Place::File,
            (false, true) => keep::Place::KeyringOrFile,
            (false, false) => keep::Place::Keyring,
        };
        keep::keep_somewhere(self.key, place, directory, ui, |kept| self.record(kept), keep)
    }
}

/// Warns of a credential that wins over the new login.
fn warn_of_others(settings: &Settings, ui: &mut Ui) -> Result<()> {
    let search = Search::new(settings)?;
    let wins = |place: &CredentialSource| {
        matches!(search.look(*place), Contents::Present(_) | Contents::Broken(_))
    };
    let mut before =
        CredentialSource::ALL.into_iter().take_while(|place| *place != CredentialSource::Login);
    if let Some(place) = before.find(|place| *place != CredentialSource::Flag && wins(place)) {
        ui.warn(&format!("'{}' is set too, and wins over the login.", place.as_str()));
    }
    Ok(())
}
