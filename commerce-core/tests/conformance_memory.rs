//! The memory adapter keeps every promise of the ports, with one shard and with several.

use std::sync::Arc;

use async_trait::async_trait;
use commerce_core::memory::MemoryStore;
use commerce_core::ports::{Clock, Store};
use commerce_core::testkit::Fixture;

struct Memory {
    shards: u16,
}

#[async_trait]
impl Fixture for Memory {
    async fn open(&self, clock: Arc<dyn Clock>) -> Store {
        MemoryStore::open(self.shards, clock)
    }

    async fn open_second(&self, _clock: Arc<dyn Clock>) -> Option<Store> {
        None
    }

    async fn close(&self) {}
}

commerce_core::conformance!(with_1_shard, Memory { shards: 1 });
commerce_core::conformance!(with_3_shards, Memory { shards: 3 });
commerce_core::conformance_engine!(engine_with_1_shard, Memory { shards: 1 });
commerce_core::conformance_engine!(engine_with_3_shards, Memory { shards: 3 });
commerce_core::conformance_faults!(faults_in_memory, Memory { shards: 3 });
