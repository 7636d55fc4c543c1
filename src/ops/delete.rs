//! Deletes keys: those that are named, or those that a filter chooses.

use std::time::Duration;

use crate::error::{Error, Result};
use crate::model::{ApiKey, KeyRef, Scope, State, in_largest_unit, states};
use crate::ops::act::{self, Item, Mode, Verb};
use crate::ops::resolve::Meaning;
use crate::ops::{announce, counted, keys_of};
use crate::session::Session;
use crate::systems::Facts;
use crate::ui::Ui;

/// Deletes keys.
pub static DELETE: Verb = Verb {
    doing: "Deleting",
    to_do: "delete",
    done: "deleted",
    meaning: Meaning::Every,
    stopped_by_lock: true,
    ends_it: true,
    ends_use: true,
    already: |_| false,
    check: |_| Ok(()),
    act: |keys, id| keys.delete(id),
};

/// What is asked for.
#[derive(Debug, Default)]
pub struct Request {
    /// Which keys; with `phased_out`, only those of the phased-out keys.
    pub keys: Vec<KeyRef>,
    /// Whether the phased-out keys are meant.
    pub phased_out: bool,
    /// Whether all keys are meant.
    pub all: bool,
    /// Only keys that were created longer ago.
    pub older_than: Option<Duration>,
    /// Whether a missing key is no failure.
    pub ignore_missing: bool,
    /// Whether to go on without confirmation.
    pub force: bool,
    /// Whether only to show what would be done.
    pub dry_run: bool,
    /// How many requests are under way at once; 16 when absent.
    pub jobs: Option<u8>,
}

/// A deletion, checked before anybody logs in.
#[derive(Debug)]
pub struct Ready {
    request: Request,
    act: act::Ready,
}

/// Checks what can be checked before anybody logs in.
pub fn ready(request: Request, facts: &'static Facts, ui: &Ui) -> Result<Ready> {
    if request.all && !request.keys.is_empty() {
        return Err(Error::usage("'--all' deletes every key, and goes with no KEY."));
    }
    let mode = Mode {
        force: request.force,
        dry_run: request.dry_run,
        counted: request.all,
        bulk: request.all || request.phased_out,
        ignore_missing: request.ignore_missing,
        jobs: request.jobs,
    };
    let act = act::Ready::new(&DELETE, request.keys.clone(), mode, facts, ui)?;
    Ok(Ready { request, act })
}

/// Deletes keys.
pub fn run(ready: &Ready, session: &mut Session) -> Result<()> {
    let Ready { request, act } = ready;
    if !act.mode.bulk {
        return act::run(act, session);
    }
    act.check(session)?;
    let noun = session.facts().noun;
    let what = if request.all { "all" } else { "phased-out" };
    let older = request.older_than.map(older_than).unwrap_or_default();
    announce(DELETE.doing, &format!("{what} {noun}s{older}"), session);
    let items: Vec<Item> =
        chosen(request, session)?.into_iter().map(|key| act::item(&DELETE, key, session)).collect();
    if items.is_empty() {
        let kind = if request.all { "" } else { "phased-out " };
        session.ui.ok();
        session.ui.result(&format!("No {kind}{noun}s{older} found"));
        act.report.write(session);
        return Ok(());
    }
    act::carry_out(act, items, session)
}

/// Words an age, such as ` older than 2 days`, in the largest unit that fits it exactly.
fn older_than(age: Duration) -> String {
    let (number, unit) = in_largest_unit(age);
    format!(" older than {}", counted(number, unit))
}

/// Lists the keys that `--all` or `--phased-out` choose. The key that is the credential in use comes last.
fn chosen(request: &Request, session: &mut Session) -> Result<Vec<ApiKey>> {
    let now = session.now()?;
    let keys = keys_of(&Scope::Of(session.owner()), session)?;
    let states = states(&keys, now);
    let is_named = |key: &ApiKey| {
        request.keys.is_empty()
            || request.keys.iter().any(|named| match named {
                KeyRef::Id(id) => *id == key.id,
                KeyRef::Name(name) => *name == *key.name,
            })
    };
    let is_old = |key: &ApiKey| {
        request
            .older_than
            .is_none_or(|age| key.created_at.plus(age).is_some_and(|then| then <= now))
    };
    let mut chosen: Vec<ApiKey> = keys
        .into_iter()
        .zip(states)
        .filter(|(key, state)| {
            (request.all || *state == State::PhasedOut) && is_named(key) && is_old(key)
        })
        .map(|(key, _)| key)
        .collect();
    if request.all && !chosen.is_empty() {
        // Without that key nothing more can be deleted.
        let acting = session.acting_key().ok().flatten();
        chosen.sort_by_key(|key| Some(&key.id) == acting.as_ref());
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    use crate::error::ErrorKind;
    use crate::systems::Condition;
    use crate::systems::sample::Sample;
    use crate::ui::Manner;

    /// Deletes `a`, `b` and `c`, with these answers to the deletions, and returns how the command ends.
    fn ends(
        answers: impl IntoIterator<Item = std::result::Result<(), Condition>>,
    ) -> Option<(ErrorKind, String)> {
        let names = ["a", "b", "c"];
        let keys = Sample {
            keys: Mutex::new(names.map(ApiKey::sample).to_vec()),
            deletions: Mutex::new(answers.into_iter().collect()),
            ..Sample::default()
        };
        let asked = names.map(|name| KeyRef::Name(name.to_owned())).to_vec();
        let jobs = Some(1);
        let request = Request { keys: asked, force: true, jobs, ..Request::default() };
        let ended = keys.session(Manner { quiet: true, ..Manner::default() }, |session| {
            run(&ready(request, session.facts(), session.ui)?, session)
        });
        ended.err().map(|error| (error.kind, error.message))
    }

    #[test]
    fn a_service_that_goes_away_ends_it_and_what_was_done_is_told() {
        let away = || Err(Condition::Unavailable("Nobody listens".into()));
        assert_eq!(ends([Ok(()), Ok(()), Ok(())]), None);
        let ended = |kind, words: &str| Some((kind, words.to_owned()));
        assert_eq!(
            ends([away()]),
            ended(
                ErrorKind::Unavailable,
                "Nobody listens.\nOf 3 sample keys: 1 failed, 2 not begun.\n   not begun: 'b' (ApiKey-62000000-0000-4000-8000-000000000000)\n   not begun: 'c' (ApiKey-63000000-0000-4000-8000-000000000000)"
            )
        );
        assert_eq!(
            ends([Ok(()), away()]),
            ended(
                ErrorKind::SomeFailed,
                "Of 3 sample keys: 1 deleted, 1 failed, 1 not begun.\n   not begun: 'c' (ApiKey-63000000-0000-4000-8000-000000000000)"
            )
        );
        let refused = Err(Condition::Locked);
        assert_eq!(
            ends([Ok(()), refused, Ok(())]),
            Some((ErrorKind::SomeFailed, "1 of 3 sample keys failed.".to_owned()))
        );
    }
}
