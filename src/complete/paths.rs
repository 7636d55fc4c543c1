//! Completes paths. They are quoted as keys are, so that the shell expands nothing in them.

use std::ffi::OsStr;

use clap_complete::engine::{CompletionCandidate, PathCompleter, ValueCompleter as _};

use super::word::{Shell, Typed};

const HOME: &str = "~/";

/// Offers the paths that begin as typed, except those that are not UTF-8 or contain control characters.
pub(super) fn offered(
    typed: &str,
    paths: &PathCompleter,
    shell: Shell,
) -> Vec<CompletionCandidate> {
    // The tilde must not be quoted.
    let below = typed.strip_prefix(HOME).filter(|_| shell == Shell::Bash);
    let home = if below.is_some() { HOME } else { "" };
    let typed = Typed::read(below.unwrap_or(typed), shell);
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

/// Offers the files behind `@` that begin as typed.
pub(super) fn offered_at(typed: &str, shell: Shell) -> Vec<CompletionCandidate> {
    let typed = Typed::read(typed, shell);
    let Some(start) = typed.text.strip_prefix('@').or(typed.text.is_empty().then_some("")) else {
        return Vec::new();
    };
    let found = PathCompleter::file().complete(OsStr::new(start));
    let written = found.into_iter().filter_map(|candidate| {
        let path =
            candidate.get_value().to_str().filter(|path| !path.contains(char::is_control))?;
        let word = typed.complete(&format!("@{path}"), shell);
        Some(CompletionCandidate::new(word).hide(candidate.is_hide_set()))
    });
    written.collect()
}
