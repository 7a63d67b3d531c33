//! What the conformance suite does not see of this store.

use futures::FutureExt;
use futures::executor::block_on;
use uuid::Uuid;

use super::*;
use crate::id::{EventId, LocationId, MoveId, OrderId, WorkerId};
use crate::ports::{
    Actor, ActorKind, Append, ChangeSet, Claim, EventMeta, Expected, KindVersion, NewEvent, NewSaga, Partition, PortError, PortErrorKind,
    Position, Receipt, ResourceKind, ResourceRef, Root, SagaId, SagaPhase, SagaUpdate, SagaWrite, Shard, StreamId, StreamName, Verdict,
};
use crate::quantity::Quantity;
use crate::stock::{AccountKey, Move};
use crate::time::Timestamp;

struct StoppedClock;

#[async_trait::async_trait]
impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(100)
    }

    async fn sleep_until(&self, _: Timestamp) {}
}

fn open(shards: u16) -> Store {
    MemoryStore::open(shards, Arc::new(StoppedClock))
}

fn set(n: u128) -> ChangeSet {
    let now = Timestamp::from_secs(50);
    let actor = Actor { kind: ActorKind::System, id: "test".into() };
    let partition = Partition { merchant: MerchantId::default(), root: Root::Order(OrderId::new(Uuid::from_u128(n))) };
    ChangeSet::new(partition, now, EventMeta { at: now, actor, correlation: None, causation: None })
}

fn order_events(n: u128, count: u128) -> Append {
    let event = |i| NewEvent {
        id: EventId::new(Uuid::from_u128(n * 100 + i)),
        kind: "OrderPlaced".into(),
        kind_version: 1,
        mirror: false,
        bytes: vec![],
    };
    let stream = StreamId { merchant: MerchantId::default(), name: StreamName::Order(OrderId::new(Uuid::from_u128(n))) };
    Append { stream, expected: Expected::New, events: (0..count).map(event).collect() }
}

fn receive(n: u128) -> Move {
    let account = AccountKey { merchant: MerchantId::default(), sku: Sku::new("mug").unwrap(), location: LocationId::default() };
    Move::Receive { id: MoveId::new(Uuid::from_u128(n)), account, qty: Quantity::ONE }
}

fn commit(store: &Store, set: ChangeSet) -> Result<Verdict, PortError> {
    block_on(store.journal.commit(vec![set])).remove(0)
}

fn committed(store: &Store, set: ChangeSet) -> Receipt {
    match commit(store, set) {
        Ok(Verdict::Committed(receipt)) => receipt,
        other => panic!("{other:?}"),
    }
}

#[test]
fn who_waits_for_a_change_hears_of_one_between_the_call_and_the_first_poll() {
    let store = open(1);
    let before = store.feed.changed();
    committed(&store, ChangeSet { moves: vec![receive(1)], ..set(1) });
    assert_eq!(before.now_or_never(), Some(()));
    assert_eq!(store.feed.changed().now_or_never(), None);
}

#[test]
fn events_take_their_positions_before_movements_and_the_receipt_names_the_last() {
    let store = open(1);
    let receipt = committed(&store, ChangeSet { moves: vec![receive(1), receive(2)], appends: vec![order_events(1, 2)], ..set(1) });
    assert_eq!(receipt.position, Position(4));
    let items = block_on(store.feed.read(Shard(0), Position(0), 10, true)).unwrap();
    let is_event = |item: &crate::ports::FeedItem| matches!(item.entry, crate::ports::FeedEntry::Event(_));
    assert_eq!(
        items.iter().map(|item| (item.position.0, is_event(item))).collect::<Vec<_>>(),
        [(1, true), (2, true), (3, false), (4, false)]
    );
    assert_eq!(block_on(store.feed.read(Shard(9), Position(0), 10, true)).unwrap(), []);
}

#[test]
fn one_set_may_step_a_saga_and_wake_it() {
    let store = open(1);
    let (id, worker) = (SagaId(Uuid::from_u128(7)), WorkerId::new(Uuid::from_u128(8)));
    let kind = KindVersion { kind: "collect".into(), version: 1 };
    let new = NewSaga { id, kind, order: None, payment: None, state: vec![], due: None, leased_to: Some((worker, 1_000)) };
    committed(&store, ChangeSet { sagas: vec![SagaWrite::Insert(new)], ..set(1) });
    let update = SagaUpdate {
        id,
        epoch: 1,
        revision: 1,
        phase: SagaPhase::Running,
        due: None,
        failures: 0,
        last_error: None,
        state: vec![],
        release: true,
    };
    let due = Timestamp::from_secs(60);
    committed(&store, ChangeSet { sagas: vec![SagaWrite::Update(update), SagaWrite::Wake { id, due }], ..set(1) });
    let row = block_on(store.sagas.get(&MerchantId::default(), id)).unwrap().unwrap();
    assert_eq!((row.revision, row.due, row.lease), (3, Some(due), None));
}

#[test]
fn a_set_that_contradicts_itself_is_refused_before_it_is_judged() {
    let store = open(1);
    let claim = Claim {
        space: ClaimSpace::Cart,
        key: "cart".to_owned(),
        owner: ResourceRef { kind: ResourceKind::Order, id: "1".to_owned() },
        request_hash: None,
        expires_at: None,
    };
    let foreign = StreamId { merchant: MerchantId::new("other").unwrap(), ..order_events(1, 1).stream };
    let proven = || ChangeSet { moves: vec![receive(1)], ..set(1) };
    for bad in [
        set(1),
        ChangeSet { claims: vec![claim.clone(), claim], ..proven() },
        ChangeSet { appends: vec![order_events(1, 1), order_events(1, 1)], ..set(1) },
        ChangeSet { appends: vec![order_events(1, 0)], ..set(1) },
        ChangeSet { appends: vec![Append { stream: foreign, ..order_events(1, 1) }], ..set(1) },
    ] {
        let answer = commit(&store, bad.clone());
        assert!(matches!(&answer, Err(error) if error.kind == PortErrorKind::Misuse), "{bad:?}: {answer:?}");
    }
    assert_eq!(block_on(store.feed.read(Shard(0), Position(0), 10, true)).unwrap(), []);
}

#[test]
fn a_store_has_at_least_one_shard() {
    assert_eq!(open(0).facts.shards, 1);
    let store = open(3);
    let shards: std::collections::BTreeSet<_> =
        (0..50).map(|n| committed(&store, ChangeSet { appends: vec![order_events(n, 1)], ..set(n) }).shard).collect();
    assert_eq!(shards.len(), 3);
}
