//! What an operation works with: the keys of a system, the identity, the settings and the terminal. A session is open before
//! the operation runs.

mod choice;
mod classic;
mod platform;
mod regions;

use std::cell::OnceCell;
use std::fmt::Display;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::{Arc, OnceLock};

pub use self::choice::{Choice, InUse, choose, open_local, open_remote};
pub use self::platform::{PlatformKeys, open_platform};
use crate::credentials::login;
use crate::error::{Error, Result};
use crate::journal::Journal;
use crate::model::{ApiKeyId, BackendKind, Identity, Owner, ServiceUuid, Timestamp};
use crate::names::{NameFile, RememberingKeys};
use crate::private_file;
use crate::secret::Secret;
use crate::settings::{ConfigFile, LoginRecord, PlatformProof, Settings};
use crate::systems::task_credentials::Regions;
use crate::systems::{Facts, Keys, System, SystemError};
use crate::text::escape;
use crate::told::{Family, told};
use crate::ui::{Manner, Said, Ui};

/// How many requests are under way at once, unless a flag says otherwise.
const JOBS: u8 = 16;

/// A service ID whose keys are meant.
#[derive(Clone, Debug)]
pub struct NamedService {
    /// Its id.
    pub id: ServiceUuid,
    /// What the user typed for it: its name or its id.
    pub named: String,
}

/// What an operation works with.
#[derive(Debug)]
pub struct Session<'a> {
    own: Twin<'a>,
    /// The stores of task credentials, opened when first needed.
    regions: OnceCell<Box<dyn Regions>>,
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
            choice::say_default(&choice::elsewhere(settings), settings, ui)?;
        }
        Self::with(keys, credential, settings, ui)
    }

    /// Opens the keys of a system.
    pub fn open_for(system: System, settings: &'a Settings, ui: &'a mut Ui) -> Result<Self> {
        let (keys, credential) = match system {
            System::Classic => classic::open(settings, ui)?,
            System::Platform => platform::open(settings, ui)?,
            _ => return Self::open(settings, ui),
        };
        Self::with(keys, credential, settings, ui)
    }

    /// Makes a session over keys that are open already.
    pub fn with(
        keys: Box<dyn Keys>,
        credential: InUse,
        settings: &'a Settings,
        ui: &'a mut Ui,
    ) -> Result<Self> {
        let identity = keys.identity().map_err(|error| {
            told(error, "The identity", &Family::of(settings.program(), keys.facts()))
        })?;
        let place = keys.place();
        let names = (!place.is_here() && keys.facts().has_names)
            .then(|| NameFile::of(settings, &place.endpoint, &identity))
            .flatten();
        let keys = Arc::new(RememberingKeys::new(keys, names));
        let (service, user, acting_key) = (None, None, OnceLock::new());
        let own = Twin { keys, identity, service, user, credential, acting_key, settings };
        Ok(Self { own, regions: OnceCell::new(), ui })
    }

    /// Returns what it takes to work beside this session, on other threads.
    pub fn twin(&self) -> Twin<'a> {
        self.own.clone()
    }

    /// Goes on with the keys of a service ID, or with those of the identity.
    pub fn turn_to(&mut self, service: Option<NamedService>) {
        let system =
            if service.is_some() { System::ServiceIds } else { self.own.keys.own_system() };
        self.own.keys.speak_of(system.facts());
        self.own.service = service;
        self.own.user = None;
    }

    /// Goes on with the key of another user.
    pub fn turn_to_user(&mut self, user: Owner) {
        self.own.user = (user != self.own.identity.owner()).then_some(user);
    }

    /// Tells whether the keys of a system are at the same place, behind the same login.
    pub fn can_turn_to(&self, system: System) -> bool {
        system == self.own.keys.own_system()
            || system == System::ServiceIds && self.own.keys.service_ids().is_some()
    }

    /// Returns the service ID whose keys are meant, if any.
    pub fn service(&self) -> Option<&NamedService> {
        self.own.service.as_ref()
    }

    /// Returns the owner of the keys that are meant.
    pub fn owner(&self) -> Owner {
        match (&self.own.service, &self.own.user) {
            (Some(service), _) => Owner::service(&service.id),
            (None, Some(user)) => user.clone(),
            (None, None) => self.own.identity.owner(),
        }
    }

    /// Returns the keys.
    pub fn keys(&self) -> &dyn Keys {
        &*self.own.keys
    }

    /// Lists keys, and shows on a terminal how many came if that takes long.
    pub fn watch_listing<T>(&mut self, list: impl FnOnce(&dyn Keys) -> T) -> T {
        self.ui.listing(&format!("Getting {}s", self.facts().noun), self.own.keys.came());
        let listed = list(&*self.own.keys);
        self.ui.done();
        listed
    }

    /// Returns the keys for work beside the session.
    pub fn shared_keys(&self) -> Arc<RememberingKeys> {
        Arc::clone(&self.own.keys)
    }

    /// Returns how many requests are under way at once, at most: what is `asked` for, else 16. On this machine none has to be
    /// waited for.
    pub fn jobs(&self, asked: Option<u8>) -> usize {
        if self.own.keys.place().is_here() { 1 } else { usize::from(asked.unwrap_or(JOBS)) }
    }

    /// Returns the identity that requests are made as.
    pub fn identity(&self) -> &Identity {
        &self.own.identity
    }

    /// Returns the settings.
    pub fn settings(&self) -> &'a Settings {
        self.own.settings
    }

    /// Returns what to type before a command, for hints.
    pub fn program(&self) -> &'a str {
        self.own.settings.program()
    }

    /// Returns the time.
    pub fn now(&self) -> Result<Timestamp> {
        self.own.settings.now()
    }

    /// Returns the time by the service's clock, as far as it has told. Ends and waits are reckoned by it.
    pub fn service_time(&self) -> Result<Timestamp> {
        let now = self.now()?;
        let Some(skew) = self.keys().service_clock() else { return Ok(now) };
        Ok(Timestamp::from_seconds(now.seconds() + skew.behind()).unwrap_or(now))
    }

    /// Opens the journal.
    pub fn journal(&self) -> Result<Journal> {
        journal(self.own.settings)
    }

    /// Returns what is known of the system.
    pub fn facts(&self) -> &'static Facts {
        self.own.keys.facts()
    }

    /// Names a key in a message: `API key 'ci'`, escaped.
    pub fn subject(&self, key: impl Display) -> String {
        format!("{} '{}'", self.facts().noun, escape(&key.to_string()))
    }

    /// Names a key in progress and results: `API key ci`, escaped and in colour.
    pub fn entity(&self, key: impl Display) -> String {
        format!("{} {}", self.facts().noun, self.ui.entity(&key.to_string()))
    }

    /// Returns the family of commands on the keys that are meant.
    pub fn family(&self) -> Family<'_> {
        let service = self.own.service.as_ref().map(|service| service.id.clone());
        let actor = self.own.identity.owner().service_id();
        Family { program: self.program(), thing: self.facts().into(), service, actor }
    }

    /// Returns a command on one key, for a hint. See [`Family::on`].
    pub fn on(&self, verb: &str, key: impl Display) -> String {
        self.family().on(verb, key)
    }

    /// Words an error about `subject`.
    pub fn told(&self, error: SystemError, subject: &str) -> Error {
        told(error, subject, &self.family())
    }

    /// Words an error about one key.
    pub fn told_of(&self, error: SystemError, key: impl Display) -> Error {
        self.told(error, &self.subject(key))
    }

    /// Tells whether the credential in use is a login of this program.
    pub fn is_by_login(&self) -> bool {
        self.own.credential.login.is_some()
    }

    /// Tells whether the next command will read its credential from this file.
    pub fn is_credential_in(&self, file: &Path) -> bool {
        let inode = |path: &Path| {
            std::fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()))
        };
        let from = self.own.credential.file.as_deref().and_then(inode);
        from.is_some() && from == inode(file)
    }

    /// Returns the id of the key that the credential in use is; `None` where it is a token, or no login is needed. A login
    /// knows its id; for other keys the service is asked. An error does not mean `None`.
    pub fn acting_key(&self) -> Result<Option<ApiKeyId>> {
        let login = self.own.credential.login.as_ref();
        if let Some(named) = login.and_then(|login| login.apikey_id.as_deref()) {
            return Ok(Some(ApiKeyId::new(named)));
        }
        if let Some(known) = self.own.acting_key.get() {
            return Ok(known.clone());
        }
        let asked = self.keys().acting_key();
        let told = asked.map_err(|error| self.told(error, "The credential in use"))?;
        Ok(self.own.acting_key.get_or_init(|| told).clone())
    }

    /// Finds the logins of this profile that hold a key, whatever the credential in use. The configuration is read again,
    /// as another command may have changed it.
    pub fn logins_with(&self, id: &ApiKeyId) -> Result<Vec<LoginRecord>> {
        let place = self.own.keys.place();
        if place.is_here() {
            return Ok(Vec::new());
        }
        let unnamed = match &self.own.credential.login {
            Some(login) if login.apikey_id.is_none() => {
                self.acting_key()?.filter(|acting| acting == id).map(|_| &login.entry)
            }
            _ => None,
        };
        let mut logins = ConfigFile::read(self.own.settings.config_directory()?)?.logins;
        logins.retain(|login| {
            let holds = login.apikey_id.as_deref() == Some(id.as_str());
            let is_here = login.endpoint == place.endpoint && login.platform.is_none();
            is_here && (holds || unnamed == Some(&login.entry))
        });
        Ok(logins)
    }

    /// Replaces an old key by a new one in every login that holds it. Tells whether there was such a login.
    pub fn move_logins(&self, old: &ApiKeyId, key: &Secret, id: &ApiKeyId) -> Result<bool> {
        let logins = self.logins_with(old)?;
        let directory = self.own.settings.config_directory()?;
        for login in &logins {
            login::move_to(login, key, Some(id), directory, self.own.settings.profile())?;
        }
        Ok(!logins.is_empty())
    }

    /// Puts the new key of a platform into every login that holds the old one, which works no more. Tells whether there
    /// was one.
    pub fn move_platform_logins(&self, key: &Secret) -> Result<bool> {
        let place = self.own.keys.place();
        if self.facts().system != System::Platform || place.is_here() {
            return Ok(false);
        }
        let directory = self.own.settings.config_directory()?;
        let mut logins = ConfigFile::read(directory)?.logins;
        logins.retain(|login| {
            let who = (&login.endpoint, &login.user);
            let is_key = login.platform == Some(PlatformProof::ApiKey);
            is_key && who == (&place.endpoint, &self.own.identity.user)
        });
        for login in &logins {
            login::move_to(login, key, None, directory, self.own.settings.profile())?;
        }
        Ok(!logins.is_empty())
    }

    /// Prints the warnings of the system, and writes the names of keys for Tab.
    pub fn close(self) {
        let of_regions = self.regions.get().map(|regions| regions.take_warnings());
        for warning in self.own.keys.take_warnings().iter().chain(of_regions.iter().flatten()) {
            self.ui.warn(warning);
        }
        self.ui.flush();
        if let Err(error) = self.own.keys.keep_names()
            && let Some(remedy) = private_file::remedy(&error)
        {
            self.ui.warn(&format!("The names of keys are not kept for Tab: {error}. {remedy}"));
        }
    }
}

/// What it takes to work beside a session: the same keys, owner and credential.
#[derive(Clone, Debug)]
pub struct Twin<'a> {
    keys: Arc<RememberingKeys>,
    identity: Identity,
    /// The service ID whose keys are meant; `None` for those of the identity.
    service: Option<NamedService>,
    /// The other user whose key is meant, if any.
    user: Option<Owner>,
    credential: InUse,
    /// The key that the credential is, as far as the service was asked.
    acting_key: OnceLock<Option<ApiKeyId>>,
    settings: &'a Settings,
}

impl Twin<'_> {
    /// Does `work` in a session of its own, and returns what it said too.
    pub fn run<T>(&self, manner: Manner, work: impl FnOnce(&mut Session) -> T) -> (T, Vec<Said>) {
        let mut ui = Ui::beside(manner);
        let own = self.clone();
        let done = work(&mut Session { own, regions: OnceCell::new(), ui: &mut ui });
        (done, ui.said())
    }
}

/// Opens the journal of commands that are not finished.
pub fn journal(settings: &Settings) -> Result<Journal> {
    Ok(Journal::new(settings.journal_directory()?.to_owned(), settings.clock()))
}
