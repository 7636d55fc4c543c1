//! How far long work is, in place on a terminal's standard error, from half a second on. It is nowhere else.

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How long work may take unseen.
const UNSEEN: Duration = Duration::from_millis(500);

/// What is shown of work that is under way.
#[derive(Debug)]
pub(super) struct Working(ProgressBar);

impl Working {
    /// Begins to show `what`, of which there are `all`, where that is known.
    pub(super) fn begin(what: &str, all: Option<u64>) -> Option<Self> {
        if !io::stderr().is_terminal() {
            return None;
        }
        let template = if all.is_some() {
            "{msg}: {pos} of {len}, {elapsed} ({eta} left)"
        } else {
            "{msg}... {elapsed}"
        };
        let bar = ProgressBar::with_draw_target(all, ProgressDrawTarget::stderr_with_hz(10));
        bar.set_style(ProgressStyle::with_template(template).ok()?);
        bar.set_message(what.to_owned());
        // Nothing is drawn before the first tick.
        bar.enable_steady_tick(UNSEEN);
        Some(Self(bar))
    }

    /// Tells how many are done.
    pub(super) fn reach(&self, done: u64) {
        if self.0.elapsed() >= UNSEEN {
            self.0.set_position(done);
        }
    }

    /// Makes room for other output.
    pub(super) fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        self.0.suspend(write)
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
