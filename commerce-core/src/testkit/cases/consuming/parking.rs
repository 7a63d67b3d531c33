//! Items that keep failing, and those of their key behind them.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Told, all, assert_whole, behind, catches_up, consumer, key, name, of_key, parked};
use crate::engine::{ConsumerError, Error};
use crate::ports::FeedItem;
use crate::testkit::Lab;
use crate::testkit::shop::Shop;

pub async fn poison_blocks_its_own_key_alone_and_is_replayed_in_order(lab: Lab) {
    let shop = Shop::of(&lab).open().await;
    let told = Arc::new(Told::default());
    let mut mailer = consumer(&shop.commerce, &told);
    let mut orders = Vec::new();
    for _ in 0..4 {
        orders.push(shop.place(&[("LAMP", 1)]).await.id);
    }
    let poison = key(orders[1]);
    told.refuses(&poison, true);
    catches_up(&mut mailer).await;
    assert_eq!(told.tries.load(Ordering::Relaxed), 3);
    for order in &orders {
        shop.ship_and_deliver(*order).await;
        catches_up(&mut mailer).await;
    }
    // what comes later of the key waits behind it untried, and all else goes on
    assert_eq!(told.tries.load(Ordering::Relaxed), 3);
    let items = all(&lab).await;
    let others: Vec<FeedItem> = items.iter().filter(|item| item.key() != poison).cloned().collect();
    assert_whole(&told.seen(), &others);
    assert_eq!(behind(&shop).await, 0);
    let rows = parked(&shop).await;
    assert_eq!(rows.iter().map(|row| row.position).collect::<Vec<_>>(), of_key(&items, &poison));
    assert!(rows.iter().all(|row| row.key == poison && !row.replaying));
    assert_eq!((rows[0].error.as_deref(), rows[0].failures), (Some("no such address"), 3));
    assert!(rows.len() > 2 && rows[1..].iter().all(|row| row.error.is_none()));

    told.refuses(&poison, false);
    catches_up(&mut mailer).await;
    assert_eq!(parked(&shop).await.len(), rows.len(), "nobody asked for them");
    // the whole key, whichever of its items is named
    let row = shop.commerce.replay_parked(&shop.call, &name("mailer"), rows[1].shard, rows[1].position, None).await.expect("it is parked");
    assert!(row.replaying);
    shop.refund(orders[1], 10).await;
    catches_up(&mut mailer).await;
    assert_eq!(parked(&shop).await, []);
    assert_whole(&told.seen(), &all(&lab).await);
    // and it goes on as if nothing had been
    shop.give_back(orders[1], &[(1, 1)]).await;
    catches_up(&mut mailer).await;
    assert_whole(&told.seen(), &all(&lab).await);
}

pub async fn a_replay_that_fails_again_leaves_the_key_parked_in_its_order(lab: Lab) {
    let shop = Shop::of(&lab).open().await;
    let told = Arc::new(Told { hopeless: true, ..Told::default() });
    let mut mailer = consumer(&shop.commerce, &told);
    let order = shop.place(&[("LAMP", 3)]).await.id;
    shop.ship_and_deliver(order).await;
    told.refuses(&key(order), true);
    catches_up(&mut mailer).await;
    assert_eq!(told.tries.load(Ordering::Relaxed), 1, "what will never go better is not tried again");
    let before = parked(&shop).await;
    let first = &before[0];
    for tries in 2..4 {
        let replayed = shop.commerce.replay_parked(&shop.call, &first.consumer, first.shard, first.position, None).await;
        replayed.expect("it is parked");
        shop.give_back(order, &[(1, 1)]).await;
        catches_up(&mut mailer).await;
        assert_eq!(told.tries.load(Ordering::Relaxed), tries, "only the first of the key was tried");
        let rows = parked(&shop).await;
        assert!(rows.iter().all(|row| !row.replaying) && rows.len() > before.len());
        assert_eq!(rows.iter().map(|row| row.position).collect::<Vec<_>>(), of_key(&all(&lab).await, &key(order)));
    }
}

pub async fn a_dropped_item_is_never_handled_and_those_behind_it_are_when_they_are_replayed(lab: Lab) {
    let shop = Shop::of(&lab).open().await;
    let told = Arc::new(Told::default());
    let mut mailer = consumer(&shop.commerce, &told);
    let order = shop.place(&[("LAMP", 1)]).await.id;
    told.refuses(&key(order), true);
    catches_up(&mut mailer).await;
    told.refuses(&key(order), false);
    let rows = parked(&shop).await;
    let (mailer_name, shard) = (name("mailer"), rows[0].shard);
    assert!(rows.len() > 1);
    shop.commerce.drop_parked(&shop.call, &mailer_name, shard, rows[0].position, None).await.expect("it is parked");
    catches_up(&mut mailer).await;
    assert_eq!(parked(&shop).await, rows[1..]);
    shop.commerce.replay_parked(&shop.call, &mailer_name, shard, rows[1].position, None).await.expect("it is parked");
    catches_up(&mut mailer).await;
    let items = all(&lab).await;
    let kept: Vec<FeedItem> = items.into_iter().filter(|item| (item.shard, item.position) != (shard, rows[0].position)).collect();
    assert_whole(&told.seen(), &kept);
    assert_eq!(parked(&shop).await, []);
    for gone in [rows[0].position, rows[1].position] {
        let again = shop.commerce.drop_parked(&shop.call, &mailer_name, shard, gone, None).await;
        assert!(matches!(again, Err(Error::NotFound("parked item"))), "{again:?}");
    }
}

pub async fn a_consumer_that_may_park_no_more_stops_and_skips_nothing(lab: Lab) {
    let shop = Shop::of(&lab).open().await;
    let told = Arc::new(Told::default());
    let orders = [shop.place(&[("LAMP", 1)]).await.id, shop.place(&[("LAMP", 1)]).await.id];
    orders.iter().for_each(|order| told.refuses(&key(*order), true));
    let full = |items: usize, keys: usize| {
        consumer(&shop.commerce, &told).configure(|config| (config.parked_max_items, config.parked_max_keys) = (items, keys))
    };
    let ended = full(0, 1_000).run_due().await;
    let Err(ConsumerError::ParkedFull { consumer: stopped, items, .. }) = &ended else { panic!("it goes on: {ended:?}") };
    assert!(stopped == &name("mailer") && *items > 0);
    assert_eq!((parked(&shop).await, behind(&shop).await > 0), (Vec::new(), true));
    let ended = full(1_000, 0).run(std::future::pending()).await;
    assert!(matches!(ended, Err(ConsumerError::ParkedFull { keys: 1.., .. })), "{ended:?}");
    // once it may, it goes on where it was
    catches_up(&mut full(1_000, 1_000)).await;
    orders.iter().for_each(|order| told.refuses(&key(*order), false));
    for row in parked(&shop).await {
        // the second of a key is replayed with the first
        let _told_before = shop.commerce.replay_parked(&shop.call, &row.consumer, row.shard, row.position, None).await;
    }
    catches_up(&mut full(1_000, 1_000)).await;
    let mut places = told.places();
    places.sort_unstable();
    places.dedup();
    assert_eq!(places, all(&lab).await.iter().map(|item| (item.shard, item.position)).collect::<Vec<_>>());
}
