//! A key as a JSON object with the field names and the order of the API. `--output json` and the emulator share it.

use serde::Serialize;

use super::key::{Activity, ApiKey, ApiKeyDetails};
use super::timestamp::Timestamp;
use crate::object::{Fields, Object, object};

/// How a document shows a time that does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absent {
    /// The field is null.
    Null,
    /// The field is left out.
    LeftOut,
}

impl Absent {
    fn time(self, time: Option<Timestamp>) -> Option<impl Serialize> {
        (time.is_some() || self == Self::Null).then_some(time.map(Timestamp::to_wire))
    }
}

/// Returns the fields of a key from `id` to `account_id`. The API may put the value between them and `leaked`.
pub fn key_document(key: &ApiKey, absent: Absent) -> Object<impl Fields> {
    object()
        .with("id", key.id.as_str())
        .with("entity_tag", key.entity_tag.as_str())
        .with("crn", key.crn())
        .with("locked", key.locked)
        .with("disabled", key.disabled)
        .with("created_at", key.created_at.to_wire())
        .with("created_by", &*key.created_by)
        .with("modified_at", key.modified_at.to_wire())
        .with_some("expires_at", absent.time(key.expires_at))
        .with("support_sessions", key.support_sessions)
        .with("action_when_leaked", key.action_when_leaked.as_str())
        .with("name", &*key.name)
        .with("description", &*key.description)
        .with("iam_id", &*key.iam_id)
        .with("account_id", &*key.account_id)
}

/// Returns the history of a key, if it is known.
pub fn history_document(details: &ApiKeyDetails) -> Option<impl Serialize> {
    let account = &*details.key.account_id;
    let events = details.history.as_ref()?.iter().map(move |entry| {
        object()
            .with("timestamp", entry.at.to_wire())
            .with("iam_id", &*entry.by)
            .with("iam_id_account", account)
            .with("action", &entry.action)
            .with("params", [""; 0])
            .with("message", "")
    });
    Some(events.collect::<Vec<_>>())
}

/// Returns the activity of a key, if it is known.
pub fn activity_document(details: &ApiKeyDetails, absent: Absent) -> Option<impl Serialize> {
    let Activity { last_authn, authn_count } = *details.activity.as_ref()?;
    Some(object().with_some("last_authn", absent.time(last_authn)).with("authn_count", authn_count))
}
