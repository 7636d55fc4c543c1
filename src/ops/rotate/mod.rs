//! `api-key-rotate`: a new key in the place of an old one, in steps that can be resumed after a kill at any instant.
//!
//! The new key is made as by `api-key-create`; a login proves that it works; its value goes to its place; only then is
//! the old key disabled, or given an end. So somebody holds a key that works at every instant. What an interrupted
//! rotation has left is finished first, so that the same command again makes no third key.

mod checks;
mod files;
mod finish;
mod items;
mod one;
mod prepared;
mod report;
mod request;
mod several;
mod successor;

use self::one::{carry_out, check_ability, check_terms, place, prepare};
use self::prepared::Done;
use self::request::One;
pub use self::request::{Request, Terms};
use crate::error::{Error, Result};
use crate::ops::once;
use crate::ops::resolve::{self, Meaning};
use crate::ops::{agree, announce, destination, facts};
use crate::session::Session;
use crate::settings::Settings;
use crate::systems::Facts;
use crate::ui::Ui;

/// A request that passed the checks that need no login.
#[derive(Debug)]
pub struct Ready(Asked);

#[derive(Debug)]
enum Asked {
    One {
        one: One,
        /// Whether an interrupted rotation of the key is in the journal.
        has_begun: bool,
    },
    Several(several::Ready),
}

/// Checks what can be checked before anybody logs in.
pub fn ready(
    request: Request,
    facts: &'static Facts,
    settings: &Settings,
    ui: &Ui,
) -> Result<Ready> {
    if request.older_than.is_some() || request.files.is_some() || request.keys.len() > 1 {
        return several::ready(request, facts, settings, ui)
            .map(|ready| Ready(Asked::Several(ready)));
    }
    let Request { mut keys, file, terms, .. } = request;
    let Some(key) = keys.pop() else {
        return Err(Error::usage(format!("No {} is named.", facts.noun))
            .hint("The key comes first, then the service ID."));
    };
    let has_place = file.is_some() || ui.manner().json || terms.dry_run;
    if !has_place && !ui.can_ask() {
        return Err(Error::usage("Without a terminal it must be said where the new value goes.")
            .hint("Say '--file FILE' or '--output json'."));
    }
    destination::needs_reader(file.is_some(), terms.dry_run)?;
    check_terms(terms, settings, ui)?;
    let has_begun = !terms.dry_run && finish::has_rotation(&key, settings);
    // FILE may already hold the new key of the rotation that was interrupted.
    if !has_begun {
        destination::check(file.as_deref(), terms.force, settings)?;
    }
    Ok(Ready(Asked::One { one: One { key, file, terms }, has_begun }))
}

/// Runs `api-key-rotate`.
pub fn run(ready: &Ready, session: &mut Session) -> Result<()> {
    match &ready.0 {
        Asked::One { one, has_begun } => run_one(one, *has_begun, session),
        Asked::Several(ready) => several::run(ready, session),
    }
}

fn run_one(one: &One, has_begun: bool, session: &mut Session) -> Result<()> {
    let terms = one.terms;
    check_ability(terms, session.keys()).map_err(|error| session.told_of(error, &one.key))?;
    let now = session.now()?;
    let asks = terms.asks();
    let label = one.key.to_string();
    announce("Rotating", &session.entity(&label), session);
    if has_begun {
        if asks {
            let question =
                format!("A rotation of {} was interrupted. Finish it?", session.subject(&label));
            agree(&question, session)?;
        }
        if let Some(run) = finish::finish(one, session)? {
            return report::say(&Done { run, is_taken_up: true }, one, now, session);
        }
    }
    let destination = place(one.file.as_deref(), terms, session)?;
    let old = resolve::one(session, &one.key, Meaning::Current, now)?;
    let prepared = prepare(one, old, destination, now, session)?;
    checks::check_room(&prepared.new, &prepared.old, terms.purge, now, session)?;
    if terms.dry_run {
        let is_purged = terms.purge.then(|| checks::phased_out_beside(&prepared.old, now, session));
        report::dry_run(&prepared, &is_purged.transpose()?.unwrap_or_default(), session);
        return Ok(());
    }
    let any_tokens = facts::tell(&[&prepared.old], asks, now, session);
    if asks {
        agree(&format!("Are you sure you want to rotate {}?", session.subject(&label)), session)?;
    }
    let done = carry_out(prepared, session)?;
    report::say(&done, one, now, session)?;
    if !session.ui.manner().json {
        if any_tokens && done.disables() {
            facts::warn_of_tokens(session);
        }
        if done.has_end() {
            once::warn_of_clock(session);
        }
    }
    done.run.check_alone(session)
}
