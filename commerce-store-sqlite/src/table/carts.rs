use commerce_core::cart::{Cart, CartLine, Revision};
use commerce_core::id::{CartId, CustomerId, MerchantId};
use commerce_core::quantity::Quantity;
use commerce_core::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::error::Result;
use crate::row;

pub(crate) fn get(conn: &Connection, merchant: &MerchantId, id: CartId) -> Result<Option<Cart>> {
    let sql = "SELECT revision, customer, currency, created_at, updated_at, expires_at FROM carts WHERE merchant = ?1 AND id = ?2";
    let read = |row: &Row<'_>| {
        Ok(Cart {
            id,
            revision: Revision(row::count(row, 0)?),
            customer: row::text_opt(row, 1)?,
            currency: row::text(row, 2)?,
            lines: Vec::new(),
            created_at: row::time(row, 3)?,
            updated_at: row::time(row, 4)?,
            expires_at: row::time(row, 5)?,
        })
    };
    let key = params![merchant.as_str(), id.uuid().into_bytes()];
    let Some(cart) = conn.prepare_cached(sql)?.query_row(key, read).optional()? else {
        return Ok(None);
    };
    let mut statement = conn.prepare_cached("SELECT sku, qty FROM cart_lines WHERE merchant = ?1 AND cart = ?2 ORDER BY line")?;
    let lines = statement
        .query_map(key, |row| Ok(CartLine { sku: row::text(row, 0)?, qty: row::checked(row, 1, |units: i64| Quantity::new(units))? }))?;
    Ok(Some(Cart { lines: lines.collect::<rusqlite::Result<_>>()?, ..cart }))
}

/// Writes a cart whose stored revision is `expected`; `false` if it is another.
pub(crate) fn put(conn: &Connection, merchant: &MerchantId, cart: &Cart, expected: Option<Revision>) -> Result<bool> {
    let id = cart.id.uuid().into_bytes();
    if revision(conn, merchant, cart.id)? != expected.map(|revision| row::int(revision.0)) {
        return Ok(false);
    }
    let sql = "INSERT INTO carts (merchant, id, revision, customer, currency, created_at, updated_at, expires_at) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (merchant, id) DO UPDATE SET revision = excluded.revision, \
               customer = excluded.customer, currency = excluded.currency, created_at = excluded.created_at, \
               updated_at = excluded.updated_at, expires_at = excluded.expires_at";
    conn.prepare_cached(sql)?.execute(params![
        merchant.as_str(),
        id,
        row::int(cart.revision.0),
        cart.customer.as_ref().map(CustomerId::as_str),
        cart.currency.code(),
        cart.created_at.micros(),
        cart.updated_at.micros(),
        cart.expires_at.micros(),
    ])?;
    conn.prepare_cached("DELETE FROM cart_lines WHERE merchant = ?1 AND cart = ?2")?.execute(params![merchant.as_str(), id])?;
    let mut insert = conn.prepare_cached("INSERT INTO cart_lines (merchant, cart, line, sku, qty) VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for (line, number) in cart.lines.iter().zip(1_u32..) {
        insert.execute(params![merchant.as_str(), id, number, line.sku.as_str(), line.qty.get()])?;
    }
    Ok(true)
}

/// Writes a cart and deletes another, both at their revisions; `false`, and neither done, if either has another.
pub(crate) fn put_and_delete(
    conn: &Connection,
    merchant: &MerchantId,
    cart: &Cart,
    expected: Revision,
    gone: (CartId, Revision),
) -> Result<bool> {
    if revision(conn, merchant, gone.0)? != Some(row::int(gone.1.0)) || !put(conn, merchant, cart, Some(expected))? {
        return Ok(false);
    }
    delete(conn, merchant, gone.0)
}

fn revision(conn: &Connection, merchant: &MerchantId, id: CartId) -> Result<Option<i64>> {
    let sql = "SELECT revision FROM carts WHERE merchant = ?1 AND id = ?2";
    Ok(conn.prepare_cached(sql)?.query_row(params![merchant.as_str(), id.uuid().into_bytes()], |row| row.get(0)).optional()?)
}

pub(crate) fn delete(conn: &Connection, merchant: &MerchantId, id: CartId) -> Result<bool> {
    let sql = "DELETE FROM carts WHERE merchant = ?1 AND id = ?2";
    Ok(conn.prepare_cached(sql)?.execute(params![merchant.as_str(), id.uuid().into_bytes()])? == 1)
}

/// Deletes carts of all merchants that expired before `now`.
pub(crate) fn sweep(conn: &Connection, now: Timestamp, limit: u32) -> Result<u64> {
    let sql =
        "DELETE FROM carts WHERE (merchant, id) IN (SELECT merchant, id FROM carts WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2)";
    let gone = conn.prepare_cached(sql)?.execute(params![now.micros(), limit])?;
    Ok(u64::try_from(gone).unwrap_or(u64::MAX))
}
