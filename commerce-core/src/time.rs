//! Points in time: whole microseconds, as events store them.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, SecondsFormat, Utc};

/// A point in time in UTC, in whole microseconds since 1970.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// A text that is not a time of RFC 3339, or lies outside the years 0 to 9999.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an rfc 3339 time")]
pub struct TimeError;

// 0000-01-01T00:00:00Z to 9999-12-31T23:59:59.999999Z: what rfc 3339 can write
const MICROS_MIN: i64 = -62_167_219_200_000_000;
const MICROS_MAX: i64 = 253_402_300_799_999_999;

impl Timestamp {
    /// The latest time that can be written.
    pub const MAX: Self = Self(MICROS_MAX);

    /// From microseconds since 1970; out of range is clamped to the years 0 to 9999.
    pub const fn from_micros(micros: i64) -> Self {
        if micros < MICROS_MIN {
            Self(MICROS_MIN)
        } else if micros > MICROS_MAX {
            Self(MICROS_MAX)
        } else {
            Self(micros)
        }
    }

    /// From seconds since 1970; out of range is clamped.
    pub const fn from_secs(secs: i64) -> Self {
        Self::from_micros(secs.saturating_mul(1_000_000))
    }

    /// Microseconds since 1970.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// This many seconds later; clamped to the year 9999.
    #[must_use]
    pub const fn plus_secs(self, secs: u64) -> Self {
        let secs = if secs > i64::MAX as u64 { i64::MAX } else { secs.cast_signed() };
        Self::from_micros(self.0.saturating_add(secs.saturating_mul(1_000_000)))
    }

    /// This many milliseconds later; clamped to the year 9999.
    #[must_use]
    pub const fn plus_millis(self, millis: u64) -> Self {
        let millis = if millis > i64::MAX as u64 { i64::MAX } else { millis.cast_signed() };
        Self::from_micros(self.0.saturating_add(millis.saturating_mul(1_000)))
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(time: DateTime<Utc>) -> Self {
        Self::from_micros(time.timestamp_micros())
    }
}

impl From<Timestamp> for DateTime<Utc> {
    fn from(time: Timestamp) -> Self {
        DateTime::from_timestamp_micros(time.0).unwrap_or_default()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&DateTime::<Utc>::from(*self).to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Timestamp {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        let micros = DateTime::parse_from_rfc3339(text).map_err(|_| TimeError)?.timestamp_micros();
        let time = Self::from_micros(micros);
        if time.0 == micros { Ok(time) } else { Err(TimeError) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_reads_back_as_written_to_the_microsecond() {
        for text in ["2010-12-01T08:26:00Z", "2026-11-20T18:47:22.123456Z", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"] {
            assert_eq!(text.parse::<Timestamp>().map(|t| t.to_string()), Ok(text.to_owned()));
        }
        assert_eq!("2026-11-20T19:47:22+01:00".parse::<Timestamp>().map(|t| t.to_string()), Ok("2026-11-20T18:47:22Z".to_owned()));
        assert_eq!("yesterday".parse::<Timestamp>(), Err(TimeError));
    }

    #[test]
    fn time_past_the_end_is_clamped() {
        assert_eq!(Timestamp::MAX.plus_secs(u64::MAX), Timestamp::MAX);
        assert_eq!(Timestamp::from_secs(i64::MIN).to_string(), "0000-01-01T00:00:00Z");
    }
}
