//! Keys to be made, and changes to keys.

use super::id::ApiKeyId;
use super::key::{ApiKey, LeakAction};
use super::owner::Owner;
use super::timestamp::Timestamp;
use crate::secret::Secret;

/// Everything about a key that is to be made, except its value.
#[derive(Clone, Debug)]
pub struct NewApiKey {
    /// The id, where the backend lets the caller choose it.
    pub id: Option<ApiKeyId>,
    /// The owner.
    pub owner: Owner,
    /// The name, not empty.
    pub name: String,
    /// The description, empty for none.
    pub description: String,
    /// Whether the key is locked from the start.
    pub locked: bool,
    /// Whether the key is disabled from the start.
    pub disabled: bool,
    /// The leak action; `None` leaves it to the backend's default.
    pub action_when_leaked: Option<LeakAction>,
    /// The expiry; `None` is never.
    pub expires_at: Option<Timestamp>,
    /// Whether logins with the key make sessions; `None` leaves it to the backend's default.
    pub support_sessions: Option<bool>,
}

/// Who chooses the value of a new key.
#[derive(Debug)]
pub enum NewValue<'a> {
    /// This program chose it: the value is known before the request, so a lost answer loses nothing.
    Chosen(&'a Secret),
    /// The service chooses it and tells it once.
    ServiceChooses,
}

/// The answer to a create. No other type of the model but [`NewValue`] holds a value.
#[derive(Debug)]
pub struct CreatedApiKey {
    /// The key that was made.
    pub key: ApiKey,
    /// Its value, when the service chose it.
    pub value: Option<Secret>,
}

/// Changes to a key; an absent field stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApiKeyChanges {
    /// The new name.
    pub name: Option<String>,
    /// The new description; empty clears it.
    pub description: Option<String>,
    /// The new leak action.
    pub action_when_leaked: Option<LeakAction>,
    /// The new expiry; `Some(None)` removes it.
    pub expires_at: Option<Option<Timestamp>>,
    /// Whether logins with the key make sessions.
    pub support_sessions: Option<bool>,
}

impl ApiKeyChanges {
    /// Tells whether nothing is to change.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Applies the changes to a key, but leaves its entity tag and times to the backend.
    pub fn apply(&self, key: &mut ApiKey) {
        if let Some(name) = &self.name {
            key.name = name.as_str().into();
        }
        if let Some(description) = &self.description {
            key.description = description.as_str().into();
        }
        if let Some(action) = self.action_when_leaked {
            key.action_when_leaked = action;
        }
        if let Some(expires_at) = self.expires_at {
            key.expires_at = expires_at;
        }
        if let Some(support_sessions) = self.support_sessions {
            key.support_sessions = support_sessions;
        }
    }

    /// Tells whether the changes would leave `key` as it is.
    pub fn already_in(&self, key: &ApiKey) -> bool {
        let mut wanted = key.clone();
        self.apply(&mut wanted);
        wanted == *key
    }
}
