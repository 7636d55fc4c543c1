//! API keys at IBM Cloud: the IAM Identity Services API over HTTPS.

mod call;
mod create;
mod credential;
mod errors;
mod list;
mod send;
mod service_ids;
mod service_wire;
mod token;
mod token_file;
mod update;
mod wire;

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use reqwest::Method;

use self::call::{Call, Header, Sent};
use self::token::Tokens;
use self::wire::{LimitBody, LimitsBody};
use crate::clock::{Clock, Skew};
use crate::http::Transport;
use crate::model::{
    ApiKey, ApiKeyDetails, ApiKeyId, BackendKind, CreatedApiKey, Detail, Id, Identity, NewApiKey,
    NewValue, Scope, Selection,
};
use crate::secret::Secret;
use crate::settings::service::Service;
use crate::systems::{
    Condition, Editing, Facts, Keys, Locking, LookUp, Note, Place, Proving, Result, ServiceIds,
    Switching, SystemError, answer,
};

pub use self::credential::{Credential, Token};
pub use self::token_file::{forget_token, known_identity};

/// API keys in IBM Cloud.
#[derive(Debug)]
pub struct RemoteKeys {
    /// How the service is reached.
    pub settings: Service,
    /// Shared with the keys as they are seen with another value: they wait for each other where the service has too many.
    transport: Arc<Transport>,
    tokens: Tokens,
    /// How many keys the listing that is under way has brought.
    came: Arc<AtomicUsize>,
}

impl RemoteKeys {
    /// Takes what is needed to reach the service. Sends nothing yet.
    pub fn new(settings: Service, credential: Credential, clock: Clock) -> Self {
        let transport = Arc::new(Transport::new(settings.http.clone(), clock));
        Self::over(transport, settings, credential, clock)
    }

    fn over(
        transport: Arc<Transport>,
        settings: Service,
        credential: Credential,
        clock: Clock,
    ) -> Self {
        let tokens = Tokens::new(credential, &settings, &transport, clock);
        Self { settings, transport, tokens, came: Arc::default() }
    }

    /// Returns the credential that tokens are got for.
    pub fn credential(&self) -> &Credential {
        &self.tokens.credential
    }

    /// Returns a token that is still good for a while, kept or new.
    pub fn token(&self) -> Result<Arc<Token>> {
        self.tokens.token(&self.transport)
    }

    /// Gets a new token even if one was kept. This proves that the credential works.
    pub fn new_token(&self) -> Result<Arc<Token>> {
        self.tokens.new_token(&self.transport)
    }

    /// Returns the id for the path of a request. Refuses unusual ids, which could lead to another path.
    fn in_path<I: Id>(id: &I) -> Result<&str> {
        id.usual().ok_or_else(|| {
            let (noun, prefix) = (I::NOUN, I::PREFIX);
            let words =
                format!("The ID of the {noun} is not of the form {prefix}UUID; nothing was sent");
            Condition::Rejected(words).into()
        })
    }

    fn key(&self, id: &ApiKeyId) -> Result<ApiKey> {
        self.get(id, Detail::default()).map(|details| details.key)
    }

    /// Sets or removes the mark `what` of a key; `is_on` tells whether a key has it.
    fn set(&self, id: &ApiKeyId, what: &str, on: bool, is_on: fn(&ApiKey) -> bool) -> Result<()> {
        let method = if on { Method::POST } else { Method::DELETE };
        let segments = ["v1", "apikeys", Self::in_path(id)?, what];
        let as_asked = |key: &Result<ApiKey>| key.as_ref().is_ok_and(|key| is_on(key) == on);
        self.act(&Call::new(method, &segments), || self.key(id), as_asked)
    }

    /// Returns how many keys an identity has and may have; `None` if the service does not say.
    fn limit_of(&self, iam_id: &str, me: &Identity) -> Result<Option<LimitBody>> {
        let segments = ["v1", "accounts", &*me.account_id, "limits", "identity"];
        let query = [("apikeys_per_identity", iam_id)];
        let read = |sent: &Sent| serde_json::from_slice::<LimitsBody>(&sent.reply.body).ok();
        let limits = self.read(&Call::get(&segments, &query), read)?;
        Ok(limits.apikeys_per_identity)
    }
}

impl Keys for RemoteKeys {
    fn facts(&self) -> &'static Facts {
        &super::FACTS
    }

    fn place(&self) -> Place {
        Place { kind: BackendKind::Remote, endpoint: self.settings.endpoint.to_string() }
    }

    fn identity(&self) -> Result<Identity> {
        Ok(self.token()?.identity.clone())
    }

    fn list(&self, scope: &Scope, _: &Selection) -> Result<Vec<ApiKey>> {
        self.list_keys(scope)
    }

    fn get(&self, id: &ApiKeyId, detail: Detail) -> Result<ApiKeyDetails> {
        let segments = ["v1", "apikeys", Self::in_path(id)?];
        self.read(&Call::get(&segments, &in_query(detail)), |sent| {
            sent.key(detail).filter(|found| found.key.id == *id)
        })
    }

    fn came(&self) -> Option<Arc<AtomicUsize>> {
        Some(Arc::clone(&self.came))
    }

    fn key_limit(&self) -> Result<Option<usize>> {
        let me = self.identity()?;
        match self.limit_of(&me.iam_id, &me) {
            Ok(limit) => Ok(limit.map(|keys| keys.limit)),
            // Some may not see the limits, and some services have none.
            Err(error) => match error.condition {
                Condition::Unavailable(_) | Condition::Unauthorized => Err(error),
                _ => Ok(None),
            },
        }
    }

    fn check_new(&self, new: &NewApiKey) -> Result<()> {
        let me = self.identity()?;
        let iam_id = &*new.owner.0;
        // If the limits cannot be seen, the create itself fails.
        let Ok(Some(keys)) = self.limit_of(iam_id, &me) else { return Ok(()) };
        let used =
            keys.identities.iter().find(|used| used.iam_id == iam_id).map_or(0, |used| used.count);
        if used >= keys.limit {
            return Err(Condition::LimitReached { limit: Some(keys.limit) }.into());
        }
        Ok(())
    }

    fn create(
        &self,
        new: &NewApiKey,
        value: NewValue<'_>,
        note: &mut Note<'_>,
    ) -> Result<CreatedApiKey> {
        self.make(new, &value, note)
    }

    fn doubt(&self) -> Duration {
        self.transport.settings.timeout() * 2
    }

    fn delete(&self, id: &ApiKeyId) -> Result<()> {
        let segments = ["v1", "apikeys", Self::in_path(id)?];
        self.act(&Call::new(Method::DELETE, &segments), || self.key(id), is_gone)
    }

    fn service_clock(&self) -> Option<Skew> {
        self.transport.skew()
    }

    fn take_warnings(&self) -> Vec<String> {
        self.transport.complaint().into_iter().collect()
    }

    fn access_token(&self) -> Result<Option<Secret>> {
        Ok(Some(Secret::new(self.token()?.value.expose().to_owned())))
    }

    fn renewed_access_token(&self) -> Result<Option<Secret>> {
        let renewed = self.tokens.renewed(&*self.token()?, &self.transport)?;
        Ok(renewed.map(|token| Secret::new(token.value.expose().to_owned())))
    }

    abilities! {
        editing -> Editing, locking -> Locking, switching -> Switching, look_up -> LookUp, proving -> Proving,
        service_ids -> ServiceIds
    }
}

impl Locking for RemoteKeys {
    fn set_locked(&self, id: &ApiKeyId, locked: bool) -> Result<()> {
        self.set(id, "lock", locked, |key| key.locked)
    }
}

impl Switching for RemoteKeys {
    fn set_disabled(&self, id: &ApiKeyId, disabled: bool) -> Result<()> {
        self.set(id, "disable", disabled, |key| key.disabled)
    }
}

impl LookUp for RemoteKeys {
    fn by_value(&self, value: &Secret) -> Result<ApiKey> {
        let mut call = Call::get(&["v1", "apikeys", "details"], &[]);
        call.headers.push(("IAM-ApiKey", Header::Secret(value)));
        self.read(&call, |sent| sent.key(Detail::default()).map(|details| details.key))
    }
}

impl Proving for RemoteKeys {
    fn acting_key(&self) -> Result<Option<ApiKeyId>> {
        let Credential::ApiKey(value) = self.credential() else { return Ok(None) };
        match self.by_value(value) {
            Ok(key) => Ok(Some(key.id)),
            // The credential is a key, but which one is not known.
            Err(error) if error.condition == Condition::NotFound => {
                let words = "The service accepts the API key, but does not find it".to_owned();
                Err(SystemError { condition: Condition::Unavailable(words), ..error })
            }
            Err(error) => Err(error),
        }
    }

    fn acting_with(&self, value: &Secret) -> Result<Option<Box<dyn Keys>>> {
        let settings = self.settings.clone();
        let api_key = Secret::new(value.expose().to_owned());
        let (credential, clock) = (Credential::ApiKey(api_key), self.tokens.clock);
        let other = Self::over(Arc::clone(&self.transport), settings, credential, clock);
        answer::log_in_within(TIME_TO_SETTLE, || other.new_token().map(drop))?;
        Ok(Some(Box::new(other)))
    }
}

/// Tells whether something is known to be gone.
fn is_gone<T>(now: &Result<T>) -> bool {
    now.as_ref().is_err_and(|error| error.condition == Condition::NotFound)
}

/// Returns the parameters that ask for details.
fn in_query(detail: Detail) -> Vec<(&'static str, &'static str)> {
    let asked = [("include_history", detail.history), ("include_activity", detail.activity)];
    asked.into_iter().filter(|(_, asked)| *asked).map(|(name, _)| (name, "true")).collect()
}

/// How long the token service may not know a key that was just made.
const TIME_TO_SETTLE: Duration = Duration::from_secs(30);
