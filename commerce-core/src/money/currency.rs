//! Currencies of ISO 4217, by their alphabetic code.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use iso_currency::Currency as Iso;

/// An active currency of ISO 4217 that counts in minor units. Sorts by its code.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency {
    iso: Iso,
    // kept beside the code, because every parsed and printed amount asks for it
    decimals: u8,
}

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

/// Codes that the dependency's table still lists and ISO 4217 withdrew.
const WITHDRAWN: [Iso; 5] = [Iso::BGN, Iso::CUC, Iso::HRK, Iso::SLL, Iso::ZWL];

/// Every currency that money can be counted in, by its code. The dependency compares a text with one code after the other, which is
/// slow for what stands in every stored amount.
static BY_CODE: LazyLock<Vec<(u32, Currency)>> = LazyLock::new(|| {
    let countable = |iso: Iso| Some((number(iso.code())?, Currency::of(iso).ok()?));
    let mut all: Vec<_> = (0..=NUMERIC_MAX).filter_map(Iso::from_numeric).filter_map(countable).collect();
    all.sort_unstable_by_key(|(number, _)| *number);
    all
});

/// The largest numeric code of ISO 4217.
const NUMERIC_MAX: u16 = 999;

/// The three letters of a code in one number.
fn number(code: &str) -> Option<u32> {
    let [a, b, c] = *code.as_bytes() else { return None };
    Some(u32::from_be_bytes([0, a, b, c]))
}

impl Currency {
    /// Pound sterling.
    pub const GBP: Self = Self { iso: Iso::GBP, decimals: 2 };
    /// US dollar.
    pub const USD: Self = Self { iso: Iso::USD, decimals: 2 };
    /// Euro.
    pub const EUR: Self = Self { iso: Iso::EUR, decimals: 2 };
    /// Yen, which has no decimals.
    pub const JPY: Self = Self { iso: Iso::JPY, decimals: 0 };

    /// The most decimals that any currency has.
    pub const DECIMALS_MAX: u32 = 4;

    /// The currency of an alphabetic code, in capitals.
    ///
    /// # Errors
    /// [`CurrencyError::Unknown`] for a code that is misspelled, in small letters, withdrawn or not assigned;
    /// [`CurrencyError::NoMinorUnit`] for one that no price can be in (`XAU`, gold).
    pub fn from_code(code: &str) -> Result<Self, CurrencyError> {
        let wanted = number(code).ok_or(CurrencyError::Unknown)?;
        match BY_CODE.binary_search_by_key(&wanted, |(number, _)| *number) {
            Ok(index) => Ok(BY_CODE[index].1),
            // what money cannot be counted in: for its error
            Err(_) => Self::of(Iso::from_code(code).ok_or(CurrencyError::Unknown)?),
        }
    }

    fn of(iso: Iso) -> Result<Self, CurrencyError> {
        if WITHDRAWN.contains(&iso) {
            return Err(CurrencyError::Unknown);
        }
        let decimals = iso.exponent().and_then(|exponent| u8::try_from(exponent).ok());
        decimals.map(|decimals| Self { iso, decimals }).ok_or(CurrencyError::NoMinorUnit(iso.code()))
    }

    /// The alphabetic code, three capital letters.
    pub fn code(self) -> &'static str {
        self.iso.code()
    }

    /// Decimals of the minor unit: 2 for cents, 0 for yen, at most [`Currency::DECIMALS_MAX`].
    pub const fn decimals(self) -> u32 {
        // `u32::from` is not const
        self.decimals as u32
    }
}

impl Ord for Currency {
    fn cmp(&self, other: &Self) -> Ordering {
        self.code().cmp(other.code())
    }
}

impl PartialOrd for Currency {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
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

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = include_str!("testdata/iso4217_active_minor_units.csv");

    /// Code and decimals of every active currency, as the standard's table has them.
    fn active() -> Vec<(&'static str, Option<u32>)> {
        let row = |line: &'static str| {
            let mut cells = line.split(',');
            let code = cells.next().expect("a code");
            (code, cells.nth(1).expect("decimals").parse().ok())
        };
        TABLE.lines().skip(1).map(row).collect()
    }

    /// Every text of three capital letters.
    fn every_code() -> impl Iterator<Item = String> {
        let letters = || 'A'..='Z';
        letters().flat_map(move |a| letters().flat_map(move |b| letters().map(move |c| String::from_iter([a, b, c]))))
    }

    #[test]
    fn exactly_the_active_codes_of_iso_4217_are_known_with_their_decimals() {
        let table = active();
        assert_eq!((table.len(), table.iter().filter(|(_, decimals)| decimals.is_none()).count()), (178, 13));
        for code in every_code() {
            let expect = match table.iter().find(|(active, _)| *active == code) {
                None => Err(CurrencyError::Unknown),
                Some((_, Some(decimals))) => Ok((code.clone(), *decimals)),
                Some((active, None)) => Err(CurrencyError::NoMinorUnit(active)),
            };
            assert_eq!(Currency::from_code(&code).map(|c| (c.to_string(), c.decimals())), expect, "{code}");
        }
        assert_eq!(table.iter().filter_map(|(_, decimals)| *decimals).max(), Some(Currency::DECIMALS_MAX));
    }

    #[test]
    fn a_code_has_one_spelling() {
        for other in ["", "G", "GB", "gbp", "Gbp", "GBp", " GBP", "GBP ", "GBPP", "826", "£", "G\u{412}P", "GBP\u{0}"] {
            assert_eq!(other.parse::<Currency>(), Err(CurrencyError::Unknown), "{other:?}");
        }
    }

    #[test]
    fn a_withdrawn_code_is_unknown() {
        for code in ["BGN", "CUC", "DEM", "FRF", "HRK", "ITL", "SLL", "ZWL"] {
            assert_eq!(Currency::from_code(code), Err(CurrencyError::Unknown), "{code}");
        }
    }

    #[test]
    fn the_named_currencies_are_those_of_their_codes() {
        for (currency, code) in [(Currency::GBP, "GBP"), (Currency::USD, "USD"), (Currency::EUR, "EUR"), (Currency::JPY, "JPY")] {
            assert_eq!(Currency::from_code(code), Ok(currency));
            assert_eq!(currency.code(), code);
        }
    }

    #[test]
    fn currencies_sort_by_code() {
        let mut currencies: Vec<Currency> = every_code().filter_map(|code| code.parse().ok()).collect();
        currencies.reverse();
        currencies.sort();
        assert_eq!(currencies.len(), 165);
        assert!(currencies.iter().map(|c| c.code()).is_sorted());
    }
}
