//! Access and refresh tokens. Clients check access tokens, so those are signed with RSA; nobody else reads refresh tokens,
//! which a key of the store signs with HMAC-SHA256. Both keys outlive a restart.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::claims::{Claims, Occasion};
use super::response::Refusal;
use super::token_key::TokenKey;
use crate::model::{ApiKeyId, Timestamp};
use crate::object::object;
use crate::secret::{self, KeyedHash, Secret};

/// How long a refresh token lives, in seconds.
pub(super) const REFRESH_LIFE: i64 = 72 * 3_600;
/// How long a delegated one lives. IBM's SDK for Cloud Object Storage asks for another after six days.
pub(super) const DELEGATED_LIFE: i64 = 10 * 24 * 3_600;

/// What is said of an access token that was valid.
pub(super) const EXPIRED: &str = "Provided token is expired";

/// Issues an access token.
pub(super) fn issue(key: &TokenKey, occasion: Occasion<'_>) -> Result<Secret, Refusal> {
    sign(key, &Claims::new(occasion, token_id()?))
}

/// Signs what a token says.
pub(super) fn sign(key: &TokenKey, claims: &impl Serialize) -> Result<Secret, Refusal> {
    let head = object().with("kid", &key.id).with("alg", "RS256");
    let text = unsigned(&head, claims)?;
    let signature = key.sign(text.as_bytes());
    let signature = signature.ok_or_else(|| Refusal::internal("It cannot be signed".to_owned()))?;
    Ok(Secret::new(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))))
}

/// Reads the claims of a token. It must be valid, signed with this key, and for this audience: access tokens have none.
pub(super) fn read(
    key: &TokenKey,
    token: &str,
    audience: Option<&str>,
    now: Timestamp,
) -> Result<Value, Refusal> {
    let refused =
        |code, message: &'static str| Refusal::new(401, "invalid_access_token", code, message);
    let parts = parts(token).and_then(|(text, claims, signature)| {
        let claims: Value = serde_json::from_slice(&decode(claims)?).ok()?;
        Some((text, claims, signature))
    });
    let (text, claims, signature) =
        parts.ok_or_else(|| refused("BXNIM0401E", "Provided token is malformed"))?;
    let signature = decode(signature).unwrap_or_default();
    if !key.signed(text.as_bytes(), &signature) {
        return Err(refused("BXNIM0405E", "Provided token is not signed by this service"));
    }
    if claims["aud"].as_str() != audience {
        return Err(refused("BXNIM0401E", "Provided token is for another service"));
    }
    if claims["exp"].as_i64().is_none_or(|end| end <= now.seconds()) {
        return Err(refused("", EXPIRED));
    }
    Ok(claims)
}

/// What a refresh token says.
#[derive(Debug, Serialize, Deserialize)]
struct RefreshClaims {
    apikey_id: String,
    jti: String,
    exp: i64,
}

/// Issues refresh tokens, and reads them.
#[derive(Debug)]
pub(super) struct Refresher(pub(super) KeyedHash);

impl Refresher {
    /// Issues a refresh token for a login with this key, which ends at `exp`.
    pub(super) fn issue(&self, key: &ApiKeyId, exp: i64) -> Result<Secret, Refusal> {
        let claims = RefreshClaims { apikey_id: key.as_str().to_owned(), jti: token_id()?, exp };
        let text = unsigned(&object().with("alg", "HS256"), &claims)?;
        Ok(Secret::new(format!("{text}.{}", self.signature(&text).as_str())))
    }

    /// Returns the key that a refresh token was issued for. The token must be valid and signed by this service.
    pub(super) fn read(&self, token: &str, now: Timestamp) -> Result<ApiKeyId, Refusal> {
        let refused = |code, message: &'static str| Refusal::new(400, "bad_request", code, message);
        let parts = parts(token)
            .filter(|(text, _, signature)| self.signature(text).is(signature.as_bytes()));
        let claims: Option<RefreshClaims> =
            parts.and_then(|(_, claims, _)| serde_json::from_slice(&decode(claims)?).ok());
        let claims =
            claims.ok_or_else(|| refused("BXNIM0407E", "Provided refresh token is invalid"))?;
        if claims.exp <= now.seconds() {
            return Err(refused("BXNIM0408E", "Provided refresh token is expired"));
        }
        Ok(ApiKeyId::new(claims.apikey_id))
    }

    fn signature(&self, text: &str) -> KeyedHash {
        Secret::new(text.to_owned()).keyed_hash(self.0.as_str().as_bytes())
    }
}

/// Writes the head and the claims of a token.
fn unsigned(head: &impl Serialize, claims: &impl Serialize) -> Result<String, Refusal> {
    let failed = |error: serde_json::Error| Refusal::internal(error.to_string());
    let mut text = URL_SAFE_NO_PAD.encode(serde_json::to_vec(head).map_err(failed)?);
    text.push('.');
    URL_SAFE_NO_PAD.encode_string(serde_json::to_vec(claims).map_err(failed)?, &mut text);
    Ok(text)
}

/// Returns what is signed, the claims in it, and the signature.
fn parts(token: &str) -> Option<(&str, &str, &str)> {
    let (text, signature) = token.rsplit_once('.')?;
    let (_, claims) = text.split_once('.')?;
    Some((text, claims, signature))
}

fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Makes the id of a token.
pub(super) fn token_id() -> Result<String, Refusal> {
    let random: [u8; 16] =
        secret::random().map_err(|error| Refusal::internal(error.to_string()))?;
    Ok(secret::hex(&random))
}
