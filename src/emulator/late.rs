//! The requests that are carried out later, after their connections were closed.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::sleep;

/// The requests that are due later; `None` once the emulator ends.
#[derive(Debug)]
pub(super) struct Late(Mutex<Option<JoinSet<()>>>);

impl Late {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Some(JoinSet::new())))
    }

    /// Does the work of a request after a while, unless the emulator ends before.
    pub(super) fn add<T: Send + 'static>(
        &self,
        wait: Duration,
        work: impl FnOnce() -> T + Send + 'static,
    ) {
        let mut due = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(due) = &mut *due else { return };
        // What is done is not kept.
        while due.try_join_next().is_some() {}
        due.spawn(async move {
            sleep(wait).await;
            let _ = spawn_blocking(work).await;
        });
    }

    /// Drops all that is still due, and what comes from now on.
    pub(super) fn end(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}
