//! Service IDs, which own keys as users do, and the groups that they are in.

use std::borrow::Cow;
use std::sync::Arc;

use super::id::{GroupId, ServiceUuid};
use super::key::{Activity, EntityTag, HistoryEntry};
use super::owner::Owner;
use super::timestamp::Timestamp;

/// A service ID.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceId {
    /// The id, unique in the service.
    pub id: ServiceUuid,
    /// The version, which a change must name.
    pub entity_tag: EntityTag,
    /// The cloud resource name if it is not the one that [`ServiceId::crn`] builds.
    pub unusual_crn: Option<Box<str>>,
    /// Whether it is locked; a locked service ID can be neither changed nor deleted.
    pub locked: bool,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub modified_at: Timestamp,
    /// The account id.
    pub account_id: Arc<str>,
    /// The group that it is in, if the service tells it.
    pub group_id: Option<GroupId>,
    /// The name, which several service IDs may share.
    pub name: Box<str>,
    /// The description, empty for none.
    pub description: Box<str>,
    /// The cloud resource names of the instances that it is for.
    pub unique_instance_crns: Vec<String>,
}

impl ServiceId {
    /// Returns the service ID as an owner of keys.
    pub fn owner(&self) -> Owner {
        Owner::service(&self.id)
    }

    /// Returns the cloud resource name. The service leaves its region segment empty.
    pub fn crn(&self) -> Cow<'_, str> {
        if let Some(crn) = &self.unusual_crn {
            return Cow::Borrowed(crn);
        }
        let account = &*self.account_id;
        let parts =
            ["crn:v1:bluemix:public:iam-identity::a/", account, "::serviceid:", self.id.as_str()];
        Cow::Owned(parts.concat())
    }
}

/// A service ID with the details that were asked for.
#[derive(Clone, Debug)]
pub struct ServiceIdDetails {
    /// The service ID.
    pub service_id: ServiceId,
    /// Its history, oldest first, if asked for.
    pub history: Option<Vec<HistoryEntry>>,
    /// Its activity, if asked for and known.
    pub activity: Option<Activity>,
}

/// A service ID to be made.
#[derive(Clone, Debug, Default)]
pub struct NewServiceId {
    /// The name, not empty.
    pub name: String,
    /// The description, empty for none.
    pub description: String,
    /// Whether it is locked from the start.
    pub locked: bool,
    /// The group; the default group of the account when absent.
    pub group_id: Option<GroupId>,
    /// The cloud resource names of the instances that it is for.
    pub unique_instance_crns: Vec<String>,
}

/// Changes to a service ID; an absent field stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceIdChanges {
    /// The new name.
    pub name: Option<String>,
    /// The new description; empty clears it.
    pub description: Option<String>,
    /// The new cloud resource names of instances.
    pub unique_instance_crns: Option<Vec<String>>,
}

impl ServiceIdChanges {
    /// Tells whether the service ID is as these changes would leave it.
    pub fn already_in(&self, service_id: &ServiceId) -> bool {
        let mut changed = service_id.clone();
        self.apply(&mut changed);
        changed == *service_id
    }

    /// Applies the changes.
    pub fn apply(&self, service_id: &mut ServiceId) {
        if let Some(name) = &self.name {
            service_id.name = name.as_str().into();
        }
        if let Some(description) = &self.description {
            service_id.description = description.as_str().into();
        }
        if let Some(crns) = &self.unique_instance_crns {
            service_id.unique_instance_crns.clone_from(crns);
        }
    }
}

/// Which service IDs are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceIdSelection {
    /// Those of exactly this name; every name when absent.
    pub name: Option<String>,
    /// Those of this group; every group of the account when absent.
    pub group_id: Option<GroupId>,
}

/// A group of service IDs. Its name is unique in the account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceIdGroup {
    /// The id, unique in the service.
    pub id: GroupId,
    /// The version, which a change must name.
    pub entity_tag: EntityTag,
    /// The cloud resource name.
    pub crn: Box<str>,
    /// When it was created.
    pub created_at: Timestamp,
    /// The IAM id of the identity that created it.
    pub created_by: Arc<str>,
    /// When it last changed.
    pub modified_at: Timestamp,
    /// The account id.
    pub account_id: Arc<str>,
    /// The name.
    pub name: Box<str>,
    /// The description, empty for none.
    pub description: Box<str>,
}

/// Changes to a group; an absent field stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupChanges {
    /// The new name.
    pub name: Option<String>,
    /// The new description; empty clears it.
    pub description: Option<String>,
}

impl GroupChanges {
    /// Tells whether the group is as these changes would leave it.
    pub fn already_in(&self, group: &ServiceIdGroup) -> bool {
        let mut changed = group.clone();
        self.apply(&mut changed);
        changed == *group
    }

    /// Applies the changes.
    pub fn apply(&self, group: &mut ServiceIdGroup) {
        if let Some(name) = &self.name {
            group.name = name.as_str().into();
        }
        if let Some(description) = &self.description {
            group.description = description.as_str().into();
        }
    }
}
