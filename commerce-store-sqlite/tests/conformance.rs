//! The conformance suite over SQLite files, with one shard and with three.

use std::num::NonZeroU16;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use commerce_core::ports::{Clock, Store};
use commerce_core::testkit::Fixture;
use commerce_store_sqlite::{SqliteOptions, SqliteStore, StoreHandle};
use tempfile::TempDir;

struct SqliteFixture {
    shards: NonZeroU16,
    directory: TempDir,
    open: Mutex<Option<(Store, StoreHandle)>>,
}

impl SqliteFixture {
    fn new(shards: u16) -> Self {
        let shards = NonZeroU16::new(shards).expect("a test asks for at least one shard");
        Self { shards, directory: TempDir::new().expect("a temporary directory"), open: Mutex::new(None) }
    }
}

#[async_trait]
impl Fixture for SqliteFixture {
    async fn open(&self, clock: Arc<dyn Clock>) -> Store {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || {
            let options = SqliteOptions { shards: self.shards, ..SqliteOptions::new(clock) };
            SqliteStore::open(self.directory.path().join("commerce.db"), options).expect("a new file opens")
        };
        open.get_or_insert_with(make).0.clone()
    }

    async fn open_second(&self, _clock: Arc<dyn Clock>) -> Option<Store> {
        None
    }

    async fn close(&self) {
        if let Some((store, handle)) = self.open.lock().unwrap_or_else(PoisonError::into_inner).take() {
            drop(store);
            handle.close();
        }
    }
}

commerce_core::conformance!(sqlite_with_1_shard, SqliteFixture::new(1));
commerce_core::conformance!(sqlite_with_3_shards, SqliteFixture::new(3));
commerce_core::conformance_durable!(sqlite_opened_again, SqliteFixture::new(3));
commerce_core::conformance_engine!(engine_over_sqlite_with_1_shard, SqliteFixture::new(1));
commerce_core::conformance_engine!(engine_over_sqlite_with_3_shards, SqliteFixture::new(3));
commerce_core::conformance_faults!(faults_over_sqlite, SqliteFixture::new(1));
