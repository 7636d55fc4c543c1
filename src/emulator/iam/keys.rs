//! The operations on one key.

use hyper::HeaderMap;
use hyper::header::IF_MATCH;
use serde::{Deserialize, Deserializer, Serialize};

use crate::emulator::{
    response::{Refusal, Response},
    routes::Request,
    service::Emulator,
};
use crate::model::{
    Absent, ApiKey, ApiKeyChanges, ApiKeyDetails, ApiKeyId, Detail, EntityTag, LeakAction,
    NewApiKey, NewValue, Timestamp, activity_document, history_document, key_document,
};
use crate::object::{Fields, Object};
use crate::secret::Secret;
use crate::systems::{
    Condition, Keys as _, Locking as _, LookUp as _, Switching as _, SystemError,
};

/// How many characters a value chosen by the client must have.
const SHORTEST_VALUE: usize = 32;

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
    pub(super) fn create(&self, request: &Request) -> Result<Response, Refusal> {
        let body: NewBody = read(request)?;
        let value = body.apikey.map(Secret::new);
        let given = |property: &str, text: Option<String>| {
            text.filter(|text| !text.is_empty()).ok_or_else(|| Refusal::missing(property))
        };
        let name = given("name", body.name)?;
        let iam_id = given("iam_id", body.iam_id)?;
        if iam_id != *self.identity.iam_id {
            return Err(other_identity());
        }
        if body.account_id.is_some_and(|account| account != *self.identity.account_id) {
            return Err(Refusal::invalid(
                "The specified account does not match the account in the token.",
            ));
        }
        if body.store_value == Some(true) {
            return Err(Refusal::invalid(
                "'store_value' must not be true for the API key of a user.",
            ));
        }
        if value.as_ref().is_some_and(|value| value.expose().chars().count() < SHORTEST_VALUE) {
            let words = format!("Property 'apikey' must have {SHORTEST_VALUE} characters or more.");
            return Err(Refusal::invalid(words));
        }
        if value.as_ref().is_some_and(|value| self.bootstrap.opens_with(value)) {
            return Err(Refusal::of(Condition::DuplicateValue.into(), ""));
        }
        let new = NewApiKey {
            id: None,
            owner: self.identity.owner(),
            name,
            description: body.description.unwrap_or_default(),
            locked: flag(&request.headers, "entity-lock")?,
            disabled: flag(&request.headers, "entity-disable")?,
            action_when_leaked: leak_action(body.action_when_leaked.as_deref())?,
            expires_at: time(body.expires_at.as_deref())?,
            support_sessions: body.support_sessions,
        };
        let chosen = value.as_ref().map_or(NewValue::ServiceChooses, NewValue::Chosen);
        let created = self.backend.create(&new, chosen, &mut |_| true);
        let created = created.map_err(|error| Refusal::of(error, ""))?;
        let value = created.value.or(value);
        let value = value.as_ref().map_or("", Secret::expose);
        Ok(Response::json(201, &document(&created.key, Some(value))))
    }

    pub(super) fn get(&self, id: &ApiKeyId, request: &Request) -> Result<Response, Refusal> {
        let detail = Detail {
            history: request.query.is_true("include_history"),
            activity: request.query.is_true("include_activity"),
        };
        self.show(id, detail)
    }

    pub(super) fn details(&self, request: &Request) -> Result<Response, Refusal> {
        let value = request.headers.get("iam-apikey").and_then(|value| value.to_str().ok());
        let value = value.filter(|value| !value.is_empty());
        let value = Secret::new(value.ok_or_else(|| Refusal::missing("IAM-ApiKey"))?.to_owned());
        let detail = Detail { history: request.query.is_true("include_history"), activity: false };
        if self.bootstrap.opens_with(&value) {
            return self.show(&self.bootstrap.key.id, detail);
        }
        let found = self.backend.by_value(&value);
        // The value must not be in an error.
        let key = found.map_err(|error| Refusal::of(error, "(by value)"))?;
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
        Ok(with_etag(&found.key, &details_document(&found)))
    }

    pub(super) fn update(&self, id: &ApiKeyId, request: &Request) -> Result<Response, Refusal> {
        let tag = if_match(request)?;
        let body: ChangesBody = read(request)?;
        if body.name.as_deref() == Some("") {
            return Err(Refusal::missing("name"));
        }
        let expires_at = match body.expires_at {
            ExpiryChange::Stays => None,
            ExpiryChange::Is(text) => Some(time(text.as_deref())?),
        };
        let changes = ApiKeyChanges {
            name: body.name,
            description: body.description,
            action_when_leaked: leak_action(body.action_when_leaked.as_deref())?,
            expires_at,
            support_sessions: body.support_sessions,
        };
        self.refuse_bootstrap(id)?;
        let seen = (tag != "*").then(|| EntityTag::new(tag));
        let updated = self.backend.change_fields(id, seen.as_ref(), &changes);
        let key = updated.map_err(|error| Refusal::of(error, id.as_str()))?;
        Ok(with_etag(&key, &document(&key, None)))
    }

    pub(super) fn delete(&self, id: &ApiKeyId) -> Result<Response, Refusal> {
        let deleted = if self.bootstrap.is(id) {
            Err(Condition::Locked.into())
        } else {
            self.backend.delete(id)
        };
        deleted.map_err(|error| match error.condition {
            Condition::Locked => {
                Refusal::new(409, "delete_not_possible", "BXNIM0105E", "Unable to delete object")
                    .details(format!("Object type 'ApiKey' with ID '{id}' could not be deleted"))
            }
            _ => Refusal::of(error, id.as_str()),
        })?;
        Ok(Response::empty(204))
    }

    pub(super) fn set_locked(&self, id: &ApiKeyId, locked: bool) -> Result<Response, Refusal> {
        self.refuse_bootstrap(id)?;
        done(self.backend.set_locked(id, locked), id)
    }

    pub(super) fn set_disabled(&self, id: &ApiKeyId, disabled: bool) -> Result<Response, Refusal> {
        self.refuse_bootstrap(id)?;
        done(self.backend.set_disabled(id, disabled), id)
    }

    fn refuse_bootstrap(&self, id: &ApiKeyId) -> Result<(), Refusal> {
        if self.bootstrap.is(id) {
            return Err(Refusal::of(Condition::Locked.into(), id.as_str()));
        }
        Ok(())
    }
}

/// A key as the service writes it. `value` is there on creation only.
fn document<'a>(key: &'a ApiKey, value: Option<&'a str>) -> Object<impl Fields> {
    key_document(key, Absent::LeftOut).with_some("apikey", value).with("leaked", key.leaked)
}

/// A key with its history and its activity, if they are known.
pub(super) fn details_document(details: &ApiKeyDetails) -> impl Serialize {
    document(&details.key, None)
        .with_some("history", history_document(details))
        .with_some("activity", activity_document(details, Absent::LeftOut))
}

fn with_etag(key: &ApiKey, document: &impl Serialize) -> Response {
    Response { etag: Some(key.entity_tag.as_str().to_owned()), ..Response::json(200, document) }
}

fn done(result: Result<(), SystemError>, id: &ApiKeyId) -> Result<Response, Refusal> {
    match result {
        Ok(()) => Ok(Response::empty(204)),
        Err(error) if error.condition == Condition::Conflict => {
            let message = "The entity is already in the requested state.";
            Err(Refusal::new(409, "conflict", "", message))
        }
        Err(error) => Err(Refusal::of(error, id.as_str())),
    }
}

/// IBM documents the message, but not its code.
pub(super) fn other_identity() -> Refusal {
    Refusal::invalid("The specified IAM ID does not match the IAM ID in the token.")
}

/// Reads the body. An error names only the position, because the text there may be a value.
pub(super) fn read<'a, T: Deserialize<'a>>(request: &'a Request) -> Result<T, Refusal> {
    serde_json::from_slice(&request.body).map_err(|error| {
        Refusal::invalid("The request body is no JSON object of the expected form")
            .details(format!("Line {}, column {}", error.line(), error.column()))
    })
}

/// Returns the version that a change asks for, or `*`.
pub(super) fn if_match(request: &Request) -> Result<&str, Refusal> {
    let tag = request.headers.get(IF_MATCH).and_then(|tag| tag.to_str().ok());
    let tag = tag.map(|tag| tag.trim().trim_matches('"')).filter(|tag| !tag.is_empty());
    tag.ok_or_else(|| Refusal::missing("If-Match"))
}

fn flag(headers: &HeaderMap, name: &str) -> Result<bool, Refusal> {
    let Some(value) = headers.get(name) else { return Ok(false) };
    match value.to_str().unwrap_or_default().to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" | "" => Ok(false),
        _ => Err(Refusal::not_one_of(name, "true, false")),
    }
}

fn leak_action(word: Option<&str>) -> Result<Option<LeakAction>, Refusal> {
    match word {
        None => Ok(None),
        Some("none") => Ok(Some(LeakAction::None)),
        Some("disable") => Ok(Some(LeakAction::Disable)),
        Some("delete") => Ok(Some(LeakAction::Delete)),
        Some(_) => Err(Refusal::not_one_of("action_when_leaked", "none, disable, delete")),
    }
}

/// Reads an expiry; empty means never.
fn time(text: Option<&str>) -> Result<Option<Timestamp>, Refusal> {
    let text = text.filter(|text| !text.is_empty());
    text.map(Timestamp::parse).transpose().map_err(|_| {
        Refusal::invalid("Property 'expires_at' is no time of the form '2027-05-01T12:34+0000'")
    })
}
