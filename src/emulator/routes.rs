//! Requests, and what they ask for.

use hyper::body::Bytes;
use hyper::{HeaderMap, Method};

use super::params::Params;
use super::refusal::Refusal;

/// A request, read in full.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: Params,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// The client's URL of this service: `http://127.0.0.1:PORT`.
    pub(super) endpoint: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    Token,
    List,
    Create,
    Details,
    Get,
    Update,
    Delete,
    Lock,
    Unlock,
    Disable,
    Enable,
    Limits,
}

impl Route {
    /// Every route with its name for `--fault`.
    pub(super) const ALL: [(Self, &'static str); 12] = [
        (Self::Token, "token"),
        (Self::List, "list"),
        (Self::Create, "create"),
        (Self::Details, "details"),
        (Self::Get, "get"),
        (Self::Update, "update"),
        (Self::Delete, "delete"),
        (Self::Lock, "lock"),
        (Self::Unlock, "unlock"),
        (Self::Disable, "disable"),
        (Self::Enable, "enable"),
        (Self::Limits, "limits"),
    ];
}

/// Finds what a request asks for, and the id in its path.
pub(super) fn find<'a>(method: &Method, path: &'a str) -> Result<(Route, &'a str), Refusal> {
    use Route::{
        Create, Delete, Details, Disable, Enable, Get, Limits, List, Lock, Token, Unlock, Update,
    };
    let path = path.strip_prefix('/').unwrap_or(path);
    let parts: Vec<&str> = path.strip_suffix('/').unwrap_or(path).split('/').collect();
    let (methods, subject): (&[(Method, Route)], &str) = match parts[..] {
        ["identity", "token"] => (&[(Method::POST, Token)], ""),
        ["v1", "apikeys"] => (&[(Method::GET, List), (Method::POST, Create)], ""),
        ["v1", "apikeys", "details"] => (&[(Method::GET, Details)], ""),
        ["v1", "apikeys", id] if !id.is_empty() => {
            (&[(Method::GET, Get), (Method::PUT, Update), (Method::DELETE, Delete)], id)
        }
        ["v1", "apikeys", id, "lock"] => (&[(Method::POST, Lock), (Method::DELETE, Unlock)], id),
        ["v1", "apikeys", id, "disable"] => {
            (&[(Method::POST, Disable), (Method::DELETE, Enable)], id)
        }
        ["v1", "accounts", account, "limits", "identity"] => (&[(Method::GET, Limits)], account),
        _ => {
            return Err(Refusal::new(
                404,
                "not_found",
                "",
                "The emulator does not serve this path",
            ));
        }
    };
    let found = methods.iter().find(|(known, _)| known == method);
    found.map(|&(_, route)| (route, subject)).ok_or_else(|| {
        let message = "Web application exception 'javax.ws.rs.ClientErrorException' during request processing.";
        Refusal::new(405, "method_not_allowed", "BXNIM0060E", message)
            .details("HTTP 405 Method Not Allowed")
    })
}
