//! The slower of two twins: it looks whether its key is in use, and its twin is done before it goes on.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use commerce_core::id::{MerchantId, OrderId, PaymentId, RefundId, ReturnId, ShipmentId};
use commerce_core::ports::{
    ClaimRow, ClaimSpace, Cursor, OrderQuery, OrderRow, Page, PaymentQuery, PaymentRow, PortError, RefundRow, ReturnRow, ShipmentRow,
    Store, Version, Views,
};
use commerce_core::time::Timestamp;
use futures::future::BoxFuture;

/// Views whose first claim is followed by something else.
pub(crate) struct AfterTheLook {
    views: Arc<dyn Views>,
    first: Mutex<Option<BoxFuture<'static, ()>>>,
}

impl AfterTheLook {
    /// A store whose first look at a claim is followed by this.
    pub(crate) fn over(store: &Store, first: BoxFuture<'static, ()>) -> Store {
        Store { views: Arc::new(Self { views: store.views.clone(), first: Mutex::new(Some(first)) }), ..store.clone() }
    }
}

#[async_trait]
impl Views for AfterTheLook {
    async fn order(&self, merchant: &MerchantId, id: OrderId) -> Result<Option<OrderRow>, PortError> {
        self.views.order(merchant, id).await
    }

    async fn order_version(&self, merchant: &MerchantId, id: OrderId) -> Result<Option<Version>, PortError> {
        self.views.order_version(merchant, id).await
    }

    async fn orders(&self, query: &OrderQuery, after: Option<&Cursor>, limit: u32) -> Result<Page<OrderRow>, PortError> {
        self.views.orders(query, after, limit).await
    }

    async fn due_orders(&self, now: Timestamp, after: Option<&Cursor>, limit: u32) -> Result<Page<(MerchantId, OrderId)>, PortError> {
        self.views.due_orders(now, after, limit).await
    }

    async fn payment(&self, merchant: &MerchantId, id: PaymentId) -> Result<Option<PaymentRow>, PortError> {
        self.views.payment(merchant, id).await
    }

    async fn payments(&self, query: &PaymentQuery, after: Option<&Cursor>, limit: u32) -> Result<Page<PaymentRow>, PortError> {
        self.views.payments(query, after, limit).await
    }

    async fn shipment(&self, merchant: &MerchantId, id: ShipmentId) -> Result<Option<ShipmentRow>, PortError> {
        self.views.shipment(merchant, id).await
    }

    async fn return_of_goods(&self, merchant: &MerchantId, id: ReturnId) -> Result<Option<ReturnRow>, PortError> {
        self.views.return_of_goods(merchant, id).await
    }

    async fn refund(&self, merchant: &MerchantId, id: RefundId) -> Result<Vec<RefundRow>, PortError> {
        self.views.refund(merchant, id).await
    }

    async fn claim(&self, merchant: &MerchantId, space: ClaimSpace, key: &str, now: Timestamp) -> Result<Option<ClaimRow>, PortError> {
        let found = self.views.claim(merchant, space, key, now).await;
        let first = self.first.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(first) = first {
            first.await;
        }
        found
    }

    async fn sweep_claims(&self, now: Timestamp, limit: u32) -> Result<u64, PortError> {
        self.views.sweep_claims(now, limit).await
    }
}
