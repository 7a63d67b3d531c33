//! Callers that walk away leave no place taken in any queue of the store.

use std::num::NonZeroU16;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::thread;
use std::time::{Duration, Instant};

use commerce_core::commit::CommitLimits;
use commerce_core::id::{LocationId, MerchantId, MoveId, OrderId, Sku};
use commerce_core::ports::{Actor, ActorKind, ChangeSet, Clock, EventMeta, Ids, Partition, PortError, Position, Root, Shard, Store};
use commerce_core::quantity::Quantity;
use commerce_core::stock::{AccountKey, Move};
use commerce_core::testkit::{Dice, ManualClock, SeededIds};
use commerce_core::time::Timestamp;
use commerce_store_sqlite::{SqliteOptions, SqliteStore};
use futures::executor::block_on;
use futures::future::join_all;
use tempfile::TempDir;

const PLACES: usize = 4;
const SEED: u64 = 20_261_124;

type Call<'a> = Pin<Box<dyn Future<Output = Result<(), PortError>> + 'a>>;

fn read(store: &Store) -> Call<'_> {
    Box::pin(async { store.feed.read(Shard(0), Position(0), 10, true).await.map(|_| ()) })
}

fn sweep(store: &Store) -> Call<'_> {
    Box::pin(async { store.carts.sweep(Timestamp::from_secs(1), 10).await.map(|_| ()) })
}

fn receive<'a>(store: &'a Store, clock: &ManualClock, ids: &SeededIds) -> Call<'a> {
    let now = clock.now();
    let actor = Actor { kind: ActorKind::Staff, id: "packer".into() };
    let partition = Partition { merchant: MerchantId::default(), root: Root::Order(OrderId::new(ids.uuid7())) };
    let mut set = ChangeSet::new(partition, now, EventMeta { at: now, actor, correlation: None, causation: None });
    let account = AccountKey { merchant: MerchantId::default(), sku: Sku::new("A").expect("a valid sku"), location: LocationId::default() };
    set.moves.push(Move::Receive { id: MoveId::new(ids.uuid7()), account, qty: Quantity::ONE });
    Box::pin(async move { store.journal.commit(vec![set]).await.remove(0).map(|_| ()) })
}

/// Fills a queue to its last place, until it takes and answers all: those before us may still be on their way out.
#[track_caller]
fn takes_all<'a>(call: impl Fn() -> Call<'a>) {
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        let answers = block_on(join_all((0..PLACES).map(|_| call())));
        if answers.iter().all(Result::is_ok) {
            return;
        }
        assert!(Instant::now() < until, "a place stays taken: {answers:?}");
        thread::yield_now();
    }
}

#[test]
fn a_place_in_a_queue_is_free_again_though_its_caller_walked_away() {
    let folder = TempDir::new().unwrap();
    let (clock, ids) = (Arc::new(ManualClock::at(Timestamp::from_secs(1_800_000_000))), SeededIds::new(SEED));
    let options = SqliteOptions {
        shards: NonZeroU16::MIN,
        readers: 1,
        queue_max_reads: PLACES,
        queue_max_writes: PLACES,
        commit: CommitLimits { batch_max_sets: 2, queue_max_sets: PLACES },
        ..SqliteOptions::new(clock.clone())
    };
    let (store, handle) = SqliteStore::open(folder.path().join("shop.db"), options).unwrap();
    let mut dice = Dice::new(SEED);
    let mut walked = 0;
    for _ in 0..200 {
        let calls = [read(&store), sweep(&store), receive(&store, &clock, &ids), read(&store), receive(&store, &clock, &ids)];
        for mut call in calls {
            let polls = dice.below(3);
            let done = (0..polls).any(|_| call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
            walked += usize::from(!done);
        }
    }
    assert!(walked > 200, "seed {SEED}: only {walked} walked away");
    takes_all(|| read(&store));
    takes_all(|| sweep(&store));
    takes_all(|| receive(&store, &clock, &ids));
    drop(store);
    handle.close();
}
