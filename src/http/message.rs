//! Requests and answers, with every secret marked.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Method, Url};
use zeroize::Zeroizing;

use super::endpoint::Endpoint;
use crate::model::Timestamp;
use crate::secret::{Forms, Secret, Wiped};

/// What is shown instead of a secret, as in the official CLI's traces.
pub(super) const HIDDEN: &str = "[PRIVATE DATA HIDDEN]";

#[derive(Debug)]
pub(crate) enum Text<'a> {
    Plain(Cow<'a, str>),
    Secret(&'a Secret),
    /// An `Authorization` header: a scheme, such as `Bearer`, and the credential.
    Authorization(&'static str, &'a Secret),
}

impl<'a> Text<'a> {
    pub(crate) fn plain(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Plain(text.into())
    }

    /// Returns the text to send.
    pub(crate) fn expose(&self) -> Zeroizing<String> {
        Zeroizing::new(match self {
            Self::Plain(text) => text.clone().into_owned(),
            Self::Secret(secret) => secret.expose().to_owned(),
            Self::Authorization(scheme, secret) => format!("{scheme} {}", secret.expose()),
        })
    }

    pub(super) fn secret(&self) -> Option<&'a Secret> {
        match self {
            Self::Plain(_) => None,
            Self::Secret(secret) | Self::Authorization(_, secret) => Some(secret),
        }
    }

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
    /// A JSON document, and the secret in it.
    Json(&'a [u8], Option<&'a Secret>),
}

#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(crate) method: Method,
    /// The URL. Its path and query never hold a secret.
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

/// The secrets that were sent or received so far. A service may repeat any of them in any answer.
#[derive(Debug, Default)]
pub(crate) struct Known(Mutex<Vec<KnownSecret>>);

#[derive(Debug)]
struct KnownSecret {
    secret: Secret,
    /// Made when first needed: most commands need none.
    forms: OnceCell<Forms>,
}

impl Known {
    pub(crate) fn add(&self, text: &str) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.iter().any(|known| known.secret.expose() == text) {
            known
                .push(KnownSecret { secret: Secret::new(text.to_owned()), forms: OnceCell::new() });
        }
    }

    pub(crate) fn add_all_of(&self, request: &Request<'_>) {
        request.secrets().for_each(|secret| self.add(secret.expose()));
    }

    /// Adds a secret of an answer. Short texts, such as `not_supported`, are no secrets.
    pub(crate) fn add_told(&self, text: &str) {
        if text.len() >= 16 {
            self.add(text);
        }
    }

    /// Hides every secret in a text of the service, also if it is encoded.
    pub(crate) fn blot(&self, text: &str) -> String {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().fold(text.to_owned(), |text, KnownSecret { secret, forms }| {
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

    /// Tells whether the same request may succeed later.
    pub(crate) fn may_pass(&self) -> bool {
        self.status == 429 || self.is_trouble() && self.status != 501
    }

    /// Tells whether the service or a gateway failed. The request may have been carried out.
    pub(crate) fn is_trouble(&self) -> bool {
        self.status == 408 || self.status >= 500
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Returns how long the service asks to wait, from seconds or an HTTP date; `now` is in seconds since 1970.
    pub(crate) fn retry_after(&self, now: i64) -> Option<Duration> {
        let text = self.header("retry-after")?.trim();
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
        }
        let date = Timestamp::parse_http(text)?.seconds();
        Some(Duration::from_secs(u64::try_from(date - now).unwrap_or_default()))
    }

    /// Returns the time by the service's clock, if the answer tells it. A time that cannot be now is none.
    pub(crate) fn date(&self) -> Option<Timestamp> {
        let date = Timestamp::parse_http(self.header("date")?)?;
        // From the year 2020 to 2099.
        (1_577_836_800..4_102_444_800).contains(&date.seconds()).then_some(date)
    }
}
