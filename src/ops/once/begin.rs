//! Noting what is begun, before anything is made.

use std::fmt::Display;

use super::entries::is_of_owner;
use super::machine::{Disk, Way};
use super::state::{Consent, CopyFile, Run, journal_failed};
use crate::error::{Error, ErrorKind, Result};
use crate::journal::{self, Begun, Journal, Operation, Retires};
use crate::model::{ApiKey, ApiKeyId, Detail, NewApiKey, Timestamp};
use crate::ops::resolve::{self, Found};
use crate::ops::{conflict, locked};
use crate::private_file::{Destination, pending_path};
use crate::render::key_file;
use crate::secret::Secret;
use crate::session::Session;
use crate::systems::{Condition, CreateEffect, LostAnswer};

/// A key to make.
pub(in crate::ops) struct Plan<'a> {
    /// The command.
    pub operation: Operation,
    /// What it is to be.
    pub new: &'a NewApiKey,
    /// When the command began.
    pub now: Timestamp,
    /// FILE; `None` to print the value.
    pub destination: Option<Destination>,
    /// Whether the service chooses the value.
    pub server_value: bool,
    /// In a rotation, the old key as it was when the user agreed.
    pub replaces: Option<Old<'a>>,
    /// Whether to stop instead of waiting.
    pub is_hurried: bool,
}

/// The old key of a rotation.
#[derive(Clone)]
pub(in crate::ops) struct Old<'a> {
    /// What is to become of it.
    pub retires: Retires,
    /// The key.
    pub key: &'a ApiKey,
    /// Whether it was named by its name, which no other key in use may have.
    pub is_by_name: bool,
    /// The keys of its name that were there when it was chosen; `None` where they are to be listed now.
    pub beside: Option<Vec<ApiKeyId>>,
}

/// Notes what is begun. After an error nothing is left, unless the error names `recover`.
pub(in crate::ops) fn begin(plan: Plan<'_>, session: &Session) -> Result<Run> {
    let value = (!plan.server_value).then(|| session.keys().choose_value());
    let value = value.transpose().map_err(no_randomness)?;
    let namesakes = namesakes(&plan, value.is_some(), session)?;
    let begun = begun(&plan, value.as_ref(), &namesakes, session)?;
    let journal = session.journal()?;
    let entry = journal.begin(&begun).map_err(|error| journal_failed(&error, session))?;
    let consent = Consent { is_hurried: plan.is_hurried, ..Consent::default() };
    let mut run = Run::new(begun, entry, Way { makes: true, ..Way::default() }, consent);
    if let Some(old) = &plan.replaces
        && let Err(error) = check_alone(old, &namesakes, &run, &journal, session)
    {
        run.forget(session);
        return Err(error);
    }
    let is_rival = |other: &Begun| is_of_owner(other, session);
    if run.is_only_key()
        && run.entry.as_ref().is_some_and(|entry| journal.is_rivalled(entry, is_rival))
    {
        run.forget(session);
        let subject = session.subject(&plan.new.name);
        let message = format!("Another process is at work on {subject}.");
        return Err(Error::new(ErrorKind::Conflict, message)
            .hint("Nothing was changed; look at the key when it has ended."));
    }
    let words = format!("Run '{} recover' to finish or undo what was begun.", session.program());
    session.ui.watch(Some(words));
    run.new = Some(plan.new.clone());
    if let Some(destination) = plan.destination {
        let copy = pending_path(destination.place(), &run.tag);
        let room = key_file::room_for(&plan.new.name, &plan.new.description);
        let about = serde_json::to_value(&run.begun).unwrap_or_default();
        match destination.begin(copy.clone(), value.as_ref(), about, room) {
            Ok(pending) => run.copy = Some(CopyFile::Own(pending)),
            Err(error) => {
                // While the copy is there, `recover` needs the entry to find it.
                if !copy.exists() {
                    run.forget(session);
                }
                return Err(error.into());
            }
        }
        run.machine.observed.disk =
            Some(if value.is_some() { Disk::InCopy } else { Disk::NoValue });
    }
    run.value = value;
    Ok(run)
}

/// Lists the keys of the name, where that can tell which one is new: if the answer is lost, the new key is none of these.
fn namesakes(plan: &Plan<'_>, is_chosen: bool, session: &Session) -> Result<Vec<Found>> {
    let facts = session.keys().facts();
    let can_look_up = facts.lost_answer == LostAnswer::LookUpByValue;
    let tells_itself =
        plan.new.id.is_some() || can_look_up && plan.destination.is_some() && is_chosen;
    let is_replaced = facts.create == CreateEffect::ReplacesTheOnlyKey;
    let is_known = match &plan.replaces {
        None => tells_itself,
        Some(old) => old.beside.is_some(),
    };
    if is_replaced || is_known {
        return Ok(Vec::new());
    }
    resolve::namesakes(session, &plan.new.name, plan.now)
}

/// Returns which keys of the name are not the new one, nor one that others make meanwhile.
fn known(plan: &Plan<'_>, namesakes: &[Found]) -> Vec<String> {
    match plan.replaces.as_ref().and_then(|old| old.beside.as_ref()) {
        Some(beside) => beside.iter().map(ToString::to_string).collect(),
        None => namesakes.iter().map(|found| found.key.id.to_string()).collect(),
    }
}

fn begun(
    plan: &Plan<'_>,
    value: Option<&Secret>,
    namesakes: &[Found],
    session: &Session,
) -> Result<Begun> {
    let Plan { new, destination, .. } = plan;
    let (keys, identity) = (session.keys(), session.identity());
    let place = keys.place();
    let salt = Journal::salt().map_err(no_randomness)?;
    let named = |file: &Destination| {
        let named = std::path::absolute(file.path()).ok();
        named.filter(|named| named != file.place())
    };
    Ok(Begun {
        version: journal::VERSION,
        operation: plan.operation,
        system: keys.facts().system,
        name: new.name.clone(),
        id: new.id.as_ref().map(ToString::to_string),
        backend: place.kind,
        endpoint: place.endpoint,
        account_id: identity.account_id.to_string(),
        iam_id: new.owner.0.to_string(),
        by: (new.owner.0 != identity.iam_id).then(|| identity.iam_id.to_string()),
        at: session.service_time()?,
        file: destination.as_ref().map(|file| file.place().to_owned()),
        named: destination.as_ref().and_then(named),
        replaces: destination.as_ref().and_then(|file| file.replaces.clone()),
        value_hash: value.map(|value| value.keyed_hash(salt.as_bytes()).as_str().to_owned()),
        salt,
        known_ids: known(plan, namesakes),
        retires: plan.replaces.as_ref().map(|old| old.retires.clone()),
        regions: None,
    })
}

/// Makes sure that nobody else is rotating the key or has changed it. Others see the entry by now.
fn check_alone(
    old: &Old<'_>,
    namesakes: &[Found],
    run: &Run,
    journal: &Journal,
    session: &Session,
) -> Result<()> {
    let subject = session.subject(&old.key.name);
    let is_same =
        |other: &Begun| other.retires.as_ref().is_some_and(|its| its.id == old.retires.id);
    if run.entry.as_ref().is_some_and(|entry| journal.is_rivalled(entry, is_same)) {
        let message = format!("{subject} is being rotated by another process.");
        return Err(Error::new(ErrorKind::Conflict, message)
            .hint("Nothing was changed; look at the keys when it has ended."));
    }
    let is_other = |found: &&Found| found.key.id != old.key.id && found.state.is_current();
    if let Some(other) = namesakes.iter().find(is_other).filter(|_| old.is_by_name) {
        let message = format!("Another key of that name was made meanwhile ({}).", other.key.id);
        return Err(Error::new(
            ErrorKind::Conflict,
            format!("{subject} was not rotated. {message}"),
        )
        .hint("Another machine may be rotating it; look at the keys, then repeat the command."));
    }
    let now = session.keys().get(&old.key.id, Detail::default());
    let now = now.map_err(|error| session.told(error, &subject))?.key;
    if now.locked {
        return Err(locked(session, &subject, &now));
    }
    if now.entity_tag != old.key.entity_tag {
        return Err(conflict(session, Condition::Conflict.into(), &subject, old.key, &now));
    }
    Ok(())
}

fn no_randomness(error: impl Display) -> Error {
    Error::failure(format!("The operating system gave no random bytes: {error}."))
}
