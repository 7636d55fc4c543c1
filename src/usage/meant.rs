//! The command line that was probably meant, as it is offered.

use std::ffi::OsString;

use clap::CommandFactory as _;

use super::guess::{self, PLATFORM_LIST};
use crate::cli::Cli;
use crate::environment::Program;
use crate::secret::veil;
use crate::text::shell_word;

/// A command line that was meant.
#[derive(Debug)]
pub(super) struct Line {
    /// The command.
    pub(super) name: String,
    /// The command and what stands behind it, up to a flag.
    line: String,
}

impl Line {
    /// Guesses what was meant by the arguments from `word` on, if it is not the command that `word` is.
    pub(super) fn from(word: &str, args: &[OsString]) -> Option<Self> {
        let from = args.iter().skip(1).position(|arg| arg == word)? + 1;
        let meant = guess::command(&args[from..])?;
        if meant.name == word && meant.words == 1 && word != PLATFORM_LIST {
            return None;
        }
        // What is looked up may be the value of a key, and so may be what stands behind a flag.
        let repeats = !["api-key-lookup", "platform-api-key-check"].contains(&&*meant.name);
        let most = if meant.flag.is_empty() { guess::takes(&meant.name) } else { 1 };
        let rest = args[from + meant.words..].iter().take(most).filter(|_| repeats);
        let rest = rest.map_while(|arg| arg.to_str().filter(|arg| is_plain(arg)));
        let start = meant.name.clone() + meant.flag;
        let mut line = rest.fold(start.clone(), |line, arg| line + " " + arg);
        if line == start && !meant.flag.is_empty() {
            line += " NAME";
        }
        Some(Self { name: meant.name, line })
    }

    /// Tells whether the command takes an argument, and none is there.
    pub(super) fn lacks_argument(&self) -> bool {
        self.line == self.name && guess::takes(&self.name) > 0
    }

    /// Returns the line, with the borrowed name before it.
    pub(super) fn shown(&self, program: &Program) -> String {
        if program.is_borrowed {
            let above = ["login", "logout", "--version", "help"].contains(&&*self.name);
            let shown = if above { program.shown.trim_end_matches(" iam") } else { &program.shown };
            format!("{shown} {}", self.line)
        } else {
            self.line.clone()
        }
    }
}

/// Tells whether an argument may be repeated. What would have to be quoted may not: the line stands in quotes.
pub(super) fn is_plain(arg: &str) -> bool {
    !arg.starts_with('-') && shell_word(arg) == arg && veil(arg) == arg
}

/// Finds the command in a command line that could not be parsed.
pub(super) fn known_command(args: &[OsString]) -> Option<&str> {
    let tree = Cli::command();
    args.iter()
        .skip(1)
        .filter_map(|arg| arg.to_str())
        .find(|word| tree.find_subcommand(word).is_some())
}
