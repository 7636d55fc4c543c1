//! Faults on purpose: reads `--fault` and decides which requests fail.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::routes::Route;
use crate::secret;

/// The grammar of `--fault`, for its errors.
pub const GRAMMAR: &str = "write OPERATION:WHAT[,WHAT]..., with OPERATION one of token, list, create, details, get, \
update, delete, lock, unlock, disable, enable, limits, settings, others, discovery, jwks, introspect, userinfo, service.list, \
service.create, service.get, service.update, service.delete, service.lock, service.unlock, group.list, group.create, \
group.get, group.update, group.delete, task.list, task.get, task.create, task.delete, platform.authorize, platform.identity, \
platform.validate, platform.generate, platform.user, classic.user, classic.users, classic.list, classic.get, classic.add, \
classic.remove, any, and WHAT of status=CODE, drop, truncate, garbage, \
delay=500ms|2s, late=500ms|2s, twice, before, after, retry-after=SECONDS, times=N, skip=N, chance=PERCENT";

/// One `--fault`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// `None` is any.
    route: Option<Route>,
    act: Option<Fate>,
    delay: Duration,
    /// How much later than the answer the request is carried out, if it is late.
    late: Option<Duration>,
    /// Whether the request is carried out two times.
    twice: bool,
    /// Whether the request is carried out first.
    after: bool,
    times: Option<u64>,
    skip: u64,
    /// Percent.
    chance: u8,
}

/// What replaces or damages an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// An error is sent instead.
    Status { code: u16, retry_after: Option<u64> },
    /// The connection is closed without an answer.
    Drop,
    /// The connection is closed in the middle of the answer.
    Truncate,
    /// Text that is not JSON is sent instead.
    Garbage,
}

/// What happens before or after a request is carried out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Effect {
    pub(super) delay: Duration,
    pub(super) act: Option<Fate>,
}

/// What happens to a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Effects {
    pub(super) before: Effect,
    pub(super) after: Effect,
    /// How much later than the act before it the request is carried out; without it, such a request never is.
    pub(super) late: Option<Duration>,
    /// Whether it is carried out two times, one after the other.
    pub(super) twice: bool,
}

impl Spec {
    /// Reads a specification.
    pub fn parse(text: &str) -> Result<Self, String> {
        let refuse = |why: String| format!("{why}; {GRAMMAR}");
        let (operation, words) =
            text.split_once(':').ok_or_else(|| refuse("there is no ':'".to_owned()))?;
        let route = match operation {
            "any" => None,
            word => {
                let known = Route::ALL.into_iter().find(|&(_, known)| known == word);
                Some(known.ok_or_else(|| refuse(format!("there is no operation '{word}'")))?.0)
            }
        };
        let mut spec = Self {
            route,
            act: None,
            delay: Duration::ZERO,
            late: None,
            twice: false,
            after: false,
            times: None,
            skip: 0,
            chance: 100,
        };
        let mut after = None;
        let mut retry_after = None;
        for word in words.split(',') {
            spec.take(word, &mut after, &mut retry_after)
                .ok_or_else(|| refuse(format!("'{word}' makes no sense")))?;
        }
        match (&mut spec.act, retry_after) {
            (_, None) => {}
            (Some(Fate::Status { retry_after, .. }), seconds) => *retry_after = seconds,
            _ => return Err(refuse("'retry-after' goes with 'status'".to_owned())),
        }
        if spec.act.is_none() && spec.delay.is_zero() && spec.late.is_none() && !spec.twice {
            return Err(refuse("no fault is named".to_owned()));
        }
        spec.order(after).map_err(|why| refuse(why.to_owned()))?;
        Ok(spec)
    }

    /// Decides whether the request is carried out first; `after` is what was asked for.
    fn order(&mut self, after: Option<bool>) -> Result<(), &'static str> {
        let is_damage = matches!(self.act, Some(Fate::Truncate | Fate::Garbage));
        if self.late.is_some() {
            if is_damage {
                return Err(
                    "'late' goes with 'status' or 'drop': there is no answer to damage yet",
                );
            }
            if after == Some(true) {
                return Err("'late' does not go with 'after': it is carried out after the answer");
            }
            self.act.get_or_insert(Fate::Drop);
            return Ok(());
        }
        let is_twice = self.twice && self.act.is_some();
        if is_twice && after == Some(false) {
            return Err(
                "'twice' goes with 'before' only if it is 'late': it would not be carried out",
            );
        }
        // Only an answer can be damaged, so the request is carried out first.
        self.after = after.unwrap_or(is_damage || is_twice);
        Ok(())
    }

    fn take(
        &mut self,
        word: &str,
        after: &mut Option<bool>,
        retry_after: &mut Option<u64>,
    ) -> Option<()> {
        match word.split_once('=') {
            None => match word {
                "drop" => once(&mut self.act, Fate::Drop),
                "truncate" => once(&mut self.act, Fate::Truncate),
                "garbage" => once(&mut self.act, Fate::Garbage),
                "twice" => (!std::mem::replace(&mut self.twice, true)).then_some(()),
                "before" | "after" => once(after, word == "after"),
                _ => None,
            },
            Some(("status", text)) => {
                let code = text.parse().ok().filter(|code| (300..=599).contains(code))?;
                once(&mut self.act, Fate::Status { code, retry_after: None })
            }
            Some(("retry-after", text)) => once(retry_after, text.parse().ok()?),
            Some(("times", text)) => {
                let times = text.parse().ok().filter(|&times| times > 0);
                times.map(|times| self.times = Some(times))
            }
            Some(("delay", text)) => length(text).map(|length| self.delay = length),
            Some(("late", text)) => once(&mut self.late, length(text)?),
            Some(("skip", text)) => text.parse().ok().map(|skip| self.skip = skip),
            Some(("chance", text)) => {
                let percent = text.trim_end_matches('%').parse().ok();
                percent.filter(|n| (1..=100).contains(n)).map(|n| self.chance = n)
            }
            Some(_) => None,
        }
    }

    /// Tells whether the `n`th matching request, counted from 0, fails. `dice` is a random number from 0 to 99.
    fn strikes(&self, n: u64, dice: u8) -> bool {
        let Some(n) = n.checked_sub(self.skip) else { return false };
        self.times.is_none_or(|times| n < times) && dice < self.chance
    }
}

/// Sets what may be given once only.
fn once<T>(slot: &mut Option<T>, value: T) -> Option<()> {
    slot.replace(value).is_none().then_some(())
}

fn length(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    let number: u64 = number.parse().ok()?;
    match unit {
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        _ => None,
    }
    .filter(|length| (1..=3_600_000).contains(&length.as_millis()))
}

/// The faults, each with the number of matching requests so far.
#[derive(Debug)]
pub(super) struct Faults(Mutex<Vec<(Spec, u64)>>);

impl Faults {
    pub(super) fn new(specs: Vec<Spec>) -> Self {
        Self(Mutex::new(specs.into_iter().map(|spec| (spec, 0)).collect()))
    }

    /// Decides what happens to the next request. Delays add up; of several acts the first happens, late or not.
    pub(super) fn plan(&self, route: Route) -> Effects {
        let mut plan = Effects::default();
        let mut faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (spec, seen) in faults.iter_mut() {
            if spec.route.is_some_and(|only| only != route) {
                continue;
            }
            // Without randomness every fault strikes.
            let dice = secret::random().map_or(0, |[low, high]: [u8; 2]| {
                u8::try_from(u16::from_be_bytes([high, low]) % 100).unwrap_or(0)
            });
            let strikes = spec.strikes(*seen, dice);
            *seen += 1;
            if !strikes || spec.act.is_some() && plan.acts() {
                continue;
            }
            let step = if spec.after { &mut plan.after } else { &mut plan.before };
            step.delay += spec.delay;
            step.act = step.act.or(spec.act);
            plan.late = plan.late.or(spec.late);
            plan.twice |= spec.twice;
        }
        plan
    }
}

impl Effects {
    fn acts(&self) -> bool {
        self.before.act.is_some() || self.after.act.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(text: &str) -> Spec {
        Spec::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn a_specification_says_what_where_and_when() {
        let plain = Spec {
            route: Some(Route::Create),
            act: Some(Fate::Drop),
            delay: Duration::ZERO,
            late: None,
            twice: false,
            after: false,
            times: None,
            skip: 0,
            chance: 100,
        };
        let status = |code, retry_after| Some(Fate::Status { code, retry_after });
        let late = Spec { late: Some(Duration::from_secs(2)), ..plain.clone() };
        for (text, expected) in [
            ("create:drop", plain.clone()),
            ("create:drop,before", plain.clone()),
            ("create:after,drop", Spec { after: true, ..plain.clone() }),
            ("any:drop", Spec { route: None, ..plain.clone() }),
            ("create:truncate", Spec { act: Some(Fate::Truncate), after: true, ..plain.clone() }),
            ("create:garbage,before", Spec { act: Some(Fate::Garbage), ..plain.clone() }),
            ("create:status=503", Spec { act: status(503, None), ..plain.clone() }),
            (
                "create:retry-after=7,status=429,times=2,skip=1,chance=50",
                Spec {
                    act: status(429, Some(7)),
                    times: Some(2),
                    skip: 1,
                    chance: 50,
                    ..plain.clone()
                },
            ),
            ("create:chance=5%,drop", Spec { chance: 5, ..plain.clone() }),
            (
                "create:delay=500ms",
                Spec { act: None, delay: Duration::from_millis(500), ..plain.clone() },
            ),
            (
                "create:delay=2s,drop,after",
                Spec { delay: Duration::from_secs(2), after: true, ..plain.clone() },
            ),
            ("create:late=2s", late.clone()),
            ("create:drop,before,late=2s", late.clone()),
            ("create:late=2s,status=504", Spec { act: status(504, None), ..late.clone() }),
            (
                "create:late=2s,twice,delay=1s",
                Spec { twice: true, delay: Duration::from_secs(1), ..late },
            ),
            ("create:twice", Spec { act: None, twice: true, ..plain.clone() }),
            ("create:twice,drop", Spec { twice: true, after: true, ..plain }),
        ] {
            assert_eq!(spec(text), expected, "{text}");
        }
        for (_, name) in Route::ALL {
            spec(&format!("{name}:drop"));
            assert!(GRAMMAR.contains(name), "{name}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_the_grammar() {
        for text in [
            "",
            "create",
            "create:",
            "make:drop",
            "create:explode",
            "create:drop,garbage",
            "create:before,after,drop",
            "create:status",
            "create:status=200",
            "create:status=600",
            "create:status=abc",
            "create:delay=5",
            "create:delay=0s",
            "create:delay=2h",
            "create:drop,retry-after=1",
            "create:drop,times=0",
            "create:drop,chance=0",
            "create:drop,chance=101",
            "create:drop,skip=-1",
            "create:times=1",
            "create:after",
            "create:drop,,after",
            "create:late",
            "create:late=0s",
            "create:late=1s,late=2s",
            "create:late=1s,after",
            "create:late=1s,truncate",
            "create:late=1s,garbage,before",
            "create:late=1s,retry-after=1",
            "create:twice=2",
            "create:twice,twice",
            "create:twice,drop,before",
            "create:twice,garbage,before",
        ] {
            let error = Spec::parse(text).unwrap_err();
            assert!(error.ends_with(GRAMMAR), "{text}: {error}");
        }
    }

    #[test]
    fn skip_and_times_count_matching_requests() {
        let faults = Faults::new(vec![spec("create:drop,skip=1,times=2"), spec("any:delay=1s")]);
        let drops = |route| faults.plan(route).before.act.is_some();
        let seen: Vec<bool> = (0..5).map(|_| drops(Route::Create)).collect();
        assert_eq!(seen, [false, true, true, false, false]);
        assert!(!drops(Route::Get));
        assert_eq!(faults.plan(Route::Get).before.delay, Duration::from_secs(1));
    }

    #[test]
    fn of_several_acts_the_first_happens_and_delays_add_up() {
        let faults = Faults::new(
            ["any:delay=1s", "get:status=500,after", "get:drop,delay=1s", "get:delay=2s"]
                .map(spec)
                .to_vec(),
        );
        let plan = faults.plan(Route::Get);
        assert_eq!(plan.before, Effect { delay: Duration::from_secs(3), act: None });
        assert_eq!(plan.after.act, Some(Fate::Status { code: 500, retry_after: None }));
    }

    #[test]
    fn of_several_acts_only_the_first_can_be_late_and_twice_goes_with_any() {
        let plan = |texts: [&str; 3]| Faults::new(texts.map(spec).to_vec()).plan(Route::Get);
        let first = plan(["any:drop", "get:late=1s", "get:twice"]);
        assert_eq!((first.before.act, first.late, first.twice), (Some(Fate::Drop), None, true));
        let second = plan(["get:late=1s", "any:late=2s", "get:status=500,twice"]);
        assert_eq!((second.late, second.twice), (Some(Duration::from_secs(1)), false));
        assert_eq!(second.after, Effect::default());
    }

    #[test]
    fn chance_is_about_what_it_says() {
        let faults = Faults::new(vec![spec("any:drop,chance=50")]);
        let struck = (0..1_000).filter(|_| faults.plan(Route::Get).acts()).count();
        assert!((350..650).contains(&struck), "{struck}");
    }
}
