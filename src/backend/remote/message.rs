//! What goes over the wire and what comes back, with every secret marked as one.

use std::borrow::Cow;
use std::time::Duration;

use reqwest::header::{HeaderMap, LOCATION, RETRY_AFTER};
use reqwest::{Method, Url};
use zeroize::Zeroizing;

use super::endpoint::Endpoint;
use super::trace::HIDDEN;
use crate::secret::{Secret, Wiped};

/// A text in a request, with every secret marked as one.
#[derive(Debug)]
pub(super) enum Text<'a> {
    Plain(Cow<'a, str>),
    Secret(&'a Secret),
    Bearer(&'a Secret),
}

impl<'a> Text<'a> {
    pub(super) fn plain(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Plain(text.into())
    }

    /// Returns the text for the wire.
    pub(super) fn expose(&self) -> Zeroizing<String> {
        Zeroizing::new(match self {
            Self::Plain(text) => text.clone().into_owned(),
            Self::Secret(secret) => secret.expose().to_owned(),
            Self::Bearer(secret) => format!("Bearer {}", secret.expose()),
        })
    }

    pub(super) fn is_secret(&self) -> bool {
        !matches!(self, Self::Plain(_))
    }

    fn secret(&self) -> Option<&Secret> {
        match self {
            Self::Plain(_) => None,
            Self::Secret(secret) | Self::Bearer(secret) => Some(secret),
        }
    }

    /// Returns the text for people.
    pub(super) fn shown(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Secret(_) => HIDDEN,
            Self::Bearer(_) => concat!("Bearer ", "[PRIVATE DATA HIDDEN]"),
        }
    }
}

/// What a request carries.
#[derive(Debug)]
pub(super) enum Body<'a> {
    Empty,
    Form(Vec<(&'static str, Text<'a>)>),
    /// A document, and the secret in it.
    Json(&'a [u8], Option<&'a Secret>),
}

/// One request.
#[derive(Debug)]
pub(super) struct Request<'a> {
    pub(super) method: Method,
    /// Where to; the path and the query never hold a secret.
    pub(super) url: Url,
    pub(super) to: &'a Endpoint,
    pub(super) headers: Vec<(&'static str, Text<'a>)>,
    pub(super) body: Body<'a>,
}

impl<'a> Request<'a> {
    pub(super) fn new(
        method: Method,
        to: &'a Endpoint,
        segments: &[&str],
        query: &[(&str, &str)],
    ) -> Self {
        let url = to.join(segments, query);
        Self { method, url, to, headers: Vec::new(), body: Body::Empty }
    }

    /// Removes this request's own secrets from a text of the service, in whatever form they came back.
    pub(super) fn blot(&self, text: &str) -> String {
        let in_headers = self.headers.iter().filter_map(|(_, text)| text.secret());
        let in_body: Vec<&Secret> = match &self.body {
            Body::Empty => Vec::new(),
            Body::Form(fields) => fields.iter().filter_map(|(_, text)| text.secret()).collect(),
            Body::Json(_, secret) => secret.iter().copied().collect(),
        };
        in_headers.chain(in_body).fold(text.to_owned(), |text, secret| secret.blot(&text, HIDDEN))
    }
}

/// An answer, whatever its status.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Wiped,
}

impl Reply {
    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Tells whether the same request may fare better in a moment.
    pub(super) fn may_pass(&self) -> bool {
        self.status == 429 || self.status >= 500 && self.status != 501
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Returns where a redirect points.
    pub(super) fn location(&self) -> Option<&str> {
        self.headers.get(LOCATION).and_then(|value| value.to_str().ok())
    }

    /// Returns how long the service asks to wait: seconds, or an HTTP date.
    pub(super) fn retry_after(&self, now: i64) -> Option<Duration> {
        let text = self.headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
        if let Ok(seconds) = text.parse() {
            return Some(Duration::from_secs(seconds));
        }
        let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp().as_second();
        Some(Duration::from_secs(u64::try_from(date - now).unwrap_or_default()))
    }
}
