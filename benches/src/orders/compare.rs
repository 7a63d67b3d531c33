//! Whether two files hold the same rows, whoever wrote them.
//!
//! Of all orders: each table grew by the same number of rows per order, and the stock accounts follow from their movements. Of a sample:
//! each column of each row is the same once ids, times and SKUs are named by their place within the order.

mod books;
mod census;
mod names;
mod rows;

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::BenchError;
use books::check_books;
use census::Census;
use rows::{Form, form};

/// How the rows of two files differ.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Difference {
    /// One file has more rows per order.
    #[error("{table} has {found} rows per order, the engine writes {expected}")]
    Count {
        /// Where.
        table: String,
        /// Rows per order of the engine.
        expected: u64,
        /// Rows per order of the other.
        found: u64,
    },
    /// Some orders have more rows than others.
    #[error("{rows} more rows of {table} for {orders} orders are not as many for each")]
    Uneven {
        /// Where.
        table: String,
        /// How many rows.
        rows: i64,
        /// Of how many orders.
        orders: i64,
    },
    /// A table that the comparison of orders does not read has rows of orders.
    #[error("{table} has rows of orders, which are not compared")]
    Unread {
        /// Where.
        table: String,
    },
    /// The books do not follow from the movements.
    #[error("{what} in {at} of {file}")]
    Books {
        /// What is wrong.
        what: &'static str,
        /// The first row where it is wrong.
        at: i64,
        /// Whose file.
        file: String,
    },
    /// A column of an order differs.
    #[error("{place} is {found}, the engine writes {expected}")]
    Value {
        /// Table, row and column.
        place: String,
        /// What the engine writes.
        expected: String,
        /// What the other writes.
        found: String,
    },
    /// Rows that are missing or too many.
    #[error("an order has the rows {found}, those of the engine's have {expected}")]
    Rows {
        /// Tables of the engine's rows.
        expected: String,
        /// Tables of the other's rows.
        found: String,
    },
}

/// Compares what two files hold beside the rows of the file that both began as. `sample`: of how many orders each row is compared.
///
/// # Errors
/// [`BenchError::Differs`] with the first difference, [`BenchError::NothingMeasured`] if there is no order, [`BenchError::Sql`].
pub fn compare(template: &Path, engine: &Path, other: &Path, sample: u32) -> Result<(), BenchError> {
    let template = open(template)?;
    let (ours, theirs) = (open(engine)?, open(other)?);
    let (expected, found) = (Census::take(&template, &ours)?, Census::take(&template, &theirs)?);
    expected.compare(&found)?;
    for (conn, path) in [(&ours, engine), (&theirs, other)] {
        check_books(&template, conn, path)?;
    }
    let mut expected: Option<Form> = None;
    for conn in [&ours, &theirs] {
        for order in rows::sample(conn, sample)? {
            let found = form(conn, &order)?;
            match &expected {
                None => expected = Some(found),
                Some(expected) => expected.compare(&found)?,
            }
        }
    }
    Ok(())
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
}
