//! Finds in a request what the engine speaks of: it knows lines and SKUs, the caller knows places.

use commerce_core::id::{LineId, Sku};
use commerce_core::order::Refusal;
use serde_json::Value;

/// Lists whose elements name a line of the order.
const LISTS_OF_LINES: [&str; 2] = ["lines", "change"];
/// Lists whose elements name a SKU.
const LISTS_OF_SKUS: [&str; 2] = ["lines", "add"];

/// A pointer of the engine as it stands in the request: the short form of an order has no lines.
pub(super) fn translated(pointer: &str, body: &Value) -> String {
    if body.get("product_id").is_none() {
        return pointer.to_owned();
    }
    match pointer.strip_prefix("/lines/0/") {
        Some("quantity") => "/quantity".to_owned(),
        Some(_) => "/product_id".to_owned(),
        None => pointer.to_owned(),
    }
}

/// Where so many of a SKU are asked for first.
pub(super) fn sku(sku: &Sku, body: &Value) -> Option<String> {
    let in_a_list = LISTS_OF_SKUS.iter().find_map(|list| {
        let asks = |line: &Value| line.get("sku").and_then(Value::as_str) == Some(sku.as_str());
        Some(format!("/{list}/{}/quantity", body.get(list)?.as_array()?.iter().position(asks)?))
    });
    // else the path or the short form names the one SKU that it can be
    in_a_list.or_else(|| ["quantity", "delta"].into_iter().find(|name| body.get(name).is_some()).map(|name| format!("/{name}")))
}

/// Where a line is named first; the lines of an order to place have no numbers yet, and are counted.
fn line(id: LineId, body: &Value) -> Option<String> {
    LISTS_OF_LINES.iter().find_map(|list| {
        let lines = body.get(list)?.as_array()?;
        let names = |(index, line): (usize, &Value)| match line.get("line_id") {
            Some(number) => number.as_u64() == Some(u64::from(id.0)),
            None => u32::try_from(index + 1) == Ok(id.0),
        };
        Some(format!("/{list}/{}", lines.iter().enumerate().position(names)?))
    })
}

/// Where a number of units of a line is said.
fn quantity(id: LineId, body: &Value) -> Option<String> {
    let in_a_list = line(id, body).map(|place| place + "/quantity");
    in_a_list.or_else(|| body.get("product_id").map(|_| "/quantity".to_owned()))
}

/// The value that a refusal is about, where the request has it.
pub(super) fn refusal(refusal: &Refusal, body: &Value) -> Option<String> {
    let present = |name: &str| body.get(name).map(|_| format!("/{name}"));
    match refusal {
        Refusal::NotPositive | Refusal::AmountAbove { .. } | Refusal::AmountTooLarge => present("amount"),
        Refusal::MixedCurrency { .. } => present("amount").map(|place| place + "/currency"),
        Refusal::LineCount { .. } => present("lines"),
        Refusal::UnknownLine(id) | Refusal::NegativeLine(id) | Refusal::LineTwice(id) => line(*id, body),
        Refusal::Quantity { line_id, .. } | Refusal::BelowPacked { line_id, .. } => quantity(*line_id, body),
        Refusal::LocationNeeded => Some("/location".to_owned()),
        Refusal::NotAtLocation { .. } => present("location"),
        Refusal::NotReplaceable(_) | Refusal::Unknown(_) => present("replaces"),
        Refusal::Text { field, .. } => present(field),
        _ => None,
    }
}
