//! SIGINT and SIGTERM end the program: they restore the terminal, print one sentence, and exit with 130 or 143.
//!
//! Nothing on the disk is cleaned up: `recover` can complete every state, as after kill -9.

use std::io::{self, IsTerminal as _, Write as _};
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use signal_hook::iterator::Signals;

use super::terminal::{Manner, Ui};
use crate::error::{Error, ErrorKind};

/// What a command has done when a signal ends it.
#[derive(Debug, Default)]
pub struct Ending {
    /// A sentence after "Interrupted."
    pub words: String,
    /// The next command to run.
    pub hint: Option<String>,
    /// The document of '--output json' so far, for standard output.
    pub document: Vec<u8>,
}

#[derive(Default)]
struct SignalState {
    manner: Manner,
    /// A sentence after "Interrupted."
    words: Option<String>,
    /// Tells how far the work is. It is called only where `words` is `None`.
    report: Option<Box<dyn Fn() -> Ending + Send>>,
    /// The settings of the terminal before the prompt.
    terminal: Option<Termios>,
    /// Whether SIGTERM came: a prompt reports every signal as Ctrl-C.
    terminated: Arc<AtomicBool>,
}

/// Whether SIGINT lets work end that is under way, and whether one has come.
static IS_PATIENT: AtomicBool = AtomicBool::new(false);
static IS_ASKED: AtomicBool = AtomicBool::new(false);

/// How long the end waits for whoever reads the output.
const LAST_WORDS: Duration = Duration::from_secs(2);

const PATIENCE: &str =
    "Interrupted: what is under way is finished. Press Ctrl-C again to end at once.";

static STATE: OnceLock<Mutex<SignalState>> = OnceLock::new();

/// Returns the state; the first call installs the handlers.
fn lock() -> MutexGuard<'static, SignalState> {
    let state = STATE.get_or_init(|| {
        // Where no handler can be installed, a signal ends the process at once.
        let state = SignalState::default();
        let flagged = flag::register(SIGTERM, Arc::clone(&state.terminated));
        if let Ok(mut signals) = flagged.and_then(|_| Signals::new([SIGINT, SIGTERM])) {
            thread::spawn(move || {
                for signal in signals.forever() {
                    // The first Ctrl-C lets work end that is under way; the second does not.
                    let is_patient = signal == SIGINT && IS_PATIENT.load(Ordering::SeqCst);
                    if !is_patient || IS_ASKED.swap(true, Ordering::SeqCst) {
                        end_soon(if signal == SIGINT {
                            ErrorKind::Interrupted
                        } else {
                            ErrorKind::Terminated
                        });
                        end();
                    }
                    if io::stderr().is_terminal() {
                        let _ = writeln!(io::stderr().lock(), "\n{PATIENCE}");
                    }
                }
            });
        }
        Mutex::new(state)
    });
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sets the sentence that a signal prints from now on; `None` for no sentence.
pub fn watch(manner: Manner, words: Option<String>) {
    let mut state = lock();
    state.manner = manner;
    state.words = words;
}

impl Ui {
    /// As [`watch`]. Beside others, a signal prints what they all have done.
    pub fn watch(&self, words: Option<String>) {
        if !self.is_beside() {
            watch(self.manner(), words);
        }
    }
}

/// Makes a signal from now on call `report` and print what it returns.
pub fn report(manner: Manner, report: impl Fn() -> Ending + Send + 'static) {
    let mut state = lock();
    state.manner = manner;
    state.report = Some(Box::new(report));
}

/// Runs `say`, which no signal cuts short, and then drops the report.
pub fn reported(say: impl FnOnce()) {
    let mut state = lock();
    say();
    state.report = None;
}

/// Tells whether nothing new is to be begun: a signal came.
pub fn is_asked() -> bool {
    IS_ASKED.load(Ordering::SeqCst)
}

/// Runs work on several things. A first SIGINT meanwhile lets those end that are under way, and then ends the program with the
/// report; a second one ends it at once.
pub fn patiently<T>(work: impl FnOnce() -> T) -> T {
    drop(lock());
    IS_PATIENT.store(true, Ordering::SeqCst);
    let done = work();
    IS_PATIENT.store(false, Ordering::SeqCst);
    if is_asked() {
        end();
    }
    done
}

/// Runs a prompt. A signal meanwhile restores the settings that the terminal had before.
pub(super) fn prompting<T>(ask: impl FnOnce() -> T) -> T {
    let before = tcgetattr(io::stdin()).ok();
    lock().terminal = before;
    let answer = ask();
    lock().terminal = None;
    answer
}

/// Ends the process in a while, if what has to be said cannot be written because nobody reads it.
fn end_soon(kind: ErrorKind) {
    thread::spawn(move || {
        thread::sleep(LAST_WORDS);
        exit(kind)
    });
}

#[expect(
    clippy::exit,
    reason = "a signal ends the program at any point; the disk is safe at each of them"
)]
fn exit(kind: ErrorKind) -> ! {
    process::exit(i32::from(kind.exit_code()))
}

/// Ends the process as a signal does.
pub(super) fn end() -> ! {
    // The lock is held to the end, so that the other thread does not print the same again.
    let mut state = lock();
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
        (Some(words), _) => Ending { words: words.clone(), ..Ending::default() },
        (None, Some(report)) => report(),
        (None, None) => Ending::default(),
    };
    let mut out = io::stdout().lock();
    let _ = out.write_all(&left.document).and_then(|()| out.flush());
    let message = format!("{word} {}", left.words);
    let mut error = Error::new(kind, message.trim_end());
    error.hint = left.hint;
    let text = if state.manner.json_errors {
        error.to_json()
    } else {
        let hint = error.hint.map(|hint| format!("\n{hint}"));
        error.message + &hint.unwrap_or_default()
    };
    let _ = writeln!(io::stderr().lock(), "{text}");
    exit(kind)
}
