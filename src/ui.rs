//! The only mouth: everything that is said to the user goes through here, to the right stream, in the right mode.
//!
//! Standard output carries progress, `OK`, results, tables, JSON and prompts; standard error carries warnings and
//! failures (`compat/transcripts.md` §0). A reader that went away (`| head`) is no error, except for a key's value.

pub mod interrupt;
mod prompt;

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write};

pub use prompt::nobody_answers;

use crate::error::{Error, ErrorKind};
use crate::text::{Paint, escape, escape_lines};

/// How the program talks, settled once from flags and environment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manner {
    /// No progress, no `OK`, no warnings.
    pub quiet: bool,
    /// Results are JSON; nothing but the document goes to standard output, and nothing to standard error on success.
    pub json: bool,
    /// Failures are JSON; nothing else goes to standard error.
    pub json_errors: bool,
    /// Colours on standard output, colours on standard error.
    pub colour: (bool, bool),
}

/// The terminal, or what stands in its place.
#[derive(Debug)]
pub struct Ui {
    manner: Manner,
    out: io::BufWriter<io::Stdout>,
    /// The first thing that went wrong with standard output, apart from a reader that left.
    broken: Option<io::Error>,
}

impl Manner {
    /// Tells whether warnings are said.
    pub fn warns(self) -> bool {
        !self.quiet && !self.json && !self.json_errors
    }
}

impl Ui {
    /// Talks to the process's own streams.
    pub fn new(manner: Manner) -> Self {
        Self { manner, out: io::BufWriter::with_capacity(64 * 1024, io::stdout()), broken: None }
    }

    /// Tells how the program talks.
    pub fn manner(&self) -> Manner {
        self.manner
    }

    /// Says nothing but documents from now on, as with `--output json`.
    pub fn only_documents(&mut self) {
        self.manner.json = true;
    }

    /// Announces what is about to happen: `Deleting API key x as y...`, on standard output.
    pub fn progress(&mut self, line: &str) {
        if !self.manner.quiet && !self.manner.json {
            self.line(line);
            self.flush();
        }
    }

    /// Paints the name of a thing for standard output, escaped.
    pub fn entity(&self, text: &str) -> String {
        Paint::Entity.on(&escape(text), self.manner.colour.0)
    }

    /// Says `OK` on standard output.
    pub fn ok(&mut self) {
        if !self.manner.quiet && !self.manner.json {
            let ok = Paint::Good.on("OK", self.manner.colour.0);
            self.line(&ok);
        }
    }

    /// Says what came of it: a sentence on standard output, not part of JSON output.
    pub fn result(&mut self, line: &str) {
        if !self.manner.json {
            self.line(line);
        }
    }

    /// Warns on standard error; dropped by `-q` and in JSON modes.
    pub fn warn(&mut self, line: &str) {
        if self.manner.warns() {
            self.flush();
            let line = Paint::Warning.on(&escape_lines(line), self.manner.colour.1);
            let _ = writeln!(io::stderr().lock(), "{line}");
        }
    }

    /// Warns where there is something to warn of.
    pub fn warn_of(&mut self, found: Option<String>) {
        if let Some(line) = found {
            self.warn(&line);
        }
    }

    fn line(&mut self, line: &str) {
        let result = writeln!(self.out, "{line}");
        self.note(result);
    }

    /// Writes data to standard output: a table or a document, without any value in it.
    pub fn data(&mut self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) {
        let result = write(&mut self.out);
        self.note(result);
    }

    /// Delivers a text with a key's value to standard output. Unlike elsewhere, a reader that left is an error.
    pub fn deliver(&mut self, text: &str) -> io::Result<()> {
        self.out.flush()?;
        // Past the buffer, which nobody would wipe.
        let mut out = self.out.get_ref().lock();
        out.write_all(text.as_bytes())?;
        out.flush()
    }

    /// Tells whether standard output goes nowhere. The runtime opens `/dev/null` in place of a closed stream.
    pub fn output_goes_nowhere() -> bool {
        let null = rustix::fs::stat("/dev/null");
        let out = rustix::fs::fstat(io::stdout());
        matches!((null, out), (Ok(null), Ok(out)) if null.st_rdev == out.st_rdev && null.st_mode == out.st_mode)
    }

    /// Reports one failed item of several; the whole is reported at the end.
    pub fn item_failed(&mut self, error: &Error) {
        if !self.manner.json_errors {
            self.failed(error);
        }
    }

    /// Reports a failure on standard error.
    pub fn failed(&mut self, error: &Error) {
        self.flush();
        let mut err = io::stderr().lock();
        if self.manner.json_errors {
            let _ = writeln!(err, "{}", error.to_json());
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
        let _ = err.write_all(text.as_bytes());
    }

    /// Sends what is buffered on its way.
    pub fn flush(&mut self) {
        let result = self.out.flush();
        self.note(result);
    }

    fn note(&mut self, result: io::Result<()>) {
        if let Err(error) = result
            && error.kind() != io::ErrorKind::BrokenPipe
            && self.broken.is_none()
        {
            self.broken = Some(error);
        }
    }

    /// Ends the talk: whatever could not be written to standard output is a failure now.
    pub fn finish(&mut self) -> crate::error::Result<()> {
        self.flush();
        match self.broken.take() {
            None => Ok(()),
            Some(error) => Err(Error::new(
                ErrorKind::Failure,
                format!("Standard output could not be written: {error}."),
            )),
        }
    }

    /// Tells whether standard output and standard error are both a terminal.
    pub fn is_at_terminal() -> bool {
        io::stdout().is_terminal() && io::stderr().is_terminal()
    }

    /// Tells whether somebody sits at a terminal and can be asked.
    pub fn can_ask(&self) -> bool {
        io::stdin().is_terminal() && (io::stdout().is_terminal() || io::stderr().is_terminal())
    }
}
