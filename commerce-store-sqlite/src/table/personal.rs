use commerce_core::id::{CustomerId, MerchantId, OrderId, PersonalRef};
use commerce_core::ports::{PersonalRow, PersonalWrite};
use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

use crate::error::Result;
use crate::row;

pub(crate) fn put(conn: &Connection, merchant: &MerchantId, data: &PersonalWrite) -> Result<()> {
    let sql = "INSERT INTO personal (merchant, reference, customer, order_id, body) VALUES (?1, ?2, ?3, ?4, ?5) \
               ON CONFLICT (merchant, reference) DO UPDATE SET customer = excluded.customer, order_id = excluded.order_id, body = \
               excluded.body";
    conn.prepare_cached(sql)?.execute(params![
        merchant.as_str(),
        data.reference.uuid().into_bytes(),
        data.customer.as_ref().map(CustomerId::as_str),
        data.order.map(|id| id.uuid().into_bytes()),
        data.bytes,
    ])?;
    Ok(())
}

pub(crate) fn get(conn: &Connection, merchant: &MerchantId, reference: PersonalRef) -> Result<Option<PersonalRow>> {
    let sql = "SELECT reference, customer, order_id, body FROM personal WHERE merchant = ?1 AND reference = ?2";
    Ok(conn.prepare_cached(sql)?.query_row(params![merchant.as_str(), reference.uuid().into_bytes()], personal).optional()?)
}

/// The rows of all merchants after a merchant and reference, in that order.
pub(crate) fn all(conn: &Connection, after: (&str, Uuid), limit: u32) -> Result<Vec<(MerchantId, PersonalRow)>> {
    let sql = "SELECT reference, customer, order_id, body, merchant FROM personal WHERE (merchant, reference) > (?1, ?2) \
               ORDER BY merchant, reference LIMIT ?3";
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement.query_map(params![after.0, after.1.into_bytes(), limit], |row| Ok((row::text(row, 4)?, personal(row)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn personal(row: &Row<'_>) -> rusqlite::Result<PersonalRow> {
    Ok(PersonalRow {
        reference: row::id(row, 0, PersonalRef::new)?,
        customer: row::text_opt(row, 1)?,
        order: row::id_opt(row, 2, OrderId::new)?,
        bytes: row.get(3)?,
    })
}

/// Deletes all rows of a customer, and overwrites where they stood.
pub(crate) fn erase(conn: &Connection, merchant: &MerchantId, customer: &CustomerId) -> Result<u64> {
    let set = |on: bool| conn.pragma_update_and_check(None, "secure_delete", on, |row| row.get::<_, i64>(0));
    set(true)?;
    let sql = "DELETE FROM personal WHERE merchant = ?1 AND customer = ?2";
    let gone = conn.prepare_cached(sql).and_then(|mut delete| delete.execute(params![merchant.as_str(), customer.as_str()]));
    set(false)?;
    Ok(u64::try_from(gone?).unwrap_or(u64::MAX))
}
