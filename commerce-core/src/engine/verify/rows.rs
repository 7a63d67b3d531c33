//! Rows of the read models, against what their streams say.

use crate::engine::aggregate::PaymentRoot;
use crate::engine::verify::Check;
use crate::engine::verify::findings::{Notes, Owned, or_none};
use crate::engine::{Error, changes};
use crate::id::OrderId;
use crate::order::{Order, Policy};
use crate::payment::Payment;
use crate::ports::{OrderRow, PaymentRow, Store, Version};

/// An order's row, and those of its shipments and returns.
pub(super) async fn of_order(store: &Store, notes: &mut Notes<'_>, id: OrderId, version: Version, order: &Order) -> Result<(), Error> {
    let merchant = notes.merchant;
    let subject = format!("order/{id}");
    let found = store.views.order(merchant, id).await;
    if let Some(found) = notes.readable(Check::OrderRow, &subject, found)? {
        compare_order(notes, &subject, &changes::order_row(id, version, order, &counting(0)), order, found.as_ref());
    }
    for shipment in &order.shipments {
        let (check, subject) = (Check::ShipmentRow, format!("shipment/{}", shipment.id));
        notes.look(check);
        let found = store.views.shipment(merchant, shipment.id).await;
        let Some(found) = notes.readable(check, &subject, found)? else { continue };
        let found = found.map(|row| (row.order, row.status));
        parcel(notes, (check, Owned::Shipment), &subject, (id, shipment.state.name()), found);
    }
    for one in &order.returns {
        let (check, subject) = (Check::ReturnRow, format!("return/{}", one.id));
        notes.look(check);
        let found = store.views.return_of_goods(merchant, one.id).await;
        let Some(found) = notes.readable(check, &subject, found)? else { continue };
        let found = found.map(|row| (row.order, row.status));
        parcel(notes, (check, Owned::Return), &subject, (id, one.status()), found);
    }
    Ok(())
}

/// Rules under which an order completes so many seconds after its last delivery.
fn counting(complete_after_s: u64) -> Policy {
    Policy { complete_after_s, ..Policy::default() }
}

fn compare_order(notes: &mut Notes<'_>, subject: &str, expected: &OrderRow, order: &Order, found: Option<&OrderRow>) {
    let check = Check::OrderRow;
    notes.look(check);
    let Some(found) = found else { return notes.differ(check, subject, "a row", "none") };
    notes.owned(Owned::Order);
    notes.same(check, subject, "version", &expected.version, &found.version);
    notes.same(check, subject, "status", &expected.status, &found.status);
    notes.same(check, subject, "total", &expected.total, &found.total);
    notes.same(check, subject, "placed at", &expected.placed_at, &found.placed_at);
    notes.same(check, subject, "updated at", &expected.updated_at, &found.updated_at);
    let customer = |row: &OrderRow| or_none(row.customer.as_ref().map(|customer| customer.as_str().to_owned()));
    notes.same(check, subject, "customer", &customer(expected), &customer(found));
    let words = |row: &OrderRow| String::from_utf8_lossy(&row.doc).into_owned();
    notes.same(check, subject, "words", &words(expected), &words(found));
    // the rules of the row's commit may have been others: they move only the time at which an order completes
    let latest = order.due_at(&counting(u64::MAX));
    let lawful = expected.due.is_some() == found.due.is_some() && expected.due <= found.due && found.due <= latest;
    if !lawful {
        let range = if expected.due == latest { or_none(latest) } else { format!("{} or later", or_none(expected.due)) };
        notes.differ(check, subject, format!("due {range}"), format!("due {}", or_none(found.due)));
    }
}

fn parcel(
    notes: &mut Notes<'_>,
    (check, row): (Check, Owned),
    subject: &str,
    (order, status): (OrderId, &str),
    found: Option<(OrderId, String)>,
) {
    let Some((found_order, found_status)) = found else { return notes.differ(check, subject, "a row", "none") };
    notes.owned(row);
    notes.same(check, subject, "order", &order, &found_order);
    notes.same(check, subject, "status", &status, &found_status.as_str());
}

/// A payment's row, and those of its refunds; `row` was read after the payment.
pub(super) async fn of_payment(
    store: &Store,
    notes: &mut Notes<'_>,
    order: Option<OrderId>,
    root: &PaymentRoot,
    row: Option<&PaymentRow>,
) -> Result<(), Error> {
    compare_payment(notes, &changes::payment_row(order, root), row);
    for refund in &root.payment.tenders.refunds {
        refund_row(store, notes, order, &root.payment, refund).await?;
    }
    Ok(())
}

fn compare_payment(notes: &mut Notes<'_>, expected: &PaymentRow, found: Option<&PaymentRow>) {
    let (check, subject) = (Check::PaymentRow, format!("payment/{}", expected.id));
    notes.look(check);
    let Some(found) = found else { return notes.differ(check, &subject, "a row", "none") };
    notes.owned(Owned::Payment);
    if found.order.is_some() && found.order == expected.order {
        notes.owned(Owned::OrderPayment);
    }
    notes.same(check, &subject, "order", &or_none(expected.order), &or_none(found.order));
    notes.same(check, &subject, "status", &expected.status, &found.status);
    notes.same(check, &subject, "version", &expected.version, &found.version);
    notes.same(check, &subject, "created at", &expected.created_at, &found.created_at);
    notes.same(check, &subject, "updated at", &expected.updated_at, &found.updated_at);
}

async fn refund_row(
    store: &Store,
    notes: &mut Notes<'_>,
    order: Option<OrderId>,
    payment: &Payment,
    refund: &crate::tender::Refund,
) -> Result<(), Error> {
    let (check, subject) = (Check::RefundRow, format!("refund/{}", refund.id));
    notes.look(check);
    let rows = store.views.refund(notes.merchant, refund.id).await;
    let Some(rows) = notes.readable(check, &subject, rows)? else { return Ok(()) };
    let expected = changes::refund_row(order, payment, refund);
    let Some(found) = rows.into_iter().find(|row| row.payment == payment.id) else {
        notes.differ(check, &subject, format!("a row with payment {}", payment.id), "none");
        return Ok(());
    };
    notes.owned(Owned::Refund);
    notes.same(check, &subject, "order", &or_none(expected.order), &or_none(found.order));
    notes.same(check, &subject, "status", &expected.status, &found.status);
    notes.same(check, &subject, "amount", &expected.amount, &found.amount);
    Ok(())
}
