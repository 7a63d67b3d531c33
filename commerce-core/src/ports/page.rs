//! Pages of lists.

use std::fmt;
use std::str::FromStr;

/// The most rows that a page holds.
pub const LIMIT_MAX_ROWS: u32 = 1_000;

/// Some rows of a list, and where the next page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Where the next page begins; none: this is the last one.
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    /// The same page with other rows.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(f).collect(), next: self.next }
    }
}

/// A place in a list: the sort key of the last row, opaque to callers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cursor(String);

/// A text that is not a cursor of this list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor of this list")]
pub struct CursorError;

// the longest key of a claim is 512 characters of 4 bytes
const TEXT_MAX_CHARS: usize = 8_192;

const SEPARATOR: char = '\u{1f}';
const ESCAPE: char = '\u{1b}';

impl Cursor {
    /// A cursor of a list with this name, at a row with this sort key, whose parts may hold any character.
    pub fn new(list: &str, key: &[&str]) -> Self {
        let mut plain = list.to_owned();
        for part in key {
            plain.push(SEPARATOR);
            for char in part.chars() {
                if matches!(char, SEPARATOR | ESCAPE) {
                    plain.push(ESCAPE);
                }
                plain.push(char);
            }
        }
        Self(plain.bytes().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The sort key, of `N` parts.
    ///
    /// # Errors
    /// [`CursorError`] if it is of another list.
    pub fn key<const N: usize>(&self, list: &str) -> Result<[String; N], CursorError> {
        let bytes: Option<Vec<u8>> =
            (0..self.0.len()).step_by(2).map(|i| self.0.get(i..i + 2).and_then(|hex| u8::from_str_radix(hex, 16).ok())).collect();
        let plain = bytes.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or(CursorError)?;
        let mut parts = split(&plain).into_iter();
        if parts.next().as_deref() != Some(list) {
            return Err(CursorError);
        }
        parts.collect::<Vec<_>>().try_into().map_err(|_| CursorError)
    }
}

fn split(plain: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut chars = plain.chars();
    while let Some(char) = chars.next() {
        let taken = match char {
            SEPARATOR => {
                parts.push(String::new());
                None
            }
            ESCAPE => chars.next(),
            plain => Some(plain),
        };
        if let (Some(part), Some(taken)) = (parts.last_mut(), taken) {
            part.push(taken);
        }
    }
    parts
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let hex =
            !text.is_empty() && text.len() <= TEXT_MAX_CHARS && text.len().is_multiple_of(2) && text.bytes().all(|b| b.is_ascii_hexdigit());
        if hex { Ok(Self(text.to_owned())) } else { Err(CursorError) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_sort_key_may_hold_any_character() {
        for part in ["", "\u{1f}", "\u{1b}", "a\u{1f}\u{1b}b\u{1b}", "é灯"] {
            let cursor: Cursor = Cursor::new("claims", &[part, part]).to_string().parse().unwrap();
            assert_eq!(cursor.key::<2>("claims"), Ok([part.to_owned(), part.to_owned()]));
        }
    }

    #[test]
    fn a_cursor_reads_back_in_its_own_list_alone() {
        let cursor: Cursor = Cursor::new("orders", &["2026", "a b"]).to_string().parse().unwrap();
        assert_eq!(cursor.key::<2>("orders"), Ok(["2026".to_owned(), "a b".to_owned()]));
        assert_eq!(cursor.key::<2>("payments"), Err(CursorError));
        assert_eq!(cursor.key::<1>("orders"), Err(CursorError));
        for bad in ["", "abc", "zz", "é1"] {
            assert_eq!(bad.parse::<Cursor>(), Err(CursorError));
        }
        assert_eq!("ff".parse::<Cursor>().unwrap().key::<0>("orders"), Err(CursorError));
    }
}
