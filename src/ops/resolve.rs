//! Finds the one key that NAME|UUID means, or fails with a list of the candidates.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use crate::error::{Error, ErrorKind, Result};
use crate::model::{ApiKey, ApiKeyId, Detail, KeyRef, Scope, Selection, State, Timestamp, states};
use crate::ops::error_sheet;
use crate::render::table;
use crate::session::Session;
use crate::side_by_side::side_by_side;
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
pub struct Listing {
    all: Vec<Found>,
    /// Where they are in `all`.
    by_id: HashMap<ApiKeyId, usize>,
    by_name: HashMap<Box<str>, Vec<usize>>,
    /// The names as they are in lower case.
    folded: OnceCell<HashMap<String, Vec<Box<str>>>>,
    /// What was asked for by its id, because it is not among these.
    others: HashMap<ApiKeyId, Result<Found>>,
}

impl Listing {
    /// Lists them.
    pub fn new(session: &mut Session, now: Timestamp) -> Result<Self> {
        let scope = Scope::Of(session.owner());
        let listed = session.watch_listing(|keys| keys.list(&scope, &Selection::All));
        let subject = format!("The list of {}s", session.facts().noun);
        let keys = listed.map_err(|error| session.told(error, &subject))?;
        let all = with_states(keys, now);
        let mut by_id = HashMap::with_capacity(all.len());
        let mut by_name: HashMap<Box<str>, Vec<usize>> = HashMap::new();
        for (index, Found { key, .. }) in all.iter().enumerate() {
            by_id.insert(key.id.clone(), index);
            by_name.entry(key.name.clone()).or_default().push(index);
        }
        Ok(Self { all, by_id, by_name, folded: OnceCell::new(), others: HashMap::new() })
    }

    /// Returns all of them, oldest first.
    pub fn all(&self) -> &[Found] {
        &self.all
    }

    /// Asks for the keys whose ids are not among these, `jobs` at once: they are another owner's, or gone.
    pub fn ask_for(&mut self, keys: &[KeyRef], now: Timestamp, jobs: usize, session: &mut Session) {
        let mut seen = HashSet::new();
        let mut ids: Vec<&ApiKeyId> = Vec::new();
        for key in keys {
            if let KeyRef::Id(id) = key
                && !self.by_id.contains_key(id)
                && seen.insert(id)
            {
                ids.push(id);
            }
        }
        if ids.is_empty() {
            return;
        }
        let (twin, manner) = (session.twin(), session.ui.manner());
        let ask = |index: usize| twin.run(manner, |session| by_id(session, ids[index], now));
        let what = format!("Looking for {}s", session.facts().noun);
        session.ui.working(&what, Some(ids.len()));
        side_by_side(jobs, ids.len(), &|| true, &ask, &mut |index, (found, said)| {
            session.ui.say(said);
            session.ui.reach(index + 1);
            let ends_all = matches!(&found, Err(error) if error.kind.ends_all());
            self.others.insert(ids[index].clone(), found);
            if ends_all { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        session.ui.done();
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
            KeyRef::Id(id) => match self.by_id.get(id) {
                Some(index) => Ok(self.all[*index].clone()),
                None => self.others.get(id).cloned().unwrap_or_else(|| by_id(session, id, now)),
            },
            KeyRef::Name(name) => {
                let named = self.by_name.get(&**name).into_iter().flatten();
                let named: Vec<_> = named.map(|index| self.all[*index].clone()).collect();
                only(&named, name, meaning, session)
                    .map_err(|error| alike(error, name, || self.folded_as(name)))
            }
        }
    }

    /// Returns the names that differ from this one in case at most.
    fn folded_as(&self, name: &str) -> Vec<String> {
        let folded = self.folded.get_or_init(|| {
            let mut folded: HashMap<String, Vec<Box<str>>> = HashMap::new();
            for name in self.by_name.keys() {
                folded.entry(name.to_lowercase()).or_default().push(name.clone());
            }
            folded
        });
        let alike = folded.get(&name.to_lowercase()).into_iter().flatten();
        alike.map(ToString::to_string).collect()
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
    let named = session.shared_keys().named(&session.owner(), name);
    Ok(with_states(named.map_err(|error| session.told_of(error, name))?, now))
}

fn with_states(keys: Vec<ApiKey>, now: Timestamp) -> Vec<Found> {
    let states = states(&keys, now);
    keys.into_iter().zip(states).map(|(key, state)| Found { key, state }).collect()
}

fn by_name(session: &Session, name: &str, meaning: Meaning, now: Timestamp) -> Result<Found> {
    let scope = Scope::Of(session.owner());
    let listed = session.keys().list(&scope, &Selection::Named(name.to_owned()));
    let listed = listed.map_err(|error| session.told_of(error, name))?;
    let lists_all = !listed.is_empty();
    let (named, others): (Vec<_>, Vec<_>) = listed.into_iter().partition(|key| *key.name == *name);
    only(&with_states(named, now), name, meaning, session).map_err(|error| {
        alike(error, name, || {
            let all = || session.keys().list(&scope, &Selection::All);
            let others = if lists_all { others } else { all().unwrap_or_default() };
            others.iter().map(|key| key.name.to_string()).collect()
        })
    })
}

/// Adds to an error about a name that was not found which names differ from it in case only.
pub fn alike(error: Error, name: &str, names: impl FnOnce() -> Vec<String>) -> Error {
    if error.kind != ErrorKind::NotFound {
        return error;
    }
    let folded = name.to_lowercase();
    let mut alike = names();
    alike.retain(|other| other != name && other.to_lowercase() == folded);
    alike.sort();
    alike.dedup();
    let shown: Vec<String> =
        alike.iter().take(3).map(|other| format!("'{}'", escape(other))).collect();
    if shown.is_empty() {
        return error;
    }
    let verb = if shown.len() == 1 { "is" } else { "are" };
    let message =
        format!("{} Names are case-sensitive; there {verb} {}.", error.message, shown.join(", "));
    Error { message, ..error }
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
    let list = table::candidates(&rows, error_sheet(session.ui));
    let Facts { noun, .. } = session.facts();
    let count = candidates.len();
    let message =
        format!("{count} {noun}s are named '{}'; nothing was changed.\n\n{list}", escape(name));
    Error::new(ErrorKind::Ambiguous, message.trim_end()).hint(format!(
        "Repeat the command with the ID of the one that is meant ('{}').",
        session.family().list()
    ))
}
