//! What commits and reads cost over the stores.

use std::num::NonZeroU16;
use std::sync::Arc;
use std::time::Duration;

use commerce_benches::sets::{Placements, SKUS, engine, order, stock_up};
use commerce_core::clock::TokioClock;
use commerce_core::commit::{CommitLimits, group_commit};
use commerce_core::engine::{Call, EditOrder, PlaceOrder};
use commerce_core::id::LineId;
use commerce_core::memory::MemoryStore;
use commerce_core::order::LineChange;
use commerce_core::ports::{ChangeSet, Clock, Journal, Store, Verdict};
use commerce_core::quantity::Quantity;
use commerce_store_sqlite::{SqliteOptions, SqliteStore, StoreHandle};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use futures::executor::block_on;
use futures::future::join_all;
use tempfile::TempDir;

/// Callers that commit one set each at once.
const CALLERS: usize = 64;
/// Events of the stream that is read.
const STREAM_EVENTS: u32 = 1_000;

fn in_memory() -> Store {
    MemoryStore::open(1, Arc::new(TokioClock))
}

fn on_disk(folder: &TempDir) -> (Store, StoreHandle) {
    let options = SqliteOptions { shards: NonZeroU16::MIN, ..SqliteOptions::new(Arc::new(TokioClock)) };
    SqliteStore::open(folder.path().join("shop.db"), options).expect("a fresh file")
}

/// Commits sets as one call, each of which must stand.
async fn commit(journal: &dyn Journal, sets: Vec<ChangeSet>) {
    for verdict in journal.commit(sets).await {
        assert!(matches!(verdict, Ok(Verdict::Committed(_))), "{verdict:?}");
    }
}

/// Placed orders per second. Where batches form, the idle writer takes the first set by itself.
fn commits(c: &mut Criterion) {
    let mut placements = Placements::default();
    let mut group = c.benchmark_group("commit");
    group.sample_size(20).measurement_time(Duration::from_secs(3));
    let memory = in_memory();
    block_on(stock_up(&engine(memory.clone()), SKUS));
    group.throughput(Throughput::Elements(CALLERS as u64));
    group.bench_function("memory, 64 sets", |b| {
        b.iter_batched(|| placements.batch(CALLERS), |sets| block_on(commit(&*memory.journal, sets)), BatchSize::SmallInput);
    });
    let (grouped, committer) = group_commit(Arc::new(memory.journal.clone()), CommitLimits::default());
    let committing = std::thread::spawn(|| block_on(committer.run()));
    group.bench_function("group commit over memory, 64 callers", |b| {
        let call = |sets: Vec<ChangeSet>| block_on(join_all(sets.into_iter().map(|set| commit(&grouped, vec![set]))));
        b.iter_batched(|| placements.batch(CALLERS), call, BatchSize::SmallInput);
    });
    grouped.close();
    committing.join().expect("the committer ends");

    let folder = TempDir::new().expect("a folder");
    let (store, handle) = on_disk(&folder);
    block_on(stock_up(&engine(store.clone()), SKUS));
    for sets in [1, 8, 64] {
        group.throughput(Throughput::Elements(sets as u64));
        group.bench_function(format!("SQLite, {sets} sets"), |b| {
            b.iter_batched(|| placements.batch(sets), |sets| block_on(commit(&*store.journal, sets)), BatchSize::SmallInput);
        });
    }
    group.finish();
    handle.close();
}

/// Events per second of one long stream, read and folded by the engine.
fn replay(c: &mut Criterion) {
    let mut group = c.benchmark_group("replay");
    group.sample_size(20).throughput(Throughput::Elements(u64::from(STREAM_EVENTS)));
    let folder = TempDir::new().expect("a folder");
    let (on_disk, handle) = on_disk(&folder);
    for (name, store) in [("memory", in_memory()), ("SQLite", on_disk)] {
        let shop = engine(store);
        let call = Call::staff("bench");
        let id = block_on(async {
            stock_up(&shop, 3).await;
            let unpaid = PlaceOrder { method: None, ..order() };
            let placed = shop.place_order(&call, unpaid).await.expect("an ordinary order").value;
            let mut version = placed.version;
            for edit in 1.. {
                if version.0 >= u64::from(STREAM_EVENTS) {
                    break;
                }
                let qty = Quantity::new(1 + edit % 2).ok();
                let change = LineChange { line_id: LineId(1), qty, unit_price: None, adjustments: None };
                let edited = shop.edit_order(&call, placed.id, EditOrder { change: vec![change], ..EditOrder::default() }).await;
                version = edited.expect("an ordinary edit").value.version;
            }
            placed.id
        });
        let now = TokioClock.now();
        group.bench_function(format!("{name}, a stream of 1,000 events"), |b| {
            b.iter(|| block_on(shop.get_order_as_of(&call, id, now)).expect("the order is there"));
        });
    }
    group.finish();
    handle.close();
}

criterion_group!(benches, commits, replay);
criterion_main!(benches);
