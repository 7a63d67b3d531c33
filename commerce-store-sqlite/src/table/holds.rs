use std::fmt::Write as _;

use commerce_core::id::{HoldId, LocationId, MerchantId, OrderId, ReservationId};
use commerce_core::ports::{Position, Shard};
use commerce_core::stock::{AccountKey, Expiry, Hold, Owner, Placement};
use commerce_core::time::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Params, Row, params};
use uuid::Uuid;

use crate::error::Result;
use crate::row;
use crate::statements::Statements;

macro_rules! columns {
    () => {
        "merchant, id, owner_kind, owner, sku, placements, confirmed, expires_at"
    };
}

pub(crate) fn get(conn: &Connection, merchant: &MerchantId, id: HoldId) -> Result<Option<Hold>> {
    let sql = concat!("SELECT ", columns!(), " FROM holds WHERE merchant = ?1 AND id = ?2");
    Ok(conn.prepare_cached(sql)?.query_row(params![merchant.as_str(), id.uuid().into_bytes()], hold).optional()?)
}

/// Where the movement stands that placed a hold, or the first part of it.
pub(crate) fn placed_at(conn: &Statements<'_>, merchant: &MerchantId, id: HoldId) -> Result<Option<(Shard, Position)>> {
    let sql = "SELECT first FROM holds WHERE merchant = ?1 AND id = ?2";
    Ok(conn.prepare_cached(sql)?.query_row(params![merchant.as_str(), id.uuid().into_bytes()], |row| row::place(row, 0)).optional()?)
}

/// Writes a new hold, with the `seq` of the movement that placed it.
pub(crate) fn insert(conn: &Statements<'_>, hold: &Hold, first: i64) -> Result<()> {
    let sql = concat!("INSERT INTO holds (", columns!(), ", remaining, first) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)");
    let (kind, owner) = key(hold.owner);
    conn.prepare_cached(sql)?.execute(params![
        hold.merchant.as_str(),
        hold.id.uuid().into_bytes(),
        kind,
        owner.into_bytes(),
        hold.sku.as_str(),
        write_placements(&hold.placements),
        hold.confirmed,
        hold.expires_at.micros(),
        hold.remaining(),
        first,
    ])?;
    Ok(())
}

/// Writes what has changed of a hold.
pub(crate) fn update(conn: &Statements<'_>, hold: &Hold) -> Result<()> {
    let sql = "UPDATE holds SET placements = ?3, confirmed = ?4, expires_at = ?5, remaining = ?6 WHERE merchant = ?1 AND id = ?2";
    conn.prepare_cached(sql)?.execute(params![
        hold.merchant.as_str(),
        hold.id.uuid().into_bytes(),
        write_placements(&hold.placements),
        hold.confirmed,
        hold.expires_at.micros(),
        hold.remaining(),
    ])?;
    Ok(())
}

/// Unconfirmed holds with units on an account that expired before `now`, after an expiry, in order.
pub(crate) fn expired_on(conn: &Connection, key: &AccountKey, now: Timestamp, after: Option<Expiry>, limit: u32) -> Result<Vec<Expiry>> {
    let sql = "SELECT expires_at, id, placements FROM holds INDEXED BY holds_open WHERE merchant = ?1 AND sku = ?2 AND confirmed = \
    0 AND remaining > 0 \
               AND expires_at < ?3 AND (expires_at, id) > (?4, ?5) ORDER BY expires_at, id";
    let (at, id) = after.map_or((i64::MIN, Vec::new()), |(at, id)| (at.micros(), id.uuid().as_bytes().to_vec()));
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query(params![key.merchant.as_str(), key.sku.as_str(), now.micros(), at, id])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        if placements(row, 2)?.iter().any(|placement| placement.location == key.location && placement.remaining > 0) {
            found.push((row::time(row, 0)?, row::id(row, 1, HoldId::new)?));
        }
        if found.len() >= usize::try_from(limit).unwrap_or(usize::MAX) {
            break;
        }
    }
    Ok(found)
}

/// Unconfirmed holds of all merchants with units that expired before `now`, the longest expired first, after an expiry, id and merchant.
pub(crate) fn expired(conn: &Connection, now: Timestamp, after: (i64, Uuid, &str), limit: u32) -> Result<Vec<Hold>> {
    let sql = concat!(
        "SELECT ",
        columns!(),
        " FROM holds INDEXED BY holds_open WHERE confirmed = 0 AND remaining > 0 AND expires_at < ?1 \
         AND (expires_at, id, merchant) > (?2, ?3, ?4) ORDER BY expires_at, id, merchant LIMIT ?5"
    );
    rows(conn, sql, params![now.micros(), after.0, after.1.into_bytes(), after.2, limit])
}

/// The holds of an owner, by id.
pub(crate) fn of_owner(conn: &Connection, merchant: &MerchantId, owner: Owner) -> Result<Vec<Hold>> {
    let sql = concat!(
        "SELECT ",
        columns!(),
        " FROM holds INDEXED BY holds_by_owner WHERE merchant = ?1 AND owner = ?2 AND owner_kind = ?3 ORDER BY id"
    );
    let (kind, id) = key(owner);
    rows(conn, sql, params![merchant.as_str(), id.into_bytes(), kind])
}

/// The holds of all merchants after a merchant and id, in that order.
pub(crate) fn all(conn: &Connection, after: (&str, Uuid), limit: u32) -> Result<Vec<Hold>> {
    let sql = concat!("SELECT ", columns!(), " FROM holds WHERE (merchant, id) > (?1, ?2) ORDER BY merchant, id LIMIT ?3");
    rows(conn, sql, params![after.0, after.1.into_bytes(), limit])
}

fn rows(conn: &Connection, sql: &str, params: impl Params) -> Result<Vec<Hold>> {
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement.query_map(params, hold)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

const fn key(owner: Owner) -> (&'static str, Uuid) {
    match owner {
        Owner::Order(id) => ("order", id.uuid()),
        Owner::Reservation(id) => ("reservation", id.uuid()),
    }
}

fn hold(row: &Row<'_>) -> rusqlite::Result<Hold> {
    let owner = match row.get_ref(2)?.as_str()? {
        "order" => row::id(row, 3, |id| Owner::Order(OrderId::new(id)))?,
        "reservation" => row::id(row, 3, |id| Owner::Reservation(ReservationId::new(id)))?,
        _ => return Err(row::unreadable(2, Type::Text)),
    };
    Ok(Hold {
        merchant: row::text(row, 0)?,
        id: row::id(row, 1, HoldId::new)?,
        owner,
        sku: row::text(row, 4)?,
        placements: placements(row, 5)?,
        confirmed: row.get(6)?,
        expires_at: row::time(row, 7)?,
    })
}

fn write_placements(placements: &[Placement]) -> String {
    let mut text = String::new();
    for (i, placement) in placements.iter().enumerate() {
        let line = if i == 0 { "" } else { "\n" };
        // writing to a string cannot fail
        let _done = write!(text, "{line}{} {}", placement.remaining, placement.location);
    }
    text
}

fn placements(row: &Row<'_>, at: usize) -> rusqlite::Result<Vec<Placement>> {
    let parse = |line: &str| {
        let (remaining, location) = line.split_once(' ')?;
        Some(Placement { location: LocationId::new(location).ok()?, remaining: remaining.parse().ok()? })
    };
    let text = row.get_ref(at)?.as_str()?;
    text.lines().map(|line| parse(line).ok_or_else(|| row::unreadable(at, Type::Text))).collect()
}
