//! The key in a file or another input: its value, and what is told of it.

use std::collections::HashMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::forms::{can_be_key, is_classic, mistaken};
use crate::secret::Secret;
use crate::systems::System;

/// A key file, from this program or from the official CLI.
#[derive(Deserialize)]
struct KeyFile {
    id: Option<String>,
    uuid: Option<String>,
    name: Option<IgnoredAny>,
    user: Option<String>,
    user_id: Option<String>,
    system: Option<String>,
    endpoint: Option<String>,
    #[serde(alias = "apiKey")]
    apikey: String,
    #[serde(flatten)]
    #[expect(clippy::zero_sized_map_values, reason = "a secret among them is not kept")]
    others: HashMap<String, IgnoredAny>,
}

/// The fields of a key file beside those of [`KeyFile`].
const USUAL_FIELDS: [&str; 10] = [
    "crn",
    "iam_id",
    "account_id",
    "description",
    "locked",
    "entity_tag",
    "created_at",
    "created_by",
    "modified_at",
    "createdAt",
];

/// The key in a file.
pub struct HeldKey {
    /// Its id, where the file tells it.
    pub id: Option<String>,
    /// The name and the id of the user whose only key it is, where the file tells them.
    pub user: (Option<String>, Option<String>),
    /// The URL of the service that it belongs to, where the file tells it.
    pub endpoint: Option<String>,
    /// The system, where the file tells it.
    system: Option<String>,
    /// Whether it is a file of IAM, which does not tell the system.
    is_file_of_iam: bool,
    /// Its value.
    pub value: Secret,
    /// Whether the file holds more than a key file does.
    pub is_among_others: bool,
}

impl HeldKey {
    /// Takes a value of which nothing is told.
    pub(super) fn alone(value: Secret) -> Self {
        let (user, is_file_of_iam) = ((None, None), false);
        let (id, endpoint, system, is_among_others) = (None, None, None, false);
        Self { id, user, endpoint, system, is_file_of_iam, value, is_among_others }
    }

    /// Tells whether it may be a key of a system. What cannot be is not sent to the service of that system.
    pub fn can_be_of(&self, system: System) -> bool {
        if self.stranger_to(system).is_some() {
            return false;
        }
        let is_classic = is_classic(self.value.expose());
        match (&self.system, system) {
            (Some(_), _) => true,
            (None, System::Classic) => is_classic,
            (None, System::Platform) => !is_classic,
            (None, _) => mistaken(self.value.expose()).is_none(),
        }
    }

    /// Returns what the file says that it holds, where that is no key of the system.
    pub(super) fn stranger_to(&self, system: System) -> Option<String> {
        let called = |system: System| match system.login() {
            System::Iam => "an IAM API key".to_owned(),
            other => format!("a {}", other.facts().noun),
        };
        let wanted = called(system);
        let told = match &self.system {
            None if self.is_file_of_iam => System::Iam,
            None => return None,
            Some(told) => match serde_json::from_value::<System>(told.as_str().into()) {
                Ok(told) => told,
                Err(_) => {
                    return Some(format!(
                        "holds the key of another system, as the file says, and not {wanted}"
                    ));
                }
            },
        };
        (told.login() != system.login())
            .then(|| format!("holds {}, as the file says, and not {wanted}", called(told)))
    }
}

/// Finds the key in the JSON of a key file, or in plain text without the white space around it; `None` where there is
/// none.
pub fn key_in(text: &str) -> Option<HeldKey> {
    let held = held_in(text);
    can_be_key(held.value.expose()).then_some(held)
}

pub(super) fn held_in(text: &str) -> HeldKey {
    let text = text.trim();
    // serde also accepts a list of the fields in their order.
    let is_object = text.starts_with('{');
    match serde_json::from_str::<KeyFile>(text) {
        Ok(file) if is_object => {
            let is_other = |field: &String| !USUAL_FIELDS.contains(&field.as_str());
            let is_among_others = file.others.keys().any(is_other);
            let value = Secret::new(file.apikey);
            let id = file.id.or(file.uuid);
            let is_file_of_iam = file.system.is_none() && (id.is_some() || file.name.is_some());
            let (user, system) = ((file.user, file.user_id), file.system);
            let endpoint = file.endpoint;
            HeldKey { id, user, endpoint, system, is_file_of_iam, value, is_among_others }
        }
        _ => HeldKey::alone(Secret::new(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_in_every_form_it_is_kept_in() {
        for text in [
            "the-value",
            " the-value\n",
            r#"{"name":"x","apikey":"the-value"}"#,
            r#"{"apiKey":"the-value"}"#,
        ] {
            assert_eq!(held_in(text).value.expose(), "the-value");
        }
    }

    #[test]
    fn a_file_tells_whose_key_it_holds() {
        for (text, homes) in [
            ("the-value", &[System::Iam, System::Platform, System::Classic][..]),
            (r#"{"apikey":"v"}"#, &[System::Iam, System::Platform, System::Classic]),
            (r#"{"apikey":"v","name":"ci"}"#, &[System::Iam]),
            (r#"{"apikey":"v","system":"service-ids"}"#, &[System::Iam]),
            (r#"{"apikey":"v","system":"platform"}"#, &[System::Platform]),
            (r#"{"apikey":"v","system":"classic"}"#, &[System::Classic]),
            (r#"{"apikey":"v","system":"unheard-of"}"#, &[]),
        ] {
            let held = held_in(text);
            for system in [System::Iam, System::Platform, System::Classic] {
                let told = held.stranger_to(system);
                assert_eq!(told.is_none(), homes.contains(&system), "{text}: {told:?}");
            }
        }
    }
}
