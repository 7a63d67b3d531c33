//! Orders that were touched last, as they were then: the store's version tells whether one has changed since.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;

use crate::engine::aggregate::{OrderRoot, OrderState};
use crate::id::{MerchantId, OrderId};

type Key = (MerchantId, OrderId);

/// Two bounded caches: what decisions need, and what reads need, of which much more fits. Each keeps an order's latest version.
pub(super) struct OrderCache(Mutex<Kept>);

struct Kept {
    roots: LruCache<Key, Arc<OrderRoot>>,
    states: States,
}

/// Orders to be read, bounded by their lines: an order takes memory as it has lines.
struct States {
    kept: LruCache<Key, OrderState>,
    lines: usize,
    lines_max: usize,
}

impl OrderCache {
    pub(super) fn new(roots_max: usize, lines_max: usize) -> Self {
        let roots = LruCache::new(NonZeroUsize::new(roots_max).unwrap_or(NonZeroUsize::MIN));
        Self(Mutex::new(Kept { roots, states: States { kept: LruCache::unbounded(), lines: 0, lines_max } }))
    }

    /// What decisions on an order need.
    pub(super) fn root(&self, merchant: &MerchantId, id: OrderId) -> Option<Arc<OrderRoot>> {
        self.kept().roots.get(&(merchant.clone(), id)).cloned()
    }

    /// The order alone.
    pub(super) fn state(&self, merchant: &MerchantId, id: OrderId) -> Option<OrderState> {
        self.kept().states.kept.get(&(merchant.clone(), id)).cloned()
    }

    /// Keeps an order, for decisions and for reads.
    pub(super) fn keep_root(&self, merchant: &MerchantId, id: OrderId, root: Arc<OrderRoot>) {
        let mut kept = self.kept();
        let key = (merchant.clone(), id);
        kept.states.keep(key.clone(), root.state());
        if kept.roots.peek(&key).is_none_or(|known| known.version < root.version) {
            kept.roots.put(key, root);
        }
    }

    /// Keeps an order for reads.
    pub(super) fn keep_state(&self, merchant: &MerchantId, id: OrderId, state: OrderState) {
        self.kept().states.keep((merchant.clone(), id), state);
    }

    pub(super) fn forget(&self, merchant: &MerchantId, id: OrderId) {
        let mut kept = self.kept();
        let key = (merchant.clone(), id);
        kept.roots.pop(&key);
        kept.states.forget(&key);
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // each entry is whole at every unlock
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl States {
    fn keep(&mut self, key: Key, state: OrderState) {
        if self.kept.peek(&key).is_some_and(|known| known.version >= state.version) {
            return;
        }
        self.lines += weight(&state);
        if let Some(known) = self.kept.put(key, state) {
            self.lines -= weight(&known);
        }
        while self.lines > self.lines_max
            && let Some((_, oldest)) = self.kept.pop_lru()
        {
            self.lines -= weight(&oldest);
        }
    }

    fn forget(&mut self, key: &Key) {
        if let Some(known) = self.kept.pop(key) {
            self.lines -= weight(&known);
        }
    }
}

fn weight(state: &OrderState) -> usize {
    state.order.lines.len().max(1)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::ports::Version;
    use crate::testkit::shop::Shop;

    fn merchant() -> MerchantId {
        MerchantId::default()
    }

    fn version(cache: &OrderCache, id: OrderId) -> (Option<u64>, Option<u64>) {
        (cache.root(&merchant(), id).map(|root| root.version.0), cache.state(&merchant(), id).map(|state| state.version.0))
    }

    #[test]
    fn the_latest_version_of_an_order_is_kept_for_reads_longer_than_for_decisions_until_it_is_forgotten() {
        let (first, order) = futures::executor::block_on(async {
            let placed = Shop::in_memory().open().await.place(&[("LAMP", 1)]).await;
            (placed.id, placed.order)
        });
        let second = OrderId::new(uuid::Uuid::from_u128(2));
        let root =
            |version| OrderRoot { order: Arc::clone(&order), version: Version(version), payments: BTreeMap::new(), holds: Vec::new() };
        let cache = OrderCache::new(1, 2 * order.lines.len());
        cache.keep_root(&merchant(), first, Arc::new(root(2)));
        cache.keep_root(&merchant(), first, Arc::new(root(1)));
        assert_eq!(version(&cache, first), (Some(2), Some(2)));
        cache.keep_state(&merchant(), first, root(1).state());
        cache.keep_state(&merchant(), first, root(3).state());
        assert_eq!(version(&cache, first), (Some(2), Some(3)));
        cache.keep_root(&merchant(), second, Arc::new(root(1)));
        assert_eq!((version(&cache, first), version(&cache, second)), ((None, Some(3)), (Some(1), Some(1))));
        cache.forget(&merchant(), second);
        assert_eq!((version(&cache, first), version(&cache, second)), ((None, Some(3)), (None, None)));
        let third = OrderId::new(uuid::Uuid::from_u128(3));
        for id in [second, third] {
            cache.keep_state(&merchant(), id, root(1).state());
        }
        assert_eq!((version(&cache, first).1, version(&cache, second).1, version(&cache, third).1), (None, Some(1), Some(1)));
    }
}
