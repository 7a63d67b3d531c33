//! A shop for tests: an engine over any store, a clock that a test moves, banks whose books lie open, and goods on the shelves.

mod builder;
mod bustle;
mod check;
mod goods;
mod words;

use std::fmt;
use std::sync::Arc;
use std::thread;

use futures::channel::oneshot;
use futures::executor::block_on;
use futures::lock::Mutex;

use crate::engine::{Builder, Call, Commerce, Workers};
use crate::id::ProviderName;
use crate::memory::MemoryStore;
use crate::ports::{Ids, LIMIT_MAX_ROWS, PaymentProvider, Position, Shard, Store};
use crate::sandbox::{Options, Sandbox};
use crate::testkit::faults::Faults;
use crate::testkit::{Lab, ManualClock, SeededIds, on_threads};
use crate::time::Timestamp;

use builder::Setup;

pub use builder::ShopBuilder;
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
    banks: Banks,
    floor: Mutex<Floor>,
    setup: Setup,
}

type Banks = Vec<(Bank, Arc<Sandbox>)>;

struct Floor {
    /// None once a test runs them itself.
    workers: Option<Workers>,
    /// How far each shard's feed was when the shop last settled.
    heads: Vec<Position>,
}

impl fmt::Debug for Shop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shop").field("commerce", &self.commerce).field("clock", &self.clock).finish_non_exhaustive()
    }
}

impl Shop {
    /// A shop over a store that has its time from this clock.
    pub fn over(store: Store, clock: Arc<ManualClock>) -> ShopBuilder {
        ShopBuilder { store, clock, setup: Setup::plain() }
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

    fn start(store: Store, clock: Arc<ManualClock>, ids: Arc<SeededIds>, banks: Banks, setup: Setup) -> Self {
        let (commerce, workers) = Self::build(&store, &clock, &ids, &banks, &setup);
        let floor = Floor { workers: Some(workers), heads: vec![Position(0); usize::from(store.facts.shards)] };
        Self { commerce, store, clock, call: Call::staff("till-1"), ids, banks, floor: Mutex::new(floor), setup }
    }

    fn build(store: &Store, clock: &Arc<ManualClock>, ids: &Arc<SeededIds>, banks: &Banks, setup: &Setup) -> (Commerce, Workers) {
        let faulty = |sandbox: &Arc<Sandbox>| -> Arc<dyn PaymentProvider> {
            let plain: Arc<dyn PaymentProvider> = sandbox.clone();
            setup.faults.as_ref().map_or(plain.clone(), |faults| faults.provider(plain))
        };
        let seen = setup.faults.as_ref().map_or_else(|| store.clone(), |faults| faults.store(store.clone()));
        let seen = setup.view.as_ref().map_or(seen.clone(), |view| view(seen));
        let (first, others) = banks.split_first().expect("there is a bank");
        let mut builder = Builder::new(seen, clock.clone(), first.0.provider(), faulty(&first.1)).ids(ids.clone());
        for (name, sandbox) in others {
            builder = builder.provider(name.provider(), faulty(sandbox));
        }
        builder = builder.configure(|config| {
            config.sweep_ms = None;
            setup.changes.iter().for_each(|change| change(config));
        });
        match &setup.outfit {
            Some(outfit) => outfit(builder, banks).build(),
            None => builder.build(),
        }
    }

    /// A second process beside this one: an engine that remembers nothing, over the same store, clock and banks, and its workers, which
    /// the test runs.
    pub fn second(&self) -> (Commerce, Workers) {
        Self::build(&self.store, &self.clock, &self.ids, &self.banks, &self.setup)
    }

    /// Hands the workers to a test that runs them itself. From then on the shop's words only wait, and [`Shop::settle`] panics.
    ///
    /// # Panics
    /// If they were taken before.
    pub fn take_workers(&mut self) -> Workers {
        self.floor.get_mut().workers.take().expect("the workers are there")
    }

    /// Another process after this one: an engine that remembers nothing, over the same store, clock and banks.
    #[must_use]
    pub fn restarted(self) -> Self {
        if let Some(faults) = &self.setup.faults {
            faults.restart();
        }
        self.beside(self.store.clone())
    }

    /// Another process after this one that meets these faults.
    #[must_use]
    pub fn restarted_with(mut self, faults: &Faults) -> Self {
        self.setup.faults = Some(faults.clone());
        self.restarted()
    }

    /// Another process beside this one: a shop with an engine of its own over the same data, clock and banks. The two wait only for
    /// sagas of their own.
    #[must_use]
    pub fn beside(&self, store: Store) -> Self {
        Self::start(store, self.clock.clone(), self.ids.clone(), self.banks.clone(), self.setup.clone())
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
        {
            let mut floor = self.floor.lock().await;
            if let Some(workers) = &mut floor.workers {
                return workers.run_during(operation).await;
            }
        }
        operation.await
    }

    /// Runs sagas until none is due now, and sweeps; again, until neither finds anything to do. A shop that meets faults may stop before.
    ///
    /// # Panics
    /// If the store cannot be read, nothing ever comes to rest, or the workers were taken.
    pub async fn settle(&self) {
        let mut floor = self.floor.lock().await;
        let floor = &mut *floor;
        for _ in 0..ROUNDS_MAX {
            let workers = floor.workers.as_mut().expect("the shop runs its own workers");
            match workers.run_due().await {
                Err(_) if self.setup.faults.is_some() => return,
                ran => ran.expect("the store is read"),
            }
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
