//! What the pure core costs, without any store: decisions, folds, money, and the judge of stock moves.

use commerce_benches::life::{NOW, place_to_delivered};
use commerce_benches::sets::Placements;
use commerce_benches::shelves::Shelves;
use commerce_core::money::share_out;
use commerce_core::order::{Order, evolve};
use commerce_core::stock::Move;
use commerce_core::stored::{decode_order, encode_order};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// Everything that is decided about one order, ten events from its placement to its delivery.
fn decide(c: &mut Criterion) {
    let mut group = c.benchmark_group("decide and evolve");
    group.bench_function("place to delivered, 3 lines", |b| b.iter(place_to_delivered));
    group.finish();
}

/// Events per second of one core.
fn rehydrate(c: &mut Criterion) {
    let (events, _) = place_to_delivered();
    let stored: Vec<_> = events.iter().map(|event| encode_order(event).expect("one currency")).collect();
    let mut group = c.benchmark_group("rehydrate");
    group.throughput(Throughput::Elements(events.len() as u64));
    group.bench_function("decode and evolve from stored bytes", |b| {
        b.iter(|| {
            stored.iter().fold(None::<Order>, |order, one| {
                let event = decode_order(one.kind.as_str(), one.kind_version, &one.bytes).expect("just encoded");
                Some(evolve(order, NOW, &event).expect("lawful"))
            })
        });
    });
    group.bench_function("evolve alone", |b| {
        b.iter(|| events.iter().fold(None::<Order>, |order, event| Some(evolve(order, NOW, event).expect("lawful"))));
    });
    group.bench_function("encode", |b| {
        b.iter(|| events.iter().map(|event| encode_order(event).expect("one currency").bytes.len()).sum::<usize>());
    });
    group.finish();
}

fn money(c: &mut Criterion) {
    let weights: Vec<u64> = (1..=100).collect();
    let mut group = c.benchmark_group("money");
    group.bench_function("share an amount out over 100 lines", |b| b.iter(|| share_out(99_999, &weights)));
    group.finish();
}

/// Holds per second, batched as a store batches them.
fn ledger(c: &mut Criterion) {
    let mut placements = Placements::default();
    let mut group = c.benchmark_group("ledger");
    for sets in [1, 64] {
        let spread = placements.batch(sets);
        let mut hot = spread.clone();
        let one = hot[0].moves[0].clone();
        for held in hot.iter_mut().flat_map(|set| &mut set.moves) {
            if let (Move::Hold { sku, .. }, Move::Hold { sku: same, .. }) = (held, &one) {
                *sku = same.clone();
            }
        }
        group.throughput(Throughput::Elements(spread.iter().map(|set| set.moves.len() as u64).sum()));
        for (name, batch) in [("any SKU", &spread), ("one SKU", &hot)] {
            let shelves = Shelves::of(batch);
            group.bench_function(format!("{sets} sets of 3 holds, {name}"), |b| b.iter(|| shelves.judge(batch)));
        }
    }
    group.finish();
}

criterion_group!(benches, decide, rehydrate, money, ledger);
criterion_main!(benches);
