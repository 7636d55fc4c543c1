//! Finds the one key that NAME|UUID means, or fails with a list of the candidates.

use crate::error::{Error, ErrorKind, Result};
use crate::model::{ApiKey, ApiKeyId, Detail, KeyRef, Scope, Selection, State, Timestamp, states};
use crate::render::table;
use crate::session::Session;
use crate::systems::{Condition, Facts};
use crate::text::escape;

/// Which keys a name means. Names are not unique, and a key that is being replaced keeps its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// To show, update, lock, unlock: keys that are neither phased out nor phasing out.
    Current,
    /// To delete, disable: every key of the name.
    Every,
    /// To enable: the disabled keys of the name, or every key if none is disabled.
    Disabled,
}

impl Meaning {
    /// Tells whether a name means a key. `any_disabled` is whether any key of the name is disabled.
    pub fn admits(self, state: State, is_disabled: bool, any_disabled: bool) -> bool {
        match self {
            Self::Every => true,
            Self::Current => state.is_current(),
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
pub fn one(session: &Session, key: &KeyRef, meaning: Meaning, now: Timestamp) -> Result<Found> {
    match key {
        KeyRef::Id(id) => by_id(session, id, now),
        KeyRef::Name(name) => by_name(session, name, meaning, now),
    }
}

/// The keys of the owner that is meant, listed once for several names and ids.
#[derive(Debug)]
pub struct Listing(Vec<Found>);

impl Listing {
    /// Lists them.
    pub fn new(session: &mut Session, now: Timestamp) -> Result<Self> {
        let scope = Scope::Of(session.owner());
        let listed = session.watch_listing(|keys| keys.list(&scope, &Selection::All));
        let subject = format!("The list of {}s", session.facts().noun);
        let keys = listed.map_err(|error| session.told(error, &subject))?;
        let states = states(&keys, now);
        Ok(Self(keys.into_iter().zip(states).map(|(key, state)| Found { key, state }).collect()))
    }

    /// Returns all of them, oldest first.
    pub fn all(&self) -> &[Found] {
        &self.0
    }

    /// Finds the one key that `key` means. Another owner's is asked for by its id.
    pub fn one(
        &self,
        session: &Session,
        key: &KeyRef,
        meaning: Meaning,
        now: Timestamp,
    ) -> Result<Found> {
        match key {
            KeyRef::Id(id) => match self.0.iter().find(|found| found.key.id == *id) {
                Some(found) => Ok(found.clone()),
                None => by_id(session, id, now),
            },
            KeyRef::Name(name) => {
                let named = self.0.iter().filter(|found| *found.key.name == **name).cloned();
                only(&named.collect::<Vec<_>>(), name, meaning, session)
            }
        }
    }
}

fn by_id(session: &Session, id: &ApiKeyId, now: Timestamp) -> Result<Found> {
    let found = session.keys().get(id, Detail::default());
    let key = found.map_err(|error| session.told_of(error, id))?.key;
    if session.service().is_some() && key.iam_id != session.owner().0 {
        let told = session.told_of(Condition::NotFound.into(), id);
        let message = format!("{} It belongs to {}.", told.message, escape(&key.iam_id));
        return Err(Error { message, ..told });
    }
    let state = state_of(session, &key, now)?;
    Ok(Found { key, state })
}

/// Returns the state of a key, which may depend on other keys of its name.
pub fn state_of(session: &Session, key: &ApiKey, now: Timestamp) -> Result<State> {
    let alone = states(std::slice::from_ref(key), now)[0];
    if alone == State::Active && key.expires_at.is_none() {
        return Ok(alone);
    }
    let namesakes = namesakes(session, &key.name, now)?;
    Ok(namesakes.iter().find(|found| found.key.id == key.id).map_or(alone, |found| found.state))
}

/// Returns the state of a key that was just made or changed. Where the other keys of its name cannot be listed, the state
/// is told as if there were none.
pub fn state_now(session: &Session, key: &ApiKey, now: Timestamp) -> State {
    state_of(session, key, now).unwrap_or_else(|_| states(std::slice::from_ref(key), now)[0])
}

/// Finds the keys of a name, each with its state.
pub fn namesakes(session: &Session, name: &str, now: Timestamp) -> Result<Vec<Found>> {
    let listed =
        session.keys().list(&Scope::Of(session.owner()), &Selection::Named(name.to_owned()));
    let mut keys = listed.map_err(|error| session.told_of(error, name))?;
    // A selection may return more than was asked for.
    keys.retain(|key| *key.name == *name);
    let states = states(&keys, now);
    Ok(keys.into_iter().zip(states).map(|(key, state)| Found { key, state }).collect())
}

fn by_name(session: &Session, name: &str, meaning: Meaning, now: Timestamp) -> Result<Found> {
    only(&namesakes(session, name, now)?, name, meaning, session)
}

/// Returns the only key of a name that is meant.
fn only(all: &[Found], name: &str, meaning: Meaning, session: &Session) -> Result<Found> {
    let any_disabled = all.iter().any(|found| found.key.disabled);
    let meant: Vec<&Found> = all
        .iter()
        .filter(|found| meaning.admits(found.state, found.key.disabled, any_disabled))
        .collect();
    match meant.as_slice() {
        [only] => Ok((*only).clone()),
        [] => Err(session.told_of(Condition::NotFound.into(), name)),
        several => Err(ambiguous(session, name, several)),
    }
}

fn ambiguous(session: &Session, name: &str, candidates: &[&Found]) -> Error {
    let rows: Vec<_> = candidates.iter().map(|found| (&found.key, found.state)).collect();
    let list = table::candidates(&rows);
    let Facts { noun, .. } = session.facts();
    let count = candidates.len();
    let message =
        format!("{count} {noun}s are named '{}'; nothing was changed.\n\n{list}", escape(name));
    Error::new(ErrorKind::Ambiguous, message.trim_end()).hint(format!(
        "Repeat the command with the ID of the one that is meant ('{}').",
        session.family().list()
    ))
}
