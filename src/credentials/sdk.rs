//! The external configuration of IBM's SDKs ("Using external configuration" in their common documentation): properties in
//! a file or in the environment.

use std::ffi::OsStr;
use std::path::PathBuf;

use zeroize::Zeroizing;

use super::candidate::{Candidate, Contents, Kind};
use super::held::HeldKey;
use super::input::{self, empty, judged, unusable};
use super::source::CredentialSource;
use crate::environment::Environment;
use crate::error::{Error, ErrorKind, Result};
use crate::http::Endpoint;
use crate::private_file;
use crate::secret::{self, Secret};
use crate::settings::service::{self, Named, Urls};
use crate::settings::variables::{BACKEND, SDK_FILE, SDK_PREFIX};
use crate::settings::{Settings, home};
use crate::systems::System;
use crate::systems::iam::remote::Credential;

const FILE: &str = "ibm-credentials.env";
const MOST: u64 = 64 * 1024;

/// The variables that count as a credential. The others are settings for any credential.
const OF_CREDENTIALS: [&str; 10] = [
    "APIKEY",
    "BEARER_TOKEN",
    "AUTH_TYPE",
    "AUTHTYPE",
    "CR_TOKEN_FILENAME",
    "IAM_PROFILE_CRN",
    "IAM_PROFILE_ID",
    "IAM_PROFILE_NAME",
    "PASSWORD",
    "USERNAME",
];

/// Properties by name, without their prefix.
struct Properties {
    /// Names the file or the environment.
    source: String,
    /// Whether they are variables, in which `@FILE` names a file.
    in_variables: bool,
    /// Whether such a file may be a FIFO.
    waits: bool,
    found: Vec<(String, Zeroizing<String>)>,
}

/// Looks at one of the files.
pub(super) fn file(
    settings: &Settings,
    meant: &Named,
    place: CredentialSource,
) -> Result<Contents> {
    let is_named = place == CredentialSource::SdkFile;
    let environment = settings.environment();
    let path = if is_named { named(environment)? } else { at_home(environment)? };
    let Some(path) = path else {
        return Ok(Contents::absent(if is_named { "not set" } else { "no home directory" }));
    };
    let shown = path.display().to_string();
    let source = if is_named {
        format!("{SDK_FILE} ('{}')", secret::veil(&shown))
    } else {
        format!("'{}'", place.as_str())
    };
    let read = if is_named { private_file::read_named } else { private_file::read_trusted };
    let bytes = read(&path, MOST)
        .map_err(|error| broken(&source, &format!("cannot be read: {error}")).remedied(&error))?;
    let bytes = match bytes {
        None if is_named => return Err(broken(&source, "names no file")),
        None => return Ok(Contents::absent("no such file")),
        Some(bytes) => bytes,
    };
    let text = str::from_utf8(&bytes).map_err(|_| broken(&source, "is not valid UTF-8"))?;
    let properties = Properties {
        found: properties(text),
        in_variables: false,
        waits: settings.waits(),
        source,
    };
    if properties.found.is_empty() {
        if is_named {
            return Err(broken(&properties.source, "holds no IAM_IDENTITY_APIKEY"));
        }
        return Ok(Contents::absent("holds nothing that begins with IAM_IDENTITY_"));
    }
    let detail = if is_named { shown } else { String::new() };
    let found = belongs(meant, candidate(&properties, place, detail)?)?;
    Ok(Contents::Present(Box::new(found)))
}

/// Looks whether there is a file in the working directory. It is not read: whoever can write there would choose where keys
/// are sent. It is used only where a variable names it.
pub(super) fn file_here(environment: &Environment) -> Contents {
    if std::fs::symlink_metadata(FILE).is_err() {
        return Contents::absent("no such file");
    }
    let here = std::fs::canonicalize(FILE).ok();
    let is_looked_at = |path: Result<Option<PathBuf>>| {
        here.is_some() && path.ok().flatten().and_then(|path| path.canonicalize().ok()) == here
    };
    if is_looked_at(named(environment)) {
        return Contents::Absent(format!("named by {SDK_FILE}"));
    }
    if is_looked_at(at_home(environment)) {
        return Contents::absent("the one in the home directory");
    }
    let how = format!("'export {}={}'", SDK_FILE, CredentialSource::SdkFileHere.as_str());
    Contents::Elsewhere(format!("is used only where it is named: {how}"))
}

fn named(environment: &Environment) -> Result<Option<PathBuf>> {
    match environment.raw(SDK_FILE) {
        Some(path) if path.is_empty() => Err(empty(SDK_FILE)),
        path => Ok(path.map(PathBuf::from)),
    }
}

fn at_home(environment: &Environment) -> Result<Option<PathBuf>> {
    Ok(home(environment)?.map(|home| home.join(FILE)))
}

pub(super) fn variables(settings: &Settings) -> Result<Contents> {
    let mut found = Vec::new();
    for name in OF_CREDENTIALS {
        let variable = format!("{SDK_PREFIX}{name}");
        match settings.environment().raw(&variable).map(OsStr::to_str) {
            None => {}
            Some(None) => return Err(unusable(&variable, "is not valid UTF-8")),
            Some(Some(value)) => found.push((name.to_owned(), Zeroizing::new(value.to_owned()))),
        }
    }
    if found.is_empty() {
        return Ok(Contents::absent("not set"));
    }
    let properties = Properties {
        found,
        in_variables: true,
        waits: settings.waits(),
        source: "The environment".to_owned(),
    };
    let found = candidate(&properties, CredentialSource::SdkVariables, String::new())?;
    Ok(Contents::Present(Box::new(found)))
}

/// Reads `IAM_IDENTITY_NAME=VALUE` lines. Lines that begin with `#` are comments; the properties of other services are
/// ignored.
fn properties(text: &str) -> Vec<(String, Zeroizing<String>)> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('='))
        .filter_map(|(name, value)| {
            let name = name.trim().strip_prefix(SDK_PREFIX)?;
            Some((name.to_owned(), Zeroizing::new(value.trim().to_owned())))
        })
        .collect()
}

impl Properties {
    /// Returns a property. Fails where it is empty.
    fn get(&self, name: &str) -> Result<Option<&str>> {
        match self.found.iter().find(|(found, _)| found == name) {
            None => Ok(None),
            Some((_, value)) if value.is_empty() && self.in_variables => {
                Err(empty(&format!("{SDK_PREFIX}{name}")))
            }
            Some((_, value)) if value.is_empty() => {
                Err(broken(&self.source, &format!("holds an empty {SDK_PREFIX}{name}")))
            }
            Some((_, value)) => Ok(Some(value)),
        }
    }

    /// Returns a property that is a secret, and a warning if others can read its file.
    fn secret(&self, name: &str) -> Result<Option<(Secret, Option<String>)>> {
        let Some(value) = self.get(name)? else { return Ok(None) };
        let called = format!("{SDK_PREFIX}{name}");
        let named = if self.in_variables { called } else { format!("{called} in {}", self.source) };
        let (held, loose) = match value.strip_prefix('@').filter(|_| self.in_variables) {
            Some(file) => input::read_file(file, self.waits)
                .map_err(|error| unusable(&named, &format!("names a file: {}", error.message)))?,
            None => (HeldKey::alone(Secret::new(value.to_owned())), None),
        };
        let is_token = name == "BEARER_TOKEN" && input::can_be_token(held.value.expose());
        let key = if is_token { held.value } else { judged(held, System::Iam, &named)? };
        Ok(Some((key, loose)))
    }

    fn is_true(&self, name: &str) -> bool {
        self.found.iter().any(|(found, value)| found == name && value.eq_ignore_ascii_case("true"))
    }
}

fn candidate(
    properties: &Properties,
    place: CredentialSource,
    detail: String,
) -> Result<Candidate> {
    let kind = match properties.get("AUTH_TYPE")?.or(properties.get("AUTHTYPE")?) {
        Some(kind) => kind.to_ascii_lowercase(),
        None if properties.get("APIKEY")?.is_some() => "iam".to_owned(),
        None if properties.get("BEARER_TOKEN")?.is_some() => "bearertoken".to_owned(),
        None => {
            return Err(broken(
                &properties.source,
                "holds neither IAM_IDENTITY_APIKEY nor IAM_IDENTITY_BEARER_TOKEN",
            ));
        }
    };
    let (name, credential): (_, fn(Secret) -> Credential) = match kind.as_str() {
        "iam" => ("APIKEY", Credential::ApiKey),
        "bearertoken" => ("BEARER_TOKEN", Credential::BearerToken),
        _ => {
            let kind = secret::veil(&kind);
            let told = format!("asks for the credential type '{kind}', which is not covered");
            return Err(broken(&properties.source, &told));
        }
    };
    let (secret, loose) = properties
        .secret(name)?
        .ok_or_else(|| broken(&properties.source, &format!("holds no {SDK_PREFIX}{name}")))?;
    let credential = credential(secret);
    let mut urls = Urls::default();
    // A file's URLs belong to its credential. URLs in variables belong to every credential: `Named` reads those.
    if !properties.in_variables {
        let url = |name: &str, parse: fn(&str, &str) -> Result<Endpoint>| {
            let called = format!("{SDK_PREFIX}{name} in {}", properties.source);
            properties.get(name)?.map(|text| parse(&called, text)).transpose()
        };
        urls = Urls {
            endpoint: url("URL", service::parse)?,
            auth: url("AUTH_URL", service::parse_auth)?,
            disable_ssl: properties.is_true("DISABLE_SSL")
                || properties.is_true("AUTH_DISABLE_SSL"),
        };
    }
    let file = match &credential {
        Credential::ApiKey(_) if properties.in_variables => properties.get("APIKEY")?,
        _ => None,
    };
    let file = file.and_then(|value| value.strip_prefix('@')).map(PathBuf::from);
    Ok(Candidate { place, detail, urls, kind: Kind::Ready { credential, file, loose } })
}

/// Refuses a file whose credential does not belong to the endpoint that a flag or variable of this program names.
fn belongs(meant: &Named, found: Candidate) -> Result<Candidate> {
    match meant.excludes(&found.urls).filter(|_| meant.is_firm) {
        None => Ok(found),
        Some(why) => Err(Error::new(
            ErrorKind::NotLoggedIn,
            format!("The credential of {} {why}; it was not sent there.", found.source()),
        )
        .hint("Name the same endpoint in both places, or give another credential.")),
    }
}

fn broken(source: &str, why: &str) -> Error {
    Error::new(ErrorKind::NotLoggedIn, format!("{source} {why}.")).hint(format!(
        "Write lines such as 'IAM_IDENTITY_APIKEY=...' into it, or do without it; {BACKEND}=local asks for the local store."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_properties_and_the_rest_is_not_ours() {
        let text = "# a comment\n\nIAM_IDENTITY_APIKEY= -a=b \r\n#IAM_IDENTITY_URL=x\nOTHER_APIKEY=y\nIAM_IDENTITY_URL=\nno line";
        let found = properties(text);
        let found: Vec<(&str, &str)> =
            found.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(found, [("APIKEY", "-a=b"), ("URL", "")]);
    }
}
