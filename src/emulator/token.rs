//! Access and refresh tokens: JWTs signed with HMAC-SHA256. The store keeps the signing key, so tokens survive a restart.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::response::Refusal;
use crate::model::{ApiKeyId, Identity, Timestamp};
use crate::object::object;
use crate::secret::{self, KeyedHash, Secret};

/// How long an access token lives, in seconds.
pub(super) const ACCESS_LIFE: i64 = 3_600;
/// How long a refresh token lives, in seconds.
pub(super) const REFRESH_LIFE: i64 = 72 * 3_600;

const HEADER: &str = r#"{"kid":"emulator","alg":"HS256"}"#;
const REFRESH: &str = "refresh";

/// Signs tokens and checks them.
#[derive(Debug)]
pub(super) struct Signer(pub(super) KeyedHash);

/// The claims of a token that are read back.
#[derive(Debug, Deserialize)]
pub(super) struct SignedClaims {
    pub(super) iam_id: String,
    pub(super) account: Account,
    exp: i64,
    /// `refresh` in a refresh token; absent in an access token.
    #[serde(default)]
    typ: String,
    /// The id of the key that a refresh token was issued for.
    #[serde(default)]
    pub(super) apikey_id: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Account {
    pub(super) bss: String,
}

/// The circumstances in which a token is issued.
#[derive(Debug, Clone, Copy)]
pub(super) struct Occasion<'a> {
    pub(super) identity: &'a Identity,
    pub(super) endpoint: &'a str,
    pub(super) grant_type: &'a str,
    pub(super) client: &'a str,
    pub(super) now: Timestamp,
}

impl Signer {
    pub(super) fn access(&self, occasion: Occasion<'_>) -> Result<Secret, Refusal> {
        let iam_id = &*occasion.identity.iam_id;
        let (realm, identifier) = iam_id.split_once('-').unwrap_or(("iam", iam_id));
        let user = &*occasion.identity.user;
        let now = occasion.now.seconds();
        let claims = object()
            .with("iam_id", iam_id)
            .with("id", iam_id)
            .with("realmid", realm)
            .with("jti", token_id()?)
            .with("identifier", identifier)
            .with("name", user)
            .with("email", user)
            .with("sub", user)
            .with("account", account(occasion.identity))
            .with("iat", now)
            .with("exp", now + ACCESS_LIFE)
            .with("iss", format!("{}/identity", occasion.endpoint))
            .with("grant_type", occasion.grant_type)
            .with("scope", "ibm openid")
            .with("client_id", occasion.client)
            .with("acr", 1)
            .with("amr", ["pwd"]);
        self.sign(&claims)
    }

    /// Issues a refresh token for a login with this key.
    pub(super) fn refresh(
        &self,
        occasion: Occasion<'_>,
        key: &ApiKeyId,
    ) -> Result<Secret, Refusal> {
        let now = occasion.now.seconds();
        let claims = object()
            .with("typ", REFRESH)
            .with("iam_id", &*occasion.identity.iam_id)
            .with("account", account(occasion.identity))
            .with("apikey_id", key.as_str())
            .with("jti", token_id()?)
            .with("iat", now)
            .with("exp", now + REFRESH_LIFE);
        self.sign(&claims)
    }

    fn sign(&self, claims: &impl Serialize) -> Result<Secret, Refusal> {
        let claims =
            serde_json::to_vec(claims).map_err(|error| Refusal::internal(error.to_string()))?;
        let mut text = URL_SAFE_NO_PAD.encode(HEADER);
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(claims, &mut text);
        let signature = self.signature(&text);
        Ok(Secret::new(format!("{text}.{}", signature.as_str())))
    }

    fn signature(&self, text: &str) -> KeyedHash {
        Secret::new(text.to_owned()).keyed_hash(self.0.as_str().as_bytes())
    }

    /// Reads an access token. It must be valid and signed by this service.
    pub(super) fn read_access(&self, token: &str, now: Timestamp) -> Result<SignedClaims, Refusal> {
        let refused = |code, message: &'static str| {
            Err(Refusal::new(401, "invalid_access_token", code, message))
        };
        match self.read(token) {
            Err(Flaw::Malformed) => refused("BXNIM0401E", "Provided token is malformed"),
            Err(Flaw::Forged) => {
                refused("BXNIM0405E", "Provided token is not signed by this service")
            }
            Ok(claims) if claims.typ == REFRESH => {
                refused("BXNIM0401E", "Provided token is no access token")
            }
            Ok(claims) if claims.exp <= now.seconds() => refused("", "Provided token is expired"),
            Ok(claims) => Ok(claims),
        }
    }

    /// Reads a refresh token. It must be valid and signed by this service.
    pub(super) fn read_refresh(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<SignedClaims, Refusal> {
        match self.read(token) {
            Ok(claims) if claims.typ == REFRESH && claims.exp > now.seconds() => Ok(claims),
            Ok(claims) if claims.typ == REFRESH => {
                let message = "Provided refresh token is expired";
                Err(Refusal::new(400, "bad_request", "BXNIM0408E", message))
            }
            _ => {
                let message = "Provided refresh token is invalid";
                Err(Refusal::new(400, "bad_request", "BXNIM0407E", message))
            }
        }
    }

    fn read(&self, token: &str) -> Result<SignedClaims, Flaw> {
        let (text, signature) = token.rsplit_once('.').ok_or(Flaw::Malformed)?;
        let (_, claims) = text.split_once('.').ok_or(Flaw::Malformed)?;
        let claims = URL_SAFE_NO_PAD.decode(claims).map_err(|_| Flaw::Malformed)?;
        if !self.signature(text).is(signature.as_bytes()) {
            return Err(Flaw::Forged);
        }
        serde_json::from_slice(&claims).map_err(|_| Flaw::Malformed)
    }
}

/// Why a token cannot be read.
enum Flaw {
    Malformed,
    Forged,
}

fn account(identity: &Identity) -> impl Serialize {
    object().with("valid", true).with("bss", &*identity.account_id)
}

fn token_id() -> Result<String, Refusal> {
    let random: [u8; 16] =
        secret::random().map_err(|error| Refusal::internal(error.to_string()))?;
    Ok(secret::hex(&random))
}
