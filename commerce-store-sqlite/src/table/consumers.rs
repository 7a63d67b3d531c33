use commerce_core::id::{ConsumerName, MerchantId, WorkerId};
use commerce_core::ports::{ConsumerAct, ConsumerRow, ConsumerWrite, FeedKey, Park, ParkedQuery, ParkedRow, Position, Shard};
use commerce_core::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::error::Result;
use crate::row;

/// A consumer in one shard; one that never was is before the first position.
pub(crate) fn get(conn: &Connection, consumer: &ConsumerName, shard: Shard) -> Result<ConsumerRow> {
    let sql = "SELECT consumer, shard, position, epoch, revision, lease_worker, lease_until FROM consumers \
               WHERE consumer = ?1 AND shard = ?2";
    let found = conn.prepare_cached(sql)?.query_row(params![consumer.as_str(), shard.0], consumer_row).optional()?;
    let never = || ConsumerRow { consumer: consumer.clone(), shard, position: Position(0), epoch: 0, revision: 0, lease: None };
    Ok(found.unwrap_or_else(never))
}

/// Whether a write is not outrun.
pub(crate) fn stands(conn: &Connection, write: &ConsumerWrite) -> Result<bool> {
    let row = get(conn, &write.consumer, write.shard)?;
    if row.epoch != write.epoch {
        return Ok(false);
    }
    match &write.act {
        ConsumerAct::Advance { revision, to, settled, .. } => {
            let mut stands = row.revision == *revision && *to >= row.position;
            for position in settled {
                stands = stands && parked_at(conn, &write.consumer, write.shard, *position)?.is_some();
            }
            Ok(stands)
        }
        ConsumerAct::Replay { merchant, key } => Ok(of_key(conn, write, merchant, key)?.is_some()),
        ConsumerAct::Drop { position } => Ok(parked_at(conn, &write.consumer, write.shard, *position)?.is_some()),
        ConsumerAct::Reset { .. } => Ok(true),
    }
}

/// Writes what stands.
pub(crate) fn write(conn: &Connection, write: &ConsumerWrite, now: Timestamp) -> Result<()> {
    let to = match &write.act {
        ConsumerAct::Advance { to, .. } | ConsumerAct::Reset { to } => Some(*to),
        ConsumerAct::Replay { .. } | ConsumerAct::Drop { .. } => None,
    };
    let told = !matches!(write.act, ConsumerAct::Advance { .. });
    let sql = "INSERT INTO consumers (consumer, shard, position, epoch, revision) VALUES (?1, ?2, coalesce(?3, 0), ?4, 1) \
               ON CONFLICT (consumer, shard) DO UPDATE SET position = coalesce(?3, position), epoch = epoch + ?4, \
               revision = revision + 1, lease_worker = CASE WHEN ?4 THEN NULL ELSE lease_worker END, \
               lease_until = CASE WHEN ?4 THEN NULL ELSE lease_until END";
    conn.prepare_cached(sql)?.execute(params![write.consumer.as_str(), write.shard.0, to.map(|to| row::int(to.0)), told])?;
    match &write.act {
        ConsumerAct::Advance { parked, settled, .. } => {
            settled.iter().try_for_each(|position| settle(conn, write, *position))?;
            parked.iter().try_for_each(|one| park(conn, write, one, now))
        }
        ConsumerAct::Replay { merchant, key } => set_replaying(conn, write, merchant, key, true),
        ConsumerAct::Drop { position } => settle(conn, write, *position),
        ConsumerAct::Reset { to } => {
            let sql = "DELETE FROM parked WHERE consumer = ?1 AND shard = ?2 AND position > ?3";
            conn.prepare_cached(sql)?.execute(params![write.consumer.as_str(), write.shard.0, row::int(to.0)])?;
            Ok(())
        }
    }
}

fn settle(conn: &Connection, write: &ConsumerWrite, position: Position) -> Result<()> {
    let sql = "DELETE FROM parked WHERE consumer = ?1 AND shard = ?2 AND position = ?3";
    conn.prepare_cached(sql)?.execute(params![write.consumer.as_str(), write.shard.0, row::int(position.0)])?;
    Ok(())
}

fn park(conn: &Connection, write: &ConsumerWrite, one: &Park, now: Timestamp) -> Result<()> {
    let replaying = if one.error.is_some() {
        set_replaying(conn, write, &one.merchant, &one.key, false)?;
        false
    } else {
        of_key(conn, write, &one.merchant, &one.key)?.unwrap_or(false)
    };
    let sql = "INSERT INTO parked (consumer, shard, position, merchant, key, replaying, failures, error, parked_at) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (consumer, shard, position) DO UPDATE SET \
               replaying = excluded.replaying, failures = excluded.failures, error = excluded.error, parked_at = excluded.parked_at";
    conn.prepare_cached(sql)?.execute(params![
        write.consumer.as_str(),
        write.shard.0,
        row::int(one.position.0),
        one.merchant.as_str(),
        one.key.as_str(),
        replaying,
        one.failures,
        one.error,
        now.micros(),
    ])?;
    Ok(())
}

/// Whether the parked items of a key are replaying; none if there are none.
fn of_key(conn: &Connection, write: &ConsumerWrite, merchant: &MerchantId, key: &FeedKey) -> Result<Option<bool>> {
    let sql = "SELECT replaying FROM parked WHERE consumer = ?1 AND shard = ?2 AND merchant = ?3 AND key = ?4 LIMIT 1";
    let params = params![write.consumer.as_str(), write.shard.0, merchant.as_str(), key.as_str()];
    Ok(conn.prepare_cached(sql)?.query_row(params, |row| row.get(0)).optional()?)
}

fn set_replaying(conn: &Connection, write: &ConsumerWrite, merchant: &MerchantId, key: &FeedKey, replaying: bool) -> Result<()> {
    let sql = "UPDATE parked SET replaying = ?5 WHERE consumer = ?1 AND shard = ?2 AND merchant = ?3 AND key = ?4";
    conn.prepare_cached(sql)?.execute(params![write.consumer.as_str(), write.shard.0, merchant.as_str(), key.as_str(), replaying])?;
    Ok(())
}

/// Leases a consumer to a worker, unless another one has it.
pub(crate) fn take(
    conn: &Connection,
    consumer: &ConsumerName,
    shard: Shard,
    worker: WorkerId,
    clock: Timestamp,
    lease_ms: u64,
) -> Result<Option<ConsumerRow>> {
    let row = get(conn, consumer, shard)?;
    if row.lease.is_some_and(|(holder, until)| holder != worker && until > clock) {
        return Ok(None);
    }
    let until = clock.plus_millis(lease_ms);
    let sql = "INSERT INTO consumers (consumer, shard, position, epoch, revision, lease_worker, lease_until) \
               VALUES (?1, ?2, 0, 1, 0, ?3, ?4) ON CONFLICT (consumer, shard) DO UPDATE SET epoch = epoch + 1, \
               lease_worker = excluded.lease_worker, lease_until = excluded.lease_until";
    conn.prepare_cached(sql)?.execute(params![consumer.as_str(), shard.0, worker.uuid().into_bytes(), until.micros()])?;
    Ok(Some(ConsumerRow { epoch: row.epoch + 1, lease: Some((worker, until)), ..row }))
}

/// Prolongs a lease, or gives it back.
pub(crate) fn renew(conn: &Connection, consumer: &ConsumerName, shard: Shard, epoch: u64, until: Option<Timestamp>) -> Result<bool> {
    let sql = "UPDATE consumers SET lease_until = ?4, lease_worker = CASE WHEN ?4 IS NULL THEN NULL ELSE lease_worker END \
               WHERE consumer = ?1 AND shard = ?2 AND epoch = ?3 AND lease_worker IS NOT NULL";
    let params = params![consumer.as_str(), shard.0, row::int(epoch), until.map(Timestamp::micros)];
    Ok(conn.prepare_cached(sql)?.execute(params)? == 1)
}

/// Ends every lease; answers how many there were.
pub(crate) fn end_leases(conn: &Connection) -> Result<usize> {
    Ok(conn.execute("UPDATE consumers SET lease_worker = NULL, lease_until = NULL WHERE lease_worker IS NOT NULL", [])?)
}

/// The consumers after a name and shard, in that order.
pub(crate) fn all(conn: &Connection, after: (&str, i64), limit: u32) -> Result<Vec<ConsumerRow>> {
    let sql = "SELECT consumer, shard, position, epoch, revision, lease_worker, lease_until FROM consumers \
               WHERE (consumer, shard) > (?1, ?2) ORDER BY consumer, shard LIMIT ?3";
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement.query_map(params![after.0, after.1, limit], consumer_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// A consumer by shard.
pub(crate) fn rows(conn: &Connection, consumer: &ConsumerName) -> Result<Vec<ConsumerRow>> {
    let sql = "SELECT consumer, shard, position, epoch, revision, lease_worker, lease_until FROM consumers \
               WHERE consumer = ?1 ORDER BY shard";
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement.query_map([consumer.as_str()], consumer_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Parked items after a shard and position, in that order.
pub(crate) fn parked(conn: &Connection, query: &ParkedQuery, after: (i64, i64), limit: u32) -> Result<Vec<ParkedRow>> {
    let sql = "SELECT consumer, shard, position, merchant, key, replaying, failures, error, parked_at FROM parked \
               WHERE consumer = ?1 AND (shard, position) > (?2, ?3) AND (?4 IS NULL OR shard = ?4) AND (?5 IS NULL OR merchant = ?5) \
               AND replaying >= ?6 ORDER BY shard, position LIMIT ?7";
    let mut statement = conn.prepare_cached(sql)?;
    let (shard, merchant) = (query.shard.map(|shard| shard.0), query.merchant.as_ref().map(MerchantId::as_str));
    let params = params![query.consumer.as_str(), after.0, after.1, shard, merchant, query.replaying, limit];
    let rows = statement.query_map(params, parked_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// One parked item.
pub(crate) fn parked_at(conn: &Connection, consumer: &ConsumerName, shard: Shard, position: Position) -> Result<Option<ParkedRow>> {
    let sql = "SELECT consumer, shard, position, merchant, key, replaying, failures, error, parked_at FROM parked \
               WHERE consumer = ?1 AND shard = ?2 AND position = ?3";
    let params = params![consumer.as_str(), shard.0, row::int(position.0)];
    Ok(conn.prepare_cached(sql)?.query_row(params, parked_row).optional()?)
}

fn consumer_row(row: &Row<'_>) -> rusqlite::Result<ConsumerRow> {
    let lease = match row::id_opt(row, 5, WorkerId::new)? {
        None => None,
        Some(worker) => Some((worker, row::time(row, 6)?)),
    };
    Ok(ConsumerRow {
        consumer: row::text(row, 0)?,
        shard: Shard(row.get(1)?),
        position: Position(row::count(row, 2)?),
        epoch: row::count(row, 3)?,
        revision: row::count(row, 4)?,
        lease,
    })
}

fn parked_row(row: &Row<'_>) -> rusqlite::Result<ParkedRow> {
    Ok(ParkedRow {
        consumer: row::text(row, 0)?,
        shard: Shard(row.get(1)?),
        position: Position(row::count(row, 2)?),
        merchant: row::text(row, 3)?,
        key: FeedKey::new(row.get::<_, String>(4)?),
        replaying: row.get(5)?,
        failures: row.get(6)?,
        error: row.get(7)?,
        parked_at: row::time(row, 8)?,
    })
}
