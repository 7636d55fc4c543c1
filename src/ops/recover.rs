//! `recover`: settles what commands that were interrupted have left.

use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::backend::Condition;
use crate::cli::RecoverArgs;
use crate::context::Context;
use crate::error::{Error, ErrorKind, Result};
use crate::journal::{Begun, Orphan, Step};
use crate::model::{ApiKey, ApiKeyId, BackendKind, Detail, Owner, Selection};
use crate::ops::{delete_unheld, progress_line, subject};
use crate::private_file::{self, Destination, Pending, is_left_over, pending_path, read_pending};
use crate::render::json::{self, Recovered};
use crate::render::key_file;
use crate::secret::Secret;
use crate::text::escape;
use crate::ui::nobody_answers;

/// No request is in doubt for longer: twice the longest time-out there can be.
const MOST_SECONDS_OF_DOUBT: u64 = 2 * 3_600;

const BLOCKED: &str = "blocked";
const KEPT: &str = "kept";

/// What is to be done about an entry, or was.
struct Verdict {
    outcome: &'static str,
    id: Option<ApiKeyId>,
    sentence: String,
    /// Whether the entry is settled by it.
    settled: bool,
}

impl Verdict {
    fn never_created(name: &str, args: &RecoverArgs) -> Self {
        let (outcome, rest) = if args.dry_run.dry_run {
            ("would be discarded", "what is left of it would be removed")
        } else {
            ("discarded", "nothing is left of it")
        };
        let sentence = format!("API key {name} was never created; {rest}");
        Self { outcome, id: None, sentence, settled: true }
    }

    /// For a dry run, which does not wait.
    fn undecided(name: &str) -> Self {
        let sentence = format!("API key {name} is not there, but the service may still create it");
        Self { outcome: "undecided", id: None, sentence, settled: false }
    }
}

/// Runs `recover`.
pub fn run(args: &RecoverArgs, context: &mut Context) -> Result<()> {
    let identity = context.identity()?;
    context.ui.progress(&progress_line("Recovering", "interrupted commands", &identity));
    let journal = context.journal()?;
    let unreadable = |error: std::io::Error| {
        Error::new(
            ErrorKind::Failure,
            format!("The journal in {} cannot be read: {error}.", journal.directory().display()),
        )
    };
    let orphans = journal.orphans(10).map_err(unreadable)?;
    for path in &orphans.unreadable {
        context
            .ui
            .warn(&format!("{} is no readable journal entry and was left alone.", path.display()));
    }
    let mut verdicts = Vec::new();
    let alone = orphans.found.len() == 1;
    for orphan in orphans.found {
        let begun = orphan.begun.clone();
        let settled = if begun.is_of(context.backend()?, &identity) {
            settle(orphan, args, context)
        } else {
            Ok(elsewhere(&begun, context))
        };
        let verdict = match settled {
            Ok(verdict) => verdict,
            Err(error) if alone => return Err(error),
            // The others are settled all the same, and told.
            Err(error) => {
                Verdict { outcome: BLOCKED, id: None, sentence: error.message, settled: false }
            }
        };
        verdicts.push((begun, verdict));
    }
    report(&verdicts, context);
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

fn report(verdicts: &[(Begun, Verdict)], context: &mut Context) {
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
    Verdict { outcome: "elsewhere", id: None, sentence, settled: false }
}

fn settle(orphan: Orphan, args: &RecoverArgs, context: &mut Context) -> Result<Verdict> {
    let verdict = match &orphan.begun.file {
        Some(file) => settle_file(&orphan, file, args, context)?,
        None => settle_output(&orphan, args, context)?,
    };
    if verdict.settled && !args.dry_run.dry_run {
        orphan.entry.close().map_err(|error| {
            Error::new(
                ErrorKind::Failure,
                format!("The journal entry could not be removed: {error}."),
            )
        })?;
    }
    Ok(verdict)
}

/// Tells whether a key may still come to be that a look-up does not find now. Where it may, waits until it may not.
fn wait_for_certainty(orphan: &Orphan, args: &RecoverArgs, context: &mut Context) -> Result<bool> {
    let untils = orphan.steps.iter().filter_map(|step| match step {
        Step::Sending { until } => Some(until.seconds()),
        Step::Delivering { .. } => None,
    });
    let left = untils.max().unwrap_or_default() - context.now()?.seconds();
    let Ok(left @ 1..) = u64::try_from(left) else { return Ok(true) };
    if args.dry_run.dry_run {
        return Ok(false);
    }
    // A clock that was set back must not make anybody wait for days.
    let left = left.min(MOST_SECONDS_OF_DOUBT);
    let name = context.ui.entity(&orphan.begun.name);
    context.ui.progress(&format!(
        "Waiting {left} s: until then the service may still create API key {name}..."
    ));
    thread::sleep(Duration::from_secs(left));
    Ok(true)
}

/// With `--file`: the value is in the pending copy, in FILE already, or was never given to anybody.
fn settle_file(
    orphan: &Orphan,
    file: &Path,
    args: &RecoverArgs,
    context: &mut Context,
) -> Result<Verdict> {
    let begun = &orphan.begun;
    let pending = pending_path(file, orphan.entry.tag());
    let name = &begun.name;
    let read = |path: &Path| {
        let bytes = private_file::read_small(path, 1 << 20);
        bytes.map(|bytes| bytes.and_then(|bytes| read_pending(&bytes))).map_err(|error| {
            Error::new(ErrorKind::Failure, format!("'{}' cannot be read: {error}.", path.display()))
        })
    };
    if let Ok(Some(value)) = read(file)
        && begun.is_value(&value)
        && let found = find(&value, context)?
        // A value that the service chose is known by the key that it opens.
        && (begun.value_hash.is_some() || found.as_ref().is_some_and(|key| is_delivered(orphan, key)))
    {
        if !is_left_over(&pending, file, begun.replaces.as_ref()) {
            let sentence = format!(
                "API key {name} was created and is in {}, but '{}' holds another file. Move that one away",
                file.display(),
                pending.display()
            );
            return Ok(Verdict { outcome: BLOCKED, id: None, sentence, settled: false });
        }
        if !args.dry_run.dry_run {
            discard(&pending)?;
        }
        let id = found.map(|key| key.id);
        let sentence = format!("API key {name} was created and is in {} already", file.display());
        return Ok(Verdict { outcome: "complete", id, sentence, settled: true });
    }
    let Some(value) = read(&pending)?.filter(|value| begun.is_value(value)) else {
        return lost_copy(orphan, &pending, args, context);
    };
    let mut found = find(&value, context)?;
    if found.is_none() {
        if !wait_for_certainty(orphan, args, context)? {
            return Ok(Verdict::undecided(name));
        }
        found = find(&value, context)?;
    }
    if let Some(key) = found {
        return Ok(complete(&key, &value, begun, file, &pending, args, context));
    }
    if !args.dry_run.dry_run {
        discard(&pending)?;
    }
    Ok(Verdict::never_created(name, args))
}

/// Tells whether a key is the one whose delivery was noted.
fn is_delivered(orphan: &Orphan, key: &ApiKey) -> bool {
    let is = |step: &Step| matches!(step, Step::Delivering { id } if *id == *key.id.as_str());
    orphan.steps.iter().any(is)
}

fn find(value: &Secret, context: &Context) -> Result<Option<ApiKey>> {
    match context.backend()?.api_key_by_value(value) {
        Ok(key) => Ok(Some(key)),
        Err(error) if error.condition == Condition::NotFound => Ok(None),
        Err(error) => Err(context.told(error, "The API key")),
    }
}

fn discard(pending: &Path) -> Result<()> {
    private_file::remove(pending).map_err(|error| {
        Error::new(
            ErrorKind::Failure,
            format!("'{}' could not be removed: {error}.", pending.display()),
        )
    })
}

fn complete(
    key: &ApiKey,
    value: &Secret,
    begun: &Begun,
    file: &Path,
    pending: &Path,
    args: &RecoverArgs,
    context: &Context,
) -> Verdict {
    let id = Some(key.id.clone());
    let shown = file.display();
    // What FILE may replace was settled when the command was begun; '--force' is about questions here.
    let destination = Destination::check_again(file, begun.replaces.as_ref());
    let finished = if args.dry_run.dry_run {
        destination.map(drop)
    } else {
        destination.and_then(|destination| {
            Pending::resume(pending.to_owned(), destination)?
                .finish(&key_file::document(key, value), value)
        })
    };
    match finished {
        Ok(()) => {
            let (outcome, now) = if args.dry_run.dry_run {
                ("would be completed", "would be written to")
            } else {
                ("complete", "is now in")
            };
            let sentence =
                format!("API key {} ({}) was created; it {now} {shown}", key.name, key.id);
            Verdict { outcome, id, sentence, settled: true }
        }
        Err(error) => {
            let sentence = format!(
                "API key {} ({}) was created, and its value is kept in {}. {error} Clear the way, then run '{} recover' again",
                key.name,
                key.id,
                pending.display(),
                context.program()
            );
            Verdict { outcome: BLOCKED, id, sentence, settled: false }
        }
    }
}

/// The pending copy is gone or was never whole. It is whole before the key is made, so as a rule there is no key.
fn lost_copy(
    orphan: &Orphan,
    pending: &Path,
    args: &RecoverArgs,
    context: &mut Context,
) -> Result<Verdict> {
    let begun = &orphan.begun;
    if begun.value_hash.is_none() {
        // The service chose the value, and it did not get as far as the copy.
        let verdict = settle_candidates(orphan, args, context)?;
        if verdict.settled && !args.dry_run.dry_run {
            discard(pending)?;
        }
        return Ok(verdict);
    }
    let Some(candidates) = candidates(orphan, args, context)? else {
        return Ok(Verdict::undecided(&begun.name));
    };
    if !candidates.is_empty() {
        // Somebody took the copy away, or spoilt it: whoever did may hold the value, so nothing is deleted.
        let what = if pending.exists() { "holds no value any more" } else { "is gone" };
        let ids: Vec<&str> = candidates.iter().map(|candidate| candidate.key.id.as_str()).collect();
        let sentence = format!(
            "The pending copy for API key {} {what}. Keys of that name made since then: {}. Delete the one whose value nobody holds",
            begun.name,
            ids.join(", ")
        );
        return Ok(Verdict { outcome: "reported", id: None, sentence, settled: true });
    }
    if !args.dry_run.dry_run {
        discard(pending)?;
    }
    Ok(Verdict::never_created(&begun.name, args))
}

/// A key that the interrupted command may have made.
struct Candidate {
    key: ApiKey,
    /// Whether somebody has used its value, and so holds it.
    is_used: bool,
}

/// Finds the keys that the interrupted command may have made; `None` where there may still come to be one.
fn candidates(
    orphan: &Orphan,
    args: &RecoverArgs,
    context: &mut Context,
) -> Result<Option<Vec<Candidate>>> {
    let mut found = candidates_now(orphan, context)?;
    if found.is_empty() {
        if !wait_for_certainty(orphan, args, context)? {
            return Ok(None);
        }
        found = candidates_now(orphan, context)?;
    }
    Ok(Some(found))
}

fn candidates_now(orphan: &Orphan, context: &Context) -> Result<Vec<Candidate>> {
    let backend = context.backend()?;
    let noted = orphan.steps.iter().find_map(|step| match step {
        Step::Delivering { id } => Some(id),
        Step::Sending { .. } => None,
    });
    let was_sent = !orphan.steps.is_empty() || backend.kind() == BackendKind::Local;
    let ids = match noted.or(orphan.begun.id.as_ref()) {
        // Chosen beforehand, or told by the service: there is nothing to guess.
        Some(id) => vec![ApiKeyId::new(id.as_str())],
        None if was_sent => likely(&orphan.begun, context)?,
        None => Vec::new(),
    };
    let mut found = Vec::new();
    for id in ids {
        let details = match backend.api_key(&id, Detail { history: false, activity: true }) {
            Ok(details) => details,
            Err(error) if error.condition == Condition::NotFound => continue,
            Err(error) => return Err(context.told(error, &subject(&id))),
        };
        let is_used = details.activity.is_some_and(|activity| activity.authn_count > 0);
        found.push(Candidate { key: details.key, is_used });
    }
    Ok(found)
}

/// Ids of keys of the name and creator, made since the command was begun and not there before.
fn likely(begun: &Begun, context: &Context) -> Result<Vec<ApiKeyId>> {
    let listed = context.backend()?.api_keys(&Owner::Myself, &Selection::Named(begun.name.clone()));
    let keys = listed.map_err(|error| context.told(error, "The list of API keys"))?;
    // The service tells times to the minute, by a clock of its own.
    let earliest = begun.at.seconds() - 3_600;
    let is_likely = |key: &ApiKey| {
        *key.name == *begun.name
            && *key.created_by == *begun.iam_id
            && key.created_at.seconds() >= earliest
            && !begun.known_ids.iter().any(|known| known == key.id.as_str())
    };
    Ok(keys.into_iter().filter(is_likely).map(|key| key.id).collect())
}

/// Without `--file`: a key whose value was not yet being printed is held by nobody.
fn settle_output(orphan: &Orphan, args: &RecoverArgs, context: &mut Context) -> Result<Verdict> {
    let name = &orphan.begun.name;
    let delivering = orphan.steps.iter().find_map(|step| match step {
        Step::Delivering { id } => Some(id),
        Step::Sending { .. } => None,
    });
    if let Some(id) = delivering {
        let program = context.program();
        let sentence = format!(
            "API key {name} ({id}) was created and its value may have been printed. If nobody has it, run '{program} api-key-delete {id}'"
        );
        return Ok(Verdict {
            outcome: "reported",
            id: Some(ApiKeyId::new(id.as_str())),
            sentence,
            settled: true,
        });
    }
    settle_candidates(orphan, args, context)
}

/// Settles an entry whose key's value nobody can hold.
fn settle_candidates(
    orphan: &Orphan,
    args: &RecoverArgs,
    context: &mut Context,
) -> Result<Verdict> {
    let name = &orphan.begun.name;
    let Some(candidates) = candidates(orphan, args, context)? else {
        return Ok(Verdict::undecided(name));
    };
    match candidates.as_slice() {
        [] => Ok(Verdict::never_created(name, args)),
        [Candidate { key, is_used: false }] => settle_unheld(key, args, context),
        [Candidate { key, is_used: true }] => {
            let sentence = format!(
                "API key {name} ({}) was made since then, and somebody has used it; it was left alone",
                key.id
            );
            Ok(Verdict { outcome: "reported", id: Some(key.id.clone()), sentence, settled: true })
        }
        several => {
            let ids: Vec<&str> =
                several.iter().map(|candidate| candidate.key.id.as_str()).collect();
            let sentence = format!(
                "API key {name} may be one of {}; its value was never printed. Delete the one whose value nobody holds",
                ids.join(", ")
            );
            Ok(Verdict { outcome: "reported", id: None, sentence, settled: true })
        }
    }
}

fn settle_unheld(key: &ApiKey, args: &RecoverArgs, context: &mut Context) -> Result<Verdict> {
    let id = Some(key.id.clone());
    if args.dry_run.dry_run {
        let sentence = format!(
            "API key {} ({}) was created, but its value reached nobody; it would be deleted",
            key.name, key.id
        );
        return Ok(Verdict { outcome: "would be deleted", id, sentence, settled: true });
    }
    if !args.force.force {
        if context.ui.manner().json {
            return Err(nobody_answers(
                "JSON output asks no questions, and deleting a key needs a confirmation.",
            ));
        }
        let question = format!(
            "API key '{}' ({}) was created, but its value reached nobody. Delete it?",
            escape(&key.name),
            key.id
        );
        if !context.ui.confirm(&question)? {
            let sentence = format!("API key {} ({}) was kept", key.name, key.id);
            return Ok(Verdict { outcome: KEPT, id, sentence, settled: false });
        }
    }
    let deleted = delete_unheld(context.backend()?, key);
    deleted.map_err(|error| context.told(error, &subject(&key.id)))?;
    let sentence =
        format!("API key {} ({}) was deleted: its value had reached nobody", key.name, key.id);
    Ok(Verdict { outcome: "deleted", id, sentence, settled: true })
}
