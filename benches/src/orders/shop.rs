//! A shop with a full catalogue, ample stock and running workers.

use std::path::Path;
use std::sync::Arc;

use commerce_core::clock::TokioClock;
use commerce_core::commit::CommitCounts;
use commerce_core::engine::{Builder, Call, Commerce, PutItem};
use commerce_core::goods::ItemKind;
use commerce_core::id::{LocationId, ProviderName, Sku};
use commerce_core::memory::MemoryStore;
use commerce_core::money::{Currency, Money};
use commerce_core::ports::Store;
use commerce_core::quantity::Quantity;
use commerce_core::sandbox::{Options, Sandbox};
use commerce_store_sqlite::{SqliteOptions, SqliteStore, StoreHandle};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::BenchError;
use super::counted::{Calls, counted};

/// Items that are put into the catalogue at once.
const STOCKING_MAX: usize = 64;
pub(crate) const PRICE_MINOR: i64 = 12_999;
pub(crate) const TITLE: &str = "Trail running shoe size 42";

pub(crate) fn sku(n: u16) -> Sku {
    Sku::new(&format!("SKU-{n:05}")).expect("printable")
}

pub(crate) fn staff() -> Call {
    Call::staff("bench")
}

/// An engine with its workers over a store.
pub(crate) struct Shop {
    pub(crate) commerce: Commerce,
    pub(crate) skus: u16,
    calls: Arc<Calls>,
    stop: oneshot::Sender<()>,
    workers: JoinHandle<()>,
    file: Option<StoreHandle>,
}

/// What a shop did up to now.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    /// Of a file: what its group committer did, and how often it waited for the disk.
    pub(crate) file: Option<(CommitCounts, u64)>,
    /// Calls of the store's ports.
    pub(crate) calls: u64,
}

impl Shop {
    /// A shop in memory, its shelves full.
    pub(crate) async fn in_memory(skus: u16) -> Result<Self, BenchError> {
        let shop = Self::over(MemoryStore::open(1, Arc::new(TokioClock)), None, skus);
        shop.stock_up().await?;
        Ok(shop)
    }

    /// A shop over a file that has its catalogue already.
    pub(crate) fn at(path: &Path, skus: u16) -> Result<Self, BenchError> {
        let (store, file) = SqliteStore::open(path, SqliteOptions::new(Arc::new(TokioClock)))?;
        Ok(Self::over(store, Some(file), skus))
    }

    /// Makes a file with a full catalogue and no order.
    pub(crate) async fn found(path: &Path, skus: u16) -> Result<(), BenchError> {
        let shop = Self::at(path, skus)?;
        shop.stock_up().await?;
        shop.close().await
    }

    fn over(store: Store, file: Option<StoreHandle>, skus: u16) -> Self {
        let clock = Arc::new(TokioClock);
        let (store, calls) = counted(store);
        let sandbox = Arc::new(Sandbox::new(clock.clone(), Options::CARDS));
        let provider = ProviderName::new("sandbox").expect("a name");
        let (commerce, workers) = Builder::new(store, clock, provider, sandbox).build();
        let (stop, stopped) = oneshot::channel::<()>();
        let workers = tokio::spawn(workers.run(async {
            let _sender_gone_is_stop = stopped.await;
        }));
        Self { commerce, skus, calls, stop, workers, file }
    }

    async fn stock_up(&self) -> Result<(), BenchError> {
        let all: Vec<u16> = (0..self.skus).collect();
        for some in all.chunks(STOCKING_MAX) {
            futures::future::try_join_all(some.iter().map(|n| self.stock_one(*n))).await?;
        }
        Ok(())
    }

    async fn stock_one(&self, n: u16) -> Result<(), BenchError> {
        let call = staff();
        let sku = sku(n);
        let prices = [(Currency::EUR, Money::from_minor(PRICE_MINOR, Currency::EUR))].into();
        let item = PutItem { sku: sku.clone(), title: TITLE.to_owned(), kind: ItemKind::Stocked, prices, active: true };
        self.commerce.put_catalogue_item(&call, item).await?;
        self.commerce.receive_stock(&call, &sku, &LocationId::default(), Quantity::MAX).await?;
        Ok(())
    }

    pub(crate) fn tally(&self) -> Tally {
        Tally { file: self.file.as_ref().map(|file| (file.commit_counts(), file.sync_count())), calls: self.calls.count() }
    }

    /// Lets the sagas come to rest and closes the file.
    pub(crate) async fn close(self) -> Result<(), BenchError> {
        drop(self.stop);
        self.workers.await?;
        drop(self.commerce);
        if let Some(file) = self.file {
            tokio::task::spawn_blocking(|| file.close()).await?;
        }
        Ok(())
    }
}
