//! Platform API keys of Cloud Pak for Data, Software Hub and Data Product Hub: one for each user.

mod credential;
mod errors;
pub mod local;
mod login;
pub mod remote;
mod wire;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::facts::{CreateEffect, Facts, LostAnswer, Rotation, System};
use super::{Condition, SystemError};
use crate::model::{ApiKey, ApiKeyId, Identity, Timestamp};
use crate::secret::Secret;

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

/// Returns the URL of the platform, which may be written as that of its web console (`/zen`) or of its login
/// (`/icp4d-api`).
pub fn base(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    let is_known = |rest: &str| {
        let segment = rest.split(['/', '?', '#']).next().unwrap_or_default();
        ["zen", "icp4d-api"].contains(&segment)
    };
    let mut slashes = url[host..].match_indices('/').map(|(at, _)| host + at);
    slashes.find(|at| is_known(&url[at + 1..])).map_or(url, |at| &url[..at])
}

/// Returns what stands behind `ZenApiKey` in an `Authorization` header.
pub fn zen(user: &str, key: &Secret) -> Secret {
    let pair = Zeroizing::new([user, ":", key.expose()].concat());
    Secret::new(STANDARD.encode(pair.as_bytes()))
}

/// Returns the identity of a user. It is known without a request, so that what a login that no longer works has left can
/// be told from what others have.
fn identity(user: &str) -> Identity {
    Identity { iam_id: user.into(), account_id: "".into(), user: user.to_owned() }
}

/// Makes the error for a request that was not sent, because it could not be noted.
fn not_noted() -> SystemError {
    Condition::Unavailable("The attempt could not be noted".to_owned()).into()
}

/// Returns the only key of a user. It has no ID of its own.
fn key_of(user: &str, created_at: Timestamp) -> ApiKey {
    ApiKey {
        id: ApiKeyId::new(user),
        created_at,
        created_by: user.into(),
        modified_at: created_at,
        name: user.into(),
        iam_id: user.into(),
        ..ApiKey::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_platform_is_known_by_the_url_of_its_console_and_of_its_login() {
        let base_url = "https://cpd-zen.apps.example.com";
        for path in [
            "",
            "/zen",
            "/zen/",
            "/zen/#/homepage",
            "/zen?context=icp4data",
            "/icp4d-api",
            "/icp4d-api/v1/authorize",
        ] {
            assert_eq!(base(&format!("{base_url}{path}")), base_url, "{path}");
        }
        for url in ["https://zen", "https://zen/", "https://h/zenith", "https://h/cpd", "zen", ""] {
            assert_eq!(base(url), url);
        }
        assert_eq!(base("https://h/cpd/zen/"), "https://h/cpd");
        assert_eq!(base("https://zen/zen"), "https://zen");
    }

    #[test]
    fn a_zen_api_key_is_the_user_and_the_key_without_a_newline() {
        let found = zen("admin", &Secret::new("key".to_owned()));
        assert_eq!(found.expose(), "YWRtaW46a2V5");
    }
}
