//! How far long work is, in place on a terminal's standard error, from half a second on. It is nowhere else.

use std::fmt;
use std::io::{self, IsTerminal as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

/// How long work may take unseen.
const UNSEEN: Duration = Duration::from_millis(500);
/// How often the time is shown anew.
const TICK: Duration = Duration::from_millis(250);

/// What is shown of work that is under way.
#[derive(Debug)]
pub(super) struct Working {
    bar: ProgressBar,
    /// What begins to show it, unless the work ends before: then the sender is dropped.
    waiting: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Working {
    /// Begins to show `what`, of which there are `all`, where that is known; else `came` tells how many came so far.
    pub(super) fn begin(
        what: &str,
        all: Option<u64>,
        came: Option<Arc<AtomicUsize>>,
    ) -> Option<Self> {
        if !io::stderr().is_terminal() {
            return None;
        }
        let template = match (all, &came) {
            (Some(_), _) => "{msg}: {pos} of {len}, {elapsed}{left}",
            (None, Some(_)) => "{msg}: {came} so far, {elapsed}",
            (None, None) => "{msg}... {elapsed}",
        };
        let bar = ProgressBar::with_draw_target(all, ProgressDrawTarget::hidden());
        let mut style = ProgressStyle::with_template(template).ok()?;
        if let Some(came) = came {
            style = style.with_key("came", move |_: &_, out: &mut dyn fmt::Write| {
                let _ = write!(out, "{}", came.load(Ordering::Relaxed));
            });
        }
        // Without one that is done nobody knows how long the others take.
        style = style.with_key("left", |state: &ProgressState, out: &mut dyn fmt::Write| {
            if state.pos() > 0 {
                let _ = write!(out, " ({:#} left)", HumanDuration(state.eta()));
            }
        });
        bar.set_style(style);
        bar.set_message(what.to_owned());
        let (ended, wait) = mpsc::channel();
        let shown = bar.clone();
        let thread = thread::spawn(move || {
            if wait.recv_timeout(UNSEEN) == Err(RecvTimeoutError::Timeout) {
                shown.set_draw_target(ProgressDrawTarget::stderr_with_hz(10));
                shown.enable_steady_tick(TICK);
            }
        });
        Some(Self { bar, waiting: Some((ended, thread)) })
    }

    /// Tells how many are done.
    pub(super) fn reach(&self, done: u64) {
        self.bar.set_position(done);
    }

    /// Makes room for other output.
    pub(super) fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.suspend(write)
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        if let Some((ended, thread)) = self.waiting.take() {
            drop(ended);
            // It may be about to show it.
            let _ = thread.join();
        }
        self.bar.finish_and_clear();
    }
}
