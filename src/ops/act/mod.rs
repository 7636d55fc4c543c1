//! What delete, lock, unlock, disable and enable have in common: several keys, one question, an outcome for each key.

mod report;
mod verb;

use crate::error::{Error, ErrorKind, Result};
use crate::model::{ApiKey, Detail, KeyRef};
use crate::ops::{announce, conflict, facts, locked, once, resolve};
use crate::session::Session;
use crate::systems::{Condition, Facts};
use crate::text::{capitalised, escape};
use crate::ui::{Ui, nobody_answers};

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
    let Request { keys, force, dry_run } = request;
    Ready::new(verb, keys, Mode { force, dry_run, ..Mode::default() }, facts, ui)
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
    if !several {
        announce(verb.doing, &session.entity(&items[0].named), session);
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
    let count = items.len();
    let failed = each(report, count, several, session, &mut |index, session| {
        let item = &mut items[index];
        let known = match item.known.take() {
            None if mode.dry_run => Some(Ok(Became::Planned)),
            known => known,
        };
        if known.is_none() {
            // A signal after the announcement may come too late to stop it.
            report.set(index, Became::Uncertain);
        }
        let entity = session.entity(&item.named);
        if several {
            announce(verb.doing, &entity, session);
        }
        let became = known.unwrap_or_else(|| act(verb, item, mode, session))?;
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
pub(in crate::ops) struct Failed {
    failures: Vec<ErrorKind>,
    /// What ended it before anything was changed.
    stopped: Option<Error>,
}

/// Does `one` to each of several, until a failure that all others would meet too.
pub(in crate::ops) fn each(
    report: &Report,
    count: usize,
    several: bool,
    session: &mut Session,
    one: &mut dyn FnMut(usize, &mut Session) -> Result<()>,
) -> Result<Failed> {
    let mut ended = Failed { failures: Vec::new(), stopped: None };
    for index in 0..count {
        match one(index, session) {
            Ok(()) => {}
            Err(error) if !several => return Err(error),
            Err(mut error) => {
                report.fail(index, &error);
                let stops = ends_all(error.kind);
                if stops && !report.may_have_changed() {
                    ended.stopped = Some(error);
                    break;
                }
                ended.failures.push(error.kind);
                if stops {
                    // The hint says that nothing was changed, but earlier items were.
                    error.hint = None;
                }
                session.ui.item_failed(&error);
                if stops {
                    break;
                }
            }
        }
        // A signal would lose what is still buffered.
        session.ui.flush();
    }
    Ok(ended)
}

impl Failed {
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

/// Tells whether every other one would fail in the same way.
pub(in crate::ops) fn ends_all(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::NotLoggedIn | ErrorKind::Unavailable)
}

/// Makes an item of a key that a filter chose.
pub fn item(verb: &Verb, key: ApiKey, session: &Session) -> Item {
    let named = KeyRef::Id(key.id.clone());
    let known = (verb.stopped_by_lock && key.locked)
        .then(|| Err(locked(session, &session.subject(&named), &key)));
    Item { named, key: Some(key), known }
}

/// Finds the keys that are meant, each once.
fn resolve_all(ready: &Ready, session: &Session) -> Result<Vec<Item>> {
    let Ready { verb, keys, mode, .. } = ready;
    let now = session.now()?;
    let mut items: Vec<Item> = Vec::new();
    for named in keys {
        let mut item = Item { named: named.clone(), key: None, known: None };
        match resolve::one(session, named, verb.meaning, now) {
            Ok(found) => {
                let known =
                    |item: &Item| item.key.as_ref().is_some_and(|key| key.id == found.key.id);
                if items.iter().any(known) {
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
            Err(error) if ends_all(error.kind) || error.kind == ErrorKind::Failure => {
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

fn act(verb: &Verb, item: &Item, mode: Mode, session: &mut Session) -> Result<Became> {
    let subject = session.subject(&item.named);
    let Some(key) = &item.key else {
        return Err(session.told(Condition::NotFound.into(), &subject));
    };
    if verb.ends_it {
        once::wait_before_deletion(&key.id, session)?;
    }
    let keys = session.keys();
    match (verb.act)(keys, &key.id) {
        Ok(()) => Ok(Became::Done),
        Err(error) if mode.ignore_missing && error.condition == Condition::NotFound => {
            Ok(Became::Missing)
        }
        // Somebody else changed the key. The key as it is now tells what the conflict is about.
        Err(error) if matches!(error.condition, Condition::Conflict | Condition::Locked) => {
            let now = match keys.get(&key.id, Detail::default()) {
                Err(error) if verb.ends_it && error.condition == Condition::NotFound => {
                    return Ok(Became::Done);
                }
                now => now.map_err(|error| session.told(error, &subject))?.key,
            };
            if (verb.already)(&now) {
                Ok(Became::Unchanged)
            } else if verb.stopped_by_lock && now.locked || error.condition == Condition::Locked {
                Err(locked(session, &subject, &now))
            } else {
                Err(conflict(session, error, &subject, key, &now))
            }
        }
        Err(error) => Err(session.told(error, &subject)),
    }
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
