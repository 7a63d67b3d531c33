//! What callers were told, against what is there.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use serde_json::Value;

use crate::chaos::books::{Books, count, list, text};
use crate::chaos::load::{Deed, Told};

/// Stages of a parcel and of a return, each later than those before.
const STAGES: [&str; 6] = ["packed", "dispatched", "delivered", "requested", "partially_received", "received"];

/// Whatever was done is not done again under its key, and says so.
pub(super) fn repeats_are_replays(shop: SocketAddr, told: &[Told]) {
    for told in told.iter().filter(|told| told.done()) {
        let again = told.again(shop);
        assert_eq!((again.status, again.header("idempotency-replayed")), (told.reply.status, Some("true")), "{told:?} and again {again:?}");
        if told.deed != Deed::Receive {
            assert_eq!(again.text("/id"), told.reply.text("/id"), "{told:?}");
        }
    }
}

/// What an answer told of an order has not been undone, but for what came after it.
pub(super) fn every_answer_stands(books: &Books, told: &[Told]) {
    for told in told.iter().filter(|told| told.done()) {
        match told.deed {
            Deed::Place => {
                let placed = told.reply.json();
                let now = order(books, &placed["id"], told);
                assert_eq!(now["customer_id"], *told.key, "{told:?}");
                let asked: Value = serde_json::from_str(told.body.as_deref().unwrap()).unwrap();
                for (asked, line) in list(&asked["lines"]).zip(list(&now["lines"])) {
                    assert_eq!((&asked["sku"], &asked["quantity"]), (&line["sku"], &line["quantity"]), "{told:?}");
                }
                order_stands(&placed, now, told);
            }
            Deed::Pay | Deed::Cancel | Deed::CancelLines | Deed::Refund => {
                let then = told.reply.json();
                order_stands(&then, order(books, &then["id"], told), told);
            }
            Deed::Pack | Deed::Dispatch | Deed::Deliver => part_stands(&told.reply.json(), "shipments", books, told),
            Deed::AskReturn | Deed::TakeBack => part_stands(&told.reply.json(), "returns", books, told),
            // every unit of it is counted with the stock
            Deed::Receive => {}
        }
    }
}

fn order<'a>(books: &'a Books, id: &Value, told: &Told) -> &'a Value {
    books.orders.get(id.as_str().unwrap()).unwrap_or_else(|| panic!("acknowledged and lost: {told:?}"))
}

fn order_stands(then: &Value, now: &Value, told: &Told) {
    assert!(count(&then["version"]) <= count(&now["version"]), "{told:?} is now {now:#}");
    assert_eq!((&then["placed_at"], &then["currency"]), (&now["placed_at"], &now["currency"]), "{told:?}");
    for (then, now) in list(&then["lines"]).zip(list(&now["lines"])) {
        for units in ["cancelled", "dispatched", "delivered", "returned"] {
            assert!(count(&then[units]) <= count(&now[units]), "{units} of {told:?} are now {now:#}");
        }
        assert_eq!((&then["sku"], &then["quantity"], &then["unit_price"]), (&now["sku"], &now["quantity"], &now["unit_price"]));
    }
    for money in ["attempts", "captures", "refunds"] {
        for then in list(&then[money]) {
            let now = list(&now[money]).find(|now| now["id"] == then["id"]);
            let now = now.unwrap_or_else(|| panic!("{then} was told by {told:?} and is lost"));
            let settled = ["approved", "done", "failed"].contains(&then["status"].as_str().unwrap_or_default());
            assert!(!settled || then["status"] == now["status"], "{then} was told by {told:?} and is now {now}");
            assert_eq!(then["amount"], now["amount"], "{told:?}");
        }
    }
    if then["placement"]["state"] == "cancelled" {
        assert_eq!(now["placement"]["state"], "cancelled", "{told:?}");
    }
}

/// A parcel or a return is where it was, or further on.
fn part_stands(then: &Value, parts: &str, books: &Books, told: &Told) {
    let order = order(books, &then["order_id"], told);
    let now = list(&order[parts]).find(|now| now["id"] == then["id"]).unwrap_or_else(|| panic!("acknowledged and lost: {told:?}"));
    let stage = |one: &Value| STAGES.iter().position(|stage| one["status"] == *stage).unwrap_or_else(|| panic!("{one} after {told:?}"));
    assert!(stage(then) <= stage(now), "{told:?} is now {now}");
    for (then, now) in list(&then["lines"]).zip(list(&now["lines"])) {
        assert_eq!((&then["line_id"], &then["quantity"]), (&now["line_id"], &now["quantity"]), "{told:?}");
    }
}

/// As many orders, parcels, returns, attempts and refunds as commands that were done, order by order: every command was repeated until
/// it was answered, so that none can have been done unheard.
pub(super) fn every_command_was_done_once(books: &Books, told: &[Told]) {
    let done = |deed: Deed| told.iter().filter(move |told| told.deed == deed && told.done());
    let placed: BTreeSet<String> = done(Deed::Place).map(|told| told.reply.text("/id")).collect();
    assert_eq!(placed.len(), done(Deed::Place).count(), "two keys got one order");
    let there: BTreeSet<String> = books.orders.keys().cloned().collect();
    assert_eq!(there, placed, "orders that are there, and those that were acknowledged");
    let by_order = |deed: Deed| {
        let mut sums: BTreeMap<String, i64> = BTreeMap::new();
        done(deed).for_each(|told| *sums.entry(order_of(told)).or_default() += 1);
        sums
    };
    let [attempts, parcels, returns, refunds, cancelled] =
        [Deed::Pay, Deed::Pack, Deed::AskReturn, Deed::Refund, Deed::CancelLines].map(by_order);
    for (id, order) in &books.orders {
        let asked = |sums: &BTreeMap<String, i64>| sums.get(id).copied().unwrap_or_default();
        let there = |part: &str| i64::try_from(list(&order[part]).count()).unwrap();
        assert_eq!(there("attempts"), 1 + asked(&attempts), "attempts of {order:#}");
        assert_eq!(there("shipments"), asked(&parcels), "parcels of {order:#}");
        assert_eq!(there("returns"), asked(&returns), "returns of {order:#}");
        let granted = list(&order["refunds"]).filter(|refund| refund["cause"] == "goodwill").count();
        assert_eq!(i64::try_from(granted).unwrap(), asked(&refunds), "refunds of {order:#}");
        if order["placement"]["state"] != "cancelled" {
            // each such command cancels one unit
            let units: i64 = list(&order["lines"]).map(|line| count(&line["cancelled"])).sum();
            assert_eq!(units, asked(&cancelled), "cancelled units of {order:#}");
        }
    }
}

/// Whose order a command was for.
fn order_of(told: &Told) -> String {
    let reply = told.reply.json();
    text(if reply["order_id"].is_string() { &reply["order_id"] } else { &reply["id"] })
}
