//! Explores the machine: every interleaving of it with a model of the service, the disk and other machines, breadth first.
//!
//! A request is answered, refused, lost before or after it was carried out, carried out late, or twice. A process is killed between
//! any two acts. `recover` and the same command run at any moment. The bound is in [`Setup`].

use std::collections::{HashMap, VecDeque};

use super::machine::{Act, Channel, Disk, End, Machine, NewKey, OldKey, Plan, Seen, Way};
use crate::journal::{Progress, Step};
use crate::model::Timestamp;

/// A value of a key. The old key has the value 0.
type Value = u8;
/// What FILE holds where there is none.
const NONE: Value = 255;
const OLD: usize = 0;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    value: Value,
    exists: bool,
    works: bool,
    is_strangers: bool,
}

/// A request that takes effect later, or never.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Flight {
    /// Makes a key, of a value that the service chooses if there is none here. The flag tells whether it was noted.
    Create(Option<Value>, bool),
    Delete(usize),
    Retire,
}

/// What the journal holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Entry {
    progress: Progress,
    /// The value that was chosen here; its hash in truth.
    value: Option<Value>,
    known: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Process {
    machine: Machine,
    /// The value, where it is in memory.
    value: Option<Value>,
    /// How far an act of several steps is.
    stage: u8,
}

/// A machine on which the program runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Site {
    entry: Option<Entry>,
    /// The pending copy: absent, without a value, or with one.
    copy: Option<Option<Value>>,
    /// What FILE held when the entry was begun.
    expected: Value,
    process: Option<Process>,
    begins: u8,
    /// How the last command ended.
    ended: Option<End>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct World {
    keys: Vec<Key>,
    flying: Vec<Flight>,
    sites: Vec<Site>,
    /// FILE, which all machines share.
    file: Value,
    /// The values that were printed. Their reader has them.
    printed: Vec<Value>,
    /// The keys that somebody was told to look at.
    told: Vec<usize>,
    losses: u8,
    kills: u8,
    strangers: u8,
    /// How often the mount goes away, and whether it is away.
    absences: u8,
    is_away: bool,
    journal_losses: u8,
}

/// A rule that is taken out, to show that the walk finds what it prevents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Without {
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
}

#[derive(Clone, Copy, Debug)]
struct Setup {
    channel: Channel,
    is_rotation: bool,
    /// Whether the value is chosen here. If not, the service chooses it.
    is_chosen: bool,
    /// Whether the service ignores the value that was sent.
    ignores_value: bool,
    sites: usize,
    losses: u8,
    kills: u8,
    strangers: u8,
    absences: u8,
    journal_losses: u8,
    without: Option<Without>,
}

const ONE: Setup = Setup {
    channel: Channel::File,
    is_rotation: true,
    is_chosen: true,
    ignores_value: false,
    sites: 1,
    losses: 3,
    kills: 2,
    strangers: 0,
    absences: 0,
    journal_losses: 0,
    without: None,
};

impl Setup {
    fn lacks(&self, rule: Without) -> bool {
        self.without == Some(rule)
    }

    fn start(&self) -> World {
        let old = Key {
            value: 0,
            exists: self.is_rotation,
            works: self.is_rotation,
            is_strangers: false,
        };
        World {
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
    fn find(&self, value: Value) -> Option<usize> {
        self.keys.iter().position(|key| key.exists && key.value == value)
    }

    /// Carries a create out; returns the id of the key, or `None` where there is one of that value.
    fn create(&mut self, value: Option<Value>) -> Option<usize> {
        if value.is_some_and(|value| self.find(value).is_some()) {
            return None;
        }
        // Values of the service are 100 and more.
        let value = value.unwrap_or_else(|| 100 + Value::try_from(self.keys.len()).unwrap());
        self.keys.push(Key { value, exists: true, works: true, is_strangers: false });
        Some(self.keys.len() - 1)
    }

    fn land(&mut self, flight: Flight) {
        match flight {
            Flight::Create(value, _) => drop(self.create(value)),
            Flight::Delete(id) => self.keys[id].exists = false,
            Flight::Retire => self.keys[OLD].works = false,
        }
    }

    fn fly(&mut self, flight: Flight) {
        self.flying.push(flight);
        self.flying.sort_unstable();
    }

    fn works(&self, id: usize) -> bool {
        self.keys[id].exists && self.keys[id].works
    }

    /// Tells whether somebody who needs the key holds one that works.
    fn is_served(&self, setup: &Setup) -> bool {
        let opens = |value: Value| self.find(value).is_some_and(|id| self.works(id));
        match setup.channel {
            Channel::File => opens(self.file),
            Channel::Output => opens(0) || self.printed.iter().any(|&value| opens(value)),
        }
    }

    /// Tells whether the command goes on to make a key. A rotation refuses a FILE that holds another key than the old one.
    fn may_begin(&self, begins: u8, setup: &Setup) -> bool {
        let is_filed = setup.channel == Channel::File;
        match setup.is_rotation {
            // A name that several working keys have is refused.
            true => {
                let is_only = (1..self.keys.len()).all(|id| !self.works(id));
                begins < 2
                    && self.works(OLD)
                    && is_only
                    && !self.is_away
                    && (!is_filed || self.file == 0)
            }
            false => begins == 0,
        }
    }

    fn is_held(&self, id: usize) -> bool {
        let value = self.keys[id].value;
        self.file == value || self.printed.contains(&value) || self.told.contains(&id)
    }

    fn is_at_rest(&self, setup: &Setup) -> bool {
        // `recover FILE` takes up a copy that speaks.
        let speaks = |site: &Site| {
            site.copy.flatten().is_some()
                && site.ended != Some(End::Uncertain)
                && !setup.lacks(Without::ACopyThatSpeaks)
        };
        let rests = |site: &Site| site.process.is_none() && site.entry.is_none() && !speaks(site);
        self.flying.is_empty() && !self.is_away && self.sites.iter().all(rests)
    }
}

/// One machine in a world, and what it does.
struct Turn<'a> {
    world: World,
    at: usize,
    setup: &'a Setup,
}

impl Turn<'_> {
    fn site(&mut self) -> &mut Site {
        &mut self.world.sites[self.at]
    }

    fn process(&mut self) -> &mut Process {
        self.site().process.as_mut().unwrap()
    }

    fn machine(&mut self) -> &mut Machine {
        &mut self.process().machine
    }

    /// Writes a step to the journal, unless a rule is taken out.
    fn note(&mut self, step: &Step) {
        use Without::{NotingEachCreate, NotingRetirement, NotingUndo, TheNotedId, WaitingToUndo};
        let lacks = |rule| self.setup.lacks(rule);
        let sends = self.world.sites[self.at].entry.as_ref().unwrap().progress.sends;
        let is_forgotten = match step {
            Step::Undoing { .. } => lacks(NotingUndo),
            Step::Retiring => lacks(NotingRetirement),
            Step::Made { .. } => lacks(TheNotedId),
            Step::Sending { .. } => lacks(NotingEachCreate) && sends > 0,
            _ => false,
        };
        let forgets_landing = lacks(WaitingToUndo);
        self.machine().reach(step.clone());
        if forgets_landing {
            self.machine().progress.may_land = None;
        }
        if !is_forgotten {
            let progress = &mut self.site().entry.as_mut().unwrap().progress;
            progress.take(step.clone());
            if forgets_landing {
                progress.may_land = None;
            }
        }
    }

    fn begin(&mut self) {
        let setup = *self.setup;
        let (begins, known, file) =
            (self.site().begins + 1, self.world.keys.len(), self.world.file);
        let value = Value::try_from(self.at).unwrap() * 10 + begins;
        let value = setup.is_chosen.then_some(value);
        let disk = if value.is_some() { Disk::InCopy } else { Disk::NoValue };
        let is_filed = setup.channel == Channel::File;
        let seen = Seen { disk: is_filed.then_some(disk), ..Seen::default() };
        let way = Way { makes: true, ..Way::default() };
        *self.site() = Site {
            entry: Some(Entry { progress: Progress::default(), value, known }),
            copy: is_filed.then_some(value),
            expected: file,
            begins,
            ..Site::default()
        };
        self.run(way, seen, value);
    }

    fn run(&mut self, way: Way, seen: Seen, value: Option<Value>) {
        let Setup { channel, is_rotation, is_chosen, .. } = *self.setup;
        let plan = Plan { channel, is_rotation, is_value_theirs: !is_chosen };
        let progress = self.site().entry.as_ref().unwrap().progress.clone();
        let machine = Machine { plan, way, progress, seen };
        self.site().process = Some(Process { machine, value, stage: 0 });
        self.site().ended = None;
    }

    /// Ends the process with a failure. Its entry stays.
    fn fail(mut self) -> World {
        self.site().process = None;
        self.world
    }

    /// Has a request carried out, refused, lost or carried out late. `good` goes on with the answer.
    fn send(
        self,
        flight: Flight,
        good: impl Fn(Self) -> Vec<World>,
        lost: fn(Self) -> World,
    ) -> Vec<World> {
        let again = || Self { world: self.world.clone(), ..self };
        let mut worlds = Vec::new();
        if self.world.losses > 0 {
            let mut twice = again();
            twice.world.losses -= 1;
            twice.world.land(flight);
            worlds.extend(good(twice));
            for fate in 0..3 {
                let mut turn = again();
                turn.world.losses -= 1;
                match fate {
                    0 => {}
                    1 => turn.world.land(flight),
                    _ => turn.world.fly(flight),
                }
                worlds.push(lost(turn));
            }
        }
        let mut all = good(self);
        all.extend(worlds);
        all
    }

    /// Does the next act; returns every world that may follow. The first is the one without a fault.
    fn act(mut self) -> Vec<World> {
        let act = if self.process().stage > 0 { Act::Deliver } else { self.machine().next() };
        let act = if self.process().stage == 9 { Act::Make } else { act };
        let process = self.process().clone();
        let entry = self.site().entry.clone().unwrap();
        let made = entry.progress.made.as_ref().or(process.machine.progress.made.as_ref());
        let made: Option<usize> = made.map(|id| id.parse().unwrap());
        match act {
            Act::LookAtDisk => {
                let (file, copy) = (self.world.file, self.site().copy);
                let opened = self.world.find(file);
                let is_filed = entry.value == Some(file) || opened.is_some() && opened == made;
                let disk = match copy {
                    _ if self.world.is_away => Disk::Gone,
                    _ if is_filed => Disk::InFile,
                    Some(Some(_)) => Disk::InCopy,
                    Some(None) => Disk::NoValue,
                    None => Disk::Gone,
                };
                let at_hand = if is_filed { Some(file) } else { copy.flatten() };
                self.process().value = at_hand.filter(|_| disk != Disk::Gone);
                self.machine().seen.disk = Some(disk);
                vec![self.world]
            }
            Act::LookForKey => {
                let found = process.value.and_then(|value| self.world.find(value));
                let noted = made.filter(|&id| self.world.keys[id].exists);
                let perhaps = || {
                    let all = self.world.keys.iter().enumerate().skip(entry.known);
                    all.filter(|(_, key)| key.exists).map(|(id, _)| id).collect::<Vec<_>>()
                };
                let is_told = entry.progress.is_delivering && self.setup.channel == Channel::Output;
                let key = match (found, noted) {
                    (Some(id), _) => {
                        self.remember(id);
                        NewKey::Found { is_used: false }
                    }
                    (None, Some(_)) if is_told => {
                        let mut used = Self { world: self.world.clone(), ..self };
                        used.machine().see_key(NewKey::Found { is_used: true });
                        self.machine().see_key(NewKey::Found { is_used: false });
                        return vec![self.world, used.world];
                    }
                    (None, Some(_)) => NewKey::Unheld,
                    (None, None) if process.value.is_some() || made.is_some() => NewKey::Absent,
                    (None, None) if entry.progress.sends == 0 => NewKey::Absent,
                    (None, None) => match perhaps()[..] {
                        [] => NewKey::Absent,
                        [only] if self.setup.lacks(Without::Certainty) => {
                            self.remember(only);
                            NewKey::Unheld
                        }
                        _ => NewKey::Perhaps,
                    },
                };
                self.machine().see_key(key);
                vec![self.world]
            }
            Act::Make => {
                // After a lost answer the value is looked up; where it is not found, the request is sent again.
                if process.stage == 9 {
                    if let Some(id) = self.world.find(process.value.unwrap()) {
                        self.process().stage = 0;
                        return vec![self.made(id)];
                    }
                    let gives_up = Self { world: self.world.clone(), ..self }.fail();
                    if entry.progress.sends > 1 || process.machine.progress.sends > 1 {
                        return vec![gives_up];
                    }
                    let mut all = self.post(entry.value);
                    all.push(gives_up);
                    return all;
                }
                self.post(entry.value)
            }
            Act::LookForRival => {
                let own = made.or(process.value.and_then(|value| self.world.find(value)));
                let others = (entry.known..self.world.keys.len()).filter(|&id| Some(id) != own);
                let any = others.into_iter().any(|id| self.world.works(id));
                // FILE is what protects where a list of keys is not up to date.
                let is_blind = [Without::LookingForRivals, Without::Exchange];
                let any = any && !is_blind.iter().any(|rule| self.setup.lacks(*rule));
                self.machine().seen.has_rival = Some(any);
                vec![self.world]
            }
            Act::LookAtOld => {
                let old = if self.world.works(OLD) { OldKey::Works } else { OldKey::Retired };
                self.machine().seen.old = Some(old);
                vec![self.world]
            }
            Act::Prove => {
                let failed = Self { world: self.world.clone(), ..self }.fail();
                let id = process.value.and_then(|value| self.world.find(value)).or(made);
                self.machine().seen.works = Some(id.is_some_and(|id| self.world.works(id)));
                vec![self.world, failed]
            }
            Act::Deliver => self.deliver(&process),
            Act::Retire => {
                self.note(&Step::Retiring);
                let good = |mut turn: Self| {
                    turn.world.land(Flight::Retire);
                    turn.machine().seen.old = Some(OldKey::Retired);
                    vec![turn.world]
                };
                self.send(Flight::Retire, good, Self::fail)
            }
            Act::Delete => {
                let id = process.value.and_then(|value| self.world.find(value)).or(made).unwrap();
                self.note(&Step::Undoing { id: id.to_string() });
                self.site().copy = None;
                let good = move |mut turn: Self| {
                    turn.world.land(Flight::Delete(id));
                    turn.machine().see_key(NewKey::Absent);
                    vec![turn.world]
                };
                self.send(Flight::Delete(id), good, Self::fail)
            }
            Act::Wait => {
                let is_blind = self.setup.lacks(Without::TheServicesClock);
                if !is_blind && self.world.flying.contains(&Flight::Create(entry.value, true)) {
                    return Vec::new();
                }
                self.machine().is_over();
                vec![self.world]
            }
            Act::End(end) => vec![self.end(end, made)],
        }
    }

    /// Sends a create.
    fn post(mut self, value: Option<Value>) -> Vec<World> {
        self.note(&Step::Sending { until: Timestamp::default(), seconds: 0 });
        self.process().stage = 0;
        let sent = value.filter(|_| !self.setup.ignores_value);
        let is_first = self.machine().progress.sends == 1;
        let mut refused = Self { world: self.world.clone(), ..self };
        let good = |mut turn: Self| {
            let made = turn.world.create(sent);
            // An earlier request may have made it.
            let id = made.or(sent.and_then(|value| turn.world.find(value))).unwrap();
            vec![turn.made(id)]
        };
        let lost = |mut turn: Self| {
            if !turn.setup.is_chosen {
                return turn.fail();
            }
            turn.process().stage = 9;
            turn.world
        };
        let is_noted = is_first || !self.setup.lacks(Without::NotingEachCreate);
        let mut all = self.send(Flight::Create(sent, is_noted), good, lost);
        if is_first {
            refused.machine().is_over();
            refused.machine().seen.key = Some(NewKey::Absent);
            all.push(refused.world);
        }
        all
    }

    fn remember(&mut self, id: usize) {
        self.machine().progress.made = Some(id.to_string());
    }

    /// The answer says which key was made, and its value.
    fn made(mut self, id: usize) -> World {
        self.process().value = Some(self.world.keys[id].value);
        if self.setup.is_rotation {
            self.note(&Step::Made { id: id.to_string() });
        } else {
            self.remember(id);
        }
        self.machine().see_key(NewKey::Found { is_used: false });
        self.world
    }

    fn deliver(mut self, process: &Process) -> Vec<World> {
        let value = process.value.unwrap();
        let id = self.world.find(value);
        let is_filed = self.setup.channel == Channel::File;
        let is_in_copy = self.site().copy == Some(Some(value));
        if process.stage == 0 && !(is_filed && is_in_copy) {
            let id = id.map_or_else(|| "0".to_owned(), |id| id.to_string());
            self.note(&Step::Delivering { id });
            self.process().stage = 1;
            return vec![self.world];
        }
        if is_filed {
            self.process().stage = 0;
            if !is_in_copy {
                self.site().copy = Some(Some(value));
                self.process().stage = 1;
                return vec![self.world];
            }
            let is_as_it_was = self.world.file == self.site().expected;
            if self.world.is_away || !is_as_it_was && !self.setup.lacks(Without::Exchange) {
                self.machine().seen.disk = Some(Disk::Blocked);
                return vec![self.world];
            }
            self.world.file = value;
            self.site().copy = None;
            self.machine().is_delivered();
            return vec![self.world];
        }
        if process.stage == 1 {
            self.process().stage = 2;
            self.world.printed.push(value);
            return vec![self.world];
        }
        self.note(&Step::Delivered);
        self.machine().is_delivered();
        self.process().stage = 0;
        vec![self.world]
    }

    fn end(mut self, end: End, made: Option<usize>) -> World {
        let known = self.site().entry.as_ref().unwrap().known;
        let told: Vec<usize> = match end {
            End::Uncertain | End::DoneBeside => (known..self.world.keys.len()).collect(),
            End::PerhapsPrinted | End::Vanished | End::InUse => made.into_iter().collect(),
            _ => Vec::new(),
        };
        for id in told.into_iter().filter(|&id| self.world.keys[id].exists) {
            if !self.world.told.contains(&id) {
                self.world.told.push(id);
            }
        }
        self.site().process = None;
        self.site().ended = Some(end);
        let closes =
            end.is_settled() || end == End::CopyGone && self.setup.lacks(Without::KeepingTheEntry);
        if closes {
            // A copy with a value may be all that there is of a key.
            if !self.world.is_away
                && !(end == End::Uncertain && self.site().copy.flatten().is_some())
            {
                self.site().copy = None;
            }
            self.site().entry = None;
        }
        self.world
    }
}

/// Every world that may follow, and what happened.
fn following(world: &World, setup: &Setup) -> Vec<(&'static str, World)> {
    let mut all = Vec::new();
    for at in 0..world.flying.len() {
        let mut next = world.clone();
        let flight = next.flying.remove(at);
        all.push(("vanishes", next.clone()));
        next.land(flight);
        all.push(("lands", next));
    }
    if world.strangers > 0 {
        let mut next = world.clone();
        next.strangers -= 1;
        next.keys.push(Key { value: 200, exists: true, works: true, is_strangers: true });
        all.push(("a stranger makes a key", next));
    }
    if world.absences > 0 || world.is_away {
        let mut next = world.clone();
        next.absences -= u8::from(!world.is_away);
        next.is_away = !world.is_away;
        all.push(("the mount comes or goes", next));
    }
    for at in 0..world.sites.len() {
        let turn = || Turn { world: world.clone(), at, setup };
        let site = &world.sites[at];
        let mut step = |what, change: &dyn Fn(&mut Turn<'_>)| {
            let mut turn = turn();
            change(&mut turn);
            all.push((what, turn.world));
        };
        match (&site.process, &site.entry) {
            (Some(_), _) => {
                if world.kills > 0 {
                    step("is killed", &|turn| {
                        turn.world.kills -= 1;
                        turn.site().process = None;
                    });
                }
                all.extend(turn().act().into_iter().map(|world| ("acts", world)));
            }
            (None, Some(_)) => {
                step("recovers", &|turn| turn.run(Way::default(), Seen::default(), None));
                if setup.is_rotation {
                    step("repeats", &|turn| {
                        let way = Way { repeats: true, ..Way::default() };
                        turn.run(way, Seen::default(), None);
                    });
                }
                if world.journal_losses > 0 {
                    step("loses its journal", &|turn| {
                        turn.world.journal_losses -= 1;
                        turn.site().entry = None;
                    });
                }
            }
            (None, None) => {
                if let Some(Some(value)) = site.copy
                    && !setup.lacks(Without::ACopyThatSpeaks)
                {
                    let mut turn = turn();
                    let mut progress = Progress::default();
                    for _ in 0..2 {
                        progress.take(Step::Sending { until: Timestamp::default(), seconds: 0 });
                    }
                    let entry = Entry { progress, value: Some(value), known: 1 };
                    turn.site().entry = Some(entry);
                    turn.run(Way::default(), Seen::default(), None);
                    all.push(("recovers FILE", turn.world));
                } else if world.may_begin(site.begins, setup) {
                    step("begins", &|turn| turn.begin());
                }
            }
        }
    }
    all
}

/// What is wrong with a world; `None` where nothing is.
fn fault(world: &World, setup: &Setup) -> Option<String> {
    if setup.is_rotation && !world.is_away && !world.is_served(setup) {
        return Some("whoever needs the key holds none that works".to_owned());
    }
    if world.keys.iter().any(|key| key.is_strangers && !(key.exists && key.works)) {
        return Some("the key of a stranger was touched".to_owned());
    }
    let done = world.sites.iter().filter(|site| site.ended == Some(End::Done)).count();
    if done > 0 && setup.is_rotation && world.works(OLD) {
        return Some("a rotation is done, and the old key works".to_owned());
    }
    if world.is_at_rest(setup) {
        let mut ours = (1..world.keys.len()).filter(|&id| !world.keys[id].is_strangers);
        if let Some(id) = ours.find(|&id| world.works(id) && !world.is_held(id)) {
            return Some(format!("nobody holds key {id}, and nobody was told of it"));
        }
    }
    if done > 1 {
        let working = world.keys.iter().filter(|key| key.exists && key.works).count();
        if working > 1 {
            return Some("two rotations are done, and both new keys work".to_owned());
        }
    }
    None
}

/// What is wrong with how an entry is settled when nothing fails any more; `None` where nothing is.
fn unsettled(world: &World, setup: &Setup) -> Option<String> {
    if !world.flying.is_empty() || world.is_away {
        return None;
    }
    for (at, site) in world.sites.iter().enumerate() {
        if site.entry.is_none() || site.process.is_some() {
            continue;
        }
        let mut turn = Turn { world: world.clone(), at, setup };
        turn.run(Way::default(), Seen::default(), None);
        let mut world = turn.world;
        for _ in 0..30 {
            if world.sites[at].process.is_none() {
                break;
            }
            let mut all = Turn { world, at, setup }.act();
            if all.is_empty() {
                return Some("recover waits for nothing".to_owned());
            }
            world = all.swap_remove(0);
        }
        let ended = world.sites[at].ended;
        if world.sites[at].entry.is_some() && ended != Some(End::Blocked) {
            return Some(format!("the entry stays: {ended:?}"));
        }
    }
    None
}

/// Walks through every world; returns how many there are, or the way to the first that is wrong.
fn explore(setup: &Setup) -> Result<usize, String> {
    let mut from: HashMap<World, Option<(World, &'static str)>> = HashMap::new();
    let mut waiting = VecDeque::from([setup.start()]);
    from.insert(setup.start(), None);
    while let Some(world) = waiting.pop_front() {
        let wrong = fault(&world, setup).or_else(|| unsettled(&world, setup));
        if let Some(wrong) = wrong {
            let mut path = vec![format!("{world:?}")];
            let mut at = &world;
            while let Some((before, what)) = &from[at] {
                let doing = before.sites.iter().filter_map(|site| site.process.as_ref());
                let doing: Vec<_> = doing.map(|process| process.machine.next()).collect();
                path.push(format!("{what} {doing:?}"));
                at = before;
            }
            path.reverse();
            return Err(format!("{setup:?}\n{wrong}\n{}", path.join("\n")));
        }
        for (what, next) in following(&world, setup) {
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
    for channel in [Channel::File, Channel::Output] {
        for is_rotation in [false, true] {
            for is_chosen in [false, true] {
                // The service never chooses the value of a rotation's key, but it may ignore the one that was sent.
                let setup =
                    Setup { channel, is_rotation, is_chosen: is_chosen || is_rotation, ..ONE };
                let ignores_value = is_rotation && !is_chosen;
                // Where such a service loses an answer too, there is no telling.
                let losses = if ignores_value { 0 } else { setup.losses };
                all.push(Setup { ignores_value, losses, ..setup });
            }
        }
    }
    all
}

fn walk(setup: Setup) -> usize {
    explore(&setup).unwrap_or_else(|wrong| panic!("{wrong}"))
}

#[test]
fn no_fault_loses_a_key_or_leaves_one() {
    let mut states = 0;
    for setup in setups() {
        let one = Setup { losses: setup.losses.min(1), kills: 1, ..setup };
        states += walk(setup) + walk(Setup { strangers: 1, ..one });
        if setup.channel == Channel::File {
            states += walk(Setup { absences: 1, ..one });
        }
        if setup.channel == Channel::File && setup.is_chosen && !setup.ignores_value {
            states += walk(Setup { losses: 2, journal_losses: 1, ..one });
        }
    }
    println!("{states} states of one machine");
}

#[test]
fn two_machines_that_rotate_one_key_harm_nobody() {
    let mut states = 0;
    for channel in [Channel::File, Channel::Output] {
        for (losses, kills) in [(0, 1), (1, 0)] {
            states += walk(Setup { channel, sites: 2, losses, kills, ..ONE });
        }
    }
    println!("{states} states of two machines");
}

#[test]
fn each_rule_is_needed() {
    let printed = Setup { channel: Channel::Output, ..ONE };
    let rules = [
        (Without::NotingUndo, Setup { losses: 2, strangers: 1, ..ONE }),
        (Without::NotingRetirement, printed),
        (Without::NotingEachCreate, ONE),
        (Without::WaitingToUndo, Setup { strangers: 1, ..ONE }),
        (Without::TheNotedId, Setup { ignores_value: true, losses: 0, ..ONE }),
        (Without::Certainty, Setup { strangers: 1, is_rotation: false, ..printed }),
        (Without::LookingForRivals, Setup { sites: 2, losses: 0, kills: 0, ..printed }),
        (Without::Exchange, Setup { sites: 2, losses: 0, kills: 0, ..ONE }),
        (Without::ACopyThatSpeaks, Setup { journal_losses: 1, ..ONE }),
        (Without::KeepingTheEntry, Setup { absences: 1, ..ONE }),
        (Without::TheServicesClock, ONE),
    ];
    for (without, setup) in rules {
        let found = explore(&Setup { without: Some(without), ..setup });
        let told = found.expect_err(&format!("nothing goes wrong without {without:?}"));
        println!("without {without:?}: {}", told.lines().nth(1).unwrap_or_default());
    }
}
