//! Access tokens: got for a credential, and kept for the next command (IAM Identity Services API, "Create an IAM access
//! token").

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use reqwest::Method;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::credential::{Credential, Token};
use super::{errors, token_file};
use crate::clock::Clock;
use crate::http::{Body, Endpoint, Request, Text, Transport};
use crate::secret::Secret;
use crate::settings::service::Service;
use crate::systems::{Condition, Result, SystemError, answer};

/// The client id of the official CLI, which alone may use its refresh tokens. It is no secret.
const CLI_CLIENT: &str = "Basic Yng6Yng=";

const SESSION_OVER: &str =
    "The session of the official CLI is over: run 'ibmcloud login', or 'ibmcloud-iam login'.";

/// The answer of the token endpoint.
#[derive(Deserialize)]
struct TokenBody {
    access_token: String,
    refresh_token: Option<String>,
    expires_in: i64,
}

fn names_nobody() -> SystemError {
    let words = "The token names no user and account, or cannot be read";
    Condition::Rejected(words.to_owned()).into()
}

fn over(hint: &str) -> SystemError {
    SystemError { hint: Some(hint.to_owned()), ..Condition::Unauthorized.into() }
}

#[derive(Debug)]
pub(super) struct Tokens {
    pub(super) credential: Credential,
    /// The token service.
    auth: Endpoint,
    /// The file that keeps the token for the next command.
    file: Option<PathBuf>,
    pub(super) clock: Clock,
    current: Mutex<Option<Arc<Token>>>,
    /// Whether this process failed to renew an old token. It does not try twice.
    is_tried: AtomicBool,
}

impl Tokens {
    pub(super) fn new(
        credential: Credential,
        settings: &Service,
        transport: &Transport,
        clock: Clock,
    ) -> Self {
        let file = token_file::path(settings, &credential);
        for secret in credential.secrets() {
            transport.known.add(secret.expose());
        }
        let (current, is_tried) = (Mutex::default(), AtomicBool::new(false));
        Self { credential, auth: settings.auth.clone(), file, clock, current, is_tried }
    }

    /// Returns a token that is still good for a while, an old one if a new one cannot be had.
    pub(super) fn token(&self, transport: &Transport) -> Result<Arc<Token>> {
        let now = self.clock.now()?.seconds();
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let held = match current.take() {
            None => self.kept()?.map(Arc::new),
            held => held,
        };
        let held = held.filter(|held| held.is_usable(now));
        let token = match held {
            Some(held) if held.is_young(now) || self.is_tried.load(Ordering::Relaxed) => held,
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

    /// Gets a new token in place of one that was refused; `None` if that was new itself, or cannot be renewed.
    pub(super) fn renewed(
        &self,
        refused: &Token,
        transport: &Transport,
    ) -> Result<Option<Arc<Token>>> {
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

    /// Gets a new token even if one was kept. This proves that the credential works.
    pub(super) fn new_token(&self, transport: &Transport) -> Result<Arc<Token>> {
        let token = Arc::new(self.exchange(transport)?);
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&token));
        Ok(token)
    }

    fn exchange(&self, transport: &Transport) -> Result<Token> {
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
        let (reply, _) = transport.send(&request).map_err(answer::no_answer)?;
        if !reply.is_success() {
            let mut error = errors::no_token(&request, &reply, transport);
            if field == "refresh_token" && error.condition == Condition::Unauthorized {
                error.hint = Some(SESSION_OVER.to_owned());
            }
            return Err(error);
        }
        let Ok(body) = serde_json::from_slice::<TokenBody>(&reply.body) else {
            let words = format!(
                "The token service {} gave an answer that holds no token",
                auth.authority()
            );
            return Err(Condition::Unavailable(words).into());
        };
        if let Some(refresh) = body.refresh_token.map(Zeroizing::new) {
            transport.known.add_told(&refresh);
        }
        // By this machine's clock, which may differ from the service's.
        let now = self.clock.now()?.seconds();
        let expires = now.saturating_add(body.expires_in);
        let value = Secret::new(body.access_token);
        let token = Token::new(value, expires, body.expires_in, true).ok_or_else(names_nobody)?;
        if let Some(file) = &self.file {
            token_file::write(file, auth, &token);
            token_file::sweep(file, now);
        }
        Ok(token)
    }

    /// Returns the token that came with the credential, or that an earlier command kept.
    fn kept(&self) -> Result<Option<Token>> {
        if let Credential::BearerToken(access) | Credential::CliSession { access, .. } =
            &self.credential
        {
            return Ok(Token::found(access));
        }
        let Some(file) = &self.file else { return Ok(None) };
        let kept = token_file::read(file, &self.auth);
        kept.map_err(|error| SystemError::store(file, "cannot be used", error))
    }
}
