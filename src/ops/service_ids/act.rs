//! Deletes, locks and unlocks service IDs: several at once, one question, an outcome for each.

use std::ops::ControlFlow;

use super::{SERVICE_ID, conflict, entity, facts, find, locked, service_ids, subject, told_of};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Detail, GroupRef, ServiceChoice, ServiceId, ServiceRef, ServiceUuid};
use crate::ops::act::{Became, Report, Row, each, tell};
use crate::ops::announce;
use crate::session::Session;
use crate::side_by_side::side_by_side;
use crate::systems::{Condition, Keys, ServiceIds, SystemError};
use crate::text::escape;
use crate::ui::{Ui, nobody_answers};

/// A verb: its words and what it does.
#[derive(Debug)]
pub struct Verb {
    doing: &'static str,
    to_do: &'static str,
    done: &'static str,
    /// Whether the service ID and its keys are gone afterwards. Then a lock on it or on one of them stops the verb.
    ends_it: bool,
    already: fn(&ServiceId) -> bool,
    act: fn(&dyn ServiceIds, &ServiceUuid) -> std::result::Result<(), SystemError>,
}

/// Deletes service IDs with their keys.
pub static DELETE: Verb = Verb {
    doing: "Deleting",
    to_do: "delete",
    done: "deleted",
    ends_it: true,
    already: |_| false,
    act: |ids, id| ids.delete_service_id(id),
};

/// Locks service IDs.
pub static LOCK: Verb = Verb {
    doing: "Locking",
    to_do: "lock",
    done: "locked",
    ends_it: false,
    already: |found| found.locked,
    act: |ids, id| ids.set_service_id_locked(id, true),
};

/// Unlocks service IDs.
pub static UNLOCK: Verb = Verb {
    doing: "Unlocking",
    to_do: "unlock",
    done: "unlocked",
    already: |found| !found.locked,
    act: |ids, id| ids.set_service_id_locked(id, false),
    ..LOCK
};

/// What is asked for.
#[derive(Debug, Default)]
pub struct Request {
    /// Which service IDs.
    pub service_ids: Vec<ServiceRef>,
    /// The group in which names are looked for; every group when absent.
    pub group: Option<GroupRef>,
    /// Whether to go on without confirmation.
    pub force: bool,
    /// Whether only to show what would be done.
    pub dry_run: bool,
    /// Whether a missing service ID is no failure.
    pub ignore_missing: bool,
    /// How many requests are under way at once; 16 when absent.
    pub jobs: Option<u8>,
}

impl Request {
    fn asks(&self) -> bool {
        !self.force && !self.dry_run
    }
}

/// A verb over several service IDs, checked before anybody logs in.
#[derive(Debug)]
pub struct Ready {
    verb: &'static Verb,
    request: Request,
    report: Report,
}

/// Refuses a question that nobody can answer. From now on a signal tells how far the work is.
pub fn ready(verb: &'static Verb, request: Request, ui: &Ui) -> Result<Ready> {
    if request.asks() && ui.manner().json {
        return Err(nobody_answers(
            "JSON output asks no questions, and this command needs a confirmation.",
        ));
    }
    let rows = request.service_ids.iter().map(Row::named).collect();
    let report = Report::begin(verb.done, verb.ends_it, rows, false, SERVICE_ID.noun, ui);
    Ok(Ready { verb, request, report })
}

/// An argument, and the service ID that it means.
struct Item {
    named: ServiceRef,
    found: Option<ServiceId>,
    /// The outcome, where it is known before anything is done.
    known: Option<Result<Became>>,
}

/// Runs a verb over service IDs.
pub fn run(ready: &Ready, session: &mut Session) -> Result<()> {
    let Ready { verb, request, report } = ready;
    service_ids(session)?;
    let mut items = match resolve(ready, session) {
        Ok(items) => items,
        Err(error) if request.service_ids.len() == 1 => return Err(error),
        Err(error) => {
            report.write(session);
            return Err(report.stopped(error));
        }
    };
    let several = items.len() > 1;
    report.found(items.iter().map(row).collect());
    if !several {
        announce(verb.doing, &entity(&items[0].named, SERVICE_ID, session), session);
    }
    if verb.ends_it {
        look_at_keys(&mut items, request, session)?;
    }
    let waiting: Vec<&Item> = items.iter().filter(|item| item.known.is_none()).collect();
    if request.asks() && !waiting.is_empty() && !agreed(verb, &waiting, session)? {
        return Err(Error::new(ErrorKind::Cancelled, "Cancelled; nothing was changed."));
    }
    let mut known: Vec<Option<Result<Became>>> = items
        .iter_mut()
        .map(|item| match item.known.take() {
            None if request.dry_run => Some(Ok(Became::Planned)),
            known => known,
        })
        .collect();
    let is_known: Vec<bool> = known.iter().map(Option::is_some).collect();
    let (count, jobs) = (items.len(), session.jobs(request.jobs));
    let (twin, manner) = (session.twin(), session.ui.manner());
    let work = |_: &dyn Keys, index: usize| {
        (!is_known[index]).then(|| {
            // A signal after this may come too late to stop it.
            report.set(index, Became::Uncertain);
            twin.run(manner, |session| act(ready, &items[index], session)).0
        })
    };
    let failed =
        each(report, (count, jobs), several, session, &work, &mut |index, acted, session| {
            let entity = entity(&items[index].named, SERVICE_ID, session);
            if several {
                announce(verb.doing, &entity, session);
            }
            let Some(became) = known[index].take().or(acted) else { return Ok(()) };
            let became = became?;
            report.set(index, became);
            tell(verb.done, &entity, became, session);
            Ok(())
        })?;
    failed.end(report, count, session)
}

fn row(item: &Item) -> Row {
    let found = item.found.as_ref().map(|found| Row::found(&found.id, &found.name));
    found.unwrap_or_else(|| Row::named(&item.named))
}

/// Finds the service IDs that are meant, each once.
fn resolve(ready: &Ready, session: &Session) -> Result<Vec<Item>> {
    let Ready { verb, request, .. } = ready;
    let mut items: Vec<Item> = Vec::new();
    let (twin, manner, jobs) = (session.twin(), session.ui.manner(), session.jobs(request.jobs));
    let look = |index: usize| {
        let (named, group) = (request.service_ids[index].clone(), request.group.clone());
        twin.run(manner, |session| find(session, &ServiceChoice { named, group })).0
    };
    let mut all = Vec::new();
    side_by_side(jobs, request.service_ids.len(), &|| true, &look, &mut |_, found| {
        let ends = found.as_ref().is_err_and(|error| error.kind.ends_all());
        all.push(found);
        if ends { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    for (named, found) in request.service_ids.iter().zip(all) {
        let mut item = Item { named: named.clone(), found: None, known: None };
        match found {
            Ok(found) => {
                let is_it = |item: &Item| item.found.as_ref().is_some_and(|it| it.id == found.id);
                if items.iter().any(is_it) {
                    // It was named twice.
                    continue;
                }
                if (verb.already)(&found) {
                    item.known = Some(Ok(Became::Unchanged));
                } else if verb.ends_it && found.locked {
                    item.known = Some(Err(locked(&subject(named, SERVICE_ID), &found, session)));
                }
                item.found = Some(found);
            }
            Err(error) if error.kind.ends_all() || error.kind == ErrorKind::Failure => {
                return Err(error);
            }
            Err(error) if request.ignore_missing && error.kind == ErrorKind::NotFound => {
                item.known = Some(Ok(Became::Missing));
            }
            Err(error) => item.known = Some(Err(error)),
        }
        items.push(item);
    }
    Ok(items)
}

/// Tells of the keys that go with service IDs. One that is locked keeps its service ID.
fn look_at_keys(items: &mut [Item], request: &Request, session: &mut Session) -> Result<()> {
    let now = session.now()?;
    let (twin, manner, jobs) = (session.twin(), session.ui.manner(), session.jobs(request.jobs));
    let look = |index: usize| {
        let found = items[index].found.as_ref().filter(|_| items[index].known.is_none())?;
        Some(twin.run(manner, |session| facts::keys_of(found, session)).0)
    };
    let mut all = Vec::new();
    side_by_side(jobs, items.len(), &|| true, &look, &mut |_, keys| {
        let fails = keys.as_ref().is_some_and(Result::is_err);
        all.push(keys);
        if fails { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    for (item, keys) in items.iter_mut().zip(all) {
        let (Some(found), Some(keys)) = (&item.found, keys.transpose()?) else { continue };
        if let Some(error) = facts::locked_key(found, &keys, session) {
            item.known = Some(Err(error));
        } else if !request.dry_run {
            facts::tell(found, &keys, request.asks(), now, session);
        }
    }
    Ok(())
}

/// Asks about the service IDs that will change. Several are listed first; the question itself is one line.
fn agreed(verb: &Verb, waiting: &[&Item], session: &mut Session) -> Result<bool> {
    let both = |found: &ServiceId| format!("'{}' ({})", escape(&found.name), found.id);
    let name = |item: &&Item| item.found.as_ref().map(both).unwrap_or_default();
    let what = match waiting {
        [only] if matches!(only.named, ServiceRef::Name(_)) => subject(&only.named, SERVICE_ID),
        [only] => format!("{} {}", SERVICE_ID.noun, name(only)),
        several => {
            // Before a deletion each was told of already.
            for item in several.iter().filter(|_| !verb.ends_it) {
                session.ui.result(&format!("   {}", name(item)));
            }
            format!("these {} {}s", several.len(), SERVICE_ID.noun)
        }
    };
    session.ui.confirm(&format!("Are you sure you want to {} {what}?", verb.to_do))
}

fn act(ready: &Ready, item: &Item, session: &Session) -> Result<Became> {
    let Ready { verb, request, .. } = ready;
    let named = &item.named;
    let of = |error| told_of(error, named, SERVICE_ID, session);
    let Some(seen) = &item.found else { return Err(of(Condition::NotFound.into())) };
    let ids = service_ids(session)?;
    match (verb.act)(ids, &seen.id) {
        Ok(()) => Ok(Became::Done),
        Err(error) if request.ignore_missing && error.condition == Condition::NotFound => {
            Ok(Became::Missing)
        }
        // Somebody else changed it. As it is now, it tells what the conflict is about.
        Err(error) if matches!(error.condition, Condition::Conflict | Condition::Locked) => {
            let now = match ids.get_service_id(&seen.id, Detail::default()) {
                Err(error) if verb.ends_it && error.condition == Condition::NotFound => {
                    return Ok(Became::Done);
                }
                now => now.map_err(of)?.service_id,
            };
            if (verb.already)(&now) {
                return Ok(Became::Unchanged);
            }
            let subject = subject(named, SERVICE_ID);
            if now.locked {
                return Err(locked(&subject, &now, session));
            }
            let keys = if verb.ends_it { facts::keys_of(&now, session)? } else { Vec::new() };
            Err(facts::locked_key(&now, &keys, session).unwrap_or_else(|| {
                conflict(error, &subject, seen, &seen.entity_tag, &now, session)
            }))
        }
        Err(error) => Err(of(error)),
    }
}
