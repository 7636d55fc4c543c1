//! Making, delivering and retiring keys: one protocol for the commands that begin it and for `recover`.
//!
//! `machine` decides and `drive` carries out. A journal entry is synced before anything is made; with FILE, the value is synced
//! beside it; then the key is made, proven where it takes the place of another, and brought to its place; only then is the
//! old key retired and the entry removed. A request that changes something is noted before it is sent, so that whoever
//! carries the entry on knows what may still happen.

mod begin;
mod bring;
mod disk;
mod drive;
mod entries;
#[cfg(test)]
mod explorer;
mod goal;
mod in_regions;
mod look;
mod machine;
mod make;
mod only;
mod only_look;
mod output;
mod placed;
mod regions;
mod retire;
mod state;
mod suspects;
mod words;

pub(super) use self::begin::{Old, Plan, begin};
pub(super) use self::bring::{Cargo, Own};
pub(super) use self::entries::{
    is_of_owner, is_ours, take, take_from, take_of, turn_to, wait_before_deletion, warn_of_clock,
};
pub(super) use self::machine::{Act, End, Way};
pub(super) use self::only_look::{listed, opens};
pub(super) use self::output::say_done;
pub(super) use self::regions::{begin_in_regions, is_in_regions};
pub(super) use self::retire::{end_of_grace, is_acting};
pub(super) use self::state::{
    Consent, Ended, Retired, Retiree, Retirement, Run, Told, found, journal_failed,
};
