//! What clients ask of an identity provider: how it is used, with which key it signs, and what a token says.

use serde_json::Value;

use super::grant::{BY_KEY, BY_REFRESH, client};
use super::response::{Refusal, Response};
use super::routes::{Request, Route};
use super::service::Emulator;
use crate::object::object;

/// The claims of a token that tell of its user.
const OF_THE_USER: [&str; 11] = [
    "iam_id",
    "id",
    "realmid",
    "identifier",
    "sub",
    "sub_type",
    "name",
    "given_name",
    "family_name",
    "email",
    "account",
];

impl Emulator {
    /// Answers what is asked of the identity provider: tokens, and what tells about them.
    pub(super) fn provide(&self, route: Route, request: &Request) -> Result<Response, Refusal> {
        match route {
            Route::Discovery => Ok(self.discovery(request)),
            Route::Jwks => self.jwks(),
            Route::Introspect => self.introspect(request),
            Route::UserInfo => self.user_info(request),
            _ => self.grant(request),
        }
    }

    /// Returns who issues tokens: what was set, or the endpoint as the client names it.
    pub(super) fn issuer(&self, request: &Request) -> String {
        let usual = || format!("{}/identity", request.endpoint);
        self.issuer.clone().unwrap_or_else(usual)
    }

    /// Answers `GET /identity/.well-known/openid-configuration`.
    fn discovery(&self, request: &Request) -> Response {
        let at = |path: &str| format!("{}/identity/{path}", request.endpoint);
        let document = object()
            .with("issuer", self.issuer(request))
            .with("authorization_endpoint", at("authorize"))
            .with("token_endpoint", at("token"))
            .with("passcode_endpoint", at("passcode"))
            .with("userinfo_endpoint", at("userinfo"))
            .with("introspection_endpoint", at("introspect"))
            .with("jwks_uri", at("keys"))
            .with("response_types_supported", ["cloud_iam", "delegated_refresh_token"])
            .with("grant_types_supported", [BY_KEY, BY_REFRESH])
            .with("subject_types_supported", ["public"])
            .with("id_token_signing_alg_values_supported", ["RS256"])
            .with("scopes_supported", ["openid", "ibm"])
            .with("token_endpoint_auth_methods_supported", ["client_secret_basic"])
            .with("claims_supported", OF_THE_USER);
        Response::json(200, &document)
    }

    /// Answers `GET /identity/keys`.
    fn jwks(&self) -> Result<Response, Refusal> {
        let key = self.token_key.get(&self.backend)?;
        Ok(Response::json(200, &object().with("keys", [key.public_jwk()])))
    }

    /// Answers `POST /identity/introspect`: whether a token is valid, and what it says. Only a client may ask.
    fn introspect(&self, request: &Request) -> Result<Response, Refusal> {
        client(request)?.ok_or_else(Refusal::no_header)?;
        let token = request.form()?.take("token").ok_or_else(|| Refusal::missing("token"))?;
        match self.claims_in(&token, self.now()?) {
            Ok(mut claims) => {
                claims["active"] = true.into();
                Ok(Response::json(200, &claims))
            }
            Err(refusal) if refusal.status == 401 => {
                Ok(Response::json(200, &object().with("active", false)))
            }
            Err(refusal) => Err(refusal),
        }
    }

    /// Answers `GET` and `POST /identity/userinfo`.
    fn user_info(&self, request: &Request) -> Result<Response, Refusal> {
        let mut claims = self.claims_of(request)?;
        if let Value::Object(claims) = &mut claims {
            claims.retain(|name, _| OF_THE_USER.contains(&name.as_str()));
        }
        Ok(Response::json(200, &claims))
    }
}
