//! The writer's half.

use std::collections::VecDeque;
use std::fmt;
use std::iter::repeat_with;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;

use futures::StreamExt;
use futures::channel::{mpsc, oneshot};
use futures::future::poll_fn;

use super::batch::{Answer, Waiting, take};
use super::{BatchJournal, Tally};
use crate::ports::{ChangeSet, PortError, PortErrorKind, Retry, Verdict};

/// Members that may fail alone in a row with [`Retry::Later`] before the store, not a member, counts as at fault.
const FAILED_ALONE_MAX: u32 = 2;

/// Takes change sets from the queue to the journal, batch by batch.
pub struct Committer {
    journal: Arc<dyn BatchJournal>,
    arrivals: mpsc::UnboundedReceiver<Waiting>,
    waiting: VecDeque<Waiting>,
    tally: Arc<Tally>,
    batch_max_sets: usize,
}

impl fmt::Debug for Committer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Committer").field("waiting", &self.waiting.len()).finish_non_exhaustive()
    }
}

impl Committer {
    pub(super) fn new(
        journal: Arc<dyn BatchJournal>,
        arrivals: mpsc::UnboundedReceiver<Waiting>,
        tally: Arc<Tally>,
        batch_max_sets: usize,
    ) -> Self {
        Self { journal, arrivals, waiting: VecDeque::new(), tally, batch_max_sets }
    }

    /// Runs until every [`GroupCommit`](super::GroupCommit) is dropped or one was closed, and all that waited is answered. Yields
    /// after each batch, so that futures that share its task are not starved.
    ///
    /// # Cancel safety
    /// Dropping it answers all that waits with [`Retry::Unknown`].
    pub async fn run(mut self) {
        while self.arrive().await {
            let batch = take(&mut self.waiting, self.batch_max_sets);
            self.tally.waiting_sets.fetch_sub(batch.len(), Ordering::AcqRel);
            self.tally.sets.fetch_add(count(batch.len()), Ordering::Relaxed);
            self.settle(batch).await;
            yield_once().await;
        }
    }

    /// Fills the queue with what has arrived, waiting only if it is empty; `false` once no more can come.
    async fn arrive(&mut self) -> bool {
        if self.waiting.is_empty() {
            match self.arrivals.next().await {
                Some(first) => self.waiting.push_back(first),
                None => return false,
            }
        }
        while let Ok(next) = self.arrivals.try_recv() {
            self.waiting.push_back(next);
        }
        true
    }

    /// Commits a batch and answers its members. A batch that fails as a whole is halved until the member at fault stands alone.
    async fn settle(&self, batch: Vec<Waiting>) {
        let (mut sets, mut callers): (Vec<ChangeSet>, Vec<Caller>) = batch.into_iter().map(|member| (member.set, member.answer)).unzip();
        // how many sets each part has: the last part is the next, and has the first of the sets that are left
        let mut parts = Vec::from([sets.len()]);
        let mut failed_alone = 0;
        while let Some(part) = parts.pop() {
            if failed_alone >= FAILED_ALONE_MAX {
                answer(&mut sets, &mut callers, part, repeat_with(|| Err(unavailable())));
                continue;
            }
            let answers = self.commit(&sets[..part]).await;
            if part > 1 && answers.iter().all(nothing_written) {
                parts.push(part - part / 2);
                parts.push(part / 2);
                continue;
            }
            failed_alone = match answers.as_slice() {
                [Err(error)] if error.retry == Retry::Later => failed_alone + 1,
                _ => 0,
            };
            let unknown = repeat_with(|| Err(PortError::new(PortErrorKind::Unavailable, Retry::Unknown)));
            answer(&mut sets, &mut callers, part, answers.into_iter().chain(unknown));
        }
    }

    async fn commit(&self, part: &[ChangeSet]) -> Vec<Result<Verdict, PortError>> {
        self.tally.batches.fetch_add(1, Ordering::Relaxed);
        self.tally.largest_batch_sets.fetch_max(count(part.len()), Ordering::Relaxed);
        self.journal.commit(part).await
    }
}

/// Who waits for the answer to a set.
type Caller = oneshot::Sender<Answer>;

fn nothing_written(answer: &Result<Verdict, PortError>) -> bool {
    matches!(answer, Err(error) if error.retry != Retry::Unknown)
}

/// Answers the first callers, and gives them their sets back.
fn answer(sets: &mut Vec<ChangeSet>, callers: &mut Vec<Caller>, part: usize, answers: impl Iterator<Item = Result<Verdict, PortError>>) {
    for ((set, caller), verdict) in sets.drain(..part).zip(callers.drain(..part)).zip(answers) {
        // a caller that has gone needs no answer
        let _gone = caller.send((verdict, set));
    }
}

fn unavailable() -> PortError {
    PortError::with(PortErrorKind::Unavailable, Retry::Later, "the store failed for other change sets of the batch")
}

fn count(sets: usize) -> u64 {
    u64::try_from(sets).unwrap_or(u64::MAX)
}

/// Is pending once.
async fn yield_once() {
    let mut yielded = false;
    poll_fn(|context| {
        if yielded {
            return Poll::Ready(());
        }
        yielded = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
