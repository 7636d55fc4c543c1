//! Several keys rotated by one command: everything is looked at before anything is made, one question is asked for all of
//! them, and then each is rotated as if alone, several at once.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::files::{self, Files};
use super::items::{Item, Stage, check_room, find, name_files, row};
use super::one::{carry_out, check_ability, check_terms, place, prepare, take_up};
use super::prepared::{Broken, Done, Prepared};
use super::request::{One, Request, Terms};
use super::{checks, report};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{ApiKey, ApiKeyId, KeyRef, Timestamp, in_largest_unit};
use crate::ops::act::{Became, Failed, Report, Row};
use crate::ops::once::{self, is_acting};
use crate::ops::resolve::{Found, Listing};
use crate::ops::{agree, announce, counted, facts};
use crate::session::{Session, Twin};
use crate::settings::Settings;
use crate::side_by_side::side_by_side;
use crate::systems::{Facts, Keys};
use crate::text::{capitalised, escape};
use crate::ui::{Manner, Said, Ui};

/// A request about several keys, checked before anybody logs in.
#[derive(Debug)]
pub(super) struct Ready {
    request: Request,
    report: Report,
}

/// Checks what can be checked before anybody logs in.
pub(super) fn ready(
    request: Request,
    facts: &'static Facts,
    settings: &Settings,
    ui: &Ui,
) -> Result<Ready> {
    let Request { keys, older_than, file, files, terms, .. } = &request;
    if keys.is_empty() && older_than.is_none() {
        return Err(Error::usage(format!("No {} is named.", facts.noun))
            .hint("The key comes first, then the service ID."));
    }
    if older_than.is_some() && !keys.is_empty() {
        return Err(Error::usage("Keys are named, or chosen with '--older-than', and not both.")
            .hint("Leave out '--older-than', or the names."));
    }
    if file.is_some() {
        return Err(Error::usage("'--file' is for one key, and several would need one each.")
            .hint("Say '--files DIR': each new key is written to a file of its own there."));
    }
    match files {
        Some(directory) => files::check(directory)?,
        None if terms.dry_run => {}
        None => {
            let message = "It must be said where the values of several new keys go.";
            return Err(Error::usage(message)
                .hint("Say '--files DIR': each new key is written to a file of its own there."));
        }
    }
    check_terms(*terms, settings, ui)?;
    let rows = keys.iter().map(|named| Row::named(named).replaced(None)).collect();
    let bulk = older_than.is_some();
    let report = Report::begin("rotated", false, rows, bulk, facts.noun, ui);
    Ok(Ready { request, report })
}

/// Runs `api-key-rotate` over several keys.
pub(super) fn run(ready: &Ready, session: &mut Session) -> Result<()> {
    let Ready { request, report } = ready;
    let (terms, now) = (request.terms, session.now()?);
    check_ability(terms, session.keys()).map_err(|error| session.told(error, ""))?;
    let noun = session.facts().noun;
    if let Some(age) = request.older_than {
        announce("Rotating", &format!("the active {noun}s{}", older_than(age)), session);
    }
    let found = find(request, now, session).and_then(|(items, listing)| {
        report.found(items.iter().map(row).collect());
        Ok((looked_at(items, &listing, request, now, session)?, listing))
    });
    let (mut items, listing) = found.map_err(|error| {
        report.write(session);
        report.stopped(error)
    })?;
    report.found(items.iter().map(row).collect());
    if items.is_empty() {
        let age = request.older_than.map(older_than).unwrap_or_default();
        session.ui.ok();
        session.ui.result(&format!("No active {noun}s{age} found"));
        report.write(session);
        return Ok(());
    }
    let used = tell(&items, terms, now, session);
    let waiting = items.iter().filter(|item| !matches!(item.stage, Stage::Failed(_))).count();
    if terms.asks() && waiting > 0 {
        let what = if waiting == 1 { "this" } else { &format!("these {waiting}") };
        let s = if waiting == 1 { "" } else { "s" };
        agree(&format!("Are you sure you want to rotate {what} {noun}{s}?"), session)?;
    }
    // Without the key that is the credential in use no other one can be rotated.
    let acting = session.acting_key().ok().flatten();
    let is_acting =
        |item: &Item| item.old.as_ref().is_some_and(|old| Some(&old.id) == acting.as_ref());
    items.sort_by_key(is_acting);
    report.found(items.iter().map(row).collect());
    let others = items.iter().position(is_acting).unwrap_or(items.len());
    rotate(items, others, (&used, &listing), ready, session)
}

/// Rotates each, and tells what came of it. Those from `others` on wait for all before them.
fn rotate(
    items: Vec<Item>,
    others: usize,
    (used, listing): (&[ApiKeyId], &Listing),
    ready: &Ready,
    session: &mut Session,
) -> Result<()> {
    let Ready { request: Request { terms, jobs, .. }, report } = ready;
    let (terms, now, count) = (*terms, session.now()?, items.len());
    let (twin, manner, jobs) = (session.twin(), session.ui.manner(), session.jobs(*jobs));
    let told: Vec<(One, String, Option<ApiKey>)> =
        items.iter().map(|item| (item.one.clone(), item.label.clone(), item.old.clone())).collect();
    let spared: Arc<[ApiKeyId]> =
        told.iter().filter_map(|(_, _, old)| Some(old.as_ref()?.id.clone())).collect();
    let items: Vec<Mutex<Item>> = items.into_iter().map(Mutex::new).collect();
    // Keys of one name take turns: the new key of one would look like a rival to another. Each knows which there are.
    let names = told.iter().filter_map(|(_, _, old)| Some(&*old.as_ref()?.name));
    let mut turns: HashMap<&str, Mutex<Vec<ApiKeyId>>> =
        names.map(|name| (name, Mutex::default())).collect();
    for Found { key, .. } in listing.all() {
        if let Some(known) = turns.get_mut(&*key.name) {
            known.get_mut().unwrap_or_else(PoisonError::into_inner).push(key.id.clone());
        }
    }
    let work = |_: &dyn Keys, index: usize| {
        let turn = told[index].2.as_ref().and_then(|old| turns.get(&*old.name));
        let mut turn = turn.map(|turn| turn.lock().unwrap_or_else(PoisonError::into_inner));
        let mut item = items[index].lock().unwrap_or_else(PoisonError::into_inner);
        let stage = std::mem::replace(&mut item.stage, Stage::UnderWay);
        if let Stage::Failed(error) = stage {
            return (Err(error), None, Vec::new());
        }
        if terms.dry_run {
            return (Ok(Outcome::Planned(stage)), None, Vec::new());
        }
        // A signal after this may come too late to stop it.
        report.set(index, Became::Uncertain);
        let one = &item.one;
        let beside = turn.as_deref().cloned();
        let (done, said) = twin.run(manner, |session| match stage {
            Stage::Prepared(prepared) => {
                let spared = Arc::clone(&spared);
                carry_out(Prepared { beside, spared, ..*prepared }, session)
            }
            _ => take_up(one, now, session),
        });
        let (done, new) = match done {
            Ok(done) => {
                let new = done.run.id();
                (Ok(Outcome::Done(Box::new(done))), new)
            }
            Err(Broken { error, new }) => (Err(error), new),
        };
        if let Some(turn) = &mut turn {
            turn.extend(new.clone());
        }
        (done, new, said)
    };
    let (mut any_tokens, mut any_end) = (false, false);
    let mut finish = |index: usize, (done, new, said): Worked, session: &mut Session| {
        let (one, label, old) = &told[index];
        announce("Rotating", &session.entity(label), session);
        session.ui.say(said);
        report.replaced(index, new.as_ref());
        let done = match done? {
            Outcome::Done(done) => done,
            Outcome::Planned(stage) => return plan(&stage, index, report, session),
        };
        any_end |= done.has_end();
        any_tokens |= done.disables() && old.as_ref().is_some_and(|old| used.contains(&old.id));
        if session.ui.manner().json {
            if done.is_taken_up {
                report::check_finished(&done.run, one, session)?;
            }
        } else {
            report::say(&done, one, now, session)?;
        }
        done.run.check_alone(session)?;
        report.set(index, Became::Done);
        Ok(())
    };
    let mut failed = Failed::default();
    failed.go_on(report, (0..others, jobs), session, &work, &mut finish);
    failed.go_on(report, (others..count, 1), session, &work, &mut finish);
    if any_tokens {
        facts::warn_of_tokens_of("them", session);
    }
    if any_end {
        once::warn_of_clock(session);
    }
    failed.end(report, count, session)
}

/// What came of one, its new key if that is in its place, and what was said of it.
type Worked = (Result<Outcome>, Option<ApiKeyId>, Vec<Said>);

enum Outcome {
    Done(Box<Done>),
    Planned(Stage),
}

/// Says what would be done to one.
fn plan(stage: &Stage, index: usize, report: &Report, session: &mut Session) -> Result<()> {
    report.set(index, Became::Planned);
    let Stage::Prepared(prepared) = stage else { return Ok(()) };
    if !session.ui.manner().json {
        let purge = prepared.one.terms.purge;
        let left = purge.then(|| checks::phased_out_beside(&prepared.old, prepared.now, session));
        report::dry_run(prepared, &left.transpose()?.unwrap_or_default(), session);
    }
    Ok(())
}

/// Words an age, such as ` older than 2 days`.
fn older_than(age: Duration) -> String {
    let (number, unit) = in_largest_unit(age);
    format!(" older than {}", counted(number, unit))
}

/// Looks at everything that keeps one of them from being rotated. What is wrong with a file, or with all of them, ends the
/// command before anything is changed.
fn looked_at(
    mut items: Vec<Item>,
    listing: &Listing,
    request: &Request,
    now: Timestamp,
    session: &mut Session,
) -> Result<Vec<Item>> {
    if let Some(directory) = &request.files {
        name_files(&mut items, &Files::find(directory)?, session)?;
    }
    check_room(&items, listing, request.terms, session)?;
    if let Some(old) = items.iter().find_map(|item| item.old.as_ref()) {
        // From now on it is known.
        is_acting(&old.id, session)?;
    }
    let (twin, manner) = (session.twin(), session.ui.manner());
    let jobs = session.jobs(request.jobs);
    let work = |index: usize| look(&items[index], now, &twin, manner);
    let noun = session.facts().noun;
    session.ui.working(&format!("Looking at {noun}s"), Some(items.len()));
    let mut stages = Vec::new();
    let mut failed = None;
    side_by_side(jobs, items.len(), &|| true, &work, &mut |index, (stage, said)| {
        session.ui.say(said);
        session.ui.reach(index + 1);
        match stage {
            Some(Stage::Failed(error))
                if error.kind.ends_all() || error.kind == ErrorKind::Destination =>
            {
                failed.get_or_insert(error);
                return ControlFlow::Break(());
            }
            stage => stages.push(stage),
        }
        ControlFlow::Continue(())
    });
    session.ui.done();
    if let Some(error) = failed {
        return Err(error);
    }
    for (item, stage) in items.iter_mut().zip(stages) {
        if let Some(stage) = stage {
            item.stage = stage;
        }
    }
    Ok(items)
}

/// Looks at one that was found; `None` for another.
fn look(
    item: &Item,
    now: Timestamp,
    twin: &Twin<'_>,
    manner: Manner,
) -> (Option<Stage>, Vec<Said>) {
    let Stage::Found(found) = &item.stage else { return (None, Vec::new()) };
    let (prepared, said) = twin.run(manner, |session| {
        let destination = place(item.one.file.as_deref(), item.one.terms, session)?;
        prepare(&item.one, found.clone(), destination, now, session)
    });
    let stage = prepared.map_or_else(Stage::Failed, |ready| Stage::Prepared(Box::new(ready)));
    (Some(stage), said)
}

/// Tells what is going to be rotated; returns the keys with which tokens may have been issued.
fn tell(items: &[Item], terms: Terms, now: Timestamp, session: &mut Session) -> Vec<ApiKeyId> {
    if terms.dry_run {
        return Vec::new();
    }
    let prepared = |item: &Item| matches!(item.stage, Stage::Prepared(_));
    let keys: Vec<&ApiKey> =
        items.iter().filter(|item| prepared(item)).filter_map(|item| item.old.as_ref()).collect();
    let used = facts::tell_each(&keys, terms.asks(), now, session);
    for item in items.iter().filter(|item| matches!(item.stage, Stage::Interrupted)) {
        let KeyRef::Id(id) = &item.one.key else { continue };
        let noun = capitalised(session.facts().noun);
        let line =
            format!("{noun} '{}' ({id}): its rotation was interrupted.", escape(&item.label));
        if terms.asks() { session.ui.result(&line) } else { session.ui.warn(&line) }
    }
    used
}
