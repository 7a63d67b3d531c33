//! The read models: rows written in the commit that makes them true.

use async_trait::async_trait;

use crate::id::{CustomerId, MerchantId, OrderId, PaymentId, RefundId, ReturnId, ShipmentId};
use crate::money::Money;
use crate::ports::{ClaimSpace, Cursor, Page, PortError, ResourceRef, Version};
use crate::time::Timestamp;

/// A row of a read model; replaces the row of the same id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ViewRow {
    /// An order.
    Order(OrderRow),
    /// A payment.
    Payment(PaymentRow),
    /// A shipment.
    Shipment(ShipmentRow),
    /// A return.
    Return(ReturnRow),
    /// A refund.
    Refund(RefundRow),
}

/// An order as lists and reads show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderRow {
    /// The order.
    pub id: OrderId,
    /// Whose customer.
    pub customer: Option<CustomerId>,
    /// Its headline status.
    pub status: String,
    /// When it was placed, in business time.
    pub placed_at: Timestamp,
    /// When it last changed, in business time.
    pub updated_at: Timestamp,
    /// The version of its stream that the row shows.
    pub version: Version,
    /// When a command of the engine itself is due (expire, complete, lapse); none: no such thing.
    pub due: Option<Timestamp>,
    /// What it costs.
    pub total: Money,
    /// All of it, encoded by [`crate::stored`].
    pub doc: Vec<u8>,
}

/// A payment as lists and reads show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentRow {
    /// The payment.
    pub id: PaymentId,
    /// Its order, if it has one.
    pub order: Option<OrderId>,
    /// Its status.
    pub status: String,
    /// When it began, in business time.
    pub created_at: Timestamp,
    /// When it last changed, in business time.
    pub updated_at: Timestamp,
    /// The version of its stream that the row shows.
    pub version: Version,
    /// All of it, encoded by [`crate::stored`].
    pub doc: Vec<u8>,
}

/// Finds the order of a shipment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShipmentRow {
    /// The shipment.
    pub id: ShipmentId,
    /// Its order.
    pub order: OrderId,
    /// Its status.
    pub status: String,
}

/// Finds the order of a return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnRow {
    /// The return.
    pub id: ReturnId,
    /// Its order.
    pub order: OrderId,
    /// Its status.
    pub status: String,
}

/// Finds the payment, and the order, of a refund. A refund through several payments has a row with each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundRow {
    /// The refund.
    pub id: RefundId,
    /// The payment that it goes back through.
    pub payment: PaymentId,
    /// Its order, if it has one.
    pub order: Option<OrderId>,
    /// Its status.
    pub status: String,
    /// How much of it goes through this payment.
    pub amount: Money,
}

/// Which orders to list, the newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderQuery {
    /// Whose.
    pub merchant: MerchantId,
    /// Only this customer's.
    pub customer: Option<CustomerId>,
    /// Only those with this headline status.
    pub status: Option<String>,
    /// Only those placed at or after this time.
    pub from: Option<Timestamp>,
    /// Only those placed before this time.
    pub to: Option<Timestamp>,
}

/// Which payments to list, the newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentQuery {
    /// Whose.
    pub merchant: MerchantId,
    /// Only those with this status.
    pub status: Option<String>,
    /// Only those of this order.
    pub order: Option<OrderId>,
}

/// A claim as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimRow {
    /// What has the key.
    pub owner: ResourceRef,
    /// Of an idempotency key: the HMAC of the request.
    pub request_hash: Option<[u8; 32]>,
    /// From when on it is free again.
    pub expires_at: Option<Timestamp>,
}

/// Reads the read models.
#[async_trait]
pub trait Views: Send + Sync + 'static {
    /// One order.
    ///
    /// # Errors
    /// [`PortError`].
    async fn order(&self, merchant: &MerchantId, id: OrderId) -> Result<Option<OrderRow>, PortError>;

    /// The version of an order's row: asked at every read of an order, so a store answers it as fast as it can.
    ///
    /// # Errors
    /// [`PortError`].
    async fn order_version(&self, merchant: &MerchantId, id: OrderId) -> Result<Option<Version>, PortError>;

    /// Orders by the time they were placed, the newest first.
    ///
    /// # Errors
    /// [`PortError`]; a cursor of another list is `Misuse`.
    async fn orders(&self, query: &OrderQuery, after: Option<&Cursor>, limit: u32) -> Result<Page<OrderRow>, PortError>;

    /// Orders of all merchants whose `due` is at or before `now`, the longest due first. An order that another due takes out of the
    /// list, or further down in it, makes a walk over the pages miss no other.
    ///
    /// # Errors
    /// [`PortError`]; a cursor of another list is `Misuse`.
    async fn due_orders(&self, now: Timestamp, after: Option<&Cursor>, limit: u32) -> Result<Page<(MerchantId, OrderId)>, PortError>;

    /// One payment.
    ///
    /// # Errors
    /// [`PortError`].
    async fn payment(&self, merchant: &MerchantId, id: PaymentId) -> Result<Option<PaymentRow>, PortError>;

    /// Payments by the time they began, the newest first.
    ///
    /// # Errors
    /// [`PortError`]; a cursor of another list is `Misuse`.
    async fn payments(&self, query: &PaymentQuery, after: Option<&Cursor>, limit: u32) -> Result<Page<PaymentRow>, PortError>;

    /// One shipment.
    ///
    /// # Errors
    /// [`PortError`].
    async fn shipment(&self, merchant: &MerchantId, id: ShipmentId) -> Result<Option<ShipmentRow>, PortError>;

    /// One return.
    ///
    /// # Errors
    /// [`PortError`].
    async fn return_of_goods(&self, merchant: &MerchantId, id: ReturnId) -> Result<Option<ReturnRow>, PortError>;

    /// The rows of one refund, one for each payment that it goes back through.
    ///
    /// # Errors
    /// [`PortError`].
    async fn refund(&self, merchant: &MerchantId, id: RefundId) -> Result<Vec<RefundRow>, PortError>;

    /// A claim; one that has expired at `now` is none.
    ///
    /// # Errors
    /// [`PortError`].
    async fn claim(&self, merchant: &MerchantId, space: ClaimSpace, key: &str, now: Timestamp) -> Result<Option<ClaimRow>, PortError>;

    /// Deletes up to `limit` claims of all merchants that have expired at `now`; answers how many there were. A claim without an expiry
    /// stands for ever.
    ///
    /// # Errors
    /// [`PortError`].
    async fn sweep_claims(&self, now: Timestamp, limit: u32) -> Result<u64, PortError>;
}
