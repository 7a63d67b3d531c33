//! One order: its stream, and all that is derived from it.

use crate::engine::verify::Check;
use crate::engine::verify::findings::{Findings, Notes, Seen, settled};
use crate::engine::verify::replay;
use crate::engine::{Error, changes};
use crate::id::{MerchantId, OrderId};
use crate::order::{Order, Policy};
use crate::ports::{OrderRow, Store, StreamName, Version};

/// Checks one order; `None` if it kept changing.
pub(super) async fn check(store: &Store, merchant: &MerchantId, id: OrderId) -> Result<Option<Findings>, Error> {
    settled(|| look(store, merchant, id)).await
}

async fn look(store: &Store, merchant: &MerchantId, id: OrderId) -> Result<Seen, Error> {
    let mut notes = Notes::new(merchant);
    let stream = replay::stream(merchant, StreamName::Order(id));
    let replayed = replay::order(store, &stream, &mut notes).await?;
    if let (Some(order), true) = (&replayed.state, replayed.whole) {
        let found = store.views.order(merchant, id).await;
        if let Some(found) = notes.readable(Check::OrderRow, &format!("order/{id}"), found)? {
            row(&mut notes, id, replayed.version(), order, found.as_ref());
        }
        if !replay::unmoved(store, &stream, replayed.version()).await? {
            return Ok(Seen::Moved);
        }
    }
    Ok(Seen::Judged(notes.findings))
}

/// Compares an order's row with what its stream says.
fn row(notes: &mut Notes<'_>, id: OrderId, version: Version, order: &Order, found: Option<&OrderRow>) {
    let check = Check::OrderRow;
    let subject = format!("order/{id}");
    notes.look(check, 1);
    let Some(found) = found else { return notes.differ(check, &subject, "a row", "none") };
    let none = || "none".to_owned();
    // a row keeps the time that the rules of its commit gave; only one of them counts in seconds from a delivery
    let rules = |complete_after_s| Policy { complete_after_s, ..Policy::default() };
    let expected = changes::order_row(id, version, order, &rules(0));
    let latest = order.due_at(&rules(u64::MAX));
    let text = |at: Option<crate::time::Timestamp>| at.map_or_else(none, |at| at.to_string());
    notes.same(check, &subject, "version", &expected.version, &found.version);
    notes.same(check, &subject, "status", &expected.status, &found.status);
    notes.same(check, &subject, "total", &expected.total, &found.total);
    notes.same(check, &subject, "placed at", &expected.placed_at, &found.placed_at);
    notes.same(check, &subject, "updated at", &expected.updated_at, &found.updated_at);
    let customer = |row: &OrderRow| row.customer.as_ref().map_or_else(none, |customer| customer.as_str().to_owned());
    notes.same(check, &subject, "customer", &customer(&expected), &customer(found));
    let words = |row: &OrderRow| String::from_utf8_lossy(&row.doc).into_owned();
    notes.same(check, &subject, "words", &words(&expected), &words(found));
    let due = expected.due.is_some() == found.due.is_some() && expected.due <= found.due && found.due <= latest;
    if !due {
        notes.differ(check, &subject, format!("due {}", text(expected.due)), format!("due {}", text(found.due)));
    }
}
