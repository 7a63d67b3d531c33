//! The engine that the replay runs: a durable file, the sandbox provider in this process, and workers on tokio.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use commerce_core::clock::TokioClock;
use commerce_core::commit::CommitCounts;
use commerce_core::engine::{Builder, Call, Commerce, CreateItem, Error, PutItem, Workers};
use commerce_core::goods::ItemKind;
use commerce_core::id::{LocationId, MerchantId, ProviderName};
use commerce_core::money::Currency;
use commerce_core::ports::{SagaPhase, SagaQuery, Store};
use commerce_core::quantity::Quantity;
use commerce_core::sandbox::{Ledger, Options, Sandbox};
use commerce_core::stock::Limits;
use commerce_core::time::Timestamp;
use commerce_store_sqlite::{OpenError, SqliteOptions, SqliteStore, StoreHandle};
use futures::stream::{self, StreamExt, TryStreamExt};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::drive::ITEMS_AT_ONCE_MAX;
use crate::plan::{CatalogueItem, Plan};

/// Who gives every command of the replay.
const STAFF: &str = "online-retail";

/// Milliseconds that a command waits for its money: a slow machine must not change what is booked.
const WAIT_MS: u64 = 600_000;

/// Seconds without any commit after which money that is still in motion is given up on.
const IDLE_MAX_S: u64 = 60;

/// Orders kept in memory: an order is done with soon, or comes back months later.
const CACHE_MAX_ORDERS: usize = 512;

/// Why the engine cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The books must begin empty to be compared with the plan.
    #[error("{} exists: the replay wants a new file", .0.display())]
    Exists(PathBuf),
    /// The store cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
}

/// A running engine.
pub struct Shop {
    commerce: Commerce,
    sandbox: Arc<Sandbox>,
    store: Store,
    file: StoreHandle,
    stop: oneshot::Sender<()>,
    workers: JoinHandle<()>,
}

impl Shop {
    /// Makes a store at `path` and starts an engine over it, on the runtime that is entered.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn open(path: &Path) -> Result<Self, StartError> {
        if path.exists() {
            return Err(StartError::Exists(path.to_owned()));
        }
        let clock = Arc::new(TokioClock);
        let (store, file) = SqliteStore::open(path, SqliteOptions::new(clock.clone()))?;
        let sandbox = Arc::new(Sandbox::new(clock, Options::CARDS));
        let (commerce, workers) = engine(&store, &sandbox);
        let (stop, stopped) = oneshot::channel::<()>();
        let workers = tokio::spawn(workers.run(async {
            let _told_or_dropped = stopped.await;
        }));
        Ok(Self { commerce, sandbox, store, file, stop, workers })
    }

    /// The engine.
    pub const fn commerce(&self) -> &Commerce {
        &self.commerce
    }

    /// Writes the catalogue and the made-up opening stock, as of the plan's first item; `done` hears of each code.
    ///
    /// # Errors
    /// What the engine refuses: nothing of a plan should be.
    pub async fn stock(&self, plan: &Plan, done: impl Fn()) -> Result<(), Error> {
        let Some(first) = plan.items().first() else { return Ok(()) };
        let codes = plan.catalogue().map(|item| {
            let shelve = self.shelve(item, first.at);
            async {
                shelve.await?;
                done();
                Ok(())
            }
        });
        stream::iter(codes).buffer_unordered(ITEMS_AT_ONCE_MAX.get()).try_collect().await
    }

    async fn shelve(&self, item: CatalogueItem<'_>, at: Timestamp) -> Result<(), Error> {
        let call = staff(at);
        let stocked = item.kind.is_stocked();
        let kind = if stocked { ItemKind::Stocked } else { ItemKind::Unstocked };
        let prices = [(Currency::GBP, item.price)].into();
        let put = PutItem { sku: item.sku.clone(), title: item.title.to_owned(), kind, prices, active: true };
        self.commerce.put_catalogue_item(&call, put).await?;
        if stocked {
            let opening = u32::try_from(item.opening_units).ok().and_then(Quantity::some);
            let (sku, location, limits) = (item.sku.clone(), LocationId::default(), Limits::default());
            self.commerce.create_item(&call, CreateItem { sku, location, limits, opening }).await?;
        }
        Ok(())
    }

    /// Waits until no saga has anything left to do; answers how many still have after a minute without a commit.
    ///
    /// # Errors
    /// The store's.
    pub async fn settle(&self) -> Result<u64, Error> {
        let running = SagaQuery { merchant: MerchantId::default(), phase: Some(SagaPhase::Running), order: None };
        loop {
            let changed = self.store.feed.changed();
            let left = self.commerce.list_sagas(&running, None, 1).await?.items.len() as u64;
            if left == 0 || tokio::time::timeout(Duration::from_secs(IDLE_MAX_S), changed).await.is_err() {
                return Ok(left);
            }
        }
    }

    /// Ends the workers and closes the file; answers what the provider did with money, and what the store's group committer did.
    pub async fn close(self) -> (Ledger, CommitCounts) {
        let Self { commerce, sandbox, store, file, stop, workers } = self;
        drop(stop);
        workers.await.expect("workers do not panic");
        drop((commerce, store));
        let commits = file.commit_counts();
        file.close();
        (sandbox.ledger(), commits)
    }
}

/// A store that was closed, opened again to be read: an engine without workers, which knows nothing but what is on disk.
pub struct Archive {
    commerce: Commerce,
    file: StoreHandle,
}

impl Archive {
    /// Opens a store.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn open(path: &Path) -> Result<Self, StartError> {
        let clock = Arc::new(TokioClock);
        let (store, file) = SqliteStore::open(path, SqliteOptions::new(clock.clone()))?;
        let (commerce, _) = engine(&store, &Arc::new(Sandbox::new(clock, Options::CARDS)));
        Ok(Self { commerce, file })
    }

    /// The engine.
    pub const fn commerce(&self) -> &Commerce {
        &self.commerce
    }

    /// Closes the file.
    pub fn close(self) {
        drop(self.commerce);
        self.file.close();
    }
}

fn engine(store: &Store, sandbox: &Arc<Sandbox>) -> (Commerce, Workers) {
    let provider = ProviderName::new("sandbox").expect("a short plain word");
    let builder = Builder::new(store.clone(), Arc::new(TokioClock), provider, sandbox.clone()).configure(|config| {
        config.place_wait_ms = WAIT_MS;
        config.cache_max_orders = CACHE_MAX_ORDERS;
        // by the clock every order of the data is long due: completing them is no part of the data
        config.sweep_ms = None;
    });
    builder.build()
}

/// A staff command at a time of the data.
pub(crate) fn staff(at: Timestamp) -> Call {
    Call::staff(STAFF).at(at)
}
