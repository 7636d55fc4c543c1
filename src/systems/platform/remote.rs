//! The platform API key of a user, at the platform over HTTPS.
//!
//! There is one request about keys, and it makes one: `GET /usermgmt/v1/user/apiKey` replaces the key of whoever asks.
//! It is sent once for each key that somebody asked for, and never to look.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use reqwest::Method;

pub use super::credential::{Credential, Proof, Token};
use super::login::Door;
pub use super::wire::User;
use super::{errors, identity, key_of, not_noted, wire};
use crate::clock::{Clock, Skew};
use crate::http::{self, Endpoint, Request, Text, Transport};
use crate::model::{
    ApiKey, ApiKeyDetails, ApiKeyId, BackendKind, CreatedApiKey, Detail, Identity, NewApiKey,
    NewValue, Scope, Selection,
};
use crate::secret::Secret;
use crate::systems::{Condition, Facts, Keys, Note, Place, Proving, Result, SystemError, answer};

/// How long a platform may not know a key that was just made.
const TIME_TO_SETTLE: Duration = Duration::from_secs(5);

/// The platform API key of a user.
#[derive(Debug)]
pub struct RemotePlatform {
    door: Door,
    clock: Clock,
    /// Kept for this command only.
    token: Mutex<Option<Arc<Token>>>,
}

impl RemotePlatform {
    /// Takes what is needed to reach the platform. Sends nothing yet.
    pub fn new(
        endpoint: Endpoint,
        settings: http::Options,
        credential: Credential,
        clock: Clock,
    ) -> Self {
        let transport = Transport::new(settings, clock);
        transport.known.add(credential.proof.secret().expose());
        if let Proof::ApiKey(key) = &credential.proof {
            transport.known.add(super::zen(&credential.user, key).expose());
        }
        Self { door: Door { endpoint, credential, transport }, clock, token: Mutex::default() }
    }

    /// Returns who logs in, and with what.
    pub fn credential(&self) -> &Credential {
        &self.door.credential
    }

    /// Returns the same for whoever has this key of the user.
    #[must_use]
    pub fn with_key(&self, key: &Secret) -> Self {
        let Door { endpoint, credential, transport } = &self.door;
        let proof = Proof::ApiKey(Secret::new(key.expose().to_owned()));
        let credential = Credential { user: credential.user.clone(), proof };
        Self::new(endpoint.clone(), transport.settings.clone(), credential, self.clock)
    }

    /// Returns the token of this command, and gets it first.
    pub fn token(&self) -> Result<Arc<Token>> {
        let mut token = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(token) = &*token {
            return Ok(Arc::clone(token));
        }
        let new = Arc::new(self.door.log_in()?);
        *token = Some(Arc::clone(&new));
        Ok(new)
    }

    /// Asks who the token speaks for.
    pub fn current_user(&self) -> Result<User> {
        let token = self.token()?;
        let request = self.request("currentUserInfo", &token);
        let reply = self.door.ask(&request)?;
        let user = reply.is_success().then(|| wire::user_in(&reply.body)).flatten();
        user.ok_or_else(|| errors::refused(&request, &reply, &self.door.transport))
    }

    fn request<'r>(&'r self, what: &str, token: &'r Token) -> Request<'r> {
        let path = ["usermgmt", "v1", "user", what];
        let mut request = Request::new(Method::GET, &self.door.endpoint, &path, &[]);
        request.headers.push(("Authorization", Text::Authorization("Bearer", &token.value)));
        request
    }

    /// Has a key generated: sends the request once, whatever comes of it.
    fn generate(&self, note: &mut Note<'_>) -> Result<CreatedApiKey> {
        let token = self.token()?;
        let request = self.request("apiKey", &token);
        if !note(self.doubt()) {
            return Err(not_noted());
        }
        let timeout = self.door.transport.settings.timeout();
        let reply = self.door.transport.send_once(&request, timeout).map_err(answer::in_doubt)?;
        let refused = || errors::refused(&request, &reply, &self.door.transport);
        match reply.status {
            200..300 => {
                let value = wire::secret_in(&reply.body, &["apiKey"]);
                let value = value.ok_or_else(|| answer::unknown(answer::unreadable(&request)))?;
                self.door.transport.known.add_told(value.expose());
                let now = reply.date().map_or_else(|| self.clock.now(), Ok)?;
                let key = key_of(&self.door.credential.user, now);
                Ok(CreatedApiKey { key, value: Some(value) })
            }
            // A gateway may answer so for a platform that goes on.
            100..200 | 408 | 409 | 429 | 500.. => Err(answer::unknown(refused())),
            _ => Err(refused()),
        }
    }
}

impl Keys for RemotePlatform {
    fn facts(&self) -> &'static Facts {
        &super::FACTS
    }

    fn place(&self) -> Place {
        Place { kind: BackendKind::Remote, endpoint: self.door.endpoint.to_string() }
    }

    fn identity(&self) -> Result<Identity> {
        Ok(identity(&self.door.credential.user))
    }

    fn list(&self, _: &Scope, _: &Selection) -> Result<Vec<ApiKey>> {
        Err(Condition::Unsupported("listed").into())
    }

    fn lists(&self) -> bool {
        false
    }

    fn get(&self, _: &ApiKeyId, _: Detail) -> Result<ApiKeyDetails> {
        Err(Condition::Unsupported("shown").into())
    }

    fn check_new(&self, _: &NewApiKey) -> Result<()> {
        self.token().map(drop)
    }

    fn create(
        &self,
        _: &NewApiKey,
        value: NewValue<'_>,
        note: &mut Note<'_>,
    ) -> Result<CreatedApiKey> {
        match value {
            NewValue::ServiceChooses => self.generate(note),
            NewValue::Chosen(_) => Err(Condition::Unsupported("given a chosen value").into()),
        }
    }

    fn doubt(&self) -> Duration {
        self.door.transport.settings.timeout() * 2
    }

    fn delete(&self, _: &ApiKeyId) -> Result<()> {
        Err(Condition::Unsupported("deleted").into())
    }

    fn service_clock(&self) -> Option<Skew> {
        self.door.transport.skew()
    }

    fn take_warnings(&self) -> Vec<String> {
        self.door.transport.complaint().into_iter().collect()
    }

    abilities! { proving -> Proving }
}

impl Proving for RemotePlatform {
    fn acting_key(&self) -> Result<Option<ApiKeyId>> {
        let is_key = matches!(self.door.credential.proof, Proof::ApiKey(_));
        Ok(is_key.then(|| ApiKeyId::new(&*self.door.credential.user)))
    }

    fn own_key_works(&self) -> Result<Option<bool>> {
        if matches!(self.door.credential.proof, Proof::Password(_)) {
            return Ok(None);
        }
        // A token that is kept proves nothing: it outlives its key.
        match self.door.log_in() {
            Ok(_) => Ok(Some(true)),
            Err(error) if error.condition == Condition::Unauthorized => Ok(Some(false)),
            Err(error) => Err(error),
        }
    }

    fn opens(&self, value: &Secret) -> Result<bool> {
        match self.with_key(value).token() {
            Ok(_) => Ok(true),
            Err(error) if error.condition == Condition::Unauthorized => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn acting_with(&self, value: &Secret) -> Result<Option<Box<dyn Keys>>> {
        let other = self.with_key(value);
        let start = Instant::now();
        let mut pause = Duration::from_millis(250);
        loop {
            match other.token() {
                Ok(_) => return Ok(Some(Box::new(other))),
                Err(SystemError { condition: Condition::Unauthorized, .. })
                    if start.elapsed() + pause < TIME_TO_SETTLE =>
                {
                    thread::sleep(pause);
                    pause *= 2;
                }
                Err(error) => return Err(error),
            }
        }
    }
}
