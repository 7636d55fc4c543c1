//! Where a credential comes from and is kept: places in a fixed order, of which the first that has one wins.
//!
//! Looking is cheap and lazy: files that are there are read, nothing is asked for, and neither the keyring nor standard
//! input is touched before the credential itself is needed. A place that holds something which cannot be used is an
//! error with its name; it never makes the next one win.

mod cli_session;
pub mod input;
mod keyring;
pub mod login;
mod sdk;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::config::remote::{Named, Urls};
use crate::config::{self, ConfigFile, LoginRecord, Profile};
use crate::context::Environment;
use crate::error::{Error, ErrorKind, Result};
use crate::model::Identity;
use crate::secret::Secret;
use crate::systems::iam::remote::{self, Credential, Settings};
use crate::ui::Ui;

/// The places where a credential is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// `--apikey`.
    Flag,
    /// `IBMCLOUD_API_KEY`.
    Variable,
    /// `IC_API_KEY`.
    TerraformVariable,
    /// The file that `IBM_CREDENTIALS_FILE` names.
    SdkFile,
    /// `ibm-credentials.env` in the working directory, which is told of and not used.
    SdkFileHere,
    /// `ibm-credentials.env` in the home directory.
    SdkFileAtHome,
    /// `IAM_IDENTITY_APIKEY` and its like.
    SdkVariables,
    /// This program's own login.
    Login,
    /// The session of the official CLI.
    CliSession,
}

impl Place {
    /// All of them, in the order in which they are looked at.
    pub const ALL: [Self; 9] = [
        Self::Flag,
        Self::Variable,
        Self::TerraformVariable,
        Self::SdkFile,
        Self::SdkFileHere,
        Self::SdkFileAtHome,
        Self::SdkVariables,
        Self::Login,
        Self::CliSession,
    ];

    /// Returns what the place is called.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Flag => "--apikey",
            Self::Variable => config::API_KEY,
            Self::TerraformVariable => config::TERRAFORM_API_KEY,
            Self::SdkFile => config::SDK_FILE,
            Self::SdkFileHere => "./ibm-credentials.env",
            Self::SdkFileAtHome => "~/ibm-credentials.env",
            Self::SdkVariables => "IAM_IDENTITY_*",
            Self::Login => "login",
            Self::CliSession => "ibmcloud session",
        }
    }
}

/// What was found at a place.
#[derive(Debug)]
pub enum State {
    /// Nothing, and why it counts as nothing.
    Absent(String),
    /// Something that is not to be used here, and why.
    Elsewhere(String),
    /// A credential, as far as can be told without opening it.
    Present(Box<Candidate>),
    /// Something that cannot be used.
    Broken(Error),
}

impl State {
    fn absent(why: &str) -> Self {
        Self::Absent(why.to_owned())
    }
}

/// A credential that is there.
#[derive(Debug)]
pub struct Candidate {
    /// Where.
    pub place: Place,
    /// Which one there, for people: a file, a variable; empty where the place says it all.
    pub detail: String,
    /// Where it belongs; it is sent nowhere else.
    pub urls: Urls,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// `@FILE` or `-`, as it was given to the flag.
    Flag(String),
    /// A value or `@FILE`, in the variable of this name.
    Variable(&'static str, String),
    /// Read already, perhaps from a file that holds nothing else, or that others can read, as a warning then says.
    Ready { credential: Credential, file: Option<PathBuf>, loose: Option<String> },
    /// Kept by this program.
    Kept(LoginRecord),
}

impl Candidate {
    /// Returns the file that was named with `@` to read the key from.
    pub fn file(&self) -> Option<&Path> {
        match &self.kind {
            Kind::Flag(from) | Kind::Variable(_, from) => from.strip_prefix('@').map(Path::new),
            Kind::Ready { file, .. } => file.as_deref(),
            Kind::Kept(_) => None,
        }
    }

    /// Returns the place and which one there, for people.
    pub fn source(&self) -> String {
        if self.detail.is_empty() {
            return self.place.as_str().to_owned();
        }
        format!("{} ({})", self.place.as_str(), self.detail)
    }

    /// Tells who the credential speaks for, as far as that is on this machine: without the network, the keyring, a
    /// question, standard input or waiting.
    pub fn known_identity(&self, settings: &Settings) -> Option<Identity> {
        let key = match &self.kind {
            Kind::Kept(record) => return Some(login::identity(record)),
            Kind::Ready { credential, .. } => return remote::known_identity(settings, credential),
            Kind::Flag(from) | Kind::Variable(_, from) if from.starts_with('@') => {
                let (key, _) = input::read_file(&from[1..], false).ok()?;
                usable(key, self.place.as_str()).ok()?
            }
            Kind::Flag(_) => return None,
            Kind::Variable(_, value) => Secret::new(value.trim().to_owned()),
        };
        remote::known_identity(settings, &Credential::ApiKey(key))
    }

    /// Reads the credential itself, and returns with it the login that it is, where it is one. `directory` is the one of
    /// the profile's configuration.
    pub fn open(
        self,
        directory: Option<&Path>,
        ui: &mut Ui,
    ) -> Result<(Credential, Option<LoginRecord>)> {
        let key = match self.kind {
            Kind::Flag(from) => of_flag(&from, ui)?,
            Kind::Variable(name, value) => match value.strip_prefix('@') {
                Some(file) => of_file(file, name, ui)?,
                None => usable(Secret::new(value.trim().to_owned()), name)?,
            },
            Kind::Ready { credential, loose, .. } => {
                ui.warn_of(loose);
                return Ok((credential, None));
            }
            Kind::Kept(record) => {
                let directory = config::needed(directory, "the login")?;
                let (key, record) = login::read(record, directory, ui)?;
                return Ok((Credential::ApiKey(key), Some(record)));
            }
        };
        Ok((Credential::ApiKey(key), None))
    }
}

/// What is looked through.
#[derive(Debug)]
pub struct Search<'a> {
    /// What `--apikey` says.
    pub flag: Option<&'a str>,
    /// The environment.
    pub environment: &'a Environment,
    /// Whose login is meant.
    pub profile: &'a Profile,
    /// The logins there are.
    pub file: &'a ConfigFile,
    /// The endpoint that is meant.
    pub named: &'a Named,
    /// Whether it may wait for other programs.
    pub waits: bool,
}

impl Search<'_> {
    /// Finds the first place with a credential. Fails where something that cannot be used comes first.
    pub fn first(&self) -> Result<Option<Candidate>> {
        for place in Place::ALL {
            match self.look(place) {
                State::Present(candidate) => return Ok(Some(*candidate)),
                State::Broken(error) => return Err(error),
                State::Absent(_) | State::Elsewhere(_) => {}
            }
        }
        Ok(None)
    }

    /// Looks at one place.
    pub fn look(&self, place: Place) -> State {
        match place {
            Place::Flag => match self.flag {
                None => State::absent("not given"),
                Some(from) => State::Present(Box::new(Candidate {
                    place,
                    detail: String::new(),
                    urls: Urls::default(),
                    kind: Kind::Flag(from.to_owned()),
                })),
            },
            Place::Variable | Place::TerraformVariable => self.variable(place, place.as_str()),
            Place::SdkFile | Place::SdkFileAtHome => sdk::file(self, place),
            Place::SdkFileHere => sdk::file_here(self),
            Place::SdkVariables => sdk::variables(self),
            Place::Login => self.login(),
            Place::CliSession => cli_session::look(self),
        }
    }

    fn variable(&self, place: Place, name: &'static str) -> State {
        match self.environment.raw(name).map(OsStr::to_str) {
            None => State::absent("not set"),
            Some(None) => State::Broken(unusable(name, "is not valid UTF-8")),
            Some(Some("")) => State::Broken(empty(name)),
            Some(Some(value)) => State::Present(Box::new(Candidate {
                place,
                detail: String::new(),
                urls: Urls::default(),
                kind: Kind::Variable(name, value.to_owned()),
            })),
        }
    }

    /// Finds the latest login for the endpoint that is meant.
    fn login(&self) -> State {
        let mut elsewhere = None;
        for record in self.file.logins.iter().rev() {
            let urls = match login::urls(record) {
                Ok(urls) => urls,
                Err(error) => return State::Broken(error),
            };
            match self.named.excludes(&urls) {
                Some(why) => elsewhere = elsewhere.or(Some(why)),
                None => {
                    return State::Present(Box::new(Candidate {
                        place: Place::Login,
                        detail: login::keeper(record).to_owned(),
                        urls,
                        kind: Kind::Kept(record.clone()),
                    }));
                }
            }
        }
        elsewhere.map_or_else(|| State::absent("nobody is logged in"), State::Elsewhere)
    }
}

/// Reads the key that `--apikey` names.
pub fn of_flag(from: &str, ui: &mut Ui) -> Result<Secret> {
    if let Some(file) = from.strip_prefix('@') {
        return of_file(file, "--apikey", ui);
    }
    match input::read(from, ui)? {
        Some(key) => usable(key, "--apikey"),
        None => Err(Error::usage(
            "An API key is not taken from the command line, where others can see it.",
        )
        .hint("Write '--apikey @FILE', or pipe the key in with '--apikey -'.")),
    }
}

fn of_file(file: &str, source: &str, ui: &mut Ui) -> Result<Secret> {
    let (key, loose) = input::read_file(file, true)
        .map_err(|error| unusable(source, &format!("names a file: {}", error.message)))?;
    let key = usable(key, source)?;
    ui.warn_of(loose);
    Ok(key)
}

/// Refuses what can be no key, before it is sent anywhere.
pub fn usable(key: Secret, source: &str) -> Result<Secret> {
    let text = key.expose();
    if text.is_empty() {
        return Err(unusable(source, "holds no API key"));
    }
    // No placeholder either (`api/auth.md` §2).
    if !input::can_be_key(text) {
        return Err(unusable(source, "holds something else than one API key"));
    }
    Ok(key)
}

fn empty(name: &str) -> Error {
    Error::new(ErrorKind::NotLoggedIn, format!("{name} is set but empty.")).hint(format!(
        "Give it an API key or '@FILE', or unset it; {}=local asks for the local store.",
        config::BACKEND
    ))
}

fn unusable(source: &str, why: &str) -> Error {
    let why = why.trim_end_matches('.');
    Error::new(ErrorKind::NotLoggedIn, format!("{source} {why}."))
        .hint("Give it an API key, or '@' and the name of a file that holds one.")
}
