//! The errors of classic infrastructure (SLDN, "Exceptions"). Their status tells little: a refusal may be a 500, or a 200.

use serde::Deserialize;

use crate::http::{Reply, Request, Transport};
use crate::systems::answer::{other, read};
use crate::systems::{Condition, SystemError};

/// The code of every error that the service itself made, and not a gateway.
const EXCEPTION: &str = "SoftLayer_Exception";
/// How the code ends where there were too many requests; this one was not carried out.
pub(super) const TOO_OFTEN: &str = "RateLimitExceeded";
/// What the service says when it failed, in an answer of whatever status.
const FAILED: &str = "Internal Error";

const DENIED: &str = "The classic user is not permitted to do this: ask the owner of the account.";
/// The release notes of 2021-07-23.
const STATES: &str = "Since 2021-07-23 only a user whose status is ACTIVE or VPN_ONLY can get a classic API key: ask the owner of the account.";

#[derive(Deserialize)]
struct ErrorBody {
    error: String,
    #[serde(default)]
    code: String,
}

/// Tells whether an answer is an error that the service itself made, and that the same request would bring again.
pub(super) fn is_of_service(reply: &Reply) -> bool {
    let body = serde_json::from_slice::<ErrorBody>(&reply.body);
    body.is_ok_and(|body| {
        body.code.starts_with(EXCEPTION)
            && !body.code.ends_with(TOO_OFTEN)
            && !body.error.eq_ignore_ascii_case(FAILED)
    })
}

/// Makes the error for an answer that is no success.
pub(super) fn refused(request: &Request<'_>, reply: &Reply, transport: &Transport) -> SystemError {
    let service = read(reply, transport);
    let code = service.code.as_deref().unwrap_or_default();
    let code = code.strip_prefix(EXCEPTION);
    let text = service.message.as_deref().unwrap_or_default();
    let host = request.to.authority();
    let (condition, hint) = match (reply.status, code, text) {
        (_, Some("_Account_Authentication_AccessTokenValidation"), _) => (
            Condition::Unauthorized,
            "The access token has expired: repeat the command, or log in again.",
        ),
        (_, Some(_), "Failed to exchange token") => (
            Condition::Unauthorized,
            "The classic user is not linked to a valid IBMid: ask the owner of the account to link it, or log in with the user name and its classic API key (SL_USERNAME, SL_API_KEY).",
        ),
        (401, ..) => (
            Condition::Unauthorized,
            "Check the user name (often ACCOUNT_EMAIL) and the key; with an IAM API key the user name is 'apikey'.",
        ),
        (403, ..) => (Condition::Forbidden, DENIED),
        (_, Some("_ObjectNotFound"), _) => (Condition::NotFound, ""),
        // SLDN, "Exceptions": a refusal may have any status.
        (_, Some(_), text) if text.starts_with("Access Denied") => (Condition::Forbidden, DENIED),
        (_, Some(_), "Each user can only have a single API key.") => {
            (Condition::LimitReached { limit: Some(1) }, "")
        }
        (_, Some(code), _) if code.ends_with(TOO_OFTEN) => {
            (Condition::Unavailable(format!("{host} gets too many requests")), "")
        }
        (_, Some(_), text) if text.eq_ignore_ascii_case(FAILED) => {
            (Condition::Unavailable(format!("{host} failed")), "")
        }
        (_, Some(_), text) => {
            let is_state = text.starts_with("Generating an API key for a user in ");
            let hint = if is_state { STATES } else { "" };
            (Condition::Rejected(format!("{host} refuses the request")), hint)
        }
        _ => return other(request, reply, service, transport),
    };
    let hint = (!hint.is_empty()).then(|| hint.to_owned());
    SystemError { service: Some(Box::new(service)), hint, ..condition.into() }
}
