//! The files and directories that are offered, written as keys are: whatever they are called, nothing in them is expanded.

use std::ffi::OsStr;

use clap::ValueHint;
use clap_complete::engine::{CompletionCandidate, PathCompleter, ValueCompleter as _};

use super::{Shell, word};

/// The home directory, which shells know.
const HOME: &str = "~/";

/// Names what is there and begins as typed. What is not text, or holds what a terminal acts on, is typed by hand.
pub(super) fn offered(typed: &str, hint: ValueHint, shell: Shell) -> Vec<CompletionCandidate> {
    let paths = match hint {
        ValueHint::DirPath => PathCompleter::dir(),
        _ => PathCompleter::file(),
    };
    // Quoted, the tilde would be a name.
    let below = typed.strip_prefix(HOME).filter(|_| shell == Shell::Bash);
    let home = if below.is_some() { HOME } else { "" };
    let typed = word::Typed::read(below.unwrap_or(typed), shell);
    let found = paths.complete(OsStr::new(&format!("{home}{}", typed.text)));
    let written = found.into_iter().filter_map(|candidate| {
        let path = candidate.get_value().to_str()?.strip_prefix(home)?;
        let plain = !path.contains(char::is_control);
        let is_hidden = candidate.is_hide_set();
        plain.then(|| {
            let word = format!("{home}{}", typed.complete(path, shell));
            CompletionCandidate::new(word).hide(is_hidden)
        })
    });
    written.collect()
}
