//! `recover`: settles what commands that were interrupted have left.

mod candidates;
mod rotation;
mod settle;

use std::path::Path;

use crate::cli::RecoverArgs;
use crate::context::Context;
use crate::error::{Error, ErrorKind, Result};
use crate::journal::{Begun, Journal, Orphans};
use crate::model::{ApiKey, ApiKeyId};
use crate::ops::progress_line;
use crate::ops::retire::Ended;
use crate::render::json::{self, Recovered};
use crate::text::escape;

pub(super) use self::rotation::{Finished, finish_rotation, has_rotation};

const BLOCKED: &str = "blocked";
const DELETED: &str = "deleted";
const KEPT: &str = "kept";

/// What is to be done about an entry, or was.
#[derive(Default)]
struct Verdict {
    outcome: &'static str,
    id: Option<ApiKeyId>,
    sentence: String,
    /// Whether the entry is settled by it.
    settled: bool,
    /// The new key of a rotation that is complete, and how that ended.
    rotated: Option<(ApiKey, Ended)>,
}

impl Verdict {
    fn never_created(name: &str, args: &RecoverArgs) -> Self {
        let (outcome, rest) = if args.dry_run.dry_run {
            ("would be discarded", "what is left of it would be removed")
        } else {
            ("discarded", "nothing is left of it")
        };
        let sentence = format!("API key {name} was never created; {rest}");
        Self { outcome, id: None, sentence, settled: true, ..Self::default() }
    }

    /// For a dry run, which does not wait.
    fn undecided(name: &str) -> Self {
        let sentence = format!("API key {name} is not there, but the service may still create it");
        Self { outcome: "undecided", id: None, sentence, settled: false, ..Self::default() }
    }
}

/// Runs `recover`.
pub fn run(args: &RecoverArgs, context: &mut Context) -> Result<()> {
    let identity = context.identity()?;
    context.ui.progress(&progress_line("Recovering", "interrupted commands", &identity));
    let journal = context.journal()?;
    let orphans = orphans(&journal)?;
    for path in &orphans.unreadable {
        context
            .ui
            .warn(&format!("{} is no readable journal entry and was left alone.", path.display()));
    }
    let mut verdicts = Vec::new();
    let alone = orphans.found.len() == 1;
    for orphan in orphans.found {
        let begun = orphan.begun.clone();
        let settled = if begun.is_of(context.backend()?, &identity.account_id, &identity.iam_id) {
            rotation::check_acting(&begun, context)
                .and_then(|()| settle::settle(orphan, args, context))
        } else {
            Ok(elsewhere(&begun, context))
        };
        let verdict = match settled {
            Ok(verdict) => verdict,
            Err(error) if alone => return Err(error),
            // The others are settled all the same, and told.
            Err(error) => {
                Verdict { outcome: BLOCKED, sentence: error.message, ..Verdict::default() }
            }
        };
        verdicts.push((begun, verdict));
    }
    report(&verdicts, orphans.running, context);
    let count =
        |outcome: &str| verdicts.iter().filter(|(_, verdict)| verdict.outcome == outcome).count();
    match (count(BLOCKED), count(KEPT)) {
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

fn orphans(journal: &Journal) -> Result<Orphans> {
    journal.orphans(10).map_err(|error| {
        let directory = journal.directory().display();
        Error::new(
            ErrorKind::Failure,
            format!("The journal in {directory} cannot be read: {error}."),
        )
        .remedied(&error)
    })
}

fn report(verdicts: &[(Begun, Verdict)], running: usize, context: &mut Context) {
    let ui = &mut context.ui;
    if ui.manner().json {
        let items: Vec<Recovered<'_>> = verdicts
            .iter()
            .map(|(begun, verdict)| Recovered {
                operation: begun.operation,
                name: &begun.name,
                id: verdict.id.as_ref().map(ApiKeyId::as_str),
                file: begun.file.as_deref().map(Path::to_string_lossy),
                outcome: verdict.outcome,
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
        let line = escape(&verdict.sentence).into_owned();
        ui.result(&line);
    }
}

fn elsewhere(begun: &Begun, context: &Context) -> Verdict {
    let sentence = format!(
        "The making of API key {} was begun on the {} backend at {}, account {}; run '{} recover' with that one",
        begun.name,
        begun.backend.as_str(),
        begun.endpoint,
        begun.account_id,
        context.program()
    );
    Verdict { outcome: "elsewhere", sentence, ..Verdict::default() }
}
