//! Completes keys: those of the store, or of the account, that the command would see.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use clap_complete::engine::CompletionCandidate;

use super::line::CommandLine;
use super::word::{Shell, Typed};
use crate::environment::Environment;
use crate::model::{ApiKey, BackendKind, KeyRef, Scope, Selection, State, Timestamp, states};
use crate::names::NameFile;
use crate::ops::resolve::Meaning;
use crate::session::{self, Choice};
use crate::settings::{self, Settings};
use crate::systems::Keys as _;
use crate::text::escape;
use crate::ui::Ui;

/// Offers the keys that begin as typed and that a name means to the command. A key is offered by its ID where its name
/// would not do. Offers nothing if anything fails.
pub(super) fn offered(
    typed: &str,
    meaning: Meaning,
    line: &CommandLine,
) -> Vec<CompletionCandidate> {
    let shell = line.shell;
    let typed = Typed::read(typed, shell);
    let Some((keys, now)) = listed(line) else { return Vec::new() };
    let disabled = keys.iter().filter(|key| key.disabled).map(|key| &*key.name);
    let disabled: HashSet<&str> = disabled.collect();
    let is_meant = |(key, state): (&ApiKey, State)| {
        meaning.admits(state, key.disabled, disabled.contains(&*key.name))
    };
    let meant: Vec<bool> = keys.iter().zip(states(&keys, now)).map(is_meant).collect();
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for (key, _) in keys.iter().zip(&meant).filter(|(_, is_meant)| **is_meant) {
        *counts.entry(&key.name).or_default() += 1;
    }
    let begins = |word: &str| word.starts_with(&*typed.text);
    let word = |(key, is_meant): (&ApiKey, bool)| {
        let id = key.id.as_str();
        let by_name = is_meant && counts[&*key.name] == 1 && can_be_typed(&key.name, shell);
        let word = if by_name { &*key.name } else { id };
        // The ID of any other key is offered where an ID is being typed.
        let word = if is_meant && begins(word) {
            word
        } else if begins(id) && !typed.text.is_empty() {
            id
        } else {
            return None;
        };
        Some(CompletionCandidate::new(typed.complete(word, shell)))
    };
    keys.iter().zip(meant).filter(|(key, _)| key.id.is_usual()).filter_map(word).collect()
}

/// Tells whether a name can be typed as an argument. The command would take some names for an ID or a flag; fish takes a
/// tilde for a directory; and control characters cannot be typed.
fn can_be_typed(name: &str, shell: Shell) -> bool {
    let is_taken_otherwise = name.is_empty()
        || matches!(KeyRef::parse(name), KeyRef::Id(_))
        || name.starts_with('-')
        || shell == Shell::Fish && name.starts_with('~');
    !is_taken_otherwise && matches!(escape(name), Cow::Borrowed(_))
}

/// Lists the keys that the command would see, and tells the time; asks no service.
fn listed(line: &CommandLine) -> Option<(Vec<ApiKey>, Timestamp)> {
    let environment = Environment::of_process();
    let ui = Ui::new(settings::manner(&line.flags, &environment));
    let settings = Settings::new(environment, line.program.clone(), line.flags.clone());
    let settings = settings.ok()?.without_waiting();
    let now = settings.now().ok()?;
    let (choice, found) = session::choose(&settings, &ui).ok()?;
    if choice != Choice::Chosen(BackendKind::Remote) {
        let keys = session::open_local(&settings).ok()?;
        let mine = Scope::Of(keys.identity().ok()?.owner());
        return Some((keys.list(&mine, &Selection::All).ok()?, now));
    }
    // Tab must not wait for the network or the keyring.
    let found = found?;
    let remote = settings.remote(&found.urls).ok()?;
    let identity = found.known_identity(&remote)?;
    let names = NameFile::of(&settings, remote.endpoint.as_str(), &identity)?;
    Some((names.read().ok()?.into_iter().map(ApiKey::from).collect(), now))
}
