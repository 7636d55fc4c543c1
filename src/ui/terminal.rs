//! The two output streams, and how the program talks on them.
//!
//! Standard output carries progress, `OK`, results, tables, JSON and prompts; standard error carries warnings and
//! failures. A reader that went away (`| head`) is no error, except where a key's value is printed.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use super::working::Working;
use crate::error::{Error, ErrorKind};
use crate::text::{Paint, escape, escape_lines};

/// How the program talks: settled once from flags and environment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manner {
    /// No progress, no `OK`, no warnings.
    pub quiet: bool,
    /// Standard output carries one JSON document only; standard error carries failures only.
    pub json: bool,
    /// Failures are JSON, and standard error carries nothing else.
    pub json_errors: bool,
    /// Whether standard output is coloured, and whether standard error is.
    pub colour: (bool, bool),
    /// The columns of the terminals that standard output and standard error are, for people.
    pub width: (Option<usize>, Option<usize>),
}

impl Manner {
    /// Tells whether progress and `OK` are printed.
    pub fn reports(self) -> bool {
        !self.quiet && !self.json
    }

    /// Tells whether warnings are printed.
    pub fn warns(self) -> bool {
        self.reports() && !self.json_errors
    }
}

/// What is said beside the thread that talks, until that says it.
#[derive(Debug)]
pub enum Said {
    /// See [`Ui::result`].
    Result(String),
    /// See [`Ui::warn`].
    Warning(String),
}

/// Standard output and standard error.
#[derive(Debug)]
pub struct Ui {
    manner: Manner,
    out: io::BufWriter<io::Stdout>,
    /// The first failure to write to standard output, unless the reader went away.
    broken: Option<io::Error>,
    /// What is shown of work under way.
    working: Option<Working>,
    /// Where several talk, what this one says is kept.
    kept: Option<Vec<Said>>,
}

impl Ui {
    /// Takes the streams of the process.
    pub fn new(manner: Manner) -> Self {
        let out = io::BufWriter::with_capacity(64 * 1024, io::stdout());
        Self { manner, out, broken: None, working: None, kept: None }
    }

    /// Keeps what is said, for the thread that talks. Progress is left out.
    pub(crate) fn beside(manner: Manner) -> Self {
        let out = io::BufWriter::with_capacity(0, io::stdout());
        Self { manner, out, broken: None, working: None, kept: Some(Vec::new()) }
    }

    /// Returns what was kept.
    pub(crate) fn said(self) -> Vec<Said> {
        self.kept.unwrap_or_default()
    }

    /// Says what was kept.
    pub fn say(&mut self, said: Vec<Said>) {
        for said in said {
            match said {
                Said::Result(line) => self.result(&line),
                Said::Warning(line) => self.warn(&line),
            }
        }
    }

    /// Tells whether it talks beside others.
    pub(super) fn is_beside(&self) -> bool {
        self.kept.is_some()
    }

    /// Returns how the program talks.
    pub fn manner(&self) -> Manner {
        self.manner
    }

    /// Prints only documents from now on, as with `--output json`.
    pub fn only_documents(&mut self) {
        self.manner.json = true;
    }

    /// Prints what is about to happen, such as `Deleting API key x as y...`, on standard output.
    pub fn progress(&mut self, line: &str) {
        if self.manner.reports() && self.kept.is_none() {
            self.line(line);
            self.flush();
        }
    }

    /// Shows on a terminal how far work is that takes longer than half a second, until [`Ui::done`].
    pub fn working(&mut self, what: &str, all: Option<usize>) {
        if self.manner.reports() {
            self.working = Working::begin(what, all.map(|all| all as u64), None);
        }
    }

    /// As [`Ui::working`], where it is not known how many there are: `came` tells how many came so far.
    pub fn listing(&mut self, what: &str, came: Option<Arc<AtomicUsize>>) {
        if self.manner.reports() && self.kept.is_none() {
            self.working = Working::begin(what, None, came);
        }
    }

    /// Shows how many are done.
    pub fn reach(&self, done: usize) {
        if let Some(working) = &self.working {
            working.reach(done as u64);
        }
    }

    /// Shows nothing of work any more.
    pub fn done(&mut self) {
        self.working = None;
    }

    /// Escapes and colours the name of a thing for standard output.
    pub fn entity(&self, text: &str) -> String {
        Paint::Entity.on(&escape(text), self.manner.colour.0)
    }

    /// Prints `OK` on standard output.
    pub fn ok(&mut self) {
        if self.manner.reports() {
            let ok = Paint::Good.on("OK", self.manner.colour.0);
            self.line(&ok);
        }
    }

    /// Prints a result, a sentence on standard output; JSON output leaves it out.
    pub fn result(&mut self, line: &str) {
        if let Some(kept) = &mut self.kept {
            kept.push(Said::Result(line.to_owned()));
        } else if !self.manner.json {
            self.line(line);
        }
    }

    /// Prints a warning on standard error; `-q` and the JSON formats leave it out.
    pub fn warn(&mut self, line: &str) {
        if let Some(kept) = &mut self.kept {
            kept.push(Said::Warning(line.to_owned()));
        } else if self.manner.warns() {
            self.flush();
            let line = Paint::Warning.on(&escape_lines(line), self.manner.colour.1);
            self.aside(|| {
                let _ = writeln!(io::stderr().lock(), "{line}");
            });
        }
    }

    /// Prints a warning, if there is one.
    pub fn warn_of(&mut self, found: Option<String>) {
        if let Some(line) = found {
            self.warn(&line);
        }
    }

    fn line(&mut self, line: &str) {
        let result = writeln!(self.out, "{line}");
        self.note(result);
    }

    /// Writes a table or a document to standard output. It must not hold the value of a key.
    pub fn data(&mut self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) {
        let result = write(&mut self.out);
        self.note(result);
    }

    /// Writes a text with a key's value to standard output. Here a reader that went away is an error.
    pub fn deliver(&mut self, text: &str) -> io::Result<()> {
        self.out.flush()?;
        // The buffer is not wiped, so the value does not go through it.
        let mut out = self.out.get_ref().lock();
        out.write_all(text.as_bytes())?;
        out.flush()
    }

    /// Tells whether standard output is `/dev/null`, which the runtime also opens in place of a closed stream.
    pub fn output_goes_nowhere() -> bool {
        let null = rustix::fs::stat("/dev/null");
        let out = rustix::fs::fstat(io::stdout());
        matches!((null, out), (Ok(null), Ok(out)) if null.st_rdev == out.st_rdev && null.st_mode == out.st_mode)
    }

    /// Prints the failure of one item of several. With JSON errors only the end of the command prints one.
    pub fn item_failed(&mut self, error: &Error) {
        if !self.manner.json_errors {
            self.failed(error);
        }
    }

    /// Prints that one item of several failed as an earlier one did, which is told in the end.
    pub fn failed_alike(&mut self) {
        if !self.manner.quiet {
            self.flush();
            let failed = Paint::Bad.on("FAILED", self.manner.colour.1);
            self.aside(|| {
                let _ = writeln!(io::stderr().lock(), "{failed}");
            });
        }
    }

    /// Prints a failure on standard error.
    pub fn failed(&mut self, error: &Error) {
        self.flush();
        if self.manner.json_errors {
            let _ = writeln!(io::stderr().lock(), "{}", error.to_json());
            return;
        }
        let headed = !self.manner.quiet && error.kind != ErrorKind::Cancelled;
        let mut text = String::new();
        if headed {
            text.push_str(&Paint::Bad.on("FAILED", self.manner.colour.1));
            text.push('\n');
        }
        text.push_str(&escape_lines(&error.message));
        text.push('\n');
        for (label, value) in [("Code", &error.code), ("Transaction-Id", &error.trace)] {
            if let Some(value) = value {
                let _ = writeln!(text, "{label}: {}", escape(value));
            }
        }
        if let Some(hint) = &error.hint {
            text.push_str(&escape_lines(hint));
            text.push('\n');
        }
        if headed {
            text.push('\n');
        }
        self.aside(|| {
            let _ = io::stderr().lock().write_all(text.as_bytes());
        });
    }

    /// Writes beside what is shown of work.
    fn aside(&self, write: impl FnOnce()) {
        match &self.working {
            Some(working) => working.aside(write),
            None => write(),
        }
    }

    /// Writes what is buffered.
    pub fn flush(&mut self) {
        let out = &mut self.out;
        let result = match &self.working {
            Some(working) if !out.buffer().is_empty() => working.aside(|| out.flush()),
            _ => out.flush(),
        };
        self.note(result);
    }

    fn note(&mut self, result: io::Result<()>) {
        if let Err(error) = result {
            self.broken.get_or_insert(error);
        }
    }

    /// Tells whether standard output did not take what was written.
    pub fn is_unheard(&mut self) -> bool {
        self.flush();
        self.broken.is_some()
    }

    /// Writes what is buffered. Fails if anything could not be written to standard output.
    pub fn finish(&mut self) -> crate::error::Result<()> {
        self.flush();
        match self.broken.take() {
            Some(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Error::failure(format!("Standard output could not be written: {error}."))
                    .hint("Only the output is lost: whatever the command was to change is changed. Make room, then look again."))
            }
            _ => Ok(()),
        }
    }

    /// Ends a command: writes what is buffered, prints a failure, and returns the exit code.
    pub fn end(mut self, result: crate::error::Result<()>) -> u8 {
        self.done();
        match result.and_then(|()| self.finish()) {
            Ok(()) => 0,
            Err(error) => {
                self.failed(&error);
                error.kind.exit_code()
            }
        }
    }

    /// Tells whether standard output and standard error are both a terminal.
    pub fn is_at_terminal() -> bool {
        io::stdout().is_terminal() && io::stderr().is_terminal()
    }

    /// Tells whether a question can be asked at a terminal.
    pub fn can_ask(&self) -> bool {
        io::stdin().is_terminal() && (io::stdout().is_terminal() || io::stderr().is_terminal())
    }
}
