//! Values inside bodies: ids and names as text, times and counts as numbers, amounts in the body's currency.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserializer, Error, MapAccess, Unexpected, Visitor};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};

use super::Fault;
use crate::fact::{FailureCode, RefundCause};
use crate::goods::ItemKind;
use crate::id::{
    AttemptId, CaptureId, CartId, ConsumerName, CustomerId, LineId, LocationId, MethodRef, PaymentId, PersonalRef, ProviderName,
    ProviderRef, RefundId, ReturnId, ShipmentId, Sku,
};
use crate::money::{Currency, Money};
use crate::order::{AdjustmentKind, CancelReason, CapturePolicy, Condition, HoldReason, RiskVerdict, Stage, Terms};
use crate::quantity::{LineQty, Quantity};
use crate::saga::Verb;
use crate::time::Timestamp;

/// A value that is stored as its one text.
pub(super) trait Textual: Sized {
    const WHAT: &'static str;

    fn read(text: &str) -> Option<Self>;
    fn write<R>(&self, with: impl FnOnce(&str) -> R) -> R;
}

macro_rules! textual {
    ($($name:ident: $this:ident => $parse:expr, $text:expr;)*) => {$(
        impl Textual for $name {
            const WHAT: &'static str = stringify!($name);

            fn read(text: &str) -> Option<Self> {
                $parse(text)
            }

            fn write<R>(&self, with: impl FnOnce(&str) -> R) -> R {
                let $this = self;
                with($text)
            }
        }
    )*};
}

macro_rules! uuids {
    ($($name:ident)*) => { textual! { $($name: id => |text: &str| text.parse().ok(), id.uuid().hyphenated().encode_lower(&mut [0; 36]);)* } };
}

macro_rules! texts {
    ($($name:ident)*) => { textual! { $($name: id => |text| $name::new(text).ok(), id.as_str();)* } };
}

macro_rules! enums {
    ($($name:ident)*) => { textual! { $($name: value => $name::parse, value.as_str();)* } };
}

uuids! { PaymentId AttemptId CaptureId RefundId ShipmentId ReturnId CartId PersonalRef }
texts! { Sku CustomerId LocationId ProviderName MethodRef ProviderRef ConsumerName }
enums! { ItemKind FailureCode RefundCause AdjustmentKind Terms CapturePolicy Stage HoldReason CancelReason RiskVerdict Condition Verb }
textual! { Currency: currency => |text| Currency::from_code(text).ok(), currency.code(); }

/// A value as its one text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Text<T>(pub(super) T);

impl<T: Textual> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.write(|text| serializer.serialize_str(text))
    }
}

impl<'de, T: Textual> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Seen<T>(PhantomData<T>);

        impl<T: Textual> Visitor<'_> for Seen<T> {
            type Value = Text<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(T::WHAT)
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Text<T>, E> {
                T::read(text).map(Text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
            }
        }

        deserializer.deserialize_str(Seen(PhantomData))
    }
}

/// A time in microseconds since 1970.
#[derive(Clone, Copy)]
pub(super) struct Micros(pub(super) Timestamp);

impl Serialize for Micros {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0.micros())
    }
}

impl<'de> Deserialize<'de> for Micros {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let micros = i64::deserialize(deserializer)?;
        let time = Timestamp::from_micros(micros);
        // a clamped time is not the one that was written
        if time.micros() == micros { Ok(Self(time)) } else { Err(Error::invalid_value(Unexpected::Signed(micros), &"Timestamp")) }
    }
}

/// A number of units.
#[derive(Clone, Copy)]
pub(super) struct Units(pub(super) Quantity);

impl Serialize for Units {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.0.get())
    }
}

impl<'de> Deserialize<'de> for Units {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let units = u32::deserialize(deserializer)?;
        Quantity::new(units).map(Self).map_err(|_| Error::invalid_value(Unexpected::Unsigned(units.into()), &"Quantity"))
    }
}

/// Units of a line: `[line, units]`.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct LineUnits(u32, Units);

pub(super) fn write_lines(lines: &[LineQty]) -> Vec<LineUnits> {
    lines.iter().map(|line| LineUnits(line.line_id.0, Units(line.qty))).collect()
}

pub(super) fn read_lines(lines: Vec<LineUnits>) -> Vec<LineQty> {
    lines.into_iter().map(|LineUnits(line, Units(qty))| LineQty { line_id: LineId(line), qty }).collect()
}

/// The minor units of an amount in the one currency of its body.
pub(super) fn minor(amount: Money, currency: Currency) -> Result<i64, Fault> {
    if amount.currency() == currency { Ok(amount.minor()) } else { Err(Fault::Contradiction("amounts of several currencies")) }
}

/// A map, whose keys do not repeat.
#[cfg_attr(test, derive(Clone, Debug, PartialEq))]
pub(super) struct Map<K, V>(pub(super) BTreeMap<K, V>);

impl<K, V> Map<K, V> {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<K, V> Default for Map<K, V> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Serialize, V: Serialize> Serialize for Map<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

impl<'de, K: Deserialize<'de> + Ord, V: Deserialize<'de>> Deserialize<'de> for Map<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<K, V>(PhantomData<(K, V)>);

        impl<'de, K: Deserialize<'de> + Ord, V: Deserialize<'de>> Visitor<'de> for Entries<K, V> {
            type Value = Map<K, V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Map<K, V>, A::Error> {
                let mut map = BTreeMap::new();
                while let Some((key, value)) = access.next_entry()? {
                    if map.insert(key, value).is_some() {
                        return Err(Error::custom("a key stands there twice"));
                    }
                }
                Ok(Map(map))
            }
        }

        deserializer.deserialize_map(Entries(PhantomData))
    }
}

/// Whether a flag is left out.
pub(super) fn is_false(flag: &bool) -> bool {
    !flag
}
