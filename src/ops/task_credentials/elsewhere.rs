//! Who else holds a key: the regions beside those that are meant.

use super::{Looked, RegionRef, has_one_store, look};
use crate::error::Result;
use crate::model::{ApiKey, IN_TASK_CREDENTIAL};
use crate::session::Session;
use crate::systems::task_credentials::{Region, TaskCredential};

/// What the description of a key begins with that is made for regions. Their names follow.
const MADE_FOR: &str = "Task credential of watsonx in ";

/// Describes a key that is made for regions.
pub(super) fn description(regions: &[RegionRef]) -> String {
    format!("{MADE_FOR}{}", super::names(regions))
}

/// Returns the regions that a key was made for; `None` where that is not told. Nobody has its value, so no other region has it.
fn made_for(key: &ApiKey) -> Option<Vec<RegionRef>> {
    let ours = key.name.starts_with(IN_TASK_CREDENTIAL);
    let names = key.description.strip_prefix(MADE_FOR).filter(|_| ours)?;
    names.split(", ").map(Region::find).collect()
}

/// A region that holds a key, or may hold it.
pub(super) struct Holder {
    pub(super) region: RegionRef,
    /// Why it is not certain; `None` where it is.
    pub(super) doubt: Option<&'static str>,
}

/// What the regions have beside those that are meant.
pub(super) struct Elsewhere<'a> {
    meant: &'a [RegionRef],
    looked: Vec<Looked>,
}

impl<'a> Elsewhere<'a> {
    /// Asks the regions of IBM Cloud, and those that the keys were made for.
    pub(super) fn look(
        meant: &'a [RegionRef],
        keys: &[&ApiKey],
        session: &Session,
    ) -> Result<Self> {
        let named: Vec<RegionRef> = keys.iter().filter_map(|key| made_for(key)).flatten().collect();
        let is_asked = |region: &&Region| {
            let is_usual = Region::of_ibm_cloud().contains(region);
            (is_usual || named.contains(region)) && !meant.contains(region)
        };
        let beside: Vec<RegionRef> = if has_one_store(session.settings())? {
            Vec::new()
        } else {
            Region::all().iter().filter(is_asked).collect()
        };
        Ok(Self { meant, looked: look(&beside, session)? })
    }

    /// Returns a region that holds a key, else one that may hold it.
    pub(super) fn holder(&self, key: &ApiKey) -> Option<Holder> {
        let holds = |looked: &&Looked| {
            let found = looked.found.iter().flatten();
            found.filter_map(TaskCredential::key_id).any(|id| id == key.id)
        };
        if let Some(Looked { region, .. }) = self.looked.iter().find(holds) {
            return Some(Holder { region, doubt: None });
        }
        let looked = self.looked.iter().map(|looked| looked.region).collect();
        let mut may = made_for(key).unwrap_or(looked).into_iter();
        may.find_map(|region| {
            let doubt = self.doubt(region)?;
            Some(Holder { region, doubt: Some(doubt) })
        })
    }

    /// Says why a region may hold a key that it does not name.
    fn doubt(&self, region: RegionRef) -> Option<&'static str> {
        if self.meant.contains(&region) {
            return None;
        }
        match self.looked.iter().find(|looked| looked.region == region).map(|looked| &looked.found)
        {
            None | Some(Err(_)) => Some("could not be asked"),
            Some(Ok(found)) => {
                let is_untold = found.iter().any(|one| one.is_api_key() && one.key().is_none());
                is_untold.then_some("does not tell which key it holds")
            }
        }
    }
}
