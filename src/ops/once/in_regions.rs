//! What is done next where the new key goes to regions. No input and no output, as in `machine`.
//!
//! From the first request to a region on the new key is only completed, for a region may hold it. What somebody else has stored
//! meanwhile is left. An old key is retired only after every region has a new one.

use super::machine::{Act, Disk, End, Machine, NewKey, OldKey};
use super::placed::Placed;

impl Machine {
    pub(super) fn to_regions(&self) -> Act {
        let Some(disk) = self.observed.disk else { return Act::LookAtDisk };
        let Some(key) = self.observed.key else { return self.look_or_make() };
        if self.progress.is_delivering {
            return self.in_regions(disk, key);
        }
        match key {
            NewKey::Absent => self.when_over(End::NeverMade),
            NewKey::Perhaps => self.when_over(End::Uncertain),
            NewKey::Unheld => self.undo(End::Undone),
            NewKey::Found { .. } if self.way.discards || self.observed.must_go => {
                self.undo(End::Undone)
            }
            NewKey::Found { .. } => match self.observed.works {
                None => Act::Prove,
                Some(false) if self.way.makes => self.undo(End::Undone),
                Some(false) => Act::End(End::Unproven),
                Some(true) => Act::Deliver,
            },
        }
    }

    /// A region may hold the new key.
    fn in_regions(&self, disk: Disk, key: NewKey) -> Act {
        if key == NewKey::Absent {
            return Act::End(End::Vanished);
        }
        let Some(placed) = self.observed.placed else { return Act::LookAtRegions };
        // Where no region has the new key, nobody depends on it.
        if placed != Placed::Nowhere {
            match self.observed.works {
                None => return Act::Prove,
                Some(false) => return Act::End(End::Unproven),
                Some(true) => {}
            }
        }
        match placed {
            Placed::Missing if disk != Disk::InCopy => Act::End(End::CopyGone),
            Placed::Missing if self.way.discards => Act::End(End::Delivered),
            Placed::Missing => Act::Deliver,
            Placed::All => self.retire_before(End::Done),
            Placed::Beside => self.retire_before(End::DoneBeside),
            Placed::Nowhere => self.retire_before(End::Displaced),
        }
    }

    /// No region has an old key any more.
    fn retire_before(&self, end: End) -> Act {
        match self.observed.old {
            None => Act::LookAtOld,
            Some(OldKey::Works) => Act::Retire,
            Some(OldKey::Retired) => Act::End(end),
        }
    }
}
