//! Points in time: whole microseconds, as events store them.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, SecondsFormat, Utc};

/// A point in time in UTC, in whole microseconds since 1970, within the years 0 to 9999.
///
/// Reads RFC 3339 with any offset; digits past the microsecond are cut off, and the leap second `:60` is the second after it. Writes UTC with
/// a `Z` and no, three or six decimals, so times sort by their value, not by their text.
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
    /// The earliest time that can be written.
    pub const MIN: Self = Self(MICROS_MIN);
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
        DateTime::from_timestamp_micros(time.0).expect("the years 0 to 9999 lie within chrono's range")
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
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_time_reads_back_as_written_to_the_microsecond() {
        for text in ["2010-12-01T08:26:00Z", "2026-11-20T18:47:22.123456Z", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"] {
            assert_eq!(text.parse::<Timestamp>().map(|t| t.to_string()), Ok(text.to_owned()));
        }
        assert_eq!("2026-11-20T19:47:22+01:00".parse::<Timestamp>().map(|t| t.to_string()), Ok("2026-11-20T18:47:22Z".to_owned()));
        assert_eq!("2026-11-20T18:47:22.5z".parse::<Timestamp>().map(|t| t.to_string()), Ok("2026-11-20T18:47:22.500Z".to_owned()));
    }

    #[test]
    fn finer_digits_are_cut_off_before_1970_too() {
        for (text, micros) in [("1970-01-01T00:00:00.0000019Z", 1), ("1969-12-31T23:59:59.9999999Z", -1), ("1969-12-31T23:59:60Z", 0)] {
            assert_eq!(text.parse().map(Timestamp::micros), Ok(micros), "{text}");
        }
    }

    #[test]
    fn a_text_that_is_no_time_or_out_of_range_is_refused() {
        let texts = [
            "",
            "yesterday",
            "2026-11-20",
            "2026-11-20T18:47:22",
            "2026-02-29T00:00:00Z",
            "2026-11-20T24:00:00Z",
            "2026-11-20T18:47:22+99:00",
            "10000-01-01T00:00:00Z",
            "-0001-01-01T00:00:00Z",
            "0000-01-01T00:00:00+00:01",
            "9999-12-31T23:59:59-00:01",
            "9999-12-31T23:59:60Z",
            "2026-11-20T18:47:22Z\u{0}",
            " 2026-11-20T18:47:22Z",
        ];
        for text in texts {
            assert_eq!(text.parse::<Timestamp>(), Err(TimeError), "{text:?}");
        }
    }

    #[test]
    fn time_past_an_end_is_clamped() {
        assert_eq!(Timestamp::MAX.plus_secs(u64::MAX), Timestamp::MAX);
        assert_eq!(Timestamp::MAX.plus_millis(1), Timestamp::MAX);
        assert_eq!(Timestamp::MIN.plus_millis(u64::MAX), Timestamp::MAX);
        assert_eq!(Timestamp::from_secs(i64::MIN), Timestamp::MIN);
        assert_eq!(Timestamp::from_micros(i64::MAX), Timestamp::MAX);
        assert_eq!(Timestamp::from(DateTime::<Utc>::MAX_UTC), Timestamp::MAX);
        assert_eq!(Timestamp::from(DateTime::<Utc>::MIN_UTC), Timestamp::MIN);
        assert_eq!(
            (Timestamp::MIN.to_string().as_str(), Timestamp::MAX.to_string().as_str()),
            ("0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z")
        );
    }

    fn times() -> impl Strategy<Value = Timestamp> {
        prop_oneof![MICROS_MIN..=MICROS_MAX, -5_000_000..5_000_000_i64, Just(MICROS_MIN), Just(MICROS_MAX)].prop_map(Timestamp::from_micros)
    }

    proptest! {
        #[test]
        fn every_time_reads_back_as_written(time in times()) {
            prop_assert_eq!(time.to_string().parse(), Ok(time));
            prop_assert_eq!(Timestamp::from(DateTime::<Utc>::from(time)), time);
        }

        #[test]
        fn later_is_later_by_exactly_that_much_up_to_the_end(time in times(), later in prop_oneof![any::<u64>(), 0..10_000_u64]) {
            let exact = |unit: i128| (i128::from(time.micros()) + i128::from(later) * unit).min(i128::from(MICROS_MAX));
            prop_assert_eq!(i128::from(time.plus_secs(later).micros()), exact(1_000_000));
            prop_assert_eq!(i128::from(time.plus_millis(later).micros()), exact(1_000));
        }

        #[test]
        fn no_text_panics(text in "[0-9TZ:.+-]{0,40}|\\PC{0,30}") {
            if let Ok(time) = text.parse::<Timestamp>() {
                prop_assert!((Timestamp::MIN..=Timestamp::MAX).contains(&time));
            }
        }
    }
}
