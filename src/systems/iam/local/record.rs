//! A record of the store: a change, with the whole key as it is after it, or a use of a key. It is one line.
//!
//! ```text
//! {"crc":"5d0a2f31","op":"create","id":"ApiKey-…","at":"2026-11-21T09:00:00Z","tag":"1-…","hash":"…","name":"ci"}
//! ```
//!
//! What can be derived is left out: an owner that is the identity of the store, times that equal `at`, flags that are
//! off. The fields that a scan looks for come first and in this order, so that it can count and find keys without
//! parsing whole records.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::log::Verified;
use crate::model::{ApiKey, ApiKeyId, EntityTag, HistoryEntry, Identity, LeakAction, Timestamp};
use crate::secret::KeyedHash;

words! {
    /// What a record is about.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(rename_all = "lowercase")]
    pub(super) enum Op {
        #[default]
        Create = "create",
        Update = "update",
        Lock = "lock",
        Unlock = "unlock",
        Disable = "disable",
        Enable = "enable",
        Delete = "delete",
        /// The key was exchanged for a token, and did not change.
        Authn = "authn",
    }
}

impl Op {
    pub(super) fn from_bytes(word: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|op| op.as_str().as_bytes() == word)
    }
}

/// A record of which only the first fields were read.
#[derive(Clone, Copy, Debug)]
pub(super) struct RawRecord<'a> {
    pub(super) op: Op,
    pub(super) id: &'a [u8],
    /// The owner, if not the identity of the store.
    pub(super) iam_id: Option<&'a [u8]>,
    /// What follows the fields above.
    rest: &'a [u8],
    whole: &'a [u8],
}

impl<'a> RawRecord<'a> {
    /// Reads the first fields of a line; `None` if it is no record.
    pub(super) fn look(line: Verified<'a>) -> Option<Self> {
        let (op, rest) = field(line.body, b"\"op\":\"")?;
        let op = Op::from_bytes(op)?;
        let (id, rest) = field(rest, b",\"id\":\"")?;
        let (iam_id, rest) = optional(rest, b",\"iam_id\":\"");
        Some(Self { op, id, iam_id, rest, whole: line.whole })
    }

    /// Returns the hash of the value, and what follows it.
    fn hash(&self) -> Option<(&'a [u8], &'a [u8])> {
        let (_, rest) = field(self.rest, b",\"at\":\"")?;
        let (_, rest) = optional(rest, b",\"by\":\"");
        let (_, rest) = field(rest, b",\"tag\":\"")?;
        field(rest, b",\"hash\":\"")
    }

    pub(super) fn has_hash(&self, hash: &KeyedHash) -> bool {
        self.hash().is_some_and(|(found, _)| hash.is(found))
    }

    /// Tells whether the key has a name; `field` is what [`name_field`] returns for it.
    pub(super) fn is_named(&self, field: &str) -> bool {
        self.hash().is_some_and(|(_, rest)| rest.starts_with(field.as_bytes()))
    }

    pub(super) fn parse(&self) -> Option<Record<'a>> {
        // The whole line is the document; `crc` is skipped as an unknown field. Checking the text once as a whole is
        // faster than checking each string.
        serde_json::from_str(str::from_utf8(self.whole).ok()?).ok()
    }
}

/// Splits `"name":"value"…` into the value and what follows it. The value must have no escapes.
pub(super) fn field<'a>(text: &'a [u8], name: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let rest = text.strip_prefix(name)?;
    let end = memchr::memchr(b'"', rest)?;
    Some((&rest[..end], &rest[end + 1..]))
}

fn optional<'a>(text: &'a [u8], name: &[u8]) -> (Option<&'a [u8]>, &'a [u8]) {
    field(text, name).map_or((None, text), |(value, rest)| (Some(value), rest))
}

/// Returns the field `name` as records have it.
pub(super) fn name_field(name: &str) -> String {
    let quoted = serde_json::to_string(name).unwrap_or_default();
    format!(",\"name\":{quoted}")
}

/// An earlier change, kept in a record that compaction wrote.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Event<'a> {
    pub(super) op: Op,
    pub(super) at: Timestamp,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) by: Option<Cow<'a, str>>,
}

impl<'a> Event<'a> {
    /// Takes an entry of the history; `None` if its action is unknown.
    pub(super) fn of(entry: &'a HistoryEntry, owner: &str) -> Option<Self> {
        let op = Op::from_bytes(entry.action.as_bytes())?;
        let by = (&*entry.by != owner).then_some(Cow::Borrowed(&*entry.by));
        Some(Self { op, at: entry.at, by })
    }
}

/// A record. A deletion and a use have no fields after `by`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Record<'a> {
    pub(super) op: Op,
    #[serde(borrow)]
    pub(super) id: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) iam_id: Option<Cow<'a, str>>,
    pub(super) at: Timestamp,
    /// Who made this change, if not the owner.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) by: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    pub(super) tag: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    pub(super) hash: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    pub(super) name: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    pub(super) description: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) created_at: Option<Timestamp>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) created_by: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) modified_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) expires_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) locked: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) disabled: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) support_sessions: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) leak: LeakAction,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) leaked: bool,
    /// How often the key was used before, in a record that compaction wrote.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) authn_count: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) last_authn: Option<Timestamp>,
    /// The changes before, in a record that compaction wrote.
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    pub(super) events: Vec<Event<'a>>,
}

pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl<'a> Record<'a> {
    /// Makes the record that `op` left the key like this.
    pub(super) fn of(
        op: Op,
        key: &'a ApiKey,
        hash: &'a str,
        by: &'a str,
        identity: &Identity,
    ) -> Self {
        let at = if op == Op::Create { key.created_at } else { key.modified_at };
        let unless_owner = |who: &'a str| (who != &*key.iam_id).then_some(Cow::Borrowed(who));
        Self {
            tag: key.entity_tag.as_str().into(),
            name: (&*key.name).into(),
            description: (&*key.description).into(),
            hash: hash.into(),
            created_at: (key.created_at != at).then_some(key.created_at),
            created_by: unless_owner(&key.created_by),
            modified_at: (key.modified_at != at).then_some(key.modified_at),
            expires_at: key.expires_at,
            locked: key.locked,
            disabled: key.disabled,
            support_sessions: key.support_sessions,
            leak: key.action_when_leaked,
            leaked: key.leaked,
            ..Self::bare(op, key, at, by, identity)
        }
    }

    /// Makes the record of a deletion or a use, which does not hold the key.
    pub(super) fn bare(
        op: Op,
        key: &'a ApiKey,
        at: Timestamp,
        by: &'a str,
        identity: &Identity,
    ) -> Self {
        Self {
            op,
            id: key.id.as_str().into(),
            iam_id: (key.iam_id != identity.iam_id).then(|| Cow::Borrowed(&*key.iam_id)),
            at,
            by: (by != &*key.iam_id).then_some(Cow::Borrowed(by)),
            ..Self::default()
        }
    }

    /// Returns the key as it was after this change.
    pub(super) fn key(&self, identity: &Identity) -> ApiKey {
        // Shares the text, to keep a listing of 100,000 keys small.
        let shared = |who: Option<&Cow<'_, str>>, otherwise: &Arc<str>| match who {
            Some(who) if **who != **otherwise => Arc::from(&**who),
            _ => Arc::clone(otherwise),
        };
        let iam_id = shared(self.iam_id.as_ref(), &identity.iam_id);
        ApiKey {
            id: ApiKeyId::new(&*self.id),
            entity_tag: EntityTag::new(&*self.tag),
            unusual_crn: None,
            locked: self.locked,
            disabled: self.disabled,
            created_at: self.created_at.unwrap_or(self.at),
            created_by: shared(self.created_by.as_ref(), &iam_id),
            modified_at: self.modified_at.unwrap_or(self.at),
            expires_at: self.expires_at,
            support_sessions: self.support_sessions,
            action_when_leaked: self.leak,
            name: (&*self.name).into(),
            description: (&*self.description).into(),
            account_id: Arc::clone(&identity.account_id),
            leaked: self.leaked,
            iam_id,
        }
    }

    /// Returns the changes to the key up to this one, as far as this record knows.
    pub(super) fn history(&self, identity: &Identity) -> Vec<HistoryEntry> {
        let owner = self.iam_id.as_deref().unwrap_or(&identity.iam_id);
        let entry = |op: Op, at: Timestamp, by: Option<&Cow<'_, str>>| HistoryEntry {
            at,
            by: Arc::from(by.map_or(owner, |by| &**by)),
            action: op.as_str().to_owned(),
        };
        if self.events.is_empty() {
            return vec![entry(self.op, self.at, self.by.as_ref())];
        }
        self.events.iter().map(|event| entry(event.op, event.at, event.by.as_ref())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::Chain;

    fn line(name: &str) -> Vec<u8> {
        let (iam_id, account_id) = ("IBMid-1".into(), "account".into());
        let identity = Identity { iam_id, account_id, user: String::new() };
        let key = ApiKey::sample(name);
        Chain::default().line(&Record::of(Op::Create, &key, "h", "IBMid-1", &identity)).unwrap()
    }

    /// A scan finds a name by its bytes. If the JSON writer ever escapes differently, old records are not found.
    #[test]
    fn a_name_is_always_written_the_same_way() {
        assert_eq!(
            name_field("a\u{1}\n\"\\/é🔑\u{7f}\u{2028}"),
            ",\"name\":\"a\\u0001\\n\\\"\\\\/é🔑\u{7f}\u{2028}\""
        );
        for name in ["ci", "a\"b", "日本", "x\n"] {
            let line = line(name);
            let looked =
                RawRecord::look(Chain::default().verify(line.trim_ascii_end()).unwrap()).unwrap();
            assert!(looked.is_named(&name_field(name)), "{name}");
            assert!(!looked.is_named(&name_field("other")), "{name}");
            assert_eq!(looked.parse().unwrap().name, name);
        }
    }
}
