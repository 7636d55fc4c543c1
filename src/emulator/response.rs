//! Answers before they are sent, and errors as the service writes them: those of `/identity` and `/oidc`, and those of
//! classic infrastructure, have another form than those of the rest of the API.

use std::borrow::Cow;

use serde::Serialize;

use crate::model::Timestamp;
use crate::object::object;
use crate::systems::{Condition, SystemError};

/// An answer without the headers that every answer has.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) status: u16,
    /// JSON; empty if the status allows no body.
    pub(super) body: Vec<u8>,
    pub(super) etag: Option<String>,
    /// Seconds.
    pub(super) retry_after: Option<u64>,
    /// How many things there are in all, for a list of classic infrastructure.
    pub(super) total: Option<usize>,
}

impl Response {
    pub(super) fn empty(status: u16) -> Self {
        Self { status, body: Vec::new(), etag: None, retry_after: None, total: None }
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
    /// Whether the path is one of the token service.
    pub(super) is_identity: bool,
    /// Whether the path is one of classic infrastructure.
    pub(super) is_classic: bool,
    pub(super) time: Option<Timestamp>,
}

/// The reason why a request fails.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: u16,
    /// For example `not_found`.
    pub(super) code: &'static str,
    /// For example `BXNIM0102E`; `None` if IBM does not document it.
    pub(super) message_code: Option<&'static str>,
    pub(super) message: Cow<'static, str>,
    pub(super) details: Option<String>,
}

impl Refusal {
    pub(super) fn new(
        status: u16,
        code: &'static str,
        message_code: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        let message_code = (!message_code.is_empty()).then_some(message_code);
        Self { status, code, message_code, message: message.into(), details: None }
    }

    pub(super) fn details(self, details: impl Into<String>) -> Self {
        Self { details: Some(details.into()), ..self }
    }

    pub(super) fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(400, "bad_request", "", message)
    }

    pub(super) fn missing(property: &str) -> Self {
        let message = format!("Property '{property}' either missing or empty.");
        Self::new(400, "bad_request", "BXNIM0109E", message)
    }

    pub(super) fn not_one_of(property: &str, valid: &str) -> Self {
        let message =
            format!("Validation of property '{property}' failed. Valid values: '{valid}'");
        Self::new(400, "bad_request", "BXNIM0106E", message)
    }

    pub(super) fn not_deletable(kind: &str, id: &str) -> Self {
        Self::new(409, "delete_not_possible", "BXNIM0105E", "Unable to delete object")
            .details(format!("Object type '{kind}' with ID '{id}' could not be deleted"))
    }

    pub(super) fn already_so() -> Self {
        Self::new(409, "conflict", "", "The entity is already in the requested state.")
    }

    pub(super) fn no_header() -> Self {
        Self::new(401, "unauthorized", "BXNIM0308E", "No authorization header found")
    }

    pub(super) fn not_authorized() -> Self {
        Self::new(403, "forbidden", "BXNIM0513E", "You are not authorized to use this API")
    }

    /// Puts an error of the local store about a key into the service's words.
    pub(super) fn of(error: SystemError, id: &str) -> Self {
        Self::about("ApiKey", id, error)
    }

    /// Puts an error of the local store into the service's words.
    pub(super) fn about(kind: &str, id: &str, error: SystemError) -> Self {
        let because = error.source.map(|source| format!(": {source:#}")).unwrap_or_default();
        match error.condition {
            Condition::NotFound => {
                Self::new(404, "not_found", "BXNIM0102E", "Unable to find object")
                    .details(format!("Object type '{kind}' with ID '{id}' could not be found"))
            }
            Condition::Unauthorized => {
                Self::new(401, "invalid_access_token", "", "The access token is invalid.")
            }
            Condition::Forbidden => Self::not_authorized(),
            Condition::Conflict => match error.hint {
                Some(why) => Self::new(409, "conflict", "", why),
                None => Self::new(409, "conflict", "", "The entity was changed meanwhile")
                    .details(format!("Object type '{kind}' with ID '{id}' has another entity tag")),
            },
            Condition::Locked => Self::new(409, "locked", "", "The entity is locked")
                .details(format!("Object type '{kind}' with ID '{id}' could not be changed")),
            Condition::LimitReached { limit } => {
                let message = "The limit of supported API keys is reached";
                Self::new(422, "limit_reached", "BXNIM0151E", message).details(
                    limit.map_or_else(String::new, |limit| {
                        format!("An identity may have {limit} API keys")
                    }),
                )
            }
            Condition::TooMany { what, limit } => Self::new(
                422,
                "limit_reached",
                "",
                format!("The limit of supported {what} is reached"),
            )
            .details(format!("{limit} are allowed")),
            Condition::DuplicateValue => {
                Self::new(409, "conflict", "", "An API key with this value exists already")
            }
            Condition::Invalid(words) | Condition::Rejected(words) => Self::invalid(words),
            Condition::Unavailable(words) => {
                Self::new(503, "service_unavailable", "", "The service is unavailable")
                    .details(format!("{words}{because}"))
            }
            Condition::OutcomeUnknown(words) => Self::internal(format!("{words}{because}")),
            Condition::Store { path, what } => {
                Self::internal(format!("{} {what}{because}", path.display()))
            }
            Condition::Damaged { path, line, why } => Self::internal(format!(
                "The local store is damaged: {}, line {line}: {why}",
                path.display()
            )),
            Condition::Unsupported(what) => Self::new(
                501,
                "not_implemented",
                "",
                format!("Keys cannot be {what} in the emulator"),
            ),
        }
    }

    pub(super) fn internal(details: String) -> Self {
        Self::new(500, "internal_server_error", "", "Internal server error").details(details)
    }

    /// Writes the refusal as the service does at the path of the request.
    pub(super) fn response(&self, origin: &Origin) -> Response {
        match origin {
            Origin { is_identity: true, .. } => self.of_tokens(origin),
            Origin { is_classic: true, .. } => self.of_classic(),
            _ => self.of_api(origin),
        }
    }

    fn of_classic(&self) -> Response {
        let document = object().with("error", &self.message).with("code", self.code);
        Response::json(self.status, &document)
    }

    fn of_api(&self, origin: &Origin) -> Response {
        let error = object()
            .with("code", self.code)
            .with_some("message_code", self.message_code)
            .with("message", &self.message)
            .with_some("details", self.details.as_ref());
        let document = object()
            .with("errors", [error])
            .with("trace", &origin.transaction)
            .with("status_code", self.status);
        Response::json(self.status, &document)
    }

    fn of_tokens(&self, origin: &Origin) -> Response {
        let time = origin.time.map(spoken).unwrap_or_default();
        let context = object()
            .with("requestId", &origin.transaction)
            .with("requestType", "incoming.Identity_Token")
            .with("userAgent", &origin.user_agent)
            .with("url", &origin.url)
            .with("instanceId", "emulator")
            .with("threadId", "emulator")
            .with("host", "emulator")
            .with("startTime", &time)
            .with("endTime", &time)
            .with("elapsedTime", "0")
            .with("locale", "en_US")
            .with("clusterName", "emulator");
        let document = object()
            .with("errorCode", self.message_code.unwrap_or(self.code))
            .with("errorMessage", &self.message)
            .with_some("errorDetails", self.details.as_ref())
            .with("context", context);
        Response::json(self.status, &document)
    }
}

/// Writes a time as the context of a token error does: `10.06.2026 10:15:41:326 UTC`.
fn spoken(time: Timestamp) -> String {
    let text = time.to_rfc3339();
    format!("{}.{}.{} {}:000 UTC", &text[8..10], &text[5..7], &text[..4], &text[11..19])
}
