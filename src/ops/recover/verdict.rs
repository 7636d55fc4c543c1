//! What `recover` says of each entry.

use std::fmt::Write as _;
use std::path::Path;

use super::outcome::Outcome;
use super::{in_regions, only_key};
use crate::error::{Error, ErrorKind, Result};
use crate::journal::Begun;
use crate::model::ApiKeyId;
use crate::ops::once::{Act, End, Ended, Run};
use crate::private_file::pending_path;
use crate::session::Session;

/// What became of an entry.
pub(in crate::ops) struct Verdict {
    pub(in crate::ops) outcome: Outcome,
    /// The new key, where it is known.
    pub(super) id: Option<ApiKeyId>,
    /// What to say, without the full stop.
    pub(in crate::ops) sentence: String,
    /// Whether nothing could be done because its login is missing.
    pub(super) lacks_login: bool,
}

impl Verdict {
    pub(super) fn blocked(sentence: String) -> Self {
        Self { outcome: Outcome::Blocked, id: None, sentence, lacks_login: false }
    }

    /// Says that an entry needs another login than those that are there.
    pub(super) fn needs_login(begun: &Begun, error: &Error) -> Self {
        let sentence = format!(
            "The making of {} {} at {} needs its login: {}",
            begun.system.facts().noun,
            begun.name,
            begun.endpoint,
            error.message.trim_end_matches('.')
        );
        let lacks_login = matches!(error.kind, ErrorKind::NotLoggedIn | ErrorKind::NotPermitted);
        Self { lacks_login, ..Self::blocked(sentence) }
    }

    /// Words how a run ended.
    pub(in crate::ops) fn of(run: &Run, ended: Ended, session: &Session) -> Self {
        let (outcome, sentence) = match ended {
            Ended::At(end) if run.is_only_key() => {
                let told = only_key::of_end(run, end, &named(run, session), session);
                told.unwrap_or_else(|| of_end(run, end, session))
            }
            Ended::At(end) => match in_regions::of_end(run, end, &named(run, session)) {
                Some(told) if end == End::Done => (Outcome::Complete, told),
                Some(told) if end.is_settled() => (Outcome::Reported, told),
                Some(told) => (Outcome::Blocked, told),
                None => of_end(run, end, session),
            },
            Ended::Before(act) => of_plan(run, act, session),
            Ended::Kept => (Outcome::Kept, format!("{} was kept", named(run, session))),
        };
        let is_named = !matches!(outcome, Outcome::Discarded | Outcome::WouldBeDiscarded);
        let id = run.key.as_ref().map(|key| key.id.clone()).filter(|_| is_named);
        Self { outcome, id, sentence, lacks_login: false }
    }

    /// Words why a run failed. Where the new key is in its place, that is said first.
    pub(super) fn of_failure(run: &Run, error: Error, session: &Session) -> Result<Self> {
        let Some(old) = run.begun.retires.as_ref().filter(|_| run.is_in_place()) else {
            return Err(error);
        };
        let why = error.message.trim_end_matches('.');
        let (program, old) = (session.program(), &old.id);
        let more = if run.is_moving_login {
            format!(
                ", but {why}. The old key {old} was not touched. Log in with the new one ('{program} login'), then run '{program} recover' again"
            )
        } else {
            format!(
                ", but the old key {old} could not be retired: {why}. When that is settled, run '{program} recover' again"
            )
        };
        let id = run.key.as_ref().map(|key| key.id.clone());
        Ok(Self { id, ..Self::blocked(in_place(run, session) + &more) })
    }
}

/// Names the new key: `API key ci (ApiKey-…)`.
fn named(run: &Run, session: &Session) -> String {
    let mut named = format!("{} {}", session.facts().noun, run.begun.name);
    if let Some(key) = &run.key {
        let _ = write!(named, " ({})", key.id);
    }
    named
}

/// Says where the value is.
fn in_place(run: &Run, session: &Session) -> String {
    let named = named(run, session);
    match &run.begun.file {
        None if run.begun.regions.is_some() => in_regions::in_place(run, &named),
        Some(file) if run.delivers => {
            format!("{named} was created; it is now in {}", file.display())
        }
        Some(file) => {
            let (noun, name) = (session.facts().noun, &run.begun.name);
            format!("{noun} {name} was created and is in {} already", file.display())
        }
        None => format!("{named} was created and its value was printed"),
    }
}

/// Words how an entry ended.
fn of_end(run: &Run, end: End, session: &Session) -> (Outcome, String) {
    let (noun, name, program) = (session.facts().noun, &run.begun.name, session.program());
    let named = named(run, session);
    let old = run.begun.retires.as_ref().map(|old| old.id.as_str());
    let others = run.others();
    let because = run.cause.as_ref().map(|cause| cause.message.trim_end_matches('.'));
    let untouched =
        old.map(|old| format!("; the old key {old} was not touched")).unwrap_or_default();
    match end {
        End::Done => (Outcome::Complete, in_place(run, session) + &retired(run)),
        End::DoneBeside => (
            Outcome::Reported,
            format!(
                "{}{}. Another key of that name works too: {others}",
                in_place(run, session),
                retired(run)
            ),
        ),
        End::NeverMade if run.is_dry() => (
            Outcome::WouldBeDiscarded,
            format!("{noun} {name} was never created; what is left of it would be removed"),
        ),
        End::NeverMade if run.is_only_key() && run.begun.retires.is_some() => (
            Outcome::Discarded,
            format!("{noun} {name} was not rotated; the one that was there is left as it was"),
        ),
        End::NeverMade => {
            (Outcome::Discarded, format!("{noun} {name} was never created; nothing is left of it"))
        }
        End::Undone => {
            let told = because.map_or_else(
                || format!("{named} was deleted: its value had reached nobody"),
                |because| format!("{named} was created. {because}. So it was deleted"),
            );
            (Outcome::Deleted, told)
        }
        End::Yielded => (
            Outcome::Deleted,
            format!(
                "{named} was deleted: another command has made {others} in the place of the old key {}",
                old.unwrap_or_default()
            ),
        ),
        End::PerhapsPrinted => {
            let id = run.key.as_ref().map(|key| key.id.in_command()).unwrap_or_default();
            let delete = session.on("delete", id);
            (
                Outcome::Reported,
                format!(
                    "{named} was created and its value may have been printed{untouched}. If nobody has it, run '{delete}'"
                ),
            )
        }
        End::Uncertain | End::Displaced => (Outcome::Reported, uncertain(run, &others, session)),
        End::Vanished => (
            Outcome::Reported,
            format!("{}, but the key is gone{untouched}", in_place(run, session)),
        ),
        End::Unproven if !run.is_in_place() => (
            Outcome::Blocked,
            format!(
                "{named} was created, but does not work: {}. FILE and the old key {} were left as they were",
                because.unwrap_or_default(),
                old.unwrap_or_default()
            ),
        ),
        End::Unproven => (
            Outcome::Blocked,
            format!(
                "{}, but it does not work{untouched}. Enable it, or delete it, then run '{program} recover' again",
                in_place(run, session)
            ),
        ),
        End::CopyGone => (
            Outcome::Blocked,
            format!(
                "{named} was created, but its pending copy {} is not there{untouched}. Bring the copy back. If its value is in another file, run '{program} recover THAT_FILE'; if nobody has it, '{program} recover --discard'",
                copy(run)
            ),
        ),
        End::Blocked if run.key.is_some() => (
            Outcome::Blocked,
            format!(
                "{named} was created, and its value is kept in {}{untouched}. {}. Clear the way, then run '{program} recover' again",
                copy(run),
                because.unwrap_or_default()
            ),
        ),
        End::Blocked => (Outcome::Blocked, format!("{}{untouched}", because.unwrap_or_default())),
        End::InUse => (
            Outcome::Blocked,
            format!("{named} was created, and its value was printed and may be in use{untouched}"),
        ),
        End::Irreplaceable | End::Unmade => (Outcome::Blocked, uncertain(run, &others, session)),
        End::Delivered => {
            (Outcome::Blocked, format!("{}, so it cannot be given up", in_place(run, session)))
        }
    }
}

/// Words what may have been made.
fn uncertain(run: &Run, others: &str, session: &Session) -> String {
    let (noun, name) = (session.facts().noun, &run.begun.name);
    let own = run.key.as_ref().map(|key| key.id.as_str()).unwrap_or_default();
    let ids = if others.is_empty() { own } else { others };
    let advice = "Delete the one whose value nobody holds";
    if run.machine.progress.is_undoing {
        return format!(
            "{} was deleted. Another key of that name was made meanwhile: {others}. {advice}",
            named(run, session)
        );
    }
    if run.has_lost_copy() {
        let what =
            if Path::new(&copy(run)).exists() { "holds no value any more" } else { "is gone" };
        return format!(
            "The pending copy for {noun} {name} {what}. Keys of that name made since then: {ids}. {advice}"
        );
    }
    let one_of = if ids.contains(',') { "one of " } else { "" };
    let mut told =
        format!("{noun} {name} may be {one_of}{ids}; its value was never printed. {advice}");
    if run.has_copy() {
        let _ = write!(told, ". Its value may be the one in {}", copy(run));
    }
    told
}

/// Words what became of the old key.
fn retired(run: &Run) -> String {
    let (Some(old), Some(retirement)) = (&run.begun.retires, run.retirement) else {
        return String::new();
    };
    let mut told = format!("; the old key {} {}", old.id, retirement.became.words());
    if retirement.is_login_moved {
        told.push_str("; the login was moved to the new key");
    }
    if retirement.is_credential {
        told.push_str("; the credential in use is the old key: put the new one in its place");
    }
    told
}

/// Words what would be done next.
fn of_plan(run: &Run, act: Act, session: &Session) -> (Outcome, String) {
    let named = named(run, session);
    let would_retire = run.begun.retires.as_ref();
    let would_retire = would_retire
        .map(|old| format!("; the old key {} would be retired", old.id))
        .unwrap_or_default();
    match act {
        Act::Deliver if run.begun.regions.is_some() => {
            (Outcome::WouldBeCompleted, in_regions::would_be_brought(run, &named))
        }
        Act::Deliver => {
            let file = run.begun.file.as_deref().unwrap_or_else(|| Path::new(""));
            let told = format!(
                "{named} was created; it would be written to {}{would_retire}",
                file.display()
            );
            (Outcome::WouldBeCompleted, told)
        }
        Act::Delete | Act::Wait if run.is_dry() && run.key.is_some() => (
            Outcome::WouldBeDeleted,
            format!("{named} was created, but its value reached nobody; it would be deleted"),
        ),
        Act::Wait if run.key.is_some() => (
            Outcome::Undecided,
            format!("{named} is to be deleted, but the service may still create it again"),
        ),
        Act::Wait => (
            Outcome::Undecided,
            format!("{named} is not there, but the service may still create it"),
        ),
        _ => (Outcome::WouldBeCompleted, in_place(run, session) + &would_retire),
    }
}

/// Returns the path of the pending copy.
fn copy(run: &Run) -> String {
    let file = run.begun.file.as_deref();
    file.map(|file| pending_path(file, &run.tag).display().to_string()).unwrap_or_default()
}
