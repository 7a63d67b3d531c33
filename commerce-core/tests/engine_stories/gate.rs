//! A journal in which a test can stop the next commit.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use commerce_core::ports::{
    ChangeSet, Journal, PortError, PortErrorKind, Proof, Receipt, Retry, Store, Stored, StreamId, Verdict, Version,
};

/// Where a commit stops and never answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Before anything is written.
    Before,
    /// After it was written.
    After,
    /// Before it is written; [`Gate::lands`] writes it later, though nobody waits for it any more.
    Later,
    /// Before it is written; the next commit finds it in the queue, and is written behind it.
    Queued,
}

#[derive(Default)]
struct State {
    stop: Option<Stop>,
    late: Vec<ChangeSet>,
    queued: Vec<ChangeSet>,
    full: bool,
}

pub(crate) struct Gate {
    inner: Arc<dyn Journal>,
    state: Arc<Mutex<State>>,
}

/// Opens and shuts the gate of a journal.
#[derive(Clone, Default)]
pub(crate) struct Keeper(Arc<Mutex<State>>);

impl Keeper {
    pub(crate) fn before(&self, store: Store) -> Store {
        let gate = Gate { inner: store.journal.clone(), state: Arc::clone(&self.0) };
        Store { journal: Arc::new(gate), ..store }
    }

    /// Stops the next commit.
    pub(crate) fn stops(&self, stop: Stop) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).stop = Some(stop);
    }

    /// From now on the journal takes nothing, or takes all again.
    pub(crate) fn fills(&self, full: bool) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).full = full;
    }

    /// The commits that were stopped to be written later.
    pub(crate) fn late(&self) -> Vec<ChangeSet> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner).late)
    }
}

#[async_trait]
impl Journal for Gate {
    async fn commit(&self, batch: Vec<ChangeSet>) -> Vec<Result<Verdict, PortError>> {
        let (stop, full, queued) = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            (state.stop.take(), state.full, std::mem::take(&mut state.queued))
        };
        if !queued.is_empty() {
            drop(self.inner.commit(queued).await);
        }
        if full {
            return batch.iter().map(|_| Err(PortError::new(PortErrorKind::Unavailable, Retry::Later))).collect();
        }
        match stop {
            None => return self.inner.commit(batch).await,
            Some(Stop::Before) => {}
            Some(Stop::After) => drop(self.inner.commit(batch).await),
            Some(Stop::Queued) => self.state.lock().unwrap_or_else(PoisonError::into_inner).queued.extend(batch),
            Some(Stop::Later) => self.state.lock().unwrap_or_else(PoisonError::into_inner).late.extend(batch),
        }
        std::future::pending().await
    }

    async fn outcome(&self, proof: &Proof) -> Result<Option<Receipt>, PortError> {
        self.inner.outcome(proof).await
    }

    async fn load(&self, stream: &StreamId, after: Version, limit: u32) -> Result<Vec<Stored>, PortError> {
        self.inner.load(stream, after, limit).await
    }
}
