//! The keys that are offered: those of the store, or of the account, that the command being typed would work on.

use std::borrow::Cow;
use std::collections::HashMap;

use clap_complete::engine::CompletionCandidate;

use super::{Shell, line, word};
use crate::backend::Backend as _;
use crate::config::Choice;
use crate::context::{Context, Environment};
use crate::model::{BackendKind, KeyRef, Owner, Selection};
use crate::names::{self, KeyName, Whose};
use crate::text::escape;
use crate::ui::{Manner, Ui};

/// Names the keys that begin as typed; a name that several keys have is offered by id. Whatever goes wrong, silence.
pub(super) fn offered(typed: &str, shell: Shell) -> Vec<CompletionCandidate> {
    let typed = word::Typed::read(typed, shell);
    let keys = listed(shell).unwrap_or_default();
    let mut named: HashMap<&str, usize> = HashMap::new();
    for key in &keys {
        *named.entry(&key.name).or_default() += 1;
    }
    let mut offered: Vec<CompletionCandidate> = Vec::new();
    for key in &keys {
        // A name in the form of an id or a flag would be taken for one, and what a terminal acts on is not typed.
        let by_name = named[&*key.name] == 1
            && !key.name.is_empty()
            && matches!(KeyRef::parse(&key.name), KeyRef::Name(_))
            && !key.name.starts_with('-')
            && matches!(escape(&key.name), Cow::Borrowed(_));
        let id = key.id.as_str();
        let word = if by_name { &*key.name } else { id };
        let begins_so = |word: &str| word.starts_with(&*typed.text);
        if begins_so(word) || begins_so(id) && !typed.text.is_empty() {
            let word = if begins_so(word) { word } else { id };
            offered.push(CompletionCandidate::new(typed.complete(word, shell)));
        }
    }
    offered
}

fn listed(shell: Shell) -> Option<Vec<KeyName>> {
    let environment = Environment::of_process();
    let (program, global) = line::before_the_word(shell, &environment);
    let ui = Ui::new(Manner { quiet: true, ..Manner::default() });
    let context = Context::new(environment, program, global, ui).ok()?.without_waiting();
    let (choice, found) = context.choose().ok()?;
    if choice != Choice::Chosen(BackendKind::Remote) {
        let keys = context.open_local().ok()?.api_keys(&Owner::Myself, &Selection::All).ok()?;
        return Some(keys.iter().map(KeyName::from).collect());
    }
    // A shell that waits for the network or the keyring is worse than one that knows no names.
    let found = found?;
    let settings = context.remote_settings(&found.urls).ok()?;
    let whose = Whose {
        endpoint: settings.endpoint.as_str(),
        identity: &found.known_identity(&settings)?,
        profile: context.profile().name(),
    };
    names::read(&context.directories().ok()?.names, &whose)
}
