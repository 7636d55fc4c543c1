//! Carries out what the machine says: the input and output of the protocol.

use std::io;
use std::thread;
use std::time::Duration;

use super::machine::{Act, Channel, Disk, End, Machine, NewKey, Plan, Seen, Way};
use super::retire::Retirement;
use super::words::journal_failed;
use super::{disk, is_ours, output};
use crate::error::{Error, ErrorKind, Result};
use crate::journal::{Begun, Entry, Orphan, Progress, Step};
use crate::model::{ApiKey, ApiKeyId, NewApiKey};
use crate::ops::delete_unheld;
use crate::private_file::{Left, Pending};
use crate::secret::Secret;
use crate::session::Session;
use crate::systems::{Condition, Keys};
use crate::ui::{interrupt, nobody_answers};

/// What may be done without being asked.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::ops) struct Consent {
    /// Whether to ask before a key is deleted that nobody has.
    pub asks: bool,
    /// Whether to stop before anything is changed.
    pub dry_run: bool,
    /// Whether to stop where the service may still carry a request out, instead of waiting.
    pub is_hurried: bool,
}

/// How far a run came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ops) enum Ended {
    /// It came to this end.
    At(End),
    /// It stopped before this act, which would change something.
    Before(Act),
    /// The user did not want the key deleted.
    Kept,
}

/// The pending copy.
#[derive(Debug)]
pub(super) enum Copy {
    /// This process made it.
    Own(Pending),
    /// An ended process left it.
    Left(Left),
}

/// One entry under way.
#[derive(Debug)]
pub(in crate::ops) struct Run {
    /// What was begun.
    pub begun: Begun,
    /// Where it is.
    pub machine: Machine,
    /// The new key, once it is known.
    pub key: Option<ApiKey>,
    /// Why no key was made, why it has to go, or what is in the way.
    pub cause: Option<Error>,
    /// What became of the old key.
    pub retirement: Option<Retirement>,
    /// Keys that may be the new one, or that others have made.
    pub others: Vec<ApiKeyId>,
    /// Whether this run brought the value to its place.
    pub delivers: bool,
    /// Whether it stopped while logins were moved to the new key.
    pub is_moving_login: bool,
    pub(super) entry: Option<Entry>,
    pub(super) copy: Option<Copy>,
    pub(super) value: Option<Secret>,
    /// What the new key is to be, in the command that makes it.
    pub(super) new: Option<NewApiKey>,
    /// What the output says was done: "created".
    pub(super) done: &'static str,
    /// The keys as who has the new value sees them.
    pub(super) acting: Option<Box<dyn Keys>>,
    /// The old key as it was seen last.
    pub(super) old: Option<ApiKey>,
    /// How often somebody else changed it meanwhile.
    pub(super) conflicts: u32,
    pub(super) consent: Consent,
}

impl Run {
    /// Carries an entry on that an ended process left.
    pub(in crate::ops) fn resume(orphan: Orphan, way: Way, consent: Consent) -> Self {
        let Orphan { entry, begun, progress } = orphan;
        let mut run = Self::new(begun, entry, way, consent);
        run.machine.progress = progress;
        run
    }

    pub(super) fn new(begun: Begun, entry: Entry, way: Way, consent: Consent) -> Self {
        let plan = Plan {
            channel: if begun.file.is_some() { Channel::File } else { Channel::Output },
            is_rotation: begun.retires.is_some(),
            is_value_theirs: begun.value_hash.is_none(),
        };
        let progress = Progress::default();
        Self {
            begun,
            machine: Machine { plan, way, progress, seen: Seen::default() },
            key: None,
            cause: None,
            retirement: None,
            others: Vec::new(),
            delivers: false,
            is_moving_login: false,
            entry: Some(entry),
            copy: None,
            value: None,
            new: None,
            done: "",
            acting: None,
            old: None,
            conflicts: 0,
            consent,
        }
    }

    /// Goes on until it ends. After an error the entry stays, and `recover` goes on.
    pub(in crate::ops) fn drive(&mut self, session: &mut Session) -> Result<Ended> {
        loop {
            let act = self.machine.next();
            if self.consent.dry_run && self.stops_before(act) {
                return Ok(Ended::Before(act));
            }
            match act {
                Act::LookAtDisk => disk::look(self, session)?,
                Act::LookForKey => self.look_for_key(session)?,
                Act::LookForRival => self.look_for_rival(session)?,
                Act::LookAtOld => self.look_at_old(session)?,
                Act::Make => self.make(session)?,
                Act::Prove => self.prove(session)?,
                Act::Deliver => match self.machine.plan.channel {
                    Channel::File => disk::deliver(self, session)?,
                    Channel::Output => output::deliver(self, session)?,
                },
                Act::Retire => self.retire(session)?,
                Act::Delete if !self.may_delete(session)? => return Ok(Ended::Kept),
                Act::Delete => self.delete(session)?,
                Act::Wait if self.consent.is_hurried && self.left_to_wait(session)? > 0 => {
                    return Ok(Ended::Before(act));
                }
                Act::Wait => self.wait(session)?,
                Act::End(end) => {
                    if end.is_settled() && !self.consent.dry_run {
                        self.close(end, session)?;
                    }
                    return Ok(Ended::At(end));
                }
            }
        }
    }

    fn stops_before(&mut self, act: Act) -> bool {
        if act == Act::Prove {
            // A proof is a login, which the service counts.
            self.machine.seen.works = Some(true);
        }
        matches!(act, Act::Retire | Act::Delete)
            || act == Act::Deliver && disk::may_deliver(self)
            || act == Act::Wait && self.machine.progress.may_land.is_some()
    }

    /// Tells whether this is the command that began the entry.
    pub(super) fn is_live(&self) -> bool {
        self.machine.way.makes
    }

    /// Returns the id of the new key, as far as it is known.
    pub(in crate::ops) fn id(&self) -> Option<ApiKeyId> {
        let noted = self.machine.progress.made.as_ref().or(self.begun.id.as_ref());
        noted.map(|id| ApiKeyId::new(id.as_str()))
    }

    /// Tells whether nothing is changed.
    pub(in crate::ops) fn is_dry(&self) -> bool {
        self.consent.dry_run
    }

    /// Tells whether the pending copy is lost.
    pub(in crate::ops) fn has_lost_copy(&self) -> bool {
        self.machine.seen.disk == Some(Disk::Gone)
    }

    /// Tells whether the pending copy holds a value.
    pub(in crate::ops) fn has_copy(&self) -> bool {
        self.machine.seen.disk == Some(Disk::InCopy)
    }

    /// Tells whether the value is in its place.
    pub(in crate::ops) fn is_in_place(&self) -> bool {
        self.machine.seen.disk == Some(Disk::InFile) || self.machine.progress.is_delivered
    }

    /// Returns the tag of the entry.
    pub(in crate::ops) fn tag(&self) -> &str {
        self.entry.as_ref().map_or("", Entry::tag)
    }

    /// Removes the entry before anything was made.
    pub(in crate::ops) fn forget(&mut self, session: &Session) {
        // An entry that stays is settled by `recover`, which finds everything in place.
        let _ = self.entry.take().map(Entry::close);
        interrupt::watch(session.ui.manner(), None);
    }

    /// Notes a step and syncs it.
    pub(super) fn note(&mut self, step: Step) -> io::Result<()> {
        let Some(entry) = &mut self.entry else { return Ok(()) };
        entry.reach(&step)?;
        self.machine.reach(step);
        Ok(())
    }

    /// Notes a step. Where that fails, the key has to go again.
    pub(super) fn note_or_undo(&mut self, step: Step, session: &Session) -> bool {
        match self.note(step) {
            Ok(()) => true,
            Err(error) => {
                self.cause = Some(journal_failed(&error, session));
                self.machine.seen.must_go = true;
                false
            }
        }
    }

    /// Gives the new key up where something could not be looked at. Only the command that makes it does: nobody waits for
    /// the key yet.
    pub(super) fn give_up(&mut self, error: Error) -> Result<()> {
        if !self.is_live() || self.is_in_place() {
            return Err(error);
        }
        self.cause = Some(error);
        self.machine.seen.must_go = true;
        Ok(())
    }

    fn may_delete(&mut self, session: &mut Session) -> Result<bool> {
        if self.is_live() || !self.consent.asks || self.machine.progress.is_undoing {
            return Ok(true);
        }
        if session.ui.manner().json {
            return Err(nobody_answers(
                "JSON output asks no questions, and deleting a key needs a confirmation.",
            ));
        }
        let id = self.id().map(|id| id.to_string()).unwrap_or_default();
        let subject = session.subject(&self.begun.name);
        let why = if self.machine.way.discards {
            "and is given up"
        } else {
            "but its value reached nobody"
        };
        session.ui.confirm(&format!("{subject} ({id}) was created, {why}. Delete it?"))
    }

    /// Deletes the new key, which nobody holds. From the note on nothing else is done.
    fn delete(&mut self, session: &Session) -> Result<()> {
        let Some(key) = self.key.clone() else { return Ok(()) };
        self.note(Step::Undoing { id: key.id.to_string() })
            .map_err(|error| journal_failed(&error, session))?;
        self.machine.see_key(NewKey::Unheld);
        // Without the journal, a copy would have the key finished that is being deleted.
        disk::discard(self)?;
        match delete_unheld(session.keys(), &key) {
            Err(error) if error.condition != Condition::NotFound => {
                Err(self.not_deleted(error, &key, session))
            }
            _ => {
                self.machine.see_key(NewKey::Absent);
                Ok(())
            }
        }
    }

    /// Returns for how many seconds a create may still take effect. The clock that says longer counts, up to the time for
    /// which a request can be under way.
    fn left_to_wait(&self, session: &Session) -> Result<u64> {
        let progress = &self.machine.progress;
        let until = progress.may_land.unwrap_or_default().seconds();
        let now = session.now()?.min(session.service_time()?).seconds();
        let longest = progress.longest_wait.max(session.keys().doubt().as_secs() + 2);
        Ok(u64::try_from(until - now).unwrap_or_default().min(longest))
    }

    fn wait(&mut self, session: &mut Session) -> Result<()> {
        let left = self.left_to_wait(session)?;
        if left > 0 {
            let what = session.entity(&self.begun.name);
            let words =
                format!("Waiting {left} s: until then the service may still create {what}...");
            session.ui.progress(&words);
            session.ui.flush();
            thread::sleep(Duration::from_secs(left));
        }
        self.machine.is_over();
        Ok(())
    }

    fn close(&mut self, end: End, session: &Session) -> Result<()> {
        let keeps_copy = end == End::Uncertain && self.value.is_some();
        if !keeps_copy {
            disk::discard(self)?;
        }
        let (id, may_land) = (self.id(), self.machine.progress.may_land);
        if let (End::Done | End::DoneBeside, Some(id), Some(_)) = (end, &id, may_land) {
            // Until then nobody may delete the key: the request would make it again.
            let _ = self.note(Step::Settled { id: id.to_string() });
            self.entry = None;
        } else if let Some(entry) = self.entry.take()
            && let Err(error) = entry.close()
            && !self.is_live()
        {
            let message = format!("The journal entry could not be removed: {error}.");
            return Err(Error::new(ErrorKind::Failure, message));
        }
        interrupt::watch(session.ui.manner(), None);
        // Interrupted commands for a key of this name have not made this one.
        if let (End::Done | End::DoneBeside, Some(id), Ok(journal)) = (end, id, session.journal()) {
            journal.disown(id.as_str(), |begun| {
                begun.name == self.begun.name && is_ours(begun, session)
            });
        }
        Ok(())
    }
}
