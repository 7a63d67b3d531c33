//! What a host writes: what is done with an item.

use std::error::Error;

use async_trait::async_trait;

use crate::ports::{ChangeSet, FeedItem};

/// Most characters of an error that are kept with a parked item.
const ERROR_CHARS_MAX: usize = 1_000;

/// Does something outside of the store with each item: at least once, and in the order of each key.
#[async_trait]
pub trait Handler: Send + Sync + 'static {
    /// Handles one item. It is told again if its answer was not recorded, so it must bear repeats.
    ///
    /// # Errors
    /// [`HandlerError`]: the item is tried again, or parked. A panic, or a call that takes too long, is an error too.
    ///
    /// # Cancel safety
    /// It is dropped when it takes too long, when the lease is lost, and with its consumer.
    async fn handle(&self, item: &FeedItem) -> Result<(), HandlerError>;
}

/// Writes what items lead to into the store: exactly once.
#[async_trait]
pub trait Projector: Send + Sync + 'static {
    /// Writes into a set what these items, of one merchant and one shard, lead to, in their order. The position is committed with it.
    ///
    /// A set that appends events, or moves stock, must name the partition of what it writes to. If the set is refused, because someone
    /// was quicker or stock is short, the items are tried again, one by one: look anew. It must do nothing outside of the set.
    ///
    /// # Errors
    /// [`HandlerError`]: the items are tried again, one by one, or parked. A panic, or a call that takes too long, is an error too.
    ///
    /// # Cancel safety
    /// As of [`Handler::handle`].
    async fn project(&self, items: &[FeedItem], set: &mut ChangeSet) -> Result<(), HandlerError>;
}

/// Why an item could not be handled. Whatever is an error becomes one by `?`, and is tried again.
#[derive(Debug)]
pub struct HandlerError {
    again: bool,
    source: Box<dyn Error + Send + Sync>,
}

impl HandlerError {
    /// It may go better later: the item is tried again, some times.
    pub fn later(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { again: true, source: source.into() }
    }

    /// It will never go better: the item is parked at once.
    pub fn never(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { again: false, source: source.into() }
    }

    pub(super) const fn again(&self) -> bool {
        self.again
    }

    /// As a parked item keeps it; no personal data belongs into it.
    pub(super) fn text(&self) -> String {
        self.source.to_string().chars().filter(|c| *c != '\0').take(ERROR_CHARS_MAX).collect()
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for HandlerError {
    fn from(error: E) -> Self {
        Self::later(error)
    }
}
