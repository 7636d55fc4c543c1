//! What is asked of a rotation.

use std::path::PathBuf;
use std::time::Duration;

use crate::model::KeyRef;

/// What is asked for.
#[derive(Debug)]
pub struct Request {
    /// Which key.
    pub key: KeyRef,
    /// Where the new key is written; `None` to print it.
    pub file: Option<PathBuf>,
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

impl Request {
    /// Tells whether to ask before anything is changed.
    pub(super) fn asks(&self) -> bool {
        !self.force && !self.dry_run
    }
}
