use crate::id::{HoldId, OrderId, Sku};
use crate::ports::{ChangeSet, ClaimSpace, Expected, Position, Rejection, SagaId, Shard, StreamName, Version};
use crate::stock::Move;
use crate::testkit::cases::sagas::update;
use crate::testkit::lab::{order_ref, sku};
use crate::testkit::{ChangeSetExt, Lab};

/// A set with the first `kept` of: stock that is short, a hold that is gone, a version that conflicts, a consumer that
/// is outrun, a fenced saga, a claimed key.
fn with_faults(lab: &Lab, kept: usize, item: &Sku) -> ChangeSet {
    let order = lab.id(OrderId::new);
    let mut set = lab.order_set(order);
    let faults: [&dyn Fn(ChangeSet) -> ChangeSet; 6] = [
        &|set| set.moving(lab.hold(item, 1).1),
        &|set| set.moving(Move::Confirm { hold: lab.id(HoldId::new) }),
        &|set| set.append(StreamName::Order(order), Expected::At(Version(3)), lab.events(1)),
        &|set| set.advance("mailer", Shard(0), 9, Position(1)),
        &|set| set.saga(update(lab.id(SagaId), 1, 1)),
        &|set| set.claiming(ClaimSpace::Cart, "cart-1", &order_ref(order)),
    ];
    for fault in &faults[..kept] {
        set = fault(set);
    }
    set
}

pub async fn a_set_is_judged_by_claims_then_sagas_then_consumers_then_streams_then_holds_then_stock(lab: Lab) {
    let item = sku("A");
    let first = lab.id(OrderId::new);
    lab.committed(with_faults(&lab, 0, &item).append(StreamName::Order(first), Expected::New, lab.events(1)).claiming(
        ClaimSpace::Cart,
        "cart-1",
        &order_ref(first),
    ))
    .await;
    let mut met = Vec::new();
    for kept in (1..=6).rev() {
        met.push(match lab.rejected(with_faults(&lab, kept, &item)).await {
            Rejection::Claimed { .. } => "claims",
            Rejection::Fenced { .. } => "sagas",
            Rejection::Outrun { .. } => "consumers",
            Rejection::Conflict { .. } => "streams",
            Rejection::HoldGone { .. } => "holds",
            Rejection::Short(_) => "stock",
        });
    }
    assert_eq!(met, ["claims", "sagas", "consumers", "streams", "holds", "stock"]);
}

pub async fn a_hold_that_is_gone_is_told_before_stock_that_is_short_whatever_the_order_of_the_moves(lab: Lab) {
    let item = sku("A");
    let gone = lab.id(HoldId::new);
    for turned in [false, true] {
        let mut moves = vec![lab.hold(&item, 1).1, Move::Confirm { hold: gone }];
        if turned {
            moves.reverse();
        }
        assert_eq!(lab.rejected(lab.moving(moves)).await, Rejection::HoldGone { hold: gone });
    }
}
