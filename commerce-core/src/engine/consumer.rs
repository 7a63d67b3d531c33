//! Consumers of the feed: relays, webhooks, caches, projections.
//!
//! A host makes a [`Consumer`] of a name and a handler, and spawns [`Consumer::run`], as it does with [`crate::engine::Workers::run`].
//! The store keeps how far each has come, shard by shard. There are two kinds of effect:
//!
//! - Inside the store: a [`Projector`] writes into a change set, which is committed together with the position. **Exactly once**,
//!   whatever crashes, and however many runners there are.
//! - Outside of it: a [`Handler`] sends, calls, or writes somewhere else. **At least once**: after a crash, a lost lease or an operator's
//!   word the last batch comes again. An item has a name to tell repeats by: the id of its event, or its shard and position. Who keeps,
//!   beside what an item is about ([`FeedItem::key`]), the shard and position of the last item of it that was applied, and skips what is
//!   not beyond, has applied each exactly once, for items of one key come in their order.
//!
//! Items of one key keep their order within a shard; items of several keys, and several shards, are handled side by side. An item that
//! keeps failing is *parked*, and those of its key behind it, so that it holds up nothing else: see [`Commerce::list_parked`],
//! [`Commerce::replay_parked`] and [`Commerce::drop_parked`]. The position moves only over what is done or parked.
//!
//! One runner of a name has a shard at a time: it leases the shard and renews the lease while it works; another one of the same name
//! stands by. One that was taken for dead is outrun: nothing that it writes stands. What it sends outside in that moment cannot be
//! called back; it is a repeat, told by its name.
//!
//! An event of a version that this release does not know is handed over as it is stored: decoding it is the handler's.

mod handler;
mod held;
mod keys;
mod shard;
mod verbs;

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use futures::channel::oneshot;
use futures::future::{BoxFuture, Shared};
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};

use crate::engine::{Commerce, Error};
use crate::id::{ConsumerName, WorkerId};
use crate::ports::{FeedItem, LIMIT_MAX_ROWS, Shard};

pub use handler::{Handler, HandlerError, Projector};
pub use verbs::ConsumerPlace;

use shard::ShardRun;

/// Settings of one consumer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerConfig {
    /// Whether mirrors of payments' facts in orders' streams are handed over too. Default: no, so that money is counted once.
    pub mirrors: bool,
    /// Items read at once, and handled before the position moves; at most 1,000. Default 100.
    pub batch_max_items: u32,
    /// Keys of one batch that a [`Handler`] is given side by side. Default 16.
    pub keys_at_once_max: usize,
    /// Milliseconds between looks at the feed when nothing tells of a change. Default 1,000.
    pub poll_ms: u64,
    /// Milliseconds for which a runner leases a shard; it renews the lease at half. Default 30,000.
    pub lease_ms: u64,
    /// Milliseconds after which one call of the handler counts as failed. Default 30,000.
    pub handle_timeout_ms: u64,
    /// Failures in a row after which an item is parked. Default 5.
    pub failures_max: u32,
    /// Milliseconds before the second try of an item; doubled each time. Default 200.
    pub backoff_first_ms: u64,
    /// The longest pause between two tries, in milliseconds. Default 10,000.
    pub backoff_max_ms: u64,
    /// Items that may be parked in one shard; one more stops the consumer. Default 10,000.
    pub parked_max_items: usize,
    /// Keys that may have parked items in one shard; one more stops the consumer. Default 1,000.
    pub parked_max_keys: usize,
}

impl Default for ConsumerConfig {
    fn default() -> Self {
        Self {
            mirrors: false,
            batch_max_items: 100,
            keys_at_once_max: 16,
            poll_ms: 1_000,
            lease_ms: 30_000,
            handle_timeout_ms: 30_000,
            failures_max: 5,
            backoff_first_ms: 200,
            backoff_max_ms: 10_000,
            parked_max_items: 10_000,
            parked_max_keys: 1_000,
        }
    }
}

/// Why a consumer stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConsumerError {
    /// More was to be parked than may be: rather than skip it, the consumer stops where it is. Replay or drop what is parked, or raise
    /// the maximum, and run it again.
    #[error("consumer {consumer} would have {items} items of {keys} keys parked in shard {}, which is more than it may", shard.0)]
    ParkedFull {
        /// The consumer.
        consumer: ConsumerName,
        /// The shard.
        shard: Shard,
        /// Items that would be parked.
        items: usize,
        /// Keys that they are of.
        keys: usize,
    },
    /// The store failed, while the consumer was run by [`Consumer::run_due`], which does not wait until it is there again.
    #[error(transparent)]
    Store(#[from] Error),
}

/// What is done with the items.
#[derive(Clone)]
enum Work {
    Handle(Arc<dyn Handler>),
    Project(Arc<dyn Projector>),
}

/// Runs one consumer of the feed.
pub struct Consumer {
    commerce: Commerce,
    name: ConsumerName,
    work: Work,
    config: ConsumerConfig,
    worker: WorkerId,
}

impl fmt::Debug for Consumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer").field("name", &self.name).field("worker", &self.worker).finish_non_exhaustive()
    }
}

/// Ends when the consumer is to stop.
type Stopped = Shared<BoxFuture<'static, ()>>;

impl Commerce {
    /// A consumer whose effects lie outside of the store.
    pub fn consumer(&self, name: ConsumerName, handler: Arc<dyn Handler>) -> Consumer {
        self.new_consumer(name, Work::Handle(handler))
    }

    /// A consumer whose effects are written with its position.
    pub fn projection(&self, name: ConsumerName, projector: Arc<dyn Projector>) -> Consumer {
        self.new_consumer(name, Work::Project(projector))
    }

    fn new_consumer(&self, name: ConsumerName, work: Work) -> Consumer {
        let worker = WorkerId::new(self.inner.fresh());
        Consumer { commerce: self.clone(), name, work, config: ConsumerConfig::default(), worker }
    }
}

impl Consumer {
    /// Changes the settings.
    #[must_use]
    pub fn configure(mut self, change: impl FnOnce(&mut ConsumerConfig)) -> Self {
        change(&mut self.config);
        self.config.batch_max_items = self.config.batch_max_items.clamp(1, LIMIT_MAX_ROWS);
        self
    }

    /// Consumes the feed until `shutdown` ends, then finishes the batches under way and gives its leases back. While the store fails it
    /// waits and tries again.
    ///
    /// # Errors
    /// [`ConsumerError::ParkedFull`].
    ///
    /// # Cancel safety
    /// Dropping it leaves its shards leased until the leases run out. What was handled since the last commit comes again; of a
    /// [`Projector`] nothing was written.
    ///
    /// # Crash
    /// As of dropping it.
    pub async fn run(mut self, shutdown: impl Future<Output = ()> + Send) -> Result<(), ConsumerError> {
        self.run_during(shutdown).await
    }

    /// Consumes the feed while `work` goes on, then finishes the batches under way, and answers what the work came to. For hosts and
    /// tests that have no place to spawn [`Consumer::run`].
    ///
    /// # Errors
    /// [`ConsumerError::ParkedFull`]; the work is dropped then.
    ///
    /// # Cancel safety
    /// As of [`Consumer::run`].
    pub async fn run_during<T>(&mut self, work: impl Future<Output = T>) -> Result<T, ConsumerError> {
        let (stop, stopping) = oneshot::channel::<()>();
        let stopped: Stopped = stopping.map(|_| ()).boxed().shared();
        let this = &*self;
        let mut shards: FuturesUnordered<BoxFuture<'_, Result<(), ConsumerError>>> = FuturesUnordered::new();
        for shard in this.shards() {
            shards.push(ShardRun::new(this, shard).run(stopped.clone()).boxed());
        }
        let mut work = Box::pin(work.fuse());
        let done = loop {
            futures::select_biased! {
                done = work => break Ok(done),
                ended = shards.select_next_some() => if let Err(error) = ended { break Err(error) },
            }
        };
        drop(stop);
        let mut rest = Ok(());
        while let Some(ended) = shards.next().await {
            rest = rest.and(ended);
        }
        done.and_then(|done| rest.map(|()| done))
    }

    /// Does once what `run` does all the time: consumes the feed to its end, shard by shard. For hosts and tests that own time: pauses
    /// between tries are spent on the clock.
    ///
    /// # Errors
    /// [`ConsumerError`]. A shard that another runner has is left to it.
    ///
    /// # Cancel safety
    /// As of [`Consumer::run`].
    pub async fn run_due(&mut self) -> Result<(), ConsumerError> {
        for shard in self.shards() {
            ShardRun::new(self, shard).run_due().await?;
        }
        Ok(())
    }

    fn shards(&self) -> impl Iterator<Item = Shard> + use<> {
        (0..self.commerce.inner.store.facts.shards).map(Shard)
    }

    fn wants(&self, item: &FeedItem) -> bool {
        self.config.mirrors || !crate::engine::feed::is_mirror(item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_consumer_may_run_on_any_thread() {
        fn sendable(_: impl Future + Send) {}
        let _never_called = |consumer: Consumer, mut other: Consumer| {
            sendable(consumer.run(std::future::pending()));
            sendable(async move { other.run_due().await });
        };
    }
}
