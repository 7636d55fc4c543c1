//! What is done next where an owner has one key at most.
//!
//! The old key is gone before the new one is in its place, so the new one is brought there, whatever happens; only where there
//! was none before can it be undone. A request that may have made a key is not sent again while it can still take effect.

use super::machine::{Act, Channel, Disk, End, Machine, NewKey, OldKey, OnlyKey};

impl Machine {
    pub(super) fn next_of_only(&self, only: OnlyKey) -> Act {
        match self.goal.channel {
            Channel::File => match self.observed.disk {
                None => Act::LookAtDisk,
                Some(disk) => self.only_to_file(only, disk),
            },
            Channel::Output if self.progress.is_delivered => Act::End(End::Done),
            Channel::Output if self.progress.is_delivering => Act::End(End::PerhapsPrinted),
            Channel::Output | Channel::Regions => self.only(only),
        }
    }

    fn only_to_file(&self, only: OnlyKey, disk: Disk) -> Act {
        let is_begun = self.progress.is_retiring || self.progress.sends > 0;
        let is_made = matches!(self.observed.key, Some(NewKey::Found { .. } | NewKey::Unheld));
        match disk {
            Disk::InFile if self.way.discards => Act::End(End::Delivered),
            Disk::InFile => Act::End(End::Done),
            Disk::Blocked | Disk::Taken if self.way.makes && is_made => match only {
                OnlyKey::Alone => self.undo(End::Undone),
                OnlyKey::Replaces | OnlyKey::AfterRemoval => Act::End(End::Blocked),
            },
            Disk::Blocked if !self.way.makes && !self.way.discards => Act::End(End::Blocked),
            // There is nothing that could be brought to FILE.
            Disk::Gone | Disk::Blocked | Disk::Taken if !self.way.makes && is_begun => {
                self.when_over(End::Uncertain)
            }
            _ => self.only(only),
        }
    }

    fn only(&self, only: OnlyKey) -> Act {
        let makes = self.way.makes;
        let was_sent = self.progress.sends > 0;
        if only == OnlyKey::AfterRemoval && self.observed.key.is_none() && !was_sent {
            match (self.progress.is_retiring, self.observed.old) {
                (false, _) if makes => return Act::Retire,
                (false, _) => return Act::End(End::NeverMade),
                (true, None) => return Act::LookAtOld,
                // The removal may still take effect.
                (true, Some(OldKey::Works)) => return self.when_over(End::NeverMade),
                (true, Some(OldKey::Retired)) if makes || self.may_make_again() => {
                    return Act::Make;
                }
                (true, Some(OldKey::Retired)) => {}
            }
        }
        let Some(key) = self.observed.key else {
            return if makes && !was_sent { Act::Make } else { Act::LookForKey };
        };
        if self.observed.must_go && !makes {
            return Act::End(End::Unmade);
        }
        match key {
            NewKey::Found { .. } if makes && self.observed.must_go && only == OnlyKey::Alone => {
                self.undo(End::Undone)
            }
            // A router that sent the request twice has passed the answer on that was replaced at once.
            NewKey::Found { .. }
                if makes && only == OnlyKey::Replaces && self.goal.is_value_theirs =>
            {
                match self.observed.works {
                    None => Act::Prove,
                    Some(true) => Act::Deliver,
                    Some(false) => Act::End(End::Unproven),
                }
            }
            NewKey::Found { .. } if makes => Act::Deliver,
            NewKey::Found { .. } if self.way.discards => match self.observed.works {
                None => Act::Prove,
                // The one that is there now is not ours to delete.
                Some(false) => Act::End(End::Displaced),
                Some(true) if only == OnlyKey::Alone => self.undo(End::Undone),
                Some(true) => Act::End(End::Irreplaceable),
            },
            NewKey::Found { .. } if self.goal.channel == Channel::Output => {
                Act::End(End::Uncertain)
            }
            NewKey::Found { .. } => match self.observed.works {
                None => Act::Prove,
                Some(true) => Act::Deliver,
                Some(false) => Act::End(End::Unproven),
            },
            NewKey::Unheld if only == OnlyKey::Alone => self.undo(End::Undone),
            NewKey::Unheld => self.when_over(End::Uncertain),
            NewKey::Absent if only == OnlyKey::AfterRemoval => match self.when_over(End::Uncertain)
            {
                Act::End(_) if makes => Act::End(End::Unmade),
                Act::End(_) if self.may_make_again() => Act::Make,
                act => act,
            },
            NewKey::Absent => self.when_over(End::NeverMade),
            NewKey::Perhaps => match self.when_over(End::Uncertain) {
                Act::End(_) if only == OnlyKey::Replaces && self.may_make_again() => Act::Make,
                act => act,
            },
        }
    }

    /// Tells whether a key that nobody has is made once more: FILE waits for it.
    fn may_make_again(&self) -> bool {
        let Machine { goal, way, observed, .. } = self;
        goal.channel == Channel::File && !way.makes && !way.discards && !observed.must_go
    }
}
