//! Errors as the service writes them: those of the API (`api/iam_identity.md` §6) and those of the token endpoint
//! (`api/auth.md` §1), which have a form of their own.

use std::borrow::Cow;

use serde::Serialize;

use super::Trace;
use super::wire::Reply;
use crate::model::Timestamp;
use crate::systems::{BackendError, Condition};

/// Why a request is not done.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: u16,
    /// Such as `not_found`.
    pub(super) code: &'static str,
    /// Such as `BXNIM0102E`; absent where no source knows it.
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

    pub(super) fn not_found(id: &str) -> Self {
        Self::new(404, "not_found", "BXNIM0102E", "Unable to find object")
            .details(format!("Object type 'ApiKey' with ID '{id}' could not be found"))
    }

    pub(super) fn not_authorized() -> Self {
        Self::new(403, "forbidden", "BXNIM0513E", "You are not authorized to use this API")
    }

    /// Puts an error of the local store into the service's words; the one place that does.
    pub(super) fn of(error: BackendError, id: &str) -> Self {
        let because = error.source.map(|source| format!(": {source:#}")).unwrap_or_default();
        match error.condition {
            Condition::NotFound => Self::not_found(id),
            Condition::Unauthorized => {
                Self::new(401, "invalid_access_token", "", "The access token is invalid.")
            }
            Condition::Forbidden => Self::not_authorized(),
            Condition::Conflict => {
                Self::new(409, "conflict", "", "The entity was changed meanwhile")
                    .details(format!("Object type 'ApiKey' with ID '{id}' has another entity tag"))
            }
            Condition::Locked => Self::new(409, "locked", "", "The entity is locked")
                .details(format!("Object type 'ApiKey' with ID '{id}' could not be changed")),
            Condition::LimitReached { limit } => {
                let message = "The limit of supported API keys is reached";
                Self::new(422, "limit_reached", "BXNIM0151E", message).details(
                    limit.map_or_else(String::new, |limit| {
                        format!("An identity may have {limit} API keys")
                    }),
                )
            }
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
                format!("The emulator does not support {what}"),
            ),
        }
    }

    pub(super) fn internal(details: String) -> Self {
        Self::new(500, "internal_server_error", "", "Internal server error").details(details)
    }

    /// Writes the refusal as the API does.
    pub(super) fn reply(&self, trace: &Trace) -> Reply {
        Reply::json(
            self.status,
            &ErrorBody {
                errors: [OneError {
                    code: self.code,
                    message_code: self.message_code,
                    message: &self.message,
                    details: self.details.as_deref(),
                }],
                trace: &trace.transaction,
                status_code: self.status,
            },
        )
    }

    /// Writes the refusal as the token endpoint does, which has a form of its own.
    pub(super) fn token_reply(&self, trace: &Trace, now: Option<Timestamp>) -> Reply {
        let time = now.map(spoken).unwrap_or_default();
        Reply::json(
            self.status,
            &TokenError {
                code: self.message_code.unwrap_or(self.code),
                message: &self.message,
                details: self.details.as_deref(),
                context: Context {
                    request_id: &trace.transaction,
                    request_type: "incoming.Identity_Token",
                    user_agent: &trace.user_agent,
                    url: &trace.url,
                    instance_id: "emulator",
                    thread_id: "emulator",
                    host: "emulator",
                    start_time: &time,
                    end_time: &time,
                    elapsed_time: "0",
                    locale: "en_US",
                    cluster_name: "emulator",
                },
            },
        )
    }
}

/// Writes a time as the context of a token error does: `10.06.2026 10:15:41:326 UTC`.
fn spoken(time: Timestamp) -> String {
    let text = time.to_rfc3339();
    format!("{}.{}.{} {}:000 UTC", &text[8..10], &text[5..7], &text[..4], &text[11..19])
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    errors: [OneError<'a>; 1],
    trace: &'a str,
    status_code: u16,
}

#[derive(Serialize)]
struct OneError<'a> {
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_code: Option<&'a str>,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<&'a str>,
}

#[derive(Serialize)]
struct TokenError<'a> {
    #[serde(rename = "errorCode")]
    code: &'a str,
    #[serde(rename = "errorMessage")]
    message: &'a str,
    #[serde(rename = "errorDetails", skip_serializing_if = "Option::is_none")]
    details: Option<&'a str>,
    context: Context<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Context<'a> {
    request_id: &'a str,
    request_type: &'a str,
    user_agent: &'a str,
    url: &'a str,
    instance_id: &'a str,
    thread_id: &'a str,
    host: &'a str,
    start_time: &'a str,
    end_time: &'a str,
    elapsed_time: &'a str,
    locale: &'a str,
    cluster_name: &'a str,
}
