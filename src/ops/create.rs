//! `api-key-create`: makes a key whose value is known and kept before anybody is asked to make it.
//!
//! FILE is checked; the journal entry is synced; with `--file` the value is synced beside FILE; the key is made; the
//! value goes to its one place; the entry is closed. Killed anywhere in between, `recover` completes or undoes it.
//! With `--server-value` the value is known only when the key is made; a lost answer then costs the key, which
//! `recover` finds and deletes.

use std::fmt::Write as _;
use std::io;
use std::path::Path;
use std::time::Duration;

use crate::backend::{Backend, BackendError, Condition, CreateEffect};
use crate::cli::ApiKeyCreateArgs;
use crate::context::Context;
use crate::error::{Error, ErrorKind, Result};
use crate::journal::{self, Begun, Entry, Journal, Operation, Step};
use crate::model::{
    ApiKey, ApiKeyChanges, Identity, NewApiKey, NewValue, Owner, Selection, Timestamp,
};
use crate::ops::{delete_unheld, expiry, progress_line, resolve, subject};
use crate::private_file::{self, Destination, DestinationError, Pending, pending_path};
use crate::render::{json, key_file, table};
use crate::secret::Secret;
use crate::ui::{Ui, interrupt, nobody_answers};

/// Runs `api-key-create`.
pub fn run(args: &ApiKeyCreateArgs, context: &mut Context) -> Result<()> {
    let now = context.now()?;
    let mut new = NewApiKey {
        id: None,
        owner: Owner::Myself,
        name: args.name.clone(),
        description: args.description.clone(),
        locked: args.lock,
        disabled: args.disabled,
        action_when_leaked: args.action_if_leaked,
        expires_at: expiry(&args.expiry, now)?,
        support_sessions: None,
    };
    let destination =
        args.file.as_deref().map(|file| check_destination(file, args.force)).transpose()?;
    if let Some(destination) = &destination {
        refuse_own_directories(destination.path(), context)?;
    }
    let identity = context.identity()?;
    new.id = context.backend()?.choose_id();
    let what = format!("API key {}", context.ui.entity(&new.name));
    context.ui.progress(&progress_line("Creating", &what, &identity));
    if args.dry_run.dry_run {
        return dry_run(&new, args.file.as_deref(), &identity, now, context);
    }
    check_texts(&new, context)?;
    warn_of_orphans(&identity, context);
    agree_to_replace(args.force, context)?;
    let value = if args.server_value {
        None
    } else {
        Some(Secret::choose_api_key().map_err(no_randomness)?)
    };
    match destination {
        Some(destination) => to_file(&new, value, destination, &identity, now, args, context),
        None => to_output(&new, value, &identity, now, context),
    }
}

fn check_destination(file: &Path, force: bool) -> Result<Destination> {
    if file == Path::new("-") {
        return Err(
            Error::usage("'-' is no file for a key.").hint("Leave out '--file' to print the key.")
        );
    }
    Ok(Destination::check(file, force)?)
}

/// Refuses a FILE among the program's own: it would stand in the way of a lock or a log.
fn refuse_own_directories(file: &Path, context: &Context) -> Result<()> {
    let Ok(parent) = private_file::parent(file).canonicalize() else { return Ok(()) };
    let directories = context.directories()?;
    for own in [&directories.store, &directories.journal] {
        if own.canonicalize().is_ok_and(|own| parent.starts_with(own)) {
            let message = format!(
                "'{}' is in a directory that this program keeps for itself.",
                file.display()
            );
            return Err(
                Error::new(ErrorKind::Destination, message).hint("Name a file somewhere else.")
            );
        }
    }
    Ok(())
}

fn dry_run(
    new: &NewApiKey,
    file: Option<&Path>,
    identity: &Identity,
    now: Timestamp,
    context: &mut Context,
) -> Result<()> {
    context.backend()?.check_new(new).map_err(|error| context.told(error, &subject(&new.name)))?;
    let ui = &mut context.ui;
    if ui.manner().json {
        ui.data(|out| json::planned(out, new, identity, now));
    } else {
        let place =
            file.map(|file| format!(" and saved to {}", ui.entity(&file.display().to_string())));
        let place = place.unwrap_or_default();
        ui.result(&format!("Dry run: API key {} would be created{place}", ui.entity(&new.name)));
    }
    Ok(())
}

/// Refuses texts that the backend will refuse, before they are written anywhere.
fn check_texts(new: &NewApiKey, context: &Context) -> Result<()> {
    let texts = ApiKeyChanges {
        name: Some(new.name.clone()),
        description: Some(new.description.clone()),
        ..ApiKeyChanges::default()
    };
    context
        .backend()?
        .check_changes(&texts)
        .map_err(|error| context.told(error, &subject(&new.name)))
}

/// Asks where making a key ends the present one; most backends only add.
fn agree_to_replace(force: bool, context: &mut Context) -> Result<()> {
    if force || context.backend()?.create_effect() == CreateEffect::Adds {
        return Ok(());
    }
    if context.ui.manner().json {
        return Err(nobody_answers(
            "JSON output asks no questions, and a new key would end the present one.",
        ));
    }
    if context.ui.confirm("The present key stops working at once. Create another?")? {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Cancelled, "Cancelled; nothing was changed."))
}

/// Reminds of what an earlier command left, which only `recover` settles.
fn warn_of_orphans(identity: &Identity, context: &mut Context) {
    let is_ours =
        |begun: &Begun| context.backend().is_ok_and(|backend| begun.is_of(backend, identity));
    if context.journal().is_ok_and(|journal| journal.has_orphans(is_ours)) {
        let program = context.program();
        let words = format!(
            "An earlier command was interrupted. Run '{program} recover' to finish or undo it."
        );
        context.ui.warn(&words);
    }
}

fn journal_failed(error: &io::Error) -> Error {
    Error::new(ErrorKind::Failure, format!("The journal cannot be written: {error}. No API key was created."))
        .hint("A key is created only when its making can be noted; IBMCLOUD_IAM_HOME names another directory.")
}

fn no_randomness(error: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Failure, format!("The operating system gave no random bytes: {error}."))
}

/// Synced before anything is made.
fn begin(
    new: &NewApiKey,
    value: Option<&Secret>,
    file: Option<&Destination>,
    identity: &Identity,
    now: Timestamp,
    context: &Context,
) -> Result<Entry> {
    let backend = context.backend()?;
    let hashed = value.map(Journal::hash).transpose().map_err(no_randomness)?;
    let (value_hash, salt) = hashed.unzip();
    // Should the answer be lost, the new key is none of these. A chosen id says enough, and so does a copy of the value.
    let known_ids = if new.id.is_some() || file.is_some() && value.is_some() {
        Vec::new()
    } else {
        ids_before(new, context)?
    };
    let begun = Begun {
        version: journal::VERSION,
        operation: Operation::ApiKeyCreate,
        name: new.name.clone(),
        id: new.id.as_ref().map(ToString::to_string),
        backend: backend.kind(),
        endpoint: backend.endpoint(),
        account_id: identity.account_id.to_string(),
        iam_id: identity.iam_id.to_string(),
        at: now,
        file: file
            .map(|file| std::path::absolute(file.path()))
            .transpose()
            .map_err(|error| journal_failed(&error))?,
        replaces: file.and_then(|file| file.replaces.clone()),
        value_hash,
        salt: salt.unwrap_or_default(),
        known_ids,
    };
    let entry = context.journal()?.begin(&begun).map_err(|error| journal_failed(&error))?;
    let words = format!("Run '{} recover' to finish or undo what was begun.", context.program());
    interrupt::watch(context.ui.manner(), Some(words));
    Ok(entry)
}

/// Why a key was not made.
enum Unmade {
    /// The attempt could not be noted, so there was none.
    Unnoted(io::Error),
    /// The backend says why.
    Backend(BackendError),
}

/// Makes the key; each attempt whose answer can be lost is noted first. Returns it with its value.
fn make(
    new: &NewApiKey,
    value: Option<Secret>,
    entry: &mut Entry,
    backend: &dyn Backend,
    context: &Context,
) -> std::result::Result<(ApiKey, Secret), Unmade> {
    let mut unnoted = None;
    let mut note = |doubt: Duration| {
        // Times are kept to the second: the one that has begun counts too.
        let doubt = Duration::from_secs(doubt.as_secs() + 2);
        let until = context.now().ok().and_then(|now| now.plus(doubt)).unwrap_or_default();
        entry.reach(&Step::Sending { until }).map_err(|error| unnoted = Some(error)).is_ok()
    };
    let chosen = value.as_ref().map_or(NewValue::ServiceChooses, NewValue::Chosen);
    match backend.create_api_key(new, chosen, &mut note) {
        Ok(created) => match created.value.or(value) {
            Some(value) => Ok((created.key, value)),
            None => Err(Unmade::Backend(
                Condition::OutcomeUnknown("the service told no value".to_owned()).into(),
            )),
        },
        Err(error) => match (unnoted, &error.condition) {
            (Some(unnoted), condition) if !matches!(condition, Condition::OutcomeUnknown(_)) => {
                Err(Unmade::Unnoted(unnoted))
            }
            _ => Err(Unmade::Backend(error)),
        },
    }
}

fn end(entry: Entry, context: &Context) {
    // An entry that cannot be removed is settled by `recover`, which finds everything in place.
    let _ = entry.close();
    interrupt::watch(context.ui.manner(), None);
}

fn to_file(
    new: &NewApiKey,
    value: Option<Secret>,
    destination: Destination,
    identity: &Identity,
    now: Timestamp,
    args: &ApiKeyCreateArgs,
    context: &mut Context,
) -> Result<()> {
    let file = destination.path().to_owned();
    let is_chosen_here = value.is_some();
    let mut entry = begin(new, value.as_ref(), Some(&destination), identity, now, context)?;
    let place = pending_path(&file, entry.tag());
    let room = key_file::room_for(&new.name, &new.description);
    let pending = match destination.begin(place.clone(), value.as_ref(), room) {
        Ok(pending) => pending,
        Err(error) => {
            // A copy that could not be removed keeps its entry, by which `recover` finds it.
            if !place.exists() {
                end(entry, context);
            }
            return Err(error.into());
        }
    };
    let (key, value) = match make(new, value, &mut entry, context.backend()?, context) {
        Ok(made) => made,
        Err(unmade) => {
            return Err(not_created(unmade, &new.name, Some(pending), entry, identity, context));
        }
    };
    if !is_chosen_here && let Err(error) = entry.reach(&Step::Delivering { id: key.id.to_string() })
    {
        return Err(undone(&error, &key, Some(pending), entry, context));
    }
    if let Err(error) = pending.finish(&key_file::document(&key, &value), &value) {
        return Err(not_in_place(error, &key, &place, entry, context));
    }
    end(entry, context);
    if context.ui.manner().json {
        let state = resolve::state_now(context, &key, now);
        context.ui.data(|out| json::key(out, &key, state));
        return Ok(());
    }
    let ui = &mut context.ui;
    ui.ok();
    ui.result(&format!("API key {} was created", ui.entity(&key.name)));
    let shown = args.file.as_deref().unwrap_or(&file).display().to_string();
    ui.result(&format!("Successfully save API key information to {}", ui.entity(&shown)));
    Ok(())
}

/// Undoes a key whose FILE was taken or went away meanwhile: nobody has its value. Where that fails too, the value is
/// kept.
fn not_in_place(
    error: DestinationError,
    key: &ApiKey,
    copy: &Path,
    entry: Entry,
    context: &Context,
) -> Error {
    let in_place = error.in_place;
    let mut told = Error::from(error);
    if !in_place && is_undone(key, context) {
        if private_file::remove(copy).is_ok() {
            end(entry, context);
        }
        told.message.push_str(" No API key was created.");
        return told;
    }
    let place = if in_place { "FILE".to_owned() } else { format!("'{}'", copy.display()) };
    let _ = write!(told.message, " The API key {} was created; its value is in {place}.", key.id);
    told.hint(format!("Clear the way to FILE, then run '{} recover'.", context.program()))
}

/// Tells whether a key whose value reached nobody is gone again.
fn is_undone(key: &ApiKey, context: &Context) -> bool {
    context.backend().is_ok_and(|backend| delete_unheld(backend, key).is_ok())
}

/// Says that no key was made, and clears away what was prepared for it; keeps it where that is not certain.
fn not_created(
    unmade: Unmade,
    name: &str,
    pending: Option<Pending>,
    entry: Entry,
    identity: &Identity,
    context: &Context,
) -> Error {
    let error = match unmade {
        Unmade::Backend(error) if matches!(error.condition, Condition::OutcomeUnknown(_)) => {
            let told = context.told(error, &subject(name));
            return told.hint(format!("Run '{} recover' to find out.", context.program()));
        }
        other => other,
    };
    // A copy that cannot be removed keeps its entry, by which `recover` finds it.
    if pending.is_none_or(|pending| pending.discard().is_ok()) {
        end(entry, context);
    }
    match error {
        Unmade::Unnoted(error) => journal_failed(&error),
        Unmade::Backend(error) => refused(error, name, identity, context),
    }
}

/// Says why the service made no key, and what to do about the reasons that only a create has.
fn refused(error: BackendError, name: &str, identity: &Identity, context: &Context) -> Error {
    let is_forbidden = error.condition == Condition::Forbidden;
    let is_invalid = matches!(error.condition, Condition::Invalid(_));
    let told = context.told(error, &subject(name));
    if is_forbidden && identity.iam_id.starts_with("iam-Profile-") {
        return told.hint(
            "A session of a trusted profile cannot create API keys for a user: log in as the user.",
        );
    }
    if is_forbidden {
        return told.hint(
            "The account may restrict the creation of API keys; then the role UserApiKeyCreator on the IAM Identity service is needed.",
        );
    }
    if is_invalid && told.message.to_ascii_lowercase().contains("apikey") {
        return told.hint(
            "If the service takes no values that were chosen elsewhere, repeat the command with '--server-value'.",
        );
    }
    told
}

fn to_output(
    new: &NewApiKey,
    value: Option<Secret>,
    identity: &Identity,
    now: Timestamp,
    context: &mut Context,
) -> Result<()> {
    let mut entry = begin(new, value.as_ref(), None, identity, now, context)?;
    let (key, value) = match make(new, value, &mut entry, context.backend()?, context) {
        Ok(made) => made,
        Err(unmade) => return Err(not_created(unmade, &new.name, None, entry, identity, context)),
    };
    let step = Step::Delivering { id: key.id.to_string() };
    if let Err(error) = entry.reach(&step) {
        return Err(undone(&error, &key, None, entry, context));
    }
    deliver(&key, &value, now, context).map_err(|error| undelivered(&error, &key, context))?;
    end(entry, context);
    Ok(())
}

/// Deletes a key whose delivery could not be noted: printed without the note, it could be taken for one that nobody
/// holds.
fn undone(
    error: &io::Error,
    key: &ApiKey,
    pending: Option<Pending>,
    entry: Entry,
    context: &Context,
) -> Error {
    if is_undone(key, context) {
        if pending.is_none_or(|pending| pending.discard().is_ok()) {
            end(entry, context);
        }
        return journal_failed(error);
    }
    let message = format!(
        "{} ({}) was created, but the journal cannot be written: {error}. Its value was not printed.",
        subject(&key.name),
        key.id
    );
    let hint = format!("Make room, then run '{} recover' to delete it.", context.program());
    Error::new(ErrorKind::OutcomeUnknown, message).hint(hint)
}

/// Lists the keys of the name that are there before.
fn ids_before(new: &NewApiKey, context: &Context) -> Result<Vec<String>> {
    let listed = context.backend()?.api_keys(&new.owner, &Selection::Named(new.name.clone()));
    let keys = listed.map_err(|error| context.told(error, &subject(&new.name)))?;
    Ok(keys
        .into_iter()
        .filter(|key| *key.name == *new.name)
        .map(|key| key.id.to_string())
        .collect())
}

/// Prints the value, in the one place where it ever appears.
fn deliver(key: &ApiKey, value: &Secret, now: Timestamp, context: &mut Context) -> io::Result<()> {
    if context.ui.manner().json {
        let state = resolve::state_now(context, key, now);
        return context.ui.deliver(&json::created(key, state, value));
    }
    let ui = &mut context.ui;
    ui.ok();
    ui.result(&format!("API key {} was created", ui.entity(&key.name)));
    ui.result("");
    ui.warn("Please preserve the API key! It cannot be retrieved after it's created.");
    let text = table::created(key, value, ui.manner().colour.0);
    ui.deliver(&text)?;
    if Ui::output_goes_nowhere() {
        let key = format!("{} ({})", subject(&key.name), key.id);
        ui.warn(&format!("Standard output goes nowhere: nobody has the value of {key}."));
    }
    Ok(())
}

fn undelivered(error: &io::Error, key: &ApiKey, context: &Context) -> Error {
    let message = format!(
        "{} ({}) was created, but its value could not be written to standard output: {error}.",
        subject(&key.name),
        key.id
    );
    let program = context.program();
    Error::new(ErrorKind::Failure, message).hint(format!(
        "If the value did not arrive, delete the key with '{program} api-key-delete {} --force' and create another.",
        key.id
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::fake::Fake;
    use crate::ui::Manner;

    #[test]
    fn a_key_that_ends_the_present_one_is_not_made_unasked() {
        let backend = Fake { effect: CreateEffect::ReplacesTheOnlyKey, ..Fake::default() };
        let mut context = backend.context(Manner { json: true, ..Manner::default() });
        assert_eq!(agree_to_replace(false, &mut context).unwrap_err().kind, ErrorKind::Usage);
        assert!(agree_to_replace(true, &mut context).is_ok());
    }
}
