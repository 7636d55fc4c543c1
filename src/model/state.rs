//! The states of a key, some of which depend on other keys of the same name.

use std::collections::HashMap;
use std::fmt;

use super::key::ApiKey;
use super::timestamp::Timestamp;

words! {
    /// The state of a key at a moment. Locks do not affect it.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum State {
        /// It works.
        Active = "active",
        /// It is disabled.
        Disabled = "disabled",
        /// Its expiry has passed.
        Expired = "expired",
        /// It works, but expires before another working key of its name and owner.
        PhasingOut = "phasing out",
        /// It does not work, but another key of its name and owner does.
        PhasedOut = "phased out",
    }
}

impl State {
    /// Tells whether a name on the command line can mean the key. Keys that are being replaced are named by id.
    pub fn is_current(self) -> bool {
        !matches!(self, Self::PhasingOut | Self::PhasedOut)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Returns the state of each key at `now`. `keys` must hold every key of each name.
pub fn states(keys: &[ApiKey], now: Timestamp) -> Vec<State> {
    if keys.iter().all(|key| !key.disabled && key.expires_at.is_none()) {
        return vec![State::Active; keys.len()];
    }
    // When the last working key of each name expires; a key without expiry lasts longest.
    let lasts = |key: &ApiKey| key.expires_at.map_or(i64::MAX, Timestamp::seconds);
    let mut longest: HashMap<(&str, &str), i64> = HashMap::new();
    for key in keys.iter().filter(|key| key.works(now)) {
        let entry = longest.entry((&key.name, &key.iam_id)).or_insert(0);
        *entry = (*entry).max(lasts(key));
    }
    let state = |key: &ApiKey| {
        let longest = longest.get(&(&*key.name, &*key.iam_id)).copied();
        match (key.works(now), longest) {
            (true, Some(longest)) if lasts(key) < longest => State::PhasingOut,
            (true, _) => State::Active,
            (false, Some(_)) => State::PhasedOut,
            (false, None) if key.disabled => State::Disabled,
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
