use std::borrow::Cow;
use std::fmt::Write as _;

use commerce_core::id::{MerchantId, OrderId, PaymentId, WorkerId};
use commerce_core::ports::{KindVersion, NewSaga, SagaId, SagaPhase, SagaQuery, SagaRow, SagaUpdate};
use commerce_core::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

use crate::error::Result;
use crate::row;
use crate::statements::Statements;

macro_rules! columns {
    () => {
        "id, merchant, kind, kind_version, order_id, payment_id, phase, epoch, revision, lease_worker, lease_until, due, failures, \
         last_error, state, created_at, updated_at"
    };
}

/// What writes to a saga are fenced by.
#[derive(Clone)]
pub(crate) struct Stand {
    pub(crate) merchant: MerchantId,
    pub(crate) epoch: u64,
    pub(crate) revision: u64,
    pub(crate) running: bool,
}

pub(crate) fn stand(conn: &Statements<'_>, id: SagaId) -> Result<Option<Stand>> {
    let sql = "SELECT merchant, epoch, revision, phase = 'running' FROM sagas WHERE id = ?1";
    let read = |row: &Row<'_>| {
        Ok(Stand { merchant: row::text(row, 0)?, epoch: row::count(row, 1)?, revision: row::count(row, 2)?, running: row.get(3)? })
    };
    Ok(conn.prepare_cached(sql)?.query_row([id.0.into_bytes()], read).optional()?)
}

/// A saga, of whichever merchant.
pub(crate) fn find(conn: &Connection, id: SagaId) -> Result<Option<SagaRow>> {
    let sql = concat!("SELECT ", columns!(), " FROM sagas WHERE id = ?1");
    Ok(conn.prepare_cached(sql)?.query_row([id.0.into_bytes()], saga).optional()?)
}

/// Writes a new saga. `clock` is what leases are counted from, `now` the time of its change set.
pub(crate) fn insert(conn: &Statements<'_>, merchant: &MerchantId, saga: &NewSaga, clock: Timestamp, now: Timestamp) -> Result<()> {
    let sql = concat!(
        "INSERT INTO sagas (",
        columns!(),
        ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'running', ?7, 1, ?8, ?9, ?10, 0, NULL, ?11, ?12, ?12)"
    );
    conn.prepare_cached(sql)?.execute(params![
        saga.id.0.into_bytes(),
        merchant.as_str(),
        saga.kind.kind,
        saga.kind.version,
        saga.order.map(|id| id.uuid().into_bytes()),
        saga.payment.map(|id| id.uuid().into_bytes()),
        saga.leased_to.is_some(),
        saga.leased_to.map(|(worker, _)| worker.uuid().into_bytes()),
        saga.leased_to.map(|(_, lease_ms)| clock.plus_millis(lease_ms).micros()),
        saga.due.map(Timestamp::micros),
        saga.state,
        now.micros(),
    ])?;
    Ok(())
}

pub(crate) fn update(conn: &Statements<'_>, update: &SagaUpdate, now: Timestamp) -> Result<()> {
    let sql = "UPDATE sagas SET revision = revision + 1, phase = ?2, due = ?3, failures = ?4, last_error = ?5, state = ?6, \
    updated_at = ?7, \
               lease_worker = CASE WHEN ?8 THEN NULL ELSE lease_worker END, lease_until = CASE WHEN ?8 THEN NULL ELSE lease_until END \
               WHERE id = ?1";
    conn.prepare_cached(sql)?.execute(params![
        update.id.0.into_bytes(),
        update.phase.as_str(),
        update.due.map(Timestamp::micros),
        update.failures,
        update.last_error,
        update.state,
        now.micros(),
        update.release,
    ])?;
    Ok(())
}

/// Makes a running saga due no later than `due`; leaves any other alone.
pub(crate) fn wake(conn: &Statements<'_>, merchant: &MerchantId, id: SagaId, due: Timestamp, now: Timestamp) -> Result<()> {
    let sql = "UPDATE sagas SET revision = revision + 1, due = min(coalesce(due, ?3), ?3), updated_at = ?4 \
               WHERE id = ?1 AND merchant = ?2 AND phase = 'running'";
    conn.prepare_cached(sql)?.execute(params![id.0.into_bytes(), merchant.as_str(), due.micros(), now.micros()])?;
    Ok(())
}

/// Leases due sagas of these kinds to a worker, the most overdue first.
pub(crate) fn claim(
    conn: &Connection,
    worker: WorkerId,
    kinds: &[KindVersion],
    clock: Timestamp,
    lease_ms: u64,
    limit: u32,
) -> Result<Vec<SagaRow>> {
    let sql = concat!(
        "UPDATE sagas SET epoch = epoch + 1, lease_worker = ?1, lease_until = ?2 WHERE n IN (SELECT n FROM sagas INDEXED BY sagas_running \
         WHERE phase = 'running' AND due <= ?3 AND (lease_until IS NULL OR lease_until <= ?3) AND instr(?4, char(31) || kind || \
         char(30) || kind_version || char(31)) \
         ORDER BY due LIMIT ?5) RETURNING ",
        columns!()
    );
    let until = clock.plus_millis(lease_ms);
    let mut statement = conn.prepare_cached(sql)?;
    let params = params![worker.uuid().into_bytes(), until.micros(), clock.micros(), kind_list(kinds), limit];
    let mut sagas = statement.query_map(params, saga)?.collect::<rusqlite::Result<Vec<_>>>()?;
    sagas.sort_by_key(|saga| (saga.due, saga.id));
    Ok(sagas)
}

/// The kinds as one text in which SQL finds a kind: each between unit separators, its version after a record separator.
fn kind_list(kinds: &[KindVersion]) -> String {
    let mut list = String::from('\u{1f}');
    for kind in kinds {
        // writing to a string cannot fail
        let _done = write!(list, "{}\u{1e}{}\u{1f}", kind.kind, kind.version);
    }
    list
}

pub(crate) fn renew(conn: &Connection, id: SagaId, epoch: u64, until: Timestamp) -> Result<bool> {
    let sql = "UPDATE sagas SET lease_until = ?3 WHERE id = ?1 AND epoch = ?2 AND lease_worker IS NOT NULL";
    Ok(conn.prepare_cached(sql)?.execute(params![id.0.into_bytes(), row::int(epoch), until.micros()])? == 1)
}

/// Ends every lease; answers how many there were.
pub(crate) fn end_leases(conn: &Connection) -> Result<usize> {
    let sql = "UPDATE sagas INDEXED BY sagas_running SET lease_worker = NULL, lease_until = NULL WHERE phase = 'running' AND \
    lease_worker IS NOT NULL";
    Ok(conn.execute(sql, [])?)
}

pub(crate) fn get(conn: &Connection, merchant: &MerchantId, id: SagaId) -> Result<Option<SagaRow>> {
    let sql = concat!("SELECT ", columns!(), " FROM sagas WHERE id = ?1 AND merchant = ?2");
    Ok(conn.prepare_cached(sql)?.query_row(params![id.0.into_bytes(), merchant.as_str()], saga).optional()?)
}

/// The sagas of all merchants after an id, by id.
pub(crate) fn all(conn: &Connection, after: Uuid, limit: u32) -> Result<Vec<SagaRow>> {
    let sql = concat!("SELECT ", columns!(), " FROM sagas WHERE id > ?1 ORDER BY id LIMIT ?2");
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement.query_map(params![after.into_bytes(), limit], saga)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The newest sagas before a time and id.
pub(crate) fn list(conn: &Connection, query: &SagaQuery, before: (i64, Uuid), limit: u32) -> Result<Vec<SagaRow>> {
    let plain = concat!(
        "SELECT ",
        columns!(),
        " FROM sagas WHERE merchant = ?1 AND (created_at, id) < (?2, ?3) AND (?4 IS NULL OR phase = ?4) AND ?5 IS NULL \
         ORDER BY created_at DESC, id DESC LIMIT ?6"
    );
    let stuck = concat!(
        "SELECT ",
        columns!(),
        " FROM sagas INDEXED BY sagas_stuck WHERE merchant = ?1 AND (created_at, id) < (?2, ?3) AND phase = 'stuck' AND ?4 IS NOT \
         NULL AND ?5 IS NULL \
         ORDER BY created_at DESC, id DESC LIMIT ?6"
    );
    let of_order = concat!(
        "SELECT ",
        columns!(),
        " FROM sagas INDEXED BY sagas_by_order WHERE merchant = ?1 AND (created_at, id) < (?2, ?3) AND (?4 IS NULL OR phase = ?4) \
         AND order_id = ?5 \
         ORDER BY created_at DESC, id DESC LIMIT ?6"
    );
    let sql = match (query.order, query.phase) {
        (Some(_), _) => of_order,
        (None, Some(SagaPhase::Stuck)) => stuck,
        (None, _) => plain,
    };
    let mut statement = conn.prepare_cached(sql)?;
    let params = params![
        query.merchant.as_str(),
        before.0,
        before.1.into_bytes(),
        query.phase.map(SagaPhase::as_str),
        query.order.map(|id| id.uuid().into_bytes()),
        limit,
    ];
    let rows = statement.query_map(params, saga)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn saga(row: &Row<'_>) -> rusqlite::Result<SagaRow> {
    let lease = match row::id_opt(row, 9, WorkerId::new)? {
        None => None,
        Some(worker) => Some((worker, row::time(row, 10)?)),
    };
    Ok(SagaRow {
        id: row::id(row, 0, SagaId)?,
        merchant: row::text(row, 1)?,
        kind: KindVersion { kind: Cow::Owned(row.get(2)?), version: row.get(3)? },
        order: row::id_opt(row, 4, OrderId::new)?,
        payment: row::id_opt(row, 5, PaymentId::new)?,
        phase: row::name(row, 6, SagaPhase::parse)?,
        epoch: row::count(row, 7)?,
        revision: row::count(row, 8)?,
        lease,
        due: row::time_opt(row, 11)?,
        failures: row.get(12)?,
        last_error: row.get(13)?,
        state: row.get(14)?,
        created_at: row::time(row, 15)?,
        updated_at: row::time(row, 16)?,
    })
}
