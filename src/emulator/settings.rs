//! The settings of the account. They are kept until the emulator ends, and nothing follows from them.

use serde_json::{Map, Value, json};

use crate::model::{EntityTag, Timestamp};
use crate::secret;

/// The settings, and who changed them.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) values: Map<String, Value>,
    history: Vec<Value>,
    pub(super) tag: EntityTag,
}

impl Settings {
    /// Returns those of an account where nobody has set anything.
    pub(super) fn new() -> Self {
        let not_set = [
            "restrict_create_service_id",
            "restrict_create_platform_apikey",
            "restrict_user_list_visibility",
            "session_expiration_in_seconds",
            "session_invalidation_in_seconds",
            "max_sessions_per_identity",
            "system_access_token_expiration_in_seconds",
            "system_refresh_token_expiration_in_seconds",
        ];
        let mut values: Map<String, Value> =
            not_set.into_iter().map(|name| (name.to_owned(), "NOT_SET".into())).collect();
        values.insert("mfa".to_owned(), "NONE".into());
        values.insert("allowed_ip_addresses".to_owned(), "".into());
        for list in ["user_mfa", "restrict_user_domains"] {
            values.insert(list.to_owned(), json!([]));
        }
        Self { values, history: Vec::new(), tag: tag(1) }
    }

    /// Writes them as the service does.
    pub(super) fn document(&self, account: &str, history: bool) -> Value {
        let mut document = self.values.clone();
        document.insert("account_id".to_owned(), account.into());
        document.insert("entity_tag".to_owned(), self.tag.as_str().into());
        if history {
            document.insert("history".to_owned(), self.history.clone().into());
        }
        document.into()
    }

    /// Takes the settings that there are; a name that is none is not taken.
    pub(super) fn change(
        &mut self,
        changes: Map<String, Value>,
        by: &str,
        account: &str,
        now: Timestamp,
    ) {
        for (name, value) in changes {
            if let Some(old) = self.values.get_mut(&name) {
                *old = value;
            }
        }
        self.history.push(json!({
            "timestamp": now.to_wire(), "iam_id": by, "iam_id_account": account,
            "action": "update", "params": [], "message": "",
        }));
        self.tag = tag(self.history.len() as u64 + 1);
    }
}

fn tag(revision: u64) -> EntityTag {
    EntityTag::revision(revision, secret::random().unwrap_or_default())
}
