//! The feed: all events and movements, in the order in which they were committed.

use std::fmt;

use async_trait::async_trait;

use crate::id::MerchantId;
use crate::ports::{Actor, PortError, Stored};
use crate::stock::Movement;

/// One partition of a store, counted from 0; fixed in number when the store is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shard(pub u16);

/// A place in a shard's feed, from 1; 0 is before the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(pub u64);

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One item of the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedItem {
    /// Whose.
    pub merchant: MerchantId,
    /// Which shard.
    pub shard: Shard,
    /// Where in the shard.
    pub position: Position,
    /// What.
    pub entry: FeedEntry,
}

/// What stands in the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FeedEntry {
    /// An event.
    Event(Stored),
    /// A record of the stock ledger.
    Movement {
        /// The record.
        movement: Movement,
        /// Who caused it.
        actor: Actor,
    },
}

/// Reads what was committed, in order. A position is never filled after a later one was readable: a gap is a rollback.
#[async_trait]
pub trait Feed: Send + Sync + 'static {
    /// Up to `limit` items of one shard after a position, in order; mirrors only if `mirrors`.
    ///
    /// # Errors
    /// [`PortError`] if the store cannot be read.
    async fn read(&self, shard: Shard, after: Position, limit: u32, mirrors: bool) -> Result<Vec<FeedItem>, PortError>;

    /// How far a consumer has come, for each shard that it has a checkpoint in.
    ///
    /// # Errors
    /// [`PortError`] if the store cannot be read.
    async fn checkpoints(&self, consumer: &str) -> Result<Vec<(Shard, Position)>, PortError>;

    /// Ends when something may have been committed since the call. A hint: callers also poll.
    ///
    /// # Cancel safety
    /// Dropping it loses nothing.
    async fn changed(&self);
}
