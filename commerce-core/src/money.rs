//! Money: whole minor units of one currency, checked, never a float.

mod currency;
mod share;

use std::fmt;

use rust_decimal::Decimal;

pub use currency::{Currency, CurrencyError};
pub use share::{ShareError, share_out};

/// An amount in the minor units of its currency (cents of a dollar); may be negative.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

/// Why an amount cannot be computed or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The two amounts are of different currencies.
    #[error("currencies differ: {left} and {right}")]
    Mixed {
        /// Currency of the left amount.
        left: Currency,
        /// Currency of the right amount.
        right: Currency,
    },
    /// The result does not fit into 64 bits of minor units.
    #[error("amount is too large")]
    Overflow,
    /// The amount has more decimals than its currency.
    #[error("{currency} has {decimals} decimals, the amount has more")]
    Decimals {
        /// The currency.
        currency: Currency,
        /// Its decimals.
        decimals: u32,
    },
}

impl Money {
    /// An amount in minor units.
    pub const fn from_minor(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// No money.
    pub const fn zero(currency: Currency) -> Self {
        Self::from_minor(0, currency)
    }

    /// An amount in major units (19.99 dollars), exact.
    ///
    /// # Errors
    /// [`MoneyError::Decimals`] if it has more non-zero decimals than the currency, [`MoneyError::Overflow`] if it is too large.
    pub fn from_decimal(amount: Decimal, currency: Currency) -> Result<Self, MoneyError> {
        let decimals = currency.decimals();
        let mut scaled = amount.normalize();
        if scaled.scale() > decimals {
            return Err(MoneyError::Decimals { currency, decimals });
        }
        scaled.rescale(decimals);
        if scaled.scale() != decimals {
            return Err(MoneyError::Overflow);
        }
        i64::try_from(scaled.mantissa()).map(|minor| Self { minor, currency }).map_err(|_| MoneyError::Overflow)
    }

    /// The amount in major units, with all decimals of the currency.
    pub fn to_decimal(self) -> Decimal {
        Decimal::from_i128_with_scale(i128::from(self.minor), self.currency.decimals())
    }

    /// The amount in minor units.
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// The currency.
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// Whether the amount is zero.
    pub const fn is_zero(self) -> bool {
        self.minor == 0
    }

    /// The sum.
    ///
    /// # Errors
    /// [`MoneyError::Mixed`] or [`MoneyError::Overflow`].
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        self.with(other, i64::checked_add)
    }

    /// The difference.
    ///
    /// # Errors
    /// [`MoneyError::Mixed`] or [`MoneyError::Overflow`].
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.with(other, i64::checked_sub)
    }

    /// The amount times a count.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn checked_mul(self, count: i64) -> Result<Self, MoneyError> {
        self.minor.checked_mul(count).map(|minor| Self { minor, ..self }).ok_or(MoneyError::Overflow)
    }

    fn with(self, other: Self, op: fn(i64, i64) -> Option<i64>) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::Mixed { left: self.currency, right: other.currency });
        }
        op(self.minor, other.minor).map(|minor| Self { minor, ..self }).ok_or(MoneyError::Overflow)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.to_decimal(), self.currency)
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
