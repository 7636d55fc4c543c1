//! What the program talks about: API keys, who owns them, and what can be asked of them.

mod finding;
mod state;
mod timestamp;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::secret::Secret;

pub use finding::{Finding, Rule, Severity, Unchecked};
pub use state::{Lives, State, states};
pub use timestamp::{
    ParseTimeError, Timestamp, WireTime, in_largest_unit, parse_duration, write_duration,
};

/// Identifies one API key: `ApiKey-<uuid>` as the service writes it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ApiKeyId(Box<str>);

impl ApiKeyId {
    /// Takes an id as a backend wrote it, whatever its form.
    pub fn new(id: impl Into<Box<str>>) -> Self {
        Self(id.into())
    }

    /// Makes the id of a new key from 16 random bytes (UUID version 4).
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(format!("ApiKey-{}", uuid::Builder::from_random_bytes(bytes).into_uuid()).into())
    }

    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Tells whether the id has the service's form. Any other may hold anything, so it is no part of a path or a command.
    pub fn is_usual(&self) -> bool {
        matches!(KeyRef::parse(&self.0), KeyRef::Id(_))
    }

    /// Returns the id for a command that is proposed; one that is not of the service's form is left for the user to type.
    pub fn in_command(&self) -> &str {
        if self.is_usual() { &self.0 } else { "<ID>" }
    }
}

impl fmt::Display for ApiKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A key as a person names it on the command line: by id, or by a name that may not be unique.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyRef {
    /// `ApiKey-<uuid>`.
    Id(ApiKeyId),
    /// Anything else, `ApiKey-prod` included: an exact, case-sensitive name.
    Name(String),
}

impl KeyRef {
    /// Reads a NAME|UUID argument.
    pub fn parse(text: &str) -> Self {
        match text.strip_prefix("ApiKey-").map(uuid::Uuid::try_parse) {
            Some(Ok(_)) if text.len() == "ApiKey-".len() + 36 => Self::Id(ApiKeyId::new(text)),
            _ => Self::Name(text.to_owned()),
        }
    }
}

impl fmt::Display for KeyRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// The version of a key, `<n>-<32 hex>`; sent back as `If-Match` so that nobody's change is lost.
#[derive(Clone, Debug, PartialEq, Eq)]
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

    /// Returns the revision, or 0 when the tag does not begin with a number.
    pub fn number(&self) -> u64 {
        self.0.split('-').next().and_then(|n| n.parse().ok()).unwrap_or(0)
    }

    /// Returns the tag as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What the service does with a key that it finds published.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
#[value(rename_all = "UPPER")]
pub enum LeakAction {
    /// Tells the owner only.
    None,
    /// Disables the key; the service's default for user keys.
    #[default]
    Disable,
    /// Deletes the key.
    Delete,
}

impl LeakAction {
    /// Returns the word the API uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Disable => "disable",
            Self::Delete => "delete",
        }
    }
}

/// The backends there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum BackendKind {
    /// A file store on this machine.
    Local,
    /// IAM Identity Services over HTTPS.
    Remote,
}

impl BackendKind {
    /// Returns the word used on the command line, in the configuration and in the journal.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Remote => "remote",
        }
    }
}

/// Who requests are made as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// IAM id: `IBMid-…`, `iam-ServiceId-…` or `iam-Profile-…`.
    pub iam_id: Arc<str>,
    /// Account id: 32 hex digits.
    pub account_id: Arc<str>,
    /// What people call the identity, an e-mail address as a rule.
    pub user: String,
}

/// Whose keys a request is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Owner {
    /// The identity that the backend acts as.
    #[default]
    Myself,
    /// Every user of the account, to list their keys; those of service IDs are not among them.
    AllUsers,
    /// A service ID, by its IAM id `iam-ServiceId-<uuid>`.
    ServiceId(Arc<str>),
}

/// One API key without its value, which no listing ever holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// The id, unique in the service.
    pub id: ApiKeyId,
    /// The version that a change must name.
    pub entity_tag: EntityTag,
    /// The cloud resource name where it is not the usual one; see [`ApiKey::crn`].
    pub unusual_crn: Option<Box<str>>,
    /// A locked key can be neither changed nor deleted.
    pub locked: bool,
    /// A disabled key opens nothing until it is enabled.
    pub disabled: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// The IAM id of whoever made it.
    pub created_by: Arc<str>,
    /// When anything about it last changed.
    pub modified_at: Timestamp,
    /// From when on it opens nothing; `None` is never.
    pub expires_at: Option<Timestamp>,
    /// Whether logins with it make sessions that can be revoked.
    pub support_sessions: bool,
    /// What happens when it is found published.
    pub action_when_leaked: LeakAction,
    /// The name; several keys may share it.
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
    /// Returns when it was made, where that was told.
    pub fn creation(&self) -> Option<Timestamp> {
        Some(self.created_at).filter(|at| *at != Timestamp::default())
    }

    /// Returns the cloud resource name; its region segment is empty in reality (`api/iam_identity.md` §2).
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
    /// A plain key of this name for unit tests; its id begins with those of the name.
    pub(crate) fn sample(name: &str) -> Self {
        let time = Timestamp::from_seconds(1_792_519_443).unwrap();
        Self {
            id: ApiKeyId::from_random(std::array::from_fn(|n| {
                name.as_bytes().get(n).copied().unwrap_or_default()
            })),
            entity_tag: EntityTag::new("1-x"),
            unusual_crn: None,
            locked: false,
            disabled: false,
            created_at: time,
            created_by: "IBMid-1".into(),
            modified_at: time,
            expires_at: None,
            support_sessions: false,
            action_when_leaked: LeakAction::Disable,
            name: name.into(),
            description: "".into(),
            iam_id: "IBMid-1".into(),
            account_id: "account".into(),
            leaked: false,
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
    /// When it was last exchanged for a token.
    pub last_authn: Option<Timestamp>,
    /// How often it was.
    pub authn_count: u64,
}

impl Activity {
    /// Tells whether a key may have been used; one of which nothing is known may have been.
    pub fn may_be_used(activity: Option<&Self>) -> bool {
        activity.is_none_or(|activity| activity.authn_count > 0)
    }
}

/// What [`crate::systems::Backend::api_key`] is to bring beside the key itself; both cost the service time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Detail {
    /// Bring the history.
    pub history: bool,
    /// Bring the activity.
    pub activity: bool,
}

/// A key with what was asked for beside it.
#[derive(Clone, Debug)]
pub struct ApiKeyDetails {
    /// The key.
    pub key: ApiKey,
    /// Its history, oldest first, when asked for.
    pub history: Option<Vec<HistoryEntry>>,
    /// Its use, when asked for and known.
    pub activity: Option<Activity>,
}

/// Which keys a listing is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// Every key of the owner.
    All,
    /// Those of exactly this name; lets a backend read less.
    Named(String),
}

/// Everything about a key that is to be made, except its value.
#[derive(Clone, Debug)]
pub struct NewApiKey {
    /// The id, where the backend lets it be chosen.
    pub id: Option<ApiKeyId>,
    /// Whose key it will be.
    pub owner: Owner,
    /// The name, not empty.
    pub name: String,
    /// The description, empty for none.
    pub description: String,
    /// Whether it is locked from the first instant.
    pub locked: bool,
    /// Whether it is disabled from the first instant.
    pub disabled: bool,
    /// The leak action; `None` leaves it to the backend's default.
    pub action_when_leaked: Option<LeakAction>,
    /// The expiry; `None` is never.
    pub expires_at: Option<Timestamp>,
    /// Whether logins with it make sessions; `None` leaves it to the backend's default.
    pub support_sessions: Option<bool>,
}

/// Who chooses the value of a new key.
#[derive(Debug)]
pub enum NewValue<'a> {
    /// This program did: the value is known before the request, so a lost answer loses nothing.
    Chosen(&'a Secret),
    /// The service does, and tells it once.
    ServiceChooses,
}

/// The answer to a create: the only type beside [`NewValue`] that may hold a value.
#[derive(Debug)]
pub struct CreatedApiKey {
    /// The key that was made.
    pub key: ApiKey,
    /// Its value when the service chose it.
    pub value: Option<Secret>,
}

/// Changes to a key; an absent field stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApiKeyChanges {
    /// The new name.
    pub name: Option<String>,
    /// The new description; empty clears it.
    pub description: Option<String>,
    /// The new leak action.
    pub action_when_leaked: Option<LeakAction>,
    /// The new expiry; `Some(None)` removes it.
    pub expires_at: Option<Option<Timestamp>>,
    /// Whether logins with it make sessions.
    pub support_sessions: Option<bool>,
}

impl ApiKeyChanges {
    /// Tells whether nothing is to change.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Applies the changes to a key's fields; tag and time are the backend's.
    pub fn apply(&self, key: &mut ApiKey) {
        if let Some(name) = &self.name {
            key.name = name.as_str().into();
        }
        if let Some(description) = &self.description {
            key.description = description.as_str().into();
        }
        if let Some(action) = self.action_when_leaked {
            key.action_when_leaked = action;
        }
        if let Some(expires_at) = self.expires_at {
            key.expires_at = expires_at;
        }
        if let Some(support_sessions) = self.support_sessions {
            key.support_sessions = support_sessions;
        }
    }

    /// Tells whether `key` already is as the changes want it.
    pub fn already_in(&self, key: &ApiKey) -> bool {
        let mut wanted = key.clone();
        self.apply(&mut wanted);
        wanted == *key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_uuid_makes_an_id() {
        let id = "ApiKey-18f773b0-db53-43f1-ad68-92c667c218fe";
        assert_eq!(KeyRef::parse(id), KeyRef::Id(ApiKeyId::new(id)));
        for name in [
            "ApiKey-bankLoan",
            "ApiKey-18f773b0db5343f1ad6892c667c218fe",
            "ApiKey-18f773b0-db53-43f1-ad68-92c667c218f",
            "ApiKey-{18f773b0-db53-43f1-ad68-92c667c218fe}",
            "apikey-18f773b0-db53-43f1-ad68-92c667c218fe",
            "",
        ] {
            assert_eq!(KeyRef::parse(name), KeyRef::Name(name.into()), "{name}");
        }
    }

    #[test]
    fn a_tag_counts_revisions() {
        let tag = EntityTag::revision(3, [0xab; 16]);
        assert_eq!(tag.as_str(), "3-abababababababababababababababab");
        assert_eq!(tag.number(), 3);
        assert_eq!(EntityTag::new("odd").number(), 0);
    }
}
