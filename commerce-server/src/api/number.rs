//! Numbers of the JSON bodies: read from their digits, never through a float.

use std::borrow::Cow;

use commerce_core::id::LineId;
use commerce_core::money::{Currency as CoreCurrency, Money};
use commerce_core::quantity::Quantity;
use commerce_core::stock::LIMIT_MAX_UNITS;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Schema};
use utoipa::openapi::{RefOr, Type};
use utoipa::{PartialSchema, ToSchema};

use super::place::{At, Read};
use super::word::Currency;

/// The digits of a JSON number, as the caller wrote them.
struct Digits(String);

impl<'de> Deserialize<'de> for Digits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let text = raw.get();
        if text.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
            return Ok(Self(text.to_owned()));
        }
        Err(D::Error::custom(format_args!("invalid type: {}, expected a number", kind_of(text))))
    }
}

fn kind_of(json: &str) -> &'static str {
    match json.bytes().next() {
        Some(b'"') => "string",
        Some(b'{') => "object",
        Some(b'[') => "array",
        Some(b'n') => "null",
        _ => "boolean",
    }
}

/// A count that may lie out of bounds: it is read from any JSON number, and refused by its value, not by its type.
fn within(digits: &str, at: &At<'_>, least: i64, most: i64) -> Option<i64> {
    match digits.parse::<i64>() {
        Ok(count) if (least..=most).contains(&count) => Some(count),
        _ => {
            at.invalid(format_args!("is {}, allowed are whole numbers from {least} to {most}", shortened(digits)));
            None
        }
    }
}

/// Digits for a message: a number of any length must not make it long.
fn shortened(digits: &str) -> Cow<'_, str> {
    const SHOWN_MAX_CHARS: usize = 32;
    match digits.get(..SHOWN_MAX_CHARS) {
        Some(head) if digits.len() > SHOWN_MAX_CHARS => format!("{head}...").into(),
        _ => digits.into(),
    }
}

macro_rules! counts {
    ($($(#[doc = $doc:literal])* $name:ident($into:ty) from $least:expr, to $most:expr, as $read:expr;)*) => {$(
        $(#[doc = $doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name(String);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Digits::deserialize(deserializer).map(|digits| Self(digits.0))
            }
        }

        impl Read for $name {
            type Into = $into;

            fn read(self, at: &At<'_>) -> Option<$into> {
                let read: fn(i64) -> Option<$into> = $read;
                within(&self.0, at, $least, $most).and_then(read)
            }
        }

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let count = ObjectBuilder::new().schema_type(Type::Integer).description(Some(concat!($($doc),*).trim()));
                count.minimum(Some($least)).maximum(Some($most)).into()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                stringify!($name).into()
            }
        }
    )*};
}

const UNITS_MAX: i64 = Quantity::MAX.get() as i64;

counts! {
    /// Units: at least one.
    Units(Quantity) from 1, to UNITS_MAX, as |units| Quantity::new(units).ok();
    /// Units up, or down below zero; not zero.
    Delta(i64) from -UNITS_MAX, to UNITS_MAX, as Some;
    /// Units of a limit.
    LimitUnits(i64) from 0, to LIMIT_MAX_UNITS, as Some;
    /// The number of a line within its order, from 1.
    LineNumber(LineId) from 1, to u32::MAX as i64, as |number| u32::try_from(number).ok().map(LineId);
    /// A score of risk: from 0, no risk, to 1000.
    Score(u16) from 0, to 1_000, as |score| u16::try_from(score).ok();
}

/// A decimal number, written as a string or as a JSON number; either is read exactly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Decimal(String);

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let text = raw.get();
        if text.starts_with('"') {
            return serde_json::from_str(text).map(Self).map_err(D::Error::custom);
        }
        if text.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
            return Ok(Self(plain(text)));
        }
        Err(D::Error::custom(format_args!("invalid type: {}, expected a string or a number", kind_of(text))))
    }
}

/// A JSON number without its exponent, where that is short; any other is left to be refused as it is.
fn plain(number: &str) -> String {
    const SHIFT_MAX_DIGITS: usize = Money::PARSE_CHARS_MAX;
    let Some((mantissa, exponent)) = number.split_once(['e', 'E']) else { return number.to_owned() };
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let Ok(exponent) = exponent.parse::<i16>() else { return number.to_owned() };
    let shift = usize::from(exponent.unsigned_abs());
    if shift > SHIFT_MAX_DIGITS {
        return number.to_owned();
    }
    let padding = "0".repeat(shift);
    let digits = if exponent < 0 { format!("{padding}{whole}{fraction}") } else { format!("{whole}{fraction}{padding}") };
    let point = if exponent < 0 { whole.len() } else { whole.len() + shift };
    let (whole, fraction) = digits.split_at(point);
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    };
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

impl PartialSchema for Decimal {
    fn schema() -> RefOr<Schema> {
        let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some(r"^-?[0-9]+(\.[0-9]+)?$"));
        let text = text.max_length(Some(Money::PARSE_CHARS_MAX));
        let number = ObjectBuilder::new().schema_type(Type::Number);
        let said = "In major units with at most the currency's decimals. A string is returned; a number is accepted and read exactly.";
        OneOfBuilder::new().item(text).item(number).description(Some(said)).into()
    }
}

impl ToSchema for Decimal {
    fn name() -> Cow<'static, str> {
        "Decimal".into()
    }
}

/// An amount of money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Amount {
    /// How much, in major units.
    pub amount: Decimal,
    /// In which currency.
    pub currency: Currency,
}

impl From<Money> for Amount {
    fn from(money: Money) -> Self {
        Self { amount: Decimal(money.to_decimal().to_string()), currency: money.currency().into() }
    }
}

impl Amount {
    /// An amount of minor units.
    pub fn of(minor: i64, currency: CoreCurrency) -> Self {
        Money::from_minor(minor, currency).into()
    }
}

impl Read for Amount {
    type Into = Money;

    fn read(self, at: &At<'_>) -> Option<Money> {
        let currency = at.key("currency").read(self.currency)?;
        Money::parse(&self.amount.0, currency).map_err(|error| at.key("amount").invalid(error)).ok()
    }
}
