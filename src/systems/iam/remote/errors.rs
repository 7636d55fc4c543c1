//! The errors of the IAM Identity Services API and of its token endpoint, by status and code.

use crate::http::{Reply, Request, Transport};
use crate::systems::answer::{other, read};
use crate::systems::{Condition, SystemError};

/// Makes the error for an answer of the API that is no success.
pub(super) fn refused(request: &Request<'_>, reply: &Reply, transport: &Transport) -> SystemError {
    let service = read(reply, transport);
    let code = service.code.as_deref().unwrap_or_default();
    let condition = match (reply.status, code) {
        (401, _) | (400, "BXNIM0401E" | "BXNIM0405E" | "invalid_access_token") => {
            Condition::Unauthorized
        }
        (422, "BXNIM0151E") => Condition::LimitReached { limit: None },
        (400, _) => Condition::Invalid("The service finds the request invalid.".to_owned()),
        (403, _) => Condition::Forbidden,
        // A 404 without a code or a message is a gateway's, and says nothing about the key.
        (404, code) if !code.is_empty() || service.message.is_some() => Condition::NotFound,
        (409 | 412, _) => Condition::Conflict,
        _ => return other(request, reply, service, transport),
    };
    SystemError { service: Some(Box::new(service)), ..condition.into() }
}

/// Makes the error for an answer of the token endpoint that is no success.
pub(super) fn no_token(request: &Request<'_>, reply: &Reply, transport: &Transport) -> SystemError {
    let service = read(reply, transport);
    let code = service.code.as_deref().unwrap_or_default();
    let hint = match (reply.status, code) {
        (_, "BXNIM0415E") => {
            "The API key was deleted, or belongs to another endpoint: check the credential and the endpoint."
        }
        (_, "BXNIM0420E") => {
            "The API key is disabled: enable it with another credential ('api-key-enable'), or use another one."
        }
        (_, "BXNIM0434E") => "The API key is blocked: create another one.",
        (_, "BXNIM0430E") => {
            "The account allows only certain IP addresses: run the command from one of them."
        }
        (_, "BXNIM0436E") => "The user is suspended: ask the owner of the account.",
        (_, "BXNIM0407E" | "BXNIM0408E" | "BXNIM0439E") => "The session is over: log in again.",
        (400 | 401, _) => {
            "Check that the credential is an API key of this endpoint and still valid."
        }
        (403, _) => {
            "The credential may not get a token: use another one, or ask the owner of the account."
        }
        _ => return other(request, reply, service, transport),
    };
    SystemError {
        service: Some(Box::new(service)),
        hint: Some(hint.to_owned()),
        ..Condition::Unauthorized.into()
    }
}
