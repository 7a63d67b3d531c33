//! The ports over the readers and the writer.

mod audit;
mod catalogue;
mod consumers;
mod documents;
mod feed;
pub(crate) mod journal;
mod sagas;
mod stock;
mod views;

use std::sync::Arc;

use commerce_core::ports::Clock;

use crate::item_cache::ItemCache;
use crate::notify::Notifier;
use crate::read::Readers;
use crate::write::Jobs;

/// Every port but the journal.
pub(crate) struct Ports {
    pub(crate) readers: Readers,
    pub(crate) jobs: Jobs,
    pub(crate) shards: u16,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) changed: Arc<Notifier>,
    pub(crate) items: Arc<ItemCache>,
}
