//! `recover`: settles what interrupted commands have left.

mod adopt;
mod in_regions;
mod verdict;

use std::path::{Path, PathBuf};

pub(super) use self::adopt::warn_of_unknown;
pub(super) use self::verdict::{Outcome, Verdict};
use crate::error::{Error, ErrorKind, Result};
use crate::journal::{Begun, Orphan};
use crate::model::ApiKeyId;
use crate::ops::announce;
use crate::ops::once::{self, Consent, Run, Way, is_acting};
use crate::render::json::{self, Recovered};
use crate::session::Session;
use crate::text::{capitalised, escape};

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The FILE whose command is settled; `None` for every command.
    pub file: Option<PathBuf>,
    /// Whether to go on without confirmation.
    pub force: bool,
    /// Whether to do nothing.
    pub dry_run: bool,
    /// Whether to leave a command to a later `recover` where the service may still carry a request out.
    pub no_wait: bool,
    /// Whether to give up what is not in its place.
    pub discard: bool,
}

/// Runs `recover`.
pub fn run(request: &Request, session: &mut Session) -> Result<()> {
    announce("Recovering", "interrupted commands", session);
    let mut orphans = once::take(session)?;
    for path in &orphans.unreadable {
        session
            .ui
            .warn(&format!("{} is no readable journal entry and was left alone.", path.display()));
    }
    if let Some(file) = &request.file {
        orphans.found = adopt::of_file(file, orphans.found, request.dry_run, session)?;
    }
    let unreadable = orphans.unreadable.len();
    let mut verdicts = Vec::new();
    let alone = orphans.found.len() == 1;
    for orphan in orphans.found {
        let begun = orphan.begun.clone();
        let settled = if once::is_ours(&begun, session) {
            once::turn_to(&begun, session);
            settle(orphan, request, session)
        } else {
            Ok(elsewhere(&begun, session))
        };
        let verdict = match settled {
            Err(error) if alone => return Err(error),
            // The other entries are settled all the same.
            settled => settled.unwrap_or_else(|error| Verdict::blocked(error.message)),
        };
        verdicts.push((begun, verdict));
    }
    session.turn_to(None);
    report(&verdicts, orphans.running, session);
    if !verdicts.is_empty() && !session.ui.manner().json {
        once::warn_of_clock(session);
    }
    let program = session.program();
    let count = |outcome| verdicts.iter().filter(|(_, verdict)| verdict.outcome == outcome).count();
    let all = verdicts.len();
    if let blocked @ 1.. = count(Outcome::Blocked) {
        let message = format!("{blocked} of {all} interrupted commands could not be settled.");
        return Err(Error::new(ErrorKind::SomeFailed, message));
    }
    if count(Outcome::Kept) > 0 {
        let message = "Cancelled; the key was kept, and its entry too.";
        return Err(Error::new(ErrorKind::Cancelled, message));
    }
    if let undecided @ 1.. = count(Outcome::Undecided)
        && !request.dry_run
    {
        let message = format!("{undecided} of {all} interrupted commands may still take effect.");
        return Err(Error::new(ErrorKind::OutcomeUnknown, message)
            .hint(format!("Run '{program} recover' again later.")));
    }
    if let reported @ 1.. = count(Outcome::Reported) {
        let message =
            format!("{reported} of {all} interrupted commands left keys for you to look at.");
        return Err(
            Error::failure(message).hint("The lines above say which, and what to do with them.")
        );
    }
    if unreadable > 0 {
        let entries = if unreadable == 1 { "entry" } else { "entries" };
        let message = format!("{unreadable} journal {entries} could not be read.");
        return Err(Error::failure(message).hint(
            "A key may hang on it. Look at the files in the journal before you remove one.",
        ));
    }
    Ok(())
}

fn settle(orphan: Orphan, request: &Request, session: &mut Session) -> Result<Verdict> {
    // Whether the credential in use is the old key must be told before anything is settled.
    if let Some(old) = &orphan.begun.retires {
        is_acting(&ApiKeyId::new(old.id.as_str()), session)?;
    }
    let consent =
        Consent { asks: !request.force, dry_run: request.dry_run, is_hurried: request.no_wait };
    let way = Way { discards: request.discard, ..Way::default() };
    let mut run = Run::resume(orphan, way, consent);
    match run.drive(session) {
        Ok(ended) => Ok(Verdict::of(&run, ended, session)),
        Err(error) => Verdict::of_failure(&run, error, session),
    }
}

fn report(verdicts: &[(Begun, Verdict)], running: usize, session: &mut Session) {
    let ui = &mut *session.ui;
    if ui.manner().json {
        let items: Vec<Recovered<'_>> = verdicts
            .iter()
            .map(|(begun, verdict)| Recovered {
                operation: begun.command(),
                name: &begun.name,
                id: verdict.id.as_ref().map(ApiKeyId::as_str),
                file: begun.file.as_deref().map(Path::to_string_lossy),
                outcome: verdict.outcome.as_str(),
            })
            .collect();
        ui.data(|out| json::recovered(out, &items));
        return;
    }
    ui.ok();
    if verdicts.is_empty() {
        ui.result("No interrupted commands found");
    }
    if running > 0 {
        let s = if running == 1 { " is" } else { "s are" };
        ui.result(&format!("{running} command{s} still running, and left alone"));
    }
    for (_, verdict) in verdicts {
        let line = capitalised(&escape(&verdict.sentence));
        ui.result(&line);
    }
}

fn elsewhere(begun: &Begun, session: &Session) -> Verdict {
    let maker = begun.maker();
    let sentence = format!(
        "The making of {} {} was begun on the {} backend at {}, account {}, as {maker}; run '{} recover' with that one",
        begun.system.facts().noun,
        begun.name,
        begun.backend.as_str(),
        begun.endpoint,
        begun.account_id,
        session.program()
    );
    Verdict { outcome: Outcome::Elsewhere, id: None, sentence }
}
