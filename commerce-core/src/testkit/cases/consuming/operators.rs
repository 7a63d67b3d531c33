//! What operators tell a consumer.

use std::sync::Arc;

use super::{Told, all, catches_up, consumer, engine, key, name, of_key, parked, some_orders};
use crate::consumer::Event;
use crate::engine::{Call, Error, FeedCursor};
use crate::id::ConsumerId;
use crate::ports::{LIMIT_MAX_ROWS, Position, Shard, StreamId, StreamName, Version};
use crate::stored;
use crate::testkit::Lab;
use crate::testkit::faults::{Fault, Faults, Operation, Plan, Point};
use crate::testkit::lab::stream;
use crate::testkit::shop::Shop;

pub async fn a_consumer_is_rebuilt_from_the_first_item_or_goes_on_from_any_place(lab: Lab) {
    let shop = some_orders(&lab, 3).await;
    let (mailer, told) = (name("mailer"), Arc::new(Told::default()));
    let mut consumer = consumer(&shop.commerce, &told);
    catches_up(&mut consumer).await;
    let head = shop.commerce.feed_head().await.expect("the feed is read");
    let first = told.places();
    let places = shop.commerce.reset_consumer(&shop.call, &mailer, &FeedCursor::default(), None).await.expect("it is reset");
    assert!(places.iter().all(|place| place.position == Position(0) && place.behind() == place.head.0));
    told.kept().clear();
    catches_up(&mut consumer).await;
    // the word itself stands in the feed
    let again: Vec<_> = told.places().into_iter().filter(|(shard, at)| *at <= head.position(*shard)).collect();
    let sorted = |mut places: Vec<(Shard, Position)>| {
        places.sort_unstable();
        places
    };
    assert_eq!(sorted(again), sorted(first));
    told.kept().clear();
    shop.commerce.reset_consumer(&shop.call, &mailer, &head, None).await.expect("it is reset");
    catches_up(&mut consumer).await;
    assert!(told.seen().iter().all(|item| item.position > head.position(item.shard) && item.key().as_str().starts_with("consumer/")));
    let beyond = FeedCursor::at(lab.shards().map(|_| Position(1_000_000)).collect());
    for bad in [beyond, FeedCursor::at(vec![Position(1); usize::from(lab.store.facts.shards) + 1])] {
        let refused = shop.commerce.reset_consumer(&shop.call, &mailer, &bad, None).await;
        assert!(matches!(&refused, Err(Error::Invalid { field, .. }) if field == "/to"), "{refused:?}");
    }
    // one that never ran begins where it is told
    let late = Arc::new(Told::default());
    let head = shop.commerce.feed_head().await.expect("the feed is read");
    shop.commerce.reset_consumer(&shop.call, &name("late"), &head, None).await.expect("it is set");
    let placed = shop.place(&[("LAMP", 1)]).await.id;
    catches_up(&mut shop.commerce.consumer(name("late"), late.clone())).await;
    assert!(late.seen().iter().all(|item| item.position > head.position(item.shard)));
    assert_eq!(of_key(&late.seen(), &key(placed)), of_key(&all(&lab).await, &key(placed)));
}

pub async fn what_operators_say_is_recorded_with_who_said_it(lab: Lab) {
    let shop = Shop::of(&lab).open().await;
    let (mailer, told) = (name("mailer"), Arc::new(Told::default()));
    let mut consumer = consumer(&shop.commerce, &told);
    let order = shop.place(&[("LAMP", 1)]).await.id;
    told.refuses(&key(order), true);
    catches_up(&mut consumer).await;
    let row = parked(&shop).await.remove(0);
    let (call, note) = (Call::staff("ann"), || Some("seen to it".to_owned()));
    let theirs = Call { merchant: crate::testkit::lab::merchant("other"), ..call.clone() };
    let refused = shop.commerce.replay_parked(&theirs, &mailer, row.shard, row.position, None).await;
    assert!(matches!(refused, Err(Error::NotFound("parked item"))), "no merchant sees another's: {refused:?}");
    assert_eq!(shop.commerce.list_parked(&theirs, &mailer, None, 10).await.expect("listed").items, []);
    let long = Some("x".repeat(501));
    let refused = shop.commerce.drop_parked(&call, &mailer, row.shard, row.position, long).await;
    assert!(matches!(&refused, Err(Error::Invalid { field, .. }) if field == "/note"), "{refused:?}");

    shop.commerce.replay_parked(&call, &mailer, row.shard, row.position, note()).await.expect("it is parked");
    shop.commerce.drop_parked(&call, &mailer, row.shard, row.position, None).await.expect("it is parked");
    shop.commerce.reset_consumer(&call, &mailer, &FeedCursor::default(), note()).await.expect("it is reset");
    let stream = StreamId { name: StreamName::Consumer(ConsumerId::of(&mailer)), ..stream(StreamName::Order(order)) };
    let events = lab.store.journal.load(&stream, Version(0), LIMIT_MAX_ROWS).await.expect("the stream is read");
    assert!(events.iter().all(|event| event.meta.actor == call.actor));
    let decode = |event: &crate::ports::Stored| stored::decode_consumer(&event.event.kind, event.event.kind_version, &event.event.bytes);
    let words: Vec<Event> = events.iter().map(|event| decode(event).expect("it reads")).collect();
    let (consumer, shard, key) = (mailer.clone(), row.shard.0, row.key.to_string());
    let positions = lab.shards().map(|_| 0).collect();
    assert_eq!(
        words,
        [
            Event::ParkedReplayed { consumer: consumer.clone(), shard, key: key.clone(), note: note() },
            Event::ParkedDropped { consumer: consumer.clone(), shard, position: row.position.0, key, note: None },
            Event::ConsumerReset { consumer, positions, note: note() },
        ]
    );
}

pub async fn a_word_that_was_not_written_changes_nothing(lab: Lab) {
    let shop = Shop::of(&lab).open().await;
    let told = Arc::new(Told::default());
    let order = shop.place(&[("LAMP", 1)]).await.id;
    told.refuses(&key(order), true);
    catches_up(&mut consumer(&shop.commerce, &told)).await;
    let rows = parked(&shop).await;
    let place = shop.commerce.get_consumer(&name("mailer")).await.expect("it ran");
    for fault in [Fault::Fail, Fault::LoseRequest, Fault::CrashBefore] {
        let faults = Faults::at(Plan { point: Point { operation: Operation::Commit, fault }, visit: 1 });
        let failing = engine(&lab, &faults);
        assert!(failing.reset_consumer(&shop.call, &name("mailer"), &FeedCursor::default(), None).await.is_err(), "{fault}");
        let faults = Faults::at(Plan { point: Point { operation: Operation::Commit, fault }, visit: 1 });
        assert!(engine(&lab, &faults).drop_parked(&shop.call, &name("mailer"), rows[0].shard, rows[0].position, None).await.is_err());
    }
    assert_eq!((parked(&shop).await, shop.commerce.get_consumer(&name("mailer")).await.expect("it ran")), (rows, place));
}
