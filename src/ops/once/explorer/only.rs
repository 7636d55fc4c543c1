//! Explores the machine where an owner has one key at most: generated in the place of the old one, made alone, or made after
//! the old one was removed.

use std::collections::{HashMap, VecDeque};

use super::super::machine::{
    Act, Channel, Disk, End, Goal, Machine, NewKey, Observed, OldKey, OnlyKey, Way,
};
use super::tell;
use super::world::{PendingCopy, Value};
use crate::journal::{Progress, Step};
use crate::model::Timestamp;

/// The value of the key that was there before.
const OLD: Value = 0;

/// A request that takes effect later, or never.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Flight {
    Create,
    RemoveOld,
}

/// A rule that is taken out, to show that the walk finds what it prevents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Without {
    /// The removal of the old key is noted before it is sent.
    NotingRemoval,
    /// A create is noted before it is sent.
    NotingCreate,
    /// Nothing is made again while a request can take effect.
    Waiting,
    /// The hash of a value that the service chose is noted before it goes to FILE.
    TheHash,
    /// Where the old key still works, none was generated.
    TheOldKey,
    /// What was generated proves that it works before it is delivered: a router may have sent the request twice.
    TheProof,
}

#[derive(Clone, Copy, Debug)]
struct Setup {
    only: OnlyKey,
    channel: Channel,
    /// Whether the key can be listed and its value read. If not, it can only be generated again.
    is_readable: bool,
    /// Whether the value is chosen here, as in the local store.
    is_chosen: bool,
    losses: u8,
    kills: u8,
    without: Option<Without>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Process {
    machine: Machine,
    value: Option<Value>,
    stage: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct World {
    /// The key that works, by its value.
    key: Option<Value>,
    flying: Vec<Flight>,
    file: Option<Value>,
    copy: PendingCopy,
    entry: Option<Progress>,
    process: Option<Process>,
    printed: Vec<Value>,
    /// Whether the user was told to look at it.
    is_told: bool,
    is_begun: bool,
    made: Value,
    losses: u8,
    kills: u8,
    /// What was generated that nobody asked for.
    wrong: Option<&'static str>,
    ended: Option<End>,
}

impl Setup {
    fn has_old(self) -> bool {
        self.only != OnlyKey::Alone
    }

    fn is_filed(self) -> bool {
        self.channel == Channel::File
    }

    fn chosen(self) -> Option<Value> {
        self.is_chosen.then_some(100)
    }

    fn start(self) -> World {
        let old = self.has_old().then_some(OLD);
        World {
            key: old,
            flying: Vec::new(),
            file: old.filter(|_| self.is_filed()),
            copy: PendingCopy::Absent,
            entry: None,
            process: None,
            printed: Vec::new(),
            is_told: false,
            is_begun: false,
            made: 0,
            losses: self.losses,
            kills: self.kills,
            wrong: None,
            ended: None,
        }
    }

    fn lacks(self, rule: Without) -> bool {
        self.without == Some(rule)
    }
}

impl World {
    fn run(&mut self, way: Way, observed: Observed, value: Option<Value>, setup: Setup) {
        let goal = Goal {
            only: Some(setup.only),
            channel: setup.channel,
            is_rotation: setup.only == OnlyKey::AfterRemoval,
            is_value_theirs: !setup.is_chosen,
        };
        let progress = self.entry.clone().unwrap();
        let machine = Machine { goal, way, progress, observed };
        self.process = Some(Process { machine, value, stage: 0 });
        self.ended = None;
    }

    fn machine(&mut self) -> &mut Machine {
        &mut self.process.as_mut().unwrap().machine
    }

    /// Notes a step; one that is left out is known to this process only.
    fn note(&mut self, step: &Step, is_kept: bool) {
        self.machine().reach(step.clone());
        if is_kept {
            self.entry.as_mut().unwrap().take(step.clone());
        }
    }

    fn land(&mut self, flight: Flight, setup: Setup) {
        match flight {
            Flight::RemoveOld => self.key = self.key.filter(|&value| value != OLD),
            Flight::Create if setup.only == OnlyKey::Replaces || self.key.is_none() => {
                self.made += 1;
                self.key = Some(setup.chosen().unwrap_or(self.made));
            }
            Flight::Create => {}
        }
    }

    /// Has a request carried out, refused, lost or carried out late. The first world is the one without a fault.
    fn send(
        self,
        flight: Flight,
        setup: Setup,
        good: impl Fn(Self) -> Self,
        refused: impl Fn(Self) -> Self,
        lost: impl Fn(Self) -> Self,
    ) -> Vec<Self> {
        let again = || Self { losses: self.losses - 1, ..self.clone() };
        let mut all = Vec::new();
        if self.losses > 0 {
            let mut after = again();
            after.land(flight, setup);
            let mut late = again();
            late.flying.push(flight);
            late.flying.sort_unstable();
            all.extend([refused(again()), lost(again()), lost(after), lost(late)]);
        }
        let mut done = self;
        done.land(flight, setup);
        all.insert(0, good(done));
        all
    }

    fn fail(mut self) -> Self {
        self.process = None;
        self
    }

    fn see(mut self, key: NewKey) -> Self {
        self.machine().see_key(key);
        self
    }

    /// As `look_for_only_key` does.
    fn look_for_key(mut self, setup: Setup) -> Self {
        let process = self.process.clone().unwrap();
        let sends = process.machine.progress.sends;
        let seen = match (process.value, self.key) {
            (Some(_), _) if !setup.is_chosen => NewKey::Found { is_used: false },
            (Some(value), key) if key == Some(value) => NewKey::Found { is_used: false },
            (Some(_), _) => NewKey::Absent,
            (None, Some(value)) if setup.is_readable && value != OLD => {
                self.process.as_mut().unwrap().value = Some(value);
                NewKey::Found { is_used: false }
            }
            (None, _) if setup.is_readable || sends == 0 => NewKey::Absent,
            // What FILE held still logs in, or the login does.
            (None, Some(OLD)) if !setup.lacks(Without::TheOldKey) => NewKey::Absent,
            (None, _) => NewKey::Perhaps,
        };
        self.see(seen)
    }

    fn act(mut self, setup: Setup) -> Vec<Self> {
        let process = self.process.clone().unwrap();
        let machine = &process.machine;
        let time = Timestamp::default();
        match if process.stage > 0 { Act::Deliver } else { machine.next() } {
            Act::LookAtDisk => {
                let noted = machine.progress.value_hash.as_ref().map(|hash| hash.parse().unwrap());
                let known = setup.chosen().or(noted);
                let is_filed = known.is_some() && self.file == known;
                let disk = match self.copy {
                    _ if is_filed => Disk::InFile,
                    PendingCopy::Holds(_) => Disk::InCopy,
                    PendingCopy::Blank => Disk::NoValue,
                    PendingCopy::Absent => Disk::Gone,
                };
                self.process.as_mut().unwrap().value =
                    if is_filed { self.file } else { self.copy.value() };
                self.machine().observed.disk = Some(disk);
                vec![self]
            }
            Act::LookForKey => vec![self.look_for_key(setup)],
            Act::LookAtOld => {
                let old = if self.key == Some(OLD) { OldKey::Works } else { OldKey::Retired };
                self.machine().observed.old = Some(old);
                vec![self]
            }
            Act::Retire => {
                let step = Step::Removing { until: time, seconds: 0 };
                self.note(&step, !setup.lacks(Without::NotingRemoval));
                let good = |mut world: Self| {
                    world.machine().observed.old = Some(OldKey::Retired);
                    world
                };
                let refused = |mut world: Self| {
                    world.machine().see_over();
                    world.machine().observed.old = Some(OldKey::Works);
                    world
                };
                self.send(Flight::RemoveOld, setup, good, refused, Self::fail)
            }
            Act::Make => self.make(&process, setup),
            Act::Prove => {
                let works = process.value.is_some() && process.value == self.key;
                self.machine().observed.works = Some(works || setup.lacks(Without::TheProof));
                vec![self]
            }
            Act::Deliver => vec![self.deliver(&process, setup)],
            Act::Delete => {
                self.note(&Step::Undoing { id: "1".to_owned() }, true);
                self.copy = PendingCopy::Absent;
                self.key = None;
                vec![self.see(NewKey::Absent)]
            }
            Act::Wait if !self.flying.is_empty() && !setup.lacks(Without::Waiting) => Vec::new(),
            Act::Wait => {
                self.machine().see_over();
                vec![self]
            }
            Act::LookForRival | Act::LookAtRegions => vec![self],
            Act::End(end) => vec![self.end(end)],
        }
    }

    fn make(mut self, process: &Process, setup: Setup) -> Vec<Self> {
        let machine = &process.machine;
        if !machine.way.makes {
            if machine.progress.sends == 0 && !machine.progress.is_retiring {
                self.wrong = Some("recover makes a key that was never asked for");
            } else if self.file == self.key && self.key != Some(OLD) && self.key.is_some() {
                self.wrong = Some("recover makes another key, though FILE holds one that works");
            } else if self.key == Some(OLD) {
                self.wrong = Some("recover ends a key that works, and none was generated");
            }
        }
        let step = Step::Sending { until: Timestamp::default(), seconds: 0 };
        self.note(&step, !setup.lacks(Without::NotingCreate));
        let is_in_the_way = setup.only != OnlyKey::Replaces && self.key.is_some();
        let refused = |mut world: Self| {
            let makes = world.machine().way.makes;
            world.machine().see_over();
            world.machine().observed.must_go |= !makes;
            world.see(NewKey::Absent)
        };
        if is_in_the_way {
            return vec![refused(self)];
        }
        let good = |mut world: Self| {
            world.process.as_mut().unwrap().value = world.key;
            world.see(NewKey::Found { is_used: false })
        };
        let lost = |world: Self| {
            let world = if setup.is_readable { world.look_for_key(setup) } else { world };
            let seen = world.process.as_ref().unwrap().machine.observed.key;
            let is_found = matches!(seen, Some(NewKey::Found { .. }));
            if is_found && world.process.as_ref().unwrap().value.is_some() {
                world
            } else {
                world.fail()
            }
        };
        // A router sends the request twice, and passes the first answer on.
        let doubled = (self.losses > 0 && setup.only == OnlyKey::Replaces).then(|| {
            let mut twice = Self { losses: self.losses - 1, ..self.clone() };
            twice.land(Flight::Create, setup);
            twice.process.as_mut().unwrap().value = twice.key;
            twice.land(Flight::Create, setup);
            twice.see(NewKey::Found { is_used: false })
        });
        let mut all = self.send(Flight::Create, setup, good, refused, lost);
        all.extend(doubled);
        all
    }

    fn deliver(mut self, process: &Process, setup: Setup) -> Self {
        let value = process.value.unwrap();
        match (process.stage, setup.channel) {
            (0, _) => {
                let hash = (!setup.is_chosen).then(|| value.to_string());
                let hash = hash.filter(|_| !setup.lacks(Without::TheHash));
                let step = Step::Delivering { id: "1".to_owned(), value_hash: hash };
                self.note(&step, true);
                self.process.as_mut().unwrap().stage = 1;
            }
            (1, Channel::File) => {
                self.copy = PendingCopy::Holds(value);
                self.process.as_mut().unwrap().stage = 2;
            }
            (1, Channel::Output | Channel::Regions) => {
                self.printed.push(value);
                self.process.as_mut().unwrap().stage = 2;
            }
            (_, Channel::File) => {
                self.file = Some(value);
                self.copy = PendingCopy::Absent;
                self.machine().see_delivered();
                self.process.as_mut().unwrap().stage = 0;
            }
            (_, Channel::Output | Channel::Regions) => {
                self.note(&Step::Delivered, true);
                self.machine().see_delivered();
                self.process.as_mut().unwrap().stage = 0;
            }
        }
        self
    }

    fn end(mut self, end: End) -> Self {
        let value = self.process.take().unwrap().value;
        self.is_told |= !matches!(end, End::Done | End::NeverMade | End::Undone);
        self.ended = Some(end);
        if end.is_settled() {
            if !(end == End::Uncertain && value.is_some()) {
                self.copy = PendingCopy::Absent;
            }
            self.entry = None;
        }
        self
    }

    fn begin(mut self, setup: Setup) -> Self {
        self.is_begun = true;
        self.entry = Some(Progress::default());
        let value = setup.chosen();
        let disk = if value.is_some() { Disk::InCopy } else { Disk::NoValue };
        let observed = Observed { disk: setup.is_filed().then_some(disk), ..Observed::default() };
        if setup.is_filed() {
            self.copy = value.map_or(PendingCopy::Blank, PendingCopy::Holds);
        }
        self.run(Way { makes: true, ..Way::default() }, observed, value, setup);
        self
    }

    /// Every world that may follow, and what happened.
    fn following(&self, setup: Setup) -> Vec<(&'static str, Self)> {
        let mut all = Vec::new();
        for at in 0..self.flying.len() {
            let mut next = self.clone();
            let flight = next.flying.remove(at);
            all.push(("vanishes", next.clone()));
            next.land(flight, setup);
            all.push(("lands", next));
        }
        match (&self.process, &self.entry) {
            (Some(_), _) => {
                if self.kills > 0 {
                    all.push(("is killed", Self { kills: self.kills - 1, ..self.clone().fail() }));
                }
                all.extend(self.clone().act(setup).into_iter().map(|world| ("acts", world)));
            }
            (None, Some(_)) => {
                for way in [Way::default(), Way { discards: true, ..Way::default() }] {
                    let mut next = self.clone();
                    next.run(way, Observed::default(), None, setup);
                    all.push((if way.discards { "gives up" } else { "recovers" }, next));
                }
            }
            (None, None) if !self.is_begun => all.push(("begins", self.clone().begin(setup))),
            (None, None) => {}
        }
        all
    }

    /// What is wrong; `None` where nothing is.
    fn fault(&self, setup: Setup) -> Option<String> {
        if let Some(wrong) = self.wrong {
            return Some(wrong.to_owned());
        }
        if self.ended == Some(End::Uncertain)
            && self.file.is_some_and(|file| file != OLD)
            && self.file == self.key
        {
            return Some("somebody was told to look, though FILE holds the key".to_owned());
        }
        let rests = self.process.is_none() && self.entry.is_none() && self.flying.is_empty();
        if rests && !self.is_told {
            if let Some(key) = self.key
                && key != OLD
                && self.file != Some(key)
                && !self.printed.contains(&key)
            {
                return Some("nobody holds the key, and nobody was told of it".to_owned());
            }
            if self.file.is_some() && self.file != self.key {
                return Some("FILE opens nothing, and nobody was told of it".to_owned());
            }
            if !setup.is_filed() && setup.has_old() && self.key.is_none() {
                return Some("no key is left, and nobody was told of it".to_owned());
            }
        }
        self.unsettled(setup)
    }

    /// Runs `recover` to its end.
    fn recovered(&self, way: Way, setup: Setup) -> Result<Self, String> {
        let mut world = self.clone();
        world.run(way, Observed::default(), None, setup);
        for _ in 0..30 {
            if world.process.is_none() {
                break;
            }
            let mut all = world.act(setup);
            if all.is_empty() {
                return Err("recover waits for nothing".to_owned());
            }
            world = all.swap_remove(0);
        }
        Ok(world)
    }

    /// What is wrong with how the entry is settled when nothing fails any more; `None` where nothing is.
    fn unsettled(&self, setup: Setup) -> Option<String> {
        if self.entry.is_none() || self.process.is_some() || !self.flying.is_empty() {
            return None;
        }
        let mut world = self.clone();
        world.losses = 0;
        let mut world = match world.recovered(Way::default(), setup) {
            Ok(world) => world,
            Err(wrong) => return Some(wrong),
        };
        if world.ended == Some(End::Unproven) {
            // Somebody else's key, or a late one of ours, has ended the one in the copy, which can be given up.
            let key = world.key;
            world = match world.recovered(Way { discards: true, ..Way::default() }, setup) {
                Ok(world) => world,
                Err(wrong) => return Some(wrong),
            };
            if world.key != key {
                return Some("a key was deleted that is not ours".to_owned());
            }
        }
        if world.entry.is_some() || world.process.is_some() {
            return Some(format!("the entry stays: {:?}", world.ended));
        }
        if setup.is_filed() && world.ended == Some(End::Done) && world.file != world.key {
            return Some("recover is done, and FILE opens nothing".to_owned());
        }
        None
    }
}

/// Walks through every world; returns how many there are, or the way to the first that is wrong.
fn explore(setup: Setup) -> Result<usize, String> {
    let mut from: HashMap<World, Option<(World, &'static str)>> = HashMap::new();
    let mut waiting = VecDeque::from([setup.start()]);
    from.insert(setup.start(), None);
    while let Some(world) = waiting.pop_front() {
        if let Some(wrong) = world.fault(setup) {
            let mut path = vec![format!("{world:?}")];
            let mut at = &world;
            while let Some((before, what)) = &from[at] {
                let doing = before.process.as_ref().map(|process| process.machine.next());
                path.push(format!("{what} {doing:?}"));
                at = before;
            }
            path.reverse();
            return Err(format!("{setup:?}\n{wrong}\n{}", path.join("\n")));
        }
        for (what, next) in world.following(setup) {
            if !from.contains_key(&next) {
                from.insert(next.clone(), Some((world.clone(), what)));
                waiting.push_back(next);
            }
        }
    }
    Ok(from.len())
}

fn setups() -> Vec<Setup> {
    let mut all = Vec::new();
    for only in [OnlyKey::Replaces, OnlyKey::Alone, OnlyKey::AfterRemoval] {
        for channel in [Channel::File, Channel::Output] {
            for is_chosen in [false, true] {
                // What is generated cannot be read again; a local store loses no answer.
                let is_readable = only != OnlyKey::Replaces && !is_chosen;
                let losses = if is_chosen { 0 } else { 3 };
                let (kills, without) = (3, None);
                all.push(Setup { only, channel, is_readable, is_chosen, losses, kills, without });
            }
        }
    }
    all
}

#[test]
fn an_only_key_is_neither_lost_nor_made_unasked() {
    let mut states = 0;
    for setup in setups() {
        states += explore(setup).unwrap_or_else(|wrong| panic!("{wrong}"));
    }
    tell(&format!("{states} states of an owner with one key"));
}

#[test]
fn each_rule_about_an_only_key_is_needed() {
    let generated = Setup { only: OnlyKey::Replaces, losses: 2, kills: 2, ..setups()[0] };
    let rotated = Setup { only: OnlyKey::AfterRemoval, is_readable: true, ..generated };
    for (without, setup) in [
        (Without::NotingRemoval, rotated),
        (Without::NotingCreate, generated),
        (Without::Waiting, generated),
        (Without::TheHash, generated),
        (Without::TheOldKey, generated),
        (Without::TheProof, generated),
    ] {
        let found = explore(Setup { without: Some(without), ..setup });
        let told = found.expect_err(&format!("nothing goes wrong without {without:?}"));
        let wrong = told.lines().nth(1).unwrap_or_default();
        tell(&format!("without {without:?}: {wrong}"));
    }
}
