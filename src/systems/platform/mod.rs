//! Platform API keys of Cloud Pak for Data, Software Hub and Data Product Hub: one for each user.

use super::facts::{CreateEffect, Facts, LostAnswer, Rotation, System};

/// What is known of platform API keys.
pub const FACTS: Facts = Facts {
    system: System::Platform,
    noun: "platform API key",
    list_command: "platform-api-key-check",
    command: "platform-api-key",
    created: ("Platform API key", "was generated"),
    limit: Some(1),
    create: CreateEffect::ReplacesTheOnlyKey,
    lost_answer: LostAnswer::GenerateAgain,
    rotation: Rotation::Replace,
    has_names: false,
    has_expiry: false,
};
