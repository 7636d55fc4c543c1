//! What a command needs from the world, read once and handed down: environment, clock, directories, terminal, backend.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use crate::backend::local::LocalBackend;
use crate::backend::remote::RemoteBackend;
use crate::backend::{Backend, BackendError};
use crate::cli::{ColourWhen, ErrorFormat, GlobalArgs};
use crate::clock::Clock;
use crate::config::{self, Choice, Directories};
use crate::credentials;
use crate::error::{Error, ErrorKind, Result};
use crate::journal::Journal;
use crate::model::{BackendKind, Identity, Timestamp};
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
    pub fn text(&self, name: &str) -> Result<Option<String>> {
        match self.raw(name).map(OsStr::to_str) {
            None => Ok(None),
            Some(None) => Err(Error::usage(format!("{name} is not valid UTF-8."))),
            Some(Some("")) => Err(Error::usage(format!("{name} is set but empty."))
                .hint(format!("Give it a value, or unset it with 'unset {name}'."))),
            Some(Some(text)) => Ok(Some(text.to_owned())),
        }
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
    clock: Clock,
    /// Where everything is said.
    pub ui: Ui,
    directories: OnceCell<Directories>,
    backend: OnceCell<Box<dyn Backend>>,
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
        Ok(Self {
            environment,
            program,
            global,
            clock,
            ui,
            directories: OnceCell::new(),
            backend: OnceCell::new(),
        })
    }

    /// Works with a backend that is open already.
    #[must_use]
    pub fn with_backend(self, backend: Box<dyn Backend>) -> Self {
        Self { backend: OnceCell::from(backend), ..self }
    }

    /// Returns what to type before a command, for hints.
    pub fn program(&self) -> &str {
        self.program.shown()
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
        let found = Directories::find(&self.environment)?;
        Ok(self.directories.get_or_init(|| found))
    }

    /// Opens the journal of what was begun and not finished.
    pub fn journal(&self) -> Result<Journal> {
        Ok(Journal::new(self.directories()?.journal.clone()))
    }

    /// Chooses and opens the backend, once.
    pub fn open_backend(&mut self) -> Result<()> {
        if self.backend.get().is_some() {
            return Ok(());
        }
        let directories = self.directories()?.clone();
        let choice = config::choose_backend(
            &self.global,
            &self.environment,
            &self.program,
            &directories.config,
        )?;
        let backend: Box<dyn Backend> = match choice {
            Choice::Chosen(BackendKind::Remote) => Box::new(self.remote(&directories)?),
            Choice::Chosen(BackendKind::Local) | Choice::Default => {
                let limit = self.key_limit()?;
                Box::new(LocalBackend::new(directories.store.clone(), limit, self.clock))
            }
        };
        if choice == Choice::Default {
            self.ui.warn(&format!(
                "No credential was found; using the local store in {}.",
                directories.store.display()
            ));
        }
        let _ = self.backend.set(backend);
        Ok(())
    }

    fn remote(&mut self, directories: &Directories) -> Result<RemoteBackend> {
        let settings = config::remote::settings(&self.global, &self.environment, directories)?;
        let flag = self.global.apikey.as_deref();
        let found = credentials::find(flag, &self.environment, &mut self.ui)?;
        let api_key = found.ok_or_else(|| {
            let message = match self.environment.raw(config::SDK_FILE) {
                Some(_) => format!("This version does not read {} yet.", config::SDK_FILE),
                None => "You are not logged in: no credential was found.".to_owned(),
            };
            Error::new(ErrorKind::NotLoggedIn, message).hint(format!(
                "Set {} to an API key or '@FILE', or say '--apikey @FILE'; '--backend local' uses the local store.",
                config::API_KEY
            ))
        })?;
        Ok(RemoteBackend::new(settings, api_key, self.clock))
    }

    /// Returns the backend that [`Context::open_backend`] opened.
    pub fn backend(&self) -> Result<&dyn Backend> {
        match self.backend.get() {
            Some(backend) => Ok(&**backend),
            None => Err(Error::new(ErrorKind::Failure, "The backend was not opened.")),
        }
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
