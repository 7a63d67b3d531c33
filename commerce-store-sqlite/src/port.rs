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

use std::num::NonZeroUsize;
use std::sync::Arc;

use commerce_core::catalogue::Item;
use commerce_core::id::{MerchantId, OrderId, Sku};
use commerce_core::ports::{Clock, Version};

use crate::known::Known;
use crate::notify::Notifier;
use crate::read::Readers;
use crate::write::Jobs;

/// The most items that are known at once.
const ITEMS_MAX: NonZeroUsize = NonZeroUsize::new(20_000).expect("not zero");
/// The most versions of orders that are known at once.
const VERSIONS_MAX: NonZeroUsize = NonZeroUsize::new(65_536).expect("not zero");

/// The catalogue items that orders ask for.
pub(crate) type KnownItems = Known<(MerchantId, Sku), Item>;
/// The versions of the rows of orders.
pub(crate) type KnownVersions = Known<(MerchantId, OrderId), Version>;

pub(crate) fn known_items() -> Arc<KnownItems> {
    Arc::new(Known::new(ITEMS_MAX))
}

pub(crate) fn known_versions() -> Arc<KnownVersions> {
    Arc::new(Known::new(VERSIONS_MAX))
}

/// Every port but the journal.
pub(crate) struct Ports {
    pub(crate) readers: Readers,
    pub(crate) jobs: Jobs,
    pub(crate) shards: u16,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) changed: Arc<Notifier>,
    pub(crate) items: Arc<KnownItems>,
    pub(crate) versions: Arc<KnownVersions>,
}
