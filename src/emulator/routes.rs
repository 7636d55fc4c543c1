//! From a request to what it asks for.

use hyper::body::Bytes;
use hyper::header::AUTHORIZATION;
use hyper::{HeaderMap, Method};

use super::params::Params;
use super::refusal::Refusal;
use super::wire::Reply;
use super::{Emulator, Trace};
use crate::model::ApiKeyId;

/// A request, read in full.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: Params,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// What the client calls this service: `http://127.0.0.1:PORT`.
    pub(super) endpoint: String,
}

/// What can be asked for; the names are those that `--fault` takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
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

impl Operation {
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

/// Finds what a request asks for, and the part of the path that says of what.
pub(super) fn find<'a>(method: &Method, path: &'a str) -> Result<(Operation, &'a str), Refusal> {
    use Operation::{
        Create, Delete, Details, Disable, Enable, Get, Limits, List, Lock, Token, Unlock, Update,
    };
    let path = path.strip_prefix('/').unwrap_or(path);
    let parts: Vec<&str> = path.strip_suffix('/').unwrap_or(path).split('/').collect();
    let (methods, subject): (&[(Method, Operation)], &str) = match parts[..] {
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
            return Err(Refusal::new(404, "not_found", "", "The emulator serves no such path"));
        }
    };
    let found = methods.iter().find(|(known, _)| known == method);
    found.map(|&(_, operation)| (operation, subject)).ok_or_else(|| {
        let message = "Web application exception 'javax.ws.rs.ClientErrorException' during request processing.";
        Refusal::new(405, "method_not_allowed", "BXNIM0060E", message)
            .details("HTTP 405 Method Not Allowed")
    })
}

impl Emulator {
    /// Answers a request, and carries it out.
    pub(super) fn answer(&self, request: &Request, trace: &Trace) -> Reply {
        match find(&request.method, &request.path) {
            Ok((Operation::Token, _)) => self
                .grant(request)
                .unwrap_or_else(|refusal| refusal.token_reply(trace, self.clock.now().ok())),
            Ok((operation, subject)) => self
                .carry_out(operation, subject, request)
                .unwrap_or_else(|refusal| refusal.reply(trace)),
            Err(refusal) => refusal.reply(trace),
        }
    }

    fn carry_out(
        &self,
        operation: Operation,
        subject: &str,
        request: &Request,
    ) -> Result<Reply, Refusal> {
        self.check_token(request)?;
        let id = ApiKeyId::new(subject);
        match operation {
            Operation::List => self.list(request),
            Operation::Create => self.create(request),
            Operation::Details => self.details(request),
            Operation::Get => self.get(&id, request),
            Operation::Update => self.update(&id, request),
            Operation::Delete => self.delete(&id),
            Operation::Lock => self.set_locked(&id, true),
            Operation::Unlock => self.set_locked(&id, false),
            Operation::Disable => self.set_disabled(&id, true),
            Operation::Enable => self.set_disabled(&id, false),
            Operation::Limits => self.limits(subject, request),
            Operation::Token => self.grant(request),
        }
    }

    /// Lets in who brings a token of ours.
    fn check_token(&self, request: &Request) -> Result<(), Refusal> {
        let header = request.headers.get(AUTHORIZATION).ok_or_else(|| {
            Refusal::new(401, "unauthorized", "BXNIM0308E", "No authorization header found")
        })?;
        let bearer = header.to_str().ok().and_then(|text| {
            let (scheme, token) = text.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
        });
        let claims = self.signer.read_access(bearer.unwrap_or_default(), self.now()?)?;
        let ours = claims.iam_id == *self.identity.iam_id
            && claims.account.bss == *self.identity.account_id;
        if ours { Ok(()) } else { Err(Refusal::not_authorized()) }
    }
}
