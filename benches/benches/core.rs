//! What the pure core costs, without any store.

use commerce_benches::life::{NOW, place_to_delivered};
use commerce_core::money::share_out;
use commerce_core::order::{Order, evolve};
use commerce_core::stored::{decode_order, encode_order};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn decide(c: &mut Criterion) {
    c.bench_function("decide and evolve, place to delivered, 3 lines", |b| b.iter(place_to_delivered));
}

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
    group.finish();
}

fn money(c: &mut Criterion) {
    let weights: Vec<u64> = (1..=100).collect();
    c.bench_function("share an amount out over 100 lines", |b| b.iter(|| share_out(99_999, &weights)));
}

criterion_group!(benches, decide, rehydrate, money);
criterion_main!(benches);
