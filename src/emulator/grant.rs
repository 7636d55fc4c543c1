//! The token service: `POST /identity/token`, or `/oidc/token`, exchanges a key's value or a refresh token for an access
//! token, which the requests of the API must bring.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::AUTHORIZATION;
use serde_json::Value;

use super::claims::{ACCESS_LIFE, Occasion, Subject};
use super::response::{Refusal, Response};
use super::routes::{Params, Request};
use super::service::{Caller, Emulator};
use super::token::{self, DELEGATED_LIFE, REFRESH_LIFE};
use crate::model::{ApiKeyId, Detail, Identity, Owner, Timestamp};
use crate::object::object;
use crate::secret::Secret;
use crate::systems::iam::local::Login;
use crate::systems::{Condition, Keys as _, ServiceIds as _};

pub(super) const BY_KEY: &str = "urn:ibm:params:oauth:grant-type:apikey";
pub(super) const BY_REFRESH: &str = "refresh_token";
const CLOUD_IAM: &str = "cloud_iam";
const DELEGATED: &str = "delegated_refresh_token";

/// What is asked for at the token endpoint beside an access token.
#[derive(Debug, Default)]
struct Wanted {
    access: bool,
    delegated: bool,
}

impl Wanted {
    /// Reads `response_type`: `cloud_iam`, which is the default, `delegated_refresh_token` or both.
    fn read(form: &Params) -> Result<Self, Refusal> {
        let mut wanted = Self::default();
        for kind in form.each("response_type") {
            match kind.trim() {
                CLOUD_IAM => wanted.access = true,
                DELEGATED => wanted.delegated = true,
                _ => {
                    let valid = format!("{CLOUD_IAM}, {DELEGATED}");
                    return Err(Refusal::not_one_of("response_type", &valid));
                }
            }
        }
        wanted.access |= !wanted.delegated;
        Ok(wanted)
    }
}

impl Emulator {
    pub(super) fn grant(&self, request: &Request) -> Result<Response, Refusal> {
        let now = self.now()?;
        let client = client(request)?;
        let mut form = request.form()?;
        let grant_type = form.take("grant_type").ok_or_else(|| Refusal::missing("grant_type"))?;
        let wanted = Wanted::read(&form)?;
        self.check_form_account(&form)?;
        let (key, owner) = match grant_type.as_str() {
            BY_KEY => {
                let value = form.take("apikey").ok_or_else(|| Refusal::missing("apikey"))?;
                self.key_of_value(&Secret::new(value))?
            }
            BY_REFRESH => {
                client.ok_or_else(Refusal::no_header)?;
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
            subject: Subject::new(&identity.iam_id, &identity.user),
            account: &self.identity.account_id,
            issuer: &self.issuer(request),
            grant_type: &grant_type,
            client: client.unwrap_or("default"),
            now,
        };
        let issue = || token::issue(&*self.token_key.get(&self.backend)?, occasion);
        let access = wanted.access.then(issue).transpose()?;
        let refresh = |wanted: bool, life| {
            wanted.then(|| self.refresher.issue(&key, now.seconds() + life)).transpose()
        };
        let is_refreshed = wanted.access && client.is_some();
        let refreshed = refresh(is_refreshed, REFRESH_LIFE)?;
        let delegated = refresh(wanted.delegated, DELEGATED_LIFE)?;
        let life = if wanted.access { ACCESS_LIFE } else { DELEGATED_LIFE };
        let not_supported = wanted.access.then_some("not_supported");
        let document = object()
            .with_some("access_token", access.as_ref().map(Secret::expose))
            .with_some("refresh_token", refreshed.as_ref().map(Secret::expose).or(not_supported))
            .with_some(DELEGATED, delegated.as_ref().map(Secret::expose))
            .with("token_type", "Bearer")
            .with("expires_in", life)
            .with("expiration", now.seconds() + life)
            .with_some(
                "refresh_token_expiration",
                is_refreshed.then_some(now.seconds() + REFRESH_LIFE),
            )
            .with("scope", "ibm openid");
        Ok(Response::json(200, &document))
    }

    /// Refuses a form that names another account than that of the keys.
    fn check_form_account(&self, form: &Params) -> Result<(), Refusal> {
        let other = ["account", "account_id", "bss_account"].into_iter().find(|name| {
            form.get(name).is_some_and(|account| account != &*self.identity.account_id)
        });
        other.map_or(Ok(()), |name| {
            let words = format!("Property '{name}' is not the account of the API key");
            Err(Refusal::not_authorized().details(words))
        })
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
    pub(super) fn key_of_value(&self, value: &Secret) -> Result<(ApiKeyId, Owner), Refusal> {
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
        let id = self.refresher.read(token.expose(), now)?;
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
        let claims = self.claims_of(request)?;
        let owner = Owner(claims["iam_id"].as_str().unwrap_or_default().into());
        let is_ours = owner == self.identity.owner() || owner.service_id().is_some();
        if !is_ours || claims["account"]["bss"] != *self.identity.account_id {
            return Err(Refusal::not_authorized());
        }
        let keys = self.backend.acting_as(Arc::clone(&owner.0));
        Ok(Caller { owner, keys })
    }

    /// Reads the access token that a request brings. It must be valid.
    pub(super) fn claims_of(&self, request: &Request) -> Result<Value, Refusal> {
        let header = request.headers.get(AUTHORIZATION).ok_or_else(Refusal::no_header)?;
        let bearer = header.to_str().ok().and_then(|text| {
            let (scheme, token) = text.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
        });
        let now = self.now()?;
        self.claims_in(bearer.unwrap_or_default(), now).map_err(|refusal| {
            // A refresh token is not malformed: nobody but this service can say what it is.
            match self.refresher.read(bearer.unwrap_or_default(), now) {
                Ok(_) => Refusal {
                    message_code: Some("BXNIM0401E"),
                    message: "Provided token is no access token".into(),
                    ..refusal
                },
                Err(_) => refusal,
            }
        })
    }

    /// Reads the claims of an access token. It must be valid.
    pub(super) fn claims_in(&self, token: &str, now: Timestamp) -> Result<Value, Refusal> {
        let claims = token::read(&*self.token_key.get(&self.backend)?, token, None, now)?;
        let owner = Owner(claims["iam_id"].as_str().unwrap_or_default().into());
        // The tokens of a service ID end with it.
        if self.identity_of(&owner)?.is_none() {
            return Err(Refusal::of(Condition::Unauthorized.into(), ""));
        }
        Ok(claims)
    }
}

/// Reads `Authorization: Basic`; `None` if it is absent. The only known client is `bx`.
pub(super) fn client(request: &Request) -> Result<Option<&'static str>, Refusal> {
    let Some(header) = request.headers.get(AUTHORIZATION) else { return Ok(None) };
    let known = header.to_str().ok().and_then(|text| {
        let (scheme, encoded) = text.split_once(' ')?;
        let decoded = STANDARD.decode(encoded.trim()).ok()?;
        (scheme.eq_ignore_ascii_case("basic") && decoded == b"bx:bx").then_some("bx")
    });
    let unknown = || Refusal::new(401, "unauthorized", "BXNIM0310E", "Client not found");
    known.map(Some).ok_or_else(unknown)
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
