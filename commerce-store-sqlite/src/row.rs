//! Values in and out of columns.

use std::error::Error;
use std::str::FromStr;

use commerce_core::money::{Currency, Money};
use commerce_core::ports::{Actor, ActorKind, Position, ResourceRef, Shard};
use commerce_core::time::Timestamp;
use rusqlite::types::{FromSql, Type};
use rusqlite::{Result, Row};
use uuid::Uuid;

/// Bits of a `seq` that hold the position.
const POSITION_BITS: u32 = 47;

#[derive(Debug, thiserror::Error)]
#[error("the value is not one that this column holds")]
struct Unreadable;

pub(crate) fn unreadable(at: usize, kind: Type) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(at, kind, Box::new(Unreadable))
}

/// A column's value, through a check.
pub(crate) fn checked<T: FromSql, U, E: Error + Send + Sync + 'static>(
    row: &Row<'_>,
    at: usize,
    check: impl FnOnce(T) -> Result<U, E>,
) -> Result<U> {
    check(row.get(at)?).map_err(|error| rusqlite::Error::FromSqlConversionFailure(at, Type::Null, Box::new(error)))
}

pub(crate) fn id<T>(row: &Row<'_>, at: usize, new: impl FnOnce(Uuid) -> T) -> Result<T> {
    let bytes: [u8; 16] = row.get(at)?;
    Ok(new(Uuid::from_bytes(bytes)))
}

pub(crate) fn id_opt<T>(row: &Row<'_>, at: usize, new: impl FnOnce(Uuid) -> T) -> Result<Option<T>> {
    let bytes: Option<[u8; 16]> = row.get(at)?;
    Ok(bytes.map(|bytes| new(Uuid::from_bytes(bytes))))
}

pub(crate) fn text<T: FromStr>(row: &Row<'_>, at: usize) -> Result<T>
where
    T::Err: Error + Send + Sync + 'static,
{
    let text = row.get_ref(at)?.as_str()?;
    text.parse().map_err(|error| rusqlite::Error::FromSqlConversionFailure(at, Type::Text, Box::new(error)))
}

pub(crate) fn text_opt<T: FromStr>(row: &Row<'_>, at: usize) -> Result<Option<T>>
where
    T::Err: Error + Send + Sync + 'static,
{
    match row.get_ref(at)?.as_str_or_null()? {
        None => Ok(None),
        Some(_) => text(row, at).map(Some),
    }
}

/// A value of an enum, by its name.
pub(crate) fn name<T>(row: &Row<'_>, at: usize, parse: fn(&str) -> Option<T>) -> Result<T> {
    parse(row.get_ref(at)?.as_str()?).ok_or_else(|| unreadable(at, Type::Text))
}

pub(crate) fn time(row: &Row<'_>, at: usize) -> Result<Timestamp> {
    row.get(at).map(Timestamp::from_micros)
}

pub(crate) fn time_opt(row: &Row<'_>, at: usize) -> Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(at)?.map(Timestamp::from_micros))
}

/// A count that is never below zero.
pub(crate) fn count(row: &Row<'_>, at: usize) -> Result<u64> {
    let value: i64 = row.get(at)?;
    u64::try_from(value).map_err(|_| unreadable(at, Type::Integer))
}

/// An amount, its currency in the next column.
pub(crate) fn money(row: &Row<'_>, at: usize) -> Result<Money> {
    Ok(Money::from_minor(row.get(at)?, text::<Currency>(row, at + 1)?))
}

/// An actor, its own id in the next column.
pub(crate) fn actor(row: &Row<'_>, at: usize) -> Result<Actor> {
    Ok(Actor { kind: name(row, at, ActorKind::parse)?, id: row.get(at + 1)? })
}

/// A resource, its id in the next column.
pub(crate) fn resource(row: &Row<'_>, at: usize) -> Result<ResourceRef> {
    Ok(ResourceRef { kind: name(row, at, commerce_core::ports::ResourceKind::parse)?, id: row.get(at + 1)? })
}

/// Shard and position of a `seq`.
pub(crate) fn place(row: &Row<'_>, at: usize) -> Result<(Shard, Position)> {
    let seq = count(row, at)?;
    let shard = u16::try_from(seq >> POSITION_BITS).map_err(|_| unreadable(at, Type::Integer))?;
    Ok((Shard(shard), Position(seq & ((1 << POSITION_BITS) - 1))))
}

/// The `seq` of a place in the feed.
pub(crate) fn seq(shard: Shard, position: Position) -> i64 {
    let position = position.0.min((1 << POSITION_BITS) - 1);
    (i64::from(shard.0) << POSITION_BITS) | int(position)
}

/// A count as a column holds it.
pub(crate) fn int(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
