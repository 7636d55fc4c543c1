//! A URL that requests may go to.

use std::fmt;
use std::net::IpAddr;

use reqwest::Url;

use crate::secret;

/// The base URL of a service: HTTPS, or plain HTTP to a literal loopback address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    url: Url,
    /// The URL without a slash at the end, to show and compare.
    text: String,
    is_loopback: bool,
}

/// Why a host that may be the value of a key is refused: name servers would be asked for it.
pub(super) const NO_HOST: &str = "its host looks like an API key";

impl Endpoint {
    /// Reads a URL. Fails with a clause that says why it cannot be used, such as "it is not a URL".
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let url = Url::parse(text.trim()).map_err(|_| "it is not a URL")?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or("it names no host")?;
        if secret::could_be_value(host) {
            return Err(NO_HOST);
        }
        let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
        let is_loopback = address.is_ok_and(|address| address.is_loopback());
        match url.scheme() {
            "https" => {}
            "http" if is_loopback => {}
            "http" => {
                return Err(
                    "a key must not travel unencrypted; only https:// is allowed, and http:// to 127.0.0.1 or [::1]",
                );
            }
            _ => return Err("only https:// is allowed, and http:// to 127.0.0.1 or [::1]"),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("it must hold no user name or password");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("it must end with the path");
        }
        let text = url.as_str().trim_end_matches('/').to_owned();
        Ok(Self { url, text, is_loopback })
    }

    /// Returns the URL without a slash at the end.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Tells whether requests stay on this machine.
    pub fn is_loopback(&self) -> bool {
        self.is_loopback
    }

    /// Tells whether requests are encrypted.
    pub fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// Returns the host, with the port if it is not the usual one.
    pub fn authority(&self) -> &str {
        self.url.authority()
    }

    /// Returns the URL with these path segments and this query after it.
    pub(super) fn join(&self, segments: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = self.url.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_encrypted_or_stays_here_is_allowed() {
        for url in [
            "https://iam.cloud.ibm.com",
            "https://private.us-south.iam.cloud.ibm.com/",
            "https://host:8443/iam/",
            "http://127.0.0.1:8080",
            "http://127.8.8.8",
            "http://[::1]:1",
        ] {
            assert!(Endpoint::parse(url).is_ok(), "{url}");
        }
        for url in [
            "",
            "iam.cloud.ibm.com",
            "http://iam.cloud.ibm.com",
            "http://localhost:8080",
            "http://127.0.0.1.example.com",
            "http://[::2]",
            "ftp://127.0.0.1",
            "file:///etc/passwd",
            "https://",
            "https://user@host",
            "https://user:secret@host",
            "https://host/?a=b",
            "https://host/#a",
        ] {
            assert!(Endpoint::parse(url).is_err(), "{url}");
        }
    }

    #[test]
    fn a_path_is_kept_and_what_follows_is_encoded() {
        let endpoint = Endpoint::parse("https://host/base/").unwrap();
        assert_eq!(endpoint.as_str(), "https://host/base");
        let url = endpoint.join(&["v1", "a/b?"], &[("q", "x y&")]);
        assert_eq!(url.as_str(), "https://host/base/v1/a%2Fb%3F?q=x+y%26");
    }
}
