//! The engine's two commits of each order, in batches of the engine's size.

use std::path::Path;

use crate::orders::BenchError;

use super::connection::open_checked;
use super::course::{Course, Made, Watch};
use super::order::{Order, Orders};
use super::statements::Statements;

/// Places and confirms orders: each transaction confirms those of the one before and places as many new ones, `batch_sets` in all.
pub(crate) fn twin(path: &Path, course: Course, batch_sets: u64) -> Result<Made, BenchError> {
    let (conn, owner) = open_checked(path)?;
    let mut orders = Orders::new(course);
    let mut statements = Statements::prepare(&conn, orders.fresh())?;
    let mut watch = Watch::start(course);
    let places_max = batch_sets.div_ceil(2).max(1);
    let mut waiting: Vec<Order> = Vec::new();
    let mut placed = 0;
    let made = loop {
        // orders that wait are begun: they count against what may still be begun
        let free = watch.next(places_max + placed).saturating_sub(placed);
        if free == 0 && waiting.is_empty() {
            break watch.stop();
        }
        let confirmed = std::mem::take(&mut waiting);
        statements.in_transaction(|statements| {
            for order in &confirmed {
                statements.write_confirmed(&orders, order, &orders.approve())?;
            }
            for _ in 0..free {
                let order = orders.next();
                statements.write_placed(&orders, &order)?;
                waiting.push(order);
            }
            Ok(())
        })?;
        watch.made(confirmed.len() as u64);
        placed = waiting.len() as u64;
    };
    drop(statements);
    drop(conn);
    drop(owner);
    Ok(made)
}
