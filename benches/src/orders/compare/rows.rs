//! All rows of one order, in a form that is the same for equal orders.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension};

use super::Difference;
use super::names::Names;
use crate::orders::BenchError;

/// Which rows of a table are an order's, and how they are sorted; `?1` is its id.
const TABLES: [(&str, &str); 6] = [
    ("orders", "merchant = 'default' AND id = ?1"),
    ("payments", "merchant = 'default' AND order_id = ?1 ORDER BY id"),
    ("sagas", "merchant = 'default' AND order_id = ?1 ORDER BY id"),
    (
        "events",
        "merchant = 'default' AND stream_id IN (SELECT ?1 UNION ALL SELECT id FROM payments WHERE merchant = 'default' AND order_id = ?1 \
         UNION ALL SELECT id FROM sagas WHERE merchant = 'default' AND order_id = ?1) ORDER BY seq",
    ),
    ("holds", "merchant = 'default' AND owner = ?1 ORDER BY id"),
    ("movements", "id IN (SELECT id FROM holds WHERE merchant = 'default' AND owner = ?1) ORDER BY seq"),
];

/// Whether the rows of a table are compared order by order, or as the books.
pub(super) fn reads(table: &str) -> bool {
    TABLES.iter().any(|(name, _)| *name == table)
}

type OrderKey = [u8; 16];
/// A table's name, and its columns with their values.
type Row = (&'static str, Vec<(String, Value)>);

/// Orders at even distances over a file.
pub(super) fn sample(conn: &Connection, sample: u32) -> rusqlite::Result<Vec<OrderKey>> {
    let sql = "SELECT id FROM (SELECT id, row_number() OVER (ORDER BY n) - 1 AS nth, count(*) OVER () AS orders FROM orders) \
               WHERE nth % max(orders / ?1, 1) = 0";
    conn.prepare(sql)?.query_map([sample], |row| row.get(0))?.collect()
}

/// An order's rows: table, row and column of each value, and the value with its names.
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    pub(super) fn compare(&self, other: &Self) -> Result<(), BenchError> {
        for ((place, expected), (other_place, found)) in self.0.iter().zip(&other.0) {
            if place != other_place {
                return Err(self.rows(other).into());
            }
            if expected != found {
                let (place, expected, found) = (place.clone(), expected.clone(), found.clone());
                return Err(Difference::Value { place, expected, found }.into());
            }
        }
        if self.0.len() == other.0.len() { Ok(()) } else { Err(self.rows(other).into()) }
    }

    fn rows(&self, other: &Self) -> Difference {
        let rows = |form: &Self| {
            let mut rows: Vec<&str> = form.0.iter().filter_map(|(place, _)| place.split('.').next()).collect();
            rows.dedup();
            rows.join(", ")
        };
        Difference::Rows { expected: rows(self), found: rows(other) }
    }
}

/// The form of one order.
pub(super) fn form(conn: &Connection, order: &OrderKey) -> rusqlite::Result<Form> {
    let mut rows: Vec<Row> = Vec::new();
    for (table, of_order) in TABLES {
        rows.extend(rows_of(conn, table, of_order, order)?);
    }
    let integers = |name: &str| {
        let columns = rows.iter().flat_map(|(_, columns)| columns).filter(|(column, _)| column == name);
        let integers = columns.filter_map(|(_, value)| if let Value::Integer(number) = value { Some(*number) } else { None });
        integers.collect::<Vec<_>>()
    };
    let mut seqs = integers("seq");
    seqs.sort_unstable();
    let mut accounts = std::collections::HashMap::new();
    for id in integers("account") {
        let sku = conn.prepare_cached("SELECT sku FROM accounts WHERE id = ?1")?.query_row([id], |row| row.get(0)).optional()?;
        accounts.extend(sku.map(|sku| (id, sku)));
    }
    let placed_at = integers("placed_at").first().copied().unwrap_or_default();
    let mut names = Names::new(placed_at, seqs, accounts);
    let mut values = Vec::new();
    let mut nth = 0;
    let mut last = "";
    for (table, columns) in &rows {
        nth = if *table == last { nth + 1 } else { 0 };
        last = table;
        for (column, value) in columns {
            values.push((format!("{table}[{nth}].{column}"), names.column(table, column, value)));
        }
    }
    Ok(Form(values))
}

fn rows_of(conn: &Connection, table: &'static str, of_order: &str, order: &OrderKey) -> rusqlite::Result<Vec<Row>> {
    let mut statement = conn.prepare_cached(&format!("SELECT * FROM {table} WHERE {of_order}"))?;
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let rows = statement.query_map([order], |row| {
        let values = columns.iter().enumerate().map(|(at, column)| Ok((column.clone(), row.get(at)?)));
        Ok((table, values.collect::<rusqlite::Result<Vec<_>>>()?))
    })?;
    rows.collect()
}
