//! The real thing: IAM Identity Services v1 over HTTPS (`api/iam_identity.md`).

mod create;
mod errors;
mod list;
mod token;
mod wire;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde::Serialize;
use zeroize::Zeroizing;

use self::token::Session;
use self::wire::{ChangesBody, KeyBody, LimitBody, LimitsBody};
use crate::clock::Clock;
use crate::http::{self, Body, Budget, Endpoint, Failure, Reply, Request, Text, Transport};
use crate::model::{
    ApiKey, ApiKeyChanges, ApiKeyDetails, ApiKeyId, BackendKind, CreatedApiKey, Detail, EntityTag,
    Identity, NewApiKey, NewValue, Owner, Selection,
};
use crate::names::Learned;
use crate::secret::Secret;
use crate::systems::{Backend, BackendError, Condition, Note};

pub use self::token::{Credential, Token, forget_token, known_identity};

/// Where the service is unless somebody says otherwise.
pub const DEFAULT_ENDPOINT: &str = "https://iam.cloud.ibm.com";

/// How to reach the service.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The API's base URL.
    pub endpoint: Endpoint,
    /// The token service's base URL.
    pub auth: Endpoint,
    /// The directory in which tokens are kept; `None` to keep none.
    pub tokens: Option<PathBuf>,
    /// How requests are sent.
    pub http: http::Settings,
}

/// API keys in IBM Cloud.
#[derive(Debug)]
pub struct RemoteBackend {
    settings: Settings,
    transport: Transport,
    session: Session,
    learned: Mutex<Learned>,
}

/// One call of the API, without the token.
struct Call<'a> {
    method: Method,
    segments: &'a [&'a str],
    query: &'a [(&'a str, &'a str)],
    headers: Vec<(&'static str, Header<'a>)>,
    body: Option<Document<'a>>,
}

/// A header beside the token.
#[derive(Clone, Copy)]
enum Header<'a> {
    Plain(&'a str),
    Secret(&'a Secret),
}

/// A body, and the secret in it.
struct Document<'a> {
    json: Zeroizing<Vec<u8>>,
    secret: Option<&'a Secret>,
}

impl<'a> Document<'a> {
    fn of(body: &impl Serialize, secret: Option<&'a Secret>) -> Self {
        // A buffer that moved would leave a value behind; no body is larger, however a text is escaped.
        let mut json = Zeroizing::new(Vec::with_capacity(64 * 1024));
        // Texts and times always make a document.
        let _ = serde_json::to_writer(&mut *json, body);
        Self { json, secret }
    }
}

impl<'a> Call<'a> {
    fn new(method: Method, segments: &'a [&'a str]) -> Self {
        Self { method, segments, query: &[], headers: Vec::new(), body: None }
    }

    fn get(segments: &'a [&'a str], query: &'a [(&'a str, &'a str)]) -> Self {
        Self { query, ..Self::new(Method::GET, segments) }
    }
}

/// An answer, with the token that it was got with.
struct Sent {
    reply: Reply,
    /// Whether it, or an attempt before it, may have been carried out though it says otherwise.
    in_doubt: bool,
    token: Arc<Token>,
}

/// Why there is no answer.
enum Lost {
    /// There is no token; nothing was sent.
    NoToken(BackendError),
    /// The way there or back.
    OnTheWay(Failure),
}

impl From<Lost> for BackendError {
    fn from(lost: Lost) -> Self {
        match lost {
            Lost::NoToken(error) => error,
            Lost::OnTheWay(failure) => errors::no_answer(failure),
        }
    }
}

impl RemoteBackend {
    /// Takes what is needed to reach the service; nothing is opened or sent yet.
    pub fn new(settings: Settings, credential: Credential, clock: Clock) -> Self {
        let transport = Transport::new(settings.http.clone(), clock);
        let session = Session::new(credential, &settings, &transport, clock);
        Self { settings, transport, session, learned: Mutex::default() }
    }

    /// Returns what tokens are got for.
    pub fn credential(&self) -> &Credential {
        &self.session.credential
    }

    /// Returns where and how the service is reached.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Returns a token that is good for a while: the one that was kept, or a new one.
    pub fn token(&self) -> Result<Arc<Token>, BackendError> {
        self.session.token(&self.transport)
    }

    /// Gets a new token, whether or not one was kept: proves that the credential is good.
    pub fn new_token(&self) -> Result<Arc<Token>, BackendError> {
        self.session.new_token(&self.transport)
    }

    fn request<'r>(&'r self, call: &'r Call<'_>, token: &'r Token) -> Request<'r> {
        let to = &self.settings.endpoint;
        let mut request = Request::new(call.method.clone(), to, call.segments, call.query);
        request.headers.push(("Authorization", Text::Authorization("Bearer", &token.value)));
        for (name, header) in &call.headers {
            let text = match header {
                Header::Plain(text) => Text::plain(*text),
                Header::Secret(secret) => Text::Secret(secret),
            };
            request.headers.push((name, text));
        }
        if let Some(document) = &call.body {
            request.body = Body::Json(&document.json, document.secret);
        }
        request
    }

    /// Sends a call with a token, and once more with a new one where a token that was kept is refused.
    fn with_token(
        &self,
        call: &Call<'_>,
        send: impl Fn(&Request<'_>) -> Result<(Reply, bool), Failure>,
    ) -> Result<Sent, Lost> {
        let mut token = self.token().map_err(Lost::NoToken)?;
        loop {
            let (reply, in_doubt) = send(&self.request(call, &token)).map_err(Lost::OnTheWay)?;
            if reply.status == 401
                && let Some(renewed) =
                    self.session.renewed(&token, &self.transport).map_err(Lost::NoToken)?
            {
                token = renewed;
                continue;
            }
            return Ok(Sent { reply, in_doubt, token });
        }
    }

    /// Sends a call that may be sent again.
    fn send(&self, call: &Call<'_>) -> Result<Sent, Lost> {
        self.with_token(call, |request| self.transport.send(request))
    }

    /// Sends a call that must not be sent again unasked.
    fn send_once(&self, call: &Call<'_>) -> Result<Sent, Lost> {
        let timeout = self.transport.settings.timeout();
        self.with_token(call, |request| {
            let reply = self.transport.send_once(request, timeout)?;
            let in_doubt = reply.is_trouble();
            Ok((reply, in_doubt))
        })
    }

    fn refused(&self, call: &Call<'_>, sent: &Sent) -> BackendError {
        errors::refused(&self.request(call, &sent.token), &sent.reply, &self.transport)
    }

    fn unreadable(&self, call: &Call<'_>, sent: &Sent) -> BackendError {
        errors::unreadable(&self.request(call, &sent.token), &sent.reply, &self.transport)
    }

    /// Gets something.
    fn get(&self, call: &Call<'_>) -> Result<Sent, BackendError> {
        let sent = self.send(call)?;
        if sent.reply.is_success() { Ok(sent) } else { Err(self.refused(call, &sent)) }
    }

    /// Gets something and reads it.
    fn read<T>(
        &self,
        call: &Call<'_>,
        read: impl FnOnce(&Sent) -> Option<T>,
    ) -> Result<T, BackendError> {
        let sent = self.get(call)?;
        read(&sent).ok_or_else(|| self.unreadable(call, &sent))
    }

    /// Does something to a key that may be done twice. Where an answer was lost, or another attempt may find it done
    /// by the one before, the key is read again, and `done` tells of it whether it was done.
    fn act(
        &self,
        call: &Call<'_>,
        id: &ApiKeyId,
        done: impl Fn(&Result<ApiKey, BackendError>) -> bool,
    ) -> Result<(), BackendError> {
        let look = || self.api_key(id, Detail::default()).map(|details| details.key);
        let sent = match self.send(call) {
            Ok(sent) => sent,
            Err(Lost::OnTheWay(failure)) if failure.sent => {
                return if done(&look()) { Ok(()) } else { Err(errors::in_doubt(failure)) };
            }
            Err(lost) => return Err(lost.into()),
        };
        let reply = &sent.reply;
        if reply.is_success() {
            return Ok(());
        }
        if sent.in_doubt {
            let now = look();
            if done(&now) {
                return Ok(());
            }
            if now.is_err_and(|error| error.condition != Condition::NotFound) {
                return Err(errors::unknown(self.refused(call, &sent)));
            }
        }
        Err(self.refused(call, &sent))
    }

    /// Returns the id for the path of a request. The service told it: one that is not of its form could name another path.
    fn in_path(id: &ApiKeyId) -> Result<&str, BackendError> {
        if id.is_usual() {
            return Ok(id.as_str());
        }
        let words =
            "The service gives the API key an ID that is none (ApiKey-UUID); it was asked nothing";
        Err(Condition::Rejected(words.to_owned()).into())
    }

    fn set(
        &self,
        id: &ApiKeyId,
        what: &str,
        on: bool,
        is_on: fn(&ApiKey) -> bool,
    ) -> Result<(), BackendError> {
        let method = if on { Method::POST } else { Method::DELETE };
        let segments = ["v1", "apikeys", Self::in_path(id)?, what];
        let as_asked =
            |key: &Result<ApiKey, BackendError>| key.as_ref().is_ok_and(|key| is_on(key) == on);
        self.act(&Call::new(method, &segments), id, as_asked)
    }

    /// Notes something of the names of one's own keys.
    fn learn(&self, note: impl FnOnce(&mut Learned)) {
        note(&mut self.learned.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Notes that a key is gone, where that is what came of asking for it.
    fn learn_of_end<T>(&self, id: &ApiKeyId, asked: &Result<T, BackendError>) {
        if asked.as_ref().is_err_and(|error| error.condition == Condition::NotFound) {
            self.learn(|learned| learned.gone(id));
        }
    }

    /// Reads a key from an answer.
    fn key_in(&self, sent: &Sent, detail: Detail) -> Option<ApiKeyDetails> {
        let body: KeyBody<'_> = serde_json::from_slice(&sent.reply.body).ok()?;
        let details = body.details(&sent.token.identity, sent.reply.header("etag"), detail);
        self.learn(|learned| learned.named(&details.key));
        Some(details)
    }

    /// Asks how many keys an identity has, and may have.
    fn limit_of(&self, iam_id: &str, me: &Identity) -> Result<Option<LimitBody>, BackendError> {
        let segments = ["v1", "accounts", &*me.account_id, "limits", "identity"];
        let query = [("apikeys_per_identity", iam_id)];
        let read = |sent: &Sent| serde_json::from_slice::<LimitsBody>(&sent.reply.body).ok();
        let limits = self.read(&Call::get(&segments, &query), read)?;
        Ok(limits.apikeys_per_identity)
    }

    /// Finds the one identity that a new key can belong to.
    fn owner<'a>(owner: &'a Owner, identity: &'a Identity) -> Result<&'a str, BackendError> {
        match owner {
            Owner::Myself => Ok(&identity.iam_id),
            Owner::AllUsers => Err(Condition::Unsupported("an API key of all users").into()),
            Owner::ServiceId(iam_id) => Ok(iam_id),
        }
    }
}

impl Backend for RemoteBackend {
    fn kind(&self) -> BackendKind {
        BackendKind::Remote
    }

    fn endpoint(&self) -> String {
        self.settings.endpoint.to_string()
    }

    fn identity(&self) -> Result<Identity, BackendError> {
        Ok(self.token()?.identity.clone())
    }

    fn api_keys(&self, owner: &Owner, _: &Selection) -> Result<Vec<ApiKey>, BackendError> {
        self.list(owner)
    }

    fn api_key(&self, id: &ApiKeyId, detail: Detail) -> Result<ApiKeyDetails, BackendError> {
        let asked = [("include_history", detail.history), ("include_activity", detail.activity)];
        let query: Vec<_> =
            asked.into_iter().filter(|(_, asked)| *asked).map(|(name, _)| (name, "true")).collect();
        let segments = ["v1", "apikeys", Self::in_path(id)?];
        let found = self.read(&Call::get(&segments, &query), |sent| self.key_in(sent, detail));
        self.learn_of_end(id, &found);
        found
    }

    fn api_key_by_value(&self, value: &Secret) -> Result<ApiKey, BackendError> {
        let mut call = Call::get(&["v1", "apikeys", "details"], &[]);
        call.headers.push(("IAM-ApiKey", Header::Secret(value)));
        self.read(&call, |sent| self.key_in(sent, Detail::default()).map(|details| details.key))
    }

    fn key_limit(&self) -> Result<Option<usize>, BackendError> {
        let me = self.identity()?;
        match self.limit_of(&me.iam_id, &me) {
            Ok(limit) => Ok(limit.map(|keys| keys.limit)),
            // Not everybody may see the limits, and not every service has them.
            Err(error) => match error.condition {
                Condition::Unavailable(_) | Condition::Unauthorized => Err(error),
                _ => Ok(None),
            },
        }
    }

    fn check_new(&self, new: &NewApiKey) -> Result<(), BackendError> {
        let me = self.identity()?;
        let iam_id = Self::owner(&new.owner, &me)?;
        // Who may not see the limits learns of them when the key is made.
        let Ok(Some(keys)) = self.limit_of(iam_id, &me) else { return Ok(()) };
        let used =
            keys.identities.iter().find(|used| used.iam_id == iam_id).map_or(0, |used| used.count);
        if used >= keys.limit {
            return Err(Condition::LimitReached { limit: Some(keys.limit) }.into());
        }
        Ok(())
    }

    fn create_api_key(
        &self,
        new: &NewApiKey,
        value: NewValue<'_>,
        note: &mut Note<'_>,
    ) -> Result<CreatedApiKey, BackendError> {
        self.create(new, &value, note)
    }

    fn check_changes(&self, _: &ApiKeyChanges) -> Result<(), BackendError> {
        Ok(())
    }

    fn update_api_key(
        &self,
        id: &ApiKeyId,
        seen: &EntityTag,
        changes: &ApiKeyChanges,
    ) -> Result<ApiKey, BackendError> {
        let segments = ["v1", "apikeys", Self::in_path(id)?];
        let mut call = Call::new(Method::PUT, &segments);
        call.headers.push(("If-Match", Header::Plain(seen.as_str())));
        call.body = Some(Document::of(&ChangesBody::of(changes), None));
        let mut budget = Budget::new(&self.transport.settings);
        loop {
            let sent = self.send_once(&call);
            let mut asked = None;
            let (error, in_doubt, again) = match sent {
                Ok(sent) if sent.reply.is_success() => {
                    match self.key_in(&sent, Detail::default()) {
                        Some(details) => return expiry_removed(details.key, changes),
                        None => (self.unreadable(&call, &sent), true, true),
                    }
                }
                Ok(sent) => {
                    let reply = &sent.reply;
                    let error = self.refused(&call, &sent);
                    if !reply.is_trouble() && !reply.may_pass() {
                        return Err(error);
                    }
                    asked = self.transport.retry_after(reply);
                    (error, sent.in_doubt, reply.may_pass())
                }
                Err(Lost::OnTheWay(failure)) => {
                    let again = !failure.lasting;
                    (errors::in_doubt(failure), false, again)
                }
                Err(lost) => return Err(lost.into()),
            };
            // Sent again only while the key still is at the version that was read.
            let now = self.api_key(id, Detail::default());
            let is_seen = now.is_ok();
            if let Ok(now) = now {
                if changes.already_in(&now.key) {
                    return Ok(now.key);
                }
                if now.key.entity_tag != *seen {
                    return Err(Condition::Conflict.into());
                }
            }
            if !again || !budget.pause(asked) {
                return Err(if in_doubt && !is_seen { errors::unknown(error) } else { error });
            }
        }
    }

    fn delete_api_key(&self, id: &ApiKeyId) -> Result<(), BackendError> {
        let segments = ["v1", "apikeys", Self::in_path(id)?];
        let deleted = self.act(&Call::new(Method::DELETE, &segments), id, |key| {
            key.as_ref().is_err_and(|error| error.condition == Condition::NotFound)
        });
        if deleted.is_ok() {
            self.learn(|learned| learned.gone(id));
        }
        self.learn_of_end(id, &deleted);
        deleted
    }

    fn set_locked(&self, id: &ApiKeyId, locked: bool) -> Result<(), BackendError> {
        self.set(id, "lock", locked, |key| key.locked)
    }

    fn set_disabled(&self, id: &ApiKeyId, disabled: bool) -> Result<(), BackendError> {
        self.set(id, "disable", disabled, |key| key.disabled)?;
        self.learn(|learned| learned.disabled(id, disabled));
        Ok(())
    }

    fn take_learned(&self) -> Option<(Identity, Learned)> {
        let learned =
            std::mem::take(&mut *self.learned.lock().unwrap_or_else(PoisonError::into_inner));
        let me = self.session.held_identity()?;
        (!learned.is_empty()).then_some((me, learned))
    }

    fn take_warnings(&self) -> Vec<String> {
        self.transport.complaint().into_iter().collect()
    }

    fn acting_key(&self) -> Result<Option<ApiKeyId>, BackendError> {
        let Credential::ApiKey(value) = self.credential() else { return Ok(None) };
        match self.api_key_by_value(value) {
            Ok(key) => Ok(Some(key.id)),
            // What logs in is a key, so this tells nothing of which one.
            Err(error) if error.condition == Condition::NotFound => {
                let words = "The service does not find the API key that it lets in".to_owned();
                Err(BackendError { condition: Condition::Unavailable(words), ..error })
            }
            Err(error) => Err(error),
        }
    }

    fn acting_with(&self, value: &Secret) -> Result<Option<Box<dyn Backend>>, BackendError> {
        let settings = self.settings.clone();
        let api_key = Secret::new(value.expose().to_owned());
        let other = Self::new(settings, Credential::ApiKey(api_key), self.session.clock());
        let start = Instant::now();
        let mut pause = Duration::from_millis(250);
        loop {
            match other.new_token() {
                Ok(_) => return Ok(Some(Box::new(other))),
                Err(error)
                    if error.condition == Condition::Unauthorized
                        && start.elapsed() + pause < TIME_TO_SETTLE =>
                {
                    thread::sleep(pause);
                    pause = (pause * 2).min(Duration::from_secs(4));
                }
                Err(error) => return Err(error),
            }
        }
    }
}

/// How long a key that was just made may stay unknown to the token service.
const TIME_TO_SETTLE: Duration = Duration::from_secs(30);

/// Makes sure that an expiry is gone where it was to go: how to remove one is not documented.
fn expiry_removed(key: ApiKey, changes: &ApiKeyChanges) -> Result<ApiKey, BackendError> {
    if changes.expires_at == Some(None) && key.expires_at.is_some() {
        let words = "The service keeps the expiry of the API key";
        return Err(Condition::Rejected(words.to_owned()).into());
    }
    Ok(key)
}

/// For how long after a request a look-up that finds nothing proves nothing.
fn in_doubt_for(settings: &http::Settings) -> Duration {
    settings.timeout() * 2
}
