//! The clock.

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
