//! `POST /identity/token`: a value, or a refresh token, for an access token (`api/auth.md` §1).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::AUTHORIZATION;
use serde::Serialize;

use super::Emulator;
use super::params::Params;
use super::refusal::Refusal;
use super::routes::Request;
use super::token::{ACCESS_LIFE, Occasion, REFRESH_LIFE};
use super::wire::Reply;
use crate::model::{ApiKeyId, Detail, Timestamp};
use crate::secret::Secret;
use crate::systems::Backend as _;
use crate::systems::iam::local::Login;

const BY_KEY: &str = "urn:ibm:params:oauth:grant-type:apikey";
const BY_REFRESH: &str = "refresh_token";

/// The answer of the token endpoint.
#[derive(Serialize)]
struct Granted<'a> {
    access_token: &'a str,
    refresh_token: &'a str,
    token_type: &'a str,
    expires_in: i64,
    expiration: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token_expiration: Option<i64>,
    scope: &'a str,
}

impl Emulator {
    pub(super) fn grant(&self, request: &Request) -> Result<Reply, Refusal> {
        let now = self.now()?;
        let client = client(request)?;
        let form = str::from_utf8(&request.body)
            .map_err(|_| Refusal::invalid("The form is not valid UTF-8"))?;
        let mut form = Params::parse(form);
        let grant_type = form.take("grant_type").ok_or_else(|| Refusal::missing("grant_type"))?;
        if form.get("response_type").is_some_and(|kind| kind != "cloud_iam") {
            return Err(Refusal::not_one_of("response_type", "cloud_iam"));
        }
        let key = match grant_type.as_str() {
            BY_KEY => {
                let value = form.take("apikey").ok_or_else(|| Refusal::missing("apikey"))?;
                self.key_of_value(&Secret::new(value))?
            }
            BY_REFRESH => {
                if client.is_none() {
                    return Err(no_header());
                }
                let token =
                    form.take("refresh_token").ok_or_else(|| Refusal::missing("refresh_token"))?;
                self.key_of_refresh(&Secret::new(token), now)?
            }
            _ => {
                return Err(Refusal::not_one_of("grant_type", &format!("{BY_KEY}, {BY_REFRESH}")));
            }
        };
        let occasion = Occasion {
            identity: &self.identity,
            endpoint: &request.endpoint,
            grant_type: &grant_type,
            client: client.unwrap_or("default"),
            now,
        };
        let access = self.signer.access(occasion)?;
        let refresh = client.map(|_| self.signer.refresh(occasion, &key)).transpose()?;
        Ok(Reply::json(
            200,
            &Granted {
                access_token: access.expose(),
                refresh_token: refresh.as_ref().map_or("not_supported", Secret::expose),
                token_type: "Bearer",
                expires_in: ACCESS_LIFE,
                expiration: now.seconds() + ACCESS_LIFE,
                refresh_token_expiration: refresh.as_ref().map(|_| now.seconds() + REFRESH_LIFE),
                scope: "ibm openid",
            },
        ))
    }

    fn key_of_value(&self, value: &Secret) -> Result<ApiKeyId, Refusal> {
        if self.bootstrap.opens_with(value) {
            return Ok(self.bootstrap.key().id.clone());
        }
        let login = self.backend.log_in(value).map_err(|error| Refusal::of(error, ""))?;
        match login {
            Login::Done(key) => Ok(key.id),
            Login::Unknown => Err(unknown()),
            Login::Disabled => Err(disabled()),
            Login::Expired => Err(expired()),
        }
    }

    /// Finds the key that a refresh token came from; it must still be good itself.
    fn key_of_refresh(&self, token: &Secret, now: Timestamp) -> Result<ApiKeyId, Refusal> {
        let claims = self.signer.read_refresh(token.expose(), now)?;
        let id = ApiKeyId::new(claims.apikey_id);
        if self.bootstrap.is(&id) {
            return Ok(id);
        }
        let found = self.backend.api_key(&id, Detail::default());
        let key = found.map_err(|error| Refusal::of(error, id.as_str()));
        match key {
            Ok(details) if details.key.disabled => Err(disabled()),
            Ok(details) if details.key.expires_at.is_some_and(|at| at <= now) => Err(expired()),
            Ok(_) => Ok(id),
            Err(refusal) if refusal.status == 404 => Err(unknown()),
            Err(refusal) => Err(refusal),
        }
    }
}

fn unknown() -> Refusal {
    Refusal::new(400, "bad_request", "BXNIM0415E", "Provided API key could not be found.")
}

fn disabled() -> Refusal {
    Refusal::new(400, "bad_request", "BXNIM0420E", "Provided API key is disabled.")
}

/// No source knows the code of an expired key; the one of an unknown key is assumed.
fn expired() -> Refusal {
    unknown().details("The API key is expired.")
}

fn no_header() -> Refusal {
    Refusal::new(401, "unauthorized", "BXNIM0308E", "No authorization header found")
}

/// Reads `Authorization: Basic`; `None` where there is none. The only client known is `bx`.
fn client(request: &Request) -> Result<Option<&'static str>, Refusal> {
    let Some(header) = request.headers.get(AUTHORIZATION) else { return Ok(None) };
    let known = header.to_str().ok().and_then(|text| {
        let (scheme, encoded) = text.split_once(' ')?;
        let decoded = STANDARD.decode(encoded.trim()).ok()?;
        (scheme.eq_ignore_ascii_case("basic") && decoded == b"bx:bx").then_some("bx")
    });
    match known {
        Some(client) => Ok(Some(client)),
        None => Err(Refusal::new(401, "unauthorized", "BXNIM0310E", "Client not found")),
    }
}
