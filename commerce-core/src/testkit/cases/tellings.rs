use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use futures::executor::block_on;

use crate::engine::{EditOrder, Error};
use crate::id::{EventId, OrderId};
use crate::ports::{FeedEntry, Position, Shard, Stored, StreamId, StreamName, Version};
use crate::sandbox::Token;
use crate::testkit::Lab;
use crate::testkit::cases::contention::Writing;
use crate::testkit::faults::{Fault, Faults, Operation, Plan, Point};
use crate::testkit::lab::feed_of;
use crate::testkit::shop::Shop;

const THREADS: usize = 4;

/// What an event tells must be so by the time that it is told.
async fn assert_true_already(shop: &Shop, told: &Stored) {
    let journal = &shop.store.journal;
    let there = journal.load(&told.stream, Version(told.version.0 - 1), 1).await.expect("the stream is read");
    assert_eq!(there, std::slice::from_ref(told), "told before it was written");
    let views = &shop.store.views;
    let shown = match told.stream.name {
        StreamName::Order(id) => views.order(&told.stream.merchant, id).await.expect("the row is read").map(|row| row.version),
        StreamName::Payment(id) => views.payment(&told.stream.merchant, id).await.expect("the row is read").map(|row| row.version),
        StreamName::Saga(_) | StreamName::Consumer(_) => return,
    };
    assert!(shown.is_some_and(|version| version >= told.version), "{} is told, the row shows {shown:?}", told.stream.name);
}

/// Reads a shard as a consumer does, until nobody writes any more.
async fn consume(shop: &Shop, shard: Shard, writing: &AtomicBool) -> Vec<Stored> {
    let mut seen = Vec::new();
    let mut after = Position(0);
    loop {
        let last_round = !writing.load(Ordering::SeqCst);
        let items = shop.store.feed.read(shard, after, 50, true).await.expect("the feed is read");
        match items.last() {
            Some(last) => after = last.position,
            None if last_round => return seen,
            None => thread::yield_now(),
        }
        for item in items {
            if let FeedEntry::Event(told) = item.entry {
                assert_true_already(shop, &told).await;
                seen.push(told);
            }
        }
    }
}

/// Asserts that every stream is told whole, in its order, each event once.
fn assert_whole(seen: &[Stored]) {
    let ids: BTreeSet<EventId> = seen.iter().map(|told| told.event.id).collect();
    assert_eq!(ids.len(), seen.len(), "an event was told twice");
    let mut heads: BTreeMap<&StreamId, u64> = BTreeMap::new();
    for told in seen {
        let head = heads.entry(&told.stream).or_default();
        *head += 1;
        assert_eq!(told.version, Version(*head), "{} is told out of order", told.stream.name);
    }
}

async fn trade(shop: &Shop) {
    for token in [Token::Visa, Token::InsufficientFunds, Token::Visa] {
        let order = shop.basket(&[("LAMP", 2), ("EBOOK", 1)]).paid_with(token.method());
        let placed = shop.commerce.place_order(&shop.call, order).await.expect("an order").value.id;
        if token == Token::Visa {
            let parcel = shop.commerce.create_shipment(&shop.call, placed, Default::default()).await.expect("a shipment").value.shipment.id;
            shop.commerce.dispatch_shipment(&shop.call, parcel, None, None).await.expect("it leaves");
        } else {
            shop.commerce.cancel_order(&shop.call, placed).await.expect("it is cancelled");
        }
    }
}

pub async fn a_consumer_is_told_every_event_once_in_the_order_of_its_stream_and_never_before_it_is_true(lab: Lab) {
    let shop = Shop::of(&lab).open().await;
    let writing = AtomicBool::new(true);
    let seen: Vec<Vec<Stored>> = thread::scope(|scope| {
        let read = |shard| {
            let (shop, writing) = (&shop, &writing);
            scope.spawn(move || block_on(consume(shop, shard, writing)))
        };
        let reading: Vec<_> = lab.shards().map(read).collect();
        let until_here = Writing(&writing);
        shop.crowd(THREADS, async |_| trade(&shop).await);
        drop(until_here);
        reading.into_iter().map(|reader| reader.join().expect("a reader")).collect()
    });
    seen.iter().for_each(|shard| assert_whole(shard));
    let facts = |of_payments: bool, shard: &[Stored]| {
        let told = shard.iter().filter(|told| matches!(told.stream.name, StreamName::Payment(_)) == of_payments);
        told.filter(|told| of_payments || told.event.mirror).map(|told| told.event.kind.clone()).collect::<Vec<_>>()
    };
    for shard in &seen {
        let [mut of_payments, mut mirrored] = [true, false].map(|of_payments| facts(of_payments, shard));
        of_payments.sort();
        mirrored.sort();
        // who asks for no mirrors counts no money twice
        assert_eq!(of_payments, mirrored);
    }
    shop.settle().await;
    shop.check().await;
}

async fn told(shop: &Shop) -> usize {
    let mut items = 0;
    for shard in 0..shop.store.facts.shards {
        items += feed_of(&shop.store, Shard(shard)).await.len();
    }
    items
}

pub async fn what_was_refused_or_never_written_is_never_told(lab: Lab) {
    let mut shop = Shop::of(&lab).open().await;
    let call = shop.call.clone().with_key("once", b"one lamp");
    let placed = shop.run(shop.commerce.place_order(&call, shop.basket(&[("LAMP", 1)]))).await.expect("an order").value.id;
    let before = told(&shop).await;
    let other = shop.call.clone().with_key("once", b"two lamps");
    assert!(matches!(shop.commerce.place_order(&other, shop.basket(&[("LAMP", 2)])).await, Err(Error::KeyReused { .. })));
    assert!(matches!(shop.try_order(shop.basket(&[("LAST", 2)])).await, Err(Error::Short(_))));
    assert!(matches!(shop.try_order(shop.basket(&[("UNKNOWN", 1)])).await, Err(Error::UnknownSku { .. })));
    assert!(shop.commerce.create_shipment(&shop.call, placed, Default::default()).await.is_err());
    assert!(
        shop.commerce
            .edit_order(&shop.call, placed, EditOrder { remove: vec![crate::id::LineId(9)], ..EditOrder::default() })
            .await
            .is_err()
    );
    assert!(matches!(shop.commerce.get_order(&shop.call, shop.id(OrderId::new)).await, Err(Error::NotFound("order"))));
    for fault in [Fault::Fail, Fault::LoseRequest, Fault::CrashBefore] {
        let faults = Faults::at(Plan { point: Point { operation: Operation::Commit, fault }, visit: 1 });
        shop = shop.restarted_with(&faults);
        assert!(shop.try_order(shop.basket(&[("LAMP", 1)])).await.is_err(), "{fault}");
        assert!(faults.fired());
    }
    assert_eq!(told(&shop).await, before);
    shop = shop.restarted_with(&Faults::none());
    shop.settle().await;
    shop.check().await;
}
