//! API keys of service IDs. They are at the same places as the keys of users, and only their commands and words differ.

use super::facts::{CreateEffect, Facts, LostAnswer, Rotation, System};

/// What is known of API keys of service IDs.
pub const FACTS: Facts = Facts {
    system: System::ServiceIds,
    noun: "API key",
    list_command: "service-api-keys",
    command: "service-api-key",
    created: ("Service ID API key", "is created"),
    limit: Some(20),
    create: CreateEffect::Adds,
    lost_answer: LostAnswer::LookUpByValue,
    rotation: Rotation::AddThenRetire,
    has_names: true,
    has_expiry: true,
};
