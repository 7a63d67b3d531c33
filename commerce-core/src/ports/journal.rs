//! The write path: one port, one batch.

use async_trait::async_trait;

use crate::id::{ConsumerName, EventId, HoldId, MerchantId, MoveId};
use crate::ports::{ChangeSet, Claim, PortError, Position, ResourceRef, SagaId, Shard, Stored, StreamId, Version};
use crate::stock::{Placed, ShortItem};

/// Commits change sets and reads streams.
#[async_trait]
pub trait Journal: Send + Sync + 'static {
    /// Judges each set by itself and commits those that stand; one answer per set, in order.
    ///
    /// Within a set the checks come in this order: claims, sagas, consumers, streams, holds, stock. One loser never fails its neighbors, and
    /// a set sees the effects of the sets before it. What a set appends takes the next positions of its shard: first its events, in the
    /// order of its appends, then its movements, in the order of its moves.
    ///
    /// # Errors
    /// One [`PortError`] per set that was not judged. With [`crate::ports::Retry::Unknown`] it may have been committed: ask
    /// [`Journal::outcome`]. A repeated move id with other content, and a set without a proof, are `Misuse`.
    ///
    /// # Cancel safety
    /// Dropping the future cancels only the waiting: each set is committed as a whole or not at all.
    ///
    /// # Crash
    /// What was answered `Committed` is on disk. What was not answered is there as a whole or not at all.
    async fn commit(&self, batch: Vec<ChangeSet>) -> Vec<Result<Verdict, PortError>>;

    /// The receipt of a change set that may have been committed, by its proof; `None` if it was not and never will be.
    ///
    /// # Errors
    /// [`PortError`] if the store cannot be read.
    async fn outcome(&self, proof: &Proof) -> Result<Option<Receipt>, PortError>;

    /// Up to `limit` events of a stream after a version, in order. An unknown stream has none.
    ///
    /// # Errors
    /// [`PortError`] if the store cannot be read.
    async fn load(&self, stream: &StreamId, after: Version, limit: u32) -> Result<Vec<Stored>, PortError>;
}

/// What a store says of a change set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is on disk.
    Committed(Receipt),
    /// It does not stand; nothing of it was written.
    Rejected(Rejection),
}

/// What a committed change set became.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Its shard.
    pub shard: Shard,
    /// The position of its last event or movement; that of the shard's head if it has none. When the receipt comes from
    /// [`Journal::outcome`]: of the proof's own event, or of the last movement of the proof's move.
    pub position: Position,
    /// Where the holds of the set were placed, in the order of its moves. Empty when the receipt comes from [`Journal::outcome`].
    pub placed: Vec<Placed>,
}

/// Why a change set does not stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// Another owner has a key.
    Claimed {
        /// The claim that was asked for.
        claim: Claim,
        /// Who has it.
        owner: ResourceRef,
        /// Whether both requests have the same hash.
        same_request: bool,
    },
    /// Another worker moved the saga on, or it was woken since it was read, or it exists already.
    Fenced {
        /// The saga.
        saga: SagaId,
    },
    /// Another runner has taken the consumer over, or an operator told it something, or it moved on since it was read.
    Outrun {
        /// The consumer.
        consumer: ConsumerName,
        /// The shard.
        shard: Shard,
    },
    /// The stream has another version.
    Conflict {
        /// The stream.
        stream: StreamId,
        /// The version that it has.
        actual: Version,
    },
    /// Nothing, or less than asked for, remains of a hold, or it never was.
    HoldGone {
        /// The hold.
        hold: HoldId,
    },
    /// There is not enough stock.
    Short(Vec<ShortItem>),
}

/// One part of a change set by which its outcome can be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// An event that it appends.
    Event {
        /// The stream.
        stream: StreamId,
        /// The version that the event would have.
        version: Version,
        /// The event.
        event: EventId,
    },
    /// A saga that it writes.
    Saga {
        /// The saga.
        id: SagaId,
        /// The revision that it would have, or more.
        revision: u64,
    },
    /// A stock move with an id, but for a hold.
    Move {
        /// The move.
        id: MoveId,
    },
    /// A hold that it places.
    Hold {
        /// Whose.
        merchant: MerchantId,
        /// The hold.
        id: HoldId,
    },
    /// A consumer that moves on. It tells as long as the epoch is the row's.
    Consumer {
        /// The consumer.
        consumer: ConsumerName,
        /// The shard.
        shard: Shard,
        /// The epoch of the writer's lease.
        epoch: u64,
        /// The revision that the row would have, or more.
        revision: u64,
    },
}
