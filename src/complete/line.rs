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
    /// Whether a flag is being typed; otherwise none is offered.
    pub types_flag: bool,
    /// The flags before the word that is being typed; they choose as they would in the command.
    pub flags: Flags,
}

/// The line. Completers are plain functions of the word that is being typed, so it is here; without it they offer nothing.
pub static LINE: OnceLock<CommandLine> = OnceLock::new();
