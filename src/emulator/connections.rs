//! The open connections, so that silent clients cannot keep others out.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use rustix::process::{Resource, getrlimit};
use tokio::task::AbortHandle;

/// The largest number of connections, if the process may open enough files.
const MOST: usize = 512;

/// The open connections.
pub(super) struct Connections {
    open: Vec<(AbortHandle, Waiting)>,
    most: usize,
}

impl Connections {
    pub(super) fn new() -> Self {
        let files = getrlimit(Resource::Nofile).current;
        // The other half is for the store.
        let half = files.and_then(|files| usize::try_from(files / 2).ok());
        let most = half.map_or(MOST, |half| half.clamp(1, MOST));
        Self { open: Vec::new(), most }
    }

    /// Adds a connection. If there are too many, closes the one that has waited longest for its client.
    pub(super) fn add(&mut self, task: AbortHandle, waiting: Waiting) {
        if self.open.len() >= self.most {
            self.open.retain(|(task, _)| !task.is_finished());
        }
        if self.open.len() >= self.most {
            let open = self.open.iter().enumerate();
            let idle = open.filter_map(|(n, (_, waiting))| Some((waiting.since()?, n)));
            if let Some((_, n)) = idle.min() {
                self.open.swap_remove(n).0.abort();
            }
        }
        self.open.push((task, waiting));
    }
}

/// Since when a connection waits for its client; `None` while the service works on a request.
#[derive(Clone, Debug)]
pub(super) struct Waiting(Arc<Mutex<Option<Instant>>>);

impl Waiting {
    pub(super) fn begin() -> Self {
        Self(Arc::new(Mutex::new(Some(Instant::now()))))
    }

    fn since(&self) -> Option<Instant> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, since: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }

    /// Stops waiting until the result is dropped.
    pub(super) fn pause(&self) -> Paused<'_> {
        self.set(None);
        Paused(self)
    }
}

/// The client is not waited for.
pub(super) struct Paused<'a>(&'a Waiting);

impl Drop for Paused<'_> {
    fn drop(&mut self) {
        self.0.set(Some(Instant::now()));
    }
}
