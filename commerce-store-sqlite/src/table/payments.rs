use commerce_core::id::{MerchantId, OrderId, PaymentId};
use commerce_core::ports::{PaymentQuery, PaymentRow, Version};
use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

use crate::error::Result;
use crate::row;
use crate::statements::Statements;

macro_rules! columns {
    () => {
        "merchant, id, order_id, status, created_at, updated_at, version, doc"
    };
}

/// Writes a payment. What hardly ever changes is left out of the update: SQLite writes every index anew that has a column in it.
pub(crate) fn put(conn: &Statements<'_>, merchant: &MerchantId, payment: &PaymentRow) -> Result<()> {
    macro_rules! upsert {
        ($rest:literal) => {
            concat!(
                "INSERT INTO payments (",
                columns!(),
                ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (merchant, id) DO UPDATE SET status = excluded.status, \
                 updated_at = excluded.updated_at, version = excluded.version, doc = excluded.doc",
                $rest
            )
        };
    }
    let row = params![
        merchant.as_str(),
        payment.id.uuid().into_bytes(),
        payment.order.map(|id| id.uuid().into_bytes()),
        payment.status,
        payment.created_at.micros(),
        payment.updated_at.micros(),
        row::int(payment.version.0),
        payment.doc,
    ];
    let same = upsert!(" WHERE order_id IS excluded.order_id AND created_at = excluded.created_at");
    if conn.prepare_cached(same)?.execute(row)? == 0 {
        conn.prepare_cached(upsert!(", order_id = excluded.order_id, created_at = excluded.created_at"))?.execute(row)?;
    }
    Ok(())
}

pub(crate) fn get(conn: &Connection, merchant: &MerchantId, id: PaymentId) -> Result<Option<PaymentRow>> {
    let sql = concat!("SELECT ", columns!(), " FROM payments WHERE merchant = ?1 AND id = ?2");
    Ok(conn.prepare_cached(sql)?.query_row(params![merchant.as_str(), id.uuid().into_bytes()], payment).optional()?)
}

/// The newest payments before a time and id.
pub(crate) fn list(conn: &Connection, query: &PaymentQuery, before: (i64, Uuid), limit: u32) -> Result<Vec<PaymentRow>> {
    // the planner, which has no statistics, would take the index by time for every filter
    let index = match (query.order, &query.status) {
        (Some(_), _) => "payments_by_order",
        (None, Some(_)) => "payments_by_status",
        (None, None) => "payments_by_time",
    };
    let sql = format!(
        concat!(
            "SELECT ",
            columns!(),
            " FROM payments INDEXED BY {} WHERE merchant = ?1 AND (created_at, id) < (?2, ?3) AND {} AND {} ORDER BY created_at \
             DESC, id DESC LIMIT ?6"
        ),
        index,
        if query.status.is_some() { "status = ?4" } else { "?4 IS NULL" },
        if query.order.is_some() { "order_id = ?5" } else { "?5 IS NULL" },
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let order = query.order.map(|id| id.uuid().into_bytes());
    let params = params![query.merchant.as_str(), before.0, before.1.into_bytes(), query.status, order, limit];
    let rows = statement.query_map(params, payment)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The payments of all merchants after a merchant and id, in that order.
pub(crate) fn all(conn: &Connection, after: (&str, Uuid), limit: u32) -> Result<Vec<(MerchantId, PaymentRow)>> {
    let sql = concat!("SELECT ", columns!(), " FROM payments WHERE (merchant, id) > (?1, ?2) ORDER BY merchant, id LIMIT ?3");
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement.query_map(params![after.0, after.1.into_bytes(), limit], |row| Ok((row::text(row, 0)?, payment(row)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn payment(row: &Row<'_>) -> rusqlite::Result<PaymentRow> {
    Ok(PaymentRow {
        id: row::id(row, 1, PaymentId::new)?,
        order: row::id_opt(row, 2, OrderId::new)?,
        status: row.get(3)?,
        created_at: row::time(row, 4)?,
        updated_at: row::time(row, 5)?,
        version: Version(row::count(row, 6)?),
        doc: row.get(7)?,
    })
}
