//! A journal with faults.

use std::sync::Arc;

use async_trait::async_trait;

use super::{Fault, Faults, Operation, Visit, doubtful, down, read, refused};
use crate::ports::{ChangeSet, Journal, PortError, Proof, Receipt, Stored, StreamId, Verdict, Version};

pub(super) struct FaultyJournal {
    pub(super) inner: Arc<dyn Journal>,
    pub(super) faults: Faults,
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Journal for FaultyJournal {
    async fn commit(&self, batch: Vec<ChangeSet>) -> Vec<Result<Verdict, PortError>> {
        let sets = batch.len();
        let all = |error: fn() -> PortError| (0..sets).map(|_| Err(error())).collect();
        match self.faults.visit(Operation::Commit) {
            Visit::Pass => self.inner.commit(batch).await,
            Visit::Down | Visit::Fault(Fault::CrashBefore) => all(down),
            Visit::Fault(Fault::Fail) => all(refused),
            Visit::Fault(Fault::LoseRequest) => all(doubtful),
            Visit::Fault(Fault::LoseAnswer) => {
                self.inner.commit(batch).await;
                all(doubtful)
            }
            Visit::Fault(Fault::CrashAfter) => {
                self.inner.commit(batch).await;
                self.faults.crash();
                all(down)
            }
            Visit::Fault(Fault::Repeat) => {
                let first = self.inner.commit(batch.clone()).await;
                self.inner.commit(batch).await;
                first
            }
        }
    }

    async fn outcome(&self, proof: &Proof) -> Result<Option<Receipt>, PortError> {
        read(&self.faults, Operation::Outcome, self.inner.outcome(proof)).await
    }

    async fn load(&self, stream: &StreamId, after: Version, limit: u32) -> Result<Vec<Stored>, PortError> {
        read(&self.faults, Operation::Load, self.inner.load(stream, after, limit)).await
    }
}
