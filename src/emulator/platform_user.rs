//! The only user of the platform: a password of this run, and the platform API key of the store.

use std::path::Path;

use super::response::Refusal;
use crate::clock::Clock;
use crate::secret::Secret;
use crate::systems::platform::local::{LocalPlatform, USER};

/// The user of the platform.
#[derive(Debug)]
pub(super) struct PlatformUser {
    pub(super) keys: LocalPlatform,
    password: Secret,
}

impl PlatformUser {
    /// Opens the store in `directory`, or one in memory, and chooses the password.
    pub(super) fn open(directory: Option<&Path>, clock: Clock) -> Result<Self, getrandom::Error> {
        let keys = LocalPlatform::new(directory.map(Path::to_owned), clock);
        Ok(Self { keys, password: Secret::choose_api_key()? })
    }

    /// Returns the name and the password of the user.
    pub(super) fn login(&self) -> (&str, &Secret) {
        (USER, &self.password)
    }

    pub(super) fn is_password(&self, user: &str, password: &Secret) -> bool {
        let hash = |secret: &Secret| secret.keyed_hash(b"emulator");
        user == USER && hash(&self.password).is(hash(password).as_str().as_bytes())
    }

    pub(super) fn is_key(&self, user: &str, key: &Secret) -> Result<bool, Refusal> {
        let opens = self.keys.opens_with(key).map_err(|error| Refusal::of(error, ""))?;
        Ok(user == USER && opens)
    }
}
