//! Completes keys: those of the store, or of the account, that the command would see.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use clap_complete::engine::CompletionCandidate;

use super::line::CommandLine;
use super::word::{Shell, Typed};
use crate::environment::Environment;
use crate::model::{
    ApiKey, ApiKeyId, BackendKind, GroupId, Id, Ref, Scope, Selection, ServiceIdSelection,
    ServiceUuid, State, Timestamp, states,
};
use crate::names::{KeyName, NameFile, Others};
use crate::ops::resolve::Meaning;
use crate::session::{self, Choice};
use crate::settings::{self, Settings};
use crate::systems::{Keys, ServiceIds};
use crate::text::escape;
use crate::ui::Ui;

/// Offers the keys that begin as typed and that a name means to the command. A key is offered by its ID where its name
/// would not do. Offers nothing if anything fails.
pub(super) fn offered(
    typed: &str,
    meaning: Meaning,
    line: &CommandLine,
) -> Vec<CompletionCandidate> {
    listed(line)
        .map_or_else(Vec::new, |(keys, now)| fitting(&keys, typed, meaning, now, line.shell))
}

/// As [`offered`], for the keys of every service ID: which one is meant stands behind the key. And for service IDs, which
/// may be typed here too.
pub(super) fn offered_of_services(
    typed: &str,
    meaning: Meaning,
    line: &CommandLine,
) -> Vec<CompletionCandidate> {
    let mut keys = listed_of_services(line)
        .map_or_else(Vec::new, |(keys, now)| fitting(&keys, typed, meaning, now, line.shell));
    // Many service IDs have a key of the same name.
    let mut seen = HashSet::new();
    keys.retain(|word| seen.insert(word.get_value().to_owned()));
    keys
}

/// Returns what a key is named by: its name, and its owner.
fn named(key: &ApiKey) -> (&str, &str) {
    (&key.name, &key.iam_id)
}

/// Returns the words for the keys that begin as typed.
fn fitting(
    keys: &[ApiKey],
    typed: &str,
    meaning: Meaning,
    now: Timestamp,
    shell: Shell,
) -> Vec<CompletionCandidate> {
    let typed = Typed::read(typed, shell);
    let disabled: HashSet<_> = keys.iter().filter(|key| key.disabled).map(named).collect();
    let is_meant = |(key, state): (&ApiKey, State)| {
        meaning.admits(state, key.disabled, disabled.contains(&named(key)))
    };
    let meant: Vec<bool> = keys.iter().zip(states(keys, now)).map(is_meant).collect();
    let mut counts: HashMap<_, usize> = HashMap::new();
    for (key, _) in keys.iter().zip(&meant).filter(|(_, is_meant)| **is_meant) {
        *counts.entry(named(key)).or_default() += 1;
    }
    let begins = |word: &str| word.starts_with(&*typed.text);
    let word = |(key, is_meant): (&ApiKey, bool)| {
        let id = key.id.as_str();
        let by_name =
            is_meant && counts[&named(key)] == 1 && can_be_typed::<ApiKeyId>(&key.name, shell);
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
fn can_be_typed<I: Id>(name: &str, shell: Shell) -> bool {
    let is_taken_otherwise = name.is_empty()
        || matches!(Ref::<I>::parse(name), Ref::Id(_))
        || name.starts_with('-')
        || shell == Shell::Fish && name.starts_with('~');
    !is_taken_otherwise && matches!(escape(name), Cow::Borrowed(_))
}

/// Offers the service IDs that begin as typed, each by its name if no other has it.
pub(super) fn service_ids(typed: &str, line: &CommandLine) -> Vec<CompletionCandidate> {
    let here = |ids: &dyn ServiceIds| {
        let all = ids.list_service_ids(&ServiceIdSelection::default()).ok()?;
        Some(all.iter().map(KeyName::from).collect())
    };
    others::<ServiceUuid>(typed, line, Others::ServiceIds, &here)
}

/// Offers the groups that begin as typed.
pub(super) fn groups(typed: &str, line: &CommandLine) -> Vec<CompletionCandidate> {
    let here =
        |ids: &dyn ServiceIds| Some(ids.list_groups().ok()?.iter().map(KeyName::from).collect());
    others::<GroupId>(typed, line, Others::Groups, &here)
}

fn others<I: Id>(
    typed: &str,
    line: &CommandLine,
    others: Others,
    here: &dyn Fn(&dyn ServiceIds) -> Option<Vec<KeyName>>,
) -> Vec<CompletionCandidate> {
    let shell = line.shell;
    let typed = Typed::read(typed, shell);
    let known = from(line, |place| match place {
        Known::Here(keys) => here(keys.service_ids()?),
        Known::Noted(file) => file.of_others(others).read().ok(),
    });
    let known: Vec<_> = known.unwrap_or_default().into_iter().map(KeyName::id_and_name).collect();
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for (_, name) in &known {
        *counts.entry(name).or_default() += 1;
    }
    let word = |(id, name): &(String, Box<str>)| {
        let by_name = counts[&**name] == 1 && can_be_typed::<I>(name, shell);
        let word = if by_name { name } else { &**id };
        let begins = |word: &str| word.starts_with(&*typed.text);
        // The ID of any other is offered where an ID is being typed.
        let by_id = || (begins(id) && !typed.text.is_empty()).then_some(&**id);
        let word = if begins(word) { Some(word) } else { by_id() };
        word.map(|word| CompletionCandidate::new(typed.complete(word, shell)))
    };
    let is_usual = |(id, _): &&(String, Box<str>)| matches!(Ref::<I>::parse(id), Ref::Id(_));
    known.iter().filter(is_usual).filter_map(word).collect()
}

/// Lists the keys that the command would see, and tells the time; asks no service.
fn listed(line: &CommandLine) -> Option<(Vec<ApiKey>, Timestamp)> {
    let now = settings_of(line)?.now().ok()?;
    let keys = from(line, |place| match place {
        Known::Here(keys) => {
            let mine = Scope::Of(keys.identity().ok()?.owner());
            keys.list(&mine, &Selection::All).ok()
        }
        Known::Noted(file) => Some(file.read().ok()?.into_iter().map(ApiKey::from).collect()),
    });
    Some((keys?, now))
}

/// As [`listed`], for the keys of every service ID.
fn listed_of_services(line: &CommandLine) -> Option<(Vec<ApiKey>, Timestamp)> {
    let now = settings_of(line)?.now().ok()?;
    let keys = from(line, |place| match place {
        Known::Here(keys) => keys.list(&Scope::AllServiceIds, &Selection::All).ok(),
        Known::Noted(file) => {
            let known = file.of_others(Others::KeysOfServiceIds).read().ok()?;
            Some(known.into_iter().map(ApiKey::from).collect())
        }
    });
    Some((keys?, now))
}

/// Where names are known without asking a service.
enum Known<'a> {
    Here(&'a dyn Keys),
    Noted(&'a NameFile),
}

fn settings_of(line: &CommandLine) -> Option<Settings> {
    let settings =
        Settings::new(Environment::of_process(), line.program.clone(), line.flags.clone());
    Some(settings.ok()?.without_waiting())
}

/// Reads from the place that the command would use.
fn from<T>(line: &CommandLine, read: impl FnOnce(Known<'_>) -> Option<T>) -> Option<T> {
    let ui = Ui::new(settings::manner(&line.flags, &Environment::of_process()));
    let settings = settings_of(line)?;
    let (choice, found) = session::choose(&settings, &ui).ok()?;
    if choice != Choice::Chosen(BackendKind::Remote) {
        return read(Known::Here(&session::open_local(&settings).ok()?));
    }
    // Tab must not wait for the network or the keyring.
    let found = found?;
    let remote = settings.remote(&found.urls).ok()?;
    let identity = found.known_identity(&remote)?;
    read(Known::Noted(&NameFile::of(&settings, remote.endpoint.as_str(), &identity)?))
}
