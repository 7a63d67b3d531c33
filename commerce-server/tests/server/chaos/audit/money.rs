//! The bank's ledger against the shop's orders.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::chaos::books::{Books, list, minor, text};

/// Sums in pence.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sums {
    authorized: i64,
    captured: i64,
    refunded: i64,
    released: i64,
}

/// One charge for each attempt that was approved, none for any other, and for every payment the same sums on both sides.
pub(super) fn bank_and_shop_agree(books: &Books) {
    assert_eq!(books.summary.fault, None, "the bank's own laws of money");
    let mut charges: BTreeMap<String, usize> = BTreeMap::new();
    let mut of_bank: BTreeMap<String, Sums> = BTreeMap::new();
    for entry in &books.entries {
        let sums = of_bank.entry(entry.payment.clone()).or_default();
        let amount = entry.amount.minor;
        match entry.kind.as_str() {
            "authorized" => {
                *charges.entry(entry.attempt.clone()).or_default() += 1;
                sums.authorized += amount;
            }
            "captured" => sums.captured += amount,
            "refunded" => sums.refunded += amount,
            "voided" | "lapsed" => sums.released += amount,
            other => panic!("{other} is no kind of entry"),
        }
    }
    let mut net = 0;
    let mut payments = BTreeSet::new();
    for order in books.orders.values() {
        for attempt in list(&order["attempts"]) {
            let charged = charges.remove(&text(&attempt["id"])).unwrap_or_default();
            let approved = attempt["status"] == "approved";
            assert_eq!(charged, usize::from(approved), "charges of {attempt} in {order:#}");
            payments.insert(text(&attempt["payment_id"]));
        }
        for (payment, sums) in of_shop(order) {
            let bank = of_bank.remove(&payment).unwrap_or_default();
            assert_eq!((bank.captured, bank.refunded), (sums.captured, sums.refunded), "payment {payment}, bank against shop: {order:#}");
            assert_eq!(bank.authorized, sums.authorized, "payment {payment}, bank against shop: {order:#}");
            let set_aside = bank.authorized - bank.captured - bank.released;
            assert_eq!(set_aside, minor(&order["amounts"]["authorized"]), "left of the authorization: {order:#}");
            net += sums.captured - sums.refunded;
        }
        keeps_what_it_may(order);
    }
    assert!(charges.is_empty(), "charges for attempts of no order: {charges:?}");
    assert!(of_bank.is_empty(), "money of payments of no order: {of_bank:?}");
    let total: i128 = books.summary.totals.iter().map(|totals| totals.net).sum();
    assert_eq!(total, i128::from(net), "all that the bank has against all that the shop has");
}

/// What the shop says of each payment of an order.
fn of_shop(order: &Value) -> BTreeMap<String, Sums> {
    let done = |one: &&Value| one["status"] == "done";
    let mut all: BTreeMap<String, Sums> = BTreeMap::new();
    let payment_of = |attempt: &Value| text(&list(&order["attempts"]).find(|one| one["id"] == *attempt).unwrap()["payment_id"]);
    let capture = |id: &Value| list(&order["captures"]).find(|one| one["id"] == *id).unwrap();
    for attempt in list(&order["attempts"]) {
        all.entry(text(&attempt["payment_id"])).or_default().authorized += attempt.get("approved").map_or(0, minor);
    }
    for capture in list(&order["captures"]).filter(done) {
        all.entry(payment_of(&capture["attempt_id"])).or_default().captured += minor(&capture["amount"]);
    }
    for part in list(&order["refunds"]).flat_map(|refund| list(&refund["parts"])).filter(done) {
        let payment = payment_of(&capture(&part["capture_id"])["attempt_id"]);
        all.entry(payment).or_default().refunded += minor(&part["amount"]);
    }
    all
}

/// No more than its total, and nothing once it is cancelled.
fn keeps_what_it_may(order: &Value) {
    let amount = |name: &str| minor(&order["amounts"][name]);
    let kept = amount("captured") - amount("refunded");
    assert!((0..=amount("total")).contains(&kept), "keeps {kept}: {order:#}");
    if order["placement"]["state"] == "cancelled" {
        assert_eq!((kept, amount("authorized")), (0, 0), "cancelled, and keeps money: {order:#}");
    }
}
