//! The clock, and how it differs from a service's.

use std::fmt;

use crate::model::Timestamp;

/// The system's clock, or one that stands still at `IBMCLOUD_IAM_NOW`.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// The system's clock.
    System,
    /// Always this time.
    Fixed(Timestamp),
}

/// The system's clock is set before 1970, or after the year 9998.
#[derive(Clone, Copy, Debug)]
pub struct ClockError;

impl fmt::Display for ClockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("The system clock is set before 1970 or after 9998")
    }
}

impl Clock {
    /// Returns the time, to the second.
    pub fn now(self) -> Result<Timestamp, ClockError> {
        match self {
            Self::Fixed(time) => Ok(time),
            #[expect(
                clippy::disallowed_methods,
                reason = "the one place that reads the system's clock"
            )]
            Self::System => std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .ok()
                .and_then(|since| i64::try_from(since.as_secs()).ok())
                .and_then(Timestamp::from_seconds)
                .ok_or(ClockError),
        }
    }
}

/// How much the clocks of a service and of this machine may differ before that is said, in seconds.
const TOLERANCE: u64 = 60;

/// The time of a service, and of this machine at the same moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skew {
    /// By the service's clock.
    pub service: Timestamp,
    /// By this machine's clock.
    pub local: Timestamp,
}

impl Skew {
    /// Takes the time that a service wrote into its answer, and when the request was sent and the answer received.
    ///
    /// The moment between the two at which the service wrote it is unknown. The one with the smallest difference is taken.
    pub fn new(service: Timestamp, sent: Timestamp, received: Timestamp) -> Self {
        Self { service, local: service.max(sent).min(received) }
    }

    /// Returns by how many seconds this machine's clock is behind the service's; negative if it is ahead.
    pub fn behind(self) -> i64 {
        self.service.seconds() - self.local.seconds()
    }

    /// Tells whether the clocks differ by more than a minute.
    pub fn is_large(self) -> bool {
        self.behind().unsigned_abs() > TOLERANCE
    }
}

/// Words the difference: `This machine's clock is about 2 hours behind the service's`.
impl fmt::Display for Skew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.behind().unsigned_abs();
        let units = [(86_400, "days"), (3_600, "hours"), (60, "minutes")];
        let (unit, name) =
            units.into_iter().find(|(unit, _)| seconds >= 2 * unit).unwrap_or((1, "seconds"));
        let number = (seconds + unit / 2) / unit;
        let side = if self.behind() < 0 { "ahead of" } else { "behind" };
        write!(f, "This machine's clock is about {number} {name} {side} the service's")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_800_000_000 + seconds).unwrap()
    }

    #[test]
    fn a_slow_answer_is_no_difference() {
        for (service, sent, received, behind) in [
            (5, 5, 5, 0),
            (5, 0, 30, 0),
            (30, 0, 30, 0),
            (0, 0, 30, 0),
            (-7_200, 0, 30, -7_200),
            (7_230, 0, 30, 7_200),
            // This machine's clock was set back meanwhile.
            (5, 10, 0, 5),
        ] {
            let skew = Skew::new(at(service), at(sent), at(received));
            assert_eq!(skew.behind(), behind, "{service} {sent} {received}");
            assert_eq!(skew.is_large(), behind.abs() > 60);
        }
    }

    #[test]
    fn a_difference_is_told_in_words() {
        for (behind, large, words) in [
            (60, false, "60 seconds behind"),
            (61, true, "61 seconds behind"),
            (-119, true, "119 seconds ahead of"),
            (120, true, "2 minutes behind"),
            (7_199, true, "120 minutes behind"),
            (-7_200, true, "2 hours ahead of"),
            (9_001, true, "3 hours behind"),
            (-864_000, true, "10 days ahead of"),
        ] {
            let skew = Skew { service: at(behind), local: at(0) };
            let words = format!("This machine's clock is about {words} the service's");
            assert_eq!((skew.is_large(), skew.to_string()), (large, words));
        }
    }
}
