//! The states of a key, some of which depend on its namesakes.

use std::collections::HashMap;
use std::fmt;

use super::{ApiKey, Timestamp};

/// What a key is good for at a moment; being locked stands beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It opens things.
    Active,
    /// It was switched off.
    Disabled,
    /// Its expiry has passed.
    Expired,
    /// It still works, but expires before another active key of its name and owner.
    PhasingOut,
    /// It no longer works, and an active key of its name and owner does.
    PhasedOut,
}

impl State {
    /// Returns the words shown in tables and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
            Self::Expired => "expired",
            Self::PhasingOut => "phasing out",
            Self::PhasedOut => "phased out",
        }
    }

    /// Tells whether a plain name means the key: one that is being replaced is reached by id.
    pub fn is_current(self) -> bool {
        !matches!(self, Self::PhasingOut | Self::PhasedOut)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What decides how a key stands among its namesakes.
pub trait Lives {
    /// The name and the owner.
    fn named(&self) -> (&str, &str);

    /// Whether it was switched off.
    fn is_disabled(&self) -> bool;

    /// From when on it opens nothing; `None` is never.
    fn expires_at(&self) -> Option<Timestamp>;

    /// Tells whether it opens things at `now`.
    fn works(&self, now: Timestamp) -> bool {
        !self.is_disabled() && self.expires_at().is_none_or(|at| at > now)
    }
}

impl Lives for ApiKey {
    fn named(&self) -> (&str, &str) {
        (&self.name, &self.iam_id)
    }

    fn is_disabled(&self) -> bool {
        self.disabled
    }

    fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at
    }
}

/// Returns the state of each key at `now`; `keys` must hold every namesake of each.
pub fn states<K: Lives>(keys: &[K], now: Timestamp) -> Vec<State> {
    if keys.iter().all(|key| !key.is_disabled() && key.expires_at().is_none()) {
        return vec![State::Active; keys.len()];
    }
    // How long the longest-lived working key of a name lasts; a key without expiry outlasts all.
    let lasts = |key: &K| key.expires_at().map_or(i64::MAX, Timestamp::seconds);
    let mut longest: HashMap<(&str, &str), i64> = HashMap::new();
    for key in keys.iter().filter(|key| key.works(now)) {
        let entry = longest.entry(key.named()).or_insert(0);
        *entry = (*entry).max(lasts(key));
    }
    let state = |key: &K| {
        let longest = longest.get(&key.named()).copied();
        match (key.works(now), longest) {
            (true, Some(longest)) if lasts(key) < longest => State::PhasingOut,
            (true, _) => State::Active,
            (false, Some(_)) => State::PhasedOut,
            (false, None) if key.is_disabled() => State::Disabled,
            (false, None) => State::Expired,
        }
    };
    keys.iter().map(state).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str, disabled: bool, expires_at: Option<i64>) -> ApiKey {
        let expires_at = expires_at.and_then(Timestamp::from_seconds);
        ApiKey { disabled, expires_at, ..ApiKey::sample(name) }
    }

    fn states_of(keys: &[ApiKey]) -> Vec<&'static str> {
        states(keys, Timestamp::from_seconds(100).unwrap()).into_iter().map(State::as_str).collect()
    }

    #[test]
    fn a_lonely_key_is_what_it_is() {
        for (key, state) in [
            (key("a", false, None), "active"),
            (key("a", false, Some(101)), "active"),
            (key("a", false, Some(100)), "expired"),
            (key("a", true, None), "disabled"),
            (key("a", true, Some(50)), "disabled"),
        ] {
            assert_eq!(states_of(&[key]), [state]);
        }
    }

    #[test]
    fn namesakes_phase_each_other_out() {
        let keys = [
            key("a", false, None),
            key("a", true, None),
            key("a", false, Some(50)),
            key("a", false, Some(200)),
            key("b", true, None),
            key("c", false, Some(200)),
            key("c", false, Some(300)),
            key("d", false, Some(200)),
            key("d", false, Some(200)),
        ];
        let expected = [
            "active",
            "phased out",
            "phased out",
            "phasing out",
            "disabled",
            "phasing out",
            "active",
            "active",
            "active",
        ];
        assert_eq!(states_of(&keys), expected);
    }

    #[test]
    fn another_owners_key_replaces_nothing() {
        let mut other = key("a", false, None);
        other.iam_id = "somebody".into();
        assert_eq!(states_of(&[key("a", true, None), other]), ["disabled", "active"]);
    }
}
