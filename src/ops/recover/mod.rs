//! `recover`: settles what interrupted commands have left.

mod finish;
mod retirement;
mod settle;
mod suspects;
mod unheld;
mod verdict;

use std::path::Path;

pub(super) use self::finish::{Finished, finish_rotation, has_rotation};
pub use self::verdict::Request;
use self::verdict::{Outcome, Verdict};
use crate::error::{Error, ErrorKind, Result};
use crate::journal::Begun;
use crate::model::ApiKeyId;
use crate::ops::{announce, unfinished};
use crate::render::json::{self, Recovered};
use crate::session::Session;
use crate::text::{capitalised, escape};

/// Runs `recover`.
pub fn run(request: Request, session: &mut Session) -> Result<()> {
    announce("Recovering", "interrupted commands", session);
    let orphans = unfinished::take(session)?;
    for path in &orphans.unreadable {
        session
            .ui
            .warn(&format!("{} is no readable journal entry and was left alone.", path.display()));
    }
    let unreadable = orphans.unreadable.len();
    let mut verdicts = Vec::new();
    let alone = orphans.found.len() == 1;
    for orphan in orphans.found {
        let begun = orphan.begun.clone();
        let settled = if unfinished::is_ours(&begun, session) {
            retirement::check_acting(&begun, session)
                .and_then(|()| settle::settle(orphan, request, session))
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
    report(&verdicts, orphans.running, session);
    let count = |outcome| verdicts.iter().filter(|(_, verdict)| verdict.outcome == outcome).count();
    match (count(Outcome::Blocked), count(Outcome::Kept)) {
        (0, 0) if unreadable > 0 => {
            let entries = if unreadable == 1 { "entry" } else { "entries" };
            let message = format!("{unreadable} journal {entries} could not be read.");
            Err(Error::new(ErrorKind::Failure, message).hint(
                "A key may hang on it. Look at the files in the journal before you remove one.",
            ))
        }
        (0, 0) => Ok(()),
        (0, _) => {
            Err(Error::new(ErrorKind::Cancelled, "Cancelled; the key was kept, and its entry too."))
        }
        (blocked, _) => {
            let message = format!(
                "{blocked} of {} interrupted commands could not be settled.",
                verdicts.len()
            );
            Err(Error::new(ErrorKind::SomeFailed, message))
        }
    }
}

fn report(verdicts: &[(Begun, Verdict)], running: usize, session: &mut Session) {
    let ui = &mut *session.ui;
    if ui.manner().json {
        let items: Vec<Recovered<'_>> = verdicts
            .iter()
            .map(|(begun, verdict)| Recovered {
                operation: begun.operation,
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
    let sentence = format!(
        "The making of {} {} was begun on the {} backend at {}, account {}; run '{} recover' with that one",
        session.facts().noun,
        begun.name,
        begun.backend.as_str(),
        begun.endpoint,
        begun.account_id,
        session.program()
    );
    Verdict::new(Outcome::Elsewhere, None, sentence)
}
