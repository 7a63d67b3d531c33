use commerce_core::id::{HoldId, LocationId, MerchantId, MoveId, Sku};
use commerce_core::ports::{Actor, CursorError, FeedEntry, FeedItem, Position, Shard};
use commerce_core::stock::{AccountKey, Limits, Movement, MovementKind};
use commerce_core::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Params, Row, params};

use super::events::{at_of, head_of};
use super::{accounts, holds};
use crate::error::{Result, SqlError};
use crate::row;
use crate::statements::Statements;

macro_rules! select {
    ($($rest:literal),*) => {
        concat!(
            "SELECT m.seq, a.merchant, a.sku, a.location, m.id, m.kind, m.on_hand_delta, m.held_delta, m.hold, m.backorder, m.safety, \
             m.reorder_point, m.reorder_qty, m.reason, m.at, m.actor_kind, m.actor, m.n, m.prev \
             FROM movements m CROSS JOIN accounts a ON a.id = m.account ",
            $($rest),*
        )
    };
}

/// A movement on its way into the table.
pub(crate) struct Recorded {
    pub(crate) shard: Shard,
    pub(crate) position: Position,
    /// What all shards hold with this one.
    pub(crate) n: u64,
    pub(crate) movement: Movement,
    pub(crate) actor: Actor,
}

impl Recorded {
    pub(crate) fn seq(&self) -> i64 {
        row::seq(self.shard, self.position)
    }
}

/// Writes a movement; `prev` is the one of the same SKU before it.
pub(crate) fn insert(conn: &Statements<'_>, account: i64, prev: Option<i64>, recorded: &Recorded) -> Result<()> {
    let Recorded { movement, actor, .. } = recorded;
    let sql = "INSERT INTO movements (seq, id, account, kind, on_hand_delta, held_delta, hold, backorder, safety, reorder_point, \
               reorder_qty, reason, at, actor_kind, actor, n, prev) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)";
    let limits = movement.limits.as_ref();
    conn.prepare_cached(sql)?.execute(params![
        recorded.seq(),
        movement.id.uuid().into_bytes(),
        account,
        movement.kind.as_str(),
        movement.on_hand_delta,
        movement.held_delta,
        movement.hold.map(|id| id.uuid().into_bytes()),
        limits.map(|limits| limits.backorder),
        limits.map(|limits| limits.safety),
        limits.and_then(|limits| limits.reorder_point),
        limits.map(|limits| limits.reorder_qty),
        movement.reason,
        movement.at.micros(),
        actor.kind.as_str(),
        actor.id,
        row::int(recorded.n),
        prev,
    ])?;
    Ok(())
}

/// The movements that a move recorded, in order; those of a hold are what placed it.
pub(crate) fn of_move(conn: &Statements<'_>, merchant: &MerchantId, id: MoveId) -> Result<Vec<Movement>> {
    let mut found = placed(conn, merchant, HoldId::new(id.uuid()))?;
    found.extend(counted(conn, BY_MOVE, params![id.uuid().into_bytes(), merchant.as_str()])?);
    Ok(found.into_iter().map(|(_, movement)| movement).collect())
}

/// The movements of a hold, in the order in which they were recorded.
pub(crate) fn of_hold(conn: &Connection, merchant: &MerchantId, hold: HoldId) -> Result<Vec<Movement>> {
    let conn = &Statements::of(conn);
    let mut found = placed(conn, merchant, hold)?;
    let key = (hold.uuid().into_bytes(), merchant.as_str());
    found.extend(counted(conn, BY_MOVE, key)?);
    found.extend(counted(conn, select!("WHERE m.hold = ?1 AND m.hold <> m.id AND a.merchant = ?2"), key)?);
    found.sort_by_key(|(n, _)| *n);
    Ok(found.into_iter().map(|(_, movement)| movement).collect())
}

/// A movement, and what all shards held with it.
type Counted = (i64, Movement);

/// What a move recorded, unless it placed a hold.
const BY_MOVE: &str = select!("WHERE m.id = ?1 AND m.kind <> 'held' AND a.merchant = ?2 ORDER BY m.seq");

/// The movements that placed a hold: they stand beside each other.
fn placed(conn: &Statements<'_>, merchant: &MerchantId, hold: HoldId) -> Result<Vec<Counted>> {
    let Some((shard, position)) = holds::placed_at(conn, merchant, hold)? else {
        return Ok(Vec::new());
    };
    let mut statement = conn.prepare_cached(select!("WHERE m.seq >= ?1 ORDER BY m.seq"))?;
    let from_there = statement.query_map([row::seq(shard, position)], |row| Ok((row.get(17)?, movement(row)?)))?;
    let own = |found: &rusqlite::Result<Counted>| {
        found.as_ref().map_or(true, |(_, one)| one.kind == MovementKind::Held && one.id.uuid() == hold.uuid())
    };
    Ok(from_there.take_while(own).collect::<rusqlite::Result<_>>()?)
}

fn counted(conn: &Statements<'_>, sql: &'static str, params: impl Params) -> Result<Vec<Counted>> {
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement.query_map(params, |row| Ok((row.get(17)?, movement(row)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Where the last movement of a move stands.
pub(crate) fn find(conn: &Connection, id: MoveId) -> Result<Option<(Shard, Position)>> {
    let sql = "SELECT seq FROM movements WHERE id = ?1 AND kind <> 'held' ORDER BY seq DESC LIMIT 1";
    Ok(conn.prepare_cached(sql)?.query_row([id.uuid().into_bytes()], |row| row::place(row, 0)).optional()?)
}

/// The newest movement of a SKU.
pub(crate) fn newest(conn: &Connection, merchant: &MerchantId, sku: &Sku) -> Result<Option<i64>> {
    newest_of(conn, accounts::of_sku(conn, merchant, sku)?.iter().filter_map(|row| row.last))
}

/// Of the newest movements of some accounts, the one that was committed last.
pub(crate) fn newest_of(conn: &Connection, last: impl Iterator<Item = i64>) -> Result<Option<i64>> {
    let last: Vec<i64> = last.collect();
    if last.len() < 2 {
        return Ok(last.first().copied());
    }
    let mut newest: Option<(i64, i64)> = None;
    for seq in last {
        let n: i64 = conn.prepare_cached("SELECT n FROM movements WHERE seq = ?1")?.query_row([seq], |row| row.get(0))?;
        newest = newest.max(Some((n, seq)));
    }
    Ok(newest.map(|(_, seq)| seq))
}

/// Whether there is such a movement.
pub(crate) fn exists(conn: &Connection, seq: i64) -> Result<bool> {
    Ok(conn.prepare_cached("SELECT 1 FROM movements WHERE seq = ?1")?.exists([seq])?)
}

/// The movements of a SKU from one on, the newest first, each with the one before it.
pub(crate) fn chain(
    conn: &Connection,
    merchant: &MerchantId,
    sku: &Sku,
    from: Option<i64>,
    limit: u32,
) -> Result<Vec<(Option<i64>, FeedItem)>> {
    let mut statement = conn.prepare_cached(select!("WHERE m.seq = ?1"))?;
    let mut items = Vec::new();
    let mut next = from;
    while let Some(seq) = next.filter(|_| items.len() < limit as usize) {
        let found = statement.query_row([seq], |row| Ok((row.get::<_, Option<i64>>(18)?, item(row)?))).optional()?;
        let (prev, item) = found.ok_or(SqlError::Damaged("a movement that a later one follows is missing"))?;
        let own = matches!(&item.entry, FeedEntry::Movement { movement, .. }
            if movement.account.merchant == *merchant && movement.account.sku == *sku);
        if !own {
            return Err(CursorError.into());
        }
        next = prev;
        items.push((prev, item));
    }
    Ok(items)
}

/// The movements of a shard after a position, in order.
pub(crate) fn feed(conn: &Connection, shard: Shard, after: Position, limit: u32) -> Result<Vec<FeedItem>> {
    let span = (row::seq(shard, after), row::seq(shard, Position(u64::MAX)));
    rows(conn, select!("WHERE m.seq > ?1 AND m.seq <= ?2 ORDER BY m.seq LIMIT ?3"), params![span.0, span.1, limit])
}

/// The position of the last movement of a shard.
pub(crate) fn head(conn: &Connection, shard: Shard) -> Result<Position> {
    head_of(conn, "SELECT max(seq) FROM movements WHERE seq > ?1 AND seq <= ?2", shard)
}

/// When the movement at this position happened, if there is one.
pub(crate) fn at(conn: &Connection, shard: Shard, position: Position) -> Result<Option<Timestamp>> {
    at_of(conn, "SELECT at FROM movements WHERE seq = ?1", shard, position)
}

fn rows(conn: &Connection, sql: &str, params: impl Params) -> Result<Vec<FeedItem>> {
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement.query_map(params, item)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn item(row: &Row<'_>) -> rusqlite::Result<FeedItem> {
    let (shard, position) = row::place(row, 0)?;
    let (movement, actor) = (movement(row)?, row::actor(row, 15)?);
    Ok(FeedItem { merchant: movement.account.merchant.clone(), shard, position, entry: FeedEntry::Movement { movement, actor } })
}

fn movement(row: &Row<'_>) -> rusqlite::Result<Movement> {
    let limits = match row.get::<_, Option<i64>>(9)? {
        None => None,
        Some(backorder) => Some(Limits { backorder, safety: row.get(10)?, reorder_point: row.get(11)?, reorder_qty: row.get(12)? }),
    };
    Ok(Movement {
        id: row::id(row, 4, MoveId::new)?,
        account: AccountKey { merchant: row::text(row, 1)?, sku: row::text(row, 2)?, location: row::text::<LocationId>(row, 3)? },
        kind: row::name(row, 5, MovementKind::parse)?,
        on_hand_delta: row.get(6)?,
        held_delta: row.get(7)?,
        hold: row::id_opt(row, 8, HoldId::new)?,
        limits,
        reason: row.get(13)?,
        at: row::time(row, 14)?,
    })
}
