//! The way from requests to workers within a process: sagas that were committed leased to it, and who waits for them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use futures::channel::{mpsc, oneshot};

use crate::ports::{Partition, SagaId, SagaRow};

/// Sagas that wait to be run; more than these are found by the next look for due ones.
const QUEUE_MAX_SAGAS: usize = 100_000;

/// A saga for the workers.
#[derive(Debug)]
pub(super) enum Handed {
    /// Committed a moment ago, leased to this process: nobody else runs it.
    Fresh(Box<SagaRow>),
    /// Perhaps committed: the request that began it went away before it knew.
    Perhaps(Partition, SagaId),
    /// Due now, though perhaps leased to nobody: look for due sagas.
    Look,
}

pub(super) struct Handoff {
    queue: mpsc::Sender<Handed>,
    waiting: Mutex<HashMap<SagaId, Vec<oneshot::Sender<()>>>>,
    /// Whether the workers have been told to look and have not yet.
    looking: AtomicBool,
}

impl Handoff {
    pub(super) fn new() -> (Self, mpsc::Receiver<Handed>) {
        let (queue, handed) = mpsc::channel(QUEUE_MAX_SAGAS);
        (Self { queue, waiting: Mutex::default(), looking: AtomicBool::new(false) }, handed)
    }

    /// Gives a saga to the workers; a full queue leaves it to the next look for due ones.
    pub(super) fn hand(&self, handed: Handed) {
        let _full_or_gone = self.queue.clone().try_send(handed);
    }

    /// Tells the workers that sagas are due which nobody has leased; told twice before they look, it is one look.
    pub(super) fn look(&self) {
        if !self.looking.swap(true, Ordering::AcqRel) {
            self.hand(Handed::Look);
        }
    }

    /// The workers look now: whatever becomes due from here on wants another look.
    pub(super) fn looks(&self) {
        self.looking.store(false, Ordering::Release);
    }

    /// Waits for the saga to come to rest for the first time since; whoever drops it waits no more.
    pub(super) fn settled(&self, saga: SagaId) -> Settled<'_> {
        let (done, told) = oneshot::channel();
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).entry(saga).or_default().push(done);
        Settled { handoff: self, saga, told }
    }

    /// How many wait for a saga.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).values().map(Vec::len).sum()
    }

    /// Tells those who wait that a saga has come to rest.
    pub(super) fn tell(&self, saga: SagaId) {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&saga);
        for done in waiting.into_iter().flatten() {
            let _gone = done.send(());
        }
    }
}

/// One who waits for a saga.
pub(super) struct Settled<'a> {
    handoff: &'a Handoff,
    saga: SagaId,
    told: oneshot::Receiver<()>,
}

impl Settled<'_> {
    /// Ends when told.
    pub(super) async fn told(mut self) {
        let _told_or_forgotten = (&mut self.told).await;
    }
}

impl Drop for Settled<'_> {
    fn drop(&mut self) {
        self.told.close();
        let mut waiting = self.handoff.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(list) = waiting.get_mut(&self.saga) {
            list.retain(|done| !done.is_canceled());
            if list.is_empty() {
                waiting.remove(&self.saga);
            }
        }
    }
}
