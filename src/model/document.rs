//! Keys, service IDs and groups as JSON objects with the field names and the order of the API. `--output json` and the
//! emulator share them.

use serde::Serialize;

use super::id::GroupId;
use super::key::{Activity, ApiKey, HistoryEntry};
use super::service_id::{ServiceId, ServiceIdGroup};
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

/// Returns a service ID. Its group is shown if asked for.
pub fn service_id_document(service_id: &ServiceId, shows_group: bool) -> Object<impl Fields> {
    let group = service_id.group_id.as_ref().filter(|_| shows_group);
    object()
        .with("id", service_id.id.as_str())
        .with("iam_id", String::from(&*service_id.owner().0))
        .with("entity_tag", service_id.entity_tag.as_str())
        .with("crn", service_id.crn())
        .with("locked", service_id.locked)
        .with("created_at", service_id.created_at.to_wire())
        .with("modified_at", service_id.modified_at.to_wire())
        .with("account_id", &*service_id.account_id)
        .with_some("group_id", group.map(GroupId::as_str))
        .with("name", &*service_id.name)
        .with("description", &*service_id.description)
        .with("unique_instance_crns", &service_id.unique_instance_crns)
}

/// Returns a group of service IDs.
pub fn group_document(group: &ServiceIdGroup) -> Object<impl Fields> {
    object()
        .with("id", group.id.as_str())
        .with("entity_tag", group.entity_tag.as_str())
        .with("account_id", &*group.account_id)
        .with("crn", &*group.crn)
        .with("name", &*group.name)
        .with("description", &*group.description)
        .with("created_at", group.created_at.to_wire())
        .with("created_by", &*group.created_by)
        .with("modified_at", group.modified_at.to_wire())
}

/// Returns the history of a key or a service ID of this account, if it is known.
pub fn history_document(
    account: &str,
    history: Option<&Vec<HistoryEntry>>,
) -> Option<impl Serialize> {
    let events = history?.iter().map(move |entry| {
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

/// Returns the activity of a key or a service ID, if it is known.
pub fn activity_document(activity: Option<&Activity>, absent: Absent) -> Option<impl Serialize> {
    let Activity { last_authn, authn_count } = *activity?;
    Some(object().with_some("last_authn", absent.time(last_authn)).with("authn_count", authn_count))
}
