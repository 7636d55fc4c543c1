//! Logging in to the platform: with a password or a key at its own door, and with a password at that of its IAM.

use reqwest::Method;

use super::credential::{Credential, Proof, Token};
use super::{errors, wire};
use crate::http::{Body, Endpoint, Reply, Request, Text, Transport};
use crate::secret::Secret;
use crate::systems::{Result, answer};

/// The doors of the IAM of a platform: that of newer releases, and that of older ones.
const FRONT_DOORS: [&[&str]; 2] =
    [&["idprovider", "v1", "auth", "identitytoken"], &["v1", "auth", "identitytoken"]];

/// A platform, and who logs in to it.
#[derive(Debug)]
pub(super) struct Door {
    pub(super) endpoint: Endpoint,
    pub(super) credential: Credential,
    pub(super) transport: Transport,
}

impl Door {
    /// Logs in. A password that the platform's own door does not take may be one of its IAM.
    pub(super) fn log_in(&self) -> Result<Token> {
        let body = wire::login_body(&self.credential);
        let secret = self.credential.proof.secret();
        let mut request =
            Request::new(Method::POST, &self.endpoint, &["icp4d-api", "v1", "authorize"], &[]);
        request.body = Body::Json(&body, Some(secret));
        let reply = self.ask(&request)?;
        if let Some(token) = self.token_in(&reply, &["token", "accessToken"]) {
            return Ok(token);
        }
        let refused = errors::no_token(&request, &reply, &self.transport, &self.credential.proof);
        match &self.credential.proof {
            Proof::Password(password) if !reply.may_pass() => {
                self.through_iam(password)?.ok_or(refused)
            }
            _ => Err(refused),
        }
    }

    /// Logs in at the IAM of the platform; `None` if it has none.
    fn through_iam(&self, password: &Secret) -> Result<Option<Token>> {
        for door in FRONT_DOORS {
            let mut request = Request::new(Method::POST, &self.endpoint, door, &[]);
            request.body = Body::Form(vec![
                ("grant_type", Text::plain("password")),
                ("username", Text::plain(&*self.credential.user)),
                ("password", Text::Secret(password)),
                ("scope", Text::plain("openid")),
            ]);
            // A router answers for a door that is not there, with a 503 perhaps: that does not pass.
            let is_page = |reply: &Reply| wire::is_page(&reply.body);
            let (reply, _) =
                self.transport.send_until(&request, is_page).map_err(answer::no_answer)?;
            if let Some(token) = self.token_in(&reply, &["access_token"]) {
                return self.validated(&token.value).map(Some);
            }
            let is_there = wire::is_document(&reply.body) && reply.status != 404;
            if is_there && !reply.may_pass() {
                return Err(errors::no_token(
                    &request,
                    &reply,
                    &self.transport,
                    &self.credential.proof,
                ));
            }
        }
        Ok(None)
    }

    /// Exchanges a token of the IAM for one of the platform.
    fn validated(&self, iam: &Secret) -> Result<Token> {
        let path = ["v1", "preauth", "validateAuth"];
        let mut request = Request::new(Method::GET, &self.endpoint, &path, &[]);
        request.headers = vec![
            ("username", Text::plain(&*self.credential.user)),
            ("iam-token", Text::Secret(iam)),
        ];
        let reply = self.ask(&request)?;
        let token = self.token_in(&reply, &["accessToken", "token"]);
        token.ok_or_else(|| {
            errors::no_token(&request, &reply, &self.transport, &self.credential.proof)
        })
    }

    /// Sends a request that may be sent again.
    pub(super) fn ask(&self, request: &Request<'_>) -> Result<Reply> {
        let (reply, _) = self.transport.send(request).map_err(answer::no_answer)?;
        Ok(reply)
    }

    fn token_in(&self, reply: &Reply, fields: &[&str]) -> Option<Token> {
        let value = reply.is_success().then(|| wire::secret_in(&reply.body, fields)).flatten()?;
        self.transport.known.add_told(value.expose());
        Some(Token { expires: wire::end_of(&value), value })
    }
}
