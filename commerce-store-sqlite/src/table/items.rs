use std::collections::BTreeMap;

use commerce_core::catalogue::Item;
use commerce_core::goods::ItemKind;
use commerce_core::id::{MerchantId, Sku};
use commerce_core::money::{Currency, Money};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::error::Result;
use crate::row;

pub(crate) fn get(conn: &Connection, merchant: &MerchantId, sku: &Sku) -> Result<Option<Item>> {
    let sql = "SELECT sku, title, kind, active, updated_at FROM items WHERE merchant = ?1 AND sku = ?2";
    let item = conn.prepare_cached(sql)?.query_row(params![merchant.as_str(), sku.as_str()], item).optional()?;
    item.map(|item| with_prices(conn, merchant, item)).transpose()
}

/// The items of a merchant after a SKU, by SKU.
pub(crate) fn list(conn: &Connection, merchant: &MerchantId, after: &str, limit: u32) -> Result<Vec<Item>> {
    let sql = "SELECT sku, title, kind, active, updated_at FROM items WHERE merchant = ?1 AND sku > ?2 ORDER BY sku LIMIT ?3";
    let mut statement = conn.prepare_cached(sql)?;
    let items = statement.query_map(params![merchant.as_str(), after, limit], item)?.collect::<rusqlite::Result<Vec<_>>>()?;
    items.into_iter().map(|item| with_prices(conn, merchant, item)).collect()
}

/// The items of all merchants after a merchant and SKU, in that order.
pub(crate) fn all(conn: &Connection, after: (&str, &str), limit: u32) -> Result<Vec<(MerchantId, Item)>> {
    let sql = "SELECT sku, title, kind, active, updated_at, merchant FROM items WHERE (merchant, sku) > (?1, ?2) \
               ORDER BY merchant, sku LIMIT ?3";
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement.query_map(params![after.0, after.1, limit], |row| Ok((row::text(row, 5)?, item(row)?)))?;
    let items = rows.collect::<rusqlite::Result<Vec<(MerchantId, Item)>>>()?;
    items.into_iter().map(|(merchant, item)| with_prices(conn, &merchant, item).map(|item| (merchant, item))).collect()
}

/// Writes an item; answers whether it is new.
pub(crate) fn put(conn: &Connection, merchant: &MerchantId, item: &Item) -> Result<bool> {
    let key = params![merchant.as_str(), item.sku.as_str()];
    let known = conn.prepare_cached("SELECT 1 FROM items WHERE merchant = ?1 AND sku = ?2")?.exists(key)?;
    let sql = "INSERT INTO items (merchant, sku, title, kind, active, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
               ON CONFLICT (merchant, sku) DO UPDATE SET title = excluded.title, kind = excluded.kind, active = excluded.active, \
               updated_at = excluded.updated_at";
    conn.prepare_cached(sql)?.execute(params![
        merchant.as_str(),
        item.sku.as_str(),
        item.title,
        item.kind.as_str(),
        item.active,
        item.updated_at.micros(),
    ])?;
    conn.prepare_cached("DELETE FROM item_prices WHERE merchant = ?1 AND sku = ?2")?.execute(key)?;
    let mut insert = conn.prepare_cached("INSERT INTO item_prices (merchant, sku, currency, minor) VALUES (?1, ?2, ?3, ?4)")?;
    for (currency, price) in &item.prices {
        insert.execute(params![merchant.as_str(), item.sku.as_str(), currency.code(), price.minor()])?;
    }
    Ok(!known)
}

fn with_prices(conn: &Connection, merchant: &MerchantId, item: Item) -> Result<Item> {
    let mut statement = conn.prepare_cached("SELECT minor, currency FROM item_prices WHERE merchant = ?1 AND sku = ?2")?;
    let prices = statement.query_map(params![merchant.as_str(), item.sku.as_str()], |row| row::money(row, 0))?;
    let prices: BTreeMap<Currency, Money> =
        prices.map(|price| price.map(|price| (price.currency(), price))).collect::<rusqlite::Result<_>>()?;
    Ok(Item { prices, ..item })
}

fn item(row: &Row<'_>) -> rusqlite::Result<Item> {
    Ok(Item {
        sku: row::text(row, 0)?,
        title: row.get(1)?,
        kind: row::name(row, 2, ItemKind::parse)?,
        prices: BTreeMap::new(),
        active: row.get(3)?,
        updated_at: row::time(row, 4)?,
    })
}
