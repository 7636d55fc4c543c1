//! A call of the API, and what comes of it.

use std::sync::Arc;

use reqwest::Method;
use serde::Serialize;
use zeroize::Zeroizing;

use super::credential::Token;
use super::wire::KeyBody;
use crate::http::{Failure, Reply};
use crate::model::{ApiKeyDetails, Detail};
use crate::secret::Secret;
use crate::systems::SystemError;
use crate::systems::answer::no_answer;

/// A call of the API, without the token.
pub(super) struct Call<'a> {
    pub(super) method: Method,
    pub(super) segments: &'a [&'a str],
    pub(super) query: &'a [(&'a str, &'a str)],
    pub(super) headers: Vec<(&'static str, Header<'a>)>,
    pub(super) body: Option<Document<'a>>,
}

/// A header beside the token.
#[derive(Clone, Copy)]
pub(super) enum Header<'a> {
    Plain(&'a str),
    Secret(&'a Secret),
}

/// A body, and the secret in it.
pub(super) struct Document<'a> {
    pub(super) json: Zeroizing<Vec<u8>>,
    pub(super) secret: Option<&'a Secret>,
}

impl<'a> Document<'a> {
    pub(super) fn of(body: &impl Serialize, secret: Option<&'a Secret>) -> Self {
        // A buffer that grows leaves a copy of the value behind. No body is larger than this.
        let mut json = Zeroizing::new(Vec::with_capacity(64 * 1024));
        // Writing texts into memory cannot fail.
        let _ = serde_json::to_writer(&mut *json, body);
        Self { json, secret }
    }
}

impl<'a> Call<'a> {
    pub(super) fn new(method: Method, segments: &'a [&'a str]) -> Self {
        Self { method, segments, query: &[], headers: Vec::new(), body: None }
    }

    pub(super) fn get(segments: &'a [&'a str], query: &'a [(&'a str, &'a str)]) -> Self {
        Self { query, ..Self::new(Method::GET, segments) }
    }
}

/// An answer, and the token that was sent for it.
pub(super) struct Sent {
    pub(super) reply: Reply,
    /// Whether an attempt may have been carried out though the answer says otherwise.
    pub(super) in_doubt: bool,
    pub(super) token: Arc<Token>,
}

impl Sent {
    /// Reads a key from the answer; `None` if it is not understood.
    pub(super) fn key(&self, detail: Detail) -> Option<ApiKeyDetails> {
        let body: KeyBody<'_> = serde_json::from_slice(&self.reply.body).ok()?;
        Some(body.details(&self.token.identity, self.reply.header("etag"), detail))
    }
}

/// Why there is no answer.
pub(super) enum Lost {
    /// There is no token, or it could not be noted; nothing was sent.
    NotSent(SystemError),
    /// The request failed on its way, or the answer did.
    OnTheWay(Failure),
}

impl From<Lost> for SystemError {
    fn from(lost: Lost) -> Self {
        match lost {
            Lost::NotSent(error) => error,
            Lost::OnTheWay(failure) => no_answer(failure),
        }
    }
}
