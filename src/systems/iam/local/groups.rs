//! Groups of service IDs. Every account has one from the start, the default group.

use super::LocalKeys;
use super::entity::{DEFAULT_GROUP, Entities, Entity, Kind};
use super::record::Op;
use super::store::no_randomness;
use super::texts;
use crate::model::{EntityTag, GroupChanges, GroupId, ServiceIdGroup};
use crate::secret;
use crate::systems::{Condition, Keys as _, Result, SystemError};

/// How many groups an account may have. At the service it may have 100,000 service IDs, 2,000 in each group.
pub const MOST_GROUPS: usize = 50;

impl LocalKeys {
    /// Returns the id of the group that every account has.
    pub fn default_group() -> GroupId {
        GroupId::new(DEFAULT_GROUP)
    }

    /// Returns one group by id. Fails with `NotFound`.
    pub fn group(&self, id: &GroupId) -> Result<ServiceIdGroup> {
        let found = self.groups()?.into_iter().find(|group| group.id == *id);
        Ok(found.ok_or(Condition::NotFound)?)
    }

    /// Lists the groups, the default group first.
    pub(super) fn groups(&self) -> Result<Vec<ServiceIdGroup>> {
        let identity = self.identity()?;
        let entities = self.entities(&identity)?;
        let groups = entities.of(Kind::Group);
        Ok(groups.map(|group| group.clone().service_id_group(&identity)).collect())
    }

    pub(super) fn make_group(&self, name: &str, description: &str) -> Result<ServiceIdGroup> {
        texts::check(texts::GROUP, Some(name), Some(description))?;
        let mut writer = self.store.write()?;
        let heading = writer.heading(Self::founder)?;
        let identity = &heading.identity;
        let (entities, scan) = Self::scan_entities(&writer, identity)?;
        if is_taken(&entities, name, "") {
            return Err(taken());
        }
        if entities.of(Kind::Group).count() >= MOST_GROUPS {
            let what = "groups of service IDs";
            return Err(Condition::TooMany { what, limit: MOST_GROUPS }.into());
        }
        let id = GroupId::from_random(secret::random().map_err(no_randomness)?);
        let mut group = self.new_entity(Kind::Group, id.as_str(), identity)?;
        group.set_texts(Some(name), Some(description));
        let record = group.record(Op::Create, self.author(identity), identity);
        writer.append_all(&scan, &heading, &[], &[record])?;
        Ok(group.service_id_group(identity))
    }

    /// Changes a group that is at version `seen`, or at any version if that is `None`.
    pub fn change_group(
        &self,
        id: &GroupId,
        seen: Option<&EntityTag>,
        changes: &GroupChanges,
    ) -> Result<ServiceIdGroup> {
        let (name, description) = (changes.name.as_deref(), changes.description.as_deref());
        texts::check(texts::GROUP, name, description)?;
        let change = |group: &mut Entity, entities: &Entities<'_>| {
            if seen.is_some_and(|seen| group.tag != *seen) {
                return Err(Condition::Conflict.into());
            }
            if name.is_some_and(|name| is_taken(entities, name, &group.id)) {
                return Err(taken());
            }
            group.set_texts(name, description);
            Ok(())
        };
        let (group, identity) = self.change_entity(Kind::Group, id.as_str(), Op::Update, change)?;
        Ok(group.service_id_group(&identity))
    }

    pub(super) fn remove_group(&self, id: &GroupId) -> Result<()> {
        if id.as_str() == DEFAULT_GROUP {
            return Err(conflict("The default group of an account cannot be deleted."));
        }
        let change =
            |group: &mut Entity, entities: &Entities<'_>| match entities.in_group(&group.id) {
                0 => Ok(()),
                _ => Err(conflict("A group that holds service IDs cannot be deleted.")),
            };
        self.change_entity(Kind::Group, id.as_str(), Op::Delete, change).map(drop)
    }
}

/// Tells whether another group than `id` has a name.
fn is_taken(entities: &Entities<'_>, name: &str, id: &str) -> bool {
    entities.of(Kind::Group).any(|group| *group.name == *name && *group.id != *id)
}

fn taken() -> SystemError {
    conflict("Another group of the account has this name.")
}

fn conflict(why: &str) -> SystemError {
    SystemError { hint: Some(why.to_owned()), ..Condition::Conflict.into() }
}
