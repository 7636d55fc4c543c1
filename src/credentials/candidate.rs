//! A credential that was found, and how it is read.

use std::path::{Path, PathBuf};

use super::source::CredentialSource;
use super::{input, login};
use crate::error::{Error, Result};
use crate::model::Identity;
use crate::secret::Secret;
use crate::settings::service::{Service, Urls};
use crate::settings::{LoginRecord, needed};
use crate::systems::System;
use crate::systems::iam::remote::{self, Credential};
use crate::ui::Ui;

/// What a place holds.
#[derive(Debug)]
pub enum Contents {
    /// Nothing, and why.
    Absent(String),
    /// A credential that is not used here, and why.
    Elsewhere(String),
    /// A credential that was not read yet.
    Present(Box<Candidate>),
    /// Something that cannot be used.
    Broken(Error),
}

impl Contents {
    pub(super) fn absent(why: &str) -> Self {
        Self::Absent(why.to_owned())
    }
}

/// A credential that was found, and perhaps not read yet.
#[derive(Debug)]
pub struct Candidate {
    /// The place.
    pub place: CredentialSource,
    /// The file or variable, for people; empty where the name of the place is enough.
    pub detail: String,
    /// The URLs that it belongs to; it is sent nowhere else.
    pub urls: Urls,
    pub(super) kind: Kind,
}

/// How the credential itself is read.
#[derive(Debug)]
pub(super) enum Kind {
    /// From the flag's `@FILE` or `-`.
    Flag(String),
    /// From the variable of this name, which holds a value or `@FILE`.
    Variable(&'static str, String),
    /// It was read already.
    Ready {
        credential: Credential,
        /// The file that holds it and nothing else.
        file: Option<PathBuf>,
        /// The warning that others can read the file.
        loose: Option<String>,
    },
    Login(LoginRecord),
}

impl Candidate {
    /// Returns the file that `@FILE` names.
    pub fn file(&self) -> Option<&Path> {
        match &self.kind {
            Kind::Flag(from) | Kind::Variable(_, from) => from.strip_prefix('@').map(Path::new),
            Kind::Ready { file, .. } => file.as_deref(),
            Kind::Login(_) => None,
        }
    }

    /// Names the place and the detail, for people.
    pub fn source(&self) -> String {
        if self.detail.is_empty() {
            return self.place.as_str().to_owned();
        }
        format!("{} ({})", self.place.as_str(), self.detail)
    }

    /// Returns the identity of the credential, where that is known without the network, the keyring, a question, standard
    /// input or waiting.
    pub fn known_identity(&self, settings: &Service) -> Option<Identity> {
        let key = match &self.kind {
            Kind::Login(record) => return Some(login::identity(record)),
            Kind::Ready { credential, .. } => return remote::known_identity(settings, credential),
            Kind::Flag(from) | Kind::Variable(_, from) if from.starts_with('@') => {
                let (held, _) = input::read_file(&from[1..], false).ok()?;
                input::judged(held, System::Iam, self.place.as_str()).ok()?
            }
            Kind::Flag(_) => return None,
            Kind::Variable(_, value) => Secret::new(value.trim().to_owned()),
        };
        remote::known_identity(settings, &Credential::ApiKey(key))
    }

    /// Reads the credential itself. Also returns its login, if it is one. `directory` is that of the profile's
    /// configuration.
    pub fn open(
        self,
        directory: Option<&Path>,
        ui: &mut Ui,
    ) -> Result<(Credential, Option<LoginRecord>)> {
        let key = match self.kind {
            Kind::Flag(from) => input::of_flag(&from, ui)?,
            Kind::Variable(name, value) => match value.strip_prefix('@') {
                Some(file) => input::of_file(file, System::Iam, name, ui)?,
                None => input::usable(Secret::new(value.trim().to_owned()), name)?,
            },
            Kind::Ready { credential, loose, .. } => {
                ui.warn_of(loose);
                return Ok((credential, None));
            }
            Kind::Login(record) => {
                let directory = needed(directory, "the login")?;
                let (key, record) = login::read(&record, directory, ui)?;
                return Ok((Credential::ApiKey(key), Some(record)));
            }
        };
        Ok((Credential::ApiKey(key), None))
    }
}
