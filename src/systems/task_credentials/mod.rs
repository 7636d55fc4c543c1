//! Task credentials of watsonx: the IAM key that each region keeps for the jobs of a user.

use super::facts::{CreateEffect, Facts, LostAnswer, Rotation, System};

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
