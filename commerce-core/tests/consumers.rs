//! Consumers of the feed, and time: pauses between tries, calls that hang, leases that are kept, looks that nobody asked for.

use std::future::pending;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use commerce_core::engine::{Commerce, Handler, HandlerError};
use commerce_core::id::{ConsumerName, OrderId};
use commerce_core::ports::{Clock, Feed, FeedItem, FeedKey, PortError, Position, Shard, Store};
use commerce_core::testkit::shop::Shop;
use commerce_core::testkit::{ManualClock, Stage};
use commerce_core::time::Timestamp;
use futures::FutureExt;
use futures::executor::block_on;

/// What a handler does with items of one key.
#[derive(Clone, Copy)]
enum Mood {
    Fails,
    Hangs,
    TakesS(u64),
}

/// Notes when it was told what.
struct Diary {
    clock: Arc<ManualClock>,
    moody: FeedKey,
    mood: Mood,
    told: Mutex<Vec<(FeedKey, Position, Timestamp)>>,
}

impl Diary {
    fn new(shop: &Shop, order: OrderId, mood: Mood) -> Arc<Self> {
        Arc::new(Self { clock: shop.clock.clone(), moody: FeedKey::new(format!("order/{order}")), mood, told: Mutex::default() })
    }

    /// Milliseconds since a time at which the first item of the moody key was told.
    fn tries_ms(&self, since: Timestamp) -> Vec<i64> {
        let told = self.told.lock().expect("nobody panicked");
        let first = told.iter().find(|(key, ..)| *key == self.moody).expect("it was told").1;
        let tries = told.iter().filter(|(key, at, _)| (key, *at) == (&self.moody, first));
        tries.map(|(.., when)| (when.micros() - since.micros()) / 1_000).collect()
    }

    /// Milliseconds until the last item of another key was told.
    fn others_ms(&self, since: Timestamp) -> i64 {
        let told = self.told.lock().expect("nobody panicked");
        let last = told.iter().filter(|(key, ..)| *key != self.moody).map(|(.., when)| *when).max().expect("it was told");
        (last.micros() - since.micros()) / 1_000
    }
}

#[async_trait]
impl Handler for Diary {
    async fn handle(&self, item: &FeedItem) -> Result<(), HandlerError> {
        self.told.lock().expect("nobody panicked").push((item.key(), item.position, self.clock.now()));
        match self.mood {
            _ if item.key() != self.moody => Ok(()),
            Mood::Fails => Err(HandlerError::later("not now")),
            Mood::Hangs => pending().await,
            Mood::TakesS(secs) => {
                self.clock.sleep_until(self.clock.now().plus_secs(secs)).await;
                Ok(())
            }
        }
    }
}

fn name() -> ConsumerName {
    ConsumerName::new("diary").expect("a valid name")
}

/// A shop with two orders; the first is the moody one.
fn shop() -> (Shop, OrderId) {
    block_on(async {
        let shop = Shop::in_memory().open().await;
        let first = shop.place(&[("LAMP", 1)]).await.id;
        shop.place(&[("VASE", 1)]).await;
        (shop, first)
    })
}

fn runs(stage: &Stage, commerce: &Commerce, diary: &Arc<Diary>) {
    let consumer = commerce.consumer(name(), diary.clone()).configure(|config| config.handle_timeout_ms = 60_000);
    stage.spawn(consumer.run(pending()).map(|ended| ended.expect("it goes on")));
}

#[test]
fn an_item_is_tried_again_after_pauses_that_double_while_others_go_on() {
    let (shop, moody) = shop();
    let stage = Stage::new(shop.clock.clone());
    let (diary, begun) = (Diary::new(&shop, moody, Mood::Fails), shop.clock.now());
    runs(&stage, &shop.commerce, &diary);
    stage.run(shop.clock.sleep_until(begun.plus_secs(20)));
    assert_eq!(diary.tries_ms(begun), [0, 200, 600, 1_400, 3_000]);
    assert_eq!(diary.others_ms(begun), 0);
    let parked = block_on(shop.commerce.list_parked(&shop.call, &name(), None, 100)).unwrap().items;
    assert_eq!((parked[0].failures, parked[0].error.as_deref()), (5, Some("not now")));
}

#[test]
fn a_call_that_hangs_is_given_up_when_its_time_is_over_and_its_item_parked_in_the_end() {
    let (shop, moody) = shop();
    let stage = Stage::new(shop.clock.clone());
    let (diary, begun) = (Diary::new(&shop, moody, Mood::Hangs), shop.clock.now());
    runs(&stage, &shop.commerce, &diary);
    stage.run(shop.clock.sleep_until(begun.plus_secs(400)));
    assert_eq!(diary.tries_ms(begun), [0, 60_200, 120_600, 181_400, 243_000]);
    let parked = block_on(shop.commerce.list_parked(&shop.call, &name(), None, 100)).unwrap().items;
    assert_eq!(parked[0].error.as_deref(), Some("the handler took more than 60000 ms"));
    assert!(block_on(shop.commerce.get_consumer(&name())).unwrap().iter().all(|place| place.leased && place.behind() == 0));
}

#[test]
fn a_runner_keeps_its_lease_while_its_handler_takes_long_and_a_second_one_stands_by() {
    let (shop, moody) = shop();
    let stage = Stage::new(shop.clock.clone());
    let (diary, begun) = (Diary::new(&shop, moody, Mood::TakesS(50)), shop.clock.now());
    runs(&stage, &shop.commerce, &diary);
    stage.rest();
    runs(&stage, &shop.commerce, &diary);
    // longer than any lease without a renewal
    stage.run(shop.clock.sleep_until(begun.plus_secs(600)));
    let mut places: Vec<Position> = diary.told.lock().unwrap().iter().map(|(_, at, _)| *at).collect();
    let told = places.len();
    places.sort_unstable();
    places.dedup();
    assert_eq!(places.len(), told, "nothing was told twice");
    assert!(block_on(shop.commerce.get_consumer(&name())).unwrap().iter().all(|place| place.behind() == 0));
}

/// A feed that tells nobody of a change.
struct Deaf(Arc<dyn Feed>);

#[async_trait]
impl Feed for Deaf {
    async fn read(&self, shard: Shard, after: Position, limit: u32, mirrors: bool) -> Result<Vec<FeedItem>, PortError> {
        self.0.read(shard, after, limit, mirrors).await
    }

    async fn heads(&self) -> Result<Vec<Position>, PortError> {
        self.0.heads().await
    }

    async fn changed(&self) {
        pending().await
    }
}

#[test]
fn a_consumer_looks_by_itself_though_nobody_tells_it_of_a_change() {
    block_on(async {
        let shop = Shop::in_memory().view(|store| Store { feed: Arc::new(Deaf(store.feed.clone())), ..store }).open().await;
        let first = shop.place(&[("LAMP", 1)]).await.id;
        let stage = Stage::new(shop.clock.clone());
        let diary = Diary::new(&shop, first, Mood::TakesS(0));
        runs(&stage, &shop.commerce, &diary);
        stage.rest();
        let before = diary.told.lock().unwrap().len();
        shop.place(&[("VASE", 1)]).await;
        stage.rest();
        assert_eq!(diary.told.lock().unwrap().len(), before, "nobody told it");
        stage.jump_s(1);
        assert!(diary.told.lock().unwrap().len() > before);
    });
}
