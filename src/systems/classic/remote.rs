//! Classic API keys at IBM Cloud: the `SoftLayer` API in its REST form (SLDN, "REST", and softlayer-python's `rest.py`).

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use reqwest::Method;

pub use super::door::Credential;
use super::door::Door;
use super::errors::{TOO_OFTEN, is_of_service};
use super::wire::{self, Arguments, KeyBody, KeysBody, UserBody};
use crate::clock::{Clock, Skew};
use crate::http::{self, Body, Endpoint, Reply, Request, Transport};
use crate::model::{
    ApiKey, ApiKeyDetails, ApiKeyId, BackendKind, CreatedApiKey, Detail, Identity, NewApiKey,
    NewValue, Owner, Scope, Selection,
};
use crate::secret::Secret;
use crate::systems::answer::{self, Unsettled};
use crate::systems::{Condition, Facts, Keys, Note, Place, Proving, Reading, Result, SystemError};

const USERS: &str = "SoftLayer_User_Customer";
/// How long a key that was just made may not log in.
const TIME_TO_SETTLE: Duration = Duration::from_secs(5);

/// The classic API keys of users.
#[derive(Debug)]
pub struct RemoteClassic {
    door: Door,
    clock: Clock,
    /// The user whose own classic API key requests are made with, if they are.
    acts_with_key: bool,
    me: OnceLock<Identity>,
    /// Whose the keys are that were seen: a key is removed by its id alone.
    seen: Mutex<HashMap<ApiKeyId, Owner>>,
}

impl RemoteClassic {
    /// Takes what is needed to reach the service. Sends nothing yet.
    pub fn new(
        endpoint: Endpoint,
        http: http::Options,
        credential: Credential,
        clock: Clock,
    ) -> Self {
        let acts_with_key =
            matches!(&credential, Credential::Basic { user, .. } if user != super::API_KEY_USER);
        let door = Door::new(endpoint, Transport::new(http, clock), credential);
        Self { door, clock, acts_with_key, me: OnceLock::new(), seen: Mutex::default() }
    }

    /// Has the token renewed there where it has expired.
    #[must_use]
    pub fn renewed_by(mut self, iam: Box<dyn Keys>) -> Self {
        self.door.iam = Some(iam);
        self
    }

    /// Returns the same for whoever has this key of the user.
    fn with_value(&self, value: &Secret) -> Result<Self> {
        let user = self.identity()?.user;
        let secret = Secret::new(value.expose().to_owned());
        let http = self.door.transport.settings.clone();
        let credential = Credential::Basic { user, secret };
        Ok(Self::new(self.door.endpoint.clone(), http, credential, self.clock))
    }

    fn ask_who(&self) -> Result<Identity> {
        let user: UserBody =
            self.door.read(&["SoftLayer_Account", "getCurrentUser.json"], Some(wire::USER))?;
        Ok(user.into())
    }

    /// Lists the keys of a user; their values are there only without a mask.
    fn keys_of(&self, owner: &Owner, mask: Option<&str>) -> Result<Vec<KeyBody>> {
        // A refusal is about the user only if the credential itself is good.
        self.identity()?;
        let user = number(&owner.0, "user")?.to_string();
        let segments = [USERS, &user, "getApiAuthenticationKeys.json"];
        let keys = self.door.read(&segments, mask).map_err(|error| self.of_user(error, owner))?;
        let keys = KeysBody::into_vec(keys);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        for key in &keys {
            seen.insert(ApiKeyId::new(key.id.to_string()), owner.clone());
            if let Some(value) = &key.value {
                self.door.transport.known.add_told(value.expose());
            }
        }
        Ok(keys)
    }

    /// Returns whose a key is, as far as that was seen.
    fn owner_of(&self, id: &ApiKeyId) -> Option<Owner> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    /// Finds a key of the user who asks, or one that was seen.
    fn find(&self, id: &ApiKeyId, mask: Option<&str>) -> Result<(Owner, KeyBody)> {
        let owner = match self.owner_of(id) {
            Some(owner) => owner,
            None => self.identity()?.owner(),
        };
        let mut keys = self.keys_of(&owner, mask)?.into_iter();
        let found = keys.find(|key| key.id.to_string() == id.as_str());
        Ok((owner, found.ok_or(Condition::NotFound)?))
    }

    /// Says why the key of another user is not there, or not to be had.
    fn of_another(&self, error: SystemError, owner: &Owner) -> SystemError {
        let is_hidden = matches!(
            error.condition,
            Condition::NotFound | Condition::Unauthorized | Condition::Forbidden
        );
        if !is_hidden || self.identity().is_ok_and(|me| me.owner() == *owner) {
            return error;
        }
        let hint = format!(
            "Since 2020-10-23 only the user may manage the classic API key; log in as the user {}.",
            owner.0
        );
        SystemError { hint: Some(hint), condition: Condition::Forbidden, ..error }
    }

    /// As [`Self::of_another`], where not a key was looked for but its user, who is there: the one who asks.
    fn of_user(&self, error: SystemError, owner: &Owner) -> SystemError {
        let error = self.of_another(error, owner);
        if error.condition != Condition::NotFound {
            return error;
        }
        let hint = "Classic infrastructure answers so where a permission is missing: ask the owner of the account.";
        SystemError { hint: Some(hint.to_owned()), condition: Condition::Forbidden, ..error }
    }

    /// Reads the answer to a request for a new key.
    fn value(&self, request: &Request<'_>, reply: &Reply) -> Result<Secret> {
        let value: String = self.door.parse(request, reply)?;
        let value = Secret::new(value);
        self.door.transport.known.add_told(value.expose());
        if wire::is_value(&value) { Ok(value) } else { Err(answer::unreadable(request)) }
    }

    /// Judges a request for a new key that brought no value.
    fn judge(&self, error: SystemError, owner: &Owner, reply: &Reply) -> SystemError {
        let code = error.service.as_ref().and_then(|service| service.code.as_deref());
        let is_clear = match error.condition {
            Condition::Unavailable(_) => {
                (300..500).contains(&reply.status) && reply.status != 408
                    || code.is_some_and(|code| code.ends_with(TOO_OFTEN))
            }
            // The service tells it in many words. No request is under way any more, so a look tells.
            Condition::Rejected(_) => {
                self.keys_of(owner, Some(wire::KEY)).is_ok_and(|keys| keys.is_empty())
            }
            _ => true,
        };
        if is_clear { error } else { answer::unknown(error) }
    }
}

/// Reads an id for a request. Others could lead to another path.
fn number(id: &str, of: &str) -> Result<u64> {
    let digits = id.bytes().all(|byte| byte.is_ascii_digit());
    id.parse().ok().filter(|_| digits).ok_or_else(|| {
        Condition::Rejected(format!("The ID of the {of} is no number; nothing was sent")).into()
    })
}

impl Keys for RemoteClassic {
    fn facts(&self) -> &'static Facts {
        &super::FACTS
    }

    fn place(&self) -> Place {
        Place { kind: BackendKind::Remote, endpoint: self.door.endpoint.to_string() }
    }

    fn identity(&self) -> Result<Identity> {
        if let Some(me) = self.me.get() {
            return Ok(me.clone());
        }
        let me = self.ask_who()?;
        Ok(self.me.get_or_init(|| me).clone())
    }

    fn list(&self, scope: &Scope, _: &Selection) -> Result<Vec<ApiKey>> {
        let Scope::Of(owner) = scope else { return Err(Condition::Forbidden.into()) };
        let (keys, me) = (self.keys_of(owner, Some(wire::KEY))?, self.identity()?);
        Ok(keys.iter().map(|key| key.key(owner, &me)).collect())
    }

    fn get(&self, id: &ApiKeyId, _: Detail) -> Result<ApiKeyDetails> {
        let (owner, found) = self.find(id, Some(wire::KEY))?;
        let key = found.key(&owner, &self.identity()?);
        Ok(ApiKeyDetails { key, history: None, activity: None })
    }

    fn check_new(&self, new: &NewApiKey) -> Result<()> {
        if !self.keys_of(&new.owner, Some(wire::KEY))?.is_empty() {
            return Err(Condition::LimitReached { limit: Some(1) }.into());
        }
        Ok(())
    }

    fn create(
        &self,
        new: &NewApiKey,
        value: NewValue<'_>,
        note: &mut Note<'_>,
    ) -> Result<CreatedApiKey> {
        if matches!(value, NewValue::Chosen(_)) {
            return Err(Condition::Unsupported("given a value").into());
        }
        let (owner, me) = (&new.owner, self.identity()?);
        let user = number(&owner.0, "user")?.to_string();
        // A GET that changes something. It is never sent again: what became of it is told by the list.
        let segments = [USERS, &user, "addApiAuthenticationKey.json"];
        let request = self.door.request(Method::GET, &segments, None);
        if !note(self.doubt()) {
            return Err(super::not_noted());
        }
        let timeout = self.door.transport.settings.timeout();
        let reply = self.door.transport.send_once(&request, timeout).map_err(answer::in_doubt)?;
        let value = self.value(&request, &reply).map_err(|error| {
            let error = self.of_user(error, owner);
            self.judge(error, owner, &reply)
        })?;
        // The answer does not tell the id.
        let keys = self.keys_of(owner, Some(wire::KEY)).map_err(answer::unknown)?;
        let key = keys.iter().max_by_key(|key| key.id).ok_or_else(|| {
            let words = "The service tells a new key, and does not list it".to_owned();
            SystemError::from(Condition::OutcomeUnknown(words))
        })?;
        Ok(CreatedApiKey { key: key.key(owner, &me), value: Some(value) })
    }

    fn doubt(&self) -> Duration {
        self.door.transport.settings.timeout() * 2
    }

    fn delete(&self, id: &ApiKeyId) -> Result<()> {
        let parameters = [number(id.as_str(), "classic API key")?];
        let document = serde_json::to_vec(&Arguments { parameters }).unwrap_or_default();
        let segments = [USERS, "removeApiAuthenticationKey.json"];
        let mut request = self.door.request(Method::POST, &segments, None);
        request.body = Body::Json(&document, None);
        let sent = match self.door.send(&request) {
            Err(failure) => Err(Unsettled::Lost(failure)),
            Ok((reply, in_doubt)) => match self.door.parse::<bool>(&request, &reply) {
                Ok(true) => Ok(()),
                Ok(false) => {
                    let words = "The service does not remove the key".to_owned();
                    Err(Unsettled::Refused(Condition::Rejected(words).into()))
                }
                Err(error) => {
                    let error = match self.owner_of(id) {
                        Some(owner) => self.of_another(error, &owner),
                        None => error,
                    };
                    let in_doubt = in_doubt || reply.is_success() && !is_of_service(&reply);
                    // It may still be removed later, and there is no other key then.
                    Err(if in_doubt {
                        Unsettled::InDoubt(answer::unknown(error))
                    } else {
                        Unsettled::Refused(error)
                    })
                }
            },
        };
        let is_gone = |now: &Result<(Owner, KeyBody)>| {
            now.as_ref().is_err_and(|error| error.condition == Condition::NotFound)
        };
        answer::settle(sent, || self.find(id, Some(wire::KEY)), is_gone)
    }

    fn service_clock(&self) -> Option<Skew> {
        self.door.transport.skew()
    }

    fn take_warnings(&self) -> Vec<String> {
        self.door.transport.complaint().into_iter().collect()
    }

    abilities! { proving -> Proving, reading -> Reading }
}

impl Reading for RemoteClassic {
    fn value_of(&self, id: &ApiKeyId) -> Result<Option<Secret>> {
        Ok(self.find(id, None)?.1.value)
    }
}

impl Proving for RemoteClassic {
    fn acting_key(&self) -> Result<Option<ApiKeyId>> {
        if !self.acts_with_key {
            return Ok(None);
        }
        // The user has no other.
        let keys = self.keys_of(&self.identity()?.owner(), Some(wire::KEY))?;
        Ok(keys.first().map(|key| ApiKeyId::new(key.id.to_string())))
    }

    fn own_key_works(&self) -> Result<Option<bool>> {
        if !self.acts_with_key {
            return Ok(None);
        }
        match self.ask_who() {
            Ok(_) => Ok(Some(true)),
            Err(error) if error.condition == Condition::Unauthorized => Ok(Some(false)),
            Err(error) => Err(error),
        }
    }

    fn opens(&self, value: &Secret) -> Result<bool> {
        match self.with_value(value)?.ask_who() {
            Ok(_) => Ok(true),
            Err(error) if error.condition == Condition::Unauthorized => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn acting_with(&self, value: &Secret) -> Result<Option<Box<dyn Keys>>> {
        let other = self.with_value(value)?;
        answer::log_in_within(TIME_TO_SETTLE, || other.identity().map(drop))?;
        Ok(Some(Box::new(other)))
    }
}
