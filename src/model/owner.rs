//! Where keys are, whose they are, and which of them are meant.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::id::ServiceUuid;

words! {
    /// Where keys are kept.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
    #[serde(rename_all = "lowercase")]
    pub enum BackendKind {
        /// A file store on this machine.
        Local = "local",
        /// IAM Identity Services over HTTPS.
        Remote = "remote",
    }
}

/// The identity that requests are made as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// IAM id: `IBMid-…`, `iam-ServiceId-…` or `iam-Profile-…`.
    pub iam_id: Arc<str>,
    /// Account id: 32 hex digits.
    pub account_id: Arc<str>,
    /// The name that people use, usually an e-mail address.
    pub user: String,
}

impl Identity {
    /// Names the identity as an owner of keys.
    pub fn owner(&self) -> Owner {
        Owner(Arc::clone(&self.iam_id))
    }
}

/// The owner of a key, by IAM id: `IBMid-…` or `iam-ServiceId-…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner(pub Arc<str>);

/// What the IAM id of a service ID begins with, before its own id.
const SERVICE: &str = "iam-";

impl Owner {
    /// Names a service ID as an owner of keys.
    pub fn service(id: &ServiceUuid) -> Self {
        Self(format!("{SERVICE}{id}").into())
    }

    /// Returns the id of the service ID that this is; `None` for a user.
    pub fn service_id(&self) -> Option<ServiceUuid> {
        let id = ServiceUuid::new(self.0.strip_prefix(SERVICE)?);
        id.is_usual().then_some(id)
    }
}

/// Whose keys a listing holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The keys of one owner.
    Of(Owner),
    /// The keys of every user of the account, without those of service IDs.
    AllUsers,
    /// The keys of every service ID of the account.
    AllServiceIds,
}

impl Scope {
    /// Tells whether the listing holds the keys of the owner with this IAM id.
    pub fn holds(&self, iam_id: &[u8]) -> bool {
        match self {
            Self::Of(owner) => iam_id == owner.0.as_bytes(),
            Self::AllUsers => !iam_id.starts_with(b"iam-ServiceId-"),
            Self::AllServiceIds => iam_id.starts_with(b"iam-ServiceId-"),
        }
    }
}

/// Which keys of a scope are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// Every key.
    All,
    /// The keys of exactly this name; lets a backend read less.
    Named(String),
}
