//! Access tokens: got for an API key, kept for the next command, and asked who they are (`api/auth.md` §1 to §3).

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Method;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::errors;
use super::message::{Body, Request, Text};
use super::transport::Transport;
use crate::backend::{BackendError, Condition};
use crate::clock::Clock;
use crate::model::Identity;
use crate::private_file;
use crate::secret::Secret;

/// A token counts as expired this many seconds before it is.
const MARGIN: i64 = 10;

/// An access token.
#[derive(Debug)]
pub(super) struct Token {
    pub(super) value: Secret,
    /// Who it speaks for.
    pub(super) identity: Identity,
    /// When it expires, in seconds since 1970.
    expires: i64,
    /// How long it lives in all, in seconds.
    lifetime: i64,
    /// Whether this process got it, and it is not one that was kept.
    pub(super) fresh: bool,
}

/// The answer of the token endpoint.
#[derive(Deserialize)]
struct TokenBody {
    access_token: String,
    refresh_token: Option<String>,
    expires_in: i64,
    expiration: i64,
}

/// What is kept of it.
#[derive(Serialize)]
struct Kept<'a> {
    auth: &'a str,
    access_token: &'a str,
    expires_in: i64,
    expiration: i64,
}

/// What a kept token's file says beside the token.
#[derive(Deserialize)]
struct KeptFor {
    auth: String,
}

#[derive(Deserialize)]
struct Claims {
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
    fn of(body: TokenBody, fresh: bool) -> Result<Self, BackendError> {
        let identity = identity(&body.access_token).ok_or_else(|| {
            let words = "The token names no user and account, or cannot be read";
            BackendError::from(Condition::Rejected(words.to_owned()))
        })?;
        Ok(Self {
            value: Secret::new(body.access_token),
            identity,
            expires: body.expiration,
            lifetime: body.expires_in,
            fresh,
        })
    }

    fn is_usable(&self, now: i64) -> bool {
        now.saturating_add(MARGIN) < self.expires
    }

    /// A token is renewed when four fifths of its life are over.
    fn is_young(&self, now: i64) -> bool {
        now < self.expires.saturating_sub(self.lifetime / 5)
    }
}

/// Reads who a token speaks for; its signature is the service's to check.
fn identity(token: &str) -> Option<Identity> {
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?.trim_end_matches('=')).ok()?;
    let claims: Claims = serde_json::from_slice(&payload).ok()?;
    let user = claims.email.or(claims.sub).unwrap_or_else(|| claims.iam_id.clone());
    Some(Identity { iam_id: claims.iam_id.into(), account_id: claims.account?.bss?.into(), user })
}

/// A credential, and the token it was last exchanged for.
#[derive(Debug)]
pub(super) struct Session {
    api_key: Secret,
    /// Where the token is kept from one command to the next.
    cache: PathBuf,
    clock: Clock,
    current: Mutex<Option<Arc<Token>>>,
    /// Whether an old token's renewal failed in this process; once is enough.
    is_tried: AtomicBool,
}

impl Session {
    pub(super) fn new(api_key: Secret, transport: &Transport, clock: Clock) -> Self {
        let settings = &transport.settings;
        // One file per token service and credential, whose name gives neither away.
        let name = api_key.keyed_hash(settings.auth.as_str().as_bytes());
        let cache = settings.tokens.join(format!("token-{}.json", name.as_str()));
        transport.known.learn(api_key.expose());
        Self { api_key, cache, clock, current: Mutex::default(), is_tried: AtomicBool::new(false) }
    }

    /// Returns a token that is good for a while.
    pub(super) fn token(&self, transport: &Transport) -> Result<Arc<Token>, BackendError> {
        let now = self.clock.now()?.seconds();
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let held = current
            .take()
            .or_else(|| self.kept(transport).map(Arc::new))
            .filter(|held| held.is_usable(now));
        let token = match held {
            Some(held) if held.is_young(now) || self.is_tried.load(Ordering::Relaxed) => held,
            // An old one is better than none.
            Some(held) => self.exchange(transport).map_or_else(
                |_| {
                    self.is_tried.store(true, Ordering::Relaxed);
                    held
                },
                Arc::new,
            ),
            None => Arc::new(self.exchange(transport)?),
        };
        *current = Some(Arc::clone(&token));
        Ok(token)
    }

    pub(super) fn api_key(&self) -> &Secret {
        &self.api_key
    }

    pub(super) fn clock(&self) -> Clock {
        self.clock
    }

    /// Exchanges the credential now, whatever token was kept: the proof that it works.
    pub(super) fn proven(&self, transport: &Transport) -> Result<(), BackendError> {
        let token = self.exchange(transport)?;
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(token));
        Ok(())
    }

    /// Gets a new token in the place of one that was refused; `None` when that one was new itself.
    pub(super) fn renewed(
        &self,
        refused: &Token,
        transport: &Transport,
    ) -> Result<Option<Arc<Token>>, BackendError> {
        if refused.fresh {
            return Ok(None);
        }
        let token = Arc::new(self.exchange(transport)?);
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&token));
        Ok(Some(token))
    }

    fn exchange(&self, transport: &Transport) -> Result<Token, BackendError> {
        let auth = &transport.settings.auth;
        let mut request = Request::new(Method::POST, auth, &["identity", "token"], &[]);
        request.body = Body::Form(vec![
            ("grant_type", Text::plain("urn:ibm:params:oauth:grant-type:apikey")),
            ("response_type", Text::plain("cloud_iam")),
            ("apikey", Text::Secret(&self.api_key)),
        ]);
        let (reply, _) = transport.send(&request).map_err(errors::no_answer)?;
        if !reply.is_success() {
            return Err(errors::no_token(&request, &reply, transport));
        }
        let Ok(mut body) = serde_json::from_slice::<TokenBody>(&reply.body) else {
            let words = format!(
                "The token service {} gave an answer that holds no token",
                auth.authority()
            );
            return Err(Condition::Unavailable(words).into());
        };
        if let Some(refresh) = body.refresh_token.take().map(Zeroizing::new) {
            transport.known.learn_told(&refresh);
        }
        // By this machine's clock, which may differ from the service's.
        body.expiration = self.clock.now()?.seconds().saturating_add(body.expires_in);
        let token = Token::of(body, true)?;
        self.keep(auth.as_str(), &token);
        Ok(token)
    }

    /// Keeps a token; where that cannot be, the next command gets its own.
    fn keep(&self, auth: &str, token: &Token) {
        let kept = Kept {
            auth,
            access_token: token.value.expose(),
            expires_in: token.lifetime,
            expiration: token.expires,
        };
        // A buffer that moved would leave the token behind.
        let room = 1_024 + 6 * (auth.len() + kept.access_token.len());
        let mut bytes = Zeroizing::new(Vec::with_capacity(room));
        if serde_json::to_writer(&mut *bytes, &kept).is_ok() {
            let _ = private_file::replace_small(&self.cache, &bytes);
        }
    }

    /// Reads the token that an earlier command kept.
    fn kept(&self, transport: &Transport) -> Option<Token> {
        let bytes = private_file::read_small(&self.cache, 64 * 1024).ok()??;
        let kept: KeptFor = serde_json::from_slice(&bytes).ok()?;
        (kept.auth == transport.settings.auth.as_str()).then_some(())?;
        Token::of(serde_json::from_slice(&bytes).ok()?, false).ok()
    }
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
        let body = TokenBody {
            access_token: jwt(r#"{"iam_id":"i","account":{"bss":"a"}}"#),
            refresh_token: None,
            expires_in: 3_600,
            expiration: 10_000,
        };
        let token = Token::of(body, true).unwrap();
        assert!(token.is_young(9_279) && !token.is_young(9_280));
        assert!(token.is_usable(9_989) && !token.is_usable(9_990));
    }
}
