//! Where the key goes to regions: each has one task credential, which can only be deleted and stored again.

use super::super::machine::{Act, End, OldKey};
use super::super::placed::Placed;
use super::turn::Turn;
use super::world::{Flight, Key, Noted, Process, Setup, Value, Without, World};
use crate::journal::Step;

/// How many steps a region takes: a listing, a deletion, a request to store.
const STEPS: u8 = 3;
/// The value of a key of somebody else.
const STRANGE: Value = 150;

/// Every world in which somebody else has stored a key in a region that has none.
pub(super) fn of_strangers(world: &World) -> Vec<(&'static str, World)> {
    let free = (0..world.regions.len()).filter(|&at| world.regions[at].is_empty());
    let stored = free.filter(|_| world.strangers > 0).map(|at| {
        let mut next = world.clone();
        next.strangers -= 1;
        next.keys.push(Key { value: STRANGE, exists: true, works: true, is_strangers: true });
        next.store(at, STRANGE, false);
        ("a stranger stores a key", next)
    });
    stored.collect()
}

/// What is wrong with the regions of a world; `None` where nothing is.
pub(super) fn fault(world: &World, setup: &Setup) -> Option<&'static str> {
    let holds = |value: Value| world.regions.iter().flatten().any(|record| record.value == value);
    if world.regions.iter().any(|region| region.len() > 1) {
        return Some("a region has two");
    }
    if !world.is_served(setup) && !world.regions.is_empty() {
        return Some("a region holds a key that does not work");
    }
    if !world.regions.is_empty() && world.find(STRANGE).is_some() && !holds(STRANGE) {
        return Some("the task credential of a stranger is gone");
    }
    // The value of a key has the number of its machine in it.
    let key_of = |at: usize| Value::try_from(at).unwrap() * 10 + world.sites[at].begins;
    let is_displaced = |at: usize| world.sites[at].ended == Some(End::Displaced);
    if (0..world.sites.len()).any(|at| is_displaced(at) && holds(key_of(at))) {
        return Some("a key is said to be in no region, and one holds it");
    }
    let had = setup.is_rotation && world.is_at_rest(setup);
    if had && world.regions.iter().any(Vec::is_empty) {
        return Some("a region is left without a task credential");
    }
    None
}

/// What a region has, as `bring` sorts it: whether ours is there, what it replaces, and whether there is another.
fn held(
    world: &World,
    at: usize,
    process: &Process,
    entry: &Noted,
    setup: &Setup,
) -> (bool, Vec<u8>, bool) {
    let (mut is_ours, mut old, mut is_others) = (false, Vec::new(), false);
    let in_doubt = process.in_doubt || !process.machine.way.makes;
    for record in &world.regions[at] {
        let is_old_key = entry.replaces.iter().any(|old| old.value == record.value)
            && !setup.lacks(Without::OldKeysByTheirText);
        let is_answered = process.machine.progress.stored.contains(&record.id.to_string())
            && !setup.lacks(Without::TheAnsweredId);
        // A stranger takes another name.
        let may_be_ours =
            in_doubt && record.value != STRANGE && !setup.lacks(Without::TheNameInDoubt);
        let is_told = Some(record.value) == entry.value;
        if if setup.are_silent { is_answered || may_be_ours } else { is_told } {
            is_ours = true;
        } else if entry.replaces.contains(record)
            || is_old_key
            || setup.lacks(Without::LeavingOthers)
        {
            old.push(record.id);
        } else {
            is_others = true;
        }
    }
    (is_ours, old, is_others)
}

impl Turn<'_> {
    pub(super) fn act_on_regions(self, act: Act, process: &Process, entry: &Noted) -> Vec<World> {
        match act {
            Act::LookAtRegions => vec![self.look_at_regions(process, entry)],
            Act::LookAtOld => vec![self.look_at_old_keys(entry)],
            Act::Retire => self.retire_key(process.old),
            _ => self.bring(process, entry),
        }
    }

    fn look_at_regions(mut self, process: &Process, entry: &Noted) -> World {
        let all = self.world.regions.len();
        let held = |at| held(&self.world, at, process, entry, self.setup);
        let clean: Vec<_> = (0..all).map(held).filter(|(_, old, _)| old.is_empty()).collect();
        let ours = clean.iter().filter(|(is_ours, ..)| *is_ours).count();
        let others = clean.iter().filter(|(is_ours, _, others)| !is_ours && *others).count();
        let placed = match (ours, others) {
            (1.., _) if self.setup.lacks(Without::TheLastRegion) => Placed::All,
            _ if ours + others < all => Placed::Missing,
            (_, 0) => Placed::All,
            (0, _) => Placed::Nowhere,
            _ => Placed::Beside,
        };
        self.machine().observed.placed = Some(placed);
        self.world
    }

    fn look_at_old_keys(mut self, entry: &Noted) -> World {
        let keys = entry.replaces.iter().filter_map(|record| self.world.find(record.value));
        let working = keys.into_iter().find(|&id| self.world.works(id));
        self.process().old = working.unwrap_or_default();
        let old = if working.is_some() { OldKey::Works } else { OldKey::Retired };
        self.machine().observed.old = Some(old);
        self.world
    }

    fn retire_key(mut self, id: usize) -> Vec<World> {
        self.note(&Step::Retiring);
        let good = |mut turn: Self| {
            turn.world.land(Flight::RetireKey(id));
            turn.machine().observed.old = None;
            vec![turn.world]
        };
        self.send(Flight::RetireKey(id), good, Self::fail)
    }

    /// Brings the key to the regions, one step after the other.
    fn bring(mut self, process: &Process, entry: &Noted) -> Vec<World> {
        let own = entry.value.unwrap();
        let Some(step) = process.stage.checked_sub(1) else {
            if !process.machine.progress.is_delivering {
                let id = self.world.find(own).map_or_else(|| "0".to_owned(), |id| id.to_string());
                self.note(&Step::Delivering { id, value_hash: None });
            }
            self.process().stage = 1;
            return vec![self.world];
        };
        let at = usize::from(step / STEPS);
        let first = 1 + step / STEPS * STEPS;
        if at == self.world.regions.len() {
            self.note(&Step::Delivered);
            self.machine().see_delivered();
            self.process().stage = 0;
            return vec![self.world];
        }
        match step % STEPS {
            0 => {
                let (is_ours, old, is_others) = held(&self.world, at, process, entry, self.setup);
                let is_done = old.is_empty() && (is_ours || is_others);
                let to_remove = u8::from(old.is_empty()) + 1;
                if is_ours {
                    let found = &self.world.regions[at];
                    let credential = found.first().map_or(0, |record| record.id).to_string();
                    self.note_stored(credential);
                }
                self.process().in_doubt &= !is_done;
                self.process().stage = first + if is_done { STEPS } else { to_remove };
                self.process().removes = old;
                vec![self.world]
            }
            1 => {
                let id = process.removes[0];
                let good = move |mut turn: Self| {
                    turn.world.land(Flight::Remove(at, id));
                    turn.process().removes.clear();
                    turn.process().stage += 1;
                    vec![turn.world]
                };
                self.send(Flight::Remove(at, id), good, Self::list_again)
            }
            _ => {
                let good = move |mut turn: Self| {
                    let is_free = turn.world.regions[at].is_empty();
                    turn.world.store(at, own, false);
                    let stored = turn.world.regions[at].first().map(|record| record.id.to_string());
                    match stored {
                        Some(credential) if is_free => turn.note_stored(credential),
                        // A request before may have stored it.
                        _ => turn.process().in_doubt = turn.setup.are_silent,
                    }
                    vec![turn.list_again()]
                };
                let lost = |mut turn: Self| {
                    turn.process().in_doubt = turn.setup.are_silent;
                    turn.list_again()
                };
                self.send(Flight::Store(at, own), good, lost)
            }
        }
    }

    /// Notes what a region holds, where nothing but its id tells ours.
    fn note_stored(&mut self, credential: String) {
        if self.setup.are_silent && !self.machine().progress.stored.contains(&credential) {
            self.note(&Step::Stored { credential });
        }
    }

    /// The listing tells what became of a request.
    fn list_again(mut self) -> World {
        let process = self.process();
        process.stage = 1 + (process.stage - 1) / STEPS * STEPS;
        process.removes.clear();
        self.world
    }
}
