//! The mount of the platform: Cloud Pak for Data, Software Hub, Data Product Hub. It has one user, with a password of this
//! run and the platform API key of the store.
//!
//! Its tokens are signed as those of IAM are, but have audiences, which those have not.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;
use serde::Deserialize;

use super::mounts::Platform;
use super::response::{Refusal, Response};
use super::routes::Request;
use super::service::Emulator;
use super::token;
use crate::object::{Field, Object, object};
use crate::secret::Secret;
use crate::systems::platform::local::USER;

/// The number of the user, as the first user of a platform has it.
const UID: &str = "1000330999";
/// How long a token lives, in seconds.
const LIFE: i64 = 12 * 3_600;
/// Whom the tokens of the platform are for.
const ZEN: &str = "DSX";
/// Whom the tokens of its IAM are for.
const IAM: &str = "idprovider";

/// The document of a login. What there is not may be null.
#[derive(Deserialize)]
struct LoginBody {
    username: Option<String>,
    password: Option<String>,
    api_key: Option<String>,
    account_id: Option<String>,
}

impl Emulator {
    pub(super) fn platform(&self, route: Platform, request: &Request) -> Result<Response, Refusal> {
        match route {
            Platform::Authorize => self.authorize(request),
            Platform::Identity => self.identity_token(request),
            Platform::Validate => self.validate_auth(request),
            Platform::Generate => self.generate(request),
            Platform::User => self.current_user(request),
        }
    }

    /// Answers a login with a password or a key.
    fn authorize(&self, request: &Request) -> Result<Response, Refusal> {
        let Ok(body) = serde_json::from_slice::<LoginBody>(&request.body) else {
            return Ok(failed(400, "The request body is not a login."));
        };
        let given = |text: Option<String>| text.filter(|text| !text.is_empty()).map(Secret::new);
        let (password, key) = (given(body.password), given(body.api_key));
        let (Some(user), true) = (body.username, password.is_some() != key.is_some()) else {
            return Ok(failed(400, "A login has a username, and either a password or an api_key."));
        };
        if body.account_id.is_some_and(|account| !account.is_empty()) {
            return Ok(failed(400, "The account is not known."));
        }
        let is_good = match key {
            Some(key) => self.platform.is_key(&user, &key)?,
            None => password.is_some_and(|password| self.platform.is_password(&user, &password)),
        };
        if !is_good {
            return Ok(failed(401, "The username, the password or the API key is not valid."));
        }
        let token = self.token_for(ZEN)?;
        Ok(Response::json(200, &success().with("token", token.expose())))
    }

    /// Answers a login at the IAM of the platform.
    fn identity_token(&self, request: &Request) -> Result<Response, Refusal> {
        let mut form = request.form()?;
        if form.take("grant_type").as_deref() != Some("password") {
            return Ok(Response::json(400, &object().with("error", "unsupported_grant_type")));
        }
        let (user, password) = (form.take("username"), form.take("password").map(Secret::new));
        if !user
            .zip(password)
            .is_some_and(|(user, password)| self.platform.is_password(&user, &password))
        {
            return Ok(Response::json(401, &object().with("error", "invalid_grant")));
        }
        let token = self.token_for(IAM)?;
        let document = object()
            .with("access_token", token.expose())
            .with("token_type", "Bearer")
            .with("expires_in", LIFE)
            .with("scope", "openid");
        Ok(Response::json(200, &document))
    }

    /// Answers who brings a token of the IAM, or a password, with a token of the platform.
    fn validate_auth(&self, request: &Request) -> Result<Response, Refusal> {
        let headers = &request.headers;
        let is_good = match (text(headers, "username"), text(headers, "iam-token")) {
            (Some(user), Some(token)) => user == USER && self.is_token(token, IAM)?,
            _ => behind(headers, "basic")
                .and_then(pair)
                .is_some_and(|(user, password)| self.platform.is_password(&user, &password)),
        };
        if !is_good {
            return Ok(unauthorized());
        }
        let token = self.token_for(ZEN)?;
        Ok(Response::json(200, &object().with("accessToken", token.expose())))
    }

    /// Replaces the key. The old one opens nothing from now on, and tokens that it got go on.
    fn generate(&self, request: &Request) -> Result<Response, Refusal> {
        if !self.is_permitted(request)? {
            return Ok(unauthorized());
        }
        let made = self.platform.keys.generate().map_err(|error| Refusal::of(error, ""))?;
        Ok(Response::json(200, &success().with("apiKey", made.value.as_ref().map(Secret::expose))))
    }

    /// Tells who asks.
    fn current_user(&self, request: &Request) -> Result<Response, Refusal> {
        if !self.is_permitted(request)? {
            return Ok(unauthorized());
        }
        let user = success().with("uid", UID).with("user_name", USER).with("displayName", USER);
        Ok(Response::json(200, &user))
    }

    /// Tells whether a request brings a token of the platform, or the user name and the key.
    fn is_permitted(&self, request: &Request) -> Result<bool, Refusal> {
        if let Some(token) = behind(&request.headers, "bearer") {
            return self.is_token(token, ZEN);
        }
        match behind(&request.headers, "zenapikey").and_then(pair) {
            Some((user, key)) => self.platform.is_key(&user, &key),
            None => Ok(false),
        }
    }

    fn token_for(&self, audience: &str) -> Result<Secret, Refusal> {
        let now = self.now()?.seconds();
        let claims = object()
            .with("iss", "KNOXSSO")
            .with("aud", audience)
            .with("sub", USER)
            .with("username", USER)
            .with("uid", UID)
            .with("jti", token::token_id()?)
            .with("iat", now)
            .with("exp", now + LIFE);
        token::sign(&*self.token_key.get(&self.backend)?, &claims)
    }

    fn is_token(&self, token: &str, audience: &str) -> Result<bool, Refusal> {
        let key = self.token_key.get(&self.backend)?;
        Ok(token::read(&key, token, Some(audience), self.now()?).is_ok())
    }
}

fn success() -> Object<Field<Field<(), &'static str>, &'static str>> {
    object().with("_messageCode_", "200").with("message", "Success")
}

fn failed(status: u16, message: &str) -> Response {
    let document = object().with("_messageCode_", status.to_string()).with("message", message);
    Response::json(status, &document)
}

fn unauthorized() -> Response {
    let message = "User unauthorized to invoke this endpoint.";
    Response::json(401, &object().with("_statusCode_", 401).with("exception", message))
}

fn text<'r>(headers: &'r HeaderMap, name: &str) -> Option<&'r str> {
    headers.get(name)?.to_str().ok()
}

/// Returns what stands behind a scheme in the `Authorization` header.
fn behind<'r>(headers: &'r HeaderMap, scheme: &str) -> Option<&'r str> {
    let (found, rest) = text(headers, AUTHORIZATION.as_str())?.split_once(' ')?;
    found.eq_ignore_ascii_case(scheme).then_some(rest.trim())
}

/// Reads a user name and a secret in base64. A recipe in IBM's documentation encodes a newline behind them.
fn pair(encoded: &str) -> Option<(String, Secret)> {
    let text = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (user, secret) = text.trim_end_matches('\n').split_once(':')?;
    Some((user.to_owned(), Secret::new(secret.to_owned())))
}
