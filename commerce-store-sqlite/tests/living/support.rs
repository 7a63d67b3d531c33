//! A shop over a file, load on it, and what `verify` says of a file.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use commerce_core::engine::{Builder, PackUnits, VerifyReport};
use commerce_core::goods::ItemKind;
use commerce_core::id::{OrderId, ProviderName};
use commerce_core::ports::Store;
use commerce_core::sandbox::{Options, Sandbox, Token};
use commerce_core::testkit::ManualClock;
use commerce_core::testkit::shop::{Good, Shop};
use commerce_core::time::Timestamp;
use commerce_store_sqlite::{SqliteOptions, SqliteStore, StoreHandle};
use futures::executor::block_on;
use tempfile::TempDir;

const PLENTY: &[Good] = &[Good { sku: "LAMP", kind: ItemKind::Stocked, pence: 1_000, stock: &[("default", 1_000_000)] }];

/// A folder with a file in it.
pub(crate) struct Place {
    pub(crate) folder: TempDir,
    pub(crate) clock: Arc<ManualClock>,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { folder: TempDir::new().unwrap(), clock: Arc::new(ManualClock::at(Timestamp::from_secs(1_800_000_000))) }
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.file("shop.db")
    }

    pub(crate) fn options(&self) -> SqliteOptions {
        SqliteOptions::new(self.clock.clone())
    }

    /// Opens a shop over the file, with plenty on its shelves.
    pub(crate) fn shop(&self) -> (Shop, StoreHandle) {
        let (store, handle) = SqliteStore::open(self.store(), self.options()).unwrap();
        (block_on(Shop::over(store, self.clock.clone()).goods(PLENTY).open()), handle)
    }

    /// The same; its operations wait for no saga.
    pub(crate) fn impatient_shop(&self) -> (Shop, StoreHandle) {
        let (store, handle) = SqliteStore::open(self.store(), self.options()).unwrap();
        (block_on(Shop::over(store, self.clock.clone()).goods(PLENTY).impatient().open()), handle)
    }

    /// Opens a shop over a store in which another shop was.
    pub(crate) fn over(&self, store: Store) -> Shop {
        block_on(Shop::over(store, self.clock.clone()).seed(8).goods(PLENTY).open())
    }

    /// What `verify` says of one state of a file.
    pub(crate) fn verify(&self, path: &Path) -> VerifyReport {
        let (store, handle) = SqliteStore::open_snapshot(path, self.clock.clone()).unwrap();
        let bank = Arc::new(Sandbox::new(self.clock.clone(), Options::CARDS));
        let (commerce, _workers) = Builder::new(store, self.clock.clone(), ProviderName::new("sandbox").unwrap(), bank).build();
        // on a thread of its own: the caller's may be running a future already
        let report = thread::scope(|scope| scope.spawn(|| block_on(commerce.verify()).unwrap()).join().unwrap());
        handle.close();
        report
    }

    /// The names and contents of all that lies in the folder.
    pub(crate) fn content(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files: Vec<_> = fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
    }
}

/// One order, from its placing to its delivery. Somebody must run the workers.
pub(crate) async fn whole_order(shop: &Shop) -> OrderId {
    let order = shop.basket(&[("LAMP", 2)]).paid_with(Token::Visa.method());
    let placed = shop.commerce.place_order(&shop.call, order).await.unwrap().value;
    let parcel = shop.commerce.create_shipment(&shop.call, placed.id, PackUnits::default()).await.unwrap().value.shipment;
    shop.commerce.dispatch_shipment(&shop.call, parcel.id, None, None).await.unwrap();
    shop.commerce.deliver_shipment(&shop.call, parcel.id).await.unwrap();
    placed.id
}
