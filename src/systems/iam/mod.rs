//! API keys of users: at the IAM Identity Services of IBM Cloud, or in a store on this machine.

pub mod local;
pub mod remote;

use super::facts::{CreateEffect, Facts, LostAnswer, Rotation, System};

/// How many keys an identity may have, as at the service.
pub const KEY_LIMIT: usize = 20;

/// What is known of API keys of users.
pub const FACTS: Facts = Facts {
    system: System::Iam,
    noun: "API key",
    list_command: "api-keys",
    command: "api-key",
    created: ("API key", "was created"),
    limit: Some(KEY_LIMIT),
    create: CreateEffect::Adds,
    lost_answer: LostAnswer::LookUpByValue,
    rotation: Rotation::AddThenRetire,
    has_names: true,
    has_expiry: true,
};
