//! The command line before the word that is being typed: its flags choose as they would in the command.

use std::ffi::OsString;

use clap::{CommandFactory as _, FromArgMatches as _};

use super::{Shell, word};
use crate::cli::{Cli, GlobalArgs};
use crate::context::{Environment, Program};
use crate::usage;

/// The variable in which bash and zsh say which word is being typed; elsewhere it is the last one.
const INDEX: &str = "_CLAP_COMPLETE_INDEX";

/// Reads who is called, and the flags of every command; what cannot be read counts as not given.
pub(super) fn before_the_word(shell: Shell, environment: &Environment) -> (Program, GlobalArgs) {
    let mut words: Vec<OsString> =
        std::env::args_os().skip_while(|word| word != "--").skip(1).collect();
    let index = environment.raw(INDEX).and_then(|index| index.to_str()?.parse().ok());
    words.truncate(index.unwrap_or(words.len().saturating_sub(1)));
    if matches!(shell, Shell::Bash | Shell::Zsh) {
        for word in &mut words {
            *word = word::Typed::read(&word.to_string_lossy(), shell).text.into();
        }
    }
    let program = Program::of_arg0(words.first().map(OsString::as_os_str));
    let tree = Cli::command().ignore_errors(true);
    let matches = tree.try_get_matches_from(usage::without_iam(words));
    let global = matches.ok().and_then(|matches| GlobalArgs::from_arg_matches(&matches).ok());
    (program, global.unwrap_or_default())
}
