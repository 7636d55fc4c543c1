//! The task credentials of every region, behind the login of a session.

use super::Session;
use crate::error::Error;
use crate::settings::variables::WATSONX_URL;
use crate::systems::task_credentials::local::LocalRegions;
use crate::systems::task_credentials::remote::RemoteRegions;
use crate::systems::task_credentials::{Region, Regions};
use crate::systems::{Condition, System, SystemError};
use crate::told::{Family, told};

impl Session<'_> {
    /// Returns the task credentials of every region, on this machine or at watsonx as the keys are.
    pub fn regions(&self) -> std::result::Result<&dyn Regions, SystemError> {
        if let Some(regions) = self.regions.get() {
            return Ok(&**regions);
        }
        let refused = |error: Error| SystemError::from(Condition::Rejected(error.message));
        let (settings, clock) = (self.own.settings, self.own.settings.clock());
        let opened: Box<dyn Regions> = if let Some(service) = &self.own.credential.service {
            let url = settings.environment().text(WATSONX_URL).map_err(refused)?;
            Box::new(RemoteRegions::new(service.clone(), url, clock))
        } else {
            let directory = settings.store_directory().map_err(refused)?.to_owned();
            Box::new(LocalRegions::new(Some(directory), clock))
        };
        Ok(&**self.regions.get_or_init(|| opened))
    }

    /// Words an error about the task credentials of a region.
    pub fn told_of_region(&self, error: SystemError, region: &Region) -> Error {
        let family = Family::of(self.program(), System::TaskCredentials.facts());
        told(error, &format!("The task credential in {}", region.name), &family)
    }
}
