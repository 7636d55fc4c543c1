//! Documents of classic infrastructure (SLDN, `SoftLayer_User_Customer` and `SoftLayer_User_Customer_ApiAuthentication`).

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};

use crate::model::{ApiKey, ApiKeyId, Identity, Owner, Timestamp};
use crate::secret::Secret;

/// What is read of a user.
pub(super) const USER: &str = "mask[id,username,accountId]";
/// What is read of a key where its value is not needed.
pub(super) const KEY: &str = "mask[id,timestampKey,userId]";

/// A user.
#[derive(Deserialize)]
pub(super) struct UserBody {
    id: u64,
    username: String,
    #[serde(rename = "accountId")]
    account_id: Option<u64>,
}

impl From<UserBody> for Identity {
    fn from(body: UserBody) -> Self {
        let account_id = body.account_id.map(|id| id.to_string()).unwrap_or_default();
        Self {
            iam_id: body.id.to_string().into(),
            account_id: account_id.into(),
            user: body.username,
        }
    }
}

/// A key. Its value is there only for its owner.
#[derive(Deserialize)]
pub(super) struct KeyBody {
    pub(super) id: u64,
    #[serde(rename = "authenticationKey", default, deserialize_with = "secret")]
    pub(super) value: Option<Secret>,
    /// When it last changed, in seconds since 1970.
    #[serde(rename = "timestampKey")]
    timestamp: Option<i64>,
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.map(Secret::new).filter(is_value))
}

/// Tells whether this can be a value. Another text could not be read back from the places it is written to.
pub(super) fn is_value(value: &Secret) -> bool {
    !value.expose().is_empty() && value.expose().bytes().all(|byte| byte.is_ascii_graphic())
}

impl KeyBody {
    /// Returns the key of an owner; `me` is who asks.
    pub(super) fn key(&self, owner: &Owner, me: &Identity) -> ApiKey {
        let is_own = me.owner() == *owner;
        ApiKey {
            id: ApiKeyId::new(self.id.to_string()),
            modified_at: self.timestamp.and_then(Timestamp::from_seconds).unwrap_or_default(),
            name: if is_own { me.user.as_str() } else { &owner.0 }.into(),
            iam_id: Arc::clone(&owner.0),
            account_id: Arc::clone(&me.account_id),
            ..ApiKey::default()
        }
    }
}

/// The keys of a user. Where there is one, some answers hold it alone.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum KeysBody {
    Several(Vec<KeyBody>),
    One(Box<KeyBody>),
}

impl KeysBody {
    pub(super) fn into_vec(self) -> Vec<KeyBody> {
        match self {
            Self::Several(keys) => keys,
            Self::One(key) => vec![*key],
        }
    }
}

/// The arguments of a method.
#[derive(Serialize)]
pub(super) struct Arguments {
    pub(super) parameters: [u64; 1],
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_with_its_value_and_without() {
        let read = |text: &str| {
            let keys = serde_json::from_str::<KeysBody>(text).unwrap().into_vec();
            let values = keys.iter().map(|key| key.value.as_ref().map(|v| v.expose().to_owned()));
            (keys.iter().map(|key| key.id).collect::<Vec<_>>(), values.collect::<Vec<_>>())
        };
        assert_eq!(read("[]"), (vec![], vec![]));
        let whole = r#"[{"id":7,"authenticationKey":"abc","timestampKey":1,"userId":2,"more":[]}]"#;
        assert_eq!(read(whole), (vec![7], vec![Some("abc".to_owned())]));
        for hidden in [
            r#"{"id":7}"#,
            r#"{"id":7,"authenticationKey":null}"#,
            r#"[{"id":7,"authenticationKey":""}]"#,
        ] {
            assert_eq!(read(hidden), (vec![7], vec![None]), "{hidden}");
        }
        assert!(serde_json::from_str::<KeysBody>(r#"{"error":"x","code":"y"}"#).is_err());
    }
}
