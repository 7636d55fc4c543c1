//! What the regions of an entry have.

/// What the regions have, all of them together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::ops) enum Placed {
    /// Each has the new key, and nothing that it replaces.
    All,
    /// As [`Placed::All`], but some have what somebody else has stored meanwhile.
    Beside,
    /// Each has what somebody else has stored meanwhile.
    Nowhere,
    /// One has nothing, or what the new key replaces.
    Missing,
}
