//! Consumers of the feed: how far each has come, who runs it, and the items that it could not take.

use async_trait::async_trait;

use crate::id::{ConsumerName, MerchantId, WorkerId};
use crate::ports::{Cursor, FeedKey, Page, PortError, Position, Shard};
use crate::time::Timestamp;

/// Where a consumer stands in one shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerRow {
    /// The consumer.
    pub consumer: ConsumerName,
    /// The shard.
    pub shard: Shard,
    /// The last position that is done or parked.
    pub position: Position,
    /// Counts its leases and what operators told it; writes of an older one are outrun.
    pub epoch: u64,
    /// Counts its writes.
    pub revision: u64,
    /// Who runs it, until when on the store's clock.
    pub lease: Option<(WorkerId, Timestamp)>,
}

/// A write to a consumer's row in one shard, rejected as outrun unless the epoch is that of the row. A consumer that never was has
/// epoch 0, revision 0 and position 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerWrite {
    /// The consumer.
    pub consumer: ConsumerName,
    /// The shard.
    pub shard: Shard,
    /// The epoch that the row must have.
    pub epoch: u64,
    /// What becomes of it.
    pub act: ConsumerAct,
}

/// What becomes of a consumer in one shard. Each raises the revision by one; what an operator tells it raises the epoch too and ends
/// the lease, so that its runner takes it anew and sees what was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConsumerAct {
    /// Its runner: all up to a position is done or parked. Rejected as outrun unless the revision is that of the row, the position
    /// does not go back, and every settled item is parked.
    Advance {
        /// The revision that the row must have.
        revision: u64,
        /// The position, or the one that it has.
        to: Position,
        /// Items that are parked, or parked again.
        parked: Vec<Park>,
        /// Parked items that are done.
        settled: Vec<Position>,
    },
    /// An operator: the parked items of a key are to be tried again, in their order. Rejected as outrun if there are none.
    Replay {
        /// Whose.
        merchant: MerchantId,
        /// The key.
        key: FeedKey,
    },
    /// An operator: a parked item is given up. Rejected as outrun if it is not parked.
    Drop {
        /// The item.
        position: Position,
    },
    /// An operator: it goes on after this position. Items that are parked behind the position are forgotten, for they come again.
    Reset {
        /// The position.
        to: Position,
    },
}

/// Parks an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Park {
    /// The item.
    pub position: Position,
    /// Whose.
    pub merchant: MerchantId,
    /// What it is about.
    pub key: FeedKey,
    /// How often it failed.
    pub failures: u32,
    /// What it met last, at most 1,000 characters: no item of the key is tried again until an operator says so. `None`: it waits
    /// behind one that failed, and is tried again when that one is.
    pub error: Option<String>,
}

/// An item that a consumer parked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParkedRow {
    /// The consumer.
    pub consumer: ConsumerName,
    /// Where the item stands in the feed.
    pub shard: Shard,
    /// Where in the shard.
    pub position: Position,
    /// Whose.
    pub merchant: MerchantId,
    /// What it is about.
    pub key: FeedKey,
    /// Whether it is to be tried again, once those of its key before it are done.
    pub replaying: bool,
    /// How often it failed.
    pub failures: u32,
    /// What it met last; none: it waits behind one that failed.
    pub error: Option<String>,
    /// When it was parked, in the clock time of its change set.
    pub parked_at: Timestamp,
}

/// Which parked items to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParkedQuery {
    /// The consumer's.
    pub consumer: ConsumerName,
    /// Only those of this shard.
    pub shard: Option<Shard>,
    /// Only those of this merchant.
    pub merchant: Option<MerchantId>,
    /// Only those to be tried again.
    pub replaying: bool,
}

/// Leases and reads consumers. They are written through [`crate::ports::Journal::commit`].
#[async_trait]
pub trait Consumers: Send + Sync + 'static {
    /// Leases a consumer in one shard to a worker, with `epoch + 1`; `None` if another worker has it. One that never was begins
    /// before the first position.
    ///
    /// # Errors
    /// [`PortError`].
    ///
    /// # Crash
    /// A lease that was taken and not answered runs out by itself.
    async fn take(&self, consumer: &ConsumerName, shard: Shard, worker: WorkerId, lease_ms: u64) -> Result<Option<ConsumerRow>, PortError>;

    /// Prolongs a lease; with 0 milliseconds it is given back. `false` if the epoch is not that of the row.
    ///
    /// # Errors
    /// [`PortError`].
    async fn renew(&self, consumer: &ConsumerName, shard: Shard, epoch: u64, lease_ms: u64) -> Result<bool, PortError>;

    /// Where a consumer stands, by shard; a shard that it never took is left out.
    ///
    /// # Errors
    /// [`PortError`].
    async fn rows(&self, consumer: &ConsumerName) -> Result<Vec<ConsumerRow>, PortError>;

    /// All consumers, by name and shard.
    ///
    /// # Errors
    /// [`PortError`]; a cursor of another list is `Misuse`.
    async fn list(&self, after: Option<&Cursor>, limit: u32) -> Result<Page<ConsumerRow>, PortError>;

    /// Parked items, by shard and position.
    ///
    /// # Errors
    /// [`PortError`]; a cursor of another list is `Misuse`.
    async fn parked(&self, query: &ParkedQuery, after: Option<&Cursor>, limit: u32) -> Result<Page<ParkedRow>, PortError>;

    /// One parked item.
    ///
    /// # Errors
    /// [`PortError`].
    async fn parked_at(&self, consumer: &ConsumerName, shard: Shard, position: Position) -> Result<Option<ParkedRow>, PortError>;
}
