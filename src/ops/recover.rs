//! `recover`: settles what commands that were interrupted have left.

use std::path::Path;

use crate::backend::Condition;
use crate::cli::RecoverArgs;
use crate::context::Context;
use crate::error::{Error, ErrorKind, Result};
use crate::journal::{Begun, Orphan, Step};
use crate::model::{ApiKey, ApiKeyId, Detail, Identity, Owner, Selection};
use crate::ops::{delete_unheld, progress_line, subject};
use crate::private_file::{self, Destination, Pending, is_left_over, pending_path, read_pending};
use crate::render::json::{self, Recovered};
use crate::render::key_file;
use crate::secret::Secret;
use crate::text::escape;
use crate::ui::nobody_answers;

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
        let settled = if is_ours(&begun, &identity, context)? {
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

/// An entry is settled only where it was begun: there a missing key is proof.
fn is_ours(begun: &Begun, identity: &Identity, context: &Context) -> Result<bool> {
    let backend = context.backend()?;
    Ok(begun.backend == backend.kind()
        && begun.endpoint == backend.endpoint()
        && *begun.account_id == *identity.account_id
        && *begun.iam_id == *identity.iam_id)
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

/// With `--file`: the value is in the pending copy, in FILE already, or was never given to anybody.
fn settle_file(
    orphan: &Orphan,
    file: &Path,
    args: &RecoverArgs,
    context: &Context,
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
        let id = find(&value, context)?.map(|key| key.id);
        let sentence = format!("API key {name} was created and is in {} already", file.display());
        return Ok(Verdict { outcome: "complete", id, sentence, settled: true });
    }
    let Some(value) = read(&pending)?.filter(|value| begun.is_value(value)) else {
        return lost_copy(begun, &pending, args, context);
    };
    if let Some(key) = find(&value, context)? {
        return Ok(complete(&key, &value, begun, file, &pending, args, context));
    }
    if !args.dry_run.dry_run {
        discard(&pending)?;
    }
    Ok(Verdict::never_created(name, args))
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
    begun: &Begun,
    pending: &Path,
    args: &RecoverArgs,
    context: &Context,
) -> Result<Verdict> {
    let candidates = candidates(begun, context)?;
    if !candidates.is_empty() {
        // Somebody took the copy away, or spoilt it: whoever did may hold the value, so nothing is deleted.
        let what = if pending.exists() { "holds no value any more" } else { "is gone" };
        let ids: Vec<&str> = candidates.iter().map(|key| key.id.as_str()).collect();
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

/// Keys that the interrupted command may have made, and that were never used.
fn candidates(begun: &Begun, context: &Context) -> Result<Vec<ApiKey>> {
    let backend = context.backend()?;
    let ids = match &begun.id {
        // Chosen beforehand: there is nothing to guess.
        Some(id) => vec![ApiKeyId::new(id.as_str())],
        None => likely(begun, context)?,
    };
    let mut unused = Vec::new();
    for id in ids {
        let details = match backend.api_key(&id, Detail { history: false, activity: true }) {
            Ok(details) => details,
            Err(error) if error.condition == Condition::NotFound => continue,
            Err(error) => return Err(context.told(error, &subject(&id))),
        };
        if details.activity.is_none_or(|activity| activity.authn_count == 0) {
            unused.push(details.key);
        }
    }
    Ok(unused)
}

/// Ids of keys of the name and creator, made since the command was begun and not there before.
fn likely(begun: &Begun, context: &Context) -> Result<Vec<ApiKeyId>> {
    let listed = context.backend()?.api_keys(&Owner::Myself, &Selection::Named(begun.name.clone()));
    let keys = listed.map_err(|error| context.told(error, "The list of API keys"))?;
    // The service tells times to the minute.
    let earliest = begun.at.seconds() - 60;
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
    if let Some(Step::Delivering { id }) = orphan.steps.first() {
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
    let candidates = candidates(&orphan.begun, context)?;
    match candidates.as_slice() {
        [] => Ok(Verdict::never_created(name, args)),
        [only] => settle_unheld(only, args, context),
        several => {
            let ids: Vec<&str> = several.iter().map(|key| key.id.as_str()).collect();
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
