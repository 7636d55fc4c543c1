//! Notes the names of service IDs and groups.

use super::{KeyName, RememberingKeys};
use crate::model::{
    Detail, EntityTag, GroupChanges, GroupId, NewServiceId, ServiceId, ServiceIdChanges,
    ServiceIdDetails, ServiceIdGroup, ServiceIdSelection, ServiceUuid,
};
use crate::systems::{Result, ServiceIds};

impl ServiceIds for RememberingKeys {
    fn list_service_ids(&self, which: &ServiceIdSelection) -> Result<Vec<ServiceId>> {
        let listed = self.keys.to_service_ids()?.list_service_ids(which)?;
        // A part of them must not be taken for all.
        if *which == ServiceIdSelection::default() {
            self.service_ids.all(listed.iter().map(KeyName::from));
        }
        Ok(listed)
    }

    fn get_service_id(&self, id: &ServiceUuid, detail: Detail) -> Result<ServiceIdDetails> {
        let found = self.keys.to_service_ids()?.get_service_id(id, detail);
        let now = found.as_ref().map(|details| (&details.service_id).into());
        self.service_ids.note(id.as_str(), now);
        found
    }

    fn create_service_id(&self, new: &NewServiceId) -> Result<ServiceId> {
        let created = self.keys.to_service_ids()?.create_service_id(new)?;
        self.service_ids.change(|known| known.push((&created).into()));
        Ok(created)
    }

    fn update_service_id(
        &self,
        id: &ServiceUuid,
        seen: &EntityTag,
        changes: &ServiceIdChanges,
    ) -> Result<ServiceId> {
        let now = self.keys.to_service_ids()?.update_service_id(id, seen, changes)?;
        self.service_ids.note(id.as_str(), Ok((&now).into()));
        Ok(now)
    }

    fn delete_service_id(&self, id: &ServiceUuid) -> Result<()> {
        self.keys.to_service_ids()?.delete_service_id(id)?;
        self.service_ids.forget(id.as_str());
        Ok(())
    }

    fn set_service_id_locked(&self, id: &ServiceUuid, locked: bool) -> Result<()> {
        self.keys.to_service_ids()?.set_service_id_locked(id, locked)
    }

    fn list_groups(&self) -> Result<Vec<ServiceIdGroup>> {
        let listed = self.keys.to_service_ids()?.list_groups()?;
        self.groups.all(listed.iter().map(KeyName::from));
        Ok(listed)
    }

    fn create_group(&self, name: &str, description: &str) -> Result<ServiceIdGroup> {
        let created = self.keys.to_service_ids()?.create_group(name, description)?;
        self.groups.change(|known| known.push((&created).into()));
        Ok(created)
    }

    fn update_group(
        &self,
        id: &GroupId,
        seen: &EntityTag,
        changes: &GroupChanges,
    ) -> Result<ServiceIdGroup> {
        let now = self.keys.to_service_ids()?.update_group(id, seen, changes)?;
        self.groups.note(id.as_str(), Ok((&now).into()));
        Ok(now)
    }

    fn delete_group(&self, id: &GroupId) -> Result<()> {
        self.keys.to_service_ids()?.delete_group(id)?;
        self.groups.forget(id.as_str());
        Ok(())
    }
}
