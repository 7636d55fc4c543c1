//! Task credentials in a file on this machine: one for each owner and region. Values are not stored, only their keyed hash.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{API_KEY, Region, Regions, TaskCredential};
use crate::clock::Clock;
use crate::model::{Owner, Timestamp};
use crate::secret::{self, Secret};
use crate::systems::small_store::{Content, Item, SmallStore, no_randomness};
use crate::systems::{Condition, Keys, Result, SystemError};

/// A task credential in the store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Stored {
    id: String,
    iam_id: String,
    region: String,
    name: String,
    description: String,
    created_at: i64,
    hash: String,
}

impl Item for Stored {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Stored {
    fn is_of(&self, owner: &Owner, region: &Region) -> bool {
        self.iam_id == *owner.0 && self.region == region.name
    }

    fn shown(&self) -> TaskCredential {
        TaskCredential {
            id: self.id.clone(),
            name: self.name.clone(),
            description: self.description.clone(),
            kind: Some(API_KEY.to_owned()),
            created_at: Timestamp::from_seconds(self.created_at),
        }
    }
}

/// Task credentials on this machine.
#[derive(Debug)]
pub struct LocalRegions {
    store: SmallStore<Stored>,
    clock: Clock,
}

impl LocalRegions {
    /// Uses the store in a directory, which need not exist yet; in memory where there is no directory.
    pub fn new(directory: Option<PathBuf>, clock: Clock) -> Self {
        let store = SmallStore::new(directory, "task-credentials");
        Self { store, clock }
    }

    /// Lists what an owner has in a region.
    pub fn of(&self, owner: &Owner, region: &Region) -> Result<Vec<TaskCredential>> {
        let content = self.store.read()?;
        let found = content.items.iter().filter(|stored| stored.is_of(owner, region));
        Ok(found.map(Stored::shown).collect())
    }

    /// Stores a task credential of an owner. Fails with `Conflict` where there is one already.
    pub fn add(
        &self,
        owner: &Owner,
        region: &Region,
        name: &str,
        description: &str,
        value: &Secret,
    ) -> Result<TaskCredential> {
        let random = secret::random().map_err(no_randomness)?;
        let stored = Stored {
            id: uuid::Builder::from_random_bytes(random).into_uuid().to_string(),
            iam_id: owner.0.to_string(),
            region: region.name.to_owned(),
            name: name.to_owned(),
            description: description.to_owned(),
            created_at: self.clock.now()?.seconds(),
            hash: String::new(),
        };
        self.store.change(|content: &mut Content<Stored>| {
            if content.items.iter().any(|other| other.is_of(owner, region)) {
                return Err(taken(region));
            }
            let stored = Stored { hash: content.hash(value)?, ..stored };
            let shown = stored.shown();
            content.items.push(stored);
            Ok(shown)
        })
    }

    /// Deletes a task credential of an owner. Fails with `NotFound`.
    pub fn remove(&self, owner: &Owner, region: &Region, id: &str) -> Result<()> {
        self.store.change(|content| {
            let before = content.items.len();
            content.items.retain(|stored| stored.id != id || !stored.is_of(owner, region));
            if content.items.len() == before {
                return Err(Condition::NotFound.into());
            }
            Ok(())
        })
    }
}

fn taken(region: &Region) -> SystemError {
    let hint = format!("The region {} has a task credential of this user already.", region.name);
    SystemError { hint: Some(hint), ..Condition::Conflict.into() }
}

impl Regions for LocalRegions {
    fn list(&self, keys: &dyn Keys, region: &Region) -> Result<Vec<TaskCredential>> {
        self.of(&keys.identity()?.owner(), region)
    }

    fn store(
        &self,
        keys: &dyn Keys,
        region: &Region,
        name: &str,
        description: &str,
        value: &Secret,
    ) -> Result<TaskCredential> {
        self.add(&keys.identity()?.owner(), region, name, description, value)
    }

    fn delete(&self, keys: &dyn Keys, region: &Region, id: &str) -> Result<()> {
        self.remove(&keys.identity()?.owner(), region, id)
    }

    fn take_warnings(&self) -> Vec<String> {
        self.store.take_warnings()
    }
}
