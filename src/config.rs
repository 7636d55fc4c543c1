//! Settings: flag, else environment, else configuration file, else default; resolved once per command.

mod file;
mod profile;
pub mod remote;

use std::path::{Path, PathBuf};

use clap::ValueEnum as _;

use crate::cli::GlobalArgs;
use crate::clock::Clock;
use crate::context::Environment;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{BackendKind, Timestamp};
use crate::systems::iam::local::KEY_LIMIT;

pub use file::{ConfigFile, Keeper, LoginRecord};
pub use profile::Profile;

/// Chooses the backend: `local` or `remote`.
pub const BACKEND: &str = "IBMCLOUD_IAM_BACKEND";
/// The profile.
pub const PROFILE: &str = "IBMCLOUD_IAM_PROFILE";
/// The directory below which configuration, local store and journal live, all of them.
pub const HOME: &str = "IBMCLOUD_IAM_HOME";
/// The directory of the local store.
pub const STORE: &str = "IBMCLOUD_IAM_STORE";
/// How many keys an identity of the local store may have.
pub const LIMIT: &str = "IBMCLOUD_IAM_KEY_LIMIT";
/// A time at which the clock stands still, for tests of automation.
pub const NOW: &str = "IBMCLOUD_IAM_NOW";
/// An API key, or `@FILE`.
pub const API_KEY: &str = "IBMCLOUD_API_KEY";
/// An API key, as Terraform reads it.
pub const TERRAFORM_API_KEY: &str = "IC_API_KEY";
/// An API key, as IBM's SDKs read it.
pub const SDK_API_KEY: &str = "IAM_IDENTITY_APIKEY";
/// What begins the name of each property of the SDKs' external configuration.
pub const SDK_PREFIX: &str = "IAM_IDENTITY_";
/// An access token, as IBM's SDKs read it.
pub const SDK_BEARER_TOKEN: &str = "IAM_IDENTITY_BEARER_TOKEN";
/// The kind of credential, as IBM's SDKs read it.
pub const SDK_AUTH_TYPE: &str = "IAM_IDENTITY_AUTH_TYPE";
/// Whether certificates are taken unseen, as IBM's SDKs read it.
pub const SDK_DISABLE_SSL: &str = "IAM_IDENTITY_DISABLE_SSL";
/// The same of the token service.
pub const SDK_AUTH_DISABLE_SSL: &str = "IAM_IDENTITY_AUTH_DISABLE_SSL";
/// A file with a credential, as IBM's SDKs read it.
pub const SDK_FILE: &str = "IBM_CREDENTIALS_FILE";
/// The URL of the service.
pub const ENDPOINT: &str = "IBMCLOUD_IAM_API_ENDPOINT";
/// The URL of the service, as IBM's SDKs read it.
pub const SDK_ENDPOINT: &str = "IAM_IDENTITY_URL";
/// The URL of the token service, as IBM's SDKs read it.
pub const AUTH_ENDPOINT: &str = "IAM_IDENTITY_AUTH_URL";
/// The home directory; where it is not set, the user database says.
pub const USER_HOME: &str = "HOME";
/// The directory of the official CLI's configuration.
pub const CLI_CONFIG: &str = "IBMCLOUD_CONFIG_HOME";
/// The directory above the one of the official CLI's configuration, by its name of today and the one before.
pub const CLI_HOMES: [&str; 2] = ["IBMCLOUD_HOME", "BLUEMIX_HOME"];
/// Certificates to trust in place of the system's: a file, and directories.
pub const CERTIFICATES: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];
/// How many seconds one request may take.
pub const TIMEOUT: &str = "IBMCLOUD_HTTP_TIMEOUT";
/// Where requests are traced.
pub const TRACE: &str = "IBMCLOUD_TRACE";
/// The proxy for what leaves this machine, which goes over HTTPS only; the first that is not empty.
pub const PROXIES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
/// The hosts that are reached without a proxy.
pub const NO_PROXIES: [&str; 2] = ["NO_PROXY", "no_proxy"];
/// Whether automation is running.
pub const CI: &str = "CI";
/// As `--quiet`.
pub const QUIET: &str = "IBMCLOUD_QUIET";
/// Colours on (`true`) or off (`false`).
pub const COLOUR: &str = "IBMCLOUD_COLOR";
/// Colours off when set and not empty (no-color.org).
pub const NO_COLOUR: &str = "NO_COLOR";
/// The directory for temporary files.
pub const TEMPORARY: &str = "TMPDIR";
/// `dumb` has no colours.
pub const TERM: &str = "TERM";

/// Every variable that is read, for the man page and the README.
pub const VARIABLES: [(&str, &str); 29] = [
    (BACKEND, "'local' or 'remote'"),
    (PROFILE, "the profile: a set of login, endpoint, backend and local store"),
    (HOME, "directory below which configuration, local store and journal live, all of them"),
    (STORE, "directory of the local store"),
    (LIMIT, "keys that an identity of the local store may have; 20"),
    (NOW, "a time at which the clock stands still, to test automation with"),
    (API_KEY, "an API key or '@FILE'; chooses the remote backend"),
    (TERRAFORM_API_KEY, "as IBMCLOUD_API_KEY"),
    (SDK_API_KEY, "as IBMCLOUD_API_KEY"),
    (SDK_BEARER_TOKEN, "an access token; chooses the remote backend"),
    (
        SDK_AUTH_TYPE,
        "'iam' (an API key) or 'bearerToken'; which of the two is set decides when absent",
    ),
    (
        "IAM_IDENTITY_DISABLE_SSL, IAM_IDENTITY_AUTH_DISABLE_SSL",
        "'true': on loopback any certificate will do; anywhere else it is refused",
    ),
    (SDK_FILE, "a file with 'IAM_IDENTITY_…=…' lines; chooses the remote backend"),
    (ENDPOINT, "URL of the service; for the remote backend"),
    (SDK_ENDPOINT, "as IBMCLOUD_IAM_API_ENDPOINT"),
    (AUTH_ENDPOINT, "URL of the token service, where that is another host"),
    (CLI_CONFIG, "the directory of the official CLI's configuration, whose session is used"),
    ("IBMCLOUD_HOME, BLUEMIX_HOME", "the directory above it, in place of HOME"),
    (TIMEOUT, "seconds that one request may take; 60"),
    (
        TRACE,
        "'true' traces requests to standard error, a file name to the end of that file; without secrets",
    ),
    (
        "HTTPS_PROXY, ALL_PROXY, NO_PROXY",
        "the proxy, and hosts to reach without it; loopback is never proxied",
    ),
    ("SSL_CERT_FILE, SSL_CERT_DIR", "certificates to trust in place of the system's"),
    (USER_HOME, "the home directory; where it is not set, the user database names it"),
    (CI, "set, and neither 'false' nor '0': the local store is not used unasked"),
    (QUIET, "'true': as '--quiet'"),
    (COLOUR, "'true' or 'false': colours on or off"),
    (NO_COLOUR, "set and not empty: no colours"),
    (TERM, "'dumb': no colours"),
    (TEMPORARY, "directory for the key file of 'emulate --in-memory'; /tmp"),
];

/// What is kept in the directory for state.
const STATE: [&str; 3] = ["journal", "tokens", "names"];

/// Where things are on this machine. A user without a home directory has only those places that a variable names.
#[derive(Debug, Clone)]
pub struct Directories {
    /// The profile's `config.json`, and the API key of a login that is kept in a file.
    pub config: Option<PathBuf>,
    /// The local store.
    pub store: Option<PathBuf>,
    /// What was begun and not finished.
    pub journal: Option<PathBuf>,
    /// Tokens, kept from one command to the next.
    pub tokens: Option<PathBuf>,
    /// The names of keys at the service, for Tab.
    pub names: Option<PathBuf>,
}

impl Directories {
    /// Finds the directories; nothing is made. A profile has a configuration and a local store of its own; the journal
    /// is everybody's, so that `recover` misses nothing, and tokens are told apart by what they were got for.
    pub fn find(environment: &Environment, profile: &Profile) -> Result<Self> {
        let own = |directory: PathBuf| match profile.named() {
            Some(name) => directory.join("profiles").join(name),
            None => directory,
        };
        let [config, data, state] = if let Some(ours) = environment.directory(HOME)? {
            [(); 3].map(|()| Some(ours.clone()))
        } else {
            // An empty HOME is an error here too; `dirs` would pass it by.
            home(environment)?;
            // Only Linux knows a directory for state.
            let state = dirs::state_dir().or_else(dirs::data_local_dir);
            [dirs::config_dir(), dirs::data_dir(), state]
                .map(|directory| Some(directory?.join("ibmcloud-iam")))
        };
        let store = environment.directory(STORE)?.or_else(|| Some(own(data?).join("store")));
        let [journal, tokens, names] = STATE.map(|name| Some(state.as_ref()?.join(name)));
        Ok(Self { config: config.map(own), store, journal, tokens, names })
    }
}

/// Finds the home directory: HOME, else what the user database says. A user need not have one.
pub fn home(environment: &Environment) -> Result<Option<PathBuf>> {
    Ok(environment.path(USER_HOME)?.or_else(dirs::home_dir))
}

/// Returns the place of something that must be kept or read; fails where the user has no home for it.
pub fn needed<'a>(directory: Option<&'a Path>, what: &str) -> Result<&'a Path> {
    directory.ok_or_else(|| {
        Error::new(ErrorKind::Failure, format!("There is no home directory to keep {what} in."))
            .hint(format!("Set {HOME} to a directory for this program's files, or {USER_HOME}."))
    })
}

/// Which backend to use, and whether that is only a guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// Somebody said so.
    Chosen(BackendKind),
    /// Nobody said anything and no credential was found: the local store.
    Default,
}

/// Chooses the backend. `file` reads the configuration, and `is_logged_in` looks for a credential; neither is asked
/// before it matters. Fails where a variable is empty.
pub fn choose_backend(
    global: &GlobalArgs,
    environment: &Environment,
    file: impl FnOnce() -> Result<Option<BackendKind>>,
    is_logged_in: impl FnOnce() -> Result<bool>,
) -> Result<Choice> {
    if let Some(kind) = global.backend {
        return Ok(Choice::Chosen(kind));
    }
    // Who names a service or a credential here means to use it, whatever the surroundings say.
    if global.endpoint.is_some() || global.apikey.is_some() {
        return Ok(Choice::Chosen(BackendKind::Remote));
    }
    if let Some(word) = environment.text(BACKEND)? {
        return match BackendKind::from_str(&word, false) {
            Ok(kind) => Ok(Choice::Chosen(kind)),
            Err(_) => {
                Err(Error::usage(format!("{BACKEND} is '{word}'; it must be 'local' or 'remote'.")))
            }
        };
    }
    if let Some(kind) = file()? {
        return Ok(Choice::Chosen(kind));
    }
    Ok(if is_logged_in()? { Choice::Chosen(BackendKind::Remote) } else { Choice::Default })
}

/// Returns how many keys an identity of the local store may have.
pub fn key_limit(environment: &Environment) -> Result<usize> {
    let Some(text) = environment.text(LIMIT)? else { return Ok(KEY_LIMIT) };
    match text.parse() {
        Ok(limit) if limit > 0 => Ok(limit),
        _ => Err(Error::usage(format!("{LIMIT} is '{text}'; it must be a whole number above 0."))),
    }
}

/// Returns the clock to go by.
pub fn clock(environment: &Environment) -> Result<Clock> {
    let Some(text) = environment.text(NOW)? else { return Ok(Clock::System) };
    Timestamp::parse(&text)
        .map(Clock::Fixed)
        .map_err(|error| Error::usage(format!("{NOW}: {error}.")))
}
