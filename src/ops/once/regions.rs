//! Bringing a key to regions, as their task credential. Until each has it, its value is in a private copy beside the journal.

use std::io;

use super::bring::{Cargo, Held, Own, list};
use super::entries::is_of_owner;
use super::machine::{Disk, OldKey, Way};
use super::placed::Placed;
use super::state::{Consent, Retiree, Run, journal_failed};
use crate::error::{Error, ErrorKind, Result};
use crate::journal::{self, Begun, InRegions, Journal, Operation, Step};
use crate::model::NewApiKey;
use crate::private_file::{self, AppendFile};
use crate::secret::Secret;
use crate::session::Session;
use crate::systems::SystemError;
use crate::systems::task_credentials::{KeyInside, Region};

/// Notes what is begun: a new key for regions. After an error nothing is left.
pub(in crate::ops) fn begin_in_regions(
    new: &NewApiKey,
    regions: InRegions,
    operation: Operation,
    session: &Session,
) -> Result<Run> {
    let no_randomness = |error: io::Error| Error::failure(format!("No value was chosen: {error}."));
    let value = Secret::choose_api_key().map_err(|error| no_randomness(io::Error::other(error)))?;
    let salt = Journal::salt().map_err(no_randomness)?;
    let hash = value.keyed_hash(salt.as_bytes()).as_str().to_owned();
    let place = session.keys().place();
    let begun = Begun {
        version: journal::VERSION,
        operation,
        system: session.facts().system,
        name: new.name.clone(),
        id: new.id.as_ref().map(ToString::to_string),
        backend: place.kind,
        endpoint: place.endpoint,
        account_id: session.identity().account_id.to_string(),
        iam_id: new.owner.0.to_string(),
        by: None,
        at: session.service_time()?,
        file: None,
        named: None,
        replaces: None,
        value_hash: Some(hash),
        salt,
        known_ids: regions.old_keys.clone(),
        retires: None,
        regions: Some(regions),
    };
    let journal = session.journal()?;
    let entry = journal.begin(&begun).map_err(|error| journal_failed(&error, session))?;
    let way = Way { makes: true, ..Way::default() };
    let mut run = Run::new(begun, entry, way, Consent::default());
    let names = run.begun.regions.iter().flat_map(|regions| regions.names.clone());
    let names: Vec<String> = names.collect();
    let is_rival = |other: &Begun| is_in_regions(other, &names, session);
    // It may have ended since this command looked.
    if journal.has_orphans(2, is_rival) {
        run.forget(session);
        let message =
            "Another command on the task credential of one of these regions was interrupted.";
        return Err(Error::new(ErrorKind::Conflict, message).hint(format!(
            "Nothing was changed. Run '{} recover' to finish or undo it first.",
            session.program()
        )));
    }
    if run.entry.as_ref().is_some_and(|entry| journal.is_rivalled(entry, is_rival)) {
        run.forget(session);
        let message = "Another process is at work on the task credential of one of these regions.";
        return Err(Error::new(ErrorKind::Conflict, message)
            .hint("Nothing was changed; look at the task credentials when it has ended."));
    }
    let words = format!("Run '{} recover' to finish or undo what was begun.", session.program());
    session.ui.watch(Some(words));
    run.new = Some(new.clone());
    if let Err(error) = keep(&value, &journal, &run.tag) {
        run.forget(session);
        return Err(journal_failed(&error, session));
    }
    run.machine.observed.disk = Some(Disk::InCopy);
    run.value = Some(value);
    Ok(run)
}

/// Tells whether a command of ours is about the task credential in one of these regions.
pub(in crate::ops) fn is_in_regions(begun: &Begun, names: &[String], session: &Session) -> bool {
    let its = begun.regions.as_ref().map_or(&[][..], |regions| &regions.names);
    is_of_owner(begun, session) && its.iter().any(|name| names.contains(name))
}

/// Writes the private copy, and syncs it.
fn keep(value: &Secret, journal: &Journal, tag: &str) -> io::Result<()> {
    let path = journal.value_path(tag);
    private_file::create_dir(private_file::parent(&path))?;
    let mut file = AppendFile::new(private_file::create_new(&path)?);
    file.append(value.expose().as_bytes()).map_err(|error| match error {
        private_file::AppendError::Unchanged(error) | private_file::AppendError::Unknown(error) => {
            error
        }
    })?;
    private_file::sync_dir(private_file::parent(&path))
}

/// Looks at the private copy.
pub(super) fn look_at_copy(run: &mut Run, session: &Session) -> Result<()> {
    let path = session.journal()?.value_path(&run.tag);
    let found = private_file::read_own(&path, 4096).map_err(|error| {
        let message = format!("'{}' cannot be read: {error}.", path.display());
        Error::failure(message).remedied(&error)
    })?;
    let text = found.and_then(|bytes| String::from_utf8(bytes.to_vec()).ok());
    // A process that was killed may have written half of it.
    run.value = text.map(Secret::new).filter(|value| run.begun.is_value(value));
    let disk = if run.value.is_some() { Disk::InCopy } else { Disk::Gone };
    run.machine.observed.disk = Some(disk);
    Ok(())
}

/// Removes the private copy.
pub(super) fn discard(run: &Run, session: &Session) -> Result<()> {
    let path = session.journal()?.value_path(&run.tag);
    private_file::remove(&path).map_err(|error| {
        let message = format!("'{}' could not be removed: {error}.", path.display());
        Error::failure(message)
    })
}

impl Run {
    fn regions(&self) -> Result<(InRegions, Vec<&'static Region>)> {
        let regions = self.begun.regions.clone().unwrap_or_default();
        let find = |name: &String| {
            let message = format!("This version does not know the region {name}.");
            Region::find(name).ok_or_else(|| Error::failure(message))
        };
        let found = regions.names.iter().map(find).collect::<Result<_>>()?;
        Ok((regions, found))
    }

    /// Returns what tells the task credentials that hold the new key.
    fn own(&self) -> Own {
        let stored = self.machine.progress.stored.clone();
        // A process that ended may have sent a request, and not have seen its answer.
        Own { key: self.id(), stored, in_doubt: !self.is_live() }
    }

    /// Looks at every region.
    pub(super) fn look_at_regions(&mut self, session: &Session) -> Result<()> {
        let (regions, all) = self.regions()?;
        let own = self.own();
        let (mut ours, mut others) = (0, 0);
        for region in &all {
            let listed = list(region, session).map_err(|error| told(error, region, session))?;
            let held = Held::of(&listed, &own, &regions);
            if held.old.is_empty() {
                ours += usize::from(held.ours.is_some());
                others += usize::from(held.is_others && held.ours.is_none());
            }
        }
        self.machine.observed.placed = Some(match (ours, others) {
            _ if ours + others < all.len() => Placed::Missing,
            (_, 0) => Placed::All,
            (0, _) => Placed::Nowhere,
            _ => Placed::Beside,
        });
        Ok(())
    }

    /// Brings the value to every region.
    pub(super) fn deliver_to_regions(&mut self, session: &mut Session) -> Result<()> {
        let Some(id) = self.id() else { return Ok(()) };
        // From here on the key is only completed.
        if !self.machine.progress.is_delivering
            && !self
                .note_or_undo(Step::Delivering { id: id.to_string(), value_hash: None }, session)
        {
            return Ok(());
        }
        let Some(value) = self.value.take() else { return Ok(()) };
        let brought = self.bring(&KeyInside { id, is_made: true }, &value, session);
        self.value = Some(value);
        brought?;
        // Without the note the regions are looked at again.
        let _ = self.note(Step::Delivered);
        self.machine.see_delivered();
        self.delivers = true;
        Ok(())
    }

    fn bring(&mut self, key: &KeyInside, value: &Secret, session: &mut Session) -> Result<()> {
        let (regions, all) = self.regions()?;
        let mut cargo = Cargo { key, value, regions: &regions, own: self.own() };
        let mut note = |id: &str| {
            let step = Step::Stored { credential: id.to_owned() };
            // Without the note, `recover` tells it by its description, or by its name.
            if self.note(step.clone()).is_err() {
                self.machine.reach(step);
            }
        };
        for (done, region) in all.iter().enumerate() {
            let verb = if regions.replaces.is_empty() { "Storing" } else { "Replacing" };
            session.ui.progress(&format!("{verb} the task credential in {}...", region.name));
            if let Err(error) = cargo.bring(region, session, &mut note) {
                return Err(self.not_brought(error, region, &all[..done], session));
            }
        }
        Ok(())
    }

    /// Says how far it came where a region did not take the key.
    fn not_brought(
        &self,
        error: SystemError,
        region: &Region,
        done: &[&'static Region],
        session: &Session,
    ) -> Error {
        let noun = session.facts().noun;
        let id = self.id().map(|id| id.to_string()).unwrap_or_default();
        let told = told(error, region, session);
        let done: Vec<&str> = done.iter().map(|region| region.name).collect();
        let held = match &done[..] {
            [] => String::new(),
            _ => format!(" {} have it already.", done.join(", ")),
        };
        let message = format!(
            "The new {noun} {id} was created, but not brought to {}: {}{held} No old key was touched.",
            region.name, told.message
        );
        let kind = match told.kind {
            ErrorKind::Unavailable
            | ErrorKind::Conflict
            | ErrorKind::NotLoggedIn
            | ErrorKind::NotPermitted => ErrorKind::OutcomeUnknown,
            kind => kind,
        };
        Error { kind, message, ..told }.hint(format!(
            "Run '{} recover' to go on; the value is kept until then.",
            session.program()
        ))
    }

    /// Looks at the old keys one after the other, until one still works.
    pub(super) fn look_at_old_keys(&mut self, session: &Session) -> Result<()> {
        self.retired.clear();
        let old = self.begun.regions.clone().unwrap_or_default().retires;
        for old in old {
            let id = old.id.clone();
            self.begun.retires = Some(old);
            self.machine.observed.old = None;
            self.look_at_old(session)?;
            if self.machine.observed.old == Some(OldKey::Works) {
                return Ok(());
            }
            self.retired.extend(self.retirement.map(|how| Retiree { id, how }));
        }
        self.machine.observed.old = Some(OldKey::Retired);
        Ok(())
    }
}

fn told(error: SystemError, region: &Region, session: &Session) -> Error {
    session.told_of_region(error, region)
}
