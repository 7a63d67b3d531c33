//! Consumers of the feed, run by the engine: one file for each side of them, and here what all of these need.

mod handling;
mod operators;
mod parking;
mod projecting;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};

use async_trait::async_trait;

pub use handling::*;
pub use operators::*;
pub use parking::*;
pub use projecting::*;

use crate::engine::{Builder, Commerce, Consumer, Handler, HandlerError};
use crate::id::{ConsumerName, OrderId};
use crate::ports::{FeedEntry, FeedItem, FeedKey, ParkedRow, Position, Shard};
use crate::sandbox::{Options, Sandbox};
use crate::testkit::Lab;
use crate::testkit::faults::Faults;
use crate::testkit::lab::walk;
use crate::testkit::shop::{Bank, Shop};

fn name(text: &str) -> ConsumerName {
    ConsumerName::new(text).expect("a test's consumer is valid")
}

/// Keeps what it is told, and refuses what it is told to refuse.
#[derive(Default)]
struct Told {
    seen: Mutex<Vec<FeedItem>>,
    refused: Mutex<BTreeSet<FeedKey>>,
    panics: bool,
    hopeless: bool,
    tries: AtomicUsize,
    bell: Mutex<Option<mpsc::Sender<()>>>,
}

impl Told {
    fn kept(&self) -> MutexGuard<'_, Vec<FeedItem>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn seen(&self) -> Vec<FeedItem> {
        self.kept().clone()
    }

    fn refuses(&self, key: &FeedKey, refused: bool) {
        let mut keys = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let _changed = if refused { keys.insert(key.clone()) } else { keys.remove(key) };
    }

    fn places(&self) -> Vec<(Shard, Position)> {
        self.seen().iter().map(|item| (item.shard, item.position)).collect()
    }
}

#[async_trait]
impl Handler for Told {
    async fn handle(&self, item: &FeedItem) -> Result<(), HandlerError> {
        if self.refused.lock().unwrap_or_else(PoisonError::into_inner).contains(&item.key()) {
            self.tries.fetch_add(1, Ordering::Relaxed);
            assert!(!self.panics, "told to panic");
            return Err(if self.hopeless { HandlerError::never("gone for ever") } else { HandlerError::later("no such address") });
        }
        self.kept().push(item.clone());
        if let Some(bell) = &*self.bell.lock().unwrap_or_else(PoisonError::into_inner) {
            // nobody listens any more once the case is over
            let _gone = bell.send(());
        }
        Ok(())
    }
}

/// A consumer that loses no time between its tries.
fn consumer(commerce: &Commerce, handler: &Arc<Told>) -> Consumer {
    commerce.consumer(name("mailer"), handler.clone()).configure(|config| {
        config.backoff_first_ms = 0;
        config.failures_max = 3;
        config.batch_max_items = 7;
    })
}

async fn catches_up(consumer: &mut Consumer) {
    consumer.run_due().await.expect("the consumer comes to the end of the feed");
}

/// Every item but mirrors, shard by shard.
async fn all(lab: &Lab) -> Vec<FeedItem> {
    let mut items = Vec::new();
    for shard in lab.shards() {
        items.extend(lab.feed(shard).await.into_iter().filter(|item| !is_mirror(item)));
    }
    items
}

fn is_mirror(item: &FeedItem) -> bool {
    matches!(&item.entry, FeedEntry::Event(stored) if stored.event.mirror)
}

/// Asserts that these are those items, each once, and those of a key in the order of each shard.
#[track_caller]
fn assert_whole(seen: &[FeedItem], items: &[FeedItem]) {
    let by_key = |items: &[FeedItem]| {
        let mut keys: BTreeMap<(Shard, FeedKey), Vec<Position>> = BTreeMap::new();
        for item in items {
            keys.entry((item.shard, item.key())).or_default().push(item.position);
        }
        keys
    };
    assert_eq!(by_key(seen), by_key(items));
}

fn key(order: OrderId) -> FeedKey {
    FeedKey::new(format!("order/{order}"))
}

fn of_key(items: &[FeedItem], key: &FeedKey) -> Vec<Position> {
    items.iter().filter(|item| item.key() == *key).map(|item| item.position).collect()
}

async fn parked(shop: &Shop) -> Vec<ParkedRow> {
    let mailer = name("mailer");
    walk(100, async |after, limit| {
        let page = shop.commerce.list_parked(&shop.call, &mailer, after, limit).await;
        Ok(page.expect("parked items are listed"))
    })
    .await
}

async fn behind(shop: &Shop) -> u64 {
    let places = shop.commerce.get_consumer(&name("mailer")).await.expect("the consumer ran");
    places.iter().map(|place| place.behind()).sum()
}

async fn some_orders(lab: &Lab, orders: usize) -> Shop {
    let shop = Shop::of(lab).open().await;
    for _ in 0..orders {
        shop.place(&[("LAMP", 1)]).await;
    }
    shop
}

/// An engine of its own over the store of a lab, which meets faults.
pub(super) fn engine(lab: &Lab, faults: &Faults) -> Commerce {
    let bank = Arc::new(Sandbox::new(lab.clock.clone(), Options::CARDS));
    Builder::new(faults.store(lab.store.clone()), lab.clock.clone(), Bank::Cards.provider(), bank).build().0
}
