//! Catalogue items that were read a moment ago: every order asks for some.

use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

use commerce_core::catalogue::Item;
use commerce_core::id::{MerchantId, Sku};
use lru::LruCache;

/// The most items that are kept.
const ITEMS_MAX: NonZeroUsize = NonZeroUsize::new(20_000).expect("not zero");

/// Items as they are on disk: whoever changes one says so before the change is answered.
pub(crate) struct ItemCache {
    state: Mutex<State>,
}

struct State {
    items: LruCache<(MerchantId, Sku), Item>,
    changes: u64,
}

/// How many changes there had been when a read began.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct AsOf(u64);

impl Default for ItemCache {
    fn default() -> Self {
        Self { state: Mutex::new(State { items: LruCache::new(ITEMS_MAX), changes: 0 }) }
    }
}

impl ItemCache {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The items of these SKUs, in the order asked for, if all are known; else when to read them as of.
    pub(crate) fn get(&self, merchant: &MerchantId, skus: &[Sku]) -> Result<Vec<Item>, AsOf> {
        let mut state = self.state();
        let known = skus.iter().map(|sku| state.items.get(&(merchant.clone(), sku.clone())).cloned()).collect::<Option<_>>();
        known.ok_or(AsOf(state.changes))
    }

    /// Keeps items that were read, unless some item has changed since.
    pub(crate) fn keep(&self, merchant: &MerchantId, items: &[Item], as_of: AsOf) {
        let mut state = self.state();
        if state.changes == as_of.0 {
            for item in items {
                state.items.put((merchant.clone(), item.sku.clone()), item.clone());
            }
        }
    }

    /// Forgets an item that has changed, or may have.
    pub(crate) fn changed(&self, merchant: &MerchantId, sku: &Sku) {
        let mut state = self.state();
        state.changes += 1;
        state.items.pop(&(merchant.clone(), sku.clone()));
    }
}

#[cfg(test)]
mod tests {
    use commerce_core::goods::ItemKind;
    use commerce_core::time::Timestamp;

    use super::*;

    fn item(sku: &str, title: &str) -> Item {
        let (sku, title) = (sku.parse().unwrap(), title.to_owned());
        Item { sku, title, kind: ItemKind::Stocked, prices: std::collections::BTreeMap::new(), active: true, updated_at: Timestamp::MAX }
    }

    fn title(cache: &ItemCache, sku: &str) -> Result<String, AsOf> {
        cache.get(&MerchantId::default(), &[sku.parse().unwrap()]).map(|mut items| items.remove(0).title)
    }

    #[test]
    fn an_item_is_known_once_it_was_read_and_until_it_changes() {
        let (cache, shop) = (ItemCache::default(), MerchantId::default());
        let as_of = title(&cache, "A").unwrap_err();
        cache.keep(&shop, &[item("A", "old")], as_of);
        assert_eq!(title(&cache, "A").ok().as_deref(), Some("old"));
        assert!(cache.get(&"another".parse().unwrap(), &["A".parse().unwrap()]).is_err());
        cache.changed(&shop, &"A".parse().unwrap());
        assert!(title(&cache, "A").is_err());
    }

    #[test]
    fn what_was_read_before_a_change_and_comes_after_it_is_not_kept() {
        let (cache, shop) = (ItemCache::default(), MerchantId::default());
        let as_of = title(&cache, "A").unwrap_err();
        cache.changed(&shop, &"A".parse().unwrap());
        cache.keep(&shop, &[item("A", "old")], as_of);
        assert!(title(&cache, "A").is_err());
    }
}
