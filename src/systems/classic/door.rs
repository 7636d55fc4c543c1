//! How requests reach classic infrastructure, and with what credential.

use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::errors::{is_of_service, refused};
use crate::http::{Endpoint, Failure, Reply, Request, Text, Transport};
use crate::secret::Secret;
use crate::systems::{Condition, Keys, Result, answer};

/// What requests are made with.
#[derive(Debug)]
pub enum Credential {
    /// A user and a classic API key, or [`super::API_KEY_USER`] and an IAM API key.
    Basic {
        /// The user name.
        user: String,
        /// The key.
        secret: Secret,
    },
    /// An IAM access token.
    Bearer(Secret),
}

/// The service, and who asks.
#[derive(Debug)]
pub(super) struct Door {
    pub(super) endpoint: Endpoint,
    pub(super) transport: Transport,
    scheme: &'static str,
    /// What stands behind the scheme in `Authorization`.
    authorization: Secret,
    /// What gives a token in place of one that has expired.
    pub(super) iam: Option<Box<dyn Keys>>,
    /// That one.
    renewed: OnceLock<Secret>,
}

impl Door {
    pub(super) fn new(endpoint: Endpoint, transport: Transport, credential: Credential) -> Self {
        let (scheme, authorization) = match credential {
            Credential::Bearer(token) => ("Bearer", token),
            Credential::Basic { user, secret } => {
                transport.known.add(secret.expose());
                let pair = Zeroizing::new([&user, ":", secret.expose()].concat());
                ("Basic", Secret::new(STANDARD.encode(pair.as_bytes())))
            }
        };
        transport.known.add(authorization.expose());
        let (iam, renewed) = (None, OnceLock::new());
        Self { endpoint, transport, scheme, authorization, iam, renewed }
    }

    /// Begins a request for a method of a service, such as `getObject.json`.
    pub(super) fn request(
        &self,
        method: Method,
        segments: &[&str],
        mask: Option<&str>,
    ) -> Request<'_> {
        let query = mask.map(|mask| ("objectMask", mask));
        let query: &[_] = query.as_slice();
        let mut request = Request::new(method, &self.endpoint, segments, query);
        let authorization = self.renewed.get().unwrap_or(&self.authorization);
        let authorization = Text::Authorization(self.scheme, authorization);
        request.headers.push(("Authorization", authorization));
        request
    }

    /// Sends a request that only reads. Every command begins with one, so it is here that a token has expired.
    pub(super) fn read<T: DeserializeOwned>(
        &self,
        segments: &[&str],
        mask: Option<&str>,
    ) -> Result<T> {
        let ask = || {
            let request = self.request(Method::GET, segments, mask);
            let (reply, _) = self.send(&request).map_err(answer::no_answer)?;
            self.parse(&request, &reply)
        };
        match ask() {
            Err(error) if error.condition == Condition::Unauthorized && self.renews()? => ask(),
            answered => answered,
        }
    }

    /// Puts another token in the place of the one that was refused, once; tells whether there was one.
    fn renews(&self) -> Result<bool> {
        let iam = self.iam.as_ref().filter(|_| self.renewed.get().is_none());
        let Some(token) = iam.map(|iam| iam.renewed_access_token()).transpose()?.flatten() else {
            return Ok(false);
        };
        self.transport.known.add(token.expose());
        self.renewed.get_or_init(|| token);
        Ok(true)
    }

    pub(super) fn send(
        &self,
        request: &Request<'_>,
    ) -> std::result::Result<(Reply, bool), Failure> {
        self.transport.send_until(request, is_of_service)
    }

    pub(super) fn parse<T: DeserializeOwned>(
        &self,
        request: &Request<'_>,
        reply: &Reply,
    ) -> Result<T> {
        if !reply.is_success() || is_of_service(reply) {
            return Err(refused(request, reply, &self.transport));
        }
        serde_json::from_slice(&reply.body).map_err(|_| answer::unreadable(request))
    }
}
