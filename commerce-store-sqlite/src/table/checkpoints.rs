use commerce_core::ports::{Checkpoint, Position, Shard};
use rusqlite::{Connection, OptionalExtension, params};

use crate::error::Result;
use crate::row;

pub(crate) fn put(conn: &Connection, point: &Checkpoint) -> Result<()> {
    let sql = "INSERT INTO checkpoints (consumer, shard, position) VALUES (?1, ?2, ?3) \
               ON CONFLICT (consumer, shard) DO UPDATE SET position = max(position, excluded.position)";
    conn.prepare_cached(sql)?.execute(params![point.consumer, point.shard.0, row::int(point.position.0)])?;
    Ok(())
}

pub(crate) fn get(conn: &Connection, consumer: &str, shard: Shard) -> Result<Option<Position>> {
    let sql = "SELECT position FROM checkpoints WHERE consumer = ?1 AND shard = ?2";
    Ok(conn.prepare_cached(sql)?.query_row(params![consumer, shard.0], |row| row::count(row, 0).map(Position)).optional()?)
}

pub(crate) fn of_consumer(conn: &Connection, consumer: &str) -> Result<Vec<(Shard, Position)>> {
    let mut statement = conn.prepare_cached("SELECT shard, position FROM checkpoints WHERE consumer = ?1 ORDER BY shard")?;
    let rows = statement.query_map([consumer], |row| Ok((Shard(row.get(0)?), Position(row::count(row, 1)?))))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
