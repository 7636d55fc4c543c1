//! From what the service answered to a condition (`api/iam_identity.md` §6, `api/auth.md` §1).

use serde_json::Value;

use crate::http::{Failure, Reply, Request, Transport};
use crate::secret::Wiped;
use crate::systems::{BackendError, Condition, ServiceAnswer};

/// The longest message that is repeated.
const MOST: usize = 2_000;

/// Reads what the service says of itself, without any secret; both shapes of an error, the API's and the token
/// endpoint's. What is missing or of another type is left out.
fn read(reply: &Reply, transport: &Transport) -> ServiceAnswer {
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let item = &body["errors"][0];
    let text = |candidates: &[&Value]| {
        let found = candidates.iter().filter_map(|value| value.as_str());
        found.map(str::trim).find(|text| !text.is_empty()).map(ToOwned::to_owned)
    };
    let context = &body["context"];
    let trace = text(&[&body["trace"], &context["requestId"], &context["transaction_id"]]);
    let header = || {
        ["transaction-id", "x-correlation-id"]
            .iter()
            .find_map(|name| reply.header(name))
            .map(str::to_owned)
    };
    // One line of at most so many characters, whatever the service sends.
    let tidy = |text: Option<String>| {
        text.map(|text| {
            let lines: Vec<&str> =
                text.split(['\r', '\n']).filter(|line| !line.is_empty()).collect();
            transport.known.blot(&lines.join(" ")).chars().take(MOST).collect()
        })
    };
    ServiceAnswer {
        code: tidy(text(&[
            &item["message_code"],
            &item["code"],
            &body["errorCode"],
            &body["code"],
        ])),
        message: tidy(text(&[
            &item["message"],
            &body["errorMessage"],
            &body["message"],
            &body["error"],
        ])),
        status: Some(reply.status),
        trace: tidy(trace.or_else(header)),
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

/// Turns what a request came to into doubt whether it was carried out.
pub(super) fn unknown(error: BackendError) -> BackendError {
    let words = match error.condition {
        Condition::Unavailable(words) | Condition::Rejected(words) => words,
        _ => "The service did not say so clearly".to_owned(),
    };
    BackendError { condition: Condition::OutcomeUnknown(words), hint: None, ..error }
}

/// Tells what the API's answer means, other than success.
pub(super) fn refused(request: &Request<'_>, reply: &Reply, transport: &Transport) -> BackendError {
    let service = read(reply, transport);
    let code = service.code.as_deref().unwrap_or_default();
    let condition = match (reply.status, code) {
        (401, _) | (400, "BXNIM0401E" | "BXNIM0405E" | "invalid_access_token") => {
            Condition::Unauthorized
        }
        (422, "BXNIM0151E") => Condition::LimitReached { limit: None },
        (400, _) => Condition::Invalid("The service finds the request invalid.".to_owned()),
        (403, _) => Condition::Forbidden,
        // Only the service itself knows that there is no key; a gateway's 404 says nothing about it.
        (404, code) if !code.is_empty() || service.message.is_some() => Condition::NotFound,
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
    let service = read(reply, transport);
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
        (403, _) => (
            Condition::Unauthorized,
            "The credential may not get a token: use another one, or ask the owner of the account.",
        ),
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
    let asked = transport.retry_after(reply).filter(|asked| !asked.is_zero());
    let asked = asked.map(|asked| {
        format!("Nothing was changed; the service asks to wait {} s.", asked.as_secs())
    });
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
            hint = asked;
            Condition::Unavailable(format!("{host} gets too many requests (429)"))
        }
        408 | 500.. => {
            hint = asked;
            Condition::Unavailable(format!("{host} cannot serve the request now ({status})"))
        }
        404 => {
            hint = Some("Check the endpoint.".to_owned());
            Condition::Unavailable(format!("{host} does not know the address of the request (404)"))
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
