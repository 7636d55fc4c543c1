//! What goes over the wire and what comes back, with every secret marked as one.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::{HeaderMap, LOCATION, RETRY_AFTER};
use reqwest::{Method, Url};
use zeroize::Zeroizing;

use super::endpoint::Endpoint;
use crate::secret::{Forms, Secret, Wiped};

/// What stands in the place of a secret, as in the official CLI's traces.
pub(super) const HIDDEN: &str = "[PRIVATE DATA HIDDEN]";

/// A text in a request, with every secret marked as one.
#[derive(Debug)]
pub(crate) enum Text<'a> {
    Plain(Cow<'a, str>),
    Secret(&'a Secret),
    /// The value of an `Authorization` header: a scheme, such as `Bearer`, and the credential behind it.
    Authorization(&'static str, &'a Secret),
}

impl<'a> Text<'a> {
    pub(crate) fn plain(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Plain(text.into())
    }

    /// Returns the text for the wire.
    pub(crate) fn expose(&self) -> Zeroizing<String> {
        Zeroizing::new(match self {
            Self::Plain(text) => text.clone().into_owned(),
            Self::Secret(secret) => secret.expose().to_owned(),
            Self::Authorization(scheme, secret) => format!("{scheme} {}", secret.expose()),
        })
    }

    pub(crate) fn is_secret(&self) -> bool {
        !matches!(self, Self::Plain(_))
    }

    fn secret(&self) -> Option<&'a Secret> {
        match self {
            Self::Plain(_) => None,
            Self::Secret(secret) | Self::Authorization(_, secret) => Some(secret),
        }
    }

    /// Returns the text for people.
    pub(crate) fn shown(&self) -> Cow<'_, str> {
        match self {
            Self::Plain(text) => Cow::Borrowed(text),
            Self::Secret(_) => HIDDEN.into(),
            Self::Authorization(scheme, _) => format!("{scheme} {HIDDEN}").into(),
        }
    }
}

/// What a request carries.
#[derive(Debug)]
pub(crate) enum Body<'a> {
    Empty,
    Form(Vec<(&'static str, Text<'a>)>),
    /// A document, and the secret in it.
    Json(&'a [u8], Option<&'a Secret>),
}

/// One request.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(crate) method: Method,
    /// Where to; the path and the query never hold a secret.
    pub(crate) url: Url,
    pub(crate) to: &'a Endpoint,
    pub(crate) headers: Vec<(&'static str, Text<'a>)>,
    pub(crate) body: Body<'a>,
}

impl<'a> Request<'a> {
    pub(crate) fn new(
        method: Method,
        to: &'a Endpoint,
        segments: &[&str],
        query: &[(&str, &str)],
    ) -> Self {
        let url = to.join(segments, query);
        Self { method, url, to, headers: Vec::new(), body: Body::Empty }
    }

    /// The secrets that it carries.
    fn secrets(&self) -> impl Iterator<Item = &'a Secret> {
        let (fields, secret): (&[_], _) = match &self.body {
            Body::Empty => (&[], None),
            Body::Form(fields) => (fields, None),
            Body::Json(_, secret) => (&[], *secret),
        };
        let texts = self.headers.iter().chain(fields);
        texts.filter_map(|(_, text)| text.secret()).chain(secret)
    }
}

/// Every secret that was sent or got so far: a service may repeat any of them in any answer.
#[derive(Debug, Default)]
pub(crate) struct Known(Mutex<Vec<Learned>>);

#[derive(Debug)]
struct Learned {
    secret: Secret,
    /// Made when a text is to be looked through, which is seldom.
    forms: OnceCell<Forms>,
}

impl Known {
    pub(crate) fn learn(&self, text: &str) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.iter().any(|known| known.secret.expose() == text) {
            known.push(Learned { secret: Secret::new(text.to_owned()), forms: OnceCell::new() });
        }
    }

    pub(crate) fn learn_of(&self, request: &Request<'_>) {
        request.secrets().for_each(|secret| self.learn(secret.expose()));
    }

    /// Learns a secret that the service told; what is too short for one, such as `not_supported`, is none.
    pub(crate) fn learn_told(&self, text: &str) {
        if text.len() >= 16 {
            self.learn(text);
        }
    }

    /// Removes every secret from a text of the service, in whatever form it came back.
    pub(crate) fn blot(&self, text: &str) -> String {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().fold(text.to_owned(), |text, Learned { secret, forms }| {
            forms.get_or_init(|| secret.forms()).blot(&text, HIDDEN)
        })
    }
}

/// An answer, whatever its status.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Wiped,
}

impl Reply {
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Tells whether the same request may fare better in a moment.
    pub(crate) fn may_pass(&self) -> bool {
        self.status == 429 || self.is_trouble() && self.status != 501
    }

    /// Tells whether the service, or a gateway before it, failed: the request may have been carried out.
    pub(crate) fn is_trouble(&self) -> bool {
        self.status == 408 || self.status >= 500
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Returns where a redirect points.
    pub(crate) fn location(&self) -> Option<&str> {
        self.headers.get(LOCATION).and_then(|value| value.to_str().ok())
    }

    /// Returns how long the service asks to wait: seconds, or an HTTP date.
    pub(crate) fn retry_after(&self, now: i64) -> Option<Duration> {
        let text = self.headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
        }
        let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp().as_second();
        Some(Duration::from_secs(u64::try_from(date - now).unwrap_or_default()))
    }
}
