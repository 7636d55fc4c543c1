//! The names of all environment variables that are read.

#![expect(clippy::doc_markdown, reason = "the texts are those of the man page")]

/// Names variables, and tells what each is for.
macro_rules! variables {
    ($($name:tt = $variable:literal, $meaning:literal;)*) => {
        $(
            #[doc = $meaning]
            pub const $name: &str = $variable;
        )*

        /// Every variable that is read, for the man page and docs/.
        pub const VARIABLES: [(&str, &str); [$($variable),*].len()] = [$(($variable, $meaning)),*];
    };
}

variables! {
    BACKEND = "IBMCLOUD_IAM_BACKEND", "'local' or 'remote'";
    PROFILE = "IBMCLOUD_IAM_PROFILE", "the profile: a set of login, endpoint, backend and local store";
    HOME = "IBMCLOUD_IAM_HOME", "directory below which configuration, local store and journal live, all of them";
    STORE = "IBMCLOUD_IAM_STORE", "directory of the local store";
    LIMIT = "IBMCLOUD_IAM_KEY_LIMIT", "keys that an identity of the local store may have; 20";
    NOW = "IBMCLOUD_IAM_NOW", "a time at which the clock stands still, to test automation with";
    API_KEY = "IBMCLOUD_API_KEY", "an API key or '@FILE'; chooses the remote backend";
    TERRAFORM_API_KEY = "IC_API_KEY", "as IBMCLOUD_API_KEY";
    SDK_API_KEY = "IAM_IDENTITY_APIKEY", "as IBMCLOUD_API_KEY";
    SDK_BEARER_TOKEN = "IAM_IDENTITY_BEARER_TOKEN", "an access token; chooses the remote backend";
    SDK_AUTH_TYPE = "IAM_IDENTITY_AUTH_TYPE", "'iam' (an API key) or 'bearerToken'; which of the two is set decides when absent";
    _ = "IAM_IDENTITY_DISABLE_SSL, IAM_IDENTITY_AUTH_DISABLE_SSL", "'true': on loopback any certificate will do; anywhere else it is refused";
    SDK_FILE = "IBM_CREDENTIALS_FILE", "a file with 'IAM_IDENTITY_…=…' lines; chooses the remote backend";
    ENDPOINT = "IBMCLOUD_IAM_API_ENDPOINT", "URL of the service; for the remote backend";
    SDK_ENDPOINT = "IAM_IDENTITY_URL", "as IBMCLOUD_IAM_API_ENDPOINT";
    AUTH_ENDPOINT = "IAM_IDENTITY_AUTH_URL", "URL of the token service, where that is another host";
    PLATFORM_URL = "CPD_URL", "URL of a platform (Cloud Pak for Data, Software Hub): that of its web console will do";
    PLATFORM_USER = "CPD_USERNAME", "the user of the platform";
    PLATFORM_PASSWORD = "CPD_PASSWORD", "the password there, or '@FILE'; wins over CPD_APIKEY, because a new key ends the old one";
    PLATFORM_API_KEY = "CPD_APIKEY", "the platform API key, or '@FILE'";
    CLI_CONFIG = "IBMCLOUD_CONFIG_HOME", "the directory of the official CLI's configuration, whose session is used";
    _ = "IBMCLOUD_HOME, BLUEMIX_HOME", "the directory above it, in place of HOME";
    _ = "SL_USERNAME, SOFTLAYER_USERNAME", "the user name of classic infrastructure, or 'apikey' for an IAM API key";
    _ = "SL_API_KEY, SOFTLAYER_API_KEY", "the classic API key of that user, or the IAM API key; a value or '@FILE'";
    _ = "SL_ENDPOINT_URL, SOFTLAYER_ENDPOINT_URL", "URL of classic infrastructure; beside IAM where that is on loopback";
    WATSONX_URL = "WATSONX_API_URL", "URL of the task credentials of watsonx, with '{region}' in place of the region; IBM Cloud's own";
    WATSONX_REGION = "WATSONX_REGION", "the region whose task credential is created or deleted";
    TIMEOUT = "IBMCLOUD_HTTP_TIMEOUT", "seconds that one request may take; 60";
    TRACE = "IBMCLOUD_TRACE", "'true' traces requests to standard error, a file name to the end of that file; without secrets";
    _ = "HTTPS_PROXY, ALL_PROXY, NO_PROXY", "the proxy, and hosts to reach without it; loopback is never proxied";
    _ = "SSL_CERT_FILE, SSL_CERT_DIR", "certificates to trust in place of the system's";
    USER_HOME = "HOME", "the home directory; where it is not set, the user database names it";
    CI = "CI", "set, and neither 'false' nor '0': the local store is not used unasked";
    QUIET = "IBMCLOUD_QUIET", "'true': as '--quiet'";
    COLOUR = "IBMCLOUD_COLOR", "'true' or 'false': colours on or off";
    NO_COLOUR = "NO_COLOR", "set and not empty: no colours";
    TERM = "TERM", "'dumb': no colours";
    COLUMNS = "COLUMNS", "the width of a terminal that does not tell its own; 80";
    _ = "LC_ALL, LC_CTYPE, LANG", "the first that is set names UTF-8, or '--timeline' draws with ASCII";
    TEMPORARY = "TMPDIR", "directory for the key file of 'emulate --in-memory'; /tmp";
}

/// The locale of text; the first that is not empty.
pub const LOCALES: [&str; 3] = ["LC_ALL", "LC_CTYPE", "LANG"];
/// The prefix of the properties in the external configuration of IBM's SDKs.
pub const SDK_PREFIX: &str = "IAM_IDENTITY_";
/// Whether any certificate of the service is accepted, as IBM's SDKs read it.
pub const SDK_DISABLE_SSL: &str = "IAM_IDENTITY_DISABLE_SSL";
/// Whether any certificate of the token service is accepted, as IBM's SDKs read it.
pub const SDK_AUTH_DISABLE_SSL: &str = "IAM_IDENTITY_AUTH_DISABLE_SSL";
/// The user name of classic infrastructure; the first that is set.
pub const CLASSIC_USER: [&str; 2] = ["SL_USERNAME", "SOFTLAYER_USERNAME"];
/// The API key of classic infrastructure; the first that is set.
pub const CLASSIC_API_KEY: [&str; 2] = ["SL_API_KEY", "SOFTLAYER_API_KEY"];
/// The URL of classic infrastructure; the first that is set.
pub const CLASSIC_ENDPOINT: [&str; 2] = ["SL_ENDPOINT_URL", "SOFTLAYER_ENDPOINT_URL"];
/// Certificates to trust in place of the system's: a file, and directories.
pub const CERTIFICATES: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];
/// The proxy for requests to other machines, which all use HTTPS; the first that is not empty.
pub const PROXIES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
/// The hosts that are reached without a proxy.
pub const NO_PROXIES: [&str; 2] = ["NO_PROXY", "no_proxy"];
/// The directory above the one of the official CLI's configuration: the present name, then the older one.
pub const CLI_HOMES: [&str; 2] = ["IBMCLOUD_HOME", "BLUEMIX_HOME"];
