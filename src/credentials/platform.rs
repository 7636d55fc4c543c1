//! The credential for a platform: variables, else this program's login there.

use std::path::{Path, PathBuf};

use super::{input, login};
use crate::error::{Error, ErrorKind, Result};
use crate::http::Endpoint;
use crate::secret::Secret;
use crate::settings::variables::{
    BACKEND, PLATFORM_API_KEY, PLATFORM_PASSWORD, PLATFORM_URL, PLATFORM_USER,
};
use crate::settings::{LoginRecord, PlatformProof, Settings, needed};
use crate::systems::System;
use crate::systems::platform::base;
use crate::systems::platform::remote::{Credential, Proof};
use crate::ui::Ui;

/// Who logs in to which platform. What proves it was not read yet.
#[derive(Debug)]
pub struct PlatformCandidate {
    /// The platform.
    pub endpoint: Endpoint,
    /// The user.
    pub user: String,
    /// The password; it wins, because it outlives a key that is generated.
    password: Option<Kind>,
    key: Option<Kind>,
}

#[derive(Debug)]
enum Kind {
    /// A variable of this name, which holds a value or `@FILE`.
    Variable(&'static str, String),
    Login(LoginRecord),
}

/// Which proof is needed.
#[derive(Clone, Copy, Debug)]
pub enum Wanted<'a> {
    /// Whatever there is.
    Any,
    /// The key, and no password.
    Key,
    /// This key, whatever there is.
    This(&'a Secret),
}

/// What was read.
#[derive(Debug)]
pub struct Opened {
    /// Who logs in, and with what.
    pub credential: Credential,
    /// The login of this program that it is, if it is one.
    pub login: Option<LoginRecord>,
    /// The file that holds the key and nothing else.
    pub file: Option<PathBuf>,
}

/// Reads the URL of a platform that `source` names.
pub fn parse_url(source: &str, text: &str) -> Result<Endpoint> {
    Endpoint::parse(base(text.trim())).map_err(|why| {
        // A URL may hold a password.
        let shown = if text.contains('@') { "a URL" } else { &format!("'{text}'") };
        Error::usage(format!("{source} is {shown}, which cannot be used: {why}."))
            .hint("Write the URL of the web console, such as 'https://cpd-zen.apps.example.com'.")
    })
}

/// Finds who logs in to which platform. Fails where variables name one, and something is missing.
pub fn find(settings: &Settings) -> Result<Option<PlatformCandidate>> {
    let environment = settings.environment();
    let url = environment.text(PLATFORM_URL)?;
    let url = url.map(|text| parse_url(PLATFORM_URL, &text)).transpose()?;
    let user = environment.text(PLATFORM_USER)?;
    let variable = |name| -> Result<Option<Kind>> {
        Ok(environment.text(name)?.map(|value| Kind::Variable(name, value)))
    };
    let (password, key) = (variable(PLATFORM_PASSWORD)?, variable(PLATFORM_API_KEY)?);
    if password.is_none()
        && key.is_none()
        && let Some(record) = login_for(url.as_ref(), user.as_deref(), settings)?
    {
        let endpoint = parse_url("The login's URL", &record.endpoint)?;
        let (user, is_key) = (record.user.clone(), record.platform == Some(PlatformProof::ApiKey));
        let login = Some(Kind::Login(record));
        let (password, key) = if is_key { (None, login) } else { (login, None) };
        return Ok(Some(PlatformCandidate { endpoint, user, password, key }));
    }
    if url.is_none() && user.is_none() && password.is_none() && key.is_none() {
        return Ok(None);
    }
    let endpoint = match url {
        Some(url) => url,
        // Then everything is on this machine.
        None => settings
            .named()?
            .urls
            .endpoint
            .filter(Endpoint::is_loopback)
            .ok_or_else(|| missing_part(PLATFORM_URL, "the URL of the platform"))?,
    };
    let user = user.ok_or_else(|| missing_part(PLATFORM_USER, "the name of the user"))?;
    Ok(Some(PlatformCandidate { endpoint, user, password, key }))
}

/// Finds the latest login to a platform that fits.
fn login_for(
    url: Option<&Endpoint>,
    user: Option<&str>,
    settings: &Settings,
) -> Result<Option<LoginRecord>> {
    let fits = |record: &&LoginRecord| {
        record.platform.is_some()
            && url.is_none_or(|url| record.endpoint == url.as_str())
            && user.is_none_or(|user| record.user == user)
    };
    Ok(settings.config_file()?.logins.iter().rev().find(fits).cloned())
}

impl PlatformCandidate {
    /// Names the place of the credential, for people; `None` where there is only a name.
    pub fn source(&self) -> Option<String> {
        Some(match self.password.as_ref().or(self.key.as_ref())? {
            Kind::Variable(name, _) => (*name).to_owned(),
            Kind::Login(record) => format!("login, {}", login::keeper(record)),
        })
    }

    /// Reads what proves who logs in. `directory` is that of the profile's configuration.
    pub fn open(self, wanted: Wanted<'_>, directory: Option<&Path>, ui: &mut Ui) -> Result<Opened> {
        let Self { user, password, key, .. } = self;
        if let Wanted::This(value) = wanted {
            let proof = Proof::ApiKey(Secret::new(value.expose().to_owned()));
            let credential = Credential { user, proof };
            return Ok(Opened { credential, login: None, file: None });
        }
        let password = password.filter(|_| matches!(wanted, Wanted::Any));
        let (kind, is_key) = match (password, key) {
            (Some(password), _) => (password, false),
            (None, Some(key)) => (key, true),
            (None, None) => {
                let (message, what) = match wanted {
                    Wanted::Key => (
                        format!(
                            "'--zen' needs the platform API key of {user}, and the password is not enough."
                        ),
                        PLATFORM_API_KEY.to_owned(),
                    ),
                    _ => (
                        format!("You are not logged in to the platform as {user}."),
                        format!("{PLATFORM_PASSWORD} or {PLATFORM_API_KEY}"),
                    ),
                };
                return Err(Error::new(ErrorKind::NotLoggedIn, message)
                    .hint(format!("Set {what} to a value or '@FILE'.")));
            }
        };
        let (mut login, mut file) = (None, None);
        let secret = match kind {
            Kind::Variable(name, value) => match value.strip_prefix('@') {
                Some(path) if is_key => {
                    file = Some(PathBuf::from(path));
                    input::platform_key(&value, name, ui)?
                }
                Some(_) => input::password(&value, name, ui)?,
                None if is_key => {
                    let key = Secret::new(value.trim().to_owned());
                    input::usable_of(key, System::Platform, name)?
                }
                None => input::usable_password(Secret::new(value), name)?,
            },
            Kind::Login(record) => {
                let (secret, record) = login::read(&record, needed(directory, "the login")?, ui)?;
                login = Some(record);
                secret
            }
        };
        let proof = if is_key { Proof::ApiKey(secret) } else { Proof::Password(secret) };
        Ok(Opened { credential: Credential { user, proof }, login, file })
    }
}

/// Makes the error where no credential for a platform was found. It tells `more`.
pub fn not_logged_in(more: &str, settings: &Settings) -> Error {
    let message = format!("You are not logged in to a platform: no credential was found.{more}");
    Error::new(ErrorKind::NotLoggedIn, message).hint(format!(
        "Run '{} login --platform URL --username USER', or set {PLATFORM_URL}, {PLATFORM_USER}, and {PLATFORM_PASSWORD} or {PLATFORM_API_KEY}; '--backend local' or {BACKEND}=local uses the local store.",
        settings.started_as().shown
    ))
}

fn missing_part(name: &str, what: &str) -> Error {
    let message = format!("Variables name a credential for a platform, but {name} is not set.");
    Error::new(ErrorKind::NotLoggedIn, message)
        .hint(format!("Set {name} to {what}, or unset the others that begin with 'CPD_'."))
}
