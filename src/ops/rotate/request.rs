//! What is asked of a rotation.

use std::path::PathBuf;
use std::time::Duration;

use crate::model::KeyRef;

/// What is asked for.
#[derive(Debug, Default)]
pub struct Request {
    /// Which keys.
    pub keys: Vec<KeyRef>,
    /// In place of names: the active keys that are older than this.
    pub older_than: Option<Duration>,
    /// Where the only new key is written; `None` to print it.
    pub file: Option<PathBuf>,
    /// The directory where each new key is written to a file of its own.
    pub files: Option<PathBuf>,
    /// How many keys are rotated at once; 16 when absent.
    pub jobs: Option<u8>,
    /// How each is rotated.
    pub terms: Terms,
}

/// How a key is rotated.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terms {
    /// For how long the old key works on; `None` disables it at once.
    pub grace: Option<Duration>,
    /// Whether the phased-out keys of the name are deleted first.
    pub purge: bool,
    /// How long the new key lives; as long as the old one when absent.
    pub expires_in: Option<Duration>,
    /// Whether to go on without confirmation.
    pub force: bool,
    /// Whether to leave to `recover` what would have to be waited for.
    pub no_wait: bool,
    /// Whether to do nothing.
    pub dry_run: bool,
}

impl Terms {
    /// Tells whether to ask before anything is changed.
    pub(super) fn asks(self) -> bool {
        !self.force && !self.dry_run
    }
}

/// What is asked for one key.
#[derive(Clone, Debug)]
pub(super) struct One {
    /// Which key.
    pub key: KeyRef,
    /// Where the new key is written; `None` to print it.
    pub file: Option<PathBuf>,
    /// How it is rotated.
    pub terms: Terms,
}
