//! The keys that are offered: those of the store, or of the account, that the command being typed would work on.

use std::borrow::Cow;
use std::collections::HashMap;

use clap_complete::engine::CompletionCandidate;

use super::{Shell, line, word};
use crate::config::Choice;
use crate::context::{self, Context, Environment};
use crate::model::{BackendKind, KeyRef, Owner, Selection, Timestamp, states};
use crate::names::{self, KeyName, Whose};
use crate::ops::resolve::Meaning;
use crate::systems::Backend as _;
use crate::text::escape;
use crate::ui::Ui;

/// Names the keys that begin as typed and that a name means here; what no name says is offered by id. Whatever goes
/// wrong, silence.
pub(super) fn offered(typed: &str, meaning: Meaning, shell: Shell) -> Vec<CompletionCandidate> {
    let typed = word::Typed::read(typed, shell);
    let (keys, now) = listed(shell).unwrap_or_default();
    let mut disabled: HashMap<&str, bool> = HashMap::new();
    for key in &keys {
        *disabled.entry(&key.name).or_default() |= key.disabled;
    }
    let states = states(&keys, now).into_iter();
    let is_meant = |key: &KeyName, state| meaning.admits(state, key.disabled, disabled[&*key.name]);
    let meant: Vec<bool> =
        keys.iter().zip(states).map(|(key, state)| is_meant(key, state)).collect();
    let mut named: HashMap<&str, usize> = HashMap::new();
    for (key, _) in keys.iter().zip(&meant).filter(|(_, meant)| **meant) {
        *named.entry(&key.name).or_default() += 1;
    }
    let mut offered: Vec<CompletionCandidate> = Vec::new();
    for (key, is_meant) in keys.iter().zip(meant) {
        let id = key.id.as_str();
        if !key.id.is_usual() {
            continue;
        }
        let by_name = is_meant && named[&*key.name] == 1 && is_typed(&key.name, shell);
        let word = if by_name { &*key.name } else { id };
        let begins_so = |word: &str| word.starts_with(&*typed.text);
        // The id of a key that is not meant is for those who ask for ids.
        let asks_for_id = begins_so(id) && !typed.text.is_empty();
        if begins_so(word) && is_meant || asks_for_id {
            let word = if begins_so(word) { word } else { id };
            offered.push(CompletionCandidate::new(typed.complete(word, shell)));
        }
    }
    offered
}

/// Tells whether a name can be typed: one in the form of an id or a flag would be taken for one, what a terminal acts on is
/// not typed, and fish takes a tilde for a directory.
fn is_typed(name: &str, shell: Shell) -> bool {
    let is_taken_otherwise = name.is_empty()
        || matches!(KeyRef::parse(name), KeyRef::Id(_))
        || name.starts_with('-')
        || shell == Shell::Fish && name.starts_with('~');
    !is_taken_otherwise && matches!(escape(name), Cow::Borrowed(_))
}

fn listed(shell: Shell) -> Option<(Vec<KeyName>, Timestamp)> {
    let environment = Environment::of_process();
    let (program, global) = line::before_the_word(shell, &environment);
    let ui = Ui::new(context::manner(&global, &environment));
    let context = Context::new(environment, program, global, ui).ok()?.without_waiting();
    let now = context.now().ok()?;
    let (choice, found) = context.choose().ok()?;
    if choice != Choice::Chosen(BackendKind::Remote) {
        let keys = context.open_local().ok()?.api_keys(&Owner::Myself, &Selection::All).ok()?;
        return Some((keys.iter().map(KeyName::from).collect(), now));
    }
    // A shell that waits for the network or the keyring is worse than one that knows no names.
    let found = found?;
    let settings = context.remote_settings(&found.urls).ok()?;
    let whose = Whose {
        endpoint: settings.endpoint.as_str(),
        identity: &found.known_identity(&settings)?,
        profile: context.profile().name(),
    };
    Some((names::read(context.directories().ok()?.names.as_ref()?, &whose)?, now))
}
