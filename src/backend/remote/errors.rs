//! From what the service answered to a condition (`api/iam_identity.md` §6, `api/auth.md` §1).

use serde::Deserialize;

use super::failure::Failure;
use super::message::{Reply, Request};
use super::transport::Transport;
use crate::backend::{BackendError, Condition, ServiceAnswer};
use crate::secret::Wiped;

/// Both shapes of an error: the API's, and the token endpoint's.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ErrorBody {
    errors: Vec<ErrorItem>,
    trace: Option<String>,
    #[serde(rename = "errorCode")]
    error_code: Option<String>,
    #[serde(rename = "errorMessage")]
    error_message: Option<String>,
    context: Option<ErrorContext>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ErrorItem {
    code: Option<String>,
    message_code: Option<String>,
    message: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ErrorContext {
    #[serde(rename = "requestId")]
    request_id: Option<String>,
}

/// Reads what the service says of itself, without the secrets that it was sent.
fn read(request: &Request<'_>, reply: &Reply) -> ServiceAnswer {
    let body: ErrorBody = serde_json::from_slice(&reply.body).unwrap_or_default();
    let blot = |text: Option<String>| text.map(|text| request.blot(&text));
    let item = body.errors.into_iter().next().unwrap_or_default();
    let header = |name| reply.header(name).map(ToOwned::to_owned);
    let request_id = body.context.and_then(|context| context.request_id);
    let trace = body.trace.or(request_id).or_else(|| header("transaction-id"));
    ServiceAnswer {
        code: blot(item.message_code.or(item.code).or(body.error_code)),
        message: blot(item.message.or(body.error_message)),
        status: Some(reply.status),
        trace: blot(trace.or_else(|| header("x-correlation-id"))),
    }
}

/// Tells of a request that got no answer and was safe to send.
pub(super) fn no_answer(failure: Failure) -> BackendError {
    BackendError { hint: failure.hint, ..Condition::Unavailable(failure.words).into() }
}

/// Tells of a request that may have been carried out.
pub(super) fn in_doubt(failure: Failure) -> BackendError {
    if failure.sent {
        return Condition::OutcomeUnknown(failure.words).into();
    }
    no_answer(failure)
}

/// Tells what the API's answer means, other than success.
pub(super) fn refused(request: &Request<'_>, reply: &Reply, transport: &Transport) -> BackendError {
    let service = read(request, reply);
    let code = service.code.as_deref().unwrap_or_default();
    let condition = match (reply.status, code) {
        (401, _) | (400, "BXNIM0401E" | "BXNIM0405E" | "invalid_access_token") => {
            Condition::Unauthorized
        }
        (422, "BXNIM0151E") => Condition::LimitReached { limit: None },
        (400, _) => Condition::Invalid("The service finds the request invalid.".to_owned()),
        (403, _) => Condition::Forbidden,
        (404, _) => Condition::NotFound,
        (409 | 412, _) => Condition::Conflict,
        _ => return other(request, reply, service, transport),
    };
    BackendError { service: Some(Box::new(service)), ..condition.into() }
}

/// Tells what the token endpoint's answer means, other than success.
pub(super) fn no_token(
    request: &Request<'_>,
    reply: &Reply,
    transport: &Transport,
) -> BackendError {
    let service = read(request, reply);
    let code = service.code.as_deref().unwrap_or_default();
    let (condition, hint) = match (reply.status, code) {
        (_, "BXNIM0415E") => (
            Condition::Unauthorized,
            "The API key was deleted, or belongs to another endpoint: check the credential and the endpoint.",
        ),
        (_, "BXNIM0420E") => (
            Condition::Unauthorized,
            "The API key is disabled: enable it with another credential ('api-key-enable'), or use another one.",
        ),
        (_, "BXNIM0434E") => {
            (Condition::Unauthorized, "The API key is blocked: create another one.")
        }
        (_, "BXNIM0430E") => (
            Condition::Unauthorized,
            "The account allows only certain IP addresses: run the command from one of them.",
        ),
        (_, "BXNIM0436E") => {
            (Condition::Unauthorized, "The user is suspended: ask the owner of the account.")
        }
        (_, "BXNIM0407E" | "BXNIM0408E" | "BXNIM0439E") => {
            (Condition::Unauthorized, "The session is over: log in again.")
        }
        (400 | 401, _) => (
            Condition::Unauthorized,
            "Check that the credential is an API key of this endpoint and still valid.",
        ),
        (403, _) => (Condition::Forbidden, "The credential may not get a token."),
        _ => return other(request, reply, service, transport),
    };
    BackendError {
        service: Some(Box::new(service)),
        hint: Some(hint.to_owned()),
        ..condition.into()
    }
}

/// Tells of an answer that means the same everywhere.
fn other(
    request: &Request<'_>,
    reply: &Reply,
    service: ServiceAnswer,
    transport: &Transport,
) -> BackendError {
    let host = request.to.authority();
    let status = reply.status;
    let mut hint = None;
    let condition = match status {
        300..400 => {
            let to = reply.location().and_then(|to| reqwest::Url::parse(to).ok());
            let to = to.as_ref().and_then(|to| to.host_str()).unwrap_or("another address");
            let words = format!("{host} redirects to {to}, and redirects are not followed");
            hint = Some(
                "Check the endpoint; a credential is sent to the configured endpoint only."
                    .to_owned(),
            );
            Condition::Unavailable(words)
        }
        429 => {
            let words = format!("{host} gets too many requests (429)");
            let asked = transport.retry_after(reply);
            hint = asked.map(|asked| format!("The service asks to wait {} s.", asked.as_secs()));
            Condition::Unavailable(words)
        }
        500.. if status != 501 => {
            Condition::Unavailable(format!("{host} cannot serve the request now ({status})"))
        }
        200..300 => Condition::Unavailable(format!("{host} gave an answer that is not understood")),
        _ => Condition::Rejected(format!("{host} refuses the request ({status})")),
    };
    BackendError { service: Some(Box::new(service)), hint, ..condition.into() }
}

/// Tells of an answer of success that cannot be read.
pub(super) fn unreadable(
    request: &Request<'_>,
    reply: &Reply,
    transport: &Transport,
) -> BackendError {
    other(request, &Reply { status: 200, ..empty(reply) }, ServiceAnswer::default(), transport)
}

fn empty(reply: &Reply) -> Reply {
    Reply { status: reply.status, headers: reply.headers.clone(), body: Wiped::default() }
}
