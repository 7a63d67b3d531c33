//! What a handler is told, and what it is not.

use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use futures::channel::oneshot;
use futures::executor::block_on;

use super::{Told, all, assert_whole, behind, catches_up, consumer, is_mirror, key, name, of_key, parked, some_orders};
use crate::engine::Error;
use crate::id::OrderId;
use crate::ports::{Expected, FeedEntry, NewEvent, StreamName};
use crate::testkit::shop::Shop;
use crate::testkit::{ChangeSetExt, Lab, on_threads};

pub async fn every_item_is_handled_once_and_those_of_a_key_in_their_order(lab: Lab) {
    let shop = Shop::of(&lab).open().await;
    let told = Arc::new(Told::default());
    let mut mailer = consumer(&shop.commerce, &told);
    assert!(matches!(shop.commerce.get_consumer(&name("mailer")).await, Err(Error::NotFound("consumer"))));
    for _ in 0..3 {
        for _ in 0..3 {
            let placed = shop.place(&[("LAMP", 1), ("VASE", 2)]).await.id;
            shop.ship_and_deliver(placed).await;
        }
        catches_up(&mut mailer).await;
        assert_whole(&told.seen(), &all(&lab).await);
        assert_eq!(behind(&shop).await, 0);
    }
    let mirrors = Arc::new(Told::default());
    let mut other = shop.commerce.consumer(name("other"), mirrors.clone()).configure(|config| config.mirrors = true);
    catches_up(&mut other).await;
    assert!(mirrors.seen().iter().any(is_mirror) && mirrors.seen().len() > told.seen().len());
}

pub async fn a_consumer_hears_of_commits_while_time_stands_still_and_ends_when_told(lab: Lab) {
    let shop = Shop::of(&lab).open().await;
    let (bell, rings) = mpsc::channel();
    let told = Arc::new(Told { bell: Mutex::new(Some(bell)), ..Told::default() });
    let mailer = consumer(&shop.commerce, &told);
    let (stop, stopped) = oneshot::channel::<()>();
    thread::scope(|scope| {
        let running = scope.spawn(|| {
            block_on(mailer.run(async {
                let _sender_gone_is_stop = stopped.await;
            }))
        });
        let (shop, lab, told) = (&shop, &lab, &told);
        let placing = async move {
            for _ in 0..5 {
                shop.place(&[("LAMP", 1)]).await;
                let items = all(lab).await.len();
                while told.seen().len() < items {
                    rings.recv_timeout(Duration::from_secs(10)).expect("somebody tells the consumer");
                }
            }
            assert!(shop.commerce.get_consumer(&name("mailer")).await.expect("it runs").iter().all(|place| place.leased));
            // it ends also if this fails
            drop(stop);
        };
        let placing = scope.spawn(|| block_on(placing));
        placing.join().expect("the till");
        running.join().expect("the runner").expect("it ends as told");
    });
    assert!(shop.commerce.get_consumer(&name("mailer")).await.expect("it ran").iter().all(|place| !place.leased));
    assert_whole(&told.seen(), &all(&lab).await);
}

pub async fn an_event_of_an_unknown_version_is_handed_over_raw_and_stops_nothing(lab: Lab) {
    let shop = Shop::of(&lab).open().await;
    let order = lab.id(OrderId::new);
    let strange = NewEvent { kind: "OrderTeleported".into(), kind_version: 9, bytes: vec![0, 159, 146], ..lab.event() };
    lab.committed(lab.order_set(order).append(StreamName::Order(order), Expected::New, vec![strange.clone()])).await;
    shop.place(&[("LAMP", 1)]).await;
    let told = Arc::new(Told::default());
    catches_up(&mut consumer(&shop.commerce, &told)).await;
    assert_whole(&told.seen(), &all(&lab).await);
    let raw = told.seen().iter().any(|item| matches!(&item.entry, FeedEntry::Event(stored) if stored.event == strange));
    assert!(raw, "the event came as it was written");
}

pub async fn a_handler_that_panics_parks_its_item_and_nothing_else(lab: Lab) {
    let shop = Shop::of(&lab).open().await;
    let told = Arc::new(Told { panics: true, ..Told::default() });
    let orders = [shop.place(&[("LAMP", 1)]).await.id, shop.place(&[("LAMP", 1)]).await.id];
    told.refuses(&key(orders[0]), true);
    catches_up(&mut consumer(&shop.commerce, &told)).await;
    let rows = parked(&shop).await;
    assert!(rows.iter().all(|row| row.key == key(orders[0])));
    assert_eq!(rows[0].error.as_deref(), Some("the handler panicked"));
    assert_eq!(of_key(&told.seen(), &key(orders[1])), of_key(&all(&lab).await, &key(orders[1])));
}

pub async fn of_several_runners_of_one_name_one_at_a_time_has_a_shard(lab: Lab) {
    let shop = some_orders(&lab, 6).await;
    let told = Arc::new(Told::default());
    on_threads(4, async |_| {
        for _ in 0..5 {
            catches_up(&mut consumer(&shop.commerce, &told)).await;
        }
    });
    // each gave its lease back when it had come to the end, so that nothing was told twice
    assert_whole(&told.seen(), &all(&lab).await);
}
