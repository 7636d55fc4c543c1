//! The JSON bodies of the IAM Identity Services API.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::de::{Deserializer as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use crate::model::{
    Activity, ApiKey, ApiKeyChanges, ApiKeyDetails, ApiKeyId, Detail, EntityTag, HistoryEntry,
    Identity, LeakAction, NewApiKey, Timestamp,
};
use crate::object::object;

/// A key. Fields that the service may leave out are optional.
#[derive(Debug, Deserialize)]
pub(super) struct KeyBody<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    entity_tag: Option<Cow<'a, str>>,
    crn: Option<Cow<'a, str>>,
    #[serde(default)]
    locked: bool,
    disabled: Option<bool>,
    created_at: Option<WireTimestamp>,
    created_by: Option<Cow<'a, str>>,
    modified_at: Option<WireTimestamp>,
    expires_at: Option<WireTimestamp>,
    support_sessions: Option<bool>,
    action_when_leaked: Option<LeakAction>,
    #[serde(borrow)]
    name: Cow<'a, str>,
    description: Option<Cow<'a, str>>,
    #[serde(borrow)]
    iam_id: Cow<'a, str>,
    #[serde(borrow)]
    account_id: Cow<'a, str>,
    leaked: Option<bool>,
    /// The value; only in the answer to a create.
    pub(super) apikey: Option<String>,
    history: Option<Vec<HistoryBody>>,
    activity: Option<ActivityBody>,
}

/// A time; `None` if the text is empty.
#[derive(Debug, Clone, Copy)]
pub(super) struct WireTimestamp(pub(super) Option<Timestamp>);

impl<'de> Deserialize<'de> for WireTimestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        if text.is_empty() {
            return Ok(Self(None));
        }
        Timestamp::parse(&text).map(|time| Self(Some(time))).map_err(serde::de::Error::custom)
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct HistoryBody {
    timestamp: WireTimestamp,
    #[serde(default)]
    iam_id: String,
    #[serde(default)]
    action: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct ActivityBody {
    last_authn: Option<WireTimestamp>,
    authn_count: Option<u64>,
}

impl HistoryBody {
    pub(super) fn entry(&self) -> HistoryEntry {
        HistoryEntry {
            at: self.timestamp.0.unwrap_or_default(),
            by: self.iam_id.as_str().into(),
            action: self.action.clone(),
        }
    }
}

impl ActivityBody {
    /// Returns the use; `None` without a count. A key with a last use was used at least once.
    pub(super) fn activity(&self) -> Option<Activity> {
        let last_authn = self.last_authn.and_then(|time| time.0);
        let least = u64::from(last_authn.is_some());
        Some(Activity { last_authn, authn_count: self.authn_count?.max(least) })
    }
}

/// A page of keys, of service IDs or of their groups.
#[derive(Debug, Deserialize)]
pub(super) struct ListBody<B> {
    pub(super) next: Option<String>,
    #[serde(alias = "apikeys", alias = "serviceids", alias = "serviceid_groups")]
    pub(super) items: Vec<B>,
}

/// Reads `next` if it comes before the items, without reading those. `None` says nothing about the page.
pub(super) fn early_next(page: &[u8]) -> Option<String> {
    struct Head<'n>(&'n mut Option<String>);

    impl<'de> Visitor<'de> for Head<'_> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a page")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut page: A) -> Result<(), A::Error> {
            while let Some(field) = page.next_key::<Cow<'de, str>>()? {
                match &*field {
                    "next" => {
                        *self.0 = page.next_value()?;
                        return Ok(());
                    }
                    "apikeys" | "serviceids" => return Ok(()),
                    _ => {
                        page.next_value::<IgnoredAny>()?;
                    }
                }
            }
            Ok(())
        }
    }

    let mut next = None;
    // Stopping early is an error to serde, and intended here.
    let _ = serde_json::Deserializer::from_slice(page).deserialize_map(Head(&mut next));
    next
}

/// Shares a text that most items of a listing have in common.
pub(super) fn shared(text: &str, usual: &Arc<str>) -> Arc<str> {
    if text == &**usual { Arc::clone(usual) } else { text.into() }
}

impl KeyBody<'_> {
    /// Returns the key. It shares texts with `identity`; `etag` is the header, used if the body has no tag.
    pub(super) fn key(&self, identity: &Identity, etag: Option<&str>) -> ApiKey {
        let time = |time: Option<WireTimestamp>| time.and_then(|time| time.0);
        let created_at = time(self.created_at).unwrap_or_default();
        let iam_id = shared(&self.iam_id, &identity.iam_id);
        let mut key = ApiKey {
            id: ApiKeyId::new(&*self.id),
            entity_tag: EntityTag::new(self.entity_tag.as_deref().or(etag).unwrap_or_default()),
            unusual_crn: None,
            locked: self.locked,
            disabled: self.disabled.unwrap_or_default(),
            created_at,
            created_by: match self.created_by.as_deref() {
                Some(by) if by != &*iam_id => shared(by, &identity.iam_id),
                _ => Arc::clone(&iam_id),
            },
            modified_at: time(self.modified_at).unwrap_or(created_at),
            expires_at: time(self.expires_at),
            support_sessions: self.support_sessions.unwrap_or_default(),
            action_when_leaked: self.action_when_leaked.unwrap_or_default(),
            name: (&*self.name).into(),
            description: self.description.as_deref().unwrap_or_default().into(),
            account_id: shared(&self.account_id, &identity.account_id),
            leaked: self.leaked.unwrap_or_default(),
            iam_id,
        };
        key.unusual_crn = self.crn.as_deref().filter(|crn| *crn != key.crn()).map(Into::into);
        key
    }

    /// Returns the key, with history and use if asked for.
    pub(super) fn details(
        &self,
        identity: &Identity,
        etag: Option<&str>,
        detail: Detail,
    ) -> ApiKeyDetails {
        let history = self.history.as_deref().unwrap_or_default();
        ApiKeyDetails {
            key: self.key(identity, etag),
            history: detail.history.then(|| history.iter().map(HistoryBody::entry).collect()),
            activity: self
                .activity
                .as_ref()
                .filter(|_| detail.activity)
                .and_then(ActivityBody::activity),
        }
    }
}

/// Returns the body of a create. `value` is the value, unless the service chooses it.
pub(super) fn new_body(
    new: &NewApiKey,
    identity: &Identity,
    value: Option<&str>,
) -> impl Serialize {
    let of_service = new.owner.service_id().is_some();
    object()
        .with("name", &new.name)
        .with("iam_id", &*new.owner.0)
        .with_some("description", Some(&new.description).filter(|text| !text.is_empty()))
        .with("account_id", &*identity.account_id)
        .with_some("apikey", value)
        // The service could keep the value of a service ID's key, and tell it to others. Only users have sessions.
        .with_some("store_value", of_service.then_some(false))
        .with_some("support_sessions", new.support_sessions.filter(|_| !of_service))
        .with_some("action_when_leaked", new.action_when_leaked)
        .with_some("expires_at", new.expires_at.map(wire_time))
}

/// Returns the body of an update; absent fields stay as they are.
pub(super) fn changes_body(changes: &ApiKeyChanges) -> impl Serialize {
    // Empty for never, as for a description. How to remove an expiry is not documented.
    let expires_at = changes.expires_at.map(|at| at.map(wire_time).unwrap_or_default());
    object()
        .with_some("name", changes.name.as_deref())
        .with_some("description", changes.description.as_deref())
        .with_some("support_sessions", changes.support_sessions)
        .with_some("action_when_leaked", changes.action_when_leaked)
        .with_some("expires_at", expires_at)
}

/// Writes an expiry to the minute, as the service does; with seconds only if there are some.
fn wire_time(time: Timestamp) -> String {
    let wire = time.to_wire();
    match time.seconds() % 60 {
        0 => wire.to_string(),
        seconds => wire.as_str().replace("+0000", &format!(":{seconds:02}+0000")),
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct LimitsBody {
    pub(super) apikeys_per_identity: Option<LimitBody>,
}

/// A limit, and how far it is used.
#[derive(Debug, Deserialize)]
pub(super) struct LimitBody {
    pub(super) limit: usize,
    #[serde(default)]
    pub(super) identities: Vec<CountBody>,
}

#[derive(Debug, Deserialize)]
pub(super) struct CountBody {
    pub(super) iam_id: String,
    pub(super) count: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a whole body, and one with as few fields as possible.
    #[test]
    fn a_key_is_read_whatever_is_left_out() {
        let me = Identity { iam_id: "IBMid-1".into(), account_id: "a".into(), user: String::new() };
        let body: KeyBody<'_> = serde_json::from_str(
            r#"{"id":"ApiKey-1","entity_tag":"1-03","crn":"crn:v1:bluemix:public:iam-identity::a/a::apikey:ApiKey-1",
            "locked":false,"disabled":true,"created_at":"2026-02-19T18:59+0000","created_by":"IBMid-1",
            "modified_at":"2026-02-20T18:59+0000","expires_at":"2026-03-21T18:59+0000","support_sessions":false,
            "action_when_leaked":"none","name":"te\"st","description":"d","iam_id":"IBMid-1","account_id":"a",
            "leaked":false,"new_field":[1]}"#,
        )
        .unwrap();
        let key = body.key(&me, None);
        assert_eq!((&*key.name, &*key.description, key.disabled), ("te\"st", "d", true));
        assert_eq!(key.unusual_crn, None);
        assert_eq!(key.expires_at.unwrap().to_rfc3339(), "2026-03-21T18:59:00Z");
        assert!(Arc::ptr_eq(&key.iam_id, &me.iam_id));
        let body: KeyBody<'_> = serde_json::from_str(
            r#"{"id":"1","name":"n","iam_id":"i","account_id":"b","expires_at":"","description":null,"crn":"odd"}"#,
        )
        .unwrap();
        let key = body.key(&me, Some("7-x"));
        assert_eq!((key.entity_tag.as_str(), key.expires_at), ("7-x", None));
        assert_eq!((&*key.crn(), &*key.created_by), ("odd", "i"));
    }

    #[test]
    fn the_value_of_a_service_ids_key_is_not_kept_and_it_has_no_sessions() {
        let me = Identity { iam_id: "IBMid-1".into(), account_id: "a".into(), user: String::new() };
        let id = crate::model::ServiceUuid::from_random([7; 16]);
        let sent = |owner| {
            let new = NewApiKey {
                id: None,
                owner,
                name: "k".into(),
                description: String::new(),
                locked: false,
                disabled: false,
                action_when_leaked: None,
                expires_at: None,
                support_sessions: Some(true),
            };
            serde_json::to_value(new_body(&new, &me, None)).unwrap()
        };
        let key = serde_json::json!({
            "name": "k", "iam_id": format!("iam-{id}"), "account_id": "a", "store_value": false
        });
        assert_eq!(sent(crate::model::Owner::service(&id)), key);
        let key = serde_json::json!({
            "name": "k", "iam_id": "IBMid-1", "account_id": "a", "support_sessions": true
        });
        assert_eq!(sent(me.owner()), key);
    }

    #[test]
    fn an_expiry_keeps_its_seconds() {
        for (text, wire) in [
            ("2027-05-01T12:34:00Z", "2027-05-01T12:34+0000"),
            ("2027-05-01T12:34:56Z", "2027-05-01T12:34:56+0000"),
        ] {
            assert_eq!(wire_time(Timestamp::parse(text).unwrap()), wire);
        }
    }
}
