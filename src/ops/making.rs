//! Making a key and handing over its value, in steps that survive an end anywhere.
//!
//! The journal entry is synced; with FILE the value is synced beside it; the key is made; the value goes to its one
//! place; the entry is closed. Killed anywhere in between, `recover` completes or undoes it. Where the service chooses
//! the value, that is known only when the key is made; a lost answer then costs the key, which `recover` finds and
//! deletes.

use std::fmt::Write as _;
use std::io;
use std::path::Path;
use std::time::Duration;

use crate::config::{self, Directories, Profile};
use crate::context::Context;
use crate::error::{Error, ErrorKind, Result};
use crate::journal::{self, Begun, Entry, Journal, Operation, Retires, Step};
use crate::model::{ApiKey, Detail, Identity, NewApiKey, NewValue, Selection, Timestamp};
use crate::ops::{conflict, delete_unheld, locked, subject};
use crate::private_file::{
    self, Destination, DestinationError, Pending, Whereabouts, pending_path, place_of,
};
use crate::render::key_file;
use crate::secret::Secret;
use crate::systems::{BackendError, Condition};
use crate::ui::interrupt;

/// What is to be made, and where its value goes.
pub(super) struct Plan<'a> {
    pub(super) operation: Operation,
    pub(super) new: &'a NewApiKey,
    pub(super) identity: &'a Identity,
    pub(super) now: Timestamp,
    /// FILE; `None` to print the value.
    pub(super) destination: Option<Destination>,
    /// Whether the service chooses the value.
    pub(super) server_value: bool,
    /// The key that the new one replaces, as it was when that was agreed to.
    pub(super) retires: Option<(Retires, &'a ApiKey)>,
}

/// A key that was made, and whose value nobody has yet.
pub(super) struct Made {
    pub(super) key: ApiKey,
    pub(super) value: Secret,
    entry: Entry,
    /// The copy beside FILE.
    pending: Option<Pending>,
    is_chosen_here: bool,
}

/// A key whose value is in its place. The journal entry is open until [`Handed::close`].
pub(super) struct Handed {
    pub(super) key: ApiKey,
    entry: Entry,
}

/// Checks FILE before anything is asked for.
pub(super) fn check_destination(
    file: &Path,
    force: bool,
    context: &Context,
) -> Result<Destination> {
    if file == Path::new("-") {
        return Err(
            Error::usage("'-' is no file for a key.").hint("Leave out '--file' to print the key.")
        );
    }
    let destination = Destination::check(file, force)?;
    refuse_own_directories(&destination, context)?;
    Ok(destination)
}

/// Refuses a FILE among the program's own: it would stand in the way of a lock, a log or a login.
fn refuse_own_directories(destination: &Destination, context: &Context) -> Result<()> {
    let file = destination.place();
    let real = |own: &Path| own.canonicalize().or_else(|_| place_of(own)).ok();
    let is_below = |own: &Path| real(own).is_some_and(|own| file.starts_with(own));
    let default = Directories::find(context.environment(), &Profile::default())?;
    let is_kept = |all: &Directories| {
        let kept = [&all.store, &all.journal, &all.tokens, &all.names];
        kept.into_iter().flatten().any(|own| is_below(own))
    };
    // The configuration may be kept in a home, or in a project, that holds much else.
    let home = config::home(context.environment())?.and_then(|home| real(&home));
    let is_config = default.config.as_deref().is_some_and(|config| {
        is_below(&config.join("profiles"))
            || real(config).is_some_and(|config| {
                // A home holds much else, and of that only what this program puts there is its own.
                let is_in = private_file::parent(file) == config;
                file == config || is_in && (home.as_ref() != Some(&config) || is_own_name(file))
            })
    });
    if is_config || is_kept(&default) || is_kept(context.directories()?) {
        let message = format!(
            "'{}' is in a directory that this program keeps for itself.",
            destination.path().display()
        );
        return Err(Error::new(ErrorKind::Destination, message).hint("Name a file somewhere else."));
    }
    Ok(())
}

/// Tells whether a file in the directory of the configuration has a name that this program gives.
fn is_own_name(file: &Path) -> bool {
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.starts_with("config.") || name.starts_with("login-")
}

/// Notes what is begun, and makes the key. When this fails, nothing was made and nothing is left, unless the error
/// says that `recover` is needed.
pub(super) fn make(plan: Plan<'_>, context: &Context) -> Result<Made> {
    let Plan { new, identity, .. } = plan;
    let value = if plan.server_value {
        None
    } else {
        Some(Secret::choose_api_key().map_err(no_randomness)?)
    };
    let mut entry = begin(&plan, value.as_ref(), context)?;
    let pending = match plan.destination {
        Some(destination) => {
            let place = pending_path(destination.place(), entry.tag());
            let room = key_file::room_for(&new.name, &new.description);
            match destination.begin(place.clone(), value.as_ref(), room) {
                Ok(pending) => Some(pending),
                Err(error) => {
                    // A copy that could not be removed keeps its entry, by which `recover` finds it.
                    if !place.exists() {
                        end(entry, context);
                    }
                    return Err(error.into());
                }
            }
        }
        None => None,
    };
    match attempt(new, value, &mut entry, context) {
        Ok((key, value, is_chosen_here)) => Ok(Made { key, value, entry, pending, is_chosen_here }),
        Err(unmade) => {
            Err(not_created(unmade, plan.operation, new, pending, entry, identity, context))
        }
    }
}

/// Synced before anything is made.
fn begin(plan: &Plan<'_>, value: Option<&Secret>, context: &Context) -> Result<Entry> {
    let Plan { new, identity, .. } = plan;
    let backend = context.backend()?;
    let file = plan.destination.as_ref();
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
        operation: plan.operation,
        name: new.name.clone(),
        id: new.id.as_ref().map(ToString::to_string),
        backend: backend.kind(),
        endpoint: backend.endpoint(),
        account_id: identity.account_id.to_string(),
        iam_id: identity.iam_id.to_string(),
        at: plan.now,
        file: file.map(|file| file.place().to_owned()),
        replaces: file.and_then(|file| file.replaces.clone()),
        value_hash,
        salt: salt.unwrap_or_default(),
        known_ids,
        retires: plan.retires.as_ref().map(|(retires, _)| retires.clone()),
    };
    let journal = context.journal()?;
    let entry = journal.begin(&begun).map_err(|error| journal_failed(&error))?;
    if let Some((retires, old)) = &plan.retires
        && let Err(error) = still_to_be_rotated(retires, old, &entry, &journal, context)
    {
        end(entry, context);
        return Err(error);
    }
    let words = format!("Run '{} recover' to finish or undo what was begun.", context.program());
    interrupt::watch(context.ui.manner(), Some(words));
    Ok(entry)
}

/// Makes sure, once the entry tells others of it, that nobody else is rotating the key or has done so meanwhile.
fn still_to_be_rotated(
    retires: &Retires,
    old: &ApiKey,
    entry: &Entry,
    journal: &Journal,
    context: &Context,
) -> Result<()> {
    let subject = subject(&old.name);
    let is_same = |other: &Begun| other.retires.as_ref().is_some_and(|its| its.id == retires.id);
    if journal.is_rivalled(entry, is_same) {
        return Err(being_rotated(&subject));
    }
    let now = context.backend()?.api_key(&old.id, Detail::default());
    let now = now.map_err(|error| context.told(error, &subject))?.key;
    if now.locked {
        return Err(locked(context, &subject, &now));
    }
    if now.entity_tag != old.entity_tag {
        return Err(conflict(context, Condition::Conflict.into(), &subject, old, &now));
    }
    Ok(())
}

/// Says that somebody else is at it.
pub(super) fn being_rotated(subject: &str) -> Error {
    Error::new(ErrorKind::Conflict, format!("{subject} is being rotated by another process."))
        .hint("Nothing was changed; look at the keys when it has ended.")
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

/// Why a key was not made.
enum Unmade {
    /// The attempt could not be noted, so there was none.
    Unnoted(io::Error),
    /// The backend says why.
    Backend(BackendError),
    /// The backend was never opened.
    Closed(Error),
}

/// Has the key made; each attempt whose answer can be lost is noted first. Returns it with its value, and whether that is
/// the one that was chosen here.
fn attempt(
    new: &NewApiKey,
    value: Option<Secret>,
    entry: &mut Entry,
    context: &Context,
) -> std::result::Result<(ApiKey, Secret, bool), Unmade> {
    let mut unnoted = None;
    let mut note = |doubt: Duration| {
        // Times are kept to the second: the one that has begun counts too.
        let doubt = Duration::from_secs(doubt.as_secs() + 2);
        let until = context.now().ok().and_then(|now| now.plus(doubt)).unwrap_or_default();
        entry.reach(&Step::Sending { until }).map_err(|error| unnoted = Some(error)).is_ok()
    };
    let chosen = value.as_ref().map_or(NewValue::ServiceChooses, NewValue::Chosen);
    let backend = context.backend().map_err(Unmade::Closed)?;
    match backend.create_api_key(new, chosen, &mut note) {
        Ok(created) => match (created.value, value) {
            (Some(told), _) => Ok((created.key, told, false)),
            (None, Some(chosen)) => Ok((created.key, chosen, true)),
            (None, None) => Err(Unmade::Backend(
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

/// Says that no key was made, and clears away what was prepared for it; keeps it where that is not certain.
fn not_created(
    unmade: Unmade,
    operation: Operation,
    new: &NewApiKey,
    pending: Option<Pending>,
    entry: Entry,
    identity: &Identity,
    context: &Context,
) -> Error {
    let error = match unmade {
        Unmade::Backend(error) if matches!(error.condition, Condition::OutcomeUnknown(_)) => {
            let told = context.told(error, &subject(&new.name));
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
        Unmade::Closed(error) => error,
        Unmade::Backend(error) => refused(error, operation, &new.name, identity, context),
    }
}

/// Says why the service made no key, and what to do about the reasons that only a create has.
fn refused(
    error: BackendError,
    operation: Operation,
    name: &str,
    identity: &Identity,
    context: &Context,
) -> Error {
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
    if is_invalid
        && operation == Operation::ApiKeyCreate
        && told.message.to_ascii_lowercase().contains("apikey")
    {
        return told.hint(
            "If the service takes no values that were chosen elsewhere, repeat the command with '--server-value'.",
        );
    }
    told
}

impl Made {
    /// Notes the key, so that it is known for certain whatever happens before its value is handed over.
    pub(super) fn note(mut self, context: &Context) -> Result<Self> {
        match self.entry.reach(&Step::Made { id: self.key.id.to_string() }) {
            Ok(()) => Ok(self),
            Err(error) => Err(self.undo(journal_failed(&error), context)),
        }
    }

    /// Puts the value into FILE. A key for which FILE was taken meanwhile is undone.
    pub(super) fn into_file(mut self, context: &Context) -> Result<Handed> {
        let step = Step::Delivering { id: self.key.id.to_string() };
        if !self.is_chosen_here
            && let Err(error) = self.entry.reach(&step)
        {
            return Err(self.undo(journal_failed(&error), context));
        }
        let Self { key, value, entry, pending, .. } = self;
        if let Some(pending) = pending {
            let place = pending.path().to_owned();
            if let Err(error) = pending.finish(&key_file::document(&key, &value), &value) {
                return Err(not_in_place(error, &key, &place, entry, context));
            }
        }
        Ok(Handed { key, entry })
    }

    /// Has the value printed by `print`. What is printed only in part may have arrived: such a key is never deleted.
    pub(super) fn into_output(
        mut self,
        context: &mut Context,
        print: impl FnOnce(&ApiKey, &Secret, &mut Context) -> io::Result<()>,
    ) -> Result<Handed> {
        let step = Step::Delivering { id: self.key.id.to_string() };
        if let Err(error) = self.entry.reach(&step) {
            // Printed without the note, it could be taken for one that nobody holds.
            return Err(self.undo(journal_failed(&error), context));
        }
        let Self { key, value, mut entry, .. } = self;
        if let Err(error) = print(&key, &value, context) {
            return Err(undelivered(&error, &key, context));
        }
        // Without the note `recover` only reports, and nothing is lost by that.
        let _ = entry.reach(&Step::Delivered);
        Ok(Handed { key, entry })
    }

    /// Deletes the key again, for its value reached nobody, and says so beside `why`. Where that fails, `recover` does it.
    pub(super) fn undo(self, mut why: Error, context: &Context) -> Error {
        let Self { key, entry, pending, .. } = self;
        let has_copy = pending.is_some();
        if is_undone(&key, context) {
            if pending.is_none_or(|pending| pending.discard().is_ok()) {
                end(entry, context);
            }
            return why;
        }
        why.kind = ErrorKind::OutcomeUnknown;
        why.message = format!(
            "{} {} ({}) was created, and could not be deleted again; its value reached nobody.",
            why.message.replace(NOTHING_CREATED, "").trim_end(),
            subject(&key.name),
            key.id
        );
        let what = if has_copy { "finish or undo it" } else { "delete it" };
        why.hint(format!("Run '{} recover' to {what}.", context.program()))
    }
}

impl Handed {
    /// Ends the entry: everything is settled.
    pub(super) fn close(self, context: &Context) -> ApiKey {
        let Self { key, entry } = self;
        end(entry, context);
        // An interrupted command that was for a key of this name has not made this one.
        if let (Ok(journal), Ok(backend)) = (context.journal(), context.backend()) {
            journal.disown(key.id.as_str(), |begun| {
                begun.name == *key.name && begun.is_of(backend, &key.account_id, &key.iam_id)
            });
        }
        key
    }
}

fn end(entry: Entry, context: &Context) {
    // An entry that cannot be removed is settled by `recover`, which finds everything in place.
    let _ = entry.close();
    interrupt::watch(context.ui.manner(), None);
}

/// Tells whether a key whose value reached nobody is gone again.
fn is_undone(key: &ApiKey, context: &Context) -> bool {
    context.backend().is_ok_and(|backend| delete_unheld(backend, key).is_ok())
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
    let whereabouts = error.whereabouts;
    let mut told = Error::from(error);
    if whereabouts != Whereabouts::InPlace && is_undone(key, context) {
        if whereabouts == Whereabouts::Taken || private_file::remove(copy).is_ok() {
            end(entry, context);
        }
        told.message.push(' ');
        told.message.push_str(NOTHING_CREATED);
        return told;
    }
    let place = match whereabouts {
        Whereabouts::InPlace => "FILE".to_owned(),
        Whereabouts::Beside => format!("'{}'", copy.display()),
        Whereabouts::Taken => {
            told.kind = ErrorKind::OutcomeUnknown;
            let _ = write!(
                told.message,
                " The API key {} was created, and could not be deleted again.",
                key.id
            );
            let hint = format!("Run '{} api-key-delete {} --force'.", context.program(), key.id);
            return told.hint(hint);
        }
    };
    let _ = write!(told.message, " The API key {} was created; its value is in {place}.", key.id);
    told.hint(format!("Clear the way to FILE, then run '{} recover'.", context.program()))
}

const NOTHING_CREATED: &str = "No API key was created.";

fn journal_failed(error: &io::Error) -> Error {
    Error::new(ErrorKind::Failure, format!("The journal cannot be written: {error}. {NOTHING_CREATED}"))
        .hint("A key is created only when its making can be noted; IBMCLOUD_IAM_HOME names another directory.")
        .remedied(error)
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
        key.id.in_command()
    ))
}

fn no_randomness(error: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Failure, format!("The operating system gave no random bytes: {error}."))
}
