//! The JSON that the rows hold.

use std::fmt::Write as _;

use crate::orders::shop::{PRICE_MINOR, TITLE};

use super::order::{Approval, Order};

pub(super) const RISK_ASSESSED: &str = r#"{"verdict":"accept","score":0}"#;
pub(super) const CONFIRMED: &str = "{}";

pub(super) fn placed(order: &Order) -> String {
    let mut lines = String::new();
    for (line, n) in order.lines.iter().zip(1..) {
        let comma = if n == 1 { "" } else { "," };
        let sku = &line.sku;
        // writing to a string cannot fail
        let _done = write!(lines, r#"{comma}{{"id":{n},"sku":"{sku}","title":"{TITLE}","kind":"stocked","qty":1,"price":{PRICE_MINOR}}}"#);
    }
    let Order { customer, total_minor, pay_by, .. } = order;
    format!(
        r#"{{"customer":"{customer}","currency":"EUR","channel":"web","method":"sandbox_visa","lines":[{lines}],"total":{total_minor},"terms":"prepaid","capture":"on_shipment","pay_by":{pay_by}}}"#
    )
}

pub(super) fn payment_started(order: &Order) -> String {
    let Order { payment, attempt, total_minor, .. } = order;
    format!(
        r#"{{"payment":"{payment}","attempt":"{attempt}","provider":"sandbox","method":"sandbox_visa","currency":"EUR","amount":{total_minor}}}"#
    )
}

pub(super) fn payment_authorized(order: &Order, approval: &Approval) -> String {
    let Order { attempt, total_minor, .. } = order;
    let expires = approval.expires_at;
    format!(r#"{{"attempt":"{attempt}","currency":"EUR","amount":{total_minor},"expires":{expires},"ref":"auth_{attempt}"}}"#)
}

pub(super) fn saga(order: &Order, status: &str) -> String {
    let Order { attempt, placed_at, .. } = order;
    format!(r#"{{"subject":"{attempt}","status":"{status}","since":{placed_at}}}"#)
}
