//! How many rows each order has in each table.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::{Difference, rows};
use crate::orders::BenchError;

/// Rows per order, by table.
pub(super) struct Census(BTreeMap<String, u64>);

impl Census {
    /// Counts the rows of every table beyond those of the file at its beginning.
    pub(super) fn take(before: &Connection, after: &Connection) -> Result<Self, BenchError> {
        let orders = count(after, "orders")? - count(before, "orders")?;
        if orders <= 0 {
            return Err(BenchError::NothingMeasured);
        }
        let mut tables = after.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")?;
        let tables = tables.query_map([], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()?;
        let mut per_order = BTreeMap::new();
        for table in tables {
            let rows = count(after, &table)? - count(before, &table)?;
            let each = rows / orders;
            match u64::try_from(each) {
                Ok(each) if rows % orders == 0 => per_order.insert(table, each),
                _ => return Err(Difference::Uneven { table, rows, orders }.into()),
            };
        }
        Ok(Self(per_order))
    }

    pub(super) fn compare(&self, other: &Self) -> Result<(), BenchError> {
        for (table, expected) in &self.0 {
            let found = other.0.get(table).copied().unwrap_or(0);
            if found != *expected {
                return Err(Difference::Count { table: table.clone(), expected: *expected, found }.into());
            }
            if found > 0 && !rows::reads(table) {
                return Err(Difference::Unread { table: table.clone() }.into());
            }
        }
        Ok(())
    }
}

fn count(conn: &Connection, table: &str) -> rusqlite::Result<i64> {
    conn.query_row(&format!("SELECT count(*) FROM \"{table}\""), [], |row| row.get(0))
}
