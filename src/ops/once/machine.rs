//! What is done next, from what the journal says and what was seen. No input and no output: `explorer` walks it.
//!
//! A live command is the recovery of an entry that it has just begun. It differs in one thing: it can still make the key.
//! Two rules keep keys safe from requests that take effect late. What is being undone is only undone, and what is being
//! retired is only retired. Nothing is undone while a create can still take effect.

pub(in crate::ops) use super::goal::{Channel, Goal, OnlyKey, Way};
use super::placed::Placed;
use crate::journal::{Progress, Step};

/// What is at FILE and beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::ops) enum Disk {
    /// FILE holds the value.
    InFile,
    /// The pending copy holds the value.
    InCopy,
    /// The pending copy is there, and holds no value: the service chooses it.
    NoValue,
    /// There is no pending copy, or it was spoilt.
    Gone,
    /// Something is in the way. FILE must not be touched.
    Blocked,
    /// Somebody took the pending copy away. What is in its place must not be touched.
    Taken,
}

/// What is known of the new key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::ops) enum NewKey {
    /// It exists, and its value is at hand or was printed.
    Found {
        /// Whether somebody may have used it.
        is_used: bool,
    },
    /// It exists, and nobody has its value.
    Unheld,
    /// It does not exist.
    Absent,
    /// There are keys which may be it. None is for certain.
    Perhaps,
}

/// What is known of the old key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::ops) enum OldKey {
    /// It works, and is to be retired.
    Works,
    /// It is retired, or gone.
    Retired,
}

/// What this process has seen. `None` was not looked at yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(in crate::ops) struct Observed {
    /// What is at FILE.
    pub disk: Option<Disk>,
    /// What the regions have.
    pub placed: Option<Placed>,
    /// The new key.
    pub key: Option<NewKey>,
    /// Whether the new key works.
    pub works: Option<bool>,
    /// Whether another command has made a key in the place of the old one meanwhile.
    pub has_rival: Option<bool>,
    /// The old key.
    pub old: Option<OldKey>,
    /// Whether no create can take effect any more.
    pub is_over: bool,
    /// Whether the new key is given up before its value is in its place: something failed.
    pub must_go: bool,
}

/// What is done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::ops) enum Act {
    /// Looks at FILE and the pending copy.
    LookAtDisk,
    /// Looks at what the regions have.
    LookAtRegions,
    /// Looks for the new key: by its value, by its id, by its name.
    LookForKey,
    /// Looks whether another command makes a key of the name.
    LookForRival,
    /// Looks at the old key.
    LookAtOld,
    /// Makes the new key. Each request is noted before it is sent.
    Make,
    /// Proves that the new key works.
    Prove,
    /// Brings the value to its place.
    Deliver,
    /// Retires the old key; noted before.
    Retire,
    /// Deletes the new key; noted before.
    Delete,
    /// Waits until no create can take effect any more.
    Wait,
    /// Ends.
    End(End),
}

/// How it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::ops) enum End {
    /// No key was made.
    NeverMade,
    /// The value is in its place, and the old key is retired.
    Done,
    /// As [`End::Done`], but there is another new key of the name, and it works too.
    DoneBeside,
    /// The new key was deleted: nobody had its value.
    Undone,
    /// The new key was deleted: another command has replaced the old key, or is about to.
    Yielded,
    /// The value may have been printed. Who asked for it knows.
    PerhapsPrinted,
    /// It cannot be told which key was made, if any. Nothing is touched.
    Uncertain,
    /// The value is in its place, but its key is gone. The old key is not touched.
    Vanished,
    /// The key exists, but does not work. Neither FILE nor the old key is touched.
    Unproven,
    /// The key exists, and its copy is not there.
    CopyGone,
    /// Something is in the way of FILE.
    Blocked,
    /// The printed key is in use, and so is the old one.
    InUse,
    /// The value is in its place, so it cannot be given up.
    Delivered,
    /// The key before it is gone, so the new one cannot be given up.
    Irreplaceable,
    /// The key before it is gone, and the new one could not be made.
    Unmade,
    /// Somebody else has put another in its place meanwhile: a task credential in every region, or the only key.
    Displaced,
}

impl End {
    /// Tells whether the entry is settled, and goes.
    pub(in crate::ops) fn is_settled(self) -> bool {
        use End::{Blocked, CopyGone, Delivered, InUse, Irreplaceable, Unmade, Unproven};
        !matches!(self, Blocked | CopyGone | Delivered | InUse | Irreplaceable | Unmade | Unproven)
    }
}

/// An entry, and what this process knows beside it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::ops) struct Machine {
    /// What was asked for.
    pub goal: Goal,
    /// What this process may do.
    pub way: Way,
    /// What the journal says.
    pub progress: Progress,
    /// What was seen.
    pub observed: Observed,
}

impl Machine {
    /// Returns what is done next.
    pub(in crate::ops) fn next(&self) -> Act {
        if self.progress.is_undoing {
            let gave_way = self.goal.is_rotation && self.observed.has_rival == Some(true);
            return self.undo(if gave_way { End::Yielded } else { End::Undone });
        }
        if let Some(only) = self.goal.only {
            return self.next_of_only(only);
        }
        match self.goal.channel {
            Channel::File => self.to_file(),
            Channel::Output => self.to_output(),
            Channel::Regions => self.to_regions(),
        }
    }

    /// Takes note of a step that is in the journal now.
    pub(in crate::ops) fn reach(&mut self, step: Step) {
        match step {
            Step::Retiring => self.observed.old = None,
            Step::Undoing { .. } => self.observed.key = None,
            _ => {}
        }
        self.progress.take(step);
    }

    /// Takes note of what became of the new key.
    pub(in crate::ops) fn see_key(&mut self, key: NewKey) {
        if matches!(key, NewKey::Found { .. } | NewKey::Unheld) {
            self.progress.see_landed();
        }
        self.observed.key = Some(key);
    }

    /// Takes note that the value is in its place. From here on other commands look different.
    pub(in crate::ops) fn see_delivered(&mut self) {
        (self.observed.has_rival, self.observed.placed) = (None, None);
        if self.goal.channel == Channel::File {
            self.observed.disk = Some(Disk::InFile);
        }
    }

    /// Takes note that no create can take effect any more.
    pub(in crate::ops) fn see_over(&mut self) {
        self.observed.is_over = true;
        self.observed.key = None;
        if self.goal.only.is_some() {
            self.observed.old = None;
        }
    }

    fn to_file(&self) -> Act {
        let Some(disk) = self.observed.disk else { return Act::LookAtDisk };
        if disk == Disk::Blocked && !self.way.makes && !self.way.discards {
            return Act::End(End::Blocked);
        }
        let Some(key) = self.observed.key else { return self.look_or_make() };
        match (disk, key) {
            (Disk::Blocked | Disk::Taken, NewKey::Found { .. } | NewKey::Unheld)
                if self.way.makes =>
            {
                self.undo(End::Undone)
            }
            (Disk::InFile, NewKey::Found { .. } | NewKey::Unheld) if self.way.discards => {
                Act::End(End::Delivered)
            }
            (Disk::InFile, NewKey::Found { .. }) => self.delivered(),
            (Disk::InFile, _) => Act::End(End::Vanished),
            (_, NewKey::Absent) => self.when_over(End::NeverMade),
            (_, NewKey::Perhaps) if disk == Disk::Gone && self.goal.is_rotation => self.copy_gone(),
            (_, NewKey::Perhaps) => self.when_over(End::Uncertain),
            (Disk::Blocked | Disk::Taken, _) => self.give_up(),
            // Where nothing is seen, FILE may hold the value all the same.
            (Disk::Gone, _) => self.copy_gone(),
            _ if self.way.discards => self.give_up(),
            (_, NewKey::Unheld) => self.undo(End::Undone),
            (_, NewKey::Found { .. }) => self.made(),
        }
    }

    fn to_output(&self) -> Act {
        let Progress { is_delivering, is_delivered, is_retiring, .. } = &self.progress;
        let Some(key) = self.observed.key else { return self.look_or_make() };
        match key {
            NewKey::Absent if *is_delivering => Act::End(End::Vanished),
            NewKey::Absent => self.when_over(End::NeverMade),
            NewKey::Perhaps => self.when_over(End::Uncertain),
            NewKey::Unheld => self.undo(End::Undone),
            NewKey::Found { .. } if *is_retiring => self.delivered(),
            NewKey::Found { .. } if !is_delivering => self.made(),
            NewKey::Found { .. } if self.way.discards && *is_delivered => Act::End(End::Delivered),
            NewKey::Found { is_used } if self.way.repeats => self.take_back(is_used),
            NewKey::Found { .. } if *is_delivered => self.delivered(),
            NewKey::Found { .. } => self.perhaps_printed(),
        }
    }

    pub(super) fn look_or_make(&self) -> Act {
        if self.way.makes && self.progress.sends == 0 { Act::Make } else { Act::LookForKey }
    }

    /// The key exists, and its value is at hand.
    fn made(&self) -> Act {
        if self.way.discards || self.observed.must_go {
            return self.undo(End::Undone);
        }
        if !self.goal.is_rotation {
            return Act::Deliver;
        }
        match (self.observed.works, self.observed.has_rival) {
            (None, _) => Act::Prove,
            (Some(false), _) if self.way.makes => self.undo(End::Undone),
            // Somebody may have disabled it, and may enable it again.
            (Some(false), _) => Act::End(End::Unproven),
            (_, None) => Act::LookForRival,
            (_, Some(false)) => Act::Deliver,
            // Who holds the old key needs a key that works: ours, if the old one does not.
            (_, Some(true)) => match self.observed.old {
                None => Act::LookAtOld,
                Some(OldKey::Works) => self.undo(End::Yielded),
                Some(OldKey::Retired) => Act::Deliver,
            },
        }
    }

    /// The value is in its place.
    fn delivered(&self) -> Act {
        if !self.goal.is_rotation {
            return self.unless_doubled(End::Done, End::DoneBeside);
        }
        match (self.observed.works, self.observed.old) {
            (None, _) => Act::Prove,
            (_, None) => Act::LookAtOld,
            (Some(false), Some(OldKey::Works)) => Act::End(End::Unproven),
            (Some(false), _) => Act::End(End::Vanished),
            (_, Some(OldKey::Works)) => Act::Retire,
            _ if self.progress.is_retiring => Act::End(End::Done),
            // Somebody else has retired it.
            _ => self.unless_rivalled(End::Done, End::DoneBeside),
        }
    }

    /// Nobody may have the printed value. The key is deleted, unless somebody uses it or the old one does not work.
    fn take_back(&self, is_used: bool) -> Act {
        if !self.goal.is_rotation {
            return self.perhaps_printed();
        }
        match self.observed.old {
            None => Act::LookAtOld,
            Some(OldKey::Retired) if self.progress.is_delivered => self.delivered(),
            Some(OldKey::Retired) => self.perhaps_printed(),
            Some(OldKey::Works) if is_used => Act::End(End::InUse),
            Some(OldKey::Works) => self.undo(End::Undone),
        }
    }

    fn perhaps_printed(&self) -> Act {
        self.unless_doubled(End::PerhapsPrinted, End::Uncertain)
    }

    /// Nobody holds the new key here. It may be all that there is where the old one does not work, or may not any more.
    fn give_up(&self) -> Act {
        match self.observed.old {
            _ if !self.goal.is_rotation => self.undo(End::Undone),
            _ if self.progress.is_retiring => self.when_over(End::Uncertain),
            None => Act::LookAtOld,
            Some(OldKey::Works) => self.undo(End::Undone),
            Some(OldKey::Retired) => self.when_over(End::Uncertain),
        }
    }

    fn copy_gone(&self) -> Act {
        if self.way.discards || !self.goal.is_rotation {
            return self.when_over(End::Uncertain);
        }
        match self.observed.old {
            None => Act::LookAtOld,
            // Somebody else has settled it: nobody takes the old key out of use before the new one is in its place.
            Some(OldKey::Retired) => self.when_over(End::Uncertain),
            Some(OldKey::Works) => Act::End(End::CopyGone),
        }
    }

    /// Ends as `end`, or as `beside` where there is another new key of the name.
    fn unless_rivalled(&self, end: End, beside: End) -> Act {
        match self.observed.has_rival {
            None => Act::LookForRival,
            Some(true) => Act::End(beside),
            Some(false) => Act::End(end),
        }
    }

    /// A request that was carried out twice made two keys where the service chooses the value.
    fn unless_doubled(&self, end: End, beside: End) -> Act {
        let is_one_of_many = self.goal.only.is_none();
        let can_double = is_one_of_many && self.goal.is_value_theirs && self.progress.sends > 0;
        if can_double { self.unless_rivalled(end, beside) } else { Act::End(end) }
    }

    /// Ends, once no create can take effect any more.
    pub(super) fn when_over(&self, end: End) -> Act {
        if self.progress.may_land.is_some() && !self.observed.is_over {
            return Act::Wait;
        }
        Act::End(end)
    }

    /// Deletes the new key. A create that takes effect afterwards would make it again.
    pub(super) fn undo(&self, end: End) -> Act {
        match (self.observed.key, self.when_over(end)) {
            (_, Act::Wait) => Act::Wait,
            (None, _) => Act::LookForKey,
            (Some(NewKey::Absent), _) => self.unless_doubled(end, End::Uncertain),
            (Some(NewKey::Perhaps), _) => Act::End(End::Uncertain),
            (Some(NewKey::Found { .. } | NewKey::Unheld), _) => Act::Delete,
        }
    }
}
