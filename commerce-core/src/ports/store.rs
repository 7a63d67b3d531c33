//! All store ports of one adapter.

use std::fmt;
use std::sync::Arc;

use crate::ports::{Audit, Carts, Catalogue, Consumers, Feed, Journal, Personal, Sagas, Stock, Views};

/// What a store knows of itself, fixed when it was made.
#[derive(Clone, PartialEq, Eq)]
pub struct StoreFacts {
    /// The version of its schema.
    pub schema_version: u32,
    /// How many shards its feed has.
    pub shards: u16,
    /// The key under which requests are hashed.
    pub hmac_key: [u8; 32],
}

impl fmt::Debug for StoreFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreFacts").field("schema_version", &self.schema_version).field("shards", &self.shards).finish_non_exhaustive()
    }
}

/// All store ports of one adapter.
#[derive(Clone)]
pub struct Store {
    /// What the store knows of itself.
    pub facts: StoreFacts,
    /// Writes and streams.
    pub journal: Arc<dyn Journal>,
    /// What was committed, in order.
    pub feed: Arc<dyn Feed>,
    /// Who reads it, how far, and what they parked.
    pub consumers: Arc<dyn Consumers>,
    /// The stock ledger.
    pub stock: Arc<dyn Stock>,
    /// The read models.
    pub views: Arc<dyn Views>,
    /// Sagas.
    pub sagas: Arc<dyn Sagas>,
    /// Personal data.
    pub personal: Arc<dyn Personal>,
    /// Carts.
    pub carts: Arc<dyn Carts>,
    /// The catalogue.
    pub catalogue: Arc<dyn Catalogue>,
    /// Whole-store reads.
    pub audit: Arc<dyn Audit>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("facts", &self.facts).finish_non_exhaustive()
    }
}
