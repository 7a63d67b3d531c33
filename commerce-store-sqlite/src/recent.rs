//! What the writer read or wrote a moment ago, so that it need not ask the file again: an order's second commit follows on its first,
//! and every order takes from the same accounts. Exact, since nobody else writes the file.

use std::hash::Hash;
use std::num::NonZeroUsize;

use commerce_core::id::{HoldId, MerchantId, Sku};
use commerce_core::ports::{SagaId, StreamId, Version};
use commerce_core::stock::Hold;
use lru::LruCache;

use crate::error::Result;
use crate::table::accounts::AccountRow;
use crate::table::sagas::Stand;

const STREAMS_MAX: NonZeroUsize = NonZeroUsize::new(8_192).expect("not zero");
const SAGAS_MAX: NonZeroUsize = NonZeroUsize::new(8_192).expect("not zero");
const HOLDS_MAX: NonZeroUsize = NonZeroUsize::new(16_384).expect("not zero");
const SKUS_MAX: NonZeroUsize = NonZeroUsize::new(16_384).expect("not zero");

/// Rows as they are in the transaction that is open, or, if none is, on disk. Whoever rolls one back, or cannot tell how it ended,
/// forgets them all.
pub(crate) struct Recent {
    pub(crate) versions: LruCache<StreamId, Version>,
    pub(crate) sagas: LruCache<SagaId, Stand>,
    pub(crate) holds: LruCache<(MerchantId, HoldId), Hold>,
    /// The accounts of a SKU, all of them.
    pub(crate) skus: LruCache<(MerchantId, Sku), Vec<AccountRow>>,
}

impl Default for Recent {
    fn default() -> Self {
        Self {
            versions: LruCache::new(STREAMS_MAX),
            sagas: LruCache::new(SAGAS_MAX),
            holds: LruCache::new(HOLDS_MAX),
            skus: LruCache::new(SKUS_MAX),
        }
    }
}

impl Recent {
    pub(crate) fn forget_all(&mut self) {
        *self = Self::default();
    }
}

/// A row that is known, or what `read` finds: that there is none is not kept.
pub(crate) fn known_or<K: Hash + Eq, V: Clone>(
    known: &mut LruCache<K, V>,
    key: K,
    read: impl FnOnce(&K) -> Result<Option<V>>,
) -> Result<Option<V>> {
    if let Some(value) = known.get(&key) {
        return Ok(Some(value.clone()));
    }
    let found = read(&key)?;
    if let Some(value) = &found {
        known.put(key, value.clone());
    }
    Ok(found)
}
