//! Service IDs and their groups in the log of the store, beside the keys.
//!
//! ```text
//! {"crc":"5d0a2f31","op":"service-create","id":"ServiceId-…","at":"2026-11-21T09:00:00Z","tag":"1-…","name":"ci"}
//! ```
//!
//! As with keys, a record holds the whole entity as it is after a change. What can be derived is left out: a group that is
//! the default group, an author who is the identity of the store.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::record::{Event, Op, field, is_default};
use crate::log::Verified;
use crate::model::{
    EntityTag, GroupId, HistoryEntry, Identity, ServiceId, ServiceIdGroup, ServiceUuid, Timestamp,
};
use crate::systems::{Condition, Result};

/// The id of the group that every account has. It is stored only when something changed it.
pub(super) const DEFAULT_GROUP: &str = "ServiceIdGroup-10ca1000-0000-4000-8000-000000000000";
const DEFAULT_NAME: &str = "default";

words! {
    /// What a record is about; the word stands before the operation.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(super) enum Kind {
        Service = "service",
        Group = "group",
    }
}

/// A record of which only the first fields were read.
#[derive(Clone, Copy, Debug)]
pub(super) struct RawEntity<'a> {
    kind: Kind,
    pub(super) op: Op,
    id: &'a str,
    whole: &'a [u8],
}

impl<'a> RawEntity<'a> {
    /// Reads the first fields of a line; `None` if it is no record of a service ID or a group.
    pub(super) fn look(line: Verified<'a>) -> Option<Self> {
        let (word, rest) = field(line.body, b"\"op\":\"")?;
        let (kind, op) = str::from_utf8(word).ok()?.split_once('-')?;
        let kind = Kind::ALL.into_iter().find(|known| known.as_str() == kind)?;
        let (id, _) = field(rest, b",\"id\":\"")?;
        let (op, id) = (Op::from_bytes(op.as_bytes())?, str::from_utf8(id).ok()?);
        Some(Self { kind, op, id, whole: line.whole })
    }
}

/// A record. A deletion has no fields after `by`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct EntityRecord<'a> {
    #[serde(borrow)]
    op: Cow<'a, str>,
    /// What `op` says without the kind, in a record that is to be written.
    #[serde(skip)]
    pub(super) change: Op,
    #[serde(borrow)]
    id: Cow<'a, str>,
    at: Timestamp,
    /// Who made this change, if not the identity of the store.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    by: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    tag: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    name: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    description: Cow<'a, str>,
    /// The group of a service ID, if not the default group.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    group: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "<[String]>::is_empty")]
    crns: Cow<'a, [String]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    created_at: Option<Timestamp>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    created_by: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    modified_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "is_default")]
    locked: bool,
    /// The changes so far, in a record that compaction wrote.
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    events: Vec<Event<'a>>,
}

/// A service ID or a group, and what is stored beside it.
#[derive(Clone, Debug)]
pub(super) struct Entity {
    pub(super) kind: Kind,
    pub(super) id: Box<str>,
    pub(super) tag: EntityTag,
    pub(super) name: Box<str>,
    pub(super) description: Box<str>,
    /// The group of a service ID.
    pub(super) group: GroupId,
    pub(super) crns: Vec<String>,
    pub(super) locked: bool,
    pub(super) created_at: Timestamp,
    pub(super) created_by: Arc<str>,
    pub(super) modified_at: Timestamp,
    /// Oldest first; empty for a default group that nothing changed.
    pub(super) history: Vec<HistoryEntry>,
}

impl Entity {
    /// Makes what is in every account.
    fn default_group(identity: &Identity) -> Self {
        Self {
            kind: Kind::Group,
            id: DEFAULT_GROUP.into(),
            tag: EntityTag::revision(1, [0; 16]),
            name: DEFAULT_NAME.into(),
            description: "".into(),
            group: GroupId::default(),
            crns: Vec::new(),
            locked: false,
            created_at: Timestamp::default(),
            created_by: Arc::clone(&identity.iam_id),
            modified_at: Timestamp::default(),
            history: Vec::new(),
        }
    }

    /// Reads the entity as it was after a change.
    fn read(raw: &RawEntity<'_>, identity: &Identity) -> Option<Self> {
        let record: EntityRecord<'_> =
            serde_json::from_str(str::from_utf8(raw.whole).ok()?).ok()?;
        let who = |by: Option<&Cow<'_, str>>| match by {
            Some(by) => Arc::from(&**by),
            None => Arc::clone(&identity.iam_id),
        };
        let entry = |op: Op, at: Timestamp, by: Option<&Cow<'_, str>>| HistoryEntry {
            at,
            by: who(by),
            action: op.as_str().to_owned(),
        };
        let events = record.events.iter();
        let mut history: Vec<_> =
            events.map(|event| entry(event.op, event.at, event.by.as_ref())).collect();
        if history.is_empty() {
            history.push(entry(raw.op, record.at, record.by.as_ref()));
        }
        Some(Self {
            kind: raw.kind,
            id: raw.id.into(),
            tag: EntityTag::new(&*record.tag),
            name: (&*record.name).into(),
            description: (&*record.description).into(),
            group: GroupId::new(record.group.as_deref().unwrap_or(DEFAULT_GROUP)),
            created_at: record.created_at.unwrap_or(record.at),
            created_by: who(record.created_by.as_ref()),
            modified_at: record.modified_at.unwrap_or(record.at),
            locked: record.locked,
            crns: record.crns.into_owned(),
            history,
        })
    }

    /// Makes the record that `op` left the entity like this.
    pub(super) fn record<'a>(
        &'a self,
        op: Op,
        by: &'a str,
        identity: &Identity,
    ) -> EntityRecord<'a> {
        let at = if op == Op::Create { self.created_at } else { self.modified_at };
        let is_in_default = self.kind == Kind::Group || self.group.as_str() == DEFAULT_GROUP;
        EntityRecord {
            tag: self.tag.as_str().into(),
            name: (&*self.name).into(),
            description: (&*self.description).into(),
            group: (!is_in_default).then(|| self.group.as_str().into()),
            crns: Cow::Borrowed(&self.crns),
            created_at: (self.created_at != at).then_some(self.created_at),
            created_by: unless_identity(&self.created_by, identity),
            modified_at: (self.modified_at != at).then_some(self.modified_at),
            locked: self.locked,
            ..self.bare_record(op, at, by, identity)
        }
    }

    /// Makes the record of a deletion, which does not hold the entity.
    pub(super) fn bare_record<'a>(
        &'a self,
        op: Op,
        at: Timestamp,
        by: &'a str,
        identity: &Identity,
    ) -> EntityRecord<'a> {
        EntityRecord {
            op: format!("{}-{}", self.kind.as_str(), op.as_str()).into(),
            change: op,
            id: (&*self.id).into(),
            at,
            by: unless_identity(by, identity),
            ..EntityRecord::default()
        }
    }

    /// Makes the one record that stands for all so far.
    fn whole_record<'a>(&'a self, identity: &'a Identity) -> EntityRecord<'a> {
        let events = self.history.iter();
        EntityRecord {
            events: events.filter_map(|event| Event::of(event, &identity.iam_id)).collect(),
            ..self.record(Op::Create, &self.created_by, identity)
        }
    }

    /// Changes name and description; an absent one stays.
    pub(super) fn set_texts(&mut self, name: Option<&str>, description: Option<&str>) {
        if let Some(name) = name {
            self.name = name.into();
        }
        if let Some(description) = description {
            self.description = description.into();
        }
    }

    /// Returns the service ID that this is.
    pub(super) fn service_id(self, identity: &Identity) -> ServiceId {
        ServiceId {
            id: ServiceUuid::new(self.id),
            entity_tag: self.tag,
            unusual_crn: None,
            locked: self.locked,
            created_at: self.created_at,
            modified_at: self.modified_at,
            account_id: Arc::clone(&identity.account_id),
            group_id: Some(self.group),
            name: self.name,
            description: self.description,
            unique_instance_crns: self.crns,
        }
    }

    /// Returns the group that this is.
    pub(super) fn service_id_group(self, identity: &Identity) -> ServiceIdGroup {
        let account = &*identity.account_id;
        let crn =
            format!("crn:v1:bluemix:public:iam-identity::a/{account}::serviceidgroup:{}", self.id);
        ServiceIdGroup {
            id: GroupId::new(self.id),
            entity_tag: self.tag,
            crn: crn.into(),
            created_at: self.created_at,
            created_by: self.created_by,
            modified_at: self.modified_at,
            account_id: Arc::clone(&identity.account_id),
            name: self.name,
            description: self.description,
        }
    }
}

fn unless_identity<'a>(who: &'a str, identity: &Identity) -> Option<Cow<'a, str>> {
    (who != &*identity.iam_id).then_some(Cow::Borrowed(who))
}

/// Takes the records in order, and has the service IDs and the groups at the end.
#[derive(Debug)]
pub(super) struct Entities<'a> {
    identity: &'a Identity,
    all: Vec<Option<Entity>>,
    /// Where each is in `all`.
    places: HashMap<Box<str>, usize>,
}

impl<'a> Entities<'a> {
    pub(super) fn new(identity: &'a Identity) -> Self {
        let all = vec![Some(Entity::default_group(identity))];
        Self { identity, all, places: HashMap::from([(DEFAULT_GROUP.into(), 0)]) }
    }

    /// Takes the next record; `None` if it cannot be parsed.
    pub(super) fn take(&mut self, line: &RawEntity<'_>) -> Option<()> {
        if line.op == Op::Delete {
            if let Some(place) = self.places.remove(line.id) {
                self.all[place] = None;
            }
            return Some(());
        }
        let mut entity = Entity::read(line, self.identity)?;
        if let Some(kept) = self.places.get(line.id).and_then(|&place| self.all[place].as_mut()) {
            let mut history = std::mem::take(&mut kept.history);
            history.append(&mut entity.history);
            *kept = Entity { history, ..entity };
        } else {
            self.places.insert(line.id.into(), self.all.len());
            self.all.push(Some(entity));
        }
        Some(())
    }

    /// Returns those of a kind in the order in which they were made.
    pub(super) fn of(&self, kind: Kind) -> impl Iterator<Item = &Entity> {
        self.all.iter().flatten().filter(move |entity| entity.kind == kind)
    }

    /// Finds one by its id.
    pub(super) fn get(&self, kind: Kind, id: &str) -> Option<&Entity> {
        let place = *self.places.get(id)?;
        self.all[place].as_ref().filter(|entity| entity.kind == kind)
    }

    /// Finds the service ID that is to own a key. Fails with `Invalid`.
    pub(super) fn owner(&self, id: &ServiceUuid) -> Result<&Entity> {
        let missing = || Condition::Invalid(format!("The service ID {id} does not exist."));
        Ok(self.get(Kind::Service, id.as_str()).ok_or_else(missing)?)
    }

    /// Returns how many service IDs are in a group.
    pub(super) fn in_group(&self, group: &str) -> usize {
        self.of(Kind::Service).filter(|entity| entity.group.as_str() == group).count()
    }

    /// Returns one record for each that was ever changed.
    pub(super) fn whole_records(&self) -> impl Iterator<Item = EntityRecord<'_>> {
        let changed = self.all.iter().flatten().filter(|entity| !entity.history.is_empty());
        changed.map(|entity| entity.whole_record(self.identity))
    }
}
