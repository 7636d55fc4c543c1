//! Answers before they are sent, and what an answer repeats of its request.

use serde::Serialize;

/// An answer without the headers that every answer has.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) status: u16,
    /// JSON; empty if the status allows no body.
    pub(super) body: Vec<u8>,
    pub(super) etag: Option<String>,
    /// Seconds.
    pub(super) retry_after: Option<u64>,
}

impl Response {
    pub(super) fn empty(status: u16) -> Self {
        Self { status, body: Vec::new(), etag: None, retry_after: None }
    }

    pub(super) fn json(status: u16, document: &impl Serialize) -> Self {
        // Writing to memory cannot fail.
        Self { body: serde_json::to_vec(document).unwrap_or_default(), ..Self::empty(status) }
    }
}

/// What an answer repeats of its request.
#[derive(Debug, Default)]
pub(super) struct Origin {
    /// The client's `Transaction-Id`, or a new one.
    pub(super) transaction: String,
    pub(super) user_agent: String,
    pub(super) url: String,
}
