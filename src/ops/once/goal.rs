//! What was asked for, and what a process may do about it.

use crate::journal::{Begun, Operation};
use crate::systems::CreateEffect;

/// Where the value of the new key goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::ops) enum Channel {
    /// To FILE. Until then the value is in the pending copy beside it.
    File,
    /// To standard output. Until then only this process has it.
    Output,
    /// To regions, as their task credential. Until then the value is in a private copy beside the journal.
    Regions,
}

/// How a key is made whose owner has one at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::ops) enum OnlyKey {
    /// It takes the place of the one that is there, which stops working at once.
    Replaces,
    /// It is refused while there is one.
    Alone,
    /// The one that is there is removed first.
    AfterRemoval,
}

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::ops) struct Goal {
    /// How the key is made, where its owner has one at most.
    pub only: Option<OnlyKey>,
    /// Where the value goes.
    pub channel: Channel,
    /// Whether the new key takes the place of an old one, which is retired in the end.
    pub is_rotation: bool,
    /// Whether the service chooses the value. Then a request that is carried out twice makes two keys.
    pub is_value_theirs: bool,
}

impl Goal {
    /// Tells whether the key before it is gone by the time that the new one is made, so that this cannot be undone.
    pub(super) fn is_final(self) -> bool {
        matches!(self.only, Some(OnlyKey::Replaces | OnlyKey::AfterRemoval))
    }

    /// Tells what an entry was begun for.
    pub(super) fn of(begun: &Begun) -> Self {
        let only = match begun.system.facts().create {
            CreateEffect::Adds => None,
            CreateEffect::ReplacesTheOnlyKey => Some(OnlyKey::Replaces),
            CreateEffect::IsRefused if begun.retires.is_some() => Some(OnlyKey::AfterRemoval),
            CreateEffect::IsRefused => Some(OnlyKey::Alone),
        };
        let channel = match (&begun.regions, &begun.file) {
            (Some(_), _) => Channel::Regions,
            (None, Some(_)) => Channel::File,
            (None, None) => Channel::Output,
        };
        let is_in_regions = channel == Channel::Regions && begun.operation == Operation::Rotate;
        Self {
            only,
            channel,
            is_rotation: begun.retires.is_some() || is_in_regions,
            is_value_theirs: begun.value_hash.is_none(),
        }
    }
}

/// What this process may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(in crate::ops) struct Way {
    /// It knows what the new key is to be, and makes it. Only the command that began the entry does.
    pub makes: bool,
    /// It is asked to give up what is not in its place.
    pub discards: bool,
    /// It is the same command again: a value that was printed may have reached nobody.
    pub repeats: bool,
}
