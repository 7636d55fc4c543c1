//! Service IDs of the store. Their keys are beside those of users.

use std::sync::Arc;

use super::LocalKeys;
use super::create::or_choose;
use super::entity::{DEFAULT_GROUP, Entities, Entity, Kind};
use super::fold::{Fold, Stored, Want};
use super::record::{Op, Record};
use super::store::{Line, StoreScan, StoreWriter, no_randomness};
use super::{is_purged, texts};
use crate::model::{
    Activity, CreatedApiKey, Detail, EntityTag, GroupChanges, GroupId, Identity, NewApiKey,
    NewServiceId, NewValue, Owner, Scope, ServiceId, ServiceIdChanges, ServiceIdDetails,
    ServiceIdGroup, ServiceIdSelection, ServiceUuid,
};
use crate::secret;
use crate::systems::{Condition, Keys as _, Result, ServiceIds};

/// How many service IDs a group may have, as at the service.
pub const MOST_IN_GROUP: usize = 2_000;

impl LocalKeys {
    /// Fails with `Invalid` if nobody of this name can own a key.
    pub(super) fn check_owner(&self, owner: &Owner) -> Result<()> {
        let Some(id) = owner.service_id() else { return Ok(()) };
        let identity = self.identity()?;
        self.entities(&identity)?.owner(&id).map(drop)
    }

    /// Reads the service IDs and the groups.
    pub(super) fn entities<'a>(&self, identity: &'a Identity) -> Result<Entities<'a>> {
        let mut entities = Entities::new(identity);
        let scan = self.store.read_all(|line| take(&mut entities, line))?;
        self.note(&scan);
        Ok(entities)
    }

    /// Reads the service IDs and the groups while the store is locked for a change.
    pub(super) fn scan_entities<'a>(
        writer: &StoreWriter<'_>,
        identity: &'a Identity,
    ) -> Result<(Entities<'a>, StoreScan)> {
        let mut entities = Entities::new(identity);
        let scan = writer.scan_all(|line| take(&mut entities, line))?;
        Ok((entities, scan))
    }

    /// Changes a service ID or a group and records it as `op`; `change` may refuse.
    pub(super) fn change_entity(
        &self,
        kind: Kind,
        id: &str,
        op: Op,
        change: impl FnOnce(&mut Entity, &Entities<'_>) -> Result<()>,
    ) -> Result<(Entity, Identity)> {
        // Do not make a store only to find nothing in it.
        if id != DEFAULT_GROUP && self.store.heading()?.is_none() {
            return Err(Condition::NotFound.into());
        }
        let mut writer = self.store.write()?;
        let heading = writer.heading(Self::founder)?;
        let (entities, scan) = Self::scan_entities(&writer, &heading.identity)?;
        let mut entity = entities.get(kind, id).ok_or(Condition::NotFound)?.clone();
        change(&mut entity, &entities)?;
        let by = self.author(&heading.identity);
        let record = if op == Op::Delete {
            entity.bare_record(op, self.now()?, by, &heading.identity)
        } else {
            let random = secret::random().map_err(no_randomness)?;
            entity.tag = EntityTag::revision(entity.tag.number() + 1, random);
            entity.modified_at = self.now()?;
            entity.record(op, by, &heading.identity)
        };
        writer.append_all(&scan, &heading, &[], &[record])?;
        drop(writer);
        Ok((entity, heading.identity))
    }

    /// Makes what is not stored yet, with its first tag.
    pub(super) fn new_entity(&self, kind: Kind, id: &str, identity: &Identity) -> Result<Entity> {
        let now = self.now()?;
        Ok(Entity {
            kind,
            id: id.into(),
            tag: EntityTag::revision(1, secret::random().map_err(no_randomness)?),
            name: "".into(),
            description: "".into(),
            group: GroupId::new(DEFAULT_GROUP),
            crns: Vec::new(),
            locked: false,
            created_at: now,
            created_by: Arc::clone(self.author(identity)),
            modified_at: now,
            history: Vec::new(),
        })
    }

    /// Makes a service ID, and with it a key, whatever owner `key` names.
    pub fn create_service_id_with(
        &self,
        new: &NewServiceId,
        key: Option<(NewApiKey, NewValue<'_>)>,
    ) -> Result<(ServiceId, Option<CreatedApiKey>)> {
        texts::check(texts::SERVICE_ID, Some(&new.name), Some(&new.description))?;
        let mut writer = self.store.write()?;
        let heading = writer.heading(Self::founder)?;
        let identity = &heading.identity;
        let (entities, scan) = Self::scan_entities(&writer, identity)?;
        let group = new.group_id.as_ref().map_or(DEFAULT_GROUP, GroupId::as_str);
        if entities.get(Kind::Group, group).is_none() {
            let words = format!("The group of service IDs {group} does not exist.");
            return Err(Condition::Invalid(words).into());
        }
        if entities.in_group(group) >= MOST_IN_GROUP {
            let what = "service IDs in this group";
            return Err(Condition::TooMany { what, limit: MOST_IN_GROUP }.into());
        }
        let id = ServiceUuid::from_random(secret::random().map_err(no_randomness)?);
        let mut entity = self.new_entity(Kind::Service, id.as_str(), identity)?;
        entity.set_texts(Some(&new.name), Some(&new.description));
        entity.group = GroupId::new(group);
        entity.crns.clone_from(&new.unique_instance_crns);
        entity.locked = new.locked;
        let by = self.author(identity);
        let record = entity.record(Op::Create, by, identity);
        let mut created = None;
        if let Some((key, value)) = key {
            let mut chosen_here = None;
            let value = or_choose(&value, &mut chosen_here)?;
            let key = NewApiKey { owner: Owner::service(&id), ..key };
            let (scan, key, hash) = self.admit(&writer, &heading, &key, value)?;
            let of_key = Record::of(Op::Create, &key, hash.as_str(), by, identity);
            writer.append_all(&scan, &heading, &[of_key], &[record])?;
            created = Some(CreatedApiKey { key, value: chosen_here });
        } else {
            writer.append_all(&scan, &heading, &[], &[record])?;
        }
        Ok((entity.service_id(identity), created))
    }

    /// Lists service IDs with their histories, oldest first.
    pub fn service_ids_in_full(&self, which: &ServiceIdSelection) -> Result<Vec<ServiceIdDetails>> {
        let identity = self.identity()?;
        let entities = self.entities(&identity)?;
        let wanted = entities.of(Kind::Service).filter(|entity| {
            which.name.as_ref().is_none_or(|name| *name == *entity.name)
                && which.group_id.as_ref().is_none_or(|group| *group == entity.group)
        });
        let details = |entity: &Entity| ServiceIdDetails {
            service_id: entity.clone().service_id(&identity),
            history: Some(entity.history.clone()),
            activity: None,
        };
        Ok(wanted.map(details).collect())
    }

    /// Changes a service ID that is at version `seen`, or at any version if that is `None`.
    pub fn change_service_id(
        &self,
        id: &ServiceUuid,
        seen: Option<&EntityTag>,
        changes: &ServiceIdChanges,
    ) -> Result<ServiceId> {
        let (name, description) = (changes.name.as_deref(), changes.description.as_deref());
        texts::check(texts::SERVICE_ID, name, description)?;
        let change = |entity: &mut Entity, _: &Entities<'_>| {
            if entity.locked {
                return Err(Condition::Locked.into());
            }
            if seen.is_some_and(|seen| entity.tag != *seen) {
                return Err(Condition::Conflict.into());
            }
            entity.set_texts(name, description);
            if let Some(crns) = &changes.unique_instance_crns {
                entity.crns.clone_from(crns);
            }
            Ok(())
        };
        let (entity, identity) =
            self.change_entity(Kind::Service, id.as_str(), Op::Update, change)?;
        Ok(entity.service_id(&identity))
    }

    /// Sums up the logins with the keys that a service ID has.
    fn activity(&self, identity: &Identity, id: &ServiceUuid) -> Result<Activity> {
        let owner = Owner::service(id);
        let keys = self.read(identity, Want::Everything)?.into_iter();
        let own = keys.filter(|kept| *kept.key.iam_id == *owner.0).map(|kept| kept.used);
        Ok(own.fold(Activity::default(), |sum, one| Activity {
            last_authn: sum.last_authn.max(one.last_authn),
            authn_count: sum.authn_count + one.authn_count,
        }))
    }
}

fn take(entities: &mut Entities<'_>, line: Line<'_>) -> Option<()> {
    match line {
        Line::Entity(line) => entities.take(&line),
        Line::Key(_) => Some(()),
    }
}

impl ServiceIds for LocalKeys {
    fn list_service_ids(&self, which: &ServiceIdSelection) -> Result<Vec<ServiceId>> {
        let found = self.service_ids_in_full(which)?.into_iter();
        Ok(found.map(|details| details.service_id).collect())
    }

    fn get_service_id(&self, id: &ServiceUuid, detail: Detail) -> Result<ServiceIdDetails> {
        let identity = self.identity()?;
        let entities = self.entities(&identity)?;
        let entity = entities.get(Kind::Service, id.as_str()).ok_or(Condition::NotFound)?.clone();
        let activity = detail.activity.then(|| self.activity(&identity, id)).transpose()?;
        Ok(ServiceIdDetails {
            history: detail.history.then(|| entity.history.clone()),
            service_id: entity.service_id(&identity),
            activity,
        })
    }

    fn create_service_id(&self, new: &NewServiceId) -> Result<ServiceId> {
        Ok(self.create_service_id_with(new, None)?.0)
    }

    fn update_service_id(
        &self,
        id: &ServiceUuid,
        seen: &EntityTag,
        changes: &ServiceIdChanges,
    ) -> Result<ServiceId> {
        self.change_service_id(id, Some(seen), changes)
    }

    fn delete_service_id(&self, id: &ServiceUuid) -> Result<()> {
        // Do not make a store only to find nothing in it.
        if self.store.heading()?.is_none() {
            return Err(Condition::NotFound.into());
        }
        let now = self.now()?;
        let mut writer = self.store.write()?;
        let heading = writer.heading(Self::founder)?;
        let identity = &heading.identity;
        let (entities, scan) = Self::scan_entities(&writer, identity)?;
        let entity = entities.get(Kind::Service, id.as_str()).ok_or(Condition::NotFound)?;
        let scope = Scope::Of(Owner::service(id));
        let mut fold = Fold::new(identity, Want::OwnedBy(&scope));
        writer.scan(|line| fold.take(&line))?;
        let keys: Vec<Stored> = fold.into_stored().collect();
        let is_locked = |kept: &Stored| kept.key.locked && !is_purged(&kept.key, now);
        if entity.locked || keys.iter().any(is_locked) {
            return Err(Condition::Locked.into());
        }
        let by = self.author(identity);
        let of_key = |kept| {
            let Stored { key, .. }: &Stored = kept;
            Record::bare(Op::Delete, key, now, by, identity)
        };
        let of_keys: Vec<Record<'_>> = keys.iter().map(of_key).collect();
        let record = entity.bare_record(Op::Delete, now, by, identity);
        writer.append_all(&scan, &heading, &of_keys, &[record])
    }

    fn set_service_id_locked(&self, id: &ServiceUuid, locked: bool) -> Result<()> {
        let op = if locked { Op::Lock } else { Op::Unlock };
        let change = |entity: &mut Entity, _: &Entities<'_>| {
            if entity.locked == locked {
                return Err(Condition::Conflict.into());
            }
            entity.locked = locked;
            Ok(())
        };
        self.change_entity(Kind::Service, id.as_str(), op, change).map(drop)
    }

    fn list_groups(&self) -> Result<Vec<ServiceIdGroup>> {
        self.groups()
    }

    fn create_group(&self, name: &str, description: &str) -> Result<ServiceIdGroup> {
        self.make_group(name, description)
    }

    fn update_group(
        &self,
        id: &GroupId,
        seen: &EntityTag,
        changes: &GroupChanges,
    ) -> Result<ServiceIdGroup> {
        self.change_group(id, Some(seen), changes)
    }

    fn delete_group(&self, id: &GroupId) -> Result<()> {
        self.remove_group(id)
    }
}
