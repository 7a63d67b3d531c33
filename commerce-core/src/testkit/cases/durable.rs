use crate::id::{CartId, ConsumerName, MerchantId, OrderId, PersonalRef, WorkerId};
use crate::ports::{
    ClaimSpace, Clock, ConsumerAct, Expected, FeedKey, Park, PersonalWrite, Position, Proof, SagaId, SagaWrite, Shard, StreamName, Version,
    ViewRow,
};
use crate::testkit::cases::sagas::new_saga;
use crate::testkit::cases::views::order_row;
use crate::testkit::lab::{order_ref, sku, stream};
use crate::testkit::{ChangeSetExt, Lab};

pub async fn what_was_committed_is_there_after_the_store_is_opened_again(lab: Lab) {
    let (default, order, item, saga) = (MerchantId::default(), lab.id(OrderId::new), sku("A"), lab.id(SagaId));
    let (row, reference) = (order_row(&lab, lab.clock.now()), lab.id(PersonalRef::new));
    let events = lab.events(3);
    let mailer = ConsumerName::new("mailer").expect("a valid name");
    lab.store.consumers.take(&mailer, Shard(0), lab.id(WorkerId::new), 1_000).await.expect("asked").expect("nobody has it");
    let error = Some("no such address".to_owned());
    let parked = Park { position: Position(3), merchant: default.clone(), key: FeedKey::new("order/a"), failures: 5, error };
    let (hold, moving) = lab.hold(&item, 2);
    let set = lab
        .order_set(order)
        .claiming(ClaimSpace::Cart, "cart-1", &order_ref(order))
        .saga(SagaWrite::Insert(new_saga(saga)))
        .append(StreamName::Order(order), Expected::New, events.clone())
        .moving(lab.receive(&item, 5))
        .moving(moving)
        .view(ViewRow::Order(row.clone()))
        .personal(PersonalWrite { reference, customer: None, order: Some(order), bytes: vec![1] })
        .consumer("mailer", Shard(0), 1, ConsumerAct::Advance { revision: 0, to: Position(7), parked: vec![parked], settled: Vec::new() });
    let receipt = lab.committed(set).await;
    let facts = lab.store.facts.clone();
    let lab = lab.reopened().await;

    assert_eq!(lab.store.facts, facts);
    let stored = lab.store.journal.load(&stream(StreamName::Order(order)), Version(0), 10).await.expect("loads");
    assert_eq!(stored.iter().map(|stored| stored.event.clone()).collect::<Vec<_>>(), events);
    let proof = Proof::Event { stream: stream(StreamName::Order(order)), version: Version(3), event: events[2].id };
    assert!(lab.store.journal.outcome(&proof).await.expect("read").is_some());
    let account = lab.account(&item).await;
    assert_eq!((account.on_hand, account.held), (5, 2));
    assert_eq!(lab.store.stock.hold(&default, hold).await.expect("read").map(|hold| hold.remaining()), Some(2));
    assert_eq!(lab.store.views.order(&default, row.id).await.expect("read"), Some(row));
    assert!(lab.store.views.claim(&default, ClaimSpace::Cart, "cart-1", lab.clock.now()).await.expect("read").is_some());
    assert_eq!(lab.store.sagas.get(&default, saga).await.expect("read").map(|saga| saga.revision), Some(1));
    assert!(lab.store.personal.get(&default, reference).await.expect("read").is_some());
    let row = lab.store.consumers.take(&mailer, Shard(0), lab.id(WorkerId::new), 1_000).await.expect("asked");
    let row = row.expect("no lease outlives its process");
    assert_eq!((row.position, row.revision, row.epoch), (Position(7), 1, 2));
    let parked = lab.store.consumers.parked_at(&mailer, Shard(0), Position(3)).await.expect("read").expect("it is parked");
    assert_eq!((parked.error.as_deref(), parked.failures), (Some("no such address"), 5));
    assert_eq!(lab.feed(receipt.shard).await.last().map(|item| item.position), Some(receipt.position));
}

pub async fn positions_and_versions_go_on_where_they_were_when_the_store_is_opened_again(lab: Lab) {
    let order = lab.id(OrderId::new);
    let append = |lab: &Lab, expected| lab.order_set(order).append(StreamName::Order(order), expected, lab.events(2));
    let before = lab.committed(append(&lab, Expected::New)).await;
    let lab = lab.reopened().await;
    lab.rejected(append(&lab, Expected::New)).await;
    let after = lab.committed(append(&lab, Expected::At(Version(2)))).await;
    assert!(after.position > before.position && after.shard == before.shard);
    let positions: Vec<_> = lab.feed(after.shard).await.into_iter().map(|item| item.position).collect();
    assert!(positions.is_sorted_by(|a, b| a < b) && positions.len() == 4, "{positions:?}");
}

pub async fn what_was_deleted_stays_deleted_when_the_store_is_opened_again(lab: Lab) {
    let (default, reference) = (MerchantId::default(), lab.id(PersonalRef::new));
    let customer = crate::id::CustomerId::new("ann").expect("a valid customer");
    let order = lab.id(OrderId::new);
    let set = lab.order_set(order).append(StreamName::Order(order), Expected::New, lab.events(1));
    lab.committed(set.personal(PersonalWrite { reference, customer: Some(customer.clone()), order: None, bytes: vec![1] })).await;
    assert_eq!(lab.store.personal.erase(&default, &customer).await.expect("erased"), 1);
    assert!(!lab.store.carts.delete(&default, lab.id(CartId::new)).await.expect("deleted"));
    let lab = lab.reopened().await;
    assert_eq!(lab.store.personal.get(&default, reference).await.expect("read"), None);
}
