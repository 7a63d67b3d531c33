//! Pages of ordered rows.

use std::str::FromStr;

use commerce_core::id::MerchantId;
use commerce_core::ports::{Cursor, CursorError, LIMIT_MAX_ROWS, Page};
use commerce_core::time::Timestamp;
use uuid::Uuid;

use crate::error::Result;

/// How many rows a read of up to `limit` may have.
pub(crate) fn rows_max(limit: u32) -> u32 {
    limit.min(LIMIT_MAX_ROWS)
}

/// Reads a page: one row more than it holds tells whether there is another.
pub(crate) fn page<T, const N: usize>(
    list: &str,
    limit: u32,
    read: impl FnOnce(u32) -> Result<Vec<T>>,
    key: impl Fn(&T) -> [String; N],
) -> Result<Page<T>> {
    let limit = rows_max(limit.max(1));
    let mut items = read(limit + 1)?;
    let more = items.len() > limit as usize;
    items.truncate(limit as usize);
    let last = items.last().filter(|_| more).map(key);
    Ok(Page { next: last.map(|key| Cursor::new(list, &key.each_ref().map(String::as_str))), items })
}

/// The sort key of the last row read, if there is a cursor.
pub(crate) fn after<const N: usize>(list: &str, cursor: Option<&Cursor>) -> Result<Option<[String; N]>> {
    Ok(cursor.map(|cursor| cursor.key(list)).transpose()?)
}

/// A part of a sort key.
pub(crate) fn part<T: FromStr>(text: &str) -> Result<T> {
    Ok(text.parse().map_err(|_| CursorError)?)
}

/// A place in a list by time, the newest first: its cursor's, or the end of all time.
pub(crate) fn before(list: &str, cursor: Option<&Cursor>) -> Result<(i64, Uuid)> {
    match after::<2>(list, cursor)? {
        Some([micros, id]) => Ok((part(&micros)?, part(&id)?)),
        None => Ok((i64::MAX, Uuid::max())),
    }
}

/// The sort key of a row in a list by time.
pub(crate) fn time_key(at: Timestamp, id: Uuid) -> [String; 2] {
    [at.micros().to_string(), id.to_string()]
}

/// A place in a list by merchant and id: its cursor's, or before the first.
pub(crate) fn after_id(list: &str, cursor: Option<&Cursor>) -> Result<(String, Uuid)> {
    match after::<2>(list, cursor)? {
        Some([merchant, id]) => Ok((merchant, part(&id)?)),
        None => Ok((String::new(), Uuid::nil())),
    }
}

/// A place in a list by time, the oldest first, over all merchants: its cursor's, or the beginning of all time.
pub(crate) fn after_time(list: &str, cursor: Option<&Cursor>) -> Result<(i64, Uuid, String)> {
    match after::<3>(list, cursor)? {
        Some([micros, id, merchant]) => Ok((part(&micros)?, part(&id)?, merchant)),
        None => Ok((i64::MIN, Uuid::nil(), String::new())),
    }
}

/// The sort key of a row in such a list.
pub(crate) fn place(at: Timestamp, id: Uuid, merchant: &MerchantId) -> [String; 3] {
    [at.micros().to_string(), id.to_string(), merchant.to_string()]
}
