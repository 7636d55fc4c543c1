//! What delete, lock, unlock, disable and enable have in common: several keys, one question, an outcome for each key.

mod acted;
mod report;
mod verb;

use std::collections::HashSet;
use std::ops::{ControlFlow, Range};

use crate::error::{Error, ErrorKind, Result};
use crate::model::{ApiKey, ApiKeyId, KeyRef};
use crate::ops::resolve::Listing;
use crate::ops::{announce, facts, locked, once, resolve};
use crate::session::Session;
use crate::side_by_side::side_by_side;
use crate::systems::{Condition, Facts, Keys};
use crate::text::{capitalised, escape};
use crate::ui::{Ui, interrupt, nobody_answers};

use self::acted::{Acted, judge};
pub use report::Report;
pub(in crate::ops) use report::Row;
pub(in crate::ops) use verb::Became;
pub use verb::{Item, Mode, Request, Verb};

/// A verb over several keys, checked before anybody logs in.
#[derive(Debug)]
pub struct Ready {
    verb: &'static Verb,
    /// The keys as they were named.
    pub(super) keys: Vec<KeyRef>,
    pub(super) mode: Mode,
    pub(super) report: Report,
}

impl Ready {
    /// Refuses a question that nobody can answer. From now on a signal tells how far the work is.
    pub(super) fn new(
        verb: &'static Verb,
        keys: Vec<KeyRef>,
        mode: Mode,
        facts: &'static Facts,
        ui: &Ui,
    ) -> Result<Self> {
        if mode.asks() && ui.manner().json {
            return Err(nobody_answers(
                "JSON output asks no questions, and this command needs a confirmation.",
            ));
        }
        if mode.asks() && mode.counted && !ui.can_ask() {
            return Err(nobody_answers(&format!(
                "Nobody can type the number of {}s here, and this command needs it.",
                facts.noun
            )));
        }
        if keys.is_empty() && !mode.bulk {
            return Err(Error::usage(format!("No {} is named.", facts.noun))
                .hint("The key comes first, then the service ID."));
        }
        let named = if mode.bulk { &[] } else { &*keys };
        let rows = named.iter().map(Row::named).collect();
        let report = Report::begin(verb.done, verb.ends_it, rows, mode.bulk, facts.noun, ui);
        Ok(Self { verb, keys, mode, report })
    }

    /// Refuses a verb for which the system lacks the ability.
    pub(super) fn check(&self, session: &Session) -> Result<()> {
        (self.verb.check)(session.keys()).map_err(|error| session.told(error, ""))
    }
}

/// Checks what can be checked before anybody logs in.
pub fn ready(
    verb: &'static Verb,
    request: Request,
    facts: &'static Facts,
    ui: &Ui,
) -> Result<Ready> {
    let Request { keys, force, dry_run, jobs } = request;
    Ready::new(verb, keys, Mode { force, dry_run, jobs, ..Mode::default() }, facts, ui)
}

/// Runs a verb over the keys that were named one by one.
pub fn run(ready: &Ready, session: &mut Session) -> Result<()> {
    ready.check(session)?;
    match resolve_all(ready, session) {
        Ok(items) => carry_out(ready, items, session),
        Err(error) if ready.keys.len() == 1 => Err(error),
        Err(error) => {
            ready.report.write(session);
            Err(ready.report.stopped(error))
        }
    }
}

/// Asks, and does it to every item.
pub fn carry_out(ready: &Ready, mut items: Vec<Item>, session: &mut Session) -> Result<()> {
    let Ready { verb, mode, report, .. } = ready;
    let mode = *mode;
    let now = session.now()?;
    let several = items.len() > 1 || mode.bulk;
    report.found(items.iter().map(row).collect());
    // A filter chose them, and nothing else tells in a dry run what they are called.
    let label = |item: &Item| match &item.key {
        Some(key) if mode.bulk && mode.dry_run => format!("{} ({})", key.name, key.id),
        _ => item.named.to_string(),
    };
    if !several {
        announce(verb.doing, &session.entity(label(&items[0])), session);
    }
    let waiting: Vec<&Item> = items.iter().filter(|item| item.known.is_none()).collect();
    let mut used = Vec::new();
    if !mode.dry_run {
        let keys: Vec<&ApiKey> = waiting.iter().filter_map(|item| item.key.as_ref()).collect();
        if verb.ends_use {
            used = facts::tell_each(&keys, mode.asks(), now, session);
        } else {
            facts::tell_managed(&keys, mode.asks(), session);
        }
    }
    if mode.asks() && !waiting.is_empty() && !agreed(verb, &waiting, mode, session)? {
        return Err(Error::new(ErrorKind::Cancelled, "Cancelled; nothing was changed."));
    }
    let mut known: Vec<Option<Result<Became>>> = items
        .iter_mut()
        .map(|item| match item.known.take() {
            None if mode.dry_run => Some(Ok(Became::Planned)),
            known => known,
        })
        .collect();
    // What is to be done, where it is not known what became of it.
    let to_do = |(item, known): (&Item, &Option<_>)| {
        item.key.as_ref().filter(|_| known.is_none()).map(|key| key.id.clone())
    };
    let to_do: Vec<Option<ApiKeyId>> = items.iter().zip(&known).map(to_do).collect();
    if verb.ends_it {
        for id in to_do.iter().flatten() {
            once::wait_before_deletion(id, session)?;
        }
    }
    let (count, jobs) = (items.len(), session.jobs(mode.jobs));
    let work = |keys: &dyn Keys, index: usize| {
        to_do[index].as_ref().map(|id| {
            // A signal after this may come too late to stop it.
            report.set(index, Became::Uncertain);
            Acted::on(id, verb, keys)
        })
    };
    let failed =
        each(report, (count, jobs), several, session, &work, &mut |index, acted, session| {
            let item = &items[index];
            let entity = session.entity(label(item));
            if several {
                announce(verb.doing, &entity, session);
            }
            let became = match (known[index].take(), acted) {
                (Some(known), _) => known,
                (None, Some(acted)) => judge(verb, item, acted, mode, session),
                (None, None) => {
                    let subject = session.subject(&item.named);
                    Err(session.told(Condition::NotFound.into(), &subject))
                }
            }?;
            report.set(index, became);
            tell(verb.done, &entity, became, session);
            Ok(())
        })?;
    let has_tokens = |(index, item): (usize, &Item)| {
        report.is_done(index) && item.key.as_ref().is_some_and(|key| used.contains(&key.id))
    };
    if items.iter().enumerate().any(has_tokens) {
        facts::warn_of_tokens_of(if several { "them" } else { "it" }, session);
    }
    failed.end(report, count, session)
}

/// How the work on several ended.
#[derive(Default)]
pub(in crate::ops) struct Failed {
    failures: Vec<ErrorKind>,
    /// Whether all others would meet the last failure too.
    is_over: bool,
    /// What ended it before anything was changed, or the failure of the only one.
    stopped: Option<Error>,
}

/// Does `work` to each of `count`, `jobs` at once, and tells each with `finish`, in order. A failure that all others would meet
/// too ends it, and so does a signal.
pub(in crate::ops) fn each<W: Send>(
    report: &Report,
    (count, jobs): (usize, usize),
    several: bool,
    session: &mut Session,
    work: &(dyn Fn(&dyn Keys, usize) -> W + Sync),
    finish: &mut dyn FnMut(usize, W, &mut Session) -> Result<()>,
) -> Result<Failed> {
    if !several {
        let done = work(&*session.shared_keys(), 0);
        return finish(0, done, session).map(|()| Failed::default());
    }
    let mut ended = Failed::default();
    ended.go_on(report, (0..count, jobs), session, work, finish);
    Ok(ended)
}

impl Failed {
    /// As [`each`], for a part of them, unless what went before ended it.
    pub(in crate::ops) fn go_on<W: Send>(
        &mut self,
        report: &Report,
        (part, jobs): (Range<usize>, usize),
        session: &mut Session,
        work: &(dyn Fn(&dyn Keys, usize) -> W + Sync),
        finish: &mut dyn FnMut(usize, W, &mut Session) -> Result<()>,
    ) {
        if self.is_over || part.is_empty() {
            return;
        }
        let keys = session.shared_keys();
        session.ui.working(&report.doing(), Some(part.end));
        let work = |index| work(&*keys, part.start + index);
        let may_go_on = || !interrupt::is_asked();
        interrupt::patiently(|| {
            side_by_side(jobs, part.len(), &may_go_on, &work, &mut |index, done| {
                let index = part.start + index;
                let finished = finish(index, done, session);
                let stops = finished.is_err_and(|error| self.add(index, error, report, session));
                self.is_over |= stops;
                session.ui.reach(index + 1);
                // A signal would lose what is still buffered.
                session.ui.flush();
                if stops { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            session.ui.done();
        });
    }

    /// Takes note of a failure. Tells whether all others would meet it too.
    fn add(
        &mut self,
        index: usize,
        mut error: Error,
        report: &Report,
        session: &mut Session,
    ) -> bool {
        let is_alike = report.fail(index, &error);
        let stops = error.kind.ends_all();
        if report.is_of_one() || stops && !report.may_have_changed() {
            self.stopped.get_or_insert(error);
            return true;
        }
        self.failures.push(error.kind);
        if stops {
            // The hint says that nothing was changed, but earlier items were.
            error.hint = None;
        }
        if is_alike {
            session.ui.failed_alike();
        } else {
            session.ui.item_failed(&error);
        }
        stops
    }

    /// Writes the report, and makes the error of the command.
    pub(in crate::ops) fn end(
        self,
        report: &Report,
        count: usize,
        session: &mut Session,
    ) -> Result<()> {
        report.write(session);
        if let Some(error) = self.stopped {
            return Err(report.stopped(error));
        }
        if self.failures.is_empty() {
            return Ok(());
        }
        // The command as a whole is not permitted when the service refused every item.
        let for_all = self.failures.len() == count
            && self.failures.iter().all(|kind| *kind == ErrorKind::NotPermitted);
        Err(report.some_failed(if for_all {
            ErrorKind::NotPermitted
        } else {
            ErrorKind::SomeFailed
        }))
    }
}

fn row(item: &Item) -> Row {
    let found = item.key.as_ref().map(|key| Row::found(&key.id, &key.name));
    found.unwrap_or_else(|| Row::named(&item.named))
}

/// Makes an item of a key that a filter chose.
pub fn item(verb: &Verb, key: ApiKey, session: &Session) -> Item {
    let named = KeyRef::Id(key.id.clone());
    let known = (verb.stopped_by_lock && key.locked)
        .then(|| Err(locked(session, &session.subject(&named), &key)));
    Item { named, key: Some(key), known }
}

/// Finds the keys that are meant, each once.
fn resolve_all(ready: &Ready, session: &mut Session) -> Result<Vec<Item>> {
    let Ready { verb, keys, mode, .. } = ready;
    let now = session.now()?;
    let mut items: Vec<Item> = Vec::new();
    let mut listing = (keys.len() > 1).then(|| Listing::new(session, now)).transpose()?;
    if let Some(listing) = &mut listing {
        listing.ask_for(keys, now, session.jobs(mode.jobs), session);
    }
    let mut known: HashSet<ApiKeyId> = HashSet::new();
    for named in keys {
        let mut item = Item { named: named.clone(), key: None, known: None };
        let found = match &listing {
            Some(listing) => listing.one(session, named, verb.meaning, now),
            None => resolve::one(session, named, verb.meaning, now),
        };
        match found {
            Ok(found) => {
                if !known.insert(found.key.id.clone()) {
                    // It was named twice.
                    continue;
                }
                if (verb.already)(&found.key) {
                    item.known = Some(Ok(Became::Unchanged));
                } else if verb.stopped_by_lock && found.key.locked {
                    item.known = Some(Err(locked(session, &session.subject(named), &found.key)));
                }
                item.key = Some(found.key);
            }
            Err(error) if error.kind.ends_all() || error.kind == ErrorKind::Failure => {
                return Err(error);
            }
            Err(error) if mode.ignore_missing && error.kind == ErrorKind::NotFound => {
                item.known = Some(Ok(Became::Missing));
            }
            Err(error) => item.known = Some(Err(error)),
        }
        items.push(item);
    }
    Ok(items)
}

/// Asks about the keys that will change. Several keys are listed first; the question itself is one line.
fn agreed(verb: &Verb, waiting: &[&Item], mode: Mode, session: &mut Session) -> Result<bool> {
    let noun = session.facts().noun;
    if mode.counted {
        let count = waiting.len();
        let what =
            if count == 1 { format!("this {noun}") } else { format!("these {count} {noun}s") };
        let question = format!("Type {count} to {} {what}", verb.to_do);
        return session.ui.confirm_by_number(&question, count);
    }
    let both = |key: &ApiKey| format!("'{}' ({})", escape(&key.name), key.id);
    let name = |item: &&Item| item.key.as_ref().map(both).unwrap_or_default();
    let what = match waiting {
        // A key that was named by its name is asked about by its name, so that the question fits into one row.
        [only] if matches!(only.named, KeyRef::Name(_)) => session.subject(&only.named),
        [only] => format!("{noun} {}", name(only)),
        several => {
            // Where the keys stop working, their use was listed already.
            for item in several.iter().filter(|_| !verb.ends_use) {
                session.ui.result(&format!("   {}", name(item)));
            }
            format!("these {} {noun}s", several.len())
        }
    };
    session.ui.confirm(&format!("Are you sure you want to {} {what}?", verb.to_do))
}

/// Tells what became of one; `done` is a participle, as in "deleted".
pub(in crate::ops) fn tell(done: &str, entity: &str, became: Became, session: &mut Session) {
    if became == Became::Planned {
        session.ui.result(&format!("Dry run: {entity} would be {done}"));
        return;
    }
    session.ui.ok();
    let what = match became {
        Became::Unchanged => "like that already",
        Became::Missing => "not there",
        _ => done,
    };
    session.ui.result(&format!("{} was {what}", capitalised(entity)));
}
