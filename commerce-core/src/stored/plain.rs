//! The short way to read a form: it knows only the spelling that is written here, without spaces, escapes or fractions. All else it
//! leaves to `serde_json`, and so it tells no errors: what it does not read is read, or refused with its place, the long way.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};

/// The value of a text in the plain spelling. `None` says nothing about the text but that it has to be read the long way.
pub(super) fn read<'de, T: Deserialize<'de>>(text: &'de str) -> Option<T> {
    // with no escape anywhere a string ends at the next quote
    if text.bytes().fold(false, |found, byte| found | (byte == b'\\') | byte.is_ascii_control()) {
        return None;
    }
    let mut plain = Plain { rest: text };
    T::deserialize(&mut plain).ok().filter(|_| plain.rest.is_empty())
}

/// It has to be read the long way.
#[derive(Debug)]
struct LongWay;

impl fmt::Display for LongWay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not in the plain spelling")
    }
}

impl std::error::Error for LongWay {}

impl Error for LongWay {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

struct Plain<'de> {
    rest: &'de str,
}

impl<'de> Plain<'de> {
    fn next_is(&self, byte: u8) -> bool {
        self.rest.as_bytes().first() == Some(&byte)
    }

    /// Goes past this byte, which is of ASCII.
    fn pass(&mut self, byte: u8) -> Result<(), LongWay> {
        if self.next_is(byte) { self.skip(1) } else { Err(LongWay) }
    }

    fn skip(&mut self, bytes: usize) -> Result<(), LongWay> {
        self.rest = self.rest.get(bytes..).ok_or(LongWay)?;
        Ok(())
    }

    fn string(&mut self) -> Result<&'de str, LongWay> {
        self.pass(b'"')?;
        let end = quote(self.rest.as_bytes()).ok_or(LongWay)?;
        let string = self.rest.get(..end).ok_or(LongWay)?;
        self.skip(end + 1)?;
        Ok(string)
    }

    /// A number without a sign. What follows on its digits is judged by what is looked for next.
    fn number(&mut self) -> Result<u64, LongWay> {
        let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        // a number begins with zero only if it is zero
        if digits == 0 || digits > 1 && self.next_is(b'0') {
            return Err(LongWay);
        }
        let add = |number: u64, digit: u8| number.checked_mul(10)?.checked_add(u64::from(digit - b'0'));
        let number = self.rest.bytes().take(digits).try_fold(0, add).ok_or(LongWay)?;
        self.skip(digits)?;
        Ok(number)
    }

    /// Whether another element follows, before which its comma is passed, or else what closes the list or object.
    fn another(&mut self, first: bool, close: u8) -> Result<bool, LongWay> {
        if self.next_is(close) {
            self.skip(1)?;
            return Ok(false);
        }
        if !first {
            self.pass(b',')?;
        }
        Ok(true)
    }
}

/// Where the first quote is: of eight bytes at a time, because most strings have that many or more.
fn quote(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::MAX / 255;
    let (eights, rest) = bytes.as_chunks::<8>();
    for (index, eight) in eights.iter().enumerate() {
        // a byte that is a quote becomes zero, and the lowest zero is the lowest byte that loses its high bit to the subtraction
        let differs = u64::from_le_bytes(*eight) ^ (ONES * u64::from(b'"'));
        let zeros = differs.wrapping_sub(ONES) & !differs & (ONES << 7);
        if zeros != 0 {
            return Some(index * 8 + usize::try_from(zeros.trailing_zeros() / 8).ok()?);
        }
    }
    rest.iter().position(|byte| *byte == b'"').map(|place| eights.len() * 8 + place)
}

macro_rules! numbers {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, LongWay> {
            if !self.next_is(b'-') {
                return visitor.visit_u64(self.number()?);
            }
            self.skip(1)?;
            match 0_i64.checked_sub_unsigned(self.number()?) {
                None | Some(0) => Err(LongWay),
                Some(number) => visitor.visit_i64(number),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for &mut Plain<'de> {
    type Error = LongWay;

    numbers! { deserialize_i64 deserialize_u16 deserialize_u32 deserialize_u64 }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, LongWay> {
        Err(LongWay)
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, LongWay> {
        self.deserialize_any(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, LongWay> {
        self.deserialize_any(visitor)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, LongWay> {
        let value = self.next_is(b't');
        self.rest = self.rest.strip_prefix(if value { "true" } else { "false" }).ok_or(LongWay)?;
        visitor.visit_bool(value)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, LongWay> {
        visitor.visit_borrowed_str(self.string()?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, LongWay> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, LongWay> {
        self.deserialize_str(visitor)
    }

    /// `null` is not written: what asks for the value then finds something else.
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, LongWay> {
        visitor.visit_some(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, LongWay> {
        self.pass(b'[')?;
        let mut list = Elements { plain: self, first: true, close: b']', closed: false };
        let value = visitor.visit_seq(&mut list)?;
        list.close(value)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, LongWay> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(self, _: &'static str, _: usize, visitor: V) -> Result<V::Value, LongWay> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, LongWay> {
        self.pass(b'{')?;
        let mut object = Elements { plain: self, first: true, close: b'}', closed: false };
        let value = visitor.visit_map(&mut object)?;
        object.close(value)
    }

    fn deserialize_struct<V: Visitor<'de>>(self, _: &'static str, _: &'static [&'static str], visitor: V) -> Result<V::Value, LongWay> {
        self.deserialize_map(visitor)
    }

    forward_to_deserialize_any! { i8 i16 i32 i128 u8 u128 char bytes byte_buf unit unit_struct newtype_struct enum ignored_any }
}

/// The elements of a list, or the entries of an object.
struct Elements<'a, 'de> {
    plain: &'a mut Plain<'de>,
    first: bool,
    close: u8,
    closed: bool,
}

impl Elements<'_, '_> {
    fn another(&mut self) -> Result<bool, LongWay> {
        if self.closed {
            return Ok(false);
        }
        let another = self.plain.another(self.first, self.close)?;
        (self.first, self.closed) = (false, !another);
        Ok(another)
    }

    /// Passes what closes them, if the visitor did not ask beyond the last that it needs.
    fn close<T>(self, value: T) -> Result<T, LongWay> {
        if !self.closed {
            self.plain.pass(self.close)?;
        }
        Ok(value)
    }
}

impl<'de> SeqAccess<'de> for &mut Elements<'_, 'de> {
    type Error = LongWay;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, LongWay> {
        if self.another()? { seed.deserialize(&mut *self.plain).map(Some) } else { Ok(None) }
    }
}

impl<'de> MapAccess<'de> for &mut Elements<'_, 'de> {
    type Error = LongWay;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, LongWay> {
        if !self.another()? {
            return Ok(None);
        }
        // a key is a string, whatever it is read as
        if self.plain.next_is(b'"') { seed.deserialize(&mut *self.plain).map(Some) } else { Err(LongWay) }
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, LongWay> {
        self.plain.pass(b':')?;
        seed.deserialize(&mut *self.plain)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Serialize;

    use super::*;
    use crate::stored::value::Map;

    /// A form of all that bodies are made of.
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Form {
        text: String,
        signed: i64,
        short: u16,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        flag: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        maybe: Option<i64>,
        pairs: Vec<Pair>,
        #[serde(default, skip_serializing_if = "Map::is_empty")]
        map: Map<String, u64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        inner: Option<Box<Form>>,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Pair(u32, u32);

    fn forms(texts: &'static str) -> impl Strategy<Value = Form> {
        let map = proptest::collection::btree_map(texts, any::<u64>(), 0..3).prop_map(Map);
        let pairs = proptest::collection::vec((any::<u32>(), any::<u32>()).prop_map(|(a, b)| Pair(a, b)), 0..3);
        let form = (texts, any::<i64>(), any::<u16>(), any::<bool>(), any::<Option<i64>>(), pairs, map);
        let form = form.prop_map(|(text, signed, short, flag, maybe, pairs, map)| Form {
            text,
            signed,
            short,
            flag,
            maybe,
            pairs,
            map,
            inner: None,
        });
        (form.clone(), proptest::option::of(form)).prop_map(|(form, inner)| Form { inner: inner.map(Box::new), ..form })
    }

    /// What the short way reads, the long way reads as the same.
    fn check(text: &str) {
        if let Some(form) = read::<Form>(text) {
            assert_eq!(serde_json::from_str::<Form>(text).ok(), Some(form), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_without_escapes_is_read_the_short_way(form in forms("[^\\\\\"\\x00-\\x1f\\x7f]{0,20}")) {
            let text = serde_json::to_string(&form).unwrap();
            prop_assert_eq!(read::<Form>(&text), Some(form));
        }

        #[test]
        fn a_damaged_text_is_left_to_the_long_way_or_read_alike(
            form in forms("\\PC{0,6}"), place in any::<proptest::sample::Index>(), length in 0..3_usize, new in "[]\\[{}\",:0-9.eEtrufalsn \\\\-]{0,3}"
        ) {
            let text = serde_json::to_string(&form).unwrap();
            let chars: Vec<char> = text.chars().collect();
            let at = place.index(chars.len() + 1);
            let rest = chars.iter().skip(at + length);
            check(&chars[..at].iter().copied().chain(new.chars()).chain(rest.copied()).collect::<String>());
        }

        #[test]
        fn the_first_quote_is_found_wherever_it_is(text in "[!\"#\u{a2}\u{122}]{0,40}") {
            prop_assert_eq!(quote(text.as_bytes()), text.find('"'));
        }
    }

    #[test]
    fn another_spelling_is_left_to_the_long_way() {
        let plain = |signed: &str| format!(r#"{{"text":"é","signed":{signed},"short":1,"pairs":[[1,2]]}}"#);
        assert!(read::<Form>(&plain("-9223372036854775808")).is_some());
        for signed in ["-0", "01", "1.0", "1e1", "9223372036854775808", "18446744073709551616", "-", "+1", "", " 1", "null", "1,", r#""1""#]
        {
            assert!(read::<Form>(&plain(signed)).is_none(), "{signed}");
        }
        let spellings = [
            plain("1") + " ",
            plain("1") + "}",
            plain("1").replace(",\"", ", \""),
            plain("1").replace("é", "\\u00e9"),
            plain("1").replace("é", "\u{7f}"),
            plain("1").replace("é", "\t"),
            plain("1").replace("[1,2]", "[1,2,3]"),
            plain("1").replace("[1,2]", "[1]"),
            plain("1").replace("[1,2]", "[1,2],"),
            plain("1").replace("]}", "],}"),
            plain("1").replace("]}", r#"],"maybe":null}"#),
            plain("1").replace("text", "colour"),
            plain("1").replace("short", "signed"),
            plain("1").replace('{', "[").replace('}', "]"),
        ];
        for text in spellings {
            assert!(read::<Form>(&text).is_none(), "{text}");
            check(&text);
        }
    }
}
