//! What callers do with orders: place one, or take the next step of one that somebody placed.

use serde_json::{Value, json};

use crate::chaos::load::{Caller, Deed, SHELF};

const API: &str = "/api/v1";

/// The latest orders, of which callers pick one to go on with: few, so that several are at one order at once.
const RECENT_ORDERS: usize = 40;

/// Ways to pay, the plain one most of all; the others lose answers or requests, or fail at first.
const METHODS: [&str; 16] = [
    "sandbox_visa",
    "sandbox_visa",
    "sandbox_visa",
    "sandbox_visa",
    "sandbox_visa",
    "sandbox_visa",
    "sandbox_insufficient_funds",
    "sandbox_declined_once",
    "sandbox_timeout_paid",
    "sandbox_timeout_unpaid",
    "sandbox_capture_unknown",
    "sandbox_capture_retry",
    "sandbox_refund_unknown",
    "sandbox_refund_retry",
    "sandbox_void_unknown",
    "sandbox_void_retry",
];

impl Caller {
    /// Places an order, or goes on with one.
    pub(crate) fn does_something(&mut self) {
        let known = self.orders.lock().unwrap().len();
        if known < 10 || self.dice.below(100) < 15 {
            self.places();
        } else if self.dice.below(100) < 5 {
            self.restocks();
        } else {
            let back = 1 + self.dice.below(u64::try_from(known.min(RECENT_ORDERS)).unwrap());
            let id = self.orders.lock().unwrap()[known - usize::try_from(back).unwrap()].clone();
            self.goes_on(&id);
        }
    }

    /// One to three lines, which may name one SKU twice.
    fn places(&mut self) {
        let key = self.fresh_key();
        let lines: Vec<Value> =
            (0..=self.dice.below(3)).map(|_| json!({"sku": self.dice.pick(&SHELF).0, "quantity": 1 + self.dice.below(3)})).collect();
        let policy = ["on_shipment", "on_shipment", "at_confirm"];
        let order = json!({
            "customer_id": key,
            "lines": lines,
            "payment_method_id": self.dice.pick(&METHODS),
            "capture_policy": self.dice.pick(&policy),
        });
        let placed = self.command_under(Deed::Place, key, &format!("{API}/orders"), Some(order.to_string()));
        if placed.status == 201 {
            self.orders.lock().unwrap().push(placed.text("/id"));
        }
    }

    /// A delivery of what is scarce.
    fn restocks(&mut self) {
        let sku = self.dice.pick(&SHELF[5..]).0;
        let body = json!({"quantity": 1 + self.dice.below(5)});
        self.command(Deed::Receive, &format!("{API}/inventory/items/{sku}/receive"), Some(body.to_string())).with(200);
    }

    /// The next step of an order, as far as a look at it tells; others may be quicker.
    fn goes_on(&mut self, id: &str) {
        let order = self.read(&format!("{API}/orders/{id}")).with(200).json();
        let of_order = |what: &str| format!("{API}/orders/{id}/{what}");
        let chance = self.dice.below(100);
        if let Some(parcel) = with_status(&order["shipments"], "packed") {
            self.command(Deed::Dispatch, &format!("{API}/shipments/{parcel}/dispatch"), Some(json!({"carrier": "DHL"}).to_string()));
        } else if let Some(parcel) = with_status(&order["shipments"], "dispatched") {
            self.command(Deed::Deliver, &format!("{API}/shipments/{parcel}/deliver"), None);
        } else if let Some(back) = with_status(&order["returns"], "requested") {
            self.command(Deed::TakeBack, &format!("{API}/returns/{back}/receive"), None);
        } else if order["placement"]["state"] == "pending" {
            match chance {
                0..50 => self.command(Deed::Pay, &of_order("pay"), Some(json!({"payment_method_id": "sandbox_visa"}).to_string())),
                50..75 => self.command(Deed::Cancel, &of_order("cancel"), None),
                _ => return,
            };
        } else if order["placement"]["state"] != "confirmed" {
        } else if let Some(line) = line_with(&order, "open") {
            let one = |quantity: u64| json!({"lines": [{"line_id": line["line_id"], "quantity": quantity}]});
            match chance {
                0..15 => self.command(Deed::Cancel, &of_order("cancel"), None),
                15..30 => self.command(Deed::CancelLines, &of_order("cancel-lines"), Some(one(1).to_string())),
                30..65 => self.command(Deed::Pack, &of_order("shipments"), Some(one(line["open"].as_u64().unwrap()).to_string())),
                _ => self.command(Deed::Pack, &of_order("shipments"), None),
            };
        } else if let Some(line) = line_with(&order, "delivered").filter(|line| line["returned"] != line["delivered"]) {
            let one = json!({"lines": [{"line_id": line["line_id"], "quantity": 1}], "reason": "too small"});
            match chance {
                0..40 => self.command(Deed::AskReturn, &of_order("returns"), Some(one.to_string())),
                40..70 => self.command(
                    Deed::Refund,
                    &of_order("refunds"),
                    Some(json!({"amount": {"amount": "0.01", "currency": "GBP"}}).to_string()),
                ),
                _ => return,
            };
        }
    }
}

/// The id of the first in a list that stands here.
fn with_status(list: &Value, status: &str) -> Option<String> {
    let found = list.as_array()?.iter().find(|one| one["status"] == status)?;
    Some(found["id"].as_str()?.to_owned())
}

/// The first line with units of a kind.
fn line_with<'a>(order: &'a Value, count: &str) -> Option<&'a Value> {
    order["lines"].as_array()?.iter().find(|line| line[count].as_u64().is_some_and(|units| units > 0))
}
