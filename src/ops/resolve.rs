//! From NAME|UUID to exactly one key, or to an error that lists the candidates.

use crate::context::Context;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{ApiKey, ApiKeyId, Detail, KeyRef, Owner, Selection, State, Timestamp, states};
use crate::ops::subject;
use crate::render::table;
use crate::text::escape;

/// What a name is to mean; names are not unique, and a key that is being replaced keeps its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// To show, update, lock, unlock: the keys that are neither phased out nor phasing out.
    Current,
    /// To delete, disable: every key of the name.
    Every,
    /// To enable: the disabled ones, or where none is, those there are.
    Disabled,
}

impl Meaning {
    /// Tells whether a name means a key; `any_disabled` is whether one of its keys is.
    pub fn admits(self, state: State, is_disabled: bool, any_disabled: bool) -> bool {
        match self {
            Self::Every => true,
            Self::Current => state.is_current(),
            // A name whose keys are all enabled means those to `enable` too, which then finds nothing to do.
            Self::Disabled => is_disabled || !any_disabled,
        }
    }
}

/// A key and the state it is in.
#[derive(Clone, Debug)]
pub struct Found {
    /// The key.
    pub key: ApiKey,
    /// Its state now.
    pub state: State,
}

/// Finds the one key that `key` means.
pub fn one(context: &Context, key: &KeyRef, meaning: Meaning, now: Timestamp) -> Result<Found> {
    match key {
        KeyRef::Id(id) => by_id(context, id, now),
        KeyRef::Name(name) => by_name(context, name, meaning, now),
    }
}

fn by_id(context: &Context, id: &ApiKeyId, now: Timestamp) -> Result<Found> {
    let found = context.backend()?.api_key(id, Detail::default());
    let key = found.map_err(|error| context.told(error, &subject(id)))?.key;
    let state = state_of(context, &key, now)?;
    Ok(Found { key, state })
}

/// Returns the state of one key, which may depend on its namesakes.
pub fn state_of(context: &Context, key: &ApiKey, now: Timestamp) -> Result<State> {
    let alone = states(std::slice::from_ref(key), now)[0];
    if alone == State::Active && key.expires_at.is_none() {
        return Ok(alone);
    }
    let namesakes = namesakes(context, &key.name, now)?;
    Ok(namesakes.iter().find(|found| found.key.id == key.id).map_or(alone, |found| found.state))
}

/// Returns the state of a key that was just made or changed. That must be told even where its namesakes cannot be asked
/// for any more, so then it is told as if it had none.
pub fn state_now(context: &Context, key: &ApiKey, now: Timestamp) -> State {
    state_of(context, key, now).unwrap_or_else(|_| states(std::slice::from_ref(key), now)[0])
}

/// Finds the keys of a name, each with its state.
pub fn namesakes(context: &Context, name: &str, now: Timestamp) -> Result<Vec<Found>> {
    let listed = context.backend()?.api_keys(&Owner::Myself, &Selection::Named(name.to_owned()));
    let mut keys = listed.map_err(|error| context.told(error, &subject(name)))?;
    // A backend may bring more than was asked for.
    keys.retain(|key| *key.name == *name);
    let states = states(&keys, now);
    Ok(keys.into_iter().zip(states).map(|(key, state)| Found { key, state }).collect())
}

fn by_name(context: &Context, name: &str, meaning: Meaning, now: Timestamp) -> Result<Found> {
    let all = namesakes(context, name, now)?;
    let any_disabled = all.iter().any(|found| found.key.disabled);
    let meant: Vec<&Found> = all
        .iter()
        .filter(|found| meaning.admits(found.state, found.key.disabled, any_disabled))
        .collect();
    match meant.as_slice() {
        [only] => Ok((*only).clone()),
        [] => Err(not_found(context, name)),
        several => Err(ambiguous(context, name, several)),
    }
}

fn not_found(context: &Context, name: &str) -> Error {
    Error::new(ErrorKind::NotFound, format!("{} was not found.", subject(name)))
        .hint(format!("Run '{} api-keys' to list the API keys.", context.program()))
}

fn ambiguous(context: &Context, name: &str, candidates: &[&Found]) -> Error {
    let rows = candidates.iter().map(|found| {
        [
            found.key.id.to_string(),
            found.state.to_string(),
            found.key.created_at.to_wire().to_string(),
        ]
    });
    let list = table::small(&["ID", "State", "Created At"], rows);
    let count = candidates.len();
    let message =
        format!("{count} API keys are named '{}'; nothing was changed.\n\n{list}", escape(name));
    Error::new(ErrorKind::Ambiguous, message.trim_end()).hint(format!(
        "Repeat the command with the ID of the one that is meant ('{} api-keys').",
        context.program()
    ))
}
