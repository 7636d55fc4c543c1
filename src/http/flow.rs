//! How many requests are under way at once. A service that gets too many slows all of them down together.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How many requests may be under way at once.
pub(super) const MOST_JOBS: usize = 64;
/// After so many answers in a row one more may be under way.
const ANSWERS_FOR_MORE: u64 = 16;

#[derive(Debug)]
struct State {
    /// Until when nothing is sent.
    quiet_until: Option<Instant>,
    most: usize,
    under_way: usize,
    answered: u64,
}

#[derive(Debug)]
pub(super) struct Flow {
    state: Mutex<State>,
    changed: Condvar,
}

impl Default for Flow {
    fn default() -> Self {
        let state = State { quiet_until: None, most: MOST_JOBS, under_way: 0, answered: 0 };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }
}

impl Flow {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a request may be sent.
    pub(super) fn enter(&self) {
        let mut state = self.state();
        loop {
            let quiet =
                state.quiet_until.map(|until| until.saturating_duration_since(Instant::now()));
            state = match quiet.filter(|left| !left.is_zero()) {
                Some(left) => {
                    let waited = self.changed.wait_timeout(state, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None if state.under_way >= state.most => {
                    self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
                }
                None => {
                    state.under_way += 1;
                    return;
                }
            };
        }
    }

    /// Takes note of the end of a request that was answered.
    pub(super) fn leave(&self) {
        let mut state = self.state();
        state.under_way = state.under_way.saturating_sub(1);
        state.answered += 1;
        let may_be_more = state.answered.is_multiple_of(ANSWERS_FOR_MORE);
        state.most = (state.most + usize::from(may_be_more)).min(MOST_JOBS);
        drop(state);
        self.changed.notify_all();
    }

    /// Takes note of the end of a request that was one too many. Nothing is sent for `pause`, and less at once from then on.
    pub(super) fn slow_down(&self, pause: Option<Duration>) {
        let mut state = self.state();
        state.under_way = state.under_way.saturating_sub(1);
        state.most = (state.under_way.min(state.most) / 2).max(1);
        state.quiet_until = state.quiet_until.max(pause.map(|pause| Instant::now() + pause));
        drop(state);
        self.changed.notify_all();
    }

    /// Returns how many requests were answered well so far.
    pub(super) fn answered(&self) -> u64 {
        self.state().answered
    }
}
