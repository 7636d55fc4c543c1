//! The errors of the platform by status. No document lists them.

use super::credential::Proof;
use super::wire;
use crate::http::{Reply, Request, Transport};
use crate::systems::answer::{other, raw, read};
use crate::systems::{Condition, SystemError};

const WHERE: &str = "The URL of the platform is that of its web console, such as 'https://cpd-NAMESPACE.apps.CLUSTER'.";

/// Makes the error for an answer of the interface that is no success, or no answer of a platform.
pub(super) fn refused(request: &Request<'_>, reply: &Reply, transport: &Transport) -> SystemError {
    let service = read(reply, transport);
    let (condition, hint) = match reply.status {
        200..300 | 404 | 502..=504 if !wire::is_document(&reply.body) => {
            let (host, status) = (request.to.authority(), reply.status);
            let words = format!(
                "{host} is not the address of a platform, or the platform does not run ({status})"
            );
            (Condition::Unavailable(words), WHERE)
        }
        401 => (Condition::Unauthorized, CHECK),
        403 => (Condition::Forbidden, "Ask an administrator of the platform to permit it."),
        400 => {
            let words = "The platform finds the request invalid.".to_owned();
            return SystemError {
                service: Some(Box::new(service)),
                ..Condition::Invalid(words).into()
            };
        }
        _ => return other(request, reply, service, transport),
    };
    SystemError {
        service: Some(Box::new(service)),
        hint: Some(hint.to_owned()),
        ..condition.into()
    }
}

/// Makes the error for an answer to a login that holds no token. Platforms refuse a login with any status below 500, and with
/// any text; IBM's SDK for watsonx shows that as it is. A page is of a router.
pub(super) fn no_token(
    request: &Request<'_>,
    reply: &Reply,
    transport: &Transport,
    proof: &Proof,
) -> SystemError {
    let is_refusal = matches!(reply.status, 400..=403 | 405..=407 | 409..=428 | 430..=499);
    if !is_refusal || wire::is_page(&reply.body) {
        return refused(request, reply, transport);
    }
    let mut service = read(reply, transport);
    service.message = service.message.or_else(|| raw(reply, transport));
    SystemError {
        service: Some(Box::new(service)),
        hint: Some(match proof {
            Proof::Password(_) => CHECK.to_owned(),
            Proof::ApiKey(_) => format!("{CHECK} {REPLACED}"),
        }),
        ..Condition::Unauthorized.into()
    }
}

const CHECK: &str = "Check the user name, and that the password or the API key is one of this platform and still works.";
/// What helps where a key was replaced and nobody has the new one.
const REPLACED: &str =
    "If the key was replaced, the password is needed: set CPD_PASSWORD, or log in with it.";
