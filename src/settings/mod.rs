//! Settings: flag, else environment variable, else configuration file, else default.

mod directories;
mod file;
mod flags;
mod profile;
pub mod service;
pub mod variables;

use std::ffi::OsStr;
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use clap::ValueEnum as _;
use rustix::termios::tcgetwinsize;

use self::service::{Named, Service, Urls};
use self::variables::{
    BACKEND, COLOUR, COLUMNS, LIMIT, LOCALES, NO_COLOUR, NOW, QUIET, TEMPORARY, TERM,
};
use crate::clock::Clock;
use crate::environment::{Environment, Program};
use crate::error::{Error, Result};
use crate::model::{BackendKind, Timestamp};
use crate::ui::Manner;

pub use directories::{Directories, home, needed};
pub use file::{ConfigFile, Keeper, LoginRecord, PlatformProof};
pub use flags::{ColourWhen, ErrorFormat, Flags, OutputFormat};
pub use profile::Profile;

/// The settings of this command. Files are read when a value from them is first asked for.
#[derive(Debug)]
pub struct Settings {
    environment: Environment,
    program: Program,
    /// What to type before a command.
    typed: String,
    flags: Flags,
    profile: Profile,
    clock: Clock,
    /// Whether the command may wait for other programs.
    waits: bool,
    directories: OnceLock<Directories>,
    file: OnceLock<ConfigFile>,
}

/// Resolves how the program talks.
pub fn manner(flags: &Flags, environment: &Environment) -> Manner {
    let off = environment.raw(NO_COLOUR).is_some_and(|value| !value.is_empty());
    let asked = environment.raw(COLOUR).map(|_| environment.is_true(COLOUR));
    let dumb = environment.raw(TERM).is_some_and(|term| term == "dumb");
    let colour = |is_terminal: bool| match flags.color {
        ColourWhen::Always => true,
        ColourWhen::Never => false,
        ColourWhen::Auto => !off && asked.unwrap_or(is_terminal && !dumb),
    };
    Manner {
        quiet: flags.quiet || environment.is_true(QUIET),
        json: flags.output.is_some(),
        json_errors: flags.error_format == Some(ErrorFormat::Json),
        colour: (colour(io::stdout().is_terminal()), colour(io::stderr().is_terminal())),
        width: (
            width(io::stdout(), environment),
            width(io::stderr(), environment)
                .filter(|_| flags.error_format != Some(ErrorFormat::Json)),
        ),
    }
}

/// Returns the columns of a terminal; 80 where nothing tells.
fn width(stream: impl AsFd + IsTerminal, environment: &Environment) -> Option<usize> {
    stream.is_terminal().then(|| columns(stream, environment).unwrap_or(80))
}

/// Returns the columns of a stream: what the terminal tells, else what a variable says.
pub fn columns(stream: impl AsFd, environment: &Environment) -> Option<usize> {
    let said = || environment.raw(COLUMNS)?.to_str()?.parse().ok();
    let own = tcgetwinsize(stream).ok().map(|size| usize::from(size.ws_col));
    own.filter(|columns| *columns > 0).or_else(|| said().filter(|columns| *columns > 0))
}

impl Settings {
    /// Resolves what every command needs. Fails where a variable makes no sense.
    pub fn new(environment: Environment, program: Program, flags: Flags) -> Result<Self> {
        let clock = match environment.text(NOW)? {
            None => Clock::System,
            Some(text) => Timestamp::parse(&text)
                .map(Clock::Fixed)
                .map_err(|error| Error::usage(format!("{NOW}: {error}.")))?,
        };
        let profile = Profile::choose(flags.profile.as_ref(), &environment)?;
        let typed = flags.typed_behind(&program.shown);
        Ok(Self {
            environment,
            program,
            typed,
            flags,
            profile,
            clock,
            waits: true,
            directories: OnceLock::new(),
            file: OnceLock::new(),
        })
    }

    /// Makes the command fail where it would have to wait for another program.
    #[must_use]
    pub fn without_waiting(self) -> Self {
        Self { waits: false, ..self }
    }

    /// Tells whether the command may wait for other programs.
    pub fn waits(&self) -> bool {
        self.waits
    }

    /// Returns the name the program was started under.
    pub fn started_as(&self) -> &Program {
        &self.program
    }

    /// Returns what to type, in any shell, before a command that is to use the same profile, endpoint and credential.
    pub fn program(&self) -> &str {
        &self.typed
    }

    /// Returns what to type before `login`, which no other credential stands beside.
    pub fn program_to_log_in(&self) -> String {
        let flags = Flags { backend: None, apikey: None, ..self.flags.clone() };
        flags.typed_behind(&self.program.shown)
    }

    /// Returns the backend that the variable for it names.
    pub fn backend_variable(&self) -> Result<Option<BackendKind>> {
        let Some(word) = self.environment.text(BACKEND)? else { return Ok(None) };
        BackendKind::from_str(&word, false).map(Some).map_err(|_| {
            Error::usage(format!("{BACKEND} is '{word}'; it must be 'local' or 'remote'."))
        })
    }

    /// Returns the time.
    pub fn now(&self) -> Result<Timestamp> {
        Ok(self.clock.now()?)
    }

    /// Returns the clock.
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// Returns the environment.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Returns the flags of every command.
    pub fn flags(&self) -> &Flags {
        &self.flags
    }

    /// Returns the profile.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Tells whether the locale has more characters than ASCII.
    pub fn is_utf8(&self) -> bool {
        let mut set = LOCALES.iter().filter_map(|name| self.environment.raw(name));
        let named = set.find(|value| !value.is_empty()).map(OsStr::to_ascii_lowercase);
        let text = named.as_deref().map(OsStr::to_string_lossy).unwrap_or_default();
        text.contains("utf-8") || text.contains("utf8")
    }

    /// Returns how many keys an identity of the local store may have, where a variable says so.
    pub fn key_limit(&self) -> Result<Option<usize>> {
        let Some(text) = self.environment.text(LIMIT)? else { return Ok(None) };
        match text.parse() {
            Ok(limit) if limit > 0 => Ok(Some(limit)),
            _ => Err(Error::usage(format!(
                "{LIMIT} is '{text}'; it must be a whole number above 0."
            ))),
        }
    }

    /// Returns the directory for temporary files.
    pub fn temporary(&self) -> Result<PathBuf> {
        let named = self.environment.directory(TEMPORARY)?;
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

    /// Returns the directory of the journal.
    pub fn journal_directory(&self) -> Result<&Path> {
        needed(self.directories()?.journal.as_deref(), "the journal")
    }

    /// Returns the directory of the profile's configuration.
    pub fn config_directory(&self) -> Result<&Path> {
        needed(self.directories()?.config.as_deref(), "the configuration")
    }

    /// Returns the directory of the local store.
    pub fn store_directory(&self) -> Result<&Path> {
        needed(self.directories()?.store.as_deref(), "the local store")
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

    /// Resolves the URLs of this command and profile.
    pub fn named(&self) -> Result<Named> {
        Named::resolve(&self.flags, &self.environment, self.config_file()?)
    }

    /// Resolves how to reach the service with a credential that belongs to `own`.
    pub fn remote(&self, own: &Urls) -> Result<Service> {
        self.named()?.service(own, &self.flags, &self.environment, self.directories()?)
    }
}
