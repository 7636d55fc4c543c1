//! Where keys are, whose they are, and which of them are meant.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

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

/// Whose keys a listing holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The keys of one owner.
    Of(Owner),
    /// The keys of every user of the account, without those of service IDs.
    AllUsers,
}

impl Scope {
    /// Tells whether the listing holds the keys of the owner with this IAM id.
    pub fn holds(&self, iam_id: &[u8]) -> bool {
        match self {
            Self::Of(owner) => iam_id == owner.0.as_bytes(),
            Self::AllUsers => !iam_id.starts_with(b"iam-ServiceId-"),
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
