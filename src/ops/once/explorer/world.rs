//! What there is: keys at the service, requests under way, and machines with their files and journals.

use super::super::machine::{Channel, End, Machine};
use crate::journal::Progress;

/// A value of a key. The old key has the value 0.
pub(super) type Value = u8;
/// What FILE holds where there is none.
pub(super) const NONE: Value = 255;
pub(super) const OLD: usize = 0;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) value: Value,
    pub(super) exists: bool,
    pub(super) works: bool,
    pub(super) is_strangers: bool,
}

/// A request that takes effect later, or never.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Flight {
    /// Makes a key, of a value that the service chooses if there is none here. The flag tells whether it was noted.
    Create(Option<Value>, bool),
    Delete(usize),
    Retire,
    /// Retires a key that a region had.
    RetireKey(usize),
    /// Stores a key in a region.
    Store(usize, Value),
    /// Deletes a record from a region.
    Remove(usize, u8),
}

/// A task credential: an id of its own, and a copy of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Record {
    pub(super) id: u8,
    pub(super) value: Value,
}

/// What the journal holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Noted {
    pub(super) progress: Progress,
    /// The value that was chosen here; its hash in truth.
    pub(super) value: Option<Value>,
    /// How many keys there were before.
    pub(super) keys: usize,
    /// What the regions had.
    pub(super) replaces: Vec<Record>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Process {
    pub(super) machine: Machine,
    /// The value, where it is in memory.
    pub(super) value: Option<Value>,
    /// How far an act of several steps is.
    pub(super) stage: u8,
    /// The records that are to go from the region at hand.
    pub(super) removes: Vec<u8>,
    /// The old key at hand.
    pub(super) old: usize,
    /// Whether a request to the region at hand may have been carried out whose answer is lost.
    pub(super) in_doubt: bool,
}

/// The pending copy of a machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum PendingCopy {
    #[default]
    Absent,
    Blank,
    Holds(Value),
}

impl PendingCopy {
    pub(super) fn value(self) -> Option<Value> {
        if let Self::Holds(value) = self { Some(value) } else { None }
    }
}

/// A machine on which the program runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Site {
    pub(super) entry: Option<Noted>,
    pub(super) copy: PendingCopy,
    /// What FILE held when the entry was begun.
    pub(super) expected: Value,
    pub(super) process: Option<Process>,
    pub(super) begins: u8,
    /// How the last command ended.
    pub(super) ended: Option<End>,
    /// Whether it gave way to another machine, and did not say so.
    pub(super) is_silent: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct World {
    pub(super) keys: Vec<Key>,
    pub(super) flying: Vec<Flight>,
    pub(super) sites: Vec<Site>,
    /// FILE, which all machines share.
    pub(super) file: Value,
    /// What each region has, where the key goes to regions.
    pub(super) regions: Vec<Vec<Record>>,
    /// The values that were printed. Their reader has them.
    pub(super) printed: Vec<Value>,
    /// The keys that somebody was told to look at.
    pub(super) told: Vec<usize>,
    pub(super) losses: u8,
    pub(super) kills: u8,
    pub(super) strangers: u8,
    /// How often the mount goes away, and whether it is away.
    pub(super) absences: u8,
    pub(super) is_away: bool,
    pub(super) journal_losses: u8,
}

/// A rule that is taken out, to show that the walk finds what it prevents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Without {
    /// An undo is noted before it is sent.
    NotingUndo,
    /// A retirement is noted before it is sent.
    NotingRetirement,
    /// A create that is sent again is noted again.
    NotingEachCreate,
    /// Nothing is undone while a create can take effect.
    WaitingToUndo,
    /// The id in the journal is used.
    TheNotedId,
    /// A key that may be another's is only reported.
    Certainty,
    /// A rotation looks for others before it delivers.
    LookingForRivals,
    /// FILE is replaced only if it is as it was.
    Exchange,
    /// The pending copy tells what it is.
    ACopyThatSpeaks,
    /// A rotation whose copy is away stays open.
    KeepingTheEntry,
    /// Times are the service's.
    TheServicesClock,
    /// The first request to a region is noted.
    NotingDelivery,
    /// The value outlives the process until each region has it.
    ACopyForRegions,
    /// An old key is retired after the last region has the new one.
    TheLastRegion,
    /// A task credential that holds an old key is replaced, whenever it was stored.
    OldKeysByTheirText,
    /// What somebody else has stored is left.
    LeavingOthers,
    /// The id that a region answers tells ours, where it tells no more.
    TheAnsweredId,
    /// After a lost answer the name tells ours.
    TheNameInDoubt,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Setup {
    pub(super) channel: Channel,
    pub(super) is_rotation: bool,
    /// Whether the value is chosen here. If not, the service chooses it.
    pub(super) is_chosen: bool,
    /// Whether the service ignores the value that was sent.
    pub(super) ignores_value: bool,
    pub(super) sites: usize,
    /// How many regions there are, where the key goes to regions.
    pub(super) regions: u8,
    /// Whether they tell of a task credential only its id and its name.
    pub(super) are_silent: bool,
    pub(super) losses: u8,
    pub(super) kills: u8,
    pub(super) strangers: u8,
    pub(super) absences: u8,
    pub(super) journal_losses: u8,
    pub(super) without: Option<Without>,
}

pub(super) const ONE: Setup = Setup {
    channel: Channel::File,
    is_rotation: true,
    is_chosen: true,
    ignores_value: false,
    sites: 1,
    regions: 2,
    are_silent: false,
    losses: 3,
    kills: 2,
    strangers: 0,
    absences: 0,
    journal_losses: 0,
    without: None,
};

impl Setup {
    pub(super) fn lacks(&self, rule: Without) -> bool {
        self.without == Some(rule)
    }

    pub(super) fn start(&self) -> World {
        let old = Key {
            value: 0,
            exists: self.is_rotation,
            works: self.is_rotation,
            is_strangers: false,
        };
        let in_regions = self.channel == Channel::Regions;
        let held = |at| if self.is_rotation { vec![Record { id: at, value: 0 }] } else { vec![] };
        World {
            regions: (0..self.regions).filter(|_| in_regions).map(held).collect(),
            keys: vec![old],
            sites: vec![Site::default(); self.sites],
            file: if self.is_rotation { 0 } else { NONE },
            losses: self.losses,
            kills: self.kills,
            strangers: self.strangers,
            absences: self.absences,
            journal_losses: self.journal_losses,
            ..World::default()
        }
    }
}

impl World {
    pub(super) fn find(&self, value: Value) -> Option<usize> {
        self.keys.iter().position(|key| key.exists && key.value == value)
    }

    /// Carries a create out; returns the id of the key, or `None` where there is one of that value.
    pub(super) fn create(&mut self, value: Option<Value>) -> Option<usize> {
        if value.is_some_and(|value| self.find(value).is_some()) {
            return None;
        }
        // Values of the service are 100 and more.
        let value = value.unwrap_or_else(|| 100 + Value::try_from(self.keys.len()).unwrap());
        self.keys.push(Key { value, exists: true, works: true, is_strangers: false });
        Some(self.keys.len() - 1)
    }

    pub(super) fn land(&mut self, flight: Flight) {
        match flight {
            Flight::Create(value, _) => drop(self.create(value)),
            Flight::Delete(id) => self.keys[id].exists = false,
            Flight::Retire => self.keys[OLD].works = false,
            Flight::RetireKey(id) => self.keys[id].works = false,
            Flight::Store(at, value) => self.store(at, value, true),
            Flight::Remove(at, id) => self.regions[at].retain(|record| record.id != id),
        }
    }

    pub(super) fn fly(&mut self, flight: Flight) {
        self.flying.push(flight);
        self.flying.sort_unstable();
    }

    pub(super) fn works(&self, id: usize) -> bool {
        self.keys[id].exists && self.keys[id].works
    }

    /// Tells whether somebody who needs the key holds one that works.
    pub(super) fn is_served(&self, setup: &Setup) -> bool {
        let opens = |value: Value| self.find(value).is_some_and(|id| self.works(id));
        match setup.channel {
            Channel::File => opens(self.file),
            Channel::Regions => self.regions.iter().flatten().all(|record| opens(record.value)),
            Channel::Output => opens(0) || self.printed.iter().any(|&value| opens(value)),
        }
    }

    /// Stores a key in a region, unless it has one.
    pub(super) fn store(&mut self, at: usize, value: Value, is_lost: bool) {
        if self.regions[at].is_empty() {
            // Two machines may take turns for ever: an id for each time would make worlds without end.
            let id = value + if is_lost { 100 } else { 2 };
            self.regions[at].push(Record { id, value });
        }
    }

    /// Tells whether the command goes on to make a key. A rotation refuses a FILE that holds another key than the old one.
    pub(super) fn may_begin(&self, begins: u8, setup: &Setup) -> bool {
        if setup.channel == Channel::Regions {
            // What somebody else has stored is left.
            let may_be_replaced = |region: &Vec<Record>| {
                region.iter().all(|record| setup.is_rotation && record.value < 100)
            };
            let most = if setup.is_rotation && setup.sites == 1 { 2 } else { 1 };
            return begins < most && self.regions.iter().all(may_be_replaced);
        }
        let is_filed = setup.channel == Channel::File;
        if !setup.is_rotation {
            return begins == 0;
        }
        // A name that several working keys have is refused.
        let is_only = (1..self.keys.len()).all(|id| !self.works(id));
        let most = if setup.sites == 1 { 2 } else { 1 };
        let is_ready = self.works(OLD) && is_only && !self.is_away;
        begins < most && is_ready && (!is_filed || self.file == 0)
    }

    pub(super) fn is_held(&self, id: usize) -> bool {
        let value = self.keys[id].value;
        let in_region = self.regions.iter().flatten().any(|record| record.value == value);
        in_region || self.file == value || self.printed.contains(&value) || self.told.contains(&id)
    }

    pub(super) fn is_at_rest(&self, setup: &Setup) -> bool {
        // `recover FILE` takes up a copy that speaks.
        let speaks = |site: &Site| {
            site.copy.value().is_some()
                && site.ended != Some(End::Uncertain)
                && !setup.lacks(Without::ACopyThatSpeaks)
        };
        let rests = |site: &Site| site.process.is_none() && site.entry.is_none() && !speaks(site);
        self.flying.is_empty() && !self.is_away && self.sites.iter().all(rests)
    }
}
