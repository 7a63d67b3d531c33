//! Money: whole minor units of one currency, checked, never a float.

mod currency;
mod share;
mod text;

use std::fmt;

use rust_decimal::Decimal;

pub use currency::{Currency, CurrencyError};
pub use share::{ShareError, share_out};

/// An amount in the minor units of its currency (cents of a dollar); may be negative.
///
/// It has no operators and no order: adding and comparing ask for one currency, so they go through the checked functions.
///
/// # Example
/// ```
/// use commerce_core::money::{Currency, Money};
///
/// let price = Money::parse("19.99", Currency::GBP)?;
/// assert_eq!(price.minor(), 1999);
/// assert_eq!(price.checked_mul(3)?.to_string(), "59.97 GBP");
/// # Ok::<(), commerce_core::money::MoneyError>(())
/// ```
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
    /// The amount has more decimals than its currency, and they are not all zero.
    #[error("{currency} has {decimals} decimals, the amount has more")]
    Decimals {
        /// The currency.
        currency: Currency,
        /// Its decimals.
        decimals: u32,
    },
    /// The text is empty or too long for an amount.
    #[error("amount has {actual} characters, allowed are 1 to {max}")]
    Length {
        /// Characters found.
        actual: usize,
        /// Most characters allowed.
        max: usize,
    },
    /// The text is not a plain decimal number: digits, at most one point with digits on both sides, a minus before them.
    #[error("amount is not a decimal number, see index {index}")]
    Text {
        /// Zero-based index, in characters, of the first that does not belong; the text's length if it ends too early.
        index: usize,
    },
}

impl Money {
    /// Most characters that [`Money::parse`] reads.
    pub const PARSE_CHARS_MAX: usize = 32;

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
    /// [`MoneyError::Decimals`] if it has more decimals than the currency, zeros at its end aside; [`MoneyError::Overflow`] if it is too
    /// large.
    pub fn from_decimal(amount: Decimal, currency: Currency) -> Result<Self, MoneyError> {
        let amount = amount.normalize();
        Self::from_scaled(amount.mantissa(), amount.scale(), currency)
    }

    /// Reads an amount in major units, exactly: `19.99`, `-5`, `0.50`. No sign but `-`, no exponent, no space, no separator of thousands.
    /// A [`Decimal`] parsed from the same text may be rounded; this is not.
    ///
    /// # Errors
    /// [`MoneyError::Length`] if the text is empty or longer than [`Money::PARSE_CHARS_MAX`]; [`MoneyError::Text`] with the place if it is
    /// no such number; [`MoneyError::Decimals`] and [`MoneyError::Overflow`] as of [`Money::from_decimal`].
    pub fn parse(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        let actual = text.chars().count();
        if actual == 0 || actual > Self::PARSE_CHARS_MAX {
            return Err(MoneyError::Length { actual, max: Self::PARSE_CHARS_MAX });
        }
        let (mantissa, scale) = text::decimal(text).map_err(|index| MoneyError::Text { index })?;
        Self::from_scaled(mantissa, scale, currency)
    }

    /// The amount `mantissa / 10^scale`.
    fn from_scaled(mut mantissa: i128, mut scale: u32, currency: Currency) -> Result<Self, MoneyError> {
        let decimals = currency.decimals();
        while scale > decimals {
            if mantissa % 10 != 0 {
                return Err(MoneyError::Decimals { currency, decimals });
            }
            mantissa /= 10;
            scale -= 1;
        }
        let minor = 10_i128.checked_pow(decimals - scale).and_then(|unit| mantissa.checked_mul(unit));
        let minor = minor.and_then(|minor| i64::try_from(minor).ok()).ok_or(MoneyError::Overflow)?;
        Ok(Self { minor, currency })
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

    /// The amount times a count, which may be negative.
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

#[cfg(test)]
mod tests;
