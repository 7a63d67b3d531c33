//! What operators told a consumer: its audit stream.

use crate::id::ConsumerName;

/// Most characters of an operator's note.
pub const NOTE_CHARS_MAX: usize = 500;

/// One fact about one consumer of the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It goes on from other positions.
    ConsumerReset {
        /// Which.
        consumer: ConsumerName,
        /// The last position that counts as done, shard by shard.
        positions: Vec<u64>,
        /// Why, in the operator's words, at most [`NOTE_CHARS_MAX`] characters; no personal data.
        note: Option<String>,
    },
    /// The parked items of a key are tried again.
    ParkedReplayed {
        /// Which.
        consumer: ConsumerName,
        /// The shard.
        shard: u16,
        /// What the items are about.
        key: String,
        /// Why.
        note: Option<String>,
    },
    /// A parked item was given up.
    ParkedDropped {
        /// Which.
        consumer: ConsumerName,
        /// The shard.
        shard: u16,
        /// Where the item stands in the shard.
        position: u64,
        /// What the item is about.
        key: String,
        /// Why.
        note: Option<String>,
    },
}

impl Event {
    /// The consumer that was told.
    pub const fn consumer(&self) -> &ConsumerName {
        match self {
            Self::ConsumerReset { consumer, .. } | Self::ParkedReplayed { consumer, .. } | Self::ParkedDropped { consumer, .. } => consumer,
        }
    }
}
