//! What an operation works with: the keys of a system, the identity, the settings and the terminal. A session is open before
//! the operation runs.

use std::cell::OnceCell;
use std::fmt::{Display, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use clap::ValueEnum as _;

use crate::credentials::{Candidate, Contents, CredentialSource, Search, login};
use crate::error::{Error, ErrorKind, Result};
use crate::journal::Journal;
use crate::model::{ApiKeyId, BackendKind, Identity, Timestamp};
use crate::names::{NameFile, RememberingKeys};
use crate::private_file;
use crate::secret::Secret;
use crate::settings::variables::{API_KEY, BACKEND, CI};
use crate::settings::{ConfigFile, LoginRecord, Settings};
use crate::systems::iam::KEY_LIMIT;
use crate::systems::iam::local::LocalKeys;
use crate::systems::iam::remote::RemoteKeys;
use crate::systems::{Facts, Keys, SystemError};
use crate::text::{escape, shell_word};
use crate::told::told;
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
#[derive(Debug, Default)]
pub struct InUse {
    /// The login of this program that it is, if any.
    login: Option<LoginRecord>,
    /// The file that holds the credential and nothing else.
    file: Option<PathBuf>,
}

/// What an operation works with.
#[derive(Debug)]
pub struct Session<'a> {
    keys: RememberingKeys,
    identity: Identity,
    credential: InUse,
    /// The key that the credential is, as far as the service was asked.
    acting_key: OnceCell<Option<ApiKeyId>>,
    settings: &'a Settings,
    /// The terminal.
    pub ui: &'a mut Ui,
}

impl<'a> Session<'a> {
    /// Chooses where the keys are, opens them, and asks for the identity.
    pub fn open(settings: &'a Settings, ui: &'a mut Ui) -> Result<Self> {
        let (choice, found) = choose(settings, ui)?;
        let mut credential = InUse::default();
        let keys: Box<dyn Keys> = match choice {
            Choice::Chosen(BackendKind::Remote) => {
                let (keys, in_use) = open_remote(settings, found, ui)?;
                credential = in_use;
                Box::new(keys)
            }
            Choice::Chosen(BackendKind::Local) | Choice::Default => Box::new(open_local(settings)?),
        };
        if choice == Choice::Default {
            ui.warn(&format!(
                "No credential was found; using the local store in {}.{}",
                settings.store_directory()?.display(),
                elsewhere(settings)
            ));
        }
        Self::with(keys, credential, settings, ui)
    }

    /// Makes a session over keys that are open already.
    pub fn with(
        keys: Box<dyn Keys>,
        credential: InUse,
        settings: &'a Settings,
        ui: &'a mut Ui,
    ) -> Result<Self> {
        let identity = keys
            .identity()
            .map_err(|error| told(error, "The identity", settings.program(), keys.facts()))?;
        let place = keys.place();
        let names = (!place.is_here())
            .then(|| NameFile::of(settings, &place.endpoint, &identity))
            .flatten();
        let keys = RememberingKeys::new(keys, names);
        Ok(Self { keys, identity, credential, acting_key: OnceCell::new(), settings, ui })
    }

    /// Returns the keys.
    pub fn keys(&self) -> &dyn Keys {
        &self.keys
    }

    /// Returns the keys and the terminal, to report progress while the keys work.
    pub fn keys_and_ui(&mut self) -> (&dyn Keys, &mut Ui) {
        (&self.keys, self.ui)
    }

    /// Returns the identity that requests are made as.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Returns the settings.
    pub fn settings(&self) -> &'a Settings {
        self.settings
    }

    /// Returns what to type before a command, for hints.
    pub fn program(&self) -> &'a str {
        self.settings.program()
    }

    /// Returns the time.
    pub fn now(&self) -> Result<Timestamp> {
        self.settings.now()
    }

    /// Returns the time by the service's clock, as far as it has told. Ends and waits are reckoned by it.
    pub fn service_time(&self) -> Result<Timestamp> {
        let now = self.now()?;
        let Some(skew) = self.keys().service_clock() else { return Ok(now) };
        Ok(Timestamp::from_seconds(now.seconds() + skew.behind()).unwrap_or(now))
    }

    /// Opens the journal.
    pub fn journal(&self) -> Result<Journal> {
        journal(self.settings)
    }

    /// Returns what is known of the system.
    pub fn facts(&self) -> &'static Facts {
        self.keys.facts()
    }

    /// Names a key in a message: `API key 'ci'`, escaped.
    pub fn subject(&self, key: impl Display) -> String {
        format!("{} '{}'", self.facts().noun, escape(&key.to_string()))
    }

    /// Names a key in progress and results: `API key ci`, escaped and in colour.
    pub fn entity(&self, key: impl Display) -> String {
        format!("{} {}", self.facts().noun, self.ui.entity(&key.to_string()))
    }

    /// Returns what commands on one key begin with: `ibmcloud-iam api-key`.
    pub fn command(&self) -> String {
        format!("{} {}", self.program(), self.facts().command)
    }

    /// Words an error about `subject`.
    pub fn told(&self, error: SystemError, subject: &str) -> Error {
        told(error, subject, self.program(), self.facts())
    }

    /// Words an error about one key.
    pub fn told_of(&self, error: SystemError, key: impl Display) -> Error {
        self.told(error, &self.subject(key))
    }

    /// Tells whether the credential in use is a login of this program.
    pub fn is_by_login(&self) -> bool {
        self.credential.login.is_some()
    }

    /// Tells whether the next command will read its credential from this file.
    pub fn is_credential_in(&self, file: &Path) -> bool {
        let inode = |path: &Path| {
            std::fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()))
        };
        let from = self.credential.file.as_deref().and_then(inode);
        from.is_some() && from == inode(file)
    }

    /// Returns the id of the key that the credential in use is; `None` where it is a token, or no login is needed. A login
    /// knows its id; for other keys the service is asked. An error does not mean `None`.
    pub fn acting_key(&self) -> Result<Option<ApiKeyId>> {
        let login = self.credential.login.as_ref();
        if let Some(named) = login.and_then(|login| login.apikey_id.as_deref()) {
            return Ok(Some(ApiKeyId::new(named)));
        }
        if let Some(known) = self.acting_key.get() {
            return Ok(known.clone());
        }
        let asked = self.keys().acting_key();
        let told = asked.map_err(|error| self.told(error, "The credential in use"))?;
        Ok(self.acting_key.get_or_init(|| told).clone())
    }

    /// Finds the logins of this profile that hold a key, whatever the credential in use. The configuration is read again,
    /// as another command may have changed it.
    pub fn logins_with(&self, id: &ApiKeyId) -> Result<Vec<LoginRecord>> {
        let place = self.keys.place();
        if place.is_here() {
            return Ok(Vec::new());
        }
        let unnamed = match &self.credential.login {
            Some(login) if login.apikey_id.is_none() => {
                self.acting_key()?.filter(|acting| acting == id).map(|_| &login.entry)
            }
            _ => None,
        };
        let mut logins = ConfigFile::read(self.settings.config_directory()?)?.logins;
        logins.retain(|login| {
            let holds = login.apikey_id.as_deref() == Some(id.as_str());
            login.endpoint == place.endpoint && (holds || unnamed == Some(&login.entry))
        });
        Ok(logins)
    }

    /// Replaces an old key by a new one in every login that holds it. Tells whether there was such a login.
    pub fn move_logins(&self, old: &ApiKeyId, key: &Secret, id: &ApiKeyId) -> Result<bool> {
        let logins = self.logins_with(old)?;
        let directory = self.settings.config_directory()?;
        for login in &logins {
            login::move_to(login, key, id, directory, self.settings.profile())?;
        }
        Ok(!logins.is_empty())
    }

    /// Prints the warnings of the system, and writes the names of keys for Tab.
    pub fn close(self) {
        for warning in self.keys.take_warnings() {
            self.ui.warn(&warning);
        }
        self.ui.flush();
        if let Err(error) = self.keys.keep_names()
            && let Some(remedy) = private_file::remedy(&error)
        {
            self.ui.warn(&format!("The names of keys are not kept for Tab: {error}. {remedy}"));
        }
    }
}

/// Chooses where the keys are, and returns the credential that the search found. Fails where the local store would be used
/// unasked and no terminal would show it: automation that lost its secret must not get a local key.
pub fn choose(settings: &Settings, ui: &Ui) -> Result<(Choice, Option<Candidate>)> {
    let flags = settings.flags();
    let candidate = || Search::new(settings)?.first();
    // A flag that names a service or a credential wins over the environment and the configuration.
    let is_named = flags.endpoint.is_some() || flags.apikey.is_some();
    let chosen = match flags.backend.or(is_named.then_some(BackendKind::Remote)) {
        Some(kind) => Some(kind),
        None => match settings.environment().text(BACKEND)? {
            Some(word) => Some(BackendKind::from_str(&word, false).map_err(|_| {
                Error::usage(format!("{BACKEND} is '{word}'; it must be 'local' or 'remote'."))
            })?),
            None => backend_of_profile(settings)?,
        },
    };
    match chosen {
        Some(BackendKind::Local) => Ok((Choice::Chosen(BackendKind::Local), None)),
        Some(BackendKind::Remote) => Ok((Choice::Chosen(BackendKind::Remote), candidate()?)),
        None => match (candidate()?, why_not_local(settings, ui)) {
            (Some(found), _) => Ok((Choice::Chosen(BackendKind::Remote), Some(found))),
            (None, None) => Ok((Choice::Default, None)),
            (None, Some(why)) => {
                let more = format!(" The local store is not used unasked {why}.");
                Err(not_logged_in(settings, &more))
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
            settings.program(),
            shell_word(name)
        )));
    }
    Ok(settings.config_file()?.backend)
}

/// Opens the journal of commands that are not finished.
pub fn journal(settings: &Settings) -> Result<Journal> {
    Ok(Journal::new(settings.journal_directory()?.to_owned(), settings.clock()))
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
    let keys = RemoteKeys::new(remote, credential, settings.clock());
    Ok((keys, InUse { login, file }))
}

/// Makes the error for a missing credential. It tells `more`, and why the credentials that exist are not used.
fn not_logged_in(settings: &Settings, more: &str) -> Error {
    let elsewhere = elsewhere(settings);
    let told = format!("You are not logged in: no credential was found.{more}{elsewhere}");
    Error::new(ErrorKind::NotLoggedIn, told).hint(format!(
        "Run '{} login', set {API_KEY} to an API key or '@FILE', or say '--apikey @FILE'; '--backend local' or {BACKEND}=local uses the local store.",
        settings.program(),
    ))
}

/// Tells of each credential that exists and is not used here why not; each sentence begins with a space.
fn elsewhere(settings: &Settings) -> String {
    let mut told = String::new();
    let Ok(search) = Search::new(settings) else { return told };
    for place in CredentialSource::ALL {
        if let Contents::Elsewhere(why) = search.look(place) {
            let _ = write!(told, " What is at '{}' {why}.", place.as_str());
        }
    }
    told
}
