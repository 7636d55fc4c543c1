//! What a command needs from the world, read once and handed down: environment, clock, directories, terminal, backend.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fmt::{self, Write as _};
use std::io::{self, IsTerminal as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::cli::{ColourWhen, ErrorFormat, GlobalArgs};
use crate::clock::Clock;
use crate::config::remote::{Named, Urls};
use crate::config::{self, Choice, ConfigFile, Directories, LoginRecord, Profile};
use crate::credentials::{Candidate, Place, Search, State, login};
use crate::error::{Error, ErrorKind, Result};
use crate::journal::Journal;
use crate::model::{ApiKeyId, BackendKind, Identity, Timestamp};
use crate::names::{self, Whose};
use crate::private_file;
use crate::secret::Secret;
use crate::systems::iam::local::LocalBackend;
use crate::systems::iam::remote::{RemoteBackend, Settings};
use crate::systems::{Backend, BackendError};
use crate::text::shell_word;
use crate::ui::{Manner, Ui};

/// The environment variables as they were at the start.
#[derive(Default)]
pub struct Environment(HashMap<OsString, OsString>);

impl fmt::Debug for Environment {
    /// Names only: a value may be a key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Environment {
    /// Takes the process's own.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn of_process() -> Self {
        Self(std::env::vars_os().collect())
    }

    /// Returns a variable as it is, empty or not.
    pub fn raw(&self, name: &str) -> Option<&OsStr> {
        self.0.get(OsStr::new(name)).map(OsString::as_os_str)
    }

    /// Returns a variable that must not be empty where it is set.
    fn not_empty(&self, name: &str) -> Result<Option<&OsStr>> {
        match self.raw(name) {
            Some(value) if value.is_empty() => {
                Err(Error::usage(format!("{name} is set but empty."))
                    .hint(format!("Give it a value, or unset it with 'unset {name}'.")))
            }
            value => Ok(value),
        }
    }

    /// Returns a variable that must be text, and not empty, where it is set.
    pub fn text(&self, name: &str) -> Result<Option<String>> {
        let Some(value) = self.not_empty(name)? else { return Ok(None) };
        let text = value.to_str().map(|text| Some(text.to_owned()));
        text.ok_or_else(|| Error::usage(format!("{name} is not valid UTF-8.")))
    }

    /// Returns a path of somebody else's choice, which need not be text.
    pub fn path(&self, name: &str) -> Result<Option<PathBuf>> {
        Ok(self.not_empty(name)?.map(PathBuf::from))
    }

    /// Returns a directory, made absolute.
    pub fn directory(&self, name: &str) -> Result<Option<PathBuf>> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let absolute = std::path::absolute(&text).map_err(|error| {
            Error::usage(format!("{name} is '{text}', which cannot be used: {error}."))
        })?;
        Ok(Some(absolute))
    }

    /// Tells whether automation is running: `CI` is set, and not to `false` or `0`.
    pub fn is_ci(&self) -> bool {
        self.raw(config::CI)
            .is_some_and(|value| !["", "false", "0"].map(OsStr::new).contains(&value))
    }

    fn is_true(&self, name: &str) -> bool {
        self.raw(name).is_some_and(|value| value.eq_ignore_ascii_case("true") || value == "1")
    }
}

/// The name the program was started under.
#[derive(Debug, Clone)]
pub struct Program {
    /// What to type before a command: `ibmcloud-iam`, or `ibmcloud iam` under a borrowed name.
    shown: String,
    borrowed: bool,
}

impl Program {
    /// Looks at `argv[0]`.
    pub fn of_arg0(arg0: Option<&OsStr>) -> Self {
        let name = arg0
            .and_then(|arg0| Path::new(arg0).file_stem())
            .and_then(OsStr::to_str)
            .unwrap_or_default();
        let borrowed = ["ibmcloud", "ic", "bx", "bluemix"].contains(&name);
        Self {
            shown: if borrowed { format!("{name} iam") } else { "ibmcloud-iam".to_owned() },
            borrowed,
        }
    }

    /// Returns what to type before a command.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// Tells whether the name is the official CLI's.
    pub fn is_borrowed(&self) -> bool {
        self.borrowed
    }
}

/// Settles how the program talks.
pub fn manner(global: &GlobalArgs, environment: &Environment) -> Manner {
    let off = environment.raw(config::NO_COLOUR).is_some_and(|value| !value.is_empty());
    let asked = environment.raw(config::COLOUR).map(|_| environment.is_true(config::COLOUR));
    let dumb = environment.raw(config::TERM).is_some_and(|term| term == "dumb");
    let colour = |is_terminal: bool| match global.color {
        ColourWhen::Always => true,
        ColourWhen::Never => false,
        ColourWhen::Auto => !off && asked.unwrap_or(is_terminal && !dumb),
    };
    Manner {
        quiet: global.quiet || environment.is_true(config::QUIET),
        json: global.output.is_some(),
        json_errors: global.error_format == Some(ErrorFormat::Json),
        colour: (colour(io::stdout().is_terminal()), colour(io::stderr().is_terminal())),
    }
}

/// Everything a command works with. The backend is opened by the first who asks for it.
#[derive(Debug)]
pub struct Context {
    environment: Environment,
    program: Program,
    global: GlobalArgs,
    profile: Profile,
    clock: Clock,
    /// Where everything is said.
    pub ui: Ui,
    directories: OnceCell<Directories>,
    file: OnceCell<ConfigFile>,
    /// This program's own login, where that is the credential in use.
    login: Option<LoginRecord>,
    /// The file that holds the credential in use and nothing else.
    credential_file: Option<PathBuf>,
    /// Which key the service says that the credential in use is.
    acting_key: OnceCell<Option<ApiKeyId>>,
    backend: OnceCell<Box<dyn Backend>>,
    /// Whether it may wait for other programs.
    waits: bool,
}

impl Context {
    /// Puts the pieces together; nothing is opened yet.
    pub fn new(
        environment: Environment,
        program: Program,
        global: GlobalArgs,
        ui: Ui,
    ) -> Result<Self> {
        let clock = config::clock(&environment)?;
        let profile = Profile::choose(&global, &environment)?;
        Ok(Self {
            environment,
            program,
            global,
            profile,
            clock,
            ui,
            directories: OnceCell::new(),
            file: OnceCell::new(),
            login: None,
            credential_file: None,
            acting_key: OnceCell::new(),
            backend: OnceCell::new(),
            waits: true,
        })
    }

    /// Works with a backend that is open already.
    #[must_use]
    pub fn with_backend(self, backend: Box<dyn Backend>) -> Self {
        Self { backend: OnceCell::from(backend), ..self }
    }

    /// Gives up at once wherever it would have to wait for another program.
    #[must_use]
    pub fn without_waiting(self) -> Self {
        Self { waits: false, ..self }
    }

    /// Returns what to type before a command, for hints.
    pub fn program(&self) -> &str {
        self.program.shown()
    }

    /// Returns what to type before a command that is to work where this one does, for any shell.
    pub fn program_here(&self) -> String {
        let global = &self.global;
        let from_file = global.apikey.as_deref().filter(|from| from.starts_with('@'));
        let chosen = [
            ("--profile", global.profile.as_ref().map(|profile| profile.name().to_owned())),
            ("--backend", global.backend.map(|kind| kind.as_str().to_owned())),
            ("--endpoint", global.endpoint.clone()),
            ("--apikey", from_file.map(str::to_owned)),
            ("--ca-file", global.ca_file.as_ref().map(|file| file.to_string_lossy().into_owned())),
        ];
        let mut typed = self.program().to_owned();
        for (flag, value) in chosen {
            if let Some(value) = value {
                let _ = write!(typed, " {flag} {}", shell_word(&value));
            }
        }
        typed
    }

    /// Returns the time.
    pub fn now(&self) -> Result<Timestamp> {
        Ok(self.clock.now()?)
    }

    /// Returns the clock itself, for what outlives a moment.
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// Returns how many keys an identity of the local store may have.
    pub fn key_limit(&self) -> Result<usize> {
        config::key_limit(&self.environment)
    }

    /// Returns the directory for temporary files.
    pub fn temporary(&self) -> Result<PathBuf> {
        let named = self.environment.directory(config::TEMPORARY)?;
        Ok(named.unwrap_or_else(|| PathBuf::from("/tmp")))
    }

    /// Finds the directories.
    pub fn directories(&self) -> Result<&Directories> {
        if let Some(found) = self.directories.get() {
            return Ok(found);
        }
        let found = Directories::find(&self.environment, &self.profile)?;
        Ok(self.directories.get_or_init(|| found))
    }

    /// Opens the journal of what was begun and not finished.
    pub fn journal(&self) -> Result<Journal> {
        let directory = config::needed(self.directories()?.journal.as_deref(), "the journal")?;
        Ok(Journal::new(directory.to_owned()))
    }

    /// Returns the directory of the profile's configuration, for what is kept there.
    pub fn config_directory(&self) -> Result<&Path> {
        config::needed(self.directories()?.config.as_deref(), "the configuration")
    }

    /// Returns the directory of the local store.
    pub fn store_directory(&self) -> Result<&Path> {
        config::needed(self.directories()?.store.as_deref(), "the local store")
    }

    /// Returns the profile.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Returns the flags of every command.
    pub fn global(&self) -> &GlobalArgs {
        &self.global
    }

    /// Returns the environment.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Reads the profile's configuration file, once.
    pub fn config_file(&self) -> Result<&ConfigFile> {
        if let Some(file) = self.file.get() {
            return Ok(file);
        }
        let directory = self.directories()?.config.as_deref();
        let file = directory.map_or_else(|| Ok(ConfigFile::default()), ConfigFile::read)?;
        Ok(self.file.get_or_init(|| file))
    }

    /// Settles the URLs that are named for this command or profile.
    pub fn named(&self) -> Result<Named> {
        Named::settle(&self.global, &self.environment, self.config_file()?)
    }

    /// Returns how to look for a credential.
    pub fn search<'a>(&'a self, named: &'a Named) -> Result<Search<'a>> {
        Ok(Search {
            flag: self.global.apikey.as_deref(),
            environment: &self.environment,
            profile: &self.profile,
            file: self.config_file()?,
            named,
            waits: self.waits,
        })
    }

    /// Finds the credential to use.
    fn candidate(&self) -> Result<Option<Candidate>> {
        self.search(&self.named()?)?.first()
    }

    /// Chooses the backend; what was found on the way need not be looked for again. Fails where the local store would
    /// be used unasked and nobody would see it: automation that lost its secret must not get a local key.
    pub fn choose(&self) -> Result<(Choice, Option<Candidate>)> {
        let mut found = None;
        let choice = config::choose_backend(
            &self.global,
            &self.environment,
            || self.backend_of_profile(),
            || {
                found = self.candidate()?;
                Ok(found.is_some())
            },
        )?;
        if choice == Choice::Chosen(BackendKind::Remote) && found.is_none() {
            found = self.candidate()?;
        }
        match self.why_not_local() {
            Some(why) if choice == Choice::Default => {
                Err(self.not_logged_in(&format!(" The local store is not used unasked {why}.")))
            }
            _ => Ok((choice, found)),
        }
    }

    /// Says why the local store is not used here unless somebody asks for it.
    fn why_not_local(&self) -> Option<&'static str> {
        // Who presses Tab sits at a terminal, whatever the shell does with the answer.
        let is_seen = self.ui.manner().warns() && (!self.waits || Ui::is_at_terminal());
        if self.program.is_borrowed() {
            Some("under this program name")
        } else if self.environment.is_ci() {
            Some("while CI is set")
        } else {
            (!is_seen).then_some("where no terminal shows the notice of it")
        }
    }

    fn backend_of_profile(&self) -> Result<Option<BackendKind>> {
        let directory = self.directories()?.config.as_deref();
        // A name that was typed wrong must not lead to somebody else's keys.
        if let Some(name) = self.profile.named()
            && !directory.is_some_and(ConfigFile::exists)
        {
            let why = directory.map_or_else(
                || "there is no home directory".to_owned(),
                |directory| format!("{} holds none", directory.display()),
            );
            return Err(Error::new(
                ErrorKind::NotLoggedIn,
                format!("There is no profile '{name}': {why}."),
            )
            .hint(format!(
                "Make it with '{} login --profile {}', or say '--backend' with it.",
                self.program(),
                shell_word(name)
            )));
        }
        Ok(self.config_file()?.backend)
    }

    /// Chooses and opens the backend, once.
    pub fn open_backend(&mut self) -> Result<()> {
        if self.backend.get().is_some() {
            return Ok(());
        }
        let (choice, found) = self.choose()?;
        let backend: Box<dyn Backend> = match choice {
            Choice::Chosen(BackendKind::Remote) => Box::new(self.open_remote(found)?),
            Choice::Chosen(BackendKind::Local) | Choice::Default => Box::new(self.open_local()?),
        };
        if choice == Choice::Default {
            let told = format!(
                "No credential was found; using the local store in {}.{}",
                self.store_directory()?.display(),
                self.elsewhere()
            );
            self.ui.warn(&told);
        }
        let _ = self.backend.set(backend);
        Ok(())
    }

    /// Opens the local store.
    pub fn open_local(&self) -> Result<LocalBackend> {
        let store = self.store_directory()?.to_owned();
        let backend = LocalBackend::new(store, self.key_limit()?, self.clock);
        Ok(if self.waits { backend } else { backend.without_waiting() })
    }

    /// Opens the service with the credential that was found.
    pub fn open_remote(&mut self, found: Option<Candidate>) -> Result<RemoteBackend> {
        let Some(found) = found else { return Err(self.not_logged_in("")) };
        let settings = self.remote_settings(&found.urls)?;
        let directory = self.directories()?.config.clone();
        self.credential_file = found.file().map(Path::to_owned);
        let (credential, login) = found.open(directory.as_deref(), &mut self.ui)?;
        self.login = login;
        Ok(RemoteBackend::new(settings, credential, self.clock))
    }

    /// Tells whether this program's own login is the credential in use.
    pub fn is_by_login(&self) -> bool {
        self.login.is_some()
    }

    /// Tells whether the credential in use is read anew from this file by the next command.
    pub fn is_credential_in(&self, file: &Path) -> bool {
        let inode = |path: &Path| {
            std::fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()))
        };
        let from = self.credential_file.as_deref().and_then(inode);
        from.is_some() && from == inode(file)
    }

    /// Names the key that the credential in use is; `None` where it is a token, or nobody logs in. A login says so itself;
    /// of any other key the service does. Fails where it cannot be told, which must not be taken for `None`.
    pub fn acting_key(&self) -> Result<Option<ApiKeyId>> {
        if let Some(named) = self.login.as_ref().and_then(|login| login.apikey_id.as_deref()) {
            return Ok(Some(ApiKeyId::new(named)));
        }
        if let Some(known) = self.acting_key.get() {
            return Ok(known.clone());
        }
        let asked = self.backend()?.acting_key();
        let told = asked.map_err(|error| self.told(error, "The credential in use"))?;
        Ok(self.acting_key.get_or_init(|| told).clone())
    }

    /// Finds the logins of this profile that hold a key, whatever the credential in use. They are read anew: another command
    /// may have moved one meanwhile.
    pub fn logins_with(&self, id: &ApiKeyId) -> Result<Vec<LoginRecord>> {
        let backend = self.backend()?;
        if backend.kind() != BackendKind::Remote {
            return Ok(Vec::new());
        }
        let endpoint = backend.endpoint();
        let unnamed = match &self.login {
            Some(login) if login.apikey_id.is_none() => {
                self.acting_key()?.filter(|acting| acting == id).map(|_| &login.entry)
            }
            _ => None,
        };
        let mut logins = ConfigFile::read(self.config_directory()?)?.logins;
        logins.retain(|login| {
            let holds = login.apikey_id.as_deref() == Some(id.as_str());
            login.endpoint == endpoint && (holds || unnamed == Some(&login.entry))
        });
        Ok(logins)
    }

    /// Keeps a new key in the place of an old one in every login that holds that; tells whether there was one.
    pub fn move_logins(&self, old: &ApiKeyId, key: &Secret, id: &ApiKeyId) -> Result<bool> {
        let logins = self.logins_with(old)?;
        for login in &logins {
            login::move_to(login, key, id, self.config_directory()?, &self.profile)?;
        }
        Ok(!logins.is_empty())
    }

    /// Settles how to reach the service with a credential that belongs to `own`.
    pub fn remote_settings(&self, own: &Urls) -> Result<Settings> {
        self.named()?.settings(own, &self.global, &self.environment, self.directories()?)
    }

    /// Says that there is no credential, and why none of those there are will do. `more` is said in between.
    fn not_logged_in(&self, more: &str) -> Error {
        let elsewhere = self.elsewhere();
        let told = format!("You are not logged in: no credential was found.{more}{elsewhere}");
        Error::new(ErrorKind::NotLoggedIn, told).hint(format!(
            "Run '{} login', set {} to an API key or '@FILE', or say '--apikey @FILE'; '--backend local' or {}=local uses the local store.",
            self.program(),
            config::API_KEY,
            config::BACKEND
        ))
    }

    /// Says of each credential that is there and not used here why not, in sentences to go on with.
    fn elsewhere(&self) -> String {
        let mut told = String::new();
        if let Ok(named) = self.named()
            && let Ok(search) = self.search(&named)
        {
            for place in Place::ALL {
                if let State::Elsewhere(why) = search.look(place) {
                    let _ = write!(told, " What is at '{}' {why}.", place.as_str());
                }
            }
        }
        told
    }

    /// Returns the backend that [`Context::open_backend`] opened.
    pub fn backend(&self) -> Result<&dyn Backend> {
        match self.backend.get() {
            Some(backend) => Ok(&**backend),
            None => Err(Self::not_open()),
        }
    }

    /// Returns the open backend, and the mouth to tell with what it is doing meanwhile.
    pub fn backend_and_ui(&mut self) -> Result<(&dyn Backend, &mut Ui)> {
        match self.backend.get() {
            Some(backend) => Ok((&**backend, &mut self.ui)),
            None => Err(Self::not_open()),
        }
    }

    fn not_open() -> Error {
        Error::new(ErrorKind::Failure, "The backend was not opened.")
    }

    /// Opens the backend and asks who it acts as.
    pub fn identity(&mut self) -> Result<Identity> {
        self.open_backend()?;
        self.backend()?.identity().map_err(|error| self.told(error, "The identity"))
    }

    /// Tells a backend's error about `subject` in the user's words.
    pub fn told(&self, error: BackendError, subject: &str) -> Error {
        Error::of_backend(error, subject, self.program())
    }

    /// Keeps for Tab what the backend learned of the names of keys.
    pub fn keep_names(&mut self) {
        let Some(backend) = self.backend.get() else { return };
        let Some((identity, learned)) = backend.take_learned() else { return };
        let Ok(directories) = self.directories() else { return };
        let Some(names) = &directories.names else { return };
        let endpoint = &*backend.endpoint();
        let whose = Whose { endpoint, identity: &identity, profile: self.profile.name() };
        if let Err(error) = names::keep(names, &whose, learned) {
            let remedy = private_file::remedy(&error).unwrap_or_default();
            self.ui.warn(&format!("The names of keys are not kept for Tab: {error}. {remedy}"));
        }
    }

    /// Passes on what the backend warns of.
    pub fn pass_warnings(&mut self) {
        let warnings =
            self.backend.get().map(|backend| backend.take_warnings()).unwrap_or_default();
        for warning in warnings {
            self.ui.warn(&warning);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_of_a_variable_is_printed_for_debugging() {
        let environment = Environment([("IBMCLOUD_API_KEY".into(), "tomato".into())].into());
        assert_eq!(format!("{environment:?}"), r#"{"IBMCLOUD_API_KEY"}"#);
    }
}
