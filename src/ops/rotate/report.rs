//! What is said of a rotation: what it would do, how it ended, and why it could not.

use std::path::PathBuf;

use super::prepared::{Broken, Done, Prepared};
use super::request::One;
use crate::error::{Error, ErrorKind, Result};
use crate::journal::Operation;
use crate::model::{ApiKey, Timestamp, write_duration};
use crate::ops::once::{self, Retired, Retirement, Run, end_of_grace};
use crate::render::json::{self, PlannedRotation};
use crate::session::Session;

/// Says what a rotation would do, and which keys it would delete first.
pub(super) fn dry_run(planned: &Prepared, purged: &[ApiKey], session: &mut Session) {
    let Prepared { one, old, new, now, .. } = planned;
    let until = end_of_grace(&planned.retires(), *now);
    let what = session.entity(&old.name);
    let ui = &mut *session.ui;
    if ui.manner().json {
        let purged: Vec<&str> = purged.iter().map(|key| key.id.as_str()).collect();
        let plan = PlannedRotation::new(old, new, until, &purged);
        ui.data(|out| json::planned_rotation(out, &plan));
        return;
    }
    for key in purged {
        ui.result(&format!("Dry run: the phased-out key {} would be deleted", key.id));
    }
    let shown =
        |file: &PathBuf| format!(" and saved to {}", ui.entity(&file.display().to_string()));
    let place = one.file.as_ref().map(shown).unwrap_or_default();
    let end = new.expires_at.map(|at| format!(", valid until {}", at.to_wire()));
    let end = end.unwrap_or_default();
    ui.result(&format!("Dry run: a new {what} would be created{end}{place}"));
    ui.result("Dry run: the new key would be exchanged for a token");
    let then = until.map_or_else(
        || "be disabled".to_owned(),
        |until| format!("work until {}, or until its own end if that is sooner", until.to_wire()),
    );
    ui.result(&format!("Dry run: the old key {} would then {then}", old.id));
}

/// Says how a rotation ended well.
pub(super) fn say(done: &Done, one: &One, now: Timestamp, session: &mut Session) -> Result<()> {
    if done.is_taken_up {
        return say_finished(&done.run, one, now, session);
    }
    // A value that was printed was told with its key.
    if let Some(key) = done.run.key.as_ref().filter(|_| one.file.is_some()) {
        once::say_done(key, Operation::Rotate, one.file.as_deref(), now, session);
    }
    if let (Some(retires), Some(retirement)) = (&done.run.begun.retires, done.run.retirement)
        && !session.ui.manner().json
    {
        say_retired(&retires.id, retirement, session);
    }
    Ok(())
}

/// Says how far a rotation came that failed. Where the new key is in its place, nothing is lost.
pub(super) fn failed(error: Error, run: &Run, session: &Session) -> Broken {
    let new = run.id().filter(|_| run.is_in_place());
    Broken { error: worded(error, run, session), new }
}

fn worded(error: Error, run: &Run, session: &Session) -> Error {
    let Some(old) = run.begun.retires.as_ref().map(|old| &old.id) else { return error };
    let (program, noun) = (session.program(), session.facts().noun);
    if !run.is_in_place() {
        if run.machine.observed.works != Some(true)
            || run.machine.progress.is_undoing && error.kind == ErrorKind::OutcomeUnknown
        {
            return error;
        }
        let message = format!("{} The old {noun} {old} was not touched.", error.message);
        let hint = (run.machine.progress.is_delivering && run.begun.file.is_none()).then(|| {
            "Repeat the command: what did not arrive is taken back, and another key takes its place."
                .to_owned()
        });
        return Error { message, hint: hint.or(error.hint), ..error };
    }
    let new = run.id().map(|id| id.to_string()).unwrap_or_default();
    let (why, hint) = if run.is_moving_login {
        let why = error.message.trim_end_matches('.');
        (
            format!(
                "the login could not be moved to it: {why}. The old {noun} {old} was not touched."
            ),
            format!(
                "Log in with the new one ('{program} login'), then run '{program} recover' to retire the old one."
            ),
        )
    } else {
        (
            format!("the old one could not be retired: {}", error.message),
            format!("Run '{program} recover' to finish it."),
        )
    };
    let message = format!("The new {noun} {new} is in its place, but {why}");
    // Something was changed, so this is not "nothing changed", nor does it stop other rotations unseen.
    let kind = match error.kind {
        ErrorKind::Unavailable | ErrorKind::NotLoggedIn => ErrorKind::OutcomeUnknown,
        kind => kind,
    };
    Error { kind, message, hint: Some(hint), ..error }
}

/// Says that phased-out keys were deleted before a rotation failed.
pub(super) fn after_purge(broken: Broken, any_purged: bool) -> Broken {
    if !any_purged {
        return broken;
    }
    let Broken { error, new } = broken;
    let message = format!("{} Phased-out keys of the name were deleted before.", error.message);
    let error = match error.kind {
        ErrorKind::Unavailable => {
            let error = Error { kind: ErrorKind::Failure, message, ..error };
            error.hint("Repeat the command later.")
        }
        _ => Error { message, ..error },
    };
    Broken { error, new }
}

/// Says what became of the old key.
fn say_retired(old: &str, retirement: Retirement, session: &mut Session) {
    let line = format!("The old key {} {}", session.ui.entity(old), retirement.became.words());
    session.ui.result(&line);
    if retirement.is_login_moved {
        session.ui.result("The login was moved to the new key");
    }
    if retirement.is_credential {
        session.ui.warn(
            "The credential in use is the key that was rotated; put the new one in its place.",
        );
    }
}

/// Tells of a rotation that an interrupted command began and this one finished.
fn say_finished(run: &Run, one: &One, now: Timestamp, session: &mut Session) -> Result<()> {
    let (Some(key), Some(retires), Some(retirement)) = (&run.key, run.retires(), run.retirement)
    else {
        return Ok(());
    };
    once::say_done(key, Operation::Rotate, one.file.as_deref(), now, session);
    if !session.ui.manner().json {
        say_retired(&retires.id, retirement, session);
    }
    check_finished(run, one, session)
}

/// Fails where the interrupted command had already done otherwise what is asked for this time.
pub(super) fn check_finished(run: &Run, one: &One, session: &Session) -> Result<()> {
    let (Some(key), Some(retires), Some(retirement)) = (&run.key, run.retires(), run.retirement)
    else {
        return Ok(());
    };
    let asks_for_grace = one.terms.grace.is_some_and(|grace| !grace.is_zero());
    if asks_for_grace && retirement.became == Retired::Disabled {
        let message = format!(
            "The rotation is finished, but '--grace' came too late: the old key {} was disabled before.",
            retires.id
        );
        return Err(Error::new(ErrorKind::Conflict, message)
            .hint(format!("If it is still needed, run '{}'.", session.on("enable", &retires.id))));
    }
    let Some(asked) = one.terms.expires_in else { return Ok(()) };
    let wanted = run.begun.at.plus(asked).map(Timestamp::seconds);
    let end = key.expires_at.map(Timestamp::seconds);
    // The service may tell the end to the minute.
    if end.zip(wanted).is_some_and(|(end, wanted)| (end - wanted).abs() < 60) {
        return Ok(());
    }
    let end = key
        .expires_at
        .map_or("never expires".to_owned(), |at| format!("expires at {}", at.to_wire()));
    let message = format!(
        "The rotation is finished, but '--expires-in' came too late: the new key {} was made before and {end}.",
        key.id
    );
    Err(Error::new(ErrorKind::Conflict, message).hint(format!(
        "Give it another end with '{} --expires-in {}'.",
        session.on("update", &key.id),
        write_duration(asked)
    )))
}
