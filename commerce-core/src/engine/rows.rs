//! The rows of the read models, as the state of an order or a payment makes them: for whoever builds them again from the feed.

use crate::engine::aggregate::PaymentRoot;
use crate::engine::changes;
use crate::id::OrderId;
use crate::order::{Order, Policy};
use crate::payment::Payment;
use crate::ports::{ReturnRow, ShipmentRow, Version, ViewRow};

/// The rows of an order: its own, and those of its shipments and returns. `version` is how many events of its stream were folded,
/// `policy` the rules of the engine that wrote them.
pub fn order_rows(id: OrderId, version: Version, order: &Order, policy: &Policy) -> Vec<ViewRow> {
    let shipment = |id, order, status: &str| ViewRow::Shipment(ShipmentRow { id, order, status: status.to_owned() });
    let back = |id, order, status: &str| ViewRow::Return(ReturnRow { id, order, status: status.to_owned() });
    let mut rows = vec![ViewRow::Order(changes::order_row(id, version, order, policy))];
    rows.extend(order.shipments.iter().map(|one| shipment(one.id, id, one.state.name())));
    rows.extend(order.returns.iter().map(|one| back(one.id, id, one.status())));
    rows
}

/// The rows of a payment: its own, and those of its refunds. `order` is the one whose stream has its mirrors.
pub fn payment_rows(order: Option<OrderId>, version: Version, payment: &Payment) -> Vec<ViewRow> {
    let root = PaymentRoot { payment: payment.clone(), version };
    let mut rows = vec![ViewRow::Payment(changes::payment_row(order, &root))];
    rows.extend(payment.tenders.refunds.iter().map(|refund| ViewRow::Refund(changes::refund_row(order, payment, refund))));
    rows
}
