//! What delete, lock, unlock, disable and enable have in common: several keys, one question, one outcome each.

mod report;

use crate::cli::ActArgs;
use crate::context::Context;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{ApiKey, ApiKeyId, Detail, Identity, KeyRef};
use crate::ops::resolve::{self, Meaning};
use crate::ops::{conflict, facts, locked, progress_line, subject};
use crate::systems::{Backend, BackendError, Condition};
use crate::text::escape;
use crate::ui::nobody_answers;
use report::Became;

pub use report::Report;

/// A verb: its words and what it does.
pub struct Verb {
    /// "Deleting".
    pub doing: &'static str,
    /// "delete".
    pub to_do: &'static str,
    /// "deleted".
    pub done: &'static str,
    /// What a name means to it.
    pub meaning: Meaning,
    /// Whether a locked key stops it.
    pub stopped_by_lock: bool,
    /// Whether there is no key afterwards.
    pub ends_it: bool,
    /// Whether nothing is opened by the key afterwards, so that its users are worth a look before.
    pub ends_use: bool,
    /// Whether a key already is as it would be afterwards.
    pub already: fn(&ApiKey) -> bool,
    /// Does it.
    pub act: fn(&dyn Backend, &ApiKeyId) -> std::result::Result<(), BackendError>,
}

/// One argument, and the key that it means.
pub struct Item {
    named: KeyRef,
    key: Option<ApiKey>,
    /// What is known before anything is done; `None` where there is something to do.
    known: Option<Result<Became>>,
}

/// How a verb is run.
#[derive(Clone, Copy, Debug)]
pub struct Mode {
    /// Whether to go on without confirmation.
    pub force: bool,
    /// Whether to do nothing.
    pub dry_run: bool,
    /// Whether the number of keys must be typed, and not only `y`.
    pub counted: bool,
    /// Whether the keys were not named one by one, so that one which fails is one of several.
    pub bulk: bool,
    /// Whether a key that is not there is as it should be.
    pub ignore_missing: bool,
}

impl Mode {
    fn asks(self) -> bool {
        !self.force && !self.dry_run
    }
}

/// Refuses at once what would have to be asked where nobody can be.
pub fn refuse_question(mode: Mode, context: &Context) -> Result<()> {
    if mode.asks() && context.ui.manner().json {
        return Err(nobody_answers(
            "JSON output asks no questions, and this command needs a confirmation.",
        ));
    }
    if mode.asks() && mode.counted && !context.ui.can_ask() {
        return Err(nobody_answers(
            "Nobody can type the number of API keys here, and this command needs it.",
        ));
    }
    Ok(())
}

/// Runs a verb over its arguments.
pub fn run(verb: &'static Verb, args: &ActArgs, context: &mut Context) -> Result<()> {
    let mode = Mode {
        force: args.force.force,
        dry_run: args.dry_run.dry_run,
        counted: false,
        bulk: false,
        ignore_missing: false,
    };
    on_named(verb, &args.which.keys, mode, context)
}

/// Runs a verb over the keys that were named one by one.
pub fn on_named(
    verb: &'static Verb,
    keys: &[KeyRef],
    mode: Mode,
    context: &mut Context,
) -> Result<()> {
    refuse_question(mode, context)?;
    let report = Report::begin(verb, keys, mode.bulk, context);
    let identity = context.identity()?;
    match resolve_all(verb, keys, mode, context) {
        Ok(items) => carry_out(verb, items, mode, &identity, &report, context),
        Err(error) if keys.len() == 1 => Err(error),
        Err(error) => {
            report.write(context);
            Err(report.stopped(error))
        }
    }
}

/// Asks, and does it to every item.
pub fn carry_out(
    verb: &Verb,
    mut items: Vec<Item>,
    mode: Mode,
    identity: &Identity,
    report: &Report,
    context: &mut Context,
) -> Result<()> {
    let now = context.now()?;
    let several = items.len() > 1 || mode.bulk;
    report.found(&items);
    if !several {
        announce(verb, &items[0], identity, context);
    }
    let waiting: Vec<&Item> = items.iter().filter(|item| item.known.is_none()).collect();
    let mut used = Vec::new();
    if verb.ends_use && !mode.dry_run {
        let keys: Vec<&ApiKey> = waiting.iter().filter_map(|item| item.key.as_ref()).collect();
        used = facts::tell_each(&keys, mode.asks(), now, context);
    }
    if mode.asks() && !waiting.is_empty() && !agreed(verb, &waiting, mode, context)? {
        return Err(Error::new(ErrorKind::Cancelled, "Cancelled; nothing was changed."));
    }
    let mut failures = Vec::new();
    let mut stopped = None;
    for (index, item) in items.iter_mut().enumerate() {
        let known = match item.known.take() {
            None if mode.dry_run => Some(Ok(Became::Planned)),
            known => known,
        };
        if known.is_none() {
            // Before anything is said of it: what was announced may have been done.
            report.set(index, Became::Uncertain);
        }
        if several {
            announce(verb, item, identity, context);
        }
        match known.unwrap_or_else(|| act(verb, item, mode, context)) {
            Ok(became) => {
                report.set(index, became);
                tell(verb, item, became, context);
            }
            Err(error) if !several => return Err(error),
            Err(mut error) => {
                report.fail(index, &error);
                let stops = ends_all(error.kind);
                if stops && !report.may_have_changed() {
                    stopped = Some(error);
                    break;
                }
                failures.push(error.kind);
                if stops {
                    // What was done before stays done.
                    error.hint = None;
                }
                context.ui.item_failed(&error);
                if stops {
                    break;
                }
            }
        }
        // A signal ends the program without what is still to be said.
        context.ui.flush();
    }
    let mut has_tokens = false;
    for (index, item) in items.iter().enumerate() {
        let is_used = item.key.as_ref().is_some_and(|key| used.contains(&key.id));
        has_tokens |= is_used && report.is_done(index);
    }
    if has_tokens {
        if several {
            facts::warn_of_tokens_of_several(context);
        } else {
            facts::warn_of_tokens(context);
        }
    }
    report.write(context);
    if let Some(error) = stopped {
        return Err(report.stopped(error));
    }
    if failures.is_empty() {
        return Ok(());
    }
    // Only the service knows whom it permits what: it does not permit this for all once it has refused each.
    let for_all = failures.len() == items.len()
        && failures.iter().all(|kind| *kind == ErrorKind::NotPermitted);
    Err(report.some_failed(if for_all { ErrorKind::NotPermitted } else { ErrorKind::SomeFailed }))
}

/// Tells whether a failure would meet every other key as well.
fn ends_all(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::NotLoggedIn | ErrorKind::Unavailable)
}

/// Makes an item of a key that was found otherwise than by an argument.
pub fn item(verb: &Verb, key: ApiKey, context: &Context) -> Item {
    let named = KeyRef::Id(key.id.clone());
    let known =
        (verb.stopped_by_lock && key.locked).then(|| Err(locked(context, &subject(&named), &key)));
    Item { named, key: Some(key), known }
}

/// Finds the keys that are meant, each once.
fn resolve_all(verb: &Verb, keys: &[KeyRef], mode: Mode, context: &Context) -> Result<Vec<Item>> {
    let now = context.now()?;
    let mut items: Vec<Item> = Vec::new();
    for named in keys {
        let mut item = Item { named: named.clone(), key: None, known: None };
        match resolve::one(context, named, verb.meaning, now) {
            Ok(found) => {
                let known =
                    |item: &Item| item.key.as_ref().is_some_and(|key| key.id == found.key.id);
                if items.iter().any(known) {
                    // Named twice: done once.
                    continue;
                }
                if (verb.already)(&found.key) {
                    item.known = Some(Ok(Became::Unchanged));
                } else if verb.stopped_by_lock && found.key.locked {
                    item.known = Some(Err(locked(context, &subject(named), &found.key)));
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

fn announce(verb: &Verb, item: &Item, identity: &Identity, context: &mut Context) {
    let what = format!("API key {}", context.ui.entity(&item.named.to_string()));
    context.ui.progress(&progress_line(verb.doing, &what, identity));
}

/// Asks about the keys that something will be done to. Several are listed first; the question itself is one line.
fn agreed(verb: &Verb, waiting: &[&Item], mode: Mode, context: &mut Context) -> Result<bool> {
    if mode.counted {
        let count = waiting.len();
        let what =
            if count == 1 { "this API key".to_owned() } else { format!("these {count} API keys") };
        let question = format!("Type {count} to {} {what}", verb.to_do);
        return context.ui.confirm_by_number(&question, count);
    }
    let both = |key: &ApiKey| format!("'{}' ({})", escape(&key.name), key.id);
    let name = |item: &&Item| item.key.as_ref().map(both).unwrap_or_default();
    let what = match waiting {
        // Who named a key by its name knows it by that; the question should fit into one row.
        [only] if matches!(only.named, KeyRef::Name(_)) => subject(&only.named),
        [only] => format!("API key {}", name(only)),
        several => {
            // What ends the use of a key has told more of each already.
            for item in several.iter().filter(|_| !verb.ends_use) {
                context.ui.result(&format!("   {}", name(item)));
            }
            format!("these {} API keys", several.len())
        }
    };
    context.ui.confirm(&format!("Are you sure you want to {} {what}?", verb.to_do))
}

fn act(verb: &Verb, item: &Item, mode: Mode, context: &Context) -> Result<Became> {
    let backend = context.backend()?;
    let subject = subject(&item.named);
    let Some(key) = &item.key else {
        return Err(context.told(Condition::NotFound.into(), &subject));
    };
    match (verb.act)(backend, &key.id) {
        Ok(()) => Ok(Became::Done),
        Err(error) if mode.ignore_missing && error.condition == Condition::NotFound => {
            Ok(Became::Missing)
        }
        // Somebody else was faster; what a conflict means is seen by looking again.
        Err(error) if matches!(error.condition, Condition::Conflict | Condition::Locked) => {
            let now = match backend.api_key(&key.id, Detail::default()) {
                Err(error) if verb.ends_it && error.condition == Condition::NotFound => {
                    return Ok(Became::Done);
                }
                now => now.map_err(|error| context.told(error, &subject))?.key,
            };
            if (verb.already)(&now) {
                Ok(Became::Unchanged)
            } else if verb.stopped_by_lock && now.locked || error.condition == Condition::Locked {
                Err(locked(context, &subject, &now))
            } else {
                Err(conflict(context, error, &subject, key, &now))
            }
        }
        Err(error) => Err(context.told(error, &subject)),
    }
}

fn tell(verb: &Verb, item: &Item, became: Became, context: &mut Context) {
    let ui = &mut context.ui;
    let name = ui.entity(&item.named.to_string());
    if became == Became::Planned {
        ui.result(&format!("Dry run: API key {name} would be {}", verb.done));
        return;
    }
    ui.ok();
    let what = match became {
        Became::Unchanged => "like that already",
        Became::Missing => "not there",
        _ => verb.done,
    };
    ui.result(&format!("API key {name} was {what}"));
}
