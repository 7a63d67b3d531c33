//! The callers' half.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use futures::channel::{mpsc, oneshot};

use super::batch::{Waiting, keys};
use super::{BatchJournal, CommitCounts, Tally};
use crate::ports::{ChangeSet, Journal, PortError, PortErrorKind, Proof, Receipt, Retry, Stored, StreamId, Verdict, Version};

const REFUSED: &str = "the queue of change sets has no room for the call";

/// A journal whose commits wait in a queue for the [`Committer`](super::Committer); reads go straight through.
#[derive(Clone)]
pub struct GroupCommit {
    journal: Arc<dyn BatchJournal>,
    queue: mpsc::UnboundedSender<Waiting>,
    tally: Arc<Tally>,
    queue_max_sets: usize,
}

impl GroupCommit {
    pub(super) fn new(
        journal: Arc<dyn BatchJournal>,
        queue: mpsc::UnboundedSender<Waiting>,
        tally: Arc<Tally>,
        queue_max_sets: usize,
    ) -> Self {
        Self { journal, queue, tally, queue_max_sets }
    }

    /// What the committer has done so far.
    pub fn counts(&self) -> CommitCounts {
        self.tally.counts()
    }

    /// Refuses every later commit, of every clone. The committer answers what waits and ends.
    pub fn close(&self) {
        self.queue.close_channel();
    }

    fn admit(&self, sets: usize) -> Result<(), PortError> {
        if sets > self.queue_max_sets {
            return Err(PortError::new(PortErrorKind::TooLarge, Retry::Never));
        }
        let room = |waiting: usize| waiting.checked_add(sets).filter(|sum| *sum <= self.queue_max_sets);
        match self.tally.waiting_sets.fetch_update(Ordering::AcqRel, Ordering::Acquire, room) {
            Ok(_) => Ok(()),
            Err(_) => Err(PortError::new(PortErrorKind::Unavailable, Retry::Later)),
        }
    }
}

impl fmt::Debug for GroupCommit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupCommit").field("counts", &self.counts()).finish_non_exhaustive()
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Journal for GroupCommit {
    async fn commit(&self, batch: Vec<ChangeSet>) -> Vec<Result<Verdict, PortError>> {
        let count = batch.len();
        if let Err(refusal) = self.admit(count) {
            return batch.iter().map(|_| Err(PortError::with(refusal.kind, refusal.retry, REFUSED))).collect();
        }
        let call = self.tally.calls.fetch_add(1, Ordering::Relaxed);
        let mut answers = Vec::with_capacity(count);
        for set in batch {
            let (answer, later) = oneshot::channel();
            let keys = keys(&set);
            let sent = self.queue.unbounded_send(Waiting { set, call, keys, answer });
            if sent.is_err() {
                self.tally.waiting_sets.fetch_sub(1, Ordering::AcqRel);
            }
            answers.push((sent.is_ok(), later));
        }
        let mut verdicts = Vec::with_capacity(count);
        for (sent, answer) in answers {
            verdicts.push(match answer.await {
                Ok((verdict, _set)) => verdict,
                Err(_) if sent => Err(PortError::with(PortErrorKind::Unavailable, Retry::Unknown, "the committer was dropped")),
                Err(_) => Err(PortError::with(PortErrorKind::Unavailable, Retry::Later, "the store is shut down")),
            });
        }
        verdicts
    }

    async fn outcome(&self, proof: &Proof) -> Result<Option<Receipt>, PortError> {
        self.journal.outcome(proof).await
    }

    async fn load(&self, stream: &StreamId, after: Version, limit: u32) -> Result<Vec<Stored>, PortError> {
        self.journal.load(stream, after, limit).await
    }
}
