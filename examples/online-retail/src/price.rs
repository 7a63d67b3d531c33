//! Prices as the file writes them, exact, and as the engine books them, in pence.

use commerce_core::money::{Currency, Money};
use rust_decimal::Decimal;

/// An exact price or value in ten-thousandths of a pound; may be negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Price(i64);

/// Decimals that a price may have.
pub const PRICE_DECIMALS_MAX: u32 = 4;

/// The largest price of a unit, in pounds, either sign.
pub const PRICE_POUNDS_MAX: i64 = 1_000_000;

const PER_POUND: i64 = 10_000;
const PER_PENNY: i64 = 100;

impl Price {
    /// Reads digits with an optional minus and at most [`PRICE_DECIMALS_MAX`] decimals; `None` for anything else and for what is too large.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let plain = digits.starts_with(|c: char| c.is_ascii_digit())
            && digits.ends_with(|c: char| c.is_ascii_digit())
            && digits.chars().all(|c| c.is_ascii_digit() || c == '.');
        let mut amount = Decimal::from_str_exact(text).ok().filter(|amount| plain && amount.scale() <= PRICE_DECIMALS_MAX)?;
        amount.rescale(PRICE_DECIMALS_MAX);
        let value = i64::try_from(amount.mantissa()).ok().filter(|_| amount.scale() == PRICE_DECIMALS_MAX)?;
        (value.abs() <= PRICE_POUNDS_MAX * PER_POUND).then_some(Self(value))
    }

    /// Ten-thousandths of a pound.
    pub const fn e4(self) -> i64 {
        self.0
    }

    /// Whole pence; half a penny goes away from zero.
    pub const fn pence(self) -> i64 {
        let rounded = (self.0.abs() + PER_PENNY / 2) / PER_PENNY;
        if self.0 < 0 { -rounded } else { rounded }
    }

    /// The rounded price as the engine takes it.
    pub const fn money(self) -> Money {
        Money::from_minor(self.pence(), Currency::GBP)
    }

    /// Whether it has a fraction of a penny.
    pub const fn is_rounded(self) -> bool {
        self.0 % PER_PENNY != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_read_exactly_or_not_at_all() {
        for (text, e4) in
            [("2.55", 25_500), ("0.001", 10), ("-11062.06", -110_620_600), ("0", 0), ("7", 70_000), ("1000000", 10_000_000_000)]
        {
            assert_eq!(Price::parse(text), Some(Price(e4)), "{text}");
        }
        for text in [
            "",
            "-",
            ".",
            "1.",
            ".5",
            "+1",
            "1e3",
            "1_0",
            "1,50",
            "0.00001",
            "1000000.0001",
            "1.2.3",
            "--1",
            " 1",
            "£1",
            "99999999999999999999999999999999",
        ] {
            assert_eq!(Price::parse(text), None, "{text}");
        }
    }

    #[test]
    fn half_a_penny_is_rounded_away_from_zero() {
        for (e4, pence) in [(10, 0), (49, 0), (50, 1), (149, 1), (150, 2), (-50, -1), (-49, 0), (25_500, 255)] {
            assert_eq!(Price(e4).pence(), pence, "{e4}");
        }
        assert!(Price(10).is_rounded() && !Price(100).is_rounded());
    }
}
