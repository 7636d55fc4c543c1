//! The life of a key: made, last used, ended. And the stretch of time in which lives are drawn.

use std::time::Duration;

use super::key::{Activity, ApiKey};
use super::state::State;
use super::timestamp::Timestamp;

const DAY: i64 = 86_400;
/// How long before its end a key ends soon.
const SOON: i64 = 30 * DAY;
/// Each side of today is at least this long.
const SHORTEST: i64 = 45 * DAY;

/// What is known of the use of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LastUse {
    /// Nobody asked.
    NotAsked,
    /// The system does not tell.
    Unknown,
    /// The system told it.
    Told(Activity),
}

impl LastUse {
    /// Takes an answer of a system that was asked.
    pub fn of(activity: Option<Activity>) -> Self {
        activity.map_or(Self::Unknown, Self::Told)
    }

    /// Tells whether the system was asked, and did not tell when the key was used.
    pub fn is_unknown(&self) -> bool {
        match self {
            Self::NotAsked => false,
            Self::Unknown => true,
            Self::Told(used) => used.last_authn.is_none() && used.authn_count > 0,
        }
    }

    /// Tells whether the key may have been used.
    pub fn may_be(&self) -> bool {
        let told = if let Self::Told(activity) = self { Some(activity) } else { None };
        Activity::may_be_used(told)
    }

    /// Returns when the key was last used, where that is known.
    pub fn at(&self) -> Option<Timestamp> {
        if let Self::Told(activity) = self { activity.last_authn } else { None }
    }
}

/// The life of a key, as far as it is known.
#[derive(Clone, Debug)]
pub struct Life<'a> {
    /// The key.
    pub key: &'a ApiKey,
    /// Its state.
    pub state: State,
    /// Its use.
    pub used: LastUse,
}

impl Life<'_> {
    /// Tells whether the key works.
    pub fn works(&self) -> bool {
        matches!(self.state, State::Active | State::PhasingOut)
    }

    /// Tells whether the key works, and ends within 30 days.
    pub fn ends_soon(&self, now: Timestamp) -> bool {
        let left = self.key.expires_at.map(|at| at.seconds() - now.seconds());
        self.works() && left.is_some_and(|left| left <= SOON)
    }

    /// Words how long the key works from now on: `12 days`; of a key that does not work, its state; empty for no end.
    pub fn left(&self, now: Timestamp) -> String {
        match self.key.expires_at {
            _ if !self.works() => self.state.to_string(),
            None => String::new(),
            Some(at) => match (at.seconds() - now.seconds()).div_euclid(DAY) {
                0 => "< 1 day".to_owned(),
                1 => "1 day".to_owned(),
                days => format!("{days} days"),
            },
        }
    }

    /// Returns what lives are sorted by: what ends first comes first, and what no longer works last.
    pub fn order(&self) -> (bool, i64) {
        (!self.works(), self.key.expires_at.map_or(i64::MAX, Timestamp::seconds))
    }
}

/// A stretch of time with today in it.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    from: i64,
    to: i64,
    now: Timestamp,
}

impl Window {
    /// Chooses the stretch that shows these lives best. Each side of today has at most `longest`.
    pub fn of(lives: &[Life<'_>], now: Timestamp, longest: Duration) -> Self {
        let longest = i64::try_from(longest.as_secs()).unwrap_or(i64::MAX).max(SHORTEST);
        let made = lives.iter().filter_map(|life| life.key.creation()).min().unwrap_or(now);
        let end = lives.iter().filter_map(|life| life.key.expires_at).max().unwrap_or(now);
        let (now_at, side) = (now.seconds(), |length: i64| length.clamp(SHORTEST, longest));
        Self {
            from: now_at - side(now_at - made.seconds()),
            to: now_at + side(end.seconds() - now_at),
            now,
        }
    }

    /// Returns the time that is today.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Returns how far along a line of `length` a time lies; negative before the line, `length` or more behind it.
    pub fn along(&self, at: Timestamp, length: i64) -> i64 {
        ((at.seconds() - self.from) * length).div_euclid(self.to - self.from)
    }

    /// Returns the beginnings of months in it, evenly, at most `most`.
    pub fn months(&self, most: usize) -> Vec<Timestamp> {
        let Some(first) = Timestamp::from_seconds(self.from.max(0)) else { return Vec::new() };
        let begins = |step: i64| -> Vec<Timestamp> {
            let months = (first.month() + 1..).filter(|month| month % step == 0);
            let times = months.map_while(Timestamp::of_month);
            times.take_while(|at| at.seconds() < self.to).collect()
        };
        let steps = [1, 2, 3, 6, 12];
        steps.into_iter().map(begins).find(|found| found.len() <= most).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn key(made: &str, ends: Option<&str>) -> ApiKey {
        ApiKey { created_at: time(made), expires_at: ends.map(time), ..ApiKey::sample("k") }
    }

    fn life(key: &ApiKey, state: State) -> Life<'_> {
        Life { key, state, used: LastUse::NotAsked }
    }

    #[test]
    fn what_is_left_is_told_in_days() {
        let now = time("2026-11-21T09:00:00Z");
        for (ends, state, left, soon) in [
            (None, State::Active, "", false),
            (None, State::Disabled, "disabled", false),
            (Some("2026-11-21T10:00:00Z"), State::Active, "< 1 day", true),
            (Some("2026-11-22T09:00:00Z"), State::PhasingOut, "1 day", true),
            (Some("2026-12-21T09:00:00Z"), State::Active, "30 days", true),
            (Some("2026-12-21T09:00:01Z"), State::Active, "30 days", false),
            (Some("2026-11-01"), State::Expired, "expired", false),
            (Some("2026-12-01"), State::PhasedOut, "phased out", false),
        ] {
            let key = key("2026-01-01", ends);
            let life = life(&key, state);
            assert_eq!((&*life.left(now), life.ends_soon(now)), (left, soon), "{ends:?}");
        }
    }

    #[test]
    fn a_window_holds_today_and_no_more_than_is_readable() {
        let now = time("2026-11-21");
        for (made, ends, from, to) in [
            ("2026-11-20", None, "2026-10-07", "2027-01-05"),
            ("2026-09-01", Some("2027-02-01"), "2026-09-01", "2027-02-01"),
            ("2011-01-01", Some("2031-01-01"), "2026-05-25", "2027-05-20"),
            ("1970-01-02", Some("9998-12-31"), "2026-05-25", "2027-05-20"),
        ] {
            let key = key(made, ends);
            let lives = [life(&key, State::Active)];
            let days = Duration::from_secs(180 * 86_400);
            let window = Window::of(&lives, now, days);
            assert_eq!((window.along(time(from), 100), window.along(time(to), 100)), (0, 100));
            assert!((0..100).contains(&window.along(now, 100)));
        }
    }

    #[test]
    fn months_are_as_close_as_there_is_room() {
        let key = key("2026-05-25", Some("2027-05-20"));
        let lives = [life(&key, State::Active)];
        let window = Window::of(&lives, time("2026-11-21"), Duration::from_secs(400 * 86_400));
        let months = |most| -> Vec<String> {
            let found = window.months(most);
            found.into_iter().map(|at| at.to_rfc3339()[..7].to_owned()).collect()
        };
        assert_eq!(months(12).len(), 12);
        assert_eq!(months(11), ["2026-07", "2026-09", "2026-11", "2027-01", "2027-03", "2027-05"]);
        assert_eq!(months(5), ["2026-07", "2026-10", "2027-01", "2027-04"]);
        assert_eq!(months(1), ["2027-01"]);
    }
}
