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

impl FeedItem {
    /// What it is about.
    pub fn key(&self) -> FeedKey {
        FeedKey(match &self.entry {
            FeedEntry::Event(stored) => stored.stream.name.to_string(),
            // a location has no slash
            FeedEntry::Movement { movement, .. } => format!("stock/{}/{}", movement.account.location, movement.account.sku),
        })
    }
}

/// What items of a merchant are about: a stream (`order/{id}`, `payment/{id}`, `saga/{id}`, `consumer/{id}`) or an account
/// (`stock/{location}/{sku}`). Items of one key keep their order within a shard.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FeedKey(String);

impl FeedKey {
    /// A key of this text, at most 200 characters; one that no item has finds nothing.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FeedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads what was committed, in order. A position is never filled after a later one was readable: a gap is a rollback.
#[async_trait]
pub trait Feed: Send + Sync + 'static {
    /// Up to `limit` items of one shard after a position, in order; mirrors only if `mirrors`.
    ///
    /// # Errors
    /// [`PortError`] if the store cannot be read.
    async fn read(&self, shard: Shard, after: Position, limit: u32, mirrors: bool) -> Result<Vec<FeedItem>, PortError>;

    /// The last position of each shard, by shard.
    ///
    /// # Errors
    /// [`PortError`] if the store cannot be read.
    async fn heads(&self) -> Result<Vec<Position>, PortError>;

    /// Ends when something may have been committed since the call. A hint: callers also poll.
    ///
    /// # Cancel safety
    /// Dropping it loses nothing.
    async fn changed(&self);
}
