//! Sagas with faults.

use std::sync::Arc;

use async_trait::async_trait;

use super::{Faults, Operation, read, write};
use crate::id::{MerchantId, WorkerId};
use crate::ports::{Cursor, KindVersion, Page, PortError, SagaId, SagaQuery, SagaRow, Sagas};

pub(super) struct FaultySagas {
    pub(super) inner: Arc<dyn Sagas>,
    pub(super) faults: Faults,
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Sagas for FaultySagas {
    async fn claim(&self, worker: WorkerId, kinds: &[KindVersion], lease_ms: u64, limit: u32) -> Result<Vec<SagaRow>, PortError> {
        write(&self.faults, Operation::ClaimSagas, || self.inner.claim(worker, kinds, lease_ms, limit)).await
    }

    async fn renew(&self, id: SagaId, epoch: u64, lease_ms: u64) -> Result<bool, PortError> {
        write(&self.faults, Operation::RenewLease, || self.inner.renew(id, epoch, lease_ms)).await
    }

    async fn get(&self, merchant: &MerchantId, id: SagaId) -> Result<Option<SagaRow>, PortError> {
        read(&self.faults, Operation::GetSaga, self.inner.get(merchant, id)).await
    }

    async fn list(&self, query: &SagaQuery, after: Option<&Cursor>, limit: u32) -> Result<Page<SagaRow>, PortError> {
        read(&self.faults, Operation::ListSagas, self.inner.list(query, after, limit)).await
    }
}
