//! Carries out what the machine says.

use super::entries::{is_of_owner, left_to_wait, wait};
use super::machine::{Act, Channel, End, NewKey, OnlyKey};
use super::state::{Ended, Run};
use super::{disk, output};
use crate::error::{Error, Result};
use crate::journal::{Entry, Step};
use crate::ops::delete_unheld;
use crate::session::Session;
use crate::systems::Condition;
use crate::ui::nobody_answers;

impl Run {
    /// Goes on until it ends. After an error the entry stays, and `recover` goes on.
    pub(in crate::ops) fn drive(&mut self, session: &mut Session) -> Result<Ended> {
        self.go_on(session).map_err(|error| self.perhaps_made(error, session))
    }

    fn go_on(&mut self, session: &mut Session) -> Result<Ended> {
        let is_only = self.machine.goal.only.is_some();
        loop {
            let act = self.machine.next();
            if self.consent.dry_run && self.stops_before(act) {
                return Ok(Ended::Before(act));
            }
            match act {
                Act::LookAtDisk => disk::look(self, session)?,
                Act::LookAtRegions => self.look_at_regions(session)?,
                Act::LookForKey if is_only => self.look_for_only_key(session)?,
                Act::LookForKey => self.look_for_key(session)?,
                Act::LookForRival => self.look_for_rival(session)?,
                Act::LookAtOld if is_only => self.look_at_only_old(session)?,
                Act::LookAtOld if self.machine.goal.channel == Channel::Regions => {
                    self.look_at_old_keys(session)?;
                }
                Act::LookAtOld => self.look_at_old(session)?,
                Act::Make => self.make(session)?,
                Act::Prove => self.prove(session)?,
                Act::Deliver => match self.machine.goal.channel {
                    Channel::File => disk::deliver(self, session)?,
                    Channel::Output => output::deliver(self, session)?,
                    Channel::Regions => self.deliver_to_regions(session)?,
                },
                Act::Retire if is_only => self.remove_old(session)?,
                Act::Retire => {
                    self.retire(session)?;
                    if self.machine.goal.channel == Channel::Regions {
                        // There may be others.
                        self.machine.observed.old = None;
                    }
                }
                Act::Delete if !self.may_delete(session)? => return Ok(Ended::Kept),
                Act::Delete => self.delete(session)?,
                Act::Wait => {
                    let left = left_to_wait(&self.machine.progress, session)?;
                    if left > 0 && self.consent.is_hurried {
                        return Ok(Ended::Before(act));
                    }
                    let what = session.entity(&self.begun.name);
                    wait(left, &what, session);
                    self.machine.see_over();
                }
                Act::End(end) => {
                    if end.is_settled() && !self.consent.dry_run {
                        if let (End::Done, Some(OnlyKey::Replaces), Some(value)) =
                            (end, self.machine.goal.only, &self.value)
                        {
                            // The old key that they hold opens nothing any more.
                            self.has_moved_login |= session.move_platform_logins(value)?;
                        }
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
            self.machine.observed.works = Some(true);
        }
        matches!(act, Act::Retire | Act::Delete)
            || act == Act::Deliver && disk::may_deliver(self)
            || act == Act::Wait && self.machine.progress.may_land.is_some()
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
        let how = if self.is_guess {
            "may have been created, and its value reached nobody"
        } else if self.machine.way.discards {
            "was created, and is given up"
        } else {
            "was created, but its value reached nobody"
        };
        session.ui.confirm(&format!("{subject} ({id}) {how}. Delete it?"))
    }

    /// Deletes the new key, which nobody holds. From the note on nothing else is done.
    fn delete(&mut self, session: &Session) -> Result<()> {
        let Some(key) = self.key.clone() else { return Ok(()) };
        if let Err(error) = self.note(Step::Undoing { id: key.id.to_string() }) {
            return Err(self.not_undone(&error, &key, session));
        }
        self.machine.see_key(NewKey::Unheld);
        // Without the journal, a copy would have the key finished that is being deleted.
        disk::discard(self, session)?;
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

    /// Removes the pending copy and the entry before anything was made.
    pub(in crate::ops) fn forget(&mut self, session: &Session) {
        // What stays is removed by `recover`.
        if disk::discard(self, session).is_ok() {
            let _ = self.entry.take().map(Entry::close);
        }
        session.ui.watch(None);
    }

    fn close(&mut self, end: End, session: &Session) -> Result<()> {
        // It may be all that there is of a key, or of somebody's work.
        let keeps_copy = end == End::Uncertain && (self.value.is_some() || self.has_lost_copy());
        if !keeps_copy && let Err(error) = disk::discard(self, session) {
            // The entry stays with the copy. `recover` removes both.
            self.entry = None;
            return if self.is_live() { Ok(()) } else { Err(error) };
        }
        let id = self.id();
        let may_land = self.machine.progress.may_land.is_some() && !self.machine.observed.is_over;
        let closed = match (self.entry.take(), &id) {
            (Some(entry), Some(id)) if may_land => entry.settle(id.as_str()),
            (entry, _) => entry.map_or(Ok(()), Entry::close),
        };
        if let Err(error) = closed
            && !self.is_live()
        {
            let message = format!("The journal entry could not be removed: {error}.");
            return Err(Error::failure(message));
        }
        session.ui.watch(None);
        // Interrupted commands for a key of this name have not made this one.
        if let (End::Done | End::DoneBeside, Some(id), Ok(journal)) = (end, id, session.journal()) {
            journal.disown(id.as_str(), |begun| {
                begun.name == self.begun.name && is_of_owner(begun, session)
            });
        }
        Ok(())
    }
}
