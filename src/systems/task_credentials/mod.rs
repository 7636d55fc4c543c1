//! Task credentials of watsonx: the IAM key that each region keeps for the jobs of a user.
//!
//! A region is a data centre with a store of its own. A task credential holds a copy of an IAM key and does not say which, so
//! the description that this program writes names the key by its ID.

pub mod local;
pub mod region;
pub mod remote;
mod wire;

use std::fmt;

pub use self::region::Region;
use super::facts::{CreateEffect, Facts, LostAnswer, Rotation, System};
use super::keys::{Keys, Result};
use crate::model::{ApiKeyId, Timestamp};
use crate::secret::Secret;

/// What is known of task credentials.
pub const FACTS: Facts = Facts {
    system: System::TaskCredentials,
    noun: "task credential",
    list_command: "task-credentials",
    command: "task-credential",
    created: ("Task credential", "was stored"),
    limit: Some(1),
    create: CreateEffect::IsRefused,
    lost_answer: LostAnswer::ReadAgain,
    rotation: Rotation::RemoveThenAdd,
    has_names: false,
    has_expiry: false,
};

/// The type of a task credential that holds an IAM key.
pub const API_KEY: &str = "iam_api_key";
/// What the description of a task credential begins with where this program wrote it. The ID of the key follows, and then
/// where the key comes from.
const HOLDS: &str = "IAM API key ";
const MADE: &str = ", made by ibmcloud-iam";
const GIVEN: &str = ", given to ibmcloud-iam";

/// A task credential as a region shows it. Its value is never shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskCredential {
    /// The id.
    pub id: String,
    /// The name.
    pub name: String,
    /// The description.
    pub description: String,
    /// The type; `None` where the region does not tell it.
    pub kind: Option<String>,
    /// When it was stored, as far as the region tells.
    pub created_at: Option<Timestamp>,
}

impl TaskCredential {
    /// Tells whether it holds an IAM key. One without a type does.
    pub fn is_api_key(&self) -> bool {
        self.kind.as_deref().is_none_or(|kind| kind == API_KEY)
    }

    /// Returns the key inside, where the description tells it.
    pub fn key(&self) -> Option<KeyInside> {
        let text = self.description.strip_prefix(HOLDS)?;
        let (id, is_made) = match (text.strip_suffix(MADE), text.strip_suffix(GIVEN)) {
            (Some(id), _) => (id, true),
            (None, id) => (id?, false),
        };
        let id = ApiKeyId::new(id);
        id.is_usual().then_some(KeyInside { id, is_made })
    }

    /// Returns the id of the key inside, where the description tells it.
    pub fn key_id(&self) -> Option<ApiKeyId> {
        self.key().map(|key| key.id)
    }
}

/// The IAM key inside a task credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyInside {
    /// Its id.
    pub id: ApiKeyId,
    /// Whether this program made it for the task credential.
    pub is_made: bool,
}

impl KeyInside {
    /// Returns the description that names the key.
    pub fn description(&self) -> String {
        format!("{HOLDS}{}{}", self.id, if self.is_made { MADE } else { GIVEN })
    }
}

/// The stores of the regions. `keys` are the IAM keys whose login is used; its identity owns the task credentials.
pub trait Regions: fmt::Debug + Send + Sync {
    /// Lists the task credentials of the owner in a region.
    fn list(&self, keys: &dyn Keys, region: &Region) -> Result<Vec<TaskCredential>>;

    /// Stores a task credential that holds an IAM key. Sent once: `OutcomeUnknown` if the answer is lost. Fails with
    /// `Conflict` where there is one already.
    fn store(
        &self,
        keys: &dyn Keys,
        region: &Region,
        name: &str,
        description: &str,
        value: &Secret,
    ) -> Result<TaskCredential>;

    /// Deletes a task credential. Fails with `NotFound`.
    fn delete(&self, keys: &dyn Keys, region: &Region, id: &str) -> Result<()>;

    /// Returns new warnings for the user. Each is returned once.
    fn take_warnings(&self) -> Vec<String> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_inside_is_told_by_our_description_only() {
        let id = ApiKeyId::from_random([7; 16]);
        let credential = |description: &str| TaskCredential {
            id: "1".to_owned(),
            name: String::new(),
            description: description.to_owned(),
            kind: None,
            created_at: None,
        };
        for is_made in [true, false] {
            let key = KeyInside { id: id.clone(), is_made };
            assert_eq!(credential(&key.description()).key(), Some(key));
        }
        let of_nobody = format!("{HOLDS}{id}");
        for other in ["", id.as_str(), &of_nobody, "IAM API key ApiKey-1, made by ibmcloud-iam"] {
            assert_eq!(credential(other).key(), None, "{other}");
        }
    }
}
