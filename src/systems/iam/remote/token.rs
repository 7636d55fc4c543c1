//! Access tokens: got for a credential, kept for the next command, and asked who they are (`api/auth.md` §1 to §3).

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Method;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{Settings, errors};
use crate::clock::Clock;
use crate::http::{Body, Endpoint, Request, Text, Transport};
use crate::model::{Identity, Timestamp};
use crate::private_file;
use crate::secret::Secret;
use crate::systems::{BackendError, Condition};

/// A token counts as expired this many seconds before it is.
const MARGIN: i64 = 10;
/// More than any kept token takes.
const MOST: u64 = 64 * 1024;

/// The client that the official CLI names itself as, to whom alone its refresh tokens are of use; no secret.
const CLI_CLIENT: &str = "Basic Yng6Yng=";

/// What a token is got for. Where it comes from is not the backend's to know.
#[derive(Debug)]
pub enum Credential {
    /// An API key, exchanged for tokens as often as need be.
    ApiKey(Secret),
    /// An access token itself, good until it expires.
    BearerToken(Secret),
    /// The tokens of the official CLI's session. What is got with them stays in memory: a session that ends must not
    /// live on in a file of ours.
    CliSession {
        /// The access token; empty where there is none.
        access: Secret,
        /// The refresh token.
        refresh: Option<Secret>,
    },
}

impl Credential {
    fn secrets(&self) -> impl Iterator<Item = &Secret> {
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

/// When a kept token is over.
#[derive(Deserialize)]
struct Over {
    expiration: i64,
}

/// What a kept token's file says beside the token.
#[derive(Deserialize)]
struct KeptFor {
    auth: String,
}

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
    /// Returns the token itself.
    pub fn value(&self) -> &Secret {
        &self.value
    }

    /// Tells who it speaks for.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Tells when it expires; `None` where it does not say so.
    pub fn expires(&self) -> Option<Timestamp> {
        Timestamp::from_seconds(self.expires)
    }

    /// Takes a token that somebody else got; `None` where it cannot be read. Without an expiry it counts as good.
    fn found(value: &Secret) -> Option<Self> {
        let claims = claims(value.expose())?;
        let identity = claims.identity()?;
        let expires = claims.exp.unwrap_or(i64::MAX);
        let value = Secret::new(value.expose().to_owned());
        Some(Self { value, identity, expires, lifetime: 0, fresh: false })
    }

    fn of(body: TokenBody, fresh: bool) -> Result<Self, BackendError> {
        let identity = identity(&body.access_token).ok_or_else(names_nobody)?;
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
    claims(token)?.identity()
}

fn claims(token: &str) -> Option<Claims> {
    // It is printed, and sent in a header.
    token.bytes().all(|byte| byte.is_ascii_graphic()).then_some(())?;
    let payload = Zeroizing::new(
        URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?.trim_end_matches('=')).ok()?,
    );
    serde_json::from_slice(&payload).ok()
}

impl Claims {
    fn identity(&self) -> Option<Identity> {
        let user = self.email.as_ref().or(self.sub.as_ref()).unwrap_or(&self.iam_id).clone();
        let account = self.account.as_ref()?.bss.as_deref()?;
        Some(Identity { iam_id: self.iam_id.as_str().into(), account_id: account.into(), user })
    }
}

fn names_nobody() -> BackendError {
    let words = "The token names no user and account, or cannot be read";
    Condition::Rejected(words.to_owned()).into()
}

fn over(hint: &str) -> BackendError {
    BackendError { hint: Some(hint.to_owned()), ..Condition::Unauthorized.into() }
}

const SESSION_OVER: &str =
    "The session of the official CLI is over: run 'ibmcloud login', or 'ibmcloud-iam login'.";

/// Removes the token that was kept for a credential, if any.
pub fn forget_token(settings: &Settings, credential: &Credential) -> io::Result<()> {
    cache(settings, credential).map_or(Ok(()), |file| private_file::remove(&file))
}

/// Tells who a credential speaks for, as far as it or a token that was kept for it says so, expired or not.
pub fn known_identity(settings: &Settings, credential: &Credential) -> Option<Identity> {
    match credential {
        Credential::ApiKey(_) => {
            Some(kept(&cache(settings, credential)?, &settings.auth).ok()??.identity)
        }
        Credential::BearerToken(access) | Credential::CliSession { access, .. } => {
            identity(access.expose())
        }
    }
}

/// Reads the token that is kept in a file. Fails only where that is not private: the token may be anybody's.
fn kept(cache: &Path, auth: &Endpoint) -> io::Result<Option<Token>> {
    let bytes = match private_file::read_own(cache, MOST) {
        Ok(Some(bytes)) => bytes,
        Err(error) if private_file::remedy(&error).is_some() => return Err(error),
        Ok(None) | Err(_) => return Ok(None),
    };
    let is_for = |kept: KeptFor| kept.auth == auth.as_str();
    let token = || Token::of(serde_json::from_slice(&bytes).ok()?, false).ok();
    Ok(serde_json::from_slice(&bytes).is_ok_and(is_for).then(token).flatten())
}

/// Names the file in which a token is kept, if any is: one per token service and API key, whose name gives neither away.
fn cache(settings: &Settings, credential: &Credential) -> Option<PathBuf> {
    let Credential::ApiKey(api_key) = credential else { return None };
    let name = api_key.keyed_hash(settings.auth.as_str().as_bytes());
    Some(settings.tokens.as_ref()?.join(format!("token-{}.json", name.as_str())))
}

/// A credential, and the token it was last exchanged for.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) credential: Credential,
    /// The token service.
    auth: Endpoint,
    /// Where the token is kept from one command to the next.
    cache: Option<PathBuf>,
    clock: Clock,
    current: Mutex<Option<Arc<Token>>>,
    /// Whether an old token's renewal failed in this process; once is enough.
    is_tried: AtomicBool,
}

impl Session {
    pub(super) fn new(
        credential: Credential,
        settings: &Settings,
        transport: &Transport,
        clock: Clock,
    ) -> Self {
        let cache = cache(settings, &credential);
        for secret in credential.secrets() {
            transport.known.learn(secret.expose());
        }
        let (current, is_tried) = (Mutex::default(), AtomicBool::new(false));
        Self { credential, auth: settings.auth.clone(), cache, clock, current, is_tried }
    }

    /// Returns a token that is good for a while.
    pub(super) fn token(&self, transport: &Transport) -> Result<Arc<Token>, BackendError> {
        let now = self.clock.now()?.seconds();
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let held = match current.take() {
            None => self.kept()?.map(Arc::new),
            held => held,
        };
        let held = held.filter(|held| held.is_usable(now));
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

    /// Tells who the token in use speaks for, where there is one.
    pub(super) fn held_identity(&self) -> Option<Identity> {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        current.as_ref().map(|token| token.identity.clone())
    }

    pub(super) fn clock(&self) -> Clock {
        self.clock
    }

    /// Gets a new token in the place of one that was refused; `None` when that one was new itself, or no other can be
    /// had.
    pub(super) fn renewed(
        &self,
        refused: &Token,
        transport: &Transport,
    ) -> Result<Option<Arc<Token>>, BackendError> {
        let others = match &self.credential {
            Credential::ApiKey(_) => true,
            Credential::BearerToken(_) => false,
            Credential::CliSession { refresh, .. } => refresh.is_some(),
        };
        if refused.fresh || !others {
            return Ok(None);
        }
        self.new_token(transport).map(Some)
    }

    /// Gets a new token now, whatever was kept: the proof that the credential works.
    pub(super) fn new_token(&self, transport: &Transport) -> Result<Arc<Token>, BackendError> {
        let token = Arc::new(self.exchange(transport)?);
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&token));
        Ok(token)
    }

    fn exchange(&self, transport: &Transport) -> Result<Token, BackendError> {
        let auth = &self.auth;
        let mut request = Request::new(Method::POST, auth, &["identity", "token"], &[]);
        let (grant_type, field, secret) = match &self.credential {
            Credential::ApiKey(key) => ("urn:ibm:params:oauth:grant-type:apikey", "apikey", key),
            Credential::CliSession { refresh: Some(refresh), .. } => {
                request.headers.push(("Authorization", Text::plain(CLI_CLIENT)));
                ("refresh_token", "refresh_token", refresh)
            }
            Credential::CliSession { refresh: None, .. } => return Err(over(SESSION_OVER)),
            Credential::BearerToken(token) if Token::found(token).is_none() => {
                return Err(names_nobody());
            }
            Credential::BearerToken(_) => {
                return Err(over("The bearer token has expired; give a new one."));
            }
        };
        request.body = Body::Form(vec![
            ("grant_type", Text::plain(grant_type)),
            ("response_type", Text::plain("cloud_iam")),
            (field, Text::Secret(secret)),
        ]);
        let (reply, _) = transport.send(&request).map_err(errors::no_answer)?;
        if !reply.is_success() {
            let mut error = errors::no_token(&request, &reply, transport);
            if field == "refresh_token" && error.condition == Condition::Unauthorized {
                error.hint = Some(SESSION_OVER.to_owned());
            }
            return Err(error);
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
        let Some(cache) = &self.cache else { return };
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
            let _ = private_file::replace_small(cache, &bytes);
        }
        self.sweep(cache);
    }

    /// Removes the tokens of other credentials that are over: those of keys that were rotated, as a rule.
    fn sweep(&self, cache: &Path) {
        let (Some(directory), Ok(now)) = (cache.parent(), self.clock.now()) else { return };
        let Ok(entries) = std::fs::read_dir(directory) else { return };
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let is_token = name.starts_with("token-")
                && path.extension().is_some_and(|extension| extension == "json");
            let over = || -> Option<bool> {
                let bytes = private_file::read_own(&path, MOST).ok()??;
                let kept: Over = serde_json::from_slice(&bytes).ok()?;
                Some(kept.expiration <= now.seconds())
            };
            if is_token && path != cache && over() == Some(true) {
                let _ = private_file::remove(&path);
            }
        }
    }

    /// Takes the token that came with the credential, or that an earlier command kept.
    fn kept(&self) -> Result<Option<Token>, BackendError> {
        if let Credential::BearerToken(access) | Credential::CliSession { access, .. } =
            &self.credential
        {
            return Ok(Token::found(access));
        }
        let Some(cache) = &self.cache else { return Ok(None) };
        kept(cache, &self.auth).map_err(|error| BackendError::store(cache, "cannot be used", error))
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
