//! The format of a journal entry: a line that says what was begun, then a line for each step.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::model::{BackendKind, Timestamp};
use crate::private_file::Seen;
use crate::secret::Secret;

/// The format of entries.
pub const VERSION: u32 = 1;

/// The commands that make entries. This version cannot settle an entry of any other command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// `api-key-create`.
    ApiKeyCreate,
    /// `api-key-rotate`.
    ApiKeyRotate,
}

/// What was begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begun {
    /// The format of this file; [`VERSION`].
    pub version: u32,
    /// The command.
    pub operation: Operation,
    /// The name of the new key.
    pub name: String,
    /// The id of the new key, where this program chose it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Where the key is made.
    pub backend: BackendKind,
    /// The URL or directory of the backend.
    pub endpoint: String,
    /// The account of the key.
    pub account_id: String,
    /// The owner of the key.
    pub iam_id: String,
    /// When the command began.
    pub at: Timestamp,
    /// The absolute path that the key is written to; `None` to print it.
    pub file: Option<PathBuf>,
    /// What was at `file` and may be replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<Seen>,
    /// The keyed hash of the value, under `salt`; absent where the service chooses the value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_hash: Option<String>,
    /// The key of that hash, 32 hex digits, for this entry alone.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub salt: String,
    /// The ids of the keys that had this name before; empty where `id`, or `file` and `value_hash`, say more.
    #[serde(default)]
    pub known_ids: Vec<String>,
    /// The key that the new one replaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retires: Option<Retires>,
}

/// A key that goes out of use when the new one is in its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retires {
    /// Its id.
    pub id: String,
    /// How many seconds it works beside the new one; `None` disables it at once.
    pub grace: Option<u64>,
}

impl Begun {
    /// Tells whether `value` may be that of the new key; every value may be where the service chooses it.
    pub fn is_value(&self, value: &Secret) -> bool {
        let is = |hash: &String| value.keyed_hash(self.salt.as_bytes()).is(hash.as_bytes());
        self.value_hash.as_ref().is_none_or(is)
    }
}

/// A step that was reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "lowercase")]
pub enum Step {
    /// A request that may make the key is about to be sent.
    Sending {
        /// When it is certain that the request makes nothing more.
        until: Timestamp,
    },
    /// The key exists. Its value is about to be printed, or written to FILE where the service chose it.
    Delivering {
        /// The key's id.
        id: String,
    },
    /// The value was printed.
    Delivered,
    /// The new key of a rotation exists; nobody has its value yet.
    Made {
        /// The key's id.
        id: String,
    },
    /// A later command made this key of the same name, so it is not the one of this entry.
    Other {
        /// The key's id.
        id: String,
    },
    /// The rotation was asked for again, with a grace that counts from then on.
    Grace {
        /// As in [`Retires`].
        seconds: u64,
    },
}
