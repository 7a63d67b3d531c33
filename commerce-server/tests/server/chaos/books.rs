//! What shop and bank say of themselves, once everything has come to rest.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use commerce_server::sandbox::wire::{Entry, LedgerSummary};
use serde_json::Value;

use crate::chaos::load::SHELF;
use crate::process::Server;

/// For payments, captures and refunds to come to their outcome after the last crash: longer than a lost call takes to count as never made,
/// and shorter than a lease that a dead process left behind.
const REST_TIMEOUT_S: u64 = 20;
const POLL_MS: u64 = 20;

/// All that can be asked of the two processes.
pub(crate) struct Books {
    /// Every order of the list, whole, by its id.
    pub(crate) orders: BTreeMap<String, Value>,
    /// The stock of each SKU, and what moved of it, the oldest first.
    pub(crate) stock: BTreeMap<&'static str, (Value, Vec<Value>)>,
    /// What the bank did with money, the oldest first.
    pub(crate) entries: Vec<Entry>,
    pub(crate) summary: LedgerSummary,
}

impl Books {
    /// Waits until no order has money in motion, and reads all of it.
    pub(crate) fn at_rest(shop: &Server, bank: &Server) -> Self {
        let deadline = Instant::now() + Duration::from_secs(REST_TIMEOUT_S);
        let ids = pages(shop, "/api/v1/orders").into_iter().map(|order| text(&order["id"]));
        let orders = ids.map(|id| (id.clone(), order_at_rest(shop, &id, deadline))).collect();
        let stock = SHELF.map(|(sku, _)| {
            let item = shop.get(&format!("/api/v1/inventory/items/{sku}")).with(200).json();
            let mut movements = pages(shop, &format!("/api/v1/inventory/items/{sku}/movements"));
            movements.reverse();
            (sku, (item, movements))
        });
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            let page = bank.get(&format!("/ledger/entries?after={}", entries.len())).with(200);
            let page: Vec<Entry> = serde_json::from_str(&page.body).unwrap();
            if page.is_empty() {
                break;
            }
            entries.extend(page);
        }
        let summary = serde_json::from_str(&bank.get("/ledger").with(200).body).unwrap();
        Self { orders, stock: stock.into(), entries, summary }
    }
}

/// All rows of a list.
pub(crate) fn pages(server: &Server, path: &str) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = server.get(&format!("{path}?limit=200{cursor}")).with(200).json();
        all.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

fn order_at_rest(shop: &Server, id: &str, deadline: Instant) -> Value {
    loop {
        let order = shop.get(&format!("/api/v1/orders/{id}")).with(200).json();
        match in_motion(&order) {
            None => return order,
            Some(what) => assert!(Instant::now() < deadline, "{what} of an order does not come to rest: {order:#}"),
        }
        std::thread::sleep(Duration::from_millis(POLL_MS));
    }
}

/// What of an order still waits for the bank.
fn in_motion(order: &Value) -> Option<&'static str> {
    let open = |one: &Value| ["pending", "action_required"].contains(&one["status"].as_str().unwrap());
    if list(&order["attempts"]).any(open) {
        return Some("an attempt");
    }
    if list(&order["captures"]).any(open) {
        return Some("a capture");
    }
    if list(&order["refunds"]).flat_map(|refund| list(&refund["parts"])).any(open) {
        return Some("a refund");
    }
    let ended = ["cancelled", "rejected"].contains(&order["placement"]["state"].as_str().unwrap());
    (ended && minor(&order["amounts"]["authorized"]) > 0).then_some("an authorization that nothing is owed for")
}

pub(crate) fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().unwrap().iter()
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}")).to_owned()
}

pub(crate) fn count(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| panic!("not a count: {value}"))
}

/// An amount in pence.
pub(crate) fn minor(amount: &Value) -> i64 {
    assert_eq!(amount["currency"], "GBP", "{amount}");
    text(&amount["amount"]).replace('.', "").parse().unwrap()
}
