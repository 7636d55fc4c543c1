//! An API key and what its service knows of it, without its value.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::id::ApiKeyId;
use super::owner::Owner;
use super::timestamp::Timestamp;

/// The version of a key or another entity, `<n>-<32 hex>`. An update sends it as `If-Match`, so that no change is lost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntityTag(Box<str>);

impl EntityTag {
    /// Takes a tag as a backend wrote it.
    pub fn new(tag: impl Into<Box<str>>) -> Self {
        Self(tag.into())
    }

    /// Makes the tag of revision `n` (1 at creation, one more per change).
    pub fn revision(n: u64, random: [u8; 16]) -> Self {
        Self(format!("{n}-{}", crate::secret::hex(&random)).into())
    }

    /// Returns the revision, or 0 if the tag does not begin with a number.
    pub fn number(&self) -> u64 {
        self.0.split('-').next().and_then(|n| n.parse().ok()).unwrap_or(0)
    }

    /// Returns the tag as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

words! {
    /// What the service does when it finds a key published.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
    #[serde(rename_all = "lowercase")]
    #[value(rename_all = "UPPER")]
    pub enum LeakAction {
        /// Only informs the owner.
        None = "none",
        /// Disables the key; the service's default for user keys.
        #[default]
        Disable = "disable",
        /// Deletes the key.
        Delete = "delete",
    }
}

/// An API key without its value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApiKey {
    /// The id, unique in the service.
    pub id: ApiKeyId,
    /// The version, which a change must name.
    pub entity_tag: EntityTag,
    /// The cloud resource name if it is not the one that [`ApiKey::crn`] builds.
    pub unusual_crn: Option<Box<str>>,
    /// Whether it is locked; a locked key can be neither changed nor deleted.
    pub locked: bool,
    /// Whether it is disabled; a disabled key does not work until it is enabled.
    pub disabled: bool,
    /// When it was created.
    pub created_at: Timestamp,
    /// The IAM id of the identity that created it.
    pub created_by: Arc<str>,
    /// When it last changed.
    pub modified_at: Timestamp,
    /// When it expires; `None` is never.
    pub expires_at: Option<Timestamp>,
    /// Whether logins with it make sessions that can be revoked.
    pub support_sessions: bool,
    /// What happens if it is found published.
    pub action_when_leaked: LeakAction,
    /// The name, which several keys may share.
    pub name: Box<str>,
    /// The description, empty for none.
    pub description: Box<str>,
    /// The IAM id of the owner.
    pub iam_id: Arc<str>,
    /// The account id of the owner.
    pub account_id: Arc<str>,
    /// Whether the service found it published.
    pub leaked: bool,
}

impl ApiKey {
    /// Returns the owner.
    pub fn owner(&self) -> Owner {
        Owner(Arc::clone(&self.iam_id))
    }

    /// Tells whether it works at `now`.
    pub fn works(&self, now: Timestamp) -> bool {
        !self.disabled && self.expires_at.is_none_or(|at| at > now)
    }

    /// Returns when the key was created, if the service tells it.
    pub fn creation(&self) -> Option<Timestamp> {
        Some(self.created_at).filter(|at| *at != Timestamp::default())
    }

    /// Returns the cloud resource name. The service leaves its region segment empty.
    pub fn crn(&self) -> Cow<'_, str> {
        if let Some(crn) = &self.unusual_crn {
            return Cow::Borrowed(crn);
        }
        let account = &*self.account_id;
        let parts =
            ["crn:v1:bluemix:public:iam-identity::a/", account, "::apikey:", self.id.as_str()];
        Cow::Owned(parts.concat())
    }
}

#[cfg(test)]
impl ApiKey {
    /// A plain key of this name for unit tests. Its id begins with the bytes of the name.
    pub(crate) fn sample(name: &str) -> Self {
        let time = Timestamp::from_seconds(1_792_519_443).unwrap();
        Self {
            id: ApiKeyId::from_random(std::array::from_fn(|n| {
                name.as_bytes().get(n).copied().unwrap_or_default()
            })),
            entity_tag: EntityTag::new("1-x"),
            created_at: time,
            created_by: "IBMid-1".into(),
            modified_at: time,
            name: name.into(),
            iam_id: "IBMid-1".into(),
            account_id: "account".into(),
            ..Self::default()
        }
    }
}

/// One change in the life of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    /// When it happened.
    pub at: Timestamp,
    /// The IAM id of who did it.
    pub by: Arc<str>,
    /// What was done: `create`, `update`, `lock`, `unlock`, `disable`, `enable`.
    pub action: String,
}

/// How much a key is used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Activity {
    /// When the key was last exchanged for a token.
    pub last_authn: Option<Timestamp>,
    /// How often it was exchanged.
    pub authn_count: u64,
}

impl Activity {
    /// Tells whether a key may have been used. It may have been if nothing is known.
    pub fn may_be_used(activity: Option<&Self>) -> bool {
        activity.is_none_or(|activity| activity.authn_count > 0)
    }
}

/// What to fetch with a key; each part costs the service time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Detail {
    /// Whether to fetch the history.
    pub history: bool,
    /// Whether to fetch the activity.
    pub activity: bool,
}

/// A key with the details that were asked for.
#[derive(Clone, Debug)]
pub struct ApiKeyDetails {
    /// The key.
    pub key: ApiKey,
    /// Its history, oldest first, if asked for.
    pub history: Option<Vec<HistoryEntry>>,
    /// Its activity, if asked for and known.
    pub activity: Option<Activity>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_counts_revisions() {
        let tag = EntityTag::revision(3, [0xab; 16]);
        assert_eq!(tag.as_str(), "3-abababababababababababababababab");
        assert_eq!(tag.number(), 3);
        assert_eq!(EntityTag::new("odd").number(), 0);
    }
}
