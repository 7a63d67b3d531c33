use commerce_core::id::{LocationId, MerchantId, Sku};
use commerce_core::ports::StockSummary;
use commerce_core::stock::{Account, AccountKey, Limits};
use rusqlite::{Connection, Params, Row, params};

use crate::error::Result;
use crate::row;
use crate::statements::Statements;

macro_rules! columns {
    () => {
        "merchant, sku, location, on_hand, held, shortfall, backorder, safety, reorder_point, reorder_qty"
    };
}

/// An account as it is stored.
pub(crate) struct AccountRow {
    pub(crate) id: i64,
    pub(crate) key: AccountKey,
    pub(crate) account: Account,
    /// The `seq` of its newest movement.
    pub(crate) last: Option<i64>,
}

/// Writes a new account with the `seq` of its newest movement.
pub(crate) fn insert(conn: &Statements<'_>, key: &AccountKey, account: Account, last: Option<i64>) -> Result<AccountRow> {
    let sql = concat!("INSERT INTO accounts (", columns!(), ", last) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)");
    let id = conn.prepare_cached(sql)?.insert(params![
        key.merchant.as_str(),
        key.sku.as_str(),
        key.location.as_str(),
        account.on_hand,
        account.held,
        account.shortfall,
        account.limits.backorder,
        account.limits.safety,
        account.limits.reorder_point,
        account.limits.reorder_qty,
        last,
    ])?;
    Ok(AccountRow { id, key: key.clone(), account, last })
}

/// Writes what has changed of an account, and the `seq` of its newest movement if it has moved.
pub(crate) fn update(conn: &Statements<'_>, row: &mut AccountRow, account: Account, last: Option<i64>) -> Result<()> {
    let Account { on_hand, held, shortfall, limits } = account;
    if limits == row.account.limits {
        let sql = "UPDATE accounts SET on_hand = ?2, held = ?3, shortfall = ?4, last = coalesce(?5, last) WHERE id = ?1";
        conn.prepare_cached(sql)?.execute(params![row.id, on_hand, held, shortfall, last])?;
    } else {
        let sql = "UPDATE accounts SET on_hand = ?2, held = ?3, shortfall = ?4, last = coalesce(?5, last), backorder = ?6, \
                   safety = ?7, reorder_point = ?8, reorder_qty = ?9 WHERE id = ?1";
        let Limits { backorder, safety, reorder_point, reorder_qty } = limits;
        let limits = params![row.id, on_hand, held, shortfall, last, backorder, safety, reorder_point, reorder_qty];
        conn.prepare_cached(sql)?.execute(limits)?;
    }
    row.account = account;
    row.last = last.or(row.last);
    Ok(())
}

/// The accounts of a SKU, by location.
pub(crate) fn of_sku(conn: &Connection, merchant: &MerchantId, sku: &Sku) -> Result<Vec<AccountRow>> {
    let sql = concat!("SELECT ", columns!(), ", id, last FROM accounts WHERE merchant = ?1 AND sku = ?2 ORDER BY location");
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement.query_map(params![merchant.as_str(), sku.as_str()], |row| {
        Ok(AccountRow { id: row.get(10)?, key: key(row)?, account: account(row)?, last: row.get(11)? })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The accounts of a merchant after a SKU and location, in that order.
pub(crate) fn list(
    conn: &Connection,
    merchant: &MerchantId,
    after: (&str, &str),
    low: bool,
    limit: u32,
) -> Result<Vec<(AccountKey, Account)>> {
    let all =
        concat!("SELECT ", columns!(), " FROM accounts WHERE merchant = ?1 AND (sku, location) > (?2, ?3) ORDER BY sku, location LIMIT ?4");
    let only_low = concat!(
        "SELECT ",
        columns!(),
        " FROM accounts WHERE merchant = ?1 AND (sku, location) > (?2, ?3) AND available <= reorder_point ORDER BY sku, location LIMIT ?4"
    );
    rows(conn, if low { only_low } else { all }, params![merchant.as_str(), after.0, after.1, limit])
}

/// The accounts of all merchants after a merchant, SKU and location, in that order.
pub(crate) fn all(conn: &Connection, after: (&str, &str, &str), limit: u32) -> Result<Vec<(AccountKey, Account)>> {
    let sql = concat!(
        "SELECT ",
        columns!(),
        " FROM accounts WHERE (merchant, sku, location) > (?1, ?2, ?3) ORDER BY merchant, sku, location LIMIT ?4"
    );
    rows(conn, sql, params![after.0, after.1, after.2, limit])
}

pub(crate) fn summary(conn: &Connection, merchant: &MerchantId) -> Result<StockSummary> {
    let sql = "SELECT count(*), count(DISTINCT sku), coalesce(sum(on_hand), 0), coalesce(sum(held), 0), \
               coalesce(sum(max(available, 0)), 0), coalesce(sum(available <= reorder_point), 0), coalesce(sum(available <= 0), 0) \
               FROM accounts WHERE merchant = ?1";
    let read = |row: &Row<'_>| {
        Ok(StockSummary {
            accounts: row::count(row, 0)?,
            skus: row::count(row, 1)?,
            on_hand: row.get(2)?,
            held: row.get(3)?,
            available: row.get(4)?,
            low: row::count(row, 5)?,
            out: row::count(row, 6)?,
        })
    };
    Ok(conn.prepare_cached(sql)?.query_row([merchant.as_str()], read)?)
}

fn rows(conn: &Connection, sql: &str, params: impl Params) -> Result<Vec<(AccountKey, Account)>> {
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement.query_map(params, |row| Ok((key(row)?, account(row)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn key(row: &Row<'_>) -> rusqlite::Result<AccountKey> {
    Ok(AccountKey { merchant: row::text(row, 0)?, sku: row::text(row, 1)?, location: row::text::<LocationId>(row, 2)? })
}

fn account(row: &Row<'_>) -> rusqlite::Result<Account> {
    Ok(Account {
        on_hand: row.get(3)?,
        held: row.get(4)?,
        shortfall: row.get(5)?,
        limits: Limits { backorder: row.get(6)?, safety: row.get(7)?, reorder_point: row.get(8)?, reorder_qty: row.get(9)? },
    })
}
