//! A store in memory: the reference that other adapters are compared with. It is gone when its last port is dropped.

mod audit;
mod books;
mod catalogue;
mod consumers;
mod documents;
mod feed;
mod journal;
mod page;
mod sagas;
mod stock;
#[cfg(test)]
mod tests;
mod views;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::cart::Cart;
use crate::catalogue::Item;
use crate::id::{CartId, MerchantId, PersonalRef, Sku};
use crate::ports::{ClaimRow, ClaimSpace, Clock, PersonalRow, Store, StoreFacts};

use books::Books;
use consumers::ConsumerTable;
use feed::Log;
use sagas::SagaTable;
use views::Rows;

const SCHEMA_VERSION: u32 = 1;
// requests are hashed for the life of the process alone, and the same in every run
const HMAC_KEY: [u8; 32] = *b"a store in memory keeps nothing.";

/// All store ports over maps behind one lock. Nothing in it waits, so no future of it is ever left half-way.
pub struct MemoryStore {
    shards: u16,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

/// Everything that is stored.
#[derive(Debug)]
struct State {
    log: Log,
    books: Books,
    rows: Rows,
    sagas: SagaTable,
    claims: BTreeMap<(MerchantId, ClaimSpace, String), ClaimRow>,
    personal: BTreeMap<(MerchantId, PersonalRef), PersonalRow>,
    consumers: ConsumerTable,
    carts: BTreeMap<(MerchantId, CartId), Cart>,
    items: BTreeMap<(MerchantId, Sku), Item>,
}

impl MemoryStore {
    /// Opens an empty store with this many shards, at least 1. Leases run on `clock`.
    pub fn open(shards: u16, clock: Arc<dyn Clock>) -> Store {
        let shards = shards.max(1);
        let state = State {
            log: Log::new(shards),
            books: Books::default(),
            rows: Rows::default(),
            sagas: SagaTable::default(),
            claims: BTreeMap::new(),
            personal: BTreeMap::new(),
            consumers: ConsumerTable::default(),
            carts: BTreeMap::new(),
            items: BTreeMap::new(),
        };
        let store = Arc::new(Self { shards, clock, state: Mutex::new(state) });
        Store {
            facts: StoreFacts { schema_version: SCHEMA_VERSION, shards, hmac_key: HMAC_KEY },
            journal: store.clone(),
            feed: store.clone(),
            consumers: store.clone(),
            stock: store.clone(),
            views: store.clone(),
            sagas: store.clone(),
            personal: store.clone(),
            carts: store.clone(),
            catalogue: store.clone(),
            audit: store,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // sets are judged before anything is written, so a panic leaves nothing half done
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("shards", &self.shards).finish_non_exhaustive()
    }
}
