//! The token service: `POST /identity/token` exchanges a key's value or a refresh token for an access token, which every
//! other request must bring.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::AUTHORIZATION;

use super::response::{Refusal, Response};
use super::routes::{Params, Request};
use super::service::{Caller, Emulator};
use super::token::{ACCESS_LIFE, Occasion, REFRESH_LIFE};
use crate::model::{ApiKeyId, Detail, Identity, Owner, Timestamp};
use crate::object::object;
use crate::secret::Secret;
use crate::systems::iam::local::Login;
use crate::systems::{Condition, Keys as _, ServiceIds as _};

const BY_KEY: &str = "urn:ibm:params:oauth:grant-type:apikey";
const BY_REFRESH: &str = "refresh_token";

impl Emulator {
    pub(super) fn grant(&self, request: &Request) -> Result<Response, Refusal> {
        let now = self.now()?;
        let client = client(request)?;
        let form = str::from_utf8(&request.body)
            .map_err(|_| Refusal::invalid("The form is not valid UTF-8"))?;
        let mut form = Params::parse(form);
        let grant_type = form.take("grant_type").ok_or_else(|| Refusal::missing("grant_type"))?;
        if form.get("response_type").is_some_and(|kind| kind != "cloud_iam") {
            return Err(Refusal::not_one_of("response_type", "cloud_iam"));
        }
        let (key, owner) = match grant_type.as_str() {
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
        let identity = self.identity_of(&owner)?.ok_or_else(unknown)?;
        let occasion = Occasion {
            identity: &identity,
            endpoint: &request.endpoint,
            grant_type: &grant_type,
            client: client.unwrap_or("default"),
            now,
        };
        let access = self.signer.access(occasion)?;
        let refresh = client.map(|_| self.signer.refresh(occasion, &key)).transpose()?;
        let expiration = refresh.as_ref().map(|_| now.seconds() + REFRESH_LIFE);
        let document = object()
            .with("access_token", access.expose())
            .with("refresh_token", refresh.as_ref().map_or("not_supported", Secret::expose))
            .with("token_type", "Bearer")
            .with("expires_in", ACCESS_LIFE)
            .with("expiration", now.seconds() + ACCESS_LIFE)
            .with_some("refresh_token_expiration", expiration)
            .with("scope", "ibm openid");
        Ok(Response::json(200, &document))
    }

    /// Returns as whom a key logs in: as its service ID, or as the user of the store. `None` if the service ID is gone.
    fn identity_of(&self, owner: &Owner) -> Result<Option<Identity>, Refusal> {
        let Some(id) = owner.service_id() else { return Ok(Some(self.identity.clone())) };
        match self.backend.get_service_id(&id, Detail::default()) {
            Ok(found) => Ok(Some(Identity {
                iam_id: Arc::clone(&owner.0),
                account_id: Arc::clone(&self.identity.account_id),
                user: found.service_id.name.into(),
            })),
            Err(error) if error.condition == Condition::NotFound => Ok(None),
            Err(error) => Err(Refusal::of(error, "")),
        }
    }

    /// Finds the key that a value opens, and its owner.
    fn key_of_value(&self, value: &Secret) -> Result<(ApiKeyId, Owner), Refusal> {
        if self.bootstrap.opens_with(value) {
            return Ok((self.bootstrap.key.id.clone(), self.identity.owner()));
        }
        let login = self.backend.log_in(value).map_err(|error| Refusal::of(error, ""))?;
        match login {
            Login::Done(key) => Ok((key.id, Owner(key.iam_id))),
            Login::Unknown => Err(unknown()),
            Login::Disabled => Err(disabled()),
            Login::Expired => Err(expired()),
        }
    }

    /// Finds the key that a refresh token was issued for. The key must still work.
    fn key_of_refresh(&self, token: &Secret, now: Timestamp) -> Result<(ApiKeyId, Owner), Refusal> {
        let claims = self.signer.read_refresh(token.expose(), now)?;
        let id = ApiKeyId::new(claims.apikey_id);
        if self.bootstrap.is(&id) {
            return Ok((id, self.identity.owner()));
        }
        let found = self.backend.get(&id, Detail::default());
        let key = found.map_err(|error| Refusal::of(error, id.as_str()));
        match key {
            Ok(details) if details.key.disabled => Err(disabled()),
            Ok(details) if details.key.expires_at.is_some_and(|at| at <= now) => Err(expired()),
            Ok(details) => Ok((id, Owner(details.key.iam_id))),
            Err(refusal) if refusal.status == 404 => Err(unknown()),
            Err(refusal) => Err(refusal),
        }
    }

    /// Finds out who sends a request. Refuses one that brings no valid access token of this service.
    pub(super) fn check_token(&self, request: &Request) -> Result<Caller, Refusal> {
        let header = request.headers.get(AUTHORIZATION).ok_or_else(no_header)?;
        let bearer = header.to_str().ok().and_then(|text| {
            let (scheme, token) = text.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
        });
        let claims = self.signer.read_access(bearer.unwrap_or_default(), self.now()?)?;
        let owner = Owner(claims.iam_id.into());
        let is_ours = owner == self.identity.owner() || owner.service_id().is_some();
        if !is_ours || claims.account.bss != *self.identity.account_id {
            return Err(Refusal::not_authorized());
        }
        // The tokens of a service ID end with it.
        if self.identity_of(&owner)?.is_none() {
            return Err(Refusal::of(Condition::Unauthorized.into(), ""));
        }
        let keys = self.backend.acting_as(Arc::clone(&owner.0));
        Ok(Caller { owner, keys })
    }
}

fn unknown() -> Refusal {
    Refusal::new(400, "bad_request", "BXNIM0415E", "Provided API key could not be found.")
}

fn disabled() -> Refusal {
    Refusal::new(400, "bad_request", "BXNIM0420E", "Provided API key is disabled.")
}

/// IBM does not document the code for an expired key. The emulator uses the one for an unknown key.
fn expired() -> Refusal {
    unknown().details("The API key is expired.")
}

fn no_header() -> Refusal {
    Refusal::new(401, "unauthorized", "BXNIM0308E", "No authorization header found")
}

/// Reads `Authorization: Basic`; `None` if it is absent. The only known client is `bx`.
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
