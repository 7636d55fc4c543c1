//! Who logs in to a platform, with what, and what comes of it.

use crate::model::Timestamp;
use crate::secret::Secret;

/// Who logs in, and with what.
#[derive(Debug)]
pub struct Credential {
    /// The user name.
    pub user: String,
    /// What proves it.
    pub proof: Proof,
}

/// What proves who logs in.
#[derive(Debug)]
pub enum Proof {
    /// The platform API key of the user, which the next one replaces.
    ApiKey(Secret),
    /// The password.
    Password(Secret),
}

impl Proof {
    /// Returns the key or the password.
    pub fn secret(&self) -> &Secret {
        let (Self::ApiKey(secret) | Self::Password(secret)) = self;
        secret
    }
}

/// A bearer token.
#[derive(Debug)]
pub struct Token {
    /// The token itself.
    pub value: Secret,
    /// When it expires, if it says so.
    pub expires: Option<Timestamp>,
}
