use commerce_core::id::{MerchantId, OrderId, PaymentId, RefundId};
use commerce_core::ports::RefundRow;
use rusqlite::{Connection, Row, params};
use uuid::Uuid;

use crate::error::Result;
use crate::row;

macro_rules! columns {
    () => {
        "merchant, id, payment_id, order_id, status, amount_minor, currency"
    };
}

pub(crate) fn put(conn: &Connection, merchant: &MerchantId, refund: &RefundRow) -> Result<()> {
    let sql = concat!(
        "INSERT INTO refunds (",
        columns!(),
        ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (merchant, id, payment_id) DO UPDATE SET order_id = excluded.order_id, \
         status = excluded.status, amount_minor = excluded.amount_minor, currency = excluded.currency"
    );
    conn.prepare_cached(sql)?.execute(params![
        merchant.as_str(),
        refund.id.uuid().into_bytes(),
        refund.payment.uuid().into_bytes(),
        refund.order.map(|id| id.uuid().into_bytes()),
        refund.status,
        refund.amount.minor(),
        refund.amount.currency().code(),
    ])?;
    Ok(())
}

pub(crate) fn get(conn: &Connection, merchant: &MerchantId, id: RefundId) -> Result<Vec<RefundRow>> {
    let sql = concat!("SELECT ", columns!(), " FROM refunds WHERE merchant = ?1 AND id = ?2 ORDER BY payment_id");
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement.query_map(params![merchant.as_str(), id.uuid().into_bytes()], refund)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The refunds of all merchants after a merchant, id and payment, in that order.
pub(crate) fn all(conn: &Connection, after: (&str, Uuid, Uuid), limit: u32) -> Result<Vec<(MerchantId, RefundRow)>> {
    let sql = concat!(
        "SELECT ",
        columns!(),
        " FROM refunds WHERE (merchant, id, payment_id) > (?1, ?2, ?3) ORDER BY merchant, id, payment_id LIMIT ?4"
    );
    let mut statement = conn.prepare_cached(sql)?;
    let params = params![after.0, after.1.into_bytes(), after.2.into_bytes(), limit];
    let rows = statement.query_map(params, |row| Ok((row::text(row, 0)?, refund(row)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn refund(row: &Row<'_>) -> rusqlite::Result<RefundRow> {
    Ok(RefundRow {
        id: row::id(row, 1, RefundId::new)?,
        payment: row::id(row, 2, PaymentId::new)?,
        order: row::id_opt(row, 3, OrderId::new)?,
        status: row.get(4)?,
        amount: row::money(row, 5)?,
    })
}
