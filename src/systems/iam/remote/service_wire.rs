//! The JSON bodies of service IDs and their groups.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::list::Listed;
use super::wire::{ActivityBody, HistoryBody, WireTimestamp, shared};
use crate::model::{
    Detail, EntityTag, GroupChanges, GroupId, Identity, NewServiceId, ServiceId, ServiceIdChanges,
    ServiceIdDetails, ServiceIdGroup, ServiceUuid, Timestamp,
};
use crate::object::object;

/// A service ID. Fields that the service may leave out are optional.
#[derive(Debug, Deserialize)]
pub(super) struct ServiceIdBody<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    entity_tag: Option<Cow<'a, str>>,
    crn: Option<Cow<'a, str>>,
    #[serde(default)]
    locked: bool,
    created_at: Option<WireTimestamp>,
    modified_at: Option<WireTimestamp>,
    #[serde(borrow)]
    account_id: Cow<'a, str>,
    group_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    name: Cow<'a, str>,
    description: Option<Cow<'a, str>>,
    unique_instance_crns: Option<Vec<String>>,
    history: Option<Vec<HistoryBody>>,
    activity: Option<ActivityBody>,
}

fn time(time: Option<WireTimestamp>) -> Option<Timestamp> {
    time.and_then(|time| time.0)
}

fn tag(tag: Option<&str>, etag: Option<&str>) -> EntityTag {
    EntityTag::new(tag.or(etag).unwrap_or_default())
}

impl ServiceIdBody<'_> {
    /// Returns the service ID. It shares texts with `identity`; `etag` is the header, used if the body has no tag.
    pub(super) fn service_id(&self, identity: &Identity, etag: Option<&str>) -> ServiceId {
        let created_at = time(self.created_at).unwrap_or_default();
        let group_id = self.group_id.as_deref().filter(|group| !group.is_empty());
        let mut read = ServiceId {
            id: ServiceUuid::new(&*self.id),
            entity_tag: tag(self.entity_tag.as_deref(), etag),
            unusual_crn: None,
            locked: self.locked,
            created_at,
            modified_at: time(self.modified_at).unwrap_or(created_at),
            account_id: shared(&self.account_id, &identity.account_id),
            group_id: group_id.map(GroupId::new),
            name: (&*self.name).into(),
            description: self.description.as_deref().unwrap_or_default().into(),
            unique_instance_crns: self.unique_instance_crns.clone().unwrap_or_default(),
        };
        read.unusual_crn = self.crn.as_deref().filter(|crn| *crn != read.crn()).map(Into::into);
        read
    }

    /// Returns the service ID, with history and use if asked for.
    pub(super) fn details(
        &self,
        identity: &Identity,
        etag: Option<&str>,
        detail: Detail,
    ) -> ServiceIdDetails {
        let history = self.history.as_deref().unwrap_or_default();
        let activity = self.activity.as_ref().filter(|_| detail.activity);
        ServiceIdDetails {
            service_id: self.service_id(identity, etag),
            history: detail.history.then(|| history.iter().map(HistoryBody::entry).collect()),
            activity: activity.and_then(ActivityBody::activity),
        }
    }
}

impl Listed for ServiceId {
    type Body<'a> = ServiceIdBody<'a>;
    // In the reference this path ends with a slash, unlike the others.
    const PATH: &'static [&'static str] = &["v1", "serviceids", ""];
    const NOUNS: &'static str = "service IDs";

    fn read(body: &ServiceIdBody<'_>, me: &Identity) -> Self {
        body.service_id(me, None)
    }

    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn created_at(&self) -> Timestamp {
        self.created_at
    }
}

/// A group of service IDs.
#[derive(Debug, Deserialize)]
pub(super) struct GroupBody {
    id: String,
    entity_tag: Option<String>,
    #[serde(default)]
    account_id: String,
    crn: Option<String>,
    name: String,
    description: Option<String>,
    created_at: Option<WireTimestamp>,
    created_by: Option<String>,
    modified_at: Option<WireTimestamp>,
}

impl GroupBody {
    /// Returns the group; `etag` is the header, used if the body has no tag.
    pub(super) fn group(&self, identity: &Identity, etag: Option<&str>) -> ServiceIdGroup {
        let text = |text: &Option<String>| text.as_deref().unwrap_or_default().to_owned();
        let created_at = time(self.created_at).unwrap_or_default();
        ServiceIdGroup {
            id: GroupId::new(&*self.id),
            entity_tag: tag(self.entity_tag.as_deref(), etag),
            crn: text(&self.crn).into(),
            created_at,
            created_by: text(&self.created_by).into(),
            modified_at: time(self.modified_at).unwrap_or(created_at),
            account_id: shared(&self.account_id, &identity.account_id),
            name: (*self.name).into(),
            description: text(&self.description).into(),
        }
    }
}

/// Returns the body of a create.
pub(super) fn new_service_id(new: &NewServiceId, identity: &Identity) -> impl Serialize {
    let crns = &new.unique_instance_crns;
    object()
        .with("account_id", &*identity.account_id)
        .with("name", &new.name)
        .with_some("group_id", new.group_id.as_ref().map(GroupId::as_str))
        .with_some("description", Some(&new.description).filter(|text| !text.is_empty()))
        .with_some("unique_instance_crns", Some(crns).filter(|crns| !crns.is_empty()))
}

/// Returns the body of an update; absent fields stay as they are.
pub(super) fn service_id_changes(changes: &ServiceIdChanges) -> impl Serialize {
    object()
        .with_some("name", changes.name.as_deref())
        .with_some("description", changes.description.as_deref())
        .with_some("unique_instance_crns", changes.unique_instance_crns.as_deref())
}

/// Returns the body that makes a group.
pub(super) fn new_group(name: &str, description: &str, identity: &Identity) -> impl Serialize {
    object()
        .with("account_id", &*identity.account_id)
        .with("name", name)
        .with_some("description", Some(description).filter(|text| !text.is_empty()))
}

/// Returns the body that changes a group; absent fields stay as they are.
pub(super) fn group_changes(changes: &GroupChanges) -> impl Serialize {
    object()
        .with_some("name", changes.name.as_deref())
        .with_some("description", changes.description.as_deref())
}
