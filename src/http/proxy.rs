//! The proxy for requests to other machines.

use std::fmt;

use reqwest::{NoProxy, Url};

use super::endpoint::NO_HOST;
use crate::secret;

/// A proxy, and the environment variable that names it.
#[derive(Clone)]
pub struct Proxy {
    variable: &'static str,
    /// Host and port, to show.
    authority: String,
    to: reqwest::Proxy,
}

impl Proxy {
    /// Reads the URL of a proxy, and the hosts that are reached without it. Fails with a clause that says why it cannot be
    /// used, without any part of the URL, which may hold a password.
    pub fn parse(
        variable: &'static str,
        text: &str,
        without: Option<&str>,
    ) -> Result<Self, &'static str> {
        const NO_URL: &str = "it is not a URL";
        let text = text.trim();
        // As in other programs, a URL without a scheme means HTTP.
        let whole = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let url = Url::parse(&whole).map_err(|_| NO_URL)?;
        if !["http", "https"].contains(&url.scheme()) {
            return Err("only http:// and https:// proxies can be used");
        }
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or("it names no host")?;
        if secret::could_be_value(host) {
            return Err(NO_HOST);
        }
        let port = url.port_or_known_default().unwrap_or(80);
        let to = reqwest::Proxy::all(url.as_str()).map_err(|_| NO_URL)?;
        let to = to.no_proxy(without.and_then(NoProxy::from_string));
        Ok(Self { variable, authority: format!("{host}:{port}"), to })
    }

    pub(super) fn for_client(&self) -> reqwest::Proxy {
        self.to.clone()
    }

    pub(super) fn variable(&self) -> &'static str {
        self.variable
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the proxy {} ({})", self.authority, self.variable)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
