//! Every order is its replay, and keeps what it may keep.

use std::collections::BTreeMap;

use super::Books;
use super::books::KeptOrder;
use crate::goods::ItemKind;
use crate::id::Sku;
use crate::order::{Order, Placement, Terms};
use crate::stock::{Hold, MovementKind, Owner};
use crate::tender::RefundState;

pub(super) fn check(books: &Books, broken: &mut Vec<String>) {
    for kept in &books.orders {
        let holds: Vec<&Hold> = books.holds.iter().filter(|hold| hold.owner == Owner::Order(kept.row.id)).collect();
        let laws = replay(kept).into_iter().chain(money(&kept.replayed.order)).chain(stock(books, &kept.replayed.order, &holds));
        let fallen = laws.filter(|(holds, _)| !holds);
        broken.extend(fallen.map(|(_, law)| format!("order {} ({}): not true: {law}", kept.row.id, kept.row.status)));
    }
}

type Law = (bool, &'static str);

fn replay(kept: &KeptOrder) -> [Law; 2] {
    let KeptOrder { row, replayed, known } = kept;
    let order = &replayed.order;
    let shown = (row.version, row.status.as_str(), row.total);
    [
        (known == replayed, "what the engine remembers is its replay"),
        (shown == (replayed.version, order.headline().as_str(), order.money(order.total())), "its row is its replay"),
    ]
}

fn money(order: &Order) -> [Law; 4] {
    let refund_failed = order.tenders.refunds.iter().flat_map(|r| &r.parts).any(|p| matches!(p.state, RefundState::Failed { .. }));
    let ended = matches!(order.placement, Placement::Cancelled { .. } | Placement::Rejected { .. });
    let closed = order.placement == Placement::Completed && order.terms != Terms::Invoice;
    [
        (order.room() >= 0, "what goes back arrived before"),
        (!ended || refund_failed || order.room() == 0, "one that has ended keeps no money"),
        // what was given out of goodwill counts as kept, though it is there no more
        (!closed || order.kept() >= order.owed(), "one that is complete keeps its total"),
        (!closed || refund_failed || order.excess() == 0, "one that is complete keeps no more than its total"),
    ]
}

fn stock(books: &Books, order: &Order, holds: &[&Hold]) -> [Law; 4] {
    let mut held: BTreeMap<Sku, u64> = BTreeMap::new();
    for hold in holds.iter().filter(|hold| !hold.is_gone()) {
        *held.entry(hold.sku.clone()).or_default() += u64::from(hold.remaining());
    }
    let need = order.stock_need();
    let fulfilled = books.movements.iter().filter(|m| m.kind == MovementKind::Fulfilled);
    let left: i64 = fulfilled.filter(|m| holds.iter().any(|hold| m.hold == Some(hold.id))).map(|m| -m.on_hand_delta).sum();
    let dispatched: i64 = order.lines.iter().filter(|l| l.kind == ItemKind::Stocked).map(|l| i64::from(l.dispatched)).sum();
    // a hold that is not confirmed may have been reclaimed
    let sure = !matches!(order.placement, Placement::Pending { .. } | Placement::Held { .. });
    let owned = holds.iter().all(|hold| hold.confirmed || hold.is_gone());
    [
        (held.iter().all(|(sku, units)| need.get(sku).is_some_and(|need| units <= need)), "it holds no more than it needs"),
        (!sure || held == need, "it holds what it needs"),
        (!sure || owned, "what it holds is its own"),
        (left == dispatched, "what left the stock for it is what was dispatched"),
    ]
}
