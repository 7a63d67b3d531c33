//! One order, one transaction.

use std::path::Path;

use crate::orders::BenchError;

use super::connection::open_plain;
use super::course::{Course, Made, Watch};
use super::order::Orders;
use super::statements::Statements;

/// Places paid orders, each in a transaction that is synced before the next begins.
pub(crate) fn baseline(path: &Path, course: Course) -> Result<Made, BenchError> {
    let conn = open_plain(path)?;
    let mut orders = Orders::new(course);
    let mut statements = Statements::prepare(&conn, orders.fresh())?;
    let mut watch = Watch::start(course);
    while watch.next(1) > 0 {
        let order = orders.next();
        let approval = orders.approve();
        statements.in_transaction(|statements| statements.write_paid(&orders, &order, &approval))?;
        watch.made(1);
    }
    Ok(watch.stop())
}
