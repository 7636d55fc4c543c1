//! What a process does with the world: as `drive`, but every outcome of an act is one of several worlds.

use super::super::machine::{
    Act, Channel, Disk, End, Goal, Machine, NewKey, Observed, OldKey, Way,
};
use super::world::{Flight, Noted, OLD, PendingCopy, Process, Setup, Site, Value, Without, World};
use crate::journal::{Progress, Step};
use crate::model::Timestamp;

/// One machine in a world, and what it does.
pub(super) struct Turn<'a> {
    pub(super) world: World,
    pub(super) at: usize,
    pub(super) setup: &'a Setup,
}

impl Turn<'_> {
    pub(super) fn site(&mut self) -> &mut Site {
        &mut self.world.sites[self.at]
    }

    pub(super) fn process(&mut self) -> &mut Process {
        self.site().process.as_mut().unwrap()
    }

    pub(super) fn machine(&mut self) -> &mut Machine {
        &mut self.process().machine
    }

    /// Writes a step to the journal, unless a rule is taken out.
    pub(super) fn note(&mut self, step: &Step) {
        use Without::{
            NotingDelivery, NotingEachCreate, NotingRetirement, NotingUndo, TheNotedId,
            WaitingToUndo,
        };
        let lacks = |rule| self.setup.lacks(rule);
        let sends = self.world.sites[self.at].entry.as_ref().unwrap().progress.sends;
        let is_forgotten = match step {
            Step::Undoing { .. } => lacks(NotingUndo),
            Step::Retiring => lacks(NotingRetirement),
            Step::Made { .. } => lacks(TheNotedId),
            Step::Sending { .. } => lacks(NotingEachCreate) && sends > 0,
            Step::Delivering { .. } => lacks(NotingDelivery),
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

    pub(super) fn begin(&mut self) {
        let setup = *self.setup;
        let (begins, keys, file) = (self.site().begins + 1, self.world.keys.len(), self.world.file);
        let value = Value::try_from(self.at).unwrap() * 10 + begins;
        let value = setup.is_chosen.then_some(value);
        let disk = if value.is_some() { Disk::InCopy } else { Disk::NoValue };
        let is_filed = setup.channel != Channel::Output;
        let replaces = self.world.regions.iter().flatten().copied().collect();
        let observed = Observed { disk: is_filed.then_some(disk), ..Observed::default() };
        let way = Way { makes: true, ..Way::default() };
        *self.site() = Site {
            entry: Some(Noted { progress: Progress::default(), value, keys, replaces }),
            copy: match (is_filed, value) {
                (false, _) => PendingCopy::Absent,
                (true, None) => PendingCopy::Blank,
                (true, Some(value)) => PendingCopy::Holds(value),
            },
            expected: file,
            begins,
            ..Site::default()
        };
        self.run(way, observed, value);
    }

    pub(super) fn run(&mut self, way: Way, observed: Observed, value: Option<Value>) {
        let Setup { channel, is_rotation, is_chosen, .. } = *self.setup;
        let goal = Goal { only: None, channel, is_rotation, is_value_theirs: !is_chosen };
        let progress = self.site().entry.as_ref().unwrap().progress.clone();
        let machine = Machine { goal, way, progress, observed };
        self.site().process = Some(Process {
            machine,
            value,
            stage: 0,
            removes: Vec::new(),
            old: OLD,
            in_doubt: false,
        });
        self.site().ended = None;
    }

    /// Ends the process with a failure. Its entry stays.
    pub(super) fn fail(mut self) -> World {
        self.site().process = None;
        self.world
    }

    /// Has a request carried out, refused, lost or carried out late. `good` goes on with the answer.
    pub(super) fn send(
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
    pub(super) fn act(mut self) -> Vec<World> {
        let act = if self.process().stage > 0 { Act::Deliver } else { self.machine().next() };
        let act = if self.process().stage == 9 { Act::Make } else { act };
        let process = self.process().clone();
        let entry = self.site().entry.clone().unwrap();
        let made = entry.progress.made.as_ref().or(process.machine.progress.made.as_ref());
        let made: Option<usize> = made.map(|id| id.parse().unwrap());
        if self.setup.channel == Channel::Regions
            && matches!(act, Act::LookAtRegions | Act::Deliver | Act::LookAtOld | Act::Retire)
        {
            return self.act_on_regions(act, &process, &entry);
        }
        match act {
            Act::LookAtRegions => Vec::new(),
            Act::LookAtDisk => vec![self.look_at_disk(&entry, made)],
            Act::LookForKey => self.look_for_key(&process, &entry, made),
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
                let others = (entry.keys..self.world.keys.len()).filter(|&id| Some(id) != own);
                let any = others.into_iter().any(|id| self.world.works(id));
                // FILE is what protects where a list of keys is not up to date.
                let is_blind = [Without::LookingForRivals, Without::Exchange];
                let any = any && !is_blind.iter().any(|rule| self.setup.lacks(*rule));
                self.machine().observed.has_rival = Some(any);
                vec![self.world]
            }
            Act::LookAtOld => {
                let old = if self.world.works(OLD) { OldKey::Works } else { OldKey::Retired };
                self.machine().observed.old = Some(old);
                vec![self.world]
            }
            Act::Prove => {
                // The command that makes the key gives it up where it cannot be proven; `recover` is run again.
                let mut failed = Self { world: self.world.clone(), ..self };
                if process.machine.way.makes && process.machine.goal.channel != Channel::Output {
                    failed.machine().observed.must_go = true;
                    failed.machine().observed.works = Some(false);
                }
                let failed =
                    if failed.machine().observed.must_go { failed.world } else { failed.fail() };
                let id = process.value.and_then(|value| self.world.find(value)).or(made);
                self.machine().observed.works = Some(id.is_some_and(|id| self.world.works(id)));
                vec![self.world, failed]
            }
            Act::Deliver => self.deliver(&process),
            Act::Retire => {
                self.note(&Step::Retiring);
                let good = |mut turn: Self| {
                    turn.world.land(Flight::Retire);
                    turn.machine().observed.old = Some(OldKey::Retired);
                    vec![turn.world]
                };
                self.send(Flight::Retire, good, Self::fail)
            }
            Act::Delete => {
                let id = process.value.and_then(|value| self.world.find(value)).or(made).unwrap();
                self.note(&Step::Undoing { id: id.to_string() });
                self.site().copy = PendingCopy::Absent;
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
                self.machine().see_over();
                vec![self.world]
            }
            Act::End(end) => vec![self.end(end, made)],
        }
    }

    fn look_at_disk(mut self, entry: &Noted, made: Option<usize>) -> World {
        let (file, copy) = (self.world.file, self.site().copy);
        let opened = self.world.find(file);
        let is_filed = entry.value == Some(file) || opened.is_some() && opened == made;
        let disk = match copy {
            _ if self.world.is_away => Disk::Gone,
            _ if is_filed => Disk::InFile,
            PendingCopy::Holds(_) => Disk::InCopy,
            PendingCopy::Blank => Disk::NoValue,
            PendingCopy::Absent => Disk::Gone,
        };
        let at_hand = if is_filed { Some(file) } else { copy.value() };
        self.process().value = at_hand.filter(|_| disk != Disk::Gone);
        self.machine().observed.disk = Some(disk);
        self.world
    }

    fn look_for_key(mut self, process: &Process, entry: &Noted, made: Option<usize>) -> Vec<World> {
        let found = process.value.and_then(|value| self.world.find(value));
        let noted = made.filter(|&id| self.world.keys[id].exists);
        let perhaps = || {
            let all = self.world.keys.iter().enumerate().skip(entry.keys);
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

    /// Sends a create.
    pub(super) fn post(mut self, value: Option<Value>) -> Vec<World> {
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
            refused.machine().see_over();
            refused.machine().observed.key = Some(NewKey::Absent);
            all.push(refused.world);
        }
        all
    }

    pub(super) fn remember(&mut self, id: usize) {
        self.machine().progress.made = Some(id.to_string());
    }

    /// The answer says which key was made, and its value.
    pub(super) fn made(mut self, id: usize) -> World {
        self.process().value = Some(self.world.keys[id].value);
        if self.setup.is_rotation {
            self.note(&Step::Made { id: id.to_string() });
        } else {
            self.remember(id);
        }
        self.machine().see_key(NewKey::Found { is_used: false });
        self.world
    }

    pub(super) fn deliver(mut self, process: &Process) -> Vec<World> {
        let value = process.value.unwrap();
        let id = self.world.find(value);
        let is_filed = self.setup.channel == Channel::File;
        let is_in_copy = self.site().copy == PendingCopy::Holds(value);
        if process.stage == 0 && !(is_filed && is_in_copy) {
            let id = id.map_or_else(|| "0".to_owned(), |id| id.to_string());
            self.note(&Step::Delivering { id, value_hash: None });
            self.process().stage = 1;
            return vec![self.world];
        }
        if is_filed {
            self.process().stage = 0;
            if !is_in_copy {
                self.site().copy = PendingCopy::Holds(value);
                self.process().stage = 1;
                return vec![self.world];
            }
            let is_as_it_was = self.world.file == self.site().expected;
            if self.world.is_away || !is_as_it_was && !self.setup.lacks(Without::Exchange) {
                self.machine().observed.disk = Some(Disk::Blocked);
                return vec![self.world];
            }
            self.world.file = value;
            self.site().copy = PendingCopy::Absent;
            self.machine().see_delivered();
            return vec![self.world];
        }
        if process.stage == 1 {
            self.process().stage = 2;
            self.world.printed.push(value);
            return vec![self.world];
        }
        self.note(&Step::Delivered);
        self.machine().see_delivered();
        self.process().stage = 0;
        vec![self.world]
    }

    pub(super) fn end(mut self, end: End, made: Option<usize>) -> World {
        let known = self.site().entry.as_ref().unwrap().keys;
        let told: Vec<usize> = match end {
            End::Uncertain | End::DoneBeside => (known..self.world.keys.len()).collect(),
            End::PerhapsPrinted | End::Vanished | End::InUse | End::Displaced => {
                made.into_iter().collect()
            }
            _ => Vec::new(),
        };
        for id in told.into_iter().filter(|&id| self.world.keys[id].exists) {
            if !self.world.told.contains(&id) {
                self.world.told.push(id);
            }
        }
        let has_rival = self.machine().observed.has_rival == Some(true);
        self.site().is_silent = has_rival && end == End::Undone;
        self.site().process = None;
        self.site().ended = Some(end);
        let closes =
            end.is_settled() || end == End::CopyGone && self.setup.lacks(Without::KeepingTheEntry);
        if closes {
            // A copy with a value may be all that there is of a key.
            let keeps_copy = end == End::Uncertain && self.site().copy.value().is_some();
            if !(self.world.is_away || keeps_copy) {
                self.site().copy = PendingCopy::Absent;
            }
            self.site().entry = None;
        }
        self.world
    }
}
