//! Access and refresh tokens: JWTs signed with HMAC-SHA256 under a key of the store, so that they outlive a restart.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::refusal::Refusal;
use crate::model::{ApiKeyId, Identity, Timestamp};
use crate::secret::{self, KeyedHash, Secret};

/// How long an access token lives, in seconds.
pub(super) const ACCESS_LIFE: i64 = 3_600;
/// How long a refresh token lives, in seconds.
pub(super) const REFRESH_LIFE: i64 = 72 * 3_600;

const HEADER: &str = r#"{"kid":"emulator","alg":"HS256"}"#;
const REFRESH: &str = "refresh";

/// Signs tokens and knows its own again.
#[derive(Debug)]
pub(super) struct Signer(KeyedHash);

/// What a token says, as far as it is read back.
#[derive(Debug, Deserialize)]
pub(super) struct Claims {
    pub(super) iam_id: String,
    pub(super) account: Account,
    exp: i64,
    /// `refresh` on what is no access token.
    #[serde(default)]
    typ: String,
    /// The id of the key that a refresh token came from.
    #[serde(default)]
    pub(super) apikey_id: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Account {
    #[serde(default)]
    valid: bool,
    pub(super) bss: String,
}

/// The claims of an access token (`api/auth.md` §3).
#[derive(Serialize)]
struct Access<'a> {
    iam_id: &'a str,
    id: &'a str,
    realmid: &'a str,
    jti: String,
    identifier: &'a str,
    name: &'a str,
    email: &'a str,
    sub: &'a str,
    account: Account,
    iat: i64,
    exp: i64,
    iss: String,
    grant_type: &'a str,
    scope: &'a str,
    client_id: &'a str,
    acr: u8,
    amr: [&'a str; 1],
}

#[derive(Serialize)]
struct Refresh<'a> {
    typ: &'a str,
    iam_id: &'a str,
    account: Account,
    apikey_id: &'a str,
    jti: String,
    iat: i64,
    exp: i64,
}

/// What a token is issued for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Occasion<'a> {
    pub(super) identity: &'a Identity,
    pub(super) endpoint: &'a str,
    pub(super) grant_type: &'a str,
    pub(super) client: &'a str,
    pub(super) now: Timestamp,
}

impl Signer {
    pub(super) fn new(key: KeyedHash) -> Self {
        Self(key)
    }

    /// Issues an access token.
    pub(super) fn access(&self, occasion: Occasion<'_>) -> Result<Secret, Refusal> {
        let iam_id = &*occasion.identity.iam_id;
        let (realm, identifier) = iam_id.split_once('-').unwrap_or(("iam", iam_id));
        let user = &*occasion.identity.user;
        let now = occasion.now.seconds();
        self.sign(&Access {
            iam_id,
            id: iam_id,
            realmid: realm,
            jti: token_id()?,
            identifier,
            name: user,
            email: user,
            sub: user,
            account: account(occasion.identity),
            iat: now,
            exp: now + ACCESS_LIFE,
            iss: format!("{}/identity", occasion.endpoint),
            grant_type: occasion.grant_type,
            scope: "ibm openid",
            client_id: occasion.client,
            acr: 1,
            amr: ["pwd"],
        })
    }

    /// Issues a refresh token for a login with this key.
    pub(super) fn refresh(
        &self,
        occasion: Occasion<'_>,
        key: &ApiKeyId,
    ) -> Result<Secret, Refusal> {
        let now = occasion.now.seconds();
        self.sign(&Refresh {
            typ: REFRESH,
            iam_id: &occasion.identity.iam_id,
            account: account(occasion.identity),
            apikey_id: key.as_str(),
            jti: token_id()?,
            iat: now,
            exp: now + REFRESH_LIFE,
        })
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

    /// Reads an access token of ours that is still good.
    pub(super) fn read_access(&self, token: &str, now: Timestamp) -> Result<Claims, Refusal> {
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

    /// Reads a refresh token of ours that is still good.
    pub(super) fn read_refresh(&self, token: &str, now: Timestamp) -> Result<Claims, Refusal> {
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

    fn read(&self, token: &str) -> Result<Claims, Flaw> {
        let (text, signature) = token.rsplit_once('.').ok_or(Flaw::Malformed)?;
        let (_, claims) = text.split_once('.').ok_or(Flaw::Malformed)?;
        let claims = URL_SAFE_NO_PAD.decode(claims).map_err(|_| Flaw::Malformed)?;
        if !self.signature(text).is(signature.as_bytes()) {
            return Err(Flaw::Forged);
        }
        serde_json::from_slice(&claims).map_err(|_| Flaw::Malformed)
    }
}

/// Why a token is not one of ours.
enum Flaw {
    Malformed,
    Forged,
}

fn account(identity: &Identity) -> Account {
    Account { valid: true, bss: identity.account_id.to_string() }
}

fn token_id() -> Result<String, Refusal> {
    let random: [u8; 16] =
        secret::random().map_err(|error| Refusal::internal(error.to_string()))?;
    Ok(secret::hex(&random))
}
