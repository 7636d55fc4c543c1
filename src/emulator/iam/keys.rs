//! The operations on one key.

use serde::{Deserialize, Deserializer, Serialize};

use super::body::{deleted, done, flag, given, if_given, leak_action, owner, read, seen, time};
use crate::emulator::{
    response::{Refusal, Response},
    routes::Request,
    service::{Caller, Emulator},
};
use crate::model::{
    Absent, ApiKey, ApiKeyChanges, ApiKeyDetails, ApiKeyId, Detail, NewApiKey, NewValue,
    activity_document, history_document, key_document,
};
use crate::object::{Fields, Object};
use crate::secret::Secret;
use crate::systems::{Keys as _, Locking as _, LookUp as _, Switching as _};

#[derive(Deserialize)]
struct NewBody {
    name: Option<String>,
    iam_id: Option<String>,
    description: Option<String>,
    account_id: Option<String>,
    apikey: Option<String>,
    store_value: Option<bool>,
    support_sessions: Option<bool>,
    action_when_leaked: Option<String>,
    expires_at: Option<String>,
}

#[derive(Deserialize)]
struct ChangesBody {
    name: Option<String>,
    description: Option<String>,
    support_sessions: Option<bool>,
    action_when_leaked: Option<String>,
    #[serde(default)]
    expires_at: ExpiryChange,
}

/// The expiry in a change: absent, null or a time.
#[derive(Default)]
enum ExpiryChange {
    #[default]
    Stays,
    Is(Option<String>),
}

impl<'de> Deserialize<'de> for ExpiryChange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(Self::Is)
    }
}

impl Emulator {
    pub(super) fn create(&self, caller: &Caller, request: &Request) -> Result<Response, Refusal> {
        let body: NewBody = read(request)?;
        let name = given("name", body.name)?;
        let owner = owner(&given("iam_id", body.iam_id)?);
        let is_of_service = owner.service_id().is_some();
        if owner != caller.owner {
            if caller.is_service_id() {
                return Err(Refusal::not_authorized());
            }
            if !is_of_service {
                return Err(other_identity());
            }
        }
        if body.account_id.is_some_and(|account| account != *self.identity.account_id) {
            return Err(Refusal::invalid(
                "The specified account does not match the account in the token.",
            ));
        }
        if body.store_value == Some(true) && !is_of_service {
            return Err(Refusal::invalid(
                "'store_value' must not be true for the API key of a user.",
            ));
        }
        let value = self.chosen(body.apikey)?;
        let new = NewApiKey {
            id: None,
            owner,
            name,
            description: body.description.unwrap_or_default(),
            locked: flag(&request.headers, "entity-lock")?,
            disabled: flag(&request.headers, "entity-disable")?,
            action_when_leaked: leak_action(body.action_when_leaked.as_deref())?,
            expires_at: time(body.expires_at.as_deref())?,
            support_sessions: body.support_sessions,
        };
        let chosen = value.as_ref().map_or(NewValue::ServiceChooses, NewValue::Chosen);
        let created = caller.keys.create(&new, chosen, &mut |_| true);
        let created = created.map_err(|error| Refusal::of(error, ""))?;
        let value = created.value.or(value);
        let shown = value.as_ref().map_or("", Secret::expose);
        let response = Response::json(201, &document(&created.key, Some(shown)));
        if let (Some(true), Some(value)) = (body.store_value, value) {
            self.kept.keep(created.key.id, value);
        }
        Ok(response)
    }

    pub(super) fn get(&self, id: &ApiKeyId, request: &Request) -> Result<Response, Refusal> {
        let detail = Detail {
            history: request.query.is_true("include_history"),
            activity: request.query.is_true("include_activity"),
        };
        self.show(id, detail)
    }

    pub(super) fn details(&self, caller: &Caller, request: &Request) -> Result<Response, Refusal> {
        let value = request.headers.get("iam-apikey").and_then(|value| value.to_str().ok());
        let value = value.filter(|value| !value.is_empty());
        let value = Secret::new(value.ok_or_else(|| Refusal::missing("IAM-ApiKey"))?.to_owned());
        let detail = Detail { history: request.query.is_true("include_history"), activity: false };
        let found = if self.bootstrap.opens_with(&value) {
            Ok(self.bootstrap.key.clone())
        } else {
            self.backend.by_value(&value)
        };
        // The value must not be in an error.
        let key = found.map_err(|error| Refusal::of(error, "(by value)"))?;
        if caller.is_service_id() && key.iam_id != caller.owner.0 {
            return Err(Refusal::not_authorized());
        }
        self.show(&key.id, detail)
    }

    fn show(&self, id: &ApiKeyId, detail: Detail) -> Result<Response, Refusal> {
        let found = if self.bootstrap.is(id) {
            ApiKeyDetails {
                key: self.bootstrap.key.clone(),
                history: detail.history.then(|| self.bootstrap.history()),
                activity: None,
            }
        } else {
            let found = self.backend.get(id, detail);
            found.map_err(|error| Refusal::of(error, id.as_str()))?
        };
        Ok(self.kept.with(id, |value| {
            let value = value.map(Secret::expose);
            with_etag(&found.key, &full_document(&found, value))
        }))
    }

    pub(super) fn update(
        &self,
        caller: &Caller,
        id: &ApiKeyId,
        request: &Request,
    ) -> Result<Response, Refusal> {
        let seen = seen(request)?;
        let body: ChangesBody = read(request)?;
        let name = if_given("name", body.name)?;
        let expires_at = match body.expires_at {
            ExpiryChange::Stays => None,
            ExpiryChange::Is(text) => Some(time(text.as_deref())?),
        };
        let changes = ApiKeyChanges {
            name,
            description: body.description,
            action_when_leaked: leak_action(body.action_when_leaked.as_deref())?,
            expires_at,
            support_sessions: body.support_sessions,
        };
        self.refuse_bootstrap(id)?;
        let updated = caller.keys.change_fields(id, seen.as_ref(), &changes);
        let key = updated.map_err(|error| Refusal::of(error, id.as_str()))?;
        Ok(with_etag(&key, &document(&key, None)))
    }

    pub(super) fn delete(&self, caller: &Caller, id: &ApiKeyId) -> Result<Response, Refusal> {
        self.refuse_bootstrap(id)?;
        let response = deleted(caller.keys.delete(id), "ApiKey", id.as_str())?;
        self.kept.forget(id);
        Ok(response)
    }

    pub(super) fn set_locked(
        &self,
        caller: &Caller,
        id: &ApiKeyId,
        locked: bool,
    ) -> Result<Response, Refusal> {
        self.refuse_bootstrap(id)?;
        done(caller.keys.set_locked(id, locked), "ApiKey", id.as_str())
    }

    pub(super) fn set_disabled(
        &self,
        caller: &Caller,
        id: &ApiKeyId,
        disabled: bool,
    ) -> Result<Response, Refusal> {
        self.refuse_bootstrap(id)?;
        done(caller.keys.set_disabled(id, disabled), "ApiKey", id.as_str())
    }

    fn refuse_bootstrap(&self, id: &ApiKeyId) -> Result<(), Refusal> {
        if self.bootstrap.is(id) {
            let why = "The bootstrap API key of the emulator cannot be changed or deleted";
            return Err(Refusal::not_authorized().details(why));
        }
        Ok(())
    }
}

/// A key as the service writes it. `value` is there on creation, and if it is kept.
pub(super) fn document<'a>(key: &'a ApiKey, value: Option<&'a str>) -> Object<impl Fields> {
    key_document(key, Absent::LeftOut).with_some("apikey", value).with("leaked", key.leaked)
}

/// A key with its history and its activity, if they are known.
pub(super) fn details_document(details: &ApiKeyDetails) -> impl Serialize {
    full_document(details, None)
}

fn full_document<'a>(details: &'a ApiKeyDetails, value: Option<&'a str>) -> impl Serialize {
    let history = history_document(&details.key.account_id, details.history.as_ref());
    let activity = activity_document(details.activity.as_ref(), Absent::LeftOut);
    document(&details.key, value).with_some("history", history).with_some("activity", activity)
}

fn with_etag(key: &ApiKey, document: &impl Serialize) -> Response {
    Response { etag: Some(key.entity_tag.as_str().to_owned()), ..Response::json(200, document) }
}

/// IBM documents the message, but not its code.
pub(super) fn other_identity() -> Refusal {
    Refusal::invalid("The specified IAM ID does not match the IAM ID in the token.")
}
