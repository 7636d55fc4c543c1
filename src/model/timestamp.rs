//! Points in time, to the second, in UTC.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::Offset;
use serde::de::{Error as _, Unexpected};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A point in time: seconds since 1970-01-01T00:00:00Z, between the years 1970 and 9998.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    /// 9998-12-31T23:59:59Z. The calendar cannot hold the last days of 9999 in every time zone.
    pub const LAST: Self = Self(253_370_764_799);

    /// Takes seconds since 1970; `None` outside the years 1970 to 9998.
    pub fn from_seconds(seconds: i64) -> Option<Self> {
        (0..=Self::LAST.0).contains(&seconds).then_some(Self(seconds))
    }

    /// Returns seconds since 1970.
    pub fn seconds(self) -> i64 {
        self.0
    }

    /// Returns the time `later` from this one, or `None` past the year 9998.
    pub fn plus(self, later: Duration) -> Option<Self> {
        Self::from_seconds(self.0.checked_add(i64::try_from(later.as_secs()).ok()?)?)
    }

    /// Returns whole minutes since 1970, the precision of the service's times.
    pub fn minutes(self) -> i64 {
        self.0.div_euclid(60)
    }

    /// Words how far away it is from `now` in days, from midnight to midnight: `3 days ago`, `today`, `in 1 day`.
    pub fn seen_from(self, now: Self) -> String {
        let day = |at: Self| at.0.div_euclid(86_400);
        let away = day(self) - day(now);
        let days = away.unsigned_abs();
        let unit = if days == 1 { "day" } else { "days" };
        match away {
            0 => "today".to_owned(),
            1.. => format!("in {days} {unit}"),
            _ => format!("{days} {unit} ago"),
        }
    }

    /// Reads RFC 3339, the service's form `2027-05-01T12:34+0000`, or a date (midnight UTC).
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(time) = Self::parse_wire(text) {
            return Ok(time);
        }
        let invalid = || {
            format!(
                "'{text}' is not a time; write 2027-05-01, 2027-05-01T12:34+0000 or 2027-05-01T12:34:00Z"
            )
        };
        let seconds = if let Ok(date) = jiff::civil::Date::strptime("%Y-%m-%d", text) {
            utc_seconds(date.at(0, 0, 0, 0))
        } else {
            let parsed = text
                .parse()
                .or_else(|_| jiff::Timestamp::strptime("%Y-%m-%dT%H:%M%z", text))
                .or_else(|_| jiff::Timestamp::strptime("%Y-%m-%dT%H:%M:%S%z", text));
            parsed.map_err(|_| invalid())?.as_second()
        };
        let out_of_reach = || format!("'{text}' lies before 1970 or after 9998");
        Self::from_seconds(seconds).ok_or_else(out_of_reach)
    }

    /// Writes the service's form to the minute, `2027-05-01T12:34+0000`.
    pub fn to_wire(self) -> WireTime {
        let civil = self.civil();
        let mut text = *b"0000-00-00T00:00+0000";
        write_date(&mut text, civil);
        WireTime(text)
    }

    /// Writes RFC 3339 to the second, `2027-05-01T12:34:56Z`.
    pub fn to_rfc3339(self) -> String {
        let civil = self.civil();
        let mut text = *b"0000-00-00T00:00:00Z";
        write_date(&mut text, civil);
        two_digits(&mut text[17..], civil.second());
        String::from_utf8_lossy(&text).into_owned()
    }

    /// Writes the date, `2027-05-01`.
    pub fn to_date(self) -> String {
        let mut text = self.to_rfc3339();
        text.truncate("2027-05-01".len());
        text
    }

    /// Returns the number of its month, counted from the year 0.
    pub fn month(self) -> i64 {
        let civil = self.civil();
        i64::from(civil.year()) * 12 + i64::from(civil.month()) - 1
    }

    /// Returns the beginning of a month, counted as [`Timestamp::month`] does.
    pub fn of_month(month: i64) -> Option<Self> {
        let year = i16::try_from(month.div_euclid(12)).ok()?;
        let month = i8::try_from(month.rem_euclid(12) + 1).ok()?;
        let date = jiff::civil::Date::new(year, month, 1).ok()?;
        Self::from_seconds(utc_seconds(date.at(0, 0, 0, 0)))
    }

    /// Reads the date of an HTTP header, `Sat, 01 May 2027 12:34:56 GMT` (RFC 9110, "Date/Time Formats").
    pub fn parse_http(text: &str) -> Option<Self> {
        let zoned = jiff::fmt::rfc2822::parse(text).ok()?;
        Self::from_seconds(zoned.timestamp().as_second())
    }

    /// Writes the date of an HTTP header.
    pub fn to_http(self) -> String {
        let time = jiff::Timestamp::from_second(self.0).unwrap_or_default();
        // In range by construction, so it can always be written.
        jiff::fmt::rfc2822::DateTimePrinter::new()
            .timestamp_to_rfc9110_string(&time)
            .unwrap_or_default()
    }

    fn civil(self) -> DateTime {
        // In range by construction; the fallback cannot be reached.
        jiff::Timestamp::from_second(self.0)
            .map_or(DateTime::ZERO, |time| Offset::UTC.to_datetime(time))
    }

    /// Reads only what [`Timestamp::to_wire`] writes. Fast, because a listing calls it for every key.
    fn parse_wire(text: &str) -> Option<Self> {
        let minute = text.strip_suffix("+0000").filter(|minute| minute.len() == 16)?;
        let mut bytes = *b"0000-00-00T00:00:00Z";
        bytes[..16].copy_from_slice(minute.as_bytes());
        Self::parse_own(str::from_utf8(&bytes).ok()?)
    }

    /// Reads only what [`Timestamp::to_rfc3339`] writes. Fast, because a listing calls it for every key.
    fn parse_own(text: &str) -> Option<Self> {
        let bytes: &[u8; 20] = text.as_bytes().try_into().ok()?;
        let digits = |range: std::ops::Range<usize>| {
            bytes[range]
                .iter()
                .try_fold(0_i16, |n, b| b.is_ascii_digit().then(|| n * 10 + i16::from(b - b'0')))
        };
        let small = |range| digits(range).and_then(|n| i8::try_from(n).ok());
        let fixed = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'Z')];
        if fixed.iter().any(|&(at, byte)| bytes[at] != byte) {
            return None;
        }
        let date = jiff::civil::Date::new(digits(0..4)?, small(5..7)?, small(8..10)?).ok()?;
        let time =
            jiff::civil::Time::new(small(11..13)?, small(14..16)?, small(17..19)?, 0).ok()?;
        Self::from_seconds(utc_seconds(date.to_datetime(time)))
    }
}

/// A time in the service's form, `2027-05-01T12:34+0000`. Needs no allocation.
#[derive(Clone, Copy)]
pub struct WireTime([u8; 21]);

impl WireTime {
    /// Returns the text.
    pub fn as_str(&self) -> &str {
        // Only digits and punctuation are ever written.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl Serialize for WireTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl fmt::Display for WireTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn utc_seconds(civil: DateTime) -> i64 {
    Offset::UTC.to_timestamp(civil).map_or(-1, jiff::Timestamp::as_second)
}

fn two_digits(text: &mut [u8], n: i8) {
    let n = n.unsigned_abs();
    text[0] = b'0' + n / 10 % 10;
    text[1] = b'0' + n % 10;
}

fn write_date(text: &mut [u8], civil: DateTime) {
    #[expect(clippy::cast_possible_truncation, reason = "both halves of a four-digit year fit")]
    let (century, year) = ((civil.year() / 100) as i8, (civil.year() % 100) as i8);
    two_digits(text, century);
    two_digits(&mut text[2..], year);
    two_digits(&mut text[5..], civil.month());
    two_digits(&mut text[8..], civil.day());
    two_digits(&mut text[11..], civil.hour());
    two_digits(&mut text[14..], civil.minute());
}

/// Reads a duration: a whole number and `s`, `m`, `h`, `d` or `w`. Zero is refused.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let error = || format!("'{text}' is not a length of time; write 45m, 12h, 90d or 2w");
    let unit = text.chars().last().ok_or_else(error)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'w' => 604_800,
        _ => return Err(error()),
    };
    let number = &text[..text.len() - 1];
    if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
        return Err(error());
    }
    let number: u64 = number.parse().map_err(|_| error())?;
    match number.checked_mul(seconds) {
        Some(0) | None => Err(error()),
        Some(all) => Ok(Duration::from_secs(all)),
    }
}

/// Counts a duration in its largest whole unit: `day`, `hour`, `minute` or `second`.
pub fn in_largest_unit(length: Duration) -> (u64, &'static str) {
    let seconds = length.as_secs();
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute")];
    let fits = units.into_iter().find(|(unit, _)| seconds.is_multiple_of(*unit));
    let (unit, name) = fits.unwrap_or((1, "second"));
    (seconds / unit, name)
}

/// Writes a duration in its largest whole unit, as [`parse_duration`] reads it: `90d`, `36h`.
pub fn write_duration(length: Duration) -> String {
    let (number, unit) = in_largest_unit(length);
    format!("{number}{}", &unit[..1])
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_rfc3339())
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Written<'t>(#[serde(borrow)] Cow<'t, str>);

        let Written(text) = Written::deserialize(deserializer)?;
        let expected = &"a time such as 2027-05-01T12:34:56Z";
        Self::parse_own(&text)
            .ok_or_else(|| D::Error::invalid_value(Unexpected::Str(&text), expected))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_go_from_midnight_to_midnight() {
        let now = Timestamp::parse("2027-05-01T00:00:00Z").unwrap();
        for (time, words) in [
            ("2027-05-01T23:59:59Z", "today"),
            ("2027-04-30T23:59:59Z", "1 day ago"),
            ("2027-04-01T00:00:00Z", "30 days ago"),
            ("2027-05-02T00:00:00Z", "in 1 day"),
            ("2028-05-01T00:00:00Z", "in 366 days"),
        ] {
            assert_eq!(Timestamp::parse(time).unwrap().seen_from(now), words);
        }
    }

    #[test]
    fn every_accepted_form_is_the_same_instant() {
        let expected = Timestamp(1_809_174_780);
        for text in [
            "2027-05-01T12:33:00Z",
            "2027-05-01T12:33+0000",
            "2027-05-01T12:33:00+0000",
            "2027-05-01T14:33+0200",
            "2027-05-01T14:33:00+02:00",
            "2027-05-01t12:33:00z",
        ] {
            assert_eq!(Timestamp::parse(text), Ok(expected), "{text}");
        }
        assert_eq!(Timestamp::parse("2027-05-01").unwrap().to_rfc3339(), "2027-05-01T00:00:00Z");
    }

    #[test]
    fn other_text_is_refused() {
        for text in [
            "",
            "tomorrow",
            "2027-13-01",
            "2027-02-30",
            "1969-12-31",
            "2027-05-01T12:33",
            "99999-01-01",
        ] {
            assert!(Timestamp::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn both_written_forms_are_exact() {
        let time = Timestamp(1_792_519_443);
        assert_eq!(time.to_rfc3339(), "2026-10-20T18:04:03Z");
        assert_eq!(time.to_wire().as_str(), "2026-10-20T18:04+0000");
        assert_eq!(Timestamp::parse_own("2026-10-20T18:04:03Z"), Some(time));
        for text in [
            "2026-10-20T18:04:03",
            "2026-10-20 18:04:03Z",
            "2026-1x-20T18:04:03Z",
            "2026-02-30T18:04:03Z",
        ] {
            assert_eq!(Timestamp::parse_own(text), None, "{text}");
        }
        for seconds in [0, 951_782_400, 4_102_444_799, Timestamp::LAST.0] {
            let time = Timestamp(seconds);
            assert_eq!(Timestamp::parse_own(&time.to_rfc3339()), Some(time));
            let minute = Timestamp(seconds - seconds % 60);
            assert_eq!(Timestamp::parse_wire(minute.to_wire().as_str()), Some(minute));
        }
    }

    #[test]
    fn dates_of_http_are_exact() {
        let text = "Sun, 06 Nov 1994 08:49:37 GMT";
        assert_eq!(Timestamp::parse_http(text), Some(Timestamp(784_111_777)));
        for seconds in [0, 784_111_777, Timestamp::LAST.0] {
            let time = Timestamp(seconds);
            assert_eq!(Timestamp::parse_http(&time.to_http()), Some(time));
        }
        assert_eq!(Timestamp(784_111_777).to_http(), text);
        for text in ["", "soon", "2026-11-21T09:00:00Z", "Mon, 06 Nov 1994 08:49:37 GMT"] {
            assert_eq!(Timestamp::parse_http(text), None, "{text}");
        }
    }

    #[test]
    fn durations_need_a_unit() {
        assert_eq!(parse_duration("90d"), Ok(Duration::from_secs(90 * 86_400)));
        assert_eq!(parse_duration("2w"), Ok(Duration::from_secs(14 * 86_400)));
        for text in ["", "90", "d", "-1d", "1.5h", "0d", "9999999999999999999d", "1é"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_duration_is_written_in_the_largest_unit_that_fits() {
        for (text, written) in [
            ("90d", "90d"),
            ("2w", "14d"),
            ("36h", "36h"),
            ("24h", "1d"),
            ("90s", "90s"),
            ("120s", "2m"),
        ] {
            assert_eq!(write_duration(parse_duration(text).unwrap()), written);
        }
    }
}
