//! Whole-store reads, for `verify`.

use async_trait::async_trait;

use crate::catalogue::Item;
use crate::id::{HoldId, MerchantId};
use crate::ports::{
    ClaimRow, ClaimSpace, Cursor, OrderRow, Page, PaymentRow, PersonalRow, PortError, RefundRow, ReturnRow, SagaRow, ShipmentRow, StreamId,
    Version,
};
use crate::stock::{Account, AccountKey, Hold, Movement};

/// A claim with its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimEntry {
    /// Whose.
    pub merchant: MerchantId,
    /// Which kind of key.
    pub space: ClaimSpace,
    /// The key.
    pub key: String,
    /// What has it, and until when.
    pub row: ClaimRow,
}

/// Reads everything that a store holds, page by page, over all merchants. Each list is ordered by merchant and id, unless it says
/// otherwise. What is written during a walk may be in a later page or in none.
#[async_trait]
pub trait Audit: Send + Sync + 'static {
    /// All streams, each with the version of its last event, by merchant, id, and the name of what it is a stream of.
    ///
    /// # Errors
    /// [`PortError`]; a cursor of another list is `Misuse`, here and below.
    async fn all_streams(&self, after: Option<&Cursor>, limit: u32) -> Result<Page<(StreamId, Version)>, PortError>;

    /// All sagas, by id.
    ///
    /// # Errors
    /// [`PortError`].
    async fn all_sagas(&self, after: Option<&Cursor>, limit: u32) -> Result<Page<SagaRow>, PortError>;

    /// All claims, expired ones included, by merchant; within one in an order of the store's own.
    ///
    /// # Errors
    /// [`PortError`].
    async fn all_claims(&self, after: Option<&Cursor>, limit: u32) -> Result<Page<ClaimEntry>, PortError>;

    /// All personal data that was not erased.
    ///
    /// # Errors
    /// [`PortError`].
    async fn all_personal(&self, after: Option<&Cursor>, limit: u32) -> Result<Page<(MerchantId, PersonalRow)>, PortError>;

    /// All items of the catalogue, by merchant and SKU.
    ///
    /// # Errors
    /// [`PortError`].
    async fn all_items(&self, after: Option<&Cursor>, limit: u32) -> Result<Page<(MerchantId, Item)>, PortError>;

    /// All movements of some holds: hold by hold as asked for, those of each in the order in which they were recorded. A hold that is not
    /// known has none. Answers for at most [`crate::ports::LIMIT_MAX_ROWS`] holds at once.
    ///
    /// # Errors
    /// [`PortError`]; more holds are `Misuse`.
    async fn movements_of_holds(&self, merchant: &MerchantId, holds: &[HoldId]) -> Result<Vec<Movement>, PortError>;

    /// All stock accounts.
    ///
    /// # Errors
    /// [`PortError`].
    async fn all_accounts(&self, after: Option<&Cursor>, limit: u32) -> Result<Page<(AccountKey, Account)>, PortError>;

    /// All holds, ended ones included.
    ///
    /// # Errors
    /// [`PortError`].
    async fn all_holds(&self, after: Option<&Cursor>, limit: u32) -> Result<Page<Hold>, PortError>;

    /// All order rows.
    ///
    /// # Errors
    /// [`PortError`].
    async fn all_orders(&self, after: Option<&Cursor>, limit: u32) -> Result<Page<(MerchantId, OrderRow)>, PortError>;

    /// All payment rows.
    ///
    /// # Errors
    /// [`PortError`].
    async fn all_payments(&self, after: Option<&Cursor>, limit: u32) -> Result<Page<(MerchantId, PaymentRow)>, PortError>;

    /// All shipment rows.
    ///
    /// # Errors
    /// [`PortError`].
    async fn all_shipments(&self, after: Option<&Cursor>, limit: u32) -> Result<Page<(MerchantId, ShipmentRow)>, PortError>;

    /// All return rows.
    ///
    /// # Errors
    /// [`PortError`].
    async fn all_returns(&self, after: Option<&Cursor>, limit: u32) -> Result<Page<(MerchantId, ReturnRow)>, PortError>;

    /// All refund rows.
    ///
    /// # Errors
    /// [`PortError`].
    async fn all_refunds(&self, after: Option<&Cursor>, limit: u32) -> Result<Page<(MerchantId, RefundRow)>, PortError>;
}
