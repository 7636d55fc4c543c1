//! Bringing a value to FILE by way of the pending copy.

use std::io;
use std::path::Path;

use super::machine::Disk;
use super::regions;
use super::state::{CopyFile, Run, found};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{ApiKey, ApiKeyId, Detail};
use crate::private_file::{
    self, Destination, DestinationError, Left, Whereabouts, is_left_over, owner_of, pending_path,
    place_of,
};
use crate::render::{key_file, only_key};
use crate::secret::Secret;
use crate::session::Session;
use crate::systems::Condition;

/// Looks at FILE and at the pending copy.
pub(super) fn look(run: &mut Run, session: &mut Session) -> Result<()> {
    if run.begun.regions.is_some() {
        return regions::look_at_copy(run, session);
    }
    let Some(file) = run.begun.file.clone() else { return Ok(()) };
    let disk = match state(run, &file, session)? {
        Ok(disk) => disk,
        Err(why) => {
            run.cause = Some(Error::new(ErrorKind::Destination, why));
            Disk::Blocked
        }
    };
    run.machine.observed.disk = Some(disk);
    Ok(())
}

/// Returns what is there, or why nothing can be done with it.
fn state(
    run: &mut Run,
    file: &Path,
    session: &Session,
) -> Result<std::result::Result<Disk, String>> {
    let (noun, name, program) = (session.facts().noun, &run.begun.name, session.program());
    let path = pending_path(file, &run.tag);
    if !private_file::parent(file).is_dir() {
        let file = file.display();
        return Ok(Err(format!(
            "The directory of {file}, where the copy of {noun} {name} would be, is not there. Bring it back"
        )));
    }
    if let Some(value) = value_in(file, run, session)? {
        if !is_left_over(&path, file, run.begun.replaces.as_ref()) {
            return Ok(Err(format!(
                "{noun} {name} was created and is in {}, but '{}' holds another file. Move that one away",
                file.display(),
                path.display()
            )));
        }
        run.value = Some(value);
        return Ok(Ok(Disk::InFile));
    }
    let named = run.begun.named.as_deref();
    if let Some(named) = named.filter(|named| place_of(named).ok().as_deref() != Some(file)) {
        return Ok(Err(format!(
            "{} led to {} when the command began, and does not now. Nothing was changed for {noun} {name}; lead it there again, or run '{program} recover --discard'",
            named.display(),
            file.display()
        )));
    }
    let owner =
        run.begun.retires.as_ref().and_then(|_| owner_of(file, run.begun.replaces.as_ref()));
    let left = Left::open(path.clone(), owner).and_then(|left| match left {
        Some(left) => Ok(Some((left.value()?, left))),
        None => Ok(None),
    });
    let left = match left {
        Ok(left) => left,
        Err(error) if error.kind() == io::ErrorKind::TimedOut => {
            let path = path.display();
            return Ok(Err(format!(
                "Another command holds '{path}', the pending copy for {noun} {name}. Run '{program} recover' again when it has ended"
            )));
        }
        Err(error) => {
            return Ok(Err(format!(
                "'{}' is not as the pending copy for {noun} {name} was made: {error}. Move it away, then run '{program} recover' again",
                path.display()
            )));
        }
    };
    let is_theirs = run.begun.value_hash.is_none();
    Ok(Ok(match left {
        Some((Some(value), left)) if run.is_value(&value) => {
            (run.value, run.copy) = (Some(value), Some(CopyFile::Left(left)));
            Disk::InCopy
        }
        Some((None, left)) if is_theirs => {
            run.copy = Some(CopyFile::Left(left));
            Disk::NoValue
        }
        _ => Disk::Gone,
    }))
}

/// Returns the value in FILE, if it is that of the new key.
fn value_in(file: &Path, run: &Run, session: &Session) -> Result<Option<Secret>> {
    let Some(value) = private_file::value_in(file).ok().flatten() else { return Ok(None) };
    if run.knows_value() && run.is_value(&value) {
        return Ok(Some(value));
    }
    // Where an owner has one key, the key of its id may be another by now.
    if run.machine.goal.only.is_some() {
        return Ok(None);
    }
    // The service chose the value, or ignored the one that was sent: the id of the key that it opens has to do.
    let Some(noted) = run.machine.progress.made.as_deref() else { return Ok(None) };
    let keys = session.keys();
    let opened: Option<ApiKey> = match keys.look_up() {
        Some(look_up) => match found(look_up.by_value(&value)) {
            // It opens no key of this account.
            Err(error)
                if matches!(error.condition, Condition::Forbidden | Condition::Invalid(_)) =>
            {
                Ok(None)
            }
            opened => opened,
        },
        None => found(keys.get(&ApiKeyId::new(noted), Detail::default()))
            .map(|found| found.map(|details| details.key)),
    }
    .map_err(|error| session.told(error, &format!("The {}", session.facts().noun)))?;
    Ok(opened.filter(|key| key.id.as_str() == noted).map(|_| value))
}

/// Tells whether FILE may take the key, for a dry run.
pub(super) fn may_deliver(run: &mut Run) -> bool {
    let Some(file) = run.begun.file.clone() else { return true };
    match Destination::check_again(&file, run.begun.replaces.as_ref()) {
        Ok(_) => true,
        Err(error) => {
            block(run, error);
            false
        }
    }
}

/// Writes the key to FILE.
pub(super) fn deliver(run: &mut Run, session: &mut Session) -> Result<()> {
    let (Some(file), Some(key)) = (run.begun.file.clone(), run.key.clone()) else { return Ok(()) };
    // Without this note `recover` would take the value for one that nobody has, unless it is in the copy. A key that cannot be
    // undone is brought there all the same.
    if run.machine.observed.disk == Some(Disk::NoValue)
        && !run.note_or_undo(run.delivering(&key.id), session)
        && !run.machine.goal.is_final()
    {
        return Ok(());
    }
    let pending = match run.copy.take() {
        Some(CopyFile::Own(pending)) => pending,
        Some(CopyFile::Left(left)) => {
            // The journal says what FILE may replace; '--force' is about questions here.
            match Destination::check_again(&file, run.begun.replaces.as_ref()) {
                Ok(mut destination) => {
                    for concern in destination.concerns() {
                        session.ui.warn(concern);
                    }
                    // A rotation replaces only the file of its own old key.
                    destination.keeps_owner = run.begun.retires.is_some();
                    left.resume(destination)
                }
                Err(error) => {
                    run.copy = Some(CopyFile::Left(left));
                    block(run, error);
                    return Ok(());
                }
            }
        }
        None => return Ok(()),
    };
    let Some(value) = &run.value else { return Ok(()) };
    let document = match run.machine.goal.only {
        Some(_) => {
            let endpoint = session.keys().place().endpoint;
            only_key::file(session.facts(), &key, &endpoint, value)
        }
        None => key_file::document(&key, value),
    };
    match pending.finish(&document, value) {
        Ok(()) => {
            run.delivers = true;
            run.machine.see_delivered();
            Ok(())
        }
        Err(error) if error.whereabouts == Whereabouts::InPlace => {
            let mut told = Error::from(error);
            told.message = format!(
                "{} The {} {} was created; its value is in FILE.",
                told.message,
                session.facts().noun,
                key.id
            );
            let hint = format!("Clear the way to FILE, then run '{} recover'.", session.program());
            Err(told.hint(hint))
        }
        // Who took the copy away has brought it to its place.
        Err(error)
            if error.whereabouts == Whereabouts::Taken
                && value_in(&file, run, session)?.is_some()
                && is_left_over(&pending_path(&file, &run.tag), &file, None) =>
        {
            run.machine.see_delivered();
            Ok(())
        }
        Err(error) => {
            block(run, error);
            Ok(())
        }
    }
}

fn block(run: &mut Run, error: DestinationError) {
    let is_taken = error.whereabouts == Whereabouts::Taken;
    run.machine.observed.disk = Some(if is_taken { Disk::Taken } else { Disk::Blocked });
    run.cause = Some(error.into());
}

/// Removes the pending copy.
pub(super) fn discard(run: &mut Run, session: &Session) -> Result<()> {
    if run.begun.regions.is_some() {
        return regions::discard(run, session);
    }
    let (Some(file), Some(entry)) = (&run.begun.file, &run.entry) else { return Ok(()) };
    if run.machine.observed.disk == Some(Disk::Taken) {
        return Ok(());
    }
    run.copy = None;
    let path = pending_path(file, entry.tag());
    private_file::remove(&path).map_err(|error| {
        let message = format!("'{}' could not be removed: {error}.", path.display());
        Error::failure(message)
    })
}
