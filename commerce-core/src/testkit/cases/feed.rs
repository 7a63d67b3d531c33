use std::sync::mpsc;
use std::task::{Context, Poll, Wake};
use std::time::Duration;

use crate::id::{OrderId, PaymentId};
use crate::ports::{Expected, FeedEntry, Position, Shard, StreamName, Version};
use crate::testkit::lab::{sku, stream};
use crate::testkit::{ChangeSetExt, Lab};

pub async fn every_event_and_movement_stands_in_the_feed_of_its_shard_in_the_order_of_commits(lab: Lab) {
    let mut expected = vec![Vec::new(); usize::from(lab.store.facts.shards)];
    for n in 0..30 {
        let order = lab.id(OrderId::new);
        let events = lab.events(1 + n % 3);
        let mut set = lab.order_set(order).append(StreamName::Order(order), Expected::New, events.clone());
        let mut entries: Vec<String> = events.iter().map(|event| event.id.to_string()).collect();
        if n % 2 == 0 {
            set = set.moving(lab.receive(&sku("A"), 1));
            entries.push("received".to_owned());
        }
        let receipt = lab.committed(set).await;
        expected[usize::from(receipt.shard.0)].extend(entries);
    }
    for shard in lab.shards() {
        let items = lab.feed(shard).await;
        assert!(items.is_sorted_by(|a, b| a.position < b.position) && items.iter().all(|item| item.shard == shard));
        let found: Vec<String> = items
            .into_iter()
            .map(|item| match item.entry {
                FeedEntry::Event(stored) => stored.event.id.to_string(),
                FeedEntry::Movement { movement, .. } => movement.kind.to_string(),
            })
            .collect();
        assert_eq!(found, expected[usize::from(shard.0)], "{shard:?}");
    }
}

pub async fn an_event_in_the_feed_is_the_event_in_its_stream(lab: Lab) {
    let order = lab.id(OrderId::new);
    let receipt = lab.committed(lab.order_set(order).append(StreamName::Order(order), Expected::New, lab.events(2))).await;
    let stored = lab.store.journal.load(&stream(StreamName::Order(order)), Version(0), 10).await.expect("loads");
    let items = lab.feed(receipt.shard).await;
    assert!(items.iter().all(|item| item.merchant == crate::id::MerchantId::default()));
    assert!(items.iter().zip(&stored).all(|(item, stored)| item.position == stored.position && item.shard == stored.shard));
    assert_eq!(items.into_iter().map(|item| item.entry).collect::<Vec<_>>(), stored.into_iter().map(FeedEntry::Event).collect::<Vec<_>>());
}

pub async fn mirrors_are_read_on_request_only(lab: Lab) {
    let (order, payment) = (lab.id(OrderId::new), lab.id(PaymentId::new));
    let (facts, mut mirrors) = (lab.events(2), lab.events(2));
    mirrors.iter_mut().for_each(|event| event.mirror = true);
    let set = lab.order_set(order).append(StreamName::Payment(payment), Expected::New, facts.clone());
    let receipt = lab.committed(set.append(StreamName::Order(order), Expected::New, [mirrors.clone(), facts.clone()].concat())).await;
    let read = async |mirrors, limit| {
        let items = lab.store.feed.read(receipt.shard, Position(0), limit, mirrors).await.expect("the feed is read");
        items.iter().filter(|item| matches!(&item.entry, FeedEntry::Event(stored) if stored.event.mirror)).count() * 100 + items.len()
    };
    assert_eq!((read(true, 10).await, read(false, 10).await), (206, 4));
    // mirrors that are left out take no room
    assert_eq!(read(false, 3).await, 3);
}

pub async fn the_feed_is_read_after_a_position_and_up_to_a_limit(lab: Lab) {
    let order = lab.id(OrderId::new);
    let shard = lab.committed(lab.order_set(order).append(StreamName::Order(order), Expected::New, lab.events(10))).await.shard;
    let all = lab.feed(shard).await;
    for (n, item) in all.iter().enumerate() {
        let rest = lab.store.feed.read(shard, item.position, 3, true).await.expect("read");
        assert_eq!(rest, all[n + 1..].iter().take(3).cloned().collect::<Vec<_>>());
    }
    assert_eq!(lab.store.feed.read(shard, Position(0), 0, true).await.expect("read"), []);
}

pub async fn a_shard_that_is_not_there_has_no_items(lab: Lab) {
    let none = Shard(lab.store.facts.shards);
    assert_eq!(lab.store.feed.read(none, Position(0), 10, true).await.expect("read"), []);
}

pub async fn the_heads_are_the_last_positions_of_the_shards(lab: Lab) {
    assert_eq!(lab.store.feed.heads().await.expect("read"), lab.shards().map(|_| Position(0)).collect::<Vec<_>>());
    for n in 0..20 {
        let order = lab.id(OrderId::new);
        let set = lab.order_set(order).append(StreamName::Order(order), Expected::New, lab.events(1 + n % 2));
        lab.committed(if n % 3 == 0 { set.moving(lab.receive(&sku("A"), 1)) } else { set }).await;
    }
    let mut last = Vec::new();
    for shard in lab.shards() {
        last.push(lab.feed(shard).await.last().map_or(Position(0), |item| item.position));
    }
    assert_eq!(lab.store.feed.heads().await.expect("read"), last);
}

pub async fn the_key_of_an_item_is_its_stream_or_its_account(lab: Lab) {
    let order = lab.id(OrderId::new);
    let set = lab.order_set(order).append(StreamName::Order(order), Expected::New, lab.events(1));
    let shard = lab.committed(set.moving(lab.receive_at(&sku("a/b"), "shop", 1))).await.shard;
    let keys: Vec<String> = lab.feed(shard).await.iter().map(|item| item.key().to_string()).collect();
    assert_eq!(keys, [format!("order/{order}"), "stock/shop/a/b".to_owned()]);
}

struct Bell(mpsc::Sender<()>);

impl Wake for Bell {
    fn wake(self: std::sync::Arc<Self>) {
        // nobody listens any more once the case is over
        let _ = self.0.send(());
    }
}

pub async fn a_reader_that_waits_is_told_of_a_commit(lab: Lab) {
    for _ in 0..5 {
        let (bell, rings) = mpsc::channel();
        let waker = std::sync::Arc::new(Bell(bell)).into();
        let mut cx = Context::from_waker(&waker);
        let mut changed = lab.store.feed.changed();
        if changed.as_mut().poll(&mut cx) == Poll::Pending {
            let order = lab.id(OrderId::new);
            lab.committed(lab.order_set(order).append(StreamName::Order(order), Expected::New, lab.events(1))).await;
            loop {
                rings.recv_timeout(Duration::from_secs(10)).expect("the reader is woken");
                if changed.as_mut().poll(&mut cx).is_ready() {
                    break;
                }
            }
        }
    }
}
