//! What is known of a key system before anybody asks it: data, and no code.

use serde::{Deserialize, Serialize};

/// The key systems.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum System {
    /// API keys of users in IBM Cloud IAM.
    #[default]
    Iam,
    /// API keys of service IDs in IBM Cloud IAM.
    ServiceIds,
    /// Task credentials of watsonx: an IAM key that each region keeps for the jobs of a user.
    TaskCredentials,
    /// Platform API keys of Cloud Pak for Data, Software Hub and Data Product Hub.
    Platform,
    /// API keys of classic infrastructure.
    Classic,
    /// A system for unit tests.
    #[cfg(test)]
    Sample,
}

/// What making a key does to the keys that are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreateEffect {
    /// The new key is added to the others.
    Adds,
    /// The new key replaces the only one, which stops working at once. `create` asks first.
    ReplacesTheOnlyKey,
    /// It is refused while the owner has a key.
    IsRefused,
}

/// How to find out what became of a create whose answer was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LostAnswer {
    /// By looking up the key by its value.
    LookUpByValue,
    /// By looking at the keys of its name that were not there before. It is a guess.
    Guess,
    /// By looking at the only key of the owner, whose value or text can be read.
    ReadAgain,
    /// By having another key generated, once the lost request cannot take effect any more.
    GenerateAgain,
}

/// How a key is replaced by a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// The new key is made first; the old one works until it is retired.
    AddThenRetire,
    /// The new key replaces the old one, which stops working at once.
    Replace,
    /// The old key is removed first: until the new one is made there is none.
    RemoveThenAdd,
    /// Keys cannot be rotated.
    None,
}

/// What is known of a key system. Operations follow it, and ask for no system by name.
#[derive(Debug)]
pub struct Facts {
    /// Which system this is, for what is kept in files.
    pub system: System,
    /// What a key is called in messages: `API key`.
    pub noun: &'static str,
    /// The command that lists keys: `api-keys`. `-audit` after it audits them.
    pub list_command: &'static str,
    /// The command that shows a key: `api-key`. The other commands have a verb after it: `api-key-create`.
    pub command: &'static str,
    /// What a result says of a new key, before its name and behind it: `API key` and `was created`.
    pub created: (&'static str, &'static str),
    /// How many keys an owner may have, unless a setting or the service says otherwise; `None` if that is not known.
    pub limit: Option<usize>,
    /// What making a key does to the keys that are there.
    pub create: CreateEffect,
    /// How a lost answer to a create is settled.
    pub lost_answer: LostAnswer,
    /// How a key is replaced by a new one.
    pub rotation: Rotation,
    /// Whether keys have names. If not, an owner has one key at most, and commands name no key.
    pub has_names: bool,
    /// Whether a key can expire. If not, an expiry is refused.
    pub has_expiry: bool,
}
