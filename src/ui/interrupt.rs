//! SIGINT and SIGTERM, turned into an orderly end: the terminal as it was, one sentence, exit code 130 or 143.
//!
//! What is half done on the disk needs no help here: every state is one that `recover` completes, as after kill -9.

use std::io::{self, Write as _};
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use signal_hook::iterator::Signals;

use super::Manner;
use crate::error::{Error, ErrorKind};

/// What a command that a signal ends leaves behind.
#[derive(Debug, Default)]
pub struct Left {
    /// What to tell beside "Interrupted."
    pub words: String,
    /// The next command to run.
    pub hint: Option<String>,
    /// What goes to standard output: the document of '--output json', as far as the work got.
    pub document: Vec<u8>,
}

#[derive(Default)]
struct State {
    manner: Manner,
    /// What to tell beside "Interrupted."
    words: Option<String>,
    /// Where there are no such words: tells how far the work is.
    report: Option<Box<dyn Fn() -> Left + Send>>,
    /// The terminal's settings from before a prompt.
    terminal: Option<Termios>,
    /// Whether SIGTERM came. To a prompt every signal looks like Ctrl-C.
    terminated: Arc<AtomicBool>,
}

static STATE: OnceLock<Mutex<State>> = OnceLock::new();

fn state() -> &'static Mutex<State> {
    STATE.get_or_init(|| {
        // Where no handler can be installed the signals keep their plain meaning: the process ends at once.
        let state = State::default();
        let flagged = flag::register(SIGTERM, Arc::clone(&state.terminated));
        if let Ok(mut signals) = flagged.and_then(|_| Signals::new([SIGINT, SIGTERM])) {
            thread::spawn(move || {
                if signals.forever().next().is_some() {
                    end();
                }
            });
        }
        Mutex::new(state)
    })
}

/// Says what an interrupt from now on is to tell the user; `None` when nothing is half done.
pub fn watch(manner: Manner, words: Option<String>) {
    let mut state = state().lock().unwrap_or_else(PoisonError::into_inner);
    state.manner = manner;
    state.words = words;
}

/// Asks `report` from now on what an interrupt leaves.
pub fn report(manner: Manner, report: impl Fn() -> Left + Send + 'static) {
    let mut state = state().lock().unwrap_or_else(PoisonError::into_inner);
    state.manner = manner;
    state.report = Some(Box::new(report));
}

/// Says the last of the work, which no interrupt cuts short, and asks for no report any more.
pub fn reported(say: impl FnOnce()) {
    let mut state = state().lock().unwrap_or_else(PoisonError::into_inner);
    say();
    state.report = None;
}

/// Remembers the terminal's settings while a prompt changes them.
pub(super) fn begin_prompt() {
    let mut state = state().lock().unwrap_or_else(PoisonError::into_inner);
    state.terminal = tcgetattr(io::stdin()).ok();
}

/// Forgets them.
pub(super) fn end_prompt() {
    state().lock().unwrap_or_else(PoisonError::into_inner).terminal = None;
}

/// Ends the process as an interrupt does.
#[expect(
    clippy::exit,
    reason = "a signal ends the program wherever it is; the disk is safe at every instant"
)]
pub(super) fn end() -> ! {
    // Held to the end, so that the other thread cannot say it again.
    let mut state = state().lock().unwrap_or_else(PoisonError::into_inner);
    let terminated = state.terminated.load(Ordering::SeqCst);
    let (kind, word) = if terminated {
        (ErrorKind::Terminated, "Terminated.")
    } else {
        (ErrorKind::Interrupted, "Interrupted.")
    };
    if let Some(terminal) = state.terminal.take() {
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &terminal);
        let mut stream: Box<dyn io::Write> = if rustix::termios::isatty(io::stdout()) {
            Box::new(io::stdout())
        } else {
            Box::new(io::stderr())
        };
        let _ = stream.write_all(b"\x1b[?25h\n");
        let _ = stream.flush();
    }
    let left = match (&state.words, &state.report) {
        (Some(words), _) => Left { words: words.clone(), ..Left::default() },
        (None, Some(report)) => report(),
        (None, None) => Left::default(),
    };
    let mut out = io::stdout().lock();
    let _ = out.write_all(&left.document).and_then(|()| out.flush());
    let message = format!("{word} {}", left.words);
    let mut error = Error::new(kind, message.trim_end());
    error.hint = left.hint;
    let text = if state.manner.json_errors {
        error.to_json()
    } else {
        let hint = error.hint.iter().map(|hint| format!("\n{hint}"));
        error.message.clone() + &hint.collect::<String>()
    };
    let _ = writeln!(io::stderr().lock(), "{text}");
    process::exit(i32::from(kind.exit_code()));
}
