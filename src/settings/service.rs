//! Settings of the remote backend: URLs, proxy, time-out and trace.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Duration;

use super::directories::Directories;
use super::file::ConfigFile;
use super::flags::Flags;
use super::variables::{
    AUTH_ENDPOINT, CERTIFICATES, ENDPOINT, NO_PROXIES, PROXIES, SDK_AUTH_DISABLE_SSL,
    SDK_DISABLE_SSL, SDK_ENDPOINT, TIMEOUT, TRACE,
};
use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::http::{self, Endpoint, Proxy, TraceTo};

/// The URL of the service where nothing names another.
pub const DEFAULT_ENDPOINT: &str = "https://iam.cloud.ibm.com";

/// How to reach the service.
#[derive(Clone, Debug)]
pub struct Service {
    /// The API's base URL.
    pub endpoint: Endpoint,
    /// The token service's base URL.
    pub auth: Endpoint,
    /// The directory in which tokens are kept; `None` to keep none.
    pub tokens: Option<PathBuf>,
    /// How requests are sent.
    pub http: http::Options,
}

/// URLs of the service and of its token service, as far as something names them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Urls {
    /// The service.
    pub endpoint: Option<Endpoint>,
    /// The token service, where that is another host.
    pub auth: Option<Endpoint>,
    /// Whether any certificate is accepted.
    pub disable_ssl: bool,
}

/// The URLs of this command and profile, before a credential adds its own.
#[derive(Clone, Debug, Default)]
pub struct Named {
    /// The URLs.
    pub urls: Urls,
    /// Whether a flag or variable of this program names the endpoint; then no credential may bring another.
    pub is_firm: bool,
}

impl Named {
    /// Resolves the URLs: `--endpoint`, else a variable, else the profile's configuration.
    pub fn resolve(flags: &Flags, environment: &Environment, file: &ConfigFile) -> Result<Self> {
        let auth = environment.text(AUTH_ENDPOINT)?;
        let auth = auth.map(|text| parse_auth(AUTH_ENDPOINT, &text)).transpose()?;
        let mut urls = Urls { auth, ..Urls::default() };
        urls.disable_ssl =
            is_true(environment, SDK_DISABLE_SSL) || is_true(environment, SDK_AUTH_DISABLE_SSL);
        let firm = match &flags.endpoint {
            Some(text) => Some(parse("--endpoint", text)?),
            None => variable(environment, ENDPOINT)?,
        };
        let is_firm = firm.is_some();
        urls.endpoint = match (firm, variable(environment, SDK_ENDPOINT)?, &file.endpoint) {
            (Some(endpoint), ..) | (None, Some(endpoint), _) => Some(endpoint),
            (None, None, Some(text)) => Some(parse("The configuration's endpoint", text)?),
            (None, None, None) => None,
        };
        Ok(Self { urls, is_firm })
    }

    /// Returns why a credential that belongs to `own` must not be used here; `None` where it may be.
    pub fn excludes(&self, own: &Urls) -> Option<String> {
        let endpoint = own.endpoint.as_ref()?;
        let auth = own.auth.as_ref().unwrap_or(endpoint);
        let named = &self.urls;
        let other = |named: &Option<Endpoint>, own: &Endpoint| {
            named.as_ref().filter(|named| *named != own).map(ToString::to_string)
        };
        let meant = other(&named.endpoint, endpoint).or_else(|| other(&named.auth, auth))?;
        Some(format!("belongs to {endpoint}, and {meant} is meant"))
    }

    /// Resolves how to reach the service with a credential that belongs to `own`.
    pub fn service(
        &self,
        own: &Urls,
        flags: &Flags,
        environment: &Environment,
        directories: &Directories,
    ) -> Result<Service> {
        let endpoint = match own.endpoint.as_ref().or(self.urls.endpoint.as_ref()) {
            Some(endpoint) => endpoint.clone(),
            None => parse("The default endpoint", DEFAULT_ENDPOINT)?,
        };
        // A credential that brings an endpoint brings its token service too.
        let auth = match (&own.auth, &own.endpoint) {
            (Some(auth), _) => auth.clone(),
            (None, Some(_)) => endpoint.clone(),
            (None, None) => self.urls.auth.clone().unwrap_or_else(|| endpoint.clone()),
        };
        let disable_ssl = self.urls.disable_ssl || own.disable_ssl;
        if let Some(away) = [&endpoint, &auth].into_iter().find(|url| !url.is_loopback())
            && disable_ssl
        {
            return Err(Error::usage(format!(
                "{SDK_DISABLE_SSL} is true, and {away} is not on this machine: a key must not travel unprotected."
            ))
            .hint("Unset it, and name the certificate of a private authority with '--ca-file FILE'."));
        }
        if flags.ca_file.is_none() {
            // An empty one would be ignored, and the system's certificates trusted.
            CERTIFICATES.iter().try_for_each(|name| environment.path(name).map(drop))?;
        }
        let stays_here = endpoint.is_loopback() && auth.is_loopback();
        Ok(Service {
            endpoint,
            auth,
            tokens: directories.tokens.clone(),
            http: http::Options {
                timeout: timeout(environment)?,
                ca_file: flags.ca_file.clone(),
                any_certificate_on_loopback: disable_ssl,
                proxy: if stays_here { None } else { proxy(environment)? },
                trace: trace(environment),
            },
        })
    }
}

fn variable(environment: &Environment, name: &str) -> Result<Option<Endpoint>> {
    environment.text(name)?.map(|text| parse(name, &text)).transpose()
}

fn is_true(environment: &Environment, name: &str) -> bool {
    environment.raw(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

/// Reads the URL of a token service. As in IBM's SDKs, it may be the URL of the token endpoint.
pub fn parse_auth(source: &str, text: &str) -> Result<Endpoint> {
    parse(source, text.trim_end_matches('/').trim_end_matches("/identity/token"))
}

/// Reads a URL that `source` names.
pub fn parse(source: &str, text: &str) -> Result<Endpoint> {
    Endpoint::parse(text).map_err(|why| {
        // A URL may hold a password.
        let shown = if text.contains('@') { "a URL" } else { &format!("'{text}'") };
        Error::usage(format!("{source} is {shown}, which cannot be used: {why}."))
            .hint(format!("Write a URL such as '{DEFAULT_ENDPOINT}'."))
    })
}

/// Reads which proxy to use. As in other programs, an empty variable counts as unset.
fn proxy(environment: &Environment) -> Result<Option<Proxy>> {
    let set = |name| environment.raw(name).filter(|value| !value.is_empty());
    let found = PROXIES.into_iter().find_map(|name| Some((name, set(name)?)));
    let Some((name, value)) = found else { return Ok(None) };
    let without = NO_PROXIES.into_iter().find_map(set).and_then(OsStr::to_str);
    let read = value.to_str().ok_or("it is not valid UTF-8");
    let read = read.and_then(|text| Proxy::parse(name, text, without));
    read.map(Some).map_err(|why| {
        Error::usage(format!("{name} names no proxy that can be used: {why}.")).hint(format!(
            "Write a URL such as 'http://proxy.example.com:3128', or unset it with 'unset {name}'."
        ))
    })
}

fn timeout(environment: &Environment) -> Result<Option<Duration>> {
    let Some(text) = environment.text(TIMEOUT)? else { return Ok(None) };
    let seconds = text.parse().ok().filter(|seconds| (0.001..=3_600.0).contains(seconds));
    match seconds.map(Duration::from_secs_f64) {
        Some(timeout) => Ok(Some(timeout)),
        None => Err(Error::usage(format!(
            "{TIMEOUT} is '{text}'; it must be a number of seconds above 0 and up to 3600."
        ))),
    }
}

fn trace(environment: &Environment) -> Option<TraceTo> {
    let value = environment.raw(TRACE)?;
    match value.to_str() {
        Some("" | "false" | "FALSE" | "False" | "0") => None,
        Some("true" | "TRUE" | "True" | "1") => Some(TraceTo::Stderr),
        _ => Some(TraceTo::File(PathBuf::from(value))),
    }
}
