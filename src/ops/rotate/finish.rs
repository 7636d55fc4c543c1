//! Finishing an interrupted rotation before another one begins.

use std::path::Path;
use std::time::Duration;

use super::prepared::Broken;
use super::report;
use super::request::One;
use crate::error::{Error, ErrorKind};
use crate::journal::{Begun, Operation, Step};
use crate::model::{ApiKeyId, KeyRef};
use crate::ops::once::{self, Consent, End, Ended, Run, Way, is_acting};
use crate::ops::recover::{Outcome, Verdict};
use crate::private_file::place_of;
use crate::session::{self, Session};
use crate::settings::Settings;

/// Tells whether an interrupted rotation of this key is in the journal.
pub(super) fn has_rotation(which: &KeyRef, settings: &Settings) -> bool {
    session::journal(settings)
        .is_ok_and(|journal| journal.has_orphans(10, |begun| is_about(begun, which)))
}

/// Tells whether an entry is about a rotation of this key.
pub(super) fn is_about(begun: &Begun, which: &KeyRef) -> bool {
    begun.operation == Operation::Rotate
        && match which {
            KeyRef::Name(name) => begun.name == *name,
            KeyRef::Id(id) => begun.retires.as_ref().is_some_and(|old| old.id == id.as_str()),
        }
}

/// Finishes or undoes the interrupted rotations of this key. The grace that is asked for replaces theirs. Returns the one
/// that is complete; `None` where there is none, and a rotation has to begin.
pub(super) fn finish(
    request: &One,
    session: &mut Session,
) -> std::result::Result<Option<Run>, Broken> {
    let place = |file: &Path| place_of(file).ok();
    let mut finished = None;
    let is_meant =
        |begun: &Begun, _: &_| once::is_of_owner(begun, session) && is_about(begun, &request.key);
    for mut orphan in once::take_of(session, is_meant)? {
        let begun = &orphan.begun;
        let Some(retires) = begun.retires.clone() else { continue };
        is_acting(&ApiKeyId::new(retires.id.as_str()), session)?;
        let asked = request.terms.grace.as_ref().map(Duration::as_secs);
        if let Some(seconds) = asked.filter(|_| orphan.progress.grace.or(retires.grace) != asked) {
            let step = Step::Grace { seconds };
            orphan.entry.reach(&step).map_err(|error| {
                let message =
                    format!("The journal cannot be written: {error}. Nothing was changed.");
                Error::failure(message)
            })?;
            orphan.progress.take(step);
        }
        let consent = Consent { is_hurried: request.terms.no_wait, ..Consent::default() };
        let way = Way { repeats: true, ..Way::default() };
        let was_printed = orphan.progress.is_delivering && begun.file.is_none();
        let mut run = Run::resume(orphan, way, consent);
        let ended = run.drive(session).map_err(|error| report::failed(error, &run, session))?;
        // A rotation to another FILE is finished, and the one that was asked for is still to be done. So is that of a
        // printed key, which may have reached nobody.
        let is_same = run.begun.file.is_some()
            && run.begun.file.as_deref().map(place) == request.file.as_deref().map(place);
        match ended {
            Ended::At(End::Done) if is_same => finished = Some(run),
            Ended::At(End::Done) if run.begun.file.is_none() && run.is_used() => {
                let id = run.id().map(|id| id.to_string()).unwrap_or_default();
                let message = format!(
                    "The rotation that was interrupted is finished now. The {} {id}, whose value it printed, is in use.",
                    session.facts().noun
                );
                return Err(Error::new(ErrorKind::Conflict, message)
                    .hint("Repeat the command to rotate that one too.")
                    .into());
            }
            Ended::At(End::Undone) if was_printed => {
                let id = run.id().map(|id| id.to_string()).unwrap_or_default();
                let words = format!(
                    "The {} {id}, which an interrupted rotation had printed, was deleted: this rotation takes its place.",
                    session.facts().noun
                );
                session.ui.warn(&words);
            }
            Ended::At(End::Done | End::NeverMade | End::Undone) => {}
            ended => return Err(unfinished(&run, ended, session).into()),
        }
    }
    Ok(finished)
}

/// Says why the interrupted rotation is not finished, and what to do about it.
fn unfinished(run: &Run, ended: Ended, session: &Session) -> Error {
    let program = session.program();
    let verdict = Verdict::of(run, ended, session);
    let message = crate::text::capitalised(&format!("{}.", verdict.sentence));
    match (ended, verdict.outcome) {
        (Ended::At(End::InUse), _) => {
            let id = run.id();
            let id = id.as_ref().map(ApiKeyId::in_command).unwrap_or_default();
            Error::new(ErrorKind::Conflict, message).hint(format!(
                "If somebody has the value, run '{program} recover' to retire the old key; else '{}'.",
                session.on("delete", id)
            ))
        }
        (_, Outcome::Undecided) => Error::new(ErrorKind::OutcomeUnknown, message)
            .hint(format!("Run '{program} recover' again later.")),
        (_, Outcome::Blocked) => {
            Error::failure(message).hint(format!("When the way is clear, run '{program} recover'."))
        }
        _ => Error::new(ErrorKind::Conflict, message)
            .hint(format!("Look at the keys with '{}' first.", session.family().list())),
    }
}
