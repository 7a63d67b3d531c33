use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use async_trait::async_trait;
use futures::channel::oneshot;
use futures::executor::block_on;

use crate::consumer::Event;
use crate::engine::{Builder, Call, Commerce, Consumer, ConsumerError, Error, FeedCursor, Handler, HandlerError, Projector};
use crate::id::{ConsumerId, ConsumerName, MoveId, OrderId};
use crate::ports::{
    ChangeSet, ConsumerAct, Expected, FeedEntry, FeedItem, FeedKey, LIMIT_MAX_ROWS, NewEvent, ParkedRow, Position, Root, Shard, StreamId,
    StreamName, Version,
};
use crate::quantity::Quantity;
use crate::sandbox::{Options, Sandbox};
use crate::stock::Move;
use crate::stored;
use crate::testkit::faults::{Fault, Faults, Operation, Plan, Point};
use crate::testkit::lab::{account_at, sku, stream, walk};
use crate::testkit::shop::{Bank, Shop};
use crate::testkit::{ChangeSetExt, Lab, on_threads};

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

/// Puts a unit on a shelf for each order that is placed.
struct Samples {
    lab: Arc<Lab>,
    shelf: String,
    refused: Mutex<Option<FeedKey>>,
    /// Stops in the midst of its work, and waits for a word.
    gate: Mutex<Option<(mpsc::Sender<()>, mpsc::Receiver<()>)>>,
}

impl Samples {
    fn new(lab: &Arc<Lab>, shelf: &str) -> Arc<Self> {
        Arc::new(Self { lab: Arc::clone(lab), shelf: shelf.to_owned(), refused: Mutex::default(), gate: Mutex::default() })
    }

    fn refuses(&self, key: Option<FeedKey>) {
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = key;
    }

    async fn count(&self) -> i64 {
        let key = account_at(&sku(&self.shelf), "default");
        let accounts = self.lab.store.stock.accounts(&key.merchant, std::slice::from_ref(&key.sku)).await.expect("accounts are read");
        accounts.first().map_or(0, |(_, account)| account.on_hand)
    }
}

#[async_trait]
impl Projector for Samples {
    async fn project(&self, items: &[FeedItem], set: &mut ChangeSet) -> Result<(), HandlerError> {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if items.iter().any(|item| Some(item.key()) == refused) {
            return Err(HandlerError::later("no room on the shelf"));
        }
        let placed = items.iter().filter(|item| matches!(&item.entry, FeedEntry::Event(stored) if stored.event.kind == "OrderPlaced"));
        for _ in placed {
            let account = account_at(&sku(&self.shelf), "default");
            set.partition.root = Root::Sku(account.sku.clone());
            set.moves.push(Move::Receive { id: self.lab.id(MoveId::new), account, qty: Quantity::ONE });
        }
        let gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((entered, go_on)) = gate {
            entered.send(()).expect("someone waits for it");
            // the whole process stands still: it renews no lease
            go_on.recv_timeout(Duration::from_secs(10)).expect("it is let go on");
        }
        Ok(())
    }
}

fn samples(commerce: &Commerce, projector: &Arc<Samples>) -> Consumer {
    commerce.projection(name(&projector.shelf), projector.clone()).configure(|config| {
        config.backoff_first_ms = 0;
        config.failures_max = 3;
        config.batch_max_items = 9;
    })
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

pub async fn a_projection_is_written_exactly_once_whatever_becomes_of_its_commits(lab: Lab) {
    const ORDERS: i64 = 6;
    const VISITS: usize = 5;
    let lab = Arc::new(lab);
    some_orders(&lab, 6).await;
    // each run begins anew, and reads what those before it wrote
    for fault in Fault::ALL {
        for visit in 1..=VISITS {
            let faults = Faults::at(Plan { point: Point { operation: Operation::Commit, fault: *fault }, visit });
            let projector = Samples::new(&lab, &format!("{}-{visit}", fault.as_str().replace(' ', "-")));
            // a process that fails is run again, as another one: its leases must run out first
            for _ in 0..5 {
                faults.restart();
                lab.clock.advance_s(31);
                if samples(&engine(&lab, &faults), &projector).run_due().await.is_ok() {
                    break;
                }
            }
            assert_eq!(projector.count().await, ORDERS, "{fault} at commit {visit}");
            assert!(faults.fired(), "there is no commit {visit}");
        }
    }
}

pub async fn a_runner_that_was_taken_for_dead_writes_nothing_when_it_wakes_up(lab: Lab) {
    let lab = Arc::new(lab);
    let shop = some_orders(&lab, 4).await;
    let projector = Samples::new(&lab, "samples");
    let (entered, enters) = mpsc::channel();
    let (go_on, goes_on) = mpsc::channel();
    *projector.gate.lock().unwrap_or_else(PoisonError::into_inner) = Some((entered, goes_on));
    let mut zombie = samples(&shop.commerce, &projector);
    let mut living = samples(&shop.commerce, &projector);
    thread::scope(|scope| {
        let paused = scope.spawn(|| block_on(zombie.run_due()));
        let (lab, projector, living) = (&lab, &projector, &mut living);
        let taking_over = async move {
            enters.recv_timeout(Duration::from_secs(10)).expect("the first runner is in the midst of its work");
            catches_up(living).await;
            let written = projector.count().await;
            assert!(written < 4, "{written} samples, though the first runner has not gone on");
            lab.clock.advance_s(31);
            catches_up(living).await;
            assert_eq!(projector.count().await, 4);
            go_on.send(()).expect("the first runner waits");
        };
        let taking_over = scope.spawn(|| block_on(taking_over));
        taking_over.join().expect("the second runner");
        paused.join().expect("the first runner").expect("it finds nothing left to do");
    });
    assert_eq!(projector.count().await, 4);
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

pub async fn poison_is_found_in_its_batch_and_what_stands_beside_it_is_written_once(lab: Lab) {
    let lab = Arc::new(lab);
    let shop = Shop::of(&lab).open().await;
    let mut orders = Vec::new();
    for _ in 0..5 {
        orders.push(shop.place(&[("LAMP", 1)]).await.id);
    }
    let projector = Samples::new(&lab, "samples");
    projector.refuses(Some(key(orders[2])));
    let mut consumer = samples(&shop.commerce, &projector);
    catches_up(&mut consumer).await;
    assert_eq!(projector.count().await, 4);
    let parked = shop.commerce.list_parked(&shop.call, &name("samples"), None, 100).await.expect("parked items are listed").items;
    assert!(parked.iter().all(|row| row.key == key(orders[2])));
    assert_eq!(parked[0].error.as_deref(), Some("no room on the shelf"));
    projector.refuses(None);
    shop.commerce.replay_parked(&shop.call, &name("samples"), parked[0].shard, parked[0].position, None).await.expect("it is parked");
    catches_up(&mut consumer).await;
    assert_eq!(projector.count().await, 5);
}

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

pub async fn a_projector_that_meddles_with_its_own_progress_parks_the_item(lab: Lab) {
    struct Meddler;

    #[async_trait]
    impl Projector for Meddler {
        async fn project(&self, _: &[FeedItem], set: &mut ChangeSet) -> Result<(), HandlerError> {
            if let ConsumerAct::Advance { to, .. } = &mut set.consumers[0].act {
                *to = Position(to.0 + 1_000);
            }
            Ok(())
        }
    }

    let shop = some_orders(&lab, 1).await;
    let mut meddler = shop.commerce.projection(name("mailer"), Arc::new(Meddler));
    catches_up(&mut meddler).await;
    assert_eq!(parked(&shop).await.len(), all(&lab).await.len());
    assert!(parked(&shop).await[0].error.as_deref().is_some_and(|error| error.contains("consumer's part")));
}
