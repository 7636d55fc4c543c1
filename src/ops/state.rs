//! Lock, unlock, disable, enable: four rows of words.

use crate::ops::act::Verb;
use crate::ops::resolve::Meaning;

/// Locks keys.
pub static LOCK: Verb = Verb {
    doing: "Locking",
    to_do: "lock",
    done: "locked",
    meaning: Meaning::Current,
    stopped_by_lock: false,
    ends_it: false,
    ends_use: false,
    already: |key| key.locked,
    check: |keys| keys.to_lock().map(drop),
    act: |keys, id| keys.set_locked(id, true),
};

/// Unlocks keys.
pub static UNLOCK: Verb = Verb {
    doing: "Unlocking",
    to_do: "unlock",
    done: "unlocked",
    already: |key| !key.locked,
    act: |keys, id| keys.set_locked(id, false),
    ..LOCK
};

/// Disables keys.
pub static DISABLE: Verb = Verb {
    doing: "Disabling",
    to_do: "disable",
    done: "disabled",
    meaning: Meaning::Every,
    stopped_by_lock: true,
    ends_it: false,
    ends_use: true,
    already: |key| key.disabled,
    check: |keys| keys.to_switch().map(drop),
    act: |keys, id| keys.set_disabled(id, true),
};

/// Enables keys.
pub static ENABLE: Verb = Verb {
    doing: "Enabling",
    to_do: "enable",
    done: "enabled",
    meaning: Meaning::Disabled,
    ends_use: false,
    already: |key| !key.disabled,
    act: |keys, id| keys.set_disabled(id, false),
    ..DISABLE
};
