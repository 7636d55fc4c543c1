//! The command line that is being completed.

use std::sync::OnceLock;

use super::word::Shell;
use crate::environment::Program;
use crate::settings::Flags;

/// The command line in which Tab was pressed.
#[derive(Debug)]
pub struct CommandLine {
    /// The shell.
    pub shell: Shell,
    /// The program as it is called on the line.
    pub program: Program,
    /// The flags before the word that is being typed; they choose as they would in the command.
    pub flags: Flags,
}

/// Completers are plain functions of the word that is being typed, so the rest of the line is here.
static LINE: OnceLock<CommandLine> = OnceLock::new();

/// Tells the completers about the line. Only the first call counts; without one they offer nothing.
pub fn set_line(line: CommandLine) {
    let _ = LINE.set(line);
}

/// Returns the line.
pub(super) fn line() -> Option<&'static CommandLine> {
    LINE.get()
}
