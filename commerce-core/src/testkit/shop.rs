//! A shop for tests: an engine over any store, a clock that a test moves, banks whose books lie open, and goods on the shelves.

mod check;
mod goods;
mod words;

use std::fmt;
use std::sync::Arc;
use std::thread;

use futures::channel::oneshot;
use futures::executor::block_on;
use futures::lock::Mutex;

use crate::engine::{Builder, Call, Commerce, Config, Workers};
use crate::id::ProviderName;
use crate::memory::MemoryStore;
use crate::ports::{Ids, LIMIT_MAX_ROWS, PaymentProvider, Position, Shard, Store};
use crate::sandbox::{Options, Sandbox};
use crate::testkit::faults::Faults;
use crate::testkit::{Lab, ManualClock, SeededIds, on_threads};
use crate::time::Timestamp;

pub use check::Unsettled;
pub use goods::{Good, SHELVES};

crate::names! {
    /// A payment provider of the shop. Its name is the one that it is registered under.
    Bank {
        /// Cards that are captured in parts; takes the payments that name no provider.
        Cards = "sandbox",
        /// Cards of which each authorization is captured once.
        SingleCapture = "single_capture",
        /// Takes money at once.
        Sales = "sales",
    }
}

impl Bank {
    /// The name that it is registered under.
    pub fn provider(self) -> ProviderName {
        ProviderName::new(self.as_str()).expect("the names above are short and plain")
    }

    const fn options(self) -> Options {
        match self {
            Self::Cards => Options::CARDS,
            Self::SingleCapture => Options::SINGLE_CAPTURE,
            Self::Sales => Options::SALES,
        }
    }
}

/// An engine with all that a story about it needs. Its words run the workers while they wait; the clock stands still unless
/// [`Shop::advance`] moves it.
pub struct Shop {
    /// The engine.
    pub commerce: Commerce,
    /// The store, without the faults that the engine meets.
    pub store: Store,
    /// Everybody's clock.
    pub clock: Arc<ManualClock>,
    /// Who asks, in the shop's words: staff of the default merchant.
    pub call: Call,
    ids: Arc<SeededIds>,
    banks: Vec<(Bank, Arc<Sandbox>)>,
    floor: Mutex<Floor>,
    setup: Setup,
}

struct Floor {
    workers: Workers,
    /// How far each shard's feed was when the shop last settled.
    heads: Vec<Position>,
}

type Change = Arc<dyn Fn(&mut Config) + Send + Sync>;

#[derive(Clone)]
struct Setup {
    seed: u64,
    report_all: bool,
    faults: Option<Faults>,
    changes: Vec<Change>,
}

impl fmt::Debug for Shop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shop").field("commerce", &self.commerce).field("clock", &self.clock).finish_non_exhaustive()
    }
}

/// Opens a [`Shop`].
pub struct ShopBuilder {
    store: Store,
    clock: Arc<ManualClock>,
    setup: Setup,
}

impl fmt::Debug for ShopBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShopBuilder").field("store", &self.store).finish_non_exhaustive()
    }
}

impl ShopBuilder {
    /// Changes the engine's settings. The shop's own defaults: no sweep but in [`Shop::settle`].
    #[must_use]
    pub fn configure(mut self, change: impl Fn(&mut Config) + Send + Sync + 'static) -> Self {
        self.setup.changes.push(Arc::new(change));
        self
    }

    /// Makes ids from this seed: another one for a second shop over the same store.
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.setup.seed = seed;
        self
    }

    /// Operations answer as soon as they are committed, and wait for no saga: [`Shop::settle`] runs those one after the other.
    #[must_use]
    pub fn impatient(self) -> Self {
        self.configure(|config| config.place_wait_ms = 0)
    }

    /// Lets the engine meet these faults, at its store and at its banks. What stocks the shelves meets none.
    #[must_use]
    pub fn faults(mut self, faults: &Faults) -> Self {
        self.setup.faults = Some(faults.clone());
        self
    }

    /// Lets the banks report every outcome too, beside answering: see [`Shop::reports`].
    #[must_use]
    pub const fn report_all(mut self) -> Self {
        self.setup.report_all = true;
        self
    }

    /// Stocks the shelves with [`SHELVES`] and opens.
    ///
    /// # Panics
    /// If the shelves cannot be stocked.
    pub async fn open(self) -> Shop {
        let Self { store, clock, setup } = self;
        let ids = Arc::new(SeededIds::new(setup.seed));
        let report_all = setup.report_all;
        let bank = |bank: Bank| (bank, Arc::new(Sandbox::new(clock.clone(), Options { report_all, ..bank.options() })));
        let banks: Vec<_> = Bank::ALL.iter().map(|name| bank(*name)).collect();
        goods::stock(&store, &clock, &ids).await;
        Shop::start(store, clock, ids, banks, setup)
    }
}

impl Shop {
    /// A shop over a store that has its time from this clock.
    pub fn over(store: Store, clock: Arc<ManualClock>) -> ShopBuilder {
        ShopBuilder { store, clock, setup: Setup { seed: 7, report_all: false, faults: None, changes: Vec::new() } }
    }

    /// A shop in a conformance case.
    pub fn of(lab: &Lab) -> ShopBuilder {
        Self::over(lab.store.clone(), lab.clock.clone())
    }

    /// A shop in memory, at the start of 2026.
    pub fn in_memory() -> ShopBuilder {
        let clock = Arc::new(ManualClock::at(Timestamp::from_secs(1_767_225_600)));
        Self::over(MemoryStore::open(1, clock.clone()), clock)
    }

    fn start(store: Store, clock: Arc<ManualClock>, ids: Arc<SeededIds>, banks: Vec<(Bank, Arc<Sandbox>)>, setup: Setup) -> Self {
        let faulty = |sandbox: &Arc<Sandbox>| -> Arc<dyn PaymentProvider> {
            let plain: Arc<dyn PaymentProvider> = sandbox.clone();
            setup.faults.as_ref().map_or(plain.clone(), |faults| faults.provider(plain))
        };
        let seen = setup.faults.as_ref().map_or_else(|| store.clone(), |faults| faults.store(store.clone()));
        let (first, others) = banks.split_first().expect("there is a bank");
        let mut builder = Builder::new(seen, clock.clone(), first.0.provider(), faulty(&first.1)).ids(ids.clone());
        for (name, sandbox) in others {
            builder = builder.provider(name.provider(), faulty(sandbox));
        }
        builder = builder.configure(|config| {
            config.sweep_ms = None;
            setup.changes.iter().for_each(|change| change(config));
        });
        let (commerce, workers) = builder.build();
        let floor = Floor { workers, heads: vec![Position(0); usize::from(store.facts.shards)] };
        Self { commerce, store, clock, call: Call::staff("till-1"), ids, banks, floor: Mutex::new(floor), setup }
    }

    /// Another process after this one: an engine that remembers nothing, over the same store, clock and banks.
    #[must_use]
    pub fn restarted(self) -> Self {
        if let Some(faults) = &self.setup.faults {
            faults.restart();
        }
        let Self { store, clock, ids, banks, setup, .. } = self;
        Self::start(store, clock, ids, banks, setup)
    }

    /// The sandbox of a bank.
    ///
    /// # Panics
    /// Never: every bank has one.
    pub fn bank(&self, bank: Bank) -> &Sandbox {
        let found = self.banks.iter().find(|(name, _)| *name == bank);
        &found.expect("every bank has a sandbox").1
    }

    /// A new id of any type, by its constructor.
    pub fn id<T>(&self, new: impl FnOnce(uuid::Uuid) -> T) -> T {
        new(self.ids.uuid7())
    }

    /// Runs an operation while the workers run. Time stands still: what waits for it waits until someone moves the clock.
    pub async fn run<T>(&self, operation: impl Future<Output = T>) -> T {
        self.floor.lock().await.workers.run_during(operation).await
    }

    /// Runs sagas until none is due now, and sweeps; again, until neither finds anything to do.
    ///
    /// # Panics
    /// If the store cannot be read, or nothing ever comes to rest.
    pub async fn settle(&self) {
        let mut floor = self.floor.lock().await;
        let floor = &mut *floor;
        for _ in 0..ROUNDS_MAX {
            floor.workers.run_due().await.expect("the store is read");
            // a sweep that begins or wakes a saga writes an event with it
            if !wrote(&self.store, &mut floor.heads).await {
                return;
            }
        }
        panic!("the shop does not come to rest");
    }

    /// Moves the clock, and settles what has become due.
    ///
    /// # Panics
    /// As [`Shop::settle`].
    pub async fn advance(&self, millis: u64) {
        self.clock.advance_ms(millis);
        self.settle().await;
    }

    /// Runs `work` on so many threads at once while the workers run on one of their own; answers what each came to.
    ///
    /// # Panics
    /// If one of them panics, with its panic.
    pub fn crowd<T: Send>(&self, threads: usize, work: impl AsyncFn(usize) -> T + Sync) -> Vec<T> {
        thread::scope(|scope| {
            let (done, ended) = oneshot::channel::<()>();
            scope.spawn(|| {
                block_on(self.run(async {
                    // dropped by a panic, it ends too
                    let _ended = ended.await;
                }));
            });
            let came_to = on_threads(threads, work);
            drop(done);
            came_to
        })
    }
}

/// Rounds after which a shop that still moves is taken for one that never rests.
const ROUNDS_MAX: usize = 1_000;

/// Whether anything stands in the feed beyond these positions; moves them to the end.
async fn wrote(store: &Store, heads: &mut [Position]) -> bool {
    let mut wrote = false;
    for (shard, head) in (0..).map(Shard).zip(heads) {
        loop {
            let items = store.feed.read(shard, *head, LIMIT_MAX_ROWS, true).await.expect("the feed is read");
            let Some(last) = items.last() else { break };
            (*head, wrote) = (last.position, true);
        }
    }
    wrote
}
