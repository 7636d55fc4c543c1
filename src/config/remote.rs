//! Settings of the remote backend.

use std::path::PathBuf;
use std::time::Duration;

use super::{AUTH_ENDPOINT, Directories, ENDPOINT, SDK_ENDPOINT, TIMEOUT, TRACE};
use crate::backend::remote::{DEFAULT_ENDPOINT, Endpoint, Settings, TraceTo};
use crate::cli::GlobalArgs;
use crate::context::Environment;
use crate::error::{Error, Result};

/// Settles how to reach the service.
pub fn settings(
    global: &GlobalArgs,
    environment: &Environment,
    directories: &Directories,
) -> Result<Settings> {
    let endpoint = endpoint(global, environment)?;
    let auth = match environment.text(AUTH_ENDPOINT)? {
        // The SDKs take the whole URL of the token endpoint as well.
        Some(text) => {
            let base = text.trim_end_matches('/').trim_end_matches("/identity/token");
            parse(AUTH_ENDPOINT, base)?
        }
        None => endpoint.clone(),
    };
    Ok(Settings {
        endpoint,
        auth,
        timeout: timeout(environment)?,
        ca_file: global.ca_file.clone(),
        trace: trace(environment),
        tokens: directories.tokens.clone(),
    })
}

fn endpoint(global: &GlobalArgs, environment: &Environment) -> Result<Endpoint> {
    if let Some(text) = &global.endpoint {
        return parse("--endpoint", text);
    }
    for name in [ENDPOINT, SDK_ENDPOINT] {
        if let Some(text) = environment.text(name)? {
            return parse(name, &text);
        }
    }
    parse("The default endpoint", DEFAULT_ENDPOINT)
}

fn parse(source: &str, text: &str) -> Result<Endpoint> {
    Endpoint::parse(text).map_err(|why| {
        // A URL may hold a password.
        let shown = if text.contains('@') { "a URL" } else { &format!("'{text}'") };
        Error::usage(format!("{source} is {shown}, which cannot be used: {why}."))
            .hint(format!("Write a URL such as '{DEFAULT_ENDPOINT}'."))
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
