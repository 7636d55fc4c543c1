//! The names of all environment variables that are read.

/// Chooses the backend: `local` or `remote`.
pub const BACKEND: &str = "IBMCLOUD_IAM_BACKEND";
/// The profile.
pub const PROFILE: &str = "IBMCLOUD_IAM_PROFILE";
/// The directory of configuration, local store and journal.
pub const HOME: &str = "IBMCLOUD_IAM_HOME";
/// The directory of the local store.
pub const STORE: &str = "IBMCLOUD_IAM_STORE";
/// How many keys an identity of the local store may have.
pub const LIMIT: &str = "IBMCLOUD_IAM_KEY_LIMIT";
/// The time at which the clock stands still, to test automation.
pub const NOW: &str = "IBMCLOUD_IAM_NOW";
/// An API key, or `@FILE`.
pub const API_KEY: &str = "IBMCLOUD_API_KEY";
/// An API key, as Terraform reads it.
pub const TERRAFORM_API_KEY: &str = "IC_API_KEY";
/// An API key, as IBM's SDKs read it.
pub const SDK_API_KEY: &str = "IAM_IDENTITY_APIKEY";
/// The prefix of the properties in the external configuration of IBM's SDKs.
pub const SDK_PREFIX: &str = "IAM_IDENTITY_";
/// An access token, as IBM's SDKs read it.
pub const SDK_BEARER_TOKEN: &str = "IAM_IDENTITY_BEARER_TOKEN";
/// The kind of credential, as IBM's SDKs read it.
pub const SDK_AUTH_TYPE: &str = "IAM_IDENTITY_AUTH_TYPE";
/// Whether any certificate of the service is accepted, as IBM's SDKs read it.
pub const SDK_DISABLE_SSL: &str = "IAM_IDENTITY_DISABLE_SSL";
/// Whether any certificate of the token service is accepted, as IBM's SDKs read it.
pub const SDK_AUTH_DISABLE_SSL: &str = "IAM_IDENTITY_AUTH_DISABLE_SSL";
/// A file with a credential, as IBM's SDKs read it.
pub const SDK_FILE: &str = "IBM_CREDENTIALS_FILE";
/// The URL of the service.
pub const ENDPOINT: &str = "IBMCLOUD_IAM_API_ENDPOINT";
/// The URL of the service, as IBM's SDKs read it.
pub const SDK_ENDPOINT: &str = "IAM_IDENTITY_URL";
/// The URL of the token service, as IBM's SDKs read it.
pub const AUTH_ENDPOINT: &str = "IAM_IDENTITY_AUTH_URL";
/// The home directory; where it is unset, the user database names it.
pub const USER_HOME: &str = "HOME";
/// Certificates to trust in place of the system's: a file, and directories.
pub const CERTIFICATES: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];
/// The proxy for requests to other machines, which all use HTTPS; the first that is not empty.
pub const PROXIES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
/// The hosts that are reached without a proxy.
pub const NO_PROXIES: [&str; 2] = ["NO_PROXY", "no_proxy"];
/// The directory of the official CLI's configuration.
pub const CLI_CONFIG: &str = "IBMCLOUD_CONFIG_HOME";
/// The directory above the one of the official CLI's configuration: the present name, then the older one.
pub const CLI_HOMES: [&str; 2] = ["IBMCLOUD_HOME", "BLUEMIX_HOME"];
/// How many seconds one request may take.
pub const TIMEOUT: &str = "IBMCLOUD_HTTP_TIMEOUT";
/// Where requests are traced.
pub const TRACE: &str = "IBMCLOUD_TRACE";
/// Whether this is a CI job.
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
