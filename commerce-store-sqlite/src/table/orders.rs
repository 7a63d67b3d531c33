use commerce_core::id::{CustomerId, MerchantId, OrderId};
use commerce_core::ports::{OrderQuery, OrderRow, Version};
use commerce_core::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

use crate::error::Result;
use crate::row;
use crate::statements::Statements;

macro_rules! columns {
    () => {
        "merchant, id, customer, status, placed_at, updated_at, version, due, total_minor, currency, doc"
    };
}

/// Writes an order. What hardly ever changes is left out of the update: SQLite writes every index anew that has a column in it.
pub(crate) fn put(conn: &Statements<'_>, merchant: &MerchantId, order: &OrderRow) -> Result<()> {
    macro_rules! upsert {
        ($rest:literal) => {
            concat!(
                "INSERT INTO orders (",
                columns!(),
                ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT (merchant, id) DO UPDATE SET \
                 status = excluded.status, updated_at = excluded.updated_at, version = excluded.version, due = excluded.due, \
                 total_minor = excluded.total_minor, currency = excluded.currency, doc = excluded.doc",
                $rest
            )
        };
    }
    let row = params![
        merchant.as_str(),
        order.id.uuid().into_bytes(),
        order.customer.as_ref().map(CustomerId::as_str),
        order.status,
        order.placed_at.micros(),
        order.updated_at.micros(),
        row::int(order.version.0),
        order.due.map(Timestamp::micros),
        order.total.minor(),
        order.total.currency().code(),
        order.doc,
    ];
    let same = upsert!(" WHERE customer IS excluded.customer AND placed_at = excluded.placed_at");
    if conn.prepare_cached(same)?.execute(row)? == 0 {
        conn.prepare_cached(upsert!(", customer = excluded.customer, placed_at = excluded.placed_at"))?.execute(row)?;
    }
    Ok(())
}

pub(crate) fn get(conn: &Connection, merchant: &MerchantId, id: OrderId) -> Result<Option<OrderRow>> {
    let sql = concat!("SELECT ", columns!(), " FROM orders WHERE merchant = ?1 AND id = ?2");
    Ok(conn.prepare_cached(sql)?.query_row(params![merchant.as_str(), id.uuid().into_bytes()], order).optional()?)
}

pub(crate) fn version(conn: &Connection, merchant: &MerchantId, id: OrderId) -> Result<Option<Version>> {
    let sql = "SELECT version FROM orders WHERE merchant = ?1 AND id = ?2";
    let read = |row: &Row<'_>| row::count(row, 0).map(Version);
    Ok(conn.prepare_cached(sql)?.query_row(params![merchant.as_str(), id.uuid().into_bytes()], read).optional()?)
}

/// The newest orders before a time and id.
pub(crate) fn list(conn: &Connection, query: &OrderQuery, before: (i64, Uuid), limit: u32) -> Result<Vec<OrderRow>> {
    // the planner, which has no statistics, would take the index by time for every filter
    let index = match (&query.customer, &query.status) {
        (Some(_), _) => "orders_by_customer",
        (None, Some(_)) => "orders_by_status",
        (None, None) => "orders_by_time",
    };
    let sql = format!(
        concat!(
            "SELECT ",
            columns!(),
            " FROM orders INDEXED BY {} WHERE merchant = ?1 AND placed_at >= ?2 AND placed_at < ?3 AND (placed_at, id) < (?4, ?5) \
             AND {} AND {} \
             ORDER BY placed_at DESC, id DESC LIMIT ?8"
        ),
        index,
        if query.customer.is_some() { "customer = ?6" } else { "?6 IS NULL" },
        if query.status.is_some() { "status = ?7" } else { "?7 IS NULL" },
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let params = params![
        query.merchant.as_str(),
        query.from.map_or(i64::MIN, Timestamp::micros),
        // what a cursor passed lies outside the range, so that a deep page costs what the first one does
        query.to.map_or(i64::MAX, Timestamp::micros).min(before.0.saturating_add(1)),
        before.0,
        before.1.into_bytes(),
        query.customer.as_ref().map(CustomerId::as_str),
        query.status,
        limit,
    ];
    let rows = statement.query_map(params, order)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub(crate) fn count(conn: &Connection) -> Result<u64> {
    Ok(conn.query_row("SELECT count(*) FROM orders", [], |row| row::count(row, 0))?)
}

/// The orders of all merchants that are due, the longest due first, after a due, id and merchant.
pub(crate) fn due(
    conn: &Connection,
    now: Timestamp,
    after: (i64, Uuid, &str),
    limit: u32,
) -> Result<Vec<(Timestamp, OrderId, MerchantId)>> {
    let sql = "SELECT due, id, merchant FROM orders INDEXED BY orders_due \
               WHERE due <= ?1 AND (due, id, merchant) > (?2, ?3, ?4) ORDER BY due, id, merchant LIMIT ?5";
    let mut statement = conn.prepare_cached(sql)?;
    let read = |row: &Row<'_>| Ok((row::time(row, 0)?, row::id(row, 1, OrderId::new)?, row::text(row, 2)?));
    let rows = statement.query_map(params![now.micros(), after.0, after.1.into_bytes(), after.2, limit], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The orders of all merchants after a merchant and id, in that order.
pub(crate) fn all(conn: &Connection, after: (&str, Uuid), limit: u32) -> Result<Vec<(MerchantId, OrderRow)>> {
    let sql = concat!("SELECT ", columns!(), " FROM orders WHERE (merchant, id) > (?1, ?2) ORDER BY merchant, id LIMIT ?3");
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement.query_map(params![after.0, after.1.into_bytes(), limit], |row| Ok((row::text(row, 0)?, order(row)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn order(row: &Row<'_>) -> rusqlite::Result<OrderRow> {
    Ok(OrderRow {
        id: row::id(row, 1, OrderId::new)?,
        customer: row::text_opt(row, 2)?,
        status: row.get(3)?,
        placed_at: row::time(row, 4)?,
        updated_at: row::time(row, 5)?,
        version: Version(row::count(row, 6)?),
        due: row::time_opt(row, 7)?,
        total: row::money(row, 8)?,
        doc: row.get(10)?,
    })
}
