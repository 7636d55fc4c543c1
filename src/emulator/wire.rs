//! The JSON of keys and lists (`api/iam_identity.md` §2), and an answer that holds such a document.

use std::borrow::Cow;

use serde::Serialize;

use crate::model::{Activity, ApiKey, HistoryEntry, Timestamp, WireTime};

/// An answer without the headers that every answer has.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    /// Empty where the status says so.
    pub(super) body: Vec<u8>,
    pub(super) etag: Option<String>,
    /// Seconds.
    pub(super) retry_after: Option<u64>,
}

impl Reply {
    pub(super) fn empty(status: u16) -> Self {
        Self { status, body: Vec::new(), etag: None, retry_after: None }
    }

    pub(super) fn json(status: u16, document: &impl Serialize) -> Self {
        // Writing text into memory cannot fail.
        Self { body: serde_json::to_vec(document).unwrap_or_default(), ..Self::empty(status) }
    }
}

/// A key as the service writes it, in its order.
#[derive(Serialize)]
pub(super) struct Key<'a> {
    id: &'a str,
    entity_tag: &'a str,
    crn: Cow<'a, str>,
    locked: bool,
    disabled: bool,
    created_at: WireTime,
    created_by: &'a str,
    modified_at: WireTime,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<WireTime>,
    support_sessions: bool,
    action_when_leaked: &'a str,
    name: &'a str,
    description: &'a str,
    iam_id: &'a str,
    account_id: &'a str,
    /// On creation only.
    #[serde(skip_serializing_if = "Option::is_none")]
    apikey: Option<&'a str>,
    leaked: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    history: Option<Vec<Event<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    activity: Option<Use>,
}

#[derive(Serialize)]
struct Event<'a> {
    timestamp: WireTime,
    iam_id: &'a str,
    iam_id_account: &'a str,
    action: &'a str,
    params: [&'a str; 0],
    message: &'a str,
}

#[derive(Serialize)]
struct Use {
    #[serde(skip_serializing_if = "Option::is_none")]
    last_authn: Option<WireTime>,
    authn_count: u64,
}

impl<'a> Key<'a> {
    pub(super) fn new(key: &'a ApiKey) -> Self {
        Self {
            id: key.id.as_str(),
            entity_tag: key.entity_tag.as_str(),
            crn: key.crn(),
            locked: key.locked,
            disabled: key.disabled,
            created_at: key.created_at.to_wire(),
            created_by: &key.created_by,
            modified_at: key.modified_at.to_wire(),
            expires_at: key.expires_at.map(Timestamp::to_wire),
            support_sessions: key.support_sessions,
            action_when_leaked: key.action_when_leaked.as_str(),
            name: &key.name,
            description: &key.description,
            iam_id: &key.iam_id,
            account_id: &key.account_id,
            apikey: None,
            leaked: key.leaked,
            history: None,
            activity: None,
        }
    }

    pub(super) fn value(self, value: &'a str) -> Self {
        Self { apikey: Some(value), ..self }
    }

    pub(super) fn history(self, account: &'a str, history: Option<&'a [HistoryEntry]>) -> Self {
        let event = |entry: &'a HistoryEntry| Event {
            timestamp: entry.at.to_wire(),
            iam_id: &entry.by,
            iam_id_account: account,
            action: &entry.action,
            params: [],
            message: "",
        };
        Self { history: history.map(|entries| entries.iter().map(event).collect()), ..self }
    }

    pub(super) fn activity(self, activity: Option<&Activity>) -> Self {
        let used = |activity: &Activity| Use {
            last_authn: activity.last_authn.map(Timestamp::to_wire),
            authn_count: activity.authn_count,
        };
        Self { activity: activity.map(used), ..self }
    }
}

/// One page of a listing.
#[derive(Serialize)]
pub(super) struct Page<'a> {
    pub(super) offset: usize,
    pub(super) limit: usize,
    pub(super) first: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) previous: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<String>,
    pub(super) apikeys: Vec<Key<'a>>,
}
