//! `api-key-lock`, `-unlock`, `-disable`, `-enable`: four rows of words and one function.

use crate::cli::ActArgs;
use crate::context::Context;
use crate::error::Result;
use crate::ops::act::{self, Verb};
use crate::ops::resolve::Meaning;

const LOCK: Verb = Verb {
    doing: "Locking",
    to_do: "lock",
    done: "locked",
    meaning: Meaning::Current,
    stopped_by_lock: false,
    ends_it: false,
    ends_use: false,
    already: |key| key.locked,
    act: |backend, id| backend.set_locked(id, true),
};

const UNLOCK: Verb = Verb {
    doing: "Unlocking",
    to_do: "unlock",
    done: "unlocked",
    already: |key| !key.locked,
    act: |backend, id| backend.set_locked(id, false),
    ..LOCK
};

/// What `api-key-disable` does.
pub const DISABLE: Verb = Verb {
    doing: "Disabling",
    to_do: "disable",
    done: "disabled",
    meaning: Meaning::Every,
    stopped_by_lock: true,
    ends_it: false,
    ends_use: true,
    already: |key| key.disabled,
    act: |backend, id| backend.set_disabled(id, true),
};

/// What `api-key-enable` does.
pub const ENABLE: Verb = Verb {
    doing: "Enabling",
    to_do: "enable",
    done: "enabled",
    meaning: Meaning::Disabled,
    ends_use: false,
    already: |key| !key.disabled,
    act: |backend, id| backend.set_disabled(id, false),
    ..DISABLE
};

/// Runs `api-key-lock`.
pub fn lock(args: &ActArgs, context: &mut Context) -> Result<()> {
    act::run(&LOCK, args, context)
}

/// Runs `api-key-unlock`.
pub fn unlock(args: &ActArgs, context: &mut Context) -> Result<()> {
    act::run(&UNLOCK, args, context)
}

/// Runs `api-key-disable`.
pub fn disable(args: &ActArgs, context: &mut Context) -> Result<()> {
    act::run(&DISABLE, args, context)
}

/// Runs `api-key-enable`.
pub fn enable(args: &ActArgs, context: &mut Context) -> Result<()> {
    act::run(&ENABLE, args, context)
}
