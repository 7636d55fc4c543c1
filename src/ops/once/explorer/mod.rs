//! Explores the machine: every interleaving of it with a service, a disk and other machines, breadth first.
//!
//! A request is answered, refused, lost before or after it was carried out, carried out late, or twice. A process is killed
//! between any two acts. `recover` and the same command run at any moment. The bound is in [`Setup`].

mod only;
mod regions;
mod turn;
mod world;

use std::collections::{HashMap, VecDeque};

use self::turn::Turn;
use self::world::{Key, Noted, OLD, ONE, PendingCopy, Setup, Without, World};
use super::machine::{Channel, End, Observed, Way};
use crate::journal::{Progress, Step};
use crate::model::Timestamp;

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
    if world.strangers > 0 && world.regions.is_empty() {
        let mut next = world.clone();
        next.strangers -= 1;
        next.keys.push(Key { value: 200, exists: true, works: true, is_strangers: true });
        all.push(("a stranger makes a key", next));
    }
    all.extend(regions::of_strangers(world));
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
                        if turn.setup.lacks(Without::ACopyForRegions) {
                            turn.site().copy = PendingCopy::Absent;
                        }
                    });
                }
                all.extend(turn().act().into_iter().map(|world| ("acts", world)));
            }
            (None, Some(entry)) => {
                step("recovers", &|turn| turn.run(Way::default(), Observed::default(), None));
                step("gives up", &|turn| {
                    let way = Way { discards: true, ..Way::default() };
                    turn.run(way, Observed::default(), None);
                });
                if setup.is_rotation {
                    step("repeats", &|turn| {
                        let way = Way { repeats: true, ..Way::default() };
                        turn.run(way, Observed::default(), None);
                    });
                }
                // From the note of an undo on, the entry is all that there is of its key.
                if world.journal_losses > 0 && !entry.progress.is_undoing {
                    step("loses its journal", &|turn| {
                        turn.world.journal_losses -= 1;
                        turn.site().entry = None;
                    });
                }
            }
            (None, None) => {
                if let Some(value) = site.copy.value()
                    && !setup.lacks(Without::ACopyThatSpeaks)
                {
                    let mut turn = turn();
                    let mut progress = Progress::default();
                    for _ in 0..2 {
                        progress.take(Step::Sending { until: Timestamp::default(), seconds: 0 });
                    }
                    let entry =
                        Noted { progress, value: Some(value), keys: 1, replaces: Vec::new() };
                    turn.site().entry = Some(entry);
                    turn.run(Way::default(), Observed::default(), None);
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
    if let Some(wrong) = regions::fault(world, setup) {
        return Some(wrong.to_owned());
    }
    if world.keys.iter().any(|key| key.is_strangers && !(key.exists && key.works)) {
        return Some("the key of a stranger was touched".to_owned());
    }
    if world.sites.iter().any(|site| site.is_silent) {
        return Some("a rotation gave way to another, and does not say so".to_owned());
    }
    let done = world.sites.iter().filter(|site| site.ended == Some(End::Done)).count();
    // In regions another rotation may have begun before this one was done, which is to retire it.
    if done > 0 && setup.is_rotation && world.works(OLD) && world.regions.is_empty() {
        return Some("a rotation is done, and the old key works".to_owned());
    }
    if world.is_at_rest(setup) {
        let first = usize::from(world.regions.is_empty());
        let mut ours = (first..world.keys.len()).filter(|&id| !world.keys[id].is_strangers);
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
        turn.run(Way::default(), Observed::default(), None);
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

#[expect(clippy::print_stdout, reason = "the number of states is told")]
fn tell(what: &str) {
    println!("{what}");
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
    tell(&format!("{states} states of one machine"));
}

#[test]
fn two_machines_that_rotate_one_key_harm_nobody() {
    let mut states = 0;
    for channel in [Channel::File, Channel::Output] {
        for (losses, kills) in [(0, 1), (1, 0)] {
            states += walk(Setup { channel, sites: 2, losses, kills, ..ONE });
        }
    }
    tell(&format!("{states} states of two machines"));
}

#[test]
fn no_fault_leaves_a_region_without_a_key_that_works() {
    let regions = Setup { channel: Channel::Regions, ..ONE };
    let mut states = 0;
    for is_rotation in [false, true] {
        let one = Setup { is_rotation, losses: 1, kills: 1, ..regions };
        states += walk(one) + walk(Setup { strangers: 1, ..one });
    }
    let silent = Setup { is_rotation: false, are_silent: true, kills: 1, ..regions };
    states += walk(Setup { losses: 1, strangers: 1, ..silent });
    for (losses, kills, regions_each) in [(0, 0, 2), (0, 1, 1), (1, 0, 1)] {
        states += walk(Setup { sites: 2, losses, kills, regions: regions_each, ..regions });
    }
    tell(&format!("{states} states of regions"));
}

#[test]
fn each_rule_is_needed() {
    let printed = Setup { channel: Channel::Output, ..ONE };
    let regions = Setup { channel: Channel::Regions, ..ONE };
    let silent = Setup { is_rotation: false, are_silent: true, losses: 1, ..regions };
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
        (Without::NotingDelivery, Setup { losses: 1, ..regions }),
        (Without::ACopyForRegions, Setup { losses: 1, ..regions }),
        (Without::TheLastRegion, Setup { losses: 1, ..regions }),
        (Without::OldKeysByTheirText, Setup { losses: 1, ..regions }),
        (Without::LeavingOthers, Setup { losses: 1, strangers: 1, ..regions }),
        (Without::TheAnsweredId, silent),
        (Without::TheNameInDoubt, Setup { regions: 1, ..silent }),
    ];
    for (without, setup) in rules {
        let found = explore(&Setup { without: Some(without), ..setup });
        let told = found.expect_err(&format!("nothing goes wrong without {without:?}"));
        let wrong = told.lines().nth(1).unwrap_or_default();
        tell(&format!("without {without:?}: {wrong}"));
    }
}
