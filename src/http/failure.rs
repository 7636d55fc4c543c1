//! Why there is no answer, in words for the user.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use super::endpoint::Endpoint;
use super::proxy::Proxy;

/// How the text of an error of a proxy begins; its type is not public.
const TUNNEL: &str = "tunnel error: ";

/// A request without an answer.
#[derive(Debug)]
pub(crate) struct Failure {
    /// Whether the service may have got the request.
    pub(crate) sent: bool,
    /// Whether another attempt would end the same way.
    pub(crate) lasting: bool,
    /// What happened, without a full stop.
    pub(crate) words: String,
    /// What to do about it.
    pub(crate) hint: Option<String>,
}

impl Failure {
    /// Makes the failure of a request that cannot be sent.
    pub(super) fn unsendable(words: String) -> Self {
        Self { sent: false, lasting: true, words, hint: None }
    }
}

/// Explains an error. Nothing of the URL but the host is repeated.
pub(super) fn explain(
    error: &reqwest::Error,
    to: &Endpoint,
    proxy: Option<&Proxy>,
    timeout: Duration,
) -> Failure {
    let host = to.authority();
    // Of a connection that was not made, nothing was sent.
    let failure =
        |words, hint: Option<String>| Failure { sent: false, lasting: false, words, hint };
    let lasting = |words, hint: Option<&str>| Failure {
        lasting: true,
        ..failure(words, hint.map(str::to_owned))
    };
    if let Some(proxy) = proxy
        && let Some(tunnel) = causes(error).find(|cause| cause.to_string().starts_with(TUNNEL))
    {
        let why = if is_refused(error) {
            "nobody listens there".to_owned()
        } else if tunnel.source().is_some() {
            root_cause(tunnel)
        } else {
            // Nothing else is known of the proxy's answer.
            match tunnel.to_string().trim_start_matches(TUNNEL) {
                "unsuccessful" => "it refuses".to_owned(),
                why => why.to_owned(),
            }
        };
        let words = format!("{host} cannot be reached through {proxy}: {why}");
        let hint = format!(
            "Check {}, or name the host in NO_PROXY to reach it directly.",
            proxy.variable()
        );
        return failure(words, Some(hint));
    }
    let tls = causes(error).find_map(rustls_error);
    if let Some(rustls::Error::InvalidCertificate(why)) = tls {
        return lasting(
            format!("The certificate of {host} is not trusted: {why}"),
            Some("Name the certificate of its issuer with '--ca-file FILE' or SSL_CERT_FILE."),
        );
    }
    if let Some(error) = tls {
        return lasting(format!("No encrypted connection to {host}: {error}"), None);
    }
    if error.is_timeout() {
        let words = format!("{host} did not answer within {}", seconds(timeout));
        let mut hint = "IBMCLOUD_HTTP_TIMEOUT sets how many seconds to wait.".to_owned();
        if let Some(proxy) = proxy {
            hint.insert_str(0, &format!("Requests go through {proxy}. "));
        }
        return Failure { sent: !error.is_connect(), ..failure(words, Some(hint)) };
    }
    let cause = root_cause(error);
    if error.is_connect() {
        let words = if is_refused(error) {
            format!("Nobody listens at {host}")
        } else {
            format!("{host} cannot be reached: {cause}")
        };
        return failure(words, Some("Check the endpoint, the network and the proxy.".to_owned()));
    }
    if error.is_builder() {
        return lasting(format!("The request cannot be made: {cause}"), None);
    }
    let words = format!("{host} ended the connection without an answer");
    Failure { sent: true, ..failure(words, None) }
}

fn is_refused(error: &reqwest::Error) -> bool {
    causes(error)
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}

fn rustls_error<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a rustls::Error> {
    // An I/O error may wrap another one, and `source()` does not return that.
    let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    error.downcast_ref().or_else(|| rustls_error(inner?))
}

fn causes<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

pub(super) fn root_cause(error: &(dyn StdError + 'static)) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

pub(crate) fn seconds(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    format!("{seconds:.1} s").replace(".0 s", " s")
}
