use async_trait::async_trait;
use commerce_core::id::{MerchantId, WorkerId};
use commerce_core::ports::{Cursor, KindVersion, Page, PortError, SagaId, SagaQuery, SagaRow, Sagas};

use super::Ports;
use crate::page::{before, page, rows_max, time_key};
use crate::table::sagas;

const LIST: &str = "sagas";

#[async_trait]
impl Sagas for Ports {
    async fn claim(&self, worker: WorkerId, kinds: &[KindVersion], lease_ms: u64, limit: u32) -> Result<Vec<SagaRow>, PortError> {
        let (kinds, clock) = (kinds.to_vec(), self.clock.now());
        self.jobs.write(move |conn| sagas::claim(conn, worker, &kinds, clock, lease_ms, rows_max(limit))).await
    }

    async fn renew(&self, id: SagaId, epoch: u64, lease_ms: u64) -> Result<bool, PortError> {
        let until = self.clock.now().plus_millis(lease_ms);
        self.jobs.write(move |conn| sagas::renew(conn, id, epoch, until)).await
    }

    async fn get(&self, merchant: &MerchantId, id: SagaId) -> Result<Option<SagaRow>, PortError> {
        let merchant = merchant.clone();
        self.readers.read(move |conn| sagas::get(conn, &merchant, id)).await
    }

    async fn list(&self, query: &SagaQuery, after: Option<&Cursor>, limit: u32) -> Result<Page<SagaRow>, PortError> {
        let before = before(LIST, after)?;
        let query = query.clone();
        let read = move |conn: &_| {
            let rows = |limit| sagas::list(conn, &query, before, limit);
            page(LIST, limit, rows, |row| time_key(row.created_at, row.id.0))
        };
        self.readers.read(read).await
    }
}
