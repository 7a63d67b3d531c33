//! Items of a batch, key by key: each tried some times, and parked with those behind it if it keeps failing.

use std::collections::BTreeMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;

use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};

use super::held::{Key, key_of};
use super::{Consumer, Handler, HandlerError};
use crate::consumer::backoff_ms;
use crate::ports::{FeedItem, Park};

/// An item that failed for good.
pub(super) struct Failed {
    pub(super) failures: u32,
    pub(super) error: String,
}

pub(super) fn park(item: &FeedItem, failed: Option<Failed>) -> Park {
    let (failures, error) = failed.map_or((0, None), |failed| (failed.failures, Some(failed.error)));
    Park { position: item.position, merchant: item.merchant.clone(), key: item.key(), failures, error }
}

impl Consumer {
    /// Handles items, those of a key one after the other; answers what is to be parked.
    pub(super) async fn handle_all(&self, handler: &dyn Handler, items: &[FeedItem]) -> Vec<Park> {
        let mut by_key: BTreeMap<Key, Vec<&FeedItem>> = BTreeMap::new();
        for item in items {
            by_key.entry(key_of(item)).or_default().push(item);
        }
        let at_once = self.config.keys_at_once_max.max(1);
        let mut parks: Vec<Vec<Park>> = Vec::new();
        let each: Vec<BoxFuture<'_, Vec<Park>>> = by_key.into_values().map(|items| self.handle_key(handler, items).boxed()).collect();
        let mut running = futures::stream::iter(each).buffer_unordered(at_once);
        while let Some(parked) = running.next().await {
            parks.push(parked);
        }
        parks.into_iter().flatten().collect()
    }

    /// Handles the items of one key; the first that fails for good, and all behind it, are to be parked.
    async fn handle_key(&self, handler: &dyn Handler, items: Vec<&FeedItem>) -> Vec<Park> {
        let mut parks = Vec::new();
        for item in items {
            if !parks.is_empty() {
                parks.push(park(item, None));
            } else if let Err(failed) = self.try_some_times(handler, item).await {
                parks.push(park(item, Some(failed)));
            }
        }
        parks
    }

    /// Tries some times, with pauses.
    async fn try_some_times(&self, handler: &dyn Handler, item: &FeedItem) -> Result<(), Failed> {
        let (clock, config) = (&self.commerce.inner.clock, &self.config);
        let mut failures = 0;
        loop {
            let Err(error) = self.call_in_time(handler.handle(item)).await else { return Ok(()) };
            failures += 1;
            let (key, at) = (item.key(), item.position);
            let error_text = error.text();
            if !error.again() || failures >= config.failures_max {
                tracing::warn!(consumer = %self.name, shard = item.shard.0, position = %at, %key, error = %error_text, "an item is parked");
                return Err(Failed { failures, error: error_text });
            }
            tracing::debug!(consumer = %self.name, shard = item.shard.0, position = %at, %key, error = %error_text, "an item failed");
            clock.sleep_until(clock.now().plus_millis(backoff_ms(failures, config.backoff_first_ms, config.backoff_max_ms))).await;
        }
    }

    /// A handler that panics, or hangs, has failed.
    pub(super) async fn call_in_time<T>(&self, call: impl Future<Output = Result<T, HandlerError>>) -> Result<T, HandlerError> {
        let clock = &self.commerce.inner.clock;
        let mut late = clock.sleep_until(clock.now().plus_millis(self.config.handle_timeout_ms)).fuse();
        let mut call = Box::pin(AssertUnwindSafe(call).catch_unwind().fuse());
        futures::select_biased! {
            done = call => done.unwrap_or_else(|_| Err(HandlerError::later("the handler panicked"))),
            () = late => Err(HandlerError::later(format!("the handler took more than {} ms", self.config.handle_timeout_ms))),
        }
    }
}
