//! The completers of arguments: the keys and paths that Tab offers. `cli` names them where it declares an argument.

mod keys;
mod line;
mod paths;
mod word;

use std::ffi::OsStr;

use clap_complete::engine::{ArgValueCompleter, CompletionCandidate, PathCompleter};

use crate::environment::Environment;
use crate::ops::resolve::Meaning;
use crate::settings::{Directories, Profile};

pub use line::{CommandLine, LINE};
pub use word::Shell;
pub(crate) use word::Typed;

/// Offers the keys that a name means to a command.
pub fn keys(meaning: Meaning) -> ArgValueCompleter {
    completer(move |typed, line| keys::offered(typed, meaning, line))
}

/// Offers the keys of service IDs that a name means to a command.
pub fn service_keys(meaning: Meaning) -> ArgValueCompleter {
    completer(move |typed, line| keys::offered_of_services(typed, meaning, line))
}

/// Offers service IDs.
pub fn service_ids() -> ArgValueCompleter {
    completer(keys::service_ids)
}

/// Offers groups of service IDs.
pub fn groups() -> ArgValueCompleter {
    completer(keys::groups)
}

/// Offers files.
pub fn files() -> ArgValueCompleter {
    completer(|typed, line| paths::offered(typed, &PathCompleter::file(), line.shell))
}

/// Offers files behind `@`.
pub fn at_files() -> ArgValueCompleter {
    completer(|typed, line| paths::offered_at(typed, line.shell))
}

/// Offers profiles.
pub fn profiles() -> ArgValueCompleter {
    completer(|typed, _| {
        let all = Directories::profiles(&Environment::of_process()).unwrap_or_default();
        let names = all.iter().map(Profile::name).filter(|name| name.starts_with(typed));
        names.map(CompletionCandidate::new).collect()
    })
}

/// Offers directories.
pub fn directories() -> ArgValueCompleter {
    completer(|typed, line| paths::offered(typed, &PathCompleter::dir(), line.shell))
}

fn completer(
    offered: impl Fn(&str, &CommandLine) -> Vec<CompletionCandidate> + Send + Sync + 'static,
) -> ArgValueCompleter {
    ArgValueCompleter::new(move |typed: &OsStr| {
        LINE.get().map_or_else(Vec::new, |line| offered(&typed.to_string_lossy(), line))
    })
}
