//! The format of a journal entry: a line that says what was begun, then a line for each step.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::model::{BackendKind, Timestamp};
use crate::private_file::Seen;
use crate::secret::Secret;
use crate::systems::System;

/// The format of entries. Version 1 is read too: it knows one key system, and no steps that retire or undo.
pub const VERSION: u32 = 2;

/// The commands that make entries. This version cannot settle an entry of any other command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Operation {
    /// `api-key-create`, and that of other systems.
    #[serde(rename = "api-key-create")]
    Create,
    /// `api-key-rotate`, and that of other systems.
    #[serde(rename = "api-key-rotate")]
    Rotate,
}

impl Operation {
    /// Returns the verb in the command of a system.
    fn verb(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Rotate => "rotate",
        }
    }
}

/// What was begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begun {
    /// The format of this file; [`VERSION`].
    pub version: u32,
    /// The command.
    pub operation: Operation,
    /// The key system.
    #[serde(default)]
    pub system: System,
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
    /// Who began the command, if not the owner of the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// When the command began.
    pub at: Timestamp,
    /// The absolute path that the key is written to; `None` to print it.
    pub file: Option<PathBuf>,
    /// FILE as it was named, from the root, where links led from there to `file`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub named: Option<PathBuf>,
    /// What was at `file` and may be replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<Seen>,
    /// The keyed hash of the value, under `salt`; absent where the service chooses the value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_hash: Option<String>,
    /// The key of that hash and of the one in [`Step::Delivering`], 32 hex digits, for this entry alone.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub salt: String,
    /// The ids of the keys that had this name before. Empty for a create where `id`, or `file` and `value_hash`, say more.
    #[serde(default)]
    pub known_ids: Vec<String>,
    /// The key that the new one replaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retires: Option<Retires>,
    /// The regions that the new key goes to, in place of FILE and standard output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regions: Option<InRegions>,
}

/// Regions whose task credential is to hold the new key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InRegions {
    /// Their names.
    pub names: Vec<String>,
    /// The name of the task credentials.
    pub credential: String,
    /// The ids of the task credentials that are replaced.
    pub replaces: Vec<String>,
    /// The ids of the keys in them, as far as they tell.
    pub old_keys: Vec<String>,
    /// Those of these keys that are retired once every region has the new one.
    pub retires: Vec<Retires>,
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
    /// Returns the command: `service-api-key-rotate`.
    pub fn command(&self) -> String {
        let system = if self.regions.is_some() { System::TaskCredentials } else { self.system };
        format!("{}-{}", system.facts().command, self.operation.verb())
    }

    /// Returns the IAM id of who began the command, and so of who created the key.
    pub fn maker(&self) -> &str {
        self.by.as_deref().unwrap_or(&self.iam_id)
    }

    /// Tells whether `value` may be that of the new key; every value may be where the service chooses it.
    pub fn is_value(&self, value: &Secret) -> bool {
        self.value_hash.as_ref().is_none_or(|hash| self.has_hash(value, hash))
    }

    /// Tells whether `hash` is that of `value` under the salt of this entry.
    pub fn has_hash(&self, value: &Secret, hash: &str) -> bool {
        value.keyed_hash(self.salt.as_bytes()).is(hash.as_bytes())
    }

    /// Returns the keyed hash of a value under the salt of this entry.
    pub fn hash_of(&self, value: &Secret) -> String {
        value.keyed_hash(self.salt.as_bytes()).as_str().to_owned()
    }
}

/// A step that was reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "lowercase")]
pub enum Step {
    /// A request that may make the key is about to be sent.
    Sending {
        /// When it is certain that the request makes nothing more, by the service's clock.
        until: Timestamp,
        /// How many seconds that is. Nobody waits longer, whatever the clocks say.
        #[serde(default)]
        seconds: u64,
    },
    /// The new key of a rotation exists; nobody has its value yet.
    Made {
        /// The key's id.
        id: String,
    },
    /// The key exists. Its value is about to be printed, brought to a region, or written to FILE where the service chose it.
    Delivering {
        /// The key's id.
        id: String,
        /// The keyed hash of a value that the service chose, under the salt of the entry.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value_hash: Option<String>,
    },
    /// A region has answered that it holds the new key.
    Stored {
        /// The id of its task credential.
        credential: String,
    },
    /// The value was printed, or every region has it.
    Delivered,
    /// A request that retires the old key is about to be sent. From here on the old key is only retired.
    Retiring,
    /// A request that removes the old key is about to be sent, before the new one is made.
    Removing {
        /// When it is certain that the request removes nothing more, by the service's clock.
        until: Timestamp,
        /// How many seconds that is.
        seconds: u64,
    },
    /// A request that deletes the new key is about to be sent. From here on the new key is only deleted.
    Undoing {
        /// The key's id.
        id: String,
    },
    /// All is done. The entry stays while a request may still make the key, so that nobody deletes it before.
    Settled {
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

/// How far a command came: what the steps say together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Progress {
    /// How many requests were sent that may make the key.
    pub sends: u32,
    /// Until when one of them may still make it; `None` where none can.
    pub may_land: Option<Timestamp>,
    /// How many seconds are waited at most until then.
    pub longest_wait: u64,
    /// The id of the new key.
    pub made: Option<String>,
    /// Whether the value was about to be printed, brought to a region, or written to FILE where the service chose it.
    pub is_delivering: bool,
    /// The ids of the task credentials that are known to hold the new key.
    pub stored: Vec<String>,
    /// Whether the value was printed, or every region has it.
    pub is_delivered: bool,
    /// The keyed hash of a value that the service chose.
    pub value_hash: Option<String>,
    /// Whether the old key is being retired, or removed before the new one is made.
    pub is_retiring: bool,
    /// Whether the new key is being deleted.
    pub is_undoing: bool,
    /// The ids of keys that later commands made.
    pub others: Vec<String>,
    /// The grace of a rotation that was asked for again.
    pub grace: Option<u64>,
}

impl Progress {
    /// Takes the next step.
    pub fn take(&mut self, step: Step) {
        match step {
            Step::Sending { until, seconds } => {
                self.sends += 1;
                self.may_land = self.may_land.max(Some(until));
                self.longest_wait = self.longest_wait.max(seconds);
            }
            Step::Made { id } => self.see_made(id),
            Step::Delivering { id, value_hash } => {
                self.see_made(id);
                self.is_delivering = true;
                self.value_hash = value_hash;
            }
            Step::Stored { credential } => self.stored.push(credential),
            Step::Delivered => self.is_delivered = true,
            Step::Retiring => self.is_retiring = true,
            Step::Removing { until, seconds } => {
                self.is_retiring = true;
                self.may_land = self.may_land.max(Some(until));
                self.longest_wait = self.longest_wait.max(seconds);
            }
            Step::Undoing { id } => {
                self.see_made(id);
                self.is_undoing = true;
            }
            Step::Settled { id } => self.made = Some(id),
            Step::Other { id } => self.others.push(id),
            Step::Grace { seconds } => self.grace = Some(seconds),
        }
    }

    /// Takes note that the key exists. The only request that was sent has made it, and makes nothing more.
    fn see_made(&mut self, id: String) {
        self.made = Some(id);
        self.see_landed();
    }

    /// Takes note that a request has made the key.
    pub fn see_landed(&mut self) {
        if self.sends <= 1 {
            self.may_land = None;
        }
    }
}
