//! What requests are made with: a credential, and an access token that was got for it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::model::{Identity, Timestamp};
use crate::secret::Secret;

/// How many seconds before its end a token counts as expired.
const MARGIN: i64 = 10;

/// What tokens are got for. It does not say where the credential comes from.
#[derive(Debug)]
pub enum Credential {
    /// An API key, which can be exchanged for tokens at any time.
    ApiKey(Secret),
    /// An access token, which cannot be renewed.
    BearerToken(Secret),
    /// The tokens of the official CLI's session. New ones are kept in memory only: no file may outlive the session.
    CliSession {
        /// The access token; empty if there is none.
        access: Secret,
        /// The refresh token.
        refresh: Option<Secret>,
    },
}

impl Credential {
    pub(super) fn secrets(&self) -> impl Iterator<Item = &Secret> {
        let (one, other) = match self {
            Self::ApiKey(secret) | Self::BearerToken(secret) => (secret, None),
            Self::CliSession { access, refresh } => (access, refresh.as_ref()),
        };
        [one].into_iter().chain(other)
    }
}

/// An access token.
#[derive(Debug)]
pub struct Token {
    /// The token itself.
    pub value: Secret,
    /// Who it speaks for.
    pub identity: Identity,
    /// When it expires, in seconds since 1970.
    pub(super) expires: i64,
    /// How long it lives in all, in seconds.
    pub(super) lifetime: i64,
    /// Whether this process got it, not an earlier command.
    pub(super) fresh: bool,
}

/// The fields of a token's payload that are read.
#[derive(Deserialize)]
struct Claims {
    exp: Option<i64>,
    iam_id: String,
    account: Option<AccountClaim>,
    email: Option<String>,
    sub: Option<String>,
}

#[derive(Deserialize)]
struct AccountClaim {
    bss: Option<String>,
}

impl Token {
    /// Takes a token; `None` if it does not say who it speaks for.
    pub(super) fn new(value: Secret, expires: i64, lifetime: i64, fresh: bool) -> Option<Self> {
        let identity = identity(value.expose())?;
        Some(Self { value, identity, expires, lifetime, fresh })
    }

    /// Takes a token that somebody else got; `None` if it cannot be read. Without an end it counts as good.
    pub(super) fn found(value: &Secret) -> Option<Self> {
        let expires = claims(value.expose())?.exp.unwrap_or(i64::MAX);
        Self::new(Secret::new(value.expose().to_owned()), expires, 0, false)
    }

    /// Returns when it expires; `None` if that is not known.
    pub fn expires(&self) -> Option<Timestamp> {
        Timestamp::from_seconds(self.expires)
    }

    pub(super) fn is_usable(&self, now: i64) -> bool {
        now.saturating_add(MARGIN) < self.expires
    }

    /// Tells whether less than four fifths of its life are over; after that it is renewed.
    pub(super) fn is_young(&self, now: i64) -> bool {
        now < self.expires.saturating_sub(self.lifetime / 5)
    }
}

/// Reads who a token speaks for. The signature is not checked; the service does that.
pub(super) fn identity(token: &str) -> Option<Identity> {
    let Claims { iam_id, account, email, sub, .. } = claims(token)?;
    let account_id = account?.bss?.as_str().into();
    let user = email.or(sub).unwrap_or_else(|| iam_id.clone());
    Some(Identity { iam_id: iam_id.as_str().into(), account_id, user })
}

fn claims(token: &str) -> Option<Claims> {
    // The token is printed, and sent in a header.
    token.bytes().all(|byte| byte.is_ascii_graphic()).then_some(())?;
    let payload = token.split('.').nth(1)?.trim_end_matches('=');
    let payload = Zeroizing::new(URL_SAFE_NO_PAD.decode(payload).ok()?);
    serde_json::from_slice(&payload).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jwt(payload: &str) -> String {
        format!("e30.{}.sig", URL_SAFE_NO_PAD.encode(payload))
    }

    #[test]
    fn a_token_says_who_it_speaks_for() {
        let found = identity(&jwt(
            r#"{"iam_id":"IBMid-1","account":{"bss":"acct","valid":true},"email":"me@example.com","sub":"x"}"#,
        ));
        let found = found.unwrap();
        assert_eq!((&*found.iam_id, &*found.account_id), ("IBMid-1", "acct"));
        assert_eq!(found.user, "me@example.com");
        let found = identity(&jwt(r#"{"iam_id":"i","account":{"bss":"a"},"sub":"ServiceId-1"}"#));
        assert_eq!(found.unwrap().user, "ServiceId-1");
        for broken in ["", "a", "a.b", "a.!.c", &jwt("{}"), &jwt(r#"{"iam_id":"i"}"#)] {
            assert!(identity(broken).is_none(), "{broken}");
        }
    }

    #[test]
    fn a_token_is_renewed_at_four_fifths_of_its_life() {
        let value = Secret::new(jwt(r#"{"iam_id":"i","account":{"bss":"a"}}"#));
        let token = Token::new(value, 10_000, 3_600, true).unwrap();
        assert!(token.is_young(9_279) && !token.is_young(9_280));
        assert!(token.is_usable(9_989) && !token.is_usable(9_990));
    }
}
