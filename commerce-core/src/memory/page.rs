//! Pages over ordered rows.

use std::str::FromStr;

use crate::ports::{Cursor, CursorError, LIMIT_MAX_ROWS, Page, PortError};

/// How many rows a read of up to `limit` may have.
pub(super) fn rows_max(limit: u32) -> usize {
    limit.min(LIMIT_MAX_ROWS) as usize
}

/// The first rows of those after a cursor; at least one, so that a walk comes to its end.
pub(super) fn page<T, const N: usize>(
    list: &str,
    limit: u32,
    mut rows: impl Iterator<Item = T>,
    key: impl Fn(&T) -> [String; N],
) -> Page<T> {
    let items: Vec<T> = rows.by_ref().take(rows_max(limit.max(1))).collect();
    let more = rows.next().is_some();
    let last = items.last().filter(|_| more).map(key);
    let next = last.map(|key| Cursor::new(list, &key.each_ref().map(String::as_str)));
    Page { items, next }
}

/// The sort key of the last row read, if there is a cursor.
pub(super) fn after<const N: usize>(list: &str, cursor: Option<&Cursor>) -> Result<Option<[String; N]>, PortError> {
    cursor.map(|cursor| cursor.key(list)).transpose().map_err(PortError::misuse)
}

/// A part of a sort key.
pub(super) fn part<T: FromStr>(text: &str) -> Result<T, PortError> {
    text.parse().map_err(|_| PortError::misuse(CursorError))
}
