//! Units received, sold, sent and sent back.

use serde_json::Value;

use crate::chaos::books::{Books, count, list};
use crate::chaos::load::{Deed, SHELF, Told};

/// Nothing was ever below zero, and what is on the shelf is what came in, less what was sent, and what came back.
pub(super) fn units_add_up(books: &Books, told: &[Told]) {
    for (sku, at_first) in SHELF {
        let (item, movements) = &books.stock[sku];
        let totals = &item["totals"];
        assert_eq!(count(&totals["shortfall"]), 0, "{item:#}");
        assert!(count(&totals["available"]) >= 0, "{item:#}");
        never_below_zero(sku, movements, totals);
        let received = i64::from(at_first) + restocked(sku, told);
        let lines: Vec<(&Value, &Value)> = lines_of(books, sku).collect();
        let sum = |units: fn(&Value) -> i64| lines.iter().map(|(_, line)| units(line)).sum::<i64>();
        let (sent, back) = (sum(|line| count(&line["dispatched"])), sum(|line| count(&line["returned"])));
        assert_eq!(count(&totals["on_hand"]), received - sent + back, "{sku}: {received} came in, {sent} were sent, {back} came back");
        // a cancelled order has nothing that is open: its lines are cancelled with it
        let promised: i64 = lines
            .iter()
            .filter(|(order, _)| ["pending", "on_hold", "confirmed"].contains(&order["placement"]["state"].as_str().unwrap()))
            .map(|(_, line)| count(&line["open"]) + count(&line["packed"]))
            .sum();
        assert_eq!(count(&totals["held"]), promised, "{sku}: what orders wait for");
        assert!(promised + sent <= received + back, "{sku}: more was sold than came in");
    }
}

fn never_below_zero(sku: &str, movements: &[Value], totals: &Value) {
    let (mut on_hand, mut held) = (0, 0);
    for movement in movements {
        on_hand += count(&movement["on_hand_delta"]);
        held += count(&movement["held_delta"]);
        assert!(held >= 0 && on_hand >= held, "{sku}: {on_hand} on hand, {held} promised after {movement}");
    }
    assert_eq!((on_hand, held), (count(&totals["on_hand"]), count(&totals["held"])), "{sku}: the sums of its movements");
}

/// Units that callers brought, each delivery counted once.
fn restocked(sku: &str, told: &[Told]) -> i64 {
    let deliveries = told.iter().filter(|told| told.deed == Deed::Receive && told.done() && told.path.contains(&format!("/{sku}/")));
    deliveries.map(|told| count(&serde_json::from_str::<Value>(told.body.as_deref().unwrap()).unwrap()["quantity"])).sum()
}

fn lines_of<'a>(books: &'a Books, sku: &'a str) -> impl Iterator<Item = (&'a Value, &'a Value)> {
    let lines = books.orders.values().flat_map(|order| list(&order["lines"]).map(move |line| (order, line)));
    lines.filter(move |(_, line)| line["sku"] == sku)
}
