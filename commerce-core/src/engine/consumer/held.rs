//! A shard as its runner has it: the row, and the keys that have parked items.

use std::collections::BTreeMap;

use crate::id::MerchantId;
use crate::ports::{ConsumerRow, FeedItem, FeedKey, Park, ParkedRow, Position};
use crate::time::Timestamp;

/// What items of one merchant are about.
pub(super) type Key = (MerchantId, FeedKey);

pub(super) fn key_of(item: &FeedItem) -> Key {
    (item.merchant.clone(), item.key())
}

/// A key with parked items.
#[derive(Clone, Copy, Debug, Default)]
struct Waiting {
    items: usize,
    replaying: bool,
}

/// A shard that is leased.
pub(super) struct Held {
    pub(super) row: ConsumerRow,
    /// When the lease is to be renewed.
    pub(super) renew_at: Timestamp,
    /// Up to here items are taken one by one, for one of them failed.
    pub(super) singly_until: Position,
    keys: BTreeMap<Key, Waiting>,
    items: usize,
}

impl Held {
    pub(super) fn new(row: ConsumerRow, parked: Vec<ParkedRow>, renew_at: Timestamp) -> Self {
        let mut held = Self { row, renew_at, singly_until: Position(0), keys: BTreeMap::new(), items: parked.len() };
        for row in parked {
            let waiting = held.keys.entry((row.merchant, row.key)).or_default();
            waiting.items += 1;
            waiting.replaying = row.replaying;
        }
        held
    }

    /// Whether items of a key wait, so that later ones must wait behind them.
    pub(super) fn waits(&self, key: &Key) -> bool {
        self.keys.contains_key(key)
    }

    /// Whether parked items are to be tried again.
    pub(super) fn replaying(&self) -> bool {
        self.keys.values().any(|waiting| waiting.replaying)
    }

    /// Items and keys that would be parked with these.
    pub(super) fn with(&self, parks: &[Park]) -> (usize, usize) {
        let mut keys: Vec<(&MerchantId, &FeedKey)> = parks.iter().map(|park| (&park.merchant, &park.key)).collect();
        keys.sort_unstable();
        keys.dedup();
        let new = keys.iter().filter(|(merchant, key)| !self.waits(&((*merchant).clone(), (*key).clone()))).count();
        (self.items + parks.len(), self.keys.len() + new)
    }

    /// The batch up to a position was committed.
    pub(super) fn advanced(&mut self, to: Position, parks: &[Park]) {
        self.row.revision += 1;
        self.row.position = to;
        self.items += parks.len();
        for park in parks {
            self.keys.entry((park.merchant.clone(), park.key.clone())).or_default().items += 1;
        }
    }

    /// Some items of a key were tried again, and this came of it.
    pub(super) fn replayed(&mut self, key: &Key, settled: usize, failed: bool) {
        self.row.revision += 1;
        self.items = self.items.saturating_sub(settled);
        let left = self.keys.get(key).map_or(0, |waiting| waiting.items.saturating_sub(settled));
        if left == 0 {
            self.keys.remove(key);
        } else {
            self.keys.insert(key.clone(), Waiting { items: left, replaying: !failed });
        }
    }
}
