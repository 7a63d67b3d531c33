use async_trait::async_trait;
use commerce_core::id::{MerchantId, OrderId, PaymentId, RefundId, ReturnId, ShipmentId};
use commerce_core::ports::{
    ClaimRow, ClaimSpace, Cursor, OrderQuery, OrderRow, Page, PaymentQuery, PaymentRow, PortError, RefundRow, ReturnRow, ShipmentRow,
    Version, Views,
};
use commerce_core::time::Timestamp;

use super::Ports;
use crate::page::{after_time, before, page, place, rows_max, time_key};
use crate::statements::Statements;
use crate::table::parcels::{self, Way};
use crate::table::{claims, orders, payments, refunds};

const ORDERS: &str = "orders";
const PAYMENTS: &str = "payments";
const DUE: &str = "due orders";

#[async_trait]
impl Views for Ports {
    async fn order(&self, merchant: &MerchantId, id: OrderId) -> Result<Option<OrderRow>, PortError> {
        let merchant = merchant.clone();
        self.readers.read(move |conn| orders::get(conn, &merchant, id)).await
    }

    async fn order_version(&self, merchant: &MerchantId, id: OrderId) -> Result<Option<Version>, PortError> {
        let key = (merchant.clone(), id);
        let as_of = match self.versions.get(std::iter::once(key.clone())) {
            Ok(known) => return Ok(known.first().copied()),
            Err(as_of) => as_of,
        };
        let merchant = merchant.clone();
        let found = self.readers.read(move |conn| orders::version(conn, &merchant, id)).await?;
        self.versions.keep(found.map(|version| (key, version)).into_iter(), as_of);
        Ok(found)
    }

    async fn orders(&self, query: &OrderQuery, after: Option<&Cursor>, limit: u32) -> Result<Page<OrderRow>, PortError> {
        let before = before(ORDERS, after)?;
        let query = query.clone();
        let read = move |conn: &_| {
            let rows = |limit| orders::list(conn, &query, before, limit);
            page(ORDERS, limit, rows, |row| time_key(row.placed_at, row.id.uuid()))
        };
        self.readers.read(read).await
    }

    async fn due_orders(&self, now: Timestamp, cursor: Option<&Cursor>, limit: u32) -> Result<Page<(MerchantId, OrderId)>, PortError> {
        let (at, id, merchant) = after_time(DUE, cursor)?;
        let read = move |conn: &_| {
            let rows = |limit| orders::due(conn, now, (at, id, &merchant), limit);
            page(DUE, limit, rows, |(due, id, merchant)| place(*due, id.uuid(), merchant))
        };
        Ok(self.readers.read(read).await?.map(|(_, id, merchant)| (merchant, id)))
    }

    async fn payment(&self, merchant: &MerchantId, id: PaymentId) -> Result<Option<PaymentRow>, PortError> {
        let merchant = merchant.clone();
        self.readers.read(move |conn| payments::get(conn, &merchant, id)).await
    }

    async fn payments(&self, query: &PaymentQuery, after: Option<&Cursor>, limit: u32) -> Result<Page<PaymentRow>, PortError> {
        let before = before(PAYMENTS, after)?;
        let query = query.clone();
        let read = move |conn: &_| {
            let rows = |limit| payments::list(conn, &query, before, limit);
            page(PAYMENTS, limit, rows, |row| time_key(row.created_at, row.id.uuid()))
        };
        self.readers.read(read).await
    }

    async fn shipment(&self, merchant: &MerchantId, id: ShipmentId) -> Result<Option<ShipmentRow>, PortError> {
        let merchant = merchant.clone();
        let row = self.readers.read(move |conn| parcels::get(conn, Way::Shipment, &merchant, id.uuid())).await?;
        Ok(row.map(|(_, order, status)| ShipmentRow { id, order, status }))
    }

    async fn return_of_goods(&self, merchant: &MerchantId, id: ReturnId) -> Result<Option<ReturnRow>, PortError> {
        let merchant = merchant.clone();
        let row = self.readers.read(move |conn| parcels::get(conn, Way::Return, &merchant, id.uuid())).await?;
        Ok(row.map(|(_, order, status)| ReturnRow { id, order, status }))
    }

    async fn refund(&self, merchant: &MerchantId, id: RefundId) -> Result<Vec<RefundRow>, PortError> {
        let merchant = merchant.clone();
        self.readers.read(move |conn| refunds::get(conn, &merchant, id)).await
    }

    async fn claim(&self, merchant: &MerchantId, space: ClaimSpace, key: &str, now: Timestamp) -> Result<Option<ClaimRow>, PortError> {
        let (merchant, key) = (merchant.clone(), key.to_owned());
        self.readers.read(move |conn| claims::get(&Statements::of(conn), &merchant, space, &key, now)).await
    }

    async fn sweep_claims(&self, now: Timestamp, limit: u32) -> Result<u64, PortError> {
        self.jobs.write(move |conn| claims::sweep(conn, now, rows_max(limit))).await
    }
}
