use crate::id::{ConsumerName, EventId, HoldId, MoveId, OrderId, WorkerId};
use crate::ports::{ChangeSet, Expected, Position, Proof, Receipt, SagaId, SagaWrite, Shard, StreamName, Version};
use crate::stock::Move;
use crate::testkit::cases::sagas::new_saga;
use crate::testkit::lab::{sku, stream};
use crate::testkit::{ChangeSetExt, Lab};

async fn outcome(lab: &Lab, proof: &Proof) -> Option<Receipt> {
    lab.store.journal.outcome(proof).await.expect("the outcome is read")
}

/// Asserts that a proof finds nothing before its set is committed, and the set's shard after.
async fn check(lab: &Lab, set: ChangeSet, proof: Proof) -> Receipt {
    assert_eq!(outcome(lab, &proof).await, None);
    let receipt = lab.committed(set).await;
    let found = outcome(lab, &proof).await.unwrap_or_else(|| panic!("{proof:?} finds nothing"));
    assert!(found.placed.is_empty());
    found_in_shard(found, receipt.shard)
}

fn found_in_shard(found: Receipt, shard: Shard) -> Receipt {
    assert_eq!(found.shard, shard);
    found
}

pub async fn an_event_proves_its_set_and_another_event_in_its_place_does_not(lab: Lab) {
    let order = lab.id(OrderId::new);
    let events = lab.events(2);
    let proof = |version, event| Proof::Event { stream: stream(StreamName::Order(order)), version: Version(version), event };
    let set = lab.order_set(order).append(StreamName::Order(order), Expected::New, events.clone());
    check(&lab, set, proof(2, events[1].id)).await;
    assert_eq!(outcome(&lab, &proof(2, lab.id(EventId::new))).await, None);
    assert_eq!(outcome(&lab, &proof(1, events[1].id)).await, None);
    assert_eq!(outcome(&lab, &proof(3, events[1].id)).await, None);
}

pub async fn a_saga_proves_its_set_by_a_revision_that_it_has_reached(lab: Lab) {
    let id = lab.id(SagaId);
    let set = lab.any_set().saga(SagaWrite::Insert(new_saga(id)));
    assert_eq!(outcome(&lab, &Proof::Saga { id, revision: 1 }).await, None);
    lab.committed(set).await;
    assert!(outcome(&lab, &Proof::Saga { id, revision: 1 }).await.is_some());
    assert_eq!(outcome(&lab, &Proof::Saga { id, revision: 2 }).await, None);
    lab.committed(lab.any_set().saga(SagaWrite::Wake { id, due: lab.any_set().now })).await;
    assert!(outcome(&lab, &Proof::Saga { id, revision: 1 }).await.is_some());
    assert!(outcome(&lab, &Proof::Saga { id, revision: 2 }).await.is_some());
}

pub async fn a_move_proves_its_set(lab: Lab) {
    let item = sku("A");
    let receive = lab.receive(&item, 1);
    let Move::Receive { id, .. } = &receive else { unreachable!("a receive") };
    let proof = Proof::Move { id: *id };
    check(&lab, lab.sku_set(&item).moving(receive), proof).await;
    assert_eq!(outcome(&lab, &Proof::Move { id: lab.id(MoveId::new) }).await, None);
}

pub async fn a_hold_proves_its_set_by_its_own_id(lab: Lab) {
    let item = sku("A");
    lab.moved([lab.receive(&item, 1)]).await;
    let (id, hold) = lab.hold(&item, 1);
    let merchant = lab.any_set().partition.merchant;
    check(&lab, lab.moving([hold]), Proof::Hold { merchant: merchant.clone(), id }).await;
    assert_eq!(outcome(&lab, &Proof::Hold { merchant, id: lab.id(HoldId::new) }).await, None);
    assert_eq!(outcome(&lab, &Proof::Hold { merchant: "another".parse().expect("a name"), id }).await, None);
}

pub async fn a_consumer_proves_its_set_by_a_revision_that_it_has_reached_while_its_epoch_lasts(lab: Lab) {
    let name = |text: &str| ConsumerName::new(text).expect("a valid name");
    let proof = |consumer: &str, epoch, revision| Proof::Consumer { consumer: name(consumer), shard: Shard(0), epoch, revision };
    let at = |revision| lab.any_set().advance("mailer", Shard(0), revision, Position(4));
    assert_eq!(outcome(&lab, &proof("mailer", 0, 1)).await, None);
    lab.committed(at(0)).await;
    lab.committed(at(1)).await;
    assert!(outcome(&lab, &proof("mailer", 0, 2)).await.is_some());
    assert!(outcome(&lab, &proof("mailer", 0, 1)).await.is_some());
    for other in [proof("mailer", 0, 3), proof("mailer", 1, 2), proof("cache", 0, 1)] {
        assert_eq!(outcome(&lab, &other).await, None);
    }
    lab.store.consumers.take(&name("mailer"), Shard(0), lab.id(WorkerId::new), 1_000).await.expect("asked").expect("nobody has it");
    assert_eq!(outcome(&lab, &proof("mailer", 0, 2)).await, None);
}

pub async fn a_rejected_set_leaves_no_proof(lab: Lab) {
    let (order, item) = (lab.id(OrderId::new), sku("A"));
    let events = lab.events(1);
    let receive = lab.receive(&item, 1);
    let Move::Receive { id, .. } = receive.clone() else { unreachable!("a receive") };
    let saga = lab.id(SagaId);
    let set = lab
        .order_set(order)
        .append(StreamName::Order(order), Expected::New, events.clone())
        .saga(SagaWrite::Insert(new_saga(saga)))
        .moving(receive)
        .moving(lab.hold(&item, 9).1);
    lab.rejected(set).await;
    let event = Proof::Event { stream: stream(StreamName::Order(order)), version: Version(1), event: events[0].id };
    for proof in [event, Proof::Saga { id: saga, revision: 1 }, Proof::Move { id }] {
        assert_eq!(outcome(&lab, &proof).await, None, "{proof:?}");
    }
}

pub async fn a_proof_finds_the_position_of_its_own_event_or_of_the_last_movement_of_its_move(lab: Lab) {
    let (order, item) = (lab.id(OrderId::new), sku("A"));
    let events = lab.events(3);
    let relocate = crate::testkit::cases::moves::relocate(&lab, &item, "default", "shop", 1);
    let Move::Relocate { id, .. } = relocate.clone() else { unreachable!("a relocation") };
    let set = lab.order_set(order).append(StreamName::Order(order), Expected::New, events.clone());
    let receipt = lab.committed(set.moving(lab.receive(&item, 1)).moving(relocate).moving(lab.receive(&item, 1))).await;
    // three events, then the movements: received, moved out, moved in, received
    let last = receipt.position.0;
    let event = Proof::Event { stream: stream(StreamName::Order(order)), version: Version(2), event: events[1].id };
    assert_eq!(outcome(&lab, &event).await.map(|found| found.position), Some(Position(last - 5)));
    assert_eq!(outcome(&lab, &Proof::Move { id }).await.map(|found| found.position), Some(Position(last - 1)));
}
