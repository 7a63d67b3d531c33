//! Currencies of ISO 4217, by their alphabetic code.

use std::fmt;
use std::str::FromStr;

/// An active currency of ISO 4217 that counts in minor units.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency(iso_currency::Currency);

/// Why a text names no currency that money can be counted in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CurrencyError {
    /// Not three capital letters of an active currency.
    #[error("not an active currency code of iso 4217")]
    Unknown,
    /// A precious metal, a unit of account or a test code: ISO 4217 gives it no minor unit.
    #[error("currency {0} has no minor unit")]
    NoMinorUnit(&'static str),
}

impl Currency {
    /// Pound sterling.
    pub const GBP: Self = Self(iso_currency::Currency::GBP);
    /// US dollar.
    pub const USD: Self = Self(iso_currency::Currency::USD);
    /// Euro.
    pub const EUR: Self = Self(iso_currency::Currency::EUR);
    /// Yen, which has no decimals.
    pub const JPY: Self = Self(iso_currency::Currency::JPY);

    /// The currency of an alphabetic code, in capitals.
    ///
    /// # Errors
    /// [`CurrencyError`].
    pub fn from_code(code: &str) -> Result<Self, CurrencyError> {
        use iso_currency::Currency as Iso;
        let currency = Iso::from_code(code).filter(|c| c.code() == code).ok_or(CurrencyError::Unknown)?;
        if WITHDRAWN.contains(&currency.code()) {
            return Err(CurrencyError::Unknown);
        }
        match currency.exponent() {
            Some(_) => Ok(Self(currency)),
            None => Err(CurrencyError::NoMinorUnit(currency.code())),
        }
    }

    /// The alphabetic code, three capital letters.
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// Decimals of the minor unit: 2 for cents, 0 for yen.
    pub fn decimals(self) -> u32 {
        u32::from(self.0.exponent().unwrap_or(0))
    }
}

/// Codes that the dependency's table still lists and ISO 4217 withdrew.
const WITHDRAWN: [&str; 5] = ["BGN", "CUC", "HRK", "SLL", "ZWL"];

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Currency {
    type Err = CurrencyError;

    fn from_str(code: &str) -> Result<Self, CurrencyError> {
        Self::from_code(code)
    }
}
