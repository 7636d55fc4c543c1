//! API keys of classic infrastructure (SoftLayer): one for each user.

mod door;
mod errors;
pub mod local;
pub mod remote;
mod wire;

use super::error::{Condition, SystemError};
use super::facts::{CreateEffect, Facts, LostAnswer, Rotation, System};

/// What is known of classic API keys.
pub const FACTS: Facts = Facts {
    system: System::Classic,
    noun: "classic API key",
    list_command: "classic-api-key",
    command: "classic-api-key",
    created: ("Classic API key", "was created"),
    limit: Some(1),
    create: CreateEffect::IsRefused,
    lost_answer: LostAnswer::ReadAgain,
    rotation: Rotation::RemoveThenAdd,
    has_names: false,
    has_expiry: false,
};

/// The path of the service below its host.
pub const PATH: &str = "/rest/v3.1";

/// The user name that stands for an IAM API key.
pub const API_KEY_USER: &str = "apikey";

/// Makes the error for a request that could not be noted, and was not sent.
fn not_noted() -> SystemError {
    Condition::Unavailable("The attempt could not be noted".to_owned()).into()
}
