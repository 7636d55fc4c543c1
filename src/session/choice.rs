//! Where the keys are: who chose it, and opening them there.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::credentials::{Candidate, Contents, CredentialSource, Search};
use crate::error::{Error, ErrorKind, Result};
use crate::model::BackendKind;
use crate::settings::service::Service;
use crate::settings::variables::{API_KEY, BACKEND, CI};
use crate::settings::{ConfigFile, LoginRecord, Settings};
use crate::systems::iam::KEY_LIMIT;
use crate::systems::iam::local::LocalKeys;
use crate::systems::iam::remote::RemoteKeys;
use crate::text::shell_word;
use crate::ui::Ui;

/// Where the keys are, and whether somebody chose that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// A flag, a variable, the configuration or a credential chose it.
    Chosen(BackendKind),
    /// Nothing chose, and there is no credential: the local store.
    Default,
}

/// Where the credential in use is kept.
#[derive(Clone, Debug, Default)]
pub struct InUse {
    /// The login of this program that it is, if any.
    pub(super) login: Option<LoginRecord>,
    /// The file that holds the credential and nothing else.
    pub(super) file: Option<PathBuf>,
    /// How the service is reached that the credential is for, if it is for one.
    pub(super) service: Option<Service>,
}

/// Chooses where the keys are, and returns the credential that the search found. Fails where the local store would be used
/// unasked and no terminal would show it: automation that lost its secret must not get a local key.
pub fn choose(settings: &Settings, ui: &Ui) -> Result<(Choice, Option<Candidate>)> {
    let flags = settings.flags();
    // A flag that names a service or a credential wins over the environment and the configuration.
    let is_named = flags.endpoint.is_some() || flags.apikey.is_some();
    choose_by(
        is_named,
        || Search::new(settings)?.first(),
        |more| not_logged_in(settings, more),
        settings,
        ui,
    )
}

/// Chooses where the keys of a system are. `is_named` tells whether a flag names its service or credential, `find` looks for a
/// credential, and `missing` makes the error where there is none.
pub(super) fn choose_by<C>(
    is_named: bool,
    find: impl FnOnce() -> Result<Option<C>>,
    missing: impl FnOnce(&str) -> Error,
    settings: &Settings,
    ui: &Ui,
) -> Result<(Choice, Option<C>)> {
    let chosen = match settings.flags().backend.or(is_named.then_some(BackendKind::Remote)) {
        Some(kind) => Some(kind),
        None => match settings.backend_variable()? {
            Some(kind) => Some(kind),
            None => backend_of_profile(settings)?,
        },
    };
    match chosen {
        Some(BackendKind::Local) => Ok((Choice::Chosen(BackendKind::Local), None)),
        Some(BackendKind::Remote) => Ok((Choice::Chosen(BackendKind::Remote), find()?)),
        None => match (find()?, why_not_local(settings, ui)) {
            (Some(found), _) => Ok((Choice::Chosen(BackendKind::Remote), Some(found))),
            (None, None) => Ok((Choice::Default, None)),
            (None, Some(why)) => {
                let more = format!(" The local store is not used unasked {why}.");
                Err(missing(&more))
            }
        },
    }
}

/// Returns why the local store is not used unasked; `None` where it is.
fn why_not_local(settings: &Settings, ui: &Ui) -> Option<&'static str> {
    // A completion does not wait, and always runs for somebody at a terminal.
    let is_seen = ui.manner().warns() && (!settings.waits() || Ui::is_at_terminal());
    let is_ci = || {
        let value = settings.environment().raw(CI);
        value.is_some_and(|value| !["", "false", "0"].iter().any(|off| value == *off))
    };
    if settings.started_as().is_borrowed {
        Some("under this program name")
    } else if is_ci() {
        Some("while CI is set")
    } else {
        (!is_seen).then_some("where no terminal shows the notice of it")
    }
}

fn backend_of_profile(settings: &Settings) -> Result<Option<BackendKind>> {
    let directory = settings.directories()?.config.as_deref();
    // A misspelt name must not lead to other keys.
    if let Some(name) = settings.profile().named()
        && !directory.is_some_and(ConfigFile::exists)
    {
        let why = directory.map_or_else(
            || "there is no home directory".to_owned(),
            |directory| format!("{} holds none", directory.display()),
        );
        let told = format!("There is no profile '{name}': {why}.");
        return Err(Error::new(ErrorKind::NotLoggedIn, told).hint(format!(
            "Make it with '{} login --profile {}', or say '--backend' with it.",
            settings.started_as().shown,
            shell_word(name)
        )));
    }
    Ok(settings.config_file()?.backend)
}

/// Says that the local store is used because there is no credential; `elsewhere` tells of those that are not used.
pub(super) fn say_default(elsewhere: &str, settings: &Settings, ui: &mut Ui) -> Result<()> {
    let store = settings.store_directory()?.display();
    ui.warn(&format!("No credential was found; using the local store in {store}.{elsewhere}"));
    Ok(())
}

/// Opens the local store.
pub fn open_local(settings: &Settings) -> Result<LocalKeys> {
    let store = settings.store_directory()?.to_owned();
    let open = if settings.waits() { LocalKeys::new } else { LocalKeys::without_waiting };
    Ok(open(store, settings.key_limit()?.unwrap_or(KEY_LIMIT), settings.clock()))
}

/// Opens the service with a credential that the search found.
pub fn open_remote(
    settings: &Settings,
    found: Option<Candidate>,
    ui: &mut Ui,
) -> Result<(RemoteKeys, InUse)> {
    let Some(found) = found else { return Err(not_logged_in(settings, "")) };
    let remote = settings.remote(&found.urls)?;
    let file = found.file().map(Path::to_owned);
    let (credential, login) = found.open(settings.directories()?.config.as_deref(), ui)?;
    let service = Some(remote.clone());
    let keys = RemoteKeys::new(remote, credential, settings.clock());
    Ok((keys, InUse { login, file, service }))
}

/// Makes the error for a missing credential. It tells `more`, and why the credentials that exist are not used.
fn not_logged_in(settings: &Settings, more: &str) -> Error {
    let elsewhere = elsewhere(settings);
    let told = format!("You are not logged in: no credential was found.{more}{elsewhere}");
    Error::new(ErrorKind::NotLoggedIn, told).hint(format!(
        "Run '{} login', set {API_KEY} to an API key or '@FILE', or say '--apikey @FILE'; '--backend local' or {BACKEND}=local uses the local store.",
        settings.program_to_log_in(),
    ))
}

/// Tells of each credential that exists and is not used here why not; each sentence begins with a space.
pub(super) fn elsewhere(settings: &Settings) -> String {
    let mut told = String::new();
    let Ok(search) = Search::new(settings) else { return told };
    for place in CredentialSource::ALL {
        if let Contents::Elsewhere(why) = search.look(place) {
            let _ = write!(told, " What is at '{}' {why}.", place.as_str());
        }
    }
    told
}
