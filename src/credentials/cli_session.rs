//! The session of the official CLI, read under the lock of that CLI and never written.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use zeroize::Zeroizing;

use super::candidate::{Candidate, Contents, Kind};
use super::source::CredentialSource;
use crate::environment::Environment;
use crate::error::{Error, ErrorKind, Result};
use crate::private_file::{self, LockMode};
use crate::secret::Secret;
use crate::settings::service::{self, DEFAULT_ENDPOINT, Named, Urls};
use crate::settings::variables::{BACKEND, CLI_CONFIG, CLI_HOMES};
use crate::settings::{Settings, home};
use crate::systems::iam::remote::Credential;

/// How long to wait while the official CLI writes.
const PATIENCE: Duration = Duration::from_secs(3);
const MOST: u64 = 4 << 20;
/// The service of the official CLI's test cloud.
const STAGING: &str = "https://iam.test.cloud.ibm.com";

/// The fields that are read, under the official CLI's names.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct SessionFile {
    #[serde(rename = "IAMToken")]
    token: Zeroizing<String>,
    #[serde(rename = "IAMRefreshToken")]
    refresh_token: Zeroizing<String>,
    #[serde(rename = "IAMEndpoint")]
    endpoint: String,
    #[serde(rename = "IAMPrivateEndpoint")]
    private_endpoint: String,
    #[serde(rename = "IAMPrivateVPCEndpoint")]
    private_vpc_endpoint: String,
    is_private: bool,
    #[serde(rename = "IsAccessFromVPC")]
    is_access_from_vpc: bool,
    cloud_name: String,
}

pub(super) fn look(settings: &Settings, named: &Named) -> Result<Contents> {
    if settings.profile().named().is_some() {
        return Ok(Contents::absent("a named profile has its own logins only"));
    }
    let Some(path) = path(settings.environment())? else {
        return Ok(Contents::absent("no home directory"));
    };
    let patience = if settings.waits() { PATIENCE } else { Duration::ZERO };
    let session = read(&path, patience)
        .map_err(|error| broken(&path, &format!("cannot be read: {error}")).remedied(&error))?;
    let Some(session) = session else { return Ok(Contents::absent("no such file")) };
    if session.token.is_empty() && session.refresh_token.is_empty() {
        return Ok(Contents::absent("logged out"));
    }
    let endpoint = service::parse("The session's IAM endpoint", session.iam_endpoint())
        .map_err(|error| Error { kind: ErrorKind::NotLoggedIn, ..error })?;
    let urls = Urls { endpoint: Some(endpoint), ..Urls::default() };
    if let Some(why) = named.excludes(&urls) {
        return Ok(Contents::Elsewhere(why));
    }
    let access = session.token.trim();
    let access = access.strip_prefix("Bearer ").unwrap_or(access).trim().to_owned();
    let refresh = session.refresh_token.trim().to_owned();
    let credential = Credential::CliSession {
        access: Secret::new(access),
        refresh: (!refresh.is_empty()).then(|| Secret::new(refresh)),
    };
    Ok(Contents::Present(Box::new(Candidate {
        place: CredentialSource::CliSession,
        detail: path.display().to_string(),
        urls,
        kind: Kind::Ready { credential, file: None, loose: None },
    })))
}

/// Finds the file as the official CLI does. An empty variable, which that CLI ignores, is an error here: it would lead to
/// the session of somebody else.
fn path(environment: &Environment) -> Result<Option<PathBuf>> {
    if let Some(directory) = environment.path(CLI_CONFIG)? {
        return Ok(Some(directory.join("config.json")));
    }
    let [first, second] = CLI_HOMES;
    let named = match environment.path(first)? {
        None => environment.path(second)?,
        found => found,
    };
    let home = match named {
        None => home(environment)?,
        found => found,
    };
    Ok(home.map(|home| {
        let new = home.join(".ibmcloud");
        let directory = if new.exists() { new } else { home.join(".bluemix") };
        directory.join("config.json")
    }))
}

/// Reads the file under its lock: the official CLI empties it before it writes.
fn read(path: &Path, patience: Duration) -> io::Result<Option<SessionFile>> {
    let Some(file) = private_file::open_trusted(path)? else { return Ok(None) };
    private_file::lock_open(&file, LockMode::Shared, patience)?;
    let bytes = private_file::read_open(&file, MOST)?;
    if bytes.trim_ascii().is_empty() {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is empty"));
    }
    // serde also accepts a list of the fields in their order.
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is no session"));
    }
    // An error of serde may quote a token.
    serde_json::from_slice(&bytes).map(Some).map_err(|error| {
        let words = format!("it is no session, see line {}", error.line());
        io::Error::new(io::ErrorKind::InvalidData, words)
    })
}

impl SessionFile {
    fn iam_endpoint(&self) -> &str {
        let named = match (self.is_private, self.is_access_from_vpc) {
            (true, true) => &self.private_vpc_endpoint,
            (true, false) => &self.private_endpoint,
            (false, _) => &self.endpoint,
        };
        match (named.as_str(), self.cloud_name.as_str()) {
            ("", "staging") => STAGING,
            ("", _) => DEFAULT_ENDPOINT,
            (named, _) => named,
        }
    }
}

fn broken(path: &Path, why: &str) -> Error {
    Error::new(
        ErrorKind::NotLoggedIn,
        format!("The session of the official CLI, {}, {why}.", path.display()),
    )
    .hint(format!(
        "Run 'ibmcloud login' anew, or 'ibmcloud-iam login'; {BACKEND}=local asks for the local store."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_endpoint_is_the_one_that_the_official_cli_would_use() {
        let session = |text: &str| serde_json::from_str::<SessionFile>(text).unwrap();
        let urls = r#""IAMEndpoint":"https://a","IAMPrivateEndpoint":"https://b","IAMPrivateVPCEndpoint":"https://c""#;
        for (flags, expected) in [
            ("", "https://a"),
            (r#","IsAccessFromVPC":true"#, "https://a"),
            (r#","IsPrivate":true"#, "https://b"),
            (r#","IsPrivate":true,"IsAccessFromVPC":true"#, "https://c"),
        ] {
            assert_eq!(session(&format!("{{{urls}{flags}}}")).iam_endpoint(), expected);
        }
        assert_eq!(session("{}").iam_endpoint(), DEFAULT_ENDPOINT);
        assert_eq!(session(r#"{"CloudName":"staging"}"#).iam_endpoint(), STAGING);
    }
}
