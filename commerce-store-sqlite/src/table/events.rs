use std::borrow::Cow;

use commerce_core::id::{ConsumerId, EventId, OrderId, PaymentId};
use commerce_core::ports::{EventMeta, NewEvent, Position, SagaId, Shard, Stored, StreamId, StreamName, Version};
use commerce_core::time::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

use crate::error::Result;
use crate::row;
use crate::statements::Statements;

macro_rules! columns {
    () => {
        "seq, merchant, stream, stream_id, version, id, kind, kind_version, mirror, at, actor_kind, actor, correlation, causation, body"
    };
}

/// How many events a stream has.
pub(crate) fn version(conn: &Statements<'_>, stream: &StreamId) -> Result<Version> {
    let sql = "SELECT max(version) FROM events WHERE merchant = ?1 AND stream_id = ?2 AND stream = ?3";
    let (kind, id) = key(stream.name);
    let version: Option<i64> =
        conn.prepare_cached(sql)?.query_row(params![stream.merchant.as_str(), id.into_bytes(), kind], |row| row.get(0))?;
    Ok(Version(version.unwrap_or(0).unsigned_abs()))
}

pub(crate) fn insert(
    conn: &Statements<'_>,
    (shard, position): (Shard, Position),
    stream: &StreamId,
    version: Version,
    event: &NewEvent,
    meta: &EventMeta,
) -> Result<()> {
    let sql = concat!("INSERT INTO events (", columns!(), ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)");
    let (kind, id) = key(stream.name);
    conn.prepare_cached(sql)?.execute(params![
        row::seq(shard, position),
        stream.merchant.as_str(),
        kind,
        id.into_bytes(),
        row::int(version.0),
        event.id.uuid().into_bytes(),
        event.kind,
        event.kind_version,
        event.mirror,
        meta.at.micros(),
        meta.actor.kind.as_str(),
        meta.actor.id,
        meta.correlation,
        meta.causation.map(|id| id.uuid().into_bytes()),
        event.bytes,
    ])?;
    Ok(())
}

pub(crate) fn load(conn: &Connection, stream: &StreamId, after: Version, limit: u32) -> Result<Vec<Stored>> {
    let sql = concat!(
        "SELECT ",
        columns!(),
        " FROM events WHERE merchant = ?1 AND stream_id = ?2 AND stream = ?3 AND version > ?4 ORDER BY version LIMIT ?5"
    );
    let (kind, id) = key(stream.name);
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement.query_map(params![stream.merchant.as_str(), id.into_bytes(), kind, row::int(after.0), limit], stored)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The events of a shard after a position, in order.
pub(crate) fn feed(conn: &Connection, shard: Shard, after: Position, limit: u32, mirrors: bool) -> Result<Vec<Stored>> {
    let sql = concat!("SELECT ", columns!(), " FROM events WHERE seq > ?1 AND seq <= ?2 AND mirror <= ?3 ORDER BY seq LIMIT ?4");
    let mut statement = conn.prepare_cached(sql)?;
    let span = (row::seq(shard, after), row::seq(shard, Position(u64::MAX)));
    let rows = statement.query_map(params![span.0, span.1, mirrors, limit], stored)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The position of the last event of a shard.
pub(crate) fn head(conn: &Connection, shard: Shard) -> Result<Position> {
    let sql = "SELECT max(seq) FROM events WHERE seq > ?1 AND seq <= ?2";
    head_of(conn, sql, shard)
}

/// When what stands at this position happened, if anything does.
pub(crate) fn at(conn: &Connection, shard: Shard, position: Position) -> Result<Option<Timestamp>> {
    at_of(conn, "SELECT at FROM events WHERE seq = ?1", shard, position)
}

pub(super) fn at_of(conn: &Connection, sql: &str, shard: Shard, position: Position) -> Result<Option<Timestamp>> {
    Ok(conn.prepare_cached(sql)?.query_row([row::seq(shard, position)], |row| row::time(row, 0)).optional()?)
}

pub(super) fn head_of(conn: &Connection, sql: &str, shard: Shard) -> Result<Position> {
    let span = (row::seq(shard, Position(0)), row::seq(shard, Position(u64::MAX)));
    let seq: Option<i64> = conn.prepare_cached(sql)?.query_row(params![span.0, span.1], |row| row.get(0))?;
    Ok(Position(seq.map_or(0, |seq| (seq - span.0).unsigned_abs())))
}

/// The streams of all merchants after a merchant, id and kind, each with the version of its last event, in that order.
pub(crate) fn streams(conn: &Connection, after: (&str, Uuid, &str), limit: u32) -> Result<Vec<(StreamId, Version)>> {
    let sql = "SELECT merchant, stream, stream_id, max(version) FROM events WHERE (merchant, stream_id, stream) > (?1, ?2, ?3) \
               GROUP BY merchant, stream_id, stream ORDER BY merchant, stream_id, stream LIMIT ?4";
    let mut statement = conn.prepare_cached(sql)?;
    let read = |row: &Row<'_>| Ok((StreamId { merchant: row::text(row, 0)?, name: name(row, 1)? }, Version(row::count(row, 3)?)));
    let rows = statement.query_map(params![after.0, after.1.into_bytes(), after.2, limit], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Where an event stands, if it is this version of its stream.
pub(crate) fn find(conn: &Connection, stream: &StreamId, version: Version, event: EventId) -> Result<Option<(Shard, Position)>> {
    let sql = "SELECT seq FROM events WHERE merchant = ?1 AND stream_id = ?2 AND stream = ?3 AND version = ?4 AND id = ?5";
    let (kind, id) = key(stream.name);
    let key = params![stream.merchant.as_str(), id.into_bytes(), kind, row::int(version.0), event.uuid().into_bytes()];
    Ok(conn.prepare_cached(sql)?.query_row(key, |row| row::place(row, 0)).optional()?)
}

pub(crate) const fn key(name: StreamName) -> (&'static str, Uuid) {
    match name {
        StreamName::Order(id) => ("order", id.uuid()),
        StreamName::Payment(id) => ("payment", id.uuid()),
        StreamName::Saga(id) => ("saga", id.0),
        StreamName::Consumer(id) => ("consumer", id.uuid()),
    }
}

/// The name of a stream, its id in the next column.
fn name(row: &Row<'_>, at: usize) -> rusqlite::Result<StreamName> {
    match row.get_ref(at)?.as_str()? {
        "order" => row::id(row, at + 1, |id| StreamName::Order(OrderId::new(id))),
        "payment" => row::id(row, at + 1, |id| StreamName::Payment(PaymentId::new(id))),
        "saga" => row::id(row, at + 1, |id| StreamName::Saga(SagaId(id))),
        "consumer" => row::id(row, at + 1, |id| StreamName::Consumer(ConsumerId::new(id))),
        _ => Err(row::unreadable(at, Type::Text)),
    }
}

fn stored(row: &Row<'_>) -> rusqlite::Result<Stored> {
    let (shard, position) = row::place(row, 0)?;
    Ok(Stored {
        stream: StreamId { merchant: row::text(row, 1)?, name: name(row, 2)? },
        version: Version(row::count(row, 4)?),
        shard,
        position,
        event: NewEvent {
            id: row::id(row, 5, EventId::new)?,
            kind: Cow::Owned(row.get(6)?),
            kind_version: row.get(7)?,
            mirror: row.get(8)?,
            bytes: row.get(14)?,
        },
        meta: EventMeta {
            at: row::time(row, 9)?,
            actor: row::actor(row, 10)?,
            correlation: row.get(12)?,
            causation: row::id_opt(row, 13, EventId::new)?,
        },
    })
}
