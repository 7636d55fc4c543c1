//! Questions to the user, at a terminal or from one line of a pipe.

use std::fmt;
use std::fs::File;
use std::io::{self, IsTerminal as _, Read as _};
use std::os::fd::AsFd as _;

use dialoguer::console::Term;
use dialoguer::theme::Theme;
use dialoguer::{Confirm, Input, Password};
use rustix::termios::{QueueSelector, tcflush};
use unicode_width::UnicodeWidthStr as _;

use super::interrupt;
use super::terminal::Ui;
use crate::error::{Error, Result};
use crate::secret::Secret;
use crate::text::{escape, escape_lines};

/// The prompts of the official CLI: `question [y/N]> `.
struct PlainTheme;

impl Theme for PlainTheme {
    fn format_confirm_prompt(
        &self,
        f: &mut dyn fmt::Write,
        prompt: &str,
        default: Option<bool>,
    ) -> fmt::Result {
        write!(f, "{prompt} [y/N]> {}", if default == Some(true) { "y" } else { "" })
    }

    fn format_confirm_prompt_selection(
        &self,
        f: &mut dyn fmt::Write,
        prompt: &str,
        selection: Option<bool>,
    ) -> fmt::Result {
        write!(f, "{prompt} [y/N]> {}", if selection == Some(true) { "y" } else { "n" })
    }

    fn format_input_prompt(
        &self,
        f: &mut dyn fmt::Write,
        prompt: &str,
        _: Option<&str>,
    ) -> fmt::Result {
        write!(f, "{prompt}> ")
    }

    fn format_input_prompt_selection(
        &self,
        f: &mut dyn fmt::Write,
        prompt: &str,
        selection: &str,
    ) -> fmt::Result {
        write!(f, "{prompt}> {}", escape(selection))
    }

    fn format_password_prompt(&self, f: &mut dyn fmt::Write, prompt: &str) -> fmt::Result {
        write!(f, "{prompt}> ")
    }
}

impl Ui {
    /// Asks whether to go on. Without a terminal, one line of standard input is the answer and nothing after it is read.
    /// Any answer but yes or no is a usage error that names `--force`.
    pub fn confirm(&mut self, question: &str) -> Result<bool> {
        let question = escape_lines(question).into_owned();
        self.flush();
        if io::stdin().is_terminal() && !self.can_ask() {
            return Err(nobody_answers(
                "There is no terminal to ask the question on; nothing was changed.",
            ));
        }
        interrupt::watch(self.manner(), Some("Nothing was changed.".to_owned()));
        let answer = if self.can_ask() {
            Self::confirm_at_terminal(&question)
        } else {
            self.confirm_by_line(&question)
        };
        interrupt::watch(self.manner(), None);
        answer
    }

    fn term() -> Term {
        if io::stdout().is_terminal() { Term::stdout() } else { Term::stderr() }
    }

    fn confirm_at_terminal(question: &str) -> Result<bool> {
        let term = Self::term();
        // Each key press redraws the prompt, which works only within one row.
        let fits = question.width() + " [y/N]> y ".len() <= usize::from(term.size().1);
        let prompt = if fits { question } else { "Go on?" };
        if !fits {
            term.write_line(question).map_err(|error| not_asked(&error))?;
        }
        let asked = Confirm::with_theme(&PlainTheme)
            .with_prompt(prompt)
            .default(false)
            .wait_for_newline(true);
        ask(|| asked.interact_on(&term))
    }

    fn confirm_by_line(&mut self, question: &str) -> Result<bool> {
        self.data(|out| write!(out, "{question} [y/N]> "));
        self.flush();
        let answer = read_line();
        let shown = answer.as_deref().unwrap_or_default();
        let shown = escape(shown).into_owned();
        self.data(|out| writeln!(out, "{shown}"));
        self.flush();
        match answer.as_deref().map(|answer| answer.trim().to_ascii_lowercase()).as_deref() {
            Some("y" | "yes") => Ok(true),
            Some("n" | "no") => Ok(false),
            Some(_) => Err(nobody_answers(
                "The answer on standard input was neither 'y' nor 'n'; nothing was changed.",
            )),
            None => Err(nobody_answers("Nobody answered on standard input; nothing was changed.")),
        }
    }

    /// Asks at the terminal to type `number`, which proves that the question was read.
    pub fn confirm_by_number(&mut self, question: &str, number: usize) -> Result<bool> {
        self.flush();
        interrupt::watch(self.manner(), Some("Nothing was changed.".to_owned()));
        let asked =
            Input::<String>::with_theme(&PlainTheme).with_prompt(question).allow_empty(true);
        let answer = ask(|| asked.interact_text_on(&Self::term()));
        interrupt::watch(self.manner(), None);
        Ok(answer?.trim() == number.to_string())
    }

    /// Asks for a secret at the terminal, which does not show it.
    pub fn password(&mut self, question: &str) -> Result<Secret> {
        self.flush();
        interrupt::watch(self.manner(), None);
        let asked = Password::with_theme(&PlainTheme)
            .with_prompt(question)
            .allow_empty_password(true)
            .report(false);
        ask(|| asked.interact_on(&Self::term())).map(Secret::new)
    }
}

/// Makes the error for a question that nobody can answer; its hint names `--force`.
pub fn nobody_answers(message: &str) -> Error {
    Error::usage(message).hint("Repeat the command with '--force' to go on without confirmation.")
}

/// Asks a question at the terminal. Ctrl-C ends the program before the terminal's settings are forgotten.
fn ask<T>(ask: impl FnOnce() -> dialoguer::Result<T>) -> Result<T> {
    // What was typed before the question is no answer to it: it may be the next of several pasted commands.
    let _ = tcflush(io::stdin(), QueueSelector::IFlush);
    interrupt::prompting(|| ask().map_err(|error| not_asked(&error.into())))
}

fn not_asked(error: &io::Error) -> Error {
    match error.kind() {
        // A prompt reports Ctrl-C as this error.
        io::ErrorKind::Interrupted => interrupt::end(),
        _ => Error::failure(format!("The terminal could not be read: {error}."))
            .hint("Repeat the command with '--force' to go on without confirmation."),
    }
}

/// Reads one line, byte by byte, so that the rest of the input is left for others. `None` at the end of input.
fn read_line() -> Option<String> {
    let mut input = File::from(io::stdin().as_fd().try_clone_to_owned().ok()?);
    let mut line = Vec::new();
    let mut byte = [0];
    while line.len() < 1024 {
        match input.read(&mut byte) {
            Ok(1) if byte[0] != b'\n' => line.push(byte[0]),
            Ok(1) => return Some(String::from_utf8_lossy(&line).into_owned()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            _ => break,
        }
    }
    (!line.is_empty()).then(|| String::from_utf8_lossy(&line).into_owned())
}
