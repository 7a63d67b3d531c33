//! Callers: each places an order, waits until it is confirmed, and places the next.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use commerce_core::engine::{Commerce, NewLine, PlaceOrder};
use commerce_core::id::{CustomerId, Sku};
use commerce_core::money::Currency;
use commerce_core::order::Headline;
use commerce_core::quantity::Quantity;
use commerce_core::sandbox::Token;
use tokio::task::JoinSet;

use super::BenchError;
use super::latencies::Latencies;
use super::shop::{Shop, Tally, sku, staff};

/// Customers that the orders come from.
const CUSTOMERS: u32 = 10_000;
/// Longer than any load that is bounded by its orders.
const FOREVER: Duration = Duration::from_hours(24);

/// What is ordered.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Basket {
    /// This many distinct SKUs, one unit of each.
    Spread(usize),
    /// One unit of the one SKU that all want.
    Hot,
}

impl Basket {
    /// The SKUs of the next order, sorted.
    pub(crate) fn pick(self, random: &mut fastrand::Rng, skus: u16) -> Vec<u16> {
        let lines = match self {
            Self::Hot => return vec![0],
            Self::Spread(lines) => lines,
        };
        let mut picked = Vec::with_capacity(lines);
        while picked.len() < lines {
            let n = random.u16(..skus);
            if !picked.contains(&n) {
                picked.push(n);
            }
        }
        // so that equal orders have equal rows in the same order
        picked.sort_unstable();
        picked
    }
}

/// The number of the customer of the next order.
pub(crate) fn pick_customer(random: &mut fastrand::Rng) -> u32 {
    random.u32(..CUSTOMERS)
}

/// A closed load.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) callers: u16,
    pub(crate) basket: Basket,
    pub(crate) warm_up: Duration,
    /// How long is measured at most; without it the orders alone bound the load.
    pub(crate) time: Option<Duration>,
    /// The most orders, those of the warm-up included.
    pub(crate) orders_max: Option<u64>,
    pub(crate) seed: u64,
}

/// What a load came to between the end of its warm-up and its end.
#[derive(Clone, Debug)]
pub(crate) struct Measured {
    pub(crate) latencies: Latencies,
    pub(crate) time: Duration,
    pub(crate) before: Tally,
    pub(crate) after: Tally,
}

/// What a file's committer did during a load.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Commits {
    pub(crate) batches: u64,
    pub(crate) sets: u64,
    /// Waits until the log, or the file, was on disk.
    pub(crate) syncs: u64,
}

impl Commits {
    /// Change sets of each batch.
    pub(crate) fn batch_mean(&self) -> f64 {
        self.sets as f64 / self.batches.max(1) as f64
    }
}

impl Measured {
    pub(crate) fn orders_per_s(&self) -> f64 {
        self.latencies.count() as f64 / self.time.as_secs_f64()
    }

    /// Calls of the store's ports for each order.
    pub(crate) fn calls_per_order(&self) -> f64 {
        (self.after.calls - self.before.calls) as f64 / self.latencies.count() as f64
    }

    /// What was committed, and how; of a file alone.
    pub(crate) fn commits(&self) -> Option<Commits> {
        let ((before, syncs_before), (after, syncs)) = (self.before.file?, self.after.file?);
        Some(Commits { batches: after.batches - before.batches, sets: after.sets - before.sets, syncs: syncs - syncs_before })
    }
}

/// What all callers of a load share.
struct Course {
    begun: AtomicU64,
    orders_max: u64,
    measuring: AtomicBool,
    stopped: AtomicBool,
}

impl Course {
    /// Whether another order is to be placed.
    fn next(&self) -> bool {
        !self.stopped.load(Ordering::Acquire) && self.begun.fetch_add(1, Ordering::AcqRel) < self.orders_max
    }
}

/// Loads a shop. Every order is checked to be confirmed.
pub(crate) async fn load(shop: &Shop, load: Load) -> Result<Measured, BenchError> {
    let course = Arc::new(Course {
        begun: AtomicU64::new(0),
        orders_max: load.orders_max.unwrap_or(u64::MAX),
        measuring: AtomicBool::new(load.warm_up.is_zero()),
        stopped: AtomicBool::new(false),
    });
    let skus: Arc<[Sku]> = (0..shop.skus).map(sku).collect();
    let (mut before, mut began) = (shop.tally(), Instant::now());
    let mut callers = JoinSet::new();
    for n in 0..load.callers {
        let random = fastrand::Rng::with_seed(load.seed.wrapping_add(u64::from(n) << 32));
        callers.spawn(place_in_turn(shop.commerce.clone(), Arc::clone(&skus), Arc::clone(&course), load.basket, random));
    }
    if !load.warm_up.is_zero() {
        tokio::time::sleep(load.warm_up).await;
        (before, began) = (shop.tally(), Instant::now());
        course.measuring.store(true, Ordering::Release);
    }
    let mut all = Vec::new();
    let mut late = Box::pin(tokio::time::sleep(load.time.unwrap_or(FOREVER)));
    loop {
        tokio::select! {
            () = &mut late => break,
            done = callers.join_next() => match done {
                Some(done) => all.extend(done??),
                None => break,
            }
        }
    }
    course.measuring.store(false, Ordering::Release);
    let (after, time) = (shop.tally(), began.elapsed());
    course.stopped.store(true, Ordering::Release);
    while let Some(done) = callers.join_next().await {
        all.extend(done??);
    }
    if all.is_empty() {
        return Err(BenchError::NothingMeasured);
    }
    Ok(Measured { latencies: Latencies::of(all), time, before, after })
}

async fn place_in_turn(
    commerce: Commerce,
    skus: Arc<[Sku]>,
    course: Arc<Course>,
    basket: Basket,
    mut random: fastrand::Rng,
) -> Result<Vec<Duration>, BenchError> {
    let call = staff();
    let mut latencies = Vec::new();
    let count = u16::try_from(skus.len()).unwrap_or(u16::MAX);
    while course.next() {
        let lines = basket.pick(&mut random, count).into_iter().map(|n| NewLine::new(skus[usize::from(n)].clone(), Quantity::ONE));
        let mut order = PlaceOrder::new(Currency::EUR, lines.collect()).paid_with(Token::Visa.method());
        order.customer_id = Some(customer(pick_customer(&mut random)));
        let began = Instant::now();
        let placed = commerce.place_order(&call, order).await?.value;
        let took = began.elapsed();
        let headline = placed.order.headline();
        if headline != Headline::Confirmed {
            return Err(BenchError::NotConfirmed(headline));
        }
        if course.measuring.load(Ordering::Acquire) {
            latencies.push(took);
        }
    }
    Ok(latencies)
}

fn customer(n: u32) -> CustomerId {
    CustomerId::new(&format!("customer-{n}")).expect("printable")
}
