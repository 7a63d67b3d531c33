//! Group commit: many callers, one writer, one sync for all who wait.
//!
//! [`GroupCommit`] is a [`Journal`] that queues change sets; [`Committer`] is the future that takes them in batches to the journal it
//! wraps. The next batch forms while the one before is made durable, and an idle committer takes a set at once.

mod batch;
mod committer;
mod group;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use async_trait::async_trait;

use crate::ports::{ChangeSet, Journal, PortError, Proof, Receipt, Stored, StreamId, Verdict, Version};

pub use committer::Committer;
pub use group::GroupCommit;

/// How much the group committer takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommitLimits {
    /// The most change sets that one batch holds; at least 1.
    pub batch_max_sets: usize,
    /// The most change sets that wait for a batch; one more is refused as unavailable.
    pub queue_max_sets: usize,
}

impl Default for CommitLimits {
    fn default() -> Self {
        Self { batch_max_sets: 256, queue_max_sets: 4_096 }
    }
}

/// What a group committer has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CommitCounts {
    /// Batches given to the journal, the parts of a batch that failed as a whole included.
    pub batches: u64,
    /// Change sets taken from the queue.
    pub sets: u64,
    /// The most change sets that a batch held.
    pub largest_batch_sets: u64,
}

/// What a [`Committer`] writes to: a [`Journal`] whose batches are lent, so that one that fails as a whole can be halved and tried
/// again without having been copied.
#[async_trait]
pub trait BatchJournal: Send + Sync + 'static {
    /// As [`Journal::commit`].
    async fn commit(&self, batch: &[ChangeSet]) -> Vec<Result<Verdict, PortError>>;

    /// As [`Journal::outcome`].
    ///
    /// # Errors
    /// As [`Journal::outcome`].
    async fn outcome(&self, proof: &Proof) -> Result<Option<Receipt>, PortError>;

    /// As [`Journal::load`].
    ///
    /// # Errors
    /// As [`Journal::load`].
    async fn load(&self, stream: &StreamId, after: Version, limit: u32) -> Result<Vec<Stored>, PortError>;
}

/// A journal that wants batches of its own is given copies.
#[async_trait]
impl BatchJournal for Arc<dyn Journal> {
    async fn commit(&self, batch: &[ChangeSet]) -> Vec<Result<Verdict, PortError>> {
        self.as_ref().commit(batch.to_vec()).await
    }

    async fn outcome(&self, proof: &Proof) -> Result<Option<Receipt>, PortError> {
        self.as_ref().outcome(proof).await
    }

    async fn load(&self, stream: &StreamId, after: Version, limit: u32) -> Result<Vec<Stored>, PortError> {
        self.as_ref().load(stream, after, limit).await
    }
}

/// Puts a group committer before a journal. The committer must be run; the other half is for its callers.
pub fn group_commit(journal: Arc<dyn BatchJournal>, limits: CommitLimits) -> (GroupCommit, Committer) {
    let tally = Arc::new(Tally::default());
    let (queue, arrivals) = futures::channel::mpsc::unbounded();
    let group = GroupCommit::new(Arc::clone(&journal), queue, Arc::clone(&tally), limits.queue_max_sets);
    (group, Committer::new(journal, arrivals, tally, limits.batch_max_sets.max(1)))
}

#[derive(Default)]
struct Tally {
    waiting_sets: AtomicUsize,
    calls: AtomicU64,
    batches: AtomicU64,
    sets: AtomicU64,
    largest_batch_sets: AtomicU64,
}

impl Tally {
    fn counts(&self) -> CommitCounts {
        CommitCounts {
            batches: self.batches.load(Ordering::Relaxed),
            sets: self.sets.load(Ordering::Relaxed),
            largest_batch_sets: self.largest_batch_sets.load(Ordering::Relaxed),
        }
    }
}
