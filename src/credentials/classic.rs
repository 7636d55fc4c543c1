//! Credentials of classic infrastructure: a user name and a key, or a credential of IAM.

use std::path::PathBuf;

use zeroize::Zeroizing;

use super::candidate::Candidate;
use super::input;
use super::search::Search;
use crate::error::{Error, ErrorKind, Result};
use crate::http::Endpoint;
use crate::private_file;
use crate::secret::Secret;
use crate::settings::service::{self, Urls};
use crate::settings::variables::{BACKEND, CLASSIC_API_KEY, CLASSIC_ENDPOINT, CLASSIC_USER};
use crate::settings::{Settings, home};
use crate::systems::System;
use crate::systems::classic::remote::Credential;
use crate::systems::classic::{API_KEY_USER, PATH};
use crate::ui::Ui;

/// The file of softlayer-python, in the home directory.
const FILE: &str = ".softlayer";
const MOST: u64 = 64 * 1024;
const PUBLIC: &str = "https://api.softlayer.com";
/// The same on IBM's private network.
const PRIVATE: &str = "https://api.service.softlayer.com";

/// A credential that was found, and perhaps not read yet.
#[derive(Debug)]
pub enum ClassicCandidate {
    /// A user name and a key.
    Own(OwnCredential),
    /// A credential of IAM.
    Iam(Box<Candidate>),
}

/// A user name and a key.
#[derive(Debug)]
pub struct OwnCredential {
    /// Where they are, for people.
    pub source: String,
    /// The user name.
    pub user: String,
    /// The key, or `@FILE`.
    key: Zeroizing<String>,
    /// Where they belong, if the place tells that.
    endpoint: Option<Endpoint>,
}

/// Finds the first credential: `--apikey`, the variables of softlayer-go, what IAM is logged in to with, the file of
/// softlayer-python. Fails where a place before it holds something that cannot be used.
pub fn find(settings: &Settings) -> Result<Option<ClassicCandidate>> {
    let of_iam = || Ok(Search::new(settings)?.first()?.map(Box::new).map(ClassicCandidate::Iam));
    if settings.flags().apikey.is_some() {
        return of_iam();
    }
    if let Some(own) = in_variables(settings)? {
        return Ok(Some(ClassicCandidate::Own(own)));
    }
    match of_iam()? {
        None => Ok(in_file(settings)?.map(ClassicCandidate::Own)),
        found => Ok(found),
    }
}

/// Returns the user name and key that are used, and not a credential of IAM.
pub fn own(settings: &Settings) -> Result<Option<OwnCredential>> {
    if settings.flags().apikey.is_some() {
        return Ok(None);
    }
    match in_variables(settings)? {
        None if matches!(Search::new(settings)?.first(), Ok(None)) => in_file(settings),
        found => Ok(found),
    }
}

impl OwnCredential {
    /// Reads the key. Also returns the file that holds it and nothing else.
    pub fn open(self, ui: &mut Ui) -> Result<(Credential, Option<PathBuf>)> {
        let Self { source, user, key, .. } = self;
        let system = if user == API_KEY_USER { System::Iam } else { System::Classic };
        let (secret, file) = match key.strip_prefix('@') {
            Some(file) => {
                let secret = input::of_file(file, system, &source, ui)?;
                (secret, Some(PathBuf::from(file)))
            }
            None => (input::usable_of(Secret::new(key.trim().to_owned()), system, &source)?, None),
        };
        Ok((Credential::Basic { user, secret }, file))
    }
}

impl ClassicCandidate {
    /// Returns the URL of the service for this credential; `iam` is where IAM is.
    pub fn endpoint(&self, settings: &Settings, iam: &Endpoint) -> Result<Endpoint> {
        let own = match self {
            Self::Own(own) => own.endpoint.clone().map(|url| (url, &own.source)),
            Self::Iam(_) => None,
        };
        match (named(settings)?, own) {
            (Some(named), Some((own, source))) if named != own => {
                let is_ibm = |url: &Endpoint| url.authority().ends_with(".softlayer.com");
                if is_ibm(&named) && is_ibm(&own) {
                    return Ok(named);
                }
                let message = format!(
                    "The credential of {source} belongs to {own}, and {named} is meant; it was not sent there."
                );
                Err(Error::new(ErrorKind::NotLoggedIn, message)
                    .hint("Name the same endpoint in both places, or give another credential."))
            }
            (Some(named), _) => Ok(named),
            (None, Some((own, _))) => Ok(own),
            (None, None) => self.beside(iam),
        }
    }

    /// Returns the service that belongs to an IAM endpoint.
    fn beside(&self, iam: &Endpoint) -> Result<Endpoint> {
        let host = iam.authority();
        let is_ibm = host == "iam.cloud.ibm.com" || host.ends_with(".iam.cloud.ibm.com");
        let origin = if iam.is_loopback() {
            let scheme = if iam.is_https() { "https" } else { "http" };
            &format!("{scheme}://{host}")
        } else if host.starts_with("private.") && is_ibm {
            PRIVATE
        } else if is_ibm || matches!(self, Self::Own(_)) {
            PUBLIC
        } else {
            let message =
                format!("Where the classic infrastructure that belongs to {iam} is, is not known.");
            return Err(Error::usage(message).hint(format!(
                "{} names the place, for example '{PUBLIC}{PATH}'.",
                CLASSIC_ENDPOINT[0]
            )));
        };
        service::parse("The endpoint of classic infrastructure", &format!("{origin}{PATH}"))
    }
}

/// Returns the first of these variables that is set, with its name. Fails where that is empty.
fn first(settings: &Settings, names: [&'static str; 2]) -> Result<Option<(&'static str, String)>> {
    for name in names {
        if let Some(value) = settings.environment().text(name)? {
            return Ok(Some((name, value)));
        }
    }
    Ok(None)
}

/// Returns the URL that a variable names.
fn named(settings: &Settings) -> Result<Option<Endpoint>> {
    let named = first(settings, CLASSIC_ENDPOINT)?;
    named.map(|(name, text)| parse(name, &text)).transpose()
}

/// Reads a URL. That of XML-RPC means its twin of REST.
fn parse(source: &str, text: &str) -> Result<Endpoint> {
    service::parse(source, text.trim().trim_end_matches('/').replace("/xmlrpc/", "/rest/").as_str())
}

fn in_variables(settings: &Settings) -> Result<Option<OwnCredential>> {
    let credential = |names| {
        first(settings, names).map_err(|error| Error { kind: ErrorKind::NotLoggedIn, ..error })
    };
    let (user, key) = (credential(CLASSIC_USER)?, credential(CLASSIC_API_KEY)?);
    let alone = |set: &str, [missing, _]: [&str; 2]| {
        let message = format!("{set} is set, and {missing} is not.");
        Error::new(ErrorKind::NotLoggedIn, message)
            .hint(format!("Set both, or unset {set} with 'unset {set}'."))
    };
    match (user, key) {
        (None, None) => Ok(None),
        (Some((user, _)), None) => Err(alone(user, CLASSIC_API_KEY)),
        (None, Some((key, _))) => Err(alone(key, CLASSIC_USER)),
        (Some((_, user)), Some((name, key))) => Ok(Some(OwnCredential {
            source: name.to_owned(),
            user,
            key: Zeroizing::new(key),
            endpoint: None,
        })),
    }
}

/// Reads the file of softlayer-python, unless it is about another place than the IAM endpoint that is named.
fn in_file(settings: &Settings) -> Result<Option<OwnCredential>> {
    let Some(path) = home(settings.environment())?.map(|home| home.join(FILE)) else {
        return Ok(None);
    };
    let source = format!("'~/{FILE}'");
    let broken = |why: &str| {
        Error::new(ErrorKind::NotLoggedIn, format!("{source} {why}.")).hint(format!(
            "'slcli config setup' writes it anew; {BACKEND}=local asks for the local store."
        ))
    };
    let bytes = private_file::read_trusted(&path, MOST)
        .map_err(|error| broken(&format!("cannot be read: {error}")).remedied(&error))?;
    let Some(bytes) = bytes else { return Ok(None) };
    let text = str::from_utf8(&bytes).map_err(|_| broken("is not valid UTF-8"))?;
    let get = |name| property(text, name).filter(|value| !value.is_empty());
    let (user, key) = match (get("username"), get("api_key")) {
        (None, None) => return Ok(None),
        (Some(user), Some(key)) => (user.to_owned(), Zeroizing::new(key.to_owned())),
        (None, _) => return Err(broken("holds no 'username'")),
        (_, None) => return Err(broken("holds no 'api_key'")),
    };
    if key.starts_with('@') {
        return Err(broken("holds something else than one API key"));
    }
    let endpoint = get("endpoint_url");
    let endpoint =
        endpoint.map(|url| parse(&format!("endpoint_url in {source}"), url)).transpose()?;
    let is_away = endpoint.as_ref().is_some_and(|endpoint| !endpoint.is_loopback());
    // Who tries something out must not reach the real account.
    if is_away && settings.remote(&Urls::default())?.endpoint.is_loopback() {
        return Ok(None);
    }
    Ok(Some(OwnCredential { source, user, key, endpoint }))
}

/// Returns a property in the section `[softlayer]` of an INI file.
fn property<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut is_ours = false;
    text.lines().map(str::trim).filter(|line| !line.starts_with(['#', ';'])).find_map(|line| {
        if line.starts_with('[') {
            is_ours = line == "[softlayer]";
            return None;
        }
        let (key, value) = line.split_once(['=', ':']).filter(|_| is_ours)?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_section_of_softlayer_is_read() {
        let text = "[other]\nusername=x\n[softlayer]\n# username = y\nUsername = 1_me@a.b \n api_key: k=1\n[more]\nx=1";
        assert_eq!(property(text, "username"), Some("1_me@a.b"));
        assert_eq!(property(text, "api_key"), Some("k=1"));
        assert_eq!(property(text, "x"), None);
    }

    #[test]
    fn the_service_is_beside_its_iam() {
        let own = || {
            ClassicCandidate::Own(OwnCredential {
                source: String::new(),
                user: String::new(),
                key: Zeroizing::default(),
                endpoint: None,
            })
        };
        let beside = |iam: &str| {
            own().beside(&Endpoint::parse(iam).unwrap()).map(|url| url.to_string()).unwrap()
        };
        for (iam, expected) in [
            ("https://iam.cloud.ibm.com", "https://api.softlayer.com/rest/v3.1"),
            ("https://eu-de.iam.cloud.ibm.com", "https://api.softlayer.com/rest/v3.1"),
            ("https://private.iam.cloud.ibm.com", "https://api.service.softlayer.com/rest/v3.1"),
            ("https://private.example.com", "https://api.softlayer.com/rest/v3.1"),
            ("http://127.0.0.1:1/iam", "http://127.0.0.1:1/rest/v3.1"),
            ("https://[::1]:2", "https://[::1]:2/rest/v3.1"),
        ] {
            assert_eq!(beside(iam), expected, "{iam}");
        }
        let rest = parse("x", "https://api.softlayer.com/xmlrpc/v3.1/").unwrap();
        assert_eq!(rest.as_str(), "https://api.softlayer.com/rest/v3.1");
    }
}
